"""Piecewise activation functions, elementwise: ReLU and its relatives. At +-inf they take their limits; at a kink the
derivative stated is a choice.
"""

import numpy as np

from reference.formats import Array, wide


@wide
def relu(x: Array) -> Array:
    """max(x, 0), exact."""
    return np.maximum(x, 0.0)


@wide
def relu_vjp(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """1 for x > 0, else 0: at the kink 0, the choice of every library."""
    return (np.where(x > 0, cotangent, 0.0),)


@wide
def leaky_relu(x: Array, *, negative_slope: float = 0.01) -> Array:
    """x for x > 0, else slope x: two roundings, one of them the slope's.

    >>> leaky_relu([2.0, -2.0]).tolist()
    [2.0, -0.02]
    """
    return np.where(x > 0, x, negative_slope * x)


@wide
def leaky_relu_vjp(x: Array, *, negative_slope: float = 0.01, cotangent: Array) -> tuple[Array, ...]:
    """1 for x > 0, else the slope, at the kink too."""
    return (np.where(x > 0, cotangent, negative_slope * cotangent),)


@wide
def relu6(x: Array) -> Array:
    """min(max(x, 0), 6), exact."""
    return np.minimum(np.maximum(x, 0.0), 6.0)


@wide
def relu6_vjp(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """1 for 0 < x < 6, else 0, at the kinks too."""
    return (np.where((x > 0) & (x < 6), cotangent, 0.0),)


@wide
def hardtanh(x: Array, *, min_val: float = -1.0, max_val: float = 1.0) -> Array:
    """x clamped to [min_val, max_val], exact."""
    return np.minimum(np.maximum(x, min_val), max_val)


@wide
def hardtanh_vjp(x: Array, *, min_val: float = -1.0, max_val: float = 1.0, cotangent: Array) -> tuple[Array, ...]:
    """1 strictly between the two limits, else 0, at the kinks too."""
    return (np.where((x > min_val) & (x < max_val), cotangent, 0.0),)


@wide
def hardsigmoid(x: Array) -> Array:
    """relu6(x + 3)/6: two roundings, and the addition is exact for x < -1.5.

    >>> hardsigmoid([-3.0, 0.0, 3.0]).tolist()
    [0.0, 0.5, 1.0]
    """
    return np.minimum(np.maximum(x + 3.0, 0.0), 6.0) / 6.0


@wide
def hardsigmoid_vjp(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """1/6 for -3 < x < 3, else 0, at the kinks too."""
    return (np.where((x > -3.0) & (x < 3.0), cotangent / 6.0, 0.0),)


@wide
def hardswish(x: Array) -> Array:
    """x relu6(x + 3)/6: relative error 3u.

    >>> hardswish([-4.0, 1.5, 4.0]).tolist()
    [-0.0, 1.125, 4.0]
    """
    return np.maximum(x, -3.0) * (np.minimum(np.maximum(x + 3.0, 0.0), 6.0) / 6.0)  # -3 * 0 at -inf, not NaN


@wide
def hardswish_vjp(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """(2x + 3)/6 for -3 < x < 3, 0 on the left and 1 on the right; at the kinks the value outside."""
    middle = cotangent * ((2.0 * x + 3.0) / 6.0)
    return (np.where(x <= -3.0, 0.0, np.where(x >= 3.0, cotangent, middle)),)
