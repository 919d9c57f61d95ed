"""Sound algorithms of sums, means, variances and norms, by other hands."""

import math
from typing import Any

import torch
from sound import Sound, Tensor

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
    m, s = rows[..., 0], rows[..., 0] - rows[..., 0]
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
            return r[..., 0], r[..., 0] - r[..., 0]
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


def scaled(total: Any) -> Any:
    """By the largest entry; the squares are added in one way or another."""

    def norm(rows: Tensor) -> Tensor:
        top = rows.detach().abs().amax(-1, keepdim=True)
        top = torch.where((top > 0) & torch.isfinite(top), top, torch.ones_like(top))
        z = rows / top
        return top[..., 0] * torch.sqrt(total(z))

    return norm


def of_blocks(rows: Tensor) -> Tensor:
    """The norm of the norms of blocks of four."""
    return scaled(dot)(torch.stack([scaled(dot)(block) for block in rows.split(4, -1)], -1))


def dot(z: Tensor) -> Tensor:
    return torch.linalg.vecdot(z, z)


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


NORMS = {"hypot in sequence": hypot_chain, "hypot as a tree": tree, "dnrm2": lapack, "power of two": scaled_by_two,
         "scaled": scaled(lambda z: (z * z).sum(-1)), "scaled, pairwise": scaled(lambda z: halves(z * z)),
         "scaled, dot": scaled(dot), "scaled, in sequence": scaled(lambda z: sequential(z**2)),
         "scaled, compensated": scaled(lambda z: compensated(z * z)), "blocks": of_blocks}  # fmt: skip
# autograd makes NaN of hypot(0, 0) and of the root of a block of zeros, and 0 of ldexp by a large exponent
VALUES = ("hypot in sequence", "hypot as a tree", "power of two", "blocks")


def normed(how: Any) -> Any:
    def norm(x: Tensor, *, ord: float = 2, axis: Any = None, keepdims: bool = False) -> Tensor:
        rows = flat(x, axis)
        found = how(rows) if ord == 2 else rows.abs().sum(-1) if ord == 1 else rows.abs().amax(-1)
        return kept(found, x, axis, keepdims)

    return norm


SUMS_OF_ROWS = [
    *(Sound("sum", n, summed(f), wide=True) for n, f in SUMS.items()),
    # a running mean goes back through n products, a compensated one through a mean of equal numbers
    *(Sound("mean", n, averaged(f), wide=True, derivative=n not in ("running", "compensated"))
      for n, f in MEANS.items()),
    *(Sound("var", n, varied(f), wide=True) for n, f in VARIANCES.items()),
    *(Sound("vector_norm", n, normed(f), wide=True, derivative=n not in VALUES) for n, f in NORMS.items()),
]  # fmt: skip
