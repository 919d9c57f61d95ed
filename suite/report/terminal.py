"""The end of an audit in a terminal: the table, then the findings, worst first.

Text of a target is never parsed as markup and never reaches the terminal as an escape sequence.
Lines are laid out here rather than by rich, so that a pipe gets the same lines as a terminal.
"""

import textwrap
from collections.abc import Iterator, Sequence

from rich.cells import set_cell_size
from rich.console import Console
from rich.text import Text

from suite.report import wording
from suite.report.causes import Cause, causes
from suite.report.progress import Progress
from suite.report.standing import EMPTY, RANK, STATES, Group, concepts, dtypes, families, grouped
from suite.report.wording import summary_line
from suite.verdict import Audit, Finding, Verdict

__all__ = ["Progress", "findings", "summary_line", "table"]

GAP = 2  # blanks between two columns
NAMES = (20, 32)  # the widest name shown whole: at least, and where there is room
CAUSES = 20  # groups of findings; report.json has them all
VALUES = 4  # entries of a witness; report.json has them all
INDENT = 4
LABEL = 10


def table(audit: Audit, console: Console) -> None:
    """Concept × law family, with one mark for each dtype, then the legend."""
    if not audit.cells:
        return _line(console, Text("no cell was judged"))
    kinds, pitch = families(audit.cells), _pitch(audit)
    name = _name_width(audit, console.width - len(kinds) * pitch)
    for some in _blocks(kinds, pitch, console.width - name):
        _block(audit, console, some, name)
        console.print()
    _legend(audit, console)


def _pitch(audit: Audit) -> int:
    """The width of a column: headings alternate between two lines, so each may take two columns."""
    longest = max(len(kind) for kind in families(audit.cells))
    return max(len(dtypes(audit.cells)) + GAP, (longest + 2) // 2)


def _name_width(audit: Audit, room: int) -> int:
    """Wide enough for the longest name, if all columns still fit into one table."""
    least, most = NAMES
    return min(max(len(name) for name in concepts(audit.cells)), max(least, min(room, most)))


def _blocks(kinds: Sequence[str], pitch: int, room: int) -> Iterator[Sequence[str]]:
    """The columns, in as many tables as the width needs: a row is never wrapped."""
    most = max(1, room // pitch)  # the blank after the name is one that the last column lacks
    for start in range(0, len(kinds), most):
        yield kinds[start : start + most]


def _block(audit: Audit, console: Console, kinds: Sequence[str], name: int) -> None:
    kept, pitch = dtypes(audit.cells), _pitch(audit)
    groups = grouped(audit.cells, lambda c: (c.concept, c.family, c.dtype))
    for line in _headings(kinds, name, pitch):
        _line(console, Text(line[: console.width], style="bold"))
    for concept in concepts(audit.cells):
        row = Text(_fit(concept, name, console) + " ")
        for kind in kinds:
            row += _marks([groups.get((concept, kind, d), EMPTY) for d in kept], pitch, console)
        row.rstrip()
        _line(console, row)


def _headings(kinds: Sequence[str], name: int, pitch: int) -> Iterator[str]:
    """Two lines, the second for every other column, shifted by one."""
    for first in (0, 1):
        blank = " " * (name + 1 + first * pitch)
        text = blank + "".join(kind[: 2 * pitch].ljust(2 * pitch) for kind in kinds[first::2])
        if text.strip():
            yield text.rstrip()


def _marks(groups: Sequence[Group], pitch: int, console: Console) -> Text:
    text = Text()
    for group in groups:
        text.append(group.mark(_plain(console)), style=_style(group))
    return text + Text(" " * (pitch - len(groups)))


def _style(group: Group) -> str:
    """What is known steps back behind what is new."""
    return group.state.style.replace("bold", "dim") if group.known else group.state.style


def _legend(audit: Audit, console: Console) -> None:
    """The order of the marks, and the meaning of those that occur."""
    _wrapped(console, f"One mark for each of {', '.join(dtypes(audit.cells))}, in this order, the worst of its cells.")
    shown = {group.state.name for group in grouped(audit.cells, lambda c: (c.concept, c.family, c.dtype)).values()}
    entries = [
        Text(s.plain if _plain(console) else s.mark, style=s.style) + Text(f" {s.name}")
        for s in STATES
        if s.name in shown
    ]
    for line in _packed(entries, console.width):
        _line(console, line)
    if any(c.known for c in audit.cells):
        _wrapped(console, "A small letter: every refutation there is known.")


def _packed(entries: Sequence[Text], width: int) -> list[Text]:
    """The entries side by side, as many to a line as fit; a mark stays with its meaning."""
    lines: list[Text] = []
    for entry in entries:
        if lines and lines[-1].cell_len + len("  ") + entry.cell_len <= width:
            lines[-1] += Text("  ") + entry
        else:
            lines.append(entry)
    return lines


def findings(audit: Audit, console: Console) -> None:
    """New ones by their causes, one of each in full; then known, fixed and broken ones in one line each."""
    found = audit.findings
    groups = causes(f for f in found if not f.known)
    for number, cause in enumerate(groups[:CAUSES], 1):
        _finding(cause, number, console)
    if rest := groups[CAUSES:]:
        count = sum(len(cause.findings) for cause in rest)
        _wrapped(console, f"{len(rest)} more groups, {count} findings that are no worse: the report has them all")
        console.print()
    for finding in (f for f in found if f.known):
        _line(console, Text(wording.clipped(_seen(_known(finding), console), console.width), style="dim"))
    for known in audit.fixed:
        _wrapped(console, f"{known}: it passes again", "fixed  ")
    for sentence in audit.broken:
        _broken(sentence, audit, console)


def _broken(sentence: str, audit: Audit, console: Console) -> None:
    """The sentence once, and how its cells are called, which `lawful accept` takes."""
    new = [c.id for c in audit.cells if c.verdict is Verdict.BROKEN and c.reason == sentence and not c.known]
    more = f" and {len(new) - 1} more" if new[1:] else ""
    cells = f" ({new[0]}{more})" if new else ""
    _wrapped(console, sentence + cells, "broken " if sentence in audit.broken_new else "known  broken ")


def _known(finding: Finding) -> str:
    where = f"{finding.concept}-{finding.dtype}-{finding.law}-{finding.route}"
    record = "" if finding.known == finding.id else f" ({finding.known})"
    size = wording.error(finding.error_ulp, finding.ratio)
    return " ".join(f"known  {finding.id}{record} {finding.severity} {where}: {size}".splitlines())


def _finding(cause: Cause, number: int, console: Console) -> None:
    """One finding, and the cells that fail alike; its reproduction is never wrapped, so that it can be copied."""
    finding = cause.simplest
    where = f"{finding.concept}-{finding.dtype}-{finding.law}-{finding.route}"
    head = Text(f"{number:>3} ") + Text(finding.severity, style=STATES[RANK[finding.severity]].style)
    _line(console, head + Text(f" {finding.id} ", style="bold") + Text(_seen(where, console)))
    if cause.findings[1:]:
        room = 2 * (console.width - INDENT - LABEL - 10)  # of two lines, which break at words
        _field(console, "alike", wording.clipped(f"{len(cause.findings)} ({cause.kind}): {cause.cells}", room))
    for label, value in _fields(finding):
        _field(console, label, value)
    for line in finding.reproduction.strip("\n").splitlines():
        _line(console, Text(" " * 2 * INDENT + _seen(line, console)))
    console.print()


def _fields(finding: Finding) -> Iterator[tuple[str, str]]:
    yield "claim", finding.claim
    yield "got", wording.both(finding.got)
    yield "truth", wording.enclosure(finding.enclosure)
    yield "allowed", f"{wording.both(finding.allowed)}, by {finding.basis}"
    yield "error", wording.error(finding.error_ulp, finding.ratio)
    for i, line in enumerate(wording.witness_lines(finding.witness, VALUES)):
        yield "" if i else "witness", line
    yield "judged", wording.judged(finding.witness)
    yield "region", wording.region(finding.region)
    yield "note", finding.note if finding.repeats else f"does not repeat in a fresh process. {finding.note}"
    yield "reproduce", f"lawful reproduce {finding.id}"


def _field(console: Console, label: str, value: str) -> None:
    """A labelled value with hanging lines; nothing where there is nothing to say."""
    start = " " * INDENT + label.ljust(LABEL)
    if value:
        _wrapped(console, value, start, " " * len(start))


def _wrapped(console: Console, text: str, start: str = "", rest: str = "  ") -> None:
    clean = wording.one_line(text, console.encoding)
    width = max(console.width, len(start) + 20)
    for line in textwrap.wrap(clean, width, initial_indent=start, subsequent_indent=rest):
        _line(console, Text(line))


def _line(console: Console, text: Text) -> None:
    """One line as it is: no markup, no highlighting, no wrapping; a hostile one loses its colours."""
    seen = _seen(text.plain, console)
    text = text if seen == text.plain else Text(seen)
    console.print(text, soft_wrap=True, markup=False, highlight=False)


def _seen(text: str, console: Console) -> str:
    return wording.printable(text, console.encoding)


def _fit(name: str, width: int, console: Console) -> str:
    seen = wording.one_line(name, console.encoding)
    return set_cell_size(wording.shortened(seen, width), width)


def _plain(console: Console) -> bool:
    """Whether only ASCII marks can be written."""
    return not console.encoding.lower().startswith("utf")
