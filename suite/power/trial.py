"""Detection power: which mutants an audit refutes, after how many cases, by which laws; and whom it accuses.

A kill is differential: a law refutes the mutant on a case on which it does not refute the right function, and not
merely as a convention, which no gate counts. Cases are drawn once per (concept, dtype) as an audit draws them, the
truth is computed once, and a mutant is done at the first case that kills it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from suite.audit.cells import Key, cells_of
from suite.audit.draws import each_case
from suite.audit.judging import entrywise, every_number, judged, put
from suite.audit.plan import PROFILES, Plan
from suite.concepts import concepts
from suite.draw.asks import PLAIN
from suite.draw.recipes import Recipe, draw
from suite.floats import FORMATS
from suite.judge.case import Case
from suite.laws.gradient import affordable
from suite.laws.law import Law
from suite.laws.second import second_derivative
from suite.mutants.makers import right
from suite.mutants.modes import FORWARD, SECOND
from suite.mutants.mutant import Group, Mutant
from suite.mutants.versions import Version
from suite.power.hearing import ROWS_APART, Accusation, Closest, Hearing, Putting, closest, concerned
from suite.targets.library import Library
from suite.targets.protocol import CallError, TargetError, Unsupported
from suite.verdict import Severity

SINGLY = 64  # rows that are looked at one by one where the right function is refuted as well
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
    mode: str = ""
    held_out: bool = False
    case: int = 0  # the case that killed it, from 1; 0: none did
    rows: int = 0  # array rows judged until then
    laws: tuple[str, ...] = ()  # "family/law": those that refute it there
    severity: str = ""  # the worst of these refutations
    differs: bool = False  # in any bit of any result, from the right function
    shadowed: bool = False  # refuted where the right function is refuted as well
    ratio: float = 0.0  # the worst observed / bound that was still within
    peers: tuple[tuple[str, str], ...] = ()  # what other tools say: (tool, "killed" | "survived" | "not applicable")

    @property
    def killed(self) -> bool:
        return self.case > 0

    @property
    def missed(self) -> tuple[str, ...]:
        """The tools that kill it where nothing here does."""
        return () if self.killed else tuple(tool for tool, said in self.peers if said == "killed")

    @property
    def families(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(law.split("/")[0] for law in self.laws))

    @property
    def excused(self) -> bool:
        """Wherever something is promised it kept the promise. A bug that was reported is never excused."""
        return not self.killed and self.differs and self.origin != "corpus"


def trial_of(mutant: Mutant) -> Trial:
    m = mutant
    return Trial(m.id, m.concept, m.dtype, m.kind, m.origin, m.source, m.why, m.vjp, m.mode, m.held_out)


Innocent = Callable[[Key, Case], Case | None]


@dataclass
class Subject:
    """A mutant on its way through the cases."""

    mutant: Mutant
    library: Library
    laws: dict[Key, Law]
    trial: Trial = field(init=False)

    def __post_init__(self) -> None:
        self.trial = trial_of(self.mutant)

    def meet(self, case: Case, number: int, putting: Putting, innocent: Innocent) -> None:
        mine, t = case.against(self.library), self.trial
        self.trial = t = replace(t, rows=t.rows + case.rows)
        try:
            differs = t.differs or different(case, mine, self.mutant)
        except TargetError:
            self.trial = replace(t, case=number + 1, laws=(f"{CONTRACT}/{CONTRACT}",), severity="wrong", differs=True)
            return
        except Unsupported:  # of torch's own function, too
            differs = False
        except CallError:  # it raises on this input: a law will say so
            differs = True
        killers, ratio, worst, shadowed = [], t.ratio, Severity.INCONSISTENT, t.shadowed
        for position, (key, law) in enumerate(self.laws.items()):
            if not concerned(law, self.mutant.vjp, self.mutant.mode):
                continue
            for one in putting(key, position, mine):
                severity, observed = verdict(law, one, key.route)
                if counts(severity) and (spared := innocent(key, one)) is not None:  # on others it is not to blame
                    shadowed = True
                    severity, _ = verdict(law, spared.against(self.library), key.route)
                if severity is not None and counts(severity):
                    killers.append(f"{law.family}/{law.name}")
                    worst = min(worst, severity, key=lambda s: s.rank)
                ratio = max(ratio, observed)
        self.trial = t = replace(t, differs=differs, ratio=ratio, shadowed=shadowed)
        if killers:
            laws = tuple(dict.fromkeys(killers))
            self.trial = replace(t, case=number + 1, laws=laws, severity=worst.value, differs=True)


def counts(severity: Severity | None) -> bool:
    """A convention is no refutation that a gate counts."""
    return severity is not None and severity is not Severity.CONVENTION


def verdict(law: Law, case: Case, route: str) -> tuple[Severity | None, float]:
    """(how bad a refutation is, worst observed / bound where there is none)."""
    if not case.rows:
        return None, 0.0
    try:
        out = judged(law, case, route)
    except Unsupported:
        return None, 0.0
    except TargetError:
        return Severity.WRONG, 0.0
    if out.refuted:
        return min((r.severity for r in out.refuted), key=lambda s: s.rank), 0.0
    return None, out.ratio


def different(case: Case, mine: Case, mutant: Mutant) -> bool:
    """Whether any bit of the results differs."""
    pairs = zip(results(case, mutant), results(mine, mutant), strict=True)
    return any((a.tobytes() != b.tobytes() and not np.array_equal(a, b, equal_nan=True)) or _signs(a, b)
               for a, b in pairs)  # fmt: skip


def results(case: Case, mutant: Mutant) -> list[Any]:
    """What the mutant may have changed."""
    if mutant.mode == SECOND:
        return [second_derivative(affordable(case), SECOND)[2]]
    if mutant.mode == FORWARD:
        return [pushed(affordable(case))]
    return case.grads(case.target.ways[0].name) if mutant.vjp else [case.got()]


def pushed(case: Case) -> Any:
    """The tangent of the result along ones."""
    k = case.wrt[0]
    return case.pushed(FORWARD, k, np.ones_like(case.inputs[k]))


def _signs(a: Any, b: Any) -> bool:
    return bool(np.any(np.signbit(a) & ~np.isnan(a.astype(float)) != np.signbit(b) & ~np.isnan(b.astype(float))))


@dataclass(frozen=True)
class GroupPower:
    """What one (concept, dtype) yields."""

    group: Group
    trials: tuple[Trial, ...] = ()
    accusations: tuple[Accusation, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)  # of each right version
    closest: tuple[Closest, ...] = ()


class Proceedings:
    """The cases of one (concept, dtype), put to its mutants and its right versions one after the other."""

    def __init__(self, group: Group, mutants: Iterable[Mutant], versions: Iterable[Version], plan: Plan):
        self.group, self.plan = group, plan
        self.concept, self.dtype = concepts()[group[0]], group[1]
        self.good, self.profile = right(group[2]), PROFILES[plan.profile]
        self.laws = cells_of(self.concept, self.dtype, self.good, plan.laws)
        self.subjects = [Subject(m, m.library(), self.laws) for m in mutants]
        self.hearings = [Hearing(v, self.dtype, v.library()) for v in versions if self.dtype in v.dtypes]
        self.number = 0

    def run(self) -> GroupPower:
        with np.errstate(all="ignore"):
            each_case(self.concept, self.dtype, self.plan, lambda recipe: self.meet(self.case(recipe)))
            if self.profile.exhaustive:
                for case in every_number(self.concept, FORMATS[self.dtype], self.good):
                    self.meet(case, whole=True)
            more = 0
            while self.short:
                more += 1
                each_case(self.concept, self.dtype, replace(self.plan, seed=self.plan.seed + more), self.hear)
        found = tuple(s.trial for s in self.subjects)
        accused = tuple(a for h in self.hearings for a in h.accused.values())
        rows = {h.version.id: h.rows for h in self.hearings}
        near = closest(self.concept.name, self.dtype, self.hearings)
        return GroupPower(self.group, found, accused, rows, near)

    def meet(self, case: Case, whole: bool = False) -> None:
        """One case for all that is undecided; ``whole``: all numbers of a format."""
        alive = [s for s in self.subjects if not s.trial.killed]
        heard = [h for h in self.hearings if whole or h.open(self.plan.profile)]
        if alive or heard:
            putting, found = self.putting(whole), dict[Key, Case | None]()

            def innocent(key: Key, one: Case) -> Case | None:
                """Rows on which the right function is not refuted, or None: it is refuted nowhere."""
                if one.ask != PLAIN:
                    guilty = verdict(self.laws[key], one.against(self.good), key.route)[0] is not None
                    return one.take([]) if guilty else None
                if key not in found:
                    law = self.laws[key]
                    guilty = verdict(law, case, key.route)[0] is not None
                    if guilty and self.concept.truth.encloses:
                        _ = case.cotangent  # drawn once, so that its rows keep theirs
                    single = (r for r in range(min(case.rows, SINGLY)) if guilty)
                    rows = [r for r in single if verdict(law, case.take([r]), key.route)[0] is None]
                    if rows and verdict(law, case.take(rows), key.route)[0] is not None:
                        rows = []  # only together do they show it
                    found[key] = case.take(rows) if guilty else None
                return found[key]

            for subject in alive:
                subject.meet(case, self.number, putting, innocent)
            self.put(heard, case, putting)
        self.number += 1

    def putting(self, whole: bool = False) -> Putting:
        if whole:
            return lambda key, position, case: [case] if entrywise(key) else []
        return partial(put, number=self.number, profile=self.profile)

    @property
    def short(self) -> list[Hearing]:
        """Those that have not been heard on all the rows that are due."""
        return [h for h in self.hearings if h.short(self.plan.profile)]

    def hear(self, recipe: Recipe) -> None:
        """One more case, for right versions alone."""
        if heard := self.short:
            self.put(heard, self.case(recipe, ROWS_APART if self.concept.apart else 1), self.putting())
        self.number += 1

    def put(self, heard: Iterable[Hearing], case: Case, putting: Putting) -> None:
        for hearing in heard:
            hearing.hear(self.laws, case, putting)

    def case(self, recipe: Recipe, times: int = 1) -> Case:
        form = FORMATS[self.dtype]
        return Case(self.concept, form, draw(self.concept, form, recipe, times), recipe, target=self.good)


def trials(group: Group, mutants: Iterable[Mutant], plan: Plan) -> list[Trial]:
    """The mutants of one (concept, dtype), on its cases."""
    return list(Proceedings(group, mutants, (), plan).run().trials)
