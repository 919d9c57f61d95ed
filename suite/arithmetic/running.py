"""Running error analysis: a value and a derived a-priori bound on its error, whole arrays at once.

``error`` bounds |fl(y) - y| for every evaluation of the text in which each array operation loses
at most what the standard allows: u relative for + - * / (plus eta/2 on underflow), E ulp for an
elementary function, (n - 1) u sum|x| for a sum in any order (Jeannerod and Rump 2013), n u |x||y|
for a product. The value is computed in float64. Every coefficient of a bound is a polynomial in
u with non-negative coefficients and no constant term, so E(2^-53) <= 2^-29 E(2^-24): for the
narrower formats the value's own error is a 2^-29th part of the bound, and ``_UP`` covers it.
An operand that may have overflowed (|v| + e > max, of an intermediate result max/4) gives no promise: the error is
infinite. No error is zero by luck: exact are selection, signs, powers of two in range, and sums of operands that are
``given`` on one dyadic grid; another sound algorithm goes through other numbers.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from suite.arithmetic.protocol import Arithmetic
from suite.arithmetic.standard import SINGLE, Standard
from suite.arithmetic.table import TABLE

_UP = 1 + 2.0**-40  # rounds each bound upward: its own arithmetic is a few float64 operations
_MANTISSA = 0x000F_FFFF_FFFF_FFFF  # the fraction field of binary64


def _magnitude(x: "RunningError") -> Any:
    return np.abs(x.value) if x.exact else np.abs(x.value) + x.error


class RunningError(Arithmetic):
    """Arrays of (value, error bound) under one standard."""

    elementary: ClassVar = TABLE

    def __init__(self, value: Any, standard: Standard, error: Any = None, given: bool = False):
        self.value = np.asarray(value, np.float64)
        self.error = np.zeros(self.value.shape) if error is None else np.asarray(error, np.float64)
        self.standard = standard
        self.parts = (self.value, self.error)
        self.given = given or error is None
        if self.given:
            self.exact = True

    @cached_property
    def exact(self) -> bool:
        """No entry has an error yet: then nothing is propagated."""
        return not self.error.any()

    def rebuild(self, *parts: Any) -> Any:
        return type(self)(parts[0], self.standard, parts[1])

    def kept(self, value: Any, error: Any, given: bool) -> Any:
        """A result that no operation has rounded where its operands were ``given``."""
        return type(self)(value, self.standard, error, given)

    def move(self, f: Callable[[Any], Any]) -> Any:
        return self.kept(f(self.value), f(self.error), self.given)

    def _joined(self, f: Callable[..., Any], arrays: Any) -> Any:
        xs = self.lifted(*arrays)
        return self.kept(f([x.value for x in xs]), f([x.error for x in xs]), all(x.given for x in xs))

    def _where(self, condition: Any, a: Any, b: Any) -> Any:
        return self._joined(lambda parts: np.where(condition, *parts), (a, b))

    def _concatenate(self, arrays: Any, axis: int = 0) -> Any:
        return self._joined(lambda parts: np.concatenate(parts, axis=axis), arrays)

    def _stack(self, arrays: Any, axis: int = 0) -> Any:
        return self._joined(lambda parts: np.stack(parts, axis=axis), arrays)

    def lift(self, other: Any) -> Any:
        if isinstance(other, RunningError):
            return self.kept(other.value, other.error, other.given)
        value = np.asarray(other, np.float64)
        # a literal of float64 stands for a real number: it is rounded when it is stored
        with np.errstate(all="ignore"):
            inexact = (value * 2.0**20 != np.rint(value * 2.0**20)) & np.isfinite(value)
            error = np.where(inexact, np.maximum(0.5 * self.standard.format.ulp(value), 2.0**-1074), 0.0)
        return self.kept(value, error, not error.any())

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
        """Entries that may have overflowed, or None where there is none.

        Of an intermediate result those out of reach: another algorithm has others, that are larger.
        """
        found = ~(_magnitude(self) <= self.standard.format.max * (1.0 if self.given else self.standard.reach))
        return found if found.any() else None

    def rounded(self, value: Any, propagated: Any, underflow: bool) -> Any:
        """One rounding of a result of this size."""
        f = self.standard.format
        bound = f.u * (np.abs(value) + propagated)
        return np.maximum(bound, self.standard.eta) if underflow or self.standard.flush else bound

    # -- arithmetic
    def add(self, o: Any) -> Any:
        value, error = self.value + o.value, self.error + o.error
        exact = _zero(self) | _zero(o)
        if self.given and o.given:
            exact = exact | self.on_grid(np.abs(self.value) + np.abs(o.value), np.fmin(_grid(self), _grid(o)))
        rounding = np.where(exact, 0.0, self.rounded(value, error, False))
        return self.done(value, error, rounding, self, o).as_given(exact, self, o)

    def as_given(self, exact: Any, *operands: "RunningError") -> Any:
        """Of operands that are given a result that is exact throughout is one as well."""
        given = all(x.given for x in operands) and bool(np.all(exact)) and not self.error.any()
        return self.kept(self.value, self.error, True) if given else self

    def on_grid(self, size: Any, grid: Any) -> Any:
        """A sum of given multiples of g with sum|x| <= g/u is exact in any order; at g/u ``size`` may be rounded."""
        f = self.standard.format
        exact = (size < grid / f.u) & (size <= f.max)
        return exact & ((grid >= f.tiny) | (size == 0)) if self.standard.flush else exact

    def subtract(self, o: Any) -> Any:
        return self.add(o.negative())

    def negative(self) -> Any:
        return self.kept(-self.value, self.error, self.given)

    def absolute(self) -> Any:
        return self.kept(np.abs(self.value), self.error, self.given)

    def multiply(self, o: Any) -> Any:
        value = self.value * o.value
        error = self._product_error(o)
        exact = _power_of_two(self) | _power_of_two(o)
        exact = (exact & (np.abs(value) >= self.standard.tiny)) | _zero(self) | _zero(o)
        rounding = np.where(exact, 0.0, self.rounded(value, error, True))
        return self.done(value, error, rounding, self, o).as_given(exact, self, o)

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
        exact = (_power_of_two(o) & (np.abs(value) >= self.standard.tiny)) | _zero(self)
        rounding = self.rounded(value, error, True)
        if self.standard.reciprocals:  # times the reciprocal, which is rounded as well, where that is a normal number
            size, f = np.abs(o.value), self.standard.format
            twice = (size <= 1 / f.tiny) & (size >= 1 / f.max) & ~_power_of_two(o)
            rounding = rounding + np.where(twice, f.u * (np.abs(value) + error), 0.0)
        rounding = np.where(exact, 0.0, rounding)
        return self.done(value, error, rounding, self, o).as_given(exact, self, o)

    def maximum(self, o: Any) -> Any:
        """Chosen by comparison: exact, and as uncertain as the worse of the two."""
        if self.exact and o.exact:
            largest = np.maximum(self.value, o.value)
            return self.kept(largest, np.zeros(largest.shape), self.given and o.given)
        apart = np.abs(self.value - o.value) > self.error + o.error
        chosen = np.where(self.value >= o.value, self.error, o.error)
        error = np.where(apart, chosen, np.maximum(self.error, o.error))
        return self.kept(np.maximum(self.value, o.value), error, self.given and o.given)

    def sign(self) -> Any:
        unsure = (self.error > 0) & (np.abs(self.value) <= self.error)
        return self.kept(np.sign(self.value), np.where(unsure, 2.0, 0.0), self.given)

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
        return self if self.unsafe is None else self.rebuild(self.value, np.where(self.unsafe, np.inf, self.error))

    # -- reductions
    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        x = self.guarded()
        value, error, size = (np.sum(v, axis=axis, keepdims=keepdims) for v in (x.value, x.error, _magnitude(x)))
        total = self.accumulated(value, error, size, self.size // max(value.size, 1))
        if not x.given:
            return total
        exact = self.on_grid(size, np.min(_grid(x), axis=axis, keepdims=keepdims, initial=np.inf))
        return self.rebuild(value, np.where(exact, 0.0, total.error)).as_given(exact, self)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Any:
        """(n + 4 + 2 log n) u sum|x|/n + (n + 1) eta: a running mean, a compensated one and sum/n are all sound."""
        total, s = self.sum(axis=axis, keepdims=keepdims), self.standard
        n = self.size // max(total.size, 1)
        plain = total / float(n)
        if n < 2:
            return plain
        error, size = (np.sum(v, axis=axis, keepdims=keepdims) / n for v in (self.error, _magnitude(self)))
        rounding = (n + 4 + 2 * np.log(n)) * s.reduce_u * size + (n + 1) * s.eta
        if s.reduce_u < s.format.u:
            rounding = rounding + self.rounded(plain.value, error + rounding, True)
        return self.rebuild(plain.value, np.maximum(plain.error, (error + rounding) * _UP))

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
        return self.kept(top if keepdims else np.max(self.value, axis=axis), error, self.given)

    def maximum_accumulate(self, x: Any, axis: int = 0) -> Any:
        return x.move(lambda part: np.maximum.accumulate(part, axis=axis))

    def sort(self, axis: int = -1) -> Any:
        """The k-th smallest moves by no more than the largest error."""
        error = np.broadcast_to(np.max(self.error, axis=axis, keepdims=True), self.shape)
        return self.kept(np.sort(self.value, axis=axis), error, self.given)

    def norm(self, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
        """The largest singular value, the smallest or their sum by a backward stable SVD: each within 50 max(m, n) eps
        ||A||, eps = 2u.

        Declared: the constant is LAPACK's own acceptance threshold for its SVD drivers; theory gives
        only "a modest polynomial in n", and 10 n u accuses a sound driver on 3 x 3 matrices.
        """
        if ord not in (2, -2, "nuc") or axis != (-2, -1):
            return NotImplemented
        f, n, some = self.standard.format, max(self.shape[-2:]), min(self.shape[-2:]) if ord == "nuc" else 1
        size = np.max(np.abs(self.value), axis=(-2, -1), keepdims=True)
        scale = np.where(size > 0, size, 1.0)
        scaled = np.where(np.isfinite(size), self.value / scale, 0.0)  # LAPACK complains of what is not finite
        sigma = np.linalg.svd(scaled, compute_uv=False) * scale[..., 0]
        value = np.sum(sigma, axis=-1) if ord == "nuc" else sigma[..., 0 if ord == 2 else -1]
        spread = np.linalg.norm(self.error, axis=(-2, -1))
        each = 100 * n * f.u * (sigma[..., 0] + spread) + 2 * self.standard.eta
        added = self.standard.terms(some) * self.standard.reduce_u * (value + some * (each + spread))
        safe = size[..., 0, 0] * n * some < f.max  # the drivers scale a matrix whose squares would leave the range
        return self.done(value, some * spread, np.where(safe, some * each + added, np.inf))

    def compare(self, ufunc: np.ufunc, *inputs: Any) -> Any:
        return ufunc(*(x.value for x in self.lifted(*inputs)))

    # -- elementary functions
    def apply(self, ufunc: np.ufunc, x: Any) -> Any:
        row = TABLE[ufunc]
        # for the narrower formats a few hundred float64 roundings are far below the 2^-20 that `compare` allows for
        better = row.value if self.standard.format.p == 53 else None
        value = (better or ufunc)(x.value)
        propagated, spread = np.zeros(x.shape), x.error
        if ufunc is np.exp and self.standard.base_two:  # log2 e is rounded, and its product with x
            spread = spread + 2.02 * self.standard.format.u * _magnitude(x)
        if spread is not x.error or not x.exact:
            slope = row.slope(x.value - spread, x.value + spread)
            propagated = np.where(spread > 0, slope * spread, 0.0)
        if ufunc is np.sqrt:
            propagated = np.minimum(propagated, np.sqrt(x.error))
        rounding = self.ulps(value, propagated, row.wide if row.wide and self.standard.format.p == 53 else row.ulps)
        if ufunc is np.log and self.standard.base_two:  # log 2 is rounded, and its product with log2 x
            rounding = rounding + 2.02 * self.standard.format.u * (np.abs(value) + propagated)
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
    return SINGLE.max if standard.format.half else standard.format.max


def _power_of_two(x: RunningError) -> Any:
    if x.standard.format.p == 53:  # its subnormals are float64's own
        mantissa, _ = np.frexp(x.value)
        alone = np.abs(mantissa) == 0.5
    else:
        alone = (x.value.view(np.int64) & _MANTISSA) == 0
    return alone if x.exact else alone & (x.error == 0)


def _grid(x: RunningError) -> Any:
    """The largest power of two of which each number is a multiple; infinite at 0."""
    mantissa, exponent = np.frexp(x.value)
    whole = np.ldexp(mantissa, 53)
    with np.errstate(invalid="ignore"):
        bits = whole.astype(np.int64)
    lowest = np.ldexp((bits & -bits).astype(np.float64), exponent - 53)
    return np.where(np.isfinite(x.value), np.where(x.value == 0, np.inf, lowest), 0.0)


def _zero(x: RunningError) -> Any:
    return (x.value == 0) if x.exact else (x.value == 0) & (x.error == 0)


def _power(base: Any, exponent: Any) -> Any:
    """base^exponent for a lower end that an error may have carried past zero."""
    return np.where((base <= 0) & (exponent < 0), np.inf, np.power(np.maximum(base, 0.0), exponent))
