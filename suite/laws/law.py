"""What every law is: a frozen value that judges a case along a route."""

import re
from dataclasses import dataclass
from typing import ClassVar

from suite.judge.case import Case
from suite.judge.outcome import Outcome
from suite.record import Concept
from suite.targets.protocol import Target
from suite.targets.ways import EAGERLY

EAGER = (EAGERLY,)
ASKED = "asked"  # the route of the calls that are drawn: other axes, other memory, broadcast, one row


def computed(target: Target) -> tuple[str, ...]:
    """The plain call, and the target's other ways to compute a value."""
    return (*EAGER, *(way.name for way in target.ways if not way.order))


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


def ways_of(target: Target, order: int = 1, forward: bool = False) -> tuple[str, ...]:
    """The names of the target's ways of one sort; calls that are drawn are differentiated by the first of them."""
    return tuple(way.name for way in target.ways if way.order == order and way.forward == forward)
