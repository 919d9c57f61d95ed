"""The inputs that people write: normal numbers of moderate size, inside the domain.

For derivatives they are small, in double precision and away from kinks, as the documentation of gradcheck asks;
for values they are a batch of 32 rows of 64, or matrices of about 16 by 16.
"""

import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from suite.draw.recipes import inside
from suite.draw.styles import Rng
from suite.floats import Array
from suite.record import Concept, Operand, Shape

GAP = 0.1  # from kinks and the ends of the domain
SMALL = (4, 2, 3)  # the sizes of the core dimensions in turn, for derivatives
MODERATE = (64, 16, 20)  # and for values: of a vector, and of what else there is


def seeded(seed: int, *salt: str) -> Rng:
    return np.random.default_rng([seed, zlib.crc32("/".join(salt).encode())])


def ways(concept: Concept, turn: int) -> Iterator[Mapping[str, Any]]:
    """Every option; along the last axis, or in odd turns along the first, kept where that can be asked for.

    Derivatives of mutants act along the last axis, as those that the laws call: for them every turn is even.
    """
    kept = {"keepdims": True} if "keepdims" in concept.parameters else {}
    along: Mapping[str, Any] = {"axis": 0, **kept} if turn % 2 else {"axis": -1}
    for option in concept.options:
        yield {**option, **(along if concept.along else {})}


def small(concept: Concept, rng: Rng) -> tuple[Array, ...]:
    sizes = dict(zip(concept.dims, SMALL * 2, strict=False))
    return _drawn(concept, sizes, (4,) if concept.elementwise else (2,), rng, GAP)


def moderate(concept: Concept, flat: bool, rng: Rng) -> tuple[Array, ...]:
    """``flat``: elementwise operands with one axis, the only layout that the derivatives of mutants promise."""
    one = len(concept.dims) == 1 and max(len(core) for core in concept.cores) == 1
    sizes = {d: MODERATE[0] if one else MODERATE[1 + k % 2] for k, d in enumerate(concept.dims)}
    rows = ((2048,) if flat else (32, 64)) if concept.elementwise else (32,) if one else (4,)
    return _drawn(concept, sizes, rows, rng, 0.0)


def _drawn(concept: Concept, sizes: Mapping[str, int], rows: Shape, rng: Rng, gap: float) -> tuple[Array, ...]:
    sizes = {d: min(n, concept.longest.get(d, n)) for d, n in sizes.items()}
    lead = () if concept.apart else rows
    return tuple(
        _filled(concept, operand, (*lead, *(int(d) if d.isdigit() else sizes[d] for d in core)), sizes, rng, gap)
        for operand, core in zip(concept.operands, concept.cores, strict=True)
    )


def _filled(concept: Concept, operand: Operand, shape: Shape, sizes: Mapping[str, int], rng: Rng, gap: float) -> Array:
    x = rng.standard_normal(shape)
    if operand.kind.below:
        return rng.integers(0, sizes[operand.kind.below], shape)
    if operand.kind.ordinary is not None:
        return operand.kind.ordinary(x, rng)
    return away(inside(x, operand.domain), (0.0, *concept.truth.kinks, *operand.domain), gap)


def away(x: Array, points: tuple[float, ...], gap: float) -> Array:
    """No closer than ``gap`` to any of the points, on the same side."""
    for point in points:
        if np.isfinite(point):
            x = np.where(np.abs(x - point) < gap, point + np.where(x < point, -gap, gap), x)
    return x
