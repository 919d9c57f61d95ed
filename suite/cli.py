"""The command ``lawful``: audit, accept, reproduce, concepts, power, bench."""

import argparse
import datetime
import importlib
import json
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suite.verdict import Audit, Finding, Severity, Verdict

if TYPE_CHECKING:
    from suite.targets.protocol import Target

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

    p = commands.add_parser("power", help="what the suite catches: seeded bugs, and right versions it must not accuse")
    p.add_argument("--profile", default="ci", help="quick, ci (default) or thorough")
    p.add_argument("--concept", action="append", default=[], metavar="NAME", help="only this concept (repeatable)")
    p.add_argument("--law", action="append", default=[], metavar="NAME", help="only this law (repeatable)")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("-n", dest="workers", type=int, default=os.cpu_count() or 1, metavar="WORKERS", help="processes")
    p.add_argument("--no-peers", dest="peers", action="store_false", help="leave out the other tools")
    p.add_argument("--report", metavar="DIR", help="write power.json and power.html there")
    p.add_argument("--record", action="store_true", help="record what is not killed as what may not be")
    p.set_defaults(run=power)

    e = commands.add_parser("bench", help="compare the speed and accuracy of two commits, in a checkout of lawful")
    g = e.add_subparsers(dest="what", required=True, metavar="WHAT").add_parser(
        "gate", help="exit 1 if HEAD is slower or less accurate than BASE, 2 if that could not be measured"
    )
    g.add_argument("base", metavar="BASE", help="a commit")
    g.add_argument("head", metavar="HEAD", help="a commit")
    g.add_argument("--factor", type=float, default=1.1, help="how much slower or less accurate counts (default: 1.1)")
    g.add_argument("--only", default="", metavar="REGEX", help="only the rows that it finds, of all concepts")
    g.add_argument("--python", default=sys.executable, help="the interpreter that measures (default: this one)")
    g.set_defaults(run=bench_gate)
    for sub in (a, b, c, d, p, g):  # accepted before and after the command
        sub.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    return main


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code; an error is one sentence on standard error."""
    arguments = parser().parse_args(argv)
    warnings.simplefilter("ignore")  # a library's warnings are not the audit's
    command: Callable[[argparse.Namespace], int] = arguments.run
    try:
        return command(arguments)
    except KeyboardInterrupt:
        complain("interrupted")
        return 130
    except Exception as error:
        if arguments.debug:
            traceback.print_exc()
        sentence, code = answer(error)
        complain(sentence)
        return code


def answer(error: Exception) -> tuple[str, int]:
    """What is said of an error, and the exit code; those of ours know theirs."""
    code = getattr(error, "exit_code", 2 if isinstance(error, OSError) else None)
    if code is not None:
        return str(error), code
    return f"a fault of lawful itself, {type(error).__name__}: {error}; please report it with what --debug shows", 3


def complain(sentence: str) -> None:
    from suite.report.wording import one_line

    print(f"lawful: {one_line(sentence)}", file=sys.stderr)


def say(text: str) -> None:
    """Text of a target or a path never reaches the terminal as an escape sequence."""
    from suite.report.wording import printable

    print(printable(text, sys.stdout.encoding))


def audit(arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from suite.audit.session import Request, exit_code, prepare, run
    from suite.report import document, terminal

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
    if interrupted:
        complain(f"interrupted: {groups_of(result)} of {len(prepared.todo)} groups were judged")
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
    from suite.audit.session import UsageError

    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".probe"
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        raise UsageError(f"--report {folder}: cannot be written ({error.strerror}); name another folder") from error


def save(result: Audit, folder: Path, write: Callable[..., None]) -> bool:
    """A disk that is full costs the report, not the verdicts."""
    try:
        write(result, folder)
        return True
    except OSError as error:
        complain(f"the report was not written to {folder}: {error.strerror}")
        return False


def _found(arguments: argparse.Namespace) -> Any:
    from suite.audit.session import UsageError, nearest
    from suite.report import document

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
        raise UsageError(
            f"{path} has no finding {arguments.id!r}{nearest(arguments.id, tuple(found), 'it lists them')}"
        )
    return report, [found[arguments.id]]


def accept(arguments: argparse.Namespace) -> int:
    from suite.audit.session import platform_of
    from suite.findings import known

    report, findings = _found(arguments)
    path = Path(arguments.known)
    entries = known.read(path) if path.exists() else ()
    severity = Severity(arguments.severity) if arguments.severity else None
    today = datetime.date.today().isoformat()
    where = platform_of(report["head"])
    for finding in findings:
        new = known.accepted(finding, arguments.reason, today, where, arguments.upstream, severity)
        entries = known.merged(entries, new)
    known.write(path, entries)
    for finding in findings:
        say(f"{finding.id} ({finding.concept} {finding.dtype}, {finding.law}) is known in {path}")
    if not findings:
        say(f"no new finding in the last report: nothing was added to {path}")
    return 0


def reproduce(arguments: argparse.Namespace) -> int:
    from suite.concepts import call_names
    from suite.targets.library import load

    report, findings = _found(arguments)
    target = load(report["head"]["target"], report["head"]["device"], call_names())
    repeated = [again(f, target) for f in findings]
    return int(any(repeated))


def again(finding: Finding, target: "Target") -> bool:
    """Whether the witness is refuted once more; it says what it ran and what came out."""
    from suite.audit.recheck import refuted_again
    from suite.concepts import concepts
    from suite.targets.protocol import TargetError

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


def power(arguments: argparse.Namespace) -> int:
    from suite.power.command import power as run

    return run(arguments)


def bench_gate(arguments: argparse.Namespace) -> int:
    """The benchmarks belong to a checkout: the wheel has only ``reference`` and ``suite``."""
    from suite.audit.session import UsageError

    root = Path.cwd()
    if not (root / "benchmarks" / "gate.py").is_file():
        raise UsageError("lawful bench gate: there is no benchmarks/ here; run it at the top of a checkout of lawful")
    sys.path.append(str(root))
    gate: Callable[..., int] = importlib.import_module("benchmarks.gate").gate
    return gate(arguments.base, arguments.head, arguments.factor, arguments.only, arguments.python)


def show_concepts(arguments: argparse.Namespace) -> int:
    from suite.audit.catalogue import as_markdown, as_text, catalogue

    rows = catalogue()
    text = {
        "json": lambda: json.dumps(rows, indent=2),
        "markdown": lambda: as_markdown(rows),
        "text": lambda: as_text(rows),
    }
    say(text[arguments.format]())
    return 0


if __name__ == "__main__":
    sys.exit(main())
