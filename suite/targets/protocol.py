"""What the suite asks of a library: functions by name, NumPy arrays in and out.

All that crosses is plain data: names, numbers, contiguous arrays, and memory described rather than passed. A target
can therefore live in another process: replies are raw bytes, and nothing of it is ever unpickled.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from suite.floats import Array


class TargetError(Exception):
    """The target broke its contract: one clear sentence (what, where, what to do).

    ``usage``: it is the request that is wrong (an unknown target), not the target.
    """

    def __init__(self, sentence: str, usage: bool = False):
        super().__init__(sentence)
        self.exit_code = 2 if usage else 3


class Unsupported(Exception):
    """The target says that it does not implement this dtype, memory or derivative."""


class CallError(Exception):
    """The function raised on this input."""


# -- how a derivative is taken


@dataclass(frozen=True)
class Way:
    """How a library differentiates; the name is that of a route in reports.

    ``order``: up to which derivative. A way of order 2 gives the gradient too, recorded so that it is differentiated
    again. ``forward``: it pushes tangents, where the others pull cotangents back.
    """

    name: str
    order: int = 1
    forward: bool = False

    def gives(self, cotangent: object, tangent: object) -> bool:
        """Whether it does what these ask for: to pull back, to push forward, or both."""
        if cotangent is not None and tangent is not None:
            return self.order == 2
        return tangent is not None if self.forward else cotangent is not None


# -- how an operand lies in memory


@dataclass(frozen=True)
class Memory:
    """How an operand lies in memory.

    ``order``: its axes from the slowest to the fastest. ``steps``: for each axis, how far apart its entries lie, in
    units of a dense one: 2 leaves gaps, -1 runs backward, 0 lets the first entry stand for all. ``offset``: items in
    front. ``margin``: items behind each run of the fastest axis, as in part of a larger array. ``packed``: a field of
    records, so that no stride is a multiple of the item's size.
    """

    order: tuple[int, ...]
    steps: tuple[int, ...]
    offset: int = 0
    margin: int = 0
    packed: bool = False
    writeable: bool = True

    @property
    def axes(self) -> tuple[int, ...]:
        """Where each axis stands in ``order``: the transposition from the order of storage."""
        return tuple(self.order.index(k) for k in range(len(self.order)))

    def extents(self, shape: Sequence[int]) -> tuple[int, ...]:
        """The dense array that has room for it, in the order of storage.

        >>> Memory((1, 0), (1, 2)).extents((3, 4))
        (8, 3)
        """
        sizes = [abs(self.steps[k]) * shape[k] if self.steps[k] else min(shape[k], 1) for k in self.order]
        return (*sizes[:-1], sizes[-1] + self.margin) if sizes else ()

    @property
    def slices(self) -> tuple[slice, ...]:
        """What is taken of that array, in the order of storage."""
        found = [slice(None, None, self.steps[k] or None) for k in self.order]
        if self.margin and found:
            found[-1] = slice(None, -self.margin, found[-1].step)
        return tuple(found)

    def held(self, array: Array) -> Array:
        """What has to be stored: where one entry stands for all along an axis, that one."""
        return array[..., *(slice(None) if step else slice(1) for step in self.steps)]


def contiguous(ndim: int) -> Memory:
    return Memory(tuple(range(ndim)), (1,) * ndim)


def strided(ndim: int) -> Memory:
    """Every second item of the last axis."""
    return Memory(tuple(range(ndim)), ((1,) * (ndim - 1) + (2,))[:ndim])


def transposed(ndim: int) -> Memory:
    """Stored with the axes reversed; a vector is the column of a matrix."""
    return Memory(tuple(reversed(range(ndim))), (2,) if ndim == 1 else (1,) * ndim)


def offset(ndim: int) -> Memory:
    """One item behind an aligned address."""
    return Memory(tuple(range(ndim)), (1,) * ndim, offset=min(ndim, 1))


def negative_stride(ndim: int) -> Memory:
    return Memory(tuple(range(ndim)), (-1,) * ndim)


def expanded(ndim: int) -> Memory:
    """The first row stands for all."""
    return Memory(tuple(range(ndim)), ((0,) + (1,) * (ndim - 1))[:ndim])


def packed(ndim: int) -> Memory:
    return Memory(tuple(range(ndim)), (1,) * ndim, packed=True)


def sliced(ndim: int) -> Memory:
    """Part of a larger array: its runs lie farther apart than they are long, and begin behind the array's first."""
    return Memory(tuple(range(ndim)), (1,) * ndim, offset=min(ndim, 1), margin=2)


LAYOUTS: Mapping[str, Callable[[int], Memory]] = {
    f.__name__: f for f in (contiguous, strided, transposed, offset, negative_stride, expanded, packed, sliced)
}
Placement = Memory | int  # an index: the operand is the very array of that earlier one
Layout = str | Sequence[Placement]  # one of LAYOUTS for all operands, or a place for each


def memories(layout: Layout, operands: Sequence[Array]) -> tuple[Placement, ...]:
    """The memory of each operand."""
    if not isinstance(layout, str):
        return tuple(layout)
    if layout not in LAYOUTS:
        raise ValueError(f"unknown layout {layout!r}")
    return tuple(LAYOUTS[layout](x.ndim) for x in operands)


# -- what a reproduction shows


@dataclass(frozen=True)
class Shown:
    """The calls that a finding shows; where ``operand`` is set, the derivative by that operand in place of the value.

    ``wrt``: all operands that are differentiated. A cotangent is pulled back, a tangent pushed forward; with both, the
    derivative along ``tangent`` of the gradient that ``cotangent`` seeds. ``memory``: where the operands lie, where
    that matters.
    """

    function: str
    calls: tuple[tuple[Array, ...], ...]
    options: Mapping[str, object]
    wrt: tuple[int, ...] = ()
    operand: int = -1
    cotangent: Array | None = None
    tangent: Array | None = None
    memory: tuple[Placement, ...] = ()


# -- the protocol


class Target(Protocol):
    """A library on one device. Its first way is its ordinary one.

    ``flushes``: the hardware may take its subnormal numbers for zero, which is then no fault of its formulas.
    """

    @property
    def name(self) -> str: ...
    @property
    def device(self) -> str: ...
    @property
    def ways(self) -> tuple[Way, ...]: ...
    @property
    def layouts(self) -> tuple[str, ...]: ...
    @property
    def flushes(self) -> bool: ...

    def supports(self, function: str) -> bool:
        """Whether there is a function of this name."""

    def differentiates(self, function: str) -> bool:
        """Whether the target has its derivative, in one of its ways."""

    def call(
        self,
        function: str,
        operands: Sequence[Array],
        options: Mapping[str, object],
        layout: Layout = "contiguous",
        *,
        apart: bool = False,
        outputs: int = 1,
    ) -> tuple[Array, ...]:
        """The outputs; ``apart``: each row of the operands is a call of its own."""

    def derive(
        self,
        way: str,
        function: str,
        operands: Sequence[Array],
        wrt: Sequence[int],
        options: Mapping[str, object],
        *,
        cotangent: Array | None = None,
        tangent: Array | None = None,
        layout: Layout = "contiguous",
        apart: bool = False,
    ) -> tuple[Array, ...]:
        """A cotangent alone: the gradient by each operand of ``wrt``. A tangent alone: pushed forward, one an output.

        Both: the derivative along ``tangent`` of the gradient that ``cotangent`` seeds. A tangent is that of the
        single operand of ``wrt``.
        """

    def describe(self) -> Mapping[str, object]:
        """Version, build, threads: what the results depend on."""

    def reproduce(self, shown: Shown) -> str:
        """Lines that print the same with nothing but the library."""
