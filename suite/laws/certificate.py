"""Where there is no formula to run: the defining equations, evaluated exactly."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from suite.arithmetic import Balls, RunningError
from suite.floats import Array, precision
from suite.judge.case import Case
from suite.judge.compare import each
from suite.judge.outcome import Outcome, Refutation, region_of
from suite.laws.law import EAGER, Law
from suite.record import Concept
from suite.targets.protocol import Target
from suite.verdict import Severity


@dataclass(frozen=True)
class Certificate(Law):
    """Each claim is (name, residual, scale): residual <= scale, both enclosed by balls."""

    family: ClassVar[str] = "certificate"
    claim: ClassVar[str] = "the result satisfies the defining equations up to a backward error of the method"

    def routes(self, concept: Concept, target: Target) -> tuple[str, ...]:
        return EAGER if concept.certificate is not None else ()

    def judge(self, case: Case, route: str) -> Outcome:
        got = case.got()
        with precision(300):
            return each(self._row(case, r, got[r]) for r in range(min(case.rows, 24))).marked(cases=1)

    def _row(self, case: Case, r: int, got: Array) -> Outcome:
        assert case.concept.certificate is not None
        inputs = [x[r].astype(np.float64) for x in case.inputs]
        claims = case.concept.certificate(inputs, got.astype(np.float64), case.format, **case.options)
        out = Outcome(basis="backward error")
        for name, residual, scale in claims:
            ratio = np.inf if residual.is_nan() else float((residual / scale).mid()) if scale > 0 else 0.0
            out += Outcome(elements=got.size, ratio=ratio if not residual > scale else 0.0)
            if residual > scale or residual.is_nan():
                grade = Severity.INACCURATE if np.isfinite(ratio) and ratio < 1 / case.format.u / 8 else Severity.WRONG
                found = Refutation(
                    case,
                    r,
                    (),
                    grade,
                    residual.str(10, radius=False),
                    ("0", scale.str(10, radius=False)),
                    scale.str(10, radius=False),
                    f"backward error: {name}",
                    np.inf,
                    ratio,
                    note=name,
                )
                out += Outcome(refuted=(found,), region=region_of(case, np.array([r])))
        return out


@dataclass(frozen=True)
class OneStep(Law):
    """An iteration is judged one step from the target's own iterate: x_(k+1) = T(x_k) + rounding."""

    family: ClassVar[str] = "convergence"
    claim: ClassVar[str] = "each iterate is the method's step from the one before, within one step's running error"

    def judge(self, case: Case, route: str) -> Outcome:
        from suite.judge.compare import compare

        path = case.got()
        step = dict(case.options, iterations=1)
        standard = case.required()
        total = Outcome()
        for k in range(path.shape[1] - 1):
            operands = [*case.inputs[:-1], path[:, k]]
            with np.errstate(all="ignore"):
                # a stored iterate may be the rounding of a wider one that the target goes on with
                stored = 0.5 * case.format.ulp(operands[-1].astype(np.float64))
                lifted = [RunningError(x, standard) for x in operands[:-1]]
                run = case.concept.reference(*lifted, RunningError(operands[-1], standard, stored), **step)[:, 1]

            def exact(row: int, bits: int, operands: list[Array] = operands) -> object:
                with precision(bits):
                    assert case.concept.definition is not None
                    return case.concept.definition(*(Balls(x[row : row + 1]) for x in operands), **step).a[0, 1]

            total += compare(case, path[:, k + 1], run.value, case.rounded_once(run.value, run.error), exact)
        return total.marked(cases=1)
