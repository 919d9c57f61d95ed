"""Finite where the truth is finite; the limit at infinities; NaN only where there is no value."""

import itertools
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from flint import arb

from suite.arithmetic.limits import Limit
from suite.floats import Array
from suite.judge.case import Case
from suite.judge.certify import ends
from suite.judge.compare import bitwise, compare, each
from suite.judge.outcome import Outcome
from suite.judge.refute import refuted
from suite.judge.truth import floats
from suite.laws.accuracy import rulers
from suite.laws.law import EAGER, Law
from suite.record import Concept
from suite.targets.protocol import CallError, Target
from suite.verdict import Severity

LONGEST = 1025  # entries of a row whose limit is computed; `Padding` looks at longer ones
MASKED = 16000.0  # a quarter of it, as `tamed` has it, is where a masked entry is bounded


@dataclass(frozen=True)
class Finite(Law):
    """No NaN, and no infinity, where the exact result and its bound are in range."""

    family: ClassVar[str] = "stability"
    claim: ClassVar[str] = "the result is finite where the exact result is"

    def routes(self, concept: Concept, target: Target) -> tuple[str, ...]:
        return EAGER if concept.truth.encloses else ()

    def judge(self, case: Case, route: str) -> Outcome:
        pairs = zip(case.results(), rulers(case), strict=True)
        out = each(compare(case, got, replace(ruler, only="non-finite")) for got, ruler in pairs)
        bounded = [np.isfinite(allowed) for _, allowed in case.bounds()]
        judged, size = sum(int(b.sum()) for b in bounded), sum(b.size for b in bounded)
        return out.marked(elements=judged, unjudged=size - judged)


@dataclass(frozen=True)
class Limits(Law):
    """At infinite arguments the result is the limit; a NaN argument gives NaN where it matters."""

    family: ClassVar[str] = "stability"
    claim: ClassVar[str] = "an infinite argument gives the limit, and NaN gives NaN"

    def routes(self, concept: Concept, target: Target) -> tuple[str, ...]:
        truth = concept.truth
        reals = concept.elementwise and truth.extended and all(o.kind.real for o in concept.operands)
        return EAGER if truth.encloses and (reals or truth.masks) else ()

    def judge(self, case: Case, route: str) -> Outcome:
        rows = special_rows(case)
        if not rows.rows:
            return Outcome(cases=1)
        # a masked entry stands so far below the others that exp is 0, and not so far that a bound is lost
        far = MASKED if case.concept.truth.masks else case.format.max
        finite = case.at(*(tamed(x, far) for x in rows.inputs))
        _, allowed = finite.bounded()
        try:
            got = rows.got().astype(np.float64)
        except CallError:  # to refuse what it does not define is a library's right
            return Outcome(cases=1, unjudged=rows.rows)
        return each(self._row(rows, r, got[r], allowed[r]) for r in range(rows.rows)).marked(cases=1)

    def _row(self, rows: Case, r: int, got: Array, allowed: Array) -> Outcome:
        found = rows.concept.truth.limit(floats(rows.row(r)), rows.options)
        pairs = zip(np.ndindex(got.shape), found, strict=False)
        return each(self._entry(rows, r, i, float(got[i]), float(allowed[i]), limit) for i, limit in pairs)

    def _entry(self, rows: Case, r: int, i: tuple[int, ...], got: float, allowed: float, limit: Limit) -> Outcome:
        kind, ball, left = limit
        if kind == "none" or (kind == "value" and ball.is_nan()):
            return Outcome(unjudged=1)
        if kind == "nan":
            right, truth = got != got, ("nan", "nan")
        elif not ball.is_finite():
            right, truth = got == float(ball.mid()), (str(float(ball.mid())),) * 2
        elif (not np.isfinite(allowed) and np.isfinite(got)) or abs(ball) > arb(
            rows.format.max
        ):  # without a bound, NaN is still no limit
            return Outcome(unjudged=1)
        else:
            right = np.isfinite(got) and not abs(ball - arb(got)) > arb(allowed) + 2 * left
            truth = ends(ball)
        if right:
            return Outcome(elements=1, basis="exact")
        grade, note = Severity.WRONG, ""
        if not rows.concept.truth.masks and indeterminate(rows, r, i):  # a mask of -inf is part of the contract
            grade, note = Severity.CONVENTION, INDETERMINATE
        basis = "exact (limit of the definition)"
        found = refuted(rows, (r, *i), grade, got, truth, allowed=allowed, basis=basis, note=note)
        return found.marked(elements=1, basis="exact")


INDETERMINATE = "the formula itself is indeterminate here (inf * 0, inf / inf): its limit is not everybody's choice"


def indeterminate(rows: Case, r: int, i: tuple[int, ...]) -> bool:
    """Whether the definition, in plain floating-point arithmetic, has no value at this argument either."""
    operands = floats(rows.row(r))
    with np.errstate(all="ignore"):
        value = rows.concept.truth.plain(operands, rows.options)[0]
    return not any(np.isnan(x).any() for x in operands) and bool(np.isnan(value[i]))


def special_rows(case: Case) -> Case:
    """Rows with infinities and NaN: all combinations for a few operands, masks for a long row.

    A case that has some already, such as a witness, is judged as it is.
    """
    concept, dtype = case.concept, case.format.dtype
    if not all(np.isfinite(x.astype(np.float64)).all() for x in case.inputs):
        return case
    if concept.elementwise:
        values = [np.inf, -np.inf, np.nan, 0.0, 1.0, -2.0] if len(case.inputs) > 1 else [np.inf, -np.inf, np.nan]
        table = np.array(list(itertools.product(values, repeat=len(case.inputs))))
        table = table[~np.isfinite(table).all(axis=1)]
        if any(np.isnan(a).any() and r == r for a, r in concept.truth.specials):  # pow(NaN, 0) is 1: see SpecialValues
            table = table[~np.isnan(table).any(axis=1)]
        keep = np.ones(len(table), bool)
        for k, o in enumerate(concept.operands):
            low, high = o.domain
            keep &= np.isnan(table[:, k]) | ((table[:, k] >= low) & (table[:, k] <= high))
        return case.at(*(column.astype(dtype) for column in table[keep].T))
    largest = np.abs(case.inputs[0].astype(np.float64)).reshape(case.rows, -1).max(axis=1, initial=0.0)
    calm = np.flatnonzero(largest < 1000)
    # the largest of these, where exp overflows without its shift, and some of the others
    rows = np.concatenate([calm[np.argsort(-largest[calm], kind="stable")[:3]], calm[:3]])
    if case.inputs[0][0].size > 64:
        rows = rows[:1]
    if not 2 <= case.inputs[0].shape[-1] <= LONGEST:
        return case.take(slice(0, 0))  # nothing is left to compare a masked entry with, or too much
    rng = case.rng("masks")
    x = case.inputs[0][rows].astype(np.float64)
    hide = rng.random(x.shape) < rng.choice([0.2, 0.8, 1.0], (len(rows),) + (1,) * (x.ndim - 1))
    x = np.where(hide, -np.inf, x)
    if len(rows) > 1:
        x[-1].flat[-1] = np.nan
    special = ~np.isfinite(x).all(axis=tuple(range(1, x.ndim)))
    return case.at(x[special].astype(dtype), *(y[rows][special] for y in case.inputs[1:]))


@dataclass(frozen=True)
class PropagatesNan(Law):
    """A NaN in the data is in every result whose formula meets it (`Limits` says so of functions of one number)."""

    family: ClassVar[str] = "stability"
    claim: ClassVar[str] = "a NaN in an operand gives NaN where the formula gives NaN"

    def routes(self, concept: Concept, target: Target) -> tuple[str, ...]:
        return EAGER if concept.truth.encloses and not concept.elementwise else ()

    def judge(self, case: Case, route: str) -> Outcome:
        rows = with_nan(case)
        if not rows.rows:
            return Outcome(cases=1)
        with np.errstate(all="ignore"):
            try:
                plain = case.concept.truth.plain(rows.inputs, case.options)
                whole = case.concept.truth.plain([np.nan_to_num(x) for x in floats(rows.inputs)], case.options)
                got = rows.got().astype(np.float64)
            except (CallError, np.linalg.LinAlgError):  # to refuse NaN is a library's right
                return Outcome(cases=1, unjudged=rows.rows)
        met = np.isnan(plain) & np.isfinite(whole)
        due = np.broadcast_to(met, got.shape)
        return bitwise(rows, got, np.where(due, np.nan, got), severity=Severity.WRONG, basis="IEEE 754", where=due)


def with_nan(case: Case) -> Case:
    """A few rows with one NaN each, in one operand after the other."""
    if any(np.isnan(x.astype(np.float64)).any() for x in case.inputs):
        return case
    if max(x[0].size for x in case.inputs) < 2:  # of one number a sum over deviations sees nothing
        return case.take(slice(0, 0))
    some, rng = case.few(8, 8192), case.rng("nan")
    inputs = [x.copy() for x in some.inputs]
    real = [k for k, o in enumerate(case.concept.operands) if not o.integer and not o.kind.flags]
    for row in range(some.rows):
        one = real[row % len(real)]
        for k in real:  # a BLAS may leave out a product with zero
            if k != one and case.concept.operands[k].kind.real:
                other = inputs[k][row : row + 1]
                other[other == 0] = 1
        spot = inputs[one][row : row + 1]
        if spot.size:
            spot.reshape(-1)[rng.integers(spot.size)] = np.nan
    return case.at(*inputs)


def tamed(x: Array, largest: float) -> Array:
    if x.dtype.kind in "iu":
        return x
    return np.nan_to_num(x.astype(np.float64), nan=0.0, posinf=largest / 4, neginf=-largest / 4).astype(x.dtype)


@dataclass(frozen=True)
class SpecialValues(Law):
    """The declared special cases (IEEE 754, C Annex F, the array API standard), signs of zero too."""

    family: ClassVar[str] = "stability"
    claim: ClassVar[str] = "special arguments give the declared special values, zeros with their sign"

    def routes(self, concept: Concept, target: Target) -> tuple[str, ...]:
        return EAGER if concept.truth.specials else ()

    def judge(self, case: Case, route: str) -> Outcome:
        arguments = np.array([a for a, _ in case.concept.truth.specials])
        expected = np.array([r for _, r in case.concept.truth.specials])
        # repeated, so that a vector kernel and its scalar tail both see them
        inputs = [np.tile(column, 9).astype(case.format.dtype) for column in arguments.T]
        table = case.at(*inputs)
        return bitwise(
            table, table.got(), np.tile(expected, 9), signs=True, severity=Severity.WRONG, basis="documented"
        )
