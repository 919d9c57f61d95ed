"""A library in this process: functions by name, over the arrays and the derivatives that its file defines.

No library is named here. What is peculiar to one (its arrays, its ways, its refusals, its words) is in the file that
defines its FRAMEWORK; this one holds it to its contract: what a target returns is data, and is looked at before it is
believed.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from suite.floats import FORMATS, Array
from suite.targets.fitted import Fitted
from suite.targets.formats import format_of, wider
from suite.targets.framework import Framework, Function, Native
from suite.targets.lone import by_row, rows_of
from suite.targets.placing import placed
from suite.targets.protocol import (
    CallError,
    Layout,
    Shown,
    TargetError,
    Unsupported,
    Way,
    contiguous,
    memories,
)
from suite.targets.words import first_line, kind_of


@dataclass(frozen=True)
class Library:
    """Named functions over one framework's arrays; ``vjps`` are derivatives that a person wrote beside them.

    ``inherited``: the functions that come from the built-in target ``base``. ``dtypes``: the formats of a function that
    is not for all. ``sources``: the lines that define a name of a person's own in a reproduction.
    """

    name: str
    framework: Framework
    functions: Mapping[str, Function]
    vjps: Mapping[str, Function] = field(default_factory=dict)
    base: str = ""
    inherited: frozenset[str] = frozenset()
    dtypes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def device(self) -> str:
        return self.framework.device

    @property
    def ways(self) -> tuple[Way, ...]:
        return self.framework.ways

    @property
    def layouts(self) -> tuple[str, ...]:
        return self.framework.layouts

    @property
    def flushes(self) -> bool:
        return self.framework.flushes

    def supports(self, function: str) -> bool:
        return function in self.functions

    def differentiates(self, function: str) -> bool:
        return function in (self.vjps if self.framework.written else self.functions)

    def refuses(self, function: str) -> frozenset[str]:
        f = self.functions.get(function)
        return f.refused if isinstance(f, Fitted) else frozenset()

    def describe(self) -> Mapping[str, object]:
        return self.framework.describe()

    # -- calls
    def call(
        self,
        function: str,
        operands: Sequence[Array],
        options: Mapping[str, object],
        layout: Layout = "contiguous",
        *,
        apart: bool = False,
        outputs: int = 1,
    ) -> tuple[Array, ...]:
        f, where = self.functions[function], f"{self.name}.{function}"
        apart = apart or by_row(f, operands, options)
        native = self._native(function, operands, layout)

        def run(xs: Sequence[Native]) -> tuple[Array, ...]:
            with self.guarded(where):
                value = f(*xs, **options)
            return self._outputs(value, outputs, operands, where, isinstance(f, Fitted))

        found = each(run, native, len(operands[0]) if apart else 0)
        if layout == "contiguous":
            self._untouched(native, operands, where)
        return found

    def derive(
        self,
        way: str,
        function: str,
        operands: Sequence[Array],
        wrt: Sequence[int],
        options: Mapping[str, object],
        *,
        cotangent: Array | None = None,
        tangent: Array | None = None,
        layout: Layout = "contiguous",
        apart: bool = False,
    ) -> tuple[Array, ...]:
        taken = next((w for w in self.ways if w.name == way and w.gives(cotangent, tangent)), None)
        if taken is None:
            raise Unsupported(f"{self.name} has no such derivative by {way!r}")
        text = (self.vjps if self.framework.written else self.functions)[function]
        f, where = self._alike(partial(text, **options)), f"{self.name}.{function}{self.framework.written}"
        apart = apart or by_row(text, operands, options)
        native = self._native(function, operands, layout)

        def run(xs: Sequence[Native], seed: Array | None, along: Array | None) -> tuple[Array, ...]:
            return tuple(self.framework.derive(taken, f, xs, wrt, seed, along))

        with self.guarded(where):
            found = each(run, native, len(operands[0]) if apart else 0, cotangent, tangent)
            return found if cotangent is None else same_shapes(found, [operands[k] for k in wrt])

    def _alike(self, f: Function) -> Function:
        """Where a library differentiates a function that promotes, its result comes back to the operands' format."""
        if self.framework.written:
            return f

        def g(*xs: Native) -> Native:
            y = f(*xs)
            same = getattr(y, "dtype", None) == getattr(xs[0], "dtype", None)
            return y if same else self.framework.like(y, xs[0])

        return g

    def _native(self, function: str, operands: Sequence[Array], layout: Layout) -> list[Native]:
        formats, own = self.dtypes.get(function), format_of(operands)
        if formats is not None and own not in formats:
            raise Unsupported(f"{self.name}.{function}: DTYPES has {', '.join(formats) or 'nothing'}, not {own}")
        out: list[Native] = []
        for x, memory in zip(operands, memories(layout, operands), strict=True):
            out.append(out[memory] if isinstance(memory, int) else self.framework.to_native(x, memory))
        return out

    def _outputs(
        self, value: Any, outputs: int, operands: Sequence[Array], where: str, promotes: bool
    ) -> tuple[Array, ...]:
        """As many arrays as the signature has outputs, of the operands' dtype; else the contract is broken.

        A function that ``promotes`` may return a wider format: its values are rounded to the operands', once.
        """
        values = (value,) if outputs == 1 else value
        if not isinstance(values, (tuple, list)) or len(values) != outputs:
            raise TargetError(f"{where} returned {kind_of(value)}: return a tuple of {outputs} arrays")
        arrays = tuple(self.framework.from_native(v, where) for v in values)
        expected = format_of(operands)
        for name in (a.dtype.name for a in arrays if a.dtype.name != expected):
            if not (promotes and wider(name, expected)):
                told = "return the operands' dtype, or name the formats in DTYPES"
                raise TargetError(f"{where} returned {name} for {expected} operands: {told}")
        return tuple(a if a.dtype.name == expected else FORMATS[expected].round(a) for a in arrays)

    def returned(
        self, function: str, operands: Sequence[Array], options: Mapping[str, object], *, apart: bool = False
    ) -> str:
        """The format of the result as it comes."""
        f = self.functions[function]
        native = self._native(function, operands, "contiguous")
        apart = apart or by_row(f, operands, options)
        with self.guarded(f"{self.name}.{function}"):
            value = f(*(x[0, ...] if apart else x for x in native), **options)
        first = value[0] if isinstance(value, (tuple, list)) else value
        return str(self.framework.from_native(first, f"{self.name}.{function}").dtype.name)

    def _untouched(self, native: Sequence[Native], operands: Sequence[Array], where: str) -> None:
        """A function that writes into its operands is broken, whatever it returns."""
        for k, (x, before) in enumerate(zip(native, operands, strict=True)):
            if self.framework.from_native(x, "an operand").tobytes() != before.tobytes():
                raise TargetError(f"{where} writes into operand {k}: work on a copy")

    @contextlib.contextmanager
    def guarded(self, where: str) -> Iterator[None]:
        """What a target raises becomes *unsupported* where it says so, else one sentence."""
        try:
            with np.errstate(all="ignore"):
                yield
        except TargetError as error:
            raise TargetError(f"{where}: {error}") from error
        except Unsupported:
            raise
        except NotImplementedError as error:  # Python's own word for it
            raise Unsupported(f"{where}: {first_line(error)}") from error
        except (Exception, SystemExit) as error:  # a function that calls sys.exit ends itself, not the audit
            text = first_line(error)
            if any(word in text.lower() for word in self.framework.refusals):
                raise Unsupported(f"{where}: {text}") from error
            raise CallError(f"{where} raised {type(error).__name__}: {text}") from error

    # -- reproductions
    def reproduce(self, shown: Shown) -> str:
        alone = by_row(self.functions.get(shown.function), shown.calls[0], shown.options)
        return "\n".join(map(self._shown, rows_of(shown) if alone else (shown,)))

    def _shown(self, shown: Shown) -> str:
        derived = shown.operand >= 0
        name = shown.function + (self.framework.written if derived else "")
        keywords = self._behind(shown, derived)
        lines = self.header(shown.function, name)
        for n, operands in enumerate(shown.calls):
            names = [f"x{n}_{k}" for k in range(len(operands))]
            lines += [
                f"{v} = {self._placed(x, k, shown, names)}"
                for k, (v, x) in enumerate(zip(names, operands, strict=True))
            ]
            plain = [f"print({name}({', '.join(names)}{keywords}))"]
            lines += self.framework.differentiated(name, names, keywords, shown) if derived else plain
        return "\n".join(lines)

    def _behind(self, shown: Shown, derived: bool) -> str:
        """What stands behind the operands, in the function's own words."""
        f = (self.vjps if derived and self.framework.written else self.functions).get(shown.function)
        told = f.arguments(shown.options) if isinstance(f, Fitted) else ([], shown.options)
        return "".join([*(f", {v!r}" for v in told[0]), *(f", {k}={v!r}" for k, v in sorted(told[1].items()))])

    def _placed(self, x: Array, operand: int, shown: Shown, names: Sequence[str]) -> str:
        memory = shown.memory[operand] if shown.memory else contiguous(x.ndim)
        if isinstance(memory, int):  # one array twice
            return names[memory]
        return placed(x, memory, self.framework.literal, *self.framework.moves)

    def header(self, function: str, name: str = "") -> list[str]:
        """The lines after which ``name`` (of the function, unless it is that of its derivative) can be called."""
        name, imports = name or function, self.framework.imports
        if self.name == self.framework.name or function in self.inherited:
            return [*imports, *self.framework.defined(name, self.functions.get(name))]
        return [*imports, *self.sources.get(name, (f"from {self.name} import {name}",))]


def each(
    run: Callable[..., tuple[Array, ...]], native: Sequence[Native], apart: int, *seeds: Array | None
) -> tuple[Array, ...]:
    """One call for the whole batch, or for so many rows ``apart`` one for each, stacked."""
    if not apart:
        return run(native, *seeds)

    def row(i: int) -> tuple[Array, ...]:
        """x[i, ...]: a row of numbers is an array without axes, not a number."""
        return run([x[i, ...] for x in native], *(s if s is None else s[i, ...] for s in seeds))

    return tuple(np.stack(column) for column in zip(*map(row, range(apart)), strict=True))


def same_shapes(gradients: tuple[Array, ...], operands: Sequence[Array]) -> tuple[Array, ...]:
    """A gradient has its operand's shape; anything else is a broken contract."""
    for g, x in zip(gradients, operands, strict=True):
        if g.shape != x.shape:
            raise TargetError(f"a gradient has shape {g.shape} for an operand of shape {x.shape}: return that shape")
    return gradients
