"""What every law is: a frozen value that judges a case along a route."""

import re
from dataclasses import dataclass
from typing import ClassVar

from suite.judge.case import Case
from suite.judge.outcome import Outcome
from suite.record import Concept
from suite.targets.protocol import Target

EAGER = ("eager",)
ASKED = "asked"  # the route of the calls that are drawn: other axes, other memory, broadcast, one row


@dataclass(frozen=True)
class Law:
    """``claim`` is the sentence that a refutation refutes; ``family`` groups laws in reports."""

    family: ClassVar[str]
    claim: ClassVar[str]

    @property
    def name(self) -> str:
        """In lower case with underscores; values of one class that differ say how."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()

    @property
    def statement(self) -> str:
        return self.claim

    def routes(self, concept: Concept, target: Target) -> tuple[str, ...]:
        """The routes along which this law judges this concept: none where it does not apply."""
        return EAGER

    def judge(self, case: Case, route: str) -> Outcome:
        raise NotImplementedError
