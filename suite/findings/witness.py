"""Witnesses: inputs as hex floats, back to a case, and a reproduction that needs only the library."""

from dataclasses import replace
from typing import Any

import numpy as np

from suite.draw.asks import PLAIN, ask_from
from suite.draw.recipes import Recipe
from suite.floats import FORMATS, Array
from suite.judge.case import Case
from suite.record import Concept
from suite.targets.protocol import Shown, Target
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


def reproduction(case: Case, calls: tuple[tuple[Array, ...], ...], wrt: int, target: Target) -> str:
    """A few lines that show the result (and its gradient) with nothing but the library."""
    concept = case.concept

    def own(x: Array) -> Array:
        """A function without a batch axis gets its only row."""
        return x[0] if concept.apart and len(x) == 1 else x

    if case.ask != PLAIN:
        return _asked(case, wrt, target)
    given = tuple(tuple(map(own, operands)) for operands in calls or (case.inputs,))
    if wrt < 0:
        return target.reproduce(Shown(concept.call_name, given, case.keywords))
    return target.reproduce(Shown(concept.call_name, given, case.keywords, tuple(case.wrt), wrt, own(case.cotangent)))


def _asked(case: Case, wrt: int, target: Target) -> str:
    """The very call that was judged; of rows that are calls of their own the first."""
    a, name = case.asking, case.concept.call_name
    xs, keywords = a.operands(case.inputs), {**case.options, **a.keywords}
    shown = Shown(name, (tuple(x[0, ...] if a.apart else x for x in xs),), keywords)
    if not a.apart:
        shown = replace(shown, memory=tuple(a.memory(xs, wrt >= 0)))
    if wrt >= 0:
        seed = a.seed(case.cotangent, case.concept.result)
        shown = replace(shown, wrt=tuple(case.wrt), operand=wrt, cotangent=seed[0, ...] if a.apart else seed)
    return target.reproduce(shown)
