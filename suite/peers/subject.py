"""What a peer is shown: one function and its derivative on NumPy arrays, the same from whatever state it is left in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from suite.floats import Array
from suite.record import Concept
from suite.targets.library import Library

HALF = 0.5


class NotApplicable(Exception):
    """The peer has nothing to say, and why."""


@dataclass
class Subject:
    """The concept's function of a library; ``vjp``: it is the derivative that is on trial, ``mode``: one mode of it."""

    concept: Concept
    dtype: str
    vjp: bool
    library: Library
    mode: str = ""
    _met: set[Any] = field(default_factory=set)

    @property
    def wrt(self) -> list[int]:
        return [k for k, o in enumerate(self.concept.operands) if o.grad]

    def value(self, *operands: Array, **options: Any) -> Array:
        """The result. A function that keeps a buffer from call to call begins each peer with one earlier call."""
        function = self.library.functions[self.concept.call_name]
        key = tuple((x.shape, x.dtype) for x in operands), repr(options)
        if key not in self._met:
            self._met.add(key)
            _quietly(function, [halved(x) for x in operands], options)
        return np.asarray(function(*operands, **options))

    def gradients(self, operands: Sequence[Array], cotangent: Array, options: Mapping[str, Any]) -> list[Array]:
        """The vector-Jacobian product, one array for each differentiable operand."""
        function = self.library.vjps[self.concept.call_name]

        def pull(*xs: Array, cotangent: Array) -> Any:
            return function(*xs, cotangent=cotangent, **options)

        way = self.library.ways[0]
        return list(self.library.framework.derive(way, pull, operands, self.wrt, cotangent, None))


def halved(x: Array) -> Array:
    return x if x.dtype.kind in "iu" else (x.astype(np.float64) * HALF).astype(x.dtype)


def _quietly(function: Callable[..., Any], operands: Sequence[Array], options: Mapping[str, Any]) -> None:
    try:
        function(*operands, **options)
    except Exception:
        return  # the call that counts will raise it again
