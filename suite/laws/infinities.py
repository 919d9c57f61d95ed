"""Rows with infinities among ordinary entries, in one operand after the other, of functions of many numbers."""

import numpy as np

from suite.judge.case import Case
from suite.record import Concept

MOST = 64  # entries of all operands of a row: its limit is taken in balls
ROWS = 4
CALM = 1000.0


def mixed(concept: Concept) -> bool:
    """Whether its rows may have infinities of both signs: of one with masks only if that is declared."""
    truth = concept.truth
    apt = truth.encloses and truth.extended and not concept.elementwise and any(o.kind.real for o in concept.operands)
    return apt and (truth.infinite or not truth.masks)


def infinite_rows(case: Case) -> Case:
    """A few calm rows, each with one or two infinities and without zeros beside them.

    A case that has some already, such as a witness, is judged as it is.
    """
    if not all(np.isfinite(x.astype(np.float64)).all() for x in case.inputs):
        return case
    real = [k for k, o in enumerate(case.concept.operands) if o.kind.real]
    sizes = [np.abs(x.astype(np.float64)).reshape(case.rows, -1).max(axis=1, initial=0.0) for x in case.inputs]
    calm = np.flatnonzero(np.max(sizes, axis=0) < CALM)[:ROWS]
    if sum(x[0].size for x in case.inputs) > MOST or not calm.size:
        return case.take(slice(0, 0))
    inputs, rng = [x[calm].copy() for x in case.inputs], case.rng("infinities")
    for row in range(len(calm)):
        entries = inputs[real[row % len(real)]][row : row + 1].reshape(-1)  # a view
        if entries.size:
            entries[entries == 0] = 1
            entries[rng.integers(entries.size, size=1 + row // len(real) % 2)] = rng.choice([np.inf, -np.inf])
    return case.at(*inputs)
