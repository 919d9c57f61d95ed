"""A library is one file, and no other room of the suite names it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import suite
from suite.audit.group import judge_group
from suite.audit.plan import Plan
from suite.concepts import call_names
from suite.targets import built_in
from suite.targets.library import Library
from suite.targets.loading import load
from suite.targets.protocol import Shown, TargetError
from suite.verdict import Verdict

pytestmark = pytest.mark.filterwarnings("ignore")  # a library's own warnings are its own affair

TOY = '''
import numpy as np
from suite.targets.protocol import TargetError, Way
from suite.targets.words import listed


class Box:
    """An array that remembers what it was made of."""

    def __init__(self, value, *parents):
        self.value, self.parents, self.grad = value, parents, 0 * value

    def __getitem__(self, index):
        return Box(self.value[index])

    def pull(self, seed):
        self.grad = self.grad + seed
        for parent, back in self.parents:
            parent.pull(back(seed))


def exp(x):
    y = np.exp(x.value)
    return Box(y, (x, lambda g: g * y))


def unbroadcast(g, shape):
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(k for k, n in enumerate(shape) if n == 1), keepdims=True).reshape(shape)


def multiply(x1, x2):
    a, b = x1.value, x2.value
    return Box(a * b, (x1, lambda g: unbroadcast(g * b, a.shape)), (x2, lambda g: unbroadcast(g * a, b.shape)))


def sin(x):
    if x.value.dtype == np.float16:
        raise TypeError("boxes of halves are no good")
    return Box(np.float32(1.001) * np.sin(x.value), (x, lambda g: g * np.cos(x.value)))


class Boxes:
    name, device = "box", "cpu"
    ways, layouts = (Way("recorded"),), ("strided",)
    written, refusals, flushes = "", ("no good",), False
    moves = ("transpose", "np.broadcast_to({}, {})")
    imports = ("import numpy as np",)

    def __init__(self, device):
        if device != "cpu":
            raise TargetError("boxes are made of cardboard")

    def to_native(self, array, memory=None):
        step = memory.steps[-1] if memory and array.ndim else 1
        return Box(np.repeat(array, step, axis=-1)[..., ::step]) if step > 1 else Box(array.copy())

    def from_native(self, value, where):
        if not isinstance(value, Box):
            raise TargetError(f"{where} returned no box")
        return np.asarray(value.value, order="C")

    def derive(self, way, f, operands, wrt, cotangent, tangent):
        f(*operands).pull(cotangent)
        return [operands[k].grad for k in wrt]

    def describe(self):
        return {"version": "1"}

    def defined(self, name, f):
        return []

    def literal(self, x):
        return f"Box({listed(x)})"

    def differentiated(self, name, operands, keywords, shown):
        return []


FRAMEWORK = Boxes
'''


@pytest.fixture
def boxes(tmp_path: Path) -> Library:
    (tmp_path / "boxes.py").write_text(TOY)
    return load(str(tmp_path / "boxes.py"), names=call_names())


@pytest.mark.parametrize("name", ["exp", "multiply"])
def test_a_new_library_is_one_file(boxes: Library, name: str) -> None:
    """It is judged along its own ways and layouts, and nothing of the suite knows it."""
    judged = judge_group((name, "float32"), boxes, Plan(boxes.name, "cpu", "quick", 0, ("accuracy", "gradient")))
    verdicts = {(c.law, c.route): c.verdict for c in judged.cells}
    assert {("accuracy", "eager"), ("gradient", "recorded"), ("accuracy", "asked")} <= set(verdicts)
    assert set(verdicts.values()) == {Verdict.HOLDS}


def test_its_refusals_and_its_mistakes_are_its_own(boxes: Library) -> None:
    def verdict(dtype: str) -> tuple[Verdict, str]:
        cell, _ = judge_group(("sin", dtype), boxes, Plan(boxes.name, "cpu", "quick", 0, ("accuracy",))).cells
        return cell.verdict, cell.reason or (cell.finding.reproduction if cell.finding else "")

    assert verdict("float16") == (Verdict.NOT_JUDGED, f"not supported: {boxes.name}.sin: boxes of halves are no good")
    refuted, text = verdict("float32")
    assert refuted is Verdict.REFUTED
    assert text.startswith("import numpy as np\nimport runpy\nsin = runpy.run_path(") and "x0_0 = Box([" in text


def test_a_library_refuses_a_device_in_its_own_words(tmp_path: Path) -> None:
    (tmp_path / "boxes.py").write_text(TOY)
    with pytest.raises(TargetError, match="boxes are made of cardboard"):
        load(str(tmp_path / "boxes.py"), "cuda", ["exp"])


def test_a_file_says_only_what_it_works_on_and_gets_the_rest(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    (tmp_path / "mine.py").write_text("FRAMEWORK = BASE = 'torch'\ndef relu(x):\n    return x.clamp(min=0)\n")
    mine = load(str(tmp_path / "mine.py"), names=("relu", "softmax"))
    assert mine.base == "torch" and mine.inherited == {"softmax"} and mine.ways == load("torch", names=["exp"]).ways
    assert "torch.softmax(x, dim=axis)" in mine.reproduce(Shown("softmax", ((np.ones((1, 2)),),), {"axis": -1}))
    assert "runpy" in mine.reproduce(Shown("relu", ((np.ones(2),),), {}))


def strings(path: Path) -> Iterator[str]:
    yield from (n.value for n in ast.walk(ast.parse(path.read_text("utf-8")))
                if isinstance(n, ast.Constant) and isinstance(n.value, str))  # fmt: skip


@pytest.mark.parametrize("room", ["draw", "judge", "laws", "concepts", "findings"])
def test_no_other_room_names_a_library(room: str) -> None:
    named = {p.name: set(strings(p)) & set(built_in()) for p in (Path(suite.__file__).parent / room).rglob("*.py")}
    assert not any(named.values()), named
