"""What the losses share: `reduction` is "mean", "sum" or "none" and acts on the last axis, that of the samples."""

from math import prod

import numpy as np

from reference.formats import Array


def reduce_losses(losses: Array, reduction: str) -> Array:
    """The mean or the sum of the losses over the samples, or the losses as they are.

    >>> reduce_losses(np.array([1.0, 3.0]), "mean").item()
    2.0
    """
    _require_reduction(reduction)
    if reduction == "none":
        return losses
    total = np.sum(losses, axis=-1)
    return total / losses.shape[-1] if reduction == "mean" else total


def spread_losses(cotangent: Array, samples: tuple[int, ...], reduction: str) -> Array:
    """The adjoint of `reduce_losses`: the cotangent of each of the losses, whose last axis has that shape; one number
    has none.

    >>> spread_losses(np.array(1.0), (4,), "mean").tolist()
    [0.25]
    """
    _require_reduction(reduction)
    if reduction == "none":
        return cotangent
    return cotangent[..., None] / (prod(samples) if reduction == "mean" else 1)


def _require_reduction(reduction: str) -> None:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction must be 'mean', 'sum' or 'none', not {reduction!r}")


def weigh(t: Array, log: Array) -> Array:
    """t log, where weight 0 of an infinite logarithm is 0, not NaN.

    >>> weigh(np.array([0.0, 0.5]), np.array([-4.0, -4.0])).tolist()
    [0.0, -2.0]
    """
    return np.where(t == 0, 0.0, t * log)
