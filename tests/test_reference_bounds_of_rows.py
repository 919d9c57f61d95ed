"""The stated error bounds of functions of rows: sums, norms, log-sum-exp, softmax and losses."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from flint import arb
from stated import SLACK, Array, E, Stated, formats, shares

import reference as r
from suite.arithmetic import Balls
from suite.floats import Format


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


@formats
@pytest.mark.parametrize("name", ROWS)
def test_stated_bound_of_a_function_of_rows(name: str, fmt: Format) -> None:
    assert max(shares(ROWS[name], ROWS[name].draw(n), fmt, n) for n in (1, 2, 3, 5, 9, 17)) > 1 / SLACK
