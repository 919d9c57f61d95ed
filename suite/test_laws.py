"""The cells of an audit as pytest items: ``pytest --pyargs suite --lawful-target torch``."""

import io

import pytest

from suite.verdict import Audit, Cell, Severity, Verdict


def test_law(lawful_cell: Cell) -> None:
    """The law holds for the concept, in this format, along this route."""
    c = lawful_cell
    if c.verdict in (Verdict.NOT_JUDGED, Verdict.UNKNOWN):
        pytest.skip(f"{c.verdict}: {c.reason or 'no entry on which the bound has any power'}")
    if c.verdict is Verdict.BROKEN and c.known:
        pytest.xfail(f"known: {c.reason} ({c.known})")
    if c.verdict is Verdict.BROKEN:
        pytest.fail(c.reason, pytrace=False)
    if c.finding is None:
        return
    if c.known or (c.verdict is not Verdict.UNSTABLE and not c.finding.severity.at_least(Severity.INACCURATE)):
        pytest.xfail(f"{'known' if c.known else c.finding.severity}: {c.finding.claim} ({c.finding.id})")
    pytest.fail(_described(c), pytrace=False)


def _described(cell: Cell) -> str:
    from rich.console import Console

    from suite.report import terminal

    out = io.StringIO()
    terminal.findings(Audit({}, (cell,)), Console(file=out, width=120))
    return out.getvalue()
