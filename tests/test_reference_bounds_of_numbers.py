"""The stated error bounds of functions of numbers: elementary functions, activations, their derivatives."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special as sp
from stated import SLACK, Array, E, F, Stated, formats, shares

import reference as r
from suite.arithmetic import Balls, decimal, ln2_like, pi_like
from suite.floats import Format


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


@formats
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_stated_bound_of_a_function_of_numbers(name: str, fmt: Format) -> None:
    stated = ELEMENTWISE[name]
    assert max(shares(stated, stated.draw, fmt, seed) for seed in range(2)) > 1 / SLACK
