"""One audit from the selection to the report: what the command line and the pytest plugin share."""

import datetime
import importlib.metadata
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from suite.audit import expected
from suite.audit.cells import groups, law_names
from suite.audit.engine import judge_all
from suite.audit.group import Judged
from suite.audit.names import UsageError, nearest
from suite.audit.plan import PROFILES, Plan
from suite.audit.recheck import recheck
from suite.concepts import call_names, concepts, topics
from suite.floats import FORMATS
from suite.targets.library import Library
from suite.targets.loading import load
from suite.verdict import Audit, Cell, Finding, KnownBroken, Severity, Verdict


@dataclass(frozen=True)
class Request:
    """What a user asks for."""

    target: str = "torch"
    concepts: tuple[str, ...] = ()
    laws: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = ()
    device: str = "cpu"
    profile: str = "ci"
    seed: int = 0
    workers: int | None = None  # processes; None: judge in this one, which a target may end
    known: tuple[str, ...] = ()
    cases: int = 0  # that a group draws; 0: as many as the profile says
    folder: str = field(default_factory=os.getcwd)  # a target may leave it when it is loaded

    def checked(self) -> "Request":
        """Names that do not exist are answered with the nearest ones."""
        for what, given, legal in (
            ("concept", self.concepts, tuple(concepts())),
            ("law", self.laws, law_names()),
            ("dtype", self.dtypes, tuple(FORMATS)),
            ("profile", (self.profile,), tuple(PROFILES)),
            ("device", (self.device,), ("cpu", "cuda")),
        ):
            for name in given:
                if name not in legal:
                    raise UsageError(f"unknown {what} {name!r}{nearest(name, legal)}")
        if self.workers is not None and self.workers < 1:
            raise UsageError(f"-n {self.workers}: at least one worker is needed")
        return self


@dataclass(frozen=True)
class Prepared:
    """A target that is loaded, its groups, and what is known of it."""

    request: Request
    target: Library
    todo: tuple[tuple[str, str], ...]
    plan: Plan
    broken: tuple[KnownBroken, ...] = ()  # cells that are known to be
    idle: tuple[str, ...] = ()  # sentences on what is known of no cell of the target


def prepare(request: Request) -> Prepared:
    """Everything that can be wrong with a request is found here, before the first cell."""
    request = request.checked()
    given = expected.read(request.known)
    for entry in given.entries:
        expected.named(entry)
    target = load(request.target, request.device, call_names())
    for known in given.known:
        expected.fitting(known, target)
    every = given.of(target, request.target)
    todo = tuple(groups(target, request.concepts, request.dtypes))
    if not todo:
        wanted = ", ".join(request.concepts) or "any concept"
        raise UsageError(f"{request.target} has no function for {wanted}")
    plan = Plan(
        request.target,
        request.device,
        request.profile,
        request.seed,
        request.laws,
        every.known,
        request.cases,
        request.folder,
    )
    return Prepared(request, target, todo, plan, every.broken, every.idle(target))


def run(prepared: Prepared, advance: Callable[[str], None]) -> tuple[Audit, int]:
    """The audit, and the exit code of what interrupted it (or 0); what was judged until then is kept."""
    started, clock = datetime.datetime.now(datetime.UTC), time.monotonic()
    arrived: dict[tuple[str, str], Judged] = {}

    def done(judged: Judged) -> None:
        arrived[judged.group] = expected.marked(judged, prepared.broken)
        advance("-".join(judged.group))

    interrupted = 0
    try:
        judge_all(prepared.todo, prepared.target, prepared.plan, prepared.request.workers, done)
        judged = [arrived[g] for g in prepared.todo]
        confirmed = confirm(judged, prepared.request)
    except KeyboardInterrupt as stop:
        interrupted = getattr(stop, "exit_code", 130)
        confirmed = [arrived[g] for g in prepared.todo if g in arrived]
    audit = Audit(
        head(prepared, started, time.monotonic() - clock),
        tuple(c for j in confirmed for c in j.cells),
        tuple(f for j in confirmed for f in j.fixed),
        curves(confirmed),
        tuple(dict.fromkeys(b for j in confirmed for b in j.broken)),
    )
    return audit, interrupted


def curves(judged: Sequence[Judged]) -> dict[str, dict[str, Any]]:
    out: dict[str, dict[str, Any]] = {}
    for j in judged:
        if j.curve:
            out.setdefault(j.group[0], {})[j.group[1]] = j.curve
    return out


def confirm(judged: Sequence[Judged], request: Request) -> list[Judged]:
    """Every new finding is run once more by a fresh process; one that does not repeat is *unstable*."""
    fresh = [c.finding for j in judged for c in j.cells if c.finding and not c.known and c.verdict is Verdict.REFUTED]
    again = dict(
        zip((f.key for f in fresh), recheck(fresh, request.target, request.device, request.folder), strict=True)
    )

    def marked(cell: Cell) -> Cell:
        if cell.finding is None or again.get(cell.finding.key, True):
            return cell
        return replace(cell, verdict=Verdict.UNSTABLE, finding=replace(cell.finding, repeats=False))

    return [replace(j, cells=tuple(map(marked, j.cells))) for j in judged]


def head(prepared: Prepared, started: datetime.datetime, seconds: float) -> dict[str, Any]:
    """What the result depends on."""
    about = dict(prepared.target.describe())
    return {
        "target": prepared.request.target,
        "version": about.pop("version"),
        "build": about.pop("build", None),
        "device": prepared.request.device,
        "cpu": cpu_features(),
        "threads": about.pop("threads", None),
        "seed": prepared.request.seed,
        "profile": prepared.request.profile,
        "suite": version(),
        "hypothesis": importlib.metadata.version("hypothesis"),
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(seconds, 2),
        "topics": dict(topics()),
        "upstream": {k.id: k.upstream for k in prepared.plan.known if k.upstream},
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": platform.machine(),
        **{k: v for k, v in about.items() if v},
    }


def version() -> str:
    try:
        return importlib.metadata.version("lawful")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def cpu_features() -> list[str]:
    """The instruction sets that NumPy found on this machine."""
    found = np.show_config(mode="dicts")["SIMD Extensions"]
    return [*found.get("baseline", []), *found.get("found", [])]


def platform_of(head: Mapping[str, Any]) -> dict[str, str]:
    """What a known finding says of where it was seen."""
    return {
        "version": str(head.get("version")),
        "isa": str(head.get("isa", "")),
        "machine": str(head.get("machine", "")),
        "threads": str(head.get("threads")),
    }


def exit_code(audit: Audit, interrupted: int, fail_on: Severity, strict: bool) -> int:
    """0 nothing new; 1 new findings (strict: or a known one fixed); 3 nothing judged, or broken; 130, 143 stopped."""
    if interrupted:
        return interrupted
    unstable = any(c.verdict is Verdict.UNSTABLE and not c.known for c in audit.cells)
    if audit.new(fail_on) or unstable or (strict and audit.fixed):
        return 1
    judged = any(c.verdict not in (Verdict.NOT_JUDGED, Verdict.BROKEN) for c in audit.cells)
    return 0 if judged and not audit.broken_new else 3


__all__ = ["Finding", "Prepared", "Request", "UsageError", "exit_code", "nearest", "platform_of", "prepare", "run"]
