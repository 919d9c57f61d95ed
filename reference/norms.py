"""Vector and matrix norms, scaled by the largest entry: no overflow at sqrt(max), no underflow at sqrt(tiny)."""

import numpy as np

from reference.formats import Array, wide
from reference.shapes import Axis, count, drop, spread


def _scaled(x: Array, axis: Axis) -> tuple[Array, Array]:
    """The largest |x_i| and x over it. Zero and infinite vectors are left as they are: 0/0 and inf/inf say nothing."""
    top = np.max(np.abs(x), axis=axis, keepdims=True)
    scale = np.where((top == 0) | (top == np.inf), np.ones_like(top), top)
    return scale, x / scale


@wide
def vector_norm(x: Array, *, ord: float = 2, axis: Axis = None, keepdims: bool = False) -> Array:
    """(sum |x_i|^p)^(1/p) for p = ord > 0, max |x_i| for p = inf: finite whenever the exact norm is.

    Computed as c (sum |x_i/c|^p)^(1/p) with c = max |x_i|. Relative error (n/2 + 3)u for p = 2, (n - 1)u for p = 1,
    0 for inf, and ((p + 2E + n - 1)/p + log(t)/p + 2E + 2)u otherwise, t in [1, n] the sum; and eta. For p < 1 it is
    no norm. The norm of no elements is 0. ValueError unless ord > 0.

    >>> [vector_norm([3.0, -4.0], ord=p).item() for p in (1, 2, np.inf)]
    [7.0, 5.0, 4.0]
    >>> f"{vector_norm([3e200, 4e200]):.9e}"
    '5.000000000e+200'
    """
    if not ord > 0:
        raise ValueError(f"ord must be positive, not {ord!r}")
    if count(x, axis) == 0 or ord == 1:
        return np.sum(np.abs(x), axis=axis, keepdims=keepdims)
    if ord == np.inf:
        return np.max(np.abs(x), axis=axis, keepdims=keepdims)
    scale, z = _scaled(x, axis)
    return drop(scale * _unit_norm(z, ord, axis), axis, keepdims)


def _unit_norm(z: Array, ord: float, axis: Axis) -> Array:
    if ord == 2:
        return np.sqrt(np.sum(np.square(z), axis=axis, keepdims=True))
    return np.sum(np.abs(z) ** ord, axis=axis, keepdims=True) ** (1.0 / ord)


@wide
def vector_norm_vjp(
    x: Array, *, ord: float = 2, axis: Axis = None, keepdims: bool = False, cotangent: Array
) -> tuple[Array, ...]:
    """d||x||_p = sum sign(x_i) (|x_i| / ||x||_p)^(p-1) dx_i, x/||x|| for p = 2; never x^2 or ||x||^2, which leave
    the range.

    At x = 0 the subgradient 0; where x_i = 0 and p <= 1, 0; for p = inf equal parts to all the largest entries.

    >>> [vector_norm_vjp(x, cotangent=1.0)[0].round(9).tolist() for x in ([3e-200, 4e-200], [0.0, 0.0])]
    [[0.6, 0.8], [0.0, 0.0]]
    """
    g = spread(cotangent, x, axis, keepdims)
    if ord == 1:
        return (g * np.sign(x),)
    if ord == np.inf:
        hits = np.where(np.abs(x) == np.max(np.abs(x), axis=axis, keepdims=True), np.ones_like(x), 0.0)
        return (g * np.sign(x) * hits / np.sum(hits, axis=axis, keepdims=True),)
    _, z = _scaled(x, axis)
    unit = _unit_norm(z, ord, axis)
    ratio = z / np.where(unit == 0, 1.0, unit)
    if ord == 2:
        return (g * ratio,)
    slope = np.abs(np.where(x == 0, 1.0, ratio)) ** (ord - 1.0)  # 0^(p-1) is infinite for p < 1; sign(0) = 0 takes over
    return (g * np.sign(x) * slope,)


@wide
def vector_norm_unscaled(x: Array, *, ord: float = 2, axis: Axis = None, keepdims: bool = False) -> Array:
    """(sum |x_i|^p)^(1/p) as written: sound while every |x_i|^p is in range, and overflows beyond max^(1/p), a
    square root of the range for p = 2.

    Rounding the exponent 1/p costs u|log ||x||| beside the errors of `vector_norm`.

    >>> vector_norm_unscaled([3e200, 4e200]).item()
    inf
    """
    if ord in (1, np.inf):
        return vector_norm(x, ord=ord, axis=axis, keepdims=keepdims)
    if ord == 2:
        return np.sqrt(np.sum(np.square(x), axis=axis, keepdims=keepdims))
    return np.sum(np.abs(x) ** ord, axis=axis, keepdims=keepdims) ** (1.0 / ord)


@wide
def matrix_norm(x: Array, *, ord: float | str = "fro", keepdims: bool = False) -> Array:
    """A norm of the matrices on the last two axes. ValueError for another ord, LinAlgError if the SVD does not
    converge.

    "fro": sqrt(sum |a_ij|^2), scaled; 1: largest column sum; inf: largest row sum; 2: largest singular value;
    "nuc": their sum.

    >>> [matrix_norm([[1.0, -2.0], [3.0, 4.0]], ord=p).item() for p in (1, np.inf)]
    [6.0, 7.0]
    """
    if ord == "fro":
        return vector_norm(x, axis=(-2, -1), keepdims=keepdims)
    if ord in (1, np.inf):
        sums = np.sum(np.abs(x), axis=-2 if ord == 1 else -1, keepdims=True)
        return drop(np.max(sums, axis=(-2, -1), keepdims=True), (-2, -1), keepdims)
    if ord in (2, "nuc"):
        # no formula to run on other array classes: a certificate judges it; LAPACK is spared what is not finite
        whole = np.isfinite(x).all(axis=(-2, -1), keepdims=True)
        sigma = np.linalg.svd(np.where(whole, x, 0.0), compute_uv=False)
        norm = np.max(sigma, axis=-1) if ord == 2 else np.sum(sigma, axis=-1)
        norm = np.where(whole[..., 0, 0], norm, np.max(np.abs(x), axis=(-2, -1), initial=0.0))
        return norm[..., None, None] if keepdims else norm
    raise ValueError(f"ord must be 'fro', 1, inf, 2 or 'nuc', not {ord!r}")


@wide
def matrix_norm_vjp(
    x: Array, *, ord: float | str = "fro", keepdims: bool = False, cotangent: Array
) -> tuple[Array, ...]:
    """d||A||_F = sum a_ij da_ij / ||A||_F, 0 at A = 0. Only for ord "fro": ValueError otherwise."""
    if ord != "fro":
        raise ValueError(f"the derivative is given for ord 'fro' only, not {ord!r}")
    return vector_norm_vjp(x, axis=(-2, -1), keepdims=keepdims, cotangent=cotangent)
