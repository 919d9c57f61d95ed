"""Seconds and bytes of a call, on the CPU and on a GPU; what tells the time is passed in, so that tests can."""

import ctypes
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

Call = Callable[[], object]
Now = Callable[[], float]


class Clock(Protocol):
    """How a device is measured."""

    def latency(self, call: Call) -> float:
        """Seconds that a caller waits for one of many calls in a row."""

    def seconds(self, call: Call) -> float:
        """Seconds that the device works on one call."""

    def peak(self, call: Call) -> float | None:
        """Bytes that a call holds at its worst beside what was there before; None where it cannot be told."""


def batched(call: Call, now: Now, sample: float = 2e-3, budget: float = 0.04, repeats: int = 9) -> float:
    """The least of several samples, each of as many calls as take ``sample`` seconds: the timer costs nothing.

    Other jobs only ever lengthen a sample. One call is made beforehand, for caches and lazy loading;
    a call that alone takes the budget is timed once more.
    """

    def timed(number: int) -> float:
        start = now()
        for _ in range(number):
            call()
        return now() - start

    call()
    number, took = 1, timed(1)
    while took < sample:
        number = max(number + 1, min(10 * number, int(1.2 * sample / max(took, 1e-9) * number)))
        took = timed(number)
    samples, spent = [took], took
    while spent < budget and len(samples) < repeats:
        samples.append(timed(number))
        spent += samples[-1]
    return min(samples) / number


class Cpu:
    """The process's own clock and its resident memory."""

    def __init__(self, now: Now = time.perf_counter):
        self.now = now

    def latency(self, call: Call) -> float:
        return batched(call, self.now)

    seconds = latency  # a call on the CPU has ended when it returns

    def peak(self, call: Call) -> float | None:
        """By the kernel's high-water mark, which Linux lets a process set back; freed pages are given back first."""
        status, reset = Path("/proc/self/status"), Path("/proc/self/clear_refs")
        try:
            call()
            ctypes.CDLL(None).malloc_trim(0)
            reset.write_text("5")
            before = _kib(status, "VmRSS:")
            call()
            return 1024.0 * max(0, _kib(status, "VmHWM:") - before)
        except (OSError, AttributeError):  # no /proc, or no glibc
            return None


def _kib(status: Path, name: str) -> int:
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith(name))


class Cuda:
    """Events around each call for what the device works, a timer that waits for the device for what a caller waits.

    ``cuda`` is ``torch.cuda``. ``flush`` overwrites the level-two cache: without it every call but the
    first finds its operands there, and runs faster than memory.
    """

    def __init__(self, cuda: Any, flush: Call, now: Now = time.perf_counter):
        self.cuda, self.flush, self.now = cuda, flush, now

    def timer(self) -> float:
        """Kernels are only queued by a call: the time counts once the queue is empty."""
        self.cuda.synchronize()
        return self.now()

    def latency(self, call: Call) -> float:
        return batched(call, self.timer)

    def seconds(self, call: Call, warm: int = 3, repeats: int = 15) -> float:
        for _ in range(warm):
            call()
        pairs = []
        for _ in range(repeats):
            self.flush()
            start, end = (self.cuda.Event(enable_timing=True) for _ in range(2))
            start.record()
            call()
            end.record()
            pairs.append((start, end))
        self.cuda.synchronize()
        return float(statistics.median(start.elapsed_time(end) for start, end in pairs)) / 1e3  # milliseconds

    def peak(self, call: Call) -> float | None:
        call()
        self.cuda.synchronize()
        self.cuda.reset_peak_memory_stats()
        before = self.cuda.memory_allocated()
        call()
        self.cuda.synchronize()
        return float(self.cuda.max_memory_allocated() - before)


def clock_of(device: str) -> Clock:
    """The clock of a device; only the one for a GPU imports torch."""
    if device == "cpu":
        return Cpu()
    import torch

    cache = torch.cuda.get_device_properties(0).L2_cache_size
    scratch = torch.empty(max(2 * cache, 1 << 20), dtype=torch.int8, device=device)
    return Cuda(torch.cuda, scratch.zero_)
