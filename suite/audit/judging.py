"""How a case is put to the cell of a law, and what is made of its outcome."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from suite.audit.cells import Key
from suite.audit.plan import Profile
from suite.draw.asks import covering
from suite.draw.recipes import Recipe
from suite.floats import Format
from suite.judge.case import Case
from suite.judge.outcome import Outcome, Refutation, region_of
from suite.laws.gradient import affordable
from suite.laws.law import ASKED, Law
from suite.record import Concept
from suite.targets.protocol import CallError, Target, TargetError
from suite.verdict import Severity

ENTRYWISE = ("accuracy", "correctly_rounded", "finite", "gradient", "gradient_finite")  # laws of single entries


def entrywise(key: Key) -> bool:
    """Whether a cell is judged entry by entry, so that all numbers of a format can be one case of it."""
    return key.law in ENTRYWISE and key.route != ASKED


def every_number(concept: Concept, fmt: Format, target: Target) -> Iterator[Case]:
    """One case for each set of options of a function of one sixteen-bit number; none of any other.

    Each derivative is seeded with 1.
    """
    if not (concept.elementwise and len(concept.operands) == 1 and fmt.half):
        return
    x = np.arange(1 << 16, dtype=np.uint16).view(fmt.dtype)
    x = x[np.isfinite(x.astype(np.float64))]
    for option in range(len(concept.options)):
        yield Case(concept, fmt, (x,), Recipe((), option, 0), target=target).unit()


def put(key: Key, position: int, case: Case, number: int, profile: Profile) -> Iterator[Case]:
    """A case as a cell is put to it: the first way judges every case, each other every ``share``-th, in turn.

    The cells of asked calls judge each case as so many asks have it, one after the other of those that cover all pairs
    of features.
    """
    if key.route == ASKED:
        asks = covering(case.concept, case.target.layouts, 0)
        some = affordable(case) if key.law == "gradient" else case
        for j in range(min(profile.asks, len(asks))):
            yield some.asked(asks[(number * profile.asks + j) % len(asks)])
    elif key.route in ("eager", case.target.ways[0].name) or (number + position) % profile.share == 0:
        yield case


def judged(law: Law, case: Case, route: str) -> Outcome:
    """The law's outcome; a refutation that flushing to zero explains is a convention of the instruction set."""
    with np.errstate(all="ignore"):
        try:
            out = law.judge(case, route)
        except CallError as fault:  # a function that raises on some inputs only is wrong on these
            return Outcome(cases=1, unjudged=case.rows) if case.refusable else raised(case, str(fault))
        except TargetError:
            if not case.refusable:
                raise
            return Outcome(cases=1, unjudged=case.rows)
        # binary16 lies inside binary32's normal range: nothing is flushed there
        if not out.refuted or case.flush or not case.target.flushes or case.format.name == "float16":
            return out
        lax = law.judge(case.flushing(), route)
    if lax.refuted:
        return out.marked(refuted=lax.refuted, region=lax.region)
    note = "subnormal numbers are flushed to zero, a property of the operation and the instruction set"
    flushed = (replace(r, severity=Severity.CONVENTION, note=note) if may_be_flushed(r) else r for r in out.refuted)
    return out.marked(refuted=tuple(sorted(flushed, key=lambda r: r.weight)))


def may_be_flushed(r: Refutation) -> bool:
    """A zero, or an operand that would be taken for zero; inside a sum or a product it leaves no such trace."""
    if not r.case.concept.elementwise or r.got in ("0x0.0p+0", "-0x0.0p+0"):
        return True
    sizes = (np.abs(x[r.row].astype(np.float64)) for x in r.case.inputs)
    return any(bool(np.any((size > 0) & (size < r.case.format.tiny))) for size in sizes)


def raised(case: Case, sentence: str) -> Outcome:
    """A function that raises on some inputs only is wrong on these."""
    found = Refutation(
        case, 0, (), Severity.WRONG, sentence, ("a value", "a value"), "0x0p+0", "exact", np.inf, np.inf, note=sentence
    )
    return Outcome(cases=1, elements=1, refuted=(found,), region=region_of(case, slice(None)))
