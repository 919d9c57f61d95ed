"""A library of one's own as it is: natural signatures, target files of a few lines, packages, what cannot be asked."""

import sys
from pathlib import Path

import natural
import numpy as np
import pytest
from cli_helpers import Ran, audit, lawful, needs_torch, reproduced, written

from suite.audit.session import Request, UsageError, request_of
from suite.concepts import call_names
from suite.targets.loading import load
from suite.targets.protocol import TargetError

SCRIPT = [sys.executable, "-P", "-m", "suite.cli"]  # as the installed command: the folder is not on the path
REST = ("gelu", "mse_loss", "mean", "logsumexp")
JUDGED = ("--law", "accuracy", "--dtype", "float32")


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("right")
    return audit(folder, natural.written(folder), *JUDGED, "--dtype", "float64", command=SCRIPT)


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    folder = tmp_path_factory.mktemp("wrong")
    return folder, audit(folder, natural.written(folder, wrong=True), *JUDGED, command=SCRIPT)


def test_the_target_file_is_short() -> None:
    assert len(natural.TARGET.strip().splitlines()) <= 5 and len(natural.PLANTED) == 8


def test_natural_functions_are_not_accused(right: Ran) -> None:
    assert right.code == 0 and {c["verdict"] for c in right.cells} == {"holds", "not judged"}
    unjudged = {(c["concept"], c["dtype"]): c["reason"] for c in right.cells if c["verdict"] == "not judged"}
    assert set(unjudged) == {("sigmoid", "float64"), *(("mse_loss_none", d) for d in ("float32", "float64"))}
    assert unjudged["sigmoid", "float64"].endswith("mine.py.sigmoid: DTYPES has float32, not float64")
    assert "mine.py.mse_loss takes no reduction: it has reduction='mean'" in unjudged["mse_loss_none", "float32"]


@pytest.mark.parametrize("concept", natural.PLANTED)
def test_each_is_judged_along_every_call_that_it_takes(right: Ran, concept: str) -> None:
    held = {c["route"] for c in right.cells if c["concept"] == concept and c["verdict"] == "holds"}
    assert held == {"eager", "asked"}


def test_how_they_were_asked_is_said(right: Ran) -> None:
    notes = set(right.report["notes"])
    assert "mine.py.gelu takes no approximate: judged as approximate='none', with which it agrees" in notes
    assert "mine.py.mse_loss takes no reduction: judged as reduction='mean', with which it agrees" in notes
    assert "mine.py.mean cannot be asked for keepdims: not judged so" in notes
    assert any(n.startswith("mine.py.logsumexp takes no axis: judged one row at a time") for n in notes)
    assert "mine.py.gelu returns float64 for float32 operands: judged as rounded to float32, once" in notes
    assert "note   mine.py.mean cannot be asked" in right.out


@pytest.mark.parametrize("concept", natural.PLANTED)
def test_each_planted_bug_is_refuted(wrong: tuple[Path, Ran], concept: str) -> None:
    assert wrong[1].code == 1 and "refuted" in wrong[1].of(concept)


@pytest.mark.parametrize(
    "concept, call", [("softmax", "softmax(x0_0, dim=-1)"), ("log_softmax", "log_softmax(x0_0, -1)"),
                      ("tanh", "tanh(x0_0)"), ("gelu", "gelu(x0_0)"), ("logsumexp", "logsumexp(x0_0)")]
)  # fmt: skip
def test_a_reproduction_calls_the_function_in_its_own_words(wrong: tuple[Path, Ran], concept: str, call: str) -> None:
    folder, ran = wrong
    finding = next(f for f in ran.findings if f["concept"] == concept and f["route"] == "eager")
    assert f"y0 = {call}\n" in finding["reproduction"] and reproduced(folder, finding).startswith("got ")


# -- what is loaded


def test_one_function_of_a_package_is_a_target_without_a_path(tmp_path: Path) -> None:
    natural.written(tmp_path, wrong=True)
    ran = audit(tmp_path, "mypkg.ops:softmax", "--concept", "softmax", *JUDGED, command=SCRIPT)
    assert ran.code == 1 and {c["concept"] for c in ran.cells} == {"softmax"}
    assert "from mypkg.ops import softmax" in ran.findings[0]["reproduction"] and reproduced(tmp_path, ran.findings[0])


@pytest.mark.parametrize("target", ["natural_a.ops", "natural_b/ops.py", "natural_c/ops.py:softmax"])
def test_a_package_is_loaded_with_its_relative_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    natural.written(tmp_path)
    (tmp_path / "mypkg").rename(tmp_path / target[: len("natural_a")])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p])
    mine = load(target, names=call_names())
    assert set(mine.functions) == ({"softmax"} if ":" in target else {"softmax", "log_softmax", *REST})
    (y,) = mine.call("softmax", [np.zeros((1, 2))], {"axis": -1})
    assert y.tolist() == [[0.5, 0.5]]


def test_a_file_in_a_folder_that_is_no_package_may_import_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    natural.written(tmp_path)
    (tmp_path / "mypkg" / "__init__.py").unlink()
    (tmp_path / "mypkg").rename(tmp_path / "natural_d")
    monkeypatch.chdir(tmp_path)
    assert load("natural_d/ops.py", names=call_names()).supports("softmax")


def test_a_file_whose_package_has_the_name_of_another_is_the_one_that_was_named(tmp_path: Path) -> None:
    (tmp_path / "reference").mkdir()
    (tmp_path / "reference" / "__init__.py").write_text("")
    (tmp_path / "reference" / "softmax.py").write_text("def relu(x):\n    return x\n")
    assert set(load(str(tmp_path / "reference" / "softmax.py"), names=call_names()).functions) == {"relu"}


def test_a_function_that_is_not_there_is_answered_with_the_nearest() -> None:
    with pytest.raises(TargetError, match=r"numpy has no function 'sofmax': did you mean softmax") as told:
        load("numpy:sofmax", names=call_names())
    assert told.value.exit_code == 2


def test_scipys_functions_are_a_target_without_the_one_that_is_another() -> None:
    mine = load("scipy.special", names=call_names())
    assert {"softmax", "erf", "logsumexp"} <= set(mine.functions) and not mine.supports("kl_div")


def test_a_target_file_is_written_for_a_package(tmp_path: Path) -> None:
    natural.written(tmp_path)
    ran = lawful(tmp_path, "init", "mypkg", command=SCRIPT)
    text = (tmp_path / "lawful_mypkg.py").read_text()
    assert ran.code == 0 and "6 functions of mypkg, 1 more to be looked at" in ran.out
    assert '    "softmax": mypkg.ops.softmax,\n' in text and 'FRAMEWORK = "numpy"' in text
    assert '    # "tanh": mypkg.ops.Tanh,  # a class: make one, with its options\n' in text
    again = lawful(tmp_path, "init", "mypkg", command=SCRIPT)
    assert again.code == 2 and "lawful_mypkg.py is there already" in again.sentence
    ran = audit(tmp_path, "lawful_mypkg.py", "--concept", "mse_loss", *JUDGED, command=SCRIPT)
    assert ran.code == 0 and ran.of("mse_loss") == {"holds"}


def test_concepts_are_left_out(tmp_path: Path) -> None:
    natural.written(tmp_path)
    names = [a for n in natural.PLANTED if n != "mean" for a in ("--exclude", n)]
    ran = audit(tmp_path, "mypkg.ops", *names, *JUDGED, command=SCRIPT)
    assert ran.code == 0 and {c["concept"] for c in ran.cells} == {"mean"}
    with pytest.raises(UsageError, match="unknown concept 'sofmax': did you mean softmax"):
        Request("mypkg.ops", exclude=("sofmax",)).checked()
    assert request_of(ran.report["head"], 1, None).exclude == tuple(n for n in natural.PLANTED if n != "mean")


@needs_torch
@pytest.mark.parametrize(
    "text, arrays",
    [
        ("import torch\n", "torch"),
        ("import torch\nFRAMEWORK = 'numpy'\n", "numpy"),
        ("from torch.nn.functional import relu6\n", "torch"),
        ("", "numpy"),
    ],
)
def test_the_imports_of_a_module_tell_its_arrays(tmp_path: Path, text: str, arrays: str) -> None:
    file = tmp_path / written(tmp_path, f"{text}def relu(x):\n    return x\n")
    assert load(str(file), names=call_names()).framework.name == arrays


MISTAKES = {
    "EXCLUDE = ['sofmax']": "EXCLUDE has the unknown concept 'sofmax': did you mean softmax",
    "EXCLUDE = 3": "EXCLUDE has 3: write names, in quotes",
    "DTYPES = ['float23']": "DTYPES has the unknown dtype 'float23': did you mean float32",
    "DTYPES = {'relo': 'float32'}": "DTYPES has the unknown concept 'relo': did you mean relu",
    "CONCEPTS = {'sofmax': relu}": "CONCEPTS has the unknown concept 'sofmax': did you mean softmax",
    "CONCEPTS = {'softmax': 'relu'}": "CONCEPTS['softmax'] = 'relu' is no function",
    "CONCEPTS = [relu]": "CONCEPTS must be a mapping of names to functions",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_in_a_target_file_is_one_sentence(tmp_path: Path, text: str) -> None:
    file = tmp_path / written(tmp_path, f"def relu(x):\n    return x\n{text}\n")
    with pytest.raises(TargetError) as told:
        load(str(file), names=call_names())
    assert told.value.exit_code == 2 and str(told.value).startswith(f"{file}: {MISTAKES[text]}")
