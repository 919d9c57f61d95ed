"""Detection power: which mutants an audit refutes, after how many cases, by which laws; and whom it accuses.

A kill is differential: a law refutes the mutant on a case on which it does not refute the right function. Cases are
drawn once per (concept, dtype) as an audit draws them, the truth is computed once, and a mutant is done at the first
case that kills it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from suite.audit import due, each_case, judged
from suite.case import Case
from suite.cells import Key, cells_of
from suite.concepts import concepts
from suite.floats import FORMATS
from suite.inputs import Recipe, draw
from suite.laws.gradient import Gradient, Kink
from suite.laws.law import Law
from suite.mutants.makers import right
from suite.mutants.mutant import Mutant
from suite.mutants.versions import Version
from suite.outcome import Refutation
from suite.plan import PROFILES, Plan
from suite.targets.library import Library, TargetError, Unsupported

RIGHT_CASES = {"quick": 1, "ci": 3, "thorough": 300}  # how many cases a right version is heard on
CONTRACT = "contract"  # the family of a kill by a wrong shape or type, which no law is needed for


@dataclass(frozen=True)
class Trial:
    """What became of one mutant."""

    id: str
    concept: str
    dtype: str
    kind: str
    origin: str
    source: str
    why: str
    vjp: bool
    case: int = 0  # the case that killed it, from 1; 0: none did
    rows: int = 0  # array rows judged until then
    laws: tuple[str, ...] = ()  # "family/law": those that refute it there
    differs: bool = False  # in any bit of any result, from the right function
    ratio: float = 0.0  # the worst observed / bound that was still within
    peers: tuple[tuple[str, str], ...] = ()  # what other tools say: (tool, "killed" | "survived" | "not applicable")

    @property
    def killed(self) -> bool:
        return self.case > 0

    @property
    def families(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(law.split("/")[0] for law in self.laws))

    @property
    def excused(self) -> bool:
        """Wherever something is promised it kept the promise. A bug that was reported is never excused."""
        return not self.killed and self.differs and self.origin != "corpus"


def trial_of(mutant: Mutant) -> Trial:
    m = mutant
    return Trial(m.id, m.concept, m.dtype, m.kind, m.origin, m.source, m.why, m.vjp)


def concerned(law: Law, vjp: bool) -> bool:
    """Whether a law can see the change at all: in the derivative, or in the value."""
    return law.family in ("gradient", "convexity") if vjp else not isinstance(law, Gradient | Kink)


@dataclass
class Subject:
    """A mutant on its way through the cases."""

    mutant: Mutant
    library: Library
    laws: dict[Key, Law]
    trial: Trial = field(init=False)

    def __post_init__(self) -> None:
        self.trial = trial_of(self.mutant)

    def meet(self, case: Case, number: int, share: int, rightly: Callable[[Key], bool]) -> None:
        mine, t = case.against(self.library), self.trial
        self.trial = t = replace(t, rows=t.rows + case.rows)
        try:
            differs = t.differs or different(case, mine, self.mutant.vjp)
        except TargetError:
            self.trial = replace(t, case=number + 1, laws=(f"{CONTRACT}/{CONTRACT}",), differs=True)
            return
        except Exception:  # it raises on this input: a law will say so
            differs = True
        killers, ratio = [], t.ratio
        for position, (key, law) in enumerate(self.laws.items()):
            if not concerned(law, self.mutant.vjp) or not due(key, position, number, share, self.library):
                continue
            refuted, observed = verdict(law, mine, key.route)
            if refuted and not rightly(key):
                killers.append(f"{law.family}/{law.name}")
            ratio = max(ratio, observed)
        self.trial = replace(t, differs=differs, ratio=ratio)
        if killers:
            self.trial = replace(self.trial, case=number + 1, laws=tuple(dict.fromkeys(killers)), differs=True)


def verdict(law: Law, case: Case, route: str) -> tuple[bool, float]:
    """(refuted, worst observed / bound otherwise)."""
    try:
        out = judged(law, case, route)
    except Unsupported:
        return False, 0.0
    except TargetError:
        return True, 0.0
    return bool(out.refuted), 0.0 if out.refuted else out.ratio


def different(case: Case, mine: Case, vjp: bool) -> bool:
    """Whether any bit of the results differs."""
    mode = case.target.framework.modes[0]
    ours, theirs = (case.grads(mode), mine.grads(mode)) if vjp else ([case.got()], [mine.got()])
    return any((a.tobytes() != b.tobytes() and not np.array_equal(a, b, equal_nan=True)) or _signs(a, b)
               for a, b in zip(ours, theirs, strict=True))  # fmt: skip


def _signs(a: Any, b: Any) -> bool:
    return bool(np.any(np.signbit(a) & ~np.isnan(a.astype(float)) != np.signbit(b) & ~np.isnan(b.astype(float))))


@dataclass(frozen=True)
class Accusation:
    """A right version that a law refutes: a fault of the bound, of the law, or of the version."""

    version: str
    dtype: str
    law: str
    got: str
    truth: str
    allowed: str


@dataclass(frozen=True)
class GroupPower:
    """What one (concept, dtype) yields."""

    group: tuple[str, str]
    trials: tuple[Trial, ...] = ()
    accusations: tuple[Accusation, ...] = ()
    versions: int = 0
    rows: int = 0  # of right versions


class Proceedings:
    """The cases of one (concept, dtype), put to its mutants and its right versions one after the other."""

    def __init__(self, group: tuple[str, str], mutants: Iterable[Mutant], versions: Iterable[Version], plan: Plan):
        self.concept, self.dtype, self.plan = concepts()[group[0]], group[1], plan
        self.good, self.share = right(), PROFILES[plan.profile].share
        self.laws = cells_of(self.concept, self.dtype, self.good, plan.laws)
        self.subjects = [Subject(m, m.library(), self.laws) for m in mutants]
        self.versions = [(v, v.library()) for v in versions if self.dtype in v.dtypes]
        self.accused: dict[tuple[str, str], Accusation] = {}
        self.number = self.rows = 0

    def run(self) -> GroupPower:
        with np.errstate(all="ignore"):
            each_case(self.concept, self.dtype, self.plan, self.meet)
        group = (self.concept.name, self.dtype)
        found = tuple(s.trial for s in self.subjects)
        return GroupPower(group, found, tuple(self.accused.values()), len(self.versions), self.rows)

    def meet(self, recipe: Recipe) -> None:
        alive = [s for s in self.subjects if not s.trial.killed]
        heard = self.number < RIGHT_CASES[self.plan.profile]
        if alive or heard:
            form = FORMATS[self.dtype]
            case = Case(self.concept, form, self.good, draw(self.concept, form, recipe), recipe)
            said: dict[Key, bool] = {}

            def rightly(key: Key) -> bool:
                """Whether the right function is refuted, too: looked at only where a mutant is."""
                if key not in said:
                    said[key] = verdict(self.laws[key], case, key.route)[0]
                return said[key]

            for subject in alive:
                subject.meet(case, self.number, self.share, rightly)
            for version, library in self.versions if heard else ():
                self.hear(version, library, case)
        self.number += 1

    def hear(self, version: Version, library: Library, case: Case) -> None:
        few = case if version.entries > case.inputs[0].size else case.few(case.rows, version.entries)
        mine = few.against(library)
        self.rows += mine.rows
        for position, (key, law) in enumerate(self.laws.items()):
            if not due(key, position, self.number, self.share, library):
                continue
            if version.function is None and not concerned(law, True):
                continue
            for found in refutations(law, mine, key.route)[:1]:
                ends = " to ".join(dict.fromkeys(found.enclosure))
                one = Accusation(version.id, self.dtype, f"{law.family}/{law.name}", found.got, ends, found.allowed)
                self.accused.setdefault((version.id, str(key)), one)


def refutations(law: Law, case: Case, route: str) -> tuple[Refutation, ...]:
    try:
        return judged(law, case, route).refuted
    except (Unsupported, TargetError):
        return ()


def trials(group: tuple[str, str], mutants: Iterable[Mutant], plan: Plan) -> list[Trial]:
    """The mutants of one (concept, dtype), on its cases."""
    return list(Proceedings(group, mutants, (), plan).run().trials)


def by_group(mutants: Sequence[Mutant]) -> dict[tuple[str, str], list[Mutant]]:
    out: dict[tuple[str, str], list[Mutant]] = {}
    for m in mutants:
        out.setdefault(m.group, []).append(m)
    return out
