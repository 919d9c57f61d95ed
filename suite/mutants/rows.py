"""A call as a library gets it, along any axes and of any rank, as the case of rows that it is."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from reference.shapes import axes_of, fold, unbroadcast
from suite.draw.asks import folded
from suite.draw.recipes import Recipe
from suite.floats import Array, format_of
from suite.judge.case import Case
from suite.record import Concept, Core
from suite.targets.library import Library


@dataclass(frozen=True)
class Call:
    """The operands and keywords of one call of a concept."""

    concept: Concept
    operands: tuple[Array, ...]
    options: Mapping[str, Any]

    @property
    def axis(self) -> Any:
        return self.options.get("axis", -1)

    @property
    def batch(self) -> tuple[int, ...]:
        """The shape that the rows of all the operands are broadcast to."""
        if self.concept.apart:
            return (1,)
        if self.concept.along:
            x = np.broadcast_shapes(*(x.shape for x in self.operands))
            gone = axes_of(np.empty(x, bool), self.axis)
            return tuple(n for i, n in enumerate(x) if i not in gone)
        pairs = zip(self.operands, self.concept.cores, strict=True)
        return np.broadcast_shapes(*(x.shape[: x.ndim - len(core)] for x, core in pairs))

    def case(self, target: Library) -> Case:
        """The batch axis first, and the axes that the function acts on last."""
        own = {k: v for k, v in self.options.items() if k not in ("axis", "keepdims", "cotangent")}
        rows = self._rows()
        dtype = next(x.dtype for x in rows if x.dtype.kind not in "iu")
        recipe = Recipe((), self.concept.options.index(own), 0)
        return Case(self.concept, format_of(dtype), rows, recipe, target=target)

    def _rows(self) -> tuple[Array, ...]:
        if self.concept.apart:
            return tuple(x.reshape(1, -1) if folded(self.concept) else x[None] for x in self.operands)
        if self.concept.along:
            whole = np.broadcast_arrays(*self.operands)
            return tuple(np.ascontiguousarray(self._flat(fold(x, self.axis), 1)) for x in whole)
        return tuple(
            self._flat(np.broadcast_to(x, self.batch + _core(x, core)), len(core))
            for x, core in zip(self.operands, self.concept.cores, strict=True)
        )

    def _flat(self, x: Array, core: int) -> Array:
        return x.reshape(math.prod(self.batch), *x.shape[x.ndim - core :])

    def seed(self, cotangent: Array) -> Array:
        """The cotangent of the call as one of rows."""
        core = len(self.concept.result)
        if self.concept.apart:
            return cotangent[None]
        if self.concept.along and core:
            return np.ascontiguousarray(self._flat(fold(cotangent, self.axis), core))
        own = cotangent.shape[cotangent.ndim - core :]  # an axis that is kept has size one: it adds nothing
        return cotangent.reshape(math.prod(self.batch), *own)

    def result(self, found: Array) -> Array:
        """The result of such a case in the shape that the caller expects."""
        if self.concept.apart:
            return found[0]
        if self.concept.along and self.concept.result:
            return self._unfolded(found, self.operands[0].shape)
        shaped = found.reshape(self.batch + found.shape[1:])
        if not self.options.get("keepdims"):
            return shaped
        gone = axes_of(self.operands[0], self.axis if self.concept.along else (-2, -1))
        return np.expand_dims(shaped, gone)

    def derivative(self, k: int, found: Array) -> Array:
        """The derivative by one operand in the operand's shape: summed, in float64, where the operand is broadcast."""
        x = self.operands[k]
        if self.concept.apart:
            return found.reshape(x.shape)
        if self.concept.along:
            shaped = self._unfolded(found, np.broadcast_shapes(*(o.shape for o in self.operands)))
        else:
            shaped = found.reshape(self.batch + found.shape[1:])
        return unbroadcast(shaped.astype(np.float64), x.shape).astype(found.dtype)

    def _unfolded(self, found: Array, shape: tuple[int, ...]) -> Array:
        """The reverse of `fold`, from rows."""
        axes = axes_of(np.empty(shape, bool), self.axis)
        moved = found.reshape(*self.batch, *(shape[a] for a in axes))
        return np.moveaxis(moved, tuple(range(-len(axes), 0)), axes)


def _core(x: Array, core: Core) -> tuple[int, ...]:
    shape: tuple[int, ...] = x.shape
    return shape[x.ndim - len(core) :]
