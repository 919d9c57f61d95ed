"""Truth as a value: several results, equations that stay undecided, procedures step by step, options as variants."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from flint import arb, arb_mat

import reference as ref
from suite.arithmetic import Balls
from suite.arithmetic.implicit import solution
from suite.audit.cells import cells_of
from suite.audit.group import Group, judge_group
from suite.audit.plan import Plan
from suite.concepts import concepts
from suite.draw.asks import Ask
from suite.draw.kinds import SQUARE
from suite.draw.recipes import Recipe, draw
from suite.floats import FORMATS, Array, precision
from suite.judge.case import Case
from suite.judge.truth import Claim, Equations, Formula, Unknown
from suite.laws.accuracy import Accuracy
from suite.laws.certificate import Certificate, OneStep
from suite.laws.law import ASKED
from suite.laws.route import Repeatable
from suite.mutants.makers import either, right, strided
from suite.record import Concept, Operand
from suite.targets.library import Library, TargetError
from suite.verdict import Severity, Verdict

pytestmark = pytest.mark.filterwarnings("ignore")  # of NumPy, inside functions that are under test


def library(**functions: Callable[..., Any]) -> Library:
    """The reference, with these functions (and derivatives, ``name_vjp``) in the place of its own."""
    good = right()
    vjps = {n.removesuffix("_vjp"): f for n, f in functions.items() if n.endswith("_vjp")}
    values = {n: f for n, f in functions.items() if not n.endswith("_vjp")}
    return Library("mine", good.framework, {**good.functions, **values}, {**good.vjps, **vjps})


def case_of(
    concept: Concept, target: Library, sizes: Mapping[str, int], dtype: str = "float64", option: int = 0
) -> Case:
    recipe = Recipe(tuple((d, sizes[d]) for d in concept.dims), option, 5)
    return Case(concept, FORMATS[dtype], draw(concept, FORMATS[dtype], recipe), recipe, target=target)


# -- several results


def mean_and_largest(x: Array, *, axis: int = -1) -> tuple[Array, Array]:
    return np.sum(x, axis=axis) / x.shape[axis], np.max(x, axis=axis)


TWO = Concept(
    "mean_and_largest",
    "(n)->(),()",
    Formula(lambda x: (np.sum(x, axis=-1) / x.shape[-1], np.max(x, axis=-1))),
    ref.wide(mean_and_largest),
)


def test_all_results_of_a_signature_are_judged() -> None:
    """A right function of two results holds; one that is wrong in the second alone is refuted there."""
    assert TWO.outputs == ((), ())
    case = case_of(TWO, library(mean_and_largest=ref.wide(mean_and_largest)), {"n": 9}, "float32")
    found = Accuracy().judge(case, "eager")
    assert not found.refuted and found.elements > case.rows

    def wrong(x: Array, *, axis: int = -1) -> tuple[Array, Array]:
        mean, largest = ref.wide(mean_and_largest)(x, axis=axis)
        return mean, largest + np.spacing(largest)

    refuted = Accuracy().judge(case.against(library(mean_and_largest=wrong)), "eager").refuted
    assert refuted and {r.output for r in refuted} == {1}


@pytest.mark.parametrize("ask", [Ask(memory="strided"), Ask(rank=0), Ask(rank=2, place="first")], ids=str)
def test_every_result_is_judged_however_it_is_asked_for(ask: Ask) -> None:
    def second_wrong(x: Array, *, axis: int = -1) -> tuple[Array, Array]:
        mean, largest = ref.wide(mean_and_largest)(x, axis=axis)
        plain = x.ndim == 2 and axis in (-1, 1) and x.flags.c_contiguous
        return mean, largest if plain else 2 * largest

    case = case_of(TWO, library(mean_and_largest=second_wrong), {"n": 9}, "float32").asked(ask)
    assert {r.output for r in Accuracy().judge(case, ASKED).refuted} == {1}


def test_a_missing_result_is_a_broken_contract() -> None:
    case = case_of(TWO, library(mean_and_largest=lambda x, axis=-1: np.max(x, axis=axis)), {"n": 9})
    with pytest.raises(TargetError, match="return a tuple of 2 arrays"):
        case.results()


# -- equations


def det(a: Array) -> Array:
    return np.linalg.det(a)


def _determinant(inputs: Any, outputs: Any, fmt: Any) -> list[Claim]:
    """|det - got| <= n^2 u |A|^n cond(A), roughly: enough to tell right from wrong."""
    (a,), (got,) = inputs, outputs
    exact = arb_mat(a.tolist()).det()
    scale = arb(len(a) ** 2 * fmt.u * float(np.linalg.norm(a)) ** len(a)) * 100
    return [Claim("determinant", abs(exact - arb(float(got))), scale)]


DET = Concept("det", "(n,n)->()", Equations(_determinant), det, operands=(Operand(SQUARE),), longest={"n": 9})


def test_a_certificate_has_the_shape_of_its_result() -> None:
    """A scalar result of matrices is no broken contract, and a wrong one is refuted."""
    case = case_of(DET, library(det=det), {"n": 4})
    found = Certificate().judge(case, "eager")
    assert not found.refuted and found.elements == min(case.rows, 24)
    assert Certificate().judge(case.against(library(det=lambda a: 2 * det(a))), "eager").refuted


def test_an_undecided_certificate_is_unknown() -> None:
    """A residual whose ball reaches across the scale at every precision is neither judged nor held."""
    wide = Equations(lambda inputs, outputs, fmt: [Claim("wide", arb(1, 2), arb(1))])
    case = case_of(replace(DET, truth=wide), library(det=det), {"n": 2})
    found = Certificate().judge(case, "eager")
    assert found.unknown == min(case.rows, 24) and not found.elements and not found.refuted


def test_a_certificate_is_decided_at_rising_precision() -> None:
    """1 + 2^-200 > 1 needs more bits than the first."""

    def close(inputs: Any, outputs: Any, fmt: Any) -> list[Claim]:
        return [Claim("close", arb(1) + arb(2) ** -200, arb(1))]

    case = case_of(replace(DET, truth=Equations(close)), library(det=det), {"n": 2})
    assert len(Certificate().judge(case, "eager").refuted) == 4


def judged(name: str, target: Library, dtype: str = "float32") -> dict[str, Verdict]:
    with np.errstate(all="ignore"):
        cells = judge_group((name, dtype), target, Plan("numpy", "cpu", "quick", 0)).cells
    return {f"{c.law}-{c.route}": c.verdict for c in cells}


def test_solve_has_routes_repeatability_and_gradients() -> None:
    found = judged("solve", right())
    assert {"certificate-asked", "gradient-asked", "repeatable-eager", "gradient-vjp", "gradient_finite-vjp"} <= set(
        found
    )
    assert set(found.values()) <= {Verdict.HOLDS, Verdict.NOT_JUDGED} and found["gradient-vjp"] is Verdict.HOLDS


def test_solve_that_is_wrong_on_strides_is_refuted() -> None:
    wrong = either(lambda a, b: 1.5 * ref.solve(a, b), ref.solve, strided)
    found = judged("solve", library(solve=lambda a, b: wrong(a, b).astype(a.dtype)))
    assert found["certificate-asked"] is Verdict.REFUTED and found["certificate-eager"] is Verdict.HOLDS


@pytest.mark.parametrize("operand", [0, 1])
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_a_derivative_of_solve_that_is_off_is_refuted(dtype: str, operand: int) -> None:
    def wrong(a: Array, b: Array, *, cotangent: Array) -> tuple[Array, ...]:
        found = ref.solve_vjp(a, b, cotangent=cotangent)
        return tuple((2 * g).astype(g.dtype) if k == operand else g for k, g in enumerate(found))

    assert judged("solve", library(solve_vjp=wrong), dtype)["gradient-vjp"] is Verdict.REFUTED


def test_an_equation_encloses_its_solution_and_its_derivative() -> None:
    """x^2 = p: x = sqrt(p), from 0 + 1 on, and dx/dp = 1 / (2 x)."""
    truth = Equations(lambda *a: [], residual=lambda p, x: x * x + 2 * x - p, sensitivity=lambda p, g: [])
    p = np.array([[3.0, 8.0]])
    with precision(200):
        x = solution(lambda *xs: truth.residual(*xs), [Balls(p)], p.shape)
        assert all(
            ball.contains(exact) and ball.rad() < arb(2) ** -150 for ball, exact in zip(x.a[0], (1, 2), strict=True)
        )
    (g,) = truth.gradient([p], {}, np.ones(p.shape), [0], 200)
    with precision(200):
        assert g[0, 0].contains(arb(1) / 4) and g[0, 1].contains(arb(1) / 6)


# -- procedures


def test_a_step_that_is_wrong_names_its_iterate() -> None:
    """The third iterate is off: the entry of the path says so."""

    def wrong(a: Array, b: Array, x0: Array, *, step: float, iterations: int) -> Array:
        path = ref.gradient_descent(a, b, x0, step=step, iterations=iterations)
        path[..., 3, 0] *= 1.001
        return path

    case = case_of(concepts()["gradient_descent"], library(gradient_descent=wrong), {"n": 4}, "float32")
    refuted = OneStep().judge(case, "eager").refuted
    assert refuted and {r.index[0] for r in refuted} <= {3, 4} and 3 in {r.index[0] for r in refuted}
    assert all(len(r.index) == 2 for r in refuted)


# -- variants and the unknown


def test_a_variant_is_an_option_with_a_signature_of_its_own() -> None:
    whole = concepts()["mse_loss"]
    assert [v.name for v in whole.each()] == ["mse_loss", "mse_loss_none"]
    single = concepts()["mse_loss_none"]
    assert single.call_name == "mse_loss" and single.elementwise and not single.apart and whole.apart


def test_of_a_function_without_truth_only_laws_without_an_oracle_are_asked() -> None:
    unknown = replace(concepts()["softmax"], truth=Unknown(), laws=())
    assert {key.law for key in cells_of(unknown, "float32", right())} == {"repeatable"}


def test_an_unknown_function_that_does_not_repeat_is_refuted() -> None:
    calls = iter(range(1000))
    mine = library(softmax=lambda x, axis: ref.softmax(x, axis=axis) + np.array(next(calls), x.dtype))
    case = case_of(replace(concepts()["softmax"], truth=Unknown(), laws=()), mine, {"n": 5})
    assert Repeatable().judge(case, "eager").refuted


# -- witnesses


def test_a_case_that_refutes_the_reference_as_well_is_no_witness() -> None:
    """Softmax of one masked entry is NaN everywhere: the minimiser does not go there."""

    def wrong(x: Array, *, axis: int = -1) -> Array:
        y = ref.softmax(x, axis=axis)
        return np.where(np.isneginf(x).any(axis=axis, keepdims=True), np.array(np.nan, y.dtype), y)

    work = Group(concepts()["softmax"], "float32", library(softmax=wrong), Plan("mine", "cpu", "quick", 0, ("limits",)))
    work.run()
    (cell,) = work.cells()
    assert cell.finding is not None and cell.severity is Severity.WRONG
    entries = np.array([float.fromhex(t) for t in cell.finding.witness.operands[0]])
    assert np.isneginf(entries).any() and np.isfinite(entries).any()
