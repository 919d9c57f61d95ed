"""Sums in another order: reversed, or one addition after the other."""

from typing import Any

import numpy as np

import reference as ref
from reference.shapes import count, fold, spread
from suite.floats import Array
from suite.mutants.makers import Function


def reverse(name: str) -> tuple[tuple[tuple[int, ...], ...], tuple[int, ...]]:
    """The axes of each operand to reverse, and those of the result to reverse back."""
    both, last = ((-1,), (-1,)), ((-1,),)
    table = {
        "softmax": (last, (-1,)), "log_softmax": (last, (-1,)), "project_simplex": (last, (-1,)),
        "vecdot": (both, ()), "matvec": (both, ()), "matmul": (((-1,), (-2,)), ()), "linear": (((-1,), (-1,), ()), ()),
        "linear_chain": (((-1,), (-2, -1), (-1,), (-1,), ()), ()), "matrix_norm": (((-2, -1),), ()),
        "cross_entropy": (((-2,), (-1,)), ()), "nll_loss": (((-2,), (-1,)), ()), "soft_cross_entropy": (both, ()),
        "cross_entropy_of_probabilities": (both, ()), "mse_loss": (both, ()), "kl_div": (both, ()),
        "binary_cross_entropy_with_logits": (both, ()), "precision": (both, ()), "recall": (both, ()),
        "accuracy": (both, ()),
        "gradient_descent": (((-2, -1), (-1,), (-1,)), (-1,)), "solve": (((-2, -1), (-1,)), (-1,)),
    }  # fmt: skip
    return table.get(name, (last, ()))


ORDERLESS = {
    "sum", "mean", "prod", "var", "std", "logsumexp", "vector_norm", "vector_norm_p", "softmax", "log_softmax",
    "project_simplex", "vecdot", "matvec", "matmul", "linear", "linear_chain", "matrix_norm", "spectral_norm",
    "cross_entropy", "nll_loss", "soft_cross_entropy", "cross_entropy_of_probabilities", "mse_loss", "kl_div",
    "binary_cross_entropy_with_logits", "precision", "recall", "accuracy", "gradient_descent", "solve",
}  # fmt: skip


def flipped(x: Array, axes: tuple[int, ...]) -> Array:
    return np.ascontiguousarray(np.flip(x, axes)) if axes and x.ndim >= -min(axes) else x


def reversed_order(name: str) -> Function:
    good, (axes, back) = getattr(ref, name), reverse(name)

    def other(*operands: Array, **options: Any) -> Array:
        axis = options.get("axis", -1)
        turn = axis if isinstance(axis, tuple) else (axis,)
        if "axis" in options:  # the concept acts along the axis that the caller names
            out = good(*(np.ascontiguousarray(np.flip(x, turn)) for x in operands), **options)
            return np.flip(out, turn) if back else out
        return flipped(good(*(flipped(x, k) for x, k in zip(operands, axes, strict=True)), **options), back)

    return other


@ref.wide
def sum_in_sequence(x: Array, *, axis: Any = -1, keepdims: bool = False) -> Array:
    """One addition after the other, which NumPy does not do along a contiguous axis."""
    rows = fold(x, axis)
    start = np.zeros((*rows.shape[:-1], 1), rows.dtype)  # the sum of nothing is 0
    total = np.cumsum(np.concatenate([start, rows], axis=-1), axis=-1)[..., -1]
    return spread(total, x, axis) if keepdims else total


@ref.wide
def mean_in_sequence(x: Array, *, axis: Any = -1, keepdims: bool = False) -> Array:
    return sum_in_sequence(x, axis=axis, keepdims=keepdims) / count(x, axis)


@ref.wide
def var_in_sequence(x: Array, *, axis: Any = -1, correction: float = 0.0, keepdims: bool = False) -> Array:
    d = x - mean_in_sequence(x, axis=axis, keepdims=True)
    return sum_in_sequence(d * d, axis=axis, keepdims=keepdims) / max(count(x, axis) - correction, 0.0)


@ref.wide
def vecdot_in_sequence(x1: Array, x2: Array, *, axis: int = -1) -> Array:
    return sum_in_sequence(x1 * x2, axis=axis)
