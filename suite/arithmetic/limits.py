"""The value of a definition at infinite arguments: the limit, where there is one.

Infinities become three sets of large numbers of different speed and order, zeros beside them
small numbers of either sign. If the results agree the limit exists; if they grow in one direction
it is infinite; otherwise the definition has no value there, and nothing can be held against a
library (inf - inf, 0 * inf, softmax of two infinities).
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from flint import arb

from suite.arithmetic import Balls, Undecided
from suite.floats import Array, precision

BITS = 400
# exponents of the large numbers: (first, step from one infinity to the next)
_SPEEDS = ((60, 2), (90, -2), (110, 0))
_ZEROS = (2.0**-70, -(2.0**-90), 2.0**-80)

Limit = tuple[str, arb, arb]  # ("value" | "nan" | "none", where it tends, how far from it still)


def limits(definition: Callable[..., Any], operands: Sequence[Array], **options: Any) -> list[Limit]:
    """The limit of each output entry at one row (operands with a batch axis of one)."""
    if any(np.isnan(x).any() for x in operands if x.dtype.kind == "f"):
        return [("nan" if b is None or b.is_nan() else "value", b, arb(0)) for b in _run(definition, operands, options)]
    runs = []
    with precision(BITS):
        for speed, zero in zip(_SPEEDS, _ZEROS, strict=True):
            runs.append(_run(definition, _substituted(operands, speed, zero), options))
        return [_tendency(*entry) for entry in zip(*runs, strict=True)]


def _run(definition: Callable[..., Any], operands: Sequence[Any], options: Any) -> list[Any]:
    with precision(BITS):
        lifted = [x if isinstance(x, Balls) or x.dtype.kind in "iu" else Balls(x) for x in operands]
        try:
            return list(definition(*lifted, **options).a.ravel())
        except Undecided:
            return []


def _substituted(operands: Sequence[Array], speed: tuple[int, int], zero: float) -> list[Any]:
    out, k = [], 0
    for x in operands:
        if x.dtype.kind in "iu":
            out.append(x)
            continue
        balls = Balls(np.nan_to_num(x, posinf=0.0, neginf=0.0)).a
        for i in np.ndindex(x.shape):
            if np.isinf(x[i]):
                balls[i] = arb(2) ** (speed[0] + speed[1] * (k % 8)) * int(np.sign(x[i]))
                k += 1
            elif x[i] == 0:
                balls[i] = arb(zero)
        out.append(Balls(balls))
    return out


def _tendency(a: arb, b: arb, c: arb) -> Limit:
    if any(v.is_nan() for v in (a, b, c)):
        return "none", arb.nan(), arb(0)
    left = max((abs(a - c).upper(), abs(b - c).upper()), key=lambda v: float(v.log()) if v > 0 else -np.inf)
    if left <= arb(2) ** -25 * abs(c).upper().max(arb(1)):
        return "value", c, left
    if 0 < a < b < c:
        return "value", arb.pos_inf(), arb(0)
    if c < b < a < 0:
        return "value", arb.neg_inf(), arb(0)
    return "none", arb.nan(), arb(0)
