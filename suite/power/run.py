"""The whole matrix, over processes, and what follows from it."""

import datetime
import importlib.util
import statistics
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from suite.audit.cells import laws_of
from suite.audit.plan import Plan
from suite.audit.session import version
from suite.audit.workers import Job, spread
from suite.concepts import concepts
from suite.floats import FORMATS
from suite.mutants import mutants
from suite.mutants.mutant import Group, Mutant
from suite.mutants.versions import versions
from suite.power.hearing import Accusation, Closest
from suite.power.rate import Rate, rate
from suite.power.record import recorded
from suite.power.trial import GroupPower, Proceedings, Trial
from suite.verdict import Severity

GATE = Severity.INACCURATE  # what an audit fails on unless told otherwise
SLACK = 16  # a bound farther than so many times from every right version is explained in its declaration

PARTS: Mapping[str, Callable[[Mutant], bool]] = {
    "developed": lambda m: not m.held_out,
    "held-out": lambda m: m.held_out,
    "all": lambda m: True,
}


@dataclass(frozen=True)
class Power:
    """The kill matrix, the accusations, and how both compare with what is recorded."""

    head: Mapping[str, Any]
    trials: tuple[Trial, ...]
    accusations: tuple[Accusation, ...]
    laws: tuple[str, ...]  # "family/law", every law that was judged
    lost: tuple[str, ...] = ()  # groups whose process died
    closest: tuple[Closest, ...] = ()  # of right versions to each bound
    interrupted: bool = False

    @cached_property
    def killed(self) -> tuple[Trial, ...]:
        return tuple(t for t in self.trials if t.killed)

    @cached_property
    def gated(self) -> tuple[Trial, ...]:
        """Killed by a refutation that the default gate of an audit reports."""
        return tuple(t for t in self.killed if Severity(t.severity).rank <= GATE.rank)

    @cached_property
    def distinguishable(self) -> tuple[Trial, ...]:
        """Killed here, by another tool, or by the thorough profile as recorded; and every bug of the corpus.

        The profiles above quick enumerate functions of one sixteen-bit number, so theirs is a proof.
        """
        never = recorded().get("thorough", recorded().get("ci", frozenset()))
        return tuple(t for t in self.trials if t.killed or t.missed or t.origin == "corpus" or t.id not in never)

    @cached_property
    def survivors(self) -> tuple[Trial, ...]:
        """What another tool kills comes first."""
        return tuple(sorted((t for t in self.distinguishable if not t.killed), key=lambda t: not t.missed))

    @cached_property
    def rates(self) -> Mapping[str, Rate]:
        """Killed: of all, of those that can be told apart, and of these the ones that nobody develops against."""
        apart = self.distinguishable
        return {
            "of all": rate(t.killed for t in self.trials),
            "of those that a tool, a profile or a proof tells from a right version": rate(t.killed for t in apart),
            "of these held out": rate(t.killed for t in apart if t.held_out),
            "of these developed with": rate(t.killed for t in apart if not t.held_out),
        }

    @cached_property
    def excused(self) -> tuple[Trial, ...]:
        """Within every bound on every case, though the results differ."""
        return tuple(t for t in self.trials if t not in self.survivors and t.excused)

    @cached_property
    def idle(self) -> tuple[Trial, ...]:
        """No result differed in any bit on any case: no mutants, as far as can be seen."""
        return tuple(t for t in self.trials if not t.killed and not t.differs and t not in self.survivors)

    @cached_property
    def falls(self) -> tuple[Trial, ...]:
        """Alive although this profile is recorded to kill them."""
        allowed = recorded().get(str(self.head["profile"]), frozenset())
        return tuple(t for t in self.trials if not t.killed and t.id not in allowed)

    @cached_property
    def slack(self) -> tuple[Closest, ...]:
        """Bounds that no right version comes near, though the declaration does not say why.

        A ratio of 0 is that of a bound of 0; in float64 the value beside the bound is no truer than the bound; and the
        one case of the quick profile says little.
        """
        if self.head["profile"] == "quick":
            return ()
        far = (c for c in self.closest if 0 < c.ratio < 1 / SLACK and c.dtype != "float64")
        return tuple(c for c in far if not concepts()[c.concept].freedom.slack)

    @cached_property
    def severities(self) -> Mapping[str, int]:
        """Of the refutations that killed, the worst for each mutant."""
        count = Counter(t.severity for t in self.killed)
        return {s.value: count[s.value] for s in Severity if count[s.value]}

    @cached_property
    def kills_by_law(self) -> Mapping[str, int]:
        count = Counter(law for t in self.killed for law in t.laws)
        return {law: count.get(law, 0) for law in sorted({*self.laws, *count})}

    def peers(self) -> Mapping[str, tuple[int, int]]:
        """(killed, applicable) among the distinguishable ones, by tool."""
        said = [(peer, word) for t in self.distinguishable for peer, word in t.peers]
        if not any(t.peers for t in self.trials):
            return {}
        from suite.peers import PEERS

        return {
            peer: (
                sum(p == peer and word == "killed" for p, word in said),
                sum(p == peer and not word.startswith("not applicable") for p, word in said),
            )
            for peer in PEERS
        }

    def median(self, quantity: Callable[[Trial], int]) -> float:
        return statistics.median([quantity(t) for t in self.killed] or [0])

    def document(self) -> dict[str, Any]:
        """As it is written to power.json."""
        return {
            "head": dict(self.head),
            "killed": len(self.killed),
            "gated": len(self.gated),
            "rates": {name: {"killed": r.some, "of": r.of} for name, r in self.rates.items()},
            "distinguishable": len(self.distinguishable),
            "falls": [t.id for t in self.falls],
            "severities": dict(self.severities),
            "accusations": [asdict(a) for a in self.accusations],
            "closest": [asdict(c) for c in self.closest],
            "slack": [asdict(c) for c in self.slack],
            "kills_by_law": dict(self.kills_by_law),
            "peers": {p: {"killed": k, "applicable": n} for p, (k, n) in self.peers().items()},
            "trials": [{**asdict(t), "killed": t.killed, "excused": t.excused} for t in self.trials],
        }


_worker: dict[str, Any] = {}


def _start(plan: Plan, with_peers: bool, part: str) -> None:
    _worker["plan"], _worker["peers"], _worker["part"] = plan, with_peers, part


def _work(group: Group) -> GroupPower:
    return group_power(group, _worker["plan"], _worker["peers"], _worker["part"])


def group_power(group: Group, plan: Plan, with_peers: bool = True, part: str = "all") -> GroupPower:
    """The mutants of one (concept, dtype, framework), and the right versions, which are NumPy functions."""
    mine = [m for m in mutants() if m.group == group and PARTS[part](m)]
    right_ones = [v for v in versions() if v.concept == group[0] and group[2] == "numpy"]
    found = Proceedings(group, mine, right_ones, plan).run()
    if not with_peers:
        return found
    from suite.peers import peers_say

    told = {m.id: peers_say(m, plan.seed) for m in mine}
    return replace(found, trials=tuple(replace(t, peers=told[t.id]) for t in found.trials))


def groups(names: Sequence[str]) -> list[Group]:
    """Every (concept, dtype) of NumPy functions, and those of torch that have mutants, where torch is installed."""
    some = [c for c in concepts() if not names or c in names]
    has_torch = importlib.util.find_spec("torch") is not None
    of_torch = {m.group for m in mutants() if m.framework == "torch" and m.concept in some} if has_torch else set()
    return [(c, d, "numpy") for c in some for d in FORMATS] + sorted(of_torch)


def measure(
    plan: Plan,
    names: Sequence[str],
    workers: int,
    advance: Callable[[str], None],
    with_peers: bool = True,
    part: str = "all",
) -> Power:
    """Every mutant and every right version of the concepts asked for (all, if none is)."""
    started, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
    todo = groups(names)
    arrived: dict[Group, GroupPower] = {}
    lost: list[str] = []

    def done(found: GroupPower) -> None:
        arrived[found.group] = found
        advance("-".join(found.group))

    interrupted = False
    try:
        if workers <= 1:
            for group in todo:
                done(group_power(group, plan, with_peers, part))
        else:
            job = Job(_start, (plan, with_peers, part), _work)
            spread(todo, workers, job, done, lambda group, how: lost.append("-".join(group)))
    except KeyboardInterrupt:  # what is done is told
        interrupted = True
    found = [arrived[g] for g in todo if g in arrived]
    head = {**_head(found, plan, started, time.monotonic() - clock), "part": part}
    return Power(
        head,
        tuple(t for g in found for t in g.trials),
        tuple(a for g in found for a in g.accusations),
        judged_laws(plan, names),
        tuple(lost),
        tuple(c for g in found for c in g.closest),
        interrupted,
    )


def judged_laws(plan: Plan, names: Sequence[str]) -> tuple[str, ...]:
    """The laws that took part, as "family/law"."""
    asked = [c for c in concepts().values() if not names or c.name in names]
    laws = {law for c in asked for law in laws_of(c) if not plan.laws or law.name in plan.laws}
    return tuple(sorted({f"{law.family}/{law.name}" for law in laws}))


def _head(found: Sequence[GroupPower], plan: Plan, started: datetime.datetime, seconds: float) -> dict[str, Any]:
    """What the result depends on, and how many rows the right versions were heard on."""
    rows: Counter[str] = Counter()
    for g in found:
        rows.update(g.rows)
    return {
        "lawful": version(),
        "numpy": np.__version__,
        "profile": plan.profile,
        "seed": plan.seed,
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "versions": len(rows),
        "rows": sum(rows.values()),
        "fewest": min(rows.values(), default=0),
    }
