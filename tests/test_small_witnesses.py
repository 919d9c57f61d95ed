"""Witnesses are small: two entries where two suffice, and long equal stretches stored and printed as such."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.audit.group import judge_group
from suite.audit.plan import Plan
from suite.concepts import call_names, concepts
from suite.draw.recipes import Recipe
from suite.findings.witness import decode, encode, entries
from suite.floats import FORMATS, Array
from suite.judge.case import Case
from suite.targets.loading import load
from suite.verdict import Finding

NUMPY = load("numpy", names=call_names())


def found(target: Any, concept: str, dtype: str, law: str) -> Finding:
    plan = Plan("t", "cpu", "quick", 0, (law,))
    cell = next(c for c in judge_group((concept, dtype), target, plan).cells if c.finding)
    assert cell.finding is not None
    return cell.finding


@given(st.lists(st.tuples(st.floats(width=32), st.integers(1, 30)), min_size=1, max_size=5))
def test_a_stored_witness_is_read_entry_by_entry(runs: list[tuple[float, int]]) -> None:
    x = np.repeat([v for v, _ in runs], [n for _, n in runs]).astype(np.float32)[None]
    case = Case(concepts()["sum"], FORMATS["float32"], (x,), Recipe((), 0, 0), target=NUMPY)
    witness = encode(case)
    again = decode(witness, case.concept, "float32", NUMPY)
    assert repr(again.inputs[0].tolist()) == repr(x.tolist())  # signs of zeros too
    assert x.size <= 16 or len(witness.operands[0]) <= len(runs)
    assert len(entries(witness.operands[0])) == x.size


@pytest.mark.parametrize("name", ["numpy", "torch"])
@pytest.mark.parametrize("dtype", [*FORMATS, "int64"])
def test_a_long_literal_is_written_in_stretches(name: str, dtype: str) -> None:
    pytest.importorskip(name)
    framework = load(name, names=["exp"]).framework
    kind = np.dtype(np.int64) if dtype == "int64" else FORMATS[dtype].dtype
    for x in (np.full((7, 9), 3), np.repeat([1, 0, -2], 40).reshape(4, 30), np.arange(80), np.zeros(5)):
        text, scope = framework.literal(x.astype(kind)), dict[str, Any]()
        exec("\n".join(framework.imports), scope)
        made = framework.from_native(eval(text, scope), "it")
        assert made.dtype == kind and made.shape == x.shape and np.array_equal(made.astype(float), x)
        assert len(set(x.ravel())) > 40 or len(text) < 260


def test_two_entries_are_kept_where_two_suffice() -> None:
    def naive(x: Array, *, axis: int = -1) -> Array:
        return np.log(np.cumsum(np.exp(x), axis=axis, dtype=x.dtype))

    target = replace(NUMPY, functions={**NUMPY.functions, "logcumsumexp": naive})
    assert len(found(target, "logcumsumexp", "float32", "finite").witness.operands[0]) <= 2


def test_a_row_that_has_to_be_long_is_stored_and_printed_shortly() -> None:
    def capped(x: Array, *, axis: Any = None, keepdims: bool = False) -> Array:
        return np.sum(np.take(x, range(min(x.shape[-1], 200)), axis=-1), axis=axis, keepdims=keepdims)

    finding = found(replace(NUMPY, functions={**NUMPY.functions, "sum": capped}), "sum", "float64", "accuracy")
    assert finding.witness.shapes[0][-1] > 200
    assert len(finding.witness.operands[0]) <= 40 and len(finding.reproduction) < 3000


def test_a_product_that_needs_its_kernel_is_printed_shortly() -> None:
    pytest.importorskip("torch")
    finding = found(load("torch", names=call_names()), "matmul", "bfloat16", "accuracy")
    assert [len(operand) for operand in finding.witness.operands if len(operand) > 300] == []
    assert len(finding.reproduction) < 12_000
