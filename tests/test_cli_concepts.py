"""``lawful concepts``: the table as text, as JSON and as Markdown."""

import json
import re
from pathlib import Path

from cli_helpers import environment, lawful

from suite.concepts import concepts


def test_the_table_of_concepts_as_text(tmp_path: Path) -> None:
    ran = lawful(tmp_path, "concepts")
    assert ran.code == 0 and re.search(r"^  softmax +softmax\(x, \*, axis\)$", ran.out, re.MULTILINE)


def test_the_table_of_concepts_as_json(tmp_path: Path) -> None:
    ran = lawful(tmp_path, "concepts", "--format", "json")
    rows = {row["concept"]: row for row in json.loads(ran.out)}
    assert ran.code == 0 and list(rows) == list(concepts())
    assert rows["softmax"]["call"] == "softmax(x, *, axis)" and rows["softmax"]["signature"] == "(n)->(n)"
    assert {"accuracy", "gradient", "shift", "sums_to"} <= set(rows["softmax"]["laws"])


def test_the_table_of_concepts_as_markdown_and_in_ascii(tmp_path: Path) -> None:
    ran = lawful(tmp_path, "concepts", "--format", "markdown", env=environment(PYTHONIOENCODING="ascii"))
    lines = ran.out.splitlines()
    assert ran.code == 0 and len(lines) == 2 + len(concepts())
    assert lines[:2] == ["| topic | concept | call | signature | laws |", "|---|---|---|---|---|"]
    assert any("`softmax(x, *, axis)`" in line for line in lines)
