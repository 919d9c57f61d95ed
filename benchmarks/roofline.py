"""The least time in which this machine can do what a call must: move its bytes, multiply its matrices.

Both rates are those of the library's own copy and matrix product, the copy at the size of the call, so a
figure near one says that the library has no faster way to touch as much memory.
"""

from functools import cache
from typing import Any

import numpy as np

from benchmarks.clock import Clock
from benchmarks.operands import Work
from suite.floats import FORMATS
from suite.targets.library import Library

WIDTH = 1024  # of the matrices that show the rate of products


class Roof:
    """The rates of one library on one device, each measured once."""

    def __init__(self, library: Library, clock: Clock):
        self.library, self.clock = library, clock
        self.copying, self.multiplying = cache(self._copying), cache(self._multiplying)

    def least(self, work: Work, dtype: str) -> float:
        """Seconds: the larger of the two floors."""
        moving = self.copying(work.bytes)
        return max(moving, work.flops / self.multiplying(dtype)) if work.flops else moving

    def _copying(self, moved: int) -> float:
        """Seconds to read half of the bytes and write the other half."""
        source, target = (self._native(np.ones(max(1, moved // 2), np.int8)) for _ in range(2))
        if self.library.framework.name == "numpy":
            return self.clock.seconds(lambda: np.copyto(target, source))
        return self.clock.seconds(lambda: target.copy_(source))

    def _multiplying(self, dtype: str) -> float:
        """Operations a second; NumPy has no fast product of sixteen-bit numbers, so binary32 is its rate."""
        half = FORMATS[dtype].half and self.library.framework.name == "numpy"
        a = self._native(np.ones((WIDTH, WIDTH), FORMATS["float32" if half else dtype].dtype))
        return 2 * WIDTH**3 / self.clock.seconds(lambda: a @ a)

    def _native(self, array: Any) -> Any:
        return self.library.framework.to_native(array)
