"""The set for every night: every concept in every format and size, by the same classes as the fast set."""

from benchmarks.figures import Figures, measured
from benchmarks.grid import DTYPES, SIZES, names
from benchmarks.tables import tables

Time, Quality = tables(names(), DTYPES, SIZES)


def setup_cache() -> Figures:
    return measured(names(), DTYPES, SIZES)


setup_cache.timeout = 5400.0  # type: ignore[attr-defined]
