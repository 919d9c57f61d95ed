"""Convexity at exactly representable midpoints, with slack from the declared errors."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from flint import arb

from suite.arithmetic import Undecided
from suite.floats import Array, precision
from suite.judge.case import Case
from suite.judge.compare import related
from suite.judge.outcome import Outcome
from suite.laws.algebra import _calls, snapped
from suite.laws.gradient import differentiated, off_kinks, ordinary, own_rounding
from suite.laws.law import EAGER, Law
from suite.record import Concept
from suite.targets.protocol import Target

BITS = 120  # of the balls that show a control not to be convex


def midpoints(case: Case, wrt: int) -> tuple[Case, Case, Case]:
    """Three derived cases a, b and m = (a + b) / 2, all three on a dyadic grid."""
    low, high = case.concept.operands[wrt].domain
    a = np.clip(snapped(case.inputs[wrt], case.format, even=True), low, high)
    b = np.roll(a, 1 + case.recipe.seed % max(len(a) - 1, 1), axis=0)
    others = list(case.inputs)

    def at(x: Array) -> Case:
        others[wrt] = case.format.round(x)
        return case.at(*others)

    return at(a), at(b), at((a + b) / 2)


@dataclass(frozen=True)
class Convex(Law):
    """Jensen: f(m) <= (f(a) + f(b)) / 2 + E(m) + (E(a) + E(b)) / 2."""

    wrt: int = 0
    family: ClassVar[str] = "convexity"
    claim: ClassVar[str] = "the function is convex: f at a midpoint is at most the mean of f at the ends"

    @property
    def name(self) -> str:
        return f"convex_in_{self.wrt}" if self.wrt else "convex"

    def judge(self, case: Case, route: str) -> Outcome:
        a, b, m = midpoints(case, self.wrt)
        fa, fb, fm = (c.got().astype(np.float64) for c in (a, b, m))
        ea, eb, em = (c.bounded()[1] for c in (a, b, m))
        mean = fa / 2 + fb / 2
        slack = (em + (ea + eb) / 2) * (1 + 2.0**-40) + own_rounding(0, np.abs(mean))
        return related(a, fm, mean, slack, one_sided=True, calls=_calls(a, b, m))


@dataclass(frozen=True)
class FirstOrder(Law):
    """f(y) >= f(x) + <grad f(x), y - x>: the tangent stays below."""

    wrt: int = 0
    family: ClassVar[str] = "convexity"
    claim: ClassVar[str] = "the function is convex: it lies above its tangents"

    def routes(self, concept: Concept, target: Target) -> tuple[str, ...]:
        return EAGER if differentiated(concept, target) and not concept.result else ()

    def judge(self, case: Case, route: str) -> Outcome:
        x, y, _ = midpoints(case, self.wrt)
        g, eg = gradient_and_bound(x, self.wrt)
        d = y.inputs[self.wrt].astype(np.float64) - x.inputs[self.wrt].astype(np.float64)
        axes = tuple(range(1, d.ndim))
        tangent, size = np.sum(g * d, axis=axes), np.sum(np.abs(g * d), axis=axes)
        fx, fy = x.got().astype(np.float64), y.got().astype(np.float64)
        slack = x.bounded()[1] + y.bounded()[1] + np.sum(eg * np.abs(d), axis=axes)
        slack = slack * (1 + 2.0**-40) + own_rounding(d[0].size, size + np.abs(fx) + np.abs(fy))
        return related(x, fx + tangent, fy, slack, one_sided=True, calls=_calls(x, y))


@dataclass(frozen=True)
class MonotoneGradient(Law):
    """<grad f(x) - grad f(y), x - y> >= 0."""

    wrt: int = 0
    family: ClassVar[str] = "convexity"
    claim: ClassVar[str] = "the function is convex: its gradient is monotone"

    def routes(self, concept: Concept, target: Target) -> tuple[str, ...]:
        return EAGER if differentiated(concept, target) and not concept.result else ()

    def judge(self, case: Case, route: str) -> Outcome:
        x, y, _ = midpoints(case, self.wrt)
        (gx, ex), (gy, ey) = gradient_and_bound(x, self.wrt), gradient_and_bound(y, self.wrt)
        d = y.inputs[self.wrt].astype(np.float64) - x.inputs[self.wrt].astype(np.float64)
        axes = tuple(range(1, d.ndim))
        left, right = np.sum(gx * d, axis=axes), np.sum(gy * d, axis=axes)
        size = np.sum((np.abs(gx) + np.abs(gy)) * np.abs(d), axis=axes)
        slack = np.sum((ex + ey) * np.abs(d), axis=axes) * (1 + 2.0**-40) + own_rounding(d[0].size, size)
        return related(x, left, right, slack, one_sided=True, calls=_calls(x, y), scale=size)


def gradient_and_bound(case: Case, wrt: int) -> tuple[Array, Array]:
    """The target's gradient and its bound; at a kink any subgradient will do, so no bound there."""
    case, k = case.unit(), case.wrt.index(wrt)
    bound = case.widest_grads()[k]
    return case.grads(ordinary(case))[k].astype(np.float64), np.where(off_kinks(case, wrt), bound, np.inf)


@dataclass(frozen=True)
class NotConvex(Law):
    """A control: the definition is not convex, shown by balls at the points where the target says so.

    The suite must be able to refute convexity; a library whose control looks convex everywhere
    computes another function.
    """

    wrt: int = 0
    family: ClassVar[str] = "convexity"
    claim: ClassVar[str] = "the function is not convex: the library shows a midpoint above its chord where balls do"

    def judge(self, case: Case, route: str) -> Outcome:
        a, b, m = midpoints(case, self.wrt)
        true_gap, slack = self._certified(case, a, b, m)
        fa, fb, fm = (c.got().astype(np.float64) for c in (a, b, m))
        gap = fm - (fa + fb) / 2
        # where the certified gap exceeds all bounds the library has to show it, up to these bounds
        clear = np.isfinite(true_gap) & (true_gap > 2 * slack)
        shown, due = np.where(clear, gap, np.nan), np.where(clear, true_gap, np.nan)
        slack = slack * (1 + 2.0**-40) + own_rounding(0, np.abs(fm) + np.abs(fa) + np.abs(fb))
        return related(a, due, shown, slack, one_sided=True, calls=_calls(a, b, m))

    def _certified(self, case: Case, a: Case, b: Case, m: Case) -> tuple[Array, Array]:
        """A lower end of f(m) - (f(a) + f(b)) / 2 where balls prove it positive, for a few rows."""
        slack = m.bounded()[1] + (a.bounded()[1] + b.bounded()[1]) / 2
        rough = m.value - (a.value + b.value) / 2
        out = np.full(rough.shape, np.nan)
        rows = np.argsort(-np.nan_to_num(rough, nan=-np.inf))[:4]
        with precision(BITS):
            for r in rows:
                try:
                    fa, fb, fm = (_value(c, r) for c in (a, b, m))
                except Undecided:
                    continue
                gap = fm - (fa + fb) / 2
                out[r] = float(gap.lower()) if gap > 0 else np.nan
        return out, slack


def _value(case: Case, row: Any) -> arb:
    out: arb = case.concept.truth.enclose(case.row(row), case.options, BITS)[0].ravel()[0]
    return out
