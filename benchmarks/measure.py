"""The clock, the meter of a command's time and memory, and the inputs that benchmarks share."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

import suite
from suite.audit import call_names
from suite.case import Case
from suite.concepts import concepts
from suite.floats import FORMATS
from suite.inputs import Recipe
from suite.targets.library import Library, load

# one of each shape of work: elementwise cheap and dear, reduction, row, product, loss, certificate, procedure
FIXED = ("add", "exp", "sigmoid", "gelu", "sum", "softmax", "matmul", "cross_entropy", "solve", "gradient_descent")
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


def best(call: Callable[[], object], repeats: int = 7) -> tuple[float, float]:
    """The least wall time of several, and the least CPU time of this thread, which other jobs hardly disturb."""
    wall, cpu = [], []
    with np.errstate(all="ignore"):
        for _ in range(repeats):
            before = time.perf_counter(), time.thread_time()
            call()
            wall.append(time.perf_counter() - before[0])
            cpu.append(time.thread_time() - before[1])
    return min(wall), min(cpu)


@cache
def library(target: str) -> Library:
    return load(target, "cpu", call_names())


@cache
def reals(shape: Sequence[int], dtype: str) -> np.ndarray:
    """Normal numbers over nine decades, the same in every run."""
    rng = np.random.default_rng(0)
    return FORMATS[dtype].round(rng.standard_normal(shape) * np.exp(rng.uniform(-16, 4.5, shape)))


def case(concept: str, shape: tuple[int, ...], dtype: str = "float32", target: str = "numpy") -> Case:
    """A new case, so that nothing of it has been evaluated yet, over cached inputs."""
    return Case(concepts()[concept], FORMATS[dtype], library(target), (reals(shape, dtype),), Recipe((), 0, 0))
