"""No rows and no entries: shapes and values of nothing."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import reference as ref
from suite.audit.group import judge_group
from suite.audit.plan import Plan
from suite.concepts import concepts
from suite.floats import Array
from suite.mutants.makers import Function, either, right
from suite.targets.library import Library
from suite.verdict import Cell, Severity, Verdict

pytestmark = pytest.mark.filterwarnings("ignore")  # of NumPy, inside functions that are under test


def judged(name: str, library: Library, dtype: str = "float32") -> Cell:
    with np.errstate(all="ignore"):
        (cell,) = judge_group((name, dtype), library, Plan("mine", "cpu", "quick", 0, ("empty",), cases=2)).cells
    return cell


def mine(name: str, bad: Function, when: Function) -> Library:
    good = right()
    call = concepts()[name].call_name
    return replace(good, name="mine", functions={**good.functions, call: either(bad, good.functions[call], when)})


def no_rows(x: Array, *rest: Array, **options: Any) -> bool:
    return x.shape[0] == 0


def no_entries(x: Array, *rest: Array, **options: Any) -> bool:
    return x.size == 0 and x.shape[0] > 0


def refused(*operands: Array, **options: Any) -> Array:
    raise ValueError("nothing to do")


def one(x: Array, *rest: Array, **options: Any) -> Array:
    return np.ones(x.shape[:-1], x.dtype)


@pytest.mark.parametrize("name", ["softmax", "exp", "matmul", "solve", "cross_entropy_none", "sum"])
def test_a_batch_without_rows_is_no_reason_to_raise(name: str) -> None:
    cell = judged(name, mine(name, refused, no_rows))
    assert cell.verdict is Verdict.REFUTED and cell.finding.severity is Severity.WRONG
    assert "zeros((0," in cell.finding.reproduction


@pytest.mark.parametrize("name", ["softmax", "exp", "matmul"])
def test_a_batch_without_rows_has_the_shape_of_the_signature(name: str) -> None:
    def flat(*operands: Array, **options: Any) -> Array:
        return np.zeros((0, 7, 7, 7), operands[0].dtype)

    assert "shape (0, 7, 7, 7)" in judged(name, mine(name, flat, no_rows)).finding.got


@pytest.mark.parametrize("name", ["sum", "vector_norm", "vecdot"])
def test_the_sum_of_nothing_is_zero(name: str) -> None:
    cell = judged(name, mine(name, one, no_entries))
    assert cell.finding.severity is Severity.WRONG and cell.finding.enclosure[0] == "0x0.0p+0"


def test_the_product_of_nothing_is_one_and_its_mean_a_convention() -> None:
    zero = mine("prod", lambda x, **options: 0 * one(x), no_entries)
    assert judged("prod", zero).finding.enclosure[0] == "0x1.0000000000000p+0"
    assert judged("mean", mine("mean", one, no_entries)).finding.severity is Severity.CONVENTION


def test_an_axis_without_entries_may_be_refused() -> None:
    assert judged("sum", mine("sum", refused, no_entries)).verdict is Verdict.HOLDS


def test_torch_and_the_reference_agree_on_nothing() -> None:
    library = right("torch") if pytest.importorskip("torch") else right()
    for name in ("sum", "prod", "vector_norm", "matmul", "mean", "softmax", "linear_chain"):
        assert judged(name, library).verdict is Verdict.HOLDS, name
    assert np.all(ref.sum(np.zeros((2, 0)), axis=-1) == 0)
