"""Functions that break their contract, raise, kill, warn or print cost an audit no more than themselves."""

import re
from pathlib import Path

import pytest
from cli_helpers import NAIVE, Ran, audit, environment, written

from suite.concepts import concepts

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
    assert ran.code == 1 and [f["route"] for f in ran.findings] == ["eager", "asked"]
    for finding in ran.findings:
        assert finding["severity"] == "wrong" and finding["got"] == "mine.py.sin raised OverflowError: too large"
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
    sentence = "the process that judged exp in float64 died (SIGKILL)"
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


@pytest.mark.parametrize("workers", ["1", "2"])
def test_warnings_of_a_target_are_not_the_audits(tmp_path: Path, workers: str) -> None:
    arguments = ["--dtype", "float32", "--law", "accuracy", "-n", workers]
    ran = audit(tmp_path, written(tmp_path, WARNS), *arguments, env=environment(PYTHONWARNINGS="error"))
    assert (ran.code, ran.err) == (1, "")
    plain = {c["concept"]: c["verdict"] for c in ran.cells if c["route"] == "eager"}
    assert ran.of("relu") == {"holds"} and plain["relu6"] == "refuted"
