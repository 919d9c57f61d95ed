"""The rooms of the suite: imports go one way, types included, from the doors down to the declarations."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from itertools import pairwise
from pathlib import Path

import pytest

SUITE = Path(__file__).parents[1] / "suite"  # the sources: a wheel has the plugin elsewhere
# from the bottom to the top; a room imports from itself and from what stands before it
ORDER = (
    "floats", "verdict", "record", "arithmetic", "draw", "targets", "judge", "laws", "concepts", "findings", "audit",
    "report", "mutants", "peers", "power", "test_laws", "plugin", "cli",
)  # fmt: skip


def files() -> dict[str, Path]:
    """Module name -> file, of the whole suite."""
    found = {}
    for path in SUITE.rglob("*.py"):
        parts = ("suite", *path.relative_to(SUITE).with_suffix("").parts)
        found[".".join(p for p in parts if p != "__init__")] = path
    return found


MODULES = files()


def imported(path: Path) -> Iterator[str]:
    """The suite's modules that a file imports: at its top, for types only, or inside a function."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name in MODULES)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "suite":
            yield node.module
            yield from (f"{node.module}.{a.name}" for a in node.names if f"{node.module}.{a.name}" in MODULES)


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def test_every_file_is_in_a_room() -> None:
    assert {room(m) for m in MODULES} - {""} == set(ORDER)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_follow_the_order_of_the_rooms(module: str) -> None:
    here = room(module)
    above = [m for m in imported(MODULES[module]) if room(m) and ORDER.index(room(m)) > ORDER.index(here)]
    assert not above, f"{module} imports from rooms above its own"


def test_no_import_goes_in_a_circle() -> None:
    graph = {m: {i for i in imported(p) if i != m and i != m.rpartition(".")[0]} for m, p in MODULES.items()}
    assert len(list(TopologicalSorter(graph).static_order())) == len(MODULES)  # raises CycleError, naming the circle


def test_an_import_against_the_order_would_be_seen(tmp_path: Path) -> None:
    """The reader sees imports for types only, and inside functions."""
    text = "if TYPE_CHECKING:\n    from suite.cli import main\ndef f():\n    from suite.audit import plan\n"
    path = tmp_path / "wrong.py"
    path.write_text(text)
    assert set(imported(path)) == {"suite.cli", "suite.audit", "suite.audit.plan"}


def test_the_order_names_each_room_once() -> None:
    assert all(a != b for a, b in pairwise(sorted(ORDER)))
