"""Ways of going wrong in one way of calling: each feature of an ask has a path of its own in some library.

A path is told by what a function can see of its call: the axis, keepdims, shapes and strides of its operands.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from suite.draw.asks import choices
from suite.floats import Array
from suite.mutants.makers import Function, either
from suite.record import Concept

SLIGHTLY = 1 + 2.0**-6


def _axis(x: Array, axis: Any) -> tuple[int, ...]:
    axes = axis if isinstance(axis, tuple) else tuple(range(x.ndim)) if axis is None else (axis,)
    return tuple(k % x.ndim for k in axes)


def along_another_axis(x: Array, *rest: Array, axis: Any = -1, **options: Any) -> bool:
    return bool(x.ndim > 1 and x.ndim - 1 not in _axis(x, axis))


def along_several_axes(x: Array, *rest: Array, axis: Any = -1, **options: Any) -> bool:
    return isinstance(axis, tuple)


def along_axes_apart(x: Array, *rest: Array, axis: Any = -1, **options: Any) -> bool:
    axes = sorted(_axis(x, axis))
    return len(axes) > 1 and axes[-1] - axes[0] >= len(axes)


def axis_from_the_front(x: Array, *rest: Array, axis: Any = -1, **options: Any) -> bool:
    return isinstance(axis, int) and axis >= 0


def axes_kept(x: Array, *rest: Array, keepdims: bool = False, **options: Any) -> bool:
    return keepdims


def of_one_row(x: Array, *rest: Array, axis: Any = -1, **options: Any) -> bool:
    return bool(x.ndim == 1)


def of_one_number(x: Array, *rest: Array, **options: Any) -> bool:
    return bool(x.ndim == 0)


def of_many_axes(x: Array, *rest: Array, **options: Any) -> bool:
    return bool(x.ndim > 2)


def broadcast(x: Array, y: Array, *rest: Array, **options: Any) -> bool:
    return bool(x.ndim != y.ndim) or 1 in {a for a, b in zip(x.shape, y.shape, strict=True) if a != b}


def one_array(x: Array, y: Array, *rest: Array, **options: Any) -> bool:
    return bool(np.shares_memory(x, y))


def axes_swapped(x: Array, *rest: Array, **options: Any) -> bool:
    return bool(x.ndim > 1 and x.strides[0] < x.strides[-1] and 0 not in x.strides)


def entries_apart(x: Array, *rest: Array, **options: Any) -> bool:
    return bool(x.ndim > 0 and x.shape[-1] > 1 and abs(x.strides[-1]) > x.itemsize)


def one_for_all(x: Array, *rest: Array, **options: Any) -> bool:
    return any(n > 1 and s == 0 for n, s in zip(x.shape, x.strides, strict=True))


def short_labels(x: Array, labels: Array, *rest: Array, **options: Any) -> bool:
    return bool(labels.dtype == np.int32)


TWICE = "one array twice"  # of a derivative there is no such thing
# kind of mutant -> (the feature of an ask that a concept must allow, its value, the path)
PATHS: Mapping[str, tuple[str, object, Callable[..., bool]]] = {
    "another axis": ("place", "first", along_another_axis),
    "several axes": ("parts", 2, along_several_axes),
    "axes that are not adjacent": ("parts", 3, along_axes_apart),
    "axis named from the front": ("named", "front", axis_from_the_front),
    "keepdims": ("keepdims", True, axes_kept),
    "one row": ("place", "first", of_one_row),
    "one number": ("rank", 4, of_one_number),
    "three axes": ("rank", 3, of_many_axes),
    "broadcast operands": ("stretched", "outer", broadcast),
    TWICE: ("shared", True, one_array),
    "transposed operands": ("memory", "transposed", axes_swapped),
    "operands with gaps": ("memory", "strided", entries_apart),
    "stride zero": ("memory", "expanded", one_for_all),
    "short labels": ("labels", "int32", short_labels),
}
LAYOUTS = ("strided", "transposed", "expanded")  # that every library has


def on_path(kind: str) -> Callable[[Concept, Function], Function | None]:
    """A change that shows on one path only, where the concept can be asked for it."""
    feature, value, when = PATHS[kind]

    def make(concept: Concept, good: Function) -> Function | None:
        if concept.apart or value not in choices(concept, LAYOUTS).get(feature, ()):
            return None
        if feature == "parts" and not concept.along:
            return None
        return either(_slightly(good), good, when)

    return make


def _slightly(good: Function) -> Function:
    def off(y: Any) -> Array:
        y = np.asarray(y)
        return (y.astype(np.float64) * SLIGHTLY).astype(y.dtype)

    def wrong(*operands: Array, **options: Any) -> Any:
        with np.errstate(all="ignore"):
            y = good(*operands, **options)
            return tuple(map(off, y)) if isinstance(y, tuple) else off(y)

    return wrong
