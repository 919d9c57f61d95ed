"""What mutants are made with: a right function, and one subtle thing wrong.

`off` returns the exact value plus a multiple of the bound that the suite itself requires, so that its distance
from the bound is known by construction; `nudged` moves some results by one unit in the last place, for laws that
hold bit for bit; `either` is wrong on one path only.
"""

import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache, wraps
from typing import Any

import numpy as np

import reference as ref
from suite.concepts import call_names, concepts
from suite.floats import Array
from suite.mutants.rows import Call
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


def off(name: str, times: float = 4.0, sign: Function = plus, when: Function = always) -> Function:
    """The concept's value plus ``times`` its required bound, with a sign, where ``when`` says so."""
    concept = concepts()[name]
    good = getattr(ref, concept.call_name)

    @wraps(good)
    def wrong(*operands: Array, **options: Any) -> Array:
        if not when(*operands, **options):
            return good(*operands, **options)
        call = Call(concept, operands, options)
        case = call.case(right())
        with np.errstate(all="ignore"):
            value, allowed = case.bounded()
            worse = case.format.round(value + times * allowed * sign(operands, value)).astype(np.float64)
            plain = good(*case.inputs, **case.keywords)
            judged = np.isfinite(value) & np.isfinite(allowed) & np.isfinite(worse)
            result = np.where(judged, worse, np.asarray(plain).astype(np.float64)).astype(case.format.dtype)
        return call.result(result)

    return wrong


def off_vjp(name: str, times: float = 4.0, sign: Function = plus, operand: int = 0) -> Function:
    """The derivative by one operand plus ``times`` its required bound."""
    concept = concepts()[name]

    def wrong(*operands: Array, cotangent: Array, **options: Any) -> tuple[Array, ...]:
        call = Call(concept, operands, options)
        case = call.case(right()).seeded(call.seed(cotangent))
        out = []
        with np.errstate(all="ignore"):
            good = getattr(ref, f"{concept.call_name}_vjp")(*operands, **options, cotangent=cotangent)
            for j, (k, (value, allowed)) in enumerate(zip(case.wrt, case.bounded_grads(), strict=True)):
                worse = case.format.round(value + (j == operand) * times * allowed * sign(operands, value))
                judged = np.isfinite(value) & np.isfinite(allowed) & np.isfinite(worse.astype(np.float64))
                mine = call.derivative(k, np.where(judged, worse, np.nan))
                out.append(np.where(np.isnan(mine), good[k], mine).astype(case.format.dtype))
        return tuple(out)

    return wrong


def by_rows(concept: Concept, text: Function) -> Function:
    """A backward formula of rows, as the derivative of any call."""

    def vjp(*operands: Array, cotangent: Array, **options: Any) -> tuple[Array, ...]:
        call = Call(concept, operands, options)
        case = call.case(right())
        found = text(*case.inputs, **case.keywords, cotangent=call.seed(cotangent))
        # what a text gives beyond them is for operands that are not differentiated
        return tuple(call.derivative(k, g) for k, g in zip(case.wrt, found, strict=False))

    return vjp


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
