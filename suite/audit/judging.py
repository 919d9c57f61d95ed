"""How a case is put to the cell of a law, and what is made of its outcome."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from suite.audit.cells import Key
from suite.audit.plan import Profile
from suite.draw.asks import PLAIN, covering, granted
from suite.draw.recipes import Recipe
from suite.floats import Format
from suite.judge.case import Case
from suite.judge.outcome import Outcome, Refutation, region_of
from suite.judge.truth import Formula
from suite.laws.gradient import affordable
from suite.laws.law import ASKED, Law
from suite.record import Concept, Freedom
from suite.targets.protocol import CallError, Documented, Target, TargetError, Unsupported
from suite.targets.ways import EAGERLY, Way
from suite.verdict import Severity, Verdict

DERIVATIVES = ("gradient", "forward", "second_derivative")
ENTRYWISE = ("accuracy", "correctly_rounded", "finite", "gradient", "gradient_finite")  # laws of single entries


def entrywise(key: Key, target: Target, profile: Profile) -> bool:
    """Whether a cell is judged entry by entry, so that all numbers of a format can be one case of it."""
    way = way_of(key, target)
    tried = not way.least and (profile.dear or not way.dear)
    return key.law in ENTRYWISE and key.route != ASKED and tried


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
    of features. A way that differs on large calls only judges all of these.
    """
    way = way_of(key, case.target)
    if key.route == ASKED:
        every = covering(case.concept, case.target.layouts, 0)
        asks = granted(every, case.target.refuses(case.concept.call_name))
        some = affordable(case) if key.law in DERIVATIVES else case
        for j in range(min(profile.asks, len(asks))):
            yield some.asked(asks[(number * profile.asks + j) % len(asks)])
    elif way.least:
        yield from [case] * (case.extent >= way.least)
    elif way.dear:
        yield from [case] * (profile.dear and steady(case))
    elif key.route in (EAGERLY, case.target.ways[0].name) or (number + position) % profile.share == 0:
        yield case


def way_of(key: Key, target: Target) -> Way:
    """The way of a cell's route; of others than the target's own, an ordinary one."""
    return next((way for way in target.ways if way.name == key.route), Way(key.route))


def why_unjudged(key: Key, o: Outcome, target: Target, profile: Profile) -> str:
    """A cell that judged nothing says of how many entries, or why its way was given no case at all."""
    way = way_of(key, target)
    if way.dear and not profile.dear:
        return f"profile {profile.name} does not try this way: --profile thorough does"
    if way.least and not o.cases:
        return f"profile {profile.name} drew no call of {way.least} entries"
    return f"0 entries judged, {o.unjudged} not"


def steady(case: Case) -> bool:
    """Whether every size is a number like others: a compiler makes a kernel of its own for size 1."""
    return all(n > 1 for x in case.inputs for n in x.shape[int(case.concept.apart) :])


def judged(law: Law, case: Case, route: str) -> Outcome:
    """The law's outcome; a refutation that an executable convention explains (see :func:`excuses`) is one."""
    case = case.by(route)
    with np.errstate(all="ignore"):
        try:
            out = law.judge(case, route)
        except CallError as fault:  # a function that raises on some inputs only is wrong on these
            return Outcome(cases=1, unjudged=case.rows) if case.refusable else raised(case, str(fault))
        except Unsupported:
            if case.ask.memory == PLAIN.memory:
                raise
            return Outcome(cases=1, unjudged=case.rows)  # a library may refuse operands of this memory, and take others
        except TargetError:
            if not case.refusable:
                raise
            return Outcome(cases=1, unjudged=case.rows)
        for other, note in excuses(law, case):
            if not out.refuted:
                break
            lax = law.judge(other, route)
            if not lax.refuted:
                return out.marked(refuted=conventions(out.refuted, note))
            out = out.marked(refuted=lax.refuted, region=lax.region, beyond=lax.beyond)
    return out


FLUSHED = "subnormal numbers are flushed to zero, a property of the operation and the instruction set"


def excuses(law: Law, case: Case) -> Iterator[tuple[Case, str]]:
    """The same case as the target's documentation defines the function, and with subnormal numbers flushed to zero.

    What is refuted there too is no convention.
    """
    documented = case.target.documented(case.concept.call_name)
    differentiates = documented is not None and documented.backward is not None
    if documented is not None and (law.family != "gradient" or differentiates):
        yield as_documented(case, documented), documented.source
    # binary16 lies inside binary32's normal range: nothing is flushed there
    if case.target.flushes and not case.flush and case.format.name != "float16":
        yield case.flushing(), FLUSHED


def as_documented(case: Case, documented: Documented) -> Case:
    """The case as one of another concept: what the library says that its function computes."""
    concept = case.concept
    truth = Formula(documented.text, specials=concept.truth.specials)
    other = replace(
        concept, truth=truth, reference=documented.text, backward=documented.backward,
        freedom=Freedom(fused=concept.freedom.fused),
    )  # fmt: skip
    return replace(case, concept=other, memo={}, answers={}, origin=None, seed=case.drawn)


def conventions(refuted: Sequence[Refutation], note: str) -> tuple[Refutation, ...]:
    """Conventions all of them; flushing leaves a trace in each that it explains."""
    said = (
        replace(r, severity=Severity.CONVENTION, note=note) if note != FLUSHED or may_be_flushed(r) else r
        for r in refuted
    )
    return tuple(sorted(said, key=lambda r: r.weight))


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
    return Outcome(cases=1, elements=1, refuted=(found,), region=region_of(case, (), slice(None)))


def verdict_of(o: Outcome, broken: bool) -> Verdict:
    if o.refuted:
        return Verdict.REFUTED
    if broken:
        return Verdict.BROKEN
    if o.proved:
        return Verdict.PROVED
    if o.unknown:
        return Verdict.UNKNOWN
    return Verdict.HOLDS if o.elements else Verdict.NOT_JUDGED
