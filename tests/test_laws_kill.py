"""Every law refutes a subtle bug, and holds for the right version on the same draws."""

from functools import cache

import numpy as np
import pytest
from mistakes import exp_subnormal_tripled
from planted import PLANTED, Planted

from suite.audit.cells import law_names
from suite.audit.group import judge_group
from suite.audit.plan import Plan
from suite.audit.recheck import refuted_again
from suite.concepts import concepts
from suite.floats import FORMATS
from suite.laws.law import ASKED
from suite.mutants.makers import coin, nudged, off, off_vjp, right
from suite.targets import built_in
from suite.targets.library import Library
from suite.targets.loading import framework
from suite.verdict import Cell, Finding, Severity, Verdict

pytestmark = pytest.mark.filterwarnings("ignore")  # a library's own warnings are its own affair

MULTIPLE = 8  # of the law's own bound
EXACT = {"relu", "relu6", "hardtanh", "abs"}  # their bound is zero: `nudged` plants one ulp in these


def judge(concept: str, dtype: str, library: Library, seed: int, *laws: str) -> dict[str, Cell]:
    """The cells of some laws by law and route, as an audit of the quick profile judges them."""
    plan = Plan("numpy", "cpu", "quick", seed, laws)
    with np.errstate(all="ignore"):
        return {f"{c.law}-{c.route}": c for c in judge_group((concept, dtype), library, plan).cells}


@cache
def rightly(concept: str, dtype: str, law: str, framework: str, seed: int) -> dict[str, Cell]:
    return judge(concept, dtype, right(framework), seed, law)


def multiple(found: Finding) -> float:
    """Observed over allowed; limits and kinks give no ratio, so it is computed from what they print."""
    if found.law not in ("limits", "kink"):
        return found.ratio
    got, high = float.fromhex(found.got), float(found.enclosure[1])
    # at a kink: four units in the last place beyond the larger of the one-sided derivatives
    four = float(4 * FORMATS[found.dtype].ulp(np.float64(high)))
    return abs(got - high) / (four if found.law == "kink" else float.fromhex(found.allowed))


@pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.id)
def test_the_law_refutes_the_bug_and_not_the_right_version(bug: Planted) -> None:
    if bug.framework == "torch":
        pytest.importorskip("torch")
    key = f"{bug.law}-{bug.route}"
    cell = judge(bug.concept, bug.dtype, bug.library(), bug.seed, bug.law)[key]
    assert cell.verdict is Verdict.REFUTED and cell.finding is not None, cell.reason
    assert refuted_again(cell.finding, bug.library()) is not None  # by its witness alone
    if bug.kind == "bound":
        assert 1 < multiple(cell.finding) <= MULTIPLE
    if bug.kind == "ulp":
        assert cell.finding.error_ulp <= 1.5  # one ulp beside a correctly rounded result
    assert rightly(bug.concept, bug.dtype, bug.law, bug.framework, bug.seed)[key].verdict is Verdict.HOLDS


def test_every_law_has_a_planted_bug_that_is_subtle() -> None:
    """A result that differs between two calls is not refuted but unstable, and tested with the audit."""
    assert {bug.law for bug in PLANTED} == set(law_names()) - {"repeatable"}
    exempt = {
        "finite",
        "gradient_finite",
        "gradual_underflow",
        "propagates_nan",
    }  # they speak of NaN and zero: no bound, no ulp
    assert {bug.law for bug in PLANTED if bug.kind != "real"} == set(law_names()) - {"repeatable"} - exempt


def test_every_way_has_a_planted_bug() -> None:
    pytest.importorskip("torch")
    ways = {way.name for library in map(framework, built_in()) for way in library.ways}
    assert {bug.route for bug in PLANTED} == {"eager", ASKED, *ways}


def defined() -> list[str]:
    return [c.name for c in concepts().values() if c.truth.encloses and c.name not in EXACT]


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("name", defined())
def test_accuracy_refutes_four_times_the_bound_of_every_concept(name: str, dtype: str) -> None:
    bug = Planted(name, "accuracy", off(name, sign=coin))
    cell = judge(name, dtype, bug.library(), 0, "accuracy")["accuracy-eager"]
    assert cell.finding is not None and 1 < cell.finding.ratio <= MULTIPLE


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("name", sorted(EXACT))
def test_accuracy_refutes_one_ulp_where_nothing_rounds(name: str, dtype: str) -> None:
    bug = Planted(name, "accuracy", nudged(name))
    assert judge(name, dtype, bug.library(), 0, "accuracy")["accuracy-eager"].verdict is Verdict.REFUTED


def derived() -> list[tuple[str, int]]:
    """Differentiable operands whose derivative rounds: the derivative of a sum or a choice is exact."""
    exact = {"relu", "relu6", "hardtanh", "abs", "add", "subtract", "sum", "kl_div"}
    return [
        (c.name, k)
        for c in concepts().values()
        if c.differentiable and c.truth.encloses and c.name not in exact
        for k in range(sum(o.grad for o in c.operands))
    ]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name, operand", derived())
def test_gradient_refutes_four_times_the_bound_of_every_concept(name: str, operand: int, dtype: str) -> None:
    bug = Planted(name, "gradient", off_vjp(name, sign=coin, operand=operand), vjp=True)
    cell = judge(name, dtype, bug.library(), 0, "gradient")["gradient-vjp"]
    assert cell.verdict is Verdict.REFUTED


def test_subnormal_results_that_are_wrong_and_not_flushed_are_no_convention() -> None:
    cell = judge("exp", "float32", Planted("exp", "accuracy", exp_subnormal_tripled).library(), 0, "accuracy")
    assert cell["accuracy-eager"].severity in (Severity.WRONG, Severity.INACCURATE)


if __name__ == "__main__":  # the kill matrix: which law, which bug, at which multiple of the law's bound
    for bug in PLANTED:
        cell = judge(bug.concept, bug.dtype, bug.library(), bug.seed, bug.law)[f"{bug.law}-{bug.route}"]
        found = cell.finding
        print(f"{bug.id:64} {found and (found.severity.value, round(multiple(found), 2), round(found.error_ulp, 2))}")
