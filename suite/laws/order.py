"""Ranges, monotonicity, Lipschitz constants, ranks."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from suite.floats import Array
from suite.judge.case import Case
from suite.judge.compare import related
from suite.judge.outcome import Outcome
from suite.laws.algebra import _calls
from suite.laws.law import Law


def neighbour(x: Array, steps: int = 1) -> Array:
    """The float ``steps`` ulps above, in any of the formats."""
    with np.errstate(all="ignore"):
        for _ in range(steps):
            x = np.nextafter(x, np.array(np.inf, x.dtype))
    return x


@dataclass(frozen=True)
class Range(Law):
    """low <= f(x) <= high: exactly, where the ends are themselves floats and f rounds monotonically."""

    low: float = -np.inf
    high: float = np.inf
    family: ClassVar[str] = "order"
    claim: ClassVar[str] = "the result stays inside the range of the function"

    @property
    def statement(self) -> str:
        return f"the result lies in [{self.low:g}, {self.high:g}]"

    def judge(self, case: Case, route: str) -> Outcome:
        got, (value, allowed) = case.got().astype(np.float64), case.bounded()
        nearest = np.clip(got, self.low, self.high)
        # one bound beyond an end that the exact result attains is a rounding, not a contradiction
        slack = np.where(np.isfinite(value), allowed, np.inf)
        return related(case, got, nearest, slack, basis="bound at the end of the range", calls=_calls(case))


@dataclass(frozen=True)
class Monotone(Law):
    """x <= y implies f(x) <= f(y), at neighbouring floats and farther; dips within bounds are counted."""

    increasing: bool = True
    family: ClassVar[str] = "order"
    claim: ClassVar[str] = "the result is monotone, at neighbouring floats too, up to both bounds"

    def judge(self, case: Case, route: str) -> Outcome:
        above = case.at(neighbour(case.inputs[0], 1 + case.recipe.seed % 3))
        ordered = case.at(np.sort(case.inputs[0]))
        out = self._pair(case, case.got(), above.got(), case.bounded()[1] + above.bounded()[1], _calls(case, above))
        got, error = ordered.got(), ordered.bounded()[1]
        return out + self._pair(ordered, got[:-1], got[1:], error[:-1] + error[1:], _calls(ordered)).marked(cases=0)

    def _pair(self, case: Case, low: Array, high: Array, slack: Array, calls: object) -> Outcome:
        first, second = (low, high) if self.increasing else (high, low)
        return related(case, first, second, slack, one_sided=True, calls=calls)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Lipschitz(Law):
    """|f(x) - f(y)| <= L |x - y| + both bounds."""

    constant: float = 1.0
    family: ClassVar[str] = "order"
    claim: ClassVar[str] = "differences of results are at most the Lipschitz constant times those of the inputs"

    def judge(self, case: Case, route: str) -> Outcome:
        partner = case.at(np.roll(case.inputs[0], 1, axis=0), *case.inputs[1:])
        x, y = (c.inputs[0].astype(np.float64) for c in (case, partner))
        gap = np.abs(case.got().astype(np.float64) - partner.got().astype(np.float64))
        slack = (case.bounded()[1] + partner.bounded()[1]) * (1 + 2.0**-40)
        with np.errstate(over="ignore"):
            return related(
                case,
                gap,
                self.constant * np.abs(x - y) * (1 + 2.0**-40),
                slack,
                one_sided=True,
                calls=_calls(case, partner),
            )


@dataclass(frozen=True)
class Ranked(Law):
    """x_i <= x_j implies f(x)_i <= f(x)_j within one row, up to both bounds."""

    family: ClassVar[str] = "order"
    claim: ClassVar[str] = "a larger entry gets a result that is no smaller"

    def judge(self, case: Case, route: str) -> Outcome:
        order = np.argsort(case.inputs[0].astype(np.float64), axis=-1, kind="stable")
        got = np.take_along_axis(case.got().astype(np.float64), order, axis=-1)
        error = np.take_along_axis(case.bounded()[1], order, axis=-1)
        if got.shape[-1] < 2:
            return Outcome(cases=1)
        return related(
            case, got[..., :-1], got[..., 1:], error[..., :-1] + error[..., 1:], one_sided=True, calls=_calls(case)
        )


@dataclass(frozen=True)
class Between(Law):
    """min x <= f(x) <= max x, up to the bound."""

    family: ClassVar[str] = "order"
    claim: ClassVar[str] = "the result lies between the smallest and the largest entry"

    def judge(self, case: Case, route: str) -> Outcome:
        x, got = case.inputs[0].astype(np.float64), case.got().astype(np.float64)
        nearest = np.clip(got, x.min(axis=-1), x.max(axis=-1))
        return related(case, got, nearest, case.bounded()[1], basis="bound of the mean", calls=_calls(case))
