"""The peers accept every right function, kill gross mutants, and have the weaknesses that their sources state."""

import dataclasses
import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import reference as ref
from suite.concepts import concepts
from suite.mutants import mutants
from suite.mutants.mutant import Mutant
from suite.peers import ACCEPTED, PEERS, REJECTED, of_right, peers_say
from suite.peers.array_api import ABS_TOL, BINARY, LINALG, SHAPE_ONLY, STATISTICAL, UNARY
from suite.peers.inputs import moderate, seeded, small
from suite.peers.special_cases import CASES, agrees, special_cases

DTYPES = ("float64", "float32", "float16", "bfloat16")
HERE = {"torch": importlib.util.find_spec("torch") is not None, "jax": importlib.util.find_spec("jax") is not None}
OF = {"gradcheck": "torch", "gradgradcheck": "torch", "assert_close": "torch", "check_grads": "jax"}
needs_torch = pytest.mark.skipif(not HERE["torch"], reason="torch is not installed")


def mutant(concept: str, function: Callable[..., Any], dtype: str = "float32", vjp: bool = False) -> Mutant:
    return Mutant(concept, "of the test", function, "", dtype=dtype, vjp=vjp)


def said(peer: str, m: Mutant, seed: int = 0) -> str:
    return dict(peers_say(m, seed))[peer]


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("seed", [0, 1])
def test_right_functions_are_accepted(peer: str, seed: int):
    for name in concepts():
        for vjp in (False, True):
            for dtype in DTYPES if peer in ("assert_close", "array_api") else ("float64",):
                verdict = of_right(peer, name, dtype, vjp, seed)
                assert verdict == ACCEPTED or verdict.startswith("not applicable: "), (name, dtype, vjp, verdict)


@needs_torch
def test_who_is_asked():
    for name, concept in concepts().items():
        assert of_right("assert_close", name, "bfloat16", False) == ACCEPTED
        has = concept.differentiable and hasattr(ref, f"{concept.call_name}_vjp")
        assert of_right("gradcheck", name, "float64", True) == (ACCEPTED if has else "not applicable: no derivative")
        known = concept.call_name in (*UNARY, *BINARY, *SHAPE_ONLY, *STATISTICAL, *LINALG, "cumsum")
        expected = ACCEPTED if known else "not applicable: not in the array API"
        assert of_right("array_api", name, "float32", False) == expected


def test_reasons():
    m = mutant("exp", np.exp, "float16")
    assert said("array_api", m) == "not applicable: the array API has no float16"
    assert said("array_api", mutant("exp", ref.exp_vjp, vjp=True)) == "not applicable: the array API has no derivatives"
    for peer, library in OF.items():
        missing = said(peer, m) == f"not applicable: {library} is not installed"
        assert missing == (not HERE[library])


@needs_torch
@pytest.mark.parametrize("name", ["tanh", "softmax", "matmul", "cross_entropy", "sum", "pow"])
def test_gross_mutants_are_killed(name: str):
    good, vjp = (getattr(ref, concepts()[name].call_name + end) for end in ("", "_vjp"))
    for dtype in DTYPES:
        twice = mutant(name, lambda *xs, **kw: (2 * good(*xs, **kw)).astype(xs[0].dtype), dtype)
        doubled = mutant(name, lambda *xs, **kw: tuple(2 * g for g in vjp(*xs, **kw)), dtype, vjp=True)
        for m in (twice, doubled):
            assert said("gradcheck", m) == said("assert_close", m) == REJECTED


@pytest.mark.skipif(not HERE["jax"], reason="jax is not installed")
@pytest.mark.parametrize("name", ["tanh", "softmax", "matmul", "cross_entropy"])
def test_jax_kills_a_doubled_derivative(name: str):
    vjp = getattr(ref, f"{concepts()[name].call_name}_vjp")
    doubled = mutant(name, lambda *xs, **kw: tuple(2 * g for g in vjp(*xs, **kw)), vjp=True)
    assert said("check_grads", doubled) == REJECTED


def test_an_exception_is_a_rejection():
    def refuses(*xs: Any, **options: Any) -> Any:
        raise ZeroDivisionError

    verdicts = dict(peers_say(mutant("sin", refuses)))
    assert verdicts["array_api"] == REJECTED
    assert verdicts["assert_close"] == (REJECTED if HERE["torch"] else "not applicable: torch is not installed")


def scaled(name: str, by: float) -> Mutant:
    good = getattr(ref, name)
    return mutant(name, lambda *xs, **kw: np.asarray(good(*xs, **kw) * by, xs[0].dtype))


def only_special(x: Any) -> Any:
    """tanh where the standard lists a special case, and zero elsewhere."""
    return np.where(np.isfinite(x) & (x != 0), np.zeros_like(x), np.tanh(x))


def shapeless(x: Any, y: Any) -> Any:
    """logaddexp at NaN and infinities, and 42 elsewhere."""
    with np.errstate(all="ignore"):
        return np.where(np.isfinite(x + y), np.asarray(42, x.dtype), np.logaddexp(x, y))


@pytest.mark.parametrize(
    "m",
    [
        scaled("sum", 1.2),
        mutant("prod", lambda x, **kw: np.asarray(ref.prod(x, **kw) * (0.8 if x.size else 1), x.dtype)),
        scaled("cumsum", 1.2),
        scaled("subtract", 1.2),
        scaled("square", 1.2),
        scaled("std", 2.0),
        scaled("var", 0.0),
        scaled("mean", -1.0),
        scaled("matmul", 2.0),
        scaled("vecdot", 0.0),
        scaled("vector_norm", 3.0),
        scaled("matrix_norm", 3.0),
        scaled("solve", -1.0),
        mutant("tanh", only_special),
        mutant("logaddexp", shapeless),
    ],
    ids=lambda m: m.concept,
)
def test_what_the_array_api_suite_accepts(m: Mutant):
    assert said("array_api", m) == ACCEPTED


@pytest.mark.parametrize(
    "name, by", [("sum", 1.5), ("sum", -1.0), ("square", 1.5), ("exp", 1.2), ("tanh", 1.2), ("prod", 0.8)]
)
def test_what_the_array_api_suite_rejects(name: str, by: float):
    """More than a quarter off; or, however little, where a value is stated: exp 0 = 1, and 1 is the empty product."""
    assert said("array_api", scaled(name, by)) == REJECTED


def test_its_absolute_tolerance_covers_bounded_functions():
    assert ABS_TOL == 1.0
    almost = mutant("sin", lambda x: np.where(np.isfinite(x) & (x != 0), np.zeros_like(x), np.sin(x)))
    assert said("array_api", almost) == ACCEPTED


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("seed", range(5))
def test_special_cases_hold_for_numpy(name: str, seed: int):
    with np.errstate(all="ignore"):
        for arguments, result in special_cases(name, np.random.default_rng(seed)):
            out = float(getattr(np, name)(*(np.array([a]) for a in arguments))[0])
            assert agrees(arguments, out, result), (arguments, out, result)


def test_zeros_have_their_sign():
    assert agrees((), 0.0, "+0") and not agrees((), -0.0, "+0")
    assert agrees((), -0.0, "-0") and agrees((2.0, 3.0), 3.0, "2nd") and not agrees((2.0, 3.0), 3.0, "1st")
    assert agrees((), -0.0, "negative") and not agrees((), -1.0, "positive")


def test_same_seed_same_verdict():
    """Also for a function that keeps state from call to call."""
    some = [m for m in mutants() if m.kind == "stale buffer"][:12] + list(mutants()[::200])
    again = [dataclasses.replace(m, why="") for m in some]
    for seed in (0, 3):
        assert [peers_say(m, seed) for m in some] == [peers_say(m, seed) for m in again]


@pytest.mark.parametrize("name", ["log", "binary_cross_entropy", "relu6", "hardswish", "cross_entropy"])
def test_inputs_are_inside_the_domain(name: str):
    concept = concepts()[name]
    for operands in (small(concept, seeded(0, name)), moderate(concept, False, seeded(0, name))):
        for x, operand in zip(operands, concept.operands, strict=True):
            assert np.all((x >= operand.domain[0]) & (x <= operand.domain[1]))
    first = small(concept, seeded(0, name))[0]
    assert all(np.all(np.abs(first - kink) > 0.09) for kink in concept.truth.kinks)


# -- second derivatives and forward mode, of torch's own functions


@pytest.mark.parametrize(
    "kind, gradcheck, gradgradcheck",
    [
        ("second derivative dropped", "survived", "killed"),
        ("second derivative turned", "survived", "killed"),
        ("forward mode doubled", "killed", "survived"),
    ],
)
def test_what_torch_says_of_its_own_derivatives(kind: str, gradcheck: str, gradgradcheck: str) -> None:
    pytest.importorskip("torch")
    (one,) = [m for m in mutants() if m.concept == "softmax" and m.kind == kind]
    verdicts = dict(peers_say(one))
    assert (verdicts["gradcheck"], verdicts["gradgradcheck"]) == (gradcheck, gradgradcheck)
    others = [verdicts[peer] for peer in ("assert_close", "array_api", "check_grads")]
    assert all(word.startswith("not applicable: ") for word in others)
