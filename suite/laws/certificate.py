"""Where there is no formula to run: the defining equations, evaluated exactly; and iterations, step by step."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from suite.arithmetic import RunningError
from suite.floats import Array
from suite.judge.bound import rounded_once
from suite.judge.case import Case
from suite.judge.certify import satisfied, settled
from suite.judge.compare import Ruler, compare, each
from suite.judge.outcome import Outcome
from suite.judge.refute import refuted
from suite.judge.truth import Claim
from suite.laws.law import ASKED, EAGER, Law
from suite.record import Concept
from suite.targets.protocol import Target
from suite.verdict import Severity

ROWS = 24  # of a case that are certified


@dataclass(frozen=True)
class Certificate(Law):
    """Each claim is (name, residual, scale): residual <= scale, both enclosed by balls."""

    family: ClassVar[str] = "certificate"
    claim: ClassVar[str] = "the result satisfies the defining equations up to a backward error of the method"

    def routes(self, concept: Concept, target: Target) -> tuple[str, ...]:
        return (*EAGER, ASKED) if concept.truth.certifies else ()

    def judge(self, case: Case, route: str) -> Outcome:
        return certified(case, case.results())


def certified(case: Case, results: Sequence[Array]) -> Outcome:
    """The claims about some rows of results, which may come from any route."""
    return each(_row(case, r, [y[r] for y in results]) for r in range(min(case.rows, ROWS)))


def _row(case: Case, r: int, outputs: list[Array]) -> Outcome:
    operands, size = [x[r] for x in case.inputs], sum(y.size for y in outputs)

    def claims() -> Sequence[Claim]:
        return case.concept.truth.certify(operands, outputs, case.format, case.options)

    def decided(k: int, last: Claim) -> tuple[str | None, Claim]:
        def at(bits: int) -> tuple[str | None, Claim]:
            claim = claims()[k]
            return satisfied(claim.residual, claim.scale), claim

        return settled(at, last)

    with_claims = enumerate(claims())
    return each(_claim(case, r, size, *decided(k, claim)) for k, claim in with_claims).marked(basis="backward error")


def _claim(case: Case, r: int, size: int, verdict: str | None, claim: Claim) -> Outcome:
    if verdict is None:
        return Outcome(unknown=1)
    residual, scale = claim.residual, claim.scale
    ratio = np.inf if residual.is_nan() else float((residual / scale).mid()) if scale > 0 else 0.0
    if verdict == "within":
        return Outcome(elements=size, ratio=ratio)
    grade = Severity.INACCURATE if np.isfinite(ratio) and ratio < 1 / case.format.u / 8 else Severity.WRONG
    most, basis = scale.str(10, radius=False), f"backward error: {claim.name}"
    found = refuted(
        case, (r,), grade, residual.str(10, radius=False), ("0", most), allowed=most, basis=basis, ratio=ratio,
        note=claim.name,
    )  # fmt: skip
    return found.marked(elements=size)


@dataclass(frozen=True)
class OneStep(Law):
    """An iteration is judged one step from the target's own iterate: x_(k+1) = T(x_k) + rounding.

    ``state`` is the operand that an iterate takes the place of.
    """

    state: int = -1
    family: ClassVar[str] = "convergence"
    claim: ClassVar[str] = "each iterate is the method's step from the one before, within one step's running error"

    def judge(self, case: Case, route: str) -> Outcome:
        path = case.got()
        return each(self._step(case, path, k) for k in range(path.shape[1] - 1))

    def _step(self, case: Case, path: Array, k: int) -> Outcome:
        operands, step = list(case.inputs), dict(case.options, iterations=1)
        operands[self.state] = path[:, k]
        with np.errstate(all="ignore"):
            # a stored iterate may be the rounding of a wider one that the target goes on with
            stored = 0.5 * case.format.ulp(path[:, k].astype(np.float64))
            lifted = [RunningError(x, case.required()) for x in operands]
            lifted[self.state] = RunningError(path[:, k], case.required(), stored)
            run = case.concept.reference(*lifted, **step)[:, 1]

        def exact(row: int, bits: int) -> object:
            (iterates,) = case.concept.truth.enclose([x[row : row + 1] for x in operands], step, bits)
            return iterates[0, 1]

        found = compare(case, path[:, k + 1], Ruler(run.value, rounded_once(case, run.value, run.error), exact))
        return found.at_step(k + 1)
