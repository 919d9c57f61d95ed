"""Witnesses: inputs as hex floats, and back to a case."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from suite.draw.asks import ask_from
from suite.draw.recipes import Recipe
from suite.floats import FORMATS, Array
from suite.judge.case import Case
from suite.record import Concept
from suite.targets.protocol import Target
from suite.targets.words import RUNS, stretches
from suite.verdict import Witness


def encode(case: Case, wrt: int = -1, index: tuple[int, ...] = ()) -> Witness:
    """The operands of a (small) case, entry by entry."""
    operands = tuple(_texts(x) for x in case.inputs)
    seed = case.drawn
    return Witness(
        operands,
        tuple(x.shape for x in case.inputs),
        tuple(sorted(case.options.items())),
        () if seed is None else _texts(np.asarray(seed)),
        wrt,
        index,
        (case.recipe.option, case.recipe.seed),
        tuple(case.ask.told().items()),
    )


TIMES = " x "  # between an entry and how often it follows itself


def _texts(x: Array) -> tuple[str, ...]:
    """The entries; of a long array a stretch of equal ones is one text."""
    if x.size <= RUNS:
        return tuple(_text(v) for v in x.ravel().tolist())
    return tuple(_text(v) + (f"{TIMES}{n}" if n > 1 else "") for v, n in stretches(x))


def _text(v: Any) -> str:
    return str(v) if isinstance(v, int) else float(v).hex()


def entries(texts: Sequence[str]) -> list[str]:
    """One text for each entry.

    >>> entries(["0x1p+0 x 3", "nan"])
    ['0x1p+0', '0x1p+0', '0x1p+0', 'nan']
    """
    parts = (text.partition(TIMES) for text in texts)
    return [value for value, _, times in parts for _ in range(int(times or 1))]


def decode(witness: Witness, concept: Concept, dtype: str, target: Target) -> Case:
    """The case that a witness shows."""
    fmt = FORMATS[dtype]
    inputs: list[Array] = []
    for operand, texts, shape in zip(concept.operands, witness.operands, witness.shapes, strict=True):
        if operand.integer:
            inputs.append(np.array([int(t) for t in entries(texts)], np.int64).reshape(shape))
        else:
            inputs.append(fmt.round(np.array([float.fromhex(t) for t in entries(texts)])).reshape(shape))
    option, seed = witness.recipe
    sizes = concept.sizes(inputs)
    recipe = Recipe(tuple((d, sizes[d]) for d in concept.dims), option, seed)
    case = Case(concept, fmt, tuple(inputs), recipe, ask=ask_from(dict(witness.ask)), target=target)
    if not witness.cotangent:
        return case
    cotangent = np.array([float.fromhex(t) for t in entries(witness.cotangent)])
    return case.seeded(fmt.round(cotangent).reshape(case.shapes[0]))
