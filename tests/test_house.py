"""The house rules of length: a file is read in one sitting, and a function fits on a screen."""

import ast
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("reference", "suite", "benchmarks", "tests")
FILE, FUNCTION = 300, 40  # lines
# file -> why it is one
LONGER = {"suite/arithmetic/running.py": "the operations of one arithmetic, each beside the bound of its error"}


def tracked() -> list[str]:
    """The Python files that git knows; in a copy without git, those that are there."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        return [p.relative_to(ROOT).as_posix() for folder in FOLDERS for p in (ROOT / folder).rglob("*.py")]
    patterns = [f"{folder}/*.py" for folder in FOLDERS]
    run = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in run.stdout.split("\0") if name and (ROOT / name).exists()]


def too_long(text: str) -> Iterator[str]:
    """What a text has above the limits."""
    lines = len(text.splitlines())
    if lines > FILE:
        yield f"{lines} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            if lines > FUNCTION:
                yield f"{node.name}: {lines} lines"


@pytest.fixture(scope="module")
def house() -> dict[str, list[str]]:
    """File -> what is too long in it."""
    return {name: list(too_long((ROOT / name).read_text("utf-8"))) for name in tracked()}


def test_all_folders_are_read(house: dict[str, list[str]]) -> None:
    assert {name.split("/")[0] for name in house} == set(FOLDERS)


def test_no_file_and_no_function_is_too_long(house: dict[str, list[str]]) -> None:
    found = {name: said for name, said in house.items() if said and name not in LONGER}
    assert not found


def test_an_exception_is_a_long_file_of_short_functions(house: dict[str, list[str]]) -> None:
    """It goes from the list once the file is short."""
    for name in LONGER:
        assert re.fullmatch(r"\d+ lines", ", ".join(house[name]))


@pytest.mark.parametrize(
    "text, said",
    [
        ("x = 1\n" * FILE, []),
        ("x = 1\n" * (FILE + 1), ["301 lines"]),
        ("def f():\n" + "    x = 1\n" * (FUNCTION - 1), []),
        ("def f():\n" + "    x = 1\n" * FUNCTION, ["f: 41 lines"]),
        ("class C:\n  @staticmethod\n  async def f():\n" + "    x = 1\n" * FUNCTION, ["f: 41 lines"]),
        ("def f():\n  def g():\n" + "    x = 1\n" * FUNCTION, ["f: 42 lines", "g: 41 lines"]),
    ],
    ids=["file", "long-file", "function", "long-function", "method", "inner"],
)
def test_what_is_too_long_is_seen(text: str, said: list[str]) -> None:
    assert list(too_long(text)) == said
