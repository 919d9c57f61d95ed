"""docs/performance.md from ``benchmarks/results/``: no figure on it is typed."""

import itertools
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.dashboard import Unavailable
from benchmarks.gate import shown
from benchmarks.grid import DTYPES, FIXED, LARGE, ROOT, SMALL, SUITE, names, row

RESULTS, PAGE = ROOT / "benchmarks" / "results", ROOT / "docs" / "performance.md"
REFERENCE, TORCH = ON = ("reference cpu", "torch cpu")
DTYPE = "float32"
PRECISION = {"float64": 53, "float32": 24, "float16": 11, "bfloat16": 8}  # bits
FARTHEST = 10
WHAT = {"Time.track_forward": "forward", "Time.track_backward": "backward", "Quality.track_ulp": "ulp",
        "Quality.track_ulp_backward": "ulp backward", "Quality.track_floor": "floor", "Quality.track_memory": "memory",
        "Suite.track_seconds": "suite"}  # fmt: skip

INTRODUCTION = """\
# How the reference and torch compare

`python -m benchmarks page` writes this page from `benchmarks/results/`; [benchmarks.md](benchmarks.md) says how the
figures are measured.
"""
LARGE_ONES = f"""\
## {LARGE >> 20} Mi elements

*Over the floor* is the time of a call over that of a copy of as many bytes, or of a matrix product of as many
operations, by the same library. Memory is the peak beside the operands.
"""
ERRORS = """\
## Errors

The worst on the hard inputs, in ulp, reference / torch: of the value, and of the derivative by the backward pass.
*None* says that no digit is right, or that a value is not finite. For `solve` it is the backward error in units of u.
A cell is empty where no entry counts, or where there is no derivative.
"""
FORMATS = f"""\
## Formats

Forward, one thread, {LARGE >> 20} Mi elements: reference / torch.
"""
SMALL_ONES = f"""\
## {SMALL} elements, and the way back

At {SMALL} elements the cost of a call is what counts. *Back* is torch's backward pass alone; the reference's derivative
has only the operands to go by, and computes the value again where it needs it.
"""
THREADS = f"""\
## One thread and all

Forward in torch, {LARGE >> 20} Mi elements. A call waits for its slowest thread, so that on cores which
other jobs use as well more threads can take longer.
"""
COMMITS = f"""\
## Commits recorded

Forward, one thread, {LARGE >> 20} Mi elements: reference / torch.
"""


@dataclass(frozen=True)
class Run:
    """One commit measured in one environment on one machine."""

    machine: dict[str, str]
    commit: str
    date: int
    versions: dict[str, str]
    threads: str
    figures: dict[str, float]

    def __call__(self, what: str, name: str, on: str, *size: int, dtype: str = DTYPE) -> float | None:
        return self.figures.get(row(what, name, on, dtype, *size))


def runs(folder: Path = RESULTS) -> list[Run]:
    """All that is recorded, the newest commit last."""
    found = [run(json.loads(file.read_text("utf-8")), file.parent) for file in sorted(folder.glob("*/*-*.json"))]
    return sorted(found, key=lambda r: (r.date, r.commit, r.threads))


def run(recorded: dict[str, Any], folder: Path) -> Run:
    """One file of asv's; rows that were skipped or failed have no figure."""
    figures: dict[str, float] = {}
    for name, values in sorted(recorded["results"].items()):  # the whole set after the fast one
        entry, what = dict(zip(recorded["result_columns"], values, strict=False)), WHAT.get(name.partition(".")[2])
        if what and entry["result"]:
            where = itertools.product(*([text.strip("'") for text in axis] for axis in entry["params"]))
            found = {row(what, *key): value for key, value in zip(where, entry["result"], strict=True)}
            figures |= {key: value for key, value in found.items() if value is not None and math.isfinite(value)}
    machine = json.loads((folder / "machine.json").read_text("utf-8"))
    versions = {"Python": recorded["python"], **recorded["requirements"]}
    threads = recorded["env_vars"].get("LAWFUL_THREADS", "")
    return Run(machine, recorded["commit_hash"], recorded["date"], versions, threads, figures)


def write() -> int:
    recorded = runs()
    if not any(r.threads == "1" for r in recorded):
        raise Unavailable("no run with one thread is recorded: `fast` or `whole` measures and records one")
    PAGE.write_text(text(recorded), "utf-8")
    print(f"{PAGE.relative_to(ROOT)} is written")
    return 0


# -- the page
def text(recorded: Sequence[Run]) -> str:
    """The newest commit, single-threaded, with what its machine was; then what else is recorded."""
    one = [r for r in recorded if r.threads == "1"][-1]
    every = [r for r in recorded if (r.commit, r.machine, r.threads) == (one.commit, one.machine, "all")]
    parts = [INTRODUCTION, where(one, recorded), LARGE_ONES, large(one), far(one), SMALL_ONES, small(one)]
    parts += [ERRORS, errors(one), FORMATS, formats(one)]
    parts += [THREADS, threads(one, every[-1])] if every else []
    return "\n".join([*parts, "## The suite itself\n", suite(one), COMMITS, history(recorded)])


def where(r: Run, recorded: Sequence[Run]) -> str:
    m, v, day = r.machine, r.versions, datetime.fromtimestamp(r.date / 1000, UTC).date()
    gpu = any(", torch cuda," in key for other in recorded for key in other.figures)
    lines = [
        f"* Commit {r.commit[:8]} of {day}; torch {v['torch']}, Python {v['Python']}.",
        f"* One thread, and {DTYPE}, where nothing else is said.",
        f"* {m['cpu']}, {m['num_cpu']} cores, {int(m['ram']) / 2**20:.0f} GiB of memory; {m['os']}, {m['arch']}.",
    ]
    lines += [] if gpu else ["* No run on a GPU is recorded: the rows of `torch cuda` read n/a."]
    return "\n".join([*lines, ""])


def large(r: Run) -> str:
    def cells(name: str) -> Iterator[str]:
        a, b = (r("forward", name, on, LARGE) for on in ON)
        yield from (name, seconds(a), seconds(b), number(a / b) if a and b else "")
        yield from (number(r(what, name, on)) for what in ("floor", "memory") for on in ON)

    head = ("concept", "reference", "torch", "reference / torch", "over the floor: reference", "torch",
            "memory, MiB: reference", "torch")  # fmt: skip
    return table(head, map(cells, concepts(r)))


def far(r: Run) -> str:
    lines = [f"The {FARTHEST} farthest over the floor:", ""]
    for on in ON:
        found = sorted(((v, n) for n in concepts(r) if (v := r("floor", n, on))), reverse=True)[:FARTHEST]
        lines.append(f"* {on.split()[0]}: {', '.join(f'{n} ({number(v)})' for v, n in found)}")
    return "\n".join([*lines, ""])


def small(r: Run) -> str:
    columns = (("forward", SMALL), ("backward", SMALL), ("backward", LARGE))
    head = ("concept", "reference", "torch", "back: reference", "torch", f"back, {LARGE >> 20} Mi: reference", "torch")
    keys = [(what, on, size) for what, size in columns for on in ON]
    return table(head, ((n, *(seconds(r(what, n, on, size)) for what, on, size in keys)) for n in concepts(r)))


def errors(r: Run) -> str:
    def cells(name: str) -> Iterator[str]:
        yield name
        for what in ("ulp", "ulp backward"):
            yield from (pair(ulp(r(what, name, on, dtype=d), d) for on in ON) for d in measured)

    measured = formats_of(r)
    head = ("concept", *measured, *(f"derivative, {d}" for d in measured))
    return table(head, map(cells, concepts(r)))


def formats(r: Run) -> str:
    def cells(name: str) -> Iterator[str]:
        yield name
        yield from (pair(seconds(r("forward", name, on, LARGE, dtype=d)) for on in ON) for d in measured)

    measured = formats_of(r)
    return table(("concept", *measured), map(cells, concepts(r)))


def formats_of(r: Run) -> list[str]:
    return [d for d in DTYPES if any(f", {d}" in name for name in r.figures)]


def pair(shown: Iterable[str]) -> str:
    """Reference / torch; nothing where neither has a figure."""
    cells = list(shown)
    return " / ".join(cell or "n/a" for cell in cells) if any(cells) else ""


def ulp(value: float | None, dtype: str) -> str:
    if value is None:
        return ""
    if value >= 2.0 ** PRECISION[dtype]:
        return "none"
    return number(value) if value < 1e6 else f"{value:.1e}".replace("e+0", "e").replace("e+", "e")


def threads(one: Run, every: Run) -> str:
    rows = ((n, *(seconds(r("forward", n, TORCH, LARGE)) for r in (one, every))) for n in concepts(one))
    return table(("concept", "one thread", "all threads"), rows)


def suite(r: Run) -> str:
    return table(("what", "time"), ((n, seconds(r.figures.get(row("suite", n)))) for n in SUITE))


def history(recorded: Sequence[Run]) -> str:
    def cells(r: Run) -> Iterator[str]:
        yield f"{r.commit[:8]}"
        yield from (pair(seconds(r("forward", n, on, LARGE)) for on in ON) for n in FIXED)

    return table(("commit", *FIXED), (cells(r) for r in recorded if r.threads == "1"))


def concepts(r: Run) -> list[str]:
    """Those that were measured, in the order of the declarations."""
    return [n for n in names() if r("forward", n, REFERENCE, LARGE) is not None]


def table(head: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def seconds(value: float | None) -> str:
    return "" if value is None else shown("", value)


def number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}".replace(",", " ")
