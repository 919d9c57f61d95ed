"""The error bounds that the docstrings of reference/ state, in balls, and what its functions refuse.

A bound is sound if no drawn case exceeds it, and worth stating if some case comes within a factor 1000 of it. Errors
and bounds are balls, so both are proved for each case; the bounds are of first order in u, and `FIRST` covers the rest.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import scipy.special as sp
from flint import arb

import reference as r
from suite.arithmetic import Balls, decimal, ln2_like, pi_like
from suite.floats import FORMATS, Format, precision

Array = Any
E = 4  # ulp, the budget of an elementary function
F = 7  # ulp, the budget of erfc
FIRST = 1 + 2.0**-8  # a first-order bound k u: k u is below 2^-9 in what is drawn, short of underflow
SLACK = 1000
EXACT = 4400  # bits: sums of products of float64 numbers are exact
BITS = 2600  # an offset of 1e308 and a term of e^-750 in one sum
SIZES = (1, 2, 3, 5, 8, 17)

formats = pytest.mark.parametrize("fmt", [FORMATS["float64"], FORMATS["float32"]], ids=lambda f: f.name)


def share(got: Array, truth: Balls, bound: Balls) -> float:
    """The largest error as a share of its bound; an error that is not proved to be within it fails."""
    largest = 0.0
    for y, t, b in zip(np.asarray(got).flat, truth.a.flat, bound.a.flat, strict=True):
        error = abs(t - float(y))
        assert error <= b, f"{float(y)!r} for {t.str(30)}, where {b.str(5)} is allowed"
        if error.mid() != 0:
            largest = max(largest, float((error / b).mid()))
    return largest


# ---------------------------------------------------------------- linear systems


def wilkinson(n: int) -> Array:
    """Partial pivoting doubles the last column at every step."""
    return np.tril(-np.ones((n, n)), -1) + np.eye(n) + np.outer(np.ones(n), np.arange(n) == n - 1) * (n > 1)


def conditioned(rng: Any, n: int, fmt: Format) -> Array:
    """Singular values from 1 down to anything above u."""
    q, p = (np.linalg.qr(rng.standard_normal((n, n)))[0] for _ in range(2))
    return (q * np.geomspace(1, 10 ** rng.uniform(np.log10(fmt.u), 0), n)) @ p


def squares(fmt: Format, n: int, count: int = 60) -> Array:
    """Normal, ill-conditioned, badly scaled, integer, tiny, offset and Wilkinson's matrices."""
    rng = np.random.default_rng((n, fmt.p))
    normal = rng.standard_normal((count, n, n))
    ill = np.stack([conditioned(rng, n, fmt) for _ in range(count)])
    scaled = ill * 2.0 ** rng.integers(-20, 21, (count, n, 1)) * 2.0 ** rng.integers(-20, 21, (count, 1, n))
    whole = rng.integers(-4, 5, (count, n, n)).astype(float)
    tiny = normal * fmt.tiny * 2.0 ** rng.integers(-5, 12, (count, 1, 1))
    offset = 1e4 + normal
    drawn = np.concatenate([normal, ill, scaled, whole, tiny, offset, wilkinson(n)[None]]).astype(fmt.dtype)
    pivots = np.diagonal(r.lu_factor(drawn)[0], axis1=-2, axis2=-1)
    return drawn[(pivots != 0).all(axis=-1)]


def factors(a: Array) -> tuple[Balls, Balls, Array]:
    lu, order = r.lu_factor(a)
    return Balls(np.tril(lu, -1) + np.eye(a.shape[-1])), Balls(np.triu(lu)), order


def largest(x: Array, axes: Any) -> Balls:
    return Balls(np.max(np.abs(x.astype(float)), axis=axes, keepdims=True, initial=0.0))


@formats
def test_lu_factors_give_the_matrix_back(fmt: Format) -> None:
    """|L U - P A| <= n u |L||U| + (n + max|U|) eta/2."""
    worst = []
    for n in SIZES:
        a = squares(fmt, n)
        with precision(EXACT):
            low, up, order = factors(a)
            permuted = np.take_along_axis(a, order[..., None], axis=-2)
            floor = (n + largest(np.triu(r.lu_factor(a)[0]), (-2, -1))) * fmt.eta / 2
            worst.append(share(permuted, low @ up, abs(low) @ abs(up) * (n * fmt.u) + floor))
    assert max(worst) > 1 / SLACK


@formats
@pytest.mark.parametrize("k", [1, 2])
def test_solution_has_the_backward_error_of_theorem_9_4(fmt: Format, k: int) -> None:
    """|b - A x| <= 3nu P^T|L||U||x| + n(n + max|U|)(1 + max|x|) eta."""
    worst, rng = [], np.random.default_rng(k)
    for n in SIZES:
        a = squares(fmt, n)
        size = np.abs(a).max(axis=(-2, -1), keepdims=True)
        b = (rng.standard_normal((len(a), n, k)) * size).astype(fmt.dtype)
        b[::2] = a[::2] @ b[::2] / size[::2]
        x = r.solve(a, b)
        with precision(EXACT):
            low, up, order = factors(a)
            sizes = abs(low) @ (abs(up) @ abs(Balls(x)))
            permuted = np.take_along_axis(b, order[..., None], axis=-2)
            rows = Balls(np.take_along_axis(a, order[..., None], axis=-2))
            floor = (n + largest(np.triu(r.lu_factor(a)[0]), (-2, -1))) * (1 + largest(x, (-2, -1))) * (n * fmt.eta)
            worst.append(share(permuted, rows @ Balls(x), sizes * (3 * n * fmt.u) + floor))
    assert max(worst) > 1 / SLACK


@formats
def test_growth_of_pivoting_is_bounded(fmt: Format) -> None:
    """|| |L||U| || <= n(2^n - 1)||A||, which Wilkinson's matrices come near."""
    worst = []
    for n in SIZES:
        a = squares(fmt, n)
        with precision(EXACT):
            low, up, _ = factors(a)
            norms, sizes = (np.max(np.sum(m, axis=-1), axis=-1) for m in (abs(Balls(a)), abs(low) @ abs(up)))
            worst.append(share(np.zeros(len(a)), sizes, norms * (n * (2**n - 1)) * FIRST))
    assert min(worst) > 1 / SLACK


def definite(fmt: Format, n: int, count: int = 60) -> Array:
    """B B^T for the matrices above, made definite where rounding spoiled it, in the range of squares."""
    b = squares(fmt, n, count)
    b = b / np.abs(b).max(axis=(-2, -1), keepdims=True)
    scale = 2.0 ** np.random.default_rng(n).choice([0, 1, 9, fmt.emin + 3, fmt.emax - 12], (len(b), 1, 1))
    a = b.astype(float) @ np.swapaxes(b, -1, -2).astype(float)
    a = a + np.eye(n) * (n * n * fmt.u * 2.0) * np.abs(a).max(axis=(-2, -1), keepdims=True)
    return (a * scale).astype(fmt.dtype)


@formats
def test_cholesky_factor_gives_the_matrix_back(fmt: Format) -> None:
    """|L L^T - A| <= (n + 1)u |L||L|^T + (n + max|L|) eta/2."""
    worst = []
    for n in SIZES:
        a = definite(fmt, n)
        low = r.cholesky(a)
        with precision(EXACT):
            balls = Balls(low)
            product, sizes = (m @ np.swapaxes(m, -1, -2) for m in (balls, abs(balls)))
            floor = (n + largest(low, (-2, -1))) * fmt.eta / 2
            bound = sizes * ((n + 1) * fmt.u) + floor
            lower = np.broadcast_to(np.tril(np.ones((n, n), bool)), a.shape)
            worst.append(share(a[lower], product[lower], bound[lower]))
    assert max(worst) > 1 / SLACK


@formats
def test_cholesky_of_one_number_is_its_root(fmt: Format) -> None:
    """(n + 1)u = 2u is attained: sqrt(1 + 2u) is rounded to 1. A root divided into its square would lose 4u."""
    rng = np.random.default_rng(1)
    a = np.r_[1 + 2 * fmt.u, 1.0004750081913907, 1 + rng.random(3000), 4 - rng.random(1000) ** 9, fmt.max, fmt.tiny]
    a = a.astype(fmt.dtype)[:, None, None]
    low = r.cholesky(a)
    with precision(EXACT):
        square = Balls(low) ** 2
        assert share(a, square, square * (2 * fmt.u)) == 1


# ---------------------------------------------------------------- stated bounds of formulas


@dataclass(frozen=True)
class Stated:
    """A call, its textbook formula, and the bound of its docstring: of the exact result, the format, the operands."""

    call: Callable[..., Any]
    textbook: Callable[..., Balls]
    bound: Callable[..., Balls]
    draw: Callable[..., tuple[Array, ...]]


def numbers(rng: Any, fmt: Format, count: int = 1800) -> Array:
    """Normal, small, in the tails, of every exponent, subnormal, and close to 1."""
    k = count // 6
    sign = rng.choice([-1.0, 1.0], k)
    every = sign * (1 + rng.random(k)) * 2.0 ** rng.integers(fmt.emin - fmt.p + 2, fmt.emax, k)
    tails = rng.uniform(-1, 1, k) * (760 if fmt.p == 53 else 110)
    scaled = rng.standard_normal(k) * 2.0 ** rng.integers(-30, 8, k)
    beside = 1 + sign * 2.0 ** -rng.integers(1, fmt.p, k)
    drawn = [rng.standard_normal(k), scaled, tails, every, sign * rng.random(k) * 4 * fmt.tiny, beside]
    return np.concatenate(drawn).astype(fmt.dtype)


def between(low: float, high: float, cotangent: bool = False) -> Callable[..., tuple[Array, ...]]:
    def draw(rng: Any, fmt: Format) -> tuple[Array, ...]:
        x = numbers(rng, fmt)
        x = x[(x > low) & (x < high)]
        g = rng.standard_normal(len(x)) * 2.0 ** rng.integers(-10, 10, len(x))
        return (x, g.astype(fmt.dtype)) if cotangent else (x,)

    return draw


def worst_of_erfc(rng: Any, fmt: Format) -> tuple[Array, ...]:
    return (np.r_[1.2259823099199534, rng.uniform(0.8, 1.3, 6000)].astype(fmt.dtype),)


def powers(rng: Any, fmt: Format) -> tuple[Array, ...]:
    """Exponents up to where x1^x2 and x1^(x2-1) leave the range, whole ones and ones close to 1 among them."""
    x1 = np.abs(numbers(rng, fmt, 3000))
    x1 = x1[x1 > 0]
    size, n = np.abs(np.log2(x1.astype(float))), len(x1)
    top = np.minimum((fmt.emax - 3) / np.maximum(size, 1e-30) - 1, 1e6)
    x2 = np.clip(rng.standard_normal(n) * 2.0 ** rng.integers(-40, 20, n), -top, top)
    x2 = np.choose(rng.integers(0, 4, n), [x2, rng.uniform(-1, 1, n) * top, np.rint(x2), 1 + x2 * fmt.u])
    fits = size * (np.abs(x2) + 1) < fmt.emax - 30
    return x1[fits], x2[fits].astype(fmt.dtype), rng.standard_normal(fits.sum()).astype(fmt.dtype)


def targets(rng: Any, fmt: Format) -> tuple[Array, ...]:
    (x,) = FAR(rng, fmt)
    return x, rng.choice([0, 1, 0.5, 1e-9, rng.random()], len(x)).astype(fmt.dtype)


def quotients(rng: Any, fmt: Format) -> tuple[Array, ...]:
    """Small and large, their quotients in range."""
    x1, x2, g = (rng.permutation(numbers(rng, fmt)) for _ in range(3))
    above, divisor = np.frexp(np.stack([x1, g]))[1], np.frexp(x2)[1]
    fits = (x2 != 0) & (np.abs(above - divisor) < fmt.emax - 2).all(axis=0)
    return x1[fits], x2[fits], g[fits]


def rows(n: int, operands: int = 1) -> Callable[..., tuple[Array, ...]]:
    """Normal, scaled, offset up to the largest number, tied, spread, dominated, rising, subnormal, normalised."""

    def draw(rng: Any, fmt: Format, k: int = 30) -> tuple[Array, ...]:
        far, base = (750 if fmt.p == 53 else 105), rng.standard_normal((k, n))
        offset = rng.choice([-1, 1], (k, 1)) * 2.0 ** rng.integers(0, fmt.emax - 4, (k, 1))
        drawn = [
            base, base * 2.0 ** rng.integers(-20, 8, (k, 1)), base + offset, np.rint(base),
            rng.uniform(-far, 0, (k, n)), base * 2.0 ** rng.integers(fmt.emin, fmt.emax - 5, (k, 1)),
            np.where(np.arange(n) == 0, 0.0, rng.uniform(-far, 0, (k, 1)) - rng.random((k, n))), np.sort(8 * base),
            base * fmt.tiny, -np.arange(n) * rng.uniform(0, 3, (k, 1)), base - np.log(n) - rng.random((k, 1)) / 1000,
        ]  # fmt: skip
        x = np.concatenate(drawn).astype(fmt.dtype)
        return (x, *(rng.permuted(x, axis=0) for _ in range(operands - 1)))

    return draw


# the exact quantities of the bounds


def sigmoid(x: Balls) -> Balls:
    return 1 / (1 + np.exp(-x))


def softplus(x: Balls) -> Balls:
    return np.log1p(np.exp(x))


def normal_tail(x: Balls) -> Balls:
    return sp.erfc(-x / np.sqrt(decimal(x, 2))) / 2


def density(x: Balls) -> Balls:
    return np.exp(-x * x / 2) / np.sqrt(2 * pi_like(x))


def gelu_v(x: Balls) -> Balls:
    return np.sqrt(2 / pi_like(x)) * (x + decimal(x, 0.044715) * x**3)


def shifted(x: Balls) -> tuple[Balls, Balls, Balls, Balls]:
    """m, D, s and S of the module's notation, with an axis of one."""
    m = np.max(x, axis=-1, keepdims=True)
    weights = np.exp(x - m)
    s = np.sum(weights, axis=-1, keepdims=True)
    return m, m - x, s, np.sum(weights * (m - x), axis=-1, keepdims=True) / s


def last(x: Balls) -> Balls:
    return np.sum(x, axis=-1)


def lse(x: Balls) -> Balls:
    m, _, s, _ = shifted(x)
    return last(m + np.log(s))


def prefixes(f: Callable[[Balls], Balls], x: Balls) -> Balls:
    return np.stack([f(x[..., :k]) for k in range(1, x.shape[-1] + 1)], axis=-1)


def logcumsumexp_bound(y: Balls, fmt: Format, x: Balls) -> Balls:
    def spread(head: Balls) -> Balls:
        (_, _, s, S), joins = shifted(head), int(np.ceil(np.log2(head.shape[-1])))
        return last(S + (2 * E + (2 * E + 2) * joins) + 2 * E * np.log(s))

    return (abs(y) + prefixes(spread, x)) * fmt.u


def logsumexp_bound(y: Balls, fmt: Format, x: Balls) -> Balls:
    (_, _, s, S), n = shifted(x), x.shape[-1]
    return (abs(y) + last(S + (2 * E + n - 1) + (2 * E + 2) * np.log(s))) * fmt.u


def log1p_bound(y: Balls, fmt: Format, x: Balls) -> Balls:
    (_, _, s, S), n = shifted(x), x.shape[-1]
    return (abs(y) + last(S + (2 * E + n - 2) * (s - 1) / s + 2 * E * np.log(s))) * fmt.u + n * E * fmt.eta


def log_softmax(x: Balls) -> Balls:
    _, d, s, _ = shifted(x)
    return -d - np.log(s)


def log_softmax_bound(y: Balls, fmt: Format, x: Balls) -> Balls:
    (_, d, s, S), n = shifted(x), x.shape[-1]
    return (d + abs(y) + S + (2 * E + n - 1) + (2 * E + 2) * np.log(s)) * fmt.u


def softmax_bound(y: Balls, fmt: Format, x: Balls) -> Balls:
    (_, d, _, S), n = shifted(x), x.shape[-1]
    return y * (d + S + (4 * E + n + 2)) * fmt.u + (E + 1) * fmt.eta


def variance(x: Balls) -> Balls:
    return np.sum((x - np.sum(x, axis=-1, keepdims=True) / x.shape[-1]) ** 2, axis=-1)


def gelu_vjp_bound(y: Balls, fmt: Format, x: Balls, g: Balls) -> Balls:
    tail, bell = (2 * x * x + (2 * F + 4)) * normal_tail(x), (x * x / 2 + (2 * E + 5)) * abs(x) * density(x)
    return abs(g) * (tail + bell) * fmt.u + (abs(g) * (E * abs(x) + F) + 1) * fmt.eta


def ulps(k: float) -> Callable[..., Balls]:
    """k ulp of the result."""
    return lambda y, fmt, *_: Balls(fmt.ulp(np.array([float(t.mid()) for t in y.a.flat]).reshape(y.shape))) * k


def relative(k: float, floor: float = 0) -> Callable[..., Balls]:
    return lambda y, fmt, *_: abs(y) * k * fmt.u + floor * fmt.eta


def relative_vjp(k: float, floor: float) -> Callable[..., Balls]:
    """`floor` is in eta, times the cotangent, which is the last operand."""
    return lambda y, fmt, *xs: abs(y) * k * fmt.u + (abs(xs[-1]) * floor + 1) * fmt.eta


def back(name: str, operand: int = 0) -> Callable[..., Any]:
    return lambda *xs: getattr(r, name)(*xs[:-1], cotangent=xs[-1])[operand]


WIDE, FAR, RIGHT = between(-np.inf, np.inf), between(-2000, 2000), between(0, np.inf)
ELEMENTARY = {
    "exp": (np.exp, FAR), "expm1": (np.expm1, FAR), "exp2": (np.exp2, FAR), "tanh": (np.tanh, FAR),
    "erf": (sp.erf, FAR), "log": (np.log, RIGHT), "log2": (np.log2, RIGHT), "log1p": (np.log1p, between(-1, np.inf)),
    "sin": (np.sin, between(-1e9, 1e9)), "cos": (np.cos, between(-1e9, 1e9)),
}  # fmt: skip
BACK, SMALL, RIGHT_BACK = between(-2000, 2000, True), between(-np.inf, 80, True), between(0, np.inf, True)
DERIVATIVES = {
    "exp": (lambda x, g: g * np.exp(x), 2 * E + 2, SMALL), "expm1": (lambda x, g: g * np.exp(x), 2 * E + 2, SMALL),
    "exp2": (lambda x, g: g * np.exp2(x) * ln2_like(x), 2 * E + 3, SMALL),
    "log": (lambda x, g: g / x, 1, RIGHT_BACK), "log2": (lambda x, g: g / (x * ln2_like(x)), 3, RIGHT_BACK),
    "log1p": (lambda x, g: g / (1 + x), 2, between(-1, np.inf, True)),
    "sqrt": (lambda x, g: g / (2 * np.sqrt(x)), 2, RIGHT_BACK),
    "sin": (lambda x, g: g * np.cos(x), 2 * E + 2, between(-1e9, 1e9, True)),
    "cos": (lambda x, g: -g * np.sin(x), 2 * E + 2, between(-1e9, 1e9, True)),
}  # fmt: skip
ACTIVATIONS = {
    "sigmoid": (lambda x, g: g * sigmoid(x) * sigmoid(-x), 4 * E + 6, BACK),
    "tanh": (lambda x, g: 4 * g * sigmoid(2 * x) * sigmoid(-2 * x), 4 * E + 6, BACK),
    "softplus": (lambda x, g: g * sigmoid(x), 2 * E + 4, BACK),
}
ELEMENTWISE = {
    "sqrt": Stated(r.sqrt, np.sqrt, ulps(0.5), RIGHT),
    "erfc": Stated(r.erfc, sp.erfc, ulps(F), FAR),
    "erfc, worst": Stated(r.erfc, sp.erfc, ulps(F), worst_of_erfc),
    "pow": Stated(lambda a, b, g: r.pow(a, b), lambda a, b, g: a**b, ulps(E), powers),
    "pow_vjp, base": Stated(
        back("pow_vjp"),
        lambda a, b, g: g * b * a ** (b - 1),
        lambda y, fmt, a, b, g: (
            abs(y) * (2 * E + 2 + abs((b - 1) * np.log(a))) * fmt.u + (abs(g) * (E * abs(b) + 1) + 1) * fmt.eta
        ),
        powers,
    ),
    "pow_vjp, exponent": Stated(
        back("pow_vjp", 1),
        lambda a, b, g: g * a**b * np.log(a),
        lambda y, fmt, a, b, g: abs(y) * (4 * E + 2) * fmt.u + (abs(g) * (E * abs(np.log(a)) + 1) + 1) * fmt.eta,
        powers,
    ),
    "divide_vjp": Stated(
        back("divide_vjp", 1),
        lambda a, b, g: -g * a / (b * b),
        lambda y, fmt, a, b, g: abs(y) * 3 * fmt.u + ((abs(a) + abs(g)) / abs(b) + 1) * fmt.eta,
        quotients,
    ),
    "binary_cross_entropy_with_logits": Stated(
        lambda x, t: r.binary_cross_entropy_with_logits(x, t, reduction="none"),
        lambda x, t: t * softplus(-x) + (1 - t) * softplus(x),
        relative(4 * E + 7, 4 * E + 4),
        targets,
    ),
    "erf_vjp": Stated(
        back("erf_vjp"),
        lambda x, g: 2 * g * np.exp(-x * x) / np.sqrt(pi_like(x)),
        lambda y, fmt, x, g: abs(y) * (x * x + (2 * E + 3)) * fmt.u + (2 * E * abs(g) + 1) * fmt.eta,
        BACK,
    ),
    "sigmoid": Stated(r.sigmoid, sigmoid, relative(2 * E + 3, 4 * E + 2), FAR),
    "log_sigmoid": Stated(r.log_sigmoid, lambda x: -softplus(-x), relative(4 * E + 2, 4 * E + 2), FAR),
    "softplus": Stated(r.softplus, softplus, relative(4 * E + 2, 4 * E + 2), FAR),
    "elu": Stated(r.elu, lambda x: np.where(x > 0, x, np.expm1(x)), relative(2 * E + 1, 4 * E + 2), FAR),
    "silu": Stated(
        r.silu,
        lambda x: x * sigmoid(x),
        lambda y, fmt, x: abs(y) * (2 * E + 4) * fmt.u + (abs(x) * (E + 1) + 1) * fmt.eta,
        FAR,
    ),
    "softsign": Stated(r.softsign, lambda x: x / (1 + abs(x)), relative(2, 4 * E + 2), WIDE),
    "gelu": Stated(
        r.gelu,
        lambda x: x * normal_tail(x),
        lambda y, fmt, x: (
            abs(y) * (np.where(x < 0, 2 * x * x, 0) + (2 * F + 3)) * fmt.u + (abs(x) * F + 2) * fmt.eta
        ),
        FAR,
    ),
    "gelu, tanh": Stated(
        lambda x: r.gelu(x, approximate="tanh"),
        lambda x: x * sigmoid(2 * gelu_v(x)),
        lambda y, fmt, x: abs(y) * (2 * E + 4 + 14 * abs(gelu_v(x))) * fmt.u + (abs(x) * F + 2) * fmt.eta,
        FAR,
    ),
    "gelu_vjp": Stated(
        back("gelu_vjp"), lambda x, g: g * (normal_tail(x) + x * density(x)), gelu_vjp_bound, between(-1e3, 1e3, True)
    ),
    **{name: Stated(getattr(r, name), f, ulps(E), draw) for name, (f, draw) in ELEMENTARY.items()},
    **{
        f"{name}_vjp": Stated(back(f"{name}_vjp"), f, relative_vjp(k, floor), draw)
        for floor, group in ((2 * E, DERIVATIVES), (4 * E + 2, ACTIVATIONS))
        for name, (f, k, draw) in group.items()
    },
}  # fmt: skip
ROWS = {
    "logsumexp": Stated(r.logsumexp, lse, logsumexp_bound, rows),
    "logsumexp_log1p": Stated(r.logsumexp_log1p, lse, log1p_bound, rows),
    "logcumsumexp": Stated(r.logcumsumexp, lambda x: prefixes(lse, x), logcumsumexp_bound, rows),
    "softmax": Stated(r.softmax, lambda x: np.exp(log_softmax(x)), softmax_bound, rows),
    "log_softmax": Stated(r.log_softmax, log_softmax, log_softmax_bound, rows),
    "sum": Stated(
        lambda x: r.sum(x, axis=-1), last, lambda y, fmt, x: last(abs(x)) * (x.shape[-1] - 1) * fmt.u, rows
    ),
    "mean": Stated(
        lambda x: r.mean(x, axis=-1),
        lambda x: last(x) / x.shape[-1],
        lambda y, fmt, x: last(abs(x)) * (x.shape[-1] + 1) / x.shape[-1] * fmt.u + fmt.eta,
        rows,
    ),
    "vector_norm": Stated(
        lambda x: r.vector_norm(x, axis=-1),
        lambda x: np.sqrt(last(x * x)),
        lambda y, fmt, x: y * (x.shape[-1] / 2 + 3) * fmt.u + fmt.eta,
        rows,
    ),
    "var": Stated(
        lambda x: r.var(x, axis=-1),
        lambda x: variance(x) / x.shape[-1],
        lambda y, fmt, x: (
            y * (x.shape[-1] + 4) * fmt.u + last(x * x) * fmt.u**2 + (2 + arb(2) / x.shape[-1]) * fmt.eta
        ),
        rows,
    ),
    "vecdot": Stated(
        r.vecdot,
        lambda a, b: last(a * b),
        lambda y, fmt, a, b: last(abs(a * b)) * (a.shape[-1] * fmt.u) + a.shape[-1] * fmt.eta,
        lambda n: rows(n, 2),
    ),
    "mse_loss": Stated(
        r.mse_loss,
        lambda a, b: last((a - b) ** 2) / a.shape[-1],
        lambda y, fmt, a, b: y * (a.shape[-1] + 3) * fmt.u + (4 * E + 4) * fmt.eta,
        lambda n: rows(n, 2),
    ),
    "logaddexp": Stated(
        r.logaddexp,
        lambda a, b: np.maximum(a, b) + np.log1p(np.exp(-abs(a - b))),
        lambda y, fmt, a, b: (abs(y) + (abs(a - b) + (4 * E + 2)) * np.exp(-abs(a - b))) * fmt.u + 2 * E * fmt.eta,
        lambda n: rows(n, 2),
    ),
}  # fmt: skip


def shares(stated: Stated, draw: Callable[..., tuple[Array, ...]], fmt: Format, seed: int) -> float:
    xs = draw(np.random.default_rng((seed, fmt.p)), fmt)
    got = np.asarray(stated.call(*xs))
    with precision(BITS):
        balls = [Balls(x) for x in xs]
        truth = stated.textbook(*balls)
        bound = stated.bound(truth, fmt, *balls) * FIRST
        inside = np.array([bool(abs(t) + b < fmt.max / 64) for t, b in zip(truth.a.flat, bound.a.flat, strict=True)])
        inside = inside.reshape(got.shape)
        assert inside.mean() > 0.25
        return share(got[inside], truth[inside], bound[inside])


@formats
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_stated_bound_of_a_function_of_numbers(name: str, fmt: Format) -> None:
    stated = ELEMENTWISE[name]
    assert max(shares(stated, stated.draw, fmt, seed) for seed in range(2)) > 1 / SLACK


@formats
@pytest.mark.parametrize("name", ROWS)
def test_stated_bound_of_a_function_of_rows(name: str, fmt: Format) -> None:
    assert max(shares(ROWS[name], ROWS[name].draw(n), fmt, n) for n in (1, 2, 3, 5, 9, 17)) > 1 / SLACK


# ---------------------------------------------------------------- shapes and refusals


@pytest.mark.parametrize(
    "a, b",
    [
        ((5, 3, 3), (3,)), ((3, 3), (5, 3, 2)), ((5, 3, 3), (3, 2)), ((2, 1, 3, 3), (4, 3, 2)), ((4, 4), (4, 0)),
        ((0, 3, 3), (3,)), ((0, 3, 3), (3, 2)), ((0, 0), (0,)), ((0, 0), (0, 4)), ((5, 0, 0), (0,)), ((5, 0, 0), (0, 2))
    ],
)  # fmt: skip
def test_solve_takes_the_shapes_of_numpy(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    left, right = rng.standard_normal(a) + 4 * np.eye(a[-1]), rng.standard_normal(b)
    got, expected = r.solve(left, right), np.linalg.solve(left, right)
    assert got.shape == expected.shape
    assert np.all(np.abs(got - expected) <= 1000 * 2.0**-53)  # condition numbers below 30
    gradients = r.solve_vjp(left, right, cotangent=np.ones_like(got))
    assert [g.shape for g in gradients] == [a, b]


@pytest.mark.parametrize("shape", [(5, 3), (0, 3), (5, 0), (3, 3)])
def test_one_vector_for_each_matrix(shape: tuple[int, ...]) -> None:
    """torch's rule, also where NumPy 2 would see one matrix of right-hand sides."""
    b = np.arange(np.prod(shape, dtype=float)).reshape(shape)
    assert np.array_equal(r.solve(np.broadcast_to(2 * np.eye(shape[1]), (*shape, shape[1])), b), b / 2)


@pytest.mark.parametrize("a, b", [((5, 3, 3), (4,)), ((5, 3, 3), (4, 3, 1)), ((3, 3), ()), ((5, 3, 3), (2, 3))])
def test_solve_names_both_shapes(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=re.escape(f"solve: shapes {a} and {b} do not match")):
        r.solve(np.ones(a), np.ones(b))


@pytest.mark.parametrize("shape", [(0, 0), (0, 3, 3), (4, 0, 0), (2, 0, 3, 3)])
def test_nothing_is_factored_into_nothing(shape: tuple[int, ...]) -> None:
    lu, order = r.lu_factor(np.ones(shape))
    assert lu.shape == r.cholesky(np.ones(shape)).shape == shape and order.shape == shape[:-1]
    assert np.issubdtype(order.dtype, np.integer)


@pytest.mark.parametrize("function", [r.lu_factor, lambda a: [r.cholesky(a)], lambda a: [r.solve(a, a[..., 0])]])
@formats
def test_a_batch_is_its_matrices(function: Callable[..., Any], fmt: Format) -> None:
    """Each matrix of a batch gives what it gives alone, bit by bit, in its own type."""
    b = np.random.default_rng(4).standard_normal((2, 3, 5, 5)).astype(fmt.dtype)
    a = b @ np.swapaxes(b, -1, -2)
    for i in np.ndindex(2, 3):
        for whole, alone in zip(function(a), function(a[i]), strict=True):
            assert np.array_equal(whole[i], alone)
            assert whole.dtype in (fmt.dtype, np.intp) and whole.dtype == alone.dtype


@pytest.mark.parametrize("function, what", [(r.cholesky, "definite"), (lambda a: r.solve(a, np.ones(2)), "singular")])
def test_a_bad_pivot_is_named_with_its_matrix(function: Callable[..., Any], what: str) -> None:
    one, bad = np.eye(2), np.array([[1.0, 2.0], [2.0, 4.0]])
    with pytest.raises(np.linalg.LinAlgError, match=f"{what}.*: pivot 1 is 0.0$"):
        function(bad)
    with pytest.raises(np.linalg.LinAlgError, match=rf"{what}.*: pivot 1 is 0.0 in matrix \(1, 0\) of the batch"):
        function(np.array([[one, one], [bad, bad]]))


LABELLED = [r.cross_entropy, r.cross_entropy_log1p, r.nll_loss]
LABELLED_VJP = [r.cross_entropy_vjp, r.cross_entropy_vjp_saved, r.nll_loss_vjp]


@pytest.mark.parametrize("function", LABELLED + LABELLED_VJP, ids=lambda f: f.__name__)
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_labels_outside_the_classes_are_refused(function: Callable[..., Any], reduction: str) -> None:
    """Also where nothing would have failed: -1 is NumPy's last class, and 5 or 0.5 the label of no class."""
    rows = np.zeros((2, 5), np.float32)
    options: Any = {"reduction": reduction}
    if function in LABELLED_VJP:
        options["cotangent"] = np.ones((2,) if reduction == "none" else (), np.float32)
    for bad, named in [(-1, "-1"), (5, "5"), (-6, "-6"), (255, "255"), (0.5, "of type float64")]:
        with pytest.raises(ValueError, match=rf"labels must be integers in \[0, 5\), not {named}"):
            function(rows, [0, bad], **options)
    for kind in (np.uint8, np.int8, np.int64):
        function(rows, np.array([0, 4], kind), **options)


@pytest.mark.parametrize("kind", [np.int64, np.int8, np.uint8, np.float64, bool])
def test_numerical_gradient_of_any_number(kind: Any) -> None:
    """Of integers too, and to rounding: E_f/h, f <= 32 with 4 roundings."""
    x = np.array([[1, 0], [1, 1]]).astype(kind)
    assert np.max(np.abs(r.numerical_gradient(lambda z: np.sum(z**2), x) - 2.0 * x)) <= 4 * 32 * 2.0**-53 / 1e-4


@pytest.mark.parametrize("x", [[3, 4], [3.0, -0.0, np.nan], 2.0])
def test_numerical_gradient_leaves_its_input_alone(x: Any) -> None:
    """Bit by bit, also if f raises, or writes to what it is given."""
    x = np.array(x)
    kept = x.tobytes()

    def vandal(z: Array) -> float:
        total = float(np.sum(z**2))
        z[...] = 1e9
        return total

    def failing(z: Array) -> float:
        raise ZeroDivisionError

    slopes = r.numerical_gradient(vandal, x)
    with pytest.raises(ZeroDivisionError):
        r.numerical_gradient(failing, x)
    assert x.tobytes() == kept
    assert np.array_equal(slopes, r.numerical_gradient(lambda z: np.sum(z**2), x), equal_nan=True)


@pytest.mark.parametrize("total", [r.sum_naive, r.sum_pairwise, r.sum_kahan], ids=lambda f: f.__name__)
@pytest.mark.parametrize("name", r.FORMATS)
def test_an_infinite_sum_is_infinite(total: Callable[..., Any], name: str) -> None:
    inf, dtype = np.inf, r.FORMATS[name].dtype
    for x in ([inf, 1], [1, inf], [1, inf, 1, 2], [inf, inf, 3], [1, 2, 3, inf]):
        assert total(np.array(x, dtype)) == inf and total(-np.array(x, dtype)) == -inf
    for x in ([inf, -inf], [1, -inf, 2, inf, 3], [np.nan, 1], [inf, np.nan]):
        assert np.isnan(total(np.array(x, dtype)))
    top = np.array([r.FORMATS[name].max] * 3).astype(dtype)
    assert total(top) == inf and total(-top) == -inf
