"""One group: the cells of one (concept, dtype) are judged on shared draws, and no law stops another."""

import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis.database import ExampleDatabase

from suite.audit.cells import Key, cells_of
from suite.audit.draws import each_case
from suite.audit.failures import Failures
from suite.audit.judging import entrywise, every_number, judged, put
from suite.audit.plan import PROFILES, Plan
from suite.concepts import call_names, concepts
from suite.draw.recipes import Recipe, draw, lengths
from suite.findings.minimise import minimise
from suite.findings.witness import decode, encode, reproduction
from suite.floats import FORMATS
from suite.judge.case import Case
from suite.judge.outcome import Outcome, Refutation, hull, region_of
from suite.laws.accuracy import centre
from suite.laws.law import Law
from suite.laws.route import Repeatable
from suite.record import Concept
from suite.targets.loading import PLAIN, load
from suite.targets.protocol import CallError, Target, TargetError, Unsupported
from suite.verdict import Cell, Finding, Severity, Verdict


@dataclass(frozen=True)
class Judged:
    """What comes back from a group: cells, sentences about broken functions, an error curve, known ones fixed."""

    group: tuple[str, str]
    cells: tuple[Cell, ...]
    broken: tuple[str, ...] = ()
    curve: Mapping[str, Any] | None = None
    fixed: tuple[str, ...] = ()


@cache
def reference() -> Target:
    """The reference as a target: where it is refuted too, nobody is accused."""
    return load(PLAIN, names=call_names())


class Group:
    """Judges the cells of one (concept, dtype) case by case, and never lets one law stop another."""

    def __init__(
        self, concept: Concept, dtype: str, target: Target, plan: Plan, database: ExampleDatabase | None = None
    ):
        self.concept, self.dtype, self.target, self.plan = concept, dtype, target, plan
        self.format, self.profile = FORMATS[dtype], PROFILES[plan.profile]
        self.laws: dict[Key, Law] = cells_of(concept, dtype, target, plan.laws)
        self.outcomes: dict[Key, Outcome] = {key: Outcome() for key in self.laws}
        self.reasons: dict[Key, str] = {}
        self.broken: dict[Key, str] = {}
        self.failures = None if database is None else Failures(database, plan, concept, self.laws)
        self.count = 0

    def run(self) -> None:
        with np.errstate(all="ignore"):
            self.run_all()

    def run_all(self) -> None:
        self.replay()
        if not self.ordinary():
            return
        if self.failures:
            self.retry(self.failures)
        each_case(self.concept, self.dtype, self.plan, lambda recipe: self.judge(self.case(recipe)))
        if not self.plan.cases and self.profile.exhaustive:
            self.enumerate()

    def enumerate(self) -> None:
        """Of a function of one sixteen-bit number every finite argument: what holds there is proved."""
        whole = list(every_number(self.concept, self.format, self.target))
        for key in (k for k in self.laws if entrywise(k) and whole):
            for case in whole:
                self.attempt(key, case)
            if not self.outcomes[key].refuted and not self.outcomes[key].unknown:
                self.outcomes[key] = self.outcomes[key].marked(proved=True)

    def case(self, recipe: Recipe) -> Case:
        with np.errstate(all="ignore"):
            inputs = draw(self.concept, self.format, recipe)
            return Case(self.concept, self.format, inputs, recipe, target=self.target)

    def ordinary(self) -> bool:
        """A target that cannot do an ordinary case at all does not support the dtype, or is broken."""
        sizes = tuple(
            (d, lengths(self.concept, d)[min(2, len(lengths(self.concept, d)) - 1)]) for d in self.concept.dims
        )
        case = self.case(Recipe(sizes, 0, 3)).take(slice(0, 2))
        try:
            case.got()
        except Unsupported as refusal:
            for key in self.laws:
                self.reasons[key] = f"not supported: {refusal}"
            return False
        except (TargetError, CallError) as fault:
            for key in self.laws:
                self.broken[key] = str(fault)
            return False
        return True

    def replay(self) -> None:
        """The witnesses of known findings come first, so that a known failure is met in every run."""
        for known in self.plan.known:
            key = Key(known.concept, known.dtype, known.law, known.route)
            if key in self.laws:
                self.attempt(key, decode(known.witness, self.concept, self.dtype, self.target))

    def retry(self, failures: Failures) -> None:
        """What failed in an earlier run is judged by every law along every route."""
        for recipe in failures.recipes():
            case = self.case(recipe)
            for n, key in enumerate(self.laws):
                for one in put(key, n, case, -n, self.profile):
                    self.meet(key, one)
            failures.settle(recipe)

    def judge(self, case: Case) -> None:
        for n, key in enumerate(self.laws):
            for one in put(key, n, case, self.count, self.profile):
                self.meet(key, one)
        self.count += 1

    def meet(self, key: Key, case: Case) -> None:
        """A drawn case: its recipe is kept if it breaks the function, or refutes what is not known."""
        refuted = self.attempt(key, case)
        if self.failures and (key in self.broken or (refuted and not self.covered(key, refuted))):
            self.failures.add(key, case.recipe)

    def covered(self, key: Key, o: Outcome) -> bool:
        known = [k for k in self.plan.known if (k.law, k.route) == (key.law, key.route)]
        return any(k.covers(self.described(key, self.laws[key], o, o.refuted[0])) for k in known)

    def attempt(self, key: Key, case: Case) -> Outcome | None:
        """What the law refutes of the case, if anything."""
        if key in self.reasons or key in self.broken:
            return None
        try:
            o = judged(self.laws[key], case, key.route)
            self.outcomes[key] += o
            return o if o.refuted else None
        except Unsupported as refusal:
            self.reasons[key] = f"not supported: {refusal}"
        except TargetError as fault:
            # the function itself broke its contract, or only along this route
            lost = self.laws if key.route in ("eager", self.target.ways[0].name) else [key]
            self.broken.update({k: str(fault) for k in lost})
        except Exception as fault:  # a fault of ours must not cost the cells of others
            where = traceback.extract_tb(fault.__traceback__)[-1]
            self.broken[key] = (
                f"lawful itself failed on {key}, recipe {case.recipe}: {type(fault).__name__}: {fault} "
                f"({Path(where.filename).name}:{where.lineno}); please report it"
            )
        return None

    def cells(self) -> Iterator[Cell]:
        for key, law in self.laws.items():
            yield self.cell(key, law, self.outcomes[key])

    def cell(self, key: Key, law: Law, o: Outcome) -> Cell:
        finding = self.finding(key, law, o) if o.refuted else None
        known = next((k.id for k in self.plan.known if finding and k.covers(finding)), "")
        verdict = verdict_of(o, key in self.broken)
        if verdict is Verdict.REFUTED and isinstance(law, Repeatable):
            verdict = Verdict.UNSTABLE
        return Cell(
            key.concept,
            key.dtype,
            key.law,
            key.route,
            law.family,
            law.statement,
            self.target.device,
            verdict,
            finding.severity if finding else None,
            known,
            o.cases,
            o.elements,
            o.unjudged,
            o.unknown,
            o.ulps,
            o.ratio,
            o.ideal,
            o.basis,
            self.broken.get(key) or self.reasons.get(key, ""),
            finding,
        )

    def finding(self, key: Key, law: Law, o: Outcome) -> Finding:
        own = None if self.target.name == reference().name else reference()
        return self.described(key, law, o, minimise(o.refuted[0], law, key.route, judged, self.profile.minimise, own))

    def described(self, key: Key, law: Law, o: Outcome, found: Refutation) -> Finding:
        region = hull(o.region, region_of(found.case, np.array([min(found.row, found.case.rows - 1)])))
        finding = Finding(
            key.concept,
            law.name,
            law.family,
            key.dtype,
            self.target.device,
            key.route,
            found.severity,
            law.statement,
            encode(found.case, found.wrt, (min(found.row, found.case.rows - 1), *found.index)),
            region,
            found.got,
            found.enclosure,
            found.allowed,
            found.basis,
            max(found.error_ulp, *(r.error_ulp for r in o.refuted)),
            max(found.ratio, *(r.ratio for r in o.refuted)),
            reproduction(found.case, found.calls, found.wrt, self.target),
            note=found.note,
        )
        covering = [k for k in self.plan.known if k.severity is Severity.CONVENTION and k.covers(finding)]
        return replace(finding, severity=Severity.CONVENTION, note=covering[0].reason) if covering else finding


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


def judge_group(group: tuple[str, str], target: Target, plan: Plan, database: ExampleDatabase | None = None) -> Judged:
    """All cells of one (concept, dtype); what failed before comes first where a database keeps it."""
    name, dtype = group
    mine = tuple(k for k in plan.known if (k.concept, k.dtype, k.device) == (name, dtype, target.device))
    work = Group(concepts()[name], dtype, target, replace(plan, known=mine), database)
    work.run()
    cells = tuple(work.cells())
    refuted = {(c.law, c.route) for c in cells if c.verdict is Verdict.REFUTED}
    judged = {(c.law, c.route) for c in cells if c.verdict not in (Verdict.NOT_JUDGED, Verdict.BROKEN, Verdict.UNKNOWN)}
    isa = str(target.describe().get("isa", ""))
    fixed = tuple(k.id for k in mine if (k.law, k.route) in judged - refuted and k.platform.get("isa", "") == isa)
    curve = next((_curve(o, dtype) for k, o in work.outcomes.items() if k.law == "accuracy" and o.curve), None)
    return Judged(group, cells, tuple(dict.fromkeys(work.broken.values())), curve, fixed)


def _curve(o: Outcome, dtype: str) -> dict[str, list[float]]:
    f = FORMATS[dtype]
    bins = sorted(o.curve)
    return {
        "x": [centre(k, f.max, f.eta) for k in bins],
        "ulp": [o.curve[k][0] for k in bins],
        "bound": [o.curve[k][1] for k in bins],
    }
