"""What torch's documentation defines in place of the textbook: judged against it, what goes beyond is no convention."""

import numpy as np

from suite.floats import Array
from suite.targets.protocol import Documented

PAGE = "https://docs.pytorch.org/docs/stable/generated/torch.nn."


def _softplus(x: Array) -> Array:
    return np.where(x > 20.0, x, np.log1p(np.exp(np.minimum(x, 20.0))))


def _softplus_vjp(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    z = np.exp(np.minimum(x, 20.0))
    return (np.where(x > 20.0, cotangent, cotangent * z / (z + 1.0)),)


def _clamped(p: Array) -> Array:
    """max(log p, -100)."""
    return np.where(p == 0, -100.0, np.maximum(np.log(np.where(p == 0, 1.0, p)), -100.0))


def _binary_cross_entropy(p: Array, t: Array, *, reduction: str) -> Array:
    rest = np.where(p == 1, -100.0, np.maximum(np.log1p(-np.where(p == 1, 0.0, p)), -100.0))
    return (t - 1.0) * rest - t * _clamped(p)


DOCUMENTED = {
    "softplus": Documented(
        _softplus,
        f"reverts to the linear function when input * beta > threshold, which is 20: {PAGE}functional.softplus.html",
        _softplus_vjp,
    ),
    "binary_cross_entropy": Documented(
        _binary_cross_entropy,
        f"clamps its log function outputs to be greater than or equal to -100: {PAGE}BCELoss.html",
    ),
}
