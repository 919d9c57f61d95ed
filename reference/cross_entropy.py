"""Cross-entropy and its relatives on rows of scores: the classes are the last axis, the samples the one before, and
leading axes are batch axes.

`reduction` is "mean", "sum" or "none" and acts on the samples; another raises ValueError. 0 log 0 = 0 throughout, and a
certain prediction that is wrong costs +inf. A mean of N terms adds (N+1)u mean|term|.
"""

import numpy as np

from reference.formats import Array, wide
from reference.reductions import reduce_losses, spread_losses, weigh
from reference.softmax import log_softmax, log_softmax_log1p, softmax

OFFSET = 1e-7  # added to probabilities inside the logarithm, as introductory code does


def _pick(rows: Array, labels: Array) -> Array:
    return np.take_along_axis(rows, _legal(labels, rows.shape[-1])[..., None], axis=-1)[..., 0]


def _is_label(rows: Array, labels: Array) -> Array:
    return np.arange(rows.shape[-1]) == _legal(labels, rows.shape[-1])[..., None]


def _legal(labels: Array, classes: int) -> Array:
    """The labels, or ValueError: -1 would be the last class in NumPy's indexing, and a label equal to nothing no error
    at all.
    """
    labels = np.asarray(labels)
    wrong = labels[(labels < 0) | (labels >= classes)]
    if labels.dtype.kind not in "iu" or wrong.size:
        got = wrong[0] if wrong.size else f"of type {labels.dtype}"
        raise ValueError(f"labels must be integers in [0, {classes}), not {got}")
    return labels


def _rows(cotangent: Array, samples: tuple[int, ...], reduction: str) -> Array:
    """The cotangent of each sample's loss, ready to multiply a row of classes."""
    return spread_losses(cotangent, samples[-1:], reduction)[..., None]


@wide
def cross_entropy(logits: Array, labels: Array, *, reduction: str = "mean") -> Array:
    """-log_softmax(logits)[label]: logits (..., m, c), integer labels (..., m) in [0, c), else ValueError.

    Error of a row as `log_softmax`, absolute (u) where the label dominates.

    >>> cross_entropy([[0.0, 0.0], [1000.0, 0.0]], [0, 1], reduction="none").round(9).tolist()
    [0.693147181, 1000.0]
    >>> cross_entropy([[0.0, 0.0]], [-1])
    Traceback (most recent call last):
    ValueError: labels must be integers in [0, 2), not -1
    """
    return reduce_losses(-_pick(log_softmax(logits), labels), reduction)


@wide
def cross_entropy_log1p(logits: Array, labels: Array, *, reduction: str = "mean") -> Array:
    """By `log_softmax_log1p`: relative accuracy where the label dominates, too.

    >>> f"{cross_entropy_log1p([[50.0, 0.0]], [0]):.6e}", abs(cross_entropy([[50.0, 0.0]], [0]).item())
    ('1.928750e-22', 0.0)
    """
    return reduce_losses(-_pick(log_softmax_log1p(logits), labels), reduction)


@wide
def cross_entropy_vjp(logits: Array, labels: Array, *, reduction: str = "mean", cotangent: Array) -> tuple[Array, ...]:
    """softmax - one_hot, the label's entry as minus the sum of the others: p - 1 has no digits where p is near 1.
    Relative error (rho + n)u.

    >>> [f"{g:.6e}" for g in cross_entropy_vjp([[50.0, 0.0]], [0], cotangent=1.0)[0][0]]
    ['-1.928750e-22', '1.928750e-22']
    """
    p, hit = softmax(logits), _is_label(logits, labels)
    others = np.sum(np.where(hit, 0.0, p), axis=-1, keepdims=True)
    return (_rows(cotangent, labels.shape, reduction) * np.where(hit, -others, p),)


@wide
def cross_entropy_vjp_saved(
    logits: Array, labels: Array, *, reduction: str = "mean", cotangent: Array
) -> tuple[Array, ...]:
    """e^z - one_hot from the saved log-probabilities z, as libraries do it: absolute error u at the label."""
    p = np.exp(log_softmax(logits))
    return (
        _rows(cotangent, labels.shape, reduction) * (p - np.where(_is_label(logits, labels), np.ones_like(p), 0.0)),
    )


@wide
def soft_cross_entropy(logits: Array, probabilities: Array, *, reduction: str = "mean") -> Array:
    """-sum_j t_j log_softmax(logits)_j, t one-hot or any distribution: logits and t (..., m, c).

    >>> soft_cross_entropy([[0.0, -np.inf]], [[1.0, 0.0]]).item() == 0
    True
    """
    return reduce_losses(-np.sum(weigh(probabilities, log_softmax(logits)), axis=-1), reduction)


@wide
def soft_cross_entropy_vjp(
    logits: Array, probabilities: Array, *, reduction: str = "mean", cotangent: Array
) -> tuple[Array, ...]:
    """softmax sum_j t_j - t for the logits, -log_softmax for the probabilities.

    >>> soft_cross_entropy_vjp([[0.0, 0.0]], [[1.0, 0.0]], cotangent=1.0)[0].tolist()
    [[-0.5, 0.5]]
    """
    g = _rows(cotangent, logits.shape[:-1], reduction)
    by_logits = softmax(logits) * np.sum(probabilities, axis=-1, keepdims=True) - probabilities
    return g * by_logits, -g * log_softmax(logits)


@wide
def cross_entropy_of_probabilities(probabilities: Array, one_hot: Array, *, reduction: str = "mean") -> Array:
    """-sum_j t_j log(y_j + 1e-7), the offset *added*: finite at y = 0, and -1e-7 rather than 0 for a perfect
    prediction.

    >>> y = [[0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0]]
    >>> cross_entropy_of_probabilities(y, np.eye(10)[[2]]).round(12).item()
    0.510825457099
    """
    return reduce_losses(-np.sum(weigh(one_hot, np.log(probabilities + OFFSET)), axis=-1), reduction)


@wide
def cross_entropy_of_probabilities_vjp(
    probabilities: Array, one_hot: Array, *, reduction: str = "mean", cotangent: Array
) -> tuple[Array, ...]:
    """-t/(y + 1e-7) for y, -log(y + 1e-7) for t."""
    g = _rows(cotangent, probabilities.shape[:-1], reduction)
    return -g * one_hot / (probabilities + OFFSET), -g * np.log(probabilities + OFFSET)


@wide
def nll_loss(log_probabilities: Array, labels: Array, *, reduction: str = "mean") -> Array:
    """-log_probabilities[label]: a choice, exact without a reduction. Labels as in `cross_entropy`.

    >>> nll_loss([[-1.0, -2.0]], [1]).item()
    2.0
    """
    return reduce_losses(-_pick(log_probabilities, labels), reduction)


@wide
def nll_loss_vjp(
    log_probabilities: Array, labels: Array, *, reduction: str = "mean", cotangent: Array
) -> tuple[Array, ...]:
    """-1 at the label, 0 elsewhere."""
    return (np.where(_is_label(log_probabilities, labels), -_rows(cotangent, labels.shape, reduction), 0.0),)
