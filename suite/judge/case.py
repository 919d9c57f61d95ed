"""One drawn input, evaluated lazily and once, shared by all laws and routes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from suite.draw.asks import PLAIN, Ask
from suite.floats import Array, precision
from suite.judge import bound
from suite.judge.asking import Asking, fitted
from suite.judge.problem import Bounded, Problem
from suite.targets.protocol import Target, TargetError

T = TypeVar("T")


@dataclass
class Case(Problem):
    """A problem put to one target: its truth and bounds are shared with every other target, its answers are not."""

    target: Target = field(kw_only=True)
    origin: "Case | None" = field(default=None, repr=False)  # of an asked call: the plain one, of these rows and others
    answers: dict[Any, Any] = field(default_factory=dict, repr=False)  # what this target returned

    def at(self, *inputs: Array) -> "Case":
        """A derived case: the same concept at other inputs (shifted, scaled, permuted, snapped).

        Its truth is kept with this one's, since each target that is judged derives the same.
        """
        if self.ask != PLAIN:  # what is to be alike stays alike
            inputs = tuple(fitted(self.concept, self.ask, inputs))
        key = hash(tuple((x.shape, x.tobytes()) for x in inputs))
        truth: dict[Any, Any] = self.once(("at", key), dict)
        return replace(self, inputs=tuple(inputs), seed=None, memo=truth, answers={}, origin=None)

    def seeded(self, cotangent: Array) -> "Case":
        """The same inputs, to be differentiated with this cotangent."""
        return replace(self, seed=cotangent.astype(self.format.dtype), answers={}, origin=None)

    def flushing(self) -> "Case":
        """The same case judged by a standard that lets subnormal numbers be taken for zero."""
        return replace(self, flush=True)

    def against(self, target: Target) -> "Case":
        """The same case put to another target: the truth is computed once for all."""
        origin = None if self.origin is None else self.origin.against(target)
        return replace(self, target=target, answers={}, origin=origin)

    def take(self, rows: Any) -> "Case":
        """Some rows, with the cotangents they have already."""
        case = self.at(*(x[rows] for x in self.inputs))
        return case if self.drawn is None else case.seeded(self.drawn[rows][: case.rows])

    def few(self, rows: int, entries: int) -> "Case":
        """The first rows, and fewer of them where they are long."""
        longest = max(x[0].size for x in self.inputs)
        return self.take(slice(0, max(1, min(rows, entries // max(longest, 1)))))

    def unit(self) -> "Case":
        """The same inputs with ones for a cotangent: of a scalar function, the gradient itself."""
        return self.answered(("unit", *self.scope), lambda: self.seeded(np.ones(self.value.shape)))

    # -- the target
    def answered(self, key: Any, compute: Callable[[], T]) -> T:
        if key not in self.answers:
            self.answers[key] = compute()
        kept: T = self.answers[key]
        return kept

    @property
    def asking(self) -> Asking:
        """The shapes of the call that the ask makes."""
        return Asking(self.concept, self.ask, self.rows, self.concept.sizes(self.inputs))

    def asked(self, ask: Ask) -> "Case":
        """As many of the rows as the ask can arrange, to be asked for in that way; alike where one stands for many."""
        inputs = fitted(self.concept, ask, self.inputs)
        rows = len(inputs[0])
        same = all(np.array_equal(x[:rows], y, equal_nan=True) for x, y in zip(self.inputs, inputs, strict=True))
        if same and rows == self.rows:
            return replace(self, ask=ask, answers={}, origin=self)
        case = self.take(slice(0, rows)) if same else self.at(*inputs)
        return replace(case, ask=ask, origin=self if same else None)

    @property
    def refusable(self) -> bool:
        """A library may refuse to be called so: other integers for labels, all axes at once, a loss of many axes."""
        several = self.ask.parts > 1 and self.concept.apart
        return self.ask.labels != PLAIN.labels or self.ask.named == "none" or several

    def plainly(self) -> "Case":
        """The same rows by the plain call."""
        return self.answered("plain", lambda: replace(self, ask=PLAIN, answers={}))

    def plain_results(self) -> tuple[Array, ...]:
        """What the plain call gives for these rows, among others where it was made with others."""
        made = self.origin or self.plainly()
        return tuple(y[: self.rows] for y in made.results())

    def plain_grads(self, way: str) -> list[Array]:
        """The same of the derivative."""
        made = self.origin or self.plainly()
        return [g[: self.rows] for g in made.grads(way)]

    def got(self) -> Array:
        """The target's first result."""
        return self.results()[0]

    def results(self) -> tuple[Array, ...]:
        """All the target's results, as the ask has them called, in rows and the shapes that the signature gives."""
        return self.answered("results", lambda: self.call(self.inputs) if self.ask == PLAIN else self._asked())

    def call(self, inputs: Sequence[Array]) -> tuple[Array, ...]:
        """The target's results for these operands by the plain call."""
        c = self.concept
        found = self.target.call(c.call_name, inputs, self.keywords, apart=c.apart, outputs=len(c.outputs))
        for got, shape in zip(found, self.shapes, strict=True):
            self._held(got.shape, shape)
        return found

    def _asked(self) -> tuple[Array, ...]:
        c, a = self.concept, self.asking
        xs = a.operands(self.inputs)
        options = {**self.options, **a.keywords}
        found = self.target.call(c.call_name, xs, options, a.memory(xs), apart=a.apart, outputs=len(c.outputs))
        for got, core in zip(found, c.outputs, strict=True):
            if all(d in a.sizes for d in core):
                self._held(got.shape, a.shape(core))
        return tuple(a.result(got, core) for got, core in zip(found, c.outputs, strict=True))

    def _held(self, got: tuple[int, ...], shape: tuple[int, ...]) -> None:
        """To the shape that the signature gives."""
        apart = int(self.concept.apart or self.ask.rank == 0 or self.ask == PLAIN)
        if got != shape:
            raise TargetError(
                f"{self.target.name}.{self.concept.call_name} returned shape {got[apart:]} where the signature "
                f"{self.concept.signature} gives {shape[apart:]}: return that shape"
            )

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shape of each result, by the signature; a dimension that no operand has is the reference's."""
        sizes = self.concept.sizes(self.inputs)
        if all(d in sizes for core in self.concept.outputs for d in core):
            return tuple((self.rows, *(sizes[d] for d in core)) for core in self.concept.outputs)
        return tuple(value.shape for value, _ in self.bounds())

    def grads(self, way: str) -> list[Array]:
        """The target's own derivative: one array per differentiable operand."""
        return self.answered(("grads", way), lambda: self._derived(way, self.wrt, cotangent=self.cotangent))

    def pushed(self, way: str, operand: int, tangent: Array) -> Array:
        """The target's own derivative along a tangent of one operand, by forward mode."""
        return self._derived(way, [operand], tangent=tangent)[0]

    def twice(self, way: str, operand: int, direction: Array) -> Array:
        """The target's own derivative, along a direction, of its gradient in one operand."""
        return self._derived(way, [operand], cotangent=self.cotangent, tangent=direction)[0]

    def _derived(self, way: str, wrt: Sequence[int], **seeds: Array) -> list[Array]:
        c, a = self.concept, self.asking
        if self.ask == PLAIN:
            return list(self.target.derive(way, c.call_name, self.inputs, wrt, self.keywords, apart=c.apart, **seeds))
        if self.refusable:
            self.results()  # it may say so in the shape of its result
        xs, options = a.operands(self.inputs), {**self.options, **a.keywords}
        laid = {name: a.seed(g, c.result) for name, g in seeds.items()}  # a cotangent alone is asked for in other ways
        found = self.target.derive(way, c.call_name, xs, wrt, options, layout=a.memory(xs, True), apart=a.apart, **laid)
        return [a.back(a.given(g, k), c.cores[k]) for g, k in zip(found, wrt, strict=True)]

    @property
    def cotangent(self) -> Array:
        """What the derivative is seeded with."""
        if self.seed is not None:
            return self.seed
        return self.once("cotangent", lambda: self.cotangent_of(self.shapes[0]))

    # -- tier 1: running error
    def bounds(self) -> tuple[Bounded, ...]:
        """Value and required bound of each result: the largest running error among all sound algorithms."""
        return self.once(("bounds", self.flush), lambda: self.concept.truth.bounds(self))

    def bounded(self) -> Bounded:
        """Of the first result."""
        return self.bounds()[0]

    @property
    def value(self) -> Array:
        return self.bounded()[0]

    def lenient(self) -> Array | None:
        """The bound of algorithms in wide use that a better one of like cost beats; None if none is declared."""
        return self.once(("lenient", self.flush), lambda: bound.lenient(self, self.value))

    def ideal(self) -> tuple[Array, ...]:
        """The bound of the best algorithm of ordinary cost, for the report."""
        return self.once(("ideal", self.flush), lambda: bound.ideal(self))

    def bounded_grads(self) -> list[Bounded]:
        """(value, required bound) per differentiable operand, by the sound backward formulas."""
        return self.once(("grads", *self.scope), lambda: self.gathered(self._bounded_grads()))

    def _bounded_grads(self) -> list[Bounded]:
        return self.concept.truth.bounded_gradients(self, self.cotangent)

    def gathered(self, found: list[Bounded]) -> list[Bounded]:
        """Where an operand is broadcast, its derivative is a sum over rows, which is rounded as sums are."""
        if not self.ask.stretched:
            return found
        return [bound.summed(self, self.asking, k, *found[j]) for j, k in enumerate(self.wrt)]

    def saved_grads(self) -> list[Bounded] | None:
        """The bound of the formula that has only the rounded output to go by; None if none is declared."""
        saved = self.concept.freedom.saved
        if saved is None:
            return None
        texts = (self.concept.backward, saved)
        return self.once(("saved", *self.scope), lambda: self.gathered(bound.gradients(self, texts, self.cotangent)))

    def widest_grads(self) -> list[Array]:
        """The bound per differentiable operand of any formula, the saved one among them."""
        required, saved = self.bounded_grads(), self.saved_grads()
        return [np.maximum(e, s[1]) for (_, e), s in zip(required, saved or required, strict=True)]

    # -- the truth
    def exact(self, row: int, bits: int, output: int = 0) -> Any:
        """The definition at one row, as an object array of balls."""
        return self.once(("exact", row, bits), lambda: self._exact(row, bits))[output]

    def _exact(self, row: int, bits: int) -> tuple[Any, ...]:
        found = self.concept.truth.enclose(self.row(row), self.options, bits)
        pairs = zip(found, self.bounds(), strict=True)
        return tuple(np.broadcast_to(y, (1, *value.shape[1:]))[0] for y, (value, _) in pairs)

    def exact_grads(self, row: int, bits: int) -> list[Any]:
        """The exact derivative at one row: never through the reference."""
        key = ("exact grads", self.scope[0], self.ask.stretched, row, bits)
        return self.once(key, lambda: self._exact_grads(row, bits))

    def _exact_grads(self, row: int, bits: int) -> list[Any]:
        if not self.ask.stretched:
            return self._row_grads(row, bits)
        together = [self.asking.together(row, k) for k in self.wrt]
        with precision(bits):
            return [np.sum([self._row_grads(r, bits)[j] for r in rows], axis=0) for j, rows in enumerate(together)]

    def _row_grads(self, row: int, bits: int) -> list[Any]:
        seed = self.cotangent[row : row + 1]
        return [g[0] for g in self.concept.truth.gradient(self.row(row), self.options, seed, self.wrt, bits)]
