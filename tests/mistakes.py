"""Mistakes to plant, beside those of the mutants' makers and corpus: most of them libraries really made."""

from typing import Any

import numpy as np

import reference as ref
from reference.shapes import axes_of
from suite.arithmetic import RunningError, Standard
from suite.concepts import concepts
from suite.concepts.procedures import growth
from suite.floats import Array, format_of
from suite.laws.stability import MASKED, tamed
from suite.mutants.makers import Function, off_vjp


def softmax_vjp_of_masks(x: Array, *, axis: int = -1, cotangent: Array) -> tuple[Array, ...]:
    """A multiple of the bound where something is masked."""
    derivative = off_vjp("softmax") if np.isneginf(x).any() else ref.softmax_vjp
    return derivative(tamed(x, MASKED), axis=axis, cotangent=cotangent)


def one_matrix(a: Array, b: Array) -> bool:
    return a.ndim < b.ndim


def matmul_in_half(a: Array, b: Array) -> Array:
    """Operands pass through float16."""
    return ref.matmul(a.astype(np.float16), b.astype(np.float16)).astype(a.dtype)


@ref.wide
def quotient_product(x1: Array, x2: Array) -> Array:
    """x / (1/y): not even commutative."""
    return x1 / (1.0 / x2)


@ref.wide
def sum_by_mean(x: Array, *, axis: Any = None, keepdims: bool = False) -> Array:
    """The mean times n: two roundings more, and integers are no longer exact."""
    n = np.prod([x.shape[k] for k in axes_of(x, axis)]).astype(x.dtype)
    return np.mean(x, axis=axis, keepdims=keepdims) * n


@ref.wide
def subtract_flushed(x1: Array, x2: Array) -> Array:
    """Subnormal differences are flushed to zero."""
    d = x1 - x2
    return np.where(np.abs(d) < np.finfo(d.dtype).smallest_normal, 0.0 * d, d)


@ref.wide
def tanh_unsigned(x: Array) -> Array:
    """tanh(-0) = +0."""
    return np.where(x == 0, 0.0, np.tanh(x))


@ref.wide
def tanh_clamped(x: Array) -> Array:
    """A rational approximation that is evaluated on [-7.3, 7.3] only: 1 - 9e-7 beyond."""
    return np.tanh(np.clip(x, -7.3, 7.3))


@ref.wide
def exp_subnormal_tripled(x: Array) -> Array:
    """Subnormal results are three times too large: neither right nor flushed to zero."""
    y, tiny = np.exp(x), np.finfo(x.dtype).smallest_normal
    return np.where(y < tiny / 4, 3.0 * y, y)


@ref.wide
def silu_unguarded(x: Array) -> Array:
    """x sigmoid(x) is -inf * 0 at -inf."""
    return x * ref.sigmoid(x)


@ref.wide
def softmax_unmasked(x: Array, *, axis: int = -1) -> Array:
    """NaN wherever an entry is masked by -inf."""
    return ref.softmax(x + 0.0 * np.where(np.isfinite(x), 0.0, x), axis=axis)


@ref.wide
def leaky_relu_vjp_both(x: Array, *, negative_slope: float = 0.01, cotangent: Array) -> tuple[Array, ...]:
    """Two inclusive masks: at 0 both branches count."""
    return (cotangent * ((x >= 0).astype(x.dtype) + negative_slope * (x <= 0).astype(x.dtype)),)


def nextafter_by_spacing(x: Array, y: Array) -> Array:
    """x +- ulp(x): twice too far below a power of two."""
    step = np.where(x == y, 0.0, np.sign(y.astype(np.float64) - x.astype(np.float64)))
    return (x.astype(np.float64) + step * ref.ulp(x).astype(np.float64)).astype(x.dtype)


def cast_away(x: Array, *, dtype: str) -> Array:
    """Ties go away from zero instead of to even: adds half a unit to the magnitude and truncates."""
    f, v = ref.format_of(dtype), x.astype(np.float64)
    unit = ref.ulp(np.clip(v, -f.max, f.max).astype(f.dtype)).astype(np.float64)
    away = np.copysign(np.floor(np.abs(v) / unit + 0.5) * unit, v)
    rounded = ref.round_to(x, dtype=dtype)
    return np.where(np.abs(v) < f.max, away.astype(x.dtype), rounded)


def cast_twice(x: Array, *, dtype: str) -> Array:
    """From float64 to bfloat16 by way of float32, as ml_dtypes does it."""
    return x.astype(np.float32).astype(ref.format_of(dtype).dtype).astype(x.dtype)


def solve_by_inverse(a: Array, b: Array) -> Array:
    return np.matmul(np.linalg.inv(a), b[..., None])[..., 0]


def solve_off(a: Array, b: Array, times: float = 4.0) -> Array:
    """The solution for a right-hand side that is off by a multiple of the backward error allowed."""
    u, n, out = format_of(a.dtype).u, b.shape[-1], np.empty(b.shape)
    for i in range(len(a)):
        matrix, right_side = a[i].astype(np.float64), b[i].astype(np.float64)
        x = np.linalg.solve(matrix, right_side)
        size = np.linalg.norm(matrix, np.inf) * np.max(np.abs(x)) + np.max(np.abs(right_side))
        out[i] = np.linalg.solve(matrix, right_side + times * 3 * n * growth(matrix) * u * size)
    return out.astype(a.dtype)


def descent_off(a: Array, b: Array, x0: Array, *, step: float, iterations: int, times: float = 4.0) -> Array:
    """Every step a multiple of one step's bound beside the method's."""
    f = format_of(a.dtype)
    standard, path = Standard.required(f), [x0]
    for _ in range(iterations):
        lifted = [RunningError(v, standard) for v in (a, b, path[-1])]
        run = ref.gradient_descent(*lifted, step=step, iterations=1)[:, 1]
        path.append(f.round(run.value + times * run.error))
    return np.stack(path, axis=-2)


# -- torch: one derivative in several ways


def torch_exp(factor: float, mode: str) -> Function:
    """exp whose derivative is ``factor`` times too large, along one way of taking it."""

    def exp(x: Any) -> Any:
        import torch

        inside_transform = torch._C._functorch.maybe_current_level() is not None

        class Exp(torch.autograd.Function):
            @staticmethod
            def forward(x: Any) -> Any:
                return torch.exp(x)

            @staticmethod
            def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
                ctx.save_for_backward(output)
                ctx.save_for_forward(output)

            @staticmethod
            def backward(ctx: Any, g: Any) -> Any:
                now = "functional" if inside_transform else "create_graph" if torch.is_grad_enabled() else "backward"
                y = ctx.saved_tensors[0]
                return g * y * (torch.where(y == 1, 1.0, factor) if now == mode else 1.0)  # e^0 is exact

            @staticmethod
            def jvp(ctx: Any, tangent: Any) -> Any:
                y = ctx.saved_tensors[0]
                return tangent * y * (torch.where(y == 1, 1.0, factor) if mode == "forward" else 1.0)

        return Exp.apply(x)

    return exp


def torch_exp_bent(x: Any) -> Any:
    """exp whose second derivative is a quarter too large."""
    import torch

    from suite.mutants.modes import node

    def back(y: Any, leaves: Any, cotangent: Any) -> Any:
        (g,) = torch.autograd.grad(y, leaves, cotangent, create_graph=True)
        return (1.25 * g - 0.25 * g.detach(),)

    return node(concepts()["exp"], torch.exp, back)(x)


@ref.wide
def elu_vjp_at_zero(x: Array, *, alpha: float, cotangent: Array) -> tuple[Array, ...]:
    """Eight ulp above 1 at the kink, where four are allowed."""
    (g,) = ref.elu_vjp(x, alpha=alpha, cotangent=cotangent)
    return (np.where(x == 0, g * np.float32(1 + 2.0**-20), g),)
