"""The one way to a refutation: what was got, what is true, what was allowed."""

import numpy as np
from flint import arb

from suite.floats import Array
from suite.judge.case import Case
from suite.judge.certify import ends
from suite.judge.outcome import Outcome, Refutation, region_of
from suite.verdict import Severity

EXACT = "exact"


def refuted(
    case: Case,
    at: tuple[int, ...],
    severity: Severity,
    got: float | str,
    truth: arb | float | tuple[str, str],
    *,
    allowed: float | str = "0x0p+0",
    basis: str = EXACT,
    error: float = np.inf,
    ratio: float = np.inf,
    wrt: int = -1,
    output: int = 0,
    note: str = "",
    calls: tuple[tuple[Array, ...], ...] = (),
) -> Outcome:
    """An outcome of one failure, ``at`` (row, *entry); numbers are kept as hex floats, a ball as its ends."""
    if isinstance(truth, arb):
        truth = ends(truth)
    elif isinstance(truth, float):
        truth = (truth.hex(), truth.hex())
    found = Refutation(
        case, at[0], at[1:], severity, _text(got), truth, _text(allowed), basis, error, ratio, wrt, output, note, calls
    )
    return Outcome(refuted=(found,), region=region_of(case, np.array([at[0]])), basis=basis)


def _text(value: float | str) -> str:
    return value if isinstance(value, str) else float(value).hex()
