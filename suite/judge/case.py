"""One drawn input, evaluated lazily and once, shared by all laws and routes."""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from flint import arb

from suite.arithmetic import Balls, Dual, RunningError, Standard, Variable, backward
from suite.draw.recipes import Recipe
from suite.floats import Array, Format, precision
from suite.record import Concept
from suite.targets.protocol import Target, TargetError

T = TypeVar("T")


@dataclass
class Case:
    """A batch of inputs of one concept in one format, put to one target."""

    concept: Concept
    format: Format
    target: Target
    inputs: tuple[Array, ...]
    recipe: Recipe
    memo: dict[Any, Any] = field(default_factory=dict, repr=False)  # the truth and its bounds
    answers: dict[Any, Any] = field(default_factory=dict, repr=False)  # what this target returned
    flush: bool = False

    @property
    def options(self) -> dict[str, Any]:
        return dict(self.concept.options[self.recipe.option])

    @property
    def rows(self) -> int:
        return len(self.inputs[0])

    @property
    def wrt(self) -> list[int]:
        return [k for k, o in enumerate(self.concept.operands) if o.grad]

    def rng(self, salt: str) -> np.random.Generator:
        """What a law draws beside the input: it depends on the seed alone, so that a smaller case draws alike."""
        return np.random.default_rng(zlib.crc32(f"{self.recipe.seed} {salt}".encode()))

    def at(self, *inputs: Array) -> "Case":
        """A derived case: the same concept at other inputs (shifted, scaled, permuted, snapped).

        Its truth is kept with this one's, since each target that is judged derives the same.
        """
        key = hash(tuple((x.shape, x.tobytes()) for x in inputs))
        truth: dict[Any, Any] = self.once(("at", key), dict)
        return Case(self.concept, self.format, self.target, tuple(inputs), self.recipe, truth, flush=self.flush)

    def seeded(self, cotangent: Array) -> "Case":
        """The same inputs, to be differentiated with this cotangent."""
        kept = {k: v for k, v in self.memo.items() if k in ("bounded", "lenient", "ideal") or k[0] == "exact"}
        kept["cotangent"] = cotangent.astype(self.format.dtype)
        return Case(self.concept, self.format, self.target, self.inputs, self.recipe, kept, flush=self.flush)

    def flushing(self) -> "Case":
        """The same case judged by a standard that lets subnormal numbers be taken for zero."""
        shared = {k: v for k, v in self.memo.items() if k == "cotangent" or k[0] in ("exact", "exact grads")}
        return Case(self.concept, self.format, self.target, self.inputs, self.recipe, shared, self.answers, True)

    def against(self, target: Target) -> "Case":
        """The same case put to another target: the truth is computed once for all."""
        return Case(self.concept, self.format, target, self.inputs, self.recipe, self.memo, flush=self.flush)

    def required(self, fused: bool = False) -> Standard:
        standard = replace(Standard.required(self.format, fused), points=not self.concept.elementwise)
        return standard.flushing() if self.flush else standard

    def take(self, rows: Any) -> "Case":
        """Some rows, with the cotangents they have already."""
        case = self.at(*(x[rows] for x in self.inputs))
        return case.seeded(self.memo["cotangent"][rows]) if "cotangent" in self.memo else case

    def few(self, rows: int, entries: int) -> "Case":
        """The first rows, and fewer of them where they are long."""
        longest = max(x[0].size for x in self.inputs)
        return self.take(slice(0, max(1, min(rows, entries // max(longest, 1)))))

    def once(self, key: Any, compute: Callable[[], T]) -> T:
        if key not in self.memo:
            self.memo[key] = compute()
        kept: T = self.memo[key]
        return kept

    def derived(self, key: str, make: Callable[[], "Case"]) -> "Case":
        """A case that follows from this one, kept with its truth."""
        kept = self.once(key, make)
        return kept if kept.target is self.target else self.answered(key, lambda: kept.against(self.target))

    # -- the target
    def answered(self, key: Any, compute: Callable[[], T]) -> T:
        if key not in self.answers:
            self.answers[key] = compute()
        kept: T = self.answers[key]
        return kept

    def got(self, layout: str = "contiguous") -> Array:
        """The target's result along one memory layout."""
        return self.answered(("got", layout), lambda: self.shaped(self.call(self.inputs, layout)))

    def shaped(self, got: Array) -> Array:
        """The shape that the signature gives; a certificate has the shape of the last operand."""
        expected = self.inputs[-1].shape if self.concept.definition is None else self.value.shape
        if got.shape != expected:
            raise TargetError(
                f"{self.target.name}.{self.concept.call_name} returned shape {got.shape[1:]} where the signature "
                f"{self.concept.signature} gives {expected[1:]}: return that shape"
            )
        return got

    def call(self, inputs: Sequence[Array], layout: str = "contiguous", **more: Any) -> Array:
        axis = {"axis": -1} if self.concept.has_axis else {}
        options, apart = {**axis, **self.options, **more}, not self.concept.batched
        return self.target.call(self.concept.call_name, inputs, options, layout, apart=apart)[0]

    @property
    def cotangent(self) -> Array:
        """A seed of short dyadic numbers, so that seeding loses nothing."""
        return self.once("cotangent", self._cotangent)

    def _cotangent(self) -> Array:
        shape = self.value.shape
        rng = self.rng("cotangent")
        g = rng.integers(-8, 9, shape) / 4
        if len(shape) == 1:
            g = np.where((np.arange(shape[0]) % 3 == 0) | (g == 0), 1.0, g)
        else:
            single = np.zeros(shape)
            single.reshape(shape[0], -1)[:, 0] = 1.0
            g = np.where((np.arange(shape[0]) % 3 == 0).reshape(-1, *(1,) * (len(shape) - 1)), single, g)
        return g.astype(self.format.dtype)

    def unit(self) -> "Case":
        """The same inputs with ones for a cotangent: of a scalar function, the gradient itself."""
        return self.derived("unit", lambda: self.seeded(np.ones(self.value.shape)))

    def grads(self, mode: str) -> list[Array]:
        """The target's own derivative: one array per differentiable operand."""
        axis = {"axis": -1} if self.concept.has_axis else {}
        return self.answered(
            ("grads", mode),
            lambda: list(
                self.target.derive(
                    mode,
                    self.concept.call_name,
                    self.inputs,
                    self.wrt,
                    {**axis, **self.options},
                    cotangent=self.cotangent,
                    apart=not self.concept.batched,
                )
            ),
        )

    # -- tier 1: running error
    def lifted(self, standard: Standard) -> list[Any]:
        pairs = zip(self.inputs, self.concept.operands, strict=True)
        return [x if o.integer else RunningError(x, standard, self.flushed(x)) for x, o in pairs]

    def flushed(self, x: Array) -> Array | None:
        """What an operand loses if its subnormal numbers are taken for zero."""
        if not self.flush:
            return None
        size = np.abs(x.astype(np.float64))
        return np.where(size < self.format.tiny, size, 0.0)

    def bounded(self) -> tuple[Array, Array]:
        """Value and required bound: the largest running error among all sound algorithms."""
        return self.once("bounded", self._bounded)

    @property
    def value(self) -> Array:
        return self.bounded()[0]

    def lenient(self) -> Array | None:
        """The bound of the algorithms that are in wide use, though a better one costs no more; None if none."""
        return self.once("lenient", self._lenient)

    def _lenient(self) -> Array | None:
        if not self.concept.lenient:
            return None
        _, error = self._largest(self.concept.lenient, self.required(self.concept.fused), self.options)
        return self.rounded_once(self.value, error)

    def _bounded(self) -> tuple[Array, Array]:
        concept, fused = self.concept, self.concept.fused
        standard = self.required(fused)
        value, error = self._largest(self.texts, standard, self.options)
        if concept.bound is not None:
            inputs = [x.astype(np.float64) if x.dtype.kind not in "iu" else x for x in self.inputs]
            error = concept.bound(inputs, value, error, standard, **self.options)
        if not fused and self.format.half:  # computing in binary32 and rounding once is allowed as well
            wide = self.required(True)
            _, single = self._largest((concept.reference,), wide, self.options)
            error = np.maximum(error, self.rounded_once(value, single))
        if fused:
            error = self.rounded_once(value, error)
        return value, error

    def ideal(self) -> Array:
        """The bound of the best algorithm of ordinary cost, for the report."""
        return self.once("ideal", self._ideal)

    def _ideal(self) -> Array:
        value, error = self._largest((self.concept.reference,), Standard.ideal(self.format), self.options)
        return self.rounded_once(value, error)

    def rounded_once(self, value: Array, error: Array) -> Array:
        """A binary32 result rounded once into a sixteen-bit format: half an ulp more."""
        if not self.format.half:
            return error
        with np.errstate(invalid="ignore", over="ignore"):
            size = np.where(np.isfinite(error), np.abs(value) + error, np.inf)
            final = 0.5 * self.format.ulp(size)
            return (np.maximum(final, self.format.tiny) if self.flush else final) + error

    def forward_bound(self, k: int, tangent: Array, index: tuple[Any, ...]) -> Array:
        """The running error of forward mode through the reference: dual numbers over running errors."""
        standard = self.required()
        axis = {"axis": -1} if self.concept.has_axis else {}
        lifted = self.lifted(standard)
        lifted[k] = Dual(lifted[k], RunningError(tangent, standard))
        with np.errstate(all="ignore"):
            errors = [_tangent_error(text, lifted, index, {**axis, **self.options}) for text in self.texts]
            return np.maximum.reduce(np.broadcast_arrays(*errors))

    @property
    def texts(self) -> tuple[Callable[..., Any], ...]:
        """Every sound algorithm for the value."""
        return (self.concept.reference, *self.concept.alternatives)

    def _largest(
        self, texts: Sequence[Callable[..., Any]], standard: Standard, options: dict[str, Any]
    ) -> tuple[Array, Array]:
        axis = {"axis": -1} if self.concept.has_axis else {}
        with np.errstate(all="ignore"):
            runs = [as_running(text(*self.lifted(standard), **axis, **options), standard) for text in texts]
            errors = [np.where(np.isnan(r.error), np.inf, r.error) for r in runs]
            return runs[0].value, np.maximum.reduce([np.broadcast_to(e, runs[0].shape) for e in errors])

    def bounded_grads(self) -> list[tuple[Array, Array]]:
        """(value, required bound) per differentiable operand, by the reference's backward."""
        return self.once("bounded grads", lambda: self._grads((self.concept.vjp, *self.concept.vjp_alternatives)))

    def saved_grads(self) -> list[tuple[Array, Array]]:
        """The bound of the formula that has only the rounded output to go by."""
        return self.once("saved grads", lambda: self._grads((self.concept.vjp, self.concept.saved)))

    def _grads(self, texts: Sequence[Callable[..., Any] | None]) -> list[tuple[Array, Array]]:
        standard = self.required()
        out: list[tuple[Array, Array]] = []
        with np.errstate(all="ignore"):
            runs = []
            for text in texts:
                assert text is not None
                runs.append(self._seeded(text, standard, self.cotangent))
                # a library may form the derivative first and seed it last
                if not self.concept.result and np.any(self.cotangent != 1):
                    ones = self._seeded(text, standard, np.ones_like(self.cotangent))
                    runs.append([r * RunningError(_rowwise(self.cotangent, r.shape), standard) for r in ones])
            for k in range(len(self.wrt)):
                shape = self.inputs[self.wrt[k]].shape
                errors = [np.broadcast_to(np.where(np.isnan(r[k].error), np.inf, r[k].error), shape) for r in runs]
                out.append((np.broadcast_to(runs[0][k].value, shape), np.maximum.reduce(errors)))
        return out

    def _seeded(self, text: Callable[..., Any], standard: Standard, cotangent: Array) -> list[RunningError]:
        axis = {"axis": -1} if self.concept.has_axis else {}
        seed = RunningError(cotangent, standard)
        results = text(*self.lifted(standard), **axis, **self.options, cotangent=seed)
        return [as_running(r, standard) for r in results]

    # -- the truth
    def exact(self, row: int, bits: int) -> Any:
        """The definition at one row, as an object array of balls."""
        return self.once(("exact", row, bits), lambda: self._exact(self.balls(row), bits))

    def balls(self, row: int) -> list[Any]:
        rows = [x[row : row + 1] for x in self.inputs]
        return [x if o.integer else Balls(x) for x, o in zip(rows, self.concept.operands, strict=True)]

    def _exact(self, operands: Sequence[Any], bits: int) -> Any:
        assert self.concept.definition is not None
        with precision(bits):
            out = self.concept.definition(*operands, **self.options)
            return np.broadcast_to(out.a, (1, *self.value.shape[1:]))[0]

    def exact_grads(self, row: int, bits: int) -> list[Any]:
        """Reverse mode over balls through the definition: never through the reference."""
        return self.once(("exact grads", row, bits), lambda: self._exact_grads(row, bits))

    def _exact_grads(self, row: int, bits: int) -> list[Any]:
        assert self.concept.definition is not None
        with precision(bits):
            operands = [Variable(x) if isinstance(x, Balls) else x for x in self.balls(row)]
            y = self.concept.definition(*operands, **self.options)
            seed = Balls(np.broadcast_to(self.cotangent[row : row + 1].astype(np.float64), y.shape).copy())
            found = backward(y, seed, [operands[k] for k in self.wrt])
            zero = [np.full(self.inputs[k].shape[1:], arb(0), dtype=object) for k in self.wrt]
            return [z if g is None else g.a[0] for g, z in zip(found, zero, strict=True)]


def _tangent_error(text: Callable[..., Any], lifted: Sequence[Any], index: Any, options: dict[str, Any]) -> Array:
    """The error bound of a tangent; nothing where the text does not run on dual numbers."""
    try:
        run = text(*lifted, **options)
    except (TypeError, AttributeError, NotImplementedError):
        return np.zeros(())
    if not isinstance(run, Dual):
        return np.zeros(())
    return np.where(np.isnan(run.tangent.error), np.inf, run.tangent.error)[index]


def _rowwise(cotangent: Array, shape: tuple[int, ...]) -> Array:
    """One number a row, against an operand of this shape."""
    return cotangent.astype(np.float64).reshape(-1, *(1,) * (len(shape) - 1))


def as_running(result: Any, standard: Standard) -> RunningError:
    return result if isinstance(result, RunningError) else RunningError(result, standard)
