"""Rows as people write them: normal numbers of moderate size, inside the domain."""

from collections.abc import Mapping

import numpy as np

from suite.draw.recipes import inside
from suite.draw.styles import Rng
from suite.floats import Array, Format
from suite.record import Concept


def ordinary(concept: Concept, fmt: Format, rows: int, sizes: Mapping[str, int], rng: Rng) -> tuple[Array, ...]:
    """The operands of a case: a batch axis, then the core dimensions."""
    out = []
    for operand, core in zip(concept.operands, concept.cores, strict=True):
        shape = (rows, *(int(d) if d.isdigit() else sizes[d] for d in core))
        if operand.kind.below:
            out.append(rng.integers(0, sizes[operand.kind.below], shape))
            continue
        x = rng.standard_normal(shape)
        x = inside(x, operand.domain) if operand.kind.ordinary is None else operand.kind.ordinary(x, rng)
        out.append(fmt.round(np.asarray(x, np.float64)))
    return tuple(out)
