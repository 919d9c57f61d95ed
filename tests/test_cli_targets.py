"""What ``lawful audit`` takes for a target: files, modules and libraries, on machines with torch and without."""

import re
import sys
from pathlib import Path

import pytest
from cli_helpers import NAIVE, SOUND, audit, environment, needs_torch, reproduced, written


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
    verdict = {(c["concept"], c["law"]): c["verdict"] for c in ran.cells if c["route"] != "asked"}
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
