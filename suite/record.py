"""The declarations: what a concept is, in mathematics only.

A concept knows nothing of dtypes, devices, libraries or tolerances; tests, audits, gradient
checks, benchmarks and tables are derived from it.
"""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

INF = float("inf")


class Stated(Protocol):
    """What a law says of itself; how it judges is the affair of :class:`suite.laws.law.Law`."""

    @property
    def name(self) -> str: ...
    @property
    def family(self) -> str: ...
    @property
    def statement(self) -> str: ...


@dataclass(frozen=True)
class Operand:
    """One argument: how it is drawn, and whether it is differentiated.

    ``kind`` names a generator of :mod:`suite.draw.recipes`; ``domain`` is where the definition is
    defined; ``near`` couples the operand to an earlier one (its index), so that differences cancel.
    """

    kind: str = "real"
    grad: bool = True
    domain: tuple[float, float] = (-INF, INF)
    near: int | None = None
    couple: Callable[..., Any] | None = None

    @property
    def integer(self) -> bool:
        return self.kind == "labels"


@dataclass(frozen=True)
class Concept:
    """A concept: one signature, two texts, and the laws beside those that every concept gets.

    ``signature`` is in gufunc notation over the core dimensions; a batch axis in front, the axis
    and keepdims routes, and the strides are derived. Exactly one of ``definition`` (the textbook
    formula, run on balls) and ``certificate`` ((inputs, outputs, u) -> claims) is given.
    ``alternatives`` are other sound algorithms: they widen the required bound and are never to be
    refuted. ``bound`` (inputs, value, running error, standard) -> error is hand-written, only
    where sound algorithms exist that no running error covers. ``fused`` says that libraries
    compute the whole concept as one kernel, so that a sixteen-bit result is a binary32 result
    rounded once. ``masks``: -inf entries are legal (a mask); ``extended``: at infinite arguments
    the value is the limit of the definition. ``saved`` is the backward formula that has only the
    rounded output to go by; ``smooth`` (first operand, options)
    tells the entries at which the function is differentiable, where kinks are no single values. ``slack``
    says why no right version comes within a sixteenth of the bound. ``lenient`` are
    algorithms in wide use that lose where a sound one of like cost does not: within the bound of
    either a failure is at most *inaccurate*, and says so.
    """

    name: str
    signature: str
    reference: Callable[..., Any]
    topic: str = ""
    definition: Callable[..., Any] | None = None
    certificate: Callable[..., Any] | None = None
    vjp: Callable[..., Any] | None = None
    operands: tuple[Operand, ...] = (Operand(),)
    options: tuple[Mapping[str, Any], ...] = ({},)
    alternatives: tuple[Callable[..., Any], ...] = ()
    vjp_alternatives: tuple[Callable[..., Any], ...] = ()
    saved: Callable[..., Any] | None = None
    lenient: tuple[Callable[..., Any], ...] = ()
    bound: Callable[..., Any] | None = None
    kinks: tuple[float, ...] = ()
    smooth: Callable[..., Any] | None = None
    landmarks: tuple[float, ...] = ()
    specials: tuple[tuple[tuple[float, ...], float], ...] = ()
    limits: Mapping[str, int] = field(default_factory=dict)
    fused: bool = True
    exact: bool = False
    batched: bool = True
    masks: bool = False
    extended: bool = True
    function: str = ""
    laws: tuple[Stated, ...] = ()
    note: str = field(default="", compare=False)
    slack: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if (self.definition is None) == (self.certificate is None):
            raise TypeError(f"{self.name}: exactly one of definition and certificate is needed")
        if len(self.cores) != len(self.operands):
            raise TypeError(f"{self.name}: {self.signature} does not have {len(self.operands)} operands")

    @property
    def call_name(self) -> str:
        """The function of a library that this concept calls; several concepts may share one."""
        return self.function or self.name

    @cached_property
    def cores(self) -> tuple[tuple[str, ...], ...]:
        """The core dimensions of each operand: "(m,k),(k,n)->(m,n)" -> ((m, k), (k, n))."""
        return _cores(self.signature.split("->")[0])

    @cached_property
    def result(self) -> tuple[str, ...]:
        return _cores(self.signature.split("->")[1])[0]

    @cached_property
    def dims(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(d for core in self.cores for d in core if not d.isdigit()))

    @property
    def elementwise(self) -> bool:
        return not any(self.cores) and not self.result

    @cached_property
    def parameters(self) -> frozenset[str]:
        return frozenset(inspect.signature(self.reference).parameters)

    @property
    def has_axis(self) -> bool:
        """Acts along one axis that the caller names."""
        return "axis" in self.parameters

    @property
    def differentiable(self) -> bool:
        return self.vjp is not None and any(o.grad for o in self.operands)


def _cores(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(d for d in group.split(",") if d) for group in re.findall(r"\(([^)]*)\)", text.replace(" ", "")))
