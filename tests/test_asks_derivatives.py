"""Derivatives along asks: forward mode, the second derivative, one array given twice; and their reproductions."""

import contextlib
import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from flint import arb

import reference as ref
from suite.audit.group import judge_group
from suite.audit.plan import Plan
from suite.audit.recheck import refuted_again
from suite.concepts import concepts
from suite.draw.asks import Ask
from suite.draw.recipes import Recipe, draw
from suite.findings.reproduction import reproduction
from suite.floats import FORMATS, Array
from suite.judge.case import Case
from suite.judge.compare import Ruler, compare
from suite.judge.outcome import Outcome, Refutation
from suite.laws.law import Law
from suite.mutants.makers import either, right
from suite.mutants.modes import dropped, forward_doubled
from suite.targets.library import Library
from suite.verdict import Severity, Verdict

pytestmark = pytest.mark.filterwarnings("ignore")  # of NumPy and torch, inside functions that are under test
torch = pytest.importorskip("torch")


def judged(name: str, law: str, library: Library, cases: int = 12) -> Any:
    with np.errstate(all="ignore"):
        cells = judge_group((name, "float32"), library, Plan("mine", "cpu", "ci", 0, (law,), cases=cases)).cells
    return {c.route: c for c in cells}


def of_torch(name: str, change: Callable[..., Any], when: Callable[..., bool]) -> Library:
    good = right("torch")
    bad = change(concepts()[name], good.functions[name])
    return replace(good, functions={**good.functions, name: either(bad, good.functions[name], when)})


def other_axis(x: Any, *rest: Any, axis: Any = -1, **options: Any) -> bool:
    return x.ndim > 1 and axis not in (-1, x.ndim - 1)


def kept(x: Any, *rest: Any, keepdims: bool = False, **options: Any) -> bool:
    return keepdims


def of_three_axes(x: Any, *rest: Any, **options: Any) -> bool:
    return x.ndim == 3


def of_a_number(x: Any, *rest: Any, **options: Any) -> bool:
    return x.ndim == 0


def uneven(x: Any, y: Any, **options: Any) -> bool:
    return x.shape != y.shape


BENT = [
    *((n, other_axis) for n in ("softmax", "logsumexp", "var")),
    ("logsumexp", kept),
    ("exp", of_three_axes),
    ("tanh", of_a_number),
    ("multiply", uneven),
]


@pytest.mark.parametrize("name, when", BENT)
def test_forward_mode_that_is_wrong_in_one_way_of_calling_is_refuted(name: str, when: Callable[..., bool]) -> None:
    library = of_torch(name, forward_doubled, when)
    cells = judged(name, "forward", library)
    found = cells["asked"]
    assert found.verdict is Verdict.REFUTED and refuted_again(found.finding, library) is not None, found.reason
    assert "torch.func.jvp" in found.finding.reproduction
    assert cells["forward"].verdict is Verdict.HOLDS


@pytest.mark.parametrize("name, when", [b for b in BENT if b[0] != "multiply"] + [("divide", uneven)])
def test_a_second_derivative_that_is_wrong_in_one_way_of_calling_is_refuted(
    name: str, when: Callable[..., bool]
) -> None:
    library = of_torch(name, dropped, when)
    cells = judged(name, "second_derivative", library)
    found = cells["asked"]
    assert found.verdict is Verdict.REFUTED and refuted_again(found.finding, library) is not None, found.reason
    assert "create_graph=True" in found.finding.reproduction


@pytest.mark.parametrize("name", ["softmax", "multiply", "var", "cross_entropy_none"])
@pytest.mark.parametrize("law", ["forward", "gradient"])
def test_torch_itself_is_not_accused_of_derivatives_along_asks(name: str, law: str) -> None:
    cell = judged(name, law, right("torch"))["asked"]
    assert cell.verdict is Verdict.HOLDS, cell.finding or cell.reason


# -- one array given twice: the derivative by it is the sum of both


def same(x: Any, y: Any, **options: Any) -> bool:
    return x is y or np.shares_memory(x, y)


@pytest.mark.parametrize("name", ["multiply", "add", "vecdot", "logaddexp", "divide"])
def test_the_derivative_by_an_array_that_is_given_twice_is_the_sum_of_both(name: str) -> None:
    call = concepts()[name].call_name
    good, library = getattr(ref, f"{call}_vjp"), right()

    def twice_the_first(*operands: Array, **options: Any) -> tuple[Array, ...]:
        first, *others = good(*operands, **options)
        return (np.float32(1.01) * first, *others)

    vjps = {**library.vjps, call: either(twice_the_first, good, same)}
    cells = judged(name, "gradient", replace(library, name="mine", vjps=vjps), 48)
    assert cells["asked"].verdict is Verdict.REFUTED and cells["vjp"].verdict is Verdict.HOLDS
    assert ("shared", True) in cells["asked"].finding.witness.ask
    assert judged(name, "gradient", library)["asked"].verdict is Verdict.HOLDS


def test_a_library_that_forgets_one_of_two_uses_of_an_array_is_refuted() -> None:
    good = right("torch")

    def constant(x: Any, y: Any) -> Any:
        return x * (y.detach() if y is x else y)

    library = replace(good, functions={**good.functions, "multiply": constant})
    cells = judged("multiply", "gradient", library, 48)
    assert cells["asked"].finding.severity is Severity.WRONG
    assert cells["backward"].verdict is cells["functional"].verdict is Verdict.HOLDS
    assert judged("multiply", "gradient", good, 48)["asked"].verdict is Verdict.HOLDS


# -- a reproduction is that very call


def case_of(name: str, target: Library, ask: Ask, n: int = 3) -> Case:
    concept, fmt = concepts()[name], FORMATS["float64"]
    recipe = Recipe(tuple((d, n) for d in concept.dims), 0, 5)
    drawn = draw(concept, fmt, recipe)
    rng = np.random.default_rng(0)
    inputs = tuple(x if x.dtype.kind in "iu" else rng.uniform(0.25, 2, x.shape) for x in drawn)
    return Case(concept, fmt, inputs, recipe, target=target).take(slice(0, 12)).asked(ask)


Way = Callable[[Case], Array]


def printed(case: Case, target: Library, way: Way, wrt: int = -1) -> list[tuple[Refutation, float, Any]]:
    """What is got along a way, none of it true, and what its reproductions print for that."""

    def judged(law: Law, one: Case, route: str) -> Outcome:
        got = way(one)
        elsewhere = np.asarray(got, np.float64) + 1
        truth = [np.vectorize(arb, otypes=[object])(row) for row in elsewhere]
        return compare(one, got, Ruler(elsewhere, np.zeros(got.shape), lambda row, bits: truth[row], wrt=wrt))

    found = []
    for refutation in judged(Law(), case, "asked").refuted:
        out, space = io.StringIO(), dict[str, Any]()
        with contextlib.redirect_stdout(out):
            exec(reproduction(refutation, Law(), "asked", judged, target), space)
        said = dict(line.split(maxsplit=1) for line in out.getvalue().splitlines())
        found.append((refutation, float(said["got"]), space))
    return found


ASKS = [
    ("softmax", Ask(rank=2, place="middle", memory="transposed")),
    ("logsumexp", Ask(rank=2, place="first", keepdims=True, named="front")),
    ("multiply", Ask(rank=2, stretched="outer", memory="strided")),
    ("exp", Ask(rank=0)),
]
WAYS: dict[str, Way] = {
    "forward": lambda case: case.pushed("forward", 0, np.ones_like(np.asarray(case.inputs[0]))),
    "second": lambda case: case.twice("create_graph", 0, np.ones_like(np.asarray(case.inputs[0]))),
    "gradient": lambda case: case.grads("backward")[0],
    "value": lambda case: case.got(),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name, ask", ASKS)
def test_reproductions_of_derivatives_print_what_was_judged(name: str, ask: Ask, way: str) -> None:
    target = replace(right("torch"), name="torch")
    found = printed(case_of(name, target, ask), target, WAYS[way], -1 if way == "value" else 0)
    assert found and all(float.fromhex(r.got) == got for r, got, _ in found)


@pytest.mark.parametrize("framework", ["numpy", "torch"])
def test_a_reproduction_gives_one_array_twice(framework: str) -> None:
    target = replace(right(framework), name=framework)
    case = case_of("vecdot", target, Ask(shared=True))
    found = printed(case, target, lambda one: one.grads(target.ways[0].name)[0], 0)
    assert found and all(float.fromhex(r.got) == got for r, got, _ in found)


@pytest.mark.parametrize("memory", ["strided", "transposed", "repeated", "offset"])
def test_the_reproduction_of_a_row_has_its_memory(memory: str) -> None:
    """A row by itself is a row of what lies there, with its strides."""
    target = replace(right("numpy"), name="numpy")
    case = case_of("softmax", target, Ask(rank=0, memory=memory))
    xs, a = case.asking.operands(case.inputs), case.asking
    rows = target._native(case.concept.call_name, xs, a.memory(xs))[0]
    for found, got, space in printed(case, target, WAYS["value"]):
        row = rows[found.row, ...]
        assert space["x0_0"].strides == row.strides and np.array_equal(space["x0_0"], row)
        assert float.fromhex(found.got) == got


def test_a_read_only_operand_is_read_only_in_its_reproduction() -> None:
    target = replace(right("numpy"), name="numpy")
    case = case_of("exp", target, Ask(memory="read_only"))
    assert all(not space["x0_0"].flags.writeable for *_, space in printed(case, target, WAYS["value"]))


def test_a_function_that_writes_into_what_is_read_only_is_refuted() -> None:
    """On operands that can be written it puts back what was there."""

    def borrowed(x: Array, *, axis: Any = -1) -> Array:
        before = x.copy()
        x -= np.max(x, axis=axis, keepdims=True)
        y = ref.softmax(x, axis=axis)
        x[...] = before
        return y

    good = right()
    library = replace(good, name="mine", functions={**good.functions, "softmax": borrowed})
    found = judged("softmax", "accuracy", library, 48)["asked"]
    assert found.verdict is Verdict.REFUTED and "read-only" in found.finding.note


def stuck_at_the_end(x: Array, *rest: Array, **options: Any) -> bool:
    return x.ndim > 0 and x.shape[-1] > 1 and x.strides[-1] == 0


@pytest.mark.parametrize("name", ["softmax", "sum", "logsumexp", "vecdot", "matmul", "exp"])
def test_a_value_that_is_wrong_where_a_row_is_expanded_along_its_axis_is_refuted(name: str) -> None:
    good, library = getattr(ref, name), right()

    def scaled(*operands: Array, **options: Any) -> Array:
        return np.asarray(good(*operands, **options)) * np.float32(1.001)

    functions = {**library.functions, name: either(scaled, good, stuck_at_the_end)}
    found = judged(name, "accuracy", replace(library, name="mine", functions=functions), 48)["asked"]
    assert found.verdict is Verdict.REFUTED and ("memory", "repeated") in found.finding.witness.ask


def test_one_vector_stands_against_a_stack_of_matrices() -> None:
    good, library = ref.matvec, right()

    def wrong(a: Array, x: Array) -> Array:
        return good(a, x) * np.float32(1.001 if a.ndim > 2 and x.ndim == 1 else 1)

    found = judged(
        "matvec", "accuracy", replace(library, name="mine", functions={**library.functions, "matvec": wrong}), 24
    )
    assert found["asked"].verdict is Verdict.REFUTED and found["eager"].verdict is Verdict.HOLDS
    assert judged("matvec", "gradient", library, 24)["asked"].verdict is Verdict.HOLDS
