"""``lawful audit``, ``accept``, ``reproduce`` and ``concepts``: what they print, what they write, how they exit."""

import argparse
import datetime
import json
from pathlib import Path
from typing import Any

from rich.console import Console

from suite.audit import process
from suite.audit.catalogue import as_markdown, as_text, catalogue
from suite.audit.recheck import refuted_again
from suite.audit.session import Request, UsageError, exit_code, nearest, platform_of, prepare, run
from suite.concepts import call_names, concepts
from suite.findings import known as known_findings
from suite.report import document, terminal
from suite.report.voice import complain, say
from suite.targets.loading import load
from suite.targets.protocol import Target, TargetError
from suite.verdict import Audit, Finding, Severity, Verdict

LAST = Path(".lawful")  # where the last report is kept when --report names no other folder


def audit(arguments: argparse.Namespace) -> int:

    folder = Path(arguments.report) if arguments.report else LAST
    place = folder.absolute()  # a target may change the working directory when it is loaded
    if arguments.report:
        writable(folder)
    request = Request(
        arguments.target,
        tuple(arguments.concept),
        tuple(arguments.law),
        tuple(arguments.dtype),
        arguments.device,
        arguments.profile,
        arguments.seed,
        arguments.workers,
        tuple(arguments.known),
    )
    prepared = prepare(request)
    for sentence in prepared.idle:
        complain(sentence)
    console = Console(soft_wrap=False)
    with terminal.Progress(console) as progress:
        progress.start(len(prepared.todo))
        result, interrupted = run(prepared, progress.advance)
    # the report comes first: what follows may meet a reader who has gone, a terminal that closes, a second signal
    process.disobey_sigterm()
    saved = save(result, place, folder)
    terminal.table(result, console)
    terminal.findings(result, console)
    console.print(
        terminal.summary_line(result, float(result.head["seconds"])), markup=False, highlight=False, soft_wrap=True
    )
    if saved and arguments.report:
        console.print(f"report: {folder / 'index.html'}", markup=False, highlight=False, soft_wrap=True)
    if interrupted:
        stopped = "terminated" if interrupted == process.Terminated.exit_code else "interrupted"
        complain(f"{stopped}: {groups_of(result)} of {len(prepared.todo)} groups were judged")
    elif not any(c.verdict is not Verdict.NOT_JUDGED for c in result.cells):
        complain(f"no cell was judged: {reason_of(result)}")
    return exit_code(result, interrupted, Severity(arguments.fail_on), arguments.strict)


def groups_of(result: Audit) -> int:
    return len({(c.concept, c.dtype) for c in result.cells})


def reason_of(result: Audit) -> str:
    """Why a target was not judged, where a cell says so."""
    return next((c.reason for c in result.cells if c.reason), "no law that was asked for applies to it")


def writable(folder: Path) -> None:
    """A report that cannot be written is found before the audit, not after it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".probe"
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        raise UsageError(f"--report {folder}: cannot be written ({error.strerror}); name another folder") from error


def save(result: Audit, place: Path, called: Path) -> bool:
    """A disk that is full costs the report, not the verdicts."""
    try:
        document.write(result, place)
        return True
    except OSError as error:
        complain(f"the report was not written to {called}: {error.strerror}")
        return False


def last(arguments: argparse.Namespace) -> Any:
    """The last report."""
    path = Path(arguments.report) / "report.json"
    if not path.is_file():
        raise UsageError(f"{path}: no report there; run `lawful audit` first, or name its folder with --report")
    try:
        return document.read(path)
    except ValueError as error:
        raise UsageError(str(error)) from error


def asked_for(arguments: argparse.Namespace, report: Any) -> list[Finding]:
    path = Path(arguments.report) / "report.json"
    found = {f.id: f for f in document.findings(report)}
    if arguments.id == "all":
        return [f for f in found.values() if not f.known]
    if arguments.id not in found:
        raise UsageError(
            f"{path} has no finding {arguments.id!r}{nearest(arguments.id, tuple(found), 'it lists them')}"
        )
    return [found[arguments.id]]


def is_broken(cell: Any, asked: str) -> bool:
    """Whether that broken cell is asked for: by its name, or the front of it, or as one that is not known yet."""
    name = "-".join(cell[part] for part in ("concept", "dtype", "law", "route"))
    there = not cell["known"] if asked == "all" else f"{name}-".startswith(f"{asked}-")
    return cell["verdict"] == Verdict.BROKEN and there


def accept(arguments: argparse.Namespace) -> int:

    report = last(arguments)
    cells = [c for c in report["cells"] if is_broken(c, arguments.id)]
    findings = [] if cells and arguments.id != "all" else asked_for(arguments, report)
    path = Path(arguments.known)
    entries, broken = (known_findings.read(path), known_findings.read_broken(path)) if path.exists() else ((), ())
    severity = Severity(arguments.severity) if arguments.severity else None
    today = datetime.date.today().isoformat()
    where = platform_of(report["head"])
    for finding in findings:
        new = known_findings.accepted(finding, arguments.reason, today, where, arguments.upstream, severity)
        entries = known_findings.merged(entries, new)
    added = [known_findings.accepted_broken(c, arguments.reason, today, where, arguments.upstream) for c in cells]
    replaced = {(b.cell, b.device) for b in added}
    known_findings.write(path, entries, [*(b for b in broken if (b.cell, b.device) not in replaced), *added])
    for finding in findings:
        say(f"{finding.id} ({finding.concept} {finding.dtype}, {finding.law}) is known in {path}")
    for entry in added:
        say(f"{entry.id} is known to be broken in {path}: {entry.sentence}")
    if not findings and not added:
        say(f"no new finding in the last report: nothing was added to {path}")
    return 0


def reproduce(arguments: argparse.Namespace) -> int:

    report = last(arguments)
    findings = asked_for(arguments, report)
    target = load(report["head"]["target"], report["head"]["device"], call_names())
    repeated = [again(f, target) for f in findings]
    return int(any(repeated))


def again(finding: Finding, target: Target) -> bool:
    """Whether the witness is refuted once more; it says what it ran and what came out."""
    concept = concepts().get(finding.concept)
    if concept is None or not target.supports(concept.call_name):
        raise TargetError(f"{target.name} has no function for {finding.concept} any more: audit it again")
    found = refuted_again(finding, target)
    say(f"{finding.id} {finding.concept} {finding.dtype}, law {finding.law}, route {finding.route}: {finding.claim}")
    say(finding.reproduction)
    if found is None:
        say("not refuted: the witness passes now")
        return False
    truth = " to ".join(dict.fromkeys(found.enclosure))
    say(f"refuted again ({found.severity}): got {found.got}, truth {truth}, allowed {found.allowed} ({found.basis})")
    return True


def show_concepts(arguments: argparse.Namespace) -> int:

    rows = catalogue()
    text = {
        "json": lambda: json.dumps(rows, indent=2),
        "markdown": lambda: as_markdown(rows),
        "text": lambda: as_text(rows),
    }
    say(text[arguments.format]())
    return 0
