"""Bugs of norms that users reported, with the numbers of their trackers."""

from typing import Any

import numpy as np

import reference as ref
from reference.shapes import spread
from suite.floats import Array
from suite.mutants.mutant import Mutant


@ref.wide
def vector_norm_vjp_unscaled(x: Array, *, ord: float = 2, axis: Any = None, cotangent: Array) -> tuple[Array, ...]:
    """x / sqrt(sum x^2): 0 where the sum overflowed."""
    if ord != 2:
        return ref.vector_norm_vjp(x, ord=ord, axis=axis, cotangent=cotangent)
    norm = ref.vector_norm_unscaled(x, axis=axis, keepdims=True)
    return (spread(cotangent, x, axis) * np.where(norm == 0, 0.0, x / norm),)


@ref.wide
def vector_norm_infinite_power(x: Array, *, ord: float = 2, axis: Any = None, keepdims: bool = False) -> Array:
    """(sum |x|^p)^(1/p) with p = inf: anything to the power of 0 is 1."""
    if ord != np.inf:
        return ref.vector_norm(x, ord=ord, axis=axis, keepdims=keepdims)
    return np.sum(np.abs(x) ** ord, axis=axis, keepdims=keepdims) ** (1.0 / ord)


@ref.wide
def vector_norm_vjp_at_zero(x: Array, *, ord: float = 2, axis: Any = None, cotangent: Array) -> tuple[Array, ...]:
    """x / ||x|| is 0/0 for the zero vector."""
    if ord != 2:
        return ref.vector_norm_vjp(x, ord=ord, axis=axis, cotangent=cotangent)
    z = x / np.max(np.abs(x), axis=axis, keepdims=True)
    return (spread(cotangent, x, axis) * (z / np.sqrt(np.sum(np.square(z), axis=axis, keepdims=True))),)


@ref.wide
def vector_norm_vjp_zero_elements(x: Array, *, ord: float = 2, axis: Any = None, cotangent: Array) -> tuple[Array, ...]:
    """For p = 1, x |x|^(p-2) is 0/0 at an element that is zero."""
    if ord != 1:
        return ref.vector_norm_vjp(x, ord=ord, axis=axis, cotangent=cotangent)
    return (spread(cotangent, x, axis) * (x / np.abs(x)),)


def vector_norm_vjp_half(x: Array, *, ord: float = 2, axis: Any = None, cotangent: Array) -> tuple[Array, ...]:
    """|x|^(p-1) / ||x||^(p-1) in 16 bits: for p = 3 both squares of 1e-4 underflow, 0/0."""
    norm = ref.vector_norm(x, ord=ord, axis=axis, keepdims=True)
    return (spread(cotangent, x, axis) * (np.sign(x) * np.abs(x) ** (ord - 1) / norm ** (ord - 1)),)


NORMS: tuple[Mutant, ...] = (
    Mutant(
        "vector_norm",
        "unscaled squares",
        ref.vector_norm_unscaled,
        "the norm of entries of 1e20 is inf, of 1e-30 zero",
        source="pytorch/pytorch#193006",
    ),
    Mutant(
        "vector_norm",
        "divided by what overflowed",
        vector_norm_vjp_unscaled,
        "clipping by the norm silently sets a large gradient to 0",
        source="pytorch/pytorch#193006",
        vjp=True,
    ),
    Mutant(
        "vector_norm",
        "infinite power",
        vector_norm_infinite_power,
        "the infinity norm of everything is 1",
        source="pytorch/pytorch#6817",
    ),
    Mutant(
        "vector_norm",
        "zero vector",
        vector_norm_vjp_at_zero,
        "a penalty on a norm that has reached zero makes every weight NaN",
        source="pytorch/pytorch#2421",
        vjp=True,
    ),
    Mutant(
        "vector_norm",
        "zero elements",
        vector_norm_vjp_zero_elements,
        "a single zero among the features makes its gradient NaN",
        source="pytorch/pytorch#3264",
        vjp=True,
    ),
    Mutant(
        "vector_norm_p",
        "powers in 16 bits",
        vector_norm_vjp_half,
        "activations of 1e-4 in half precision have gradients of NaN",
        source="pytorch/pytorch#43211",
        dtype="float16",
        vjp=True,
    ),
)
