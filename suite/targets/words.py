"""The words that targets share: of what a function returned or raised, and of the texts that reproductions print."""

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


def kind_of(value: object) -> str:
    """What a function returned in place of an array."""
    if value is None:
        return "None"
    kind = type(value)
    return f"a {kind.__qualname__}" if kind.__module__ == "builtins" else f"a {kind.__module__}.{kind.__qualname__}"


def first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def listed(x: Any) -> str:
    """An array as nested lists, integers as such, each float by its shortest decimal.

    >>> listed(np.array([[1.5, -np.inf]]))
    "[[1.5, float('-inf')]]"
    """
    x = np.asarray(x)
    if x.dtype.kind in "iu":
        return repr(x.tolist())
    if x.ndim:
        return "[" + ", ".join(listed(v) for v in x) + "]"
    v = float(x)
    return repr(v) if np.isfinite(v) else f"float({str(v)!r})"


def head(name: str, f: Callable[..., Any]) -> str:
    """The first line of a function's text, annotated with ``Any`` alone, so that it needs no other import.

    >>> head("softmax", lambda x, *, axis=-1: x)
    'def softmax(x: Any, *, axis: Any = -1) -> Any:'
    """
    said: list[str] = []
    for p in inspect.signature(f).parameters.values():
        if p.kind is p.KEYWORD_ONLY and "*" not in said:
            said.append("*")
        default = json.dumps(p.default) if isinstance(p.default, str) else repr(p.default)
        said.append(f"{p.name}: Any" + ("" if p.default is p.empty else f" = {default}"))
    return f"def {name}({', '.join(said)}) -> Any:"


@dataclass(frozen=True)
class Renamed:
    """A function of a library under the names that concepts use: ``words`` are the library's for some of the options.

    >>> cumsum = Renamed(np.add.accumulate, ("x",), {"along": 0}, {"along": "axis"})
    >>> cumsum([[1, 2], [3, 4]], along=1).tolist(), cumsum.arguments
    ([[1, 3], [3, 7]], ['x', 'axis=along'])
    """

    function: Callable[..., Any]
    operands: tuple[str, ...]
    options: Mapping[str, object]  # with their defaults
    words: Mapping[str, str]

    def __call__(self, *operands: Any, **options: Any) -> Any:
        return self.function(*operands, **{self.words.get(k, k): v for k, v in {**self.options, **options}.items()})

    @property
    def arguments(self) -> list[str]:
        """What is written between the parentheses of the library's own call."""
        return [*self.operands, *(f"{self.words.get(k, k)}={k}" for k in self.options)]

    @property
    def __signature__(self) -> inspect.Signature:
        positional = [inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD) for n in self.operands]
        keyword = [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=d) for n, d in self.options.items()]
        return inspect.Signature([*positional, *keyword])
