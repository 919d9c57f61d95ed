"""One row per elementary function: everything an arithmetic needs to know about it.

``ball`` evaluates it on a python-flint ball; ``derivative`` is written in NumPy, on (x, f(x)), so
that it runs in whatever arithmetic it is given; ``slope`` bounds |f'| over the interval
[low, high] in float64, for the propagation of a running error; ``ulps`` overrides what a standard
allows, where IEEE 754 is stricter, ``wide`` in float64 alone, where C's library is worse; ``value``
takes the place of a ufunc that is no good in float64; at ``known`` the result is 0 or 1, exactly,
in every library (C, Annex F).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.special as sp
from flint import arb

from suite.arithmetic.constants import ln2_like, pi_like

Ball = Callable[[arb], arb]
NEG_INF = arb.neg_inf()


@dataclass(frozen=True)
class Row:
    ball: Ball
    derivative: Callable[[Any, Any], Any]
    slope: Callable[[Any, Any], Any]
    ulps: float | None = None
    value: Callable[[Any], Any] | None = None
    known: float | None = 0.0
    wide: float | None = None


def _log(f: Ball, pole: int) -> Ball:
    """A logarithm is -inf at its pole, the limit from inside; a ball has no such value itself."""
    return lambda x: NEG_INF if x == pole else f(x)


def _base2(f: Ball) -> Ball:
    """log2 of a power of two is an integer: exactly so, whatever the precision."""

    def log2(x: arb) -> arb:
        if x.is_exact() and x.is_finite() and x > 0 and int(x.man_exp()[0]) == 1:
            return arb(int(x.man_exp()[1]))
        return f(x)

    return log2


def _exp2(x: arb) -> arb:
    if x.is_integer() and abs(x) < 100000:
        return arb(2) ** int(float(x.mid()))
    return arb(2) ** x


def _nearest_zero(low: Any, high: Any) -> Any:
    """The smallest |t| in [low, high]: where a bell-shaped derivative is largest."""
    return np.maximum(np.maximum(low, -high), 0.0)


_c_erfc = np.frompyfunc(math.erfc, 1, 1)


def _erfc(x: Any) -> Any:
    """The C library's, up to 4.48 ulp off (x = 1.22598 in glibc 2.36); SciPy's is 475 u off in the tail."""
    return np.asarray(_c_erfc(x), np.float64)


def _erfcx(x: arb) -> arb:
    return (x * x).exp() * x.erfc()


TWO_OVER_ROOT_PI = 1.1283791670955126
_ERF_SLOPE = TWO_OVER_ROOT_PI * (1 + 2**-50)  # a factor of a bound: rounded upward


def _gauss(x: Any) -> Any:
    """2/sqrt(pi) exp(-x^2), with pi from the arithmetic: erf'(x)."""
    return 2 * np.exp(-(x * x)) / np.sqrt(pi_like(x))


TABLE: dict[np.ufunc, Row] = {
    np.exp: Row(arb.exp, lambda x, y: y, lambda lo, hi: np.exp(hi)),
    np.expm1: Row(arb.expm1, lambda x, y: np.exp(x), lambda lo, hi: np.exp(hi)),
    np.exp2: Row(_exp2, lambda x, y: y * ln2_like(x), lambda lo, hi: 0.7 * np.exp2(hi)),
    np.log: Row(_log(arb.log, 0), lambda x, y: 1 / x, lambda lo, hi: 1 / np.maximum(lo, 0.0), known=1.0),
    np.log1p: Row(_log(arb.log1p, -1), lambda x, y: 1 / (1 + x), lambda lo, hi: 1 / np.maximum(1 + lo, 0.0)),
    np.log2: Row(
        _log(_base2(lambda x: x.log() / arb(2).log()), 0),
        lambda x, y: 1 / (x * ln2_like(x)),
        lambda lo, hi: 1.45 / np.maximum(lo, 0.0),
        known=1.0,
    ),
    np.sqrt: Row(arb.sqrt, lambda x, y: 1 / (2 * y), lambda lo, hi: 0.5 / np.sqrt(np.maximum(lo, 0.0)), 0.5),
    np.sin: Row(arb.sin, lambda x, y: np.cos(x), lambda lo, hi: np.ones_like(lo)),
    np.cos: Row(arb.cos, lambda x, y: -np.sin(x), lambda lo, hi: np.ones_like(lo)),
    np.tanh: Row(
        arb.tanh,
        lambda x, y: 4 * np.exp(-2 * abs(x)) / (1 + np.exp(-2 * abs(x))) ** 2,
        lambda lo, hi: 4 * np.exp(-2 * _nearest_zero(lo, hi)),
    ),
    sp.erf: Row(arb.erf, lambda x, y: _gauss(x), lambda lo, hi: _ERF_SLOPE * np.exp(-(_nearest_zero(lo, hi) ** 2))),
    sp.erfc: Row(
        arb.erfc,
        lambda x, y: -_gauss(x),
        lambda lo, hi: _ERF_SLOPE * np.exp(-(_nearest_zero(lo, hi) ** 2)),
        value=_erfc,
        wide=7.0,
    ),
    sp.erfcx: Row(
        _erfcx,
        lambda x, y: 2 * x * y - 2 / np.sqrt(pi_like(x)),
        # decreasing and convex: the derivative is steepest at the left end
        lambda lo, hi: np.abs(2 * lo * sp.erfcx(lo) - TWO_OVER_ROOT_PI) + 1e-15,
    ),
}
