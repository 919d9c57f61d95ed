"""The text of an array in a given memory: what is stored, and the slices that make the operand of it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from suite.floats import Array
from suite.targets.protocol import Memory, contiguous

GAP = 77  # what lies between the entries


def placed(x: Array, memory: Memory, literal: Callable[[Array], str], transpose: str, broadcast: str) -> str:
    """``literal`` writes a dense array; ``transpose`` and ``broadcast`` are the library's words for what they say.

    >>> placed(np.array([1, 2]), Memory((0,), (2,)), lambda a: str(a.tolist()), "transpose", "")
    '[1, 77, 2, 77][..., ::2]'
    """
    if memory == contiguous(x.ndim):
        return literal(x)
    if 0 in memory.steps:
        return broadcast.format(literal(memory.held(x)), x.shape)
    dense: Array = np.full(memory.extents(x.shape), GAP, x.dtype)
    taken: Any = (..., *memory.slices)
    dense[taken].transpose(memory.axes)[...] = x
    if memory.packed:  # a record of one byte more
        return f"np.rec.fromarrays([np.zeros({x.shape}, np.int8), {literal(dense)}]).f1"
    text = literal(dense)
    if memory.offset:
        text = literal(np.concatenate([np.full(memory.offset, GAP, x.dtype), dense.ravel()]))
        text += f"[{memory.offset}:].reshape({dense.shape})"
    if memory.margin or any(step != 1 for step in memory.steps):
        text += f"[..., {', '.join(_slice(s) for s in memory.slices)}]"
    return text if memory.axes == tuple(range(x.ndim)) else f"{text}.{transpose}({memory.axes})"


def _slice(s: slice) -> str:
    return f":{'' if s.stop is None else s.stop}" + ("" if s.step in (1, None) else f":{s.step}")
