"""A call as an ask makes it: operands laid out of a case's rows, and the way back from its results to those rows.

The rows of a case are canonical: one batch axis in front, then the core dimensions. Laying out is reshaping and
transposing, so results and derivatives come back entry by entry, and truth and bounds are those of the rows. Where an
operand is broadcast, one entry of it stands for many rows, and its derivative is the sum of theirs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from suite.draw.asks import FOLDS, Ask, folded
from suite.floats import Array
from suite.record import Concept, Core
from suite.targets.protocol import LAYOUTS, Memory

APART = 6  # rows that are calls of their own
SHORT = 6  # the column of an outer product

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Asking:
    """The shapes that follow from a concept, an ask, and the sizes of a case."""

    concept: Concept
    ask: Ask
    rows: int
    sizes: Mapping[str, int]

    # -- the batch and the place of the core
    @property
    def apart(self) -> bool:
        """Each row is a call of its own."""
        return self.concept.apart or self.ask.rank == 0

    @cached_property
    def batch(self) -> Shape:
        """The rows as so many axes."""
        if self.apart or self.ask.rank == 1:
            return (self.rows,)
        shape: list[int] = []
        left = self.rows
        for _ in range(self.ask.rank - 1):
            size = SHORT if not shape and self.ask.stretched == "outer" and left % SHORT == 0 else _divisor(left)
            shape.append(size)
            left //= size
        return (*shape, left)

    @property
    def split(self) -> bool:
        """Whether the core is one axis that stands where the ask says, or is several."""
        return bool(self.concept.along) or folded(self.concept)

    def parts(self, core: Core) -> Shape:
        """The sizes of the core axes, one of them folded into several."""
        shape = tuple(int(d) if d.isdigit() else self.sizes[d] for d in core)
        if not self.split or not core:
            return shape
        out, left = [], shape[0]
        for _ in range(self.ask.parts - 1):
            out.append(_divisor(left))
            left //= out[-1]
        return (*out, left)

    @cached_property
    def places(self) -> tuple[int, ...]:
        """Where the parts of the core stand among all axes of one call."""
        lead = 0 if self.apart else len(self.batch)
        n, total = self.ask.parts, lead + self.ask.parts
        if self.ask.place == "first":
            return tuple(range(n))
        if self.ask.place == "middle":
            if n == 1:
                return (total // 2,)
            return tuple(min(2 * k + (total > 2 * n - 1), total - n + k) for k in range(n))
        return tuple(range(lead, total))

    def order(self, core: Core) -> tuple[int, ...]:
        """The transposition from (batch, parts) to the axes of the call; the axis of rows apart stays in front."""
        lead = len(self.batch)
        if not self.split or not core:
            return tuple(range(lead + len(core)))
        places, front = self.places, int(self.apart)
        batch, parts = iter(range(front, lead)), iter(range(lead, lead + self.ask.parts))
        total = lead - front + self.ask.parts
        return (*range(front), *(next(parts) if k in places else next(batch) for k in range(total)))

    # -- there and back
    def laid(self, x: Array, core: Core) -> Array:
        """Rows (rows, *core) as the call has them."""
        return x.reshape(*self.batch, *self.parts(core)).transpose(self.order(core))

    def back(self, y: Array, core: Core) -> Array:
        """The same the other way."""
        y = y.transpose(np.argsort(self.order(core)))
        rest = y.shape[len(self.batch) :]
        return y.reshape(self.rows, *((prod(rest),) if self.split and core else rest))

    def result(self, y: Array, core: Core) -> Array:
        """A result as the call gives it, as rows."""
        return self.back(y.reshape(self.batch) if self.ask.keepdims and not core else y, core)

    def seed(self, g: Array, core: Core) -> Array:
        """A cotangent of rows as the call has it."""
        laid = self.laid(g, core)
        return laid.reshape(self.kept(laid.shape)) if self.ask.keepdims and not core else laid

    def shape(self, core: Core) -> Shape:
        """The shape of a result, the axis of rows apart in front; of dimensions that the operands have."""
        full = (*self.batch, *self.parts(core))
        shape = tuple(full[k] for k in self.order(core))
        return self.kept(shape) if self.ask.keepdims and not core else shape

    def kept(self, shape: Shape) -> Shape:
        """With axes of size one where the core was."""
        out = list(shape[int(self.apart) :])
        for k in self.places:
            out.insert(k, 1)
        return (*shape[: int(self.apart)], *out)

    # -- broadcasting
    def stretched(self, operand: int) -> tuple[int, ...]:
        """The batch axes along which an operand is broadcast."""
        every, n = tuple(range(len(self.batch))), len(self.concept.operands)
        if self.ask.stretched == "outer":
            return every[1:] if operand == 0 else every[:1] if operand == n - 1 else ()
        alone = {"first": 0, "last": n - 1}.get(self.ask.stretched, -1)
        return every if operand == alone else ()

    def taken(self, x: Array, operand: int) -> Array:
        """Of a laid operand what the call is given: one entry along the axes that it is broadcast on, or none."""
        axes = self.stretched(operand)
        if self.ask.stretched == "outer":
            return x[tuple(slice(1) if k in axes else slice(None) for k in range(x.ndim))]
        return x[(0,) * len(axes)] if axes else x

    def given(self, g: Array, operand: int) -> Array:
        """A derivative in the shape of :meth:`taken` as one of the laid operand."""
        full = (*self.batch, *self.parts(self.concept.cores[operand]))
        return np.broadcast_to(g, tuple(full[k] for k in self.order(self.concept.cores[operand])))

    def summed(self, values: Array, operand: int) -> Array:
        """Rows of a derivative, each replaced by the sum over the rows that its entry stands for."""
        axes = self.stretched(operand)
        grid = values.reshape(*self.batch, *values.shape[1:])
        return np.broadcast_to(np.sum(grid, axis=axes, keepdims=True), grid.shape).reshape(values.shape)

    def together(self, row: int, operand: int) -> list[int]:
        """The rows that share an entry of an operand with this one."""
        axes, numbers = self.stretched(operand), np.arange(self.rows).reshape(self.batch)
        at = np.unravel_index(row, self.batch)
        return [int(r) for r in np.ravel(numbers[tuple(slice(None) if k in axes else at[k] for k in range(len(at)))])]

    # -- the call
    def operands(self, inputs: Sequence[Array]) -> list[Array]:
        laid = [self.laid(x, core) for x, core in zip(inputs, self.concept.cores, strict=True)]
        pairs = zip((self.taken(x, k) for k, x in enumerate(laid)), self.concept.operands, strict=True)
        return [x.astype(self.ask.labels) if o.integer else x for x, o in pairs]

    @property
    def keywords(self) -> dict[str, object]:
        """What the ask adds to the options."""
        if not self.concept.along:
            return {}
        ndim = (0 if self.apart else len(self.batch)) + self.ask.parts
        axes = tuple(k - ndim if self.ask.named == "end" else k for k in self.places)
        named = None if self.ask.named == "none" else axes[0] if len(axes) == 1 else axes
        return {"axis": named, **({"keepdims": True} if self.ask.keepdims else {})}

    def memory(self, operands: Sequence[Array], derived: bool = False) -> list[Memory | int]:
        """Where each operand lies; an index: it is the very array of that operand, except where it is ``derived``.

        By one array that stands for two operands a library gives the sum of both derivatives, or each: its own affair.
        """
        mine = chosen(self.ask, len(operands))
        names = [self.ask.memory if k in mine else "contiguous" for k in range(len(operands))]
        out: list[Memory | int] = [LAYOUTS[n](x.ndim) for n, x in zip(names, operands, strict=True)]
        if self.ask.shared and not derived:
            out[1] = 0
        return out


def _divisor(n: int) -> int:
    return next((d for d in FOLDS if n % d == 0 and n > d), 1)


def fitted(concept: Concept, ask: Ask, inputs: Sequence[Array]) -> list[Array]:
    """The operands of the rows that an ask is put to: as many as it can arrange, alike where one stands for many."""
    rows = _count(concept, ask, len(inputs[0]))
    out = [x[:rows] for x in inputs]
    if ask.stretched == "outer":
        column = min(SHORT, rows)
        across = max(1, rows // column)
        out = [_outer(x[: column if k == 0 else across], k, column, across, len(out)) for k, x in enumerate(out)]
    elif ask.stretched:
        alone = 0 if ask.stretched == "first" else len(out) - 1
        out[alone] = np.repeat(out[alone][:1], rows, axis=0)
    if ask.shared:
        out[1] = out[0]
    if ask.memory == "expanded":
        out = [_alike(concept, ask, out, k) for k in range(len(out))]
    return [np.ascontiguousarray(x) for x in out]


def _count(concept: Concept, ask: Ask, rows: int) -> int:
    if concept.apart:
        return rows
    if ask.rank == 0:
        return min(rows, APART)
    unit = prod((SHORT, 2, 2)[: max(ask.rank - 1, 0)])
    return rows // unit * unit or rows


def _outer(x: Array, operand: int, column: int, across: int, operands: int) -> Array:
    if operand == 0:
        return np.repeat(x, across, axis=0)
    if operand == operands - 1:
        return np.concatenate([x] * column)
    return np.resize(x, (column * across, *x.shape[1:]))


def _alike(concept: Concept, ask: Ask, inputs: Sequence[Array], operand: int) -> Array:
    """All that lies along the first axis of the call is the same, so that the axis can have stride 0."""
    x, core = inputs[operand], concept.cores[operand]
    if operand not in chosen(ask, len(inputs)):
        return x
    asking = Asking(concept, ask, len(x), concept.sizes(inputs))
    laid = asking.laid(x, core)
    return asking.back(np.broadcast_to(laid[:1], laid.shape), core)


def chosen(ask: Ask, operands: int) -> Sequence[int]:
    """The operands that have the memory of the ask."""
    return {"all": range(operands), "first": (0,), "last": (operands - 1,)}[ask.of]
