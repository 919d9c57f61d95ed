"""Elementwise losses (squared, absolute, Huber, binary cross-entropy) and the Kullback-Leibler divergence. The samples
are the last axis, and leading axes are batch axes.

`reduction` is "mean", "sum" or "none" and acts on the samples; another raises ValueError. 0 log 0 = 0 throughout, and a
certain prediction that is wrong costs +inf. A mean of N terms adds (N+1)u mean|term|. E = 4 ulp is the budget of exp,
log and log1p; underflow adds (4E + 4)eta a term.
"""

import numpy as np

from reference.activations import sigmoid, softplus
from reference.formats import Array, wide
from reference.reductions import reduce_losses, spread_losses, weigh


@wide
def mse_loss(input: Array, target: Array, *, reduction: str = "mean") -> Array:
    """(input - target)^2: relative error (N+3)u.

    >>> mse_loss([1.0, 2.0], [1.0, 4.0]).item()
    2.0
    """
    return reduce_losses(np.square(input - target), reduction)


@wide
def mse_loss_vjp(input: Array, target: Array, *, reduction: str = "mean", cotangent: Array) -> tuple[Array, ...]:
    """2 (input - target), and its negative for the target: relative error 4u.

    >>> mse_loss_vjp([1.0, 2.0], [1.0, 4.0], cotangent=1.0)[0].tolist()
    [0.0, -2.0]
    """
    d = input - target
    g = 2.0 * spread_losses(cotangent, d.shape[-1:], reduction) * d
    return g, -g


@wide
def l1_loss(input: Array, target: Array, *, reduction: str = "mean") -> Array:
    """|input - target|.

    >>> l1_loss([1.0, 2.0], [1.0, 4.0]).item()
    1.0
    """
    return reduce_losses(np.abs(input - target), reduction)


@wide
def l1_loss_vjp(input: Array, target: Array, *, reduction: str = "mean", cotangent: Array) -> tuple[Array, ...]:
    """sign(input - target), 0 at the kink."""
    g = spread_losses(cotangent, input.shape[-1:], reduction) * np.sign(input - target)
    return g, -g


@wide
def huber_loss(input: Array, target: Array, *, delta: float = 1.0, reduction: str = "mean") -> Array:
    """d^2/2 where |d| <= delta, else delta (|d| - delta/2) (Huber 1964).

    >>> huber_loss([0.0, 0.0], [0.5, 3.0], reduction="none").tolist()
    [0.125, 2.5]
    """
    d = np.abs(input - target)
    inside = np.minimum(d, delta)  # inside (d - inside/2) is both branches, and squares nothing large
    return reduce_losses(inside * (d - 0.5 * inside), reduction)


@wide
def huber_loss_vjp(
    input: Array, target: Array, *, delta: float = 1.0, reduction: str = "mean", cotangent: Array
) -> tuple[Array, ...]:
    """d clamped to [-delta, delta]: continuous, no kink."""
    d = np.minimum(np.maximum(input - target, -delta), delta)
    g = spread_losses(cotangent, d.shape[-1:], reduction) * d
    return g, -g


@wide
def smooth_l1_loss(input: Array, target: Array, *, beta: float = 1.0, reduction: str = "mean") -> Array:
    """Huber's loss over beta: d^2/(2 beta) where |d| <= beta, else |d| - beta/2."""
    d = np.abs(input - target)
    inside = np.minimum(d, beta)
    return reduce_losses(inside / beta * (d - 0.5 * inside), reduction)


@wide
def smooth_l1_loss_vjp(
    input: Array, target: Array, *, beta: float = 1.0, reduction: str = "mean", cotangent: Array
) -> tuple[Array, ...]:
    """d/beta clamped to [-1, 1]."""
    d = np.minimum(np.maximum(input - target, -beta), beta) / beta
    g = spread_losses(cotangent, d.shape[-1:], reduction) * d
    return g, -g


@wide
def binary_cross_entropy_with_logits(logits: Array, target: Array, *, reduction: str = "mean") -> Array:
    """t softplus(-x) + (1 - t) softplus(x): two terms >= 0, so relative error (4E + 7)u, with soft targets and in
    the tails.

    >>> [f"{binary_cross_entropy_with_logits([x], [0.0]):.6e}" for x in (-20.0, 1000.0)]
    ['2.061154e-09', '1.000000e+03']
    """
    return reduce_losses(weigh(target, softplus(-logits)) + weigh(1.0 - target, softplus(logits)), reduction)


@wide
def binary_cross_entropy_with_logits_max(logits: Array, target: Array, *, reduction: str = "mean") -> Array:
    """max(x, 0) - x t + log1p(e^-|x|), as libraries write it: absolute error 4u|x| for soft targets, where the
    first two terms cancel.
    """
    return reduce_losses(np.maximum(logits, 0.0) - logits * target + np.log1p(np.exp(-np.abs(logits))), reduction)


@wide
def binary_cross_entropy_with_logits_vjp(
    logits: Array, target: Array, *, reduction: str = "mean", cotangent: Array
) -> tuple[Array, ...]:
    """(1 - t) sigmoid(x) - t sigmoid(-x) for the logits: relative accuracy for hard targets; -x for the target.

    >>> f"{binary_cross_entropy_with_logits_vjp([50.0], [1.0], cotangent=1.0)[0][0]:.6e}"
    '-1.928750e-22'
    """
    g = spread_losses(cotangent, logits.shape[-1:], reduction)
    return g * ((1.0 - target) * sigmoid(logits) - target * sigmoid(-logits)), -g * logits


@wide
def binary_cross_entropy_with_logits_vjp_saved(
    logits: Array, target: Array, *, reduction: str = "mean", cotangent: Array
) -> tuple[Array, ...]:
    """sigmoid(x) - t, as libraries write it: absolute error u."""
    g = spread_losses(cotangent, logits.shape[-1:], reduction)
    return g * (sigmoid(logits) - target), -g * logits


@wide
def binary_cross_entropy(probabilities: Array, target: Array, *, reduction: str = "mean") -> Array:
    """-(t log p + (1 - t) log1p(-p)): no clamp, +inf on a certain miss, 0 on a certain hit. Relative error (2E + 4)u.

    >>> binary_cross_entropy([0.0, 1.0, 0.0], [0.0, 1.0, 1.0], reduction="none").tolist()
    [-0.0, -0.0, inf]
    """
    return reduce_losses(
        -(weigh(target, np.log(probabilities)) + weigh(1.0 - target, np.log1p(-probabilities))), reduction
    )


@wide
def binary_cross_entropy_vjp(
    probabilities: Array, target: Array, *, reduction: str = "mean", cotangent: Array
) -> tuple[Array, ...]:
    """(1 - t)/(1 - p) - t/p for p, where a weight 0 is no division by 0; log1p(-p) - log p for t.

    >>> binary_cross_entropy_vjp([0.0, 1.0], [0.0, 1.0], reduction="none", cotangent=[1.0, 1.0])[0].tolist()
    [1.0, -1.0]
    """
    p, t, g = probabilities, target, spread_losses(cotangent, probabilities.shape[-1:], reduction)
    slope = np.where(t == 1, 0.0, (1.0 - t) / (1.0 - p)) - np.where(t == 0, 0.0, t / p)
    return g * slope, g * (np.log1p(-p) - np.log(p))


@wide
def kl_div(log_probabilities: Array, target: Array, *, reduction: str = "sum") -> Array:
    """t (log t - lp), the Kullback-Leibler divergence of the last axis when summed; "mean" divides by its length.

    Error u sum((2E + 2)|t log t| + 2|t lp|) + (n-1)u sum|term|: near t = p every digit, and the sign, is lost.

    >>> kl_div(np.log([0.5, 0.5]), [0.5, 0.5]).item(), kl_div([-np.inf, 0.0], [0.0, 1.0]).item()
    (0.0, 0.0)
    """
    return reduce_losses(np.where(target == 0, 0.0, target * (np.log(target) - log_probabilities)), reduction)


@wide
def kl_div_vjp(
    log_probabilities: Array, target: Array, *, reduction: str = "sum", cotangent: Array
) -> tuple[Array, ...]:
    """-t for lp; log t + 1 - lp for t."""
    g = spread_losses(cotangent, target.shape[-1:], reduction)
    return -g * target, g * ((np.log(target) - log_probabilities) + 1.0)
