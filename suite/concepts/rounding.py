"""Rounding to a narrower format, and the neighbours of a float."""

from typing import Any

import numpy as np

import reference as ref
from suite.floats import FORMATS
from suite.laws.algebra import Identity, Parity
from suite.laws.order import Monotone
from suite.laws.rounding import CorrectlyRoundedCast
from suite.record import Concept, Operand


def _half_ulp(inputs: Any, value: Any, error: Any, standard: Any, *, dtype: Any) -> Any:
    """Half an ulp of the narrower format; beyond its largest number an infinity is right, so no promise here."""
    f = FORMATS[dtype]
    return np.where(np.abs(value) >= f.max, np.inf, 0.5 * f.ulp(value))


round_to = Concept(
    "round_to",
    "()->()",
    fused=False,
    reference=lambda x, *, dtype: x * 1,
    definition=lambda x, *, dtype: x * 1,
    bound=_half_ulp,
    options=({"dtype": "float32"}, {"dtype": "float16"}, {"dtype": "bfloat16"}),
    operands=(Operand(grad=False),),
    laws=(
        CorrectlyRoundedCast(),
        Identity("idempotent", "a second cast changes nothing", lambda c: (c.at(c.got()).got(), c.got(), None)),
        Parity(),
        Monotone(),
    ),
)

nextafter = Concept(
    "nextafter",
    "(),()->()",
    fused=False,
    reference=lambda x, y: x * 1,
    definition=lambda x, y: x * 1,
    operands=(Operand(grad=False), Operand(grad=False)),
    extended=False,
    bound=lambda inputs, value, error, standard: np.where(
        np.abs(value) < standard.format.max, 2 * standard.format.ulp(value), np.inf
    ),
    laws=(
        Identity(
            "neighbour",
            "the result is the next float towards the second operand",
            lambda c: (c.got(), ref.nextafter(c.inputs[0], c.inputs[1]), None),
        ),
    ),
)
