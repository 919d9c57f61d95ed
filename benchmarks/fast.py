"""The set for every change: ten concepts, one of each shape of work, in binary32, and the suite's own speed."""

from benchmarks.figures import Figures, measured
from benchmarks.grid import FIXED, LARGE, ON, SMALL
from benchmarks.tables import suite, tables

DTYPES, SIZES = ("float32",), (SMALL, LARGE)

Time, Quality = tables(FIXED, DTYPES, SIZES)
Suite = suite()


def setup_cache() -> Figures:
    return measured(FIXED, DTYPES, SIZES, (*ON, "suite"))


setup_cache.timeout = 600.0  # type: ignore[attr-defined]
