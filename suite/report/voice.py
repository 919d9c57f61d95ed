"""What the command line says: to the terminal, and of errors."""

import sys

from suite.report.wording import one_line, printable


def complain(sentence: str) -> None:
    print(f"lawful: {one_line(sentence)}", file=sys.stderr)


def say(text: str) -> None:
    """Text of a target or a path never reaches the terminal as an escape sequence."""
    print(printable(text, sys.stdout.encoding))
