"""A library in this process: functions by name, over the arrays and the derivatives that its file defines.

No library is named here. What is peculiar to one (its arrays, its ways, its refusals, its words) is in the file that
defines its FRAMEWORK; this one holds it to its contract: what a target returns is data, and is looked at before it is
believed.
"""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from suite.floats import FORMATS, Array
from suite.targets.fitted import Fitted
from suite.targets.formats import format_of, wider
from suite.targets.framework import Framework, Function, Native
from suite.targets.placing import placed
from suite.targets.protocol import (
    CallError,
    Documented,
    Layout,
    Made,
    Memory,
    Shown,
    TargetError,
    Unsupported,
    contiguous,
    memories,
    way_to_compute,
)
from suite.targets.rows import each
from suite.targets.ways import EAGERLY, Way
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

    def documented(self, function: str) -> Documented | None:
        own = self.name == self.framework.name or function in self.inherited
        return self.framework.documented.get(function) if own else None

    def differentiates(self, function: str) -> bool:
        return function in (self.vjps if self.framework.written else self.functions)

    def refuses(self, function: str) -> frozenset[str]:
        f = self.functions.get(function)
        return f.refused if isinstance(f, Fitted) else frozenset()

    def by_row(
        self, function: str, operands: Sequence[Array], options: Mapping[str, object], derived: bool = False
    ) -> bool:
        f = self._function(function, derived)
        alone = isinstance(f, Fitted) and f.by_row(operands[0].ndim, options)
        if alone and not len(operands[0]):
            raise Unsupported(f"{self.name}.{function} takes one row at a time: without rows there is no call")
        return alone

    def _function(self, function: str, derived: bool) -> Function:
        """The function that is called, for its value or for its derivative."""
        return (self.vjps if derived and self.framework.written else self.functions)[function]

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
        way: str = EAGERLY,
    ) -> tuple[Array, ...]:
        f, where = self.functions[function], f"{self.name}.{function}"
        apart = apart or self.by_row(function, operands, options)
        native, taken = self._native(function, operands, layout), way_to_compute(self, way)

        def run(xs: Sequence[Native]) -> tuple[Array, ...]:
            with self.guarded(where):
                value = f(*xs, **options) if taken is None else self.framework.compute(taken, f, xs, options)
            return self._outputs(value, outputs, operands, where, isinstance(f, Fitted))

        alone = apart and not (taken and taken.batched)
        found = each(run, native, len(operands[0]) if alone else 0)
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
        text, where = self._function(function, True), f"{self.name}.{function}{self.framework.written}"
        f = self._alike(partial(text, **options))
        apart = apart or self.by_row(function, operands, options, True)
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
        apart = apart or self.by_row(function, operands, options)
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
        lines = [line for call in shown.calls for line in self._made(call)]
        for name, stacked in shown.wide:
            parts = [self.framework.wide.format(v) for v in stacked]
            lines.append(f"{name} = {parts[0] if len(parts) == 1 else f'np.array([{chr(44).join(parts)}])'}")
        lines += [f"print({label!r}, {text})" for label, text in shown.prints]
        lines += [f"print({label + ' ' + text!r})" for label, text in shown.beside]
        heads = [line for call in shown.calls for line in self.header(call.function, self._name(call))]
        version = f"print({self.framework.name!r}, {self.framework.version})"
        imports = ["import numpy as np"] if any("np." in line for line in lines) else []
        return "\n".join([*dict.fromkeys([*imports, *heads]), *lines, version])

    def _name(self, call: Made) -> str:
        return call.function + (self.framework.written if call.operand >= 0 else "")

    def _made(self, call: Made) -> list[str]:
        """The lines that give the result of one call its name."""
        names: list[str] = []
        lines: list[str] = []
        for k, x in enumerate(call.operands):
            memory = call.memory[k] if call.memory else None
            if isinstance(x, str):  # an earlier result
                names.append(x)
            elif isinstance(memory, int):  # one array twice
                names.append(names[memory])
            else:
                names.append(f"x{call.result.lstrip('y')}_{k}")
                lines.append(f"{names[-1]} = {self._placed(x, memory, call.row)}")
        keywords = self._behind(call)
        text = f"{self._name(call)}({', '.join(names)}{keywords})"
        after: Sequence[str] = ()
        if call.operand >= 0:
            before, text = self.framework.differentiated(self._name(call), names, keywords, call)
            lines += before
        elif call.way != EAGERLY:
            before, text, after = self.framework.computed(self._name(call), names, keywords, call.way)
            lines += before
        if call.operand < 0 and call.output >= 0:
            text += f"[{call.output}]"
        return [*lines, f"{call.result} = {text}", *after]

    def _behind(self, call: Made) -> str:
        """What stands behind the operands, in the function's own words."""
        f = self._function(call.function, call.operand >= 0)
        positions, keywords = f.arguments(call.options) if isinstance(f, Fitted) else ([], call.options)
        return "".join([*(f", {v!r}" for v in positions), *(f", {k}={v!r}" for k, v in sorted(keywords.items()))])

    def _placed(self, x: Array, memory: Memory | None, row: int) -> str:
        if memory is None or memory == contiguous(x.ndim):
            return self.framework.literal(x if row < 0 else x[row, ...])
        text = placed(x, memory, self.framework.literal, *self.framework.moves)
        return text if row < 0 else f"{text}[{row}, ...]"

    def header(self, function: str, name: str = "") -> list[str]:
        """The lines after which ``name`` (of the function, unless it is that of its derivative) can be called."""
        name, imports = name or function, self.framework.imports
        if self.name == self.framework.name or function in self.inherited:
            return [*imports, *self.framework.defined(name, self.functions.get(name))]
        return [*imports, *self.sources.get(name, (f"from {self.name} import {name}",))]


def same_shapes(gradients: tuple[Array, ...], operands: Sequence[Array]) -> tuple[Array, ...]:
    """A gradient has its operand's shape; anything else is a broken contract."""
    for g, x in zip(gradients, operands, strict=True):
        if g.shape != x.shape:
            raise TargetError(f"a gradient has shape {g.shape} for an operand of shape {x.shape}: return that shape")
    return gradients
