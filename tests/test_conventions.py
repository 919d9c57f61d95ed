"""A convention is mathematics: what goes beyond it, or where no failure was seen, is new though torch's are known."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from suite.audit.group import judge_group
from suite.audit.judging import judged
from suite.audit.plan import Plan
from suite.concepts import call_names, concepts
from suite.draw.recipes import Recipe
from suite.findings.known import built_in
from suite.floats import FORMATS
from suite.judge.case import Case
from suite.laws.accuracy import Accuracy
from suite.targets.library import Library
from suite.targets.loading import load
from suite.verdict import Cell, Severity

torch = pytest.importorskip("torch")
TORCH = load("torch", names=call_names())
KNOWN = built_in("torch")


def planted(**functions: Callable[..., Any]) -> Library:
    return replace(TORCH, functions={**TORCH.functions, **functions})


def refuted(target: Library, concept: str, dtype: str, *laws: str) -> list[Cell]:
    plan = Plan("torch", "cpu", "quick", 0, laws, known=KNOWN)
    return [c for c in judge_group((concept, dtype), target, plan).cells if c.finding]


def scaled_loss(p: Any, t: Any, *, reduction: str) -> Any:
    return TORCH.functions["binary_cross_entropy"](p, t, reduction=reduction) * 1.5


def nan_below_100(x: Any, *, ord: float = 2, axis: Any = None, keepdims: bool = False) -> Any:
    y = TORCH.functions["vector_norm"](x, ord=ord, axis=axis, keepdims=keepdims)
    return torch.where(y < 100, y * float("nan"), y)


WRONG: dict[str, Callable[..., Any]] = {
    "scaled": lambda a, b: torch.matmul(a, b) * 1.5,
    "last-term-missing": lambda a, b: torch.matmul(a[..., :-1], b[..., :-1, :]) if a.shape[-1] > 1 else a @ b,
    "first-term-twice": lambda a, b: torch.matmul(a, b) + torch.matmul(a[..., :1], b[..., :1, :]),
    "zeros-above": lambda a, b: torch.matmul(a, b).tril() if a.shape[-2] > 1 else torch.matmul(a, b) * 0,
}


@pytest.mark.parametrize("dtype", FORMATS)
def test_a_scaled_loss_is_new_though_its_clamp_is_known(dtype: str) -> None:
    cells = refuted(planted(binary_cross_entropy=scaled_loss), "binary_cross_entropy", dtype, "accuracy")
    assert cells and all(not c.known and c.severity is not Severity.CONVENTION for c in cells)
    assert cells[0].finding is not None and cells[0].finding.note == ""


def test_a_norm_that_is_nan_for_small_results_is_new_though_its_overflow_is_known() -> None:
    cells = refuted(planted(vector_norm=nan_below_100), "vector_norm", "float32", "finite")
    assert cells and not any(c.known for c in cells)


@pytest.mark.parametrize("name", WRONG)
def test_any_wrong_product_is_new_though_its_flushing_is_known(name: str) -> None:
    cells = refuted(planted(matmul=WRONG[name]), "matmul", "bfloat16", "accuracy")
    assert cells and not any(c.known for c in cells)


@pytest.mark.parametrize(
    "concept, dtype, inputs",
    [
        ("softplus", "float64", ([20.5, 33.0],)),
        ("binary_cross_entropy", "float32", ([0.0, 1.0, 1e-45], [1.0, 0.0, 1.0])),
    ],
)
def test_what_is_documented_is_a_convention_with_its_source(
    concept: str, dtype: str, inputs: tuple[list[float], ...]
) -> None:
    fmt = FORMATS[dtype]
    case = Case(concepts()[concept], fmt, tuple(fmt.round(np.array(x)) for x in inputs), Recipe((), 0, 0), target=TORCH)
    found = judged(Accuracy(), case, "eager").refuted
    assert found
    assert all(r.severity is Severity.CONVENTION and "docs.pytorch.org" in r.note for r in found)


def test_what_a_person_wrote_is_not_excused_by_what_torch_documents(tmp_path: Any) -> None:
    (tmp_path / "mine.py").write_text("FRAMEWORK = BASE = 'torch'\nfrom torch.nn.functional import softplus\n")
    mine = load(str(tmp_path / "mine.py"), names=("softplus", "binary_cross_entropy"))
    assert mine.documented("softplus") is None and mine.documented("binary_cross_entropy") is not None
