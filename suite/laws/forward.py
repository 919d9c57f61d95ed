"""Forward mode, entry by entry of the Jacobian."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from suite.floats import Array
from suite.judge import bound
from suite.judge.case import Case
from suite.judge.certify import entry
from suite.judge.compare import Ruler, compare
from suite.judge.outcome import Outcome
from suite.laws.gradient import BACKWARD, affordable, differentiated, off_kinks, ordinary
from suite.laws.law import Law
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
        return tuple(way.name for way in target.ways if way.forward and way.order == 1)

    def judge(self, case: Case, route: str) -> Outcome:
        case = affordable(case)
        entry_ = Entry.drawn(case)
        k = case.wrt[entry_.operand]
        tangent = unit_at(case.inputs[k].shape, entry_.here)
        unit = case.seeded(unit_at(case.value.shape, entry_.there))
        got = entry_.of_result(case.pushed(route, k, tangent.astype(case.format.dtype)))
        value, allowed = (entry_.of_operand(v) for v in unit.bounded_grads()[entry_.operand])
        judged = self._judged(case, unit, entry_, got)
        with np.errstate(all="ignore"):
            wide = bound.forward(unit, k, tangent, (slice(None), *entry_.there))
            allowed = np.where(judged, np.fmax(allowed, wide), np.inf)
        saved = unit.saved_grads()
        ruler = Ruler(
            np.where(judged, value, np.nan),
            allowed,
            lambda row, bits: entry(unit.exact_grads(row, bits)[entry_.operand], entry_.here),
            basis=BACKWARD,
            wrt=k,
            saved=None if saved is None else entry_.of_operand(saved[entry_.operand][1]),
            cap=2,
        )
        return compare(unit, got, ruler)

    @staticmethod
    def _judged(case: Case, unit: Case, place: Entry, got: Array) -> Array:
        """Rows off the kinks on which reverse mode is within its bound, and nothing may overflow on the way."""
        (whole, error), k = unit.bounded_grads()[place.operand], case.wrt[place.operand]
        with np.errstate(all="ignore"):
            # a tangent meets every entry: one that may overflow spoils the sum, and is no promise
            safe = np.all(np.abs(whole) + error < case.format.max, axis=tuple(range(1, whole.ndim)))
            eager = place.of_operand(unit.grads(ordinary(case))[place.operand]).astype(np.float64)
            off, allowed = np.abs(eager - place.of_operand(whole)), place.of_operand(error)
            # in float64 the value beside the bound is no truer than the bound: reverse mode's own bits, near the
            # bound, are for the gradient law to judge
            same = (got.astype(np.float64) == eager) & (2 * off > allowed)
            finite = np.isfinite(case.bounded()[1]) & (np.abs(case.value) < case.format.max)
        smooth = place.of_operand(off_kinks(case, k)) & safe & (off <= allowed) & ~same
        return smooth & np.all(finite, axis=tuple(range(1, case.value.ndim)))
