"""The exponential family, in ulps."""

from typing import Any

import numpy as np
import scipy.special as sp

import reference as ref
from suite.laws.algebra import Identity, Parity
from suite.laws.convexity import Convex, FirstOrder, MonotoneGradient, NotConvex
from suite.laws.order import Lipschitz, Monotone, Range
from suite.record import INF, Concept, Operand

NAN = float("nan")
POSITIVE = (Operand(domain=(0.0, INF)),)
CONVEX = (Convex(), FirstOrder(), MonotoneGradient())


def _exp2_seeded_first(x: Any, *, cotangent: Any) -> tuple[Any, ...]:
    """The cotangent times 2^x, then log 2: a subnormal product is rounded earlier."""
    log2 = 0.6931471805599453
    half = (cotangent * np.exp2(np.maximum(x, 1.0) - 1.0)) * (2.0 * log2)
    return (np.where(x > 1.0, half, (cotangent * np.exp2(x)) * log2),)


def _inverse(outer: str, inner: str) -> Any:
    """outer(inner(x)) = x, as far as the conditions of the two allow."""

    def sides(case: Any) -> Any:
        from suite.concepts import concepts
        from suite.laws.algebra import other

        y = other(case, concepts()[inner], *case.inputs)
        x = case.inputs[0].astype(np.float64)
        mid = y.got()
        z = other(case, concepts()[outer], mid)
        # the error of the inner result passes through the outer derivative, 1/inner'(x) near x
        slope = np.abs(y.unit().bounded_grads()[0][0].astype(np.float64))
        with np.errstate(all="ignore"):
            relative = y.bounded()[1] / np.abs(y.value)
            through = np.where(relative < 0.01, 1.05 * y.bounded()[1] / slope, np.inf)
            return z.got(), x, through + z.bounded()[1]

    return Identity(f"inverse_of_{inner}", f"{outer}({inner}(x)) = x", sides)


exp = Concept(
    "exp",
    "()->()",
    ref.exp,
    definition=lambda x: np.exp(x),
    vjp=ref.exp_vjp,
    vjp_alternatives=(ref.exp_vjp_saved,),
    specials=(((0.0,), 1.0), ((-0.0,), 1.0), ((-INF,), 0.0), ((INF,), INF), ((NAN,), NAN)),
    laws=(Range(0.0), Monotone(), *CONVEX),
)

exp2 = Concept(
    "exp2",
    "()->()",
    ref.exp2,
    definition=lambda x: np.exp2(x),
    vjp=ref.exp2_vjp,
    vjp_alternatives=(_exp2_seeded_first,),
    landmarks=(1024.0, 128.0, -1022.0, -126.0),
    specials=(((0.0,), 1.0), ((-INF,), 0.0), ((INF,), INF)),
    laws=(Range(0.0), Monotone(), *CONVEX),
)

expm1 = Concept(
    "expm1",
    "()->()",
    ref.expm1,
    definition=lambda x: np.expm1(x),
    vjp=ref.expm1_vjp,
    saved=ref.expm1_vjp_saved,
    specials=(((0.0,), 0.0), ((-0.0,), -0.0), ((-INF,), -1.0), ((INF,), INF)),
    laws=(Range(-1.0), Monotone(), *CONVEX),
)

log = Concept(
    "log",
    "()->()",
    ref.log,
    definition=lambda x: np.log(x),
    vjp=ref.log_vjp,
    operands=POSITIVE,
    specials=(((0.0,), -INF), ((-0.0,), -INF), ((1.0,), 0.0), ((INF,), INF), ((-1.0,), NAN)),
    laws=(Monotone(), _inverse("log", "exp")),
)

log2 = Concept(
    "log2",
    "()->()",
    ref.log2,
    definition=lambda x: np.log2(x),
    vjp=ref.log2_vjp,
    operands=POSITIVE,
    vjp_alternatives=(lambda x, *, cotangent: (cotangent / (x * 0.6931471805599453),),),
    specials=(((0.0,), -INF), ((1.0,), 0.0), ((8.0,), 3.0), ((INF,), INF), ((-1.0,), NAN)),
    laws=(Monotone(),),
)

log1p = Concept(
    "log1p",
    "()->()",
    ref.log1p,
    definition=lambda x: np.log1p(x),
    vjp=ref.log1p_vjp,
    operands=(Operand(domain=(-1.0, INF)),),
    specials=(((-1.0,), -INF), ((0.0,), 0.0), ((-0.0,), -0.0), ((INF,), INF), ((-2.0,), NAN)),
    laws=(Monotone(), _inverse("log1p", "expm1")),
)

sqrt = Concept(
    "sqrt",
    "()->()",
    ref.sqrt,
    definition=lambda x: np.sqrt(x),
    vjp=ref.sqrt_vjp,
    operands=POSITIVE,
    exact=True,
    vjp_alternatives=(ref.sqrt_vjp_saved, lambda x, *, cotangent: (0.5 * cotangent * x**-0.5,)),
    specials=(((0.0,), 0.0), ((-0.0,), -0.0), ((INF,), INF), ((-1.0,), NAN)),
    laws=(Range(0.0), Monotone()),
)

erf = Concept(
    "erf",
    "()->()",
    ref.erf,
    definition=lambda x: sp.erf(x),
    vjp=ref.erf_vjp,
    specials=(((0.0,), 0.0), ((-0.0,), -0.0), ((INF,), 1.0), ((-INF,), -1.0)),
    laws=(Parity(), Range(-1.0, 1.0), Monotone()),
)

erfc = Concept(
    "erfc",
    "()->()",
    ref.erfc,
    definition=lambda x: sp.erfc(x),
    vjp=ref.erfc_vjp,
    landmarks=(10.05, 26.5, 23.187),
    specials=(((0.0,), 1.0), ((INF,), 0.0), ((-INF,), 2.0)),
    laws=(Range(0.0, 2.0), Monotone(increasing=False)),
)

sin = Concept(
    "sin",
    "()->()",
    ref.sin,
    definition=lambda x: np.sin(x),
    vjp=ref.sin_vjp,
    landmarks=(3.141592653589793, 1e5),
    specials=(((0.0,), 0.0), ((-0.0,), -0.0)),
    laws=(Parity(), Range(-1.0, 1.0), Lipschitz(1.0), NotConvex()),
)

cos = Concept(
    "cos",
    "()->()",
    ref.cos,
    definition=lambda x: np.cos(x),
    vjp=ref.cos_vjp,
    landmarks=(1.5707963267948966, 1e5),
    specials=(((0.0,), 1.0), ((-0.0,), 1.0)),
    laws=(Parity(odd=False), Range(-1.0, 1.0), Lipschitz(1.0), NotConvex()),
)
