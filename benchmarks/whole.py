"""The set for every night: every concept in every format and size, by the same classes as the fast set."""

from benchmarks.figures import Figures, measured
from benchmarks.grid import DTYPES, ON, SIZES, names
from benchmarks.tables import suite, tables

Time, Quality = tables(names(), DTYPES, SIZES)
Suite = suite()


def setup_cache() -> Figures:
    return measured(names(), DTYPES, SIZES, (*ON, "suite"))


setup_cache.timeout = 5400.0  # type: ignore[attr-defined]
