"""Bugs of losses that users reported, with the numbers of their trackers."""

import numpy as np

import reference as ref
from reference.reductions import reduce_losses, spread_losses, weigh
from suite.floats import Array
from suite.mutants.mutant import Mutant

FLOOR = 1e-12  # of a denominator
CLIP = 1e-7  # of a probability


@ref.wide
def cross_entropy_vjp_of_softmax(
    logits: Array, labels: Array, *, reduction: str = "mean", cotangent: Array
) -> tuple[Array, ...]:
    """The derivative of softmax at -t/p: 0 * inf where the label's probability underflowed."""
    p = ref.softmax(logits)
    hit = np.arange(logits.shape[-1]) == labels[..., None]
    q = np.where(hit, -1.0 / p, 0.0)
    g = spread_losses(cotangent, labels.shape[-1:], reduction)[..., None]
    return (g * (p * (q - np.sum(p * q, axis=-1, keepdims=True))),)


def _in_place(terms: Array) -> Array:
    """Halves are added in the type of the operands, as the blocks of a kernel do it."""
    while terms.shape[-1] > 1:
        terms = np.concatenate([terms, np.zeros_like(terms[..., : terms.shape[-1] % 2])], axis=-1)
        terms = terms[..., ::2] + terms[..., 1::2]
    return terms[..., 0]


def nll_loss_in_place(log_probabilities: Array, labels: Array, *, reduction: str = "mean") -> Array:
    """The losses and the number of samples are both accumulated in the type of the operands."""
    terms = -np.take_along_axis(log_probabilities, labels[..., None], axis=-1)[..., 0]
    if reduction == "none":
        return terms
    return _in_place(terms) / _in_place(np.ones_like(terms)) if reduction == "mean" else _in_place(terms)


@ref.wide
def bce_logits_overflowing(logits: Array, target: Array, *, reduction: str = "mean") -> Array:
    """(1 - t) x + log(1 + e^-x): inf from x = -89 on in float32."""
    return reduce_losses((1.0 - target) * logits + np.log(1.0 + np.exp(-logits)), reduction)


@ref.wide
def bce_logits_vjp_at_zero(
    logits: Array, target: Array, *, reduction: str = "mean", cotangent: Array
) -> tuple[Array, ...]:
    """Term by term through max(x, 0) - x t + log1p(e^-|x|), with max'(0) = abs'(0) = 0: -t at 0, not 1/2 - t."""
    e = np.exp(-np.abs(logits))
    slope = (logits > 0).astype(logits.dtype) - target - np.sign(logits) * (e / (1.0 + e))
    return (spread_losses(cotangent, logits.shape[-1], reduction) * slope,)


@ref.wide
def bce_clamped(probabilities: Array, target: Array, *, reduction: str = "mean") -> Array:
    """Logarithms are clamped at -100: a certain miss costs 100, and so does everything below e^-100."""
    hit, miss = np.maximum(np.log(probabilities), -100.0), np.maximum(np.log1p(-probabilities), -100.0)
    return reduce_losses(-(target * hit + (1.0 - target) * miss), reduction)


@ref.wide
def bce_vjp_floored(
    probabilities: Array, target: Array, *, reduction: str = "mean", cotangent: Array
) -> tuple[Array, ...]:
    """(p - t) / max(p (1 - p), 1e-12): far too small where p is smaller than the floor."""
    p, g = probabilities, spread_losses(cotangent, probabilities.shape[-1], reduction)
    return (g * ((p - target) / np.maximum(p * (1.0 - p), FLOOR)),)


@ref.wide
def bce_clipped(probabilities: Array, target: Array, *, reduction: str = "mean") -> Array:
    """Probabilities are clipped to [1e-7, 1 - 1e-7]."""
    p = np.clip(probabilities, CLIP, 1.0 - CLIP)
    return reduce_losses(-(weigh(target, np.log(p)) + weigh(1.0 - target, np.log1p(-p))), reduction)


@ref.wide
def bce_vjp_clipped(
    probabilities: Array, target: Array, *, reduction: str = "mean", cotangent: Array
) -> tuple[Array, ...]:
    """The derivative of a clip to [1e-7, 1 - 1e-7] is 0 outside: saturated units learn nothing."""
    (g,) = ref.binary_cross_entropy_vjp(probabilities, target, reduction=reduction, cotangent=cotangent)[:1]
    return (np.where((probabilities >= CLIP) & (probabilities <= 1.0 - CLIP), g, 0.0),)


LOSSES: tuple[Mutant, ...] = (
    Mutant(
        "cross_entropy_none",
        "softmax differentiated at a quotient",
        cross_entropy_vjp_of_softmax,
        "a confident mistake gives a gradient of NaN instead of one",
        source="FluxML/NNlib.jl#68",
        vjp=True,
    ),
    Mutant(
        "cross_entropy_none",
        "one subtracted from the probability",
        ref.cross_entropy_vjp_saved,
        "well classified samples have no gradient at their label, and the entries no longer sum to zero",
        source="pytorch/pytorch#195678",
        dtype="float64",
        vjp=True,
    ),
    Mutant(
        "nll_loss",
        "accumulated in 16 bits",
        nll_loss_in_place,
        "the mean loss of a large segmentation map is NaN",
        source="pytorch/pytorch#29429",
        dtype="float16",
    ),
    Mutant(
        "binary_cross_entropy_with_logits_none",
        "exp of minus x",
        bce_logits_overflowing,
        "a logit of -100 costs inf although the loss is 0 or 100",
        source="pytorch/pytorch PR#1792",
    ),
    Mutant(
        "binary_cross_entropy_with_logits_none",
        "no slope at zero",
        bce_logits_vjp_at_zero,
        "weights that start at zero are told that a miss costs nothing",
        source="pytorch/pytorch#2298",
        vjp=True,
    ),
    Mutant(
        "binary_cross_entropy",
        "logarithm clamped",
        bce_clamped,
        "an infinite loss is reported as 100",
        source="pytorch/pytorch#103316",
    ),
    Mutant(
        "binary_cross_entropy",
        "floor in the denominator",
        bce_vjp_floored,
        "the worst predictions have a gradient of 1e-11 instead of 1e21, and are never corrected",
        source="pytorch/pytorch#103316",
        vjp=True,
    ),
    Mutant(
        "binary_cross_entropy",
        "probability clipped",
        bce_clipped,
        "losses of confident predictions are all the same",
        source="keras-team/keras#9664",
    ),
    Mutant(
        "binary_cross_entropy",
        "derivative of a clip",
        bce_vjp_clipped,
        "a saturated unit that is wrong has gradient 0 and stays wrong",
        source="keras-team/keras#9664",
        vjp=True,
    ),
)
