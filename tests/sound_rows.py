"""Sound algorithms of the softmax family, by other hands."""

from typing import Any

import torch
from sound import Sound, Tensor

LOG2E = 1.4426950408889634
LN2 = 0.6931471805599453


# -- log-sum-exp


def lse_of_pairs(x: Tensor, *, axis: int = -1, keepdims: bool = False) -> Tensor:
    """A tournament of logaddexp."""
    parts = list(x.unbind(axis))
    while len(parts) > 1:
        parts = [
            torch.logaddexp(*parts[k : k + 2]) if k + 1 < len(parts) else parts[k] for k in range(0, len(parts), 2)
        ]
    return parts[0].unsqueeze(axis) if keepdims else parts[0]


def streamed(x: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """Running maximum and rescaled sum, left to right. A maximum is a constant: what it adds to a derivative is 0."""
    m, s = x.detach().select(axis, 0), torch.exp(x - x.detach()).select(axis, 0)
    for v in x.unbind(axis)[1:]:
        new = torch.maximum(m, v.detach())
        s = s * torch.exp(m - new) + torch.exp(v - new)
        m = new
    return m, s


def lse_streamed(x: Tensor, *, axis: int = -1, keepdims: bool = False) -> Tensor:
    m, s = streamed(x, axis)
    y = m + torch.log(s)
    return y.unsqueeze(axis) if keepdims else y


def lse_base_two(x: Tensor, *, axis: int = -1, keepdims: bool = False) -> Tensor:
    m = x.detach().amax(axis, keepdim=True)
    y = m + torch.log2(torch.exp2((x - m) * LOG2E).sum(axis, keepdim=True)) * LN2
    return y if keepdims else y.squeeze(axis)


def lse_blocks(x: Tensor, *, axis: int = -1, keepdims: bool = False) -> Tensor:
    """Blocks of eight have maxima of their own; they are joined at the end."""
    tops, sums = [], []
    for block in x.split(8, axis):
        m = block.detach().amax(axis, keepdim=True)
        tops.append(m)
        sums.append(torch.exp(block - m).sum(axis, keepdim=True))
    m = torch.cat(tops, axis)
    top = m.amax(axis, keepdim=True)
    y = top + torch.log((torch.exp(m - top) * torch.cat(sums, axis)).sum(axis, keepdim=True))
    return y if keepdims else y.squeeze(axis)


def lse_log1p(x: Tensor, *, axis: int = -1, keepdims: bool = False) -> Tensor:
    """log1p of the other terms."""
    m, k = x.detach().max(axis, keepdim=True)
    others = torch.exp(x - m).scatter(axis, k, 0.0).sum(axis, keepdim=True)
    y = m + torch.log1p(others)
    y = y + (x - m).gather(axis, k) / (1 + others.detach())  # 0, with the derivative of the largest term
    return y if keepdims else y.squeeze(axis)


def lse_flipped(x: Tensor, *, axis: int = -1, keepdims: bool = False) -> Tensor:
    m = x.detach().amax(axis, keepdim=True)
    total = torch.cumsum(torch.exp(x - m).flip(axis), axis).select(axis, -1).unsqueeze(axis)
    y = total.log() + m
    return y if keepdims else y.squeeze(axis)


# -- softmax, log-softmax


def softmax_base_two(x: Tensor, *, axis: int = -1) -> Tensor:
    e = torch.exp2((x - x.detach().amax(axis, keepdim=True)) * LOG2E)
    return e / e.sum(axis, keepdim=True)


def softmax_reciprocal(x: Tensor, *, axis: int = -1) -> Tensor:
    e = torch.exp(x - x.detach().amax(axis, keepdim=True))
    return e * e.sum(axis, keepdim=True).reciprocal()


def softmax_of_log(x: Tensor, *, axis: int = -1) -> Tensor:
    return torch.exp(torch.log_softmax(x, axis))


def softmax_of_lse(x: Tensor, *, axis: int = -1) -> Tensor:
    d = x - x.detach().amax(axis, keepdim=True)
    return torch.exp(d - torch.logsumexp(d, axis, keepdim=True))


def softmax_streamed(x: Tensor, *, axis: int = -1) -> Tensor:
    m, s = streamed(x, axis)
    return torch.exp(x - m.unsqueeze(axis)) / s.unsqueeze(axis)


def softmax_by_rows(x: Tensor, *, axis: int = -1) -> Tensor:
    """By 1 / sum_k exp(x_k - x_j) where that is in range: no maximum is taken of what is sorted."""
    y = x.movedim(axis, -1)
    order = y.sort(-1)
    d = order.values - order.values[..., -1:]
    e = torch.exp(d)
    p = e / torch.cumsum(e, -1)[..., -1:]
    return torch.zeros_like(p).scatter(-1, order.indices, p).movedim(-1, axis)


class SavedTwo(torch.autograd.Function):
    """s (g - <g, s>) with the s that was returned, by exp2."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, axis: int) -> Tensor:
        s = softmax_base_two(x, axis=axis)
        ctx.save_for_backward(s)
        ctx.axis = axis
        return s

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        (s,) = ctx.saved_tensors
        return s * (g - (s * g).sum(ctx.axis, keepdim=True)), None


def softmax_saved_two(x: Tensor, *, axis: int = -1) -> Tensor:
    return SavedTwo.apply(x, axis)


def log_softmax_shifted(x: Tensor, *, axis: int = -1) -> Tensor:
    d = x - x.detach().amax(axis, keepdim=True)
    return d - d.exp().sum(axis, keepdim=True).log()


def log_softmax_base_two(x: Tensor, *, axis: int = -1) -> Tensor:
    d = x - x.detach().amax(axis, keepdim=True)
    return d - LN2 * torch.log2(torch.exp2(d * LOG2E).sum(axis, keepdim=True))


def log_softmax_of_lse(x: Tensor, *, axis: int = -1) -> Tensor:
    d = x - x.detach().amax(axis, keepdim=True)
    return d - torch.logsumexp(d, axis, keepdim=True)


def log_softmax_streamed(x: Tensor, *, axis: int = -1) -> Tensor:
    m, s = streamed(x, axis)
    return (x - m.unsqueeze(axis)) - s.log().unsqueeze(axis)


def log_softmax_blocks(x: Tensor, *, axis: int = -1) -> Tensor:
    d = x - x.detach().amax(axis, keepdim=True)
    return d - lse_blocks(d, axis=axis, keepdims=True)


def log_softmax_log1p(x: Tensor, *, axis: int = -1) -> Tensor:
    d = x - x.detach().amax(axis, keepdim=True)
    return d - lse_log1p(d, axis=axis, keepdims=True)


def logcumsumexp_running(x: Tensor, *, axis: int = -1) -> Tensor:
    columns = x.unbind(axis)
    m, s = columns[0].detach(), torch.exp(columns[0] - columns[0].detach())
    out = [m + s.log()]
    for v in columns[1:]:
        new = torch.maximum(m, v.detach())
        s = s * torch.exp(m - new) + torch.exp(v - new)
        m = new
        out.append(m + s.log())
    return torch.stack(out, axis)


def logcumsumexp_prefixes(x: Tensor, *, axis: int = -1) -> Tensor:
    return torch.stack([torch.logsumexp(x.narrow(axis, 0, k + 1), axis) for k in range(x.shape[axis])], axis)


def logcumsumexp_base_two(x: Tensor, *, axis: int = -1) -> Tensor:
    return torch.stack([lse_base_two(x.narrow(axis, 0, k + 1), axis=axis) for k in range(x.shape[axis])], axis)


def logcumsumexp_folded(x: Tensor, *, axis: int = -1) -> Tensor:
    out = [x.select(axis, 0)]
    for v in x.unbind(axis)[1:]:
        out.append(torch.logaddexp(out[-1], v))
    return torch.stack(out, axis)


ROWS = [
    Sound("logsumexp", "tournament", lse_of_pairs, wide=True, derivative=False),  # exp(x - y) of a y that is rounded
    *(Sound("logsumexp", n, f, wide=w) for n, f, w in (
        ("streamed", lse_streamed, True), ("base two", lse_base_two, True),
        ("blocks", lse_blocks, False), ("log1p", lse_log1p, False), ("flipped", lse_flipped, False))),
    *(Sound("softmax", n, f) for n, f in (
        ("base two", softmax_base_two), ("reciprocal", softmax_reciprocal), ("exp of log", softmax_of_log),
        ("minus lse", softmax_of_lse), ("streamed", softmax_streamed), ("sorted", softmax_by_rows),
        ("saved, base two", softmax_saved_two))),
    *(Sound("log_softmax", n, f, wide=w) for n, f, w in (
        ("shifted", log_softmax_shifted, False), ("base two", log_softmax_base_two, False),
        ("minus lse", log_softmax_of_lse, False), ("streamed", log_softmax_streamed, True),
        ("blocks", log_softmax_blocks, False), ("log1p", log_softmax_log1p, False))),
    *(Sound("logcumsumexp", n, f, wide=w) for n, f, w in (
        ("running", logcumsumexp_running, True), ("base two", logcumsumexp_base_two, True))),
    Sound("logcumsumexp", "prefixes", logcumsumexp_prefixes, derivative=False),
    Sound("logcumsumexp", "folded", logcumsumexp_folded, derivative=False),
]  # fmt: skip
