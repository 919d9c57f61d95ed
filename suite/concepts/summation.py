"""Sums, means and variances: accumulated rounding, cancellation, accumulators of half precision."""

from collections.abc import Sequence

import numpy as np

import reference as ref
from reference.shapes import drop
from suite.arithmetic import Standard
from suite.floats import Array
from suite.judge.case import Case
from suite.judge.truth import Formula
from suite.laws.algebra import Agrees, Identity, IntegerExact, Permutation, Scale, Shift, Sides, other
from suite.laws.convexity import Convex
from suite.laws.gradient import Euler, GradientSum
from suite.laws.order import Between, Range
from suite.record import Concept, Freedom, Operand


def _length(x: Array) -> Array:
    return x.shape[-1]


def mean_bound(inputs: Sequence[Array], value: Array, error: Array, standard: Standard) -> Array:
    """(n + 4 + 2 log n) u sum|x|/n + (n + 1) eta: the running mean is a sound algorithm too."""
    x, f = inputs[0], standard.format
    n = x.shape[-1]
    size = np.sum(np.abs(x), axis=-1)
    bound = (n + 4 + 2 * np.log(n)) * standard.reduce_u * size / n + (n + 1) * f.eta
    return np.maximum(error, np.where(size * (1 + n * f.u) < f.max, bound, np.inf))


def variance_bound(
    inputs: Sequence[Array], value: Array, error: Array, standard: Standard, *, correction: float
) -> Array:
    """First order in kappa, so that Welford's and Chan's updates are covered (bounds of the mean squared)."""
    x, f = inputs[0], standard.format
    n, u, eta = x.shape[-1], f.u, f.eta
    d = n - correction
    if d <= 0:
        return np.full(value.shape, np.inf)
    theta = (n + 6) * u
    s2 = np.sum((x - np.mean(x, axis=-1, keepdims=True)) ** 2, axis=-1)
    q = (n + 4 + 2 * np.log(n)) * u * np.sqrt(np.sum(x * x, axis=-1)) + n * eta
    bound = theta / (1 - theta) * s2 / d + 1.05 * (2 * np.sqrt(s2) * q + q * q) / d + 4 * ((2 * n + 2) * eta / d + eta)
    safe = np.sum(x * x, axis=-1) * 4 < f.max
    return np.maximum(error, np.where(safe, bound, np.inf))


def deviation_bound(
    inputs: Sequence[Array], value: Array, error: Array, standard: Standard, *, correction: float
) -> Array:
    """The root of the variance: an error e of v moves sqrt v by at most e / (sqrt v + sqrt(v - e)), and by sqrt e."""
    x, f = inputs[0], standard.format
    scale = np.max(np.abs(x), axis=-1, keepdims=True)
    scale = np.where(scale > 0, scale, 1.0)
    v = np.where(value > 0, value / scale[..., 0], 0.0) ** 2
    e = variance_bound([x / scale], v, np.zeros_like(v), standard, correction=correction)
    with np.errstate(all="ignore"):
        root = np.fmin(e / (np.sqrt(v) + np.sqrt(np.maximum(v - e, 0.0))), np.sqrt(e))
    bound = root * scale[..., 0] + 2 * f.u * value + f.eta * x.shape[-1]
    return np.maximum(error, np.where(value * 1.01 + bound < f.max, bound, np.inf))


def _mean_of_sum(case: Case) -> tuple[Array, Array]:
    total = other(case, sum, *case.inputs)
    n = _length(case.inputs[0])
    return total.got().astype(np.float64) / n, total.bounded()[1] / n


def _split(case: Case) -> Sides:
    """sum x = sum x[:k] + sum x[k:]."""
    k = _length(case.inputs[0]) // 2
    left, right = case.at(case.inputs[0][:, :k]), case.at(case.inputs[0][:, k:])
    parts = left.got().astype(np.float64) + right.got().astype(np.float64)
    return (
        case.got(),
        parts,
        (case.bounded()[1] + left.bounded()[1] + right.bounded()[1]) * (1 + 2.0**-40) + 2.0**-52 * np.abs(parts),
    )


sum = Concept(
    "sum",
    "(n)->()",
    Formula(lambda x: np.sum(x, axis=-1)),
    ref.sum,
    backward=ref.sum_vjp,
    laws=(
        Permutation(),
        IntegerExact(),
        Scale(bounded=True),
        Euler(),
        Identity("split", "sum x = sum of two parts", _split),
    ),
)

mean = Concept(
    "mean",
    "(n)->()",
    Formula(lambda x: np.sum(x, axis=-1) / x.shape[-1]),
    ref.mean,
    freedom=Freedom(bound=mean_bound),
    backward=ref.mean_vjp,
    laws=(
        Permutation(),
        Between(),
        Shift(carries=True),
        GradientSum(1.0),
        Agrees("mean_of_sum", "the mean is the sum over n", _mean_of_sum, ("sum",)),
    ),
)

cumsum = Concept(
    "cumsum",
    "(n)->(n)",
    Formula(lambda x: np.cumsum(x, axis=-1)),
    ref.cumsum,
    backward=ref.cumsum_vjp,
    laws=(IntegerExact(), Scale(bounded=True)),
)

prod = Concept(
    "prod",
    "(n)->()",
    Formula(lambda x: np.prod(x, axis=-1)),
    ref.prod,
    freedom=Freedom(fused=False),
    laws=(Permutation(),),
    longest={"n": 129},
)


def _variance(x: Array, *, correction: float) -> Array:
    d = x - np.sum(x, axis=-1, keepdims=True) / x.shape[-1]
    return np.sum(d * d, axis=-1) / (x.shape[-1] - int(correction))


def _scaled_vjp(x: Array, *, axis: int, correction: float, cotangent: Array) -> tuple[Array, ...]:
    """(2/(n - c)) g (x - mean), the factor rounded first."""
    n = x.shape[-1]
    d = x - np.sum(x, axis=axis, keepdims=True) / n
    return ((2.0 / (n - correction) if n > correction else np.inf) * cotangent[..., None] * d,)


CORRECTIONS = ({"correction": 0.0}, {"correction": 1.0})

var = Concept(
    "var",
    "(n)->()",
    Formula(_variance),
    ref.var,
    options=CORRECTIONS,
    freedom=Freedom(derivatives=(_scaled_vjp,), bound=variance_bound, covered=(ref.var_welford, ref.var_two_pass)),
    backward=ref.var_vjp,
    laws=(Range(0.0), Shift(), Permutation(), Scale(degree=2, bounded=True), GradientSum(), Convex()),
)


@ref.wide
def std_welford(x: Array, *, axis: int = -1, correction: float = 0.0, keepdims: bool = False) -> Array:
    """Scaled, so that no square leaves the range."""
    size = np.max(np.abs(x), axis=axis, keepdims=True)
    scale = np.where(size > 0, size, np.ones_like(size))
    v = ref.var_welford(x / scale, axis=axis, correction=correction, keepdims=True)
    return drop(np.sqrt(v) * scale, axis, keepdims)


std = Concept(
    "std",
    "(n)->()",
    Formula(lambda x, *, correction: np.sqrt(_variance(x, correction=correction))),
    ref.std,
    operands=(Operand(grad=False),),
    options=CORRECTIONS,
    freedom=Freedom(
        lenient=(lambda x, *, axis, correction: np.sqrt(ref.var_two_pass(x, axis=axis, correction=correction)),),
        bound=deviation_bound,
        covered=(std_welford,),
    ),
    laws=(Range(0.0), Shift(), Permutation(), Scale(bounded=True)),
)
