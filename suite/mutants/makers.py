"""What mutants are made with: a right function, and one subtle thing wrong.

`off` returns the exact value plus a multiple of the bound that the suite itself requires, so that its distance
from the bound is known by construction; `nudged` moves some results by one unit in the last place, for laws that
hold bit for bit; `either` is wrong on one path only.
"""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, wraps
from typing import Any

import numpy as np

import reference as ref
from reference.shapes import fold, spread
from suite.concepts import call_names, concepts
from suite.draw.recipes import Recipe
from suite.floats import Array, format_of
from suite.judge.case import Case
from suite.record import Concept
from suite.targets.library import Library
from suite.targets.loading import PLAIN, load

Function = Callable[..., Any]


@cache
def right(framework: str = PLAIN) -> Library:
    """The reference, or another built-in library as it is."""
    return replace(load(framework, names=call_names()), name="right")


# -- the error of a multiple of the bound


def plus(operands: tuple[Array, ...], value: Array) -> Array:
    return np.ones(value.shape)


def outward(operands: tuple[Array, ...], value: Array) -> Array:
    return np.where(value < 0, -1.0, 1.0)


def coin(operands: tuple[Array, ...], value: Array) -> Array:
    """A sign for each entry that depends on the bits of all the operands: repeatable, and without symmetry."""
    return generator(operands).choice([-1.0, 1.0], value.shape)


def generator(operands: tuple[Array, ...]) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(b"".join(np.ascontiguousarray(x).tobytes() for x in operands)))


def always(*operands: Array, **options: Any) -> bool:
    return True


def case_of(concept: Concept, operands: tuple[Array, ...], options: Mapping[str, Any]) -> Case:
    """The case that these operands are, with the batch axis first and the acting axis last."""
    axis = options.get("axis", -1)
    if concept.elementwise:
        operands = tuple(np.ravel(x) for x in np.broadcast_arrays(*operands))
    elif concept.along:
        operands = tuple(np.ascontiguousarray(fold(x, axis)) for x in operands)
    elif concept.apart:
        operands = tuple(x[None] for x in operands)
    else:
        pairs = list(zip(operands, concept.cores, strict=True))
        batch = np.broadcast_shapes(*(x.shape[: x.ndim - len(core)] for x, core in pairs))
        operands = tuple(np.broadcast_to(x, batch + x.shape[x.ndim - len(core) :]) for x, core in pairs)
    own = {k: v for k, v in options.items() if k not in ("axis", "keepdims", "cotangent")}
    dtype = next(x.dtype for x in operands if x.dtype.kind not in "iu")
    recipe = Recipe((), concept.options.index(own), 0)
    return Case(concept, format_of(dtype), operands, recipe, target=right())


def laid_back(concept: Concept, result: Array, operands: tuple[Array, ...], options: Mapping[str, Any]) -> Array:
    """The result of such a case in the shape that the caller expects."""
    axis = options.get("axis", -1)
    if concept.elementwise:
        return result.reshape(np.broadcast_shapes(*(x.shape for x in operands)))
    if concept.along and concept.result:
        return np.moveaxis(result, -1, axis)
    if concept.along:
        return spread(result, operands[0], axis) if options.get("keepdims") else result
    return result[0] if concept.apart else result


def off(name: str, times: float = 4.0, sign: Function = plus, when: Function = always) -> Function:
    """The concept's value plus ``times`` its required bound, with a sign, where ``when`` says so."""
    concept = concepts()[name]
    good = getattr(ref, concept.call_name)

    @wraps(good)
    def wrong(*operands: Array, **options: Any) -> Array:
        if not when(*operands, **options):
            return good(*operands, **options)
        case = case_of(concept, operands, options)
        with np.errstate(all="ignore"):
            value, allowed = case.bounded()
            worse = case.format.round(value + times * allowed * sign(operands, value)).astype(np.float64)
            plain = good(*case.inputs, **case.keywords)
            judged = np.isfinite(value) & np.isfinite(allowed) & np.isfinite(worse)
            result = np.where(judged, worse, np.asarray(plain).astype(np.float64)).astype(case.format.dtype)
        return laid_back(concept, result, operands, options)

    return wrong


def off_vjp(name: str, times: float = 4.0, sign: Function = plus, operand: int = 0) -> Function:
    """The derivative by one operand plus ``times`` its required bound."""
    concept = concepts()[name]

    def wrong(*operands: Array, cotangent: Array, **options: Any) -> tuple[Array, ...]:
        case = case_of(concept, operands, options).seeded(cotangent[None] if concept.apart else cotangent)
        out = []
        with np.errstate(all="ignore"):
            good = getattr(ref, f"{concept.call_name}_vjp")(*operands, **options, cotangent=cotangent)
            for j, (value, allowed) in enumerate(case.bounded_grads()):
                worse = case.format.round(value + (j == operand) * times * allowed * sign(operands, value))
                judged = np.isfinite(value) & np.isfinite(allowed) & np.isfinite(worse.astype(np.float64))
                if concept.apart:
                    judged, worse = judged[0], worse[0]
                out.append(np.where(judged, worse, good[case.wrt[j]]).astype(case.format.dtype))
        return tuple(out)

    return wrong


def nudged(name: str, share: float = 1 / 16) -> Function:
    """The reference, with a share of its results (picked by the bits of the operands) one ulp too large."""
    good = getattr(ref, concepts()[name].call_name)

    @wraps(good)
    def wrong(*operands: Array, **options: Any) -> Array:
        y = np.asarray(good(*operands, **options))
        return np.where(generator(operands).random(y.shape) < share, np.nextafter(y, np.array(np.inf, y.dtype)), y)

    return wrong


# -- paths: a kernel of its own for some layouts


def strided(x: Array, *rest: Array, **options: Any) -> bool:
    return bool(x.ndim and x.strides[-1] == 2 * x.itemsize)


def transposed(x: Array, *rest: Array, **options: Any) -> bool:
    return bool(x.ndim > 1 and x.strides[0] < x.strides[-1])


def unaligned(x: Array, *rest: Array, **options: Any) -> bool:
    return bool(x.ctypes.data % 16 != 0)


def reversed_(x: Array, *rest: Array, **options: Any) -> bool:
    return bool(min(x.strides, default=0) < 0)


def expanded(x: Array, *rest: Array, **options: Any) -> bool:
    return bool(x.ndim and x.strides[0] == 0)


def single(x: Array, *rest: Array, **options: Any) -> bool:
    return bool(x.size == 1)


def other_axis(x: Array, *rest: Array, axis: Any = -1, **options: Any) -> bool:
    return axis not in (-1, x.ndim - 1)


def kept(x: Array, *rest: Array, keepdims: bool = False, **options: Any) -> bool:
    return keepdims


def several_axes(x: Array, *rest: Array, axis: Any = -1, **options: Any) -> bool:
    return isinstance(axis, tuple)


def broadcast(x: Array, y: Array, **options: Any) -> bool:
    return bool(x.shape != y.shape)


def one_row(a: Array, b: Array) -> bool:
    """A matrix product with one row takes the path of the matrix-vector product."""
    return bool(a.shape[-2] == 1)


def either(bad: Function, good: Function, when: Function) -> Function:
    """``bad`` on one path, ``good`` on the others."""
    return lambda *operands, **options: (bad if when(*operands, **options) else good)(*operands, **options)
