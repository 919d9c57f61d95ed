"""Sums, means, products and extremes over any axes: `axis` is an int, a tuple, or None for all (array API).

The bounds hold for any order of summation, with n the number of elements reduced and u the unit roundoff: (n-1)u sum|x|
for a sum (Jeannerod and Rump 2013; Higham 2002, section 4.2). Where a partial sum may pass the largest number, the sum
may overflow.
"""

import math

import numpy as np

from reference.formats import Array, wide
from reference.shapes import Axis, count, spread


@wide
def sum(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """sum_i x_i; 0 for no elements. Error <= (n-1)u sum|x|. Along contiguous axes NumPy adds blocks of 128
    terms in eight running sums, and the blocks pairwise: then far less for large n.

    >>> sum(np.ones((2, 5, 4)), axis=(0, 2)).tolist()
    [8.0, 8.0, 8.0, 8.0, 8.0]
    """
    return np.sum(x, axis=axis, keepdims=keepdims)


@wide
def sum_vjp(x: Array, *, axis: Axis = None, keepdims: bool = False, cotangent: Array) -> tuple[Array, ...]:
    """d sum x = sum dx: the cotangent, copied to every element.

    >>> sum_vjp([1.0, 2.0], cotangent=3.0)[0].tolist()
    [3.0, 3.0]
    """
    return (np.broadcast_to(spread(cotangent, x, axis, keepdims), x.shape),)


@wide
def cumsum(x: Array, *, axis: int = -1) -> Array:
    """y_k = x_1 + ... + x_k, added in this order: |error of y_k| <= (k-1)u sum_{i<=k} |x_i|.

    >>> cumsum([1.0, 2.0, 3.0]).tolist()
    [1.0, 3.0, 6.0]
    """
    return np.cumsum(x, axis=axis)


@wide
def cumsum_vjp(x: Array, *, axis: int = -1, cotangent: Array) -> tuple[Array, ...]:
    """dx_i = sum_{k>=i} g_k: the cumulative sum from the other end.

    >>> cumsum_vjp([0.0, 0.0, 0.0], cotangent=[1.0, 1.0, 1.0])[0].tolist()
    [3.0, 2.0, 1.0]
    """
    return (np.flip(np.cumsum(np.flip(cotangent, axis=axis), axis=axis), axis=axis),)


@wide
def mean(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """sum x / n, in this order: error <= (n+1)u sum|x|/n + eta. NaN for no elements; may overflow where sum|x| does.

    >>> mean(np.arange(6.0).reshape(2, 3), axis=1).tolist()
    [1.0, 4.0]
    """
    return np.sum(x, axis=axis, keepdims=keepdims) / count(x, axis)


@wide
def mean_vjp(x: Array, *, axis: Axis = None, keepdims: bool = False, cotangent: Array) -> tuple[Array, ...]:
    """d mean x = sum dx / n."""
    return (np.broadcast_to(spread(cotangent, x, axis, keepdims) / count(x, axis), x.shape),)


@wide
def prod(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """prod_i x_i; 1 for no elements. Relative error (n-1)u as long as no partial product leaves the normal range.

    >>> prod([2.0, 3.0, 4.0]).item()
    24.0
    """
    return np.prod(x, axis=axis, keepdims=keepdims)


@wide
def prod_vjp(x: Array, *, axis: Axis = None, keepdims: bool = False, cotangent: Array) -> tuple[Array, ...]:
    """dx_i = g prod_{j<i} x_j prod_{j>i} x_j, by prefix and suffix products: right where x has zeros, unlike g
    prod(x) / x_i.

    >>> prod_vjp([2.0, 0.0, 4.0], cotangent=1.0)[0].tolist()
    [0.0, 8.0, 0.0]
    """
    if isinstance(axis, tuple):
        raise ValueError("prod_vjp takes one axis, or None for all")
    row = np.reshape(x, (-1,)) if axis is None else np.moveaxis(x, axis, -1)
    others = _before(row) * np.flip(_before(np.flip(row, axis=-1)), axis=-1)
    others = np.reshape(others, x.shape) if axis is None else np.moveaxis(others, -1, axis)
    return (spread(cotangent, x, axis, keepdims) * others,)


def _before(row: Array) -> Array:
    """Exclusive cumulative product: 1, x_1, x_1 x_2, ..."""
    return np.cumprod(np.concatenate([np.ones_like(row[..., :1]), row[..., :-1]], axis=-1), axis=-1)


@wide
def max(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """The largest element, exact; NaN if there is one. No elements: ValueError."""
    return np.max(x, axis=axis, keepdims=keepdims)


@wide
def max_vjp(x: Array, *, axis: Axis = None, keepdims: bool = False, cotangent: Array) -> tuple[Array, ...]:
    """The cotangent goes to the largest element, in equal parts to several (array libraries agree on this for `amax`).

    >>> max_vjp([3.0, 1.0, 3.0], cotangent=1.0)[0].tolist()
    [0.5, 0.0, 0.5]
    """
    return (_share(x, np.max(x, axis=axis, keepdims=True), axis, spread(cotangent, x, axis, keepdims)),)


@wide
def min(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """The smallest element, exact; NaN if there is one. No elements: ValueError."""
    return np.min(x, axis=axis, keepdims=keepdims)


@wide
def min_vjp(x: Array, *, axis: Axis = None, keepdims: bool = False, cotangent: Array) -> tuple[Array, ...]:
    """The cotangent goes to the smallest element, in equal parts to several."""
    return (_share(x, np.min(x, axis=axis, keepdims=True), axis, spread(cotangent, x, axis, keepdims)),)


def _share(x: Array, extreme: Array, axis: Axis, g: Array) -> Array:
    hits = np.where(x == extreme, np.ones_like(x), 0.0)
    return np.where(x == extreme, g / np.sum(hits, axis=axis, keepdims=True), 0.0)


# The four below are for teaching: one-dimensional arrays, each addition rounded to the array's own type, half
# precision included. Infinities of one sign give that infinity, of both NaN (`sum_exact`: ValueError).


@np.errstate(all="ignore")
def sum_naive(x: Array) -> Array:
    """Left to right, in x's own type: error <= (n-1)u sum|x|, attained by [1, u, u, ...], and stagnation in half
    precision.

    >>> from reference.formats import BFLOAT16
    >>> float(sum_naive(np.ones(1000, BFLOAT16.dtype)))  # 256 + 1 rounds back to 256
    256.0
    """
    total = np.zeros((), x.dtype)[()]
    for term in x:
        total = x.dtype.type(total + term)
    return total


@np.errstate(all="ignore")
def sum_pairwise(x: Array) -> Array:
    """Halves first: error <= ceil(log2 n) u sum|x| (Higham 2002, section 4.2).

    >>> from reference.formats import BFLOAT16
    >>> float(sum_pairwise(np.ones(1000, BFLOAT16.dtype)))
    1000.0
    """
    if len(x) <= 2:
        return sum_naive(x)
    return x.dtype.type(sum_pairwise(x[: len(x) // 2]) + sum_pairwise(x[len(x) // 2 :]))


@np.errstate(all="ignore")
def sum_kahan(x: Array) -> Array:
    """Compensated: the rounding error of each addition is recovered and fed back. Error <= (2u + O(n u^2)) sum|x|
    (Kahan 1965). An infinite sum has no error to feed back.

    >>> from reference.formats import BINARY16
    >>> float(sum_kahan(np.ones(4000, BINARY16.dtype))), float(sum_naive(np.ones(4000, BINARY16.dtype)))
    (4000.0, 2048.0)
    """
    total = lost = np.zeros((), x.dtype)[()]
    for term in x:
        fed = x.dtype.type(term - lost)
        grown = x.dtype.type(total + fed)
        lost = x.dtype.type(x.dtype.type(grown - total) - fed)  # what the addition added beyond `fed`
        lost = lost if np.isfinite(grown) else np.zeros_like(lost)  # inf - inf would be NaN from here on
        total = grown
    return total


def sum_exact(x: Array) -> float:
    """The exact sum, rounded once to float64 (Shewchuk 1997, Python's math.fsum). OverflowError if a partial sum
    overflows, ValueError at inf - inf.

    >>> sum_exact(np.array([1e100, 1.0, -1e100]))
    1.0
    """
    return math.fsum(float(term) for term in x)
