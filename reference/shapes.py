"""Bookkeeping of axes that the other modules share. Nothing here rounds, except the sums of `unbroadcast`."""

import math

import numpy as np

from reference.formats import Array

Axis = int | tuple[int, ...] | None  # None: all axes


def axes_of(x: Array, axis: Axis) -> tuple[int, ...]:
    """The reduced axes as a tuple of non-negative integers. Raises AxisError for an axis that x does not have.

    >>> axes_of(np.ones((2, 5, 4)), (0, -1)), axes_of(np.ones((2, 3)), None)
    ((0, 2), (0, 1))
    """
    if axis is None:
        return tuple(range(x.ndim))
    given = axis if isinstance(axis, tuple) else (axis,)
    for a in given:
        if not -x.ndim <= a < x.ndim:
            raise np.exceptions.AxisError(a, x.ndim)
    return tuple(a % x.ndim for a in given)


def count(x: Array, axis: Axis) -> int:
    """How many elements are reduced into one: a Python int, so that it never widens a float32 quotient.

    >>> count(np.ones((2, 5, 4)), (0, 2))
    8
    """
    return math.prod(x.shape[a] for a in axes_of(x, axis))


def spread(reduced: Array, x: Array, axis: Axis, keepdims: bool = False) -> Array:
    """Put reduced axes back with size one, so that a result (or a cotangent) broadcasts against the operand x.

    >>> spread(np.ones(5), np.ones((2, 5, 4)), (0, 2)).shape
    (1, 5, 1)
    """
    return reduced if keepdims else np.expand_dims(reduced, axes_of(x, axis))


def drop(reduced: Array, axis: Axis, keepdims: bool) -> Array:
    """The reverse of `spread`: remove the axes of size one that a reduction left, unless they are to be kept."""
    return reduced if keepdims else np.squeeze(reduced, axis=axis)


def fold(x: Array, axis: Axis) -> Array:
    """Bring the reduced axes to the end, flattened into one: an algorithm for the last axis then serves every axis.

    >>> fold(np.ones((2, 5, 4)), (0, 2)).shape
    (5, 8)
    """
    axes = axes_of(x, axis)
    moved = np.moveaxis(x, axes, tuple(range(-len(axes), 0)))
    return np.reshape(moved, (*moved.shape[: x.ndim - len(axes)], count(x, axis)))


def unbroadcast(gradient: Array, shape: tuple[int, ...]) -> Array:
    """The adjoint of broadcasting: sum over the axes that broadcasting added or stretched from one.

    >>> unbroadcast(np.ones((4, 2, 3)), (2, 1)).tolist()
    [[12.0], [12.0]]
    """
    added = len(gradient.shape) - len(shape)
    if added > 0:
        gradient = np.sum(gradient, axis=tuple(range(added)))
    stretched = tuple(i for i, n in enumerate(shape) if n == 1 and gradient.shape[i] != 1)
    return np.sum(gradient, axis=stretched, keepdims=True) if stretched else gradient
