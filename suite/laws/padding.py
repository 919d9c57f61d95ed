"""A mask of -inf takes an entry out: more such entries at the end of a row change nothing before them."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from suite.floats import Array
from suite.judge.case import Case
from suite.judge.compare import bitwise, related
from suite.judge.outcome import Outcome
from suite.laws.algebra import _calls
from suite.laws.law import EAGER, Law
from suite.laws.stability import MASKED
from suite.record import Concept
from suite.targets.protocol import CallError, Target


@dataclass(frozen=True)
class Padding(Law):
    """f(x, -inf, ..., -inf) = f(x) within both bounds, and NaN for both or for neither."""

    family: ClassVar[str] = "algebra"
    claim: ClassVar[str] = "masked entries at the end of a row change nothing before them"

    def routes(self, concept: Concept, target: Target) -> tuple[str, ...]:
        return EAGER if concept.truth.masks and len(concept.operands) == 1 else ()

    def judge(self, case: Case, route: str) -> Outcome:
        rows = calm_rows(case)
        (x,) = rows.inputs
        n = x.shape[-1]
        more = n if case.recipe.seed % 2 else 1
        padded, bounded = (rows.at(_extended(x, more, fill)) for fill in (-np.inf, -MASKED / 4))
        try:
            a, b = (c.got().astype(np.float64) for c in (rows, padded))
        except CallError:  # to refuse a row without entries is a library's right
            return Outcome(cases=1, unjudged=rows.rows)
        allowed = bounded.bounded()[1]
        if case.concept.result:
            b, allowed = b[..., :n], allowed[..., :n]
        masked = np.isneginf(x.astype(np.float64)).all(axis=-1).reshape(-1, *(1,) * (a.ndim - 1))
        with np.errstate(all="ignore"):
            slack = np.where(masked, np.inf, rows.bounded()[1] + allowed) * (1 + 2.0**-40)
        calls = _calls(rows, padded)
        return related(rows, b, a, slack, calls=calls) + bitwise(
            rows, b, a, where=np.isnan(a) != np.isnan(b), calls=calls
        )


def calm_rows(case: Case) -> Case:
    """Rows far above the mask, and one that is masked throughout."""
    (x,) = case.inputs
    v = x.astype(np.float64)
    hidden = np.isneginf(v).all(axis=-1)
    calm = np.flatnonzero((np.abs(v).max(axis=-1) < 1000) | hidden)[: max(1, min(16, 16384 // x.shape[-1]))]
    rows = x[calm]
    if not hidden[calm].any():
        rows = np.concatenate([rows, np.full((1, x.shape[-1]), -np.inf, x.dtype)])
    return case.at(rows)


def _extended(x: Array, more: int, fill: float) -> Array:
    return np.concatenate([x, np.full((len(x), more), fill, x.dtype)], axis=-1)
