"""Log-sum-exp and softmax: finite everywhere, and no digit lost to a common offset."""

from typing import Any

import numpy as np

import reference as ref
from suite.laws.algebra import Agrees, Commutative, Permutation, Shift, SumsTo, other
from suite.laws.convexity import Convex, FirstOrder, MonotoneGradient
from suite.laws.gradient import GradientSum
from suite.laws.order import Range, Ranked
from suite.record import Concept, Operand


def _shifted(x: Any) -> Any:
    """m and x - m: taking a common offset out is an identity, and keeps exp inside a ball's exponents."""
    m = np.max(x, axis=-1, keepdims=True)
    return m, x - m


def _logsumexp(x: Any) -> Any:
    m, d = _shifted(x)
    return m[..., 0] + np.log(np.sum(np.exp(d), axis=-1))


def _softmax(x: Any) -> Any:
    _, d = _shifted(x)
    return np.exp(d) / np.sum(np.exp(d), axis=-1, keepdims=True)


def _log_softmax(x: Any) -> Any:
    _, d = _shifted(x)
    return d - np.log(np.sum(np.exp(d), axis=-1, keepdims=True))


def _logaddexp(x: Any, y: Any) -> Any:
    m = np.maximum(x, y)
    return m + np.log(np.exp(x - m) + np.exp(y - m))


def _logcumsumexp(x: Any) -> Any:
    m = np.maximum.accumulate(x, axis=-1)
    below = np.tri(x.shape[-1], dtype=bool)
    d = np.where(below, x[..., None, :] - m[..., :, None], 0)
    return m + np.log(np.sum(np.where(below, np.exp(d), 0), axis=-1))


def _exp_log_softmax(case: Any) -> Any:
    z = other(case, log_softmax, *case.inputs)
    p = np.exp(z.got().astype(np.float64))
    return p, p * np.expm1(z.bounded()[1])


def _log_softmax_by_lse(case: Any) -> Any:
    """x - logsumexp(x), whose own error is logsumexp's: a comparison, not a bound on log_softmax."""
    y = other(case, logsumexp, *case.inputs)
    x = case.inputs[0].astype(np.float64)
    left = x - y.got().astype(np.float64)[..., None]
    return left, y.bounded()[1][..., None] + 2.0**-52 * (np.abs(x) + np.abs(left))


logsumexp = Concept(
    "logsumexp",
    "(n)->()",
    ref.logsumexp,
    definition=_logsumexp,
    vjp=ref.logsumexp_vjp,
    masks=True,
    fused=False,
    alternatives=(ref.logsumexp_online, ref.logsumexp_exp2, ref.logsumexp_log1p),
    laws=(Shift(carries=True), Permutation(), Convex(), FirstOrder(), MonotoneGradient(), GradientSum(1.0)),
)

logaddexp = Concept(
    "logaddexp",
    "(),()->()",
    ref.logaddexp,
    definition=_logaddexp,
    vjp=ref.logaddexp_vjp,
    operands=(Operand(), Operand(near=0)),
    masks=True,
    alternatives=(lambda x1, x2: ref.logsumexp(np.stack([x1, x2], axis=-1)),),
    vjp_alternatives=(
        lambda x1, x2, *, cotangent: (cotangent / (1.0 + np.exp(x2 - x1)), cotangent / (1.0 + np.exp(x1 - x2))),
    ),
    laws=(Commutative(exact=False),),
)


def _one_by_one(x: Any, *, axis: Any) -> Any:
    """y_k = logaddexp(y_(k-1), x_k): each step rounds y, k u |y| in all."""
    out = [x[..., 0]]
    for k in range(1, x.shape[-1]):
        out.append(ref.logaddexp(out[-1], x[..., k]))
    return np.stack(out, axis=-1)


logcumsumexp = Concept(
    "logcumsumexp",
    "(n)->(n)",
    ref.logcumsumexp,
    definition=_logcumsumexp,
    vjp=ref.logcumsumexp_vjp,
    fused=False,
    alternatives=(_one_by_one,),
    limits={"n": 65},
    laws=(Shift(carries=True),),
)

softmax = Concept(
    "softmax",
    "(n)->(n)",
    ref.softmax,
    definition=_softmax,
    vjp=ref.softmax_vjp,
    masks=True,
    alternatives=(ref.softmax_online, ref.softmax_exp2, ref.softmax_from_log),
    laws=(
        SumsTo(1.0),
        Range(0.0, 1.0),
        Shift(),
        Ranked(),
        Permutation(equivariant=True),
        GradientSum(),
        Agrees("exp_log_softmax", "softmax = exp(log_softmax)", _exp_log_softmax, ("log_softmax",)),
    ),
)

log_softmax = Concept(
    "log_softmax",
    "(n)->(n)",
    ref.log_softmax,
    definition=_log_softmax,
    vjp=ref.log_softmax_vjp,
    masks=True,
    fused=False,
    alternatives=(
        ref.log_softmax_online,
        ref.log_softmax_log1p,
    ),
    vjp_alternatives=(ref.log_softmax_vjp_saved,),
    laws=(
        Range(high=0.0),
        Shift(),
        Ranked(),
        Permutation(equivariant=True),
        GradientSum(),
        Agrees("x_minus_logsumexp", "log_softmax = x - logsumexp(x)", _log_softmax_by_lse, ("logsumexp",)),
    ),
)
