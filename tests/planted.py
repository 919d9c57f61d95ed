"""Planted bugs: right functions with one subtle thing wrong, each with the cell that must be refuted for it."""

from dataclasses import dataclass, field, replace

import numpy as np
from mistakes import (
    cast_away,
    cast_twice,
    descent_off,
    elu_vjp_at_zero,
    leaky_relu_vjp_both,
    matmul_in_half,
    nextafter_by_spacing,
    one_matrix,
    quotient_product,
    silu_unguarded,
    softmax_unmasked,
    softmax_vjp_of_masks,
    solve_by_inverse,
    solve_off,
    subtract_flushed,
    sum_by_mean,
    tanh_clamped,
    tanh_unsigned,
    torch_exp,
    torch_exp_bent,
)

import reference as ref
from suite.concepts import concepts
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
    path: str = ""  # the feature of a call on which it is wrong

    @property
    def id(self) -> str:
        return f"{self.law}-{self.path or self.route}-{self.concept}-{self.dtype}-{self.kind}"

    def library(self) -> Library:
        """The right library with this one function replaced."""
        name = concepts()[self.concept].call_name
        good = right(self.framework)
        functions, vjps = dict(good.functions), dict(good.vjps)
        (vjps if self.vjp else functions)[name] = self.function
        return replace(good, name="planted", functions=functions, vjps=vjps)


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
    Planted("softmax", "padding", softmax_masked_by_size, "real", "ml-explore/mlx#1467", seed=4),
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
    Planted("mse_loss", "convex_in_1", off("mse_loss", sign=coin), seed=1),
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
    # calls that are asked for in other ways
    Planted("exp", "accuracy", off("exp", when=strided), route="asked", path="strided"),
    Planted("sum", "accuracy", sum_of_memory, "real", "pytorch/pytorch#189401", "asked", path="strided"),
    Planted("softmax", "accuracy", off("softmax", when=transposed), route="asked", path="transposed"),
    Planted(
        "exp",
        "accuracy",
        off("exp", when=unaligned),
        "bound",
        "the scalar prologue of a vector kernel",
        "asked",
        path="offset",
    ),
    Planted("sum", "accuracy", off("sum", when=reversed_), route="asked", path="negative_stride"),
    Planted("sum", "accuracy", off("sum", when=expanded), route="asked", path="expanded"),
    Planted(
        "sigmoid",
        "accuracy",
        off("sigmoid", when=single),
        "bound",
        "the scalar tail of a vector kernel",
        "asked",
        path="single",
    ),
    Planted("softmax", "accuracy", softmax_global_max, "real", "PaddlePaddle/Paddle PR#19800", "asked", path="axis"),
    Planted("log_softmax", "accuracy", off("log_softmax", when=other_axis), route="asked", path="axis"),
    Planted(
        "var",
        "accuracy",
        either(ref.var_one_pass, ref.var, kept),
        "real",
        "pytorch/pytorch#2470",
        "asked",
        path="keepdims",
    ),
    Planted("sum", "accuracy", sum_of_whole_strides, "real", "numpy/numpy PR#9887", "asked", path="packed"),
    Planted(
        "matmul",
        "accuracy",
        either(matmul_in_half, ref.matmul, one_matrix),
        "real",
        "a path of its own",
        "asked",
        path="stack",
    ),
    Planted("logsumexp", "accuracy", off("logsumexp", when=kept), route="asked", path="keepdims"),
    Planted("logsumexp", "accuracy", off("logsumexp", when=several_axes), route="asked", path="two_axes"),
    Planted("logaddexp", "accuracy", off("logaddexp", when=broadcast), route="asked", path="broadcast"),
)
