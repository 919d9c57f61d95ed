"""Log-sum-exp and softmax: finite everywhere, and no digit lost to a common offset."""

import numpy as np

import reference as ref
from suite.floats import Array
from suite.judge.case import Case
from suite.judge.truth import Formula
from suite.laws.algebra import Agrees, Commutative, Permutation, Shift, SumsTo, other
from suite.laws.convexity import Convex, FirstOrder, MonotoneGradient
from suite.laws.gradient import GradientSum
from suite.laws.order import Range, Ranked
from suite.record import Concept, Freedom, Operand


def _shifted(x: Array) -> Array:
    """m and x - m: taking a common offset out is an identity, and keeps exp inside a ball's exponents."""
    m = np.max(x, axis=-1, keepdims=True)
    return m, x - m


def _logsumexp(x: Array) -> Array:
    m, d = _shifted(x)
    return m[..., 0] + np.log(np.sum(np.exp(d), axis=-1))


def _softmax(x: Array) -> Array:
    _, d = _shifted(x)
    return np.exp(d) / np.sum(np.exp(d), axis=-1, keepdims=True)


def _log_softmax(x: Array) -> Array:
    _, d = _shifted(x)
    return d - np.log(np.sum(np.exp(d), axis=-1, keepdims=True))


def _logaddexp(x: Array, y: Array) -> Array:
    m = np.maximum(x, y)
    return m + np.log(np.exp(x - m) + np.exp(y - m))


def _logcumsumexp(x: Array) -> Array:
    m = np.maximum.accumulate(x, axis=-1)
    below = np.tri(x.shape[-1], dtype=bool)
    d = np.where(below, x[..., None, :] - m[..., :, None], 0)
    return m + np.log(np.sum(np.where(below, np.exp(d), 0), axis=-1))


def _exp_log_softmax(case: Case) -> tuple[Array, Array]:
    z = other(case, log_softmax, *case.inputs)
    p = np.exp(z.got().astype(np.float64))
    return p, p * np.expm1(z.bounded()[1])


def _log_softmax_by_lse(case: Case) -> tuple[Array, Array]:
    """x - logsumexp(x), whose own error is logsumexp's: a comparison, not a bound on log_softmax."""
    y = other(case, logsumexp, *case.inputs)
    x = case.inputs[0].astype(np.float64)
    left = x - y.got().astype(np.float64)[..., None]
    return left, y.bounded()[1][..., None] + 2.0**-52 * (np.abs(x) + np.abs(left))


logsumexp = Concept(
    "logsumexp",
    "(n)->()",
    Formula(_logsumexp, masks=True),
    ref.logsumexp,
    freedom=Freedom(alternatives=(ref.logsumexp_online, ref.logsumexp_exp2, ref.logsumexp_log1p), fused=False),
    backward=ref.logsumexp_vjp,
    laws=(Shift(carries=True), Permutation(), Convex(), FirstOrder(), MonotoneGradient(), GradientSum(1.0)),
)

logaddexp = Concept(
    "logaddexp",
    "(),()->()",
    Formula(_logaddexp, masks=True),
    ref.logaddexp,
    operands=(Operand(), Operand(near=0)),
    freedom=Freedom(
        alternatives=(lambda x1, x2: ref.logsumexp(np.stack([x1, x2], axis=-1)),),
        derivatives=(
            lambda x1, x2, *, cotangent: (cotangent / (1.0 + np.exp(x2 - x1)), cotangent / (1.0 + np.exp(x1 - x2))),
        ),
    ),
    backward=ref.logaddexp_vjp,
    laws=(Commutative(exact=False),),
)


def _one_by_one(x: Array, *, axis: int) -> Array:
    """y_k = logaddexp(y_(k-1), x_k): each step rounds y, k u |y| in all."""
    out = [x[..., 0]]
    for k in range(1, x.shape[-1]):
        out.append(ref.logaddexp(out[-1], x[..., k]))
    return np.stack(out, axis=-1)


logcumsumexp = Concept(
    "logcumsumexp",
    "(n)->(n)",
    Formula(_logcumsumexp),
    ref.logcumsumexp,
    freedom=Freedom(alternatives=(_one_by_one,), fused=False),
    backward=ref.logcumsumexp_vjp,
    laws=(Shift(carries=True),),
    longest={"n": 65},
)

softmax = Concept(
    "softmax",
    "(n)->(n)",
    Formula(_softmax, masks=True),
    ref.softmax,
    freedom=Freedom(alternatives=(ref.softmax_online, ref.softmax_exp2, ref.softmax_from_log)),
    backward=ref.softmax_vjp,
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
    Formula(_log_softmax, masks=True),
    ref.log_softmax,
    freedom=Freedom(
        alternatives=(
            ref.log_softmax_online,
            ref.log_softmax_log1p,
        ),
        derivatives=(ref.log_softmax_vjp_saved,),
        fused=False,
    ),
    backward=ref.log_softmax_vjp,
    laws=(
        Range(high=0.0),
        Shift(),
        Ranked(),
        Permutation(equivariant=True),
        GradientSum(),
        Agrees("x_minus_logsumexp", "log_softmax = x - logsumexp(x)", _log_softmax_by_lse, ("logsumexp",)),
    ),
)
