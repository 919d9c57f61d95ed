"""The target ``numpy``: the reference itself, which is audited like any other library, and what NumPy arrays are."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ml_dtypes
import numpy as np

from reference import *  # noqa: F403 - a target is a module of functions; the reference is one
from suite.floats import Array
from suite.targets.protocol import Memory, Shown, TargetError, Way, contiguous
from suite.targets.words import kind_of, listed


class NumPy:
    """NumPy arrays; derivatives come from a function's own ``_vjp``."""

    name = "numpy"
    ways: tuple[Way, ...] = (Way("vjp"),)
    layouts: tuple[str, ...] = ("strided", "transposed", "offset", "negative_stride", "expanded", "packed", "sliced")
    written = "_vjp"
    refusals = ("not implemented", "not support", "unsupported dtype")
    flushes = True  # an extension that was linked with -ffast-math sets the processor's flag for all
    moves = ("transpose", "np.broadcast_to({}, {})")
    imports = ("import numpy as np", "import ml_dtypes")

    def __init__(self, device: str = "cpu"):
        if device != "cpu":
            raise TargetError(f"--device {device}: NumPy arrays live on the CPU; use --device cpu")
        self.device = device

    def to_native(self, array: Array, memory: Memory | None = None) -> Array:
        memory = memory or contiguous(array.ndim)
        dense = self._room(memory, memory.extents(array.shape), array.dtype)
        room = dense[..., *memory.slices].transpose(memory.axes)
        room[...] = memory.held(array)
        out = np.broadcast_to(room, array.shape) if 0 in memory.steps else room
        out.flags.writeable &= memory.writeable
        return out

    @staticmethod
    def _room(memory: Memory, extents: tuple[int, ...], dtype: Any) -> Array:
        """Dense; the gaps that are left hold other numbers."""
        kind = [("tag", np.int8), ("value", dtype)] if memory.packed else dtype
        items = np.zeros(memory.offset + int(np.prod(extents)), kind)
        room = items[memory.offset :].reshape(extents)
        (items["value"] if memory.packed else items)[...] = 77
        return room["value"] if memory.packed else room

    def from_native(self, value: Any, where: str) -> Array:
        if not isinstance(value, (np.ndarray, np.generic)):
            raise TargetError(
                f"{where} returned {kind_of(value)}, not a NumPy array: return an ndarray, or set FRAMEWORK"
            )
        return np.asarray(value, order="C")

    def derive(
        self,
        way: Way,
        f: Callable[..., Any],
        operands: Sequence[Array],
        wrt: Sequence[int],
        cotangent: Array | None,
        tangent: Array | None,
    ) -> list[Array]:
        assert cotangent is not None
        result = f(*operands, cotangent=cotangent.copy())
        if not isinstance(result, (tuple, list)) or len(result) not in (len(wrt), len(operands)):
            what = f"{len(result)} values" if isinstance(result, (tuple, list)) else kind_of(result)
            raise TargetError(f"it returned {what}: return a tuple of {len(wrt)}, one array per differentiable operand")
        picked = result if len(result) == len(wrt) else [result[k] for k in wrt]
        return [self.from_native(g, "in its tuple it") for g in picked]

    def describe(self) -> Mapping[str, object]:
        return {"version": np.__version__, "build": "", "threads": 1}

    # -- the words of its reproductions
    def defined(self, name: str, f: Callable[..., Any] | None) -> list[str]:
        return [f"from reference import {name}"]

    def literal(self, x: Array) -> str:
        if x.dtype.kind in "iu":
            return f"np.array({listed(x)})"
        prefix = "ml_dtypes" if x.dtype == ml_dtypes.bfloat16 else "np"
        return f"np.array({listed(x)}, dtype={prefix}.{x.dtype.name})"

    def differentiated(self, name: str, operands: Sequence[str], keywords: str, shown: Shown) -> list[str]:
        call = f"{name}({', '.join(operands)}{keywords}, cotangent={self.literal(shown.cotangent)})"
        return [f"print({call}[{shown.wrt.index(shown.operand)}])"]


FRAMEWORK = NumPy
