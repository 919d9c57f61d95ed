"""The hard ones: results just beyond the bound, in one direction or the other by the bits of the operands."""

import zlib
from collections.abc import Iterator

import numpy as np

from suite.concepts import concepts
from suite.draw.recipes import Recipe, draw, lengths
from suite.floats import FORMATS, Array
from suite.judge.case import Case
from suite.mutants.makers import coin, nudged, off, off_vjp, right
from suite.mutants.mutant import Mutant
from suite.record import Concept

TIMES = 2.0  # the bound


def edges() -> Iterator[Mutant]:
    """Twice the bound for every concept and every derivative; one ulp where nothing rounds."""
    why = f"{TIMES:g} times the bound"
    for concept in concepts().values():
        name, dtype = concept.name, _turn(concept.name)
        if not concept.truth.encloses:
            continue
        case = ordinary(concept)
        if rounds(case.bounded()[1]) and concept.truth.real:
            yield Mutant(name, "beyond the bound", off(name, TIMES, coin), why, "edge", dtype=dtype)
        else:
            yield Mutant(name, "one ulp", nudged(name), "one unit in the last place", "edge", dtype=dtype)
        if concept.differentiable:
            for j, (_, allowed) in enumerate(case.bounded_grads()):
                if rounds(allowed):
                    function = off_vjp(name, TIMES, coin, j)
                    kind = f"beyond the bound, operand {j}"
                    yield Mutant(name, kind, function, why, "edge", dtype=_turn(f"{name} {j}"), vjp=True)


def ordinary(concept: Concept) -> Case:
    """A small case, as good as any."""
    fmt, sizes = FORMATS["float32"], tuple((d, min(3, max(lengths(concept, d)))) for d in concept.dims)
    with np.errstate(all="ignore"):
        return Case(concept, fmt, draw(concept, fmt, Recipe(sizes, 0, 3)), Recipe(sizes, 0, 3), target=right())


def rounds(allowed: Array) -> bool:
    """Whether anything is allowed at all: the derivative of a sum, or a choice, is exact."""
    return bool(np.any((allowed > 0) & np.isfinite(allowed)))


def _turn(text: str) -> str:
    return tuple(FORMATS)[zlib.crc32(text.encode()) % len(FORMATS)]
