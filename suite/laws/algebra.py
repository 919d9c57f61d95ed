"""Symmetries and identities: bitwise where the transformation is exact, else within both bounds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from suite.draw.recipes import Recipe
from suite.floats import Array
from suite.judge.case import Case
from suite.judge.compare import bitwise, related
from suite.judge.outcome import Outcome
from suite.laws.law import EAGER, Law
from suite.record import Concept
from suite.targets.protocol import Target
from suite.verdict import Severity


def snapped(x: Array, fmt: Any, even: bool = False) -> Array:
    """Moved to a dyadic grid on which sums of two entries (and, if ``even``, means) are exact."""
    step = 2.0 ** -((fmt.p - 1) // 2)
    reach = 2.0 ** (fmt.p - 3) * step
    quantum = 2 * step if even else step
    values = np.asarray(x).astype(np.float64)
    return np.clip(np.rint(np.clip(values, -reach, reach) / quantum) * quantum, -reach, reach)


def _calls(*cases: Case) -> Callable[[int], tuple[tuple[Array, ...], ...]]:
    """The calls that a witness of a relation consists of, at one row."""
    return lambda row: tuple(tuple(x[row : row + 1] for x in c.inputs) for c in cases)


@dataclass(frozen=True)
class Shift(Law):
    """f(x + c) = f(x), or f(x) + c if the shift is carried, for x and c on a dyadic grid."""

    carries: bool = False
    operand: int = 0
    family: ClassVar[str] = "algebra"
    claim: ClassVar[str] = (
        "a common shift of the inputs, exact on a dyadic grid, leaves the result (or is carried to it)"
    )

    def judge(self, case: Case, route: str) -> Outcome:
        x = snapped(case.inputs[self.operand], case.format)
        c = snapped(case.rng("shift").standard_normal(case.rows) * 8, case.format)
        shape = (-1,) + (1,) * (x.ndim - 1)
        rest = list(case.inputs)
        rest[self.operand] = case.format.round(x)
        plain = case.at(*rest)
        rest[self.operand] = case.format.round(x + c.reshape(shape))
        moved = case.at(*rest)
        left, right = moved.got().astype(np.float64), plain.got().astype(np.float64)
        if self.carries:
            left = left - c.reshape((-1,) + (1,) * (left.ndim - 1))
        own = 2.0**-52 * (np.abs(moved.value) + np.abs(plain.value))  # the subtraction above is rounded
        slack = moved.bounded()[1] + plain.bounded()[1] + own
        return related(plain, left, right, slack, calls=_calls(plain, moved))


@dataclass(frozen=True)
class Scale(Law):
    """f(2^k x) = 2^(k d) f(x) for a positively homogeneous f of degree d: bitwise."""

    degree: int = 1
    operands: tuple[int, ...] = (0,)
    bounded: bool = False
    family: ClassVar[str] = "algebra"
    claim: ClassVar[str] = "scaling by a power of two scales the result by a power of two"

    def judge(self, case: Case, route: str) -> Outcome:
        k = int(case.rng("scale").integers(1, 6)) * (1 if case.recipe.seed % 2 else -1)
        calm = [self._calm(case, x, k) for j, x in enumerate(case.inputs) if j in self.operands]
        rows = np.flatnonzero(np.logical_and.reduce(calm))
        if not rows.size:
            return Outcome(cases=1)
        plain = case.take(rows)
        scaled = plain.at(
            *(
                (x.astype(np.float64) * 2.0**k).astype(x.dtype) if j in self.operands else x
                for j, x in enumerate(plain.inputs)
            )
        )
        factor = 2.0 ** (k * self.degree)
        left, right = scaled.got().astype(np.float64), plain.got().astype(np.float64) * factor
        low = np.minimum(np.abs(right), np.abs(right / factor))
        safe = (np.abs(right) < case.format.max / 4) & (low > case.format.tiny * 4)
        if self.bounded:
            slack = np.where(safe, scaled.bounded()[1] + factor * plain.bounded()[1], np.inf)
            return related(case, left, right, slack, rows=rows, calls=_calls(plain, scaled))
        return bitwise(case, left, right, rows=rows, where=safe)

    @staticmethod
    def _calm(case: Case, x: Array, k: int) -> Array:
        """Rows in which no square or product leaves the range, before or after scaling."""
        size = np.abs(x.astype(np.float64)).reshape(len(x), -1)
        n = size.shape[1]
        low, high = (
            np.sqrt(case.format.tiny) * 2.0 ** (abs(k) + case.format.p // 2),
            np.sqrt(case.format.max) * 2.0 ** -abs(k) / (4 * n),
        )
        return np.all(((size > low) | (size == 0)) & (size < high), axis=1)


@dataclass(frozen=True)
class Parity(Law):
    """f(-x) = f(x) or -f(x), bitwise."""

    odd: bool = True
    family: ClassVar[str] = "algebra"
    claim: ClassVar[str] = "an odd (even) function is odd (even), bit for bit"

    def judge(self, case: Case, route: str) -> Outcome:
        mirrored = case.at(*(-x for x in case.inputs))
        right = case.got().astype(np.float64) * (-1 if self.odd else 1)
        left, value = mirrored.got().astype(np.float64), case.bounded()
        # beyond both bounds it is a contradiction; one rounding apart it is a library's own affair
        return related(case, left, right, 2 * value[1], calls=_calls(case, mirrored))


@dataclass(frozen=True)
class Commutative(Law):
    """f(x, y) = f(y, x): bitwise for one operation, within both bounds for a reduction."""

    exact: bool = True
    family: ClassVar[str] = "algebra"
    claim: ClassVar[str] = "exchanging the two operands changes nothing"

    def judge(self, case: Case, route: str) -> Outcome:
        swapped = case.at(case.inputs[1], case.inputs[0], *case.inputs[2:])
        if self.exact:
            return bitwise(case, swapped.got(), case.got(), calls=_calls(case, swapped))
        return related(case, swapped.got(), case.got(), 2 * case.bounded()[1], calls=_calls(case, swapped))


@dataclass(frozen=True)
class Permutation(Law):
    """f(Px) = f(x) for a reduction, P f(x) for a map along the axis; within both bounds."""

    equivariant: bool = False
    operands: tuple[int, ...] = (0,)
    family: ClassVar[str] = "algebra"
    claim: ClassVar[str] = "permuting the entries permutes the result (leaves a reduction)"

    def judge(self, case: Case, route: str) -> Outcome:
        axis = len(case.concept.cores[self.operands[0]])
        order = case.rng("permutation").permutation(case.inputs[self.operands[0]].shape[axis])
        permuted = case.at(
            *(np.take(x, order, axis=axis) if k in self.operands else x for k, x in enumerate(case.inputs))
        )
        left, right = permuted.got(), case.got()
        bound = case.bounded()[1]
        if self.equivariant:
            right, bound = np.take(right, order, axis=-1), np.take(bound, order, axis=-1)
        return related(case, left, right, 2 * bound, calls=_calls(case, permuted))


@dataclass(frozen=True)
class IntegerExact(Law):
    """On integers whose exact result and partial sums a 2^p accumulator holds, one rounding is left."""

    family: ClassVar[str] = "algebra"
    claim: ClassVar[str] = "small integers are summed exactly, whatever the order and the length"

    def judge(self, case: Case, route: str) -> Outcome:
        fmt, rng = case.format, case.rng("integers")
        n = max(case.inputs[0].shape[-1], 1)
        total = 2.0 ** (24 if fmt.half else fmt.p)
        top = int(min((total / n) ** (1 / len(case.inputs)), 2.0 ** (fmt.p - 1), 2.0**20))
        if top < 1:
            return Outcome(cases=1)
        already = all(np.all((np.abs(x) <= top) & (np.rint(x) == x)) for x in case.inputs)  # a witness
        integers = case if already else case.at(*(fmt.round(_integers(rng, x.shape, top)) for x in case.inputs))
        exact = integers.value
        limit = np.where(np.abs(exact) <= fmt.max, 1.0, np.nan)
        expected = fmt.round(exact).astype(np.float64)
        return bitwise(integers, integers.got(), expected, where=~np.isnan(limit), severity=Severity.INACCURATE)


def _integers(rng: np.random.Generator, shape: tuple[int, ...], top: int) -> Array:
    """Of both signs in one row, of one sign in the next: there the partial sums come close to the limit."""
    mixed, positive = rng.integers(-top, top + 1, shape), rng.integers((top + 1) // 2, top + 1, shape)
    even = (np.arange(shape[0]) % 2 == 0).reshape(-1, *(1,) * (len(shape) - 1))
    return np.where(even, mixed, positive).astype(np.float64)


@dataclass(frozen=True)
class SumsTo(Law):
    """The entries of each result add up to a constant, within the sum of their bounds."""

    total: float = 1.0
    family: ClassVar[str] = "algebra"
    claim: ClassVar[str] = "the entries of the result add up to a constant"

    def judge(self, case: Case, route: str) -> Outcome:
        sums = np.sum(case.got().astype(np.float64), axis=-1)
        slack = np.sum(case.bounded()[1], axis=-1) + case.got().shape[-1] * 2.0**-52
        return related(case, sums, np.full(sums.shape, self.total), slack, calls=_calls(case))


Sides = tuple[Array, Array, Array | None]  # left, right, slack


@dataclass(frozen=True)
class Identity(Law):
    """An identity between calls: ``sides`` gives (left, right, slack); slack None means bitwise."""

    label: str
    text: str
    sides: Callable[[Case], Sides]
    one_sided: bool = False
    family: ClassVar[str] = "algebra"
    claim: ClassVar[str] = "an identity between calls holds"

    @property
    def name(self) -> str:
        return self.label

    @property
    def statement(self) -> str:
        return self.text

    def judge(self, case: Case, route: str) -> Outcome:
        left, right, slack = self.sides(case)
        if slack is None:
            return bitwise(case, left, right, calls=_calls(case))
        return related(case, left, right, slack, calls=_calls(case), one_sided=self.one_sided)


@dataclass(frozen=True)
class Agrees(Law):
    """The same quantity by another of the target's functions: |f - g| <= both bounds.

    ``via`` maps a case to (other concept's result as float64, its error bound).
    """

    label: str
    text: str
    via: Callable[[Case], tuple[Array, Array]]
    needs: tuple[str, ...] = ()
    family: ClassVar[str] = "algebra"
    claim: ClassVar[str] = "two functions of the library that compute the same thing agree"

    @property
    def name(self) -> str:
        return self.label

    @property
    def statement(self) -> str:
        return self.text

    def routes(self, concept: Concept, target: Target) -> tuple[str, ...]:
        return EAGER if all(target.supports(name) for name in self.needs) else ()

    def judge(self, case: Case, route: str) -> Outcome:
        with np.errstate(all="ignore"):
            other, error = self.via(case)
            slack = case.bounded()[1] + error + 2.0**-51 * np.abs(case.value)
        return related(case, case.got(), other, slack, calls=_calls(case))


def other(case: Case, concept: Concept, *inputs: Array) -> Case:
    """The same draw put to another concept of the same target."""
    recipe = Recipe(case.recipe.sizes, 0, case.recipe.seed)
    return Case(concept, case.format, inputs or case.inputs, recipe, target=case.target)
