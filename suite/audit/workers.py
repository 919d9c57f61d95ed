"""Work in other processes: one that dies costs its own item only."""

import multiprocessing
import signal
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Job:
    """What a worker does: ``start(*arguments)`` once, then ``work`` on each item. All of it can be pickled."""

    start: Callable[..., None]
    arguments: tuple[Any, ...]
    work: Callable[[Any], Any]


def spread(
    items: Sequence[Any], workers: int, job: Job, done: Callable[[Any], None], died: Callable[[Any], None]
) -> None:
    """``done`` gets each result as it arrives; ``died`` the items whose worker was lost."""
    left = list(items)
    try:
        _pooled(left, workers, job, done)
    except BrokenProcessPool:
        for item in list(left):  # one at a time, to find the one that kills its worker
            try:
                _pooled([item], 1, job, done)
            except BrokenProcessPool:
                died(item)


def _start(job: Job) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    warnings.simplefilter("ignore")  # a library's warnings are not ours
    job.start(*job.arguments)


def _pooled(left: list[Any], workers: int, job: Job, done: Callable[[Any], None]) -> None:
    """Removes from ``left`` what is done."""
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(workers, len(left)), context, _start, (job,))
    finished_all = False
    try:
        running: dict[Future[Any], Any] = {pool.submit(job.work, item): item for item in left}
        while running:
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                item = running.pop(future)
                result = future.result()
                left.remove(item)
                done(result)
        finished_all = True
    finally:
        if not finished_all:  # interrupted, or a worker died: nothing that is still running is waited for
            for process in list((pool._processes or {}).values()):
                process.kill()
        pool.shutdown(wait=finished_all, cancel_futures=True)
