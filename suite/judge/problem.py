"""What every target is asked alike: a concept, a format, operands, options, a cotangent."""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from suite.arithmetic import RunningError, Standard
from suite.draw.asks import PLAIN, Ask
from suite.draw.recipes import Recipe
from suite.floats import Array, Format
from suite.record import Concept

T = TypeVar("T")


@dataclass
class Problem:
    """A batch of inputs of one concept in one format; its truth and bounds are computed once, and kept in ``memo``.

    ``seed`` is a cotangent that was asked for; without one, the derivative is seeded with one that is drawn. With
    ``flush``, the standard lets subnormal numbers be taken for zero. ``ask``: how a target is called.
    """

    concept: Concept
    format: Format
    inputs: tuple[Array, ...]
    recipe: Recipe
    seed: Array | None = None
    flush: bool = False
    ask: Ask = PLAIN
    memo: dict[Any, Any] = field(default_factory=dict, repr=False)

    @property
    def options(self) -> dict[str, Any]:
        """The options of the concept: what a definition takes."""
        return dict(self.concept.options[self.recipe.option])

    @property
    def keywords(self) -> dict[str, Any]:
        """All keywords of a call, the axis among them: what the reference and a library take."""
        return {**self.concept.along, **self.options}

    @property
    def rows(self) -> int:
        return len(self.inputs[0])

    @property
    def wrt(self) -> list[int]:
        return self.concept.wrt

    @property
    def scope(self) -> tuple[Any, ...]:
        """What a bound of a derivative depends on, beside the inputs."""
        seed = None if self.seed is None else (self.seed.shape, hash(self.seed.tobytes()))
        return seed, self.flush, self.ask

    def once(self, key: Any, compute: Callable[[], T]) -> T:
        if key not in self.memo:
            self.memo[key] = compute()
        kept: T = self.memo[key]
        return kept

    def rng(self, salt: str) -> np.random.Generator:
        """What a law draws beside the input: it depends on the seed alone, so that a smaller case draws alike."""
        return np.random.default_rng(zlib.crc32(f"{self.recipe.seed} {salt}".encode()))

    def row(self, r: int) -> list[Array]:
        """The operands of one row, with a batch axis of one."""
        return [x[r : r + 1] for x in self.inputs]

    # -- how the texts are run
    def required(self, fused: bool = False) -> Standard:
        standard = replace(Standard.required(self.format, fused), points=not self.concept.elementwise)
        return standard.flushing() if self.flush else standard

    def lifted(self, standard: Standard) -> list[Any]:
        """The operands as exact numbers of a standard; labels stay."""
        pairs = zip(self.inputs, self.concept.operands, strict=True)
        return [x if o.integer else RunningError(x, standard, self.flushed(x)) for x, o in pairs]

    def flushed(self, x: Array) -> Array | None:
        """What an operand loses if its subnormal numbers are taken for zero."""
        if not self.flush:
            return None
        size = np.abs(x.astype(np.float64))
        return np.where(size < self.format.tiny, size, 0.0)

    # -- cotangents
    @property
    def drawn(self) -> Array | None:
        """The cotangent, where one was asked for or has been drawn."""
        return self.memo.get("cotangent") if self.seed is None else self.seed

    def cotangent_of(self, shape: tuple[int, ...]) -> Array:
        """Short dyadic numbers, so that seeding loses nothing; single entries in every third row.

        Each row has a power of two of its own, some as large or small as a product of two may be.
        """
        g = self.rng("cotangent").integers(-8, 9, shape) / 4
        third = np.arange(shape[0]) % 3 == 0
        if len(shape) == 1:
            g = np.where(third | (g == 0), 1.0, g)
        else:
            single = np.zeros(shape)
            single.reshape(shape[0], -1)[:, 0] = 1.0
            g = np.where(third.reshape(-1, *(1,) * (len(shape) - 1)), single, g)
        power = self.rng("powers").integers(-6, 7, shape[0])
        power = np.where(np.arange(shape[0]) % 7 == 3, np.sign(power) * (self.format.emax // 2 - 3), power)
        return (g * 2.0 ** power.reshape(-1, *(1,) * (len(shape) - 1))).astype(self.format.dtype)


Bounded = tuple[Array, Array]  # (value, error) in float64
Options = Mapping[str, Any]
