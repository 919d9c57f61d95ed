"""How the tests run pytest with lawful's plugin: a process in a folder, and what it said."""

import importlib.metadata
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import suite

ROOT = Path(suite.__file__).parents[1]
INSTALLED = any(p.name == "lawful" for p in importlib.metadata.entry_points(group="pytest11"))
PLUGIN = [] if INSTALLED else ["-p", "suite.plugin"]  # a checkout that is not installed has no entry point
CI = ("CI", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "__TOX_ENVIRONMENT_VARIABLE_ORIGINAL_CI")  # Hypothesis looks


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def verdicts(self) -> dict[str, str]:
        """What pytest says of each cell, from the lines of -v."""
        one = re.findall(r"test_law\[(\S+)\] (PASSED|FAILED|SKIPPED|XFAIL)", self.out)
        many = re.findall(r"(PASSED|FAILED|SKIPPED|XFAIL) \S*test_law\[(\S+)\]", self.out)  # by xdist
        return dict(one) | {name: said for said, name in many}


def bare(cwd: Path, *arguments: str, **more: str) -> Ran:
    env = {k: v for k, v in os.environ.items() if k not in CI}
    env |= {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "", "PYTEST_ADDOPTS": "", "COLUMNS": "100", **more}
    command = [sys.executable, "-m", "pytest", *PLUGIN, *arguments]
    run = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=120)
    return Ran(run.returncode, run.stdout, run.stderr)


def pytest_of(cwd: Path, *arguments: str, **more: str) -> Ran:
    return bare(cwd, "--pyargs", "suite", "-v", *arguments, **more)


def written(folder: Path, text: str, name: str = "mine.py") -> str:
    (folder / name).write_text(text)
    return name
