"""``lawful bench gate BASE HEAD``: whether a change made anything slower or less accurate, to be trusted in CI.

Both commits' ``reference`` and ``suite`` are measured by this checkout's benchmarks, in the interpreter
that runs the gate, on the same inputs: only the code differs. Exit code 0: no change for the worse;
1: slower or less accurate; 2: something could not be measured, and no regression was found.
"""

import io
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import child, figures, instructions, verdicts
from benchmarks.grid import FIXED, MIDDLE, ROOT, SMALL, SUITE, names, row
from benchmarks.verdicts import Result

ON, DTYPE, SIZES = ("reference cpu", "torch cpu"), "float32", (SMALL, MIDDLE)
INSTRUCTIONS = 1.02  # they repeat within 0.2 %


class CannotMeasure(Exception):
    """One sentence; the command answers with it and exit code 2."""

    exit_code = 2


def gate(base: str, head: str, factor: float = 1.1, only: str = "", python: str = sys.executable) -> int:
    """Measure, print the table, return the exit code."""
    if not 1 < factor < float("inf"):
        raise CannotMeasure(f"--factor {factor}: must exceed 1, 1.1 allows ten per cent")
    if shutil.which(python) is None:
        raise CannotMeasure(f"--python {python}: there is no such interpreter")
    asked = chosen(only)
    commits = {"base": commit(base), "head": commit(head)}
    clean()
    with tempfile.TemporaryDirectory() as folder:
        trees = {side: extract(hash_, Path(folder) / side) for side, hash_ in commits.items()}
        results, complaints = measured(asked, trees, factor, python, Path(folder))
        isa = ""
        if not only:
            counts, isa, said = counted(trees, python)
            results, complaints = results + counts, complaints + said
    print(table(results))
    if isa:
        print(f"instructions are those of a processor with {isa}, which valgrind shows, at a factor of {INSTRUCTIONS}")
    for sentence in (*complaints, *failures(results)):
        print(f"lawful: {sentence}", file=sys.stderr)
    return verdicts.code(results) or (2 if complaints else 0)


# -- which rows
def rows(concepts: Sequence[str]) -> Iterator[str]:
    for name in concepts:
        for where in ON:
            yield from (row(what, name, where, DTYPE, size) for size in SIZES for what in ("forward", "backward"))
            yield from (row(what, name, where, DTYPE) for what in ("ulp", "ulp backward"))
    yield from (row("suite", name) for name in SUITE if not name.startswith("quick audit"))  # seconds a round


def chosen(only: str) -> list[str]:
    """The fast set, or of all concepts whatever the expression finds."""
    try:
        found = [r for r in rows(names() if only else FIXED) if re.search(only, r)]
    except re.error as error:
        raise CannotMeasure(f"--only {only}: not a regular expression ({error})") from error
    if not found:
        raise CannotMeasure(
            f"--only {only}: matches no row; a row reads {row('forward', 'softmax', ON[0], DTYPE, SMALL)!r}"
        )
    return found


# -- git
def git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    if shutil.which("git") is None:
        raise CannotMeasure("git is not installed: it has the commits to compare")
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True)
    if b"not a git repository" in done.stderr:
        raise CannotMeasure(f"{ROOT.name} is not a git repository: there are no commits to compare")
    return done


def commit(name: str) -> str:
    done = git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if done.returncode:
        raise CannotMeasure(f"{name} is not a commit of this repository")
    return done.stdout.decode().strip()


def clean() -> None:
    """Changes that are not committed would not be measured, though their author may think so."""
    elsewhere = ("--", ".", ":!benchmarks/results")  # a run of the benchmarks writes there
    changed = git("status", "--porcelain", "--untracked-files=no", *elsewhere).stdout.decode().splitlines()
    if changed:
        raise CannotMeasure(f"{changed[0][3:]} has changes that are not committed: commit or stash them first")


def extract(hash_: str, folder: Path) -> Path:
    """What is imported of a commit, and nothing else of it."""
    done = git("archive", "--format=tar", hash_, "reference", "suite")
    if done.returncode:
        raise CannotMeasure(f"{hash_[:8]} has no reference and suite to measure")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


# -- measuring
@dataclass
class Children:
    """Measures rows of one side in a fresh process; what a process says when it dies is kept once."""

    trees: dict[str, Path]
    python: str
    folder: Path
    concepts: list[str]
    complaints: dict[str, None] = field(default_factory=dict)

    def __call__(self, side: str, asked: Sequence[str]) -> figures.Figures:
        file = self.folder / "figures.jsonl"
        file.write_text("")
        where = [on for on in ON if any(f", {on}," in r for r in asked)]
        where += ["suite"] if any(r.startswith("suite") for r in asked) else []
        done = child.run(
            "benchmarks.figures", str(file), "--on", *where, "--concepts", *self.concepts, "--dtypes", DTYPE,
            "--sizes", *map(str, SIZES), "--hard", str(self.folder / "hard"), "--rows", *asked,
            tree=self.trees[side], python=self.python, threads="1",
        )  # fmt: skip
        if done.returncode:
            self.complaints[f"the {side} commit could not be measured: {child.last_line(done.stderr)}"] = None
        return figures.read(file)


def measured(
    asked: Sequence[str], trees: dict[str, Path], factor: float, python: str, folder: Path
) -> tuple[list[Result], list[str]]:
    concepts = [name for name in names() if any(f" {name}, " in r for r in asked)]
    if concepts:
        try:  # by the base: a change that breaks the suite must not choose what it is measured by
            figures.hard_inputs(folder / "hard", concepts, (DTYPE,), trees["base"], python)
        except RuntimeError as error:
            raise CannotMeasure(str(error)) from error
    children = Children(trees, python, folder, concepts or list(FIXED[:1]))
    return verdicts.compare(asked, children, factor), list(children.complaints)


def counted(trees: dict[str, Path], python: str) -> tuple[list[Result], str, list[str]]:
    """Instructions of both commits, the instruction set that they met, or why there are none."""
    try:
        (base, isa), (head, _) = (instructions.count(trees[side], python) for side in ("base", "head"))
    except instructions.Uncounted as error:
        return [], "", [str(error)]
    return [verdicts.counted(f"instructions {n}", base[n], head[n], INSTRUCTIONS) for n in base if n in head], isa, []


# -- saying
def failures(results: Sequence[Result]) -> list[str]:
    """One sentence for each row that failed, and one for all that stayed unclear."""
    said = [
        f"{r.row}: {next(v for v in (r.head, r.base) if isinstance(v, str))}" for r in results if r.verdict == "failed"
    ]
    unclear = [r.row for r in results if r.verdict == "unclear"]
    if unclear:
        said.append(f"the machine is too busy to tell: {'; '.join(unclear)}")
    return said


def table(results: Sequence[Result]) -> str:
    """Regressions first, what could not be measured next."""
    order = (*verdicts.REGRESSIONS, *verdicts.UNMEASURED)
    ranked = sorted(results, key=lambda r: (order.index(r.verdict) if r.verdict in order else 9, -r.ratio))
    head = ("row", "base", "head", "ratio", "rounds", "verdict")
    cells = [(r.row, *(shown(r.row, v) for v in (r.base, r.head)), f"{r.ratio:.3g}", str(r.rounds), r.verdict)
             for r in ranked]  # fmt: skip
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    justify = (str.ljust, str.rjust, str.rjust, str.rjust, str.rjust, str.ljust)
    lines = [[f(text, w) for f, text, w in zip(justify, line, widths, strict=True)] for line in (head, *cells)]
    tally = Counter(r.verdict for r in results)
    return (
        "\n".join("  ".join(line).rstrip() for line in lines) + f"\n{', '.join(f'{n} {v}' for v, n in tally.items())}"
    )


def shown(name: str, value: float | str) -> str:
    if isinstance(value, str):
        return value.split(":")[0]
    if name.startswith("ulp"):
        return f"{value:.3g} ulp"
    if name.startswith("instructions"):
        return f"{value:.4g}"
    scale, unit = next((s, u) for s, u in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (0.0, "ns")) if value >= s)
    return f"{value / (scale or 1e-9):.3g} {unit}"
