"""What is known of a problem before any target is asked: its value with bounds, and the truth in balls."""

from collections.abc import Callable
from typing import Any

import numpy as np

from suite.floats import Array, precision
from suite.judge import bound
from suite.judge.asking import Asking
from suite.judge.problem import Bounded, Problem


class Oracle(Problem):
    """A problem and its answers: running errors say within which bound, balls where the truth is."""

    @property
    def asking(self) -> Asking:
        """The shapes of the call that the ask makes."""
        return Asking(self.concept, self.ask, self.rows, self.concept.sizes(self.inputs))

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shape of each result, by the signature; a dimension that no operand has is the reference's."""
        sizes = self.concept.sizes(self.inputs)
        if all(d in sizes for core in self.concept.outputs for d in core):
            return tuple((self.rows, *(sizes[d] for d in core)) for core in self.concept.outputs)
        return tuple(value.shape for value, _ in self.bounds())

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

    def conventions(self) -> tuple[Bounded, ...]:
        """(value, bound) of the first result by other definitions that are as good."""
        return self.once(("conventions", self.flush), lambda: bound.conventions(self))

    def ideal(self) -> tuple[Array, ...]:
        """The bound of the best algorithm of ordinary cost, for the report."""
        return self.once(("ideal", self.flush), lambda: bound.ideal(self))

    def bounded_grads(self) -> list[Bounded]:
        """(value, required bound) per differentiable operand, by the sound backward formulas."""
        return self.gathered("grads", lambda: self.concept.truth.bounded_gradients(self, self.cotangent))

    def gathered(self, name: str, bounded: Callable[[], list[Bounded]]) -> list[Bounded]:
        """Bounds of the rows, computed once for all asks; where an entry stands for many, of the sum of theirs."""
        seed, flush, ask = self.scope
        return self.once((name, seed, flush, ask), lambda: self._summed(self.once((name, seed, flush), bounded)))

    def _summed(self, rows: list[Bounded]) -> list[Bounded]:
        """A derivative by an entry that stands for many is the sum of theirs, which is rounded as sums are."""
        found = list(rows)
        if self.asking.doubled:
            found[:2] = [bound.added(self, found[0], found[1])] * 2
        if not self.ask.stretched:
            return found
        return [bound.summed(self, self.asking, k, *found[j]) for j, k in enumerate(self.wrt)]

    def saved_grads(self) -> list[Bounded] | None:
        """The bound of the formula that has only the rounded output to go by; None if none is declared."""
        saved = self.concept.freedom.saved
        if saved is None:
            return None
        texts = (self.concept.backward, saved)
        return self.gathered("saved", lambda: bound.gradients(self, texts, self.cotangent))

    def composed_grads(self) -> list[Bounded]:
        """The same, and that of reverse mode through any sound text for the value, however much it loses."""
        return self.gathered("composed", self._composed_grads)

    def _composed_grads(self) -> list[Bounded]:
        saved, values = self.concept.freedom.saved, bound.texts(self)
        texts = (self.concept.backward, *((saved,) if saved else ()))
        return bound.gradients(self, texts, self.cotangent, values, np.inf)

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
        key = ("exact grads", self.scope[0], self.ask.stretched, self.ask.shared, row, bits)
        return self.once(key, lambda: self._exact_grads(row, bits))

    def _exact_grads(self, row: int, bits: int) -> list[Any]:
        if not self.ask.stretched:
            found = self._row_grads(row, bits)
            if self.asking.doubled:
                with precision(bits):
                    found[:2] = [found[0] + found[1]] * 2
            return found
        together = [self.asking.together(row, k) for k in self.wrt]
        with precision(bits):
            return [np.sum([self._row_grads(r, bits)[j] for r in rows], axis=0) for j, rows in enumerate(together)]

    def _row_grads(self, row: int, bits: int) -> list[Any]:
        seed = self.cotangent[row : row + 1]
        return [g[0] for g in self.concept.truth.gradient(self.row(row), self.options, seed, self.wrt, bits)]
