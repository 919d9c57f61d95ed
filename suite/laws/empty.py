"""No rows, or rows without entries: the shape is that of the signature, the value that of a sum of nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from suite.floats import Array
from suite.judge.case import Case
from suite.judge.compare import each
from suite.judge.outcome import Outcome
from suite.judge.refute import refuted
from suite.laws.law import EAGER, Law
from suite.record import Concept
from suite.targets.protocol import CallError, Target, TargetError, Unsupported
from suite.verdict import Severity


@dataclass(frozen=True)
class Empty(Law):
    """f of no rows has no rows; over no entries it is what the reference declares: sum 0, prod 1, logsumexp -inf.

    A value that is NaN by declaration (the mean of nothing) is a convention; a library may refuse an axis without
    entries by raising, but not a batch without rows. What the reference refuses (the maximum of nothing) is not asked.
    """

    family: ClassVar[str] = "stability"
    claim: ClassVar[str] = "no rows give no rows, and no entries the declared value, in the shapes of the signature"

    def routes(self, concept: Concept, target: Target) -> tuple[str, ...]:
        return EAGER if concept.truth.encloses or concept.truth.certifies else ()

    def judge(self, case: Case, route: str) -> Outcome:
        few = case.take(slice(0, min(case.rows, 2)))
        batch = [] if case.concept.apart else [_judged(few, tuple(x[:0] for x in few.inputs), refusable=False)]
        return each([*batch, *(_judged(few, operands) for operands in without_entries(few))])


def without_entries(case: Case) -> Iterator[tuple[Array, ...]]:
    """The operands with each dimension in turn of size 0, where every operand that has it is of reals."""
    c = case.concept
    for name in c.dims:
        concerned = [o for o, core in zip(c.operands, c.cores, strict=True) if name in core or o.kind.below == name]
        if all(o.kind.real for o in concerned):
            yield tuple(_without(x, core, name) for x, core in zip(case.inputs, c.cores, strict=True))


def _without(x: Array, core: tuple[str, ...], name: str) -> Array:
    shape = (len(x), *(0 if d == name else n for d, n in zip(core, x.shape[1:], strict=True)))
    return x if name not in core else np.zeros(shape, x.dtype)


def _declared(case: Case, operands: tuple[Array, ...]) -> tuple[Array, ...] | None:
    """What the reference gives, rounded into the format; None: it refuses."""
    c = case.concept
    wide = [x if x.dtype.kind in "iu" else x.astype(np.float64) for x in operands]
    calls = [[x[r, ...] for x in wide] for r in range(len(wide[0]))] if c.apart else [wide]
    try:
        with np.errstate(all="ignore"):
            found = [c.reference(*xs, **case.keywords) for xs in calls]
    except (ValueError, IndexError, ZeroDivisionError, ArithmeticError):
        return None
    columns = zip(*(y if isinstance(y, tuple) else (y,) for y in found), strict=True)
    return tuple(case.format.round(np.stack(ys) if c.apart else np.asarray(ys[0])) for ys in columns)


def _judged(case: Case, operands: tuple[Array, ...], refusable: bool = True) -> Outcome:
    c, expected = case.concept, _declared(case, operands)
    if expected is None:
        return Outcome(cases=1)
    try:
        found = case.target.call(c.call_name, operands, case.keywords, apart=c.apart, outputs=len(c.outputs))
    except Unsupported:
        return Outcome(cases=1, unjudged=1)
    except (CallError, TargetError) as fault:
        if refusable and isinstance(fault, CallError):
            return Outcome(cases=1, unjudged=1)
        return _refuted(case, operands, str(fault), "a value")
    return each(_one(case, operands, y, t) for y, t in zip(found, expected, strict=True))


def _one(case: Case, operands: tuple[Array, ...], got: Array, expected: Array) -> Outcome:
    if got.shape != expected.shape:
        return _refuted(case, operands, f"shape {got.shape}", f"shape {expected.shape}")
    a, b = got.astype(np.float64), expected.astype(np.float64)
    # what is left of other operands (a bias) is rounded, and the affair of other laws
    nothing = all(x.size == 0 for x in operands)
    differ = ~((a == b) | (np.isnan(a) & np.isnan(b))) & nothing
    if not differ.any():
        return Outcome(cases=1, elements=max(a.size, 1), basis="exact")
    i = int(np.flatnonzero(differ)[0])
    grade = Severity.CONVENTION if np.isnan(b.flat[i]) else Severity.WRONG
    return _refuted(case, operands, float(a.flat[i]).hex(), float(b.flat[i]).hex(), grade)


def _refuted(
    case: Case, operands: tuple[Array, ...], got: str, expected: str, grade: Severity = Severity.WRONG
) -> Outcome:
    note = f"operands of shapes {', '.join(str(x.shape) for x in operands)}"
    one = refuted(case, (0,), grade, got, (expected, expected), note=note, calls=(operands,))
    return one.marked(cases=1, elements=1)
