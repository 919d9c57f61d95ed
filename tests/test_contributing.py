"""The recipes of CONTRIBUTING.md: each change is taken back in a copy of the repository, and made again."""

import json
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "CONTRIBUTING.md"


@dataclass(frozen=True)
class Change:
    """One run of lines of a file, as it was and as it is; new lines without others beside them go to the end."""

    path: str
    before: str
    after: str

    def take_back(self, root: Path) -> None:
        self._replace(root, self.after, self.before)

    def make(self, root: Path) -> None:
        self._replace(root, self.before, self.after)

    def _replace(self, root: Path, old: str, new: str) -> None:
        path = root / self.path
        text = path.read_text("utf-8") if path.exists() else ""
        assert old in text, f"CONTRIBUTING.md shows lines that {self.path} does not have:\n{old}"
        path.write_text(text.replace(old, new, 1) if old else text + "\n" + new, "utf-8")


def diffs() -> Iterator[tuple[str, str]]:
    """(heading, text) of every diff on the page."""
    heading = ""
    for block in re.split(r"^(?=## )", PAGE.read_text("utf-8"), flags=re.M):
        heading = block.splitlines()[0].removeprefix("## ") if block else heading
        for text in re.findall(r"^ *```diff\n(.*?)^ *```", block, flags=re.M | re.S):
            yield heading, textwrap.dedent(text)


def changes(text: str) -> Iterator[Change]:
    """The runs of a diff: a new one begins at a file, at @@, and where a line is taken out after others were put in."""
    path, lines, runs = "", [], []
    for line in [*text.splitlines(), "--- end"]:
        if line.startswith(("--- ", "+++ ", "@@")) or (line.startswith("-") and any(x[0] == "+" for x in lines)):
            runs += [(path, lines)] if lines else []
            lines = []
        if line.startswith("+++ "):
            path = line.removeprefix("+++ b/")
        elif not line.startswith(("--- ", "@@")):
            lines = [*lines, line or " "]
    for where, run in runs:
        before, after = ("".join(x[1:] + "\n" for x in run if x[0] in f" {sign}") for sign in "-+")
        yield Change(where, before, after)


RECIPES = {heading: list(changes(text)) for heading, text in diffs()}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The repository, without what was made in it."""
    for name in ("reference", "suite"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def lawful(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "suite.cli", *arguments]
    return subprocess.run(command, cwd=root, env={"PYTHONPATH": str(root)}, capture_output=True, text=True, check=False)


def concepts(root: Path) -> dict[str, list[str]]:
    """Concept -> its laws."""
    run = lawful(root, "concepts", "--format", "json")
    assert run.returncode == 0, run.stderr
    return {row["concept"]: row["laws"] for row in json.loads(run.stdout)}


def audited(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return lawful(root, "audit", "--profile", "quick", "-n", "1", *arguments)


def test_each_recipe_has_its_diff() -> None:
    assert list(RECIPES) == ["Add a concept", "Add a law", "Add a target"]


def test_a_concept_is_one_function_and_one_declaration(copy: Path) -> None:
    """Without its change there is no cos; with it, there is one, and the reference obeys all its laws."""
    for change in RECIPES["Add a concept"]:
        change.take_back(copy)
    assert "cos" not in concepts(copy) and "sin" in concepts(copy)
    for change in RECIPES["Add a concept"]:
        change.make(copy)
    assert "gradient" in concepts(copy)["cos"]
    assert audited(copy, "--target", "numpy", "--concept", "cos").returncode == 0


def test_a_law_is_one_class(copy: Path) -> None:
    for change in RECIPES["Add a law"]:
        change.take_back(copy)
    assert "between" not in concepts(copy)["mean"]
    for change in RECIPES["Add a law"]:
        change.make(copy)
    assert "between" in concepts(copy)["mean"]
    assert audited(copy, "--target", "numpy", "--concept", "mean", "--law", "between").returncode == 0


def test_a_target_is_one_file(copy: Path) -> None:
    """The library is found by its file alone, audited, and named where a name is unknown."""
    for change in RECIPES["Add a target"]:
        change.make(copy)
    run = audited(copy, "--target", "scipy", "--concept", "erf", "--dtype", "float64")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "scipy" in audited(copy, "--target", "scipyy").stderr
