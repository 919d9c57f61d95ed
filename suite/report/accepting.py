"""``lawful accept``: what an audit found becomes known, with what further seeds show of it."""

import argparse
import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from suite.audit.seeds import ENOUGH, Seen
from suite.audit.session import platform_of, prepare, request_of, run
from suite.findings import known as known_findings
from suite.report import document
from suite.report.command import asked_for, last
from suite.report.progress import Progress
from suite.report.voice import complain, say
from suite.verdict import Audit, Finding, Known, KnownBroken, Severity, Verdict


@dataclass
class Accepted:
    """The file of what is known, as it grows."""

    path: Path
    reason: str
    upstream: str
    severity: Severity | None
    entries: tuple[Known, ...] = ()
    broken: tuple[KnownBroken, ...] = ()
    today: str = field(default_factory=lambda: datetime.date.today().isoformat())

    def add(self, findings: list[Finding], cells: list[Any], where: Mapping[str, str]) -> None:
        """Written at once, so that nothing is lost where further seeds are stopped."""
        for f in findings:
            new = known_findings.accepted(f, self.reason, self.today, where, self.upstream, self.severity)
            self.entries = known_findings.merged(self.entries, new)
        added = [known_findings.accepted_broken(c, self.reason, self.today, where, self.upstream) for c in cells]
        replaced = {(b.cell, b.device) for b in added}
        self.broken = (*(b for b in self.broken if (b.cell, b.device) not in replaced), *added)
        known_findings.write(self.path, self.entries, self.broken)
        for f in findings:
            say(f"{f.id} ({f.concept} {f.dtype}, {f.law}) is known in {self.path}")
        for entry in added:
            say(f"{entry.id} is known to be broken in {self.path}: {entry.sentence}")


def accept(arguments: argparse.Namespace) -> int:
    """0; 2: no such finding; 130, 143: stopped, with what was accepted until then."""
    report = last(arguments)
    cells = [c for c in report["cells"] if is_broken(c, arguments.id)]
    findings = [] if cells and arguments.id != "all" else asked_for(arguments, report)
    path = Path(arguments.known)
    old = (known_findings.read(path), known_findings.read_broken(path)) if path.exists() else ((), ())
    severity = Severity(arguments.severity) if arguments.severity else None
    accepted = Accepted(path, arguments.reason, arguments.upstream, severity, *old)
    accepted.add(findings, cells, platform_of(report["head"]))
    if not findings and not cells:
        say(f"no new finding in the last report: nothing was added to {path}")
    if arguments.id == "all" and arguments.seeds:
        return further(accepted, report, arguments.seeds, arguments.workers)
    return 0


def is_broken(cell: Any, asked: str) -> bool:
    """Whether that broken cell is asked for: by its name, or the front of it, or as one that is not known yet."""
    name = "-".join(cell[part] for part in ("concept", "dtype", "law", "route"))
    there = not cell["known"] if asked == "all" else f"{name}-".startswith(f"{asked}-")
    return cell["verdict"] == Verdict.BROKEN and there


def further(accepted: Accepted, report: Any, most: int, workers: int | None) -> int:
    """The same audit with other seeds, until what a further one would show is known but for a small share."""
    seen, first = Seen().after(document.findings(report)), int(report["head"]["seed"])
    for seed in range(first + 1, first + 1 + most):
        request = request_of(report["head"], seed, workers)
        prepared = prepare(request.knowing(str(accepted.path)))
        with Progress(Console(soft_wrap=False)) as progress:
            progress.start(len(prepared.todo))
            result, interrupted = run(prepared, progress.advance)
        fresh = repeated(result)
        accepted.add(fresh, [], platform_of(result.head))
        if interrupted:
            complain(f"stopped in seed {seed}: what was seen until then is known in {accepted.path}")
            return interrupted
        seen = seen.after(result.findings)
        say(f"seed {seed}: {len(fresh)} new; {seen.unseen:.2g} of what a further seed shows is estimated to be new")
        if seen.unseen < ENOUGH:
            return 0
    complain(f"{most} more seeds were not enough: {seen.unseen:.2g} is not below {ENOUGH:g}; --seeds takes more")
    return 0


def repeated(result: Audit) -> list[Finding]:
    """New findings that a fresh process has repeated."""
    sure = (c for c in result.cells if c.finding is not None and not c.known and c.verdict is Verdict.REFUTED)
    return [c.finding for c in sure if c.finding is not None]
