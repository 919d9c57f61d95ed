"""Sums in another order: reversed, or one addition after the other. Where an order is free is found out, not listed."""

from functools import cache
from typing import Any

import numpy as np

import reference as ref
from reference.shapes import fold, spread
from suite.draw.recipes import Recipe, draw
from suite.floats import FORMATS, Array
from suite.judge.case import Case
from suite.laws.certificate import certified
from suite.mutants.makers import Function, right
from suite.mutants.sloppy import Sloppy
from suite.record import Concept, Core

SIZE = 3


@cache
def orderless(name: str) -> frozenset[str]:
    """The dimensions along which a concept knows no order: reversed in all operands, the result is reversed too."""
    from suite.concepts import concepts

    concept, fmt = concepts()[name], FORMATS["float64"]
    recipe = Recipe(tuple((d, SIZE) for d in concept.dims), 0, 0)
    with np.errstate(all="ignore"):
        case = Case(concept, fmt, draw(concept, fmt, recipe), recipe, target=right())
        labelled = {o.kind.below for o in concept.operands}
        return frozenset(d for d in concept.dims if d not in labelled and _symmetric(case, d))


def _symmetric(case: Case, dim: str) -> bool:
    """Whether the result of reversed operands is the reversed result, within both bounds or by its certificate."""
    concept = case.concept
    turned = case.at(*(_flipped(x, core, {dim}) for x, core in zip(case.inputs, concept.cores, strict=True)))
    if concept.truth.certifies:
        pairs = zip(case.results(), concept.outputs, strict=True)
        return not certified(turned, [_flipped(y, core, {dim}) for y, core in pairs]).refuted
    for (v, e), (w, f), core in zip(case.bounds(), turned.bounds(), concept.outputs, strict=True):
        near = np.abs(_flipped(v, core, {dim}) - w) <= _flipped(e, core, {dim}) + f
        if not np.all(near | ~np.isfinite(w)):
            return False
    return True


def _flipped(x: Array, core: Core, dims: set[str] | frozenset[str]) -> Array:
    axes = tuple(k - len(core) for k, d in enumerate(core) if d in dims)
    return np.ascontiguousarray(np.flip(x, axes)) if axes and x.ndim >= -min(axes) else x


def reversed_order(concept: Concept) -> Function:
    """The reference on reversed operands, its result reversed back."""
    good, dims = getattr(ref, concept.call_name), orderless(concept.name)

    def other(*operands: Array, **options: Any) -> Array:
        axis = options.get("axis", -1)
        turn = axis if isinstance(axis, tuple) else (axis,)
        if "axis" in options:  # the concept acts along the axis that the caller names
            out = good(*(np.ascontiguousarray(np.flip(x, turn)) for x in operands), **options)
            return np.flip(out, turn) if concept.result else out
        turned = (_flipped(x, core, dims) for x, core in zip(operands, concept.cores, strict=True))
        return _flipped(good(*turned, **options), concept.result, dims)

    return other


class InSequence(Sloppy):
    """Arrays whose sums add one entry after the other, which NumPy does not do along a contiguous axis."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if ufunc is np.add and method == "reduce":
            x, axis = np.asarray(inputs[0]), options.get("axis", 0)
            rows = fold(x, axis)
            start = np.zeros((*rows.shape[:-1], 1), rows.dtype)  # the sum of nothing is 0
            total = np.cumsum(np.concatenate([start, rows], axis=-1), axis=-1)[..., -1]
            return self.alike(spread(total, x, axis) if options.get("keepdims") else total)
        return super().__array_ufunc__(ufunc, method, *inputs, **options)

    def changed(self, ufunc: np.ufunc, arguments: list[Any], result: Array) -> Array:
        return result


def in_sequence(f: Function) -> Function:
    """A text on such arrays."""

    def called(*operands: Array, **options: Any) -> Array:
        return np.asarray(f(*map(InSequence.alike, operands), **options))

    return called


def sums(f: Function, *operands: Array, **options: Any) -> bool:
    """Whether a text adds up entries of an array."""
    met = []

    class Watched(InSequence):
        def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **more: Any) -> Any:
            met.append((ufunc, method) == (np.add, "reduce"))
            return super().__array_ufunc__(ufunc, method, *inputs, **more)

    f(*map(Watched.alike, operands), **options)
    return any(met)
