"""What is said of a cell: verdicts, severities, findings, and the findings that are known.

Everything here is frozen data that goes to and from plain JSON; numbers that must not change on
the way are hex floats.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from suite.floats import FORMATS


class Verdict(StrEnum):
    PROVED = "proved"
    HOLDS = "holds"
    REFUTED = "refuted"
    UNKNOWN = "unknown"
    UNSTABLE = "unstable"
    NOT_JUDGED = "not judged"
    BROKEN = "broken"  # the target's function could not be run for this cell


class Severity(StrEnum):
    """Worst first."""

    WRONG = "wrong"
    INACCURATE = "inaccurate"
    INCONSISTENT = "inconsistent"
    CONVENTION = "convention"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)

    def at_least(self, other: "Severity") -> bool:
        return self.rank <= other.rank


@dataclass(frozen=True)
class Witness:
    """One row of input that shows a refutation: hex floats (or integers), shapes, options, route."""

    operands: tuple[tuple[str, ...], ...]
    shapes: tuple[tuple[int, ...], ...]
    options: tuple[tuple[str, Any], ...] = ()
    cotangent: tuple[str, ...] = ()
    wrt: int = -1  # the operand whose gradient is judged; -1 for a value
    index: tuple[int, ...] = ()  # the entry of the output (or gradient) that is judged
    recipe: tuple[int, int] = (0, 0)  # the option set and the seed of what a law draws beside the input
    ask: tuple[tuple[str, Any], ...] = ()  # how the call is made, where that is not the plain one


@dataclass(frozen=True)
class Finding:
    """A refuted cell: *this call exceeded this bound, and does so again in a fresh process*."""

    concept: str
    law: str
    family: str
    dtype: str
    device: str
    route: str
    severity: Severity
    claim: str
    witness: Witness
    region: tuple[tuple[float, float], ...]  # per operand: the least box that holds every failure seen
    got: str
    enclosure: tuple[str, str]
    allowed: str
    basis: str
    error_ulp: float
    ratio: float
    reproduction: str = ""
    repeats: bool = True
    note: str = ""
    known: str = ""  # the identifier of the known finding that covers it

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.concept, self.dtype, self.law, self.route

    @property
    def id(self) -> str:
        """Short and stable: it depends on the cell alone, not on the witness."""
        return hashlib.sha256("\0".join((*self.key, self.device)).encode()).hexdigest()[:8]


@dataclass(frozen=True)
class Cell:
    """The judgement of one law on one (concept, dtype) along one route."""

    concept: str
    dtype: str
    law: str
    route: str
    family: str
    claim: str
    device: str = "cpu"
    verdict: Verdict = Verdict.NOT_JUDGED
    severity: Severity | None = None
    known: str = ""
    cases: int = 0
    elements: int = 0
    unjudged: int = 0
    unknown: int = 0
    worst_ulp: float = 0.0
    worst_ratio: float = 0.0
    ideal_ratio: float = 0.0
    basis: str = ""
    reason: str = ""
    finding: Finding | None = None

    @property
    def id(self) -> str:
        return f"{self.concept}-{self.dtype}-{self.law}-{self.route}"


@dataclass(frozen=True)
class Known:
    """A finding that a person has looked at: outside its region, worse, or doubled it is new."""

    id: str
    concept: str
    law: str
    dtype: str
    route: str
    device: str
    severity: Severity
    date: str
    reason: str
    platform: Mapping[str, str]
    region: tuple[tuple[float, float], ...]
    worst_ulp: float
    witness: Witness
    upstream: str = ""
    source: str = ""  # the file that it was read from

    @property
    def cell(self) -> str:
        return f"{self.concept}-{self.dtype}-{self.law}-{self.route}"

    def covers(self, found: Finding) -> bool:
        """Same cell, no worse, inside the region, and at most twice the error."""
        same = found.key == (self.concept, self.dtype, self.law, self.route) and found.device == self.device
        inside = len(self.region) == len(found.region) and all(
            low <= lo and hi <= high for (low, high), (lo, hi) in zip(self.region, found.region, strict=True)
        )
        milder = self.severity is Severity.CONVENTION or self.severity.at_least(found.severity)
        # beyond 2^p ulp no digit is left, and the figure says nothing more
        every_digit = 2.0 ** FORMATS[self.dtype].p
        return same and inside and milder and not min(found.error_ulp, every_digit) > 2 * self.worst_ulp


@dataclass(frozen=True)
class KnownBroken:
    """A broken cell that a person has looked at: what says another sentence is new."""

    concept: str
    law: str
    dtype: str
    route: str
    device: str
    date: str
    reason: str
    sentence: str
    platform: Mapping[str, str]
    upstream: str = ""
    source: str = ""  # the file that it was read from

    @property
    def cell(self) -> str:
        return f"{self.concept}-{self.dtype}-{self.law}-{self.route}"

    @property
    def id(self) -> str:
        return self.cell

    def covers(self, cell: Cell) -> bool:
        broken = cell.verdict is Verdict.BROKEN
        return broken and (cell.id, cell.device, cell.reason) == (self.cell, self.device, self.sentence)


@dataclass(frozen=True)
class Audit:
    """All that an audit found, as it is written to report.json."""

    head: Mapping[str, Any]
    cells: tuple[Cell, ...]
    fixed: tuple[str, ...] = ()  # known findings whose witness passes again
    curves: Mapping[str, Any] = field(default_factory=dict)  # error in ulp over the domain
    broken: tuple[str, ...] = ()  # one sentence for each function that could not be run

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Worst first."""
        found = [replace(c.finding, known=c.known) for c in self.cells if c.finding is not None]
        return tuple(sorted(found, key=lambda f: (f.known != "", f.severity.rank, -f.ratio, f.key)))

    def new(self, threshold: Severity) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if not f.known and f.severity.at_least(threshold))

    @property
    def broken_new(self) -> tuple[str, ...]:
        """The sentences, without those that are said of known cells only."""
        said = [(c.reason, c.known) for c in self.cells if c.verdict is Verdict.BROKEN]
        known = {reason for reason, entry in said if entry} - {reason for reason, entry in said if not entry}
        return tuple(sentence for sentence in self.broken if sentence not in known)

    def summary(self) -> dict[str, Any]:
        verdicts = [c.verdict for c in self.cells]
        refuted = [c for c in self.cells if c.verdict in (Verdict.REFUTED, Verdict.UNSTABLE)]
        return {
            "cells": len(self.cells),
            "refuted_new": sum(not c.known for c in refuted),
            "refuted_known": sum(bool(c.known) for c in refuted),
            "fixed": len(self.fixed),
            "unknown": verdicts.count(Verdict.UNKNOWN),
            "not_judged": verdicts.count(Verdict.NOT_JUDGED),
            "broken": verdicts.count(Verdict.BROKEN),
            "elements": sum(c.elements for c in self.cells),
        }


def to_json(value: Any) -> Any:
    """Records as plain JSON; numbers that JSON lacks become strings."""
    if hasattr(value, "__dataclass_fields__"):
        return {f.name: to_json(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(k): to_json(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(v) for v in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    return value


def _number(value: Any) -> float:
    return float(value)


def witness_from(data: Mapping[str, Any]) -> Witness:
    return Witness(
        tuple(tuple(o) for o in data["operands"]),
        tuple(tuple(s) for s in data["shapes"]),
        tuple((k, v) for k, v in data.get("options", ())),
        tuple(data.get("cotangent", ())),
        data.get("wrt", -1),
        tuple(data.get("index", ())),
        tuple(data.get("recipe", (0, 0))),
        tuple((k, v) for k, v in data.get("ask", ())),
    )


def finding_from(data: Mapping[str, Any]) -> Finding:
    """A finding as report.json holds it."""
    record = {k: v for k, v in data.items() if k != "id"}
    record["severity"] = Severity(record["severity"])
    record["witness"] = witness_from(record["witness"])
    record["region"] = tuple((_number(a), _number(b)) for a, b in record["region"])
    record["enclosure"] = tuple(record["enclosure"])
    record["error_ulp"], record["ratio"] = _number(record["error_ulp"]), _number(record["ratio"])
    return Finding(**record)
