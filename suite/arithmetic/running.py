"""Running error analysis: a value and a derived a-priori bound on its error, whole arrays at once.

``error`` bounds |fl(y) - y| for every evaluation of the text in which each array operation loses
at most what the standard allows: u relative for + - * / (plus eta/2 on underflow), E ulp for an
elementary function, (n - 1) u sum|x| for a sum in any order (Jeannerod and Rump 2013), n u |x||y|
for a product. The value is computed in float64. Every coefficient of a bound is a polynomial in
u with non-negative coefficients and no constant term, so E(2^-53) <= 2^-29 E(2^-24): for the
narrower formats the value's own error is a 2^-29th part of the bound, and ``_UP`` covers it.
An operand that may have overflowed (|v| + e > max) gives no promise: the error is infinite.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from suite.arithmetic.protocol import Arithmetic
from suite.arithmetic.table import TABLE
from suite.floats import FORMATS, Format

_UP = 1 + 2.0**-40  # rounds each bound upward: its own arithmetic is a few float64 operations
_MANTISSA = 0x000F_FFFF_FFFF_FFFF  # the fraction field of binary64
_SINGLE = FORMATS["float32"]


@dataclass(frozen=True)
class Standard:
    """What one operation of a good library may lose: u, reductions' u, and E ulp per function.

    ``points``: functions are exact where C's Annex F has exact values, as e^0 = 1. A kernel that
    approximates a whole elementwise function need not be. ``scale``: what all intermediate results may have been
    multiplied by, so that they underflow earlier.
    """

    format: Format
    ulps: float = 4.0
    reduce_u: float = 0.0
    pairwise: bool = False
    flush: bool = False
    points: bool = True
    scale: Any = 1.0

    @classmethod
    def required(cls, fmt: Format, fused: bool = False) -> "Standard":
        """Composed: each array operation rounds to the storage type, reductions accumulate in
        at least binary32. Fused: sixteen-bit operands are computed in binary32 throughout.
        """
        if not fmt.half:
            return cls(fmt, 4.0, fmt.u)
        if fused:
            return cls(_SINGLE, 4.0, _SINGLE.u)
        return cls(fmt, 0.5 + 4.0 * 2.0 ** (fmt.p - _SINGLE.p), _SINGLE.u)

    @classmethod
    def ideal(cls, fmt: Format) -> "Standard":
        """The best of ordinary cost: 1 ulp functions, pairwise sums, sixteen bits in binary32."""
        wide = _SINGLE if fmt.half else fmt
        return cls(wide, 1.0, wide.u, pairwise=True)

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


def _magnitude(x: "RunningError") -> Any:
    return np.abs(x.value) if x.exact else np.abs(x.value) + x.error


class RunningError(Arithmetic):
    """Arrays of (value, error bound) under one standard."""

    elementary: ClassVar = TABLE

    def __init__(self, value: Any, standard: Standard, error: Any = None):
        self.value = np.asarray(value, np.float64)
        self.error = np.zeros(self.value.shape) if error is None else np.asarray(error, np.float64)
        self.standard = standard
        self.parts = (self.value, self.error)
        if error is None:
            self.exact = True

    @cached_property
    def exact(self) -> bool:
        """No entry has an error yet: then nothing is propagated."""
        return not self.error.any()

    def rebuild(self, *parts: Any) -> Any:
        return type(self)(parts[0], self.standard, parts[1])

    def lift(self, other: Any) -> Any:
        if isinstance(other, RunningError):
            return self.rebuild(*other.parts)
        value = np.asarray(other, np.float64)
        # a literal of float64 stands for a real number: it is rounded when it is stored
        with np.errstate(all="ignore"):
            inexact = (value * 2.0**20 != np.rint(value * 2.0**20)) & np.isfinite(value)
            error = np.where(inexact, np.maximum(0.5 * self.standard.format.ulp(value), 2.0**-1074), 0.0)
        return self.rebuild(value, error)

    def done(self, value: Any, propagated: Any, rounding: Any, *operands: "RunningError") -> Any:
        """The result of one operation: nan bounds and operands that may overflow are no promise."""
        error = np.asarray((propagated + rounding) * _UP)
        lost = np.isnan(error)
        for x in operands:
            if x.unsafe is not None:
                lost = lost | x.unsafe
        return self.rebuild(value, np.where(lost, np.inf, error) if lost.any() else error)

    @cached_property
    def unsafe(self) -> Any:
        """Entries that may have overflowed, or None where there is none."""
        found = ~(_magnitude(self) <= self.standard.format.max)
        return found if found.any() else None

    def rounded(self, value: Any, propagated: Any, underflow: bool) -> Any:
        """One rounding of a result of this size."""
        f = self.standard.format
        bound = f.u * (np.abs(value) + propagated)
        return np.maximum(bound, self.standard.eta) if underflow or self.standard.flush else bound

    # -- arithmetic
    def add(self, o: Any) -> Any:
        value, error = self.value + o.value, self.error + o.error
        trivial = _zero(self) | _zero(o)
        if self.exact and o.exact:
            trivial = trivial | self.represented(value, _left(value, self.value, o.value))
        return self.done(value, error, np.where(trivial, 0.0, self.rounded(value, error, False)), self, o)

    def represented(self, value: Any, left: Any) -> Any:
        """Exact operands, nothing ``left`` of the result in float64, and a number of the format: nothing is rounded."""
        f = self.standard.format
        exact = (left == 0) & ((f.p == 53) | (f.round(value).astype(np.float64) == value))
        return exact & ((np.abs(value) >= f.tiny) | (value == 0)) if self.standard.flush else exact

    def subtract(self, o: Any) -> Any:
        return self.add(o.negative())

    def negative(self) -> Any:
        return self.rebuild(-self.value, self.error)

    def absolute(self) -> Any:
        return self.rebuild(np.abs(self.value), self.error)

    def multiply(self, o: Any) -> Any:
        value = self.value * o.value
        error = self._product_error(o)
        exact = _power_of_two(self) | _power_of_two(o)
        exact = (exact & (np.abs(value) >= self.standard.tiny)) | _zero(self) | _zero(o)
        if self.exact and o.exact and self.standard.format.p < 27:  # then float64 has room for the product
            own = self.represented(value, 0.0)
            exact = exact | (own if np.all(self.standard.scale == 1) else own & (np.abs(value) >= self.standard.tiny))
        return self.done(value, error, np.where(exact, 0.0, self.rounded(value, error, True)), self, o)

    def _product_error(self, o: Any) -> Any:
        """An infinite factor needs no care here: `done` sees it."""
        if self.exact:
            return 0.0 if o.exact else np.abs(self.value) * o.error
        if o.exact:
            return np.abs(o.value) * self.error
        return np.abs(self.value) * o.error + np.abs(o.value) * self.error + self.error * o.error

    def divide(self, o: Any) -> Any:
        value = self.value / o.value
        if self.exact and o.exact:
            error = np.where(np.isfinite(value), 0.0, np.inf)
        else:
            least = np.abs(o.value) - o.error
            error = np.where(least > 0, (self.error + np.abs(value) * o.error) / least, np.inf)
        exact = _power_of_two(o) & (np.abs(value) >= self.standard.tiny)
        return self.done(value, error, np.where(exact, 0.0, self.rounded(value, error, True)), self, o)

    def maximum(self, o: Any) -> Any:
        """Chosen by comparison: exact, and as uncertain as the worse of the two."""
        if self.exact and o.exact:
            largest = np.maximum(self.value, o.value)
            return self.rebuild(largest, np.zeros(largest.shape))
        apart = np.abs(self.value - o.value) > self.error + o.error
        chosen = np.where(self.value >= o.value, self.error, o.error)
        error = np.where(apart, chosen, np.maximum(self.error, o.error))
        return self.rebuild(np.maximum(self.value, o.value), error)

    def sign(self) -> Any:
        unsure = (self.error > 0) & (np.abs(self.value) <= self.error)
        return self.rebuild(np.sign(self.value), np.where(unsure, 2.0, 0.0))

    def power(self, o: Any) -> Any:
        """E ulp, and the condition numbers y/x and log x times the operands' errors."""
        if o.value.ndim == 0 and o.error == 0 and o.value == 2:
            return self.multiply(self)
        if o.value.ndim == 0 and o.error == 0 and o.value == 1:
            return self
        x, y = self, o
        value = np.power(x.value, y.value)
        least, most = np.abs(x.value) - x.error, np.abs(x.value) + x.error
        steep = np.maximum(_power(least, y.value - 1), _power(most, y.value - 1))
        error = np.where(x.error > 0, np.abs(y.value) * steep * x.error, 0.0)
        turn = np.expm1(
            np.abs(np.log(np.maximum(np.abs(x.value), 1e-323))) * y.error
        )  # |x|^e - 1, e the exponent's error
        error = error + np.where(y.error > 0, np.abs(value) * turn * 1.01, 0.0)
        # a negative base has integer powers only, and rounding moves an integer not at all, or by 1 or
        # more: the sign is lost
        error = np.where((x.value < 0) & (y.error >= 1), np.inf, error)
        return self.done(value, error, self.ulps(value, error, None), x, y)

    def matmul(self, o: Any) -> Any:
        """n roundings of each product and n eta: any order, with or without a fused multiply-add."""
        x, y, k = self.guarded(), o.guarded(), self.shape[-1]
        a, b = np.abs(x.value), np.abs(y.value)
        error = a @ y.error + x.error @ b + x.error @ y.error
        return self.accumulated(
            x.value @ y.value, error, (a + x.error) @ (b + y.error), k + 1, 2 * k * self.standard.eta
        )

    def accumulated(self, value: Any, error: Any, size: Any, terms: int, underflow: float = 0.0) -> Any:
        """A reduction in ``reduce_u`` over summands of total size ``size``, rounded once at the end.

        Partial sums may overflow although the result does not, whatever the signs: no promise then.
        """
        s = self.standard
        rounding = s.terms(terms) * s.reduce_u * size + underflow
        if s.reduce_u < s.format.u:
            rounding = rounding + self.rounded(value, error + rounding, True)
        safe = size * (1 + terms * s.reduce_u) <= _limit(s)
        return self.done(value, error, np.where(safe, rounding, np.inf))

    def guarded(self) -> Any:
        """The operand of a reduction: an entry that may have overflowed carries no promise."""
        return self.rebuild(self.value, np.where(_magnitude(self) <= self.standard.format.max, self.error, np.inf))

    # -- reductions
    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        x = self.guarded()
        value, error, size = (np.sum(v, axis=axis, keepdims=keepdims) for v in (x.value, x.error, _magnitude(x)))
        total = self.accumulated(value, error, size, self.size // max(value.size, 1))
        # every partial sum of integers is one: exact in any order while none is larger than 1/u
        whole = size <= 1 / self.standard.format.u
        if not whole.any():
            return total
        integers = (x.value == np.rint(x.value)) & (x.error == 0)
        whole = whole & np.all(integers, axis=axis, keepdims=keepdims)
        return self.rebuild(value, np.where(whole, 0.0, total.error))

    def cumsum(self, axis: int) -> Any:
        s = self.standard
        value, error, size = (np.cumsum(v, axis=axis) for v in (self.value, self.error, _magnitude(self)))
        n = np.arange(value.shape[axis]).reshape([-1 if k == axis % value.ndim else 1 for k in range(value.ndim)])
        rounding = n * s.reduce_u * size
        if s.reduce_u < s.format.u:
            rounding = rounding + self.rounded(value, error + rounding, True)
        rounding = np.where(size * (1 + n * s.reduce_u) > _limit(s), np.inf, rounding)
        return self.rebuild(value, np.where(np.isnan(error + rounding), np.inf, (error + rounding) * _UP))

    def cumprod(self, axis: int) -> Any:
        """Relative errors add: amp(sum rho_i + (k - 1) u), and eta for each product that underflows.

        Where a factor has no digit left: prod(|x_i| + e_i) - prod |x_i| instead.
        """
        value = np.cumprod(self.value, axis=axis)
        with np.errstate(all="ignore"):
            size = np.abs(self.value)
            rho = np.where(self.value != 0, self.error / size, np.where(self.error > 0, np.inf, 0.0))
            k = np.arange(value.shape[axis]).reshape([-1 if d == axis % value.ndim else 1 for d in range(value.ndim)])
            theta = np.cumsum(rho, axis=axis) + k * self.standard.format.u
            error = np.abs(value) * theta * (1 + theta)
            if np.any(theta >= 0.01):
                most = np.cumprod(size + self.error, axis=axis)
                rounding = k * (self.standard.format.u + 2.0**-51) * (1 + k * self.standard.format.u)
                error = np.where(theta < 0.01, error, (most - np.abs(value)) + rounding * most)
        error = error + 2 * k * self.standard.eta
        return self.rebuild(value, np.where(np.isnan(error), np.inf, error * _UP))

    def prod(self, axis: Any = None, keepdims: bool = False) -> Any:
        given = range(self.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        axes = sorted(k % self.ndim for k in given)
        flat: Any = self
        if axes != [self.ndim - 1]:
            flat = flat.move(lambda part: np.moveaxis(part, axes, range(-len(axes), 0)))
        flat = flat.reshape(*flat.shape[: self.ndim - len(axes)], -1)
        if flat.shape[-1] == 0:
            return self.lift(np.ones(flat.shape[:-1]))
        out = flat.cumprod(-1)[..., -1]
        # any order: a partial product may leave the range although the result does not
        with np.errstate(divide="ignore"):
            logs = np.log2(np.abs(flat.value))
        up = np.sum(np.maximum(logs, 0), axis=-1)
        down = np.sum(np.minimum(logs, 0), axis=-1)
        f = self.standard.format
        safe = (up < f.emax) & ((down > f.emin) | ~np.isfinite(down))
        out = self.rebuild(out.value, np.where(safe, out.error, np.inf))
        return out if not keepdims else np.expand_dims(out, tuple(axes))

    def max(self, axis: Any = None, keepdims: bool = False) -> Any:
        top = np.max(self.value, axis=axis, keepdims=True)
        rival = np.where(
            self.value + self.error >= np.max(self.value - self.error, axis=axis, keepdims=True), self.error, 0.0
        )
        error = np.max(rival, axis=axis, keepdims=keepdims)
        return self.rebuild(top if keepdims else np.max(self.value, axis=axis), error)

    def maximum_accumulate(self, x: Any, axis: int = 0) -> Any:
        return self.rebuild(np.maximum.accumulate(x.value, axis=axis), np.maximum.accumulate(x.error, axis=axis))

    def sort(self, axis: int = -1) -> Any:
        """The k-th smallest moves by no more than the largest error."""
        error = np.broadcast_to(np.max(self.error, axis=axis, keepdims=True), self.shape)
        return self.rebuild(np.sort(self.value, axis=axis), error)

    def norm(self, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
        """The spectral norm by a backward stable SVD: 50 max(m, n) eps ||A||, eps = 2u.

        Declared: the constant is LAPACK's own acceptance threshold for its SVD drivers; theory gives
        only "a modest polynomial in n", and 10 n u accuses a sound driver on 3 x 3 matrices.
        """
        if ord != 2 or axis != (-2, -1):
            return NotImplemented
        f, n = self.standard.format, max(self.shape[-2:])
        size = np.max(np.abs(self.value), axis=(-2, -1), keepdims=True)
        scale = np.where(size > 0, size, 1.0)
        scaled = np.where(np.isfinite(size), self.value / scale, 0.0)  # LAPACK complains of what is not finite
        value = np.linalg.norm(scaled, 2, axis=(-2, -1)) * scale[..., 0, 0]
        spread = np.linalg.norm(self.error, axis=(-2, -1))
        safe = size[..., 0, 0] * n < f.max  # the drivers scale a matrix whose squares would leave the range
        return self.done(
            value, spread, np.where(safe, 100 * n * f.u * (value + spread) + 2 * self.standard.eta, np.inf)
        )

    def compare(self, ufunc: np.ufunc, *inputs: Any) -> Any:
        return ufunc(*(x.value for x in self.lifted(*inputs)))

    # -- elementary functions
    def apply(self, ufunc: np.ufunc, x: Any) -> Any:
        row = TABLE[ufunc]
        # for the narrower formats a few hundred float64 roundings are far below the 2^-20 that `compare` allows for
        better = row.value if self.standard.format.p == 53 else None
        value = (better or ufunc)(x.value)
        propagated = np.zeros(x.shape)
        if not x.exact:
            slope = row.slope(x.value - x.error, x.value + x.error)
            propagated = np.where(x.error > 0, slope * x.error, 0.0)
        if ufunc is np.sqrt:
            propagated = np.minimum(propagated, np.sqrt(x.error))
        rounding = self.ulps(value, propagated, row.wide if row.wide and self.standard.format.p == 53 else row.ulps)
        if row.known is not None and self.standard.points:
            rounding = np.where((x.value == row.known) & (x.error == 0), 0.0, rounding)
        return self.done(value, propagated, rounding, x)

    def ulps(self, value: Any, propagated: Any, exact: float | None) -> Any:
        with np.errstate(invalid="ignore"):
            ulp = self.standard.format.ulp(np.fmin(np.abs(value) + propagated, np.inf))  # NaN counts as infinite
        bound = (self.standard.ulps if exact is None else exact) * ulp
        return np.maximum(bound, self.standard.eta)


def _limit(standard: Standard) -> float:
    """Where an accumulator overflows: sixteen-bit reductions accumulate in binary32."""
    return _SINGLE.max if standard.format.half else standard.format.max


def _power_of_two(x: RunningError) -> Any:
    if x.standard.format.p == 53:  # its subnormals are float64's own
        mantissa, _ = np.frexp(x.value)
        alone = np.abs(mantissa) == 0.5
    else:
        alone = (x.value.view(np.int64) & _MANTISSA) == 0
    return alone if x.exact else alone & (x.error == 0)


def _left(total: Any, a: Any, b: Any) -> Any:
    """What float64 lost in total = a + b (Knuth's TwoSum); NaN where it overflowed."""
    c = total - a
    return (a - (total - c)) + (b - c)


def _zero(x: RunningError) -> Any:
    return (x.value == 0) if x.exact else (x.value == 0) & (x.error == 0)


def _power(base: Any, exponent: Any) -> Any:
    """base^exponent for a lower end that an error may have carried past zero."""
    return np.where((base <= 0) & (exponent < 0), np.inf, np.power(np.maximum(base, 0.0), exponent))
