"""What the file of a library defines, so that :class:`suite.targets.library.Library` can be one in this process."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from suite.floats import Array
from suite.targets.protocol import Memory, Shown, Way

Native = Any  # an array of the library's own
Function = Callable[..., Any]


class Framework(Protocol):
    """What a library's file defines as FRAMEWORK: a class that takes a device, or refuses it with one sentence.

    ``written``: what the name of a derivative ends in where a person writes it beside the function; empty where the
    library differentiates the function itself. ``moves``: its words for a transposition, and for a broadcast of a text
    to a shape. ``refusals``: words of an error that says *unsupported*. ``imports``:
    the lines that a reproduction opens with.
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
    def written(self) -> str: ...
    @property
    def refusals(self) -> tuple[str, ...]: ...
    @property
    def flushes(self) -> bool: ...
    @property
    def imports(self) -> tuple[str, ...]: ...

    @property
    def moves(self) -> tuple[str, str]: ...

    def to_native(self, array: Array, memory: Memory | None = None) -> Native:
        """A copy in this memory; in contiguous memory unless told."""

    def from_native(self, value: Native, where: str) -> Array:
        """A contiguous NumPy array; anything that is no array of this library is a TargetError."""

    def derive(
        self,
        way: Way,
        f: Function,
        operands: Sequence[Native],
        wrt: Sequence[int],
        cotangent: Array | None,
        tangent: Array | None,
    ) -> Sequence[Array]:
        """As a target's ``derive``, of one call."""

    def describe(self) -> Mapping[str, object]: ...

    def defined(self, name: str, f: Function | None) -> Sequence[str]:
        """The lines that make a name of this built-in target mean its function."""

    def literal(self, x: Array) -> str:
        """The text of an array."""

    def differentiated(self, name: str, operands: Sequence[str], keywords: str, shown: Shown) -> Sequence[str]:
        """The lines that print a derivative of the function called ``name`` at variables of these names."""
