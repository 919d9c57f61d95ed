"""Right versions: other implementations within the contract, none of which may ever be refuted.

Beside the alternatives that a concept declares, they are derived: another order of summation, float64 inside and
rounded once, elementary functions off by up to 4 ulp, every step in sixteen bits, the exact value rounded.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np

import reference as ref
from suite.concepts import concepts
from suite.draw.recipes import Recipe, draw
from suite.floats import FORMATS, Array, format_of
from suite.mutants.makers import Function, by_rows, right
from suite.mutants.oracle import oracle, oracle_vjp
from suite.mutants.reordered import in_sequence, orderless, reversed_order, sums
from suite.mutants.sloppy import called_by, loosened
from suite.mutants.stepwise import stepwise
from suite.record import Concept
from suite.targets.library import Library


@dataclass(frozen=True)
class Version:
    """A right version of one concept's function, of its derivative, or of both."""

    concept: str
    kind: str
    function: Function | None = field(default=None, repr=False, compare=False)
    vjp: Function | None = field(default=None, repr=False, compare=False)
    dtypes: tuple[str, ...] = tuple(FORMATS)
    entries: int = 1 << 30  # of a case that is judged: balls are slow

    @property
    def id(self) -> str:
        return f"{self.concept}-{self.kind.replace(' ', '_')}"

    def library(self) -> Library:
        """The reference with this version in its place."""
        good, name = right(), concepts()[self.concept].call_name
        functions = {**good.functions, **({name: self.function} if self.function else {})}
        vjps = {**good.vjps, **({name: self.vjp} if self.vjp else {})}
        return replace(good, functions=functions, vjps=vjps)


def as_function(concept: Concept, text: Function) -> Function:
    """A declared text has its operands written out, and acts along the last axis."""

    def called(*operands: Array, **options: Any) -> Array:
        if concept.elementwise:
            return text(*(x.copy() for x in np.broadcast_arrays(*operands)), **options)
        if concept.result and isinstance(options.get("axis"), int):
            moved = [np.moveaxis(x, options["axis"], -1) for x in operands]
            return np.moveaxis(text(*moved, **{**options, "axis": -1}), -1, options["axis"])
        return text(*operands, **options)

    return called


def doubled(f: Function) -> Function:
    def inside(*operands: Array, **options: Any) -> Any:
        floats = [x for x in operands if x.dtype.kind not in "iu"]
        more = {k: v.astype(np.float64) if k == "cotangent" else v for k, v in options.items()}
        result = f(*(x if x.dtype.kind in "iu" else x.astype(np.float64) for x in operands), **more)
        fmt = format_of(floats[0].dtype)
        with np.errstate(all="ignore"):
            return tuple(fmt.round(r) for r in result) if isinstance(result, tuple) else fmt.round(np.asarray(result))

    return inside


def met(watch: Callable[..., object], f: Function, concept: Concept) -> bool:
    """What a watch sees while a text runs on an ordinary case: elementary functions that it calls, sums."""
    with np.errstate(all="ignore"):
        operands = draw(concept, FORMATS["float32"], Recipe(tuple((d, 2) for d in concept.dims), 0, 0))
        alone = (x[0] for x in operands) if concept.apart else operands
        return bool(watch(f, *alone, **concept.along, **concept.options[0]))


def versions_of(concept: Concept) -> Iterator[Version]:
    """All that is known to be right of one concept."""
    name, call = concept.name, concept.call_name
    good, vjp = getattr(ref, call), getattr(ref, f"{call}_vjp", None)
    for k, text in enumerate(concept.freedom.alternatives):
        yield Version(name, f"alternative {k}", as_function(concept, ref.wide(text)))
    for k, text in enumerate(concept.freedom.derivatives):
        yield Version(name, f"alternative derivative {k}", vjp=by_rows(concept, ref.wide(text)))
    if orderless(name):
        yield Version(name, "reversed sums", reversed_order(concept))
    if met(sums, good, concept):
        yield Version(name, "sums in sequence", in_sequence(good))
    for text in concept.freedom.covered:
        yield Version(name, text.__name__.removeprefix(f"{name}_").replace("_", " "), text)
    narrow = ("float32", "float16", "bfloat16")
    if concept.truth.real or concept.options[0]:  # the neighbours of a float are those of its own format
        yield Version(name, "float64 inside", doubled(good), doubled(vjp) if vjp else None, narrow)
        steps = None if concept.freedom.fused else stepwise(good)
        if (steps or vjp) and concept.truth.encloses:
            # a factorisation is one step, and computed in binary32
            yield Version(name, "each step in sixteen bits", steps, stepwise(vjp) if vjp else None, narrow[1:])
    if met(called_by, good, concept):
        yield Version(name, "functions off by 4 ulp", loosened(good), loosened(vjp) if vjp else None)
    if concept.truth.encloses and concept.truth.real:
        exact = oracle_vjp(concept) if concept.backward else None
        yield Version(name, "exact, rounded", oracle(concept), exact, entries=1024)


@cache
def versions() -> tuple[Version, ...]:
    """Every right version of every concept."""
    return tuple(v for c in concepts().values() for v in versions_of(c))
