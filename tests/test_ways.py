"""Ways of computing a value: each is held to the truth, refused in the library's words, and shown as it is called."""

import contextlib
import io
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

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
from suite.targets.protocol import EAGERLY, Shown, Unsupported
from suite.verdict import Cell, Verdict

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore")  # a library's own warnings are its own affair

ROOT = Path(__file__).parents[1]
COMPILER = pytest.param("compiled", marks=pytest.mark.skipif(not shutil.which("g++"), reason="no compiler"))
WAYS = ["vmapped", "threads", COMPILER]
CONCEPTS = ["softmax", "sum", "exp"]


def judged(concept: str, library: Library, *ways: str) -> dict[str, Cell]:
    """The cells of accuracy by route, on few cases, along the plain call and these ways."""
    group = Group(concepts()[concept], "float32", library, Plan("torch", "cpu", "quick", 0, ("accuracy",)))
    group.profile = replace(group.profile, share=1, dear=1, wide=4, minimise=0)
    group.laws = {key: law for key, law in group.laws.items() if key.route in (EAGERLY, *ways)}
    group.run()
    return {c.route: c for c in group.cells()}


def planted(concept: str, function: Any) -> Library:
    good = right("torch")
    return replace(good, name="planted", functions={**good.functions, concept: function})


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
    assert cells[way].finding is not None and refuted_again(cells[way].finding, wrong)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("concept", CONCEPTS)
def test_what_is_right_holds_along_every_way(concept: str, way: str) -> None:
    cell = judged(concept, right("torch"), way)[way]
    assert cell.verdict is Verdict.HOLDS and cell.elements > 0


@pytest.mark.parametrize("way, word", [("vmapped", "data-dependent control flow"), ("compiled", "torch.compile: ")])
def test_a_way_that_is_refused_is_not_judged(way: str, word: str) -> None:
    """With the library's own word, and the plain call is judged all the same."""

    def exp(x: Any) -> Any:
        return torch.exp(x) if x.sum() != 1.5 else torch.exp(x) + 1

    cells = judged("exp", planted("exp", exp), way)
    assert cells[EAGERLY].verdict is Verdict.HOLDS
    assert cells[way].verdict is Verdict.NOT_JUDGED and word in cells[way].reason and cells[way].unjudged > 0


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
from suite.targets.protocol import Shown
import numpy as np
target = prepare(Request(concepts=("exp",), capability="default")).target
print(target.describe()["isa"])
exec(target.reproduce(Shown("exp", ((np.ones(1),),), {})))
"""


def test_the_instruction_set_is_chosen_before_the_library_is_imported() -> None:
    """The reproduction asks for it too."""
    run = subprocess.run(
        [sys.executable, "-c", CHOSEN], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert run.stdout.splitlines() == ["DEFAULT", "tensor([2.7183], dtype=torch.float64)"], run.stderr
    assert right("torch").reproduce(Shown("exp", (), {})).startswith("from typing")


@pytest.mark.parametrize("target, said", [("numpy", "has no instruction sets"), ("torch", "computes with")])
def test_an_instruction_set_that_is_not_there_is_an_error_of_usage(
    target: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "")  # put back afterwards
    with pytest.raises(UsageError, match=f"--capability mmx: {target} {said}"):
        prepare(Request(target, ("exp",), capability="mmx"))


# -- reproductions


def printed(shown: Shown) -> tuple[str, str]:
    text = right("torch").reproduce(shown).replace("from right import", "from torch import")
    threads = torch.get_num_threads()
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(text, {})
    torch.set_num_threads(threads)
    return text, out.getvalue()


@pytest.mark.parametrize(
    "way, call",
    [
        ("vmapped", "torch.func.vmap(lambda x0_0: softmax(x0_0, axis=-1))(x0_0)"),
        ("threads", "torch.set_num_threads("),
        pytest.param("compiled", "(softmax, dynamic=True, fullgraph=True)(x0_0, axis=-1)", marks=COMPILER.marks),
    ],
)
def test_a_reproduction_makes_that_very_call(way: str, call: str) -> None:
    text, out = printed(Shown("softmax", ((np.zeros((2, 4), np.float32),),), {"axis": -1}, way=way))
    assert call in text and out.count("0.2500, 0.2500, 0.2500, 0.2500") == 2


@pytest.mark.parametrize(
    "way, call", [("functional", "torch.func.vjp("), ("create_graph", "create_graph=True"), ("backward", ".backward(")]
)
def test_a_reproduction_of_a_gradient_makes_that_very_call(way: str, call: str) -> None:
    text, out = printed(Shown("square", ((np.array([3.0]),),), {}, (0,), 0, np.array([5.0]), way=way))
    assert call in text and "30." in out


@pytest.mark.parametrize("way", ["create_graph", "forward_over_reverse"])
def test_a_reproduction_of_a_second_derivative_makes_that_very_call(way: str) -> None:
    """3 x^2 seeded with 5, along 2: 10 * 2."""
    seeds = np.array([5.0]), np.array([2.0])
    text, out = printed(Shown("square", ((np.array([3.0]),),), {}, (0,), 0, *seeds, way=way))
    assert ("torch.func.jvp" in text) == (way == "forward_over_reverse") and "20." in out
