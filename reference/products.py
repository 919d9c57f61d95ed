"""Inner products and the layers made of them. Leading axes are batch axes and broadcast, those of weights too.

Error of an inner product of length n, in any order, with or without FMA: n u sum|x_i y_i| + n eta (Higham 2002, section
3.1; Jeannerod and Rump 2013). Operands whose contracted lengths differ raise ValueError, and the message names both
shapes.
"""

import numpy as np

from reference.formats import Array, Function, wide
from reference.shapes import unbroadcast


def _require(match: bool, what: str, first: Array, second: Array) -> None:
    if not match:
        raise ValueError(f"{what}: shapes {first.shape} and {second.shape} do not match")


def _transposed(a: Array) -> Array:
    return np.swapaxes(a, -1, -2)


@wide
def vecdot(x1: Array, x2: Array, *, axis: int = -1) -> Array:
    """sum_i x1_i x2_i along an axis, the elementwise product summed; other axes broadcast.

    >>> vecdot([1.0, 2.0], [[3.0, 4.0], [5.0, 6.0]]).tolist()
    [11.0, 17.0]
    """
    _require(x1.shape[axis] == x2.shape[axis], "vecdot", x1, x2)
    return np.sum(x1 * x2, axis=axis)


@wide
def vecdot_vjp(x1: Array, x2: Array, *, axis: int = -1, cotangent: Array) -> tuple[Array, ...]:
    """d(x . y) = y . dx + x . dy.

    >>> [g.tolist() for g in vecdot_vjp([1.0, 2.0], [3.0, 4.0], cotangent=1.0)]
    [[3.0, 4.0], [1.0, 2.0]]
    """
    g = np.expand_dims(cotangent, axis)
    return unbroadcast(g * x2, x1.shape), unbroadcast(g * x1, x2.shape)


@wide
def matvec(a: Array, x: Array) -> Array:
    """a x: (..., m, n), (..., n) -> (..., m).

    >>> matvec([[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0]).tolist()
    [3.0, 7.0]
    """
    _require(a.shape[-1] == x.shape[-1], "matvec", a, x)
    return np.matmul(a, x[..., None])[..., 0]


@wide
def matvec_vjp(a: Array, x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """dA = g x^T, dx = A^T g."""
    return (
        unbroadcast(cotangent[..., :, None] * x[..., None, :], a.shape),
        unbroadcast(np.matmul(_transposed(a), cotangent[..., None])[..., 0], x.shape),
    )


@wide
def matmul(a: Array, b: Array) -> Array:
    """a b: (..., m, k), (..., k, n) -> (..., m, n); a one-dimensional operand is a row on the left, a column on the
    right (array API).

    Componentwise error k u |A||B| + k eta.

    >>> matmul(np.ones((2, 3)), np.ones((2, 3)))
    Traceback (most recent call last):
    ValueError: matmul: shapes (2, 3) and (2, 3) do not match
    """
    _require(a.shape[-1] == b.shape[-2 if b.ndim > 1 else 0], "matmul", a, b)
    return np.matmul(a, b)


@wide
def matmul_vjp(a: Array, b: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """dA = G B^T, dB = A^T G.

    >>> [g.tolist() for g in matmul_vjp([[1.0, 2.0]], [[3.0], [4.0]], cotangent=[[1.0]])]
    [[[3.0, 4.0]], [[1.0], [2.0]]]
    """
    rows, columns = a if a.ndim > 1 else a[None, :], b if b.ndim > 1 else b[:, None]
    g = cotangent if b.ndim > 1 else cotangent[..., None]
    g = g if a.ndim > 1 else np.expand_dims(g, -2)
    da, db = np.matmul(g, _transposed(columns)), np.matmul(_transposed(rows), g)
    return (
        np.reshape(unbroadcast(da, rows.shape), a.shape),
        np.reshape(unbroadcast(db, columns.shape), b.shape),
    )


@wide
def outer(x1: Array, x2: Array) -> Array:
    """x1 x2^T: (..., m), (..., n) -> (..., m, n); one rounding per entry.

    >>> outer([1.0, 2.0], [3.0, 4.0]).tolist()
    [[3.0, 4.0], [6.0, 8.0]]
    """
    return x1[..., :, None] * x2[..., None, :]


@wide
def outer_vjp(x1: Array, x2: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """dx = G y, dy = G^T x."""
    return (
        unbroadcast(np.matmul(cotangent, x2[..., None])[..., 0], x1.shape),
        unbroadcast(np.matmul(_transposed(cotangent), x1[..., None])[..., 0], x2.shape),
    )


@wide
def linear(x: Array, weight: Array, bias: Array) -> Array:
    """x W^T + b: x (..., m, in) or (in,), weight (..., out, in), bias (..., out) -> (..., m, out) or (..., out).

    Error (k+1)u(|x||W|^T + |b|) + k eta with k = in.

    >>> linear(np.ones((4, 10)), np.ones((5, 10)), np.zeros(5)).shape
    (4, 5)
    >>> linear(np.ones((4, 9)), np.ones((5, 10)), np.zeros(5))
    Traceback (most recent call last):
    ValueError: linear: in_features: shapes (4, 9) and (5, 10) do not match
    """
    _require(x.shape[-1] == weight.shape[-1], "linear: in_features", x, weight)
    _require(bias.shape[-1] == weight.shape[-2], "linear: out_features", bias, weight)
    if x.ndim == 1:
        return np.matmul(weight, x) + bias
    return np.matmul(x, _transposed(weight)) + (bias if bias.ndim == 1 else bias[..., None, :])


@wide
def linear_vjp(x: Array, weight: Array, bias: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """dx = G W, dW = G^T x, db = sum of the rows of G.

    >>> [g.tolist() for g in linear_vjp([1.0, 2.0], [[3.0, 4.0]], [5.0], cotangent=[1.0])]
    [[3.0, 4.0], [[1.0, 2.0]], [1.0]]
    """
    rows = x[None, :] if x.ndim == 1 else x
    g = cotangent[..., None, :] if x.ndim == 1 else cotangent
    return (
        np.reshape(unbroadcast(np.matmul(g, weight), rows.shape), x.shape),
        unbroadcast(np.matmul(_transposed(g), rows), weight.shape),
        unbroadcast(np.sum(g, axis=-2), bias.shape),
    )


def sequential(x: Array, *layers: Function) -> Array:
    """Apply the layers, functions of one operand, from left to right.

    >>> sequential(2.0, lambda x: x + 1.0, lambda x: 10.0 * x)
    30.0
    """
    for layer in layers:
        x = layer(x)
    return x


@wide
def linear_chain(x: Array, w1: Array, b1: Array, w2: Array, b2: Array) -> Array:
    """Two linear layers, (x W1^T + b1) W2^T + b2: again linear, with weight W2 W1 and bias W2 b1 + b2.

    >>> linear_chain([1.0], [[2.0]], [1.0], [[3.0]], [1.0]).tolist()
    [10.0]
    """
    return linear(linear(x, w1, b1), w2, b2)


@wide
def linear_chain_vjp(x: Array, w1: Array, b1: Array, w2: Array, b2: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """The chain rule: the second layer's cotangent for its input is the first layer's cotangent."""
    g, *second = linear_vjp(linear(x, w1, b1), w2, b2, cotangent=cotangent)
    return *linear_vjp(x, w1, b1, cotangent=g), *second
