"""Functions that take no axis and know one row at a time: a batch is a call for each of its rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from suite.floats import Array
from suite.targets.fitted import Fitted
from suite.targets.protocol import Shown


def by_row(function: object, operands: Sequence[Array], options: Mapping[str, object]) -> bool:
    """Whether a function that takes no axis gets the rows of this call one by one."""
    return isinstance(function, Fitted) and function.by_row(operands[0].ndim, options)


def rows_of(shown: Shown) -> Iterator[Shown]:
    """The same as calls of single rows."""
    seed, along = shown.cotangent, shown.tangent
    for operands in shown.calls:
        for i in range(len(operands[0])):
            yield replace(
                shown,
                calls=(tuple(x[i, ...] for x in operands),),
                memory=(),
                cotangent=None if seed is None else seed[i, ...],
                tangent=None if along is None else along[i, ...],
            )
