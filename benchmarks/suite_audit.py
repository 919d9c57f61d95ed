"""Whole audits: how long, how much memory, how much is judged, and where the time goes.

Each audit runs once, in ``setup_cache``, and every figure of it is read from that one run.
"""

import os
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from benchmarks.commands import audit
from benchmarks.grid import FIXED
from benchmarks.shares import PARTS, shares

TARGETS, WORKERS = ("numpy", "torch"), (1, 2)
Figures = dict[tuple[str, int], dict[str, float]]


def figures(target: str, workers: int, profile: str, names: tuple[str, ...] = FIXED) -> dict[str, float]:
    """Seconds, MiB, and what was judged, of one ``lawful audit``; no names: every concept."""
    chosen = [word for name in names for word in ("--concept", name)]
    run, tally = audit("--target", target, "--profile", profile, "-n", str(workers), *chosen)
    return {**asdict(run), **tally}


class Elsewhere(dict[Any, Any]):
    """Every row of it is skipped: an audit pins its threads, so that the run with all of them would only repeat it."""

    def __missing__(self, key: object) -> None:
        from asv_runner.benchmarks.mark import SkipNotImplemented

        raise SkipNotImplemented("an audit is measured once, beside one thread")


def once(measure: Callable[[], dict[Any, Any]]) -> dict[Any, Any]:
    return Elsewhere() if os.environ.get("LAWFUL_THREADS") == "all" else measure()


class Quick:
    """The fixed concepts under ``--profile quick``; every measure is such that larger is worse."""

    params = (list(TARGETS), list(WORKERS))
    param_names = ("target", "workers")
    timeout = 300.0
    profile, names, pairs = "quick", FIXED, tuple((t, w) for t in TARGETS for w in WORKERS)

    def setup_cache(self) -> Figures:
        return once(lambda: {(t, w): figures(t, w, self.profile, self.names) for t, w in self.pairs})

    def track_wall(self, found: Figures, target: str, workers: int) -> float:
        return found[target, workers]["wall"]

    def track_cpu(self, found: Figures, target: str, workers: int) -> float:
        """Seconds of all processes: other jobs on the machine disturb it less than the wall time."""
        return found[target, workers]["cpu"]

    def track_cell(self, found: Figures, target: str, workers: int) -> float:
        """Milliseconds for one cell; its inverse is cells per second."""
        return 1e3 * found[target, workers]["wall"] / found[target, workers]["cells"]

    def track_case(self, found: Figures, target: str, workers: int) -> float:
        """Microseconds for one law judging one case."""
        return 1e6 * found[target, workers]["wall"] / found[target, workers]["cases"]

    def track_element(self, found: Figures, target: str, workers: int) -> float:
        """Nanoseconds for one judged array element, all laws taken together."""
        return 1e9 * found[target, workers]["wall"] / found[target, workers]["elements"]

    def track_largest_process(self, found: Figures, target: str, workers: int) -> float:
        return found[target, workers]["largest"]

    def track_peak_memory(self, found: Figures, target: str, workers: int) -> float:
        """Of all processes together: what must stay within 2 GiB."""
        return found[target, workers]["together"]

    setup_cache.timeout = 600.0  # type: ignore[attr-defined]
    track_wall.unit = track_cpu.unit = "s"  # type: ignore[attr-defined]
    track_cell.unit, track_case.unit, track_element.unit = "ms", "us", "ns"  # type: ignore[attr-defined]
    track_largest_process.unit = track_peak_memory.unit = "MiB"  # type: ignore[attr-defined]


class Whole(Quick):
    """Every concept under ``quick``, on torch with two workers: the promise is 30 s and 2 GiB."""

    params = (["torch"], [2])
    names, pairs = (), (("torch", 2),)

    def setup_cache(self) -> Figures:
        return super().setup_cache()  # asv tells caches apart by where they are written down

    setup_cache.timeout = 900.0  # type: ignore[attr-defined]


class WholeCi(Whole):
    """Every concept under ``ci``, on torch with two workers: the promise is three minutes and 2 GiB."""

    profile = "ci"

    def setup_cache(self) -> Figures:
        return super().setup_cache()

    setup_cache.timeout = 3600.0  # type: ignore[attr-defined]


class Shares:
    """The percentage of a quick audit of the fixed concepts, in one process, spent in each part."""

    params = (list(TARGETS), [*PARTS, "other"])
    param_names = ("target", "part")
    unit = "%"

    def setup_cache(self) -> dict[str, dict[str, float]]:
        return once(lambda: {target: shares(target) for target in TARGETS})

    def track_share(self, found: dict[str, dict[str, float]], target: str, part: str) -> float:
        return 100 * found[target][part]

    setup_cache.timeout = 600.0  # type: ignore[attr-defined]
