"""The four binary formats, the unit in the last place, and exact rounding.

Every figure of a format derives from its precision ``p`` and its exponent range; bounds and
errors are measured in float64 arrays, whatever the format under test.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import ml_dtypes
import numpy as np
from flint import arb, ctx

Array = Any  # a NumPy array of any dtype and shape: its stubs return Any from most functions
_EXPONENT = 0x7FF0_0000_0000_0000  # the exponent field of binary64


@dataclass(frozen=True)
class Format:
    """A binary floating-point format: p bits of significand, exponents emin to emax (IEEE 754)."""

    name: str
    p: int
    emin: int
    emax: int

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(ml_dtypes.bfloat16 if self.name == "bfloat16" else self.name)

    @cached_property
    def u(self) -> float:
        """Unit roundoff 2^-p."""
        return 2.0**-self.p

    @cached_property
    def eta(self) -> float:
        """Smallest subnormal 2^(emin-p+1)."""
        return 2.0 ** (self.emin - self.p + 1)

    @cached_property
    def tiny(self) -> float:
        """Smallest normal 2^emin."""
        return 2.0**self.emin

    @cached_property
    def max(self) -> float:
        """Largest finite number (2 - 2^(1-p)) 2^emax."""
        return (2.0 - 2.0 ** (1 - self.p)) * 2.0**self.emax

    @property
    def half(self) -> bool:
        """Sixteen bits wide: libraries compute such operands in binary32."""
        return self.p < 24

    def ulp(self, t: Array) -> Array:
        """2^(max(floor(log2 |t|), emin) - p + 1) as float64; ulp(0) is the smallest subnormal.

        >>> float(FORMATS["float32"].ulp(np.array(1.5)))
        1.1920928955078125e-07
        """
        size = np.fmin(np.abs(np.asarray(t, np.float64)), self.max)
        power = (size.view(np.int64) & _EXPONENT).view(np.float64)  # 2^floor(log2 size); 0 below 2^-1022
        return np.maximum(power, self.tiny) * 2.0 ** (1 - self.p)

    def round(self, x: Array) -> Array:
        """Float64 values rounded once, to nearest even, into this format.

        ml_dtypes goes from float64 to bfloat16 by way of float32, which can round twice; adding
        and removing a power of two rounds once.
        """
        x = np.asarray(x, np.float64)
        if self.name != "bfloat16":
            with np.errstate(over="ignore"):
                return x.astype(self.dtype)
        with np.errstate(all="ignore"):
            ulp = self.ulp(x)
            nearest = np.where(np.isfinite(x), np.rint(x / ulp) * ulp, x)
            limit = self.max + 0.5 * float(self.ulp(self.max))
            nearest = np.where(np.abs(x) >= limit, np.copysign(np.inf, x), nearest)
            return np.copysign(nearest, x).astype(self.dtype)

    def round_ball(self, ball: arb) -> float | None:
        """Ziv's test: the float that every number in the ball rounds to, or None if undecided."""
        low, high = (self.round_exact(end) for end in (ball.lower(), ball.upper()))
        return low if low == high else None

    def round_exact(self, x: arb) -> float:
        """The exact midpoint of ``x`` rounded to nearest even (the midpoint is a dyadic rational)."""
        man, exp = (int(v) for v in x.mid().man_exp())
        sign, man = (-1.0 if man < 0 else 1.0), abs(man)
        if man == 0:
            return 0.0
        drop = max(exp + man.bit_length() - 1, self.emin) - self.p + 1 - exp
        if drop > 0:
            low, rest = man >> drop, man & ((1 << drop) - 1)
            half = 1 << (drop - 1)
            man, exp = low + (rest > half or (rest == half and low & 1)), exp + drop
        if exp + man.bit_length() - 1 > self.emax:
            return sign * np.inf
        return float(sign * np.ldexp(float(man), exp))


FORMATS = {
    f.name: f
    for f in (
        Format("float64", 53, -1022, 1023),
        Format("float32", 24, -126, 127),
        Format("float16", 11, -14, 15),
        Format("bfloat16", 8, -126, 127),
    )
}


def format_of(dtype: np.dtype[Any]) -> Format:
    """The format of a NumPy dtype (ml_dtypes names its own)."""
    return FORMATS[np.dtype(dtype).name]


class precision:
    """``with precision(bits):`` sets python-flint's working precision, which is process-wide."""

    def __init__(self, bits: int):
        self.bits = bits

    def __enter__(self) -> None:
        self.saved, ctx.prec = ctx.prec, self.bits

    def __exit__(self, *_: object) -> None:
        ctx.prec = self.saved
