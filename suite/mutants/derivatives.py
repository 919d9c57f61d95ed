"""Ways of going wrong in a derivative."""

from functools import wraps
from typing import Any

import numpy as np

from suite.floats import Array
from suite.mutants.makers import Function
from suite.mutants.reordered import orderless
from suite.record import Concept


def tail_detached(y: Array, operands: tuple[Array, ...]) -> Array:
    """Entries below 2^-12 of the largest are zero."""
    size = np.abs(y.astype(np.float64))
    top = np.nan_to_num(np.where(np.isfinite(size), size, 0.0)).max(initial=0.0)
    return np.where(size < top * 2.0**-12, np.zeros_like(y), y)


def nan_at_zero(y: Array, operands: tuple[Array, ...]) -> Array:
    x = operands[0]
    return np.where(x == 0, np.nan, y) if x.shape == y.shape else y


def without_cotangent(concept: Concept, good: Function) -> Function:
    @wraps(good)
    def wrong(*operands: Array, cotangent: Array, **options: Any) -> Any:
        return good(*operands, **options, cotangent=np.sign(cotangent.astype(np.float64)).astype(cotangent.dtype))

    return wrong


def transposed(concept: Concept, good: Function) -> Function | None:
    """J g instead of J^T g: the cotangent runs along the axis the wrong way round."""
    if not (concept.along and concept.result) or orderless(concept.name):
        return None  # such a function does not know which way an axis runs

    @wraps(good)
    def wrong(*operands: Array, cotangent: Array, axis: int = -1, **options: Any) -> Any:
        turned = [np.flip(x, axis) for x in operands]
        found = good(*turned, **options, axis=axis, cotangent=np.flip(cotangent, axis))
        return tuple(np.flip(g, axis) for g in found)

    return wrong


def swapped(concept: Concept, good: Function) -> Function | None:
    """The derivatives of two operands in the wrong order."""
    if len([o for o in concept.operands if o.grad]) < 2 or len({*concept.cores[:2]}) > 1:
        return None

    @wraps(good)
    def wrong(*operands: Array, **options: Any) -> Any:
        first, second, *rest = good(*operands, **options)
        return (second, first, *rest)

    return wrong
