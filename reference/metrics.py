"""Scores of a binary classifier over the last axis: predicted positive where score > threshold, targets 0 or 1.

Counts are exact below 2^p, so one division is the only rounding. All are piecewise constant in the scores: their
gradient is 0 almost everywhere, and they are no loss functions. A ratio with denominator 0 is 0, by convention.
"""

import numpy as np

from reference.formats import Array, wide


def _counts(scores: Array, targets: Array, threshold: float) -> tuple[Array, Array, Array]:
    """True positives, predicted positives, positives."""
    predicted = np.where(scores > threshold, np.ones_like(targets), 0.0)
    return np.sum(predicted * targets, axis=-1), np.sum(predicted, axis=-1), np.sum(targets, axis=-1)


def _ratio(part: Array, whole: Array) -> Array:
    return np.where(whole == 0, 0.0, part / np.where(whole == 0, 1.0, whole))[()]


@wide
def accuracy(scores: Array, targets: Array, *, threshold: float = 0.5) -> Array:
    """The fraction of samples predicted as they are.

    >>> accuracy([0.9, 0.4, 0.8, 0.1], [1.0, 1.0, 0.0, 0.0]).item()
    0.5
    """
    right = np.where((scores > threshold) == (targets > 0.5), np.ones_like(targets), 0.0)
    return np.sum(right, axis=-1) / targets.shape[-1]


@wide
def precision(scores: Array, targets: Array, *, threshold: float = 0.5) -> Array:
    """True positives over predicted positives; 0 if none is predicted.

    >>> precision([0.9, 0.4, 0.8, 0.1], [1.0, 1.0, 0.0, 0.0]).item()
    0.5
    """
    hits, predicted, _ = _counts(scores, targets, threshold)
    return _ratio(hits, predicted)


@wide
def recall(scores: Array, targets: Array, *, threshold: float = 0.5) -> Array:
    """True positives over positives; 0 if there is none. Does not rise with the threshold.

    >>> recall([0.9, 0.4, 0.8, 0.1], [1.0, 1.0, 0.0, 0.0]).item()
    0.5
    """
    hits, _, positives = _counts(scores, targets, threshold)
    return _ratio(hits, positives)


@wide
def f1(scores: Array, targets: Array, *, threshold: float = 0.5) -> Array:
    """2TP/(2TP + FP + FN), the harmonic mean of precision and recall; 0 if nothing is positive or predicted so.

    >>> f1([0.9, 0.9], [1.0, 0.0]).round(9).item()
    0.666666667
    """
    hits, predicted, positives = _counts(scores, targets, threshold)
    return _ratio(2.0 * hits, predicted + positives)
