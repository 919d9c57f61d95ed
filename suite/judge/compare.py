"""Suspicion in tier 1, certainty in balls: the only way to a refutation.

Tier 1 compares whole arrays with a value and a bound in float64. What it flags is certified at
rising precision against the truth's enclosure: *beyond*, *within*, or unknown.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from flint import arb

from suite.floats import Array
from suite.judge.case import Case
from suite.judge.certify import Exact, certify, ends, entry, error_in_ulps, excess, grade_of
from suite.judge.outcome import Outcome, Refutation, region_of
from suite.verdict import Severity

BASIS = "running error"
SAVED = "within the bound of the formula that uses only the saved output"
LENIENT = "within the bound of a lesser algorithm in wide use; a better one costs no more"


def compare(
    case: Case,
    got: Array,
    value: Array,
    allowed: Array,
    exact: Exact,
    *,
    basis: str = BASIS,
    wrt: int = -1,
    only: str = "all",
    saved: Array | None = None,
    severity: Severity | None = None,
    ideal: Array | None = None,
    cap: int = 3,
) -> Outcome:
    """Judge ``got`` against value +- allowed.

    ``only`` restricts to "finite" or "non-finite" results, so that accuracy and finiteness are
    two laws; ``saved`` is a laxer bound under which a refutation is merely inaccurate.
    """
    with np.errstate(all="ignore"):
        g = np.asarray(got).astype(np.float64)
        finite = np.isfinite(g)
        # in float64: the truth is beyond every format, or nearly so; partial sums may be worse, and promise nothing
        overflowed = np.isinf(value) & case.concept.elementwise
        promised = (np.isfinite(allowed) & np.isfinite(value)) | overflowed
        if only != "all":
            promised &= finite if only == "finite" else ~finite
        diff = np.where(g == value, 0.0, np.abs(g - value))
        legal = np.isinf(g) & (np.sign(g) == np.sign(value)) & (np.abs(value) + allowed >= case.format.max)
        ratio = np.where(diff == 0, 0.0, diff / allowed)
        ratio = np.where(legal, 0.0, np.where(np.isnan(ratio) | ~finite | overflowed, np.inf, ratio))
        ratio = np.where(promised & ~(overflowed & (g == value)), ratio, 0.0)
        powerless = promised & (allowed >= np.abs(value)) & (allowed > 0)
    # the tier-1 value of float64 is itself only as good as the bound: look closer
    cut = 0.5 if case.format.p == 53 else 1 - 2.0**-20
    flagged = promised & (ratio > cut)
    ulps = np.where(promised & finite & ~powerless & ~overflowed, diff / case.format.ulp(value), 0.0)
    outcome = Outcome(
        cases=1,
        elements=int((promised & (~powerless | flagged)).sum()),
        unjudged=int((~promised | (powerless & ~flagged)).sum())
        if only == "all"
        else int((powerless & ~flagged).sum()),
        basis=basis,
        ratio=_largest(np.where(flagged | powerless, 0.0, ratio)),
        ulps=_largest(np.where(flagged, 0.0, ulps)),
        ideal=0.0
        if ideal is None
        else _largest(np.where(promised & np.isfinite(ideal) & finite, _quotient(diff, ideal), 0.0)),
    )
    if not flagged.any():
        return outcome
    picked = worst(np.where(flagged, np.minimum(ratio, 1e300), -1.0), cap)
    for i in picked:
        outcome += _certified(case, i, g, allowed, exact, basis, wrt, saved, severity)
    if outcome.refuted:
        sure = flagged & (ratio > (2.0 if cut == 0.5 else 1.0))
        rows = np.unique(np.concatenate([np.nonzero(sure)[0], [r.row for r in outcome.refuted]]))
        outcome = outcome.marked(
            region=region_of(case, rows), ulps=max(outcome.ulps, *(r.error_ulp for r in outcome.refuted))
        )
    return outcome


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


def _certified(
    case: Case,
    i: tuple[int, ...],
    g: Array,
    allowed: Array,
    exact: Exact,
    basis: str,
    wrt: int,
    saved: Array | None,
    severity: Severity | None,
) -> Outcome:
    bound = float(allowed[i])
    verdict, ball = certify(lambda bits: entry(exact(i[0], bits), i[1:]), float(g[i]), bound, case.format)
    if verdict == "unknown":
        return Outcome(unknown=1)
    if verdict == "none":
        return Outcome(unjudged=1)
    error, ratio = error_in_ulps(ball, float(g[i]), case.format), excess(ball, float(g[i]), bound)
    if verdict == "within":
        return Outcome(ratio=ratio, ulps=error if bound < abs(float(ball.mid())) else 0.0)
    note = ""
    grade = severity or grade_of(ball, float(g[i]), case.format)
    if saved is not None and (saved[i] == np.inf or excess(ball, float(g[i]), float(saved[i])) <= 1):
        grade, note = Severity.INACCURATE, SAVED if wrt >= 0 else LENIENT
    # the calls of a route differ from the eager call, so the case keeps the whole batch
    refutation = Refutation(
        case, i[0], i[1:], grade, float(g[i]).hex(), ends(ball), bound.hex(), basis, error, ratio, wrt, note
    )
    return Outcome(refuted=(refutation,))


def bitwise(
    case: Case,
    got: Array,
    expected: Array,
    *,
    signs: bool = False,
    severity: Severity = Severity.INCONSISTENT,
    rows: Array | None = None,
    basis: str = "exact",
    calls: Callable[[int], Any] | None = None,
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
        text = (float(b[i]).hex(),) * 2
        outcome += Outcome(
            refuted=(
                Refutation(
                    case,
                    row,
                    i[1:],
                    severity,
                    float(a[i]).hex(),
                    text,
                    "0x0p+0",
                    basis,
                    error,
                    np.inf,
                    calls=tuple(calls(row)) if calls else (),
                ),
            )
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
    calls: Callable[[int], Any] | None = None,
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
    outcome = Outcome(
        cases=1,
        elements=int((promised & (~powerless | flagged)).sum()),
        unjudged=int((~promised | (powerless & ~flagged)).sum()),
        basis=basis,
        ratio=_largest(np.where(flagged, 0.0, ratio)),
    )
    for i in worst(np.where(flagged, np.minimum(ratio, 1e300), -1.0), 3):
        gap_exact = arb(float(a[i])) - arb(float(b[i]))
        if not (gap_exact if one_sided else abs(gap_exact)) > arb(float(allowed[i])):
            continue
        row = int(rows[i[0]]) if rows is not None else i[0]
        error = error_in_ulps(arb(float(b[i])), float(a[i]), case.format)
        outcome += Outcome(
            refuted=(
                Refutation(
                    case,
                    row,
                    i[1:],
                    severity,
                    float(a[i]).hex(),
                    (float(b[i]).hex(),) * 2,
                    float(allowed[i]).hex(),
                    basis,
                    error,
                    float(ratio[i]),
                    calls=tuple(calls(row)) if calls else (),
                ),
            ),
            region=region_of(case, np.array([row])),
        )
    return outcome


def each(outcomes: Iterator[Outcome]) -> Outcome:
    """The sum of several comparisons of one case."""
    total = Outcome()
    for outcome in outcomes:
        total += outcome
    return total.marked(cases=1)
