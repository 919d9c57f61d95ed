"""Infinities in any operand, and cotangents of every size: what is wrong for these alone is refuted."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from test_options import judged

import reference as ref
from suite.concepts import concepts
from suite.floats import Array
from suite.verdict import Verdict

pytestmark = pytest.mark.filterwarnings("ignore")  # of NumPy, inside functions that are under test


def lost(name: str, where: Callable[[Array], Array]) -> Callable[..., Array]:
    """NaN for a row with such an entry."""
    good = getattr(ref, name)

    def wrong(x: Array, *rest: Array, **options: Any) -> Array:
        y = good(x, *rest, **options)
        axis = (-2, -1) if name == "matrix_norm" else options.get("axis", -1)
        keepdims = options.get("keepdims", False) or y.ndim == x.ndim
        return np.where(np.any(where(x), axis=axis, keepdims=keepdims), np.nan, y).astype(x.dtype)

    return wrong


@pytest.mark.parametrize(
    "name, where",
    [
        ("logsumexp", np.isposinf), ("vector_norm", np.isinf), ("vector_norm_p", np.isposinf),
        ("vector_norm_not_convex", np.isneginf), ("matrix_norm", np.isinf), ("sum", np.isinf), ("cumsum", np.isinf),
    ],
)  # fmt: skip
def test_nan_in_place_of_a_limit_is_refuted(name: str, where: Callable[[Array], Array]) -> None:
    function = concepts()[name].call_name
    found = judged(name, "limits", **{function: lost(function, where)})["limits-eager"]
    assert found.verdict is Verdict.REFUTED and found.finding is not None and found.finding.got == "nan"
    assert judged(name, "limits")["limits-eager"].verdict is Verdict.HOLDS


@pytest.mark.parametrize("name", ["softmax", "var", "binary_cross_entropy_with_logits", "prod"])
def test_no_limit_is_asked_for_where_arithmetic_has_none(name: str) -> None:
    """Softmax of infinity, deviations from an infinite mean, infinity times zero."""
    assert judged(name, "limits")["limits-eager"].verdict in (Verdict.HOLDS, Verdict.NOT_JUDGED)


def clipped(g: Array) -> Array:
    return np.clip(g, -4, 4)


def dropped(g: Array) -> Array:
    return np.where(np.abs(g) < 0.2, 0, g).astype(g.dtype)


def never_zero(g: Array) -> Array:
    return np.where(g == 0, 1, g).astype(g.dtype)


def shortened(g: Array) -> Array:
    """To eight bits."""
    m, e = np.frexp(g.astype(np.float64))
    return np.ldexp(np.rint(m * 256) / 256, e).astype(g.dtype)


@pytest.mark.parametrize("change", [clipped, dropped, never_zero, shortened])
@pytest.mark.parametrize(
    "name, profile", [("exp", "quick"), ("exp", "ci"), ("vecdot", "quick"), ("var", "quick"), ("mse_loss", "quick")]
)
def test_a_gradient_that_alters_its_cotangent_is_refuted(name: str, profile: str, change: Any) -> None:
    good = getattr(ref, f"{name}_vjp")

    def wrong(*operands: Array, cotangent: Array, **options: Any) -> tuple[Array, ...]:
        return good(*operands, cotangent=change(cotangent), **options)

    assert judged(name, "gradient", profile, **{f"{name}_vjp": wrong})["gradient-vjp"].verdict is Verdict.REFUTED
