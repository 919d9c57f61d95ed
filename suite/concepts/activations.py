"""Activations: relative accuracy in both tails, declared kinks, and the controls that are not convex."""

import numpy as np
import scipy.special as sp

import reference as ref
from suite.arithmetic import decimal, pi_like
from suite.draw.kinds import STEEP, TAME
from suite.floats import Array
from suite.judge.case import Case
from suite.judge.truth import Formula
from suite.laws.algebra import Agrees, Identity, Parity, Scale, Sides, other
from suite.laws.convexity import Convex, FirstOrder, MonotoneGradient, NotConvex
from suite.laws.order import Lipschitz, Monotone, Range
from suite.record import Concept, Freedom, Operand

CONVEX = (Convex(), FirstOrder(), MonotoneGradient())


def _sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def _reflection(case: Case) -> Sides:
    """sigmoid(-x) = 1 - sigmoid(x)."""
    mirrored = case.at(-case.inputs[0])
    left = mirrored.got().astype(np.float64) + case.got().astype(np.float64)
    return left, np.ones(left.shape), case.bounded()[1] + mirrored.bounded()[1] + 2.0**-52


def _via_sigmoid(case: Case) -> tuple[Array, Array]:
    """silu(x) = x sigmoid(x)."""
    s, x = other(case, sigmoid, *case.inputs), case.inputs[0].astype(np.float64)
    return x * s.got().astype(np.float64), np.abs(x) * s.bounded()[1]


def _decomposed(case: Case) -> Sides:
    """x = relu(x) - relu(-x)."""
    mirrored = case.at(-case.inputs[0])
    return case.got().astype(np.float64) - mirrored.got().astype(np.float64), case.inputs[0].astype(np.float64), None


def _idempotent(case: Case) -> Sides:
    return case.at(case.got()).got(), case.got(), None


IDEMPOTENT = Identity("idempotent", "f(f(x)) = f(x)", _idempotent)

sigmoid = Concept(
    "sigmoid",
    "()->()",
    Formula(_sigmoid),
    ref.sigmoid,
    freedom=Freedom(alternatives=(ref.sigmoid_reciprocal, ref.sigmoid_from_log), saved=ref.sigmoid_vjp_saved),
    backward=ref.sigmoid_vjp,
    laws=(
        Range(0.0, 1.0),
        Monotone(),
        Lipschitz(0.25),
        Identity("reflection", "sigmoid(x) + sigmoid(-x) = 1", _reflection),
        NotConvex(),
    ),
)

tanh = Concept(
    "tanh",
    "()->()",
    Formula(lambda x: np.tanh(x), specials=(((0.0,), 0.0), ((-0.0,), -0.0))),
    ref.tanh,
    freedom=Freedom(saved=ref.tanh_vjp_saved),
    backward=ref.tanh_vjp,
    laws=(Parity(), Range(-1.0, 1.0), Monotone(), Lipschitz(1.0), NotConvex()),
)

relu = Concept(
    "relu",
    "()->()",
    Formula(lambda x: np.maximum(x, 0), kinks=(0.0,)),
    ref.relu,
    backward=ref.relu_vjp,
    laws=(
        Range(0.0),
        Monotone(),
        Lipschitz(1.0),
        Scale(),
        IDEMPOTENT,
        *CONVEX,
        Identity("decomposition", "x = relu(x) - relu(-x)", _decomposed),
    ),
)

leaky_relu = Concept(
    "leaky_relu",
    "()->()",
    Formula(lambda x, *, negative_slope: np.maximum(x, decimal(x, negative_slope) * x), kinks=(0.0,)),
    ref.leaky_relu,
    options=({"negative_slope": 0.01}, {"negative_slope": 0.25}),
    backward=ref.leaky_relu_vjp,
    laws=(Monotone(), Lipschitz(1.0), Scale(), *CONVEX),
)

relu6 = Concept(
    "relu6",
    "()->()",
    Formula(lambda x: np.minimum(np.maximum(x, 0), 6), kinks=(0.0, 6.0)),
    ref.relu6,
    backward=ref.relu6_vjp,
    laws=(Range(0.0, 6.0), Monotone(), Lipschitz(1.0), IDEMPOTENT),
)

hardtanh = Concept(
    "hardtanh",
    "()->()",
    Formula(lambda x: np.minimum(np.maximum(x, -1), 1), kinks=(-1.0, 1.0)),
    ref.hardtanh,
    backward=ref.hardtanh_vjp,
    laws=(Parity(), Range(-1.0, 1.0), Monotone(), Lipschitz(1.0), IDEMPOTENT),
)

hardsigmoid = Concept(
    "hardsigmoid",
    "()->()",
    Formula(lambda x: np.minimum(np.maximum(x + 3, 0), 6) / 6, kinks=(-3.0, 3.0)),
    ref.hardsigmoid,
    freedom=Freedom(alternatives=(lambda x: np.minimum(np.maximum(x * (1 / 6) + 0.5, 0.0), 1.0),)),
    backward=ref.hardsigmoid_vjp,
    laws=(Range(0.0, 1.0), Monotone()),
)


def _hardswish_thirds(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """x/3 + 1/2 between the kinks: cancels at the zero of the derivative, x = -3/2."""
    return (np.where(x <= -3.0, 0.0, np.where(x >= 3.0, cotangent, cotangent * (x / 3.0 + 0.5))),)


hardswish = Concept(
    "hardswish",
    "()->()",
    Formula(lambda x: x * np.minimum(np.maximum(x + 3, 0), 6) / 6, kinks=(-3.0, 3.0)),
    ref.hardswish,
    freedom=Freedom(
        alternatives=(lambda x: np.maximum(x, -3.0) * (np.minimum(np.maximum(x + 3.0, 0.0), 6.0) * (1 / 6)),),
        derivatives=(_hardswish_thirds,),
    ),
    backward=ref.hardswish_vjp,
    laws=(Range(-0.375),),
)


def softplus_definition(x: Array) -> Array:
    """log(1 + e^x), e^x taken out where it is large: two analytic branches, no kink at 0 as max and abs would have."""
    return np.where(x > 0, x, 0) + np.log1p(np.exp(np.where(x > 0, -x, x)))


def _log1p_exp(x: Array) -> Array:
    """log1p(e^x), sound until e^x overflows."""
    return np.where(x > 80, ref.softplus(x), np.log1p(np.exp(np.minimum(x, 80.0))))


softplus = Concept(
    "softplus",
    "()->()",
    Formula(softplus_definition),
    ref.softplus,
    operands=(Operand(marks=(20.0,)),),
    freedom=Freedom(alternatives=(ref.softplus_branches, _log1p_exp)),
    backward=ref.softplus_vjp,
    laws=(Range(0.0), Monotone(), Lipschitz(1.0), *CONVEX),
)

log_sigmoid = Concept(
    "log_sigmoid",
    "()->()",
    Formula(lambda x: -softplus_definition(-x)),
    ref.log_sigmoid,
    backward=ref.log_sigmoid_vjp,
    laws=(Range(high=0.0), Monotone(), Lipschitz(1.0)),
)


def _elu(x: Array, *, alpha: float) -> Array:
    return np.maximum(x, 0) + decimal(x, alpha) * np.expm1(np.minimum(x, 0))


elu = Concept(
    "elu",
    "()->()",
    Formula(_elu, kinks=(0.0,)),
    ref.elu,
    options=({"alpha": 1.0}, {"alpha": 0.5}),
    freedom=Freedom(saved=ref.elu_vjp_saved),
    backward=ref.elu_vjp,
    laws=(Monotone(), Lipschitz(1.0), Range(-1.0), *CONVEX),
)


def _silu_reciprocal_vjp(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """By sigmoid = 1/(1 + e^-x), which is flushed to 0 where e^-x overflows."""
    s = ref.sigmoid_reciprocal(x)
    return (cotangent * (s * (1.0 + x * (1.0 - s))),)


silu = Concept(
    "silu",
    "()->()",
    Formula(lambda x: x * _sigmoid(x)),
    ref.silu,
    operands=(Operand(marks=(-1.278464542761074,)),),
    freedom=Freedom(alternatives=(ref.silu_reciprocal,), derivatives=(ref.silu_vjp_saved, _silu_reciprocal_vjp)),
    backward=ref.silu_vjp,
    laws=(
        Range(-0.2784645427610738),
        NotConvex(),
        Agrees("x_sigmoid", "silu(x) = x sigmoid(x)", _via_sigmoid, ("sigmoid",)),
    ),
)


def _gelu(x: Array, *, approximate: str) -> Array:
    if approximate == "none":
        return x * sp.erfc(-x / np.sqrt(decimal(x, 2))) / 2
    v = np.sqrt(2 / pi_like(x)) * (x + decimal(x, 0.044715) * x * x * x)
    return x / (1 + np.exp(-2 * v))


gelu = Concept(
    "gelu",
    "()->()",
    Formula(_gelu),
    ref.gelu,
    operands=(Operand(marks=(-0.7517915246935645, -5.5, -14.0)),),
    options=({"approximate": "none"}, {"approximate": "tanh"}),
    freedom=Freedom(alternatives=(ref.gelu_erfc_abs,)),
    backward=ref.gelu_vjp,
    laws=(Range(-0.1701), NotConvex()),
)


def _chain(x: Array, weights: Array) -> Array:
    return _links(x, weights, _sigmoid)


def _links(x: Array, weights: Array, sigmoid: Array) -> Array:
    for k in range(weights.shape[-1]):
        x = sigmoid(weights[..., k] * x)
    return x


def _links_reciprocal(x: Array, weights: Array) -> Array:
    return _links(x, weights, ref.sigmoid_reciprocal)


def _links_saved(x: Array, weights: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """The chain rule with y (1 - y) at every link, as a library that keeps outputs computes it."""
    outputs = [x]
    for k in range(weights.shape[-1]):
        outputs.append(ref.sigmoid_reciprocal(weights[..., k] * outputs[-1]))
    g, by_weight = cotangent, []
    for k in reversed(range(weights.shape[-1])):
        g = g * outputs[k + 1] * (1.0 - outputs[k + 1])
        by_weight.append(g * outputs[k])
        g = g * weights[..., k]
    return g, np.stack(by_weight[::-1], axis=-1)


sigmoid_chain = Concept(
    "sigmoid_chain",
    "(),(l)->()",
    Formula(_chain),
    ref.sigmoid_chain,
    operands=(Operand(TAME), Operand(STEEP)),
    freedom=Freedom(alternatives=(_links_reciprocal,), saved=_links_saved, fused=False),
    backward=ref.sigmoid_chain_vjp,
    laws=(Range(0.0, 1.0),),
    longest={"l": 33},
)
