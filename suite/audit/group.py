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
from suite.audit.judging import entrywise, every_number, judged, put, verdict_of, why_unjudged
from suite.audit.plan import PROFILES, Plan
from suite.audit.settling import settled
from suite.concepts import call_names, concepts
from suite.draw.asks import PLAIN
from suite.draw.recipes import Recipe, draw, lengths, smallest
from suite.findings.minimise import minimise, shared
from suite.findings.reproduction import reproduction
from suite.findings.witness import decode, encode
from suite.floats import FORMATS
from suite.judge.case import Case
from suite.judge.outcome import Outcome, Refutation
from suite.laws.accuracy import points
from suite.laws.law import Law
from suite.laws.route import Repeatable
from suite.record import Concept
from suite.targets import loading
from suite.targets.protocol import CallError, Target, TargetError, Unsupported
from suite.targets.ways import EAGERLY
from suite.verdict import Cell, Finding, Severity, Verdict


@dataclass(frozen=True)
class Judged:
    """What comes back from a group: cells, sentences about broken functions, an error curve, known ones fixed.

    ``notes``: sentences on how a person's function was asked, where that does not go without saying.
    """

    group: tuple[str, str]
    cells: tuple[Cell, ...]
    broken: tuple[str, ...] = ()
    curve: Mapping[str, Any] | None = None
    fixed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


FEW = 48  # rows of one entry: two of every style
SHARED = "the reference fails as well: nobody is accused, and the law is to be looked at"


@cache
def reference() -> Target:
    """The reference as a target: where it is refuted too, nobody is accused."""
    return loading.load(loading.PLAIN, names=call_names())


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
        self.refusals: dict[Key, str] = {}  # of calls that were asked for
        self.broken: dict[Key, str] = {}
        self.shared: dict[Key, str] = {}  # cells that refute the reference as well
        self.failures = None if database is None else Failures(database, plan, concept, self.laws)
        self.ways = {w.name: w for w in target.ways if not w.order}  # to compute values
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
        each_case(self.concept, self.dtype, self.plan, self.drawn)
        if not self.plan.cases and self.profile.exhaustive:
            self.enumerate()
            for recipe in smallest(self.concept):
                self.judge(self.case(recipe).few(FEW, FEW))

    def enumerate(self) -> None:
        """Of a function of one sixteen-bit number every finite argument: what holds there is proved."""
        whole = list(every_number(self.concept, self.format, self.target))
        for key in (k for k in self.laws if whole and entrywise(k, self.target, self.profile)):
            for case in whole:
                self.attempt(key, case)
            if not (self.outcomes[key].refuted or self.outcomes[key].unknown or key in self.reasons):
                self.outcomes[key] = self.outcomes[key].marked(proved=True)

    def drawn(self, recipe: Recipe) -> None:
        """A case; some are drawn again, larger, for the ways that differ there, and for the plain call."""
        self.judge(case := self.case(recipe))
        every, least = self.profile.wide, max((w.least for w in self.ways.values()), default=0)
        if every and self.count % every == every // 2 and case.extent < least and not self.concept.apart:
            wide = self.case(recipe, times=-(-least // case.extent))
            laws = {k.law for k in self.laws if k.route in self.ways}
            for key in (k for k in self.laws if k.law in laws):
                if key.route == EAGERLY or (key.route in self.ways and self.ways[key.route].least):
                    self.attempt(key, wide)

    def case(self, recipe: Recipe, times: int = 1) -> Case:
        with np.errstate(all="ignore"):
            inputs = draw(self.concept, self.format, recipe, times)
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
        """What the law refutes of the case, if anything; a way may refuse one case and take another."""
        if key in self.broken or (key in self.reasons and key.route not in self.ways):
            return None
        try:
            o = judged(self.laws[key], case, key.route)
            self.outcomes[key] += o
            return o if o.refuted else None
        except Unsupported as refusal:
            # along an ask it is that call, and the next may do
            (self.reasons if case.ask == PLAIN else self.refusals)[key] = f"not supported: {refusal}"
            self.outcomes[key] += Outcome(cases=1, unjudged=case.rows)
        except TargetError as fault:
            # the function itself broke its contract, or only along this route
            lost = self.laws if key.route in (EAGERLY, self.target.ways[0].name) else [key]
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
        if o.refuted and not finding:  # of the law's own making
            o = o.marked(refuted=(), unknown=o.unknown + 1, proved=False)
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
            self.reason(key, verdict),
            finding,
        )

    def reason(self, key: Key, verdict: Verdict) -> str:
        """Why a cell is broken or not judged, or not judged in full."""
        o = self.outcomes[key]
        refused = "" if o.elements else self.refusals.get(key, "")
        whole = self.broken.get(key) or self.reasons.get(key) or self.shared.get(key) or refused
        nothing = verdict is Verdict.NOT_JUDGED
        return whole or (why_unjudged(key, o, self.target, self.profile) if nothing else "")

    def finding(self, key: Key, law: Law, o: Outcome) -> Finding | None:
        """The smallest witness; None where the reference is refuted on it too."""
        own = None if self.target.name == reference().name else reference()
        dear = key.route in self.ways and self.ways[key.route].dear  # of each size it makes a kernel
        tried = self.profile.minimise // (10 if dear else 1)
        for found in o.refuted:
            best = minimise(found, law, key.route, judged, tried, own)
            if best is not found or not shared(best, law, key.route, judged, own):
                return self.described(key, law, o, best)
        self.shared[key] = SHARED
        return None

    def described(self, key: Key, law: Law, o: Outcome, found: Refutation) -> Finding:
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
            o.region,
            found.got,
            found.enclosure,
            found.allowed,
            found.basis,
            found.error_ulp,
            found.ratio,
            max(found.error_ulp, *(r.error_ulp for r in o.refuted)),
            max(o.beyond, found.ratio if np.isfinite(found.ratio) else 0.0),
            reproduction(found, law, key.route, judged, self.target),
            note=found.note,
            judged=found.severity,
        )
        covering = [k for k in self.plan.known if k.severity is Severity.CONVENTION and k.covers(finding)]
        return replace(finding, severity=Severity.CONVENTION, note=covering[0].reason) if covering else finding


def judge_group(group: tuple[str, str], target: Target, plan: Plan, database: ExampleDatabase | None = None) -> Judged:
    """All cells of one (concept, dtype); what failed before comes first where a database keeps it."""
    name, dtype = group
    ready = settled(target, concepts()[name], dtype)
    here = [k for k in plan.known if (k.concept, k.dtype, k.device) == (name, dtype, target.device)]
    mine = tuple(k for k in here if ready.asks(k.witness))
    work = Group(ready.concept, dtype, ready.target, replace(plan, known=mine), database)
    work.run()
    cells = tuple(work.cells())
    refuted = {(c.law, c.route) for c in cells if c.verdict is Verdict.REFUTED}
    judged = {(c.law, c.route) for c in cells if c.verdict not in (Verdict.NOT_JUDGED, Verdict.BROKEN, Verdict.UNKNOWN)}
    isa = str(target.describe().get("isa", ""))
    fixed = tuple(k.id for k in mine if (k.law, k.route) in judged - refuted and k.platform.get("isa", "") == isa)
    curve = next(
        (points(o.curve, FORMATS[dtype]) for k, o in work.outcomes.items() if k.law == "accuracy" and o.curve), None
    )
    return Judged(group, cells, tuple(dict.fromkeys(work.broken.values())), curve, fixed, ready.notes)
