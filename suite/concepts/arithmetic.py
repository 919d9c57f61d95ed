"""Scalar arithmetic and the elementwise (Hadamard) operations."""

import numpy as np

import reference as ref
from suite.floats import Array
from suite.judge.truth import Formula
from suite.laws.algebra import Commutative, Identity, Parity, Scale
from suite.laws.order import Lipschitz, Range
from suite.record import Concept, Filling, Freedom, Kind, Operand

INF, NAN = np.inf, np.nan
PAIR = (Operand(), Operand(near=0))

add = Concept(
    "add",
    "(),()->()",
    Formula(
        lambda x, y: x + y,
        specials=(((-0.0, -0.0), -0.0), ((0.0, -0.0), 0.0), ((INF, -INF), NAN), ((INF, 1.0), INF)),
        exact=True,
    ),
    ref.add,
    operands=PAIR,
    backward=ref.add_vjp,
    laws=(Commutative(), Scale(operands=(0, 1))),
)

subtract = Concept(
    "subtract",
    "(),()->()",
    Formula(lambda x, y: x - y, specials=(((0.0, 0.0), 0.0), ((-0.0, 0.0), -0.0), ((INF, INF), NAN)), exact=True),
    ref.subtract,
    operands=PAIR,
    backward=ref.subtract_vjp,
    laws=(
        Scale(operands=(0, 1)),
        Identity(
            "gradual_underflow",
            "x - y = 0 only if x = y",
            lambda c: (
                (c.got() == 0).astype(float),
                (c.inputs[0].astype(float) == c.inputs[1].astype(float)).astype(float),
                None,
            ),
        ),
    ),
)

multiply = Concept(
    "multiply",
    "(),()->()",
    Formula(
        lambda x, y: x * y,
        specials=(((-0.0, 1.0), -0.0), ((-0.0, -2.0), 0.0), ((INF, 0.0), NAN), ((-INF, 2.0), -INF)),
        exact=True,
    ),
    ref.multiply,
    operands=(Operand(), Operand()),
    backward=ref.multiply_vjp,
    laws=(
        Commutative(),
        Scale(),
        Identity("one", "x * 1 = x", lambda c: (c.at(c.inputs[0], np.ones_like(c.inputs[1])).got(), c.inputs[0], None)),
    ),
)

divide = Concept(
    "divide",
    "(),()->()",
    Formula(
        lambda x, y: x / y,
        specials=(((1.0, 0.0), INF), ((1.0, -0.0), -INF), ((0.0, 0.0), NAN), ((-0.0, 3.0), -0.0), ((1.0, -INF), -0.0)),
        exact=True,
    ),
    ref.divide,
    operands=(Operand(), Operand(near=0)),
    backward=ref.divide_vjp,
    laws=(
        Scale(),
        Identity(
            "self",
            "x / x = 1 for a finite x that is not zero",
            lambda c: (
                c.at(c.inputs[0], c.inputs[0]).got(),
                np.where(c.inputs[0].astype(float) == 0, np.nan, 1.0),
                None,
            ),
        ),
    ),
)


def _exponents(f: Filling) -> Array:
    """Small integers and fractions, exponents that bring the result to an end of the range, and anything."""
    rng, fmt, shape, base = f.rng, f.format, f.shape, f.earlier[0].astype(np.float64)
    with np.errstate(all="ignore"):
        edge = np.log2(rng.choice([fmt.max, fmt.tiny, 2.0], shape)) / np.log2(np.abs(base))
    edge = np.where(np.isfinite(edge), np.clip(edge, -1e4, 1e4), 2.0)
    pools = (
        rng.integers(-4, 5, shape).astype(float),
        rng.integers(-8, 9, shape) / 2,
        rng.standard_normal(shape) * 3,
        edge,
    )
    return np.select([(k := rng.integers(0, 4, shape)) == 0, k == 1, k == 2], pools[:3], pools[3])


# a negative base has no powers but integers
EXPONENTS = Kind("exponents", _exponents, lambda x, rng: rng.integers(-2, 4, x.shape).astype(np.float64), real=True)

pow = Concept(
    "pow",
    "(),()->()",
    Formula(
        lambda x, y: x**y,
        specials=(
            ((0.0, 0.0), 1.0),
            ((NAN, 0.0), 1.0),
            ((1.0, NAN), 1.0),
            ((0.0, -1.0), INF),
            ((-0.0, -1.0), -INF),
            ((0.0, 2.0), 0.0),
            ((-8.0, 1.5), NAN),
            ((2.0, -INF), 0.0),
            ((INF, -2.0), 0.0),
        ),
    ),
    ref.pow,
    operands=(Operand(), Operand(EXPONENTS, grad=False)),
    backward=ref.pow_vjp,
    laws=(
        Identity(
            "square_is_even",
            "(-x)^2 = x^2",
            lambda c: (
                (a := c.at(-c.inputs[0], np.full_like(c.inputs[1], 2))).got(),
                (b := c.at(c.inputs[0], np.full_like(c.inputs[1], 2))).got(),
                a.bounded()[1] + b.bounded()[1],
            ),
        ),
    ),
)

abs = Concept(
    "abs",
    "()->()",
    Formula(lambda x: np.abs(x), kinks=(0.0,), specials=(((-0.0,), 0.0), ((-INF,), INF)), exact=True),
    ref.abs,
    backward=ref.abs_vjp,
    laws=(Parity(odd=False), Range(0.0), Lipschitz(1.0), Scale()),
)

square = Concept(
    "square",
    "()->()",
    Formula(lambda x: x * x, exact=True),
    ref.square,
    backward=ref.square_vjp,
    laws=(Parity(odd=False), Range(0.0), Scale(degree=2)),
)

reciprocal = Concept(
    "reciprocal",
    "()->()",
    Formula(lambda x: 1 / x, specials=(((0.0,), INF), ((-0.0,), -INF), ((INF,), 0.0), ((-INF,), -0.0)), exact=True),
    ref.reciprocal,
    freedom=Freedom(derivatives=(lambda x, *, cotangent: (-cotangent * (1.0 / x) * (1.0 / x),),)),
    backward=ref.reciprocal_vjp,
    laws=(Parity(), Scale(degree=-1)),
)
