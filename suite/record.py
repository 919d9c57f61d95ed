"""The declarations: what a concept is, in mathematics only.

A concept knows nothing of dtypes, devices, libraries or tolerances; tests, audits, gradient checks, benchmarks and
tables are derived from it.
"""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from suite.floats import Array, Format

INF = float("inf")
Core = tuple[str, ...]
Text = Callable[..., Any]  # plain NumPy code, which runs in every arithmetic
Shape = tuple[int, ...]
Special = tuple[tuple[float, ...], float]


@dataclass(frozen=True)
class Filling:
    """What an operand is drawn with: rows of one shape, a style for each, and the operands drawn before it."""

    format: Format
    shape: Shape  # (rows, *core)
    styles: Array
    rng: np.random.Generator
    earlier: tuple[Array, ...] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)

    @property
    def row(self) -> Shape:
        """The shape of one number a row."""
        return (self.shape[0],) + (1,) * (len(self.shape) - 1)


@dataclass(frozen=True)
class Kind:
    """A kind of operand: ``fill`` draws it (float64 values, to be rounded); None: reals, in every style.

    ``ordinary`` makes one as people write it, from normal numbers. ``real``: any number of the format is one, 0 and 1
    among them. ``flags``: entries are 0 or 1, and count. ``below``: entries are integers below the size of that
    dimension (labels). ``entries`` and ``slices``: whether a minimiser may change single entries, or leave some out,
    and still has an operand of this kind.
    """

    name: str
    fill: Callable[[Filling], Array] | None = None
    ordinary: Callable[[Array, np.random.Generator], Array] | None = None
    real: bool = False
    flags: bool = False
    below: str = ""
    entries: bool = True
    slices: bool = True


REAL = Kind("real", real=True)


@dataclass(frozen=True)
class Operand:
    """One argument: its kind, whether it is differentiated, and where the definition is defined.

    ``near`` couples the operand to an earlier one (its index), so that differences cancel; ``marks`` are points at
    which functions of it change their behaviour, beside those of every format and the kinks.
    """

    kind: Kind = REAL
    grad: bool = True
    domain: tuple[float, float] = (-INF, INF)
    near: int | None = None
    marks: tuple[float, ...] = ()

    @property
    def integer(self) -> bool:
        return bool(self.kind.below)


class Truth:
    """What is true of a result: :mod:`suite.judge.truth` has the three kinds, and says what each gives.

    ``encloses``: every entry of the result lies in a ball that can be computed. ``certifies``: it satisfies equations.
    ``differentiates``: the exact derivative can be enclosed. The others are a formula's, and empty elsewhere.
    """

    encloses: bool = False
    certifies: bool = False
    differentiates: bool = False
    kinks: tuple[float, ...] = ()
    smooth: Callable[..., Array] | None = None
    specials: tuple[Special, ...] = ()
    extended: bool = False
    masks: bool = False
    exact: bool = False
    real: bool = True

    def enclose(self, operands: Sequence[Any], options: Mapping[str, Any], bits: int) -> tuple[Any, ...]:
        """An object array of balls for each result."""
        raise NotImplementedError(type(self).__name__)

    def certify(
        self, operands: Sequence[Array], outputs: Sequence[Array], fmt: Format, options: Mapping[str, Any]
    ) -> Sequence[Any]:
        """Claims about one row of results."""
        raise NotImplementedError(type(self).__name__)

    def gradient(
        self, operands: Sequence[Any], options: Mapping[str, Any], cotangent: Array, wrt: Sequence[int], bits: int
    ) -> list[Any]:
        """An object array of balls for each operand in ``wrt``."""
        raise NotImplementedError(type(self).__name__)

    def second(
        self, operands: Sequence[Any], options: Mapping[str, Any], cotangent: Array, k: int, direction: Array, bits: int
    ) -> Any:
        """An object array of balls: the derivative along a direction of the gradient in operand k."""
        raise NotImplementedError(type(self).__name__)

    def limit(self, operands: Sequence[Array], options: Mapping[str, Any]) -> list[Any]:
        """The value at infinite arguments, entry by entry."""
        raise NotImplementedError(type(self).__name__)

    def plain(self, operands: Sequence[Array], options: Mapping[str, Any]) -> Array:
        """The formula in float64, NaN and infinities as they come."""
        raise NotImplementedError(type(self).__name__)

    def bounds(self, problem: Any) -> tuple[tuple[Array, Array], ...]:
        """(value, required error) of each result, in float64."""
        raise NotImplementedError(type(self).__name__)

    def bounded_gradients(self, problem: Any, cotangent: Array) -> list[tuple[Array, Array]]:
        """(value, required error) of each derivative, in float64."""
        raise NotImplementedError(type(self).__name__)


@dataclass(frozen=True)
class Freedom:
    """What sound algorithms may do beside what the reference does: none of it is ever refuted.

    ``alternatives`` and ``derivatives`` are other sound algorithms for the value and for the derivative: they widen
    the required bound. ``bound`` (inputs, value, running error, standard) -> error is hand-written, only where sound
    algorithms exist that no running error covers (``covered``). ``fused``: libraries compute the whole concept as one
    kernel, so that a sixteen-bit result is a binary32 result rounded once. ``saved`` is the backward formula that has
    only the rounded output to go by. ``lenient`` are algorithms in wide use that lose where a sound one of like cost
    does not: within the bound of either a failure is at most *inaccurate*, and says so. ``slack`` says why no right
    version comes within a sixteenth of the bound.
    """

    alternatives: tuple[Text, ...] = ()
    derivatives: tuple[Text, ...] = ()
    saved: Text | None = None
    lenient: tuple[Text, ...] = ()
    bound: Text | None = None
    covered: tuple[Text, ...] = ()
    fused: bool = True
    slack: str = field(default="", compare=False)


class Stated(Protocol):
    """What a law says of itself; how it judges is the affair of :class:`suite.laws.law.Law`."""

    @property
    def name(self) -> str: ...
    @property
    def family(self) -> str: ...
    @property
    def statement(self) -> str: ...


@dataclass(frozen=True)
class Concept:
    """A concept: one signature, its truth, the sound algorithm, and the laws beside those that every concept gets.

    ``signature`` is in gufunc notation over the core dimensions; a batch axis in front, the axis and keepdims, and
    the strides are derived. ``backward`` is the reference's own derivative (operands, options, cotangent) -> one
    array per differentiable operand. ``apart``: there is no batch axis, each row of a case is a call of its own.
    ``longest`` limits dimensions. ``variants`` are sets of options with a signature and laws of their own, each the
    fields that differ, its name first; ``function`` is what a variant calls.
    """

    name: str
    signature: str
    truth: Truth
    reference: Text
    operands: tuple[Operand, ...] = (Operand(),)
    options: tuple[Mapping[str, Any], ...] = ({},)
    freedom: Freedom = Freedom()
    backward: Text | None = None
    laws: tuple[Stated, ...] = ()
    longest: Mapping[str, int] = field(default_factory=dict)
    apart: bool = False
    variants: tuple[Mapping[str, Any], ...] = ()
    function: str = ""

    def __post_init__(self) -> None:
        if len(self.cores) != len(self.operands):
            raise TypeError(f"{self.name}: {self.signature} does not have {len(self.operands)} operands")

    def each(self) -> tuple["Concept", ...]:
        """The concept, and each of its variants as a concept with one signature."""
        return self, *(replace(self, **{"variants": (), "function": self.call_name, **v}) for v in self.variants)

    @property
    def call_name(self) -> str:
        """The function of a library that this concept calls; several variants may share one."""
        return self.function or self.name

    @cached_property
    def cores(self) -> tuple[Core, ...]:
        """The core dimensions of each operand: "(m,k),(k,n)->(m,n)" -> ((m, k), (k, n))."""
        return _cores(self.signature.split("->")[0])

    @cached_property
    def outputs(self) -> tuple[Core, ...]:
        """The core dimensions of each result."""
        return _cores(self.signature.split("->")[1])

    @property
    def result(self) -> Core:
        """The core dimensions of the first result."""
        return self.outputs[0]

    @cached_property
    def dims(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(d for core in self.cores for d in core if not d.isdigit()))

    @property
    def elementwise(self) -> bool:
        return not any(self.cores) and not any(self.outputs)

    @cached_property
    def parameters(self) -> frozenset[str]:
        return frozenset(inspect.signature(self.reference).parameters)

    @property
    def along(self) -> Mapping[str, int]:
        """The keyword for the axis, where the caller names one: the last."""
        return {"axis": -1} if "axis" in self.parameters else {}

    @property
    def wrt(self) -> list[int]:
        """The operands that are differentiated."""
        return [k for k, o in enumerate(self.operands) if o.grad]

    @property
    def differentiable(self) -> bool:
        return self.backward is not None and bool(self.wrt)

    def sizes(self, inputs: Sequence[Array]) -> dict[str, int]:
        """The sizes of the core dimensions, by operands with one batch axis."""
        pairs = zip(inputs, self.cores, strict=True)
        return {d: n for x, core in pairs for d, n in zip(core, x.shape[1:], strict=True)}


def _cores(text: str) -> tuple[Core, ...]:
    return tuple(tuple(d for d in group.split(",") if d) for group in re.findall(r"\(([^)]*)\)", text.replace(" ", "")))
