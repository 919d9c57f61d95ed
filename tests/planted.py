"""Planted bugs: right functions with one subtle thing wrong, each with the cell that must be refuted for it.

The makers are those of the mutants, and mistakes of the corpus come from there; the rest are others that libraries
really made, with the numbers of their trackers.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

import reference as ref
from reference.shapes import axes_of
from suite.arithmetic import RunningError, Standard
from suite.concepts import concepts
from suite.concepts.procedures import growth
from suite.floats import Array, format_of
from suite.laws.stability import MASKED, tamed
from suite.mutants.corpus_smooth import exp2_vjp_saved, log_sigmoid_vjp_unguarded, reciprocal_division
from suite.mutants.corpus_softmax import (
    log_softmax_by_logsumexp,
    logsumexp_unguarded,
    softmax_global_max,
    softmax_masked_by_size,
)
from suite.mutants.corpus_sums import sum_in_place, sum_of_memory, sum_of_whole_strides
from suite.mutants.makers import (
    Function,
    broadcast,
    coin,
    either,
    expanded,
    kept,
    nudged,
    off,
    off_vjp,
    one_row,
    other_axis,
    outward,
    reversed_,
    right,
    several_axes,
    single,
    strided,
    transposed,
    unaligned,
)
from suite.targets.library import Library


@dataclass(frozen=True)
class Planted:
    """A bug, and the cell that must be refuted because of it.

    ``kind``: "bound", a multiple of the required bound, at most 8 of the law's own; "ulp", one unit
    in the last place or the sign of a zero, where the law is bitwise; "real", a mistake that was
    made, of whatever size. ``vjp``: ``function`` replaces the derivative.
    """

    concept: str
    law: str
    function: Function = field(repr=False)
    kind: str = "bound"
    source: str = ""
    route: str = "eager"
    dtype: str = "float32"
    vjp: bool = False
    framework: str = "numpy"
    seed: int = 0

    @property
    def id(self) -> str:
        return f"{self.law}-{self.route}-{self.concept}-{self.dtype}-{self.kind}"

    def library(self) -> Library:
        """The right library with this one function replaced."""
        name = concepts()[self.concept].call_name
        good = right(self.framework)
        functions, vjps = dict(good.functions), dict(good.vjps)
        (vjps if self.vjp else functions)[name] = self.function
        return replace(good, name="planted", functions=functions, vjps=vjps)


# -- mistakes that were made


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


# 8 to 16 ulp, where 4 are allowed
SLIGHTLY = 1 + 2.0**-19 - 2.0**-23

PLANTED: tuple[Planted, ...] = (
    # accuracy
    Planted("gelu", "accuracy", off("gelu")),
    Planted("gelu", "accuracy", ref.gelu_erf, "real", "pytorch/pytorch#187806"),
    Planted("var", "accuracy", ref.var_one_pass, "real", "pytorch/pytorch#2421, #2470"),
    Planted("sum", "accuracy", sum_in_place, "real", "ml-explore/mlx#3909: 70,000 ones are 256", dtype="bfloat16"),
    Planted("log_softmax", "accuracy", log_softmax_by_logsumexp, "real", "pytorch/pytorch PR#21672"),
    Planted("divide", "correctly_rounded", reciprocal_division, "real", "pytorch/pytorch#128401"),
    Planted("sqrt", "correctly_rounded", nudged("sqrt"), "ulp"),
    Planted("add", "correctly_rounded", nudged("add"), "ulp", dtype="float64"),
    # stability
    Planted("vector_norm", "finite", ref.vector_norm_unscaled, "real", "pytorch/pytorch#193006"),
    Planted("logsumexp", "finite", ref.logsumexp_naive, "real", "tensorflow/tensorflow#11692"),
    Planted("tanh", "limits", tanh_clamped),
    Planted("silu", "limits", silu_unguarded, "real", "torch 2.13.0"),
    Planted("sum", "propagates_nan", np.nansum, "real", "a NaN in the data shows nowhere", dtype="float64"),
    Planted("softmax", "padding", softmax_masked_by_size, "real", "ml-explore/mlx#1467", seed=1),
    Planted("softmax", "padding", off("softmax", sign=coin)),
    Planted("log_sigmoid", "gradient_limits", log_sigmoid_vjp_unguarded, "real", "pytorch/pytorch#31829", vjp=True),
    Planted("softmax", "gradient_limits", softmax_vjp_of_masks, vjp=True),
    Planted("logsumexp", "limits", logsumexp_unguarded, "real", "tensorflow/tensorflow#11692, rmcgibbo/logsumexp#2"),
    Planted("softmax", "limits", softmax_unmasked, "real", "a mask of -inf anywhere spoils the row"),
    Planted("tanh", "special_values", tanh_unsigned, "ulp"),
    # algebra, within bounds
    Planted("softmax", "shift", off("softmax", sign=coin)),
    Planted("logsumexp", "shift", off("logsumexp", sign=coin)),
    Planted("sum", "scale", off("sum", sign=coin)),
    Planted("erf", "parity", off("erf")),
    Planted("logaddexp", "commutative", off("logaddexp", sign=coin)),
    Planted("vecdot", "permutation", off("vecdot", sign=coin)),
    Planted("softmax", "sums_to", off("softmax")),
    Planted("pow", "square_is_even", off("pow", sign=coin)),
    Planted("sigmoid", "reflection", off("sigmoid")),
    Planted("sum", "split", off("sum", sign=coin)),
    Planted("matmul", "transpose", off("matmul", sign=coin)),
    Planted("matmul", "rows", off("matmul", 8.0, when=one_row)),
    Planted("vector_norm", "triangle", off("vector_norm", sign=coin)),
    Planted("cross_entropy_none", "uniform", off("cross_entropy_none")),
    Planted("log", "inverse_of_exp", off("log")),
    Planted("log1p", "inverse_of_expm1", off("log1p")),
    Planted("mean", "mean_of_sum", off("mean")),
    Planted("softmax", "exp_log_softmax", off("softmax")),
    Planted("log_softmax", "x_minus_logsumexp", off("log_softmax")),
    Planted("cross_entropy_none", "nll_of_log_softmax", off("cross_entropy_none")),
    Planted("silu", "x_sigmoid", off("silu")),
    Planted("project_simplex", "idempotent", off("project_simplex")),
    Planted("project_simplex", "non_expansive", off("project_simplex", sign=coin), dtype="float16", seed=3),
    # algebra, bit for bit
    Planted("relu", "scale", nudged("relu"), "ulp"),
    Planted("multiply", "commutative", quotient_product, "ulp"),
    Planted("sum", "integer_exact", sum_by_mean, "ulp"),
    Planted("sum", "integer_exact", sum_in_place, "real", "ml-explore/mlx#3909", dtype="bfloat16"),
    Planted("relu", "idempotent", nudged("relu"), "ulp"),
    Planted("relu", "decomposition", nudged("relu"), "ulp"),
    Planted("subtract", "gradual_underflow", subtract_flushed, "real", "flush to zero"),
    Planted("multiply", "one", nudged("multiply"), "ulp"),
    Planted("divide", "self", nudged("divide"), "ulp"),
    Planted("divide", "self", reciprocal_division, "real", "pytorch/pytorch#128401"),
    Planted("matvec", "columns", nudged("matvec"), "ulp"),
    Planted("matmul", "identity", nudged("matmul"), "ulp"),
    Planted("linear", "at_zero", nudged("linear"), "ulp"),
    Planted("nextafter", "neighbour", nextafter_by_spacing, "ulp"),
    Planted("round_to", "correctly_rounded_cast", nudged("round_to"), "ulp"),
    Planted("round_to", "correctly_rounded_cast", cast_away, "real", "ties away from zero", dtype="float16", seed=1),
    Planted("round_to", "correctly_rounded_cast", cast_twice, "real", "ml_dtypes", dtype="float64", seed=1),
    # order
    Planted("tanh", "range", off("tanh")),
    Planted("exp", "monotone", off("exp", sign=coin)),
    Planted("erfc", "monotone", off("erfc", sign=coin)),
    Planted("softplus", "lipschitz", off("softplus", sign=coin)),
    Planted("softmax", "ranked", off("softmax", sign=coin)),
    Planted("mean", "between", off("mean")),
    # convexity
    Planted("logsumexp", "convex", off("logsumexp", sign=coin)),
    Planted("mse_loss", "convex_in_1", off("mse_loss", sign=coin)),
    Planted("softplus", "first_order", off_vjp("softplus"), vjp=True),
    Planted("logsumexp", "monotone_gradient", off_vjp("logsumexp", sign=coin), vjp=True),
    Planted("sigmoid", "not_convex", off("sigmoid", sign=coin)),
    # gradients
    Planted("gelu", "gradient", off_vjp("gelu"), route="vjp", vjp=True),
    Planted("exp2", "gradient_finite", exp2_vjp_saved, "real", "pytorch/pytorch#192408", "vjp", vjp=True),
    Planted("softmax", "gradient_sum", off_vjp("softmax"), vjp=True),
    Planted("vector_norm", "euler", off_vjp("vector_norm", sign=outward), vjp=True),
    Planted("elu", "kink", elu_vjp_at_zero, vjp=True),
    Planted("leaky_relu", "kink", leaky_relu_vjp_both, "real", "two inclusive masks", vjp=True),
    Planted("exp", "gradient", torch_exp(SLIGHTLY, "backward"), route="backward", framework="torch"),
    Planted("exp", "gradient", torch_exp(SLIGHTLY, "functional"), route="functional", framework="torch"),
    Planted("exp", "gradient", torch_exp(SLIGHTLY, "create_graph"), route="create_graph", framework="torch"),
    Planted("exp", "gradient", torch_exp(np.nan, "functional"), "real", route="functional", framework="torch"),
    Planted("exp", "forward", torch_exp(SLIGHTLY, "forward"), route="forward", framework="torch"),
    Planted("exp", "second_derivative", torch_exp_bent, route="create_graph", framework="torch"),
    # certificates and procedures
    Planted("solve", "certificate", solve_off),
    Planted("solve", "certificate", solve_by_inverse, "real", "an explicit inverse", dtype="float64"),
    Planted("gradient_descent", "one_step", descent_off),
    # routes
    Planted("exp", "routes", off("exp", when=strided), route="strided"),
    Planted("sum", "routes", sum_of_memory, "real", "pytorch/pytorch#189401", "strided"),
    Planted("softmax", "routes", off("softmax", when=transposed), route="transposed"),
    Planted("exp", "routes", off("exp", when=unaligned), "bound", "the scalar prologue of a vector kernel", "offset"),
    Planted("sum", "routes", off("sum", when=reversed_), route="negative_stride"),
    Planted("sum", "routes", off("sum", when=expanded), route="expanded"),
    Planted("sigmoid", "routes", off("sigmoid", when=single), "bound", "the scalar tail of a vector kernel", "single"),
    Planted("softmax", "routes", softmax_global_max, "real", "PaddlePaddle/Paddle PR#19800", "axis", seed=1),
    Planted("log_softmax", "routes", off("log_softmax", when=other_axis), route="axis"),
    Planted("var", "routes", either(ref.var_one_pass, ref.var, kept), "real", "pytorch/pytorch#2470", "keepdims"),
    Planted("sum", "routes", sum_of_whole_strides, "real", "numpy/numpy PR#9887", "packed"),
    Planted("matmul", "routes", either(matmul_in_half, ref.matmul, one_matrix), "real", "a path of its own", "stack"),
    Planted("logsumexp", "routes", off("logsumexp", when=kept), route="keepdims"),
    Planted("logsumexp", "routes", off("logsumexp", when=several_axes), route="two_axes"),
    Planted("logaddexp", "routes", off("logaddexp", when=broadcast), route="broadcast"),
)
