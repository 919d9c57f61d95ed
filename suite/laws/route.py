"""The same call gives the same answer."""

from dataclasses import dataclass
from typing import ClassVar

from suite.judge.case import Case
from suite.judge.compare import bitwise, each
from suite.judge.outcome import Outcome
from suite.laws.law import Law


@dataclass(frozen=True)
class Repeatable(Law):
    """The same call twice gives the same bits, and leaves its operands alone."""

    family: ClassVar[str] = "route"
    claim: ClassVar[str] = "the same call twice gives the same bits"

    def judge(self, case: Case, route: str) -> Outcome:
        pairs = zip(case.call(case.inputs), case.results(), strict=True)
        return each(bitwise(case, again, first, signs=True) for again, first in pairs)
