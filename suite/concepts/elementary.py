"""The exponential family, in ulps."""

import numpy as np
import scipy.special as sp

import reference as ref
from suite.floats import Array
from suite.judge.case import Case
from suite.judge.truth import Formula
from suite.laws.algebra import Identity, Parity, Sides
from suite.laws.convexity import Convex, FirstOrder, MonotoneGradient, NotConvex
from suite.laws.order import Lipschitz, Monotone, Range
from suite.record import INF, Concept, Freedom, Operand

NAN = float("nan")
POSITIVE = (Operand(domain=(0.0, INF)),)
CONVEX = (Convex(), FirstOrder(), MonotoneGradient())


def _exp2_seeded_first(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """The cotangent times 2^x, then log 2: a subnormal product is rounded earlier."""
    log2 = 0.6931471805599453
    half = (cotangent * np.exp2(np.maximum(x, 1.0) - 1.0)) * (2.0 * log2)
    return (np.where(x > 1.0, half, (cotangent * np.exp2(x)) * log2),)


def _inverse(outer: str, inner: str) -> Identity:
    """outer(inner(x)) = x, as far as the conditions of the two allow."""

    def sides(case: Case) -> Sides:
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
    Formula(
        lambda x: np.exp(x), specials=(((0.0,), 1.0), ((-0.0,), 1.0), ((-INF,), 0.0), ((INF,), INF), ((NAN,), NAN))
    ),
    ref.exp,
    freedom=Freedom(derivatives=(ref.exp_vjp_saved,)),
    backward=ref.exp_vjp,
    laws=(Range(0.0), Monotone(), *CONVEX),
)

exp2 = Concept(
    "exp2",
    "()->()",
    Formula(lambda x: np.exp2(x), specials=(((0.0,), 1.0), ((-INF,), 0.0), ((INF,), INF))),
    ref.exp2,
    operands=(Operand(marks=(1024.0, 128.0, -1022.0, -126.0)),),
    freedom=Freedom(derivatives=(_exp2_seeded_first,)),
    backward=ref.exp2_vjp,
    laws=(Range(0.0), Monotone(), *CONVEX),
)

expm1 = Concept(
    "expm1",
    "()->()",
    Formula(lambda x: np.expm1(x), specials=(((0.0,), 0.0), ((-0.0,), -0.0), ((-INF,), -1.0), ((INF,), INF))),
    ref.expm1,
    freedom=Freedom(saved=ref.expm1_vjp_saved),
    backward=ref.expm1_vjp,
    laws=(Range(-1.0), Monotone(), *CONVEX),
)

log = Concept(
    "log",
    "()->()",
    Formula(
        lambda x: np.log(x), specials=(((0.0,), -INF), ((-0.0,), -INF), ((1.0,), 0.0), ((INF,), INF), ((-1.0,), NAN))
    ),
    ref.log,
    operands=POSITIVE,
    backward=ref.log_vjp,
    laws=(Monotone(), _inverse("log", "exp")),
)

log2 = Concept(
    "log2",
    "()->()",
    Formula(
        lambda x: np.log2(x), specials=(((0.0,), -INF), ((1.0,), 0.0), ((8.0,), 3.0), ((INF,), INF), ((-1.0,), NAN))
    ),
    ref.log2,
    operands=POSITIVE,
    freedom=Freedom(derivatives=(lambda x, *, cotangent: (cotangent / (x * 0.6931471805599453),),)),
    backward=ref.log2_vjp,
    laws=(Monotone(),),
)

log1p = Concept(
    "log1p",
    "()->()",
    Formula(
        lambda x: np.log1p(x), specials=(((-1.0,), -INF), ((0.0,), 0.0), ((-0.0,), -0.0), ((INF,), INF), ((-2.0,), NAN))
    ),
    ref.log1p,
    operands=(Operand(domain=(-1.0, INF)),),
    backward=ref.log1p_vjp,
    laws=(Monotone(), _inverse("log1p", "expm1")),
)

sqrt = Concept(
    "sqrt",
    "()->()",
    Formula(lambda x: np.sqrt(x), specials=(((0.0,), 0.0), ((-0.0,), -0.0), ((INF,), INF), ((-1.0,), NAN)), exact=True),
    ref.sqrt,
    operands=POSITIVE,
    freedom=Freedom(derivatives=(ref.sqrt_vjp_saved, lambda x, *, cotangent: (0.5 * cotangent * x**-0.5,))),
    backward=ref.sqrt_vjp,
    laws=(Range(0.0), Monotone()),
)

erf = Concept(
    "erf",
    "()->()",
    Formula(lambda x: sp.erf(x), specials=(((0.0,), 0.0), ((-0.0,), -0.0), ((INF,), 1.0), ((-INF,), -1.0))),
    ref.erf,
    backward=ref.erf_vjp,
    laws=(Parity(), Range(-1.0, 1.0), Monotone()),
)

erfc = Concept(
    "erfc",
    "()->()",
    Formula(lambda x: sp.erfc(x), specials=(((0.0,), 1.0), ((INF,), 0.0), ((-INF,), 2.0))),
    ref.erfc,
    operands=(Operand(marks=(10.05, 26.5, 23.187)),),
    backward=ref.erfc_vjp,
    laws=(Range(0.0, 2.0), Monotone(increasing=False)),
)

sin = Concept(
    "sin",
    "()->()",
    Formula(lambda x: np.sin(x), specials=(((0.0,), 0.0), ((-0.0,), -0.0))),
    ref.sin,
    operands=(Operand(marks=(3.141592653589793, 1e5)),),
    backward=ref.sin_vjp,
    laws=(Parity(), Range(-1.0, 1.0), Lipschitz(1.0), NotConvex()),
)

cos = Concept(
    "cos",
    "()->()",
    Formula(lambda x: np.cos(x), specials=(((0.0,), 1.0), ((-0.0,), 1.0))),
    ref.cos,
    operands=(Operand(marks=(1.5707963267948966, 1e5)),),
    backward=ref.cos_vjp,
    laws=(Parity(odd=False), Range(-1.0, 1.0), Lipschitz(1.0), NotConvex()),
)
