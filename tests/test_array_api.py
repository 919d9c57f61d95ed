"""Libraries of the array API are targets by their namespace; here the strict one, which has the standard alone."""

import contextlib
import importlib.metadata
import io
from pathlib import Path

import numpy as np
import pytest

from suite.audit.group import judge_group
from suite.audit.plan import Plan
from suite.concepts import call_names
from suite.targets.library import Library
from suite.targets.loading import load
from suite.targets.protocol import Made, Shown, TargetError, Unsupported
from suite.verdict import Verdict

xp = pytest.importorskip("array_api_strict")
pytest.importorskip("array_api_compat")
pytestmark = pytest.mark.filterwarnings("ignore")  # a library's own warnings are its own affair

FILE = """
import array_api_strict as xp
FRAMEWORK = "array_api"
NAMESPACE = xp
def softmax(x, axis):
    e = xp.exp(x - SHIFT)
    return e / xp.sum(e, axis=axis, keepdims=True)
def softmax_vjp(x, axis, cotangent):
    y = softmax(x, axis)
    return (y * (cotangent - xp.sum(y * cotangent, axis=axis, keepdims=True)),)
"""
SOUND = FILE.replace("SHIFT", "xp.max(x, axis=axis, keepdims=True)")
NAIVE = FILE.replace("x - SHIFT", "x")


@pytest.fixture(scope="module")
def strict() -> Library:
    return load("array_api_strict", names=call_names())


def verdicts(target: Library, concept: str, dtype: str, *laws: str) -> set[Verdict]:
    return {c.verdict for c in judge_group((concept, dtype), target, Plan("", "cpu", "quick", 0, laws)).cells}


@pytest.mark.parametrize("concept", ["exp", "mean", "cumsum", "matmul"])
def test_a_namespace_is_a_target_as_it_is(strict: Library, concept: str) -> None:
    assert verdicts(strict, concept, "float32", "accuracy") == {Verdict.HOLDS}


def test_functions_of_other_names_and_of_the_extension_are_found(strict: Library) -> None:
    assert {"exp", "cumsum", "vector_norm", "solve"} <= set(strict.functions) and not strict.supports("softmax")
    x = np.array([[3.0, 4.0]], np.float32)
    calls = Made("y0", "vector_norm", (x,), {"axis": -1, "ord": 2}), Made("y1", "cumsum", (x,), {"axis": -1})
    wide = (("r1", ("y1",)),)
    text = strict.reproduce(Shown(calls, wide, prints=(("norm", "float(y0[0])"), ("sums", "r1.tolist()"))))
    assert "vector_norm = xp.linalg.vector_norm\ncumsum = xp.cumulative_sum\nx0_0 = xp.asarray([[3.0" in text
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(text, {})
    version = importlib.metadata.version("array-api-strict")
    assert out.getvalue().splitlines() == ["norm 5.0", "sums [[3.0, 7.0]]", f"array_api {version}"]
    none = strict.reproduce(Shown((Made("y0", "exp", (x[:, :0],), {}),), prints=(("shape", "y0.shape"),)))
    assert "x0_0 = xp.zeros((1, 0), dtype=xp.float32)\n" in none


def test_formats_that_the_standard_lacks_are_not_supported(strict: Library) -> None:
    with pytest.raises(Unsupported, match="array_api_strict has no float16"):
        strict.call("exp", [np.ones(2, np.float16)], {})


@pytest.mark.parametrize("text, verdict", [(SOUND, Verdict.HOLDS), (NAIVE, Verdict.REFUTED)], ids=["sound", "naive"])
def test_a_file_names_its_namespace(tmp_path: Path, text: str, verdict: Verdict) -> None:
    (tmp_path / "mine.py").write_text(text)
    mine = load(str(tmp_path / "mine.py"), names=call_names())
    assert set(mine.functions) == {"softmax"}
    assert verdict in verdicts(mine, "softmax", "float64", "accuracy", "gradient") <= {verdict, Verdict.HOLDS}


def test_a_file_without_functions_has_all_of_its_namespace(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import array_api_strict as NAMESPACE\nFRAMEWORK = 'array_api'\n")
    assert {"exp", "vector_norm"} <= set(load(str(tmp_path / "mine.py"), names=call_names()).functions)


def test_mistakes_are_one_sentence(tmp_path: Path, strict: Library) -> None:
    (tmp_path / "mine.py").write_text("FRAMEWORK = 'array_api'\ndef exp(x):\n    return x\n")
    with pytest.raises(TargetError, match="set NAMESPACE to the library whose arrays FRAMEWORK means"):
        load(str(tmp_path / "mine.py"), names=call_names())
    with pytest.raises(TargetError, match="live on the CPU"):
        load("array_api_strict", "cuda", call_names())
    numpys = Library("mine", strict.framework, {"exp": lambda x: np.ones(2)})
    with pytest.raises(TargetError, match=r"mine.exp returned a numpy.ndarray: return an array of array_api_strict"):
        numpys.call("exp", [np.ones(2)], {})
