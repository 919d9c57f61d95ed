"""What judging one case by one law yields, and how outcomes of many cases add up."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from suite.floats import Array
from suite.judge.case import Case
from suite.verdict import Severity

Region = tuple[tuple[float, float], ...]


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

    @property
    def weight(self) -> tuple[int, float]:
        """Worst first; among equals the smaller input is the better witness."""
        return self.severity.rank, -min(self.ratio, 1e300)


@dataclass(frozen=True)
class Outcome:
    """A tally; ``+`` merges two."""

    cases: int = 0
    elements: int = 0
    unjudged: int = 0
    unknown: int = 0
    ratio: float = 0.0
    ulps: float = 0.0
    ideal: float = 0.0
    basis: str = ""
    refuted: tuple[Refutation, ...] = ()
    region: Region = ()
    curve: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    proved: bool = False

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
            hull(self.region, other.region),
            curve,
            self.proved or other.proved,
        )

    def marked(self, **changes: Any) -> "Outcome":
        return replace(self, **changes)

    def at_step(self, k: int) -> "Outcome":
        """What was found in the k-th iterate of a path: the entry of the path is that one's."""
        return self.marked(refuted=tuple(replace(r, index=(k, *r.index)) for r in self.refuted))


def hull(a: Region, b: Region) -> Region:
    """The least box that holds both."""
    if not a or not b:
        return a or b
    return tuple((min(p[0], q[0]), max(p[1], q[1])) for p, q in zip(a, b, strict=True))


def region_of(case: Case, rows: Any) -> Region:
    """Per operand, the range of the entries of these rows; non-finite entries count as +-max."""
    box = []
    for x in case.inputs:
        values = np.nan_to_num(x[rows].astype(np.float64), nan=0.0, posinf=case.format.max, neginf=-case.format.max)
        box.append((float(values.min()), float(values.max())) if values.size else (0.0, 0.0))
    return tuple(box)
