"""Calls of single rows in the place of one for a batch."""

from collections.abc import Callable, Sequence

import numpy as np

from suite.floats import Array
from suite.targets.framework import Native


def each(
    run: Callable[..., tuple[Array, ...]], native: Sequence[Native], apart: int, *seeds: Array | None
) -> tuple[Array, ...]:
    """One call for the whole batch, or for so many rows ``apart`` one for each, stacked."""
    if not apart:
        return run(native, *seeds)

    def row(i: int) -> tuple[Array, ...]:
        """x[i, ...]: a row of numbers is an array without axes, not a number."""
        taken = {id(x): x[i, ...] for x in native}  # one array twice is one row twice
        return run([taken[id(x)] for x in native], *(s if s is None else s[i, ...] for s in seeds))

    return tuple(np.stack(column) for column in zip(*map(row, range(apart)), strict=True))
