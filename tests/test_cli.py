"""The command ``lawful``, as a user runs it: a process with its arguments, its output and its exit code."""

import contextlib
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import suite
from suite import cli
from suite.concepts import concepts
from suite.findings import known
from suite.report import document
from suite.verdict import Known, Severity, Witness

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


# -- a clean audit


SELECTION = ["--concept", "relu", "--concept", "logaddexp", "--dtype", "float32", "bfloat16"]


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return audit(tmp_path_factory.mktemp("clean"), "numpy", *SELECTION)


def test_an_audit_of_the_reference_ends_with_a_table_and_a_summary(clean: Ran) -> None:
    assert (clean.code, clean.err) == (0, "")
    assert "accuracy" in clean.out and "logaddexp ✓✓" in clean.out
    assert re.fullmatch(
        r"\d+ cells: 0 refuted new, 0 known, 0 fixed, \d+ unknown, \d+ not judged; [\d,]+ elements, [\d.]+ s",
        clean.out.splitlines()[-1],
    )


def test_an_audit_says_how_far_it_is(clean: Ran) -> None:
    assert clean.out.startswith("4/4 logaddexp-bfloat16\n")


def test_only_what_was_asked_for_is_judged(clean: Ran) -> None:
    assert {(c["concept"], c["dtype"]) for c in clean.cells} == {
        (c, d) for c in ("relu", "logaddexp") for d in ("float32", "bfloat16")
    }
    assert {"accuracy", "finite", "routes", "repeatable"} <= {c["law"] for c in clean.cells}


def test_the_head_of_the_report_says_what_the_result_depends_on(clean: Ran) -> None:
    head = clean.report["head"]
    assert (head["target"], head["seed"], head["profile"], head["device"]) == ("numpy", 0, "quick", "cpu")
    assert all(head[name] for name in ("version", "cpu", "threads", "suite", "hypothesis", "started", "python"))


def test_the_same_seed_gives_the_same_cells_for_every_number_of_workers(clean: Ran, tmp_path: Path) -> None:
    assert audit(tmp_path, "numpy", *SELECTION, "-n", "2").cells == clean.cells


def test_another_seed_draws_something_else(clean: Ran, tmp_path: Path) -> None:
    other = audit(tmp_path, "numpy", *SELECTION, "--seed", "1")
    assert other.code == 0
    assert [c["worst_ulp"] for c in other.cells] != [c["worst_ulp"] for c in clean.cells]
    assert [c["verdict"] for c in other.cells] == [c["verdict"] for c in clean.cells]


def test_one_law_alone_can_be_asked_for(tmp_path: Path) -> None:
    ran = audit(tmp_path, "numpy", "--concept", "relu", "--law", "range", "--dtype", "float32")
    assert ran.code == 0 and {c["law"] for c in ran.cells} == {"range"}


def test_a_report_goes_where_it_is_wanted(tmp_path: Path) -> None:
    ran = audit(tmp_path, "numpy", "--concept", "relu", "--law", "range", "--report", "deep/new <b>")
    folder = tmp_path / "deep" / "new <b>"
    assert ran.code == 0 and ran.out.splitlines()[-1] == "report: deep/new <b>/index.html"
    assert document.read(folder / "report.json")["cells"]
    assert "<html" in (folder / "index.html").read_text("utf-8")
    assert sorted(p.name for p in folder.iterdir()) == ["index.html", "report.json"]
    assert not (tmp_path / ".lawful").exists()


# -- from a finding to its end


def test_a_finding_from_its_discovery_to_its_end(tmp_path: Path) -> None:
    mine = written(tmp_path, NAIVE)
    selected = ["--dtype", "float32", "--law", "accuracy", "--law", "finite"]
    found = audit(tmp_path, mine, *selected)
    assert found.code == 1 and not found.err
    by_law = {f["law"]: f for f in found.findings}
    finding = by_law["finite"]
    assert finding["severity"] == "wrong" and finding["got"] == "nan" and finding["known"] == ""
    assert f"lawful reproduce {finding['id']}" in found.out and "softmax(x0_0, axis=-1)" in found.out
    assert f"{len(by_law)} refuted new, 0 known" in found.out
    assert "nan" in reproduced(tmp_path, finding)

    (tmp_path / ".lawful").rename(tmp_path / "first")
    there = lawful(tmp_path, "reproduce", finding["id"], "--report", "first")
    assert there.code == 1 and "refuted again (wrong): got nan, truth 1" in there.out

    to = ["--report", "first", "--known", "known.toml", "--reason"]
    accepted = lawful(tmp_path, "accept", finding["id"], *to, 'first "one"\n')
    assert accepted.code == 0 and finding["id"] in accepted.out
    again = audit(tmp_path, mine, *selected, "--known", "known.toml")
    assert again.code == 1 and f"{len(by_law) - 1} refuted new, 1 known" in again.out

    assert lawful(tmp_path, "accept", "all", *to, "baseline").code == 0
    quiet = audit(tmp_path, mine, *selected, "--known", "known.toml", "--strict")
    assert quiet.code == 0 and f"0 refuted new, {len(by_law)} known, 0 fixed" in quiet.out
    assert {f["known"] for f in quiet.findings} == {f["id"] for f in quiet.findings}
    nothing = lawful(tmp_path, "accept", "all", "--known", "known.toml", "--reason", "none are left")
    assert nothing.code == 0 and nothing.out.startswith("no new finding in the last report")

    written(tmp_path, SOUND)
    assert lawful(tmp_path, "reproduce", finding["id"], "--report", "first").code == 0
    fixed = audit(tmp_path, mine, *selected, "--known", "known.toml")
    assert fixed.code == 0 and f"0 known, {len(by_law)} fixed" in fixed.out
    assert sorted(fixed.report["fixed"]) == sorted(f["id"] for f in by_law.values())
    assert audit(tmp_path, mine, *selected, "--known", "known.toml", "--strict").code == 1
    assert "has no finding" in lawful(tmp_path, "reproduce", finding["id"]).sentence  # in the last report

    written(tmp_path, "def relu(x):\n    return abs(x)\n")
    gone = lawful(tmp_path, "reproduce", finding["id"], "--report", "first")
    assert gone.code == 3 and gone.sentence == "mine.py has no function for softmax any more: audit it again"


def test_the_threshold_of_severity_is_the_users(tmp_path: Path) -> None:
    mine = written(tmp_path, NAIVE)
    shift = [mine, "--dtype", "float32", "--law", "shift"]
    ran = audit(tmp_path, *shift)
    assert ran.code == 0 and [f["severity"] for f in ran.findings] == ["inconsistent"]
    assert audit(tmp_path, *shift, "--fail-on", "inconsistent").code == 1


def test_verdicts_on_a_bad_target_do_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    mine = written(tmp_path, NAIVE)
    selected = ["--dtype", "float32", "float16", "--law", "accuracy", "--law", "finite"]
    one, two = (audit(tmp_path, mine, *selected, "-n", n) for n in ("1", "2"))
    assert one.code == two.code == 1
    verdicts = [[(c["dtype"], c["law"], c["route"], c["verdict"], c["severity"]) for c in r.cells] for r in (one, two)]
    assert verdicts[0] == verdicts[1]


def test_a_report_of_something_else_is_one_sentence(tmp_path: Path) -> None:
    assert "no report there; run `lawful audit` first" in lawful(tmp_path, "reproduce", "0").sentence
    (tmp_path / ".lawful").mkdir()
    (tmp_path / ".lawful" / "report.json").write_text("{}")
    ran = lawful(tmp_path, "accept", "all", "--known", "known.toml", "--reason", "none")
    assert ran.code == 2 and "is not a report of lawful" in ran.sentence
    assert not (tmp_path / "known.toml").exists()


# -- targets


@needs_torch
def test_a_torch_file_takes_the_rest_from_its_base(tmp_path: Path) -> None:
    mine = written(
        tmp_path,
        """
import torch
FRAMEWORK = "torch"
BASE = "torch"

class Halved(torch.autograd.Function):
    @staticmethod
    def forward(x):
        return x * x
    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * x

def square(x):
    return Halved.apply(x)

def sqrt(x):
    return torch.sqrt(x).numpy()
""",
    )
    names = ["--concept", "square", "--concept", "relu", "--concept", "sqrt"]
    ran = audit(
        tmp_path, mine, "--dtype", "float32", *names, "--law", "accuracy", "--law", "gradient", "--law", "forward"
    )
    assert ran.code == 1
    refuted = {(c["concept"], c["law"], c["route"]) for c in ran.cells if c["verdict"] == "refuted"}
    assert refuted == {("square", "gradient", "backward")}
    assert "refuted" not in ran.of("relu") and "holds" in ran.of("relu")  # inherited
    assert {"backward", "forward"} <= {c["route"] for c in ran.cells if c["concept"] == "relu"}
    (finding,) = ran.findings
    assert reproduced(tmp_path, finding).startswith("tensor(")
    assert ran.of("sqrt") == {"broken"} and "sqrt returned a numpy.ndarray, not a torch tensor" in ran.out


GRADIENTS = """
import numpy as np

def tanh(x):
    return np.tanh(x)

def exp(x):
    return np.exp(x)

def exp_vjp(x, *, cotangent):
    return (cotangent * np.exp(x),)

def sqrt(x):
    return np.sqrt(x)

def sqrt_vjp(x, *, cotangent):
    return (cotangent / np.sqrt(x),)

def relu(x):
    return np.maximum(x, 0)

def relu_vjp(x, *, cotangent):
    return cotangent * (x > 0)

def square(x):
    return x * x

def square_vjp(x, *, cotangent):
    return ((2 * x * cotangent)[..., None],)

def sigmoid_vjp(x, *, cotangent):
    return (x,)
"""


def test_derivatives_of_a_numpy_file_are_its_own(tmp_path: Path) -> None:
    ran = audit(tmp_path, written(tmp_path, GRADIENTS), "--law", "gradient", "--law", "accuracy", "--dtype", "float64")
    verdict = {(c["concept"], c["law"]): c["verdict"] for c in ran.cells}
    assert ran.code == 1
    assert {c for c, _ in verdict} == {"tanh", "exp", "sqrt", "relu", "square"}  # only what the file defines
    assert verdict["exp", "gradient"] == "holds" and verdict["sqrt", "gradient"] == "refuted"
    assert verdict.get(("tanh", "gradient"), "not judged") == "not judged" and verdict["tanh", "accuracy"] == "holds"
    assert verdict["relu", "gradient"] == verdict["square", "gradient"] == "broken"
    text = " ".join(ran.out.split())
    assert "relu_vjp: it returned a numpy.ndarray: return a tuple of 1, one array per differentiable operand" in text
    assert re.search(r"square_vjp: a gradient has shape .*,1\) for an operand of shape", text.replace(", 1)", ",1)"))


def test_a_wrong_derivative_of_a_numpy_file_is_shown_by_its_reproduction(tmp_path: Path) -> None:
    mine = written(tmp_path, GRADIENTS)
    (finding,) = audit(tmp_path, mine, "--concept", "sqrt", "--law", "gradient", "--dtype", "float64").findings
    assert "sqrt_vjp(" in finding["reproduction"]
    assert float.fromhex(finding["got"]) == float(re.sub(r"[^\d.e+-]", "", reproduced(tmp_path, finding)))


def test_a_wrong_limit_of_a_masked_row_is_found_again(tmp_path: Path) -> None:
    ran = audit(tmp_path, written(tmp_path, NAIVE), "--law", "limits", "--dtype", "float32")
    assert ran.code == 1 and ran.of("softmax") == {"refuted"}


def test_a_module_is_a_target(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    written(tmp_path / "package", SOUND, "module.py")
    ran = audit(tmp_path, "package.module", "--dtype", "float64", "--law", "sums_to")
    assert ran.code == 0 and ran.of("softmax") == {"holds"}


def test_a_package_of_the_users_that_is_called_suite_is_in_nobodys_way(tmp_path: Path) -> None:
    """The finding is run again by a fresh process: by ours."""
    command = Path(sys.executable).with_name("lawful")
    if not command.exists():
        pytest.skip("the command is not installed")
    (tmp_path / "suite").mkdir()
    (tmp_path / "suite" / "__init__.py").write_text("raise SystemExit('not me')")
    ran = audit(tmp_path, written(tmp_path, NAIVE), "--dtype", "float32", "--law", "finite", command=[str(command)])
    assert ran.code == 1 and ran.of("softmax") == {"refuted"}


# -- functions that misbehave

BROKEN = """
import sys
import numpy as np

def sigmoid(x):
    raise ValueError("boom \\x1b[31m[bold]")

def tanh(x):
    return np.tanh(x)[..., None]

def relu(x):
    return np.maximum(x, 0).astype(np.float64)

def relu6(x):
    return None

def hardtanh(x):
    return list(x)

class Tensor:
    __module__ = "torch"

def softplus(x):
    return Tensor()

def silu(x):
    y = x / (1 + np.exp(-x))
    x[...] = 0
    return y

def abs(x):
    raise NotImplementedError("not here")

def exp(x):
    sys.exit(0)

def square(x):
    return x * x
"""
SENTENCES = {
    "sigmoid": r"mine.py.sigmoid raised ValueError: boom \x1b[31m[bold]",
    "tanh": "mine.py.tanh returned shape (1,) where the signature ()->() gives (): return that shape",
    "relu": "mine.py.relu returned float64 for float32 operands: return the operands' dtype",
    "relu6": "mine.py.relu6 returned None, not a NumPy array: return an ndarray, or set FRAMEWORK",
    "hardtanh": "mine.py.hardtanh returned a list, not a NumPy array: return an ndarray, or set FRAMEWORK",
    "softplus": "mine.py.softplus returned a torch.Tensor, not a NumPy array: return an ndarray, or set FRAMEWORK",
    "silu": "mine.py.silu writes into operand 0: work on a copy",
    "exp": "mine.py.exp raised SystemExit: 0",
}


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("broken")
    return audit(folder, written(folder, BROKEN), "--dtype", "float32")


def test_functions_that_break_their_contract_do_not_cost_the_others(broken: Ran) -> None:
    assert broken.code == 3
    assert {name for name in concepts() if broken.of(name) == {"broken"}} == set(SENTENCES)
    assert "holds" in broken.of("square") and "broken" not in broken.of("square")
    assert "Traceback" not in broken.out + broken.err


@pytest.mark.parametrize("name", SENTENCES)
def test_each_is_one_clear_sentence(broken: Ran, name: str) -> None:
    assert {c["reason"].replace("\x1b", r"\x1b") for c in broken.cells if c["concept"] == name} == {SENTENCES[name]}
    assert f"broken {SENTENCES[name]}" in re.sub(r"\n  ", " ", broken.out)


def test_escape_sequences_of_a_target_do_not_reach_the_terminal(broken: Ran) -> None:
    assert "\x1b" not in broken.out + broken.err


def test_what_is_not_implemented_is_not_judged(broken: Ran) -> None:
    assert broken.of("abs") == {"not judged"}
    assert {c["reason"] for c in broken.cells if c["concept"] == "abs"} == {"not supported: mine.py.abs: not here"}


def test_a_target_that_implements_nothing_was_not_judged(tmp_path: Path) -> None:
    ran = audit(tmp_path, written(tmp_path, "def relu(x):\n    raise NotImplementedError\n"), "--dtype", "float32")
    assert ran.code == 3 and ran.of("relu") == {"not judged"}
    assert ran.sentence == "no cell was judged: not supported: mine.py.relu: NotImplementedError"


def test_a_selection_without_cells_was_not_judged(tmp_path: Path) -> None:
    ran = audit(tmp_path, "numpy", "--concept", "relu", "--law", "forward")
    assert ran.code == 3 and ran.sentence == "no cell was judged: no law that was asked for applies to it"


def test_a_function_that_raises_on_some_inputs_is_wrong_on_these(tmp_path: Path) -> None:
    mine = written(
        tmp_path,
        """
import numpy as np

def sin(x):
    if (np.abs(x) > 1000).any():
        raise OverflowError("too large")
    return np.sin(x)
""",
    )
    ran = audit(tmp_path, mine, "--dtype", "float64", "--law", "accuracy")
    (finding,) = ran.findings
    assert ran.code == 1 and finding["severity"] == "wrong"
    assert finding["got"] == "mine.py.sin raised OverflowError: too large"
    assert len(finding["reproduction"]) < 1000


SHAPES = """
import numpy as np

def softmax(x, *, axis):
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return np.squeeze(e / np.sum(e, axis=axis, keepdims=True))

def relu(x):
    return np.maximum(x, 0)
"""


def test_a_shape_that_is_wrong_for_some_inputs_only_does_not_cost_the_others(tmp_path: Path) -> None:
    ran = audit(tmp_path, written(tmp_path, SHAPES), "--dtype", "float32")
    assert ran.code in (1, 3) and "holds" in ran.of("relu")
    assert "broken" in ran.of("softmax") and "returned shape" in ran.out
    assert "Traceback" not in ran.err and "lawful itself failed" not in ran.out


def test_a_function_that_writes_into_some_of_its_inputs_is_broken(tmp_path: Path) -> None:
    mine = written(tmp_path, "import numpy as np\n\ndef abs(x):\n    return np.abs(x, out=x)\n")
    ran = audit(tmp_path, mine, "--dtype", "float32")
    assert {c["verdict"] for c in ran.cells if c["route"] != "expanded"} == {"broken"}  # that operand is read-only
    assert "mine.py.abs writes into operand 0: work on a copy" in ran.out


def test_a_function_that_kills_its_process_costs_its_own_group_only(tmp_path: Path) -> None:
    mine = written(
        tmp_path,
        """
import os
import signal
import numpy as np

def exp(x):
    os.kill(os.getpid(), signal.SIGKILL)

def relu(x):
    return np.maximum(x, 0)
""",
    )
    ran = audit(tmp_path, mine, "--dtype", "float32", "float64", "-n", "2")
    assert ran.code == 3 and ran.of("exp") == {"broken"} and ran.of("relu") <= {"holds", "not judged"}
    assert {(c["concept"], c["dtype"]) for c in ran.cells} == {
        (c, d) for c in ("exp", "relu") for d in ("float32", "float64")
    }
    sentence = "the process that judged exp in float64 died: run --concept exp -n 1 to see why"
    assert sentence in " ".join(ran.out.split())


def test_a_function_that_does_not_repeat_itself_is_unstable(tmp_path: Path) -> None:
    mine = written(
        tmp_path,
        """
import numpy as np
rng = np.random.default_rng()

def exp(x):
    return np.exp(x) * (1 + rng.choice([0, 1e-3], size=x.shape)).astype(x.dtype)
""",
    )
    ran = audit(tmp_path, mine, "--dtype", "float64", "--law", "repeatable")
    assert ran.code == 1 and ran.of("exp") == {"unstable"}


WARNS = """
import warnings
import numpy as np

def relu(x):
    warnings.warn("deprecated", DeprecationWarning)
    warnings.warn("careful")
    return np.maximum(x, 0)

def relu6(x):
    warnings.warn("careful")
    return np.minimum(np.maximum(x, 0), 6) + np.sqrt(np.full(x.shape, 3, x.dtype))
"""


def test_what_a_target_prints_is_not_the_audits(tmp_path: Path) -> None:
    ran = audit(tmp_path, written(tmp_path, f"print('hello')\n{NAIVE}"), "--dtype", "float32", "--law", "finite")
    assert ran.code == 1 and ran.of("softmax") == {"refuted"}


def test_draws_do_not_depend_on_what_else_a_file_says(tmp_path: Path) -> None:
    arguments = ["--law", "range", "--profile", "ci"]
    plain = audit(tmp_path, written(tmp_path, SOUND), *arguments)
    more = audit(tmp_path, written(tmp_path, f"{SOUND}\nMORE = {list(range(1000, 60000, 100))}"), *arguments)
    assert more.cells == plain.cells


@pytest.mark.parametrize("workers", ["1", "2"])
def test_warnings_of_a_target_are_not_the_audits(tmp_path: Path, workers: str) -> None:
    arguments = ["--dtype", "float32", "--law", "accuracy", "-n", workers]
    ran = audit(tmp_path, written(tmp_path, WARNS), *arguments, env=environment(PYTHONWARNINGS="error"))
    assert (ran.code, ran.err) == (1, "")
    assert ran.of("relu") == {"holds"} and ran.of("relu6") == {"refuted"}


# -- targets that are none, and requests that cannot be met: in this process, for they are many

Inside = Callable[..., Ran]


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Inside:
    """``lawful audit`` by its main function, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Ran:
        try:
            code = cli.main(["audit", "-n", "1", "--profile", "quick", *arguments])
        except SystemExit as exit:  # of argparse
            code = exit.code if isinstance(exit.code, int) else 1
        return Ran(code, *capsys.readouterr(), read(tmp_path / ".lawful"))

    return run


NONE = {
    "syntax": ("def relu(x:\n", 3, "mine.py does not import: SyntaxError: "),
    "import": ("import no_such_module\n", 3, "mine.py does not import: No module named 'no_such_module'"),
    "raises": ("raise RuntimeError('boom\\nand more')\n", 3, "mine.py does not import: RuntimeError: boom"),
    "exits": ("import sys\nsys.exit(0)\n", 3, "mine.py does not import: SystemExit: 0"),
    "nothing": ("x = 1\n", 3, "mine.py defines no function with a concept's name; `lawful concepts` lists them"),
    "framework": ("FRAMEWORK = 'jaxx'\ndef relu(x): pass\n", 3, "FRAMEWORK = 'jaxx', must be one of numpy, torch"),
    "framework-list": ("FRAMEWORK = ['torch']\ndef relu(x): pass\n", 3, "FRAMEWORK = ['torch'], must be one of"),
    "base": ("BASE = 'jax'\ndef relu(x): pass\n", 3, "BASE = 'jax', must be one of numpy, torch"),
}


@pytest.mark.parametrize("text, code, sentence", NONE.values(), ids=NONE)
def test_a_file_that_is_no_target_is_one_sentence(inside: Inside, text: str, code: int, sentence: str) -> None:
    ran = inside("--target", written(Path(), text))
    assert ran.code == code and sentence in ran.sentence and not ran.out


USAGE = {
    "concept": (["--concept", "sofmax"], "unknown concept 'sofmax': did you mean softmax or "),
    "no-concept-like-it": (["--concept", "q"], "unknown concept 'q'; `lawful concepts` lists them"),
    "law": (["--law", "acuracy"], "unknown law 'acuracy': did you mean accuracy"),
    "dtype": (["--dtype", "float23"], "unknown dtype 'float23': did you mean float32"),
    "profile": (["--profile", "slow"], "unknown profile 'slow': one of quick, ci, thorough"),
    "device": (["--device", "tpu"], "unknown device 'tpu': did you mean cpu?"),
    "target": (["--target", "nunpy"], "unknown target 'nunpy': name numpy, torch, a file ending in .py, or"),
    "module": (["--target", "suite.nothing"], "unknown target 'suite.nothing': name numpy, torch"),
    "file": (["--target", "no/such.py"], "no/such.py: no such file; --target takes numpy, torch, a .py file or"),
    "workers": (["-n", "0"], "-n 0: at least one worker is needed"),
    "known": (["--known", "no.toml"], "no.toml: No such file or directory; --known takes a TOML file of"),
    "not-toml": (["--known", "bad.toml"], "bad.toml is not TOML: "),
    "report": (["--report", "bad.toml"], "--report bad.toml: cannot be written (File exists); name another folder"),
    "cuda": (["--device", "cuda"], "--device cuda: NumPy arrays live on the CPU; use --device cpu"),
}  # fmt: skip


@pytest.mark.parametrize("arguments, sentence", USAGE.values(), ids=USAGE)
def test_a_request_that_cannot_be_met_is_one_sentence(inside: Inside, arguments: list[str], sentence: str) -> None:
    written(Path(), "[[finding", "bad.toml")
    ran = inside("--target", "numpy", *arguments)
    assert sentence in ran.sentence and not ran.out
    assert ran.code == (3 if "cuda" in arguments else 2)
    assert not Path(".lawful").exists()


@pytest.mark.parametrize("arguments", [["--fail-on", "bad"], ["--seed", "x"], ["--nothing"]])
def test_options_that_do_not_exist_are_usage(inside: Inside, arguments: list[str]) -> None:
    assert inside("--target", "numpy", *arguments).code == 2


def test_a_file_without_a_function_for_the_concept_is_usage(inside: Inside) -> None:
    ran = inside("--target", written(Path(), SOUND), "--concept", "relu")
    assert ran.code == 2 and ran.sentence == "mine.py has no function for relu"


@pytest.mark.parametrize(
    "line", ['operands = [["0x1p0"], ["0x1p0"]]', 'operands = [["one"]]', "recipe = [7, 0]", "shapes = [[5]]"]
)
def test_a_known_finding_that_does_not_fit_its_concept_is_usage(inside: Inside, line: str) -> None:
    witness = Witness((("0x1p0",),), ((1,),), (), (), -1, (0,), (0, 0))
    cell = ("5e65d538", "relu", "range", "float32", "eager", "cpu")
    entry = Known(*cell, Severity.WRONG, "2025-11-21", "why", {}, ((0.0, 1.0),), 1.0, witness)
    known.write(Path("known.toml"), [entry])
    arguments = ["--target", "numpy", "--concept", "relu", "--law", "range", "--known", "known.toml"]
    assert inside(*arguments).code == 0
    text = Path("known.toml").read_text()
    Path("known.toml").write_text(re.sub(rf"^{line.split()[0]} = .*$", line, text, flags=re.MULTILINE))
    ran = inside(*arguments)
    assert ran.code == 2
    assert ran.sentence == "known.toml: the witness of 5e65d538 does not fit relu: remove it and accept it again"


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    ran = audit(tmp_path, written(tmp_path, "import no_such_module\n"), "--debug")
    assert ran.code == 3 and "Traceback" in ran.err and 'mine.py", line 1' in ran.err
    assert ran.err.splitlines()[-1].startswith("lawful: mine.py does not import")


def test_a_known_finding_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    audit(tmp_path, written(tmp_path, NAIVE), "--dtype", "float32", "--law", "finite")
    ran = lawful(tmp_path, "accept", "all", "--known", "mine.py/known.toml", "--reason", "none")
    assert ran.code == 2 and not ran.out
    assert re.fullmatch(r"mine\.py/known\.toml: cannot be written \(.+\); name another file with --known", ran.sentence)


def test_a_last_report_that_cannot_be_written_does_not_cost_the_verdicts(tmp_path: Path) -> None:
    (tmp_path / ".lawful").touch()
    ran = audit(tmp_path, "numpy", "--concept", "relu", "--law", "range")
    assert ran.code == 0 and "0 refuted new" in ran.out
    assert ran.sentence == "the report was not written to .lawful: File exists"


@needs_torch
def test_a_device_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    ran = audit(tmp_path, "torch", "--device", "cuda", env=environment(CUDA_VISIBLE_DEVICES=""))
    assert ran.code == 3
    assert ran.sentence == "--device cuda: torch sees no CUDA device here; use --device cpu, or a machine with one"


# -- without torch


@pytest.fixture
def without_torch(tmp_path: Path) -> dict[str, str]:
    """A machine where torch cannot be imported, and where each attempt is noted."""
    folder = tmp_path / "path"
    folder.mkdir()
    text = f"""
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            open({str(tmp_path / "asked")!r}, "a").write("torch")
            raise ModuleNotFoundError("No module named 'torch'", name="torch")

sys.meta_path.insert(0, Missing())
"""
    written(folder, text, "sitecustomize.py")
    return environment(folder)


def test_numpy_is_audited_without_torch(tmp_path: Path, without_torch: dict[str, str]) -> None:
    ran = audit(
        tmp_path, "numpy", "--concept", "relu", "--concept", "exp", "--dtype", "float32", "-n", "2", env=without_torch
    )
    assert ran.code == 0 and not (tmp_path / "asked").exists()


FILES = {
    "file": ('FRAMEWORK = "torch"\ndef relu(x):\n    return x\n', "mine.py"),
    "import": ('import torch\nFRAMEWORK = "torch"\n', "mine.py"),
    "base": ('FRAMEWORK = "torch"\nBASE = "torch"\ndef relu(x):\n    return x\n', "mine.py"),
    "target": ("", "torch"),
}


@pytest.mark.parametrize("text, target", FILES.values(), ids=FILES)
def test_torch_that_is_missing_is_one_sentence(
    tmp_path: Path, without_torch: dict[str, str], text: str, target: str
) -> None:
    written(tmp_path, text)
    ran = audit(tmp_path, target, env=without_torch)
    assert ran.code == 3 and ran.sentence == "torch is not installed: pip install 'lawful[torch]'"
    assert (tmp_path / "asked").exists()


# -- Ctrl-C

SLOW = """
import pathlib
import time
import numpy as np

def relu(x):
    return np.maximum(x, 0)

def exp(x):
    pathlib.Path("reached").touch()
    time.sleep(600)
"""


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_interrupted_audit_keeps_what_was_judged(tmp_path: Path, workers: str) -> None:
    mine = written(tmp_path, SLOW)
    arguments = ["audit", "--target", mine, "--profile", "quick", "--dtype", "float32", "float16", "-n", workers]
    run = subprocess.Popen(
        [*COMMAND, *arguments, "--report", "report"], cwd=tmp_path, env=environment(), start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while not (tmp_path / "reached").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)  # the result of the other function is on its way
        os.killpg(run.pid, signal.SIGINT)  # as a terminal does: to the workers too
        out, err = run.communicate(timeout=30)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)
    ran = Ran(run.returncode, out, err, read(tmp_path / "report"))
    assert ran.code == 130
    assert re.fullmatch(r"interrupted: [12] of 4 groups were judged", ran.sentence)
    assert {c["concept"] for c in ran.cells} == {"relu"} and "holds" in ran.of("relu")
    assert (tmp_path / "report" / "index.html").exists() and " cells: 0 refuted new" in out


# -- the table of concepts


def test_the_table_of_concepts_as_text(tmp_path: Path) -> None:
    ran = lawful(tmp_path, "concepts")
    assert ran.code == 0 and re.search(r"^  softmax +softmax\(x, \*, axis\)$", ran.out, re.MULTILINE)


def test_the_table_of_concepts_as_json(tmp_path: Path) -> None:
    ran = lawful(tmp_path, "concepts", "--format", "json")
    rows = {row["concept"]: row for row in json.loads(ran.out)}
    assert ran.code == 0 and list(rows) == list(concepts())
    assert rows["softmax"]["call"] == "softmax(x, *, axis)" and rows["softmax"]["signature"] == "(n)->(n)"
    assert {"accuracy", "gradient", "shift", "sums_to"} <= set(rows["softmax"]["laws"])


def test_the_table_of_concepts_as_markdown_and_in_ascii(tmp_path: Path) -> None:
    ran = lawful(tmp_path, "concepts", "--format", "markdown", env=environment(PYTHONIOENCODING="ascii"))
    lines = ran.out.splitlines()
    assert ran.code == 0 and len(lines) == 2 + len(concepts())
    assert lines[:2] == ["| topic | concept | call | signature | laws |", "|---|---|---|---|---|"]
    assert any("`softmax(x, *, axis)`" in line for line in lines)
