"""What the losses share: `reduction` is "mean", "sum" or "none" and acts on the last axis, that of the samples."""

import numpy as np

from reference.formats import Array


def reduce_losses(losses, reduction):
    if reduction == "none":
        return losses
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction must be 'mean', 'sum' or 'none', not {reduction!r}")
    total = np.sum(losses, axis=-1)
    return total / losses.shape[-1] if reduction == "mean" else total


def spread_losses(cotangent, samples, reduction):
    """The cotangent of each sample's loss."""
    if reduction == "none":
        return cotangent
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction must be 'mean', 'sum' or 'none', not {reduction!r}")
    return cotangent[..., None] / (samples if reduction == "mean" else 1)


def weigh(t, log):
    return np.where(t == 0, 0.0, t * log)  # weight 0 of an infinite logarithm is 0, not NaN
