"""report.json and index.html: how they are made, written and read again."""

import json
import os
import secrets
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from suite.report.page import page
from suite.report.wording import clipped, one_line
from suite.verdict import Audit, Cell, Finding, finding_from, to_json

VERSION = "1"
SCHEMA = Path(__file__).with_name("schema.json")


def document(audit: Audit) -> dict[str, Any]:
    """The audit as plain JSON, as :data:`SCHEMA` describes it."""
    return {
        "version": VERSION,
        "head": to_json(audit.head),
        "summary": audit.summary(),
        "cells": [_cell(c) for c in audit.cells],
        "fixed": list(audit.fixed),
        "curves": to_json(audit.curves),
        "broken": list(audit.broken),
    }


def write(audit: Audit, directory: Path) -> None:
    """Both files, each whole or not at all: an interrupted audit never leaves half a report.

    The JSON comes first, so that it is there even if the page cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document(audit), indent=1, allow_nan=False, default=_plain)
    _replace(directory / "report.json", text + "\n")
    _replace(directory / "index.html", page(audit))


def read(path: Path) -> dict[str, Any]:
    """A report that fits the schema; anything else is a ValueError of one sentence."""
    try:
        data = json.loads(path.read_text("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not a report of lawful: {one_line(str(error))}.") from None
    if isinstance(data, dict) and data.get("version", VERSION) != VERSION:
        raise ValueError(f"{path} is a report of version {data['version']!r}; this lawful reads version {VERSION}.")
    if fault := _fault(data):
        raise ValueError(f"{path} is not a report of lawful: {fault}.")
    return dict(data)


def findings(report: Mapping[str, Any]) -> tuple[Finding, ...]:
    """The findings of a report that was read, in the order of its cells."""
    found = [cell["finding"] for cell in report["cells"] if cell["finding"]]
    return tuple(finding_from({k: v for k, v in f.items() if k != "id"}) for f in found)


def _cell(cell: Cell) -> dict[str, Any]:
    """A cell with its finding inline; the identifier is what `accept` and `reproduce` take."""
    record: dict[str, Any] = to_json(cell)
    if cell.finding is not None:
        record["finding"] |= {"id": cell.finding.id, "known": cell.known}
    return record


def _plain(value: Any) -> Any:
    """NumPy's scalars as Python's; what is left is said in words."""
    return to_json(value.item()) if hasattr(value, "item") else str(value)


def _replace(path: Path, text: str) -> None:
    """Write beside the file, then rename: readers see the old one or the new one."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with draft.open("x", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(text)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))


def _fault(data: Any) -> str:
    """Where the data leaves the schema and how, or nothing."""
    fault = best_match(_validator().iter_errors(data))
    if fault is None:
        return ""
    return f"at {fault.json_path}, {clipped(one_line(fault.message), 160)}"


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
