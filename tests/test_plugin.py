"""The pytest face: ``pytest --pyargs suite --lawful-target numpy``, as a process of its own."""

import importlib
import importlib.metadata
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from plugin_helpers import INSTALLED, ROOT, Ran, bare, pytest_of, written

from suite.audit.draws import each_case
from suite.audit.plan import Plan
from suite.concepts import concepts

scope_of = importlib.import_module("lawful_plugin" if INSTALLED else "suite.plugin").scope_of
SOFTMAX = ["--lawful-concept", "softmax", "--lawful-dtype", "float32"]

NAIVE = """
import numpy as np

def softmax(x, *, axis):
    e = np.exp(x)
    return e / np.sum(e, axis=axis, keepdims=True)
"""
FEW = ["--lawful-law", "accuracy", "--lawful-law", "finite", "--lawful-law", "shift", "--lawful-law", "range"]


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return pytest_of(tmp_path_factory.mktemp("clean"), "--lawful-target", "numpy", *SOFTMAX)


def test_the_cells_of_the_reference_pass(clean: Ran) -> None:
    assert clean.code == 0 and set(clean.verdicts.values()) <= {"PASSED", "SKIPPED"}
    assert "softmax-float32-accuracy-eager" in clean.verdicts


def test_an_item_is_named_after_its_cell(clean: Ran) -> None:
    assert all(re.fullmatch(r"softmax-float32-[a-z_]+-[a-z_]+", name) for name in clean.verdicts)
    assert {"softmax-float32-accuracy-asked", "softmax-float32-gradient-vjp"} <= set(clean.verdicts)


def test_items_are_the_same_in_many_processes(clean: Ran, tmp_path: Path) -> None:
    arguments = ["--lawful-target", "numpy", *SOFTMAX, "--lawful-dtype", "bfloat16"]
    ran = pytest_of(tmp_path, *arguments, "-n", "2", "--junitxml", "lawful.xml")
    assert ran.code == 0
    assert {k: v for k, v in ran.verdicts.items() if "float32" in k} == clean.verdicts
    names = {case.get("name") for case in ElementTree.parse(tmp_path / "lawful.xml").iter("testcase")}
    assert names == {f"test_law[{name}]" for name in ran.verdicts}
    workers = re.findall(r"\[(gw\d)\].* \S*test_law\[(softmax-\w+)-", ran.out)
    assert len(set(workers)) == len({group for _, group in workers}) == 2  # a group is judged by one process, once


def test_a_bad_file_fails_with_the_claim_and_can_be_run_again(tmp_path: Path) -> None:
    arguments = ["--lawful-target", written(tmp_path, NAIVE), *SOFTMAX, *FEW]
    ran = pytest_of(tmp_path, *arguments, "--junitxml", "lawful.xml")
    assert ran.code == 1
    assert ran.verdicts == {
        "softmax-float32-accuracy-asked": "PASSED",  # what the plain call fails too is its finding
        "softmax-float32-accuracy-eager": "FAILED",
        "softmax-float32-finite-eager": "FAILED",
        "softmax-float32-range-eager": "PASSED",
        "softmax-float32-shift-eager": "XFAIL",  # inconsistent: below the severity that fails
    }
    assert "the result is finite where the exact result is" in ran.out and "softmax(x0_0, axis=-1)" in ran.out
    assert "def test_law" not in ran.out  # no traceback
    suite_of = ElementTree.parse(tmp_path / "lawful.xml").getroot().find("testsuite")
    assert suite_of is not None and (suite_of.get("failures"), suite_of.get("tests")) == ("2", "5")

    failed = {name for name, said in ran.verdicts.items() if said == "FAILED"}
    assert set(pytest_of(tmp_path, *arguments, "--lf").verdicts) == failed
    assert set(pytest_of(tmp_path, *arguments, "--lf", "-n", "2").verdicts) == failed
    chosen = pytest_of(tmp_path, *arguments, "-k", "range or shift")
    assert chosen.code == 0 and len(chosen.verdicts) == 2

    written(tmp_path, NAIVE.replace("np.exp(x)", "np.exp(x - np.max(x, axis=axis, keepdims=True))"))
    assert pytest_of(tmp_path, *arguments, "--lf").code == 0


def test_known_findings_and_known_broken_cells_are_expected_failures(tmp_path: Path) -> None:
    mine = written(tmp_path, NAIVE + "\ndef exp(x):\n    return None\n")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    for command in (
        ["audit", "--target", mine, "--profile", "quick", "-n", "1", "--dtype", "float32", "--law", "finite"],
        ["accept", "all", "--known", "known.toml", "--reason", "a baseline"],
    ):
        subprocess.run(
            [sys.executable, "-m", "suite.cli", *command], cwd=tmp_path, env=env, capture_output=True, timeout=60
        )
    selected = ["--lawful-target", mine, *SOFTMAX, "--lawful-concept", "exp", "--lawful-law", "finite"]
    ran = pytest_of(tmp_path, *selected, "--lawful-known", "known.toml", "-rx")
    assert ran.code == 0 and set(ran.verdicts.values()) == {"XFAIL"} and "known: the result is finite" in ran.out
    assert "known: mine.py.exp returned None" in ran.out and {"exp", "softmax"} == {
        v.split("-")[0] for v in ran.verdicts
    }
    assert not (tmp_path / ".hypothesis" / "examples").exists()  # what is known is not what failed


def test_what_cannot_be_run_fails_and_what_does_not_repeat_too(tmp_path: Path) -> None:
    mine = written(
        tmp_path,
        """
import warnings
import numpy as np
rng = np.random.default_rng()

def relu(x):
    return None

def exp(x):
    return np.exp(x) * (1 + rng.choice([0, 1e-3], size=x.shape)).astype(x.dtype)

def square(x):
    warnings.warn("deprecated", DeprecationWarning)
    return x * x

def tanh(x):
    raise NotImplementedError("not here")
""",
    )
    laws = ["--lawful-law", "repeatable", "--lawful-dtype", "float32"]
    ran = pytest_of(tmp_path, "--lawful-target", mine, *laws, "-W", "error", "-rs")
    assert ran.code == 1
    assert ran.verdicts == {
        "relu-float32-repeatable-eager": "FAILED",
        "exp-float32-repeatable-eager": "FAILED",
        "square-float32-repeatable-eager": "PASSED",  # a warning is no error of the audit's
        "tanh-float32-repeatable-eager": "SKIPPED",
    }
    assert "mine.py.relu returned None, not a NumPy array" in ran.out
    assert "not judged: not supported: mine.py.tanh: not here" in ran.out


# -- what pytest's users expect of Hypothesis

TELLING = """
import numpy as np

def softmax(x, *, axis):
    with open("calls", "a") as calls:
        print(x.shape[axis], float(x.flat[0]).hex(), file=calls)
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True) * (np.nan if x.shape[axis] == RARE else 1)
"""


def told(cwd: Path, *arguments: str, rare: int = 0, **more: str) -> tuple[Ran, list[str]]:
    """A run, and the calls of it after the ordinary one."""
    mine = written(cwd, TELLING.replace("RARE", str(rare)))
    (cwd / "calls").unlink(missing_ok=True)
    ran = pytest_of(cwd, "--lawful-target", mine, *SOFTMAX, "--lawful-law", "finite", *arguments, **more)
    return ran, (cwd / "calls").read_text().splitlines()[1:]


def test_the_seed_of_hypothesis_is_ours_unless_ours_is_given(tmp_path: Path) -> None:
    three, at_3 = told(tmp_path, "--hypothesis-seed=3", "--junitxml", "lawful.xml")
    assert "lawful: target mine.py, profile quick, cases 6, seed 3\n" in three.out
    assert '"lawful_seed" value="3"' in (tmp_path / "lawful.xml").read_text()
    assert told(tmp_path, "--hypothesis-seed=4", "--lawful-seed=3")[1] == at_3 != told(tmp_path, "--lawful-seed=4")[1]


FEW_CASES = "from hypothesis import settings\nsettings.register_profile('few', max_examples=3)\n"
PROFILES = {
    "chosen": ("", ["--hypothesis-profile=few", "--lawful-profile=ci"], 3),
    "loaded": ("settings.load_profile('few')", [], 3),
    "only-registered": ("", ["--hypothesis-verbosity=quiet"], 6),
    "hypothesis's-own": ("settings.load_profile('ci')", [], 6),
}


@pytest.mark.parametrize("line, arguments, cases", PROFILES.values(), ids=PROFILES)
def test_a_chosen_profile_says_how_many_cases(tmp_path: Path, line: str, arguments: list[str], cases: int) -> None:
    written(tmp_path, FEW_CASES + line, "conftest.py")
    assert len(told(tmp_path, *arguments)[1]) == cases


def test_what_failed_is_judged_first_until_it_passes(tmp_path: Path) -> None:
    """A bug at one length, which seed 0 draws and seed 1 does not."""
    n: dict[int, list[int]] = {0: [], 1: []}
    for seed, drawn in n.items():
        plan, add = Plan("mine.py", "cpu", "quick", seed), drawn.append
        each_case(concepts()["softmax"], "float32", plan, lambda r, add=add: add(dict(r.sizes)["n"]))
    rare, other = next(k for k in n[0] if k not in (*n[1], 3)), "--lawful-seed=1"
    clean, calls = told(tmp_path, other, rare=rare)
    assert clean.code == 0 and [int(call.split()[0]) for call in calls] == n[1]
    stored = tmp_path / ".hypothesis" / "examples"
    assert told(tmp_path, rare=rare, CI="1")[0].code == 1 and not stored.exists()  # as Hypothesis does on CI
    assert told(tmp_path, rare=rare)[0].code == 1 and stored.exists()
    again, first = told(tmp_path, other, rare=rare)
    assert again.code == 1 and int(first[0].split()[0]) == rare and first[1:7] == calls  # the draws are the seed's
    fixed, first = told(tmp_path, other)
    assert fixed.code == 0 and int(first[0].split()[0]) == rare and first[1:] == calls
    assert told(tmp_path, other, rare=rare)[1] == calls  # forgotten


# -- usage

NUMPY = ["--lawful-target", "numpy"]
UNTARGETED = "which library? give --lawful-target numpy, torch, FILE.py or a module"
USAGE = {
    "no-target": ([], UNTARGETED),
    "no-target-in-many-processes": (["-n", "2"], UNTARGETED),
    "concept": ([*NUMPY, "--lawful-concept", "sofmax"], "unknown concept 'sofmax': did you mean softmax"),
    "law-in-many": ([*NUMPY, "--lawful-law", "acuracy", "-n", "2"], "unknown law 'acuracy': did you mean accuracy"),
    "target": (["--lawful-target", "nunpy"], "unknown target 'nunpy': name numpy, torch, a file ending in .py"),
    "file": (["--lawful-target", "mine.py"], "mine.py does not import: RuntimeError: boom"),
    "known": ([*NUMPY, "--lawful-known", "mine.py"], "mine.py is not TOML"),
}


@pytest.mark.parametrize("arguments, sentence", USAGE.values(), ids=USAGE)
def test_a_request_that_cannot_be_met_is_usage(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    written(tmp_path, "raise RuntimeError('boom')\n")
    ran = pytest_of(tmp_path, *arguments)
    assert ran.code == pytest.ExitCode.USAGE_ERROR
    assert ran.err.strip().splitlines()[-1].startswith(f"ERROR: lawful: {sentence}")
    assert "Traceback" not in ran.out


def test_a_seed_that_is_no_number_is_usage(tmp_path: Path) -> None:
    ran = pytest_of(tmp_path, "--lawful-target", "numpy", "--lawful-seed", "x")
    assert ran.code == pytest.ExitCode.USAGE_ERROR and "--lawful-seed: invalid int value: 'x'" in ran.err


# -- a package of the user's that is called suite too


@pytest.fixture
def shadowed(tmp_path: Path) -> Path:
    if not INSTALLED and "CI" not in os.environ:
        pytest.skip("lawful is not installed: its plugin has no entry point")
    (tmp_path / "suite").mkdir()
    written(tmp_path / "suite", "", "__init__.py")
    written(tmp_path / "suite", "def test_of_the_users():\n    pass\n", "test_mine.py")
    return tmp_path


def test_a_package_that_hides_ours_is_one_sentence(shadowed: Path) -> None:
    ran = pytest_of(shadowed, "--lawful-target", "numpy")
    assert ran.code == pytest.ExitCode.USAGE_ERROR
    (line,) = ran.err.strip().splitlines()
    assert line.startswith(
        f"ERROR: lawful: the package 'suite' found here is {shadowed / 'suite' / '__init__.py'}, not"
    )
    assert line.endswith("a package of yours hides it; run pytest from another folder")


def test_nothing_is_in_the_way_of_a_users_own_tests(shadowed: Path) -> None:
    ran = bare(shadowed, "--pyargs", "suite")
    assert ran.code == 0 and "1 passed" in ran.out


@pytest.mark.parametrize(
    "nodeid, scope",
    [
        ("suite/test_laws.py::test_law[softmax-float32-accuracy-eager]", "softmax-float32"),
        ("../lib/suite/test_laws.py::test_law[log_softmax-bfloat16-accuracy-asked]", "log_softmax-bfloat16"),
        ("tests/test_mine.py::test_x[a-b-c]", "tests/test_mine.py::test_x[a-b-c]"),
        ("tests/test_mine.py::test_x", "tests/test_mine.py::test_x"),
    ],
)
def test_the_scope_of_an_item_is_its_group(nodeid: str, scope: str) -> None:
    assert scope_of(nodeid) == scope
