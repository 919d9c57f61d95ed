"""A refutation that the reference shares accuses nobody; one that it does not share is found, wherever it stands."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

import reference as ref
from suite.audit.group import SHARED, Group
from suite.audit.plan import Plan
from suite.concepts import concepts
from suite.judge.case import Case
from suite.judge.outcome import Outcome
from suite.judge.refute import refuted
from suite.laws.law import EAGER, Law
from suite.mutants.makers import right
from suite.record import Concept
from suite.targets.library import Library
from suite.targets.protocol import Target
from suite.verdict import Cell, Severity, Verdict

pytestmark = pytest.mark.filterwarnings("ignore")


@dataclass(frozen=True)
class AtMost(Law):
    """Nobody obeys it: sound functions have results above the limit."""

    limit: float = 0.0
    family: ClassVar[str] = "stability"
    claim: ClassVar[str] = "the result is at most the limit"

    def routes(self, concept: Concept, target: Target) -> tuple[str, ...]:
        return EAGER

    def judge(self, case: Case, route: str) -> Outcome:
        out = Outcome(cases=1, elements=case.rows)
        for row in np.flatnonzero(case.got().astype(np.float64) > self.limit)[:4]:
            out += refuted(case, (int(row),), Severity.WRONG, 1.0, 0.0)
        return out


def judged(library: Library, limit: float) -> Cell:
    group = Group(concepts()["exp"], "float32", replace(library, name="mine"), Plan("numpy", "cpu", "quick", 0))
    (key,) = (k for k in group.laws if k.law == "finite")
    group.laws = {key: AtMost(limit)}
    group.outcomes = {key: Outcome()}
    group.run()
    (cell,) = group.cells()
    return cell


def test_a_law_that_refutes_the_reference_too_accuses_nobody() -> None:
    cell = judged(right(), 0.0)
    assert cell.verdict is Verdict.UNKNOWN and cell.finding is None and cell.reason == SHARED


def test_a_fault_of_its_own_is_found_among_shared_ones() -> None:
    """The row of a case on which the reference obeys the law is the witness."""

    def bent(x: np.ndarray) -> np.ndarray:
        return np.where(x == 0, np.float32(2.0), ref.exp(x)).astype(x.dtype)

    good = right()
    cell = judged(replace(good, functions={**good.functions, "exp": bent}), 1.0)
    assert cell.verdict is Verdict.REFUTED and cell.finding is not None
    assert [float.fromhex(v) for v in cell.finding.witness.operands[0]] == [0.0]
