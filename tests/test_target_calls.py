"""Calls, derivatives and reproductions of targets: replies are plain arrays, and a target may be elsewhere."""

import contextlib
import io
from dataclasses import astuple, replace
from typing import Any

import numpy as np
import pytest

from suite.audit.group import judge_group
from suite.audit.plan import Plan
from suite.floats import FORMATS
from suite.targets.library import Library
from suite.targets.loading import framework, load
from suite.targets.protocol import Memory, Shown, TargetError, Unsupported

pytestmark = pytest.mark.filterwarnings("ignore")  # a library's own warnings are its own affair


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
    """1/x at 1/2, exact in binary: -4 along 3 is -12; the derivative of 2 (-1/x^2) along 3 is 96."""
    pytest.importorskip("torch")
    torch, x = load("torch", names=["reciprocal"]), np.array([0.5])
    seed, along = np.array([2.0]), np.array([3.0])
    (pushed,) = torch.derive("forward", "reciprocal", [x], [0], {}, tangent=along)
    (second,) = torch.derive("create_graph", "reciprocal", [x], [0], {}, cotangent=seed, tangent=along)
    assert pushed == -12 and second == 96


def test_a_way_gives_what_it_says_and_no_more(library: Library) -> None:
    one = np.ones(1)
    asked = {"pulled": {"cotangent": one}, "pushed": {"tangent": one}, "both": {"cotangent": one, "tangent": one}}
    for way in library.ways:
        given = {"pushed"} if way.forward else {"pulled", "both"} if way.order == 2 else {"pulled"}
        for name, seeds in asked.items():
            with contextlib.nullcontext() if name in given else pytest.raises(Unsupported, match="no such derivative"):
                library.derive(way.name, "sin", [one], [0], {}, **seeds)
    with pytest.raises(Unsupported, match="no such derivative by 'sideways'"):
        library.derive("sideways", "sin", [one], [0], {}, cotangent=one)


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
    if isinstance(value, Memory):
        return {"memory": packed(astuple(value))}
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
    if isinstance(value, dict) and "memory" in value:
        return Memory(*unpacked(value["memory"]))
    return {k: unpacked(v) for k, v in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("name", ["softmax", "cross_entropy"])
def test_a_target_may_be_behind_a_wire(library: Library, name: str) -> None:
    """The verdicts are the same in every field."""
    plan = Plan(library.name, "cpu", "quick", 0, ("accuracy", "gradient", "forward", "second_derivative"))
    near, far = (judge_group((name, "bfloat16"), target, plan).cells for target in (library, Afar(library)))
    assert [replace(c, finding=None) for c in near] == [replace(c, finding=None) for c in far]
