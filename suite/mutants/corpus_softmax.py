"""Bugs of log-sum-exp, softmax and log-softmax that users reported, with the numbers of their trackers."""

from typing import Any

import numpy as np

import reference as ref
from reference.shapes import spread
from suite.floats import Array
from suite.mutants.makers import either, other_axis
from suite.mutants.mutant import Mutant


@ref.wide
def logsumexp_unguarded(x: Array, *, axis: Any = -1, keepdims: bool = False) -> Array:
    """The maximum is not checked: -inf - -inf is NaN."""
    m = np.max(x, axis=axis, keepdims=True)
    y = m + np.log(np.sum(np.exp(x - m), axis=axis, keepdims=True))
    return y if keepdims else np.squeeze(y, axis=axis)


@ref.wide
def logsumexp_vjp_from_output(
    x: Array, *, axis: Any = -1, keepdims: bool = False, cotangent: Array
) -> tuple[Array, ...]:
    """g exp(x - y): NaN where x and y are -inf, and y keeps the common offset."""
    y = ref.logsumexp(x, axis=axis, keepdims=True)
    return (spread(cotangent, x, axis, keepdims) * np.exp(x - y),)


@ref.wide
def logaddexp_unguarded(x1: Array, x2: Array) -> Array:
    """max + log1p(e^-|x1 - x2|) without a look at equal infinities: inf - inf is NaN."""
    return np.maximum(x1, x2) + np.log1p(np.exp(-np.abs(x1 - x2)))


@ref.wide
def log_softmax_naive(x: Array, *, axis: int = -1) -> Array:
    """x - log sum e^x without the maximum taken out: e^89 overflows in float32."""
    return x - np.log(np.sum(np.exp(x), axis=axis, keepdims=True))


@ref.wide
def log_softmax_by_logsumexp(x: Array, *, axis: int = -1) -> Array:
    """x - logsumexp(x): keeps the common offset, and loses the digits below it."""
    return x - ref.logsumexp(x, axis=axis, keepdims=True)


def log_softmax_half_offset(x: Array, *, axis: int = -1) -> Array:
    """max + log(sum) is stored in 16 bits: at an offset of 20,000 it is a multiple of 16."""
    wide = x.astype(np.float32)
    m = np.max(wide, axis=axis, keepdims=True)
    offset = (m + np.log(np.sum(np.exp(wide - m), axis=axis, keepdims=True))).astype(x.dtype)
    return (wide - offset.astype(np.float32)).astype(x.dtype)


@ref.wide
def log_softmax_vjp_of_softmax(x: Array, *, axis: int = -1, cotangent: Array) -> tuple[Array, ...]:
    """The derivative of softmax at g/p: where p underflowed, 0/0."""
    p = ref.softmax(x, axis=axis)
    q = cotangent / p
    return (p * (q - np.sum(p * q, axis=axis, keepdims=True)),)


@ref.wide
def log_softmax_vjp_divided(x: Array, *, axis: int = -1, cotangent: Array) -> tuple[Array, ...]:
    """sum p g / p in place of sum g: where p underflowed, 0/0 spoils the whole row."""
    p = np.exp(ref.log_softmax(x, axis=axis))
    return (cotangent - p * np.sum(p * cotangent / p, axis=axis, keepdims=True),)


@ref.wide
def log_softmax_vjp_dot(x: Array, *, axis: int = -1, cotangent: Array) -> tuple[Array, ...]:
    """g - <g, y> where g - e^y sum g belongs: the formula of another function."""
    y = ref.log_softmax(x, axis=axis)
    return (cotangent - np.sum(cotangent * y, axis=axis, keepdims=True),)


@ref.wide
def softmax_global_max(x: Array, *, axis: int = -1) -> Array:
    """Along another axis than the last, the maximum is taken over everything."""
    e = np.exp(x - (np.max(x, axis=-1, keepdims=True) if axis in (-1, x.ndim - 1) else np.max(x)))
    return e / np.sum(e, axis=axis, keepdims=True)


@ref.wide
def softmax_odd_widths(x: Array, *, axis: int = -1) -> Array:
    """For n odd, 512 < n < 1024 and n % 32 != 31 the rows that begin at an odd address miss their first term."""
    n = x.shape[-1]
    if other_axis(x, axis=axis) or not 512 < n < 1024 or n % 2 == 0 or n % 32 == 31:
        return ref.softmax(x, axis=axis)
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    odd = (np.arange(x.size // n) % 2 == 1).reshape(*x.shape[:-1], 1)
    return e / np.where(odd, np.sum(e[..., 1:], axis=-1, keepdims=True), np.sum(e, axis=-1, keepdims=True))


@ref.wide
def softmax_masked_by_size(x: Array, *, axis: int = -1) -> Array:
    """A row of -inf is 0 where padding to 128 lanes brings a finite maximum, and NaN where n is a multiple of 128."""
    none = np.all(x == -np.inf, axis=axis, keepdims=True)
    return np.where(none & (x.shape[axis] % 128 != 0), np.zeros_like(x), ref.softmax(x, axis=axis))


def softmax_sum_of_tiles(x: Array, *, axis: int = -1) -> Array:
    """Tiles of 32 terms are added to a 16-bit sum: at n = 8192 a tile is worth one unit in its last place."""
    rows = np.moveaxis(x.astype(np.float32), axis, -1)
    e = np.exp(rows - np.max(rows, axis=-1, keepdims=True))
    pad = np.zeros((*e.shape[:-1], -e.shape[-1] % 32), e.dtype)
    tiles = np.concatenate([e, pad], axis=-1).reshape(*e.shape[:-1], -1, 32)
    partial = np.sum(tiles, axis=-1).astype(x.dtype)
    total = np.cumsum(partial, axis=-1, dtype=x.dtype)[..., -1:].astype(np.float32)
    return np.moveaxis(e / total, -1, axis).astype(x.dtype)


@ref.wide
def softmax_negative_axis(x: Array, *, axis: int = -1) -> Array:
    """axis = -2 is taken for axis 1, whatever the number of dimensions."""
    return ref.softmax(x, axis=1 if axis == -2 and x.ndim > 1 else axis)


SOFTMAX: tuple[Mutant, ...] = (
    Mutant(
        "logsumexp",
        "unguarded maximum",
        logsumexp_unguarded,
        "a row that is masked throughout is NaN instead of -inf, and so is every loss it enters",
        source="tensorflow/tensorflow#11692, rmcgibbo/logsumexp#2",
    ),
    Mutant(
        "logsumexp",
        "from the output",
        logsumexp_vjp_from_output,
        "training is poisoned with NaN by one row of -inf",
        source="pytorch/pytorch#31829",
        vjp=True,
    ),
    Mutant(
        "logaddexp",
        "unguarded difference",
        logaddexp_unguarded,
        "adding two impossible events gives NaN, where logsumexp of the same two gives -inf",
        source="pytorch/pytorch#49724",
    ),
    Mutant(
        "log_softmax",
        "no maximum",
        log_softmax_naive,
        "moderate logits of 90 make the loss infinite",
        source="pytorch/pytorch#795",
    ),
    Mutant(
        "log_softmax",
        "offset kept along the last axis",
        either(ref.log_softmax, log_softmax_by_logsumexp, other_axis),
        "logits with a common offset lose their digits, but only along the last axis and on one device",
        source="pytorch/pytorch PR#21672 (#11752)",
    ),
    Mutant(
        "log_softmax",
        "offset in 16 bits",
        log_softmax_half_offset,
        "log-probabilities of large logits differ by whole units from one device to the other",
        source="pytorch/pytorch#158310",
        dtype="float16",
    ),
    Mutant(
        "log_softmax",
        "softmax differentiated at a quotient",
        log_softmax_vjp_of_softmax,
        "one class whose probability underflows makes every gradient NaN",
        source="FluxML/NNlib.jl#68",
        vjp=True,
    ),
    Mutant(
        "log_softmax",
        "sum of quotients",
        log_softmax_vjp_divided,
        "the gradient is NaN as soon as one exponential underflows",
        source="clab/dynet#218",
        vjp=True,
    ),
    Mutant(
        "log_softmax",
        "dot product with the output",
        log_softmax_vjp_dot,
        "training follows a direction that is no gradient",
        source="uxlfoundation/oneDNN#616, ROCm/MIOpen#112",
        vjp=True,
    ),
    Mutant(
        "softmax",
        "exp then normalise",
        ref.softmax_naive,
        "scores of 90 are NaN in float32",
        source="tensorflow/tensorflow#10142, dotnet/machinelearning#3648",
    ),
    Mutant(
        "softmax",
        "maximum over everything",
        softmax_global_max,
        "along an inner axis, rows far below the largest one underflow to 0/0",
        source="PaddlePaddle/Paddle PR#19800",
    ),
    Mutant(
        "softmax",
        "odd widths",
        softmax_odd_widths,
        "probabilities of 781 classes do not sum to one, those of 780 do",
        source="pytorch/pytorch#147284",
        dtype="float64",
    ),
    Mutant(
        "softmax",
        "masked row by size",
        softmax_masked_by_size,
        "a row that is masked throughout is 0 for 127 keys and NaN for 128",
        source="ml-explore/mlx#1467",
    ),
    Mutant(
        "softmax",
        "sum in 16 bits",
        softmax_sum_of_tiles,
        "attention over 8192 keys has weights that sum to 0.865",
        source="tenstorrent/tt-metal#52045",
        dtype="bfloat16",
    ),
    Mutant(
        "softmax",
        "negative axis",
        softmax_negative_axis,
        "an exported model normalises along the wrong axis",
        source="onnx/onnx#3244",
    ),
)
