"""Bugs of sums, variances and products that users reported, with the numbers of their trackers."""

from typing import Any

import numpy as np

import reference as ref
from reference.shapes import count, fold, spread
from suite.floats import Array
from suite.mutants.makers import either, strided, transposed
from suite.mutants.mutant import Mutant


def one_axis(x: Array, *, axis: Any = None, **options: Any) -> bool:
    return axis is not None


@ref.wide
def var_of_population(x: Array, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Array:
    """Divides by n, whatever the correction."""
    return ref.var(x, axis=axis, keepdims=keepdims)


@ref.wide
def std_of_population(x: Array, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Array:
    """Divides by n, whatever the correction."""
    return ref.std(x, axis=axis, keepdims=keepdims)


@ref.wide
def std_unscaled(x: Array, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Array:
    """The root of a variance in float32: inf from deviations of 1e19 on, 0 below 1e-23."""
    return np.sqrt(ref.var_two_pass(x, axis=axis, correction=correction, keepdims=keepdims))


@ref.wide
def std_one_pass(x: Array, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Array:
    """The root of E[x^2] - E[x]^2, which cancels, and may be negative."""
    return np.sqrt(ref.var_one_pass(x, axis=axis, correction=correction, keepdims=keepdims))


def sum_in_place(x: Array, *, axis: Any = None, keepdims: bool = False) -> Array:
    """Accumulates in the type of the operands: 70,000 ones of bfloat16 are 256."""
    y = np.cumsum(fold(x, axis), axis=-1, dtype=x.dtype)[..., -1]
    return spread(y, x, axis) if keepdims else y


def mean_in_place(x: Array, *, axis: Any = None, keepdims: bool = False) -> Array:
    """Sum and length are in the type of the operands: n = 70,000 is inf in float16."""
    return sum_in_place(x, axis=axis, keepdims=keepdims) / np.asarray(count(x, axis)).astype(x.dtype)


# -- layouts


def sum_of_memory(x: Array, *, axis: Any = -1, keepdims: bool = False) -> Array:
    """Takes every operand for contiguous, whatever its strides."""
    if strided(x):
        row = np.cumprod((x.itemsize, *x.shape[:0:-1]))[::-1]
        x = np.lib.stride_tricks.as_strided(x, strides=tuple(int(k) for k in row))
    elif transposed(x):
        x = np.ravel(x, order="K").reshape(x.shape)
    return ref.sum(x, axis=axis, keepdims=keepdims)


def sum_of_whole_strides(x: Array, *, axis: Any = -1, keepdims: bool = False) -> Array:
    """Strides are counted in elements, rounded down: a column of packed records is read from the wrong bytes."""
    if any(k % x.itemsize for k in x.strides):
        whole = tuple(k // x.itemsize * x.itemsize for k in x.strides)
        x = np.lib.stride_tricks.as_strided(x, strides=whole)
    return ref.sum(x, axis=axis, keepdims=keepdims)


def matmul_of_memory(a: Array, b: Array) -> Array:
    """A transposed left operand is read as if it were contiguous."""
    return ref.matmul(np.ravel(a, order="K").reshape(a.shape) if transposed(a) else a, b)


@ref.wide
def matmul_vjp_of_memory(a: Array, b: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """A^T G with A^T read as if it were contiguous: the gradient of every right operand is scrambled."""
    da, _ = ref.matmul_vjp(a, b, cotangent=cotangent)
    read = np.reshape(a, (*a.shape[:-2], a.shape[-1], a.shape[-2]))
    return da, ref.unbroadcast(np.matmul(read, cotangent), b.shape)


def matmul_flat(a: Array, b: Array) -> Array:
    """A matrix times a stack of matrices: the stack is reshaped to one wide matrix, 4x3 @ 1x3x3x3 is 4x9."""
    return ref.matmul(a, b.reshape(a.shape[-1], -1) if a.ndim == 2 and b.ndim > 2 else b)


SUMS: tuple[Mutant, ...] = (
    Mutant(
        "var",
        "one pass along an axis",
        either(ref.var_one_pass, ref.var, one_axis),
        "the variance of 2281.5 and 2281.25 is 0 along an axis and right over everything",
        source="pytorch/pytorch#2470",
    ),
    Mutant(
        "var",
        "correction ignored",
        var_of_population,
        "sample variances are too small by a factor (n-1)/n",
        source="tenstorrent/tt-metal#25100",
    ),
    Mutant(
        "std",
        "correction ignored",
        std_of_population,
        "sample deviations are too small by a fixed factor",
        source="tenstorrent/tt-metal#25100",
    ),
    Mutant(
        "std",
        "unscaled squares",
        std_unscaled,
        "the deviation of numbers of 1e20 is inf, of 1e-30 zero",
        source="pytorch/pytorch PR#184151, pytorch/pytorch#197089",
    ),
    Mutant(
        "std",
        "one pass",
        std_one_pass,
        "normalising a nearly constant field gives NaN",
        source="neuraloperator/neuraloperator#329",
    ),
    Mutant(
        "sum",
        "accumulated in 16 bits",
        sum_in_place,
        "70,000 ones of bfloat16 are 256",
        source="ml-explore/mlx PR#3909",
        dtype="bfloat16",
    ),
    Mutant(
        "mean",
        "accumulated in 16 bits",
        mean_in_place,
        "the mean of many ones of bfloat16 is nearly 0",
        source="ml-explore/mlx PR#3909",
        dtype="bfloat16",
    ),
    Mutant(
        "mean",
        "accumulated in 16 bits",
        mean_in_place,
        "the mean over a long axis in float16 is 0 or NaN",
        source="microsoft/onnxconverter-common#323",
        dtype="float16",
    ),
    Mutant(
        "sum",
        "strides ignored",
        sum_of_memory,
        "the sum over a view is that of other numbers",
        source="pytorch/pytorch#189401",
    ),
    Mutant(
        "sum",
        "strides rounded down",
        sum_of_whole_strides,
        "the sum over a field of packed records reads from the wrong bytes",
        source="numpy/numpy PR#9887",
    ),
    Mutant(
        "matmul",
        "strides ignored",
        matmul_of_memory,
        "a product with a transposed matrix is that of a scrambled one",
        source="tracel-ai/burn#5304",
    ),
    Mutant(
        "matmul",
        "strides ignored backward",
        matmul_vjp_of_memory,
        "the transposed product of the backward pass scrambles the gradients",
        source="tracel-ai/burn#5304",
        vjp=True,
    ),
    Mutant(
        "matmul",
        "stack reshaped",
        matmul_flat,
        "a matrix times a stack of matrices has the wrong shape",
        source="tinygrad/tinygrad#799",
    ),
)
