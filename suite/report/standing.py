"""What a group of cells comes to: the states, worst first, and the worst of many cells.

The tables of the terminal and of the page are the same data, grouped by different keys.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from suite.verdict import Cell, Finding, Severity, Verdict

Key = TypeVar("Key")

DTYPES = ("float64", "float32", "float16", "bfloat16")
FAMILIES = (
    "accuracy", "stability", "algebra", "order", "convexity",
    "gradient", "certificate", "convergence", "engine", "route",
)  # fmt: skip


@dataclass(frozen=True)
class State:
    """One way for a cell to stand: its mark is one character, so that tables keep their width."""

    name: str  # the severity of a refuted cell, else the verdict
    mark: str
    plain: str  # the mark where only ASCII can be shown
    style: str  # of rich
    meaning: str

    @property
    def slug(self) -> str:
        return self.name.replace(" ", "-")


# Worst first. A convention is a documented choice: it must not hide what could not be judged.
STATES = (
    State("wrong", "W", "W", "bold red", "refuted: non-finite, sign, every digit, a magnitude"),
    State("inaccurate", "A", "A", "bold yellow", "refuted: beyond the required bound, digits left"),
    State("inconsistent", "I", "I", "bold magenta", "refuted: two routes differ beyond both bounds"),
    State("unstable", "~", "~", "bold magenta", "does not repeat in a fresh process"),
    State("broken", "!", "!", "bold red", "the target's function could not be run"),
    State("convention", "C", "C", "bold cyan", "refuted: a documented or conventional choice"),
    State("unknown", "?", "?", "yellow", "undecided at the highest precision"),
    State("holds", "✓", "+", "green", "not refuted in the cases drawn"),
    State("proved", "P", "P", "bold green", "by mathematics, or by every input there is"),
    State("not judged", "·", ".", "dim", "no bound that says anything, or no derivative"),
)
ABSENT = State("", " ", " ", "dim", "no law of this kind")
RANK = {state.name: rank for rank, state in enumerate(STATES)}


@dataclass(frozen=True)
class Group:
    """The cells behind one entry of a table."""

    cells: tuple[Cell, ...] = ()

    @property
    def worst(self) -> Cell | None:
        return min(self.cells, key=lambda c: (RANK[state_name(c)], c.known != ""), default=None)

    @property
    def state(self) -> State:
        return ABSENT if self.worst is None else STATES[RANK[state_name(self.worst)]]

    @property
    def verdict(self) -> str:
        return "" if self.worst is None else str(self.worst.verdict)

    @property
    def severity(self) -> str:
        return str(severity(self.worst) or "") if self.worst else ""

    @property
    def refuted(self) -> tuple[Cell, ...]:
        return tuple(c for c in self.cells if c.verdict in (Verdict.REFUTED, Verdict.UNSTABLE))

    @property
    def known(self) -> bool:
        """The worst is a refutation and every one here is known: a single new one takes that away."""
        return self.worst in self.refuted and all(c.known for c in self.refuted)

    @property
    def new(self) -> int:
        return sum(not c.known for c in self.refuted)

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(c.finding for c in self.cells if c.finding is not None)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why cells were not judged, or could not be run, each reason once."""
        return tuple(dict.fromkeys(c.reason for c in self.cells if c.reason))

    def mark(self, plain: bool = False) -> str:
        """One character, a small letter where all is known."""
        mark = self.state.plain if plain else self.state.mark
        return mark.lower() if self.known else mark


EMPTY = Group()


def severity(cell: Cell) -> Severity | None:
    """A refuted cell without a severity is taken at its worst rather than passed over."""
    if cell.verdict is Verdict.REFUTED:
        return cell.severity or (cell.finding.severity if cell.finding else Severity.WRONG)
    return cell.severity


def state_name(cell: Cell) -> str:
    return str(severity(cell)) if cell.verdict is Verdict.REFUTED else str(cell.verdict)


def grouped(cells: Iterable[Cell], key: Callable[[Cell], Key]) -> dict[Key, Group]:
    """The cells by any key, in the order of their first appearance."""
    found: dict[Key, list[Cell]] = {}
    for cell in cells:
        found.setdefault(key(cell), []).append(cell)
    return {k: Group(tuple(v)) for k, v in found.items()}


def concepts(cells: Iterable[Cell]) -> list[str]:
    return list(dict.fromkeys(c.concept for c in cells))


def dtypes(cells: Iterable[Cell]) -> list[str]:
    return _ranked((c.dtype for c in cells), DTYPES)


def families(cells: Iterable[Cell]) -> list[str]:
    return _ranked((c.family for c in cells), FAMILIES)


def _ranked(names: Iterable[str], order: Sequence[str]) -> list[str]:
    """Those that are there, in the usual order, then any others as they come."""
    there = list(dict.fromkeys(names))
    return [n for n in order if n in there] + [n for n in there if n not in order]
