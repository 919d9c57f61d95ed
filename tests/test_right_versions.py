"""Right but different: nothing within the stated contract is ever accused."""

import zlib
from collections.abc import Callable, Sequence
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import scipy.special as sp
from flint import arb
from planted import case_of, laid_back, right

import reference as ref
from suite.arithmetic import Balls, Undecided
from suite.arithmetic.table import TABLE
from suite.audit import PROFILES, Plan, Profile, judge_group
from suite.case import Case
from suite.concepts import concepts
from suite.floats import FORMATS, Array, format_of, precision
from suite.judge import BITS, entry
from suite.limits import limits
from suite.record import Concept
from suite.targets.library import Library
from suite.verdict import Cell, Severity, Verdict

pytestmark = pytest.mark.filterwarnings("ignore")

Function = Callable[..., Any]
SEEDS = (0, 1)
BAD = (Verdict.REFUTED, Verdict.BROKEN)


def with_one(name: str, function: Function | None = None, vjp: Function | None = None) -> Library:
    """The reference with another right version of one function, or of its derivative."""
    good = right()
    functions = {**good.functions, **({name: function} if function else {})}
    vjps = {**good.vjps, **({name: vjp} if vjp else {})}
    return Library("right", good.framework, functions, vjps)


def accused(
    concept: Concept, library: Library, dtypes: Sequence[str] = tuple(FORMATS), seeds: Sequence[int] = SEEDS,
    profile: str = "quick", laws: tuple[str, ...] = (),
) -> list[Cell]:  # fmt: skip
    """Every cell that is refuted, or that could not be run."""
    found = []
    for dtype in dtypes:
        for seed in seeds:
            with np.errstate(all="ignore"):
                judged = judge_group((concept.name, dtype), library, Plan("numpy", "cpu", profile, seed, laws))
            found += [c for c in judged.cells if c.verdict in BAD]
    return found


def told(cells: list[Cell]) -> list[str]:
    """What a failure prints: the cell, how far off, and for which input."""
    return [
        f"{c.id}: {c.reason}" if c.finding is None else
        f"{c.id} {c.finding.severity} x{c.finding.ratio:.3g}: got {c.finding.got} for {c.finding.witness.operands}, "
        f"truth {c.finding.enclosure}, allowed {c.finding.allowed} {c.finding.note}"
        for c in cells
    ]  # fmt: skip


def where(condition: Callable[[Concept], Any]) -> Any:
    """Parametrises a test over the concepts that satisfy a condition."""
    names = [c.name for c in concepts().values() if condition(c)]
    return pytest.mark.parametrize("concept", [concepts()[n] for n in names], ids=names)


# -- the declared alternatives, wrapped for half precision as the reference is


@where(lambda c: c.alternatives)
def test_declared_alternatives(concept: Concept) -> None:
    for text in concept.alternatives:
        assert told(accused(concept, with_one(concept.call_name, ref.wide(text)))) == []


@where(lambda c: c.vjp_alternatives)
def test_declared_alternatives_of_the_derivative(concept: Concept) -> None:
    for text in concept.vjp_alternatives:
        assert told(accused(concept, with_one(concept.call_name, vjp=ref.wide(text)))) == []


# -- what libraries keep for the backward pass: less accurate, and no worse than that


@where(lambda c: c.saved)
def test_gradients_from_the_saved_output_are_at_worst_inaccurate(concept: Concept) -> None:
    for cell in accused(concept, with_one(concept.call_name, vjp=ref.wide(concept.saved))):
        assert cell.law == "gradient" and cell.finding is not None, told([cell])
        assert cell.severity is Severity.INACCURATE and "saved output" in cell.finding.note, told([cell])


# -- another order of summation


def reverse(name: str) -> tuple[tuple[tuple[int, ...], ...], tuple[int, ...]]:
    """The axes of each operand to reverse, and those of the result to reverse back."""
    both, last = ((-1,), (-1,)), ((-1,),)
    table = {
        "softmax": (last, (-1,)), "log_softmax": (last, (-1,)), "project_simplex": (last, (-1,)),
        "vecdot": (both, ()), "matvec": (both, ()), "matmul": (((-1,), (-2,)), ()), "linear": (((-1,), (-1,), ()), ()),
        "linear_chain": (((-1,), (-2, -1), (-1,), (-1,), ()), ()), "matrix_norm": (((-2, -1),), ()),
        "cross_entropy": (((-2,), (-1,)), ()), "nll_loss": (((-2,), (-1,)), ()), "soft_cross_entropy": (both, ()),
        "cross_entropy_of_probabilities": (both, ()), "mse_loss": (both, ()), "kl_div": (both, ()),
        "binary_cross_entropy_with_logits": (both, ()), "precision": (both, ()), "recall": (both, ()), "accuracy": (both, ()),
        "gradient_descent": (((-2, -1), (-1,), (-1,)), (-1,)), "solve": (((-2, -1), (-1,)), (-1,)),
    }  # fmt: skip
    return table.get(name, (last, ()))


ORDERLESS = {
    "sum", "mean", "prod", "var", "std", "logsumexp", "vector_norm", "vector_norm_p", "softmax", "log_softmax", "project_simplex",
    "vecdot", "matvec", "matmul", "linear", "linear_chain", "matrix_norm", "spectral_norm", "cross_entropy", "nll_loss",
    "soft_cross_entropy", "cross_entropy_of_probabilities", "mse_loss", "kl_div", "binary_cross_entropy_with_logits",
    "precision", "recall", "accuracy", "gradient_descent", "solve",
}  # fmt: skip


def flipped(x: Array, axes: tuple[int, ...]) -> Array:
    return np.ascontiguousarray(np.flip(x, axes)) if axes and x.ndim >= -min(axes) else x


def reversed_order(name: str) -> Function:
    good, (axes, back) = getattr(ref, name), reverse(name)

    def other(*operands: Array, **options: Any) -> Array:
        axis = options.get("axis", -1)
        turn = axis if isinstance(axis, tuple) else (axis,)
        if "axis" in options:  # the concept acts along the axis that the caller names
            out = good(*(np.ascontiguousarray(np.flip(x, turn)) for x in operands), **options)
            return np.flip(out, turn) if back else out
        return flipped(good(*(flipped(x, k) for x, k in zip(operands, axes, strict=True)), **options), back)

    return other


@where(lambda c: c.name in ORDERLESS)
def test_another_order_of_summation(concept: Concept) -> None:
    assert told(accused(concept, with_one(concept.call_name, reversed_order(concept.call_name)))) == []


@ref.wide
def sum_in_sequence(x: Array, *, axis: Any = -1, keepdims: bool = False) -> Array:
    """One addition after the other, which NumPy does not do along a contiguous axis."""
    rows = ref.shapes.fold(x, axis)
    total = np.cumsum(rows, axis=-1)[..., -1]
    return ref.shapes.spread(total, x, axis) if keepdims else total


@ref.wide
def mean_in_sequence(x: Array, *, axis: Any = -1, keepdims: bool = False) -> Array:
    return sum_in_sequence(x, axis=axis, keepdims=keepdims) / ref.shapes.count(x, axis)


@ref.wide
def var_in_sequence(x: Array, *, axis: Any = -1, correction: float = 0.0, keepdims: bool = False) -> Array:
    d = x - mean_in_sequence(x, axis=axis, keepdims=True)
    return sum_in_sequence(d * d, axis=axis, keepdims=keepdims) / max(ref.shapes.count(x, axis) - correction, 0.0)


@ref.wide
def vecdot_in_sequence(x1: Array, x2: Array, *, axis: int = -1) -> Array:
    return sum_in_sequence(x1 * x2, axis=axis)


@pytest.mark.parametrize("other", [sum_in_sequence, mean_in_sequence, var_in_sequence, vecdot_in_sequence])
def test_one_addition_after_the_other(other: Function) -> None:
    concept = concepts()[other.__name__.removesuffix("_in_sequence")]
    assert told(accused(concept, with_one(concept.name, other))) == []


@where(lambda c: c.name in ("var", "std"))
def test_variance_by_welford_and_by_two_passes(concept: Concept) -> None:
    root = np.sqrt if concept.name == "std" else np.positive
    for text in (ref.var_welford, ref.var_two_pass):
        if concept.name == "std":  # the root of a variance whose squares may leave the range is no sound version
            continue
        assert told(accused(concept, with_one(concept.name, lambda x, text=text, **o: root(text(x, **o))))) == []


# -- float64 inside, rounded once at the end


def doubled(f: Function) -> Function:
    def inside(*operands: Array, **options: Any) -> Any:
        floats = [x for x in operands if x.dtype.kind not in "iu"]
        more = {k: v.astype(np.float64) if k == "cotangent" else v for k, v in options.items()}
        result = f(*(x if x.dtype.kind in "iu" else x.astype(np.float64) for x in operands), **more)
        fmt = format_of(floats[0].dtype)
        with np.errstate(all="ignore"):
            return tuple(fmt.round(r) for r in result) if isinstance(result, tuple) else fmt.round(np.asarray(result))

    return inside


@where(lambda c: c.name != "nextafter")  # the neighbours of a float are those of its own format
def test_float64_inside_and_rounded_once(concept: Concept) -> None:
    name = concept.call_name
    vjp = getattr(ref, f"{name}_vjp", None)
    library = with_one(name, doubled(getattr(ref, name)), doubled(vjp) if vjp else None)
    assert told(accused(concept, library, ("float32", "float16", "bfloat16"))) == []
