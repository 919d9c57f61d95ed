"""Right but different: nothing within the stated contract is ever accused."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import scipy.special as sp
from flint import arb

import reference as ref
from reference.shapes import count, fold, spread
from suite import inputs
from suite.arithmetic import Balls, Undecided, Variable, backward
from suite.arithmetic.table import TABLE
from suite.audit import judge_group
from suite.concepts import concepts
from suite.floats import FORMATS, Array, Format, format_of, precision
from suite.mutants.makers import case_of, laid_back, right
from suite.plan import PROFILES, Plan, Profile
from suite.record import Concept
from suite.targets.library import Library
from suite.verdict import Cell, Severity, Verdict

pytestmark = pytest.mark.filterwarnings("ignore")  # of NumPy, inside functions that are under test

Function = Callable[..., Any]
BAD = (Verdict.REFUTED, Verdict.BROKEN)
DERIVATIVE = ("gradient", "gradient_finite", "gradient_sum", "euler", "first_order", "monotone_gradient", "kink")


def with_one(name: str, function: Function | None = None, vjp: Function | None = None) -> Library:
    """The reference with another right version of one function, or of its derivative."""
    good = right()
    functions = {**good.functions, **({name: function} if function else {})}
    vjps = {**good.vjps, **({name: vjp} if vjp else {})}
    return Library("right", good.framework, functions, vjps)


def accused(
    concept: Concept, library: Library, seeds: Sequence[int], dtypes: Sequence[str] = tuple(FORMATS),
    laws: tuple[str, ...] = (), profile: str = "quick",
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


def as_function(concept: Concept, text: Function) -> Function:
    """A declared text has its operands written out, and acts along the last axis."""

    def called(*operands: Array, **options: Any) -> Array:
        if concept.elementwise:
            return text(*(x.copy() for x in np.broadcast_arrays(*operands)), **options)
        if concept.result and isinstance(options.get("axis"), int):
            moved = [np.moveaxis(x, options["axis"], -1) for x in operands]
            return np.moveaxis(text(*moved, **{**options, "axis": -1}), -1, options["axis"])
        return text(*operands, **options)

    return called


@where(lambda c: c.alternatives)
def test_declared_alternatives(concept: Concept) -> None:
    for text in concept.alternatives:
        library = with_one(concept.call_name, as_function(concept, ref.wide(text)))
        assert told(accused(concept, library, (1, 2), ("float64", "float32"))) == []
        assert told(accused(concept, library, (3,), ("float16", "bfloat16"))) == []


@where(lambda c: c.vjp_alternatives)
def test_declared_alternatives_of_the_derivative(concept: Concept) -> None:
    for text in concept.vjp_alternatives:
        assert told(accused(concept, with_one(concept.call_name, vjp=ref.wide(text)), (1, 2), laws=DERIVATIVE)) == []


# -- what libraries keep for the backward pass: less accurate, and no worse than that


@where(lambda c: c.saved)
def test_gradients_from_the_saved_output_are_at_worst_inaccurate(concept: Concept) -> None:
    library = with_one(concept.call_name, vjp=ref.wide(concept.saved))
    for cell in accused(concept, library, (1, 2), laws=DERIVATIVE):
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
        "binary_cross_entropy_with_logits": (both, ()), "precision": (both, ()), "recall": (both, ()),
        "accuracy": (both, ()),
        "gradient_descent": (((-2, -1), (-1,), (-1,)), (-1,)), "solve": (((-2, -1), (-1,)), (-1,)),
    }  # fmt: skip
    return table.get(name, (last, ()))


ORDERLESS = {
    "sum", "mean", "prod", "var", "std", "logsumexp", "vector_norm", "vector_norm_p", "softmax", "log_softmax",
    "project_simplex", "vecdot", "matvec", "matmul", "linear", "linear_chain", "matrix_norm", "spectral_norm",
    "cross_entropy", "nll_loss", "soft_cross_entropy", "cross_entropy_of_probabilities", "mse_loss", "kl_div",
    "binary_cross_entropy_with_logits", "precision", "recall", "accuracy", "gradient_descent", "solve",
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
    assert told(accused(concept, with_one(concept.call_name, reversed_order(concept.call_name)), (3,))) == []


@ref.wide
def sum_in_sequence(x: Array, *, axis: Any = -1, keepdims: bool = False) -> Array:
    """One addition after the other, which NumPy does not do along a contiguous axis."""
    rows = fold(x, axis)
    start = np.zeros((*rows.shape[:-1], 1), rows.dtype)  # the sum of nothing is 0
    total = np.cumsum(np.concatenate([start, rows], axis=-1), axis=-1)[..., -1]
    return spread(total, x, axis) if keepdims else total


@ref.wide
def mean_in_sequence(x: Array, *, axis: Any = -1, keepdims: bool = False) -> Array:
    return sum_in_sequence(x, axis=axis, keepdims=keepdims) / count(x, axis)


@ref.wide
def var_in_sequence(x: Array, *, axis: Any = -1, correction: float = 0.0, keepdims: bool = False) -> Array:
    d = x - mean_in_sequence(x, axis=axis, keepdims=True)
    return sum_in_sequence(d * d, axis=axis, keepdims=keepdims) / max(count(x, axis) - correction, 0.0)


@ref.wide
def vecdot_in_sequence(x1: Array, x2: Array, *, axis: int = -1) -> Array:
    return sum_in_sequence(x1 * x2, axis=axis)


@pytest.mark.parametrize("other", [sum_in_sequence, mean_in_sequence, var_in_sequence, vecdot_in_sequence])
def test_one_addition_after_the_other(other: Function) -> None:
    concept = concepts()[other.__name__.removesuffix("_in_sequence")]
    assert told(accused(concept, with_one(concept.name, other), (0, 1))) == []


@where(lambda c: c.name == "var")
@pytest.mark.parametrize("text", [ref.var_welford, ref.var_two_pass])
def test_the_other_sound_variances(concept: Concept, text: Function) -> None:
    assert told(accused(concept, with_one("var", text), (0, 1))) == []


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
    assert told(accused(concept, library, (4,), ("float32", "float16", "bfloat16"))) == []


# -- elementary functions that are off by up to 4 units in the last place


class Sloppy(np.ndarray[Any, Any]):
    """Arrays whose exp, log, tanh, ... are up to 4 ulp off, by the bits of the argument."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        plain = [np.asarray(x) if isinstance(x, Sloppy) else x for x in inputs]
        result = getattr(ufunc, method)(*plain, **options)
        if method == "__call__" and ufunc in PERTURBED:
            result = perturbed(ufunc, plain, np.asarray(result))
        return sloppy(result)

    def __array_function__(self, function: Function, types: Any, args: Any, options: Any) -> Any:
        return sloppy(super().__array_function__(function, types, args, options))


def sloppy(x: Any) -> Any:
    return x.view(Sloppy) if isinstance(x, np.ndarray) and x.dtype.kind != "O" else x


# sqrt is correctly rounded in every library; the C library's erfc has no ulp to spare in float64
PERTURBED = {*TABLE, np.power} - {np.sqrt}
# arguments at which the exact value is a float, and IEEE 754, C or the array API requires it
EXACT: dict[np.ufunc, Function] = {
    np.log: lambda x: x == 1,
    np.log2: lambda x: np.abs(np.frexp(x)[0]) == 0.5,
    np.exp2: lambda x: x == np.rint(x),
    np.power: lambda x, y: (y == np.rint(y)) & (np.abs(y) <= 2) | (x == 1) | (x == 0),
}


def perturbed(ufunc: np.ufunc, arguments: list[Any], result: Array) -> Array:
    if result.dtype == np.float64 and ufunc in (sp.erfc, sp.erfcx):
        return result
    fmt = format_of(result.dtype)
    with np.errstate(all="ignore"):
        exact = EXACT.get(ufunc, lambda x: x == 0)(*arguments)
        exact = exact | ~np.isfinite(arguments[0]) | ~np.isfinite(arguments[-1])
        # 4 ulp in all: a float64 result may bring one of its own, a float32 one is measured from float64
        most, near = (3.0, result) if fmt.p == 53 else (4.0, ufunc(*(np.asarray(x, np.float64) for x in arguments)))
        unit = fmt.ulp(near * (1 - fmt.u))  # at a power of two the exact value may be on the finer side
        off = fmt.round(near + most * dice(np.asarray(arguments[0], result.dtype)) * unit)
        beyond = np.abs(off.astype(np.float64) - near) > most * (1 - 2.0**-24) * unit
        off = np.where(beyond, np.nextafter(off, near.astype(off.dtype)), off)
        usable = ~exact & np.isfinite(near) & (np.sign(off) == np.sign(near)) & (near != 0)
    return np.where(usable, off, result).astype(result.dtype)


def dice(x: Array) -> Array:
    """-1, 1, or now and then less, by the bits of x."""
    word = np.uint64 if x.dtype == np.float64 else np.uint32
    hashed = (np.ascontiguousarray(x).view(word).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(61)
    return np.array([-1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -0.5, 0.5])[hashed.astype(np.intp)]


def loosened(f: Function) -> Function:
    def called(*operands: Array, **options: Any) -> Any:
        more = {k: sloppy(v) if k == "cotangent" else v for k, v in options.items()}
        result = f(*(x if x.dtype.kind in "iu" else sloppy(x) for x in operands), **more)
        return tuple(np.asarray(r) for r in result) if isinstance(result, tuple) else np.asarray(result)

    return called


ARITHMETIC = {
    "relu", "leaky_relu", "relu6", "hardtanh", "hardsigmoid", "hardswish", "add", "subtract", "multiply", "divide",
    "abs", "square", "reciprocal", "sqrt", "nll_loss", "mse_loss", "mse_loss_none", "precision", "recall", "accuracy",
    "vector_norm", "matrix_norm", "spectral_norm", "solve", "gradient_descent", "project_simplex", "vecdot", "matvec",
    "matmul", "linear", "linear_chain", "round_to", "nextafter", "sum", "mean", "cumsum", "prod", "var", "std",
}  # fmt: skip


@where(lambda c: c.name not in ARITHMETIC)
def test_elementary_functions_off_by_four_ulp(concept: Concept) -> None:
    name = concept.call_name
    vjp = getattr(ref, f"{name}_vjp", None)
    library = with_one(name, loosened(getattr(ref, name)), loosened(vjp) if vjp else None)
    assert told(accused(concept, library, (5,))) == []


# -- the oracle's own values: the definition in balls, rounded once


def oracle(concept: Concept) -> Function:
    """The exact value, correctly rounded."""

    def value(*operands: Array, **options: Any) -> Array:
        case = case_of(concept, operands, options)
        like = case.got()

        def balls(*rows: Array) -> Array:
            return concept.definition(*lifted(concept, rows), **case.options).a

        return laid_back(concept, rounded(case.inputs, balls, like, case.format), operands, options)

    return value


def oracle_vjp(concept: Concept) -> Function:
    """The exact derivative, by reverse mode over the definition, correctly rounded."""

    def vjp(*operands: Array, cotangent: Array, **options: Any) -> tuple[Array, ...]:
        case = case_of(concept, operands, options)
        seed = cotangent if concept.batched else cotangent[None]
        case.memo["cotangent"], out = seed, []
        for k, like in zip(case.wrt, case.grads("vjp"), strict=True):

            def balls(g: Array, *rows: Array, k: int = k) -> Array:
                variables = [x if x.dtype.kind in "iu" else Variable(Balls(x)) for x in rows]
                y = concept.definition(*variables, **case.options)
                (found,) = backward(y, Balls(np.broadcast_to(g.astype(np.float64), y.shape).copy()), [variables[k]])
                return np.full(rows[k].shape, arb(0), object) if found is None else found.a

            exact = rounded((seed, *case.inputs), balls, like, case.format)
            # a definition may be made of kinks that cancel at 0: max(x, 0) - log1p(e^-|x|)
            exact = np.where(np.isin(case.inputs[k].astype(np.float64), (0.0, *concept.kinks)), like, exact)
            out.append(exact if concept.batched else exact[0])
        return tuple(out)

    return vjp


def lifted(concept: Concept, rows: Sequence[Array]) -> list[Any]:
    return [x if o.integer else Balls(x) for x, o in zip(rows, concept.operands, strict=True)]


def rounded(rows: tuple[Array, ...], balls: Callable[..., Array], like: Array, fmt: Format) -> Array:
    """The rounding of ``balls(*rows)`` where the rows are finite and decide it, else ``like``."""
    out = np.array(like)
    if max(x[0].size for x in rows) > 300:  # balls by the ten thousand take too long here
        return out
    usable = np.logical_and.reduce([np.isfinite(x.astype(np.float64)).reshape(len(x), -1).all(axis=1) for x in rows])
    if usable.any():
        out[usable] = decided(tuple(x[usable] for x in rows), balls, out[usable], fmt)
    return out


def decided(rows: tuple[Array, ...], balls: Callable[..., Array], like: Array, fmt: Format) -> Array:
    for bits in (160, 1000):
        try:
            with precision(bits):
                found = np.broadcast_to(balls(*rows), like.shape)
                values = [nearest(b, float(v), fmt) for b, v in zip(found.ravel(), like.ravel(), strict=True)]
            return np.reshape(values, like.shape).astype(like.dtype)
        except Undecided:
            continue
    if len(like) == 1:
        return like
    one = [slice(r, r + 1) for r in range(len(like))]
    return np.concatenate([decided(tuple(x[r] for x in rows), balls, like[r], fmt) for r in one])


def nearest(ball: arb, like: float, fmt: Format) -> float:
    """Ziv's rounding; zeros have the sign of ``like``, which stands where the rounding is not decided."""
    if not ball.is_finite():
        return like
    if abs(ball) < arb(2) ** (fmt.emin - fmt.p - 1):  # less than half of the smallest subnormal
        return float(np.copysign(0.0, like))
    value = fmt.round_ball(ball)
    return like if value is None else float(np.copysign(0.0, like)) if value == 0 else value


@where(lambda c: c.definition is not None and c.name not in ("nextafter", "round_to"))  # no real functions
def test_the_exact_values_rounded(concept: Concept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "ELEMENTS", 72)  # some rows of every style
    monkeypatch.setitem(PROFILES, "small", Profile("small", 2, 2, 0.3))
    library = with_one(concept.call_name, oracle(concept), oracle_vjp(concept) if concept.vjp else None)
    assert told(accused(concept, library, (6,), profile="small")) == []


# -- right versions that are accused today


@ref.wide
def softplus_vjp_two_ulp_off(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """At 0 the bound is 3 ulp."""
    (g,) = ref.softplus_vjp(x, cotangent=cotangent)
    return (np.where(x == 0, g * (1.0 + 2.0**-51), g),)


def test_the_derivative_of_softplus_at_zero_is_one_half() -> None:
    library = with_one("softplus", vjp=softplus_vjp_two_ulp_off)
    assert told(accused(concepts()["softplus"], library, (0, 1, 2), ("float64",), DERIVATIVE)) == []


@ref.wide
def last_of_the_largest(x: Array, *, ord: Any, axis: int, cotangent: Array) -> tuple[Array, ...]:
    """A subgradient of max |x_i| that goes to one of several largest entries."""
    if ord != np.inf:
        return ref.vector_norm_vjp(x, ord=ord, axis=axis, cotangent=cotangent)
    last = x.shape[axis] - 1 - np.argmax(np.flip(np.abs(x), axis), axis=axis, keepdims=True)
    here = np.arange(x.shape[axis]) == np.moveaxis(last, axis, -1)
    return (np.where(np.moveaxis(here, -1, axis), np.sign(x) * spread(cotangent, x, axis), 0.0),)


def test_every_subgradient_of_the_infinity_norm_is_right_at_a_tie() -> None:
    library = with_one("vector_norm", vjp=last_of_the_largest)
    assert told(accused(concepts()["vector_norm"], library, (1, 2), ("float32",), DERIVATIVE)) == []
