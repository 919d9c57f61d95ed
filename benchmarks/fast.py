"""The set for every change: ten concepts, one of each shape of work, in binary32, and the suite's own speed."""

from benchmarks.figures import Figures, figure, measured
from benchmarks.grid import FIXED, LARGE, ON, SMALL, SUITE, row
from benchmarks.tables import tables

DTYPES, SIZES = ("float32",), (SMALL, LARGE)

Time, Quality = tables(FIXED, DTYPES, SIZES)


class Suite:
    """The kernels of an audit, the start of the command, and a small audit."""

    params = (SUITE,)
    param_names = ("what",)
    unit = "seconds"

    def track_seconds(self, found: Figures, what: str) -> float:
        return figure(found, row("suite", what), "suite")


def setup_cache() -> Figures:
    return measured(FIXED, DTYPES, SIZES, (*ON, "suite"))


setup_cache.timeout = 600.0  # type: ignore[attr-defined]
