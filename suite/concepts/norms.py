"""Vector and matrix norms: no overflow at sqrt(max), no underflow at sqrt(tiny)."""

from collections.abc import Sequence

import numpy as np

import reference as ref
from suite.arithmetic import Standard, decimal
from suite.floats import Array
from suite.judge.case import Case
from suite.judge.truth import Formula
from suite.laws.algebra import Identity, Parity, Permutation, Scale, Sides
from suite.laws.convexity import Convex
from suite.laws.gradient import Euler
from suite.laws.order import Range
from suite.record import Concept, Freedom

INF = float("inf")


def _norm(x: Array, *, ord: float) -> Array:
    a = np.abs(x)
    if ord == 1:
        return np.sum(a, axis=-1)
    if ord == INF:
        return np.max(a, axis=-1)
    if ord == 2:
        return np.sqrt(np.sum(x * x, axis=-1))
    p = decimal(x, ord)
    return np.sum(np.where(a == 0, 0, np.where(a == 0, 1, a) ** p), axis=-1) ** (1 / p)


def euclidean_bound(inputs: Sequence[Array], value: Array, error: Array, standard: Standard, *, ord: float) -> Array:
    """amp((1.25 n + 4) u) ||x|| + (n + 2) eta for p = 2: the scale and sum-of-squares recurrence, streaming hypot."""
    if ord != 2:
        return error
    n, f = inputs[0].shape[-1], standard.format
    theta = (1.25 * n + 4) * f.u
    with np.errstate(all="ignore"):
        bound = theta / (1 - theta) * value + (n + 2) * f.eta
    return np.fmax(np.where(np.isfinite(error), error, 0.0), bound)


def _triangle(case: Case) -> Sides:
    """||x + y|| <= ||x|| + ||y||, for x + y as rounded."""
    from suite.laws.algebra import snapped

    x = snapped(case.inputs[0], case.format)
    y = np.roll(x, 1, axis=0)
    a, b, c = (case.at(case.format.round(v)) for v in (x, y, x + y))
    slack = (a.bounded()[1] + b.bounded()[1] + c.bounded()[1]) * (1 + 2.0**-40) + 2.0**-51 * np.abs(c.value)
    return c.got(), a.got().astype(np.float64) + b.got().astype(np.float64), slack


TRIANGLE = Identity("triangle", "||x + y|| <= ||x|| + ||y||", _triangle, one_sided=True)
LAWS = (Range(0.0), Parity(odd=False), Permutation(), Scale(bounded=True), Convex(), Euler(), TRIANGLE)


def _saved_vjp(x: Array, *, ord: float, axis: int, cotangent: Array) -> tuple[Array, ...]:
    """g x / ||x|| with the norm as stored: nothing is left of it where it overflowed."""
    if ord != 2:
        return ref.vector_norm_vjp(x, ord=ord, axis=axis, cotangent=cotangent)
    norm = ref.vector_norm(x, axis=axis, keepdims=True)
    return (cotangent[..., None] * np.where(norm == 0, 0.0, x / np.where(norm == 0, 1.0, norm)),)


def _smooth(x: Array, *, ord: float) -> Array:
    """Kinks: for p = 1 at entries 0, for p = inf where two entries are the largest, else at the origin."""
    a = np.abs(x)
    if ord == 1:
        return a > 0
    ties = np.sum(a == np.max(a, axis=-1, keepdims=True), axis=-1, keepdims=True)
    rows = ties == 1 if ord == INF else np.any(a > 0, axis=-1, keepdims=True)
    return np.broadcast_to(rows, x.shape)


def _unscaled_vjp(x: Array, *, ord: float, axis: int, cotangent: Array) -> tuple[Array, ...]:
    """g sign(x) |x|^(p-1) / (sum |x|^p)^((p-1)/p): sound while the powers are in range; 0 at the origin."""
    total = np.sum(np.abs(x) ** ord, axis=axis, keepdims=True)
    total = np.where(np.all(x == 0, axis=axis, keepdims=True), 1.0, total)
    return (cotangent[..., None] * np.sign(x) * np.abs(x) ** (ord - 1.0) / total ** ((ord - 1.0) / ord),)


vector_norm = Concept(
    "vector_norm",
    "(n)->()",
    Formula(_norm, smooth=_smooth),
    ref.vector_norm,
    options=({"ord": 2}, {"ord": 1}, {"ord": INF}),
    freedom=Freedom(saved=_saved_vjp, bound=euclidean_bound),
    backward=ref.vector_norm_vjp,
    laws=LAWS,
    variants=(
        {
            "name": "vector_norm_p",
            "options": ({"ord": 3}, {"ord": 1.5}),
            "freedom": Freedom(alternatives=(ref.vector_norm_unscaled,), saved=_unscaled_vjp),
            "laws": (Range(0.0), Parity(odd=False), Permutation(), TRIANGLE),
            "longest": {"n": 1025},
        },
    ),
)


def _matrix_norm(a: Array, *, ord: float | str) -> Array:
    if ord == "fro":
        return np.sqrt(np.sum(a * a, axis=(-2, -1)))
    return np.max(np.sum(np.abs(a), axis=-2 if ord == 1 else -1), axis=-1)


def frobenius_bound(
    inputs: Sequence[Array], value: Array, error: Array, standard: Standard, *, ord: float | str
) -> Array:
    if ord != "fro":
        return error
    flat = inputs[0].reshape(*inputs[0].shape[:-2], -1)
    return euclidean_bound([flat], value, error, standard, ord=2)


def _spectral_norm(a: Array, *, ord: float | str) -> Array:
    """The largest singular value: no formula, but every arithmetic has its way to it."""
    return np.linalg.norm(a, 2, axis=(-2, -1))


SLACK = "LAPACK's own threshold for its SVD; theory has a modest polynomial in n, and a good driver stays far below"

matrix_norm = Concept(
    "matrix_norm",
    "(m,n)->()",
    Formula(_matrix_norm),
    ref.matrix_norm,
    options=({"ord": "fro"}, {"ord": 1}, {"ord": INF}),
    freedom=Freedom(bound=frobenius_bound),
    laws=(Range(0.0), Parity(odd=False), Scale(bounded=True), TRIANGLE),
    variants=(
        {
            "name": "spectral_norm",
            "truth": Formula(_spectral_norm),
            "reference": _spectral_norm,
            "options": ({"ord": 2},),
            "freedom": Freedom(slack=SLACK),
            "laws": (Range(0.0), Scale(bounded=True), TRIANGLE),
            "longest": {"m": 9, "n": 9},
        },
    ),
)
