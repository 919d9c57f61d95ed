"""Loss functions. `reduction` is "mean", "sum" or "none" and acts on the axis of the samples; leading axes are batch
axes.

For the losses on rows of scores (cross-entropy and relatives) the classes are the last axis and the samples the one
before; for the elementwise losses (squared, absolute, Huber, binary cross-entropy) and `kl_div` the samples are the
last axis. 0 log 0 = 0 throughout, and a certain prediction that is wrong costs +inf. Another reduction raises
ValueError. A mean of N terms adds (N+1)u mean|term|.
"""

import numpy as np

from reference.activations import sigmoid, softplus
from reference.formats import wide
from reference.softmax import log_softmax, log_softmax_log1p, softmax

OFFSET = 1e-7  # added to probabilities inside the logarithm, as introductory code does


def _reduced(losses, reduction):
    if reduction == "none":
        return losses
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction must be 'mean', 'sum' or 'none', not {reduction!r}")
    total = np.sum(losses, axis=-1)
    return total / losses.shape[-1] if reduction == "mean" else total


def _spread(cotangent, samples, reduction):
    """The cotangent of each sample's loss."""
    if reduction == "none":
        return cotangent
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction must be 'mean', 'sum' or 'none', not {reduction!r}")
    return cotangent[..., None] / (samples if reduction == "mean" else 1)


@wide
def mse_loss(input, target, *, reduction="mean"):
    """(input - target)^2: relative error (N+3)u.

    >>> mse_loss([1.0, 2.0], [1.0, 4.0]).item()
    2.0
    """
    return _reduced(np.square(input - target), reduction)


@wide
def mse_loss_vjp(input, target, *, reduction="mean", cotangent):
    """2 (input - target), and its negative for the target: relative error 4u.

    >>> mse_loss_vjp([1.0, 2.0], [1.0, 4.0], cotangent=1.0)[0].tolist()
    [0.0, -2.0]
    """
    d = input - target
    g = 2.0 * _spread(cotangent, d.shape[-1], reduction) * d
    return g, -g


@wide
def l1_loss(input, target, *, reduction="mean"):
    """|input - target|.

    >>> l1_loss([1.0, 2.0], [1.0, 4.0]).item()
    1.0
    """
    return _reduced(np.abs(input - target), reduction)


@wide
def l1_loss_vjp(input, target, *, reduction="mean", cotangent):
    """sign(input - target), 0 at the kink."""
    g = _spread(cotangent, input.shape[-1], reduction) * np.sign(input - target)
    return g, -g


@wide
def huber_loss(input, target, *, delta=1.0, reduction="mean"):
    """d^2/2 where |d| <= delta, else delta (|d| - delta/2) (Huber 1964).

    >>> huber_loss([0.0, 0.0], [0.5, 3.0], reduction="none").tolist()
    [0.125, 2.5]
    """
    d = np.abs(input - target)
    inside = np.minimum(d, delta)  # inside (d - inside/2) is both branches, and squares nothing large
    return _reduced(inside * (d - 0.5 * inside), reduction)


@wide
def huber_loss_vjp(input, target, *, delta=1.0, reduction="mean", cotangent):
    """d clamped to [-delta, delta]: continuous, no kink."""
    d = np.minimum(np.maximum(input - target, -delta), delta)
    g = _spread(cotangent, d.shape[-1], reduction) * d
    return g, -g


@wide
def smooth_l1_loss(input, target, *, beta=1.0, reduction="mean"):
    """Huber's loss over beta: d^2/(2 beta) where |d| <= beta, else |d| - beta/2."""
    d = np.abs(input - target)
    inside = np.minimum(d, beta)
    return _reduced(inside / beta * (d - 0.5 * inside), reduction)


@wide
def smooth_l1_loss_vjp(input, target, *, beta=1.0, reduction="mean", cotangent):
    """d/beta clamped to [-1, 1]."""
    d = np.minimum(np.maximum(input - target, -beta), beta) / beta
    g = _spread(cotangent, d.shape[-1], reduction) * d
    return g, -g


def _pick(rows, labels):
    return np.take_along_axis(rows, labels[..., None], axis=-1)[..., 0]


def _is_label(rows, labels):
    return np.arange(rows.shape[-1]) == labels[..., None]


@wide
def cross_entropy(logits, labels, *, reduction="mean"):
    """-log_softmax(logits)[label]: logits (..., m, c), integer labels (..., m) in [0, c), else IndexError.

    Error of a row as `log_softmax`, absolute (u) where the label dominates.

    >>> cross_entropy([[0.0, 0.0], [1000.0, 0.0]], [0, 1], reduction="none").round(9).tolist()
    [0.693147181, 1000.0]
    """
    return _reduced(-_pick(log_softmax(logits), labels), reduction)


@wide
def cross_entropy_log1p(logits, labels, *, reduction="mean"):
    """By `log_softmax_log1p`: relative accuracy where the label dominates, too.

    >>> f"{cross_entropy_log1p([[50.0, 0.0]], [0]):.6e}", abs(cross_entropy([[50.0, 0.0]], [0]).item())
    ('1.928750e-22', 0.0)
    """
    return _reduced(-_pick(log_softmax_log1p(logits), labels), reduction)


@wide
def cross_entropy_vjp(logits, labels, *, reduction="mean", cotangent):
    """softmax - one_hot, the label's entry as minus the sum of the others: p - 1 has no digits where p is near 1.
    Relative error (rho + n)u.

    >>> [f"{g:.6e}" for g in cross_entropy_vjp([[50.0, 0.0]], [0], cotangent=1.0)[0][0]]
    ['-1.928750e-22', '1.928750e-22']
    """
    p, hit = softmax(logits), _is_label(logits, labels)
    others = np.sum(np.where(hit, 0.0, p), axis=-1, keepdims=True)
    return (_rows(cotangent, labels.shape, reduction) * np.where(hit, -others, p),)


@wide
def cross_entropy_vjp_saved(logits, labels, *, reduction="mean", cotangent):
    """e^z - one_hot from the saved log-probabilities z, as libraries do it: absolute error u at the label."""
    p = np.exp(log_softmax(logits))
    return (
        _rows(cotangent, labels.shape, reduction) * (p - np.where(_is_label(logits, labels), np.ones_like(p), 0.0)),
    )


def _rows(cotangent, samples, reduction):
    """The cotangent of each sample's loss, ready to multiply a row of classes."""
    return _spread(cotangent, samples[-1] if samples else 1, reduction)[..., None]


@wide
def soft_cross_entropy(logits, probabilities, *, reduction="mean"):
    """-sum_j t_j log_softmax(logits)_j, t one-hot or any distribution: logits and t (..., m, c).

    >>> soft_cross_entropy([[0.0, -np.inf]], [[1.0, 0.0]]).item() == 0
    True
    """
    return _reduced(-np.sum(_times(probabilities, log_softmax(logits)), axis=-1), reduction)


def _times(t, log):
    return np.where(t == 0, 0.0, t * log)  # weight 0 of an infinite logarithm is 0, not NaN


@wide
def soft_cross_entropy_vjp(logits, probabilities, *, reduction="mean", cotangent):
    """softmax sum_j t_j - t for the logits, -log_softmax for the probabilities.

    >>> soft_cross_entropy_vjp([[0.0, 0.0]], [[1.0, 0.0]], cotangent=1.0)[0].tolist()
    [[-0.5, 0.5]]
    """
    g = _rows(cotangent, logits.shape[:-1], reduction)
    by_logits = softmax(logits) * np.sum(probabilities, axis=-1, keepdims=True) - probabilities
    return g * by_logits, -g * log_softmax(logits)


@wide
def cross_entropy_of_probabilities(probabilities, one_hot, *, reduction="mean"):
    """-sum_j t_j log(y_j + 1e-7), the offset *added*: finite at y = 0, and -1e-7 rather than 0 for a perfect
    prediction.

    >>> y = [[0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0]]
    >>> cross_entropy_of_probabilities(y, np.eye(10)[[2]]).round(12).item()
    0.510825457099
    """
    return _reduced(-np.sum(_times(one_hot, np.log(probabilities + OFFSET)), axis=-1), reduction)


@wide
def cross_entropy_of_probabilities_vjp(probabilities, one_hot, *, reduction="mean", cotangent):
    """-t/(y + 1e-7) for y, -log(y + 1e-7) for t."""
    g = _rows(cotangent, probabilities.shape[:-1], reduction)
    return -g * one_hot / (probabilities + OFFSET), -g * np.log(probabilities + OFFSET)


@wide
def nll_loss(log_probabilities, labels, *, reduction="mean"):
    """-log_probabilities[label]: a choice, exact without a reduction.

    >>> nll_loss([[-1.0, -2.0]], [1]).item()
    2.0
    """
    return _reduced(-_pick(log_probabilities, labels), reduction)


@wide
def nll_loss_vjp(log_probabilities, labels, *, reduction="mean", cotangent):
    """-1 at the label, 0 elsewhere."""
    return (np.where(_is_label(log_probabilities, labels), -_rows(cotangent, labels.shape, reduction), 0.0),)


@wide
def binary_cross_entropy_with_logits(logits, target, *, reduction="mean"):
    """t softplus(-x) + (1 - t) softplus(x): two terms >= 0, so relative error (4E + 7)u, with soft targets and in
    the tails.

    >>> [f"{binary_cross_entropy_with_logits([x], [0.0]):.6e}" for x in (-20.0, 1000.0)]
    ['2.061154e-09', '1.000000e+03']
    """
    return _reduced(_times(target, softplus(-logits)) + _times(1.0 - target, softplus(logits)), reduction)


@wide
def binary_cross_entropy_with_logits_max(logits, target, *, reduction="mean"):
    """max(x, 0) - x t + log1p(e^-|x|), as libraries write it: absolute error 4u|x| for soft targets, where the
    first two terms cancel.
    """
    return _reduced(np.maximum(logits, 0.0) - logits * target + np.log1p(np.exp(-np.abs(logits))), reduction)


@wide
def binary_cross_entropy_with_logits_vjp(logits, target, *, reduction="mean", cotangent):
    """(1 - t) sigmoid(x) - t sigmoid(-x) for the logits: relative accuracy for hard targets; -x for the target.

    >>> f"{binary_cross_entropy_with_logits_vjp([50.0], [1.0], cotangent=1.0)[0][0]:.6e}"
    '-1.928750e-22'
    """
    g = _spread(cotangent, logits.shape[-1], reduction)
    return g * ((1.0 - target) * sigmoid(logits) - target * sigmoid(-logits)), -g * logits


@wide
def binary_cross_entropy_with_logits_vjp_saved(logits, target, *, reduction="mean", cotangent):
    """sigmoid(x) - t, as libraries write it: absolute error u."""
    g = _spread(cotangent, logits.shape[-1], reduction)
    return g * (sigmoid(logits) - target), -g * logits


@wide
def binary_cross_entropy(probabilities, target, *, reduction="mean"):
    """-(t log p + (1 - t) log1p(-p)): no clamp, +inf on a certain miss, 0 on a certain hit. Relative error (2E + 4)u.

    >>> binary_cross_entropy([0.0, 1.0, 0.0], [0.0, 1.0, 1.0], reduction="none").tolist()
    [-0.0, -0.0, inf]
    """
    return _reduced(
        -(_times(target, np.log(probabilities)) + _times(1.0 - target, np.log1p(-probabilities))), reduction
    )


@wide
def binary_cross_entropy_vjp(probabilities, target, *, reduction="mean", cotangent):
    """(1 - t)/(1 - p) - t/p for p, where a weight 0 is no division by 0; log1p(-p) - log p for t.

    >>> binary_cross_entropy_vjp([0.0, 1.0], [0.0, 1.0], reduction="none", cotangent=[1.0, 1.0])[0].tolist()
    [1.0, -1.0]
    """
    p, t, g = probabilities, target, _spread(cotangent, probabilities.shape[-1], reduction)
    slope = np.where(t == 1, 0.0, (1.0 - t) / (1.0 - p)) - np.where(t == 0, 0.0, t / p)
    return g * slope, g * (np.log1p(-p) - np.log(p))


@wide
def kl_div(log_probabilities, target, *, reduction="sum"):
    """t (log t - lp), the Kullback-Leibler divergence of the last axis when summed; "mean" divides by its length.

    Error u sum((2E + 2)|t log t| + 2|t lp|) + (n-1)u sum|term|: near t = p every digit, and the sign, is lost.

    >>> kl_div(np.log([0.5, 0.5]), [0.5, 0.5]).item(), kl_div([-np.inf, 0.0], [0.0, 1.0]).item()
    (0.0, 0.0)
    """
    return _reduced(np.where(target == 0, 0.0, target * (np.log(target) - log_probabilities)), reduction)


@wide
def kl_div_vjp(log_probabilities, target, *, reduction="sum", cotangent):
    """-t for lp; log t + 1 - lp for t."""
    g = _spread(cotangent, target.shape[-1], reduction)
    return -g * target, g * ((np.log(target) - log_probabilities) + 1.0)
