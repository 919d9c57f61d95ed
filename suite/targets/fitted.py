"""A person's function as a concept calls it: what it takes is given in its own words, and what it lacks is said.

Its signature is read. ``dim`` is ``axis``, an option may be given by position only, and what the function has no
parameter for is *unsupported*: nothing that cannot be asked is counted against it.
"""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import reference
from suite.targets.framework import Function
from suite.targets.protocol import TargetError, Unsupported

# the parameters of other libraries that mean an option of ours
WORDS: Mapping[str, tuple[str, ...]] = {
    "axis": ("axis", "dim"),
    "keepdims": ("keepdims", "keepdim"),
    "correction": ("correction", "ddof"),
}
LAST, ROWS = -1, None  # where a function without an axis works: along the last, or on one row at a time
EMPTY = inspect.Parameter.empty


@dataclass(frozen=True)
class Fitted:
    """``function`` under the name and the options of a concept; ``called`` is what sentences call it.

    ``words``: its own parameter for each option that it takes. ``placed``: those of its parameters that are given by
    position only, with their defaults. ``lacking``: options that it does not take; ``fixed``: the value that it has for
    one of them. ``refused``: features of an ask that it cannot be asked for. ``lone``: it has no batches, each row is a
    call. ``reason``: why it cannot be called at all; ``fault``: why it is broken.
    """

    function: Function
    called: str
    words: Mapping[str, str] = field(default_factory=dict)
    placed: tuple[tuple[str, Any], ...] = ()
    lacking: tuple[str, ...] = ()
    fixed: Mapping[str, object] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()
    lone: bool = False
    reason: str = ""
    fault: str = ""

    @property
    def open(self) -> tuple[str, ...]:
        """What it does not take, and nobody has said which value it has."""
        return tuple(k for k in self.lacking if k not in self.fixed and k != "keepdims")

    def grants(self, options: Mapping[str, object]) -> bool:
        """Whether it can be asked for these options of a concept."""
        return all(k in self.words or self._fixed_at(k, v) for k, v in options.items())

    def _fixed_at(self, option: str, value: object) -> bool:
        return option in self.fixed and bool(self.fixed[option] == value)

    def by_row(self, ndim: int, options: Mapping[str, object]) -> bool:
        """Whether the plain call, rows in a batch, has to be made row by row."""
        without = "axis" in self.lacking and self.fixed.get("axis", LAST) is ROWS
        return self.lone or (without and ndim == 2 and options.get("axis") == LAST)

    def __call__(self, *operands: Any, **options: Any) -> Any:
        if self.reason:
            raise Unsupported(self.reason)
        if self.fault:
            raise TargetError(self.fault)
        if "axis" in options and "axis" in self.lacking:
            self._axis(options["axis"], operands[0].ndim)
        positions, keywords = self.arguments(options)
        return self.function(*operands, *positions, **keywords)

    def _axis(self, axis: object, ndim: int) -> None:
        """The axis that it works along is the one that is asked for."""
        last = (LAST, ndim - 1) if self.fixed.get("axis") == LAST else ()
        if axis not in ((LAST, 0, None) if ndim == 1 else last):
            raise Unsupported(f"{self.called} takes no axis")

    def arguments(self, options: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """What stands behind the operands of its own call: by position, and by keyword."""
        keywords = {}
        for k, v in options.items():
            if k in self.words:
                keywords[self.words[k]] = v
            elif k != "axis" and not (k == "keepdims" and not v) and not self._fixed_at(k, v):
                has = f": it has {k}={self.fixed[k]!r}" if k in self.fixed else ""
                raise Unsupported(f"{self.called} takes no {k}{has}")
        positions = [keywords.pop(name, default) for name, default in self._front(keywords)]
        return positions, keywords

    def _front(self, given: Mapping[str, Any]) -> Sequence[tuple[str, Any]]:
        """The parameters by position, up to the last that is given."""
        last = max((k for k, (name, _) in enumerate(self.placed) if name in given), default=-1)
        return self.placed[: last + 1]


def fitted(name: str, function: Function, called: str, seeded: bool = False) -> Fitted:
    """A function in the place of a concept's; ``seeded``: it is a derivative, and takes a cotangent."""
    ours = inspect.signature(getattr(reference, name)).parameters.values()
    operands = [p.name for p in ours if p.kind is not p.KEYWORD_ONLY]
    options = [p.name for p in ours if p.kind is p.KEYWORD_ONLY] + ["cotangent"] * seeded
    given = keywords_of(function)
    fixed = {k: given[w] for k in options if k != "axis" for w in WORDS.get(k, (k,)) if w in given}
    theirs = parameters(function)
    if theirs is None:  # nothing is known of it but that it can be called
        words = {k: k for k in options if not any(w in given for w in WORDS.get(k, (k,)))}
        return _made(function, called, options, words, (), fixed)
    heads = [p for p in theirs if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)][: len(operands)]
    known = {w for k in options for w in WORDS.get(k, (k,))}
    rest = [p for p in theirs if p not in heads and p.name not in given]
    anything = any(p.kind is p.VAR_KEYWORD for p in theirs)
    names = {p.name for p in rest}
    words = {k: w for k in options for w in reversed(WORDS.get(k, (k,))) if w in names}
    if anything:
        words = {**{k: k for k in options if k not in fixed}, **words}
    variadic = any(p.kind is p.VAR_POSITIONAL for p in theirs)
    placed = tuple((p.name, p.default) for p in rest if p.kind is p.POSITIONAL_ONLY)
    taken = len([p for p in heads if p.name not in known])
    if taken < len(operands) and not variadic:
        what = f"{taken} operand{'s' * (taken != 1)}, {name} has {len(operands)}: {', '.join(operands)}"
        return Fitted(function, called, reason=f"{called} takes {what}")
    if unknown := _required(rest, words.values()):
        told = f"{called} needs {unknown!r}, which {name} has not: give it a value by functools.partial in CONCEPTS"
        return Fitted(function, called, reason=told)
    return _made(function, called, options, words, placed, fixed)


def _required(rest: Sequence[inspect.Parameter], words: Any) -> str:
    """A parameter that no option fills and that has no default."""
    filled = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return next((p.name for p in rest if p.default is EMPTY and p.kind not in filled and p.name not in words), "")


def _made(
    function: Function, called: str, options: Sequence[str], words: Mapping[str, str], placed: Any, fixed: Any
) -> Fitted:
    lacking = tuple(k for k in options if k not in words)
    if "cotangent" in lacking:
        return Fitted(function, called, reason=f"{called} takes no cotangent")
    refused = {"keepdims"} & set(lacking)
    if "axis" in lacking:
        refused |= {"place", "parts", "named", "keepdims"}
    return Fitted(function, called, words, placed, lacking, fixed, frozenset(refused))


def keywords_of(function: Function) -> dict[str, Any]:
    """What functools.partial has given it already."""
    if not isinstance(function, functools.partial):
        return {}
    return {**keywords_of(function.func), **function.keywords}


def parameters(function: Function) -> list[inspect.Parameter] | None:
    """Those of its signature, None where it has none; a module's are those of its ``forward``."""
    try:
        found = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # many functions of extensions
        return None
    forward: Callable[..., Any] | None = getattr(function, "forward", None)
    variadic = all(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in found)
    return parameters(forward) if variadic and callable(forward) else found
