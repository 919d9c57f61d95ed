"""Operands of other kinds than reals: probabilities, points of the simplex, matrices, slopes, steps.

Each takes (generator, (rows, *core), format, styles) and gives float64 values.
"""

from collections.abc import Callable, Mapping

import numpy as np

from suite.draw.styles import Rng, Shape, row_of
from suite.floats import Array, Format


def _binary(rng: Rng, shape: Shape, fmt: Format, styles: Array) -> Array:
    share = rng.choice([0.0, 0.1, 0.5, 1.0], row_of(shape))
    return (rng.random(shape) < share).astype(np.float64)


def _probability(rng: Rng, shape: Shape, fmt: Format, styles: Array) -> Array:
    """Numbers in [0, 1], its ends and their neighbours among them."""
    tail = 10 ** rng.uniform(-12, 0, shape)
    choice = rng.integers(0, 6, row_of(shape))
    options = [
        rng.random(shape),
        tail,
        1 - tail,
        (rng.random(shape) < 0.5).astype(float),
        np.minimum(rng.integers(0, 9, shape) / 8 * (1 + rng.integers(-1, 2, shape) * 2 * fmt.u), 1),  # thresholds
        rng.choice([0.0, 1.0], row_of(shape)),
    ]
    return np.select([choice == k for k in range(6)], [np.broadcast_to(o, shape) for o in options])


def _simplex(rng: Rng, shape: Shape, fmt: Format, styles: Array) -> Array:
    """Rows that sum to one: smooth, peaked, or one-hot."""
    logits = rng.standard_normal(shape) * rng.choice([0.0, 1.0, 8.0, 1e4], row_of(shape))
    e = np.exp(logits - np.max(logits, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def _log_simplex(rng: Rng, shape: Shape, fmt: Format, styles: Array) -> Array:
    logits = rng.standard_normal(shape) * rng.choice([0.0, 1.0, 8.0, 100.0], row_of(shape))
    m = np.max(logits, axis=-1, keepdims=True)
    return logits - m - np.log(np.sum(np.exp(logits - m), axis=-1, keepdims=True))


def _square(rng: Rng, shape: Shape, fmt: Format, styles: Array) -> Array:
    """Matrices of prescribed condition number, row and column scales, integers."""
    n = shape[-1]
    out = np.empty(shape)
    for i in range(shape[0]):
        q, _ = np.linalg.qr(rng.standard_normal((n, n)))
        r, _ = np.linalg.qr(rng.standard_normal((n, n)))
        kappa = 10 ** rng.uniform(0, -np.log10(fmt.u) * 0.7)
        a = (q * np.geomspace(1, 1 / kappa, n)) @ r
        kind = styles[i] % 4
        choice = [a, a * 2.0 ** rng.integers(-4, 5, (n, 1)), rng.standard_normal((n, n)), rng.integers(-4, 5, (n, n))][
            kind
        ]
        out[i] = choice if np.linalg.cond(choice) < 0.01 / fmt.u else a  # a singular matrix may be refused
    return out


def _spd(rng: Rng, shape: Shape, fmt: Format, styles: Array) -> Array:
    """Symmetric positive definite, eigenvalues in [1/8, 1]: gradient descent with step 1 contracts."""
    n = shape[-1]
    out = np.empty(shape)
    for i in range(shape[0]):
        q, _ = np.linalg.qr(rng.standard_normal((n, n)))
        half = (q * np.sqrt(np.linspace(0.125, 1, n))) @ q.T
        out[i] = half @ half
        out[i] = (out[i] + out[i].T) / 2
    return out


def _tame(rng: Rng, shape: Shape, fmt: Format, styles: Array) -> Array:
    return rng.standard_normal(shape) * 10 ** rng.uniform(-1, 1, row_of(shape))


def _steep(rng: Rng, shape: Shape, fmt: Format, styles: Array) -> Array:
    """Slopes that may drive a sigmoid to where its results are tiny."""
    return rng.standard_normal(shape) * 10 ** rng.uniform(-1, 2.5, row_of(shape))


def _unit(rng: Rng, shape: Shape, fmt: Format, styles: Array) -> Array:
    return rng.integers(-64, 65, shape) / 32


def _step(rng: Rng, shape: Shape, fmt: Format, styles: Array) -> Array:
    """Powers of two from sqrt(u) to 1/4: the step of a difference quotient."""
    return 2.0 ** rng.integers(-(fmt.p // 2), -1, shape)


KINDS: Mapping[str, Callable[..., Array]] = {
    "binary": _binary,
    "probability": _probability,
    "simplex": _simplex,
    "log_simplex": _log_simplex,
    "square": _square,
    "spd": _spd,
    "tame": _tame,
    "steep": _steep,
    "unit": _unit,
    "step": _step,
}
