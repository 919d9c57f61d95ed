"""How a case is put to the cell of a law, and what is made of its outcome."""

import zlib
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from suite.audit.cells import Key
from suite.audit.plan import Profile
from suite.draw.asks import covering
from suite.judge.case import Case
from suite.judge.outcome import Outcome, Refutation, region_of
from suite.laws.gradient import affordable
from suite.laws.law import ASKED, Law
from suite.targets.protocol import EAGERLY, CallError, Target, TargetError, Way
from suite.verdict import Severity


def put(key: Key, position: int, case: Case, number: int, profile: Profile) -> Iterator[Case]:
    """A case as a cell is put to it: the first way judges every case, each other every ``share``-th, in turn.

    The cells of asked calls judge each case as so many asks have it, one after the other of those that cover all pairs
    of features. A way that differs on large calls only judges all of these; one that is dear, in some of the groups and
    sets of options.
    """
    way = way_of(key, case.target)
    if key.route == ASKED:
        asks = covering(case.concept, case.target.layouts, 0)
        some = affordable(case) if key.law == "gradient" else case
        for j in range(min(profile.asks, len(asks))):
            yield some.asked(asks[(number * profile.asks + j) % len(asks)])
    elif way.least:
        yield from [case] * (case.extent >= way.least)
    elif way.dear:
        yield from [case] * (chosen(key, case, profile) and steady(case))
    elif key.route in (EAGERLY, case.target.ways[0].name) or (number + position) % profile.share == 0:
        yield case


def way_of(key: Key, target: Target) -> Way:
    """The way of a cell's route; of others than the target's own, an ordinary one."""
    return next((way for way in target.ways if way.name == key.route), Way(key.route))


def untried(key: Key, target: Target, profile: Profile) -> str:
    """Why a way was given no case at all."""
    way = way_of(key, target)
    if way.dear:
        return f"profile {profile.name} tries none of these cases by this way: --profile thorough, or another --seed"
    return f"profile {profile.name} drew no call of {way.least} entries" if way.least else ""


def chosen(key: Key, case: Case, profile: Profile) -> bool:
    """Whether a dear way is tried on a group with the case's options: on one in so many, in turn with the seed."""
    if not profile.dear:
        return False
    said = f"{key.concept} {key.dtype} {case.recipe.option}"
    return (zlib.crc32(said.encode()) + profile.turn) % profile.dear == 0


def steady(case: Case) -> bool:
    """Whether every size is a number like others: a compiler makes a kernel of its own for size 1."""
    return all(n > 1 for x in case.inputs for n in x.shape[int(case.concept.apart) :])


def judged(law: Law, case: Case, route: str) -> Outcome:
    """The law's outcome; a refutation that flushing to zero explains is a convention of the instruction set."""
    case = case.by(route)
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
