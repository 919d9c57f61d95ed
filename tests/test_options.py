"""Options with the values that people pass: each is met in every run, and one that is ignored is refuted."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import reference as ref
from suite.audit.draws import each_case
from suite.audit.group import judge_group
from suite.audit.plan import Plan
from suite.concepts import concepts
from suite.draw.recipes import Recipe, smallest
from suite.floats import Array
from suite.mutants.makers import right
from suite.record import Concept, Size
from suite.targets.library import Library
from suite.verdict import Cell, Verdict

pytestmark = pytest.mark.filterwarnings("ignore")  # of NumPy, inside functions that are under test

SEVERAL = [c for c in concepts().values() if len(c.options) > 1]
Change = Callable[[dict[str, Any]], dict[str, Any]]


def judged(name: str, law: str, profile: str = "quick", dtype: str = "float32", **functions: Any) -> dict[str, Cell]:
    good = right()
    vjps = {n.removesuffix("_vjp"): f for n, f in functions.items() if n.endswith("_vjp")}
    values = {n: f for n, f in functions.items() if not n.endswith("_vjp")}
    library = Library("mine", good.framework, {**good.functions, **values}, {**good.vjps, **vjps})
    with np.errstate(all="ignore"):
        cells = judge_group((name, dtype), library, Plan("mine", "cpu", profile, 0, (law,))).cells
    return {f"{c.law}-{c.route}": c for c in cells}


def given_other(name: str, change: Change) -> Callable[..., Array]:
    """The reference, called with other options than were asked for."""
    good = getattr(ref, name)
    return lambda *operands, **options: good(*operands, **change(options))


def replaced(option: str, value: Any, other: Any) -> Change:
    return lambda given: {**given, option: other} if given.get(option) == value else given


def ignored(option: str, *served: Any) -> Change:
    """Only these values are served, the first for all others."""
    return lambda given: given if given.get(option, served[0]) in served else {**given, option: served[0]}


IGNORED: tuple[tuple[str, Change], ...] = (
    ("var", ignored("correction", 0.0, 1.0)),
    ("std", ignored("correction", 1.0, 0.0)),
    ("var", replaced("correction", 0.5, 0.0)),
    ("vector_norm", ignored("ord", 2, 1)),
    ("vector_norm_p", replaced("ord", 1.5, 2)),
    ("vector_norm_not_convex", replaced("ord", 0.5, 1)),
    ("vector_norm_not_convex", replaced("ord", 0, 1)),
    ("vector_norm_not_convex", replaced("ord", -np.inf, np.inf)),
    ("matrix_norm", replaced("ord", 1, np.inf)),
    ("matrix_norm_not_convex", replaced("ord", -1, 1)),
    ("matrix_norm_not_convex", replaced("ord", -np.inf, -1)),
    ("spectral_norm", replaced("ord", "nuc", 2)),
    ("cross_entropy_smoothed", ignored("label_smoothing", 0.0)),
    ("cross_entropy_ignoring", ignored("ignore_index", -100)),
    ("nll_loss_weighted", ignored("ignore_index", -100)),
    ("spectral_norm_not_convex", replaced("ord", -2, 2)),
)


@pytest.mark.parametrize("name, change", IGNORED, ids=lambda v: v if isinstance(v, str) else "")
def test_an_option_that_is_ignored_is_refuted(name: str, change: Change) -> None:
    function = concepts()[name].call_name
    cell = judged(name, "accuracy", **{function: given_other(function, change)})["accuracy-eager"]
    assert cell.verdict is Verdict.REFUTED
    assert judged(name, "accuracy")["accuracy-eager"].verdict is Verdict.HOLDS


@pytest.mark.parametrize("concept", SEVERAL, ids=lambda c: c.name)
@pytest.mark.parametrize("dtype", ["float64", "bfloat16"])
def test_every_set_of_options_is_drawn_even_in_the_quick_profile(concept: Concept, dtype: str) -> None:
    met: list[Recipe] = []
    each_case(concept, dtype, Plan("mine", "cpu", "quick", 0), met.append)
    assert {recipe.option for recipe in met} == set(range(len(concept.options)))


def test_an_option_may_depend_on_a_size() -> None:
    n = Size("n") - 1
    assert str(n) == "n - 1" and n.of({"n": 9}) == 8 and str(Size("n")) == "n"
    last = len(concepts()["var"].options) - 1
    assert concepts()["var"].given(last, {"n": 5}) == {"correction": 4}


def test_each_axis_has_once_a_single_entry_with_each_set_of_options() -> None:
    small = list(smallest(concepts()["matrix_norm"]))
    assert [r.sizes for r in small] == [(("m", 1), ("n", 1))] * 3 and [r.option for r in small] == [0, 1, 2]
    assert not list(smallest(concepts()["exp"]))


def std_of_one_sample(x: Array, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Array:
    y = ref.std(x, axis=axis, correction=correction, keepdims=keepdims)
    return np.where(x.size == y.size, np.nan, y).astype(x.dtype)


def norm_of_one_entry(x: Array, *, ord: Any = 2, axis: Any = None, keepdims: bool = False) -> Array:
    y = ref.vector_norm(x, ord=ord, axis=axis, keepdims=keepdims)
    return y * (2 if x.size == y.size and ord == np.inf else 1)


@pytest.mark.parametrize("name, function", [("std", std_of_one_sample), ("vector_norm", norm_of_one_entry)])
@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
def test_what_is_wrong_of_one_entry_alone_is_refuted(name: str, function: Any, dtype: str) -> None:
    law = "finite" if name == "std" else "accuracy"
    assert judged(name, law, "ci", dtype, **{name: function})[f"{law}-eager"].verdict is Verdict.REFUTED


def counting_all(name: str) -> Callable[..., Array]:
    """The mean over all samples, ignored ones and their weights too."""

    def wrong(x: Array, labels: Array, *weight: Array, reduction: str = "mean", **options: Any) -> Array:
        if reduction != "mean":
            return getattr(ref, name)(x, labels, *weight, reduction=reduction, **options)
        total = getattr(ref, name)(x, labels, *weight, reduction="sum", **options)
        return (total / labels.shape[-1]).astype(x.dtype)

    return wrong


@pytest.mark.parametrize(
    "name, dtype, profile",
    [
        ("cross_entropy_ignoring", "float32", "quick"), ("cross_entropy_ignoring", "bfloat16", "ci"),
        ("cross_entropy_weighted", "float32", "quick"), ("nll_loss_weighted", "bfloat16", "quick"),
    ],
)  # fmt: skip
def test_a_mean_over_all_samples_is_refuted(name: str, dtype: str, profile: str) -> None:
    function = concepts()[name].call_name
    found = judged(name, "accuracy", profile, dtype, **{function: counting_all(function)})["accuracy-eager"]
    assert found.verdict is Verdict.REFUTED
    assert judged(name, "accuracy", "quick", dtype)["accuracy-eager"].verdict is Verdict.HOLDS
