"""Losses: non-negative, convex in their scores, finite wherever the exact loss is."""

import numpy as np

import reference as ref
from suite.concepts.activations import softplus_definition
from suite.draw.kinds import LOG_SIMPLEX, PROBABILITY, SIMPLEX, ordinary_probability, probabilities
from suite.floats import Array
from suite.judge.truth import Formula
from suite.laws.algebra import Commutative
from suite.laws.convexity import Convex, FirstOrder, MonotoneGradient
from suite.laws.order import Range
from suite.record import Concept, Filling, Freedom, Kind, Operand, Text

MEAN_SUM = ({"reduction": "mean"}, {"reduction": "sum"})
NONE = ({"reduction": "none"},)
CONVEX = (Convex(), FirstOrder(), MonotoneGradient())
LOGITS = Operand()


def _targets(f: Filling) -> Array:
    """Probabilities; in half of the rows what the logits say with certainty, so that the loss is nearly 0."""
    certain = f.rng.random(f.row) < 0.5
    return np.where(certain, f.earlier[0].astype(np.float64) > 0, probabilities(f))


TARGETS = Operand(Kind("targets", _targets, ordinary_probability), grad=False)


def reduced(terms: Array, reduction: str) -> Array:
    if reduction == "none":
        return terms
    total = np.sum(terms, axis=-1)
    return total / terms.shape[-1] if reduction == "mean" else total


def xlog(t: Array, log: Array) -> Array:
    return np.where(t == 0, 0, t * log)


def _safe(t: Array) -> Array:
    return np.where(t == 0, 1, t)


def _bce_logits(x: Array, t: Array, *, reduction: str) -> Array:
    return reduced(t * softplus_definition(-x) + (1 - t) * softplus_definition(x), reduction)


def _bce(p: Array, t: Array, *, reduction: str) -> Array:
    hit = xlog(t, np.log(np.where(t == 0, 1, p)))
    miss = xlog(1 - t, np.log1p(-np.where(t == 1, 0, p)))
    return reduced(-(hit + miss), reduction)


def _kl(lp: Array, t: Array, *, reduction: str) -> Array:
    return reduced(np.where(t == 0, 0, t * (np.log(_safe(t)) - lp)), reduction)


def _doubled(first: bool) -> Text:
    """2 (g d), or (2 d) g: a sub-product may leave the range where another order of the same factors does not."""

    def text(a: Array, b: Array, *, reduction: str, cotangent: Array) -> tuple[Array, ...]:
        d, g = a - b, cotangent if reduction == "none" else cotangent[..., None]
        found = (2.0 * d) * g if first else 2.0 * (g * d)
        found = found / (d.shape[-1] if reduction == "mean" else 1)
        return found, -found

    return text


MSE = Freedom(derivatives=(_doubled(True), _doubled(False)), fused=False)
mse_loss = Concept(
    "mse_loss",
    "(n),(n)->()",
    Formula(lambda a, b, *, reduction: reduced((a - b) * (a - b), reduction)),
    ref.mse_loss,
    operands=(Operand(), Operand(near=0)),
    options=MEAN_SUM,
    freedom=MSE,
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
    return reduced((1.0 - t) * x + ref.softplus(-x), reduction)


def _bce_mirrored(x: Array, t: Array, *, reduction: str) -> Array:
    """softplus(x) - x t, its mirror image: the same absolute error."""
    return reduced(ref.softplus(x) - x * t, reduction)


BCE_FORMS = (ref.binary_cross_entropy_with_logits_max, _bce_softplus, _bce_mirrored)

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


def _one_quotient(p: Array, t: Array, *, reduction: str, cotangent: Array) -> tuple[Array, ...]:
    """(p - t)/(p (1 - p)), inside the interval."""
    inside = (p > 0) & (p < 1)
    slope = (p - t) / np.where(inside, p * (1.0 - p), 1.0)
    ends = np.where(t == 1, 0.0, (1.0 - t) / (1.0 - p)) - np.where(t == 0, 0.0, t / p)
    return (cotangent * np.where(inside, slope, ends),)


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
        derivatives=(_one_quotient,),
        fused=False,
    ),
    backward=ref.binary_cross_entropy_vjp,
    laws=(Range(0.0),),
)


def _kl_products(lp: Array, t: Array, *, reduction: str) -> Array:
    """t log t - t lp, two products."""
    return reduced(np.where(t == 0, 0.0, t * np.log(_safe(t)) - t * lp), reduction)


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
