"""Losses: non-negative, convex in their scores, finite wherever the exact loss is."""

from dataclasses import replace

import numpy as np

import reference as ref
from suite.arithmetic import decimal
from suite.concepts.activations import softplus_definition
from suite.draw.kinds import LOG_SIMPLEX, PROBABILITY, SIMPLEX, labels, ordinary_probability, probabilities
from suite.floats import Array
from suite.judge.case import Case
from suite.judge.truth import Formula
from suite.laws.algebra import Agrees, Commutative, Identity, Shift, Sides, other
from suite.laws.convexity import Convex, FirstOrder, MonotoneGradient
from suite.laws.gradient import GradientSum
from suite.laws.order import Range
from suite.record import Concept, Filling, Freedom, Kind, Operand

MEAN_SUM = ({"reduction": "mean"}, {"reduction": "sum"})
NONE = ({"reduction": "none"},)
CONVEX = (Convex(), FirstOrder(), MonotoneGradient())
LABELS = Operand(labels("c"), grad=False)
LOGITS = Operand()


def _targets(f: Filling) -> Array:
    """Probabilities; in half of the rows what the logits say with certainty, so that the loss is nearly 0."""
    certain = f.rng.random(f.row) < 0.5
    return np.where(certain, f.earlier[0].astype(np.float64) > 0, probabilities(f))


TARGETS = Operand(Kind("targets", _targets, ordinary_probability), grad=False)


def _reduced(terms: Array, reduction: str) -> Array:
    if reduction == "none":
        return terms
    total = np.sum(terms, axis=-1)
    return total / terms.shape[-1] if reduction == "mean" else total


def _log_softmax(x: Array) -> Array:
    d = x - np.max(x, axis=-1, keepdims=True)
    return d - np.log(np.sum(np.exp(d), axis=-1, keepdims=True))


def _picked(x: Array, labels: Array) -> Array:
    return np.take_along_axis(x, labels[..., None], axis=-1)[..., 0]


def _cross_entropy(logits: Array, labels: Array, *, reduction: str) -> Array:
    return _reduced(-_picked(_log_softmax(logits), labels), reduction)


def _xlog(t: Array, log: Array) -> Array:
    return np.where(t == 0, 0, t * log)


def _safe(t: Array) -> Array:
    return np.where(t == 0, 1, t)


def _bce_logits(x: Array, t: Array, *, reduction: str) -> Array:
    return _reduced(t * softplus_definition(-x) + (1 - t) * softplus_definition(x), reduction)


def _bce(p: Array, t: Array, *, reduction: str) -> Array:
    hit = _xlog(t, np.log(np.where(t == 0, 1, p)))
    miss = _xlog(1 - t, np.log1p(-np.where(t == 1, 0, p)))
    return _reduced(-(hit + miss), reduction)


def _kl(lp: Array, t: Array, *, reduction: str) -> Array:
    return _reduced(np.where(t == 0, 0, t * (np.log(_safe(t)) - lp)), reduction)


def _of_probabilities(y: Array, t: Array, *, reduction: str) -> Array:
    return _reduced(-np.sum(_xlog(t, np.log(y + decimal(y, 1e-7))), axis=-1), reduction)


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
    Formula(lambda x, t, *, reduction: _reduced(-np.sum(_xlog(t, _log_softmax(x)), axis=-1), reduction)),
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
        alternatives=(lambda y, t, *, reduction: _reduced(-np.sum(t * np.log(y + 1e-7), axis=-1), reduction),),
        fused=False,
    ),
    backward=ref.cross_entropy_of_probabilities_vjp,
    laws=(Convex(),),
)

nll_loss = Concept(
    "nll_loss",
    "(m,c),(m)->()",
    Formula(lambda lp, labels, *, reduction: _reduced(-_picked(lp, labels), reduction)),
    ref.nll_loss,
    operands=(Operand(LOG_SIMPLEX), LABELS),
    options=MEAN_SUM,
    freedom=Freedom(fused=False),
    backward=ref.nll_loss_vjp,
    laws=(Range(0.0),),
    apart=True,
)

mse_loss = Concept(
    "mse_loss",
    "(n),(n)->()",
    Formula(lambda a, b, *, reduction: _reduced((a - b) * (a - b), reduction)),
    ref.mse_loss,
    operands=(Operand(), Operand(near=0)),
    options=MEAN_SUM,
    freedom=Freedom(fused=False),
    backward=ref.mse_loss_vjp,
    laws=(Range(0.0), Commutative(exact=False), Convex(), Convex(wrt=1)),
    longest={"n": 70001},
    apart=True,
    variants=(
        {
            "name": "mse_loss_none",
            "signature": "(),()->()",
            "options": NONE,
            "apart": False,
            "longest": {},
            "laws": (Range(0.0), Commutative(), Convex()),
        },
    ),
)


def _bce_softplus(x: Array, t: Array, *, reduction: str) -> Array:
    """(1 - t) x + softplus(-x), the form of the libraries: absolute error 4u|x|."""
    return _reduced((1.0 - t) * x + ref.softplus(-x), reduction)


BCE_FORMS = (ref.binary_cross_entropy_with_logits_max, _bce_softplus)

binary_cross_entropy_with_logits = Concept(
    "binary_cross_entropy_with_logits",
    "(n),(n)->()",
    Formula(_bce_logits),
    ref.binary_cross_entropy_with_logits,
    operands=(LOGITS, TARGETS),
    options=MEAN_SUM,
    freedom=Freedom(alternatives=BCE_FORMS, saved=ref.binary_cross_entropy_with_logits_vjp_saved, fused=False),
    backward=ref.binary_cross_entropy_with_logits_vjp,
    laws=(Range(0.0), Convex()),
    apart=True,
    variants=(
        {
            "name": "binary_cross_entropy_with_logits_none",
            "signature": "(),()->()",
            "options": NONE,
            "apart": False,
            "laws": (Range(0.0), *CONVEX),
        },
    ),
)

binary_cross_entropy = Concept(
    "binary_cross_entropy",
    "(),()->()",
    Formula(_bce),
    ref.binary_cross_entropy,
    operands=(Operand(PROBABILITY, domain=(0.0, 1.0)), Operand(PROBABILITY, grad=False)),
    options=NONE,
    freedom=Freedom(
        alternatives=(
            lambda p, t, *, reduction: (
                -(
                    np.where(t == 0, 0.0, t * np.log(np.where(t == 0, 1.0, p)))
                    + np.where(t == 1, 0.0, (1.0 - t) * np.log(1.0 - np.where(t == 1, 0.0, p)))
                )
            ),
        ),
        fused=False,
    ),
    backward=ref.binary_cross_entropy_vjp,
    laws=(Range(0.0),),
)


def _kl_products(lp: Array, t: Array, *, reduction: str) -> Array:
    """t log t - t lp, two products."""
    return _reduced(np.where(t == 0, 0.0, t * np.log(_safe(t)) - t * lp), reduction)


kl_div = Concept(
    "kl_div",
    "(n),(n)->()",
    Formula(_kl),
    ref.kl_div,
    operands=(Operand(LOG_SIMPLEX), Operand(SIMPLEX, grad=False)),
    options=({"reduction": "sum"},),
    freedom=Freedom(alternatives=(_kl_products,), fused=False),
    backward=ref.kl_div_vjp,
    apart=True,
)
