"""Sound algorithms of single numbers: activations through other functions, in base two, by other hands."""

from typing import Any

import torch
from sound import Sound, Tensor

LOG2E = 1.4426950408889634
LN2 = 0.6931471805599453
C = 0.7978845608028654  # sqrt(2 / pi)


def e_two(x: Tensor) -> Tensor:
    """e^x as a kernel writes it."""
    return torch.exp2(x * LOG2E)


def by_sides(right: Any, left: Any) -> Any:
    """Each side sees its own numbers only, so that neither spoils the other's derivative."""
    return lambda x: torch.where(x >= 0, right(x.clamp(min=0)), left(x.clamp(max=0)))


# -- sigmoid

SIGMOID = {
    "1/(1 + exp2)": lambda x: 1 / (1 + e_two(-x)),
    "two sides": by_sides(lambda x: 1 / (1 + torch.exp(-x)), lambda x: torch.exp(x) / (1 + torch.exp(x))),
    "two sides, base two": by_sides(lambda x: 1 / (1 + e_two(-x)), lambda x: e_two(x) / (1 + e_two(x))),
    "exp of -softplus": lambda x: torch.exp(-torch.nn.functional.softplus(-x, threshold=1000.0)),
    "softmax of (x, 0)": lambda x: torch.softmax(torch.stack([x, torch.zeros_like(x)], -1), -1)[..., 0],
    "exp of -logaddexp": lambda x: torch.exp(-torch.logaddexp(torch.zeros_like(x), -x)),
    "reciprocal": lambda x: torch.reciprocal(1 + torch.exp(-x)),
    "e times reciprocal": by_sides(lambda x: (1 + torch.exp(-x)).reciprocal(),
                                   lambda x: torch.exp(x) * (1 + torch.exp(x)).reciprocal()),
    "library": torch.sigmoid,
}  # fmt: skip

# -- softplus and log-sigmoid

SOFTPLUS = {
    "max + log1p exp2": lambda x: torch.where(x > 0, x, 0) + torch.log1p(e_two(torch.where(x > 0, -x, x))),
    "from the larger": lambda x: torch.where(x > 0, x, 0) + torch.log1p(torch.exp(torch.where(x > 0, -x, x))),
    "logaddexp": lambda x: torch.logaddexp(x, torch.zeros_like(x)),
    "two sides": by_sides(lambda x: x + torch.log1p(torch.exp(-x)), lambda x: torch.log1p(torch.exp(x))),
    "two sides, base two": by_sides(lambda x: x + torch.log1p(e_two(-x)), lambda x: torch.log1p(e_two(x))),
    "-log_sigmoid": lambda x: -torch.nn.functional.logsigmoid(-x),
    "log1p(exp x) until 30": lambda x: torch.where(x > 30, x + torch.log1p(torch.exp(-x.clamp(min=0))),
                                                   torch.log1p(torch.exp(x.clamp(max=30)))),
}  # fmt: skip
LOG_SIGMOID = {
    "-logaddexp": lambda x: -torch.logaddexp(torch.zeros_like(x), -x),
    "two sides": by_sides(lambda x: -torch.log1p(torch.exp(-x)), lambda x: x - torch.log1p(torch.exp(x))),
    "two sides, base two": by_sides(lambda x: -torch.log1p(e_two(-x)), lambda x: x - torch.log1p(e_two(x))),
    "library": torch.nn.functional.logsigmoid,
}  # fmt: skip

# -- silu and gelu

SILU = {
    "x sigmoid": lambda x: x * torch.sigmoid(x),
    "x/(1 + exp2)": lambda x: x / (1 + e_two(-x)),
    "two sides": lambda x: x * SIGMOID["two sides"](x),
    "two sides, base two": lambda x: x * SIGMOID["two sides, base two"](x),
    "x reciprocal": lambda x: x * torch.reciprocal(1 + torch.exp(-x)),
    "library": torch.nn.functional.silu,
}  # fmt: skip


class TanhSaved(torch.autograd.Function):
    """s (1 + x (1 - s) v') with the s = sigmoid(v) that was kept."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        y = x.clamp(-100, 100)
        s = SIGMOID["two sides"](2 * C * (y + 0.044715 * y * y * y))
        ctx.save_for_backward(x, s)
        return x.clamp(min=-100) * s

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Tensor:
        x, s = ctx.saved_tensors
        y = x.clamp(-100, 100)
        return g * (s * (1 + y * (1 - s) * (2 * C * (1 + 3 * 0.044715 * y * y))))


def gelu_two_sides(x: Tensor) -> Tensor:
    x = x.clamp(min=-1e4)
    y = x.clamp(-100, 100)
    v = 2 * C * (y + 0.044715 * y**3)
    return x * torch.where(
        v >= 0, 1 / (1 + torch.exp(-v.clamp(min=0))), torch.exp(v.clamp(max=0)) / (1 + torch.exp(v.clamp(max=0)))
    )


def gelu_erfc(x: Tensor) -> Tensor:
    return 0.5 * x * torch.special.erfc(-x.clamp(-100, 100) / 2**0.5)


def gelu_tail(x: Tensor) -> Tensor:
    """x - x q on the right, q the tail."""
    q = 0.5 * torch.special.erfc(x.abs().clamp(max=100) * 0.7071067811865476)
    return torch.where(x > 0, x - x * q, x * q)


GELU = {
    "tanh": {"kept sigmoid": TanhSaved.apply, "two sides": gelu_two_sides},
    "none": {"erfc": gelu_erfc, "tail": gelu_tail},
}


def formed(f: Any) -> Any:
    return lambda x, *, approximate="none": f(x)


# -- hard ones

RELU6 = torch.nn.functional.relu6
HARDSIGMOID = {
    "relu6(x + 3) * (1/6)": lambda x: RELU6(x + 3) * (1 / 6),
    "relu6(x + 3) / 6": lambda x: RELU6(x + 3) / 6,
    "clamp(x/6 + 1/2)": lambda x: (x / 6 + 0.5).clamp(0, 1),
    "addcmul": lambda x: torch.addcmul(torch.full_like(x, 0.5), x, torch.full_like(x, 1 / 6)).clamp(0, 1),
}
HARDSWISH = {
    "x relu6(x + 3) / 6": lambda x: x * RELU6(x + 3) / 6,
    "x (relu6(x + 3) / 6)": lambda x: x * (RELU6(x + 3) / 6),
    "x clamp(x/6 + 1/2)": lambda x: x * (x / 6 + 0.5).clamp(0, 1),
    "x relu6(x + 3) * (1/6)": lambda x: x * (RELU6(x + 3) * (1 / 6)),
}
ELU = {
    "chosen": lambda x, *, alpha: torch.where(x > 0, x, alpha * torch.expm1(x.clamp(max=0))),
    "library": torch.nn.functional.elu,
}
TANH = {
    "expm1": by_sides(
        lambda x: -torch.expm1(-2 * x) / (torch.expm1(-2 * x) + 2),
        lambda x: torch.expm1(2 * x) / (torch.expm1(2 * x) + 2),
    ),
    "library": torch.tanh,
}
LOGADDEXP = {
    "max + log1p exp2": lambda x, y: torch.maximum(x, y) + torch.log1p(e_two(-(x - y).abs())),
    "logsumexp": lambda x, y: torch.logsumexp(torch.stack([x, y], -1), -1),
    "x + softplus(y - x), from the larger": lambda x, y: torch.maximum(x, y) + torch.nn.functional.softplus(
        -(x - y).abs(), threshold=1000.0),
    "two exps": lambda x, y: (m := torch.maximum(x, y).detach()) + torch.log(torch.exp(x - m) + torch.exp(y - m)),
    "library": torch.logaddexp,
}  # fmt: skip

# e^-x overflows: what autograd makes of 1/(1 + e^-x) is inf * 0; logaddexp keeps a rounded y
VALUES = ("1/(1 + exp2)", "reciprocal", "exp of -softplus", "x/(1 + exp2)", "x reciprocal", "logsumexp")
POINTS = [
    Sound(concept, name, f, derivative=name not in VALUES)
    for concept, texts in (
        ("sigmoid", SIGMOID), ("softplus", SOFTPLUS), ("log_sigmoid", LOG_SIGMOID), ("silu", SILU), ("tanh", TANH),
        ("hardsigmoid", HARDSIGMOID), ("hardswish", HARDSWISH), ("elu", ELU), ("logaddexp", LOGADDEXP),
    )
    for name, f in texts.items()
] + [
    Sound("gelu", f"{form}, {name}", formed(f), options=lambda *, approximate, form=form: approximate == form)
    for form, texts in GELU.items()
    for name, f in texts.items()
]  # fmt: skip
