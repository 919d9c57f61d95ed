"""How the tests run the command ``lawful``: a process in a folder, and what it left there."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import suite
from suite.report import document

TORCH = importlib.util.find_spec("torch") is not None
needs_torch = pytest.mark.skipif(not TORCH, reason="torch is not installed")
ROOT = Path(suite.__file__).parents[1]
COMMAND = [sys.executable, "-m", "suite.cli"]

NAIVE = """
import numpy as np

def softmax(x, *, axis):
    e = np.exp(x)
    return e / np.sum(e, axis=axis, keepdims=True)
"""
SOUND = NAIVE.replace("np.exp(x)", "np.exp(x - np.max(x, axis=axis, keepdims=True))")


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str
    report: dict[str, Any]  # empty where there is none

    @property
    def cells(self) -> list[dict[str, Any]]:
        return list(self.report["cells"])

    @property
    def findings(self) -> list[dict[str, Any]]:
        return [c["finding"] for c in self.cells if c["finding"]]

    def of(self, concept: str) -> set[str]:
        """The verdicts on one concept."""
        return {c["verdict"] for c in self.cells if c["concept"] == concept}

    @property
    def sentence(self) -> str:
        """All that an error may say: one line on standard error."""
        (line,) = self.err.splitlines()
        assert line.startswith("lawful: ")
        assert "Traceback" not in self.out
        return line.removeprefix("lawful: ")


def environment(*first: Path, **more: str) -> dict[str, str]:
    """That of the tests, with folders before all others on the path of modules."""
    path = os.pathsep.join(map(str, [*first, ROOT]))
    return {**os.environ, "PYTHONPATH": path, "COLUMNS": "100", "PYTHONWARNINGS": "", **more}


def read(folder: Path) -> dict[str, Any]:
    """The report in a folder, which fits the schema."""
    path = folder / "report.json"
    return document.read(path) if path.is_file() and path.stat().st_size > 2 else {}


def lawful(cwd: Path, *arguments: str, env: dict[str, str] | None = None, command: Sequence[str] = COMMAND) -> Ran:
    run = subprocess.run(
        [*command, *arguments],
        cwd=cwd,
        env=env or environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return Ran(run.returncode, run.stdout, run.stderr, read(cwd / ".lawful"))


def audit(cwd: Path, target: str, *arguments: str, **more: Any) -> Ran:
    """Small and in one process, unless ``arguments`` say otherwise."""
    return lawful(cwd, "audit", "--target", target, "--profile", "quick", "-n", "1", *arguments, **more)


def reproduced(folder: Path, finding: dict[str, Any]) -> str:
    """What the lines that a finding comes with print: they need nothing but the library."""
    command = [sys.executable, "-c", finding["reproduction"]]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=60).stdout


def written(folder: Path, text: str, name: str = "mine.py") -> str:
    (folder / name).write_text(text)
    return name
