"""Styles of a row of reals: landmarks, the full exponent range, common offsets, ties, subnormals, cancellation, ...

Each takes (generator, (rows, *core), format, landmarks) and gives float64 values, to be rounded and
kept inside a domain by whoever asks.
"""

from collections.abc import Callable, Iterable

import numpy as np

from suite.floats import Array, Format
from suite.record import Shape

Rng = np.random.Generator


def landmarks(own: Iterable[float], fmt: Format) -> Array:
    """Where functions change their behaviour: thresholds of exp, of squares, of the format, and a concept's own."""
    log = np.log
    marks = [
        0.0,
        1.0,
        2.0,
        0.5,
        10.0,
        fmt.max,
        fmt.tiny,
        fmt.eta,
        np.sqrt(fmt.max),
        np.sqrt(fmt.tiny),
        log(fmt.max),
        -log(fmt.tiny),
        -log(fmt.u),
        2.0**fmt.p,
        fmt.u,
        np.sqrt(fmt.u),
        *own,
    ]
    marks.append((fmt.p - 1 - fmt.emin) * log(2.0))  # -log of the smallest subnormal
    array = np.array(marks)
    return np.concatenate([array, array / 2, array * 2])


def _scaled(low: float, high: float) -> Callable[..., Array]:
    """Normal numbers times a power of ten of the row."""

    def style(rng: Rng, shape: Shape, fmt: Format, marks: Array) -> Array:
        return rng.standard_normal(shape) * 10 ** rng.uniform(low, high, row_of(shape))

    return style


def row_of(shape: Shape) -> Shape:
    return (shape[0],) + (1,) * (len(shape) - 1)


def _spread(width: float) -> Callable[..., Array]:
    def style(rng: Rng, shape: Shape, fmt: Format, marks: Array) -> Array:
        return rng.uniform(-width, width, shape)

    return style


def _wide(rng: Rng, shape: Shape, fmt: Format, marks: Array) -> Array:
    """Every exponent of the format, subnormals included, alike."""
    e = rng.integers(fmt.emin - fmt.p + 1, fmt.emax + 1, shape)
    return rng.choice([-1.0, 1.0], shape) * np.ldexp(1 + rng.random(shape), e)


def _offset(top: float) -> Callable[..., Array]:
    def style(rng: Rng, shape: Shape, fmt: Format, marks: Array) -> Array:
        size = np.minimum(10 ** rng.uniform(0, top, row_of(shape)), fmt.max / 4)
        return rng.standard_normal(shape) + rng.choice([-1.0, 1.0], row_of(shape)) * size

    return style


def _landmarks(rng: Rng, shape: Shape, fmt: Format, marks: Array) -> Array:
    """A landmark of either sign, or a few ulps beside it."""
    x = rng.choice(marks, shape) * rng.choice([-1.0, 1.0], shape)
    x = np.clip(x, -fmt.max, fmt.max)
    return x + rng.integers(-3, 4, shape) * fmt.ulp(x)


def _landmark_row(rng: Rng, shape: Shape, fmt: Format, marks: Array) -> Array:
    """One landmark throughout the row, or a few ulps beside it: then the whole result is as small, or as large."""
    return np.broadcast_to(_landmarks(rng, row_of(shape), fmt, marks), shape)


def _ties(rng: Rng, shape: Shape, fmt: Format, marks: Array) -> Array:
    pool = rng.standard_normal((shape[0], 3)) * 10 ** rng.uniform(-1, 2, (shape[0], 1))
    pick = rng.integers(0, 3, (shape[0], int(np.prod(shape[1:], initial=1))))
    return np.take_along_axis(pool, pick, axis=1).reshape(shape)


def _constant(rng: Rng, shape: Shape, fmt: Format, marks: Array) -> Array:
    return np.broadcast_to(rng.standard_normal(row_of(shape)) * 10 ** rng.uniform(-3, 3, row_of(shape)), shape)


def _zeros(rng: Rng, shape: Shape, fmt: Format, marks: Array) -> Array:
    return np.where(rng.random(shape) < 0.6, rng.choice([0.0, -0.0], shape), rng.standard_normal(shape))


def _subnormal(rng: Rng, shape: Shape, fmt: Format, marks: Array) -> Array:
    return rng.integers(-(2 ** min(fmt.p, 20)), 2 ** min(fmt.p, 20), shape) * fmt.eta


def _near_max(rng: Rng, shape: Shape, fmt: Format, marks: Array) -> Array:
    n = int(np.prod(shape[1:], initial=1))
    return (
        rng.choice([-1.0, 1.0], shape)
        * rng.uniform(0.4, 1.0, shape)
        * fmt.max
        / rng.choice([1.0, float(n)], row_of(shape))
    )


def _roots(rng: Rng, shape: Shape, fmt: Format, marks: Array) -> Array:
    """Numbers whose squares are near an end of the range."""
    root = np.sqrt(rng.choice([fmt.max, fmt.tiny], row_of(shape)))
    return rng.standard_normal(shape) * root * 2.0 ** rng.integers(-3, 4, row_of(shape))


def _grid(rng: Rng, shape: Shape, fmt: Format, marks: Array) -> Array:
    return rng.integers(-64, 65, shape) / 8


def _integers(rng: Rng, shape: Shape, fmt: Format, marks: Array) -> Array:
    return rng.integers(-9, 10, shape).astype(np.float64)


def _increasing(rng: Rng, shape: Shape, fmt: Format, marks: Array) -> Array:
    flat = np.sort(rng.standard_normal((shape[0], int(np.prod(shape[1:], initial=1)))) * 8, axis=1)
    return flat.reshape(shape)


def _stagnating(rng: Rng, shape: Shape, fmt: Format, marks: Array) -> Array:
    """One number that the others are each too small to change: 1, u, u, ..., or logits 0, log u, ..."""
    rest = rng.choice([fmt.u, np.log(fmt.u)], row_of(shape))
    out = np.broadcast_to(rest, shape).copy().reshape(shape[0], -1)
    out[:, 0] = np.where(rest.reshape(-1) > 0, 1.0, 0.0)
    return out.reshape(shape)


def _cancelling(rng: Rng, shape: Shape, fmt: Format, marks: Array) -> Array:
    """Pairs that cancel exactly, and one survivor."""
    flat = rng.standard_normal((shape[0], int(np.prod(shape[1:], initial=1)))) * 10 ** rng.uniform(0, 4, (shape[0], 1))
    half = flat.shape[1] // 2
    flat[:, half : 2 * half] = -flat[:, :half]
    return flat.reshape(shape)


def _positive(rng: Rng, shape: Shape, fmt: Format, marks: Array) -> Array:
    return np.abs(rng.standard_normal(shape)) + 0.5


STYLES: tuple[Callable[..., Array], ...] = (
    _scaled(0, 0),
    _scaled(-3, 3),
    _spread(30),
    _spread(100),
    _landmarks,
    _wide,
    _offset(4),
    _offset(8),
    _ties,
    _constant,
    _zeros,
    _subnormal,
    _near_max,
    _roots,
    _grid,
    _integers,
    _increasing,
    _stagnating,
    _cancelling,
    _spread(800),
    _scaled(-6, 0),
    _positive,
    _landmark_row,
)
