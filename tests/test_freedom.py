"""What sound algorithms may do, as rules of the standard: each admits right code, and nothing that is much worse."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import reference as ref
from suite.arithmetic import RunningError, Standard
from suite.concepts import call_names, concepts
from suite.draw.recipes import Recipe
from suite.floats import FORMATS
from suite.judge import bound
from suite.judge.case import Case
from suite.judge.compare import CONVENTIONAL
from suite.laws.accuracy import Accuracy
from suite.laws.gradient import Gradient
from suite.laws.stability import Limits
from suite.mutants.makers import by_rows, right
from suite.targets.library import Library
from suite.targets.loading import load
from suite.verdict import Severity

pytestmark = pytest.mark.filterwarnings("ignore")
NUMPY = load("numpy", "cpu", call_names())
SINGLE = FORMATS["float32"]
Array = np.ndarray[Any, Any]


def case(name: str, *operands: Any, option: int = 0, dtype: str = "float32", target: Any = NUMPY) -> Case:
    inputs = tuple(np.asarray(x, dtype) for x in operands)
    return Case(concepts()[name], FORMATS[dtype], inputs, Recipe((), option, 0), target=target)


def running(x: Any) -> RunningError:
    return RunningError(np.asarray(x, np.float64), Standard.required(SINGLE))


def library(
    name: str, f: Callable[..., Any] | None = None, vjp: Callable[..., Any] | None = None, concept: str = ""
) -> Library:
    good = right()
    functions = {**good.functions, **({name: f} if f else {})}
    vjps = {**good.vjps, **({name: by_rows(concepts()[concept or name], vjp)} if vjp else {})}
    return Library("mine", good.framework, functions, vjps)


# -- no error is zero by luck


def test_what_is_given_on_one_grid_adds_up_exactly() -> None:
    x = running([1.0, 2.5, -3.5])
    assert not np.sum(x).error.any() and not (x + x).error.any() and not (x * 4.0 - x).error.any()


def test_a_sum_that_may_leave_its_grid_or_the_range_is_no_exact_one() -> None:
    assert np.sum(running([2.0**24, 1.0, 2.0**-3])).error > 0
    assert np.isinf(np.sum(running([3e38, 3e38, -3e38])).error)


def test_a_product_and_a_quotient_that_happen_to_be_exact_are_rounded() -> None:
    assert (running([3.0]) * running([5.0])).error > 0 and (running([6.0]) / running([3.0])).error > 0


def running_mean_vjp(x: Array, *, axis: int, correction: float, cotangent: Array) -> tuple[Array, ...]:
    """The deviations from a mean that is updated entry by entry."""
    m = x[..., :1]
    for k in range(1, x.shape[-1]):
        m = m + (x[..., k : k + 1] - m) / np.float32(k + 1)
    return ((2 * cotangent[..., None] * (x - m) / np.float32(x.shape[-1] - correction)).astype(x.dtype),)


EXACT_MEANS = np.array([[1.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0], [-5.0, 0.0, 4.0, 1.0, 1.0, -1.0, 0.0]], np.float32)


def test_a_gradient_may_go_through_another_mean_where_the_reference_has_it_exactly() -> None:
    mine = case("var", EXACT_MEANS, target=library("var", vjp=running_mean_vjp))
    assert not Gradient().judge(mine, "vjp").refuted


def test_a_mean_that_is_off_by_a_hundred_roundings_is_no_other_mean() -> None:
    def off(x: Array, *, cotangent: Array, **options: Any) -> tuple[Array, ...]:
        return running_mean_vjp(x + np.float32(100 * 2.0**-24), cotangent=cotangent, **options)

    mine = case("var", EXACT_MEANS, target=library("var", vjp=lambda x, **o: (off(x, **o)[0] + np.float32(1e-4),)))
    assert Gradient().judge(mine, "vjp").refuted


# -- base two, reciprocals, reach


def test_an_exponential_inside_a_function_may_be_one_of_base_two() -> None:
    x = np.linspace(-80, 0, 2001, dtype=np.float32)
    two = np.exp2(x * np.float32(1.4426950408889634)).astype(np.float64)
    e = np.exp(running(x))
    off = np.abs(two - np.exp(x.astype(np.float64)))
    assert np.all(off <= e.error) and np.any(off > 0.2 * e.error) and np.any(off > 9 * SINGLE.u * two)


@pytest.mark.parametrize("name", ["exp", "log", "divide"])
def test_an_operation_itself_is_held_to_be_it(name: str) -> None:
    """exp within 4 ulp, a quotient within u, whatever its argument."""
    operands = (np.array([50.0], "float32"), np.array([3.0], "float32"))[: len(concepts()[name].operands)]
    value, allowed = case(name, *operands).bounded()
    assert allowed <= 1.01 * (SINGLE.u * np.abs(value) if name == "divide" else 4 * SINGLE.ulp(value))


def test_a_quotient_may_be_a_product_with_the_reciprocal() -> None:
    whole = np.arange(1.0, 400.0, dtype=np.float32)
    part = np.float32(7.0)
    found = running(np.full(399, 7.0)) / running(whole)
    off = np.abs((part * (1 / whole)).astype(np.float64) - 7.0 / whole.astype(np.float64))
    assert np.all(off <= found.error) and np.any(off > SINGLE.u * found.value)


def test_beyond_a_quarter_of_the_range_an_intermediate_result_promises_nothing_and_an_operand_all() -> None:
    x = running([SINGLE.max / 3])
    assert np.isfinite((x / 4.0).error) and np.isinf(((x * 1.25) / 4.0).error)


# -- reverse mode through the texts for the value


def test_reverse_mode_is_admitted_where_it_is_nearly_as_good() -> None:
    """Of log-sum-exp in its tails it is not: there the bound stays that of the declared formulas."""
    one = case("logsumexp", [[0.0, -1.0, -2.0, 0.5], [0.0, -40.0, -60.0, -20.0]]).seeded(np.ones(2))
    concept = one.concept
    declared = bound.gradients(one, (concept.backward,), one.cotangent)[0][1]
    wider = bound.gradients(one, (concept.backward,), one.cotangent, bound.texts(one))[0][1]
    assert np.all(wider >= declared) and np.any(wider > declared) and np.all(wider <= bound.ADMITTED * declared)


def test_reverse_mode_that_loses_the_tail_makes_a_failure_inaccurate_and_no_more() -> None:
    """(1 - t) - sigmoid(-x) is 0 where the derivative is e^x."""

    def mirrored(x: Array, t: Array, *, reduction: str, cotangent: Array) -> tuple[Array, ...]:
        return (((1 - t) - ref.sigmoid(-x)) * cotangent,)

    call = "binary_cross_entropy_with_logits"
    name = f"{call}_none"
    mine = case(name, [-30.0], [0.0], target=library(call, vjp=mirrored, concept=name))
    (found,) = Gradient().judge(mine.unit(), "vjp").refuted
    assert found.severity is Severity.INACCURATE and "reverse mode" in found.note


# -- conventions, limits


def test_a_tie_at_the_threshold_is_a_convention() -> None:
    def at_least(scores: Array, targets: Array, *, threshold: float = 0.5) -> Array:
        return np.mean((scores >= threshold) == (targets > 0.5), axis=-1, dtype=scores.dtype)

    scores, targets = [[0.5, 0.25, 1.0, 0.0]], [[0.0, 0.0, 1.0, 0.0]]
    (found,) = (
        Accuracy().judge(case("accuracy", scores, targets, target=library("accuracy", at_least)), "eager").refuted
    )
    assert found.severity is Severity.CONVENTION and found.note == CONVENTIONAL


def test_another_count_is_no_convention() -> None:
    def one_more(scores: Array, targets: Array, *, threshold: float = 0.5) -> Array:
        return np.full(scores.shape[:-1], 0.25, scores.dtype)

    scores, targets = [[0.5, 0.25, 1.0, 0.0]], [[0.0, 0.0, 1.0, 0.0]]
    (found,) = (
        Accuracy().judge(case("accuracy", scores, targets, target=library("accuracy", one_more)), "eager").refuted
    )
    assert found.severity is not Severity.CONVENTION


@pytest.mark.parametrize("off, severity", [(1e-4, Severity.INACCURATE), (1.0, Severity.WRONG)])
def test_a_limit_is_graded_as_any_other_value(off: float, severity: Severity) -> None:
    def bent(x: Array, *, axis: int = -1, keepdims: bool = False) -> Array:
        return ref.logsumexp(x, axis=axis, keepdims=keepdims) * np.float32(1 + off)

    mine = case("logsumexp", [[-np.inf, 2.0, 1.0]], target=library("logsumexp", bent))
    found, *_ = Limits().judge(mine, "eager").refuted
    assert found.severity is severity and 0 < found.error_ulp < np.inf and 1 < found.ratio < np.inf
