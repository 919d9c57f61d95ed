"""Libraries of the array API are targets by their namespace; here the strict one, which has the standard alone."""

from pathlib import Path

import numpy as np
import pytest

from suite.audit.group import judge_group
from suite.audit.plan import Plan
from suite.concepts import call_names
from suite.targets.library import Library
from suite.targets.loading import load
from suite.targets.protocol import Shown, TargetError, Unsupported
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
    text = strict.reproduce(Shown("vector_norm", ((x,),), {"axis": -1, "ord": 2}))
    assert text.startswith(
        "import array_api_strict as xp\nvector_norm = xp.linalg.vector_norm\nx0_0 = xp.asarray([[3.0"
    )
    assert "cumsum = xp.cumulative_sum" in strict.reproduce(Shown("cumsum", ((x,),), {"axis": -1}))


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
