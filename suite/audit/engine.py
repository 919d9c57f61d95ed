"""The engine: groups of cells are judged on shared draws, in processes, and certified once more at the end.

A group is one (concept, dtype). It loads nothing but the declarations and the target, so that any
number of workers gives the same verdicts; a worker that dies costs its own group only.
"""

from collections.abc import Callable, Sequence
from typing import Any

from suite.audit.cells import cells_of
from suite.audit.group import Judged, judge_group
from suite.audit.plan import Plan
from suite.audit.workers import Job, spread
from suite.concepts import call_names, concepts
from suite.targets.loading import load
from suite.targets.protocol import Target
from suite.verdict import Cell, Verdict

# -- one group


# -- many groups, in processes

_worker: dict[str, Any] = {}


def _start(plan: Plan) -> None:
    _worker["plan"], _worker["target"] = plan, load(plan.target, plan.device, call_names())


def _work(group: tuple[str, str]) -> Judged:
    return judge_group(group, _worker["target"], _worker["plan"])


def judge_all(
    todo: Sequence[tuple[str, str]], target: Target, plan: Plan, workers: int, done: Callable[[Judged], None]
) -> None:
    """Every group, in this process or in ``workers`` others; ``done`` is called as each arrives."""
    if workers <= 1 or len(todo) <= 1:
        for group in todo:
            done(judge_group(group, target, plan))
        return
    spread(todo, workers, Job(_start, (plan,), _work), done, lambda group: done(died(group, target, plan)))


def died(group: tuple[str, str], target: Target, plan: Plan) -> Judged:
    name, dtype = group
    sentence = f"{target.name}: the process that judged {name} in {dtype} died: run --concept {name} -n 1 to see why"
    cells = cells_of(concepts()[group[0]], group[1], target, plan.laws)
    return Judged(
        group,
        tuple(
            Cell(*group, k.law, k.route, law.family, law.statement, target.device, Verdict.BROKEN, reason=sentence)
            for k, law in cells.items()
        ),
        (sentence,),
    )
