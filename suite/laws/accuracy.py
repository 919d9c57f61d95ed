"""The result is within the bound that every sound algorithm attains."""

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import numpy as np

from suite.floats import Array, precision
from suite.judge.case import Case
from suite.judge.certify import BITS, entry, error_in_ulps
from suite.judge.compare import Ruler, compare, each, worst
from suite.judge.outcome import Outcome
from suite.judge.refute import refuted
from suite.laws.law import ASKED, EAGER, Law
from suite.record import Concept
from suite.targets.protocol import Target
from suite.verdict import Severity

BINS = 96


@dataclass(frozen=True)
class Accuracy(Law):
    """|got - f(x)| <= the largest running error among the sound algorithms."""

    family: ClassVar[str] = "accuracy"
    claim: ClassVar[str] = "the result is within the bound that every sound algorithm attains"

    def routes(self, concept: Concept, target: Target) -> tuple[str, ...]:
        return (*EAGER, ASKED) if concept.truth.encloses else ()

    def judge(self, case: Case, route: str) -> Outcome:
        if route == ASKED:
            return along(case)
        ideal, basis = case.ideal(), basis_of(case.concept)
        out = each(
            compare(case, got, replace(ruler, only="finite", ideal=ideal[k], basis=basis))
            for k, (got, ruler) in enumerate(zip(case.results(), rulers(case), strict=True))
        )
        if case.concept.elementwise and len(case.inputs) == 1:
            out = out.marked(curve=curve(case, *case.bounded()))
        return out


def along(case: Case) -> Outcome:
    """Results as the ask has them called, where they are not those of the plain call to the bit."""
    plain = case.plain_results()
    trios = list(zip(case.results(), plain, rulers(case), strict=True))
    out = each(compare(case, y, replace(r, value=apart(y, first, r.value, r.allowed))) for y, first, r in trios)
    return out.marked(elements=sum(y.size for y in plain), unjudged=0, basis=basis_of(case.concept))


def apart(got: Array, eager: Array, value: Array, allowed: Array) -> Array:
    """The value where two results differ in a bit; nothing where the plain call is as far off.

    Beyond its bound, and this one at most twice as far: that is the plain call's finding, and not one of this call.
    """
    g, e = got.astype(np.float64), eager.astype(np.float64)
    with np.errstate(all="ignore"):
        same = (g == e) | (np.isnan(g) & np.isnan(e)) | ~(np.isfinite(g) | np.isfinite(e))
        its_own = (np.abs(e - value) > allowed) & (np.abs(g - value) <= 2 * np.abs(e - value))
    return np.where(same | its_own, np.nan, value)


def rulers(case: Case) -> list[Ruler]:
    """What each result is measured against."""
    return [
        Ruler(value, allowed, partial(case.exact, output=k), output=k, saved=case.lenient())
        for k, (value, allowed) in enumerate(case.bounds())
    ]


def basis_of(concept: Concept) -> str:
    return "running error" if concept.freedom.bound is None else "theorem (hand-written bound of the declaration)"


def place(x: Array, fmt_max: float, tiny: float) -> Array:
    """The bin of x on a symmetric logarithmic axis from -max to max."""
    low, high = np.log10(tiny), np.log10(fmt_max)
    size = np.clip((np.log10(np.maximum(np.abs(x), tiny)) - low) / (high - low), 0, 1)
    return np.rint(np.sign(x) * size * (BINS // 2)).astype(np.int64)


def centre(k: int, fmt_max: float, tiny: float) -> float:
    """The x that falls in the middle of a bin."""
    low, high = np.log10(tiny), np.log10(fmt_max)
    return 0.0 if k == 0 else float(np.sign(k) * 10 ** min(low + abs(k) / (BINS // 2) * (high - low), 307.0))


def curve(
    case: Case,
    value: Array,
    allowed: Array,
) -> dict[int, tuple[float, float]]:
    """Worst error in ulp, and the bound in ulp, per bin of the domain."""
    x, got = case.inputs[0].astype(np.float64), case.got().astype(np.float64)
    ok = np.isfinite(got) & np.isfinite(value) & np.isfinite(allowed)
    with np.errstate(all="ignore"):
        ulp = case.format.ulp(value)
        # far beyond the 2^p ulp at which no digit is left, a figure says nothing and spoils the axis
        error, bound = (np.minimum(v / ulp, 2.0**100) for v in (np.abs(got - value), allowed))
    bins = place(x[ok], case.format.max, case.format.eta) + BINS // 2
    top = np.zeros((2, BINS + 1))
    np.maximum.at(top[0], bins, error[ok])
    np.maximum.at(top[1], bins, bound[ok])
    return {int(k) - BINS // 2: (float(top[0, k]), float(top[1, k])) for k in np.flatnonzero(np.bincount(bins))}


@dataclass(frozen=True)
class CorrectlyRounded(Law):
    """IEEE 754 and the array API standard require it of + - * / and sqrt."""

    family: ClassVar[str] = "accuracy"
    claim: ClassVar[str] = "the result is the exact one, correctly rounded (IEEE 754; array API standard)"

    def routes(self, concept: Concept, target: Target) -> tuple[str, ...]:
        return EAGER if concept.truth.exact else ()

    def judge(self, case: Case, route: str) -> Outcome:
        value, _ = case.bounded()
        got = case.got().astype(np.float64)
        expected = case.format.round(value).astype(np.float64)
        differ = (got != expected) & ~np.isnan(expected)
        out = Outcome(cases=1, elements=got.size, basis="documented")
        return out + each(self._certified(case, i, float(got[i])) for i in worst(differ.astype(float), 3))

    def _certified(self, case: Case, i: tuple[int, ...], got: float) -> Outcome:
        """Ziv: raise the precision until the rounding of the truth is decided."""
        for bits in BITS:
            ball = entry(case.exact(i[0], bits), i[1:])
            if ball.is_nan():
                return Outcome(unjudged=1)
            with precision(bits + 64):
                nearest = case.format.round_ball(ball)
            if nearest is None:
                continue
            if nearest == got or (case.flush and abs(nearest) <= case.format.tiny and abs(got) <= case.format.tiny):
                return Outcome()
            error = error_in_ulps(ball, got, case.format)
            grade = Severity.INACCURATE if error <= 1 else Severity.WRONG
            half = float(case.format.ulp(np.float64(nearest)) / 2)
            found = refuted(case, i, grade, got, ball, allowed=half, basis="documented", error=error, ratio=error / 0.5)
            return found.marked(ulps=error)
        return Outcome(unknown=1)
