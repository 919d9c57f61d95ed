"""At a kink: any element of the Clarke subdifferential, and never NaN."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from flint import arb, ctx

from suite.arithmetic import Balls
from suite.floats import precision
from suite.judge.case import Case
from suite.judge.certify import ends, entry
from suite.judge.compare import each, worst
from suite.judge.outcome import Outcome
from suite.judge.refute import refuted
from suite.laws.gradient import CLARKE, affordable, differentiated, off_kinks, ordinary
from suite.laws.law import EAGER, Law
from suite.record import Concept
from suite.targets.protocol import Target
from suite.verdict import Severity


def with_origin(case: Case) -> Case:
    """With a row of zeros, where many functions of several variables have their kink."""
    (x, *others) = case.inputs
    if not x.reshape(len(x), -1).any(axis=1).all():
        return case
    return case.at(np.concatenate([np.zeros_like(x[:1]), x[1:]]), *others)


@dataclass(frozen=True)
class Kink(Law):
    """At a kink the derivative is an element of the Clarke subdifferential (a declared convention)."""

    family: ClassVar[str] = "gradient"
    claim: ClassVar[str] = "at a kink the derivative lies between the one-sided derivatives"

    def routes(self, concept: Concept, target: Target) -> tuple[str, ...]:
        truth = concept.truth
        kinks = (truth.kinks and concept.elementwise) or truth.smooth is not None
        return EAGER if kinks and differentiated(concept, target) else ()

    def judge(self, case: Case, route: str) -> Outcome:
        return self._points(case) if case.concept.elementwise else self._entries(case)

    def _entries(self, case: Case) -> Outcome:
        """Of a function of many variables it is only asked that there is one: it is Lipschitz, so a set is there."""
        case = affordable(with_origin(case))
        got, bent = case.grads(ordinary(case))[0].astype(np.float64), ~off_kinks(case, 0)
        finite = np.isfinite(case.value).reshape(case.rows, *(1,) * (got.ndim - 1))
        lost = worst((bent & finite & np.isnan(got)).astype(float), 1)
        return each(self._lost(case, i[0], i[1:]) for i in lost).marked(cases=1, elements=int((bent & finite).sum()))

    @staticmethod
    def _lost(case: Case, row: int, index: tuple[int, ...]) -> Outcome:
        truth = ("a subgradient", "a subgradient")
        return refuted(case, (row, *index), Severity.WRONG, "nan", truth, basis=CLARKE, wrt=0).marked(basis="")

    def _points(self, case: Case) -> Outcome:
        kinks = [k for k in case.concept.truth.kinks if case.format.round(np.array(k)).astype(np.float64) == k]
        at = case.at(np.array(kinks * 5, case.format.dtype)).unit()
        got = at.grads(ordinary(at))[0].astype(np.float64)
        return each(self._one(at, r, float(got[r])) for r in range(at.rows)).marked(cases=1)

    def _one(self, case: Case, row: int, got: float) -> Outcome:
        with precision(2400):
            x = arb(float(case.inputs[0][row]))
            sides = [self._slope(case, x + step) for step in (-(arb(2) ** -1100), arb(2) ** -1100)]
            low, high = (sides[0].min(sides[1]), sides[0].max(sides[1]))
            slack = arb(float(case.format.ulp(np.float64(max(abs(float(low.mid())), abs(float(high.mid()))))))) * 4
            if got == got and low - slack <= arb(got) <= high + slack:
                return Outcome(elements=1, basis=CLARKE)
            grade = Severity.WRONG if got != got else Severity.CONVENTION
            truth = (ends(low)[0], ends(high)[1])
        return refuted(case, (row,), grade, got, truth, basis=CLARKE, wrt=0).marked(elements=1, basis="")

    @staticmethod
    def _slope(case: Case, x: arb) -> arb:
        cell = np.empty(1, dtype=object)
        cell[0] = x
        bits = ctx.prec
        (g,) = case.concept.truth.gradient([Balls(cell)], case.options, np.ones(1), [0], bits)
        return entry(g, (0,))
