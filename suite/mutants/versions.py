"""Right versions: other implementations within the contract, none of which may ever be refuted.

Beside the alternatives that a concept declares, they are derived: another order of summation, float64 inside and
rounded once, elementary functions off by up to 4 ulp, every step in sixteen bits, the exact value rounded.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np

import reference as ref
from reference.shapes import drop
from suite.concepts import concepts
from suite.draw.recipes import Recipe, draw
from suite.floats import FORMATS, Array, format_of
from suite.mutants.makers import Function, right
from suite.mutants.oracle import oracle, oracle_vjp
from suite.mutants.reordered import (
    ORDERLESS,
    mean_in_sequence,
    reversed_order,
    sum_in_sequence,
    var_in_sequence,
    vecdot_in_sequence,
)
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


def nextafter_by_bits(x: Array, y: Array) -> Array:
    """The neighbour's bits are the number's, plus or minus one."""
    x, y = (v.copy() for v in np.broadcast_arrays(x, y.astype(x.dtype)))
    word = np.dtype(f"i{x.dtype.itemsize}")
    away = (x < y) == (x > 0)
    step = np.where(away, 1, -1).astype(word)
    moved = (x.view(word) + step).view(x.dtype)
    tiny = np.copysign(np.array(1, word).view(x.dtype), y)
    out = np.where(x == 0, tiny, moved)
    return np.where((x == y) | np.isnan(x) | np.isnan(y), np.where(np.isnan(x), x, y), out).astype(x.dtype)


def by_casts(x: Array, *, dtype: str) -> Array:
    """There and back by NumPy's conversions."""
    return x.astype(ref.format_of(dtype).dtype).astype(x.dtype)


@ref.wide
def std_welford(x: Array, *, axis: Any = -1, correction: float = 0.0, keepdims: bool = False) -> Array:
    """Scaled, so that no square leaves the range."""
    size = np.max(np.abs(x), axis=axis, keepdims=True)
    scale = np.where(size > 0, size, np.ones_like(size))
    v = ref.var_welford(x / scale, axis=axis, correction=correction, keepdims=True)
    out = np.sqrt(v) * scale
    return drop(out, axis, keepdims)


IN_SEQUENCE = (sum_in_sequence, mean_in_sequence, var_in_sequence, vecdot_in_sequence)


def elementary(f: Function, concept: Concept) -> bool:
    """Whether it calls exp, log, tanh, ...: then another library's may be off by some ulp."""
    options = {**({"axis": -1} if concept.has_axis else {}), **concept.options[0]}
    with np.errstate(all="ignore"):
        operands = draw(concept, FORMATS["float32"], Recipe(tuple((d, 2) for d in concept.dims), 0, 0))
        return bool(called_by(f, *(operands if concept.batched else (x[0] for x in operands)), **options))


def versions_of(concept: Concept) -> Iterator[Version]:
    """All that is known to be right of one concept."""
    name, call = concept.name, concept.call_name
    good, vjp = getattr(ref, call), getattr(ref, f"{call}_vjp", None)
    for k, text in enumerate(concept.alternatives):
        yield Version(name, f"alternative {k}", as_function(concept, ref.wide(text)))
    for k, text in enumerate(concept.vjp_alternatives):
        yield Version(name, f"alternative derivative {k}", vjp=ref.wide(text))
    if name in ORDERLESS:
        yield Version(name, "reversed sums", reversed_order(call))
    for text in IN_SEQUENCE:
        if text.__name__ == f"{name}_in_sequence":
            yield Version(name, "sums in sequence", text)
    for text in (ref.var_welford, ref.var_two_pass, std_welford):  # within the hand-written bound
        if text.__name__.startswith(f"{name}_"):
            yield Version(name, text.__name__.removeprefix(f"{name}_").replace("_", " "), text)
    if name == "nextafter":  # the neighbours of a float are those of its own format
        yield Version(name, "by bits", nextafter_by_bits)
        yield Version(name, "NumPy's", lambda x, y: np.nextafter(x, y.astype(x.dtype)))
    else:
        narrow = ("float32", "float16", "bfloat16")
        yield Version(name, "float64 inside", doubled(good), doubled(vjp) if vjp else None, narrow)
        steps = None if concept.fused else stepwise(good)
        if steps or vjp:
            yield Version(name, "each step in sixteen bits", steps, stepwise(vjp) if vjp else None, narrow[1:])
    if name == "round_to":
        yield Version(name, "by casts", by_casts, None, narrow)
    if elementary(good, concept):
        yield Version(name, "functions off by 4 ulp", loosened(good), loosened(vjp) if vjp else None)
    if concept.definition is not None and name not in ("nextafter", "round_to"):  # no real functions
        exact = oracle_vjp(concept) if concept.vjp else None
        yield Version(name, "exact, rounded", oracle(concept), exact, entries=1024)


@cache
def versions() -> tuple[Version, ...]:
    """Every right version of every concept."""
    return tuple(v for c in concepts().values() for v in versions_of(c))
