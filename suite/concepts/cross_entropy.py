"""Cross-entropy and its relatives: non-negative, convex in their scores, finite wherever the exact loss is."""

from dataclasses import replace

import numpy as np

import reference as ref
from suite.arithmetic import decimal
from suite.concepts.losses import CONVEX, LOGITS, MEAN_SUM, NONE, reduced, xlog
from suite.draw.kinds import LOG_SIMPLEX, SIMPLEX, WEIGHT, labels, padded_labels
from suite.floats import Array
from suite.judge.case import Case
from suite.judge.truth import Formula
from suite.laws.algebra import Agrees, Identity, Shift, Sides, other
from suite.laws.convexity import Convex
from suite.laws.gradient import GradientSum
from suite.laws.order import Range
from suite.record import Concept, Freedom, Operand

LABELS = Operand(labels("c"), grad=False)
PADDED = Operand(padded_labels("c"), grad=False)
WEIGHTS = Operand(WEIGHT, grad=False)


def _log_softmax(x: Array) -> Array:
    d = x - np.max(x, axis=-1, keepdims=True)
    return d - np.log(np.sum(np.exp(d), axis=-1, keepdims=True))


def _picked(x: Array, labels: Array) -> Array:
    return np.take_along_axis(x, labels[..., None], axis=-1)[..., 0]


def _cross_entropy(logits: Array, labels: Array, *, reduction: str) -> Array:
    return reduced(-_picked(_log_softmax(logits), labels), reduction)


def _weights(labels: Array, weight: Array | None, ignore_index: int) -> Array:
    """What each sample counts: 0 if its label is ignored."""
    one = np.ones(labels.shape, np.float32)
    if weight is not None:
        one = _picked(weight[..., None, :] + np.zeros((*labels.shape, 1), np.float32), labels)
    return np.where(labels == ignore_index, 0, one)


def _averaged(terms: Array, weights: Array, reduction: str) -> Array:
    return np.sum(terms, axis=-1) / (np.sum(weights, axis=-1) if reduction == "mean" else 1)


def _targeted(
    logits: Array, labels: Array, weight: Array | None = None, *, reduction: str, label_smoothing: float = 0.0,
    ignore_index: int = -100,
) -> Array:  # fmt: skip
    """-sum_j t_j log p_j, t = (1 - e) w_y at the label y plus e w_j / c everywhere, over the sum of w_y."""
    z = _log_softmax(logits)
    w, e = _weights(labels, weight, ignore_index), decimal(logits, label_smoothing)
    everywhere = np.ones((*labels.shape, 1), np.float32) if weight is None else weight[..., None, :]
    hit = np.arange(logits.shape[-1]) == labels[..., None]
    t = np.where(hit, (1 - e) * w[..., None], 0)
    if label_smoothing:
        t = t + np.where(labels[..., None] == ignore_index, 0, e / logits.shape[-1] * everywhere)
    return _averaged(np.sum(-xlog(t, z), axis=-1), w, reduction)


def _nll(lp: Array, labels: Array, weight: Array | None = None, *, reduction: str, ignore_index: int = -100) -> Array:
    w = _weights(labels, weight, ignore_index)
    return _averaged(np.where(labels == ignore_index, 0, w * -_picked(lp, labels)), w, reduction)


def _in_parts(
    logits: Array, labels: Array, weight: Array | None = None, *, reduction: str, label_smoothing: float = 0.0,
    ignore_index: int = -100,
) -> Array:  # fmt: skip
    """(1 - e) of the loss plus e/c of the sum over all classes, each reduced by itself."""
    z = ref.log_softmax(logits)
    hard = ref.nll_loss(z, labels, weight, reduction=reduction, ignore_index=ignore_index)
    if not label_smoothing:
        return hard
    all_classes = z if weight is None else z * weight[..., None, :]
    smooth = np.where(labels == ignore_index, 0.0, -np.sum(all_classes, axis=-1))
    w = _weights(labels, weight, ignore_index)
    return (1.0 - label_smoothing) * hard + _averaged(smooth, w, reduction) * (label_smoothing / logits.shape[-1])


def _chained_vjp(
    logits: Array, labels: Array, weight: Array | None = None, *, reduction: str, label_smoothing: float = 0.0,
    ignore_index: int = -100, cotangent: Array,
) -> tuple[Array, ...]:  # fmt: skip
    """h = -g t goes into the derivative of log-softmax, h - e^z sum h."""
    w = _weights(labels, weight, ignore_index)
    g = (cotangent / np.sum(w, axis=-1) if reduction == "mean" else cotangent)[..., None, None]
    everywhere = np.ones((*labels.shape, 1), np.float32) if weight is None else weight[..., None, :]
    spread = np.where(labels[..., None] == ignore_index, 0.0, everywhere * (g * (label_smoothing / logits.shape[-1])))
    hit = np.arange(logits.shape[-1]) == labels[..., None]
    h = -(np.where(hit, w[..., None] * (g * (1.0 - label_smoothing)), 0.0) + spread)
    return (h - np.exp(ref.log_softmax(logits)) * np.sum(h, axis=-1, keepdims=True),)


def _of_probabilities(y: Array, t: Array, *, reduction: str) -> Array:
    return reduced(-np.sum(xlog(t, np.log(y + decimal(y, 1e-7))), axis=-1), reduction)


def _via_log_softmax(case: Case) -> tuple[Array, Array]:
    """cross_entropy = nll of log_softmax."""
    from suite.concepts.softmax import log_softmax

    z = other(case, log_softmax, case.inputs[0])
    pick = case.inputs[1][..., None]
    value, error = (np.take_along_axis(v, pick, axis=-1)[..., 0] for v in (z.got().astype(np.float64), z.bounded()[1]))
    return -value, error


def _uniform(case: Case) -> Sides:
    """Equal logits: log c, whatever their common value (within both bounds)."""
    x, labels = case.inputs
    flat = case.at(np.broadcast_to(x[..., :1], x.shape).copy(), labels)
    c = x.shape[-1]
    return flat.got(), np.full(flat.got().shape, np.log(c)), flat.bounded()[1] + 2.0**-52 * np.log(c)


def _picked_vjp(logits: Array, labels: Array, *, reduction: str, cotangent: Array) -> tuple[Array, ...]:
    """e^z off the label, minus their sum at the label, from the log-probabilities z."""
    p, hit = np.exp(ref.log_softmax(logits)), np.arange(logits.shape[-1]) == labels[..., None]
    others = np.sum(np.where(hit, 0.0, p), axis=-1, keepdims=True)
    g = (
        cotangent[..., None]
        if reduction == "none"
        else cotangent[..., None, None] / (labels.shape[-1] if reduction == "mean" else 1)
    )
    return (g * np.where(hit, -others, p),)


CROSS_ENTROPY = Freedom(derivatives=(_picked_vjp,), saved=ref.cross_entropy_vjp_saved, fused=False)

TARGETED = {
    "truth": Formula(_targeted),
    "freedom": Freedom(alternatives=(_in_parts,), derivatives=(_chained_vjp,), fused=False),
    "laws": (Range(0.0), Convex()),
}

cross_entropy = Concept(
    "cross_entropy",
    "(m,c),(m)->()",
    Formula(_cross_entropy),
    ref.cross_entropy,
    operands=(LOGITS, LABELS),
    options=MEAN_SUM,
    freedom=CROSS_ENTROPY,
    backward=ref.cross_entropy_vjp,
    laws=(Range(0.0), Shift(), Convex()),
    apart=True,
    variants=(
        {
            "name": "cross_entropy_smoothed",
            **TARGETED,
            "options": tuple({"reduction": r, "label_smoothing": e} for r, e in (("mean", 0.1), ("sum", 0.25))),
        },
        {
            "name": "cross_entropy_ignoring",
            **TARGETED,
            "operands": (LOGITS, PADDED),
            "options": tuple({"reduction": r, "ignore_index": k} for r, k in (("mean", 0), ("sum", 2))),
        },
        {
            "name": "cross_entropy_weighted",
            **TARGETED,
            "signature": "(m,c),(m),(c)->()",
            "operands": (LOGITS, PADDED, WEIGHTS),
            "options": (
                {"reduction": "mean"},
                {"reduction": "sum"},
                {"reduction": "mean", "label_smoothing": 0.1},
                {"reduction": "mean", "ignore_index": 0},
            ),
        },
        {
            "name": "cross_entropy_none",
            "signature": "(c),()->()",
            "options": NONE,
            "apart": False,
            "freedom": replace(CROSS_ENTROPY, alternatives=(ref.cross_entropy_log1p,)),
            "laws": (
                Range(0.0),
                Shift(),
                *CONVEX,
                GradientSum(),
                Identity("uniform", "equal logits cost log c", _uniform),
                Agrees(
                    "nll_of_log_softmax",
                    "cross-entropy is the negative log-softmax at the label",
                    _via_log_softmax,
                    ("log_softmax",),
                ),
            ),
        },
    ),
)


def _soft_saved_vjp(x: Array, t: Array, *, reduction: str, cotangent: Array) -> tuple[Array, ...]:
    """e^z sum t - t from the log-probabilities z."""
    z = ref.log_softmax(x)
    g = cotangent[..., None]
    return g * (np.exp(z) * np.sum(t, axis=-1, keepdims=True) - t), -g * z


def _soft_chained_vjp(x: Array, t: Array, *, reduction: str, cotangent: Array) -> tuple[Array, ...]:
    """The same link by link: h = -g t goes into the derivative of log-softmax, h - e^z sum h."""
    z, h = ref.log_softmax(x), -cotangent[..., None] * t
    return h - np.exp(z) * np.sum(h, axis=-1, keepdims=True), -cotangent[..., None] * z


soft_cross_entropy = Concept(
    "soft_cross_entropy",
    "(c),(c)->()",
    Formula(lambda x, t, *, reduction: reduced(-np.sum(xlog(t, _log_softmax(x)), axis=-1), reduction)),
    ref.soft_cross_entropy,
    operands=(LOGITS, Operand(SIMPLEX, grad=False)),
    options=NONE,
    freedom=Freedom(derivatives=(_soft_saved_vjp, _soft_chained_vjp), fused=False),
    backward=ref.soft_cross_entropy_vjp,
    laws=(Range(0.0), Convex()),
)

cross_entropy_of_probabilities = Concept(
    "cross_entropy_of_probabilities",
    "(c),(c)->()",
    Formula(_of_probabilities),
    ref.cross_entropy_of_probabilities,
    operands=(Operand(SIMPLEX), Operand(SIMPLEX, grad=False)),
    options=NONE,
    freedom=Freedom(
        alternatives=(lambda y, t, *, reduction: reduced(-np.sum(t * np.log(y + 1e-7), axis=-1), reduction),),
        fused=False,
    ),
    backward=ref.cross_entropy_of_probabilities_vjp,
    laws=(Convex(),),
)

nll_loss = Concept(
    "nll_loss",
    "(m,c),(m)->()",
    Formula(lambda lp, labels, *, reduction: reduced(-_picked(lp, labels), reduction)),
    ref.nll_loss,
    operands=(Operand(LOG_SIMPLEX), LABELS),
    options=MEAN_SUM,
    freedom=Freedom(fused=False),
    backward=ref.nll_loss_vjp,
    laws=(Range(0.0),),
    apart=True,
    variants=(
        {
            "name": "nll_loss_none",
            "signature": "(c),()->()",
            "options": NONE,
            "apart": False,
        },
        {
            "name": "nll_loss_weighted",
            "signature": "(m,c),(m),(c)->()",
            "operands": (Operand(LOG_SIMPLEX), PADDED, WEIGHTS),
            "truth": Formula(_nll),
            "options": ({"reduction": "mean"}, {"reduction": "sum"}, {"reduction": "mean", "ignore_index": 0}),
        },
    ),
)
