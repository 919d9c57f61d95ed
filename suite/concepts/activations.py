"""Activations: relative accuracy in both tails, declared kinks, and the controls that are not convex."""

from typing import Any

import numpy as np
import scipy.special as sp

import reference as ref
from suite.arithmetic import decimal, pi_like
from suite.laws.algebra import Agrees, Identity, Parity, Scale, other
from suite.laws.convexity import Convex, FirstOrder, MonotoneGradient, NotConvex
from suite.laws.order import Lipschitz, Monotone, Range
from suite.record import Concept, Operand

CONVEX = (Convex(), FirstOrder(), MonotoneGradient())


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _reflection(case: Any) -> Any:
    """sigmoid(-x) = 1 - sigmoid(x)."""
    mirrored = case.at(-case.inputs[0])
    left = mirrored.got().astype(np.float64) + case.got().astype(np.float64)
    return left, np.ones(left.shape), case.bounded()[1] + mirrored.bounded()[1] + 2.0**-52


def _via_sigmoid(case: Any) -> Any:
    """silu(x) = x sigmoid(x)."""
    s, x = other(case, sigmoid, *case.inputs), case.inputs[0].astype(np.float64)
    return x * s.got().astype(np.float64), np.abs(x) * s.bounded()[1]


def _decomposed(case: Any) -> Any:
    """x = relu(x) - relu(-x)."""
    mirrored = case.at(-case.inputs[0])
    return case.got().astype(np.float64) - mirrored.got().astype(np.float64), case.inputs[0].astype(np.float64), None


def _idempotent(case: Any) -> Any:
    return case.at(case.got()).got(), case.got(), None


IDEMPOTENT = Identity("idempotent", "f(f(x)) = f(x)", _idempotent)

sigmoid = Concept(
    "sigmoid",
    "()->()",
    ref.sigmoid,
    definition=_sigmoid,
    vjp=ref.sigmoid_vjp,
    saved=ref.sigmoid_vjp_saved,
    alternatives=(ref.sigmoid_reciprocal, ref.sigmoid_from_log),
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
    ref.tanh,
    definition=lambda x: np.tanh(x),
    vjp=ref.tanh_vjp,
    saved=ref.tanh_vjp_saved,
    specials=(((0.0,), 0.0), ((-0.0,), -0.0)),
    laws=(Parity(), Range(-1.0, 1.0), Monotone(), Lipschitz(1.0), NotConvex()),
)

relu = Concept(
    "relu",
    "()->()",
    ref.relu,
    definition=lambda x: np.maximum(x, 0),
    vjp=ref.relu_vjp,
    kinks=(0.0,),
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
    ref.leaky_relu,
    vjp=ref.leaky_relu_vjp,
    kinks=(0.0,),
    definition=lambda x, *, negative_slope: np.maximum(x, decimal(x, negative_slope) * x),
    options=({"negative_slope": 0.01}, {"negative_slope": 0.25}),
    laws=(Monotone(), Lipschitz(1.0), Scale(), *CONVEX),
)

relu6 = Concept(
    "relu6",
    "()->()",
    ref.relu6,
    definition=lambda x: np.minimum(np.maximum(x, 0), 6),
    vjp=ref.relu6_vjp,
    kinks=(0.0, 6.0),
    laws=(Range(0.0, 6.0), Monotone(), Lipschitz(1.0), IDEMPOTENT),
)

hardtanh = Concept(
    "hardtanh",
    "()->()",
    ref.hardtanh,
    definition=lambda x: np.minimum(np.maximum(x, -1), 1),
    vjp=ref.hardtanh_vjp,
    kinks=(-1.0, 1.0),
    laws=(Parity(), Range(-1.0, 1.0), Monotone(), Lipschitz(1.0), IDEMPOTENT),
)

hardsigmoid = Concept(
    "hardsigmoid",
    "()->()",
    ref.hardsigmoid,
    definition=lambda x: np.minimum(np.maximum(x + 3, 0), 6) / 6,
    vjp=ref.hardsigmoid_vjp,
    kinks=(-3.0, 3.0),
    alternatives=(lambda x: np.minimum(np.maximum(x * (1 / 6) + 0.5, 0.0), 1.0),),
    laws=(Range(0.0, 1.0), Monotone()),
)


def _hardswish_thirds(x: Any, *, cotangent: Any) -> Any:
    """x/3 + 1/2 between the kinks: cancels at the zero of the derivative, x = -3/2."""
    return (np.where(x <= -3.0, 0.0, np.where(x >= 3.0, cotangent, cotangent * (x / 3.0 + 0.5))),)


hardswish = Concept(
    "hardswish",
    "()->()",
    ref.hardswish,
    definition=lambda x: x * np.minimum(np.maximum(x + 3, 0), 6) / 6,
    vjp=ref.hardswish_vjp,
    kinks=(-3.0, 3.0),
    vjp_alternatives=(_hardswish_thirds,),
    alternatives=(lambda x: np.maximum(x, -3.0) * (np.minimum(np.maximum(x + 3.0, 0.0), 6.0) * (1 / 6)),),
    laws=(Range(-0.375),),
)


def softplus_definition(x: Any) -> Any:
    """log(1 + e^x), e^x taken out where it is large: two analytic branches, no kink at 0 as max and abs would have."""
    return np.where(x > 0, x, 0) + np.log1p(np.exp(np.where(x > 0, -x, x)))


def _log1p_exp(x: Any) -> Any:
    """log1p(e^x), sound until e^x overflows."""
    return np.where(x > 80, ref.softplus(x), np.log1p(np.exp(np.minimum(x, 80.0))))


softplus = Concept(
    "softplus",
    "()->()",
    ref.softplus,
    definition=softplus_definition,
    vjp=ref.softplus_vjp,
    alternatives=(ref.softplus_branches, _log1p_exp),
    landmarks=(20.0,),
    laws=(Range(0.0), Monotone(), Lipschitz(1.0), *CONVEX),
)

log_sigmoid = Concept(
    "log_sigmoid",
    "()->()",
    ref.log_sigmoid,
    definition=lambda x: -softplus_definition(-x),
    vjp=ref.log_sigmoid_vjp,
    laws=(Range(high=0.0), Monotone(), Lipschitz(1.0)),
)


def _elu(x: Any, *, alpha: Any) -> Any:
    return np.maximum(x, 0) + decimal(x, alpha) * np.expm1(np.minimum(x, 0))


elu = Concept(
    "elu",
    "()->()",
    ref.elu,
    definition=_elu,
    vjp=ref.elu_vjp,
    saved=ref.elu_vjp_saved,
    kinks=(0.0,),
    options=({"alpha": 1.0}, {"alpha": 0.5}),
    laws=(Monotone(), Lipschitz(1.0), Range(-1.0), *CONVEX),
)


def _silu_reciprocal_vjp(x: Any, *, cotangent: Any) -> Any:
    """By sigmoid = 1/(1 + e^-x), which is flushed to 0 where e^-x overflows."""
    s = ref.sigmoid_reciprocal(x)
    return (cotangent * (s * (1.0 + x * (1.0 - s))),)


silu = Concept(
    "silu",
    "()->()",
    ref.silu,
    definition=lambda x: x * _sigmoid(x),
    vjp=ref.silu_vjp,
    vjp_alternatives=(ref.silu_vjp_saved, _silu_reciprocal_vjp),
    alternatives=(ref.silu_reciprocal,),
    landmarks=(-1.278464542761074,),
    laws=(
        Range(-0.2784645427610738),
        NotConvex(),
        Agrees("x_sigmoid", "silu(x) = x sigmoid(x)", _via_sigmoid, ("sigmoid",)),
    ),
)


def _gelu(x: Any, *, approximate: Any) -> Any:
    if approximate == "none":
        return x * sp.erfc(-x / np.sqrt(decimal(x, 2))) / 2
    v = np.sqrt(2 / pi_like(x)) * (x + decimal(x, 0.044715) * x * x * x)
    return x / (1 + np.exp(-2 * v))


gelu = Concept(
    "gelu",
    "()->()",
    ref.gelu,
    definition=_gelu,
    vjp=ref.gelu_vjp,
    alternatives=(ref.gelu_erfc_abs,),
    options=({"approximate": "none"}, {"approximate": "tanh"}),
    landmarks=(-0.7517915246935645, -5.5, -14.0),
    laws=(Range(-0.1701), NotConvex()),
)


def _chain(x: Any, weights: Any) -> Any:
    return _links(x, weights, _sigmoid)


def _links(x: Any, weights: Any, sigmoid: Any) -> Any:
    for k in range(weights.shape[-1]):
        x = sigmoid(weights[..., k] * x)
    return x


def _links_reciprocal(x: Any, weights: Any) -> Any:
    return _links(x, weights, ref.sigmoid_reciprocal)


def _links_saved(x: Any, weights: Any, *, cotangent: Any) -> Any:
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
    ref.sigmoid_chain,
    definition=_chain,
    vjp=ref.sigmoid_chain_vjp,
    fused=False,
    operands=(Operand("tame"), Operand("steep")),
    limits={"l": 33},
    alternatives=(_links_reciprocal,),
    saved=_links_saved,
    laws=(Range(0.0, 1.0),),
)
