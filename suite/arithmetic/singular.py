"""Singular values in balls: all of a small matrix, and the largest by itself, which needs no eigenvector."""

from functools import cmp_to_key
from itertools import combinations
from typing import Any

import numpy as np
from flint import arb, arb_mat, ctx

SWEEPS = 40


def spectral_norm(matrix: np.ndarray[Any, Any], squarings: int = 64) -> arb:
    """Encloses the largest singular value: s^(2p) <= tr (A'A)^p <= n s^(2p), p = 2^squarings.

    The quotient of the two ends is n^(1/2p), and no eigenvector is needed, so repeated singular
    values are no harder than others.
    """
    m = gram(matrix)
    n, log_scale = m.nrows(), arb(0)
    if m.trace() == 0:
        return arb(0)
    for _ in range(squarings):
        t = m.trace()
        log_scale = 2 * (log_scale + t.log())
        m = m / t
        m = m * m
    top = (m.trace().log() + log_scale) / (arb(2) ** squarings * 2)
    low = top - arb(n).log() / (arb(2) ** squarings * 2)
    return low.union(top).exp()


def gram(matrix: np.ndarray[Any, Any]) -> arb_mat:
    """A'A or AA', the smaller of the two."""
    a = arb_mat(matrix.tolist())
    return a.transpose() * a if a.nrows() >= a.ncols() else a * a.transpose()


def singular_values(matrix: np.ndarray[Any, Any]) -> list[arb]:
    """Encloses every singular value, the largest first: roots of the eigenvalues of M = A'A.

    With any Q whose Q'Q - I has Frobenius norm d < 1, the k-th eigenvalue of Q'MQ is that of M times a factor in [1 -
    d, 1 + d] (Ostrowski), and as far from the k-th of Q'MQ's diagonal as its other entries are large (Weyl). So Q need
    only be near the eigenvectors, and repeated or zero singular values are no harder than others.
    """
    m = gram(matrix)
    n = m.nrows()
    q = _rotations(m)
    turned, near = q.transpose() * m * q, q.transpose() * q
    diagonal = sorted((turned[i, i].mid() for i in range(n)), key=cmp_to_key(_compared), reverse=True)
    rest = _frobenius(turned[i, j] - (turned[i, i].mid() if i == j else 0) for i in range(n) for j in range(n))
    skew = _frobenius(near[i, j] - int(i == j) for i in range(n) for j in range(n))
    if not skew < 1:
        return [arb.nan()] * n
    ends = (((d - rest) / (1 + skew), (d + rest) / (1 - skew)) for d in diagonal)
    return [_root(low.lower()).union(_root(high.upper())) for low, high in ends]


def _root(x: arb) -> arb:
    """Of an end of an enclosure of a number >= 0."""
    return arb(0) if x <= 0 else x.sqrt()


def _compared(a: arb, b: arb) -> int:
    return int(a > b) - int(a < b)


def _frobenius(entries: Any) -> arb:
    total = arb(0)
    for e in entries:
        total += abs(e).upper() ** 2  # the square of a ball around 0 would reach below it
    return total.sqrt().upper()


def _rotations(m: arb_mat) -> arb_mat:
    """Nearly the eigenvectors, as exact numbers: Jacobi's method on midpoints."""
    n = m.nrows()
    a = [[m[i, j].mid() for j in range(n)] for i in range(n)]
    q = [[arb(int(i == j)) for j in range(n)] for i in range(n)]
    small = arb(2) ** -ctx.prec
    for _ in range(SWEEPS):
        still = True
        for i, j in combinations(range(n), 2):
            if abs(a[i][j]) <= small * (abs(a[i][i]) * abs(a[j][j])).sqrt().mid():
                continue
            still = False
            theta = ((a[j][j] - a[i][i]) / (2 * a[i][j])).mid()
            t = (1 if theta >= 0 else -1) / (abs(theta) + (theta * theta + 1).sqrt())
            c = (1 / (t * t + 1).sqrt()).mid()
            _turn(a, q, i, j, c, (t * c).mid())
        if still:
            break
    return arb_mat(q)


def _turn(a: list[list[arb]], q: list[list[arb]], i: int, j: int, c: arb, s: arb) -> None:
    """A <- J'AJ and Q <- QJ for the rotation J by (c, s) in the plane of i and j."""
    for rows in (a, q):
        for row in rows:
            row[i], row[j] = (c * row[i] - s * row[j]).mid(), (s * row[i] + c * row[j]).mid()
    for k in range(len(a)):
        a[i][k], a[j][k] = (c * a[i][k] - s * a[j][k]).mid(), (s * a[i][k] + c * a[j][k]).mid()
