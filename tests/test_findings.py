"""The known findings of torch: the values among them are confirmed by mpmath, which shares no code with balls."""

from collections.abc import Callable

import mpmath as mp
import numpy as np
import pytest

from suite.audit.recheck import refuted_again
from suite.concepts import call_names, concepts
from suite.findings.known import built_in
from suite.findings.witness import decode
from suite.floats import FORMATS
from suite.targets.loading import load
from suite.verdict import Finding, Known, Severity

torch = pytest.importorskip("torch")
KNOWN = built_in("torch")
TARGET = load("torch", names=call_names())
mp.mp.dps = 130  # exp(-x^2 / 2) at x = -2^127 needs the digits of x^2


def _softmax(x: list[mp.mpf]) -> list[mp.mpf]:
    e = [mp.exp(v - max(x)) for v in x]
    return [v / mp.fsum(e) for v in e]


def _log1p_exp(x: mp.mpf) -> mp.mpf:
    return x + mp.log1p(mp.exp(-x)) if x > 0 else mp.log1p(mp.exp(x))


def _gelu(x: mp.mpf, approximate: str) -> mp.mpf:
    if approximate == "none":
        return x * mp.erfc(-x / mp.sqrt(2)) / 2
    v = mp.sqrt(2 / mp.pi) * (x + mp.mpf("0.044715") * x**3)
    return x / (1 + mp.exp(-2 * v))


def _gelu_slope(x: mp.mpf, approximate: str) -> mp.mpf:
    if approximate == "none":
        return mp.erfc(-x / mp.sqrt(2)) / 2 + x * mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)
    v = mp.sqrt(2 / mp.pi) * (x + mp.mpf("0.044715") * x**3)
    slope = mp.sqrt(2 / mp.pi) * (1 + 3 * mp.mpf("0.044715") * x**2)
    low, high = 1 / (1 + mp.exp(-2 * v)), 1 / (1 + mp.exp(2 * v))
    return low + x * low * high * 2 * slope


# value of the judged entry, from the operands of its row as lists of mpf
VALUE: dict[str, Callable[..., mp.mpf]] = {
    "erf": lambda x: mp.erf(x),
    "sqrt": lambda x: mp.sqrt(x),
    "gelu": _gelu,
    "softplus": _log1p_exp,
    "hardswish": lambda x: x * min(max(x + 3, 0), 6) / 6,
    "pow": lambda x, y: x**y,
    "vecdot": lambda x, y: mp.fsum(a * b for a, b in zip(x, y, strict=True)),
    "vector_norm": lambda x, ord: mp.norm(x, ord),
    "binary_cross_entropy": lambda p, t, reduction: (
        -(t * mp.log(p) if t else 0) - ((1 - t) * mp.log1p(-p) if t != 1 else 0)
    ),
}  # fmt: skip

# derivative with respect to operand 0 (entry j) of the judged entry
SLOPE: dict[str, Callable[..., mp.mpf]] = {
    "sigmoid": lambda x: mp.exp(-abs(x)) / (1 + mp.exp(-abs(x))) ** 2,
    "tanh": lambda x: mp.sech(x) ** 2,
    "expm1": lambda x: mp.exp(x),
    "exp2": lambda x: mp.log(2) * mp.mpf(2) ** x,
    "gelu": _gelu_slope,
    "hardsigmoid": lambda x: mp.mpf(1) / 6 if -3 < x < 3 else mp.mpf(0),
    "softplus": lambda x: 1 / (1 + mp.exp(-x)),
    "pow": lambda x, y: y * x ** (y - 1),
}  # fmt: skip


def _row(k: Known) -> tuple[list[object], dict[str, object], tuple[int, ...]]:
    """The operands of the judged row in mpmath: a number for an elementwise operand, a list for a vector."""
    case = decode(k.witness, concepts()[k.concept], k.dtype, TARGET)
    row = k.witness.index[0]
    operands = []
    for x in case.inputs:
        v = x[row]
        numbers = [mp.mpf(float(t)) for t in np.atleast_1d(v).ravel()]
        operands.append(numbers if np.ndim(v) else numbers[0])
    return operands, case.options, k.witness.index[1:]


def _cotangent(k: Known) -> mp.mpf:
    """That of the judged row, of a function with one result a row."""
    return mp.mpf(float.fromhex(k.witness.cotangent[k.witness.index[0]]))


def _confirmed(k: Known, truth: mp.mpf) -> bool:
    """torch's own result at the witness is far from mpmath's value, as severity demands, or not finite."""
    again = refuted_again(_finding(k), TARGET)
    assert again is not None, "the witness passes: the finding is fixed"
    got = float.fromhex(again.got)
    enclosure = [mp.mpf(e) for e in again.enclosure]
    slack = abs(truth) * mp.mpf(10) ** -15
    assert enclosure[0] - slack <= truth <= enclosure[1] + slack, (enclosure, truth)
    if np.isnan(got):
        return True  # the truth is a number, of whatever size
    if np.isinf(got):
        return abs(truth) <= FORMATS[k.dtype].max
    return abs(mp.mpf(got) - truth) > mp.mpf(float.fromhex(again.allowed))


def _finding(k: Known) -> Finding:
    return Finding(
        k.concept,
        k.law,
        "",
        k.dtype,
        k.device,
        k.route,
        k.severity,
        "",
        k.witness,
        k.region,
        "",
        ("", ""),
        "",
        "",
        0.0,
        0.0,
    )


def _ids(known: list[Known]) -> list[str]:
    return [f"{k.concept}-{k.dtype}-{k.law}-{k.route}" for k in known]


VALUES = [
    k
    for k in KNOWN
    if k.concept in VALUE
    and k.law in ("accuracy", "finite", "correctly_rounded")
    and k.severity is not Severity.CONVENTION
]
SLOPES = [
    k
    for k in KNOWN
    if k.concept in SLOPE and k.law in ("gradient", "gradient_finite") and k.severity is not Severity.CONVENTION
]


@pytest.mark.parametrize("k", VALUES, ids=_ids(VALUES))
def test_a_value_is_refuted_by_mpmath_too(k: Known) -> None:
    operands, options, _ = _row(k)
    assert _confirmed(k, VALUE[k.concept](*operands, **options))


@pytest.mark.parametrize("k", SLOPES, ids=_ids(SLOPES))
def test_a_derivative_is_refuted_by_mpmath_too(k: Known) -> None:
    operands, options, _ = _row(k)
    assert _confirmed(k, SLOPE[k.concept](*operands, **options) * _cotangent(k))


def test_the_gradient_of_logsumexp_is_softmax() -> None:
    """Every known finding there differs from mpmath's softmax at its witness."""
    known = [k for k in KNOWN if k.concept == "logsumexp" and k.law == "gradient"]
    assert known
    for k in known:
        (x,), _, index = _row(k)
        assert _confirmed(k, _softmax(x)[index[0]] * _cotangent(k))  # type: ignore[arg-type]


@pytest.mark.parametrize("k", KNOWN, ids=_ids(list(KNOWN)))
def test_every_known_finding_is_there_on_its_platform(k: Known) -> None:
    if k.platform["isa"] != torch.backends.cpu.get_cpu_capability() or k.platform["version"] != torch.__version__:
        pytest.skip(f"recorded on {k.platform['isa']}, torch {k.platform['version']}")
    assert refuted_again(_finding(k), TARGET) is not None
