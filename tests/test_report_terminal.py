"""The report in a terminal: its table, its findings, its last line, and how far an audit is."""

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from report_samples import DTYPES, EVIL, HEAD, cell, refuted
from rich.console import Console

from suite.report import standing, terminal
from suite.verdict import Audit, Severity


def console(width: int, **more: Any) -> Console:
    return Console(file=io.StringIO(), width=width, **more)


def printed(made: Console) -> list[str]:
    assert isinstance(made.file, io.StringIO)
    return made.file.getvalue().splitlines()


class Ascii(io.StringIO):
    encoding = "ascii"


class TestTerminal:
    @pytest.mark.parametrize("width", [80, 120, 200])
    def test_table_fits(self, width: int) -> None:
        """Sixty concepts in four dtypes and ten families: one line each, none wrapped."""
        names = [f"concept_{i:02}_{'x' * (i % 30)}" for i in range(60)]
        cells = tuple(cell(n, d, f) for n in names for d in DTYPES for f in standing.FAMILIES)
        out = console(width)
        terminal.table(Audit(HEAD, cells), out)
        assert max(map(len, printed(out))) <= width
        assert sum(line.startswith("concept_") for line in printed(out)) == 60
        assert sum(line.count("✓✓✓✓") for line in printed(out)) == 600

    def test_marks(self, audit: Audit) -> None:
        """The marks are those of the audit, in the order that the legend says."""
        out = console(100)
        terminal.table(audit, out)
        lines = printed(out)
        assert next(line for line in lines if line.startswith("gelu")).split() == ["gelu", "cWa!", "?c"]
        assert any("float64, float32, float16, bfloat16, in this order" in line for line in lines)

    def test_narrow(self, audit: Audit) -> None:
        """Where the width does not do, the columns go on in a second table."""
        out = console(30)
        terminal.table(audit, out)
        assert sum(line.startswith("softmax") for line in printed(out)) > 1
        assert max(map(len, printed(out))) <= 30

    def test_findings(self, audit: Audit) -> None:
        """New ones with all that they say, known ones in one line, no line too long."""
        out = console(80)
        terminal.findings(audit, out)
        text = "\n".join(printed(out))
        for part in ("wrong", "0x1.8p+1 (3.0)", "running error", "inf ulp, 17.25", "axis=-1", "x0 ≤ -4.0"):
            assert part in text
        assert sum(line.startswith("known ") for line in printed(out)) == 3
        assert "old-one" in text
        assert "relu raises TypeError." in text
        assert max(map(len, printed(out))) <= 80

    def test_reproduction_is_not_wrapped(self, audit: Audit) -> None:
        """A long line of code stays one line, to be copied."""
        code = "x = " + ", ".join(["0.1"] * 60)
        bad = refuted("sum", "float32", "route", Severity.WRONG, reproduction=code)
        out = console(80)
        terminal.findings(replace(audit, cells=(bad,)), out)
        assert any(code in line for line in printed(out))

    @pytest.mark.parametrize("stream", [io.StringIO, Ascii])
    @pytest.mark.parametrize("force", [True, False])
    def test_hostile_text(self, evil: Audit, stream: type[io.StringIO], force: bool) -> None:
        """No escape sequence of a target reaches the terminal, and no markup is parsed."""
        out = Console(file=stream(), width=100, force_terminal=force, color_system=None)
        with terminal.Progress(out) as progress:
            progress.start(1)
            progress.advance(EVIL)
        terminal.table(evil, out)
        terminal.findings(evil, out)
        text = "\n".join(printed(out))
        assert "\x1b[31m" not in text
        assert "\x00" not in text
        assert "\u202e" not in text
        assert "[bold]" in text
        text.encode(out.encoding)

    def test_ascii(self, audit: Audit) -> None:
        """A console of ASCII gets ASCII marks."""
        out = Console(file=Ascii(), width=100)
        terminal.table(audit, out)
        terminal.findings(audit, out)
        assert "++++" in "\n".join(printed(out))
        assert "\n".join(printed(out)).isascii()

    def test_summary_line(self, audit: Audit) -> None:
        """The last line says all the counts."""
        assert terminal.summary_line(audit, 93.14) == (
            "40 cells: 1 refuted new, 3 known, 1 fixed, 1 unknown, 1 not judged, 1 broken; 4,096,000 elements, 93.1 s"
        )


class TestProgress:
    def test_lines_are_rare(self) -> None:
        """A log gets a line every few seconds and the last one."""
        ticks: Iterator[float] = iter(range(1000))
        out = console(80)
        with terminal.Progress(out, lambda: float(next(ticks))) as progress:
            progress.start(20)
            for i in range(20):
                progress.advance(f"softmax-{i}")
        lines = printed(out)
        assert 2 <= len(lines) <= 5
        assert lines[-1] == "20/20 softmax-19"
