"""Measures rows and writes each as it is found, so that a crash costs only the rows after it.

``python -m benchmarks.figures FILE`` runs in a process that fixes the threads before NumPy and torch
are loaded; ``measured`` runs it once for each library and device.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from benchmarks import child, grid
from benchmarks.grid import LARGE, SMALL, row

Figure = float | str  # a string says why there is no number: "n/a: ..." or "failed: ..."
Figures = dict[str, Figure]
NOT_HERE, FAILED = "n/a: ", "failed: "


def measured(
    concepts: Sequence[str], dtypes: Sequence[str], sizes: Sequence[int], on: Sequence[str] = grid.ON, **how: Any
) -> Figures:
    """Every row of these, and what the suite's kernels take; a library that crashes costs only its own rows."""
    with tempfile.TemporaryDirectory() as folder:
        inputs = Path(folder) / "hard"
        hard_inputs(inputs, concepts, dtypes)
        asked = ["--hard", str(inputs), "--concepts", *concepts, "--dtypes", *dtypes, "--sizes", *map(str, sizes)]
        found: Figures = {}
        for where in on:
            file = Path(folder) / "figures.jsonl"
            file.write_text("")
            done = child.run("benchmarks.figures", str(file), "--on", where, *asked, **how)
            found.update(read(file))
            if done.returncode:
                found[where] = f"{FAILED}{child.last_line(done.stderr)} (exit status {done.returncode})"
        return found


def hard_inputs(
    folder: Path, concepts: Sequence[str], dtypes: Sequence[str], tree: Path = grid.ROOT, python: str = sys.executable
) -> None:
    """By one suite for every commit that is measured: the inputs and the truth are fixed."""
    asked = [str(folder), "--dtypes", *dtypes, "--concepts", *concepts]
    done = child.run("benchmarks.hard", *asked, tree=tree, threads="1", python=python)
    if done.returncode:
        raise RuntimeError(f"the hard inputs could not be made: {child.last_line(done.stderr)}")


def read(file: Path) -> Figures:
    return dict(json.loads(line) for line in file.read_text().splitlines())


def figure(found: Figures, name: str, where: str) -> float:
    """One row's figure, for asv: a row that does not exist here is skipped, one that failed fails alone."""
    from asv_runner.benchmarks.mark import SkipNotImplemented

    value = found.get(name, found.get(where, f"{NOT_HERE}{name} was not measured"))
    if isinstance(value, float):
        return value
    if value.startswith(NOT_HERE):
        raise SkipNotImplemented(value)
    raise RuntimeError(value)


# -- in the child
def rows(where: str, chosen: argparse.Namespace) -> Iterator[tuple[str, Callable[[], float]]]:
    """Each row with what measures it."""
    if where == "suite":
        yield from suite_rows()
        return
    place = Place(where)
    for name in chosen.concepts:
        for dtype in chosen.dtypes:
            for size in map(int, chosen.sizes):
                for what in ("forward", "backward"):
                    yield row(what, name, where, dtype, size), partial(place.seconds, what, name, dtype, size)
            for what in ("memory", "floor"):
                yield row(what, name, where, dtype), partial(getattr(place, what), name, dtype, LARGE)
            for what in ("ulp", "ulp backward"):
                yield row(what, name, where, dtype), partial(place.ulp, what, name, dtype, chosen.hard)


class Place:
    """A library on a device, and its clock; both are loaded when the first row asks for them."""

    def __init__(self, where: str):
        library, self.device = where.split()
        self.target = "numpy" if library == "reference" else library
        self.seconds = cache(self.time)

    @property
    def loaded(self) -> tuple[Any, Any, Any]:
        """Library, clock, roof."""
        return loaded(self.target, self.device)

    def work(self, name: str, dtype: str, size: int) -> Any:
        from suite.concepts import concepts

        library = self.loaded[0]
        if name not in concepts() or not library.supports(concepts()[name].call_name):
            raise NotImplementedError(f"{self.target} has no {name} in this version")
        return work_of(name, self.target, self.device, dtype, size)

    def time(self, what: str, name: str, dtype: str, size: int) -> float:
        call = getattr(self.work(name, dtype, size), what)
        if call is None:
            raise NotImplementedError(f"{name} has no derivative")
        clock = self.loaded[1]
        return float((clock.latency if size <= SMALL else clock.seconds)(call))

    def memory(self, name: str, dtype: str, size: int) -> float:
        found = self.loaded[1].peak(self.work(name, dtype, size).forward)
        if found is None:
            raise NotImplementedError("peak memory is read from /proc, with glibc")
        return float(found) / 2**20

    def floor(self, name: str, dtype: str, size: int) -> float:
        """How many times longer than the machine needs to move the bytes, or to multiply."""
        least = float(self.loaded[2].least(self.work(name, dtype, size), dtype))
        return self.seconds("forward", name, dtype, size) / least

    def ulp(self, what: str, name: str, dtype: str, folder: str) -> float:
        from benchmarks import hard
        from suite.concepts import concepts

        self.work(name, dtype, SMALL)  # whether the library has it at all
        worst = hard.worst if what == "ulp" else hard.worst_backward
        return worst(concepts()[name], self.loaded[0], dtype, hard.read(Path(folder), name, dtype))


@cache
def loaded(target: str, device: str) -> tuple[Any, Any, Any]:
    from benchmarks.clock import clock_of
    from benchmarks.roofline import Roof
    from suite.concepts import call_names
    from suite.targets.loading import load
    from suite.targets.protocol import TargetError

    try:
        library = load(target, device, call_names())
    except TargetError as error:  # not installed, or no such device
        raise NotImplementedError(str(error)) from error
    if target == "torch" and os.environ.get("LAWFUL_THREADS") != "1":
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        sys.modules["torch"].set_num_threads(cores)  # loading the target has pinned it to one
    clock = clock_of(device)
    return library, clock, Roof(library, clock)


_kept: dict[tuple[Any, ...], Any] = {}


def work_of(*key: Any) -> Any:
    """The last few operands are kept: rows that share them follow each other, and together they fill the memory."""
    from benchmarks.operands import work
    from suite.concepts import concepts

    if key not in _kept:
        name, target, device, dtype, size = key
        for old in list(_kept)[:-1]:
            del _kept[old]
        _kept[key] = work(concepts()[name], loaded(target, device)[0], dtype, size)
    return _kept[key]


def suite_rows() -> Iterator[tuple[str, Callable[[], float]]]:
    from benchmarks import kernels
    from benchmarks.clock import Cpu

    for name, call in kernels.KERNELS.items():
        yield row("suite", name), partial(Cpu().latency, call)
    for name, seconds in kernels.COMMANDS.items():
        yield row("suite", name), seconds


def attempt(measure: Callable[[], float]) -> Figure:
    """A number, or why there is none: what a library does not have is not a failure."""
    import numpy as np

    from suite.targets.protocol import Unsupported

    try:
        with np.errstate(all="ignore"):
            return float(measure())
    except (NotImplementedError, Unsupported) as error:
        return f"{NOT_HERE}{error}"
    except Exception as error:
        return f"{FAILED}{type(error).__name__}: {error}"


def write(file: Path, todo: Iterable[tuple[str, Callable[[], float]]], chosen: Sequence[str] = ()) -> None:
    with file.open("a") as lines:
        for name, measure in todo:
            if not chosen or name in chosen:
                print(json.dumps((name, attempt(measure))), file=lines, flush=True)


def main() -> None:
    about = argparse.ArgumentParser(description=__doc__)
    about.add_argument("file", type=Path)
    about.add_argument("--on", nargs="+", required=True)
    about.add_argument("--hard", default="")
    about.add_argument("--concepts", nargs="+", default=[])
    about.add_argument("--dtypes", nargs="+", default=[])
    about.add_argument("--sizes", nargs="+", default=[])
    about.add_argument("--rows", nargs="+", default=[], help="only these")
    chosen = about.parse_args()
    for where in chosen.on:
        write(chosen.file, rows(where, chosen), chosen.rows)


if __name__ == "__main__":
    main()
