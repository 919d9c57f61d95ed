"""Memory is data: every layout of a library has its strides and holds the numbers that it is given."""

from typing import Any

import numpy as np
import pytest

from suite.floats import FORMATS
from suite.targets.library import Library
from suite.targets.loading import framework, load
from suite.targets.placing import placed
from suite.targets.protocol import LAYOUTS, Memory, Unsupported, memories

pytestmark = pytest.mark.filterwarnings("ignore")  # a library's own warnings are its own affair

# strides in items of a (2, 3, 4) and of a (5,)
STRIDES = {
    "contiguous": ((12, 4, 1), (1,)),
    "strided": ((24, 8, 2), (2,)),
    "transposed": ((1, 2, 6), (2,)),
    "offset": ((12, 4, 1), (1,)),
    "negative_stride": ((-12, -4, -1), (-1,)),
    "expanded": ((0, 4, 1), (0,)),
    "sliced": ((18, 6, 1), (1,)),
}
SHAPES = [(), (1,), (5,), (2, 3), (2, 3, 4), (0, 3)]


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


@pytest.mark.parametrize("shape", [(6,), (3, 4), (2, 3, 4)], ids=str)
@pytest.mark.parametrize("name, layout", [(n, k) for n in ("numpy", "torch") for k in framework(n).layouts])
def test_the_text_of_an_operand_makes_it_in_its_memory(name: str, layout: str, shape: tuple[int, ...]) -> None:
    """What a reproduction prints has the values and the strides of what was judged."""
    pytest.importorskip(name)
    library, memory = framework(name), LAYOUTS[layout](len(shape))
    x = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    if 0 in memory.steps:
        x = np.broadcast_to(x[:1], shape)
    scope: dict[str, Any] = {}
    exec("\n".join(library.imports), scope)
    made = eval(placed(x, memory, library.literal, *library.moves), scope)
    judged = library.to_native(x, memory)
    assert np.array_equal(library.from_native(made, "it"), x)
    assert strides(made) == strides(judged)
