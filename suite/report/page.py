"""index.html: one file that opens offline and runs no script.

Everything is escaped by the template engine (``autoescape``), and before that whatever has no
glyph is written out (``finalize``); the page forbids itself scripts and the network besides.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from suite.report import plot, wording
from suite.report.standing import EMPTY, STATES, Group, concepts, dtypes, families, grouped
from suite.verdict import Audit, Finding

NOT_SHOWN = ("topics", "upstream")  # entries of the head that the page uses, rather than lists
VALUES = 64  # entries of a witness on the page; report.json has them all
LINKS = 4  # findings linked from one entry of the matrix


@dataclass(frozen=True)
class Row:
    """One concept of both tables."""

    concept: str
    by_dtype: tuple[tuple[str, Group], ...]
    by_family: tuple[tuple[str, Group, tuple[tuple[str, Group], ...]], ...]


@dataclass(frozen=True)
class Section:
    """The concepts of one topic."""

    topic: str
    rows: tuple[Row, ...]


def page(audit: Audit) -> str:
    """The report as HTML."""
    return (
        _environment()
        .get_template("index.html.jinja")
        .render(
            audit=audit,
            head={k: wording.said(v) for k, v in audit.head.items() if k not in NOT_SHOWN},
            summary=audit.summary(),
            line=wording.summary_line(audit, float(audit.head.get("seconds") or 0)),
            dtypes=dtypes(audit.cells),
            families=families(audit.cells),
            sections=sections(audit),
            numbers={f.id: i for i, f in enumerate(audit.findings, 1)},
            upstream={f.id: _upstream(audit.head, f) for f in audit.findings},
            curves=curves(audit),
            states=STATES,
            links=LINKS,
            limit=VALUES,
            plot=plot,
        )
    )


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["say"] = wording
    return made


def _visible(value: Any) -> Any:
    """Text without what cannot be seen; markup is the template's own and stays as it is."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else wording.printable(value)


def sections(audit: Audit) -> list[Section]:
    """The rows of both tables by topic, in the order in which the topics appear."""
    topics = audit.head.get("topics") or {}
    rows: dict[str, list[Row]] = {}
    for row in _rows(audit):
        rows.setdefault(str(topics.get(row.concept, "")), []).append(row)
    return [Section(topic, tuple(some)) for topic, some in rows.items()]


def _rows(audit: Audit) -> list[Row]:
    """The table of concepts: by dtype, and by family with each dtype's mark."""
    names, kinds = dtypes(audit.cells), families(audit.cells)
    by_dtype = grouped(audit.cells, lambda c: (c.concept, c.dtype))
    by_family = grouped(audit.cells, lambda c: (c.concept, c.family))
    marks = grouped(audit.cells, lambda c: (c.concept, c.family, c.dtype))
    return [
        Row(
            concept,
            tuple((d, by_dtype.get((concept, d), EMPTY)) for d in names),
            tuple(
                (k, by_family.get((concept, k), EMPTY), tuple((d, marks.get((concept, k, d), EMPTY)) for d in names))
                for k in kinds
            ),
        )
        for concept in concepts(audit.cells)
    ]


def _upstream(head: Mapping[str, Any], finding: Finding) -> str:
    """The upstream issue of a known finding, where the head says it."""
    return str((head.get("upstream") or {}).get(finding.known, ""))


def curves(audit: Audit) -> list[tuple[str, list[plot.Panel]]]:
    """For each elementwise concept the plots of its dtypes."""
    order = {name: i for i, name in enumerate(dtypes(audit.cells))}
    return [
        (concept, [plot.panel(d, some[d]) for d in sorted(some, key=lambda d: order.get(d, len(order)))])
        for concept, some in audit.curves.items()
    ]
