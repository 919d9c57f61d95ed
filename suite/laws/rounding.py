"""Casts: one rounding to nearest even, whatever lies between two neighbours of the narrower format."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from suite.floats import FORMATS, Array, Format
from suite.judge.case import Case
from suite.judge.compare import bitwise
from suite.judge.outcome import Outcome
from suite.laws.law import Law
from suite.verdict import Severity


@dataclass(frozen=True)
class CorrectlyRoundedCast(Law):
    """The inputs themselves, and numbers on and close beside the ties of the narrower format.

    A cast that rounds twice, or that breaks ties away from zero, differs on these alone.
    """

    family: ClassVar[str] = "algebra"
    claim: ClassVar[str] = "a cast rounds to nearest, ties to even, once"

    def judge(self, case: Case, route: str) -> Outcome:
        narrow = FORMATS[case.options["dtype"]]
        (x,) = case.inputs
        ties = beside_ties(x.astype(np.float64), narrow, case.format, case.rng("ties"))
        both = case.at(np.concatenate([x, case.format.round(ties)]))
        expected = narrow.round(both.inputs[0]).astype(np.float64).astype(case.format.dtype)
        # got, too, is back in the operand's format
        return bitwise(both, both.got(), expected.astype(np.float64), severity=Severity.INACCURATE)


def beside_ties(x: Array, narrow: Format, wide: Format, rng: np.random.Generator) -> Array:
    """Halfway between the narrow neighbours of x, give or take a power of two of ulps of the wide format."""
    near = np.clip(narrow.round(x).astype(np.float64), -narrow.max, narrow.max)
    middle = near + rng.choice([-0.5, 0.5], x.shape) * narrow.ulp(near)
    beside = np.ldexp(rng.choice([-1.0, 0.0, 1.0], x.shape), rng.integers(0, wide.p - 1, x.shape))
    return np.clip(middle + beside * wide.ulp(middle), -wide.max, wide.max)
