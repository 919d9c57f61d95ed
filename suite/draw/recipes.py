"""Inputs that follow from a declaration: Hypothesis draws bits, seeded generators make inputs of them.

Uniform and normal draws miss almost everything, so each row of a case has a *style* of its own:
landmarks, the full exponent range, common offsets, ties, subnormals, cancellation, stagnation.
A recipe is a few small integers, spread out from the bits; bulk comes from a generator seeded by a hash of the recipe.
Hypothesis does no more: no law raises, so it shrinks nothing; :mod:`suite.findings.minimise` makes witnesses small.
"""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from suite.draw.styles import STYLES, Rng, landmarks
from suite.floats import Array, Format
from suite.record import Concept, Filling, Operand

# powers of two and their neighbours, and what people use
LENGTHS = (1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 100, 127, 128, 129, 255, 256, 257, 512, 768, 781,
           1000, 1023, 1024, 1025, 2048, 2049, 4096, 4097)  # fmt: skip
LONG = (8191, 32000, 50257, 65505, 70001)
SIZES = (1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33)
# one side of a product may be long beside short others
SIDES = (63, 64, 65, 100, 127, 128, 129, 256, 257, 512, 1000, 1024, 1025, 4097)
SHORT = (1, 2, 3)
ELEMENTS = 3072
LOPSIDED = 0.3  # of the cases of a concept with several dimensions


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
    cap = concept.longest.get(name, max(pool))
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
        sizes = {d: int(rng.choice(pool)) for d, pool in pools.items()}
        if len(sizes) > 1 and rng.random() < LOPSIDED:
            sizes = lopsided(concept, sizes, rng)
        return Recipe(tuple(sizes.items()), int(rng.integers(len(concept.options))), int(rng.integers(1 << 16)))

    return st.tuples(*[st.booleans()] * 32).map(recipe)


def lopsided(concept: Concept, sizes: Mapping[str, int], rng: Rng) -> dict[str, int]:
    """One dimension long beside short others: thin and fat matrices, long sums of products."""
    side = str(rng.choice(list(sizes)))
    long = int(rng.choice(SIDES))
    return {d: min(concept.longest.get(d, long), long if d == side else int(rng.choice(SHORT))) for d in sizes}


def drawable(concept: Concept, name: str) -> set[int]:
    """Every size that a dimension may be drawn with."""
    cap = concept.longest.get(name, max(LONG))
    sides = {min(n, cap) for n in (*SIDES, *SHORT)} if len(concept.dims) > 1 else set()
    return {*lengths(concept, name), *sides}


def rows_of(concept: Concept, sizes: Mapping[str, int]) -> int:
    """At least a thousand elements, and a row of every style where rows are short."""
    largest = max(
        int(np.prod([sizes[d] for d in core], initial=1))
        for core in (*concept.cores, *concept.outputs)
        if all(d in sizes for d in core)
    )
    if concept.apart:
        return 12 if largest <= 1024 else 2
    return max(2, min(ELEMENTS // largest, ELEMENTS)) if largest > 64 else max(24, ELEMENTS // largest)


def draw(concept: Concept, fmt: Format, recipe: Recipe, times: int = 1) -> tuple[Array, ...]:
    """The operands of a case: a batch axis, then the core dimensions of the signature; so many times the usual rows."""
    sizes, rng = dict(recipe.sizes), recipe.rng("draw")
    rows = times * rows_of(concept, sizes)
    styles = (np.arange(rows) + recipe.seed) % len(STYLES)
    drawn: list[Array] = []
    for operand, core in zip(concept.operands, concept.cores, strict=True):
        shape = (rows, *(int(d) if d.isdigit() else sizes[d] for d in core))
        mixed = np.where(rng.random(rows) < 0.5, styles, rng.integers(0, len(STYLES), rows))
        filling = Filling(fmt, shape, mixed if drawn else styles, rng, tuple(drawn), sizes)
        drawn.append(fill(operand, filling, concept.truth.kinks))
    return tuple(drawn)


def fill(operand: Operand, f: Filling, kinks: Iterable[float] = ()) -> Array:
    """One operand, rounded into the format and kept inside its domain."""
    kind, fmt = operand.kind, f.format
    if kind.fill is not None:
        values = kind.fill(f)
        return values if operand.integer else fmt.round(inside(values, operand.domain))
    values = styled(f, landmarks((*kinks, *operand.marks), fmt))
    if operand.near is not None:
        twin = np.broadcast_to(f.earlier[operand.near].astype(np.float64), f.shape)
        close = twin * (1 + f.rng.integers(-3, 4, f.shape) * 2 * fmt.u) * f.rng.choice([-1.0, 1.0], f.row)
        values = np.where((f.rng.random(f.shape[0]) < 0.3).reshape(f.row), close, values)
    return fmt.round(inside(fmt.round(np.clip(values, -fmt.max, fmt.max)).astype(np.float64), operand.domain))


def inside(values: Array, domain: tuple[float, float]) -> Array:
    """Reflected into the domain where that does it, else moved to its end."""
    low, high = domain
    values = np.where((values < low) | (values > high), np.abs(values), values)
    return np.clip(values, low, high)


def styled(f: Filling, marks: Array) -> Array:
    """Reals, each row in its style."""
    out = np.empty(f.shape)
    with np.errstate(over="ignore", invalid="ignore"):
        for k, style in enumerate(STYLES):
            rows = np.flatnonzero(f.styles == k)
            if rows.size:
                out[rows] = style(f.rng, (rows.size, *f.shape[1:]), f.format, marks)
        end_standing_out(out.reshape(f.shape[0], -1), f.rng)
    return np.nan_to_num(out, nan=0.0, posinf=f.format.max, neginf=-f.format.max)


def end_standing_out(rows: Array, rng: Rng) -> None:
    """In some rows the last entry, or the first, is the largest by far: where loops and blocks end it must be seen."""
    if rows.shape[1] < 2:
        return
    some = np.flatnonzero(rng.random(len(rows)) < (0.5 if len(rows) <= 8 else 0.125))
    top = np.abs(rows[some]).max(axis=1, initial=0.0) * 2.0 ** rng.integers(1, 7, some.size)
    rows[some, rng.choice([-1, -1, -1, 0], some.size)] = top * rng.choice([-1.0, 1.0], some.size)
