"""How far the audit is: a bar in a terminal, now and then a line in a log."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.text import Text

from suite.report.wording import clipped, one_line

EVERY = 5.0  # seconds between two lines of a log
LABEL = 32


class Progress:
    """Use as ``with Progress(console) as p: p.start(total); p.advance(label)``.

    A group is a (concept, dtype). Where the console is no terminal there is at most one line in
    ``EVERY`` seconds, besides the last.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console, self._clock = console, clock
        self._total = self._done = 0
        self._next = 0.0
        self._bar = _bar(console) if console.is_terminal else None
        self._task = self._bar.add_task("", total=None) if self._bar else None

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def start(self, total: int) -> None:
        """Say how many groups there are."""
        self._total, self._done = total, 0
        self._next = self._clock() + EVERY
        if self._bar and self._task is not None:
            self._bar.update(self._task, total=total, completed=0)

    def advance(self, label: str) -> None:
        """One group more is judged."""
        self._done += 1
        text = clipped(one_line(label, self._console.encoding), LABEL)
        if self._bar and self._task is not None:
            self._bar.update(self._task, advance=1, description=text)
        elif self._clock() >= self._next or self._done == self._total:
            self._line(text)

    def _line(self, text: str) -> None:
        self._next = self._clock() + EVERY
        self._console.print(Text(f"{self._done}/{self._total} {text}"), soft_wrap=True, highlight=False)


def _bar(console: Console) -> Bar:
    """Gone when it is done: the table follows it."""
    columns = (
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    return Bar(*columns, console=console, transient=True)
