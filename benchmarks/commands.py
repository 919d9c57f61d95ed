"""Runs of the command ``lawful`` in processes of their own: time, memory, what was judged."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import suite

ROOT = str(Path(suite.__file__).parent.parent)  # a command must judge with this suite, installed or not


@dataclass(frozen=True)
class Run:
    """What a command took. ``cpu`` counts its workers too, and is what other jobs disturb least."""

    wall: float  # seconds
    cpu: float  # seconds of all its processes, user and system
    largest: float  # MiB: the high-water mark of its largest process
    together: float  # MiB: the most that all its processes held at one time, shared pages counted once


def command(*arguments: str) -> Run:
    """One run of ``python ARGUMENTS``; an exit code above 1 is an error, for 1 only says that there are findings."""
    here = dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, [ROOT, os.environ.get("PYTHONPATH")])))
    peak, over = {"hwm": 0.0, "pss": 0.0}, threading.Event()
    with tempfile.TemporaryFile() as errors, tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        child = subprocess.Popen(
            [sys.executable, *arguments], cwd=folder, env=here, stdout=subprocess.DEVNULL, stderr=errors
        )
        sampler = threading.Thread(target=_sample, args=(child.pid, peak, over))
        sampler.start()
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        over.set()
        sampler.join()
        if child.returncode not in (0, 1):
            errors.seek(0)
            text = errors.read().decode(errors="replace").strip()[-500:]
            raise RuntimeError(f"python {' '.join(arguments)} ended with {child.returncode}: {text}")
    return Run(wall, usage.ru_utime + usage.ru_stime, peak["hwm"], max(peak.values()))


def audit(*arguments: str) -> tuple[Run, dict[str, int]]:
    """One run of ``lawful audit``, and the tally of its report: cells, cases, elements."""
    with tempfile.TemporaryDirectory() as folder:
        run = command("-m", "suite.cli", "audit", *arguments, "--report", folder)
        cells = json.loads((Path(folder) / "report.json").read_text())["cells"]
    return run, {"cells": len(cells), **{k: sum(c[k] for c in cells) for k in ("cases", "elements")}}


def power(*arguments: str) -> tuple[Run, dict[str, Any]]:
    """One run of ``lawful power``, and what it writes to power.json."""
    with tempfile.TemporaryDirectory() as folder:
        run = command("-m", "suite.cli", "power", *arguments, "--report", folder)
        return run, json.loads((Path(folder) / "power.json").read_text())


def _sample(root: int, peak: dict[str, float], over: threading.Event) -> None:
    """Ten times a second, from /proc (elsewhere than on Linux the peaks stay 0).

    getrusage's maximum does not do: a child starts with its parent's, so that after a benchmark in
    this process every command would read at least as much.
    """
    while not over.wait(0.1):
        family = _family(root)
        peak["hwm"] = max([peak["hwm"], *(_field(pid, "status", "VmHWM:") for pid in family)])
        peak["pss"] = max(peak["pss"], sum(_field(pid, "smaps_rollup", "Pss:") for pid in family))


def _family(pid: int) -> list[int]:
    try:
        children = [int(c) for t in Path(f"/proc/{pid}/task").iterdir() for c in (t / "children").read_text().split()]
    except OSError:  # it has ended, or there is no /proc
        return [pid]
    return [pid, *(p for c in children for p in _family(c))]


def _field(pid: int, file: str, name: str) -> float:
    """A size that the kernel gives in KiB, in MiB."""
    try:
        lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(name)), 0.0)
