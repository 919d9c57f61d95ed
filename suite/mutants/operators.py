"""Mutants that follow from the declarations: a handful of operators, applied to every concept they fit.

An operator is a function from a concept to a changed function (None where it does not fit). Which format it is tried
in follows from the operator or turns from concept to concept, so that every format has its share.
"""

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Any

import ml_dtypes
import numpy as np

import reference as ref
from suite.concepts import concepts
from suite.floats import FORMATS, Array, format_of
from suite.mutants.asked import PATHS, TWICE, on_path
from suite.mutants.derivatives import nan_at_zero, swapped, tail_detached, transposed, without_cotangent
from suite.mutants.makers import Function, coin, either, strided
from suite.mutants.mutant import Mutant
from suite.record import Concept

Make = Callable[[Concept, Function], Function | None]


@dataclass(frozen=True)
class Operator:
    """One way of going wrong: ``make`` gets the concept and its right function (or derivative, where ``vjp``)."""

    kind: str
    why: str
    make: Make
    dtypes: tuple[str, ...] = tuple(FORMATS)
    vjp: bool = False


def result_changed(change: Callable[[Array, tuple[Array, ...]], Array]) -> Make:
    """The right result, then something done to it; of a derivative, to each of its arrays."""

    def make(concept: Concept, good: Function) -> Function:
        @wraps(good)
        def wrong(*operands: Array, **options: Any) -> Any:
            with np.errstate(all="ignore"):
                result = good(*operands, **options)
                if isinstance(result, tuple):
                    return tuple(change(np.asarray(r), operands).astype(r.dtype) for r in result)
                return change(np.asarray(result), operands).astype(result.dtype)

        return wrong

    return make


def operands_changed(change: Callable[[Array], Array]) -> Make:
    """The right function of changed operands; labels and cotangents stay."""

    def make(concept: Concept, good: Function) -> Function:
        @wraps(good)
        def wrong(*operands: Array, **options: Any) -> Any:
            with np.errstate(all="ignore"):
                return good(*(x if x.dtype.kind in "iu" else change(x).astype(x.dtype) for x in operands), **options)

        return wrong

    return make


def _scaled(factor: float) -> Callable[[Array, tuple[Array, ...]], Array]:
    return lambda y, operands: y.astype(np.float64) * factor


def _ulps(count: float) -> Callable[[Array, tuple[Array, ...]], Array]:
    def change(y: Array, operands: tuple[Array, ...]) -> Array:
        v, fmt = y.astype(np.float64), format_of(y.dtype)
        return np.where(np.isfinite(v) & (v != 0), v + count * coin(operands, v) * fmt.ulp(v), v)

    return change


def _nan_swallowed(y: Array, operands: tuple[Array, ...]) -> Array:
    return np.where(np.isnan(y), np.zeros_like(y), y)


def _saturated(y: Array, operands: tuple[Array, ...]) -> Array:
    """At the square root of the format's largest number."""
    top = float(np.sqrt(format_of(y.dtype).max))
    return np.clip(y.astype(np.float64), -top, top)


def _truncated(y: Array, operands: tuple[Array, ...]) -> Array:
    """The last two bits are cut off instead of rounded."""
    word = np.dtype(f"u{y.dtype.itemsize}")
    bits = np.ascontiguousarray(y).view(word)
    return np.where(np.isfinite(y), (bits & ~np.array(3, word)).view(y.dtype), y)


def _zeros_unsigned(y: Array, operands: tuple[Array, ...]) -> Array:
    return np.where(y == 0, np.zeros_like(y), y)


def _negative_zero(concept: Concept, good: Function) -> Function | None:
    """Only where a zero is declared to keep its sign."""
    signed = any(r == 0 and np.signbit(r) for _, r in concept.truth.specials)
    return result_changed(_zeros_unsigned)(concept, good) if signed else None


def _half(x: Array) -> Array:
    return x.astype(np.float16)


def _brain(x: Array) -> Array:
    return x.astype(ml_dtypes.bfloat16)


def _clamped(x: Array) -> Array:
    """Large arguments are cut off, as a polynomial's range of validity."""
    return np.clip(x.astype(np.float64), -16, 16)


def _flushed(y: Array, operands: tuple[Array, ...]) -> Array:
    """Everything below 2^(emin/2) is zero: an order of magnitude no hardware flushes."""
    fmt = format_of(y.dtype)
    return np.where(np.abs(y.astype(np.float64)) < 2.0 ** (fmt.emin // 2), np.zeros_like(y), y)


def unwidened(concept: Concept, good: Function) -> Function | None:
    """16-bit operands are computed with in 16 bits throughout, sums too."""
    plain = getattr(good, "__wrapped__", None)
    if plain is None or not any(concept.cores):
        return None

    def wrong(*operands: Array, **options: Any) -> Any:
        with np.errstate(all="ignore"):
            dtype = next(x.dtype for x in operands if x.dtype.kind not in "iu")
            result = plain(*operands, **options)
            return tuple(r.astype(dtype) for r in result) if isinstance(result, tuple) else np.asarray(result, dtype)

    return wrong


def _tail(concept: Concept, good: Function) -> Function | None:
    """A vector kernel of width 8 whose scalar tail works to 1 part in 64."""
    if not concept.elementwise:
        return None

    def change(y: Array, operands: tuple[Array, ...]) -> Array:
        out = np.array(y, np.float64).ravel()
        out[len(out) // 8 * 8 :] *= 1 + 2.0**-6
        return out.reshape(y.shape)

    return result_changed(change)(concept, good)


def _shortened(length: int, drop: int) -> Make:
    """Axes longer than ``length`` lose their last ``drop`` entries (in the result: these are wrong)."""

    def make(concept: Concept, good: Function) -> Function | None:
        if not concept.along or concept.elementwise or len(concept.cores[0]) != 1:
            return None

        @wraps(good)
        def wrong(*operands: Array, **options: Any) -> Any:
            axis = options.get("axis", -1)
            if not isinstance(axis, int) or operands[0].shape[axis] <= length:
                return good(*operands, **options)
            keep = np.arange(operands[0].shape[axis] - drop)
            if not concept.result:
                return good(*(np.take(x, keep, axis=axis) for x in operands), **options)
            y = np.array(good(*operands, **options))
            end = np.moveaxis(y, axis, -1)
            end[..., len(keep) :] = end[..., :1]
            return y

        return wrong

    return make


def _stale(concept: Concept, good: Function) -> Function:
    """The output buffer is used again, and its last entry not written: it is that of the call before."""
    before: dict[Any, Any] = {}

    @wraps(good)
    def wrong(*operands: Array, **options: Any) -> Any:
        y = np.array(good(*operands, **options))
        key = (y.shape, y.dtype, str(sorted(options.items(), key=str)))
        old = before.get(key, 0)
        before[key] = y.flat[-1] if y.size else 0
        if y.size:
            y.flat[-1] = old
        return y[()]

    return wrong


def _on_strides(concept: Concept, good: Function) -> Function | None:
    """A kernel for operands with gaps that works to 1 part in 64."""
    if concept.apart:
        return None
    bad = result_changed(_scaled(1 + 2.0**-6))(concept, good)
    return either(bad, good, strided) if bad else None


def _other_axis(concept: Concept, good: Function) -> Function | None:
    """Along another axis than the last, the axis before it is taken where the result has the same shape."""
    if not (concept.along and concept.result):
        return None

    @wraps(good)
    def wrong(*operands: Array, axis: int = -1, **options: Any) -> Any:
        last = axis in (-1, operands[0].ndim - 1)
        return good(*operands, axis=axis if last else axis - 1, **options)

    return wrong


DIGITS = ("float64", "float32", "float16")  # bfloat16 has not three digits to lose
WIDE, HALVES = ("float64", "float32"), ("float16", "bfloat16")
OPERATORS: tuple[Operator, ...] = (
    Operator("relative error 1e-3", "three digits only", result_changed(_scaled(1.001)), DIGITS),
    Operator("64 ulp", "the last six bits are noise", result_changed(_ulps(64.0))),
    Operator("4 ulp", "the last two bits are noise", result_changed(_ulps(4.0))),
    Operator("truncated", "the last two bits are cut off, which is biased", result_changed(_truncated)),
    Operator("forgotten half", "a factor of two", result_changed(_scaled(0.5))),
    Operator("NaN swallowed", "a NaN in the data shows nowhere", result_changed(_nan_swallowed)),
    Operator("saturated", "large results are cut off", result_changed(_saturated)),
    Operator("small results flushed", "small results are zero", result_changed(_flushed)),
    Operator("zero unsigned", "-0 becomes +0, and 1/y changes its sign", _negative_zero),
    Operator("clamped operands", "large arguments are cut off", operands_changed(_clamped)),
    Operator("float16 inside", "operands pass through float16", operands_changed(_half), WIDE),
    Operator("bfloat16 inside", "operands pass through bfloat16", operands_changed(_brain), WIDE),
    Operator("sums in 16 bits", "the accumulator has the operands' format", unwidened, HALVES),
    Operator("scalar tail", "the last lanes of a vector kernel are less accurate", _tail),
    Operator("last entry dropped", "off by one in the loop", _shortened(1, 1)),
    Operator("tail dropped", "what is left after blocks of 8 is never read", _shortened(8, 1)),
    Operator("wrong beyond 1024", "a second block loses its last entry", _shortened(1024, 1)),
    Operator("stale buffer", "an entry of the output is not written", _stale),
    Operator("strided operands", "operands with gaps take a less accurate path", _on_strides),
    Operator("neighbouring axis", "another axis than the last is off by one", _other_axis),
    Operator("relative error 1e-3", "three digits only", result_changed(_scaled(1.001)), DIGITS, vjp=True),
    Operator("64 ulp", "the last six bits are noise", result_changed(_ulps(64.0)), vjp=True),
    Operator("doubled", "the derivative is counted twice", result_changed(_scaled(2.0)), vjp=True),
    Operator("detached", "no derivative at all", result_changed(_scaled(0.0)), vjp=True),
    Operator("tail detached", "small derivatives are zero", result_changed(tail_detached), vjp=True),
    Operator("NaN at zero", "0/0 in the derivative", result_changed(nan_at_zero), vjp=True),
    Operator("cotangent's sign only", "the derivative does not scale with the cotangent", without_cotangent, vjp=True),
    Operator("float16 inside", "operands pass through float16", operands_changed(_half), WIDE, vjp=True),
    Operator("transposed Jacobian", "J g instead of its transpose", transposed, vjp=True),
    Operator("operands swapped", "the derivatives of two operands change places", swapped, vjp=True),
    *(Operator(kind, "calls of this form take a less accurate path", on_path(kind)) for kind in PATHS),
    *(
        Operator(kind, "its derivative takes a less accurate path", on_path(kind), vjp=True)
        for kind in PATHS
        if kind != TWICE
    ),
)


def generated() -> Iterator[Mutant]:
    """Every operator on every concept that it fits, each in one format."""
    for concept in concepts().values():
        for operator in OPERATORS:
            name = concept.call_name + ("_vjp" if operator.vjp else "")
            good = getattr(ref, name, None)
            if good is None or (operator.vjp and not concept.differentiable):
                continue
            function = operator.make(concept, good)
            if function is None:
                continue
            turn = zlib.crc32(f"{concept.name} {operator.kind} {operator.vjp}".encode()) % len(operator.dtypes)
            dtype = operator.dtypes[turn]
            yield Mutant(concept.name, operator.kind, function, operator.why, "operator", "", dtype, operator.vjp)
