"""Bugs of activations, elementary functions and arithmetic that users reported, with the numbers of their trackers."""

import numpy as np

import reference as ref
from suite.floats import Array
from suite.mutants.makers import either, single
from suite.mutants.mutant import Mutant


@ref.wide
def log_sigmoid_vjp_unguarded(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """e^(-x - m) / (e^-m + e^(-x - m)) with m = max(-x, 0): inf - inf at -inf, sound elsewhere."""
    m = np.maximum(-x, 0.0)
    e = np.exp(-x - m)
    return (cotangent * (e / (np.exp(-m) + e)),)


@ref.wide
def softplus_one_sided(x: Array) -> Array:
    """log1p(e^x): right on the left, inf from x = 89 on in float32."""
    return np.log1p(np.exp(x))


@ref.wide
def elu_vjp_masked_late(x: Array, *, alpha: float = 1.0, cotangent: Array) -> tuple[Array, ...]:
    """The cotangent of the branch not taken is 0, its derivative e^x is inf: 0 * inf from x = 89 on."""
    return (np.where(x > 0, cotangent, 0.0) + np.where(x > 0, 0.0, cotangent) * (alpha * np.exp(x)),)


def hardtanh_by_bits(x: Array, *, min_val: float = -1.0, max_val: float = 1.0) -> Array:
    """Numbers are compared by their bits as integers: the order of negative ones is reversed."""
    integer = np.dtype(f"i{x.itemsize}")
    low, high = (np.asarray(v).astype(x.dtype).view(integer) for v in (min_val, max_val))
    return np.minimum(np.maximum(x.view(integer), low), high).view(x.dtype)


@ref.wide
def exp2_vjp_saved(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """y log 2 from the saved y, which overflows half an exponent before the derivative does."""
    return (cotangent * np.exp2(x) * 0.6931471805599453,)


@ref.wide
def pow_vjp_unguarded(x1: Array, x2: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """n x^(n-1) for n = 0 is 0 * inf at x = 0."""
    return (ref.unbroadcast(cotangent * (x2 * np.power(x1, x2 - 1.0)), x1.shape),)


@ref.wide
def reciprocal_division(x1: Array, x2: Array) -> Array:
    """x (1/y): two roundings."""
    return x1 * (1.0 / x2)


SMOOTH: tuple[Mutant, ...] = (
    Mutant(
        "log_sigmoid",
        "unguarded maximum",
        log_sigmoid_vjp_unguarded,
        "the gradient at a logit of -inf is NaN instead of 1",
        source="pytorch/pytorch#31829",
        vjp=True,
    ),
    Mutant(
        "softplus",
        "exp of a margin",
        softplus_one_sided,
        "a soft-margin loss is inf for a large margin",
        source="huggingface/sentence-transformers PR#4019",
    ),
    Mutant(
        "gelu",
        "one plus erf",
        ref.gelu_erf,
        "the left tail has no digits: 57 % off at -5.5, nothing below",
        source="pytorch/pytorch#187806",
    ),
    Mutant(
        "sigmoid",
        "derivative from the output",
        ref.sigmoid_vjp_saved,
        "the gradient of a saturated unit is 0 where it is 6e-17",
        source="pytorch/pytorch#195681",
        dtype="float64",
        vjp=True,
    ),
    Mutant(
        "sigmoid",
        "derivative from the output",
        ref.sigmoid_vjp_saved,
        "the gradient of a saturated unit vanishes from 17 on",
        source="pytorch/pytorch#195527",
        vjp=True,
    ),
    Mutant(
        "tanh",
        "derivative from the output",
        ref.tanh_vjp_saved,
        "the gradient of a saturated unit vanishes from 9 on",
        source="pytorch/pytorch#195527",
        vjp=True,
    ),
    Mutant(
        "elu",
        "branch masked too late",
        elu_vjp_masked_late,
        "a large activation gives NaN although its branch is the identity",
        source="jax-ml/jax#347",
        vjp=True,
    ),
    Mutant(
        "hardtanh",
        "compared as integers",
        hardtanh_by_bits,
        "negative half-precision activations are clamped to the wrong side",
        source="microsoft/onnxruntime#6153",
        dtype="float16",
    ),
    Mutant(
        "exp2",
        "derivative from the output",
        exp2_vjp_saved,
        "the gradient at 1024 is inf although log(2) 2^1024 is finite",
        source="pytorch/pytorch#192407",
        dtype="float64",
        vjp=True,
    ),
    Mutant(
        "pow",
        "exponent zero",
        pow_vjp_unguarded,
        "a term x^0 of a polynomial makes the gradient at 0 NaN",
        source="pytorch/pytorch#8940",
        vjp=True,
    ),
    Mutant(
        "divide",
        "by the reciprocal",
        reciprocal_division,
        "1e-39 / 1e-39 is inf",
        source="pytorch/pytorch#128401",
    ),
    Mutant(
        "divide",
        "one element by the reciprocal",
        either(reciprocal_division, ref.divide, single),
        "a scalar divided by a tensor of one element differs from the same quotient in an array",
        source="pytorch/pytorch#128401",
    ),
)
