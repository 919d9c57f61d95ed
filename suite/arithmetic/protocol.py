"""What the array classes share: NumPy calls are answered by looking the function up in a table.

A class names its component arrays (`parts`) and its rules: ``UFUNCS`` (ufunc -> method name),
``FUNCTIONS`` (NumPy function -> method name). Functions that only move elements (``MOVES``) act
on every component alike, and are therefore written once, here.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np


class Undecided(ArithmeticError):
    """A comparison of balls that overlap: raise the precision, or report *unknown*."""


MOVES = frozenset(
    {
        np.expand_dims, np.squeeze, np.reshape, np.ravel, np.swapaxes, np.moveaxis, np.transpose,
        np.broadcast_to, np.flip, np.take_along_axis, np.take, np.roll, np.diagonal,
    }
)  # fmt: skip

ARITHMETIC = {
    np.add: "add", np.subtract: "subtract", np.multiply: "multiply", np.divide: "divide",
    np.negative: "negative", np.positive: "positive", np.absolute: "absolute",
    np.maximum: "maximum", np.minimum: "minimum", np.power: "power", np.square: "square",
    np.reciprocal: "reciprocal", np.matmul: "matmul", np.sign: "sign",
}  # fmt: skip

COMPARISONS = frozenset(
    {np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal,
     np.isfinite, np.isnan, np.isinf, np.signbit}
)  # fmt: skip

REDUCTIONS = {
    np.sum: "sum", np.max: "max", np.min: "min", np.prod: "prod", np.cumsum: "cumsum",
    np.cumprod: "cumprod", np.where: "where", np.concatenate: "concatenate", np.stack: "stack",
    np.sort: "sort", np.zeros_like: "zeros_like", np.ones_like: "ones_like", np.mean: "mean",
    np.ndim: "ndim_of", np.shape: "shape_of", np.size: "size_of", np.linalg.norm: "norm",
}  # fmt: skip


class Arithmetic(np.lib.mixins.NDArrayOperatorsMixin):
    """An array of numbers of another kind that plain NumPy code can be run on."""

    elementary: ClassVar[Mapping[np.ufunc, Any]] = {}
    level: ClassVar[int] = 0  # a derivative's array stands above the arithmetic that it is over
    parts: tuple[Any, ...]

    if TYPE_CHECKING:  # each arithmetic has its own operations; NumPy's stubs know only ndarray, so Any it is

        def __getattr__(self, name: str) -> Any: ...

    # -- to be given by each arithmetic
    def rebuild(self, *parts: Any) -> Any:
        """The same kind of array over other components."""
        raise NotImplementedError

    def lift(self, other: Any) -> Any:
        """A plain number or array as a constant of this arithmetic."""
        raise NotImplementedError

    # -- NumPy's protocols
    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if any(isinstance(x, Arithmetic) and x.level > self.level for x in inputs):
            return NotImplemented
        if method == "accumulate" and ufunc is np.maximum:
            return self.maximum_accumulate(*inputs, **kwargs)
        if method != "__call__" or kwargs:
            return NotImplemented
        if ufunc in COMPARISONS:
            return self.compare(ufunc, *inputs)
        if ufunc in ARITHMETIC:
            first, *rest = (x if isinstance(x, type(self)) else self.lift(x) for x in inputs)
            return getattr(first, ARITHMETIC[ufunc])(*rest)
        if ufunc in self.elementary:
            return self.apply(ufunc, *inputs)
        return NotImplemented

    def __array_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        if any(issubclass(t, Arithmetic) and t.level > self.level for t in types):
            return NotImplemented
        if func in MOVES:
            return self.move(lambda part: func(part, *args[1:], **kwargs))
        if func in REDUCTIONS:
            return (
                getattr(self, REDUCTIONS[func])(*args[1:], **kwargs)
                if args and args[0] is self
                else getattr(self, "_" + REDUCTIONS[func])(*args, **kwargs)
            )
        return NotImplemented

    def move(self, f: Callable[[Any], Any]) -> Any:
        return self.rebuild(*(f(part) for part in self.parts))

    # -- the shape of the first component is the shape of the array
    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.parts[0].shape)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))

    @property
    def T(self) -> Any:
        return self.move(lambda part: part.T)

    @property
    def mT(self) -> Any:
        return self.move(lambda part: np.swapaxes(part, -1, -2))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> Any:
        return self.move(lambda part: part[key])

    def reshape(self, *shape: Any) -> Any:
        return self.move(lambda part: part.reshape(*shape))

    def ndim_of(self) -> int:
        return self.ndim

    def shape_of(self) -> tuple[int, ...]:
        return self.shape

    def size_of(self) -> int:
        return self.size

    def lifted(self, *others: Any) -> list[Any]:
        return [x if isinstance(x, type(self)) else self.lift(x) for x in others]

    def _where(self, condition: Any, a: Any, b: Any) -> Any:
        first, second = self.lifted(a, b)
        pairs = zip(first.parts, second.parts, strict=True)
        return self.rebuild(*(np.where(condition, x, y) for x, y in pairs))

    def _concatenate(self, arrays: Any, axis: int = 0) -> Any:
        parts = zip(*(x.parts for x in self.lifted(*arrays)), strict=True)
        return self.rebuild(*(np.concatenate(p, axis=axis) for p in parts))

    def _stack(self, arrays: Any, axis: int = 0) -> Any:
        parts = zip(*(x.parts for x in self.lifted(*arrays)), strict=True)
        return self.rebuild(*(np.stack(p, axis=axis) for p in parts))

    # -- what follows from the other operations, in every arithmetic
    def positive(self) -> Any:
        return self

    def square(self) -> Any:
        return self.multiply(self)

    def reciprocal(self) -> Any:
        return self.lift(1.0).divide(self)

    def minimum(self, other: Any) -> Any:
        return self.negative().maximum(other.negative()).negative()

    def min(self, axis: Any = None, keepdims: bool = False) -> Any:
        return self.negative().max(axis=axis, keepdims=keepdims).negative()

    def mean(self, axis: Any = None, keepdims: bool = False) -> Any:
        total = self.sum(axis=axis, keepdims=keepdims)
        return total / (self.size // max(total.size, 1))

    def maximum_accumulate(self, x: Any, axis: int = -1) -> Any:
        columns = [np.take(x, 0, axis=axis)]
        for k in range(1, x.shape[axis]):
            columns.append(np.maximum(columns[-1], np.take(x, k, axis=axis)))
        return x._stack(columns, axis=axis)

    def zeros_like(self) -> Any:
        return self.lift(np.zeros(self.shape))

    def ones_like(self) -> Any:
        return self.lift(np.ones(self.shape))
