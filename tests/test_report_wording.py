"""What a report says of cells and findings: their standing, numbers beside hex digits, a reproduction that runs."""

import math
from dataclasses import replace

import pytest
from report_samples import DTYPES

from suite.mutants.makers import right
from suite.report import standing, wording
from suite.verdict import Audit, Severity, Verdict


class TestStanding:
    def test_the_worst_counts(self, audit: Audit) -> None:
        """A new one is not hidden by known ones, nor a wrong one by milder ones."""
        groups = standing.grouped(audit.cells, lambda c: (c.concept, c.dtype))
        assert [groups["gelu", d].mark() for d in DTYPES] == ["c", "W", "a", "!"]
        assert groups["gelu", "float32"].new == 1
        assert not groups["gelu", "float32"].known
        assert groups["gelu", "float64"].known
        assert groups["sum", "float64"].mark() == "✓"

    def test_every_verdict_has_a_state(self) -> None:
        """No verdict and no severity is without its mark, and no mark stands for two."""
        names = {str(v) for v in Verdict} - {"refuted"} | {str(s) for s in Severity}
        assert names == set(standing.RANK)
        assert len({s.mark for s in standing.STATES}) == len({s.plain for s in standing.STATES}) == len(names)


class TestWording:
    def test_decimal_beside_hex(self) -> None:
        """Integers are not read as hex digits, and words stay words."""
        assert wording.both("0x1.8p+1") == "0x1.8p+1 (3.0)"
        assert wording.both("10") == "10"
        assert wording.both("nan") == "nan"
        assert wording.both("0xbroken") == "0xbroken"

    def test_region(self) -> None:
        """A point is said as a point, a half-line with its infinity."""
        assert wording.region(((-math.inf, -4.0), (3.0, 3.0))) == "-inf ≤ x0 ≤ -4.0, x1 = 3.0"


def test_the_head_of_every_reproduction_runs() -> None:
    """It names what the function is, and imports what its text needs."""
    pytest.importorskip("torch")
    torch_itself = replace(right("torch"), name="torch")
    for name in torch_itself.functions:
        scope: dict[str, object] = {}
        exec("\n".join(torch_itself.header(name)), scope)
        assert callable(scope[name])
