"""Functions of one sixteen-bit number: what holds on every finite argument is proved, and one wrong result refutes."""

from typing import Any

import numpy as np
import pytest

import reference as ref
from suite.audit.group import judge_group
from suite.audit.judging import every_number
from suite.audit.plan import Plan
from suite.concepts import concepts
from suite.floats import FORMATS, Array
from suite.mutants.makers import right
from suite.targets.library import Library
from suite.verdict import Cell, Verdict

pytestmark = pytest.mark.filterwarnings("ignore")  # of NumPy, inside functions that are under test

PROVED = {"accuracy-eager", "finite-eager", "gradient-vjp", "gradient_finite-vjp"}


def judged(name: str, dtype: str, profile: str = "ci", **functions: Any) -> dict[str, Cell]:
    good = right()
    vjps = {n.removesuffix("_vjp"): f for n, f in functions.items() if n.endswith("_vjp")}
    values = {n: f for n, f in functions.items() if not n.endswith("_vjp")}
    library = Library("mine", good.framework, {**good.functions, **values}, {**good.vjps, **vjps})
    plan = Plan("mine", "cpu", profile, 0, ("accuracy", "finite", "gradient", "gradient_finite", "range"))
    with np.errstate(all="ignore"):
        return {f"{c.law}-{c.route}": c for c in judge_group((name, dtype), library, plan).cells}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_every_finite_number_is_an_argument(dtype: str) -> None:
    (case,) = every_number(concepts()["exp"], FORMATS[dtype], right())
    f = FORMATS[dtype]
    finite = 2 * (2 ** (f.p - 1)) * (f.emax - f.emin + 2)
    assert len(np.unique(case.inputs[0].view(np.uint16))) == case.rows == finite


@pytest.mark.parametrize("name", ["add", "softmax"])
def test_functions_of_more_are_not_enumerated(name: str) -> None:
    assert not list(every_number(concepts()[name], FORMATS["float16"], right()))
    assert not list(every_number(concepts()["exp"], FORMATS["float32"], right()))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", ["exp", "leaky_relu", "sqrt"])
def test_what_holds_on_all_of_them_is_proved(name: str, dtype: str) -> None:
    """Laws of single entries only; with more digits, or in the quick profile, they hold on what was drawn."""
    cells = judged(name, dtype)
    assert {key for key, c in cells.items() if c.verdict is Verdict.PROVED} == PROVED
    assert not [c for c in judged(name, dtype, "quick").values() if c.verdict is Verdict.PROVED]
    assert not [c for c in judged(name, "float32").values() if c.verdict is Verdict.PROVED]


def at_one_number(f: Any, factor: float) -> Any:
    def wrong(x: Array, **options: Any) -> Any:
        y = f(x, **options)
        one = x == np.array(1.234, x.dtype)
        off = [np.where(one, (np.asarray(g, np.float64) * factor).astype(x.dtype), g) for g in np.atleast_2d(y)]
        return tuple(off) if isinstance(y, tuple) else np.where(one, (y.astype(np.float64) * factor).astype(x.dtype), y)

    return wrong


def test_one_wrong_result_refutes() -> None:
    value = judged("tanh", "float16", tanh=at_one_number(ref.tanh, 1.01))["accuracy-eager"]
    assert value.verdict is Verdict.REFUTED and value.finding is not None
    assert [float.fromhex(t) for t in value.finding.witness.operands[0]] == [float(np.float16(1.234))]
    slope = judged("tanh", "float16", tanh_vjp=at_one_number(ref.tanh_vjp, 1.1))["gradient-vjp"]
    assert slope.verdict is Verdict.REFUTED
