"""New findings by what may have caused them: one bug of a function refutes many laws, in every format."""

from collections.abc import Iterable
from dataclasses import dataclass

from suite.concepts import concepts
from suite.verdict import Finding

# what a law of these compares is results with one another, not a result with its truth
RELATIONS = ("algebra", "order", "convexity", "convergence", "route", "engine")


@dataclass(frozen=True)
class Cause:
    """Findings of one function that are equally severe and fail in the same way, the simplest witness first."""

    function: str
    kind: str
    findings: tuple[Finding, ...]

    @property
    def simplest(self) -> Finding:
        return self.findings[0]

    @property
    def cells(self) -> str:
        """``finite-eager in float64, float32; accuracy-eager in float32``; the variant of the function before them."""
        found: dict[str, list[str]] = {}
        for f in self.findings:
            variant = "" if f.concept == self.function else f"{f.concept}-"
            found.setdefault(f"{variant}{f.law}-{f.route}", []).append(f.dtype)
        return "; ".join(f"{cell} in {', '.join(dtypes)}" for cell, dtypes in found.items())


def causes(findings: Iterable[Finding]) -> tuple[Cause, ...]:
    """In the order of the findings: worst first."""
    found: dict[tuple[str, str, str], list[Finding]] = {}
    for f in findings:
        found.setdefault((function(f), f.severity, kind(f)), []).append(f)
    return tuple(Cause(name, how, tuple(sorted(fs, key=size))) for (name, _, how), fs in found.items())


def function(finding: Finding) -> str:
    """What a target calls it: several concepts may be variants of one function."""
    concept = concepts().get(finding.concept)
    return finding.concept if concept is None else concept.call_name


def kind(finding: Finding) -> str:
    """How it fails."""
    if finding.note and finding.note == finding.got:
        return "raises"
    if finding.got in ("nan", "inf", "-inf"):
        return "not finite"
    if finding.family in RELATIONS:
        return "relation"
    return "derivative" if finding.family == "gradient" or finding.witness.wrt >= 0 else "digits"


def size(finding: Finding) -> tuple[int, int]:
    """A witness is simple that has few entries, and these few digits."""
    entries = [entry for operand in finding.witness.operands for entry in operand]
    return len(entries), sum(map(len, entries))
