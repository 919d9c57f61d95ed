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
from suite.plan import PROFILES, Plan
from suite.targets.library import Library, TargetError, Unsupported

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


def trials(group: tuple[str, str], mutants: Iterable[Mutant], plan: Plan) -> list[Trial]:
    """The mutants of one (concept, dtype), on its cases."""
    name, dtype = group
    concept, good = concepts()[name], right()
    laws = cells_of(concept, dtype, good, plan.laws)
    share = PROFILES[plan.profile].share
    subjects = [Subject(m, m.library(), laws) for m in mutants]
    number = -1

    def meet(recipe: Recipe) -> None:
        nonlocal number
        number += 1
        alive = [s for s in subjects if not s.trial.killed]
        if not alive:
            return
        case = Case(concept, FORMATS[dtype], good, draw(concept, FORMATS[dtype], recipe), recipe)
        said: dict[Key, bool] = {}

        def rightly(key: Key) -> bool:
            """Whether the right function is refuted, too: looked at only where a mutant is."""
            if key not in said:
                said[key] = verdict(laws[key], case, key.route)[0]
            return said[key]

        for subject in alive:
            subject.meet(case, number, share, rightly)

    with np.errstate(all="ignore"):
        each_case(concept, dtype, plan, meet)
    return [s.trial for s in subjects]


def by_group(mutants: Sequence[Mutant]) -> dict[tuple[str, str], list[Mutant]]:
    out: dict[tuple[str, str], list[Mutant]] = {}
    for m in mutants:
        out.setdefault(m.group, []).append(m)
    return out
