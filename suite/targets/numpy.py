"""The target ``numpy``: the reference itself, which is audited like any other library, and what NumPy arrays are."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ml_dtypes
import numpy as np

from reference import *  # noqa: F403 - a target is a module of functions; the reference is one
from suite.floats import Array
from suite.targets.protocol import Documented, Made, Memory, TargetError, contiguous
from suite.targets.ways import Way
from suite.targets.words import in_runs, kind_of, listed


class NumPy:
    """NumPy arrays; derivatives come from a function's own ``_vjp``."""

    name = "numpy"
    ways: tuple[Way, ...] = (Way("vjp"),)
    layouts: tuple[str, ...] = (
        "strided", "transposed", "offset", "negative_stride", "expanded", "repeated", "packed", "sliced", "read_only",
    )  # fmt: skip
    written = "_vjp"
    refusals = ("not implemented", "not support", "unsupported dtype")
    flushes = True  # an extension that was linked with -ffast-math sets the processor's flag for all
    documented: Mapping[str, Documented] = {}
    moves = ("transpose", "np.broadcast_to({}, {})")
    wide, version = "np.asarray({}).astype(np.float64)", "np.__version__"
    imports: tuple[str, ...] = ("import numpy as np", "import ml_dtypes")

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
        found = [self.from_native(g, "in its tuple it") for g in picked]
        twins = [[j for j, other in enumerate(wrt) if operands[other] is operands[k]] for k in wrt]
        return [found[js[0]] if len(js) == 1 else self._sum([found[j] for j in js]) for js in twins]

    @staticmethod
    def _sum(arrays: Sequence[Array]) -> Array:
        """What a person adds up who differentiates by one array: in its format."""
        total = np.sum([a.astype(np.float64) for a in arrays], axis=0)
        return np.asarray(total, arrays[0].dtype)

    def describe(self) -> Mapping[str, object]:
        return {"version": np.__version__, "build": "", "threads": 1}

    # -- the words of its reproductions
    def defined(self, name: str, f: Callable[..., Any] | None) -> list[str]:
        return [f"from reference import {name}"]

    def literal(self, x: Array) -> str:
        prefix = "ml_dtypes" if x.dtype == ml_dtypes.bfloat16 else "np"
        if not x.size:
            return f"np.zeros({x.shape}, {prefix}.{x.dtype.name})"
        dtype = "" if x.dtype.kind in "iu" else f", dtype={prefix}.{x.dtype.name}"
        runs = [f"np.full({n}, {text}{dtype})" for text, n in in_runs(x)]
        if len(runs) == 1:
            return runs[0].replace(str(x.size), str(x.shape), 1)
        return f"np.concatenate([{', '.join(runs)}]).reshape({x.shape})" if runs else f"np.array({listed(x)}{dtype})"

    def differentiated(self, name: str, operands: Sequence[str], keywords: str, call: Made) -> tuple[list[str], str]:
        text = f"{name}({', '.join(operands)}{keywords}, cotangent={self.literal(call.cotangent)})"
        mine = [j for j, k in enumerate(call.wrt) if k == call.operand or call.operand in call.memory[k : k + 1]]
        if len(mine) > 1:  # one array twice
            return [f"g = {text}"], " + ".join(f"g[{j}]" for j in mine)
        return [], f"{text}[{mine[0]}]"


FRAMEWORK = NumPy
