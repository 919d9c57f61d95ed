"""Operands of other kinds than reals: labels, probabilities, points of the simplex, matrices, slopes, steps."""

import numpy as np

from suite.floats import Array
from suite.record import Filling, Kind

Rng = np.random.Generator
STEP = 0.25  # of an ordinary difference quotient


def labels(below: str) -> Kind:
    """Integers below the size of a dimension."""
    return Kind("labels", lambda f: f.rng.integers(0, f.sizes[below], f.shape), below=below)


def _binary(f: Filling) -> Array:
    share = f.rng.choice([0.0, 0.1, 0.5, 1.0], f.row)
    return (f.rng.random(f.shape) < share).astype(np.float64)


def probabilities(f: Filling) -> Array:
    """Numbers in [0, 1], its ends and their neighbours among them."""
    rng, shape = f.rng, f.shape
    tail = 10 ** rng.uniform(-12, 0, shape)
    choice = rng.integers(0, 6, f.row)
    options = [
        rng.random(shape),
        tail,
        1 - tail,
        (rng.random(shape) < 0.5).astype(float),
        np.minimum(rng.integers(0, 9, shape) / 8 * (1 + rng.integers(-1, 2, shape) * 2 * f.format.u), 1),  # thresholds
        rng.choice([0.0, 1.0], f.row),
    ]
    return np.select([choice == k for k in range(6)], [np.broadcast_to(o, shape) for o in options])


def _simplex(f: Filling) -> Array:
    """Rows that sum to one: smooth, peaked, or one-hot."""
    logits = f.rng.standard_normal(f.shape) * f.rng.choice([0.0, 1.0, 8.0, 1e4], f.row)
    e = np.exp(logits - np.max(logits, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def _log_simplex(f: Filling) -> Array:
    logits = f.rng.standard_normal(f.shape) * f.rng.choice([0.0, 1.0, 8.0, 100.0], f.row)
    m = np.max(logits, axis=-1, keepdims=True)
    return logits - m - np.log(np.sum(np.exp(logits - m), axis=-1, keepdims=True))


def _square(f: Filling) -> Array:
    """Matrices of prescribed condition number, row and column scales, integers."""
    n, rng, u = f.shape[-1], f.rng, f.format.u
    out = np.empty(f.shape)
    for i in range(f.shape[0]):
        q, _ = np.linalg.qr(rng.standard_normal((n, n)))
        r, _ = np.linalg.qr(rng.standard_normal((n, n)))
        kappa = 10 ** rng.uniform(0, -np.log10(u) * 0.7)
        a = (q * np.geomspace(1, 1 / kappa, n)) @ r
        scaled, plain = a * 2.0 ** rng.integers(-4, 5, (n, 1)), rng.standard_normal((n, n))
        choice = [a, scaled, plain, rng.integers(-4, 5, (n, n))][f.styles[i] % 4]
        out[i] = choice if np.linalg.cond(choice) < 0.01 / u else a  # a singular matrix may be refused
    return out


def _spd(f: Filling) -> Array:
    """Symmetric positive definite, eigenvalues in [1/8, 1]: gradient descent with step 1 contracts."""
    n = f.shape[-1]
    out = np.empty(f.shape)
    for i in range(f.shape[0]):
        q, _ = np.linalg.qr(f.rng.standard_normal((n, n)))
        half = (q * np.sqrt(np.linspace(0.125, 1, n))) @ q.T
        out[i] = half @ half
        out[i] = (out[i] + out[i].T) / 2
    return out


def _tame(f: Filling) -> Array:
    return f.rng.standard_normal(f.shape) * 10 ** f.rng.uniform(-1, 1, f.row)


def _steep(f: Filling) -> Array:
    """Slopes that may drive a sigmoid to where its results are tiny."""
    return f.rng.standard_normal(f.shape) * 10 ** f.rng.uniform(-1, 2.5, f.row)


def _unit(f: Filling) -> Array:
    return f.rng.integers(-64, 65, f.shape) / 32


def _step(f: Filling) -> Array:
    """Powers of two from sqrt(u) to 1/4: the step of a difference quotient."""
    return 2.0 ** f.rng.integers(-(f.format.p // 2), -1, f.shape)


# -- as people write them, from normal numbers


def ordinary_probability(x: Array, rng: Rng) -> Array:
    return rng.uniform(0.05, 0.95, x.shape)


def _ordinary_simplex(x: Array, rng: Rng) -> Array:
    e = np.exp(x / 2)
    return e / e.sum(axis=-1, keepdims=True)


def _ordinary_spd(x: Array, rng: Rng) -> Array:
    """Eigenvalues in (0, 1], so that descent with step one converges."""
    square = x @ np.swapaxes(x, -1, -2) / x.shape[-1] + np.eye(x.shape[-1]) / 2
    return square / np.linalg.norm(square, 2, axis=(-2, -1), keepdims=True)


BINARY = Kind("binary", _binary, lambda x, rng: (x > 0).astype(np.float64), flags=True)
PROBABILITY = Kind("probability", probabilities, ordinary_probability)
SIMPLEX = Kind("simplex", _simplex, _ordinary_simplex, entries=False)
LOG_SIMPLEX = Kind("log_simplex", _log_simplex, lambda x, rng: np.log(_ordinary_simplex(x, rng)), entries=False)
SQUARE = Kind("square", _square, lambda x, rng: x + x.shape[-1] * np.eye(x.shape[-1]), entries=False, slices=False)
SPD = Kind("spd", _spd, _ordinary_spd, entries=False)
TAME = Kind("tame", _tame)
STEEP = Kind("steep", _steep)
UNIT = Kind("unit", _unit, lambda x, rng: rng.uniform(-1, 1, x.shape))
STEP_SIZE = Kind("step", _step, lambda x, rng: np.full(x.shape, STEP))
