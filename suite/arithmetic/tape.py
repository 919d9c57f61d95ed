"""Reverse mode over any arithmetic: a variable remembers how its cotangent goes back.

``backward(y, seed)`` visits each node once, after all its consumers, without recursion.
"""

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, ClassVar

import numpy as np

from suite.arithmetic.protocol import Arithmetic
from suite.arithmetic.table import TABLE

Pullback = Callable[[Any], Any]
_clock = count()


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """The adjoint of broadcasting: a sum over the axes that were added or stretched."""
    extra = g.ndim - len(shape)
    axes = tuple(range(extra)) + tuple(k + extra for k, n in enumerate(shape) if n == 1 and g.shape[k + extra] != 1)
    return np.reshape(np.sum(g, axis=axes, keepdims=True), shape) if axes else g


class Variable(Arithmetic):
    """A value and the pullbacks to the variables that it was computed from."""

    elementary: ClassVar = TABLE
    level: ClassVar[int] = 1

    def __init__(self, value: Any, parents: Sequence[tuple["Variable", Pullback]] = ()):
        self.value, self.parents, self.time = value, tuple(parents), next(_clock)
        self.parts = (value,)

    def lift(self, other: Any) -> Any:
        return other if isinstance(other, Variable) else type(self)(_like(self.value, other))

    def node(self, value: Any, *parents: tuple["Variable", Pullback]) -> Any:
        return type(self)(value, parents)

    def move(self, f: Callable[[Any], Any]) -> Any:
        """The adjoint of a gather is a scatter that adds."""
        source = f(np.arange(self.size).reshape(self.shape))

        def back(g: Any) -> Any:
            return _scatter(g, source, self.shape)

        return self.node(f(self.value), (self, back))

    # -- constants of the arithmetic
    def pi(self) -> Any:
        return type(self)(self.value.pi())

    def ln2(self) -> Any:
        return type(self)(self.value.ln2())

    def rational(self, numerator: int, denominator: int) -> Any:
        return type(self)(self.value.rational(numerator, denominator))

    # -- operations
    def add(self, o: Any) -> Any:
        return self.node(
            self.value + o.value,
            (self, lambda g: unbroadcast(g, self.shape)),
            (o, lambda g: unbroadcast(g, o.shape)),
        )

    def subtract(self, o: Any) -> Any:
        return self.add(o.negative())

    def negative(self) -> Any:
        return self.node(-self.value, (self, lambda g: -g))

    def multiply(self, o: Any) -> Any:
        return self.node(
            self.value * o.value,
            (self, lambda g: unbroadcast(g * o.value, self.shape)),
            (o, lambda g: unbroadcast(g * self.value, o.shape)),
        )

    def divide(self, o: Any) -> Any:
        y = self.value / o.value
        return self.node(
            y,
            (self, lambda g: unbroadcast(g / o.value, self.shape)),
            (o, lambda g: unbroadcast(-g * y / o.value, o.shape)),
        )

    def power(self, o: Any) -> Any:
        x, p = self.value, o.value
        parents = [(self, lambda g: unbroadcast(g * p * x ** (p - 1), self.shape))]
        if o.parents:
            parents.append((o, lambda g: unbroadcast(g * x**p * np.log(x), o.shape)))
        return self.node(x**p, *parents)

    def absolute(self) -> Any:
        return self.node(abs(self.value), (self, lambda g: g * np.sign(self.value)))

    def sign(self) -> Any:
        return self.node(np.sign(self.value))

    def maximum(self, o: Any) -> Any:
        first = self.value >= o.value
        return self._where(first, self, o)

    def _where(self, condition: Any, a: Any, b: Any) -> Any:
        a, b = self.lifted(a, b)
        return self.node(
            np.where(condition, a.value, b.value),
            (a, lambda g: unbroadcast(np.where(condition, g, 0 * g), a.shape)),
            (b, lambda g: unbroadcast(np.where(condition, 0 * g, g), b.shape)),
        )

    def _stack(self, arrays: Any, axis: int = 0) -> Any:
        xs = self.lifted(*arrays)
        k = axis % (xs[0].ndim + 1)

        def back(i: int) -> Pullback:
            return lambda g: np.take(g, i, axis=k)

        return self.node(np.stack([x.value for x in xs], axis=axis), *((x, back(i)) for i, x in enumerate(xs)))

    def matmul(self, o: Any) -> Any:
        a, b = self.value, o.value
        return self.node(
            a @ b,
            (self, lambda g: unbroadcast(g @ b.mT, self.shape)),
            (o, lambda g: unbroadcast(a.mT @ g, o.shape)),
        )

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        kept = np.sum(self.value, axis=axis, keepdims=True)
        return self.node(
            kept if keepdims else np.sum(self.value, axis=axis),
            (self, lambda g: np.broadcast_to(np.reshape(g, kept.shape), self.shape)),
        )

    def max(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Goes back to the first entry that attains the maximum."""
        top = np.max(self.value, axis=axis, keepdims=True)
        hit = (self.value >= top).astype(int)
        axes = range(self.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        for k in axes:
            hit = hit * (np.cumsum(hit, axis=k) == 1)
        return self.node(
            top if keepdims else np.reshape(top, np.sum(hit, axis=axis).shape),
            (self, lambda g: np.where(hit == 1, np.broadcast_to(np.reshape(g, top.shape), self.shape), 0 * self.value)),
        )

    def cumsum(self, axis: int) -> Any:
        return self.node(
            np.cumsum(self.value, axis=axis),
            (self, lambda g: np.flip(np.cumsum(np.flip(g, axis=axis), axis=axis), axis=axis)),
        )

    def prod(self, axis: Any = None, keepdims: bool = False) -> Any:
        """One factor after another, so that zeros need no care."""
        if not isinstance(axis, int):
            return NotImplemented
        factors = [np.take(self, k, axis=axis) for k in range(self.shape[axis])]
        out = self.lift(np.ones(self.shape)).sum(axis=axis) * 0 + 1
        for x in factors:
            out = out * x
        return np.expand_dims(out, axis) if keepdims else out

    def sort(self, axis: int = -1) -> Any:
        order = np.argsort(_midpoints(self.value), axis=axis, kind="stable")
        np.sort(self.value, axis=axis)  # raises where the order is undecided
        return np.take_along_axis(self, order, axis=axis)

    def compare(self, ufunc: np.ufunc, *inputs: Any) -> Any:
        return ufunc(*(x.value if isinstance(x, Variable) else x for x in inputs))

    def apply(self, ufunc: np.ufunc, x: Any) -> Any:
        y = ufunc(x.value)
        return self.node(y, (x, lambda g: g * TABLE[ufunc].derivative(x.value, y)))


def backward(y: Variable, seed: Any, inputs: Sequence[Variable]) -> list[Any]:
    """The cotangents of ``inputs`` for the seed at ``y``; an unused input gets None."""
    nodes, stack = {y.time: y}, [y]
    while stack:
        for parent, _ in stack.pop().parents:
            if parent.time not in nodes:
                nodes[parent.time] = parent
                stack.append(parent)
    cotangent = {y.time: seed}
    for time in sorted(nodes, reverse=True):  # a consumer is always younger than what it consumes
        node = nodes[time]
        g = cotangent.get(time)
        if g is None:
            continue
        for parent, back in node.parents:
            if not parent.parents and all(parent is not x for x in inputs):
                continue
            term = back(g)
            old = cotangent.get(parent.time)
            cotangent[parent.time] = term if old is None else old + term
    return [cotangent.get(x.time) for x in inputs]


def _like(model: Any, other: Any) -> Any:
    return model.lift(other) if hasattr(model, "lift") else np.asarray(other)


def _midpoints(value: Any) -> Any:
    if hasattr(value, "standard"):
        return value.value
    return np.vectorize(lambda b: float(b.mid()), otypes=[float])(value.a) if hasattr(value, "a") else value


def _scatter(g: Any, source: Any, shape: tuple[int, ...]) -> Any:
    size = int(np.prod(shape))
    if hasattr(g, "tangent"):
        return g.rebuild(*(_scatter(part, source, shape) for part in g.parts))
    if hasattr(g, "standard"):  # as many roundings as there are further terms
        value, error, magnitude, terms = (
            _scatter(part, source, shape)
            for part in (g.value, g.error, np.abs(g.value) + g.error, np.ones(g.value.shape))
        )
        return g.rebuild(value, error + np.maximum(terms - 1, 0) * g.standard.format.u * magnitude)
    if hasattr(g, "a"):
        out = np.asarray(_like(g, np.zeros(size)).a)
        np.add.at(out, np.asarray(source).ravel(), np.asarray(g.a, dtype=object).ravel())
        return g.rebuild(out.reshape(shape))
    out = np.zeros(size)
    np.add.at(out, np.asarray(source).ravel(), np.asarray(g).ravel())
    return out.reshape(shape)
