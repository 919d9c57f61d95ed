"""Ways of computing a value: each is held to the truth, refused in the library's words, and shown as it is called."""

import contextlib
import io
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import pytest

from suite.audit.group import Group
from suite.audit.plan import Plan
from suite.audit.recheck import refuted_again
from suite.audit.session import Request, UsageError, prepare
from suite.concepts import concepts
from suite.mutants.makers import right
from suite.mutants.ways import TAKEN, on_way
from suite.targets.library import Library
from suite.targets.loading import load
from suite.targets.protocol import Made, Shown, Unsupported
from suite.targets.ways import EAGERLY
from suite.verdict import Cell, Finding, Verdict

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore")  # a library's own warnings are its own affair

ROOT = Path(__file__).parents[1]
WAYS = ["vmapped", "threads"]
CONCEPTS = ["softmax", "sum", "exp"]


def judged(concept: str, library: Library, *ways: str) -> dict[str, Cell]:
    """The cells of accuracy by route, on few cases, along the plain call and these ways."""
    group = Group(
        concepts()[concept], "float32", library, Plan("torch", "cpu", "quick", 0, ("accuracy", "certificate"))
    )
    group.profile = replace(group.profile, share=1, dear=True, wide=4, minimise=0)
    group.laws = {key: law for key, law in group.laws.items() if key.route in (EAGERLY, *ways)}
    group.run()
    return {c.route: c for c in group.cells()}


def planted(concept: str, function: Any) -> Library:
    good = right("torch")
    return replace(good, name="planted", functions={**good.functions, concept: function})


def said(found: Finding, target: Library) -> dict[str, str]:
    """What its reproduction prints, by label, where the target can be imported by its name."""
    with mock.patch.dict(sys.modules, {target.name: SimpleNamespace(**target.functions)}):
        return dict(line.split(maxsplit=1) for line in printed(found.reproduction).splitlines())


def test_every_way_to_compute_has_a_planted_bug() -> None:
    assert {way.name for way in right("torch").ways if not way.order} == set(TAKEN)
    assert not [way for way in right("numpy").ways if not way.order]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("concept", CONCEPTS)
def test_what_is_wrong_along_one_way_is_refuted_along_it_alone(concept: str, way: str) -> None:
    """By one part in a thousand, which is within the bound where softmax has large arguments."""
    wrong = planted(concept, on_way(way, right("torch").functions[concept], 1 + 2.0**-10))
    cells = judged(concept, wrong, "vmapped", "threads", way)
    assert {route for route, c in cells.items() if c.verdict is Verdict.REFUTED} == {way}
    found = cells[way].finding
    assert found is not None and refuted_again(found, wrong)
    assert float(said(found, wrong)["got"]) == float.fromhex(found.got)


@pytest.mark.parametrize("concept", ["mse_loss", "solve"])
def test_a_wrong_vmap_is_refuted_of_one_row_too_and_by_its_equations(concept: str) -> None:
    """Of a function without a batch axis all rows are one call; a solution is held to its equation."""
    wrong = planted(concept, on_way("vmapped", right("torch").functions[concept], 1 + 2.0**-10))
    cells = judged(concept, wrong, "vmapped")
    assert {route for route, c in cells.items() if c.verdict is Verdict.REFUTED} == {"vmapped"}
    found = cells["vmapped"].finding
    assert found is not None and "torch.func.vmap(" in found.reproduction and said(found, wrong)["torch"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("concept", CONCEPTS)
def test_what_is_right_holds_along_every_way(concept: str, way: str) -> None:
    cell = judged(concept, right("torch"), way)[way]
    assert cell.verdict is Verdict.HOLDS and cell.elements > 0


@pytest.mark.skipif(not shutil.which("g++"), reason="no compiler")
def test_what_is_wrong_compiled_is_refuted_along_that_way_alone() -> None:
    """The one test that compiles, which takes seconds."""
    wrong = planted("exp", on_way("compiled", right("torch").functions["exp"], 1 + 2.0**-10))
    cells = judged("exp", wrong, "vmapped", "compiled")
    assert {route for route, c in cells.items() if c.verdict is Verdict.REFUTED} == {"compiled"}


def test_a_way_that_is_refused_is_not_judged() -> None:
    """With the library's own word, and the plain call is judged all the same."""

    def exp(x: Any) -> Any:
        return torch.exp(x) if x.sum() != 1.5 else torch.exp(x) + 1

    cells = judged("exp", planted("exp", exp), "vmapped")
    cell = cells["vmapped"]
    assert cells[EAGERLY].verdict is Verdict.HOLDS
    assert cell.verdict is Verdict.NOT_JUDGED and "data-dependent control flow" in cell.reason and cell.unjudged > 0


def test_what_refused_a_way_is_not_proved_by_all_numbers() -> None:
    """Of sixteen bits every number is judged, where the way takes the function at all."""

    def exp(x: Any) -> Any:
        return torch.exp(x) if x.sum() != 1.5 else torch.exp(x) + 1

    group = Group(concepts()["exp"], "float16", planted("exp", exp), Plan("torch", "cpu", "ci", 0, ("accuracy",)))
    group.enumerate()
    verdicts = {c.route: c.verdict for c in group.cells()}
    assert verdicts[EAGERLY] is Verdict.PROVED and verdicts["vmapped"] is Verdict.NOT_JUDGED
    assert verdicts["compiled"] is verdicts["threads"] is Verdict.NOT_JUDGED


def test_a_way_that_no_case_was_tried_along_says_why() -> None:
    plan = Plan("torch", "cpu", "quick", 0, ("accuracy",), cases=1)
    group = Group(concepts()["exp"], "float32", right("torch"), plan)
    group.run()
    cells = {c.route: c for c in group.cells()}
    assert "--profile thorough" in cells["compiled"].reason
    assert "65536 entries" in cells["threads"].reason


def test_a_target_without_that_way_refuses_it() -> None:
    with pytest.raises(Unsupported, match="numpy computes nothing by 'vmapped'"):
        load("numpy", names=["exp"]).call("exp", [np.ones(2)], {}, way="vmapped")


def test_rows_apart_are_one_vmapped_call() -> None:
    """Each row of the batch is the whole of what the function sees."""
    (rows,) = right("torch").call("sum", [np.arange(6.0).reshape(3, 2)], {"axis": None}, apart=True, way="vmapped")
    assert rows.tolist() == [1, 5, 9]


# -- the instruction set

CHOSEN = """
from suite.audit.session import Request, prepare
from suite.targets.protocol import Made, Shown
import numpy as np
target = prepare(Request(concepts=("exp",), capability="default")).target
print(target.describe()["isa"])
exec(target.reproduce(Shown((Made("y0", "exp", (np.ones(1),), {}),), prints=(("got", "y0"),))))
"""


def test_the_instruction_set_is_chosen_before_the_library_is_imported() -> None:
    """The reproduction asks for it too."""
    run = subprocess.run(
        [sys.executable, "-c", CHOSEN], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert run.stdout.splitlines()[:2] == ["DEFAULT", "got tensor([2.7183], dtype=torch.float64)"], run.stderr
    assert text_of("exp", (np.ones(1),)).startswith("from typing")


@pytest.mark.parametrize("target, said", [("numpy", "has no instruction sets"), ("torch", "computes with")])
def test_an_instruction_set_that_is_not_there_is_an_error_of_usage(
    target: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "")  # put back afterwards
    with pytest.raises(UsageError, match=f"--capability mmx: {target} {said}"):
        prepare(Request(target, ("exp",), capability="mmx"))


# -- reproductions


def text_of(function: str, operands: tuple[Any, ...], options: Any = None, **how: Any) -> str:
    """The lines that show one call."""
    made = Made("y0", function, operands, options or {}, **how)
    text = right("torch").reproduce(Shown((made,), prints=(("got", "y0"),)))
    return text.replace("from right import", "from torch import")


def printed(text: str) -> str:
    threads = torch.get_num_threads()
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(text, {})
    torch.set_num_threads(threads)
    return out.getvalue()


@pytest.mark.parametrize(
    "way, call",
    [
        ("vmapped", "torch.func.vmap(lambda x0_0: softmax(x0_0, axis=-1))(x0_0)"),
        ("threads", "torch.set_num_threads("),
    ],
)
def test_a_reproduction_makes_that_very_call(way: str, call: str) -> None:
    text = text_of("softmax", (np.zeros((2, 4), np.float32),), {"axis": -1}, way=way)
    assert call in text and printed(text).count("0.2500, 0.2500, 0.2500, 0.2500") == 2


def test_a_reproduction_compiles_the_function() -> None:
    text = text_of("softmax", (np.zeros((2, 4), np.float32),), {"axis": -1}, way="compiled")
    assert "torch.compile(softmax, dynamic=True, fullgraph=True)(x0_0, axis=-1)" in text


@pytest.mark.parametrize("way", ["create_graph", "forward_over_reverse"])
def test_a_reproduction_of_a_second_derivative_makes_that_very_call(way: str) -> None:
    """x^2 at 3 seeded with 5, along 2: 10 * 2."""
    seeds = {"cotangent": np.array([5.0]), "tangent": np.array([2.0])}
    text = text_of("square", (np.array([3.0]),), wrt=(0,), operand=0, way=way, **seeds)
    assert ("torch.func.jvp" in text) == (way == "forward_over_reverse") and "20." in printed(text)


@pytest.mark.parametrize("way", ["create_graph", "forward_over_reverse"])
def test_the_second_derivative_of_a_line_is_zero(way: str) -> None:
    (h,) = right("torch").derive(way, "relu", [np.ones(2)], [0], {}, cotangent=np.ones(2), tangent=np.ones(2))
    assert h.tolist() == [0, 0]
