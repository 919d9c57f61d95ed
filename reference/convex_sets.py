"""Projections on convex sets: the nearest point. Each is idempotent and non-expansive, |P x - P y| <= |x - y| (Boyd and
Vandenberghe 2004, section 8.1).
"""

import numpy as np

from reference.formats import Array, wide
from reference.norms import vector_norm


@wide
def project_simplex(x: Array) -> Array:
    """The nearest point of {p >= 0, sum p = 1} on the last axis: max(x - theta, 0), theta = max_k (x_(1) + ... +
    x_(k) - 1)/k, x sorted downwards.

    The maximum over k is at the size of the support (Held, Wolfe and Crowder 1974). A common offset is removed
    first: it costs nothing.

    >>> project_simplex([1e16, 1e16]).tolist(), project_simplex([3.0, 0.0, -1.0]).tolist()
    ([0.5, 0.5], [1.0, 0.0, 0.0])
    """
    x = x - np.max(x, axis=-1, keepdims=True)
    downwards = np.flip(np.sort(x, axis=-1), axis=-1)
    k = np.cumsum(np.ones_like(x), axis=-1)
    theta = np.max((np.cumsum(downwards, axis=-1) - 1.0) / k, axis=-1, keepdims=True)
    return np.maximum(x - theta, 0.0)


@wide
def project_ball(x: Array, *, radius: float = 1.0) -> Array:
    """The nearest point of {||x||_2 <= radius} on the last axis: x min(1, radius/||x||), with the norm that cannot
    overflow.

    >>> project_ball([3e200, 4e200]).round(9).tolist(), project_ball([0.0, 0.5]).tolist()
    ([0.6, 0.8], [0.0, 0.5])
    """
    norm = vector_norm(x, axis=-1, keepdims=True)
    return np.where(norm > radius, x / np.where(norm > radius, norm, 1.0) * radius, x)


@wide
def project_box(x: Array, *, lower: float = 0.0, upper: float = 1.0) -> Array:
    """The nearest point of {lower <= x_i <= upper}: exact.

    >>> project_box([-1.0, 0.5, 2.0]).tolist()
    [0.0, 0.5, 1.0]
    """
    return np.minimum(np.maximum(x, lower), upper)


@wide
def project_half_space(x: Array, normal: Array, offset: Array) -> Array:
    """The nearest point of {normal . x <= offset} on the last axis: x - max(normal . x - offset, 0)
    normal/||normal||^2; offset (...).

    A zero normal leaves x as it is. The distance is taken along normal/||normal||, so that ||normal||^2 is never
    formed.

    >>> project_half_space([3.0, 1.0], [2.0, 0.0], 4.0).tolist()
    [2.0, 1.0]
    """
    norm = vector_norm(normal, axis=-1, keepdims=True)
    norm = np.where(norm == 0, 1.0, norm)
    unit = normal / norm
    excess = np.sum(unit * x, axis=-1, keepdims=True) - offset[..., None] / norm
    return np.where(np.sum(np.abs(unit), axis=-1, keepdims=True) == 0, x, x - np.maximum(excess, 0.0) * unit)
