"""Arguments at the edge: labels of no class, numbers of any type, inputs to be left alone, infinities."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import reference as r
from suite.floats import Array

LABELLED = [r.cross_entropy, r.cross_entropy_log1p, r.nll_loss]
LABELLED_VJP = [r.cross_entropy_vjp, r.cross_entropy_vjp_saved, r.nll_loss_vjp]


@pytest.mark.parametrize("function", LABELLED + LABELLED_VJP, ids=lambda f: f.__name__)
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_labels_outside_the_classes_are_refused(function: Callable[..., Any], reduction: str) -> None:
    """Also where nothing would have failed: -1 is NumPy's last class, and 5 or 0.5 the label of no class."""
    rows = np.zeros((2, 5), np.float32)
    options: Any = {"reduction": reduction}
    if function in LABELLED_VJP:
        options["cotangent"] = np.ones((2,) if reduction == "none" else (), np.float32)
    for bad, named in [(-1, "-1"), (5, "5"), (-6, "-6"), (255, "255"), (0.5, "of type float64")]:
        with pytest.raises(ValueError, match=rf"labels must be integers in \[0, 5\), not {named}"):
            function(rows, [0, bad], **options)
    for kind in (np.uint8, np.int8, np.int64):
        function(rows, np.array([0, 4], kind), **options)


@pytest.mark.parametrize("kind", [np.int64, np.int8, np.uint8, np.float64, bool])
def test_numerical_gradient_of_any_number(kind: Any) -> None:
    """Of integers too, and to rounding: E_f/h, f <= 32 with 4 roundings."""
    x = np.array([[1, 0], [1, 1]]).astype(kind)
    assert np.max(np.abs(r.numerical_gradient(lambda z: np.sum(z**2), x) - 2.0 * x)) <= 4 * 32 * 2.0**-53 / 1e-4


@pytest.mark.parametrize("x", [[3, 4], [3.0, -0.0, np.nan], 2.0])
def test_numerical_gradient_leaves_its_input_alone(x: Any) -> None:
    """Bit by bit, also if f raises, or writes to what it is given."""
    x = np.array(x)
    kept = x.tobytes()

    def vandal(z: Array) -> float:
        total = float(np.sum(z**2))
        z[...] = 1e9
        return total

    def failing(z: Array) -> float:
        raise ZeroDivisionError

    slopes = r.numerical_gradient(vandal, x)
    with pytest.raises(ZeroDivisionError):
        r.numerical_gradient(failing, x)
    assert x.tobytes() == kept
    assert np.array_equal(slopes, r.numerical_gradient(lambda z: np.sum(z**2), x), equal_nan=True)


@pytest.mark.parametrize("total", [r.sum_naive, r.sum_pairwise, r.sum_kahan], ids=lambda f: f.__name__)
@pytest.mark.parametrize("name", r.FORMATS)
def test_an_infinite_sum_is_infinite(total: Callable[..., Any], name: str) -> None:
    inf, dtype = np.inf, r.FORMATS[name].dtype
    for x in ([inf, 1], [1, inf], [1, inf, 1, 2], [inf, inf, 3], [1, 2, 3, inf]):
        assert total(np.array(x, dtype)) == inf and total(-np.array(x, dtype)) == -inf
    for x in ([inf, -inf], [1, -inf, 2, inf, 3], [np.nan, 1], [inf, np.nan]):
        assert np.isnan(total(np.array(x, dtype)))
    top = np.array([r.FORMATS[name].max] * 3).astype(dtype)
    assert total(top) == inf and total(-top) == -inf
