"""Derivatives at infinite arguments: a mask of -inf must not turn a gradient into NaN."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from suite.arithmetic import Undecided
from suite.floats import Array
from suite.judge.case import Case
from suite.judge.certify import BITS, entry
from suite.judge.compare import Ruler, compare, each
from suite.judge.outcome import Outcome
from suite.judge.truth import floats
from suite.laws.gradient import affordable, differentiated, off_kinks, ordinary
from suite.laws.law import EAGER, Law
from suite.laws.stability import MASKED, Limits, special_rows, tamed
from suite.record import Concept
from suite.targets.protocol import CallError, Target
from suite.verdict import Severity


@dataclass(frozen=True)
class GradientLimits(Law):
    """What the derivative is far out, at two distances alike, it is at infinity as well."""

    family: ClassVar[str] = "gradient"
    claim: ClassVar[str] = "at an infinite argument the derivative is its limit"

    def routes(self, concept: Concept, target: Target) -> tuple[str, ...]:
        return EAGER if differentiated(concept, target) and Limits().routes(concept, target) else ()

    def judge(self, case: Case, route: str) -> Outcome:
        rows = without_nan(special_rows(case))
        if not rows.rows:
            return Outcome(cases=1)
        rows = affordable(rows)
        # a derivative far out is near its limit only for cotangents of ordinary size
        rows = rows.seeded(np.clip(rows.cotangent.astype(np.float64), -2, 2))
        far = MASKED if case.concept.truth.masks else case.format.max
        near, further = (self._seeded_alike(rows, far * share) for share in (0.5, 1.0))
        try:
            got = rows.grads(ordinary(rows))
        except CallError:  # to refuse what it does not define is a library's right
            return Outcome(cases=1, unjudged=rows.rows)
        return each(self._operand(rows, near, further, got[j], j) for j in range(len(case.wrt)))

    @staticmethod
    def _seeded_alike(rows: Case, far: float) -> Case:
        case = rows.at(*(tamed(x, far) for x in rows.inputs)).seeded(rows.cotangent)
        return case

    @staticmethod
    def _operand(rows: Case, near: Case, further: Case, got: Array, j: int) -> Outcome:
        (v, allowed), (w, more) = near.bounded_grads()[j], further.bounded_grads()[j]
        with np.errstate(all="ignore"):
            settled = (
                np.isfinite(v)
                & np.isfinite(w)
                & (np.abs(v - w) <= allowed + more)
                & off_kinks(near, rows.wrt[j])
                & off_kinks(further, rows.wrt[j])
            )
            # twice as far out it has come nearer by v - w: what is left of the way is no more, if it goes on so
            slack = np.where(settled, np.maximum(allowed, more) + np.abs(v - w), np.inf)
        judged, plain = determinate(rows, j) & settled, differentiable(rows, j)
        # where the usual formula of a derivative meets inf * 0, its limit is not everybody's choice
        ruler = Ruler(
            v,
            slack,
            lambda row, bits: further.exact_grads(row, bits)[j],
            basis="exact (limit of the derivative)",
            wrt=rows.wrt[j],
            cap=2,
        )
        return each(
            compare(rows, got, replace(ruler, value=np.where(judged & here, v, np.nan), severity=severity))
            for here, severity in ((plain, None), (~plain, Severity.CONVENTION))
        )


def differentiable(rows: Case, j: int) -> Array:
    """Entries at which the chain rule through the definition gives a number, infinite arguments and all."""
    if not rows.concept.elementwise:
        return np.ones(rows.inputs[rows.wrt[j]].shape, bool)

    def one(row: int) -> bool:
        try:
            return bool(entry(rows.exact_grads(row, BITS[0])[j], ()).is_finite())
        except Undecided:
            return False

    return np.array([one(row) for row in range(rows.rows)])


def determinate(rows: Case, j: int) -> Array:
    """Entries that no declared formula of the derivative makes NaN in plain arithmetic, and one infinity at most.

    Elsewhere (a row masked throughout, inf - inf) the derivative depends on how infinity is approached.
    """
    wide = floats(rows.inputs)
    clear: Array = np.ones(rows.inputs[rows.wrt[j]].shape, bool)
    for text in (rows.concept.backward, *rows.concept.freedom.derivatives):
        assert text is not None
        with np.errstate(all="ignore"):
            found = text(*wide, **rows.keywords, cotangent=rows.cotangent.astype(np.float64))[j]
        clear = clear & ~np.isnan(np.asarray(found))
    infinite = np.sum([np.isinf(x).reshape(rows.rows, -1).any(axis=1) for x in wide], axis=0)
    return clear & (infinite <= 1).reshape(-1, *(1,) * (clear.ndim - 1))


def without_nan(case: Case) -> Case:
    if not case.rows:
        return case
    whole = np.logical_and.reduce(
        [~np.isnan(x.astype(np.float64)).reshape(case.rows, -1).any(axis=1) for x in case.inputs]
    )
    return case if whole.all() else case.take(np.flatnonzero(whole))
