"""Arrays of python-flint balls: every operation encloses the exact result.

Comparisons that overlapping balls cannot decide raise :class:`Undecided`; maxima are enclosed, not
chosen. A float that is not a short dyadic number (0.1, pi) would make the truth wrong, and raises.
"""

from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from flint import arb, arb_mat

from suite.arithmetic.protocol import Arithmetic, Undecided
from suite.arithmetic.table import TABLE

_LITERAL_BITS = 24  # a literal with more significant bits than this was rounded when it was written


def _exact(x: Any) -> arb:
    return x if isinstance(x, arb) else arb(int(x)) if isinstance(x, (int, np.integer)) else arb(float(x))


_to_arb = np.frompyfunc(_exact, 1, 1)


def _divide(a: arb, b: arb) -> arb:
    return a / b


def _maximum(a: arb, b: arb) -> arb:
    return a.max(b)


def _sign(a: arb) -> arb:
    if a == 0 or a > 0 or a < 0:
        return arb(int(a > 0) - int(a < 0))
    return arb(0, 1)


def _power(a: arb, b: arb) -> arb:
    if b.is_integer():
        n = int(str(b.mid().floor().unique_fmpz()))
        if abs(n) < 1 << 20:
            return a**n
        if a < 0:
            size = (-a) ** b
            return -size if n % 2 else size
    if a == 0:
        return arb(0) if b > 0 else arb.nan()
    return a**b


_ufunc: dict[str, Any] = {
    "divide": np.frompyfunc(_divide, 2, 1),
    "maximum": np.frompyfunc(_maximum, 2, 1),
    "sign": np.frompyfunc(_sign, 1, 1),
    "power": np.frompyfunc(_power, 2, 1),
}
_add: Any = np.add  # on objects: NumPy's stubs allow no initial ball
_multiply: Any = np.multiply
_elementary = {ufunc: np.frompyfunc(row.ball, 1, 1) for ufunc, row in TABLE.items()}


def _decided(less: bool, not_less: bool) -> bool:
    if not (less or not_less):
        raise Undecided("overlapping balls")
    return less


_COMPARE = {
    np.less: lambda a, b: _decided(a < b, a >= b),
    np.less_equal: lambda a, b: _decided(a <= b, a > b),
    np.greater: lambda a, b: _decided(a > b, a <= b),
    np.greater_equal: lambda a, b: _decided(a >= b, a < b),
    np.equal: lambda a, b: _decided(a == b, a != b),
    np.not_equal: lambda a, b: _decided(a != b, a == b),
    np.isfinite: lambda a: a.is_finite(),
    np.isnan: lambda a: a.is_nan(),
    np.isinf: lambda a: not a.is_finite() and not a.is_nan(),
}


def _compare(ufunc: np.ufunc, operands: int) -> Any:
    rule: Any = _COMPARE[ufunc]
    return np.frompyfunc(rule, operands, 1)


class Balls(Arithmetic):
    """An object array of ``arb``, with NumPy's protocols."""

    elementary: ClassVar = TABLE

    def __init__(self, values: Any):
        array = np.asarray(values)
        self.a = array if array.dtype == object else np.asarray(_to_arb(array.astype(np.float64)), object)
        self.parts = (self.a,)

    def rebuild(self, *parts: Any) -> Any:
        return type(self)(np.asarray(parts[0], dtype=object))

    def lift(self, other: Any) -> Any:
        if isinstance(other, Balls):
            return self.rebuild(other.a)
        if isinstance(other, float) and np.isfinite(other):
            m, _ = np.frexp(other)
            if m * 2**_LITERAL_BITS != np.rint(m * 2**_LITERAL_BITS):
                raise ValueError(f"the literal {other!r} is rounded: take the constant from the arithmetic")
        return self.rebuild(np.asarray(_to_arb(np.asarray(other)), object))

    # -- constants of the arithmetic
    def pi(self) -> Any:
        return self.rebuild(np.asarray(arb.pi(), dtype=object))

    def ln2(self) -> Any:
        return self.rebuild(np.asarray(arb(2).log(), dtype=object))

    def rational(self, numerator: int, denominator: int) -> Any:
        return self.rebuild(np.asarray(arb(numerator) / denominator, dtype=object))

    # -- operations
    def add(self, o: Any) -> Any:
        return self.rebuild(self.a + o.a)

    def subtract(self, o: Any) -> Any:
        return self.rebuild(self.a - o.a)

    def multiply(self, o: Any) -> Any:
        return self.rebuild(self.a * o.a)

    def divide(self, o: Any) -> Any:
        return self.rebuild(_ufunc["divide"](self.a, o.a))

    def negative(self) -> Any:
        return self.rebuild(-self.a)

    def absolute(self) -> Any:
        return self.rebuild(np.abs(self.a))

    def maximum(self, o: Any) -> Any:
        return self.rebuild(_ufunc["maximum"](self.a, o.a))

    def power(self, o: Any) -> Any:
        return self.rebuild(_ufunc["power"](self.a, o.a))

    def square(self) -> Any:
        return self.rebuild(_ufunc["power"](self.a, arb(2)))

    def sign(self) -> Any:
        return self.rebuild(_ufunc["sign"](self.a))

    def matmul(self, o: Any) -> Any:
        return self.rebuild(np.matmul(self.a, o.a))

    def apply(self, ufunc: np.ufunc, x: Any) -> Any:
        return self.rebuild(_elementary[ufunc](x.a))

    def compare(self, ufunc: np.ufunc, *inputs: Any) -> Any:
        arrays = [x.a for x in self.lifted(*inputs)]
        return np.asarray(_compare(ufunc, len(arrays))(*arrays), bool)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        return self.rebuild(_add.reduce(self.a, axis=axis, keepdims=keepdims, initial=arb(0)))

    def prod(self, axis: Any = None, keepdims: bool = False) -> Any:
        return self.rebuild(_multiply.reduce(self.a, axis=axis, keepdims=keepdims, initial=arb(1)))

    def max(self, axis: Any = None, keepdims: bool = False) -> Any:
        if axis is None or isinstance(axis, tuple):
            axes = range(self.ndim) if axis is None else axis
            out = self.a
            for k in sorted((k % self.ndim for k in axes), reverse=True):
                out = np.expand_dims(_ufunc["maximum"].reduce(out, axis=k), k)
            return self.rebuild(out if keepdims else np.squeeze(out, axis=tuple(axes)))
        out = np.asarray(_ufunc["maximum"].reduce(self.a, axis=axis), dtype=object)
        return self.rebuild(np.expand_dims(out, axis) if keepdims else out)

    def cumsum(self, axis: int) -> Any:
        return self.rebuild(np.add.accumulate(self.a, axis=axis))

    def cumprod(self, axis: int) -> Any:
        return self.rebuild(np.multiply.accumulate(self.a, axis=axis))

    def maximum_accumulate(self, x: Any, axis: int = 0) -> Any:
        return self.rebuild(_ufunc["maximum"].accumulate(x.a, axis=axis))

    def sort(self, axis: int = -1) -> Any:
        """Ascending; the balls must be disjoint or exact, so that the order is decided."""
        rows = np.moveaxis(self.a, axis, -1)
        out = np.empty_like(rows)
        for i in np.ndindex(rows.shape[:-1]):
            order = sorted(rows[i], key=lambda b: float(b.mid()))
            if any(a > b or not a <= b for a, b in pairwise(order)):
                raise Undecided("the order of overlapping balls")
            out[i] = order
        return self.rebuild(np.moveaxis(out, -1, axis))

    def norm(self, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
        """Only the spectral norm of the last two axes, for which no formula exists."""
        if ord != 2 or axis != (-2, -1):
            return NotImplemented
        out = np.empty(self.shape[:-2], dtype=object)
        for i in np.ndindex(out.shape):
            out[i] = spectral_norm(self.a[i])
        return self.rebuild(out)


def spectral_norm(matrix: np.ndarray[Any, Any], squarings: int = 64) -> arb:
    """Encloses the largest singular value: s^(2p) <= tr (A'A)^p <= n s^(2p), p = 2^squarings.

    The quotient of the two ends is n^(1/2p), and no eigenvector is needed, so repeated singular
    values are no harder than others.
    """
    a = arb_mat(matrix.tolist())
    m = a.transpose() * a if a.nrows() >= a.ncols() else a * a.transpose()
    n, log_scale = m.nrows(), arb(0)
    if m.trace() == 0:
        return arb(0)
    for _ in range(squarings):
        t = m.trace()
        log_scale = 2 * (log_scale + t.log())
        m = m / t
        m = m * m
    top = (m.trace().log() + log_scale) / (arb(2) ** squarings * 2)
    low = top - arb(n).log() / (arb(2) ** squarings * 2)
    return low.union(top).exp()
