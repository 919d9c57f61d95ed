"""Suspicion in tier 1, certainty in balls: the ways to a refutation.

Tier 1 compares whole arrays with a value and a bound in float64. What it flags is certified at rising precision
against the truth's enclosure: *beyond*, *within*, or unknown.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb

from suite.floats import Array
from suite.judge.case import Case
from suite.judge.certify import Exact, certify, entry, error_in_ulps, excess, grade_of
from suite.judge.outcome import Outcome, region_of
from suite.judge.refute import EXACT, refuted
from suite.verdict import Severity

BASIS = "running error"
SAVED = "within the bound of the formula that uses only the saved output"
LENIENT = "within the bound of a lesser algorithm in wide use; a better one costs no more"
Calls = Callable[[int], tuple[tuple[Array, ...], ...]]


@dataclass(frozen=True)
class Ruler:
    """What results are measured against, entry by entry.

    ``only`` restricts to "finite" or "non-finite" results, so that accuracy and finiteness are two laws; ``saved`` is
    a laxer bound under which a refutation is merely inaccurate; ``severity`` takes the place of a grade.
    """

    value: Array
    allowed: Array
    exact: Exact
    basis: str = BASIS
    only: str = "all"
    wrt: int = -1
    output: int = 0
    saved: Array | None = None
    severity: Severity | None = None
    ideal: Array | None = None
    cap: int = 3  # entries that are certified


@dataclass(frozen=True)
class Reading:
    """What tier 1 sees: which entries are promised, suspected, or held to a bound without power."""

    got: Array
    promised: Array
    flagged: Array
    powerless: Array
    ratio: Array
    gap: Array
    ulps: Array


def compare(case: Case, got: Array, ruler: Ruler) -> Outcome:
    """Judge ``got`` against value +- allowed."""
    seen = _read(case, np.asarray(got).astype(np.float64), ruler)
    outcome = _tally(seen, ruler)
    if not seen.flagged.any():
        return outcome
    for i in worst(np.where(seen.flagged, np.minimum(seen.ratio, 1e300), -1.0), ruler.cap):
        outcome += _certified(case, i, float(seen.got[i]), ruler)
    if outcome.refuted:
        sure = seen.flagged & (seen.ratio > (2.0 if case.format.p == 53 else 1.0))
        rows = np.unique(np.concatenate([np.nonzero(sure)[0], [r.row for r in outcome.refuted]]))
        worst_ulp = max(outcome.ulps, *(r.error_ulp for r in outcome.refuted))
        outcome = outcome.marked(region=region_of(case, rows), ulps=worst_ulp)
    return outcome


def _read(case: Case, g: Array, ruler: Ruler) -> Reading:
    value, allowed = ruler.value, ruler.allowed
    with np.errstate(all="ignore"):
        finite = np.isfinite(g)
        # in float64: the truth is beyond every format, or nearly so; partial sums may be worse, and promise nothing
        overflowed = np.isinf(value) & case.concept.elementwise
        promised = (np.isfinite(allowed) & np.isfinite(value)) | overflowed
        if ruler.only != "all":
            promised &= finite if ruler.only == "finite" else ~finite
        gap = np.where(g == value, 0.0, np.abs(g - value))
        legal = np.isinf(g) & (np.sign(g) == np.sign(value)) & (np.abs(value) + allowed >= case.format.max)
        ratio = np.where(gap == 0, 0.0, gap / allowed)
        ratio = np.where(legal, 0.0, np.where(np.isnan(ratio) | ~finite | overflowed, np.inf, ratio))
        ratio = np.where(promised & ~(overflowed & (g == value)), ratio, 0.0)
        powerless = promised & (allowed >= np.abs(value)) & (allowed > 0)
        # the tier-1 value of float64 is itself only as good as the bound: look closer
        flagged = promised & (ratio > (0.5 if case.format.p == 53 else 1 - 2.0**-20))
        ulps = np.where(promised & finite & ~powerless & ~overflowed, gap / case.format.ulp(value), 0.0)
    return Reading(g, promised, flagged, powerless, ratio, gap, ulps)


def _tally(seen: Reading, ruler: Ruler) -> Outcome:
    promised, flagged, powerless = seen.promised, seen.flagged, seen.powerless
    unjudged = powerless & ~flagged
    if ruler.only == "all":
        unjudged = unjudged | ~promised
    ideal = 0.0
    if ruler.ideal is not None:
        measured = promised & np.isfinite(ruler.ideal) & np.isfinite(seen.got)
        ideal = _largest(np.where(measured, _quotient(seen.gap, ruler.ideal), 0.0))
    return Outcome(
        cases=1,
        elements=int((promised & (~powerless | flagged)).sum()),
        unjudged=int(unjudged.sum()),
        basis=ruler.basis,
        ratio=_largest(np.where(flagged | powerless, 0.0, seen.ratio)),
        ulps=_largest(np.where(flagged, 0.0, seen.ulps)),
        ideal=ideal,
    )


def _quotient(a: Array, b: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.where(a == 0, 0.0, np.nan_to_num(a / b, nan=0.0, posinf=0.0))


def _largest(values: Array) -> float:
    return float(np.max(values, initial=0.0, where=~np.isnan(values)))


def worst(score: Array, cap: int) -> list[tuple[int, ...]]:
    """Indices of the largest positive scores; ties go to the first."""
    flat = score.ravel()
    hit = np.flatnonzero(flat > 0)
    order = hit[np.argsort(-flat[hit], kind="stable")[:cap]]
    return [tuple(int(v) for v in np.unravel_index(k, score.shape)) for k in order]


def _certified(case: Case, i: tuple[int, ...], got: float, ruler: Ruler) -> Outcome:
    bound = float(ruler.allowed[i])
    verdict, ball = certify(lambda bits: entry(ruler.exact(i[0], bits), i[1:]), got, bound, case.format)
    if verdict == "unknown":
        return Outcome(unknown=1)
    if verdict == "none":
        return Outcome(unjudged=1)
    error, ratio = error_in_ulps(ball, got, case.format), excess(ball, got, bound)
    if verdict == "within":
        return Outcome(ratio=ratio, ulps=error if bound < abs(float(ball.mid())) else 0.0)
    note, saved = "", ruler.saved
    grade = ruler.severity or grade_of(ball, got, case.format)
    if saved is not None and (saved[i] == np.inf or excess(ball, got, float(saved[i])) <= 1):
        grade, note = Severity.INACCURATE, SAVED if ruler.wrt >= 0 else LENIENT
    # the calls of a route differ from the eager call, so the case keeps the whole batch
    return refuted(
        case, i, grade, got, ball, allowed=bound, basis=ruler.basis, error=error, ratio=ratio,
        wrt=ruler.wrt, output=ruler.output, note=note,
    )  # fmt: skip


def bitwise(
    case: Case,
    got: Array,
    expected: Array,
    *,
    signs: bool = False,
    severity: Severity = Severity.INCONSISTENT,
    rows: Array | None = None,
    basis: str = EXACT,
    calls: Calls | None = None,
    where: Any = True,
) -> Outcome:
    """Two results that every correct implementation must give alike; -0 = +0 unless ``signs``."""
    a = np.asarray(got).astype(np.float64)
    b = np.broadcast_to(np.asarray(expected).astype(np.float64), a.shape)
    differ = ~((a == b) | (np.isnan(a) & np.isnan(b))) & where
    if case.flush:
        differ = differ & ~((np.abs(a) <= case.format.tiny) & (np.abs(b) <= case.format.tiny))
    if signs:
        differ = differ | ((np.signbit(a) != np.signbit(b)) & ~np.isnan(a) & where)
    outcome = Outcome(cases=1, elements=int(np.broadcast_to(where, a.shape).sum()), basis=basis)
    if not differ.any():
        return outcome
    for i in worst(differ.astype(float), 1):
        row = int(rows[i[0]]) if rows is not None else i[0]
        error = error_in_ulps(arb(float(b[i])), float(a[i]), case.format) if np.isfinite(b[i]) else np.inf
        made = tuple(calls(row)) if calls else ()
        outcome += refuted(
            case, (row, *i[1:]), severity, float(a[i]), float(b[i]), basis=basis, error=error, calls=made
        )
    hit = np.unique(np.nonzero(differ)[0])
    return outcome.marked(region=region_of(case, hit if rows is None else rows[hit]))


def related(
    case: Case,
    left: Array,
    right: Array,
    allowed: Array,
    *,
    basis: str = "sum of both bounds",
    severity: Severity = Severity.INCONSISTENT,
    calls: Calls | None = None,
    one_sided: bool = False,
    rows: Array | None = None,
    scale: Array | None = None,
) -> Outcome:
    """|left - right| <= allowed for two computed results (left <= right + allowed if one-sided).

    Float64 arithmetic flags; the worst are decided exactly, by ball arithmetic on the floats. A bound
    as large as ``scale``, by default the larger side, has no power: sums that cancel give their own.
    """
    with np.errstate(all="ignore"):
        a, b = np.asarray(left).astype(np.float64), np.asarray(right).astype(np.float64)
        allowed = np.broadcast_to(allowed, a.shape)
        promised = np.isfinite(allowed) & np.isfinite(a) & np.isfinite(b)
        gap = (a - b) if one_sided else np.abs(a - b)
        ratio = np.where(promised & (gap > 0), gap / allowed, 0.0)
        size = np.maximum(np.abs(a), np.abs(b)) if scale is None else scale
        powerless = promised & (allowed >= size) & (allowed > 0)
        flagged = promised & (ratio > 1 - 2.0**-20)
    judged, within = promised & (~powerless | flagged), _largest(np.where(flagged, 0.0, ratio))
    unjudged = int((~promised | (powerless & ~flagged)).sum())
    outcome = Outcome(cases=1, elements=int(judged.sum()), unjudged=unjudged, basis=basis, ratio=within)
    for i in worst(np.where(flagged, np.minimum(ratio, 1e300), -1.0), 3):
        x, y, slack = float(a[i]), float(b[i]), float(allowed[i])
        exact_gap = arb(x) - arb(y)
        if (exact_gap if one_sided else abs(exact_gap)) > arb(slack):
            row = int(rows[i[0]]) if rows is not None else i[0]
            outcome += refuted(
                case, (row, *i[1:]), severity, x, y, allowed=slack, basis=basis, ratio=float(ratio[i]),
                error=error_in_ulps(arb(y), x, case.format), calls=tuple(calls(row)) if calls else (),
            )  # fmt: skip
    return outcome


def each(outcomes: Iterable[Outcome]) -> Outcome:
    """The sum of several comparisons of one case."""
    total = Outcome()
    for outcome in outcomes:
        total += outcome
    return total.marked(cases=1)
