"""Work in other processes: one that dies costs its own item only."""

import multiprocessing
import signal
import threading
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

from suite.audit import process


@dataclass(frozen=True)
class Job:
    """What a worker does: ``start(*arguments)`` once, then ``work`` on each item. All of it can be pickled."""

    start: Callable[..., None]
    arguments: tuple[Any, ...]
    work: Callable[[Any], Any]


class Died(Exception):
    """A worker was lost; it says how, where there was only one."""


def spread(
    items: Sequence[Any], workers: int, job: Job, done: Callable[[Any], None], died: Callable[[Any, str], None]
) -> None:
    """``done`` gets each result as it arrives; ``died`` the items whose worker was lost, and how it ended."""
    left = list(items)
    while left:
        try:
            _pooled(left, workers, job, done)
        except Died:
            # items are taken in order, so the one that kills its worker is among the first: these go one at a time
            for item in left[:workers]:
                left.remove(item)
                try:
                    _pooled([item], 1, job, done)
                except Died as death:
                    died(item, str(death))


def _start(job: Job) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=_orphaned, daemon=True).start()
    process.outlast()
    warnings.simplefilter("ignore")  # a library's warnings are not ours
    job.start(*job.arguments)


def _orphaned() -> None:
    """A worker whose parent was killed ends by itself: it ignores what would end it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        process.end(1)


def _work(work: Callable[[Any], Any], item: Any) -> Any:
    try:
        return work(item)
    finally:
        process.flush()  # a worker is killed when all is done


def _pooled(left: list[Any], workers: int, job: Job, done: Callable[[Any], None]) -> None:
    """Removes from ``left`` what is done."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(workers, len(left)), context, _start, (job,))
    try:
        running: dict[Future[Any], Any] = {pool.submit(_work, job.work, item): item for item in left}
        while running:
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                item = running.pop(future)
                result = future.result()
                left.remove(item)
                done(result)
    except BrokenProcessPool as error:
        raise Died(_how(pool)) from error
    finally:
        # all is done, or nothing that is still running is waited for; nor are threads that a target left running
        for worker in list((pool._processes or {}).values()):
            worker.kill()
        pool.shutdown(cancel_futures=True)


def _how(pool: ProcessPoolExecutor) -> str:
    """How the only worker of a pool ended.

    Its exit code is read by two threads, and the one that comes second may not see it.
    """
    workers = list((pool._processes or {}).values())
    if len(workers) != 1:
        return ""
    workers[0].join(1)
    code = workers[0].exitcode
    if code is None or code >= 0:
        return "" if code is None else f"exit code {code}"
    return signal.Signals(-code).name
