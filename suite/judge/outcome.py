"""What judging one case by one law yields, and how outcomes of many cases add up."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from suite.floats import Array
from suite.judge.case import Case
from suite.judge.traced import Sides
from suite.region import Region, cells_of
from suite.verdict import Severity


@dataclass(frozen=True)
class Refutation:
    """One certified failure, with the case that shows it (for the minimiser)."""

    case: Case
    row: int
    index: tuple[int, ...]
    severity: Severity
    got: str
    enclosure: tuple[str, str]
    allowed: str
    basis: str
    error_ulp: float
    ratio: float
    wrt: int = -1
    output: int = 0
    note: str = ""
    calls: tuple[tuple[Array, ...], ...] = ()
    sides: Sides | None = None  # of a judgement on traced results: what was got, as an expression in calls

    @property
    def weight(self) -> tuple[int, float]:
        """Worst first; among equals the smaller input is the better witness."""
        return self.severity.rank, -min(self.ratio, 1e300)


@dataclass(frozen=True)
class Outcome:
    """A tally; ``+`` merges two. ``beyond``: the largest finite ratio of what is refuted."""

    cases: int = 0
    elements: int = 0
    unjudged: int = 0
    unknown: int = 0
    ratio: float = 0.0
    ulps: float = 0.0
    ideal: float = 0.0
    basis: str = ""
    refuted: tuple[Refutation, ...] = ()
    region: Region = field(default_factory=Region)
    curve: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    proved: bool = False
    beyond: float = 0.0

    def __add__(self, other: "Outcome") -> "Outcome":
        curve = dict(self.curve)
        for k, (ulp, bound) in other.curve.items():
            old = curve.get(k, (0.0, 0.0))
            curve[k] = (max(old[0], ulp), max(old[1], bound))
        return Outcome(
            self.cases + other.cases,
            self.elements + other.elements,
            self.unjudged + other.unjudged,
            self.unknown + other.unknown,
            max(self.ratio, other.ratio),
            max(self.ulps, other.ulps),
            max(self.ideal, other.ideal),
            self.basis or other.basis,
            tuple(sorted((*self.refuted, *other.refuted), key=lambda r: r.weight)[:4]),
            self.region | other.region,
            curve,
            self.proved or other.proved,
            max(self.beyond, other.beyond),
        )

    def marked(self, **changes: Any) -> "Outcome":
        return replace(self, **changes)

    def at_step(self, k: int) -> "Outcome":
        """What was found in the k-th iterate of a path: the entry of the path is that one's."""
        return self.marked(refuted=tuple(replace(r, index=(k, *r.index)) for r in self.refuted))


def region_of(case: Case, rows: Any, others: Any = ()) -> Region:
    """The cells of the rows with wrong finite results, and of the ``others``: an infinity, NaN, or no result."""

    def cells(some: Any) -> Any:
        some = np.arange(case.rows)[some] if isinstance(some, slice) else np.asarray(some, int)
        return tuple(cells_of(x[some]) for x in case.inputs) if some.size else ()

    return Region(cells(rows), cells(others))
