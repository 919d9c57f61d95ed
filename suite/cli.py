"""The command ``lawful``: audit, accept, reproduce, concepts, power, bench; each loads what it needs by itself."""

import argparse
import importlib
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from suite.verdict import Severity

LAST = ".lawful"  # the folder of the last report
Commands = argparse._SubParsersAction  # argparse has no public name for it


def parser() -> argparse.ArgumentParser:
    main = argparse.ArgumentParser(
        prog="lawful", description="Hold a library to the laws of the mathematics of deep learning."
    )
    main.add_argument("--debug", action="store_true", help="show tracebacks")
    commands = main.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for sub in (_audit(commands), _accept(commands), _reproduce(commands), _concepts(commands), _power(commands),
                _bench(commands)):  # fmt: skip
        # accepted before and after the command
        sub.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    return main


def _audit(commands: "Commands[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    a = commands.add_parser("audit", help="judge a library", description="Judge a library against rigorous truth.")
    target = "numpy, torch, a file ending in .py, or an importable module (default: torch)"
    a.add_argument("--target", default="torch", help=target)
    _selection(a)
    a.add_argument("--dtype", nargs="+", action="extend", default=[], metavar="DTYPE", help="only these formats")
    a.add_argument("--device", default="cpu", help="cpu or cuda")
    _workers(a, "processes (default: all cores)")
    known = "a TOML file of known findings (repeatable)"
    a.add_argument("--known", action="append", default=[], metavar="FILE", help=known)
    fail_on = "exit 1 from this severity on"
    a.add_argument("--fail-on", default="inaccurate", choices=[s.value for s in Severity], help=fail_on)
    a.add_argument("--strict", action="store_true", help="exit 1 also when a known finding is fixed")
    a.add_argument("--report", metavar="DIR", help="write report.json and index.html there")
    a.set_defaults(run="suite.report.command:audit")
    return a


def _accept(commands: "Commands[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    b = commands.add_parser("accept", help="make a finding, or a broken cell, of the last report a known one")
    b.add_argument("id", help="the finding's identifier, a broken cell's name (or the front of it), or all")
    b.add_argument("--known", required=True, metavar="FILE", help="the TOML file to write it to")
    b.add_argument("--reason", required=True)
    b.add_argument("--upstream", default="", help="the address of the upstream issue")
    b.add_argument("--severity", choices=[s.value for s in Severity], help="another severity (convention: documented)")
    b.add_argument("--report", metavar="DIR", default=LAST)
    b.set_defaults(run="suite.report.command:accept")
    return b


def _reproduce(commands: "Commands[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    c = commands.add_parser("reproduce", help="run one finding of the last report again (exit 1: still there)")
    c.add_argument("id")
    c.add_argument("--report", metavar="DIR", default=LAST)
    c.set_defaults(run="suite.report.command:reproduce")
    return c


def _concepts(commands: "Commands[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    d = commands.add_parser("concepts", help="the table of concepts and laws")
    d.add_argument("--format", choices=["text", "json", "markdown"], default="text")
    d.set_defaults(run="suite.report.command:show_concepts")
    return d


def _power(commands: "Commands[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    p = commands.add_parser("power", help="what the suite catches: seeded bugs, and right versions it must not accuse")
    _selection(p)
    _workers(p, "processes")
    part = "developed (default), held-out (half of all bugs, for the published figure only) or all"
    p.add_argument("--part", choices=["developed", "held-out", "all"], default="developed", help=part)
    p.add_argument("--no-peers", dest="peers", action="store_false", help="leave out the other tools")
    p.add_argument("--report", metavar="DIR", help="write power.json and power.html there")
    p.add_argument("--record", action="store_true", help="record what is not killed as what may not be")
    p.set_defaults(run="suite.power.command:power")
    return p


def _bench(commands: "Commands[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    e = commands.add_parser("bench", help="compare the speed and accuracy of two commits, in a checkout of lawful")
    g = e.add_subparsers(dest="what", required=True, metavar="WHAT").add_parser(
        "gate", help="exit 1 if HEAD is slower or less accurate than BASE, 2 if that could not be measured"
    )
    g.add_argument("base", metavar="BASE", help="a commit")
    g.add_argument("head", metavar="HEAD", help="a commit")
    g.add_argument("--factor", type=float, default=1.1, help="how much slower or less accurate counts (default: 1.1)")
    g.add_argument("--only", default="", metavar="REGEX", help="only the rows that it finds, of all concepts")
    g.add_argument("--python", default=sys.executable, help="the interpreter that measures (default: this one)")
    g.set_defaults(run="suite.cli:bench_gate")
    return g


def _selection(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--concept", action="append", default=[], metavar="NAME", help="only this concept (repeatable)")
    sub.add_argument("--law", action="append", default=[], metavar="NAME", help="only this law (repeatable)")
    sub.add_argument("--profile", default="ci", help="quick, ci (default) or thorough")
    sub.add_argument("--seed", type=int, default=0)


def _workers(sub: argparse.ArgumentParser, text: str) -> None:
    cores = os.cpu_count() or 1
    sub.add_argument("-n", dest="workers", type=int, default=cores, metavar="WORKERS", help=text)


def process() -> NoReturn:
    """The command as a process of its own, which ends with the verdict's code whatever a target or a reader does."""
    from suite.audit import process

    streams = process.outlast()
    process.obey_sigterm()
    process.keep_alive()
    try:
        code = main()
    except SystemExit as ended:  # argparse's
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    process.flush()
    for fault in (s.fault for s in streams if s.fault and not isinstance(s.fault, BrokenPipeError)):
        _complain(f"the output was not written: {fault.strerror}")
    process.end(code)


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code; an error is one sentence on standard error."""
    arguments = parser().parse_args(argv)
    warnings.simplefilter("ignore")  # a library's warnings are not the audit's
    module, _, name = arguments.run.partition(":")
    try:
        command: Callable[[argparse.Namespace], int] = getattr(importlib.import_module(module), name)
        return command(arguments)
    except KeyboardInterrupt as stop:
        code = getattr(stop, "exit_code", 130)
        _complain("interrupted" if code == 130 else "terminated")
        return code
    except Exception as error:
        if arguments.debug:
            traceback.print_exc()
        sentence, code = answer(error)
        _complain(sentence)
        return code


def answer(error: Exception) -> tuple[str, int]:
    """What is said of an error, and the exit code; those of ours know theirs."""
    code = getattr(error, "exit_code", 2 if isinstance(error, OSError) else None)
    if code is not None:
        return str(error), code
    return f"a fault of lawful itself, {type(error).__name__}: {error}; please report it with what --debug shows", 3


def _complain(sentence: str) -> None:
    from suite.report.voice import complain

    complain(sentence)


def bench_gate(arguments: argparse.Namespace) -> int:
    """The benchmarks belong to a checkout: the wheel has only ``reference`` and ``suite``."""
    from suite.audit.session import UsageError

    root = Path.cwd()
    if not (root / "benchmarks" / "gate.py").is_file():
        raise UsageError("lawful bench gate: there is no benchmarks/ here; run it at the top of a checkout of lawful")
    sys.path.append(str(root))
    gate: Callable[..., int] = importlib.import_module("benchmarks.gate").gate
    return gate(arguments.base, arguments.head, arguments.factor, arguments.only, arguments.python)


if __name__ == "__main__":
    process()
