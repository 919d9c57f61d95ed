"""The command ``lawful``: audit, accept, reproduce, concepts."""

import argparse
import datetime
import json
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from suite.verdict import Severity

LAST = Path(".lawful")  # where the last report is kept when --report names no other folder


def parser() -> argparse.ArgumentParser:
    main = argparse.ArgumentParser(
        prog="lawful", description="Hold a library to the laws of the mathematics of deep learning."
    )
    main.add_argument("--debug", action="store_true", help="show tracebacks")
    commands = main.add_subparsers(dest="command", required=True, metavar="COMMAND")

    a = commands.add_parser("audit", help="judge a library", description="Judge a library against rigorous truth.")
    a.add_argument(
        "--target", default="torch", help="numpy, torch, a file ending in .py, or an importable module (default: torch)"
    )
    a.add_argument("--concept", action="append", default=[], metavar="NAME", help="only this concept (repeatable)")
    a.add_argument("--law", action="append", default=[], metavar="NAME", help="only this law (repeatable)")
    a.add_argument("--dtype", nargs="+", action="extend", default=[], metavar="DTYPE", help="only these formats")
    a.add_argument("--device", default="cpu", help="cpu or cuda")
    a.add_argument("--profile", default="ci", help="quick, ci (default) or thorough")
    a.add_argument("--seed", type=int, default=0)
    a.add_argument(
        "-n",
        dest="workers",
        type=int,
        default=os.cpu_count() or 1,
        metavar="WORKERS",
        help="processes (default: all cores)",
    )
    a.add_argument(
        "--known", action="append", default=[], metavar="FILE", help="a TOML file of known findings (repeatable)"
    )
    a.add_argument(
        "--fail-on", default="inaccurate", choices=[s.value for s in Severity], help="exit 1 from this severity on"
    )
    a.add_argument("--strict", action="store_true", help="exit 1 also when a known finding is fixed")
    a.add_argument("--report", metavar="DIR", help="write report.json and index.html there")
    a.set_defaults(run=audit)

    b = commands.add_parser("accept", help="make a finding of the last report a known one")
    b.add_argument("id", help="the finding's identifier, or all")
    b.add_argument("--known", required=True, metavar="FILE", help="the TOML file to write it to")
    b.add_argument("--reason", required=True)
    b.add_argument("--upstream", default="", help="the address of the upstream issue")
    b.add_argument("--severity", choices=[s.value for s in Severity], help="another severity (convention: documented)")
    b.add_argument("--report", metavar="DIR", default=str(LAST))
    b.set_defaults(run=accept)

    c = commands.add_parser("reproduce", help="run one finding of the last report again (exit 1: still there)")
    c.add_argument("id")
    c.add_argument("--report", metavar="DIR", default=str(LAST))
    c.set_defaults(run=reproduce)

    d = commands.add_parser("concepts", help="the table of concepts and laws")
    d.add_argument("--format", choices=["text", "json", "markdown"], default="text")
    d.set_defaults(run=show_concepts)
    for sub in (a, b, c, d):  # accepted before and after the command
        sub.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    return main


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code; an error is one sentence on standard error."""
    arguments = parser().parse_args(argv)
    warnings.simplefilter("ignore")  # a library's warnings are not the audit's
    from suite.known import KnownError
    from suite.session import UsageError
    from suite.targets.library import TargetError

    command: Callable[[argparse.Namespace], int] = arguments.run
    try:
        return command(arguments)
    except (UsageError, KnownError, TargetError, OSError, KeyboardInterrupt) as error:
        if arguments.debug:
            traceback.print_exc()
        if isinstance(error, KeyboardInterrupt):
            print("lawful: interrupted", file=sys.stderr)
            return 130
        print(f"lawful: {error}", file=sys.stderr)
        return 3 if isinstance(error, TargetError) and not error.usage else 2


def audit(arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from suite.report import document, terminal
    from suite.session import Request, exit_code, prepare, run

    folder = Path(arguments.report) if arguments.report else LAST
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
    console = Console(soft_wrap=False)
    with terminal.Progress(console) as progress:
        progress.start(len(prepared.todo))
        result, interrupted = run(prepared, progress.advance)
    terminal.table(result, console)
    terminal.findings(result, console)
    saved = save(result, folder, document.write)
    console.print(
        terminal.summary_line(result, float(result.head["seconds"])), markup=False, highlight=False, soft_wrap=True
    )
    if saved and arguments.report:
        console.print(f"report: {folder / 'index.html'}", markup=False, highlight=False, soft_wrap=True)
    return exit_code(result, interrupted, Severity(arguments.fail_on), arguments.strict)


def writable(folder: Path) -> None:
    """A report that cannot be written is found before the audit, not after it."""
    from suite.session import UsageError

    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".probe"
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        raise UsageError(f"--report {folder}: cannot be written ({error.strerror}); name another folder") from error


def save(result: object, folder: Path, write: Callable[..., None]) -> bool:
    """A disk that is full costs the report, not the verdicts."""
    try:
        write(result, folder)
        return True
    except OSError as error:
        print(f"lawful: the report was not written to {folder}: {error.strerror}", file=sys.stderr)
        return False


def _found(arguments: argparse.Namespace) -> Any:
    from suite.report import document
    from suite.session import UsageError, nearest

    path = Path(arguments.report) / "report.json"
    if not path.is_file():
        raise UsageError(f"{path}: no report there; run `lawful audit` first, or name its folder with --report")
    try:
        report = document.read(path)
    except ValueError as error:
        raise UsageError(str(error)) from error
    found = {f.id: f for f in document.findings(report)}
    if arguments.id == "all":
        return report, [f for f in found.values() if not f.known]
    if arguments.id not in found:
        raise UsageError(f"{path} has no finding {arguments.id!r}{nearest(arguments.id, tuple(found))}")
    return report, [found[arguments.id]]


def accept(arguments: argparse.Namespace) -> int:
    from suite import known
    from suite.session import platform_of

    report, findings = _found(arguments)
    path = Path(arguments.known)
    entries = known.read(path) if path.exists() else ()
    severity = Severity(arguments.severity) if arguments.severity else None
    today = datetime.date.today().isoformat()
    where = platform_of(report["head"])
    for finding in findings:
        new = known.accepted(finding, arguments.reason, today, where, arguments.upstream, severity)
        entries = known.merged(entries, new)
        print(f"{finding.id} ({finding.concept} {finding.dtype}, {finding.law}) is known in {path}")
    known.write(path, entries)
    return 0


def reproduce(arguments: argparse.Namespace) -> int:
    from suite.audit import call_names, refuted_again
    from suite.targets.library import load

    report, (finding, *_) = _found(arguments)
    target = load(report["head"]["target"], finding.device, call_names())
    again = refuted_again(finding, target)
    print(f"{finding.id} {finding.concept} {finding.dtype}, law {finding.law}, route {finding.route}: {finding.claim}")
    print(finding.reproduction)
    if again is None:
        print("not refuted: the witness passes now")
        return 0
    print(
        f"refuted again ({again.severity}): got {again.got}, truth in {list(again.enclosure)}, "
        f"allowed {again.allowed} ({again.basis})"
    )
    return 1


def show_concepts(arguments: argparse.Namespace) -> int:
    from suite.catalogue import as_markdown, as_text, catalogue

    rows = catalogue()
    text = {
        "json": lambda: json.dumps(rows, indent=2),
        "markdown": lambda: as_markdown(rows),
        "text": lambda: as_text(rows),
    }
    print(text[arguments.format]())
    return 0


if __name__ == "__main__":
    sys.exit(main())
