"""The report as a document: it fits its schema, is read as it was written, and refuses anything else."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from report_samples import EVIL

from suite.report import document
from suite.verdict import Audit


def saved(audit: Audit, directory: Path) -> dict[str, Any]:
    document.write(audit, directory)
    return document.read(directory / "report.json")


class TestDocument:
    def test_fits_the_schema(self, audit: Audit, tmp_path: Path) -> None:
        """What is written can be read, and nothing changes on the way."""
        assert saved(audit, tmp_path / "a" / "b") == document.document(audit)

    def test_schema_is_a_schema(self) -> None:
        """The schema itself is valid under its own dialect."""
        document._validator().check_schema(json.loads(document.SCHEMA.read_text("utf-8")))

    def test_findings_survive(self, audit: Audit, tmp_path: Path) -> None:
        """A finding read from the file is the finding that was found, infinities included."""
        found = document.findings(saved(audit, tmp_path))
        assert sorted(f.id for f in found) == sorted(f.id for f in audit.findings)
        assert set(found) == set(audit.findings)

    def test_hostile_text_survives(self, evil: Audit, tmp_path: Path) -> None:
        """Half a surrogate pair in a path does not cost the report."""
        assert saved(evil, tmp_path)["head"]["target"] == EVIL

    def test_nothing_else_is_left(self, audit: Audit, tmp_path: Path) -> None:
        """Writing twice leaves two files and no drafts."""
        document.write(audit, tmp_path)
        document.write(audit, tmp_path)
        assert sorted(p.name for p in tmp_path.iterdir()) == ["index.html", "report.json"]

    def test_unwritable(self, audit: Audit, tmp_path: Path) -> None:
        """A file where the directory should be is left to the caller as OSError."""
        (tmp_path / "file").write_text("")
        with pytest.raises((FileExistsError, NotADirectoryError)):
            document.write(audit, tmp_path / "file")

    @pytest.mark.parametrize(
        "path, value",
        [
            (("version",), "2"),
            (("cells", 0, "verdict"), "fine"),
            (("cells", 0, "cases"), -1),
            (("cells", 0, "extra"), 1),
            (("cells", 0, "worst_ulp"), "much"),
            (("head", "seed"), None),
            (("summary", "cells"), "many"),
            (("curves", "gelu", "float32"), [1.0]),
            (("cells",), {}),
        ],
    )
    def test_corrupted(self, audit: Audit, tmp_path: Path, path: tuple[Any, ...], value: Any) -> None:
        """One wrong entry is refused in one sentence that names the file."""
        data = saved(audit, tmp_path)
        inner = data
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = value
        self.refused(tmp_path / "bad.json", json.dumps(data))

    @pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"version": NaN}', "[" * 100_000, "\ufeff{}"])
    def test_not_a_report(self, tmp_path: Path, text: str) -> None:
        """Any other file is refused the same way."""
        self.refused(tmp_path / "bad.json", text)

    def test_refuted_needs_a_finding(self, audit: Audit, tmp_path: Path) -> None:
        """A refuted cell without its evidence is no report."""
        data = saved(audit, tmp_path)
        next(c for c in data["cells"] if c["verdict"] == "refuted")["finding"] = None
        self.refused(tmp_path / "bad.json", json.dumps(data))

    def refused(self, path: Path, text: str) -> None:
        path.write_text(text, "utf-8")
        with pytest.raises(ValueError, match=re.escape(str(path))) as caught:
            document.read(path)
        message = str(caught.value)
        assert "\n" not in message
        assert len(message) < 400 + len(str(path))
