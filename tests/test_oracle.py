"""The oracle: definitions in balls, and their derivatives, against formulas written again in mpmath.

mpmath has exponents without end and here 2000 digits, so that its formulas are the naive ones: no
shift, no case for a tail. A value counts as certified when its ball is narrow and meets them.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from flint import arb
from mpmath import mp

from suite.concepts import call_names, concepts, topics
from suite.draw.recipes import Recipe
from suite.floats import FORMATS, precision
from suite.judge.case import Case
from suite.judge.certify import BITS
from suite.laws.forward import unit_at
from suite.targets.loading import load

NUMPY = load("numpy", "cpu", call_names())
DIGITS, AGREED, BEYOND_ANY_FLOAT = 2000, 50, 60
Formula = Callable[..., Any]
OFFSET = 1e8 + np.array([0.0, 1.0, -3.0, 0.5])
ROW, TIES, FAR = np.array([1.0, -2.5, 0.25, 3.0]), np.array([2.0, 2.0, -1.0, 2.0]), np.array([0.0, -745.5, -50.0])
MATRIX, SYMMETRIC = np.array([[1.0, 2.0, -0.5], [0.0, -3.0, 0.125]]), np.array([[0.5, 0.125], [0.125, 0.25]])
TAILS = np.array([-745.5, -37.4, -5.5, -1e-300, 0.0, 5e-324, 1e-8, 1.0, 37.4, 300.0])
PROBABLE, ONE_HOT = np.array([0.25, 0.5, 0.25]), np.array([0.0, 1.0, 0.0])

exp, log, sin, tanh, erf, erfc, sqrt = (
    np.frompyfunc(f, 1, 1) for f in (mp.exp, mp.log, mp.sin, mp.tanh, mp.erf, mp.erfc, mp.sqrt)
)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + exp(-x))


def softmax(x: Any) -> Any:
    return exp(x) / exp(x).sum()


def gelu_tanh(x: Any) -> Any:
    return x * (1 + tanh(mp.sqrt(2 / mp.pi) * (x + mp.mpf("0.044715") * x**3))) / 2


def gelu_slope(x: Any) -> Any:
    return erfc(-x / mp.sqrt(2)) / 2 + x * exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def descent(a: Any, b: Any, x: Any) -> Any:
    path = [x]
    for _ in range(6):
        path.append(path[-1] - (a @ path[-1] - b) / 2)
    return np.stack(path)


def projection(x: Any) -> Any:
    """max(x - t, 0) for the t that makes the sum 1, by bisection."""
    low, high = min(x) - 1, max(x)
    for _ in range(400):
        middle = (low + high) / 2
        low, high = (low, middle) if np.maximum(x - middle, 0).sum() < 1 else (middle, high)
    return np.maximum(x - high, 0)


def spectral(a: Any) -> Any:
    """The largest singular value of a 2 x n matrix, from the trace and determinant of A A'."""
    g = a @ a.T
    half, det = (g[0, 0] + g[1, 1]) / 2, g[0, 0] * g[1, 1] - g[0, 1] ** 2
    return mp.sqrt(half + mp.sqrt(half**2 - det))


# concept, option, operands of one row (or points of an elementwise concept), formula
VALUES: list[tuple[str, int, tuple[Any, ...], Formula]] = [
    ("sigmoid", 0, (TAILS,), sigmoid),
    ("softplus", 0, (TAILS,), lambda x: log(1 + exp(x))),
    ("log_sigmoid", 0, (TAILS,), lambda x: -log(1 + exp(-x))),
    ("tanh", 0, (TAILS,), tanh),
    ("silu", 0, (TAILS,), lambda x: x * sigmoid(x)),
    ("elu", 1, (TAILS,), lambda x: np.where(x > 0, x, (exp(x) - 1) / 2)),
    ("gelu", 0, (TAILS[1:],), lambda x: x * erfc(-x / mp.sqrt(2)) / 2),
    ("gelu", 1, (TAILS[1:7],), gelu_tanh),
    ("hardswish", 0, (np.array([-4.0, -1.5, 0.0, 2.9, 7.0]),), lambda x: x * np.minimum(np.maximum(x + 3, 0), 6) / 6),
    ("leaky_relu", 0, (TAILS,), lambda x: np.where(x > 0, x, x / 100)),
    ("divide", 0, (np.array([1.0, 1e-300, 5.0]), np.array([3.0, 7.0, -1e300])), lambda x, y: x / y),
    ("pow", 0, (np.array([2.0, 0.5, 1e-300, -3.0]), np.array([0.5, 1074.0, 1.25, 33.0])), lambda x, y: x**y),
    ("exp2", 0, (np.array([1024.0, -1075.5, 0.5, 3.0]),), lambda x: mp.mpf(2) ** x),
    ("expm1", 0, (TAILS,), lambda x: exp(x) - 1),
    ("log1p", 0, (np.array([-1 + 2.0**-53, 1e-300, 1e300]),), lambda x: log(1 + x)),
    ("log2", 0, (np.array([3.0, 8.0, 5e-324, 1 - 2.0**-53]),), lambda x: log(x) / mp.log(2)),
    ("erfc", 0, (np.array([26.5, -3.0, 1e-20]),), erfc),
    ("sin", 0, (np.array([1e22, 3.141592653589793, 5e-324]),), sin),
    ("logsumexp", 0, (OFFSET,), lambda x: log(exp(x).sum())),
    ("logsumexp", 0, (FAR,), lambda x: log(exp(x).sum())),
    ("softmax", 0, (FAR,), softmax),
    ("softmax", 0, (OFFSET,), softmax),
    ("log_softmax", 0, (OFFSET,), lambda x: log(softmax(x))),
    ("log_softmax", 0, (FAR,), lambda x: log(softmax(x))),
    ("logcumsumexp", 0, (OFFSET,), lambda x: log(np.cumsum(exp(x)))),
    ("logaddexp", 0, (np.array([1e8, -700.0, 2.0]), np.array([1e8, 700.0, 2.0])), lambda x, y: log(exp(x) + exp(y))),
    ("cross_entropy", 0, (MATRIX, np.array([0, 2])), lambda x, k: -log(softmax(x[0])[0] * softmax(x[1])[2]) / 2),
    ("binary_cross_entropy_with_logits", 1, (FAR, PROBABLE),
     lambda x, t: -(t * log(sigmoid(x)) + (1 - t) * log(1 - sigmoid(x))).sum()),
    ("kl_div", 0, (FAR, PROBABLE), lambda lp, t: (t * (log(t) - lp)).sum()),
    ("cross_entropy_of_probabilities", 0, (PROBABLE, ONE_HOT), lambda y, t: -log(y[1] + mp.mpf("1e-7"))),
    ("mse_loss", 0, (ROW, TIES), lambda x, y: ((x - y) ** 2).sum() / 4),
    ("sum", 0, (np.array([1e308, 1.0, -1e308, 1e-300]),), lambda x: x.sum()),
    ("mean", 0, (OFFSET,), lambda x: x.sum() / 4),
    ("var", 1, (OFFSET,), lambda x: (x @ x - x.sum() ** 2 / 4) / 3),
    ("std", 0, (OFFSET,), lambda x: mp.sqrt((x @ x - x.sum() ** 2 / 4) / 4)),
    ("vector_norm", 0, (1e-200 * ROW,), lambda x: mp.sqrt(x @ x)),
    ("vector_norm_p", 1, (1e200 * ROW,), lambda x: (np.abs(x) ** mp.mpf(1.5)).sum() ** (mp.mpf(2) / 3)),
    ("matrix_norm", 0, (1e200 * MATRIX,), lambda a: mp.sqrt((a * a).sum())),
    ("spectral_norm", 0, (MATRIX,), spectral),
    ("matmul", 0, (MATRIX, 1e-300 * MATRIX.T), lambda a, b: a @ b),
    ("linear", 0, (MATRIX, MATRIX, ROW[:2]), lambda x, w, b: x @ w.T + b),
    ("gradient_descent", 0, (SYMMETRIC, ROW[:2], ROW[2:]), descent),
    ("project_simplex", 0, (ROW,), projection),
    ("precision", 0, (np.array([0.75, 0.5, 1.0]), np.array([1.0, 1.0, 0.0])), lambda s, t: mp.mpf(1) / 2),
    ("round_to", 0, (TAILS,), lambda x: x),
]  # fmt: skip
# the cotangent is 1 for an elementwise concept and a scalar result, else the first unit vector
GRADIENTS: list[tuple[str, int, tuple[Any, ...], Formula]] = [
    ("sigmoid", 0, (TAILS,), lambda x: sigmoid(x) * sigmoid(-x)),
    ("tanh", 0, (TAILS,), lambda x: 1 - tanh(x) ** 2),
    ("softplus", 0, (TAILS,), sigmoid),
    ("log_sigmoid", 0, (TAILS,), lambda x: sigmoid(-x)),
    ("silu", 0, (TAILS,), lambda x: sigmoid(x) + x * sigmoid(x) * sigmoid(-x)),
    ("gelu", 0, (TAILS[1:],), gelu_slope),
    ("exp2", 0, (np.array([1024.0, -1075.0]),), lambda x: mp.log(2) * mp.mpf(2) ** x),
    ("log1p", 0, (np.array([-1 + 2.0**-53, 1e300]),), lambda x: 1 / (1 + x)),
    ("logsumexp", 0, (OFFSET,), softmax),
    ("logsumexp", 0, (TIES,), softmax),
    ("softmax", 0, (FAR,), lambda x: softmax(x)[0] * (np.array([1, 0, 0]) - softmax(x))),
    ("log_softmax", 0, (OFFSET,), lambda x: np.array([1, 0, 0, 0]) - softmax(x)),
    ("logaddexp", 0, (np.array([1e8, -700.0, 2.0]), np.array([1e8, 700.0, 2.0])), lambda x, y: sigmoid(x - y)),
    ("cross_entropy_none", 0, (FAR, np.array(1)), lambda x, k: softmax(x) - np.array([0, 1, 0])),
    ("binary_cross_entropy_with_logits_none", 0, (FAR, ONE_HOT), lambda x, t: sigmoid(x) - t),
    ("vector_norm", 0, (1e-200 * ROW,), lambda x: x / mp.sqrt(x @ x)),
    ("var", 0, (OFFSET,), lambda x: (x - x.sum() / 4) / 2),
    ("mse_loss", 1, (ROW, TIES), lambda x, y: 2 * (x - y)),
]  # fmt: skip


def case_of(name: str, option: int, operands: tuple[Any, ...]) -> Case:
    concept = concepts()[name]
    rows = operands if concept.elementwise else tuple(np.asarray(x)[None] for x in operands)
    return Case(concept, FORMATS["float64"], rows, Recipe((), option, 0), target=NUMPY)


def certified(evaluate: Callable[[int], Any]) -> np.ndarray[Any, Any]:
    """Balls at the first precision at which each has more bits than any float, or is an exact 0."""
    for bits in BITS:
        with precision(bits):
            balls = np.ravel(np.asarray(evaluate(bits), dtype=object))
            if all(b == 0 or b.rel_accuracy_bits() > BEYOND_ANY_FLOAT for b in balls):
                return balls
    raise AssertionError(f"undecided at {bits} bits")


def check(case: Case, operands: tuple[Any, ...], formula: Formula, evaluate: Callable[[int, int], Any]) -> None:
    with np.errstate(all="ignore"):
        balls = np.concatenate([certified(lambda bits, r=r: evaluate(r, bits)) for r in range(case.rows)])
    with mp.workdps(DIGITS), precision(4 * DIGITS):
        lifted = [x if x.dtype.kind == "i" else np.frompyfunc(mp.mpf, 1, 1)(x) for x in map(np.asarray, operands)]
        for ball, y in zip(balls, np.ravel(np.asarray(formula(*lifted), dtype=object)), strict=True):
            sign, mantissa, exponent, _ = mp.mpf(y)._mpf_
            truth = (-1) ** sign * arb(int(mantissa)) * arb(2) ** exponent
            assert (truth * arb(1, 10.0**-AGREED)).overlaps(ball)


@pytest.mark.parametrize("name, option, operands, formula", VALUES, ids=lambda v: v if isinstance(v, str) else "")
def test_values(name: str, option: int, operands: tuple[Any, ...], formula: Formula) -> None:
    case = case_of(name, option, operands)
    check(case, operands, formula, case.exact)


@pytest.mark.parametrize("name, option, operands, formula", GRADIENTS, ids=lambda v: v if isinstance(v, str) else "")
def test_gradients(name: str, option: int, operands: tuple[Any, ...], formula: Formula) -> None:
    case = case_of(name, option, operands)
    with np.errstate(all="ignore"):
        case = case.seeded(unit_at(case.value.shape, (0,) * (case.value.ndim - 1)))
    check(case, operands, formula, lambda row, bits: case.exact_grads(row, bits)[0])


def test_every_topic_is_met() -> None:
    assert {topics()[name] for name, *_ in VALUES} == set(topics().values())
