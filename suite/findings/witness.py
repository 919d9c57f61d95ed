"""Witnesses: inputs as hex floats, back to a case, and a reproduction that needs only the library."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from suite.draw.asks import PLAIN, ask_from
from suite.draw.recipes import Recipe
from suite.floats import FORMATS, Array
from suite.judge.case import Case
from suite.judge.outcome import Refutation
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


def reproduction(found: Refutation, target: Target) -> str:
    """A few lines that show the result (and its derivative) with nothing but the library."""
    case, c = found.case, found.case.concept

    def own(x: Array) -> Array:
        """A function without a batch axis gets its only row."""
        return x[0] if c.apart and len(x) == 1 else x

    if case.ask != PLAIN:
        return _asked(found, target)
    given = tuple(tuple(map(own, operands)) for operands in found.calls or (case.inputs,))
    return target.reproduce(_derived(Shown(c.call_name, given, case.keywords), found, own, own))


def _derived(shown: Shown, found: Refutation, seed: Callable[[Array], Array], along: Callable[[Array], Array]) -> Shown:
    """With the cotangent that is pulled back, the tangent that is pushed forward, or both, as the call has them."""
    if found.wrt < 0:
        return shown
    if found.tangent is None:
        cotangent = seed(found.case.cotangent)
        return replace(shown, wrt=tuple(found.case.wrt), operand=found.wrt, cotangent=cotangent)
    pulled = seed(found.case.cotangent) if found.pulled else None
    return replace(shown, wrt=(found.wrt,), operand=found.wrt, cotangent=pulled, tangent=along(found.tangent))


def _asked(found: Refutation, target: Target) -> str:
    """The very call that was judged; of rows that are calls of their own the first."""
    case, a, name = found.case, found.case.asking, found.case.concept.call_name

    def own(x: Array) -> Array:
        return x[0, ...] if a.apart else x

    xs, keywords = a.operands(case.inputs), {**case.options, **a.keywords}
    together = found.wrt < 0 or (a.doubled and found.tangent is None)
    memory = tuple(a.memory(xs, together))
    if a.apart and case.ask.memory == PLAIN.memory and not case.ask.shared:
        shown = Shown(name, (tuple(map(own, xs)),), keywords)
    else:
        shown = Shown(name, (tuple(xs),), keywords, memory=memory, first=a.apart)
    return target.reproduce(
        _derived(
            shown,
            found,
            lambda g: own(a.seed(g, case.concept.result)),
            lambda v: own(a.direction(v, found.wrt)),
        )
    )
