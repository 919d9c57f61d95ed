"""The classes that asv reads, for a set of concepts, formats and sizes; each row reads its figure from ``setup_cache``.

Everything is such that larger is worse: asv knows no other direction.
"""

from collections.abc import Sequence

from benchmarks.figures import Figures, figure
from benchmarks.grid import ON, PARAM_NAMES, SUITE, row


def suite() -> type:
    """The kernels of an audit, the start of the command, and a small audit; a class of this module would be a row."""

    class Suite:
        params = (SUITE,)
        param_names = ("what",)
        unit = "seconds"

        def track_seconds(self, found: Figures, what: str) -> float:
            return figure(found, row("suite", what), "suite")

    return Suite


def tables(concepts: Sequence[str], dtypes: Sequence[str], sizes: Sequence[int]) -> tuple[type, type]:
    """``Time`` with all four parameters, ``Quality`` without the size."""

    class Time:
        params = (concepts, ON, dtypes, sizes)
        param_names = PARAM_NAMES
        unit = "seconds"

        def track_forward(self, found: Figures, concept: str, on: str, dtype: str, size: int) -> float:
            return figure(found, row("forward", concept, on, dtype, size), on)

        def track_backward(self, found: Figures, concept: str, on: str, dtype: str, size: int) -> float:
            return figure(found, row("backward", concept, on, dtype, size), on)

    class Quality:
        params = (concepts, ON, dtypes)
        param_names = PARAM_NAMES[:3]

        def track_ulp(self, found: Figures, concept: str, on: str, dtype: str) -> float:
            """The worst error on the hard inputs; 2^p: no digit is right."""
            return figure(found, row("ulp", concept, on, dtype), on)

        def track_ulp_backward(self, found: Figures, concept: str, on: str, dtype: str) -> float:
            """The worst error of a derivative on the hard inputs."""
            return figure(found, row("ulp backward", concept, on, dtype), on)

        def track_floor(self, found: Figures, concept: str, on: str, dtype: str) -> float:
            """Time over the roofline's: 1 is as fast as memory, or as a matrix product, goes."""
            return figure(found, row("floor", concept, on, dtype), on)

        def track_memory(self, found: Figures, concept: str, on: str, dtype: str) -> float:
            """The peak, beside the operands."""
            return figure(found, row("memory", concept, on, dtype), on)

    Quality.track_ulp.unit = Quality.track_ulp_backward.unit = "ulp"  # type: ignore[attr-defined]
    Quality.track_floor.unit, Quality.track_memory.unit = "times", "MiB"  # type: ignore[attr-defined]
    return Time, Quality
