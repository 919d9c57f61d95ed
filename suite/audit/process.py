"""What a process of an audit does about its streams, its signals and its end: none of them may cost a report."""

import contextlib
import gc
import io
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn

_end: Callable[[int], NoReturn] = os._exit


class Terminated(KeyboardInterrupt):
    """SIGTERM, as a job's time limit sends it: what was judged is reported, as after Ctrl-C."""

    exit_code = 128 + signal.SIGTERM


class Lasting(io.FileIO):
    """A stream whose reader has gone, or whose disk is full, swallows the rest: that costs words, not a verdict."""

    fault: OSError | None = None

    def write(self, data: Any) -> int:
        if self.fault is None:
            try:
                return super().write(data)
            except OSError as error:
                self.fault = error
        return memoryview(data).nbytes


def outlast() -> tuple[Lasting, ...]:
    """Standard output and error from here on; where one is closed there is none to replace."""
    made = []
    for name in ("stdout", "stderr"):
        old = getattr(sys, name)
        if isinstance(old, io.TextIOWrapper):
            old.flush()
            made.append(Lasting(old.fileno(), "w", closefd=False))
            new = io.TextIOWrapper(
                io.BufferedWriter(made[-1]), old.encoding, old.errors, None, old.line_buffering, old.write_through
            )
            setattr(sys, name, new)
    return tuple(made)


def obey_sigterm() -> None:
    signal.signal(signal.SIGTERM, _stop)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    """Once: a scheduler sends it to the process and again to its group, and the second must not stop the report."""
    disobey_sigterm()
    raise Terminated


def disobey_sigterm() -> None:
    """Where it was obeyed: the process may be another's, who has ideas of his own."""
    if signal.getsignal(signal.SIGTERM) is _stop:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


def keep_alive() -> None:
    """``os._exit`` in a target would end the audit with the target's code, 0 perhaps: here it is ``sys.exit``.

    A fork of the target's own ends as it likes.
    """
    home = os.getpid()

    def leave(status: int) -> NoReturn:
        if os.getpid() == home:
            raise SystemExit(status)
        _end(status)

    os._exit = leave


def flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):  # none, full, closed
            stream.flush()


def end(code: int) -> NoReturn:
    """Now: the interpreter would wait for every thread that a target has left running."""
    gc.collect()  # a pool that broke is part of a cycle: what it leaves in the system is complained of
    flush()
    _end(code)
