"""Scalar arithmetic and the elementwise (Hadamard) operations."""

from typing import Any

import numpy as np

import reference as ref
from suite.laws.algebra import Commutative, Identity, Parity, Scale
from suite.laws.order import Lipschitz, Range
from suite.record import Concept, Operand

INF, NAN = np.inf, np.nan
PAIR = (Operand(), Operand(near=0))

add = Concept(
    "add",
    "(),()->()",
    ref.add,
    definition=lambda x, y: x + y,
    vjp=ref.add_vjp,
    operands=PAIR,
    exact=True,
    specials=(((-0.0, -0.0), -0.0), ((0.0, -0.0), 0.0), ((INF, -INF), NAN), ((INF, 1.0), INF)),
    laws=(Commutative(), Scale(operands=(0, 1))),
)

subtract = Concept(
    "subtract",
    "(),()->()",
    ref.subtract,
    definition=lambda x, y: x - y,
    vjp=ref.subtract_vjp,
    operands=PAIR,
    exact=True,
    specials=(((0.0, 0.0), 0.0), ((-0.0, 0.0), -0.0), ((INF, INF), NAN)),
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
    ref.multiply,
    definition=lambda x, y: x * y,
    vjp=ref.multiply_vjp,
    operands=(Operand(), Operand()),
    exact=True,
    specials=(((-0.0, 1.0), -0.0), ((-0.0, -2.0), 0.0), ((INF, 0.0), NAN), ((-INF, 2.0), -INF)),
    laws=(
        Commutative(),
        Scale(),
        Identity("one", "x * 1 = x", lambda c: (c.at(c.inputs[0], np.ones_like(c.inputs[1])).got(), c.inputs[0], None)),
    ),
)

divide = Concept(
    "divide",
    "(),()->()",
    ref.divide,
    definition=lambda x, y: x / y,
    vjp=ref.divide_vjp,
    operands=(Operand(), Operand(near=0)),
    exact=True,
    specials=(((1.0, 0.0), INF), ((1.0, -0.0), -INF), ((0.0, 0.0), NAN), ((-0.0, 3.0), -0.0), ((1.0, -INF), -0.0)),
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


def _exponents(rng: Any, fmt: Any, shape: Any, base: Any) -> Any:
    """Small integers and fractions, exponents that bring the result to an end of the range, and anything."""
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


pow = Concept(
    "pow",
    "(),()->()",
    ref.pow,
    definition=lambda x, y: x**y,
    vjp=ref.pow_vjp,
    operands=(Operand(), Operand(couple=_exponents, grad=False)),
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
    ref.abs,
    definition=lambda x: np.abs(x),
    vjp=ref.abs_vjp,
    kinks=(0.0,),
    exact=True,
    specials=(((-0.0,), 0.0), ((-INF,), INF)),
    laws=(Parity(odd=False), Range(0.0), Lipschitz(1.0), Scale()),
)

square = Concept(
    "square",
    "()->()",
    ref.square,
    definition=lambda x: x * x,
    vjp=ref.square_vjp,
    exact=True,
    laws=(Parity(odd=False), Range(0.0), Scale(degree=2)),
)

reciprocal = Concept(
    "reciprocal",
    "()->()",
    ref.reciprocal,
    definition=lambda x: 1 / x,
    vjp=ref.reciprocal_vjp,
    exact=True,
    vjp_alternatives=(lambda x, *, cotangent: (-cotangent * (1.0 / x) * (1.0 / x),),),
    specials=(((0.0,), INF), ((-0.0,), -INF), ((INF,), 0.0), ((-INF,), -0.0)),
    laws=(Parity(), Scale(degree=-1)),
)
