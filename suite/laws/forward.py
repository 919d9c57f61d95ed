"""Forward mode, entry by entry of the Jacobian."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from suite.draw.asks import PLAIN
from suite.floats import Array
from suite.judge import bound
from suite.judge.case import Case
from suite.judge.certify import entry
from suite.judge.compare import Ruler, compare
from suite.judge.outcome import Outcome
from suite.laws.accuracy import apart
from suite.laws.gradient import BACKWARD, affordable, differentiated, off_kinks, ordinary
from suite.laws.law import ASKED, Law, ways_of
from suite.record import Concept
from suite.targets.protocol import Target


@dataclass(frozen=True)
class Entry:
    """One entry of a Jacobian: of which operand, ``here`` in it, and ``there`` in the result; all rows alike."""

    operand: int  # among the differentiable ones
    here: tuple[int, ...] = ()
    there: tuple[int, ...] = ()

    @classmethod
    def drawn(cls, case: Case) -> "Entry":
        j = case.recipe.seed % len(case.wrt)
        if case.concept.elementwise:
            return cls(j)
        rng, shape = case.rng("forward"), case.inputs[case.wrt[j]].shape[1:]
        here = tuple(int(rng.integers(n)) for n in shape)
        return cls(j, here, tuple(int(rng.integers(n)) for n in case.value.shape[1:]))

    def of_operand(self, x: Array) -> Array:
        return x[(slice(None), *self.here)]

    def of_result(self, y: Array) -> Array:
        return y[(slice(None), *self.there)]


def unit_at(shape: tuple[int, ...], index: tuple[int, ...]) -> Array:
    """1 at one entry of every row."""
    out: Array = np.zeros(shape)
    out[(slice(None), *index)] = 1.0
    return out


@dataclass(frozen=True)
class Forward(Law):
    """Forward mode gives the same entry of the Jacobian as the exact reverse mode does."""

    family: ClassVar[str] = "gradient"
    claim: ClassVar[str] = "forward mode gives the derivative, within the bound of the backward formula"

    def routes(self, concept: Concept, target: Target) -> tuple[str, ...]:
        if not (concept.truth.encloses and differentiated(concept, target)):
            return ()
        ways = ways_of(target, forward=True)
        return (*ways, ASKED) if ways else ()

    def judge(self, case: Case, route: str) -> Outcome:
        case, way = affordable(case), ways_of(case.target, forward=True)[0] if route == ASKED else route
        entry_ = Entry.drawn(case)
        k = case.wrt[entry_.operand]
        tangent = unit_at(case.inputs[k].shape, entry_.here).astype(case.format.dtype)
        got = entry_.of_result(case.pushed(way, k, tangent))
        # what is broadcast has one tangent for all the rows, so that each row has its own derivative, and no sum
        rows = case if case.ask == PLAIN else case.plainly()
        unit = rows.seeded(unit_at(case.value.shape, entry_.there))
        value, allowed = (entry_.of_operand(v) for v in unit.bounded_grads()[entry_.operand])
        judged = self._judged(rows, unit, entry_)
        with np.errstate(all="ignore"):
            wide = bound.forward(unit, k, tangent, (slice(None), *entry_.there))
            allowed = np.where(judged, np.fmax(allowed, wide), np.inf)
        # where the plain call, or reverse mode, is as far off, that is its finding
        if route == ASKED:
            other = entry_.of_result(case.plain_along(way, k, tangent))
        else:
            other = entry_.of_operand(unit.grads(ordinary(case))[entry_.operand])
        saved = unit.saved_grads()
        ruler = Ruler(
            apart(got, other, np.where(judged, value, np.nan), allowed),
            allowed,
            lambda row, bits: entry(unit.exact_grads(row, bits)[entry_.operand], entry_.here),
            basis=BACKWARD,
            wrt=k,
            saved=None if saved is None else entry_.of_operand(saved[entry_.operand][1]),
            cap=2,
        )
        out = compare(replace(unit, ask=case.ask), got, ruler)
        return out.marked(elements=int(judged.sum()), unjudged=int((~judged).sum()))

    @staticmethod
    def _judged(case: Case, unit: Case, place: Entry) -> Array:
        """Rows off the kinks on which nothing may overflow on the way."""
        (whole, error), k = unit.bounded_grads()[place.operand], case.wrt[place.operand]
        with np.errstate(all="ignore"):
            # a tangent meets every entry: one that may overflow spoils the sum, and is no promise
            safe = np.all(np.abs(whole) + error < case.format.max, axis=tuple(range(1, whole.ndim)))
            finite = np.isfinite(case.bounded()[1]) & (np.abs(case.value) < case.format.max)
        smooth = place.of_operand(off_kinks(case, k)) & safe
        return smooth & np.all(finite, axis=tuple(range(1, case.value.ndim)))
