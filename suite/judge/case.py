"""One drawn input, evaluated lazily and once, shared by all laws and routes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from suite.draw.asks import PLAIN, Ask
from suite.floats import Array
from suite.judge.asking import fitted
from suite.judge.oracle import Oracle
from suite.targets.protocol import Target, TargetError
from suite.targets.ways import EAGERLY

T = TypeVar("T")


@dataclass
class Case(Oracle):
    """A problem put to one target: its truth and bounds are shared with every other target, its answers are not."""

    target: Target = field(kw_only=True)
    way: str = EAGERLY  # by which the target computes its results
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
    def by(self, route: str) -> "Case":
        """The same case where the route is one of the target's ways to compute values; any other is the plain call."""
        ways = {w.name for w in self.target.ways if not w.order}
        way = route if route in ways else EAGERLY
        return self if way == self.way else replace(self, way=way)

    @property
    def extent(self) -> int:
        """The entries of the largest operand of one call."""
        return max(int(np.prod(x.shape[int(self.concept.apart) :])) for x in self.inputs)

    def answered(self, key: Any, compute: Callable[[], T]) -> T:
        key = (self.way, key)
        if key not in self.answers:
            self.answers[key] = compute()
        kept: T = self.answers[key]
        return kept

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
        if self.ask == PLAIN:
            return replace(self, way=EAGERLY)
        return self.answered("plain", lambda: replace(self, ask=PLAIN, answers={}))

    def plain_results(self) -> tuple[Array, ...]:
        """What the plain call gives for these rows, among others where it was made with others."""
        made = self.origin or self.plainly()
        return tuple(y[: self.rows] for y in made.results())

    def plain_grads(self, way: str) -> list[Array]:
        """The same of the derivative, in float64; where an entry stands for many, the sum of theirs."""
        made, a = self.origin or self.plainly(), self.asking
        found = [g[: self.rows].astype(np.float64) for g in made.grads(way)]
        if a.doubled:
            found[:2] = [found[0] + found[1]] * 2
        return [a.summed(g, k) for g, k in zip(found, self.wrt, strict=True)] if self.ask.stretched else found

    def plain_along(self, way: str, operand: int, v: Array, second: bool = False) -> Array:
        """The same of :meth:`pushed`, or :meth:`twice`, along a direction that is alike in all rows."""
        made = self.origin or self.plainly()

        def along() -> Array:
            every = np.broadcast_to(v[:1], made.inputs[operand].shape)
            return made.twice(way, operand, every) if second else made.pushed(way, operand, every)

        return made.answered(("along", way, operand, v[:1].tobytes(), second), along)[: self.rows]

    def got(self) -> Array:
        """The target's first result."""
        return self.results()[0]

    def results(self) -> tuple[Array, ...]:
        """All the target's results, as the ask has them called, in rows and the shapes that the signature gives."""
        return self.answered("results", lambda: self.call(self.inputs) if self.ask == PLAIN else self._asked())

    def call(self, inputs: Sequence[Array]) -> tuple[Array, ...]:
        """The target's results for these operands by the plain call."""
        c = self.concept
        found = self.target.call(
            c.call_name, inputs, self.keywords, apart=c.apart, outputs=len(c.outputs), way=self.way
        )
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

    def grads(self, way: str) -> list[Array]:
        """The target's own derivative: one array per differentiable operand."""
        return self.answered(("grads", way), lambda: self._back(self._derived(way, self.wrt, self.cotangent), self.wrt))

    def pushed(self, way: str, operand: int, tangent: Array) -> Array:
        """The target's own derivative along a tangent of one operand, by forward mode."""
        (found,), a, core = self._derived(way, [operand], tangent=tangent), self.asking, self.concept.result
        if self.ask == PLAIN:
            return found
        self._held(found.shape, a.shape(core))
        return a.result(found, core)

    def twice(self, way: str, operand: int, direction: Array) -> Array:
        """The target's own derivative, along a direction, of its gradient in one operand."""
        return self._back(self._derived(way, [operand], self.cotangent, direction), [operand])[0]

    def _derived(
        self, way: str, wrt: Sequence[int], cotangent: Array | None = None, tangent: Array | None = None
    ) -> tuple[Array, ...]:
        c, a, name = self.concept, self.asking, self.concept.call_name
        if self.ask == PLAIN:
            return self.target.derive(
                way, name, self.inputs, wrt, self.keywords, cotangent=cotangent, tangent=tangent, apart=c.apart
            )
        if self.refusable:
            self.results()  # it may say so in the shape of its result
        xs, options = a.operands(self.inputs), {**self.options, **a.keywords}
        seed = None if cotangent is None else a.seed(cotangent, c.result)
        along = None if tangent is None else a.direction(tangent, wrt[0])
        # along a direction of one operand, the other is an array of its own
        layout = a.memory(xs, a.doubled and tangent is None)
        return self.target.derive(
            way, name, xs, wrt, options, cotangent=seed, tangent=along, layout=layout, apart=a.apart
        )

    def _back(self, found: Sequence[Array], wrt: Sequence[int]) -> list[Array]:
        """Derivatives in the shapes of the operands, as rows."""
        if self.ask == PLAIN:
            return list(found)
        a, cores = self.asking, self.concept.cores
        return [a.back(a.given(g, k), cores[k]) for g, k in zip(found, wrt, strict=True)]
