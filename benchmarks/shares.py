"""Where an audit's time goes: timers around the parts of the engine, each without the time of the parts inside it."""

import functools
import importlib
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.grid import FIXED
from suite.audit.engine import judge_all
from suite.audit.session import Request, prepare

# share -> where its functions are; a name that moves must be moved here too, and is an error until it is
PARTS: dict[str, tuple[str, ...]] = {
    "drawing": ("suite.draw.recipes:draw",),
    "target": ("suite.targets.library:Library.call", "suite.targets.library:Library.derive"),
    "tier 1": ("suite.judge.bound:largest", "suite.judge.bound:gradients", "suite.judge.bound:forward"),
    "comparing": ("suite.judge.compare:compare", "suite.judge.compare:bitwise", "suite.judge.compare:related",
                  "suite.laws.accuracy:curve"),
    "balls": ("suite.judge.case:Case._exact", "suite.judge.case:Case._exact_grads", "suite.judge.certify:certify",
              "suite.arithmetic.limits:limits",
              "suite.laws.accuracy:CorrectlyRounded._certified", "suite.laws.certificate:_row",
              "suite.laws.convexity:NotConvex._certified", "suite.laws.gradient:Kink._one"),
}  # fmt: skip


class Timers:
    """Seconds per part; ``other`` is what no part accounts for."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(PARTS, 0.0)
        self.inside = [0.0]  # per open call, the time of the timed calls within it

    def around(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            self.inside.append(0.0)
            start = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                spent = time.perf_counter() - start
                self.seconds[part] += spent - self.inside.pop()
                self.inside[-1] += spent

        return timed

    def shares(self, total: float) -> dict[str, float]:
        found = {part: seconds / total for part, seconds in self.seconds.items()}
        return {**found, "other": 1 - sum(found.values())}


@contextmanager
def timers() -> Iterator[Timers]:
    """Timers in place of the engine's functions, wherever a module has imported them by name."""
    clock, changed = Timers(), []
    for part, places in PARTS.items():
        for place in places:
            module, _, path = place.partition(":")
            *owner, name = path.split(".")
            holder = functools.reduce(getattr, owner, importlib.import_module(module))
            original = getattr(holder, name)
            timed = clock.around(part, original)
            holders = [holder] if owner else [m for n, m in list(sys.modules.items()) if n.split(".")[0] == "suite"]
            for h in holders:
                if vars(h).get(name) is original:
                    setattr(h, name, timed)
                    changed.append((h, name, original))
    try:
        yield clock
    finally:
        for h, name, original in changed:
            setattr(h, name, original)


def shares(target: str, profile: str = "quick", names: tuple[str, ...] = FIXED) -> dict[str, float]:
    """The shares of one audit in this process, without the start of the command and the fresh process at its end."""
    prepared = prepare(Request(target, names, profile=profile))
    with timers() as clock, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a library's warnings are not the audit's
        start = time.perf_counter()
        judge_all(prepared.todo, prepared.target, prepared.plan, None, lambda judged: None)
        return clock.shares(time.perf_counter() - start)
