"""Forward mode over any arithmetic: dual numbers v + t e with e^2 = 0."""

from typing import Any, ClassVar

import numpy as np

from suite.arithmetic.protocol import Arithmetic
from suite.arithmetic.table import TABLE
from suite.arithmetic.tape import _like, _midpoints


class Dual(Arithmetic):
    """A value and its tangent; nest two of them for second derivatives."""

    elementary: ClassVar = TABLE
    level: ClassVar[int] = 1

    def __init__(self, value: Any, tangent: Any = None):
        self.value = value
        self.tangent = value * 0 if tangent is None else tangent
        self.parts = (self.value, self.tangent)

    def rebuild(self, *parts: Any) -> Any:
        return type(self)(*parts)

    def lift(self, other: Any) -> Any:
        return other if isinstance(other, Dual) else type(self)(_like(self.value, other))

    # -- constants of the arithmetic
    def pi(self) -> Any:
        return type(self)(self.value.pi())

    def ln2(self) -> Any:
        return type(self)(self.value.ln2())

    def rational(self, numerator: int, denominator: int) -> Any:
        return type(self)(self.value.rational(numerator, denominator))

    # -- operations
    def add(self, o: Any) -> Any:
        return self.rebuild(self.value + o.value, self.tangent + o.tangent)

    def subtract(self, o: Any) -> Any:
        return self.rebuild(self.value - o.value, self.tangent - o.tangent)

    def negative(self) -> Any:
        return self.rebuild(-self.value, -self.tangent)

    def multiply(self, o: Any) -> Any:
        return self.rebuild(self.value * o.value, self.tangent * o.value + self.value * o.tangent)

    def divide(self, o: Any) -> Any:
        y = self.value / o.value
        return self.rebuild(y, (self.tangent - y * o.tangent) / o.value)

    def power(self, o: Any) -> Any:
        x, p = self.value, o.value
        out = p * x ** (p - 1) * self.tangent
        if not bool(np.all(o.tangent == 0)):
            out = out + x**p * np.log(x) * o.tangent
        return self.rebuild(x**p, out)

    def absolute(self) -> Any:
        return self.rebuild(abs(self.value), self.tangent * np.sign(self.value))

    def sign(self) -> Any:
        return self.rebuild(np.sign(self.value), self.tangent * 0)

    def maximum(self, o: Any) -> Any:
        return self._where(self.value >= o.value, self, o)

    def matmul(self, o: Any) -> Any:
        return self.rebuild(self.value @ o.value, self.tangent @ o.value + self.value @ o.tangent)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        return self.move(lambda part: np.sum(part, axis=axis, keepdims=keepdims))

    def cumsum(self, axis: int) -> Any:
        return self.move(lambda part: np.cumsum(part, axis=axis))

    def prod(self, axis: Any = None, keepdims: bool = False) -> Any:
        if not isinstance(axis, int):
            return NotImplemented
        out = self.lift(np.ones(())) + 0 * self.sum(axis=axis)
        for k in range(self.shape[axis]):
            out = out * np.take(self, k, axis=axis)
        return np.expand_dims(out, axis) if keepdims else out

    def max(self, axis: Any = None, keepdims: bool = False) -> Any:
        if axis is None or isinstance(axis, tuple):
            return NotImplemented
        np.max(self.value, axis=axis)
        best = np.expand_dims(np.argmax(_midpoints(self.value), axis=axis), axis)
        own = np.zeros(self.shape, bool)
        np.put_along_axis(own, best, True, axis=axis)  # a box is not decidedly <= itself
        if not bool(
            np.all(np.where(own, self.value - 1, self.value) <= np.take_along_axis(self.value, best, axis=axis))
        ):
            return NotImplemented
        out: Any = self.move(lambda part: np.take_along_axis(part, best, axis=axis))
        return out if keepdims else np.squeeze(out, axis=axis)

    def sort(self, axis: int = -1) -> Any:
        np.sort(self.value, axis=axis)  # raises where the order is undecided
        order = np.argsort(_midpoints(self.value), axis=axis, kind="stable")
        return np.take_along_axis(self, order, axis=axis)

    def compare(self, ufunc: np.ufunc, *inputs: Any) -> Any:
        return ufunc(*(x.value if isinstance(x, Dual) else x for x in inputs))

    def apply(self, ufunc: np.ufunc, x: Any) -> Any:
        y = ufunc(x.value)
        return self.rebuild(y, x.tangent * TABLE[ufunc].derivative(x.value, y))
