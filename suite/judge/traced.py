"""Arrays that remember what they were made of, so that a refutation is shown as the calls that it is about.

A law computes with what the target returned. Judged once more on traced results, both sides of what it refutes are
expressions in calls: nothing of a law is written down twice for the sake of its reproductions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from suite.floats import Array

# what only takes, moves or repeats entries: an entry of it is an entry of the result of a call
SELECTING = frozenset(
    f"{front}{name}"
    for front in (".", "np.")
    for name in (
        "__getitem__", "reshape", "transpose", "swapaxes", "ravel", "flatten", "copy", "squeeze", "take", "roll",
        "broadcast_to", "expand_dims", "ascontiguousarray", "take_along_axis", "flip",
    )
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class How:
    """How an array was made: by a call (``word`` is empty), else by a word of NumPy from ``given``.

    ``call``: the number of the call whose entries it has, and which of its results; ``numbers``: which entries.
    """

    word: str = ""
    given: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)
    call: tuple[int, int] | None = None
    numbers: Array | None = None


class Traced(np.ndarray):
    """An array with its ``how``; None where that is lost."""

    how: How | None

    def __array_finalize__(self, whole: Any) -> None:
        self.how = None

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **more: Any) -> Any:
        out = more.pop("out", None)
        word = f"np.{ufunc.__name__}" + ("" if method == "__call__" else f".{method}")
        found = applied(word, getattr(ufunc, method), inputs, more)
        if out is None:
            return found
        (place,) = out
        bare(place)[...] = found
        if isinstance(place, Traced):
            place.how = getattr(found, "how", None)
        return place

    def __array_function__(self, function: Any, types: Any, given: Any, named: Any) -> Any:
        room = ".linalg" if function.__module__ == "numpy.linalg" else ""
        return applied(f"np{room}.{function.__name__}", function, given, named)

    def __setitem__(self, index: Any, value: Any) -> None:
        self.how = None
        bare(self)[bare(index)] = bare(value)

    @property
    def T(self) -> Any:
        return self.transpose()

    def astype(self, dtype: Any, *given: Any, **named: Any) -> Any:
        """Numbers of a result stay what they are in a wider format."""
        wider = np.dtype(dtype) == np.float64 or np.dtype(dtype) == self.dtype
        found = np.ndarray.astype(bare(self), dtype, *given, **named)
        return traced(found, self.how if wider else None)


def _method(name: str) -> Callable[..., Any]:
    def run(self: Traced, *given: Any, **named: Any) -> Any:
        return applied(f".{name}", getattr(np.ndarray, name), (self, *given), named)

    return run


for _name in ("__getitem__", "reshape", "transpose", "swapaxes", "ravel", "flatten", "copy", "squeeze", "take", "sum",
              "max", "min", "mean", "clip", "cumsum"):  # fmt: skip
    setattr(Traced, _name, _method(_name))


def traced(value: Array, how: How | None) -> Any:
    out = np.asarray(value).view(Traced)
    out.how = how
    return out


def bare(value: Any) -> Any:
    """The same without its trace, inside lists and tuples too."""
    if isinstance(value, Traced):
        return value.view(np.ndarray)
    return type(value)(map(bare, value)) if type(value) in (list, tuple) else value


def applied(word: str, function: Callable[..., Any], given: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
    """What the function gives, with its trace; a single number has none."""
    plain = {k: bare(v) for k, v in named.items()}
    found = function(*bare(tuple(given)), **plain)
    if not isinstance(found, np.ndarray):
        return found
    source = given[0].how if given and isinstance(given[0], Traced) else None
    if word not in SELECTING or source is None or source.numbers is None:
        return traced(found, How(word, tuple(given), dict(named)))
    return traced(
        found, How(word, tuple(given), dict(named), source.call, function(source.numbers, *bare(given[1:]), **plain))
    )


@dataclass(frozen=True, eq=False)
class Sides:
    """What a refutation is about: an entry of what was got and, in a relation, of what it is held against."""

    got: Any
    against: Any
    index: tuple[int, ...]


def sides(index: tuple[int, ...], got: Any, against: Any = None) -> Sides | None:
    """Both sides where they are traced; nothing in an ordinary judgement."""
    return Sides(got, against, index) if isinstance(got, Traced) or isinstance(against, Traced) else None


def spread(x: Any, shape: tuple[int, ...]) -> Any:
    """To this shape, where it has another."""
    return x if np.shape(x) == shape else np.broadcast_to(x, shape)
