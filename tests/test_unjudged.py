"""Nothing undecided is called right: NaN that is swallowed is refuted, and a cell that judged nothing says so."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from suite.audit.group import judge_group
from suite.audit.plan import Plan
from suite.concepts import call_names
from suite.judge.case import Case
from suite.judge.outcome import Outcome
from suite.laws.accuracy import Accuracy
from suite.targets.library import Library
from suite.targets.loading import load
from suite.verdict import Cell, Verdict

NUMPY = load("numpy", names=call_names())
LAWS = ("limits", "propagates_nan")


def deaf(name: str) -> Library:
    """The reference with one function that takes NaN for zero."""
    f = NUMPY.functions[name]

    def swallows(*operands: Any, **options: Any) -> Any:
        return f(
            *(x if x.dtype.kind in "iu" else np.where(np.isnan(x), np.zeros_like(x), x) for x in operands), **options
        )

    return replace(NUMPY, functions={**NUMPY.functions, name: swallows})


def cells(target: Library, concept: str, *laws: str) -> tuple[Cell, ...]:
    return judge_group((concept, "float32"), target, Plan("numpy", "cpu", "quick", 0, laws)).cells


@pytest.mark.parametrize(
    "concept, function",
    [
        ("softplus", "softplus"), ("log_sigmoid", "log_sigmoid"), ("binary_cross_entropy", "binary_cross_entropy"),
        ("binary_cross_entropy_with_logits_none", "binary_cross_entropy_with_logits"), ("relu", "relu"),
        ("binary_cross_entropy_with_logits", "binary_cross_entropy_with_logits"), ("sigmoid", "sigmoid"),
    ],
)  # fmt: skip
def test_a_nan_that_is_swallowed_is_refuted(concept: str, function: str) -> None:
    assert any(c.verdict is Verdict.REFUTED for c in cells(deaf(function), concept, *LAWS))
    assert not any(c.verdict is Verdict.REFUTED for c in cells(NUMPY, concept, *LAWS))


def test_a_cell_that_judged_nothing_says_of_how_many_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(law: Accuracy, case: Case, route: str) -> Outcome:
        return Outcome(cases=1, unjudged=7)

    monkeypatch.setattr(Accuracy, "judge", nothing)
    (cell, *_) = cells(NUMPY, "exp", "accuracy")
    assert cell.verdict is Verdict.NOT_JUDGED and cell.reason == f"0 entries judged, {cell.unjudged} not"
