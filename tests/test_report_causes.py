"""Findings by their causes: one bug is one group, and none is lost."""

import io
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from cli_helpers import audit as audited
from cli_helpers import written
from report_samples import DTYPES, HEAD, refuted
from rich.console import Console

from suite.report import terminal
from suite.report.causes import causes, kind
from suite.verdict import Audit, Cell, Finding, Severity, Witness

WITNESS = Witness((("0x1p+0", "0x1.8p+1"),), ((2,),))


def bad(concept: str, family: str = "accuracy", dtype: str = "float32", got: str = "0x1p+0", **more: object) -> Cell:
    severity = more.pop("severity", Severity.WRONG)
    assert isinstance(severity, Severity)
    return refuted(concept, dtype, family, severity, got=got, witness=more.pop("witness", WITNESS), **more)


def found(*cells: Cell) -> list[Finding]:
    return list(Audit(HEAD, cells).findings)


def test_one_bug_in_many_cells_is_one_group() -> None:
    cells = [bad("softmax", family, d, "nan") for family in ("accuracy", "stability", "algebra") for d in DTYPES]
    (cause,) = causes(found(*cells))
    assert (cause.function, cause.kind, len(cause.findings)) == ("softmax", "not finite", 12)
    assert "stability-law-eager in bfloat16, float16, float32, float64" in cause.cells


KINDS = {
    "raises": {"got": "softmax raised ValueError: x", "note": "softmax raised ValueError: x"},
    "not finite": {"got": "-inf", "family": "algebra"},
    "relation": {"family": "order"},
    "derivative": {"witness": replace(WITNESS, wrt=0)},
    "digits": {"family": "stability", "note": "of a sort"},
}


@pytest.mark.parametrize("name", KINDS)
def test_the_kind_says_how_it_fails(name: str) -> None:
    (finding,) = found(bad("softmax", **KINDS[name]))  # type: ignore[arg-type]
    assert kind(finding) == name


def test_another_function_severity_or_kind_is_another_group_and_the_worst_is_first() -> None:
    groups = causes(
        found(
            bad("exp", severity=Severity.INACCURATE), bad("exp", dtype="float64"), bad("log"), bad("exp", "order"),
            bad("exp", dtype="float16", ratio=math.inf),
        )
    )  # fmt: skip
    assert [(c.function, c.kind, c.simplest.severity, len(c.findings)) for c in groups] == [
        ("exp", "digits", "wrong", 2), ("exp", "relation", "wrong", 1), ("log", "digits", "wrong", 1),
        ("exp", "digits", "inaccurate", 1),
    ]  # fmt: skip


def test_variants_are_one_function() -> None:
    """The mean of the losses and each loss alone come from one kernel."""
    names = ["cross_entropy", "cross_entropy_none"]
    (cause,) = causes(found(*(bad(n) for n in names)))
    assert cause.function == "cross_entropy" and "cross_entropy_none-accuracy-law-eager in float32" in cause.cells


def test_the_simplest_witness_is_in_front() -> None:
    short = replace(WITNESS, operands=(("0x1p+0",),), shapes=((1,),))
    (cause,) = causes(found(bad("exp", ratio=1e9), bad("exp", dtype="float16", witness=short)))
    assert cause.simplest.dtype == "float16"


def test_a_screen_of_groups_is_shown_and_the_rest_is_counted() -> None:
    cells = tuple(bad(f"f{i:02}", dtype=d, ratio=99.0 - i) for i in range(25) for d in DTYPES)
    out = Console(file=io.StringIO(), width=100)
    terminal.findings(Audit(HEAD, cells), out)
    assert isinstance(out.file, io.StringIO)
    text = out.file.getvalue()
    assert re.findall(r"^ *(\d+) wrong \w{8} (f\d\d)-", text, re.MULTILINE) == [
        (str(i + 1), f"f{i:02}") for i in range(20)
    ]
    assert "\n5 more groups, 20 findings that are no worse: the report has them all\n" in text
    assert max(len(re.findall(r"alike", part)) for part in text.split("claim")) == 1


def test_the_cells_of_a_group_take_two_lines_at_most() -> None:
    cells = tuple(bad("exp", law=f"law_{i}", dtype=d) for i in range(30) for d in DTYPES)
    out = Console(file=io.StringIO(), width=80)
    terminal.findings(Audit(HEAD, cells), out)
    assert isinstance(out.file, io.StringIO)
    lines = out.file.getvalue().splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("    alike     120 (digits): "))
    assert lines[first + 1].startswith(" " * 14) and lines[first + 2].startswith("    claim ")


def test_a_bug_is_one_group_in_the_terminal_and_all_its_findings_in_the_report(tmp_path: Path) -> None:
    naive = "import numpy as np\n\ndef sigmoid(x):\n    e = np.exp(x)\n    return e / (1 + e)\n"
    ran = audited(tmp_path, written(tmp_path, naive), "--law", "accuracy", "--law", "finite")
    heads = re.findall(r"^ +\d+ (\w+) (\w{8}) sigmoid-", ran.out, re.MULTILINE)
    assert 1 <= len(heads) < len(ran.findings) and {i for _, i in heads} < {f["id"] for f in ran.findings}
    assert re.search(r"^    alike     \d+ \(not finite\): .*finite-eager in ", ran.out, re.MULTILINE)
