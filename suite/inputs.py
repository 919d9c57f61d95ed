"""Inputs that follow from a declaration: Hypothesis draws a recipe, a seed fills it.

Uniform and normal draws miss almost everything, so each row of a case has a *style* of its own:
landmarks, the full exponent range, common offsets, ties, subnormals, cancellation, stagnation.
A recipe is a few small integers; bulk comes from a generator seeded by a hash of the recipe.
"""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from suite.floats import Array, Format
from suite.record import Concept, Operand

Rng = np.random.Generator
Shape = tuple[int, ...]

LENGTHS = (1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 127, 129, 255, 256, 257, 781, 1023, 1024, 1025, 2049, 4097)
LONG = (65505, 70001)
SIZES = (1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33)
ELEMENTS = 3072


@dataclass(frozen=True)
class Recipe:
    """All that a case depends on, beside the concept and the format."""

    sizes: tuple[tuple[str, int], ...]
    option: int
    seed: int

    def rng(self, salt: str) -> Rng:
        return np.random.default_rng(zlib.crc32(repr((self, salt)).encode()))


def lengths(concept: Concept, name: str) -> tuple[int, ...]:
    """Sizes worth drawing for a dimension: one reduced axis may be long, a matrix is not."""
    pool = LENGTHS * 3 + LONG if len(concept.dims) == 1 and len(concept.cores[0]) == 1 else SIZES
    cap = concept.limits.get(name, max(pool))
    legal = tuple(n for n in pool if n <= cap)
    return legal if cap == max(pool) else (*legal, max(legal), max(legal))  # the longest is where blocks end


def recipes(concept: Concept) -> st.SearchStrategy[Recipe]:
    """A size for each dimension, an option and a seed, all from 32 booleans.

    Booleans alone are drawn alike whatever is imported: Hypothesis mixes the constants of a user's
    modules into integers, ``sampled_from`` too. It also mutates what it drew; spread out by a
    generator, a changed bit gives another recipe, not nearly the same.
    """
    pools = {d: lengths(concept, d) for d in concept.dims}

    def recipe(bits: tuple[bool, ...]) -> Recipe:
        rng = np.random.default_rng(sum(bit << k for k, bit in enumerate(bits)))
        sizes = tuple((d, int(rng.choice(pool))) for d, pool in pools.items())
        return Recipe(sizes, int(rng.integers(len(concept.options))), int(rng.integers(1 << 16)))

    return st.tuples(*[st.booleans()] * 32).map(recipe)


def rows_of(concept: Concept, sizes: Mapping[str, int]) -> int:
    """At least a thousand elements, and a row of every style where rows are short."""
    largest = max(
        int(np.prod([sizes[d] for d in core], initial=1))
        for core in (*concept.cores, concept.result)
        if all(d in sizes for d in core)
    )
    if not concept.batched:
        return 12 if largest <= 1024 else 2
    return max(2, min(ELEMENTS // largest, ELEMENTS)) if largest > 64 else max(24, ELEMENTS // largest)


def draw(concept: Concept, fmt: Format, recipe: Recipe) -> tuple[Array, ...]:
    """The operands of a case: a batch axis, then the core dimensions of the signature."""
    sizes, rng = dict(recipe.sizes), recipe.rng("draw")
    rows = rows_of(concept, sizes)
    styles = (np.arange(rows) + recipe.seed) % len(STYLES)
    drawn: list[Array] = []
    for operand, core in zip(concept.operands, concept.cores, strict=True):
        shape = (rows, *(int(d) if d.isdigit() else sizes[d] for d in core))
        mixed = np.where(rng.random(rows) < 0.5, styles, rng.integers(0, len(STYLES), rows))
        drawn.append(fill(concept, operand, shape, fmt, mixed if drawn else styles, drawn, sizes, rng))
    return tuple(drawn)


def fill(
    concept: Concept,
    operand: Operand,
    shape: Shape,
    fmt: Format,
    styles: Array,
    earlier: list[Array],
    sizes: Mapping[str, int],
    rng: Rng,
) -> Array:
    """One operand, rounded into the format and kept inside its domain."""
    if operand.kind == "labels":
        return rng.integers(0, sizes["c"], shape)
    if operand.couple is not None:
        return fmt.round(operand.couple(rng, fmt, shape, *(e.astype(np.float64) for e in earlier)))
    if operand.kind != "real":
        return fmt.round(inside(KINDS[operand.kind](rng, shape, fmt, styles), operand.domain))
    values = styled(concept, shape, fmt, styles, rng)
    if operand.near is not None:
        twin = np.broadcast_to(earlier[operand.near].astype(np.float64), shape)
        close = (
            twin
            * (1 + rng.integers(-3, 4, shape) * 2 * fmt.u)
            * rng.choice([-1.0, 1.0], (shape[0],) + (1,) * (len(shape) - 1))
        )
        values = np.where((rng.random(shape[0]) < 0.3).reshape(-1, *(1,) * (len(shape) - 1)), close, values)
    return fmt.round(inside(fmt.round(np.clip(values, -fmt.max, fmt.max)).astype(np.float64), operand.domain))


def inside(values: Array, domain: tuple[float, float]) -> Array:
    """Reflected into the domain where that does it, else moved to its end."""
    low, high = domain
    values = np.where((values < low) | (values > high), np.abs(values), values)
    return np.clip(values, low, high)


def styled(concept: Concept, shape: Shape, fmt: Format, styles: Array, rng: Rng) -> Array:
    out = np.empty(shape)
    marks = landmarks(concept, fmt)
    with np.errstate(over="ignore", invalid="ignore"):
        for k, style in enumerate(STYLES):
            rows = np.flatnonzero(styles == k)
            if rows.size:
                out[rows] = style(rng, (rows.size, *shape[1:]), fmt, marks)
    return np.nan_to_num(out, nan=0.0, posinf=fmt.max, neginf=-fmt.max)


def landmarks(concept: Concept, fmt: Format) -> Array:
    """Where functions change their behaviour: thresholds of exp, of squares, of the format, kinks."""
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
        *concept.kinks,
        *concept.landmarks,
    ]
    marks.append((fmt.p - 1 - fmt.emin) * log(2.0))  # -log of the smallest subnormal
    array = np.array(marks)
    return np.concatenate([array, array / 2, array * 2])


# -- styles of a row of reals: (rng, (rows, *core), format, landmarks) -> values


def _scaled(low: float, high: float) -> Callable[..., Array]:
    """Normal numbers times a power of ten of the row."""

    def style(rng: Rng, shape: Shape, fmt: Format, marks: Array) -> Array:
        return rng.standard_normal(shape) * 10 ** rng.uniform(low, high, _row(shape))

    return style


def _row(shape: Shape) -> Shape:
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
        size = np.minimum(10 ** rng.uniform(0, top, _row(shape)), fmt.max / 4)
        return rng.standard_normal(shape) + rng.choice([-1.0, 1.0], _row(shape)) * size

    return style


def _landmarks(rng: Rng, shape: Shape, fmt: Format, marks: Array) -> Array:
    """A landmark of either sign, or a few ulps beside it."""
    x = rng.choice(marks, shape) * rng.choice([-1.0, 1.0], shape)
    x = np.clip(x, -fmt.max, fmt.max)
    return x + rng.integers(-3, 4, shape) * fmt.ulp(x)


def _landmark_row(rng: Rng, shape: Shape, fmt: Format, marks: Array) -> Array:
    """One landmark throughout the row, or a few ulps beside it: then the whole result is as small, or as large."""
    return np.broadcast_to(_landmarks(rng, _row(shape), fmt, marks), shape)


def _ties(rng: Rng, shape: Shape, fmt: Format, marks: Array) -> Array:
    pool = rng.standard_normal((shape[0], 3)) * 10 ** rng.uniform(-1, 2, (shape[0], 1))
    pick = rng.integers(0, 3, (shape[0], int(np.prod(shape[1:], initial=1))))
    return np.take_along_axis(pool, pick, axis=1).reshape(shape)


def _constant(rng: Rng, shape: Shape, fmt: Format, marks: Array) -> Array:
    return np.broadcast_to(rng.standard_normal(_row(shape)) * 10 ** rng.uniform(-3, 3, _row(shape)), shape)


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
        / rng.choice([1.0, float(n)], _row(shape))
    )


def _roots(rng: Rng, shape: Shape, fmt: Format, marks: Array) -> Array:
    """Numbers whose squares are near an end of the range."""
    root = np.sqrt(rng.choice([fmt.max, fmt.tiny], _row(shape)))
    return rng.standard_normal(shape) * root * 2.0 ** rng.integers(-3, 4, _row(shape))


def _grid(rng: Rng, shape: Shape, fmt: Format, marks: Array) -> Array:
    return rng.integers(-64, 65, shape) / 8


def _integers(rng: Rng, shape: Shape, fmt: Format, marks: Array) -> Array:
    return rng.integers(-9, 10, shape).astype(np.float64)


def _increasing(rng: Rng, shape: Shape, fmt: Format, marks: Array) -> Array:
    flat = np.sort(rng.standard_normal((shape[0], int(np.prod(shape[1:], initial=1)))) * 8, axis=1)
    return flat.reshape(shape)


def _stagnating(rng: Rng, shape: Shape, fmt: Format, marks: Array) -> Array:
    """One number that the others are each too small to change: 1, u, u, ..., or logits 0, log u, ..."""
    rest = rng.choice([fmt.u, np.log(fmt.u)], _row(shape))
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


# -- operands of other kinds: (rng, shape, format, styles) -> values


def _binary(rng: Rng, shape: Shape, fmt: Format, styles: Array) -> Array:
    share = rng.choice([0.0, 0.1, 0.5, 1.0], _row(shape))
    return (rng.random(shape) < share).astype(np.float64)


def _probability(rng: Rng, shape: Shape, fmt: Format, styles: Array) -> Array:
    """Numbers in [0, 1], its ends and their neighbours among them."""
    tail = 10 ** rng.uniform(-12, 0, shape)
    choice = rng.integers(0, 6, _row(shape))
    options = [
        rng.random(shape),
        tail,
        1 - tail,
        (rng.random(shape) < 0.5).astype(float),
        np.minimum(rng.integers(0, 9, shape) / 8 * (1 + rng.integers(-1, 2, shape) * 2 * fmt.u), 1),  # thresholds
        rng.choice([0.0, 1.0], _row(shape)),
    ]
    return np.select([choice == k for k in range(6)], [np.broadcast_to(o, shape) for o in options])


def _simplex(rng: Rng, shape: Shape, fmt: Format, styles: Array) -> Array:
    """Rows that sum to one: smooth, peaked, or one-hot."""
    logits = rng.standard_normal(shape) * rng.choice([0.0, 1.0, 8.0, 1e4], _row(shape))
    e = np.exp(logits - np.max(logits, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def _log_simplex(rng: Rng, shape: Shape, fmt: Format, styles: Array) -> Array:
    logits = rng.standard_normal(shape) * rng.choice([0.0, 1.0, 8.0, 100.0], _row(shape))
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
    return rng.standard_normal(shape) * 10 ** rng.uniform(-1, 1, _row(shape))


def _steep(rng: Rng, shape: Shape, fmt: Format, styles: Array) -> Array:
    """Slopes that may drive a sigmoid to where its results are tiny."""
    return rng.standard_normal(shape) * 10 ** rng.uniform(-1, 2.5, _row(shape))


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
