"""The engine: groups of cells are judged on shared draws, in processes, and certified once more at the end.

A group is one (concept, dtype). It loads nothing but the declarations and the target, so that any
number of workers gives the same verdicts; a worker that dies costs its own group only.
"""

import os
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

_worker: dict[str, Any] = {}


def _start(plan: Plan) -> None:
    if plan.folder:
        os.chdir(plan.folder)  # the target may have left it when the parent loaded it
    _worker["plan"], _worker["target"] = plan, load(plan.target, plan.device, call_names())


def _work(group: tuple[str, str]) -> Judged:
    return judge_group(group, _worker["target"], _worker["plan"])


def judge_all(
    todo: Sequence[tuple[str, str]], target: Target, plan: Plan, workers: int | None, done: Callable[[Judged], None]
) -> None:
    """Every group, in ``workers`` processes or (None) in this one; ``done`` is called as each arrives."""
    if workers is None:
        for group in todo:
            done(judge_group(group, target, plan))
        return
    spread(todo, workers, Job(_start, (plan,), _work), done, lambda group, how: done(died(group, target, plan, how)))


def died(group: tuple[str, str], target: Target, plan: Plan, how: str) -> Judged:
    name, dtype = group
    sentence = f"{target.name}: the process that judged {name} in {dtype} died{f' ({how})' if how else ''}"
    cells = cells_of(concepts()[group[0]], group[1], target, plan.laws)
    return Judged(
        group,
        tuple(
            Cell(*group, k.law, k.route, law.family, law.statement, target.device, Verdict.BROKEN, reason=sentence)
            for k, law in cells.items()
        ),
        (sentence,),
    )
