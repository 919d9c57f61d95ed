"""What the file of a library defines, so that :class:`suite.targets.library.Library` can be one in this process."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from suite.floats import Array
from suite.targets.protocol import Documented, Made, Memory
from suite.targets.ways import Way

Native = Any  # an array of the library's own
Function = Callable[..., Any]


class Framework(Protocol):
    """What a library's file defines as FRAMEWORK: a class that takes a device, or refuses it with one sentence.

    ``written``: what the name of a derivative ends in where a person writes it beside the function; empty where the
    library differentiates the function itself. ``moves``: its words for a transposition, and for a broadcast of a text
    to a shape. ``wide``: its word for a result as float64 in NumPy. ``refusals``: words of an error that says
    *unsupported*. ``documented``: other definitions, by function. ``imports``: the lines that a reproduction opens
    with; ``version``: what it says of the version.
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
    def documented(self) -> Mapping[str, Documented]: ...
    @property
    def moves(self) -> tuple[str, str]: ...
    @property
    def wide(self) -> str: ...
    @property
    def version(self) -> str: ...

    def to_native(self, array: Array, memory: Memory | None = None) -> Native:
        """A copy in this memory; in contiguous memory unless told."""

    def from_native(self, value: Native, where: str) -> Array:
        """A contiguous NumPy array; anything that is no array of this library is a TargetError."""

    def like(self, value: Native, operand: Native) -> Native:
        """The value in the operand's format; asked of a library that differentiates functions itself."""

    def compute(self, way: Way, f: Function, operands: Sequence[Native], options: Mapping[str, object]) -> Native:
        """The value by a way of order 0; of a library that has none, nothing."""

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

    def computed(
        self, name: str, operands: Sequence[str], keywords: str, way: str
    ) -> tuple[Sequence[str], str, Sequence[str]]:
        """Of the value by a way of order 0 of the function called ``name``: lines, its text, and lines behind it."""

    def differentiated(
        self, name: str, operands: Sequence[str], keywords: str, call: Made
    ) -> tuple[Sequence[str], str]:
        """Of the derivative of the function called ``name`` at variables of these names: lines, and its text."""
