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

from suite.floats import Array
from suite.targets.framework import Framework, Function, Native
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

    ``inherited``: the functions that come from the built-in target ``base``.
    """

    name: str
    framework: Framework
    functions: Mapping[str, Function]
    vjps: Mapping[str, Function] = field(default_factory=dict)
    base: str = ""
    inherited: frozenset[str] = frozenset()

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
        native = self._native(operands, layout)

        def run(xs: Sequence[Native]) -> tuple[Array, ...]:
            with self.guarded(where):
                value = f(*xs, **options)
            return self._outputs(value, outputs, operands, where)

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
        f, where = partial(text, **options), f"{self.name}.{function}{self.framework.written}"
        native = self._native(operands, layout)

        def run(xs: Sequence[Native], seed: Array | None, along: Array | None) -> tuple[Array, ...]:
            return tuple(self.framework.derive(taken, f, xs, wrt, seed, along))

        with self.guarded(where):
            found = each(run, native, len(operands[0]) if apart else 0, cotangent, tangent)
            return found if cotangent is None else same_shapes(found, [operands[k] for k in wrt])

    def _native(self, operands: Sequence[Array], layout: Layout) -> list[Native]:
        out: list[Native] = []
        for x, memory in zip(operands, memories(layout, operands), strict=True):
            out.append(out[memory] if isinstance(memory, int) else self.framework.to_native(x, memory))
        return out

    def _outputs(self, value: Any, outputs: int, operands: Sequence[Array], where: str) -> tuple[Array, ...]:
        """As many arrays as the signature has outputs, of the operands' dtype; else the contract is broken."""
        values = (value,) if outputs == 1 else value
        if not isinstance(values, (tuple, list)) or len(values) != outputs:
            raise TargetError(f"{where} returned {kind_of(value)}: return a tuple of {outputs} arrays")
        arrays = tuple(self.framework.from_native(v, where) for v in values)
        expected = next(x.dtype for x in operands if x.dtype.kind not in "iu")
        for dtype in (a.dtype for a in arrays if a.dtype != expected):
            raise TargetError(f"{where} returned {dtype} for {expected} operands: return the operands' dtype")
        return arrays

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
        derived = shown.operand >= 0
        name = shown.function + (self.framework.written if derived else "")
        keywords = "".join(f", {k}={v!r}" for k, v in sorted(shown.options.items()))
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
        if self.name.endswith(".py"):
            return [*imports, "import runpy", f"{name} = runpy.run_path({self.name!r})[{name!r}]"]
        return [*imports, f"from {self.name} import {name}"]


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
