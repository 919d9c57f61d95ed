"""Sound algorithms of rows: the softmax family, norms, sums, means, variances, by other hands."""

import math
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


# -- sums, means, variances


def many(axis: Any, x: Tensor) -> tuple[int, ...]:
    return tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)


def flat(x: Tensor, axis: Any) -> Tensor:
    """The reduced axes as one, the last."""
    axes = [k % x.ndim for k in many(axis, x)]
    kept = [k for k in range(x.ndim) if k not in axes]
    return x.permute(*kept, *axes).flatten(len(kept))


def kept(y: Tensor, x: Tensor, axis: Any, keepdims: bool) -> Tensor:
    for k in sorted(a % x.ndim for a in many(axis, x)) if keepdims else ():
        y = y.unsqueeze(k)
    return y


def halves(rows: Tensor) -> Tensor:
    """Pairwise, by folding."""
    while rows.shape[-1] > 1:
        n = rows.shape[-1] // 2
        rows = torch.cat([rows[..., :n] + rows[..., n : 2 * n], rows[..., 2 * n :]], -1)
    return rows[..., 0]


def compensated(rows: Tensor) -> Tensor:
    """Neumaier's sum."""
    total, lost = torch.zeros_like(rows[..., 0]), torch.zeros_like(rows[..., 0])
    for v in rows.unbind(-1):
        new = total + v
        lost = lost + torch.where(total.abs() >= v.abs(), (total - new) + v, (v - new) + total).detach()
        total = new
    return total + lost


def sequential(rows: Tensor) -> Tensor:
    total = rows[..., 0]
    for v in rows.unbind(-1)[1:]:
        total = total + v
    return total


def by_product(rows: Tensor) -> Tensor:
    return torch.matmul(rows, torch.ones_like(rows[..., :1].reshape(-1)[:1]).expand(rows.shape[-1]))


def sorted_first(rows: Tensor) -> Tensor:
    return rows.gather(-1, rows.abs().argsort(-1)).sum(-1)


def lanes(rows: Tensor) -> Tensor:
    """Eight running sums."""
    out = rows[..., :0:1].sum(-1)
    for k in range(min(8, rows.shape[-1])):
        out = out + sequential(rows[..., k::8])
    return out


SUMS = {"pairwise": halves, "Neumaier": compensated, "in sequence": sequential, "times ones": by_product,
        "by size": sorted_first, "eight lanes": lanes, "backward": lambda r: sequential(r.flip(-1)),
        "cumulative": lambda r: torch.cumsum(r, -1)[..., -1]}  # fmt: skip


def summed(how: Any) -> Any:
    return lambda x, *, axis=None, keepdims=False: kept(how(flat(x, axis)), x, axis, keepdims)


def averaged(how: Any) -> Any:
    return lambda x, *, axis=None, keepdims=False: kept(how(flat(x, axis)), x, axis, keepdims)


def running_mean(rows: Tensor) -> Tensor:
    m = rows[..., 0]
    for k, v in enumerate(rows.unbind(-1)[1:], 2):
        m = m + (v - m) / k
    return m


def compensated_mean(rows: Tensor) -> Tensor:
    m = rows.sum(-1, keepdim=True) / rows.shape[-1]
    return (m + (rows - m).sum(-1, keepdim=True) / rows.shape[-1])[..., 0]


MEANS = {"running": running_mean, "compensated": compensated_mean, "times 1/n": lambda r: r.sum(-1) * (1 / r.shape[-1]),
         "divided first": lambda r: (r / r.shape[-1]).sum(-1), "by Neumaier": lambda r: compensated(r) / r.shape[-1],
         "pairwise": lambda r: halves(r) / r.shape[-1], "weights 1/n": lambda r: (r * (1 / r.shape[-1])).sum(-1),
         "library": lambda r: r.mean(-1)}  # fmt: skip


def centred(mean: Any) -> Any:
    def var(rows: Tensor, c: float) -> Tensor:
        d = rows - mean(rows).unsqueeze(-1)
        return (d * d).sum(-1) / (rows.shape[-1] - c)

    return var


def mean_of_squares(rows: Tensor, c: float) -> Tensor:
    n = rows.shape[-1]
    return ((rows - rows.mean(-1, keepdim=True)) ** 2).mean(-1) * (n / (n - c) if n > c else math.inf)


def welford(rows: Tensor, c: float) -> Tensor:
    m, s = rows[..., 0], torch.zeros_like(rows[..., 0])
    for k, v in enumerate(rows.unbind(-1)[1:], 2):
        d = v - m
        m = m + d / k
        s = s + d * (v - m)
    return s / (rows.shape[-1] - c)


def chan(rows: Tensor, c: float) -> Tensor:
    """Halves are joined: s = s1 + s2 + d^2 n1 n2 / n."""

    def joined(r: Tensor) -> tuple[Tensor, Tensor]:
        n = r.shape[-1]
        if n == 1:
            return r[..., 0], torch.zeros_like(r[..., 0])
        (m1, s1), (m2, s2), k = joined(r[..., : n // 2]), joined(r[..., n // 2 :]), n // 2
        d = m2 - m1
        return m1 + d * ((n - k) / n), s1 + s2 + d * d * (k * (n - k) / n)

    return joined(rows)[1] / (rows.shape[-1] - c)


def shifted(rows: Tensor, c: float) -> Tensor:
    """Deviations from the mean, then from their own mean."""
    d = rows - rows.mean(-1, keepdim=True)
    d = d - d.mean(-1, keepdim=True)
    return d.square().sum(-1) / (rows.shape[-1] - c)


def dotted(rows: Tensor, c: float) -> Tensor:
    d = rows - rows.mean(-1, keepdim=True)
    return torch.linalg.vecdot(d, d) * (1 / (rows.shape[-1] - c) if rows.shape[-1] > c else math.inf)


VARIANCES = {"two passes": centred(lambda r: r.sum(-1) / r.shape[-1]), "library mean": centred(lambda r: r.mean(-1)),
             "running mean": centred(running_mean), "compensated mean": centred(compensated_mean), "chan": chan,
             "mean of squares": mean_of_squares, "Welford": welford, "twice centred": shifted, "dot": dotted,
             "pairwise mean": centred(lambda r: halves(r) / r.shape[-1])}  # fmt: skip


def varied(how: Any) -> Any:
    return lambda x, *, axis=None, correction=0.0, keepdims=False: kept(
        how(flat(x, axis), correction), x, axis, keepdims
    )


# -- norms


def hypot_chain(rows: Tensor) -> Tensor:
    out = rows[..., 0].abs()
    for v in rows.unbind(-1)[1:]:
        out = torch.hypot(out, v)
    return out


def scaled(rows: Tensor) -> Tensor:
    top = rows.detach().abs().amax(-1, keepdim=True)
    top = torch.where((top > 0) & torch.isfinite(top), top, torch.ones_like(top))
    z = rows / top
    return top[..., 0] * torch.sqrt((z * z).sum(-1))


def scaled_by_two(rows: Tensor) -> Tensor:
    """By a power of two: nothing is rounded by it."""
    top = rows.detach().abs().amax(-1, keepdim=True)
    e = torch.where(torch.isfinite(top) & (top > 0), torch.frexp(top.double()).exponent, 0)
    one, half = torch.ones_like(top), e // 2
    down = lambda r: torch.ldexp(torch.ldexp(r, -half), half - e)  # noqa: E731
    return (
        torch.ldexp(torch.ldexp(torch.sqrt((down(rows) ** 2).sum(-1)), half[..., 0]), (e - half)[..., 0]) * one[..., 0]
    )


def tree(rows: Tensor) -> Tensor:
    while rows.shape[-1] > 1:
        n = rows.shape[-1] // 2
        rows = torch.cat([torch.hypot(rows[..., :n], rows[..., n : 2 * n]), rows[..., 2 * n :]], -1)
    return rows[..., 0].abs()


def lapack(rows: Tensor) -> Tensor:
    """Scale and sum of squares, updated (classic dnrm2)."""
    scale, ssq = torch.zeros_like(rows[..., 0]), torch.ones_like(rows[..., 0])
    for v in rows.abs().unbind(-1):
        up = v > scale
        big, small = torch.where(up, v, scale), torch.where(up, scale, v)
        r = small / torch.where(big == 0, torch.ones_like(big), big)
        ssq = torch.where(up, 1 + ssq * r * r, ssq + torch.where(big == 0, torch.zeros_like(r), r * r))
        scale = big
    return scale * torch.sqrt(ssq)


NORMS = {"hypot in sequence": hypot_chain, "hypot as a tree": tree, "scaled": scaled, "dnrm2": lapack,
         "scaled, reciprocal": lambda r: scaled(r), "power of two": scaled_by_two}  # fmt: skip


def normed(how: Any) -> Any:
    return lambda x, *, ord=2, axis=None, keepdims=False: kept(how(flat(x, axis)), x, axis, keepdims)


euclidean = lambda *, ord: ord == 2  # noqa: E731

ROWS = [
    Sound("logsumexp", "tournament", lse_of_pairs, derivative=False),  # exp(x - y) of a y that is rounded
    *(Sound("logsumexp", n, f, wide=w) for n, f, w in (
        ("streamed", lse_streamed, True), ("base two", lse_base_two, False),
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
    *(Sound("sum", n, summed(f), wide=True) for n, f in SUMS.items()),
    # a running mean goes back through n products, a compensated one through a mean of equal numbers
    *(Sound("mean", n, averaged(f), wide=True, derivative=n not in ("running", "compensated"))
      for n, f in MEANS.items()),
    *(Sound("var", n, varied(f), wide=True) for n, f in VARIANCES.items()),
    *(Sound("vector_norm", n, normed(f), wide=True, options=euclidean) for n, f in NORMS.items()),
]  # fmt: skip
