"""What one operation of a good library may lose: the standard that a running error is taken under."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from suite.floats import FORMATS, Format

SINGLE = FORMATS["float32"]


@dataclass(frozen=True)
class Standard:
    """What one operation of a good library may lose: u, reductions' u, and E ulp per function.

    ``points``: functions are exact where C's Annex F has exact values, as e^0 = 1. A kernel that
    approximates a whole elementwise function need not be. ``scale``: what all intermediate results may have been
    multiplied by, so that they underflow earlier. ``base_two``: e^x may be 2^(x log2 e), and log x be log 2 log2 x.
    ``reciprocals``: a quotient may be the product with the rounded reciprocal. ``reach``: the part of
    the largest number beyond which an intermediate result promises nothing, as other algorithms have larger ones.
    """

    format: Format
    ulps: float = 4.0
    reduce_u: float = 0.0
    pairwise: bool = False
    flush: bool = False
    points: bool = True
    base_two: bool = True
    reciprocals: bool = True
    reach: float = 0.25
    scale: Any = 1.0

    @classmethod
    def required(cls, fmt: Format, fused: bool = False) -> "Standard":
        """Composed: each array operation rounds to the storage type, reductions accumulate in
        at least binary32. Fused: sixteen-bit operands are computed in binary32 throughout.
        """
        if not fmt.half:
            return cls(fmt, 4.0, fmt.u)
        if fused:
            return cls(SINGLE, 4.0, SINGLE.u)
        return cls(fmt, 0.5 + 4.0 * 2.0 ** (fmt.p - SINGLE.p), SINGLE.u)

    @classmethod
    def ideal(cls, fmt: Format) -> "Standard":
        """The best of ordinary cost: 1 ulp functions, pairwise sums, sixteen bits in binary32."""
        wide = SINGLE if fmt.half else fmt
        return cls(wide, 1.0, wide.u, pairwise=True, base_two=False, reciprocals=False)

    def flushing(self) -> "Standard":
        """Operands and results below the smallest normal number may be taken for zero."""
        return replace(self, flush=True)

    @property
    def eta(self) -> Any:
        """What one underflow may lose, rounded upward: half of the smallest subnormal, or the smallest normal."""
        return (self.format.tiny if self.flush else max(self.format.eta / 2, 2.0**-1074)) / self.scale

    @property
    def tiny(self) -> Any:
        """The smallest result that does not underflow."""
        return self.format.tiny / self.scale

    def terms(self, n: int) -> float:
        """Roundings that one summand of n can meet."""
        return float(np.ceil(np.log2(n))) if self.pairwise and n > 1 else float(max(n - 1, 0))
