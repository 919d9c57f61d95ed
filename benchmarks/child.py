"""Modules of this package in processes of their own, with the suite of another commit."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.grid import ROOT

# this checkout comes last on the path: its benchmarks are found, its suite only where there is no other
BOOT = (
    "import runpy, sys; sys.path.append(sys.argv.pop(1)); "
    "runpy.run_module(sys.argv.pop(1), run_name='__main__', alter_sys=True)"
)


def command(module: str, *arguments: str, python: str = sys.executable) -> list[str]:
    return [python, "-P", "-c", BOOT, str(ROOT), module, *arguments]


def run(
    module: str,
    *arguments: str,
    tree: Path | None = None,
    python: str = sys.executable,
    before: Sequence[str] = (),
    threads: str = "",
) -> subprocess.CompletedProcess[str]:
    """``python -m module`` with the suite in ``tree``; without one, with the suite that is installed."""
    environment = dict(os.environ, PYTHONHASHSEED="0")  # an order of hashing of its own would count as a change
    if tree is not None:
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(tree), os.environ.get("PYTHONPATH")]))
    if threads:
        environment["LAWFUL_THREADS"] = threads
    return subprocess.run(
        [*before, *command(module, *arguments, python=python)], env=environment, capture_output=True, text=True
    )


def last_line(text: str) -> str:
    """What a process said last, which of a traceback is the error."""
    return (text.strip().splitlines() or ["nothing was said"])[-1]
