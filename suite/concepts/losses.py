"""Losses: non-negative, convex in their scores, finite wherever the exact loss is."""

from typing import Any

import numpy as np

import reference as ref
from suite.arithmetic import decimal
from suite.concepts.activations import softplus_definition
from suite.draw.kinds import KINDS
from suite.draw.styles import row_of
from suite.laws.algebra import Agrees, Commutative, Identity, Shift, other
from suite.laws.convexity import Convex, FirstOrder, MonotoneGradient
from suite.laws.gradient import GradientSum
from suite.laws.order import Range
from suite.record import Concept, Operand

MEAN_SUM = ({"reduction": "mean"}, {"reduction": "sum"})
NONE = ({"reduction": "none"},)
CONVEX = (Convex(), FirstOrder(), MonotoneGradient())
LABELS = Operand("labels", grad=False)
LOGITS = Operand()


def _targets(rng: Any, fmt: Any, shape: Any, logits: Any) -> Any:
    """Probabilities; in half of the rows what the logits say with certainty, so that the loss is nearly 0."""
    return np.where(rng.random(row_of(shape)) < 0.5, logits > 0, KINDS["probability"](rng, shape, fmt, logits))


TARGETS = Operand("probability", grad=False, couple=_targets)


def _reduced(terms: Any, reduction: Any) -> Any:
    if reduction == "none":
        return terms
    total = np.sum(terms, axis=-1)
    return total / terms.shape[-1] if reduction == "mean" else total


def _log_softmax(x: Any) -> Any:
    d = x - np.max(x, axis=-1, keepdims=True)
    return d - np.log(np.sum(np.exp(d), axis=-1, keepdims=True))


def _picked(x: Any, labels: Any) -> Any:
    return np.take_along_axis(x, labels[..., None], axis=-1)[..., 0]


def _cross_entropy(logits: Any, labels: Any, *, reduction: Any) -> Any:
    return _reduced(-_picked(_log_softmax(logits), labels), reduction)


def _xlog(t: Any, log: Any) -> Any:
    return np.where(t == 0, 0, t * log)


def _safe(t: Any) -> Any:
    return np.where(t == 0, 1, t)


def _bce_logits(x: Any, t: Any, *, reduction: Any) -> Any:
    return _reduced(t * softplus_definition(-x) + (1 - t) * softplus_definition(x), reduction)


def _bce(p: Any, t: Any, *, reduction: Any) -> Any:
    hit = _xlog(t, np.log(np.where(t == 0, 1, p)))
    miss = _xlog(1 - t, np.log1p(-np.where(t == 1, 0, p)))
    return _reduced(-(hit + miss), reduction)


def _kl(lp: Any, t: Any, *, reduction: Any) -> Any:
    return _reduced(np.where(t == 0, 0, t * (np.log(_safe(t)) - lp)), reduction)


def _of_probabilities(y: Any, t: Any, *, reduction: Any) -> Any:
    return _reduced(-np.sum(_xlog(t, np.log(y + decimal(y, 1e-7))), axis=-1), reduction)


def _via_log_softmax(case: Any) -> Any:
    """cross_entropy = nll of log_softmax."""
    from suite.concepts.softmax import log_softmax

    z = other(case, log_softmax, case.inputs[0])
    pick = case.inputs[1][..., None]
    return (
        -np.take_along_axis(v, pick, axis=-1)[..., 0] * s
        for v, s in ((z.got().astype(np.float64), 1), (z.bounded()[1], -1))
    )


def _uniform(case: Any) -> Any:
    """Equal logits: log c, whatever their common value (within both bounds)."""
    x, labels = case.inputs
    flat = case.at(np.broadcast_to(x[..., :1], x.shape).copy(), labels)
    c = x.shape[-1]
    return flat.got(), np.full(flat.got().shape, np.log(c)), flat.bounded()[1] + 2.0**-52 * np.log(c)


def _picked_vjp(logits: Any, labels: Any, *, reduction: Any, cotangent: Any) -> Any:
    """e^z off the label, minus their sum at the label, from the log-probabilities z."""
    p, hit = np.exp(ref.log_softmax(logits)), np.arange(logits.shape[-1]) == labels[..., None]
    others = np.sum(np.where(hit, 0.0, p), axis=-1, keepdims=True)
    g = (
        cotangent[..., None]
        if reduction == "none"
        else cotangent[..., None, None] / (labels.shape[-1] if reduction == "mean" else 1)
    )
    return (g * np.where(hit, -others, p),)


cross_entropy = Concept(
    "cross_entropy",
    "(m,c),(m)->()",
    ref.cross_entropy,
    definition=_cross_entropy,
    vjp=ref.cross_entropy_vjp,
    batched=False,
    vjp_alternatives=(_picked_vjp,),
    saved=ref.cross_entropy_vjp_saved,
    operands=(LOGITS, LABELS),
    options=MEAN_SUM,
    fused=False,
    laws=(Range(0.0), Shift(), Convex()),
)

cross_entropy_none = Concept(
    "cross_entropy_none",
    "(c),()->()",
    ref.cross_entropy,
    function="cross_entropy",
    definition=_cross_entropy,
    vjp=ref.cross_entropy_vjp,
    saved=ref.cross_entropy_vjp_saved,
    operands=(LOGITS, LABELS),
    options=NONE,
    fused=False,
    alternatives=(ref.cross_entropy_log1p,),
    vjp_alternatives=(_picked_vjp,),
    laws=(
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
)


def _soft_saved_vjp(x: Any, t: Any, *, reduction: Any, cotangent: Any) -> Any:
    """e^z sum t - t from the log-probabilities z."""
    z = ref.log_softmax(x)
    g = cotangent[..., None]
    return g * (np.exp(z) * np.sum(t, axis=-1, keepdims=True) - t), -g * z


def _soft_chained_vjp(x: Any, t: Any, *, reduction: Any, cotangent: Any) -> Any:
    """The same link by link: h = -g t goes into the derivative of log-softmax, h - e^z sum h."""
    z, h = ref.log_softmax(x), -cotangent[..., None] * t
    return h - np.exp(z) * np.sum(h, axis=-1, keepdims=True), -cotangent[..., None] * z


soft_cross_entropy = Concept(
    "soft_cross_entropy",
    "(c),(c)->()",
    ref.soft_cross_entropy,
    vjp=ref.soft_cross_entropy_vjp,
    fused=False,
    vjp_alternatives=(_soft_saved_vjp, _soft_chained_vjp),
    definition=lambda x, t, *, reduction: _reduced(-np.sum(_xlog(t, _log_softmax(x)), axis=-1), reduction),
    operands=(LOGITS, Operand("simplex", grad=False)),
    options=NONE,
    laws=(Range(0.0), Convex()),
)

cross_entropy_of_probabilities = Concept(
    "cross_entropy_of_probabilities",
    "(c),(c)->()",
    ref.cross_entropy_of_probabilities,
    definition=_of_probabilities,
    vjp=ref.cross_entropy_of_probabilities_vjp,
    operands=(Operand("simplex"), Operand("simplex", grad=False)),
    options=NONE,
    alternatives=(lambda y, t, *, reduction: _reduced(-np.sum(t * np.log(y + 1e-7), axis=-1), reduction),),
    fused=False,
    laws=(Convex(),),
)

nll_loss = Concept(
    "nll_loss",
    "(m,c),(m)->()",
    ref.nll_loss,
    vjp=ref.nll_loss_vjp,
    batched=False,
    fused=False,
    definition=lambda lp, labels, *, reduction: _reduced(-_picked(lp, labels), reduction),
    operands=(Operand("log_simplex"), LABELS),
    options=MEAN_SUM,
    laws=(Range(0.0),),
)

mse_loss = Concept(
    "mse_loss",
    "(n),(n)->()",
    ref.mse_loss,
    vjp=ref.mse_loss_vjp,
    batched=False,
    fused=False,
    options=MEAN_SUM,
    limits={"n": 70001},
    definition=lambda a, b, *, reduction: _reduced((a - b) * (a - b), reduction),
    operands=(Operand(), Operand(near=0)),
    laws=(Range(0.0), Commutative(exact=False), Convex(), Convex(wrt=1)),
)

mse_loss_none = Concept(
    "mse_loss_none",
    "(),()->()",
    ref.mse_loss,
    function="mse_loss",
    vjp=ref.mse_loss_vjp,
    options=NONE,
    fused=False,
    definition=lambda a, b, *, reduction: (a - b) * (a - b),
    operands=(Operand(), Operand(near=0)),
    laws=(Range(0.0), Commutative(), Convex()),
)


def _bce_softplus(x: Any, t: Any, *, reduction: Any) -> Any:
    """(1 - t) x + softplus(-x), the form of the libraries: absolute error 4u|x|."""
    return _reduced((1.0 - t) * x + ref.softplus(-x), reduction)


BCE_FORMS = (ref.binary_cross_entropy_with_logits_max, _bce_softplus)

binary_cross_entropy_with_logits = Concept(
    "binary_cross_entropy_with_logits",
    "(n),(n)->()",
    ref.binary_cross_entropy_with_logits,
    definition=_bce_logits,
    batched=False,
    vjp=ref.binary_cross_entropy_with_logits_vjp,
    saved=ref.binary_cross_entropy_with_logits_vjp_saved,
    fused=False,
    alternatives=BCE_FORMS,
    operands=(LOGITS, TARGETS),
    options=MEAN_SUM,
    laws=(Range(0.0), Convex()),
)

binary_cross_entropy_with_logits_none = Concept(
    "binary_cross_entropy_with_logits_none",
    "(),()->()",
    ref.binary_cross_entropy_with_logits,
    definition=_bce_logits,
    function="binary_cross_entropy_with_logits",
    vjp=ref.binary_cross_entropy_with_logits_vjp,
    fused=False,
    saved=ref.binary_cross_entropy_with_logits_vjp_saved,
    alternatives=BCE_FORMS,
    operands=(LOGITS, TARGETS),
    options=NONE,
    laws=(Range(0.0), *CONVEX),
)

binary_cross_entropy = Concept(
    "binary_cross_entropy",
    "(),()->()",
    ref.binary_cross_entropy,
    definition=_bce,
    vjp=ref.binary_cross_entropy_vjp,
    fused=False,
    alternatives=(
        lambda p, t, *, reduction: (
            -(
                np.where(t == 0, 0.0, t * np.log(np.where(t == 0, 1.0, p)))
                + np.where(t == 1, 0.0, (1.0 - t) * np.log(1.0 - np.where(t == 1, 0.0, p)))
            )
        ),
    ),
    operands=(Operand("probability", domain=(0.0, 1.0)), Operand("probability", grad=False)),
    options=NONE,
    laws=(Range(0.0),),
)


def _kl_products(lp: Any, t: Any, *, reduction: Any) -> Any:
    """t log t - t lp, two products."""
    return _reduced(np.where(t == 0, 0.0, t * np.log(_safe(t)) - t * lp), reduction)


kl_div = Concept(
    "kl_div",
    "(n),(n)->()",
    ref.kl_div,
    definition=_kl,
    alternatives=(_kl_products,),
    vjp=ref.kl_div_vjp,
    batched=False,
    fused=False,
    options=({"reduction": "sum"},),
    operands=(Operand("log_simplex"), Operand("simplex", grad=False)),
)
