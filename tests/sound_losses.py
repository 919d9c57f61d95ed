"""Sound algorithms of losses, metrics, products and solves, by other hands."""

from typing import Any

import torch
from sound import Sound, Tensor
from torch.nn import functional as F  # noqa: N812 - torch's own convention

LOG2E = 1.4426950408889634


def reduced(terms: Tensor, reduction: str) -> Tensor:
    return terms if reduction == "none" else terms.sum(-1) if reduction == "sum" else terms.sum(-1) / terms.shape[-1]


def lossy(f: Any) -> Any:
    return lambda x, t, *, reduction="mean": reduced(f(x, t), reduction)


def softplus(x: Tensor) -> Tensor:
    return torch.where(x > 0, x, 0) + torch.log1p(torch.exp(torch.where(x > 0, -x, x)))


def softplus_two(x: Tensor) -> Tensor:
    return torch.where(x > 0, x, 0) + torch.log1p(torch.exp2(torch.where(x > 0, -x, x) * LOG2E))


BCE_LOGITS = {
    "softplus(x) - x t": lambda x, t: softplus(x) - x * t,
    "(1 - t) x + softplus(-x)": lambda x, t: (1 - t) * x + softplus(-x),
    "max - x t + log1p": lambda x, t: (
        torch.where(x > 0, x, 0) - x * t + torch.log1p(torch.exp(torch.where(x > 0, -x, x)))
    ),
    "t sp(-x) + (1 - t) sp(x)": lambda x, t: t * softplus(-x) + (1 - t) * softplus(x),
    "base two": lambda x, t: t * softplus_two(-x) + (1 - t) * softplus_two(x),
    "softplus(x) - x t, base two": lambda x, t: softplus_two(x) - x * t,
    "-log_sigmoid": lambda x, t: -(t * F.logsigmoid(x) + (1 - t) * F.logsigmoid(-x)),
    "library": lambda x, t: F.binary_cross_entropy_with_logits(x, t, reduction="none"),
}
BCE = {
    "logs": lambda p, t: -(torch.xlogy(t, p) + torch.xlogy(1 - t, 1 - p)),
    "log1p": lambda p, t: -(torch.xlogy(t, p) + torch.special.xlog1py(1 - t, -p)),
}


class Probabilities(torch.autograd.Function):
    """(p - t)/(p (1 - p)), as it stands in many libraries."""

    @staticmethod
    def forward(ctx: Any, p: Tensor, t: Tensor) -> Tensor:
        ctx.save_for_backward(p, t)
        return -(torch.xlogy(t, p) + torch.special.xlog1py(1 - t, -p))

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        p, t = ctx.saved_tensors
        inside = g * ((p - t) / (p * (1 - p)))
        ends = g * (
            torch.where(t == 1, torch.zeros_like(p), (1 - t) / (1 - p))
            - torch.where(t == 0, torch.zeros_like(p), t / p)
        )
        return torch.where((p * (1 - p)) == 0, ends, inside), None


BCE["(p - t)/(p (1 - p))"] = Probabilities.apply
MSE = {
    "square": lambda a, b: (a - b) ** 2,
    "product": lambda a, b: (a - b) * (a - b),
    "abs": lambda a, b: (a - b).abs().square(),
    "from the other side": lambda a, b: (b - a).pow(2),
}


class Ordered(torch.autograd.Function):
    """(2 d) g in place of 2 (g d)."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor) -> Tensor:
        ctx.save_for_backward(a - b)
        return (a - b).square()

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        (d,) = ctx.saved_tensors
        return (2 * d) * g, -((2 * d) * g)


MSE["factors in another order"] = Ordered.apply
MSE_WHOLE = {
    "mean of squares": lambda a, b, *, reduction: (
        torch.mean((a - b) ** 2) if reduction == "mean" else ((a - b) ** 2).sum()
    ),
    "dot over n": lambda a, b, *, reduction: torch.dot(d := (a - b), d) / (a.numel() if reduction == "mean" else 1),
    "divided first": lambda a, b, *, reduction: ((a - b) ** 2 / (a.numel() if reduction == "mean" else 1)).sum(),
    "weights": lambda a, b, *, reduction: ((a - b) ** 2).sum() * (1 / a.numel() if reduction == "mean" else 1),
    "library": lambda a, b, *, reduction: F.mse_loss(a, b, reduction=reduction),
}


def shifted(x: Tensor) -> Tensor:
    return x - x.amax(-1, keepdim=True).detach()


CE = {
    "log_softmax": lambda x, t: -F.log_softmax(x, -1).gather(-1, t[..., None])[..., 0],
    "lse minus one": lambda x, t: torch.logsumexp(d := shifted(x), -1) - d.gather(-1, t[..., None])[..., 0],
    "base two": lambda x, t: (
        torch.log(torch.exp2(LOG2E * (d := shifted(x))).sum(-1)) - d.gather(-1, t[..., None])[..., 0]
    ),
    "one-hot": lambda x, t: -(F.log_softmax(x, -1).masked_fill(F.one_hot(t, x.shape[-1]) == 0, 0)).sum(-1),
}
KL = {
    "library": lambda lp, t: F.kl_div(lp, t, reduction="none"),
    "xlogy": lambda lp, t: torch.xlogy(t, t) - t * lp,
}


def counted(predicted: Any, mean: Any) -> Any:
    return lambda s, t, *, threshold=0.5: mean((predicted(s, threshold) == (t > 0.5)).to(s.dtype))


ACCURACY = {
    "count / n": counted(torch.gt, lambda r: r.sum(-1) / r.shape[-1]),
    "count * (1/n)": counted(torch.gt, lambda r: r.sum(-1) * (1 / r.shape[-1])),
    "mean": counted(torch.gt, lambda r: r.mean(-1)),
    "1 - wrong / n": counted(torch.gt, lambda r: r.sum(-1).div(r.shape[-1])),
    "dot": counted(torch.gt, lambda r: (r * r).sum(-1) / r.shape[-1]),
}


def linear_by_rows(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    return torch.stack([torch.matmul(w, row) + b for row in x.unbind(-2)], -2)


LINEAR = {
    "product, then bias": lambda x, w, b: torch.matmul(x, w.mT) + b,
    "einsum": lambda x, w, b: torch.einsum("mi,oi->mo", x, w) + b,
    "addmm": lambda x, w, b: torch.addmm(b, x, w.mT),
    "row by row": linear_by_rows,
    "bias column": lambda x, w, b: (
        torch.cat([x, torch.ones_like(x[..., :1])], -1) @ torch.cat([w, b[..., None]], -1).mT
    ),
    "transposed": lambda x, w, b: (torch.matmul(w, x.mT) + b[..., None]).mT,
}
VECDOT = {
    "sum of products": lambda x, y, *, axis=-1: (x * y).sum(axis),
    "backward": lambda x, y, *, axis=-1: (x * y).flip(axis).sum(axis),
    "einsum": lambda x, y, *, axis=-1: torch.einsum("...i,...i->...", x.movedim(axis, -1), y.movedim(axis, -1)),
}


def refined(a: Tensor, b: Tensor) -> Tensor:
    x = torch.linalg.solve(a, b)
    return x + torch.linalg.solve(a, b - torch.matmul(a, x.unsqueeze(-1)).squeeze(-1))


def by_qr(a: Tensor, b: Tensor) -> Tensor:
    q, r = torch.linalg.qr(a)
    return torch.linalg.solve_triangular(r, q.mT @ b.unsqueeze(-1), upper=True).squeeze(-1)


SOLVE = {
    "refined once": refined,
    "QR": by_qr,
    "LU": lambda a, b: torch.linalg.lu_solve(*torch.linalg.lu_factor(a), b.unsqueeze(-1)).squeeze(-1),
    "LU of the transpose": lambda a, b: torch.linalg.lu_solve(
        *torch.linalg.lu_factor(a.mT.contiguous()), b.unsqueeze(-1), adjoint=True).squeeze(-1),
}  # fmt: skip

LOSSES = [
    *(Sound(c, n, lossy(f)) for c in ("binary_cross_entropy_with_logits", "binary_cross_entropy_with_logits_none")
      for n, f in BCE_LOGITS.items()),
    # xlogy'(0, 0) is NaN
    *(Sound("binary_cross_entropy", n, lossy(f), derivative=n[0] == "(") for n, f in BCE.items()),
    *(Sound("mse_loss_none", n, lossy(f)) for n, f in MSE.items()),
    *(Sound("mse_loss", n, f) for n, f in MSE_WHOLE.items()),
    *(
        Sound(c, n, lossy(f), wide=n == "base two")  # factors of a derivative that underflow one after the other
        for c in ("cross_entropy", "cross_entropy_none")
        for n, f in CE.items()
    ),
    *(Sound("kl_div", n, lossy(f)) for n, f in KL.items()),
    *(Sound("accuracy", n, f) for n, f in ACCURACY.items()),
    Sound("accuracy", "ties above", counted(torch.ge, lambda r: r.sum(-1) / r.shape[-1])),
    # what autograd adds up over rows, it adds in sixteen bits
    *(Sound("linear", n, f, wide=n in ("einsum", "row by row")) for n, f in LINEAR.items()),
    *(Sound("vecdot", n, f) for n, f in VECDOT.items()),
    *(Sound("solve", n, f) for n, f in SOLVE.items()),
]  # fmt: skip
