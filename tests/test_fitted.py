"""Functions are called as their signatures say; what they cannot be asked is not judged, what they lack is found."""

import contextlib
import functools
import inspect
import io
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import reference as ref
from suite.audit.group import Judged, judge_group
from suite.audit.plan import Plan
from suite.audit.settling import settled
from suite.concepts import concepts
from suite.targets.fitted import fitted
from suite.targets.library import Library
from suite.targets.loading import framework
from suite.targets.protocol import Made, Shown, Unsupported
from suite.verdict import Severity, Verdict

pytestmark = pytest.mark.filterwarnings("ignore")  # a library's own warnings are its own affair


def library(name: str, f: Callable[..., Any], arrays: str = "numpy", vjp: Callable[..., Any] | None = None) -> Library:
    vjps = {} if vjp is None else {name: fitted(name, vjp, f"mine.{name}_vjp", seeded=True)}
    return Library("mine", framework(arrays), {name: fitted(name, f, f"mine.{name}")}, vjps)


def judged(target: Library, concept: str = "", dtype: str = "float32", *laws: str, cases: int = 0) -> Judged:
    name = concept or next(iter(target.functions))
    return judge_group((name, dtype), target, Plan("mine", "cpu", "quick", 0, laws or ("accuracy",), cases=cases))


def verdicts(found: Judged) -> set[Verdict]:
    return {c.verdict for c in found.cells}


# -- words and places


def soft(x: Any, axis: Any) -> Any:
    return ref.softmax(x, axis=axis)


SOFT: dict[str, Callable[..., Any]] = {
    "dim": lambda x, dim: soft(x, dim),
    "dim-keyword": lambda x, *, dim=0: soft(x, dim),
    "position": lambda x, axis, /: soft(x, axis),
    "behind-another": lambda x, eps=0.0, axis=0, /: soft(x + eps, axis),
    "anything": lambda *x, **options: soft(*x, **options),
    "more": lambda logits, mask=None, axis=0, out=None: soft(logits, axis),
    "partial": functools.partial(lambda x, axis, scale: soft(scale * x, axis), scale=np.float32(1)),
}


@pytest.mark.parametrize("f", SOFT.values(), ids=SOFT)
def test_the_axis_is_given_in_the_functions_own_words(f: Callable[..., Any]) -> None:
    found = judged(library("softmax", f))
    assert verdicts(found) == {Verdict.HOLDS} and {c.route for c in found.cells} == {"eager", "asked"}
    assert not found.notes


CANNOT = {
    "softmax": (lambda x, temperature: x, "mine.softmax needs 'temperature', which softmax has not"),
    "matmul": (lambda x: x, r"mine.matmul takes 1 operand, matmul has 2: "),
    "vecdot": (lambda x, axis: x, "mine.vecdot takes 1 operand, vecdot has 2: x1, x2"),
    "var": (lambda x, axis, correction, rows: x, "mine.var needs 'rows', which var has not"),
    "leaky_relu": (functools.partial(ref.leaky_relu, negative_slope=0.3),
                   "mine.leaky_relu takes no negative_slope: it has negative_slope=0.3"),
}  # fmt: skip


@pytest.mark.parametrize("name", CANNOT)
def test_what_cannot_be_asked_is_not_judged_and_says_why(name: str) -> None:
    f, sentence = CANNOT[name]
    found = judged(library(name, f))
    assert verdicts(found) == {Verdict.NOT_JUDGED} and not found.broken
    assert all(sentence in c.reason for c in found.cells)


# -- options that it lacks


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_the_value_that_agrees_is_taken_and_named(approximate: str) -> None:
    found = judged(library("gelu", lambda x: ref.gelu(x, approximate=approximate)))
    assert verdicts(found) == {Verdict.HOLDS}
    (note,) = found.notes
    assert note == f"mine.gelu takes no approximate: judged as approximate={approximate!r}, with which it agrees"


def test_where_none_agrees_it_is_broken() -> None:
    found = judged(library("gelu", lambda x: x / (1 + np.exp(-1.5 * x))))
    assert verdicts(found) == {Verdict.BROKEN} and not found.notes
    assert found.broken == ("mine.gelu: it takes no approximate, and agrees with none of these on ordinary rows: "
                            "approximate='none'; approximate='tanh'",)  # fmt: skip


def test_a_wrong_function_is_refuted_by_the_value_that_it_is_near_to() -> None:
    """Right at ordinary numbers, wrong in the tail."""
    found = judged(library("gelu", lambda x: np.where(x < -5, x, ref.gelu(x, approximate="tanh"))))
    assert Verdict.REFUTED in verdicts(found) and "approximate='tanh'" in found.notes[0]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_a_loss_without_a_reduction_is_one_of_them(reduction: str) -> None:
    target = library("mse_loss", lambda a, b: ref.mse_loss(a, b, reduction=reduction))
    own, other = ("mse_loss_none", "mse_loss") if reduction == "none" else ("mse_loss", "mse_loss_none")
    assert verdicts(judged(target, own)) == {Verdict.HOLDS}
    assert verdicts(judged(target, other)) == {Verdict.NOT_JUDGED}


def test_options_that_a_person_has_fixed_are_what_is_judged() -> None:
    target = library("vector_norm", functools.partial(ref.vector_norm, ord=1))
    found = judged(target)
    assert verdicts(found) == {Verdict.HOLDS} and found.notes == ("mine.vector_norm takes no ord: judged as ord=1",)
    call = Made("y0", "vector_norm", (np.ones((1, 2)),), {"axis": -1, "ord": 1})
    assert "\ny0 = vector_norm(x0_0, axis=-1)\n" in target.reproduce(Shown((call,)))


def test_a_correction_that_depends_on_the_size_is_none_that_a_function_has() -> None:
    target = library("std", lambda x, axis, keepdims=False: ref.std(x, axis=axis, keepdims=keepdims))
    ready = settled(target, concepts()["std"], "float64")
    assert ready.concept.options == ({"correction": 0.0},)
    assert verdicts(judged(target, "std", "float64")) == {Verdict.HOLDS}


# -- calls that it does not take


def test_several_axes_are_not_asked_of_one_that_takes_one() -> None:
    def mean(x: Any, axis: int, keepdims: bool = False) -> Any:
        return x.sum(axis, keepdims=keepdims) / x.dtype.type(x.shape[axis])

    found = judged(library("mean", mean))
    assert verdicts(found) == {Verdict.HOLDS}
    assert found.notes == ("mine.mean cannot be asked for several axes at once: not judged so",)


def test_a_wrong_keepdims_is_still_refuted() -> None:
    def mean(x: Any, axis: Any, keepdims: bool = False) -> Any:
        return np.mean(x, axis, keepdims=keepdims) * (1 + keepdims)

    assert Verdict.REFUTED in verdicts(judged(library("mean", mean)))


LONE: dict[str, tuple[Callable[..., Any], str]] = {
    "last": (lambda x: soft(x, -1), "along the last axis"),
    "rows": (lambda x: soft(x, 0), "one row at a time"),
    "all": (lambda x: np.exp(x - x.max()) / np.exp(x - x.max()).sum(), "one row at a time"),
    "second": (lambda x: soft(x, 1), "along the last axis"),
    "fixed": (functools.partial(ref.softmax, axis=-1), "along the last axis"),
}


@pytest.mark.parametrize("name", LONE)
def test_a_function_without_an_axis_is_judged_along_the_one_that_it_has(name: str) -> None:
    f, told = LONE[name]
    found = judged(library("softmax", f))
    assert verdicts(found) == {Verdict.HOLDS}
    assert found.notes[0] == f"mine.softmax takes no axis: judged {told}, with which it agrees"
    assert any("another number of axes" in note for note in found.notes) == (name in ("rows", "all", "second"))


def test_a_lone_function_is_reproduced_by_the_row_that_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    def lone(x: Any) -> Any:
        return np.exp(x) / np.exp(x).sum()

    def vjp(x: Any, cotangent: Any) -> Any:
        return (np.float32(1.5) * ref.softmax_vjp(x, axis=-1, cotangent=cotangent)[0],)

    monkeypatch.setitem(sys.modules, "mine", SimpleNamespace(softmax=lone, softmax_vjp=vjp))
    target = settled(library("softmax", lone, vjp=vjp), concepts()["softmax"], "float32").target
    found = judged(target, "softmax", "float32", "accuracy", "gradient")
    for f in (c.finding for c in found.cells if c.route in ("eager", "vjp")):
        assert f is not None and "x0_0 = np.array([" in f.reproduction and "x0_0 = np.array([[" not in f.reproduction
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(f.reproduction, {})
        got = float(out.getvalue().split()[1])
        assert got == float.fromhex(f.got) or np.isnan(got)
    assert len([c for c in found.cells if c.finding]) >= 2


def test_a_lone_function_is_not_called_without_rows() -> None:
    target = library("softmax", LONE["all"][0])
    assert verdicts(judged(target, "softmax", "float64", "empty")) <= {Verdict.HOLDS, Verdict.NOT_JUDGED}
    ready = settled(target, concepts()["softmax"], "float64").target
    with pytest.raises(Unsupported, match=r"mine.softmax takes one row at a time: without rows there is no call"):
        ready.call("softmax", [np.zeros((0, 3))], {"axis": -1})


SINGLE: dict[str, Callable[..., Any]] = {
    "relu": lambda x: x if x > 0 else x.dtype.type(0) * x.dtype.type(0),
    "matmul": lambda a, b: np.dot(a, b),
}


@pytest.mark.parametrize("name", SINGLE)
def test_a_function_of_numbers_or_single_matrices_is_judged_row_by_row(name: str) -> None:
    found = judged(library(name, SINGLE[name]), name, "float64", cases=1)
    assert Verdict.HOLDS in verdicts(found) <= {Verdict.HOLDS}
    assert found.notes == (f"mine.{name} takes no batches: judged one row at a time, with which it agrees",)


def test_such_a_function_is_refuted_where_it_is_wrong() -> None:
    found = judged(library("matmul", lambda a, b: np.dot(a, b) * 1.000001), "matmul", "float64", cases=1)
    assert Verdict.REFUTED in verdicts(found)


def test_a_function_with_an_axis_that_fails_on_batches_is_broken() -> None:
    """It divides by sums of another shape: a row alone would hide it."""
    found = judged(library("softmax", lambda x, axis: np.exp(x) / np.exp(x).sum(axis)))
    assert verdicts(found) == {Verdict.BROKEN} and not found.notes


def test_an_axis_that_it_does_not_have_is_unsupported() -> None:
    target = settled(library("softmax", LONE["last"][0]), concepts()["softmax"], "float64").target
    with pytest.raises(Unsupported, match=r"mine.softmax takes no axis"):
        target.call("softmax", [np.zeros((2, 3))], {"axis": 0})


# -- formats


def test_a_function_that_promotes_is_judged_by_value() -> None:
    found = judged(library("exp", lambda x: np.exp(x.astype(np.float64))), "exp", "float16")
    assert verdicts(found) == {Verdict.HOLDS}
    assert found.notes == ("mine.exp returns float64 for float16 operands: judged as rounded to float16, once",)
    wrong = judged(library("exp", lambda x: np.exp(x.astype(np.float64)) * 1.01), "exp", "float16")
    assert {c.severity for c in wrong.cells} <= {Severity.INACCURATE, Severity.WRONG, None}
    assert Verdict.REFUTED in verdicts(wrong)


def test_a_function_that_narrows_is_broken() -> None:
    found = judged(library("exp", lambda x: np.exp(x).astype(np.float16)))
    assert verdicts(found) == {Verdict.BROKEN}
    assert "returned float16 for float32 operands: return the operands' dtype, or name the formats" in found.broken[0]


# -- derivatives


def test_a_written_derivative_has_words_of_its_own() -> None:
    def vjp(x: Any, dim: Any, cotangent: Any) -> Any:
        return ref.softmax_vjp(x, axis=dim, cotangent=cotangent)

    found = judged(library("softmax", lambda x, axis: soft(x, axis), vjp=vjp), "", "float64", "gradient")
    assert verdicts(found) == {Verdict.HOLDS}
    lone = library("softmax", lambda x: soft(x, -1), vjp=lambda x, cotangent: vjp(x, -1, cotangent))
    assert verdicts(judged(lone, "", "float64", "gradient")) == {Verdict.HOLDS}


# -- torch


def test_torchs_own_functions_and_modules_are_taken_as_they_are() -> None:
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    with pytest.raises(ValueError, match="no signature"):
        inspect.signature(functional.gelu)  # nothing is known of it, it is called by the concept's own words
    for name, f in {
        "softmax": functional.softmax,
        "log_softmax": torch.nn.LogSoftmax(-1),
        "logsumexp": functools.partial(torch.logsumexp, dim=-1),
        "mse_loss": torch.nn.MSELoss(),
    }.items():
        found = judged(library(name, f, "torch"))
        assert verdicts(found) - {Verdict.NOT_JUDGED} == {Verdict.HOLDS}, name  # quick does not try every way
    ready = settled(library("gelu", functools.partial(functional.gelu, approximate="tanh"), "torch"),
                    concepts()["gelu"], "float32")  # fmt: skip
    assert ready.notes == ("mine.gelu takes no approximate: judged as approximate='tanh'",)
    assert ready.concept.options == ({"approximate": "tanh"},)


def test_a_torch_function_that_promotes_is_differentiated() -> None:
    pytest.importorskip("torch")
    target = library("exp", lambda x: x.double().exp(), "torch")
    assert verdicts(judged(target, "exp", "float32", "gradient", "forward")) == {Verdict.HOLDS}
