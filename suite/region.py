"""Where failures were seen: cells of sign and binade, never a line between them.

The cell of a number is an integer: sign * (exponent + 1100), so that neighbours are neighbouring binades of one sign;
zero, the infinities and NaN are cells by themselves. The point of a row is its entry of largest magnitude.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from suite.floats import Array

BIAS, FAR, NAN = 1100, 3000, 4000
NAMES = {0: "0", FAR: "inf", -FAR: "-inf", NAN: "nan"}
Cells = tuple[frozenset[int], ...]  # of each operand


def cells_of(x: Array) -> frozenset[int]:
    """The cells of the rows of an operand; labels have none of their own.

    >>> sorted(cells_of(np.array([[3.0, 0.1], [0.0, -0.5]])))
    [-1099, 1101]
    """
    if not x.size or x.dtype.kind in "iub":
        return frozenset({0})
    rows = x.astype(np.float64).reshape(len(x), -1)
    place = np.argmax(np.where(np.isnan(rows), -1.0, np.abs(rows)), axis=1)
    largest = rows[np.arange(len(rows)), place]
    largest = np.where(np.isnan(rows).any(axis=1), np.nan, largest)
    index = np.sign(largest) * (np.frexp(np.where(np.isfinite(largest), largest, 0.0))[1] - 1 + BIAS)
    index = np.where(np.isinf(largest), np.sign(largest) * FAR, np.where(np.isnan(largest), NAN, index))
    return frozenset(int(k) for k in index)


@dataclass(frozen=True)
class Region:
    """The cells of each operand at which a result was wrong: a ``finite`` one, or ``other``, an infinity or NaN."""

    finite: Cells = ()
    other: Cells = ()

    def __or__(self, more: "Region") -> "Region":
        return Region(_joined(self.finite, more.finite), _joined(self.other, more.other))

    def covers(self, seen: "Region") -> bool:
        """Whether all that was seen there was seen here, or in a neighbouring binade."""
        return _near(self.finite, seen.finite) and _near(self.other, seen.other)

    def told(self) -> dict[str, list[list[str]]]:
        """Plain data: runs of binades in words.

        >>> Region((frozenset({1099, 1100, 1101, 0, -1103}),)).told()
        {'finite': [['-2^3', '0', '2^-1..2^1']], 'other': []}
        """
        return {
            "finite": [list(_runs(cells)) for cells in self.finite],
            "other": [list(_runs(cells)) for cells in self.other],
        }


def _joined(a: Cells, b: Cells) -> Cells:
    if not a or not b:
        return a or b
    return tuple(x | y for x, y in zip(a, b, strict=True))


def _near(known: Cells, seen: Cells) -> bool:
    if not seen:
        return True
    return len(known) == len(seen) and all(
        all(neighbours(k) & here for k in there) for here, there in zip(known, seen, strict=True)
    )


def neighbours(cell: int) -> set[int]:
    """A binade and those beside it; zero, the infinities and NaN have none.

    >>> sorted(neighbours(1100)), neighbours(0)
    ([1099, 1100, 1101], {0})
    """
    return {cell - 1, cell, cell + 1} if cell and abs(cell) < FAR else {cell}


def _runs(cells: Iterable[int]) -> Iterable[str]:
    left = sorted(cells)
    while left:
        n = 1
        while n < len(left) and left[n] == left[0] + n and left[0] not in NAMES and left[n] not in NAMES:
            n += 1
        names = list(dict.fromkeys(map(_name, (left[0], left[n - 1]))))
        yield "..".join(names if left[0] >= 0 else names[::-1])
        left = left[n:]


def _name(k: int) -> str:
    return NAMES.get(k) or f"{'-' if k < 0 else ''}2^{abs(k) - BIAS}"


def region_from(told: Mapping[str, Sequence[Sequence[str]]]) -> Region:
    """What was told, once more; else a ValueError.

    >>> region_from({"finite": [["-2^1..-2^3"]], "other": []}).finite == (frozenset({-1103, -1102, -1101}),)
    True
    """
    if set(told) != {"finite", "other"}:
        raise ValueError("a region has the cells of finite results and of others")
    kinds = ([frozenset(k for text in runs for k in _cells(text)) for runs in told[n]] for n in ("finite", "other"))
    return Region(*map(tuple, kinds))


def _cells(text: Any) -> Iterable[int]:
    ends = [_cell(part) for part in text.split("..")]
    return range(min(ends), max(ends) + 1)


def _cell(text: str) -> int:
    named = {name: k for k, name in NAMES.items()}.get(text)
    if named is not None:
        return named
    found = re.fullmatch(r"(-?)2\^(-?\d+)", text)
    if not found:
        raise ValueError(f"{text!r} is no binade: 2^3, -2^3, 2^3..2^5, 0, inf, -inf or nan")
    return (-1 if found[1] else 1) * (int(found[2]) + BIAS)
