"""Every law refutes a subtle bug, and holds for the right version on the same draws."""

from functools import cache

import numpy as np
import pytest
from planted import PLANTED, Planted, off, off_vjp, right

from suite.audit import Plan, judge_group
from suite.cells import law_names
from suite.concepts import concepts
from suite.floats import FORMATS
from suite.targets.frameworks import NumPy, Torch
from suite.targets.library import Library
from suite.verdict import Cell, Verdict

MULTIPLE = 8  # of the law's own bound


def cells(concept: str, dtype: str, library: Library, seed: int, *laws: str) -> dict[str, Cell]:
    """The cells of some laws by law and route, as an audit of the quick profile judges them."""
    plan = Plan("numpy", "cpu", "quick", seed, laws)
    with np.errstate(all="ignore"):
        return {f"{c.law}-{c.route}": c for c in judge_group((concept, dtype), library, plan).cells}


@cache
def rightly(concept: str, dtype: str, law: str, framework: str, seed: int) -> dict[str, Cell]:
    return cells(concept, dtype, right(framework), seed, law)


@pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.id)
def test_the_law_refutes_the_bug_and_not_the_right_version(bug: Planted) -> None:
    if bug.framework == "torch":
        pytest.importorskip("torch")
    key = f"{bug.law}-{bug.route}"
    cell = cells(bug.concept, bug.dtype, bug.library(), bug.seed, bug.law)[key]
    assert cell.verdict is Verdict.REFUTED and cell.finding is not None, cell.reason
    if bug.kind == "bound":
        assert 1 < cell.finding.ratio <= MULTIPLE
    if bug.kind == "ulp":
        assert cell.finding.error_ulp <= 1
    assert rightly(bug.concept, bug.dtype, bug.law, bug.framework, bug.seed)[key].verdict is Verdict.HOLDS


if __name__ == "__main__":
    import time
    for bug in PLANTED:
        t = time.time()
        key = f"{bug.law}-{bug.route}"
        c = cells(bug.concept, bug.dtype, bug.library(), bug.seed, bug.law).get(key)
        r = rightly(bug.concept, bug.dtype, bug.law, bug.framework, bug.seed)[key]
        f = c.finding
        print(bug.id, c.verdict, c.reason, r.verdict, f and (f.severity.value, f.ratio, f.error_ulp), round(time.time()-t, 2))
