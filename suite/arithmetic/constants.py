"""Constants that take the arithmetic of the array beside them: a rounded literal would make the truth wrong."""

from fractions import Fraction
from typing import Any

import numpy as np


def pi_like(x: Any) -> Any:
    """Pi: a float has its nearest, a ball an enclosure."""
    return x.pi() if hasattr(x, "pi") else np.pi


def ln2_like(x: Any) -> Any:
    """log 2."""
    return x.ln2() if hasattr(x, "ln2") else np.log(2.0)


def decimal(x: Any, value: float) -> Any:
    """The number that was written: 0.01 is 1/100, in the arithmetic of ``x``."""
    if not hasattr(x, "rational"):
        return value
    exact = Fraction(str(value))
    return x.rational(exact.numerator, exact.denominator)
