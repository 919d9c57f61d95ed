"""A finding as a few lines of the library's own: the very calls that were judged, and what was got, true and allowed.

The witness is judged once more on a target that writes down its calls and returns traced arrays; what the law refutes
is then an expression in these calls.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from suite.floats import Array
from suite.judge.case import Case
from suite.judge.outcome import Outcome, Refutation
from suite.judge.traced import How, Sides, Traced, bare, traced
from suite.laws.gradient import ordinary
from suite.laws.law import Law
from suite.targets.protocol import (
    CallError,
    Layout,
    Made,
    Shown,
    Target,
    TargetError,
    Unsupported,
    memories,
    way_to_compute,
)
from suite.targets.ways import EAGERLY
from suite.targets.words import listed


@dataclass
class Logged:
    """A call, the number of its rows that are calls of their own, and the shapes of its results."""

    made: Made
    rows: int
    shapes: dict[int, tuple[int, ...]] = field(default_factory=dict)


@dataclass
class Tracing:
    """A target that writes down its calls; what it returns says which call it is of."""

    near: Target
    calls: list[Logged] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.near, name)

    @property
    def raised(self) -> list[int]:
        """The calls that have given no result."""
        return [n for n, call in enumerate(self.calls) if not call.shapes]

    def call(
        self,
        function: str,
        operands: Sequence[Array],
        options: Any,
        layout: Layout = "contiguous",
        *,
        apart: bool = False,
        outputs: int = 1,
        way: str = EAGERLY,
    ) -> tuple[Array, ...]:
        given, taken = bare(list(operands)), way_to_compute(self.near, way)
        alone = (apart or self.near.by_row(function, given, options)) and not (taken and taken.batched)
        n = self._written(Made("", function, tuple(operands), options, way=way), layout, alone)
        found = self.near.call(function, given, options, layout, apart=apart, outputs=outputs, way=way)
        return tuple(self._result(y, n, j if outputs > 1 else -1) for j, y in enumerate(found))

    def derive(
        self,
        way: str,
        function: str,
        operands: Sequence[Array],
        wrt: Sequence[int],
        options: Any,
        *,
        layout: Layout = "contiguous",
        apart: bool = False,
        **seeds: Any,
    ) -> tuple[Array, ...]:
        """Each of its arrays is a result of its own: the derivative by one operand."""
        seeds = {k: bare(s) for k, s in seeds.items()}
        call = Made("", function, tuple(operands), options, way=way, wrt=tuple(wrt), **seeds)
        given = bare(list(operands))
        n = self._written(call, layout, apart or self.near.by_row(function, given, options, True))
        found = self.near.derive(way, function, given, wrt, options, layout=layout, apart=apart, **seeds)
        return tuple(self._result(g, n, wrt[j]) for j, g in enumerate(found[: len(wrt)]))

    def _written(self, call: Made, layout: Layout, apart: bool) -> int:
        memory = () if layout == "contiguous" else memories(layout, bare(list(call.operands)))
        self.calls.append(Logged(replace(call, memory=memory), len(call.operands[0]) if apart else 0))
        return len(self.calls) - 1

    def _result(self, y: Array, n: int, output: int) -> Any:
        self.calls[n].shapes[output] = y.shape
        return traced(y, How(call=(n, output), numbers=np.arange(y.size).reshape(y.shape)))


class Lost(Exception):
    """An array of which it is not known how it was made."""


@dataclass
class Writer:
    """The names of the calls that an expression needs, and its text."""

    log: Tracing
    made: dict[tuple[int, int, int], Made] = field(default_factory=dict)
    wide: dict[str, tuple[str, ...]] = field(default_factory=dict)

    # -- results of calls
    def result(self, call: tuple[int, int], row: int) -> str:
        """The variable of a call's result, once its operands have theirs."""
        key = (*call, row)
        if key not in self.made:
            output, made = call[1], self.log.calls[call[0]].made
            operands = tuple(self.operand(x) for x in made.operands)
            part: dict[str, Any] = {"operand" if made.wrt else "output": output, **self.seeds(made, row)}
            self.made[key] = replace(made, result=f"y{len(self.made)}", operands=operands, row=row, **part)
        return self.made[key].result

    @staticmethod
    def seeds(made: Made, row: int) -> dict[str, Any]:
        pairs = (("cotangent", made.cotangent), ("tangent", made.tangent))
        return {k: s if s is None or row < 0 else s[row, ...] for k, s in pairs}

    def operand(self, x: Array) -> Any:
        """An array, or the name of the result that it is as a whole."""
        how = x.how if isinstance(x, Traced) else None
        if how is None or how.call is None or how.numbers is None or self.log.calls[how.call[0]].rows:
            return bare(x)
        whole = how.numbers.shape == self.log.calls[how.call[0]].shapes[how.call[1]]
        return self.result(how.call, -1) if whole and not how.word else bare(x)

    # -- expressions
    def entry(self, side: Any, index: tuple[int, ...]) -> str:
        """One entry of a side as a number, or what it has there: of a call's result, or of NumPy's making."""
        how = side.how if isinstance(side, Traced) else None
        if how is None or how.call is None or how.numbers is None:
            return f"float({self.text(side)}[{', '.join(map(str, index))}])"
        numbers = np.asarray(how.numbers[index])
        shape, rows = self.log.calls[how.call[0]].shapes[how.call[1]], self.log.calls[how.call[0]].rows
        where = [int(v) for v in np.unravel_index(numbers.flat[0], shape)][: len(shape) - numbers.ndim]
        name = self.result(how.call, where[0] if rows else -1)
        inner = ", ".join(map(str, where[1:] if rows else where))
        text = f"{name}[{inner}]" if inner else name
        return text if numbers.ndim else f"float({text})"

    def text(self, x: Any) -> str:
        """A value in NumPy's words."""
        if isinstance(x, Traced):
            return self.traced(x.how)
        if isinstance(x, np.ndarray):
            return f"np.array({listed(x)})"
        if isinstance(x, (tuple, list)):
            inner = "".join(f"{self.text(v)}, " for v in x)
            return f"[{inner[:-2]}]" if isinstance(x, list) else f"({inner[:-1]})"
        if isinstance(x, (float, np.floating)):
            return listed(x)
        if isinstance(x, (int, str, slice, type(None), type(...), np.integer)):
            return "..." if x is ... else repr(int(x)) if isinstance(x, (np.integer, bool)) else repr(x)
        raise Lost

    def traced(self, how: How | None) -> str:
        if how is None:
            raise Lost
        if not how.word:
            assert how.call is not None
            return self.doubled(how.call)
        named = "".join(f", {k}={self.text(v)}" for k, v in how.named.items())
        first, *rest = map(self.text, how.given)
        sign = SIGNS.get(how.word)
        if sign and len(rest) == 1:
            return f"({first} {sign} {rest[0]})"
        if how.word == ".__getitem__":
            return f"{first}[{rest[0]}]"
        if how.word.startswith("."):
            return f"{first}{how.word}({', '.join(rest)}{named})".replace("(, ", "(")
        if not hasattr(np, how.word.split(".")[1]):
            raise Lost
        return f"{how.word}({', '.join([first, *rest])}{named})"

    def doubled(self, call: tuple[int, int]) -> str:
        """The name of a whole result in float64; of rows that are calls of their own, stacked."""
        rows = self.log.calls[call[0]].rows
        stacked = tuple(self.result(call, r) for r in (range(rows) if rows else (-1,)))
        name = f"r{stacked[0][1:]}"
        self.wide[name] = stacked
        return name


SIGNS = {"np.add": "+", "np.subtract": "-", "np.multiply": "*", "np.divide": "/"}


def reproduction(
    found: Refutation, law: Law, route: str, judged: Callable[[Law, Case, str], Outcome], target: Target
) -> str:
    """A few lines that print what was got with nothing but the library."""
    log = Tracing(target)
    allowed, truth = (
        ("allowed", _decimal(found.allowed)),
        ("truth  ", " to ".join(dict.fromkeys(map(_decimal, found.enclosure)))),
    )
    try:
        seen = _sides(found, law, route, judged, log)
    except (CallError, TargetError, Unsupported):  # what is shown is that it raises
        text, n = Writer(log), log.raised[0]
        text.result((n, -1), 0 if log.calls[n].rows else -1)
        return target.reproduce(Shown(tuple(text.made.values()), beside=(truth, allowed)))
    relation = isinstance(seen.against, Traced)
    text = Writer(log)
    try:
        prints = [("got    ", text.entry(seen.got, seen.index))]
        prints += [("against", text.entry(seen.against, seen.index))] if relation else []
    except Lost:  # the results from which the law makes what it compares
        text = Writer(log)
        every = [(n, k) for n, call in enumerate(log.calls) for k in call.shapes]
        prints = [(f"call {n}", text.result((n, k), 0 if log.calls[n].rows else -1)) for n, k in every]
    beside = (allowed,) if relation else (truth, allowed)
    return target.reproduce(Shown(tuple(text.made.values()), tuple(text.wide.items()), tuple(prints), beside))


def _sides(found: Refutation, law: Law, route: str, judged: Callable[[Law, Case, str], Outcome], log: Tracing) -> Sides:
    """What the law refutes of the witness, traced; of a law that looks at single numbers, at the row it names."""
    refuted = judged(law, found.case.against(log), route).refuted
    place = (found.row, found.index, found.wrt, found.output)
    same = [r for r in refuted if (r.row, r.index, r.wrt, r.output) == place] or refuted
    if same and same[0].sides is not None:
        return same[0].sides
    if log.raised:  # a law may take that for an answer
        raise CallError("it raises")
    r = same[0] if same else found
    case = r.case if r.case.target is log else r.case.against(log)
    got = case.results()[r.output] if r.wrt < 0 else case.grads(ordinary(case))[case.wrt.index(r.wrt)]
    return Sides(got, None, (min(r.row, case.rows - 1), *r.index))


def _decimal(number: str) -> str:
    """A hex float as people read it; what is one already."""
    return repr(float.fromhex(number)) if "0x" in number else number
