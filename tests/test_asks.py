"""Asks: every pair of features is met, a call comes back entry by entry, and no bug of one way of calling escapes."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest

import reference as ref
from suite.audit.group import judge_group
from suite.audit.plan import Plan
from suite.audit.recheck import refuted_again
from suite.concepts import concepts
from suite.draw.asks import PLAIN, Ask, ask_from, choices, covering, legal
from suite.draw.recipes import Recipe, draw, lengths
from suite.findings.witness import decode, encode
from suite.floats import FORMATS, Array
from suite.judge.asking import Asking, fitted
from suite.judge.case import Case
from suite.mutants.makers import Function, either, right
from suite.targets.library import Library
from suite.verdict import Severity, Verdict

pytestmark = pytest.mark.filterwarnings("ignore")  # of NumPy, inside functions that are under test

LAYOUTS = right().layouts
ALL = [(name, ask) for name, c in concepts().items() for ask in covering(c, LAYOUTS, 0)]


def case_of(name: str, dtype: str = "float32") -> Case:
    concept, fmt = concepts()[name], FORMATS[dtype]
    recipe = Recipe(tuple((d, max(n for n in lengths(concept, d) if n <= 6)) for d in concept.dims), 0, 3)
    with np.errstate(all="ignore"):
        return Case(concept, fmt, draw(concept, fmt, recipe), recipe, target=right())


# -- which asks there are


@pytest.mark.parametrize("name", ["softmax", "sum", "add", "matmul", "gelu", "cross_entropy_none", "linear"])
def test_every_pair_of_features_that_can_stand_together_is_met(name: str) -> None:
    concept = concepts()[name]
    table, asks = choices(concept, LAYOUTS), covering(concept, LAYOUTS, 0)
    rng = np.random.default_rng(1)
    for _ in range(3000):
        told = {n: values[int(rng.integers(len(values)))] for n, values in table.items()}
        if not legal(one := ask_from(told)):
            continue
        for a, b in combinations(table, 2):
            assert any((getattr(x, a), getattr(x, b)) == (getattr(one, a), getattr(one, b)) for x in (PLAIN, *asks))


@pytest.mark.parametrize("name", concepts())
def test_each_feature_is_met_four_times_in_an_audit(name: str) -> None:
    """Of 96 asked calls of a group in profile ci."""
    asks = covering(concepts()[name], LAYOUTS, 0)
    met = [pair for k in range(96) for pair in asks[k % len(asks)].told().items()]
    assert asks and all(met.count(pair) >= 4 for pair in set(met))


def test_an_ask_simplifies_to_the_plain_one_first() -> None:
    ask = Ask(rank=3, place="first", memory="strided")
    first, *others = ask.simpler()
    assert first == PLAIN and Ask(place="first", memory="strided") in others and not list(PLAIN.simpler())


# -- there and back


@pytest.mark.parametrize(
    "name, ask", ALL, ids=lambda v: v if isinstance(v, str) else "-".join(map(str, v.told().values()))
)
def test_rows_come_back_as_they_went(name: str, ask: Ask) -> None:
    concept, case = concepts()[name], case_of(name)
    inputs = fitted(concept, ask, case.inputs)
    asking = Asking(concept, ask, len(inputs[0]), concept.sizes(inputs))
    for k, (x, core) in enumerate(zip(inputs, concept.cores, strict=True)):
        laid = asking.laid(x, core)
        assert np.array_equal(asking.back(laid, core), x, equal_nan=True)
        again = asking.given(asking.taken(laid, k), k)  # what is broadcast stands for what was there
        assert np.array_equal(asking.back(again, core), x, equal_nan=True)


@pytest.mark.parametrize("name", ["softmax", "matmul", "add", "var"])
def test_the_results_of_the_reference_do_not_depend_on_the_ask(name: str) -> None:
    for ask in covering(concepts()[name], LAYOUTS, 0):
        case = case_of(name, "float64").asked(ask)
        got, plain, allowed = case.got(), case.plainly().got(), case.bounded()[1]
        differs = np.abs(got - plain) > 2 * allowed
        assert not np.any(differs & np.isfinite(allowed))


def test_a_witness_carries_its_ask() -> None:
    case = case_of("softmax").asked(Ask(rank=2, place="first", memory="strided"))
    again = decode(encode(case), case.concept, "float32", right())
    assert again.ask == case.ask and all(np.array_equal(x, y) for x, y in zip(again.inputs, case.inputs, strict=True))


# -- what each way of calling finds


def scaled(f: Function) -> Function:
    """Off by a thousandth: an array, or each array of a derivative."""

    def wrong(*operands: Array, **options: Any) -> Any:
        y = f(*operands, **options)
        return tuple(off(g) for g in y) if isinstance(y, tuple) else off(y)

    def off(y: Array) -> Array:
        return (np.asarray(y, np.float64) * 1.001).astype(np.asarray(y).dtype)

    return wrong


def axis_first(x: Array, *rest: Array, axis: Any = -1, **options: Any) -> bool:
    return x.ndim == 3 and axis in (0, -3)


def axis_between(x: Array, *rest: Array, axis: Any = -1, **options: Any) -> bool:
    return x.ndim == 3 and axis in (1, -2)


def of_a_vector(x: Array, *rest: Array, **options: Any) -> bool:
    return x.ndim == 1


def of_a_number(x: Array, *rest: Array, **options: Any) -> bool:
    return x.ndim == 0


def from_the_end(x: Array, *rest: Array, axis: Any = -1, **options: Any) -> bool:
    return isinstance(axis, tuple) and min(axis) < 0


def not_adjacent(x: Array, *rest: Array, axis: Any = -1, **options: Any) -> bool:
    return isinstance(axis, tuple) and len(axis) == 2 and abs(axis[0] - axis[1]) > 1


def all_axes(x: Array, *rest: Array, axis: Any = -1, **options: Any) -> bool:
    return axis is None


def kept_of_several(x: Array, *rest: Array, axis: Any = -1, keepdims: bool = False, **options: Any) -> bool:
    return keepdims and isinstance(axis, tuple)


def stuck(x: Array, *rest: Array, axis: Any = -1, **options: Any) -> bool:
    axes = axis if isinstance(axis, tuple) else () if axis is None else (axis,)
    return any(x.shape[k] > 1 and x.strides[k] == 0 for k in axes)


def gapped(x: Array, *rest: Array, **options: Any) -> bool:
    return x.ndim == 2 and not x.flags.c_contiguous


def of_a_larger_array(x: Array, *rest: Array, **options: Any) -> bool:
    return x.ndim > 1 and x.strides[-1] == x.itemsize and x.strides[-2] > x.shape[-1] * x.itemsize


def one_array(x: Array, y: Array, **options: Any) -> bool:
    return np.shares_memory(x, y)


def short_labels(x: Array, labels: Array, **options: Any) -> bool:
    return labels.dtype == np.int32


def other_axis(x: Array, *rest: Array, axis: Any = -1, **options: Any) -> bool:
    return axis not in (-1, x.ndim - 1)


def kept(x: Array, *rest: Array, keepdims: bool = False, **options: Any) -> bool:
    return keepdims


def uneven(x: Array, y: Array, *rest: Array, **options: Any) -> bool:
    return x.ndim != y.ndim or (x.shape != y.shape and 1 in (x.shape[-1], y.shape[-1]))


ALONG = ("softmax", "log_softmax", "logcumsumexp")
VALUES: list[tuple[str, Callable[..., bool]]] = [
    *(
        (n, when)
        for n in ("softmax", "log_softmax", "logcumsumexp")
        for when in (axis_first, axis_between, of_a_vector)
    ),
    *((n, when) for n in ("sum", "mean", "var", "vector_norm") for when in (from_the_end, not_adjacent, all_axes)),
    *((n, when) for n in ("sum", "logsumexp", "prod") for when in (kept_of_several, stuck)),
    *((n, when) for n in ("gelu", "exp", "relu", "add") for when in (of_a_number, gapped)),
    *((n, of_a_larger_array) for n in ("softmax", "sum", "matmul", "relu")),
    *((n, one_array) for n in ("multiply", "add", "logaddexp", "vecdot")),
    *((n, short_labels) for n in ("cross_entropy", "cross_entropy_none", "nll_loss")),
    *((n, uneven) for n in ("add", "divide", "logaddexp")),
    ("matmul", lambda a, b, **options: a.ndim != b.ndim),
]
DERIVATIVES: list[tuple[str, Callable[..., bool]]] = [
    *((n, other_axis) for n in ("softmax", "log_softmax", "logsumexp", "cumsum", "var", "vector_norm")),
    *((n, kept) for n in ("sum", "mean", "logsumexp", "vector_norm")),
    *((n, gapped) for n in ("softmax", "exp", "silu", "multiply")),
    *((n, of_a_number) for n in ("tanh", "mse_loss_none")),
]


def judged(name: str, law: str, dtype: str = "float32", **functions: Function) -> Any:
    """The cell of asked calls, as an audit of profile ci judges it; and the library."""
    good = right()
    vjps = {n.removesuffix("_vjp"): f for n, f in functions.items() if n.endswith("_vjp")}
    values = {n: f for n, f in functions.items() if not n.endswith("_vjp")}
    library = Library("mine", good.framework, {**good.functions, **values}, {**good.vjps, **vjps})
    with np.errstate(all="ignore"):
        cells = judge_group((name, dtype), library, Plan("mine", "cpu", "ci", 0, (law,), cases=24)).cells
    return {c.route: c for c in cells}, library


def named(value: object) -> str:
    return getattr(value, "__name__", str(value))


@pytest.mark.parametrize("name, when", VALUES, ids=named)
def test_a_value_that_is_wrong_in_one_way_of_calling_is_refuted(name: str, when: Callable[..., bool]) -> None:
    """Graded by the truth, found again by its witness alone, and the plain call is not accused."""
    call = concepts()[name].call_name
    good = getattr(ref, call)
    cells, library = judged(name, "accuracy", **{call: either(scaled(good), good, when)})
    found = cells["asked"]
    assert found.verdict is Verdict.REFUTED and found.severity in (Severity.WRONG, Severity.INACCURATE), found.reason
    assert refuted_again(found.finding, library) is not None and found.finding.witness.ask
    assert cells["eager"].verdict is Verdict.HOLDS


@pytest.mark.parametrize("name, when", DERIVATIVES, ids=named)
def test_a_derivative_that_is_wrong_in_one_way_of_calling_is_refuted(name: str, when: Callable[..., bool]) -> None:
    call = concepts()[name].call_name
    good = getattr(ref, f"{call}_vjp")
    cells, library = judged(name, "gradient", **{f"{call}_vjp": either(scaled(good), good, when)})
    assert cells["asked"].verdict is Verdict.REFUTED and refuted_again(cells["asked"].finding, library) is not None
    assert cells["vjp"].verdict is Verdict.HOLDS


@pytest.mark.parametrize("name", ["add", "multiply", "divide"])
def test_the_derivative_of_a_broadcast_operand_is_a_sum(name: str) -> None:
    """A mean in its place is refuted, the sum is not."""
    good = getattr(ref, f"{name}_vjp")

    def averaged(x: Array, y: Array, *, cotangent: Array) -> tuple[Array, ...]:
        found = good(x, y, cotangent=cotangent)
        return tuple(g if g.size == cotangent.size else (g * (g.size / cotangent.size)).astype(g.dtype) for g in found)

    assert judged(name, "gradient", **{f"{name}_vjp": averaged})[0]["asked"].verdict is Verdict.REFUTED
    assert judged(name, "gradient")[0]["asked"].verdict is Verdict.HOLDS
