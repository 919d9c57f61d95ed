"""Rounding to a narrower format, and the neighbours of a float."""

from collections.abc import Sequence

import numpy as np

import reference as ref
from suite.arithmetic import Standard
from suite.floats import FORMATS, Array
from suite.judge.truth import Formula
from suite.laws.algebra import Identity, Parity
from suite.laws.order import Monotone
from suite.laws.rounding import CorrectlyRoundedCast
from suite.record import Concept, Freedom, Operand


def _half_ulp(inputs: Sequence[Array], value: Array, error: Array, standard: Standard, *, dtype: str) -> Array:
    """Half an ulp of the narrower format; beyond its largest number an infinity is right, so no promise here."""
    f = FORMATS[dtype]
    return np.where(np.abs(value) >= f.max, np.inf, 0.5 * f.ulp(value))


def by_casts(x: Array, *, dtype: str) -> Array:
    """There and back by NumPy's conversions; ml_dtypes goes from float64 by way of float32, and rounds twice."""
    f = FORMATS[dtype]
    narrow = f.round(x) if x.dtype == np.float64 else x.astype(f.dtype)
    return narrow.astype(x.dtype)


round_to = Concept(
    "round_to",
    "()->()",
    Formula(lambda x, *, dtype: x * 1, real=False),
    lambda x, *, dtype: x * 1,
    operands=(Operand(grad=False),),
    options=({"dtype": "float32"}, {"dtype": "float16"}, {"dtype": "bfloat16"}),
    freedom=Freedom(bound=_half_ulp, covered=(by_casts,), fused=False),
    laws=(
        CorrectlyRoundedCast(),
        Identity("idempotent", "a second cast changes nothing", lambda c: (c.at(c.got()).got(), c.got(), None)),
        Parity(),
        Monotone(),
    ),
)


def by_bits(x: Array, y: Array) -> Array:
    """The neighbour's bits are the number's, plus or minus one."""
    x, y = (v.copy() for v in np.broadcast_arrays(x, y.astype(x.dtype)))
    word = np.dtype(f"i{x.dtype.itemsize}")
    away = (x < y) == (x > 0)
    step = np.where(away, 1, -1).astype(word)
    moved = (x.view(word) + step).view(x.dtype)
    tiny = np.copysign(np.array(1, word).view(x.dtype), y)
    out = np.where(x == 0, tiny, moved)
    return np.where((x == y) | np.isnan(x) | np.isnan(y), np.where(np.isnan(x), x, y), out).astype(x.dtype)


def by_library(x: Array, y: Array) -> Array:
    """NumPy's own."""
    return np.nextafter(x, y.astype(x.dtype))


nextafter = Concept(
    "nextafter",
    "(),()->()",
    Formula(lambda x, y: x * 1, real=False, extended=False),
    lambda x, y: x * 1,
    operands=(Operand(grad=False), Operand(grad=False)),
    freedom=Freedom(
        bound=lambda inputs, value, error, standard: np.where(
            np.abs(value) < standard.format.max, 2 * standard.format.ulp(value), np.inf
        ),
        covered=(by_bits, by_library),
        fused=False,
    ),
    laws=(
        Identity(
            "neighbour",
            "the result is the next float towards the second operand",
            lambda c: (c.got(), ref.nextafter(c.inputs[0], c.inputs[1]), None),
        ),
    ),
)
