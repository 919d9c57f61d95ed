"""Targets: memory is data, replies are plain arrays, and a library is one file."""

import ast
import contextlib
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import suite
from suite.audit.group import judge_group
from suite.audit.plan import Plan
from suite.concepts import call_names
from suite.floats import FORMATS
from suite.targets import built_in
from suite.targets.library import Library, framework, load
from suite.targets.protocol import LAYOUTS, Memory, Shown, TargetError, Unsupported, memories
from suite.verdict import Verdict

pytestmark = pytest.mark.filterwarnings("ignore")  # a library's own warnings are its own affair

# strides in items of a (2, 3, 4) and of a (5,)
STRIDES = {
    "contiguous": ((12, 4, 1), (1,)),
    "strided": ((24, 8, 2), (2,)),
    "transposed": ((1, 2, 6), (2,)),
    "offset": ((12, 4, 1), (1,)),
    "negative_stride": ((-12, -4, -1), (-1,)),
    "expanded": ((0, 4, 1), (0,)),
}
SHAPES = [(), (1,), (5,), (2, 3), (2, 3, 4), (0, 3)]


@pytest.fixture(params=built_in())
def library(request: pytest.FixtureRequest) -> Library:
    pytest.importorskip(request.param)
    return load(request.param, names=call_names())


# -- memory


def strides(native: object) -> tuple[int, ...]:
    """In items."""
    if isinstance(native, np.ndarray):
        return tuple(s // native.itemsize for s in native.strides)
    return tuple(native.stride())  # type: ignore[attr-defined]


@pytest.mark.parametrize("layout", STRIDES)
def test_a_layout_has_its_strides(library: Library, layout: str) -> None:
    if layout != "contiguous" and layout not in library.layouts:
        return
    for shape, expected in zip([(2, 3, 4), (5,)], STRIDES[layout], strict=True):
        native = library.framework.to_native(np.zeros(shape, np.float32), LAYOUTS[layout](len(shape)))
        assert strides(native) == expected


@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16", "int64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_layout_holds_the_numbers_that_it_is_given(library: Library, shape: tuple[int, ...], dtype: str) -> None:
    x = np.arange(np.prod(shape)).reshape(shape).astype(FORMATS[dtype].dtype if dtype in FORMATS else dtype)
    for layout in ("contiguous", *library.layouts):
        back = library.framework.from_native(library.framework.to_native(x, LAYOUTS[layout](x.ndim)), layout)
        expected = np.broadcast_to(x[:1], x.shape) if layout == "expanded" and shape else x
        assert back.dtype == x.dtype and back.shape == x.shape and back.flags.c_contiguous
        assert back.tobytes() == expected.tobytes()


def test_every_layout_of_a_library_has_a_memory(library: Library) -> None:
    assert set(library.layouts) <= set(LAYOUTS)


def test_offset_and_packed_memory_is_unaligned() -> None:
    arrays = framework("numpy")
    assert arrays.to_native(np.zeros(4, np.float32), LAYOUTS["offset"](1)).ctypes.data % 16 == 4
    packed = arrays.to_native(np.zeros((2, 4), np.float32), LAYOUTS["packed"](2))
    assert packed.strides == (20, 5) and not packed.flags.aligned


def test_a_memory_combines_what_layouts_do_singly() -> None:
    x = np.arange(6.0).reshape(2, 3)
    memory = Memory((1, 0), (-2, 1), offset=3, writeable=False)
    native = framework("numpy").to_native(x, memory)
    assert native.strides == (-16, 32) and not native.flags.writeable
    np.testing.assert_array_equal(native, x)
    assert (native.base == 77).sum() == 3 + 6  # in front, and in the gaps


def test_each_operand_may_have_its_own_memory() -> None:
    seen = []
    f = Library("f", framework("numpy"), {"add": lambda x, y: seen.append((x.strides, y.strides)) or x + y})
    x = np.ones((2, 3))
    f.call("add", [x, x], {}, [LAYOUTS["strided"](2), LAYOUTS["expanded"](2)])
    assert seen == [((48, 16), (0, 8))]
    with pytest.raises(ValueError, match="unknown layout 'sideways'"):
        memories("sideways", [x])


@pytest.mark.parametrize("memory", [Memory((0,), (-1,)), Memory((0,), (1,), packed=True)], ids=["backward", "packed"])
def test_memory_that_a_library_does_not_have_is_unsupported(memory: Memory) -> None:
    pytest.importorskip("torch")
    with pytest.raises(Unsupported, match="no tensors of records, read-only or backward"):
        load("torch", names=["exp"]).call("exp", [np.ones(3)], {}, [memory])


# -- calls and derivatives


def test_rows_apart_are_calls_of_their_own(library: Library) -> None:
    """Of a batch the sum is one number; of rows apart it is one each, and the derivative likewise."""
    x, seed = np.arange(6.0).reshape(3, 2), np.array([1.0, 10.0, 100.0])
    (whole,) = library.call("sum", [x], {"axis": None})
    (rows,) = library.call("sum", [x], {"axis": None}, apart=True)
    assert whole.tolist() == 15 and rows.tolist() == [1, 5, 9]
    for way in (w.name for w in library.ways if not w.forward):
        (g,) = library.derive(way, "sum", [x], [0], {"axis": None}, cotangent=seed, apart=True)
        assert g.tolist() == [[1, 1], [10, 10], [100, 100]]


def test_all_outputs_come_back() -> None:
    pair = Library("pair", framework("numpy"), {"f": lambda x: (x, 2 * x), "g": lambda x: x})
    x = np.ones((2, 3))
    once, twice = pair.call("f", [x], {}, outputs=2, apart=True)
    assert once.tolist() == x.tolist() and twice.tolist() == (2 * x).tolist()
    with pytest.raises(TargetError, match=r"pair.f returned a tuple, not a NumPy array"):
        pair.call("f", [x], {})
    with pytest.raises(TargetError, match=r"pair.g returned a numpy.ndarray: return a tuple of 2 arrays"):
        pair.call("g", [x], {}, outputs=2)


def test_torch_pushes_and_pulls_and_does_both() -> None:
    """d sin = cos, along 3; the derivative of 2 cos along 3 is -6 sin."""
    pytest.importorskip("torch")
    torch, x = load("torch", names=["sin"]), np.array([0.5])
    seed, along = np.array([2.0]), np.array([3.0])
    (pushed,) = torch.derive("forward", "sin", [x], [0], {}, tangent=along)
    (second,) = torch.derive("create_graph", "sin", [x], [0], {}, cotangent=seed, tangent=along)
    assert pushed == pytest.approx(3 * np.cos(x)) and second == pytest.approx(-6 * np.sin(x))


def test_numpy_derivatives_are_pulled_back_only() -> None:
    with pytest.raises(Unsupported, match="not differentiated again"):
        load("numpy", names=["sin"]).derive("vjp", "sin", [np.ones(1)], [0], {}, tangent=np.ones(1))


# -- reproductions


def printed(text: str) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(text, {})
    return out.getvalue().strip()


def test_a_reproduction_prints_what_the_call_gives(library: Library) -> None:
    x, labels = np.array([[1.0, -np.inf, 0.1]], np.float32), np.array([2])
    text = library.reproduce(Shown("softmax", ((x,), (x + 1,)), {"axis": -1}))
    assert printed(text).count("[[") == 2 and "float('-inf')" in text and "suite" not in text
    text = library.reproduce(Shown("cross_entropy", ((np.zeros((1, 3)), labels),), {"reduction": "sum"}))
    assert "1.0986" in printed(text)


def test_a_reproduction_of_a_derivative_prints_it(library: Library) -> None:
    x, seed = np.array([3.0]), np.array([0.5])
    assert "4." in printed(library.reproduce(Shown("multiply", ((x, x + 5),), {}, (0, 1), 0, seed)))
    assert "1.5" in printed(library.reproduce(Shown("multiply", ((x, x + 5),), {}, (0, 1), 1, seed)))


def test_reproductions_of_forward_mode_and_of_second_derivatives() -> None:
    pytest.importorskip("torch")
    torch, x = load("torch", names=["square"]), np.array([3.0])
    assert "12." in printed(torch.reproduce(Shown("square", ((x,),), {}, (0,), 0, tangent=np.array([2.0]))))
    both = Shown("square", ((x,),), {}, (0,), 0, np.array([5.0]), np.array([2.0]))
    assert "20." in printed(torch.reproduce(both))


# -- a library is one file

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


def multiply(x1, x2):
    return Box(x1.value * x2.value, (x1, lambda g: g * x2.value), (x2, lambda g: g * x1.value))


def sin(x):
    if x.value.dtype == np.float16:
        raise TypeError("boxes of halves are no good")
    return Box(np.float32(1.001) * np.sin(x.value), (x, lambda g: g * np.cos(x.value)))


class Boxes:
    name, device = "box", "cpu"
    ways, layouts = (Way("recorded"),), ("strided",)
    written, refusals, flushes = "", ("no good",), False
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
        return np.ascontiguousarray(value.value)

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
    judged = judge_group(
        (name, "float32"), boxes, Plan(boxes.name, "cpu", "quick", 0, ("accuracy", "gradient", "routes"))
    )
    verdicts = {(c.law, c.route): c.verdict for c in judged.cells}
    assert {("accuracy", "eager"), ("gradient", "recorded"), ("routes", "strided")} <= set(verdicts)
    assert set(verdicts.values()) == {Verdict.HOLDS}


def test_its_refusals_and_its_mistakes_are_its_own(boxes: Library) -> None:
    def verdict(dtype: str) -> tuple[Verdict, str]:
        (cell,) = judge_group(("sin", dtype), boxes, Plan(boxes.name, "cpu", "quick", 0, ("accuracy",))).cells
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


# -- a target may be elsewhere


class Afar:
    """A target behind a wire that carries names, numbers and raw bytes."""

    def __init__(self, near: Library):
        self.near, self.name, self.device, self.flushes = near, near.name, near.device, near.flushes
        self.ways, self.layouts = near.ways, near.layouts
        self.supports, self.differentiates, self.describe = near.supports, near.differentiates, near.describe

    def call(self, *asked: Any, **more: Any) -> Any:
        return unpacked(packed(self.near.call(*unpacked(packed(asked)), **unpacked(packed(more)))))

    def derive(self, *asked: Any, **more: Any) -> Any:
        return unpacked(packed(self.near.derive(*unpacked(packed(asked)), **unpacked(packed(more)))))

    def reproduce(self, shown: Shown) -> str:
        return self.near.reproduce(shown)


def packed(value: Any) -> Any:
    """Arrays as what they are made of; the rest must be plain."""
    if isinstance(value, np.ndarray):
        return "array", value.dtype.name, value.shape, value.tobytes()
    if isinstance(value, (tuple, list)):
        return [*map(packed, value)]
    if isinstance(value, dict):
        return {k: packed(v) for k, v in value.items()}
    assert value is None or type(value) in (str, int, float, bool)
    return value


def unpacked(value: Any) -> Any:
    if isinstance(value, tuple):
        _, name, shape, data = value
        return np.frombuffer(data, FORMATS[name].dtype if name in FORMATS else name).reshape(shape)
    if isinstance(value, list):
        return tuple(map(unpacked, value))
    return {k: unpacked(v) for k, v in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("name", ["softmax", "cross_entropy"])
def test_a_target_may_be_behind_a_wire(library: Library, name: str) -> None:
    """The verdicts are the same in every field."""
    plan = Plan(library.name, "cpu", "quick", 0, ("accuracy", "gradient", "forward", "second_derivative", "routes"))
    near, far = (judge_group((name, "bfloat16"), target, plan).cells for target in (library, Afar(library)))
    assert [replace(c, finding=None) for c in near] == [replace(c, finding=None) for c in far]
