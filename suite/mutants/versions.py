"""Right versions: other implementations within the contract, none of which may ever be refuted.

Beside the alternatives that a concept declares, they are derived: another order of summation, float64 inside and
rounded once, elementary functions off by up to 4 ulp, the exact value rounded.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

import reference as ref
from suite.concepts import concepts
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
from suite.mutants.sloppy import loosened
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
        return Library("right", good.framework, functions, vjps)


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


ARITHMETIC = {
    "relu", "leaky_relu", "relu6", "hardtanh", "hardsigmoid", "hardswish", "add", "subtract", "multiply", "divide",
    "abs", "square", "reciprocal", "sqrt", "nll_loss", "mse_loss", "mse_loss_none", "precision", "recall", "accuracy",
    "vector_norm", "matrix_norm", "spectral_norm", "solve", "gradient_descent", "project_simplex", "vecdot", "matvec",
    "matmul", "linear", "linear_chain", "round_to", "nextafter", "sum", "mean", "cumsum", "prod", "var", "std",
}  # fmt: skip
IN_SEQUENCE = (sum_in_sequence, mean_in_sequence, var_in_sequence, vecdot_in_sequence)


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
    if name == "nextafter":  # the neighbours of a float are those of its own format
        yield Version(name, "by bits", nextafter_by_bits)
        yield Version(name, "NumPy's", lambda x, y: np.nextafter(x, y.astype(x.dtype)))
    else:
        narrow = ("float32", "float16", "bfloat16")
        yield Version(name, "float64 inside", doubled(good), doubled(vjp) if vjp else None, narrow)
    if name == "round_to":
        yield Version(
            name, "by casts", lambda x, *, dtype: x.astype(ref.format_of(dtype).dtype).astype(x.dtype), None, narrow
        )
    if name not in ARITHMETIC:
        yield Version(name, "functions off by 4 ulp", loosened(good), loosened(vjp) if vjp else None)
    if concept.definition is not None and name not in ("nextafter", "round_to"):  # no real functions
        exact = oracle_vjp(concept) if concept.vjp else None
        yield Version(name, "exact, rounded", oracle(concept), exact, entries=96)


@cache
def versions() -> tuple[Version, ...]:
    """Every right version of every concept."""
    return tuple(v for c in concepts().values() for v in versions_of(c))
