"""Variances and standard deviations over any axes: `axis` is an int, a tuple, or None for all (array API).

n is the number of elements reduced, u the unit roundoff, kappa = sqrt(sum x^2 / sum (x - mean)^2) the condition number.
"""

import math

import numpy as np

from reference.formats import Array, wide
from reference.shapes import Axis, count, drop, fold, spread


def _deviations(x: Array, axis: Axis) -> Array:
    return x - np.sum(x, axis=axis, keepdims=True) / count(x, axis)


def _freedom(x: Array, axis: Axis, correction: float) -> float:
    return max(count(x, axis) - correction, 0.0)  # no degrees of freedom: divide by zero


@wide
def var(x: Array, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> Array:
    """sum (x - mean)^2 / (n - correction), by two passes and the correction term (sum d)^2/n, which is 0 in exact
    arithmetic.

    The term removes the error of the computed mean to first order (Chan, Golub and LeVeque 1983; Higham 2002,
    section 1.9): relative error (n+4)u plus n u^2 kappa^2, kappa = sqrt(sum x^2 / sum d^2), and (n + 2)eta/(n -
    correction) + eta. Inf or NaN when n <= correction. Squares may overflow: see `std`.

    >>> var([1e8 + 4, 1e8 + 7, 1e8 + 13, 1e8 + 16], correction=1).item()
    30.0
    """
    n = count(x, axis)
    d = _deviations(x, axis)
    s, slip = np.sum(np.square(d), axis=axis, keepdims=keepdims), np.sum(d, axis=axis, keepdims=keepdims)
    return (s - slip * (slip / n)) / _freedom(x, axis, correction)


@wide
def var_vjp(
    x: Array, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False, cotangent: Array
) -> tuple[Array, ...]:
    """d var = 2 sum (x - mean) dx / (n - correction); the deviation carries the error of the mean, (n+1)u sum|x|/n.

    >>> var_vjp([1.0, 3.0], cotangent=1.0)[0].tolist()
    [-1.0, 1.0]
    """
    g = spread(cotangent, x, axis, keepdims)
    return (2.0 * g * _deviations(x, axis) / _freedom(x, axis, correction),)


@wide
def var_two_pass(x: Array, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> Array:
    """The plain two-pass form, sum (x - mean)^2 / (n - correction): exact mean or not, the error stays of order (n
    u kappa)^2.
    """
    return np.sum(np.square(_deviations(x, axis)), axis=axis, keepdims=keepdims) / _freedom(x, axis, correction)


@wide
def var_welford(x: Array, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> Array:
    """One pass, running mean and sum of squares: m += (x_k - m)/k, s += (x_k - m_old)(x_k - m_new) (Welford 1962;
    Higham 2002, section 1.9).

    Relative error of order n u kappa, first order in kappa (Chan and Lewis 1979): sound, though behind two passes.
    """
    rows = fold(x, axis)
    m, s = rows[..., 0], np.zeros_like(rows[..., 0])
    for k in range(1, rows.shape[-1]):
        d = rows[..., k] - m
        m = m + d / (k + 1)
        s = s + d * (rows[..., k] - m)
    v = s / _freedom(x, axis, correction)
    return spread(v, x, axis) if keepdims else v


@wide
def var_one_pass(x: Array, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> Array:
    """The bad example: (sum x^2 - (sum x)^2/n) / (n - correction). Both terms agree in all digits once kappa^2 u is
    near 1: it can be negative.

    >>> var_one_pass([1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16]).item()  # the truth is 22.5
    -128.0
    """
    n, s = count(x, axis), np.sum(x, axis=axis, keepdims=keepdims)
    return (np.sum(np.square(x), axis=axis, keepdims=keepdims) - np.square(s) / n) / _freedom(x, axis, correction)


def _standardised(x: Array, axis: Axis, correction: float) -> tuple[Array, Array, Array, Array, float]:
    """Deviations, their largest z-scale and std over that scale, all free of overflow: (d, scale, root, large,
    shrink), keepdims shapes.
    """
    n = count(x, axis)
    # with entries above one, 2^-k <= 1/(2n) keeps the sum and the deviations in range; a power of two rounds nothing
    shrink = 2.0 ** -math.ceil(math.log2(2 * n))
    large = np.max(np.abs(x), axis=axis, keepdims=True) > 1.0
    d = _deviations(np.where(large, shrink * x, x), axis)
    top = np.max(np.abs(d), axis=axis, keepdims=True)
    scale = np.where(top == 0, 1.0, top)
    z = d / scale
    slip = np.sum(z, axis=axis, keepdims=True)
    s = np.sum(np.square(z), axis=axis, keepdims=True) - slip * (slip / n)
    return z, scale, np.sqrt(s / _freedom(x, axis, correction)), large, shrink


@wide
def std(x: Array, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> Array:
    """sqrt(var), scaled by the largest deviation: finite, and not flushed to 0, whenever the exact result is
    representable.

    Relative error as sqrt(var) plus 2u. NaN for no elements.

    >>> std([1e200, 3e200]).item(), std([1e-200, 3e-200]).item()
    (1e+200, 1e-200)
    """
    if count(x, axis) == 0:
        return np.sqrt(var(x, axis=axis, keepdims=keepdims))
    _, scale, root, large, shrink = _standardised(x, axis, correction)
    return drop(np.where(large, scale * root / shrink, scale * root), axis, keepdims)


@wide
def std_vjp(
    x: Array, *, axis: Axis = None, correction: float = 0.0, keepdims: bool = False, cotangent: Array
) -> tuple[Array, ...]:
    """d std = sum (x - mean) dx / ((n - correction) std); 0 by convention where std = 0, which is a kink.

    >>> std_vjp([1.0, 3.0], cotangent=1.0)[0].tolist(), std_vjp([2.0, 2.0], cotangent=1.0)[0].tolist()
    ([-0.5, 0.5], [0.0, 0.0])
    """
    z, _, root, _, _ = _standardised(x, axis, correction)
    g = spread(cotangent, x, axis, keepdims) / _freedom(x, axis, correction)
    return (np.where(z == 0, 0.0, g * (z / np.where(root == 0, 1.0, root))),)
