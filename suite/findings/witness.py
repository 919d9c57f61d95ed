"""Witnesses: inputs as hex floats, and back to a case."""

from typing import Any

import numpy as np

from suite.draw.asks import ask_from
from suite.draw.recipes import Recipe
from suite.floats import FORMATS, Array
from suite.judge.case import Case
from suite.record import Concept
from suite.targets.protocol import Target
from suite.verdict import Witness


def encode(case: Case, wrt: int = -1, index: tuple[int, ...] = ()) -> Witness:
    """The operands of a (small) case, entry by entry."""
    operands = tuple(tuple(_text(v) for v in x.ravel()) for x in case.inputs)
    seed = case.drawn
    return Witness(
        operands,
        tuple(x.shape for x in case.inputs),
        tuple(sorted(case.options.items())),
        () if seed is None else tuple(_text(v) for v in np.asarray(seed).ravel()),
        wrt,
        index,
        (case.recipe.option, case.recipe.seed),
        tuple(case.ask.told().items()),
    )


def _text(v: Any) -> str:
    return str(int(v)) if isinstance(v, np.integer) else float(v).hex()


def decode(witness: Witness, concept: Concept, dtype: str, target: Target) -> Case:
    """The case that a witness shows."""
    fmt = FORMATS[dtype]
    inputs: list[Array] = []
    for operand, texts, shape in zip(concept.operands, witness.operands, witness.shapes, strict=True):
        if operand.integer:
            inputs.append(np.array([int(t) for t in texts], np.int64).reshape(shape))
        else:
            inputs.append(fmt.round(np.array([float.fromhex(t) for t in texts])).reshape(shape))
    option, seed = witness.recipe
    sizes = concept.sizes(inputs)
    recipe = Recipe(tuple((d, sizes[d]) for d in concept.dims), option, seed)
    case = Case(concept, fmt, tuple(inputs), recipe, ask=ask_from(dict(witness.ask)), target=target)
    if not witness.cotangent:
        return case
    cotangent = np.array([float.fromhex(t) for t in witness.cotangent])
    return case.seeded(fmt.round(cotangent).reshape(case.shapes[0]))
