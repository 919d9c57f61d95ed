"""One drawn input, evaluated lazily and once, shared by all laws and routes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from suite.floats import Array
from suite.judge import bound
from suite.judge.problem import Bounded, Problem
from suite.targets.protocol import Target, TargetError

T = TypeVar("T")


@dataclass
class Case(Problem):
    """A problem put to one target: its truth and bounds are shared with every other target, its answers are not."""

    target: Target = field(kw_only=True)
    answers: dict[Any, Any] = field(default_factory=dict, repr=False)  # what this target returned

    def at(self, *inputs: Array) -> "Case":
        """A derived case: the same concept at other inputs (shifted, scaled, permuted, snapped).

        Its truth is kept with this one's, since each target that is judged derives the same.
        """
        key = hash(tuple((x.shape, x.tobytes()) for x in inputs))
        truth: dict[Any, Any] = self.once(("at", key), dict)
        return replace(self, inputs=tuple(inputs), seed=None, memo=truth, answers={})

    def seeded(self, cotangent: Array) -> "Case":
        """The same inputs, to be differentiated with this cotangent."""
        return replace(self, seed=cotangent.astype(self.format.dtype), answers={})

    def flushing(self) -> "Case":
        """The same case judged by a standard that lets subnormal numbers be taken for zero."""
        return replace(self, flush=True)

    def against(self, target: Target) -> "Case":
        """The same case put to another target: the truth is computed once for all."""
        return replace(self, target=target, answers={})

    def take(self, rows: Any) -> "Case":
        """Some rows, with the cotangents they have already."""
        case = self.at(*(x[rows] for x in self.inputs))
        return case if self.drawn is None else case.seeded(self.drawn[rows])

    def few(self, rows: int, entries: int) -> "Case":
        """The first rows, and fewer of them where they are long."""
        longest = max(x[0].size for x in self.inputs)
        return self.take(slice(0, max(1, min(rows, entries // max(longest, 1)))))

    def derived(self, key: str, make: Callable[[], "Case"]) -> "Case":
        """A case that follows from this one, kept with its truth."""
        kept = self.once((key, *self.scope), make)
        return kept if kept.target is self.target else self.answered(key, lambda: kept.against(self.target))

    def unit(self) -> "Case":
        """The same inputs with ones for a cotangent: of a scalar function, the gradient itself."""
        return self.derived("unit", lambda: self.seeded(np.ones(self.value.shape)))

    # -- the target
    def answered(self, key: Any, compute: Callable[[], T]) -> T:
        if key not in self.answers:
            self.answers[key] = compute()
        kept: T = self.answers[key]
        return kept

    def got(self, layout: str = "contiguous") -> Array:
        """The target's first result along one memory layout."""
        return self.results(layout)[0]

    def results(self, layout: str = "contiguous") -> tuple[Array, ...]:
        """All the target's results along one memory layout, in the shapes that the signature gives."""
        return self.answered(("got", layout), lambda: self.shaped(self.call(self.inputs, layout)))

    def shaped(self, results: tuple[Array, ...]) -> tuple[Array, ...]:
        concept, expected = self.concept, self.shapes
        where = f"{self.target.name}.{concept.call_name}"
        if len(results) != len(expected):
            raise TargetError(f"{where} returned {len(results)} results where {concept.signature} has {len(expected)}")
        for got, shape in zip(results, expected, strict=True):
            if got.shape != shape:
                raise TargetError(
                    f"{where} returned shape {got.shape[1:]} where the signature "
                    f"{concept.signature} gives {shape[1:]}: return that shape"
                )
        return results

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shape of each result, by the signature; a dimension that no operand has is the reference's."""
        sizes = self.concept.sizes(self.inputs)
        if all(d in sizes for core in self.concept.outputs for d in core):
            return tuple((self.rows, *(sizes[d] for d in core)) for core in self.concept.outputs)
        return tuple(value.shape for value, _ in self.bounds())

    def call(self, inputs: Sequence[Array], layout: str = "contiguous", **more: Any) -> tuple[Array, ...]:
        """The target's results for these operands; ``more`` are keywords in place of the case's own."""
        c, options = self.concept, {**self.keywords, **more}
        return self.target.call(c.call_name, inputs, options, layout, apart=c.apart, outputs=len(c.outputs))

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
        c = self.concept
        return list(self.target.derive(way, c.call_name, self.inputs, wrt, self.keywords, apart=c.apart, **seeds))

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
        return self.once(("grads", *self.scope), lambda: self.concept.truth.bounded_gradients(self, self.cotangent))

    def saved_grads(self) -> list[Bounded] | None:
        """The bound of the formula that has only the rounded output to go by; None if none is declared."""
        saved = self.concept.freedom.saved
        if saved is None:
            return None
        return self.once(
            ("saved", *self.scope), lambda: bound.gradients(self, (self.concept.backward, saved), self.cotangent)
        )

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
        return self.once(("exact grads", self.scope[0], row, bits), lambda: self._exact_grads(row, bits))

    def _exact_grads(self, row: int, bits: int) -> list[Any]:
        seed = self.cotangent[row : row + 1]
        return [g[0] for g in self.concept.truth.gradient(self.row(row), self.options, seed, self.wrt, bits)]
