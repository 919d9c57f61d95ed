"""The documentation says what the code says."""

from pathlib import Path

from suite.audit.catalogue import as_markdown, catalogue

DOCS = Path(__file__).parents[1] / "docs"


def test_the_table_of_concepts_is_current() -> None:
    """`lawful concepts --format markdown` writes the table of docs/concepts.md."""
    assert as_markdown(catalogue()) in (DOCS / "concepts.md").read_text("utf-8")
