"""The whole matrix, over processes, and what follows from it."""

import datetime
import statistics
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from suite.cells import laws_of
from suite.concepts import concepts
from suite.floats import FORMATS
from suite.mutants import mutants
from suite.mutants.versions import versions
from suite.plan import Plan
from suite.power.record import recorded
from suite.power.trial import Accusation, GroupPower, Proceedings, Trial
from suite.session import version
from suite.workers import Job, spread


@dataclass(frozen=True)
class Power:
    """The kill matrix, the accusations, and how both compare with what is recorded."""

    head: Mapping[str, Any]
    trials: tuple[Trial, ...]
    accusations: tuple[Accusation, ...]
    laws: tuple[str, ...]  # "family/law", every law that was judged
    lost: tuple[str, ...] = ()  # groups whose process died

    @cached_property
    def killed(self) -> tuple[Trial, ...]:
        return tuple(t for t in self.trials if t.killed)

    @cached_property
    def distinguishable(self) -> tuple[Trial, ...]:
        """Killed here, or by the thorough profile as recorded; and every bug of the corpus."""
        never = recorded().get("thorough", recorded().get("ci", frozenset()))
        return tuple(t for t in self.trials if t.killed or t.origin == "corpus" or t.id not in never)

    @cached_property
    def survivors(self) -> tuple[Trial, ...]:
        return tuple(t for t in self.distinguishable if not t.killed)

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
            "distinguishable": len(self.distinguishable),
            "falls": [t.id for t in self.falls],
            "accusations": [asdict(a) for a in self.accusations],
            "kills_by_law": dict(self.kills_by_law),
            "peers": {p: {"killed": k, "applicable": n} for p, (k, n) in self.peers().items()},
            "trials": [{**asdict(t), "killed": t.killed, "excused": t.excused} for t in self.trials],
        }


_worker: dict[str, Any] = {}


def _start(plan: Plan, with_peers: bool) -> None:
    _worker["plan"], _worker["peers"] = plan, with_peers


def _work(group: tuple[str, str]) -> GroupPower:
    return group_power(group, _worker["plan"], _worker["peers"])


def group_power(group: tuple[str, str], plan: Plan, with_peers: bool = True) -> GroupPower:
    """The mutants and the right versions of one (concept, dtype)."""
    mine = [m for m in mutants() if m.group == group]
    found = Proceedings(group, mine, [v for v in versions() if v.concept == group[0]], plan).run()
    if not with_peers:
        return found
    from suite.peers import peers_say

    told = {m.id: peers_say(m, plan.seed) for m in mine}
    return replace(found, trials=tuple(replace(t, peers=told[t.id]) for t in found.trials))


def measure(
    plan: Plan, names: Sequence[str], workers: int, advance: Callable[[str], None], with_peers: bool = True
) -> Power:
    """Every mutant and every right version of the concepts asked for (all, if none is)."""
    started, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
    todo = [(c, d) for c in concepts() if not names or c in names for d in FORMATS]
    arrived: dict[tuple[str, str], GroupPower] = {}
    lost: list[str] = []

    def done(found: GroupPower) -> None:
        arrived[found.group] = found
        advance("-".join(found.group))

    if workers <= 1:
        for group in todo:
            done(group_power(group, plan, with_peers))
    else:
        job = Job(_start, (plan, with_peers), _work)
        spread(todo, workers, job, done, lambda group: lost.append("-".join(group)))
    found = [arrived[g] for g in todo if g in arrived]
    head = {
        "lawful": version(),
        "numpy": np.__version__,
        "profile": plan.profile,
        "seed": plan.seed,
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - clock, 1),
        "versions": len([v for v in versions() if not names or v.concept in names]),
        "rows": sum(g.rows for g in found),
    }
    asked = [c for c in concepts().values() if not names or c.name in names]
    judged = {f"{law.family}/{law.name}" for c in asked for law in laws_of(c) if not plan.laws or law.name in plan.laws}
    return Power(
        head,
        tuple(t for g in found for t in g.trials),
        tuple(a for g in found for a in g.accusations),
        tuple(sorted(judged)),
        tuple(lost),
    )
