"""The clocks of the benchmarks tell the time and the memory, on the CPU and on a GPU."""

from collections.abc import Callable
from pathlib import Path

import checkout  # noqa: F401 - it finds the benchmarks
import numpy as np
import pytest

from benchmarks import figures
from benchmarks.clock import Cpu, Cuda, batched

HUGE = 2 << 20  # bytes of a huge page


class Time:
    """A clock that only work moves. Tests give it dyadic times: their sums and quotients by a count are exact."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def call(self, *seconds: float) -> Callable[[], None]:
        """Takes these one after the other, and the last from then on."""
        left = list(seconds)

        def spend() -> None:
            self.now += left.pop(0) if len(left) > 1 else left[0]

        return spend


class TestClock:
    @pytest.mark.parametrize("seconds", [2.0**-23, 2.0**-17, 2.0**-10, 0.5])
    def test_a_call(self, seconds: float) -> None:
        """From a tenth of a microsecond to half a second; the first call, which loads things, does not count."""
        clock = Time()
        assert batched(clock.call(3.0, seconds), clock) == seconds

    def test_short_calls_are_batched(self) -> None:
        """A timer that costs more than the call is read once for thousands of them."""
        clock, calls, cost, timer, sample = Time(), 0, 2.0**-23, 2.0**-20, 2e-3

        def call() -> None:
            nonlocal calls
            clock.now, calls = clock.now + cost, calls + 1

        def read() -> float:
            clock.now += timer
            return clock.now

        # a sample of n calls takes n cost + timer, at least `sample`: so much and no more of it is the timer's
        assert cost < batched(call, read, sample) <= cost + timer * cost / (sample - timer)
        assert calls > (sample - timer) / cost > 10_000

    def test_a_long_call_is_timed_once(self) -> None:
        """After the first one: nobody waits for nine samples of three seconds."""
        clock = Time()
        batched(clock.call(3.0), clock)
        assert clock.now == 6.0

    def test_the_least_counts(self) -> None:
        """Other jobs only ever lengthen a sample."""
        clock, unit = Time(), 2.0**-7
        assert batched(clock.call(unit, 3 * unit, unit, 2 * unit), clock, budget=5 * unit) == unit

    def test_memory(self) -> None:
        """The peak within a call, not what it leaves: 32 MiB and 16.

        To within a huge page for each array, which is how Linux may hand out memory; its counters of pages are
        behind by less (32 pages for each of two processors and kinds of memory, here 0.1 MiB).
        """
        if not Path("/proc/self/clear_refs").exists():
            pytest.skip("peak memory is read from /proc")

        def call() -> None:
            a = np.ones(4 << 20)
            (a[: 2 << 20] + 1.0).sum()

        peak = Cpu().peak(call)
        assert peak is not None
        assert abs(peak - (48 << 20)) <= 2 * HUGE


COLD, WARM, LAUNCH = 2.0**-10, 2.0**-12, 2.0**-20  # seconds; dyadic, so that figures are exact


class FakeCuda:
    """``torch.cuda`` with a queue: a call returns at once, its kernel runs later, only synchronising waits for it."""

    def __init__(self) -> None:
        self.host = self.device = 0.0
        self.cold, self.waited, self.kernels = True, 0.0, 0
        self.allocated, self.highest, self.flushes = 100, 5000, 0

    def launch(self, seconds: float) -> None:
        self.host += LAUNCH
        self.device = max(self.device, self.host) + seconds

    def kernel(self) -> None:
        """Slow, and fast when its operands are in the cache; the first is compiled for a second."""
        self.launch((COLD if self.cold else WARM) + (1.0 if self.kernels == 0 else 0.0))
        self.cold, self.kernels = False, self.kernels + 1
        self.highest = max(self.highest, self.allocated + 700)

    def flush(self) -> None:
        self.launch(2.0**-8)
        self.cold, self.flushes = True, self.flushes + 1

    def synchronize(self) -> None:
        self.host = self.waited = max(self.host, self.device)

    def now(self) -> float:
        return self.host

    def Event(self, enable_timing: bool) -> "Event":
        assert enable_timing
        return Event(self)

    def reset_peak_memory_stats(self) -> None:
        self.highest = self.allocated

    def memory_allocated(self) -> int:
        return self.allocated

    def max_memory_allocated(self) -> int:
        return self.highest


class Event:
    def __init__(self, cuda: FakeCuda):
        self.cuda, self.at = cuda, -1.0

    def record(self) -> None:
        self.at = max(self.cuda.device, self.cuda.host)

    def elapsed_time(self, end: "Event") -> float:
        """Milliseconds; an error where the device has not got there, as in torch."""
        assert self.at >= 0 and end.at <= self.cuda.waited, "not ready"
        return 1e3 * (end.at - self.at)


class TestCuda:
    def test_events(self) -> None:
        """A kernel's own time, cold, without the compilation, the flush, or the launch."""
        cuda = FakeCuda()
        assert Cuda(cuda, cuda.flush, cuda.now).seconds(cuda.kernel) == COLD
        assert cuda.flushes == 15

    def test_without_a_flush_it_would_be_wrong(self) -> None:
        """The fake tells: the operands are in the cache."""
        cuda = FakeCuda()
        assert Cuda(cuda, lambda: None, cuda.now).seconds(cuda.kernel) == WARM

    def test_batched_calls_wait_for_the_device(self) -> None:
        """The time of queueing alone would be a microsecond; one launch of a sample is not behind a kernel."""
        cuda = FakeCuda()
        calls = 2e-3 // WARM  # that fit into a sample: it has at least one more
        assert WARM < Cuda(cuda, cuda.flush, cuda.now).latency(cuda.kernel) <= WARM + LAUNCH / (calls + 1)
        assert batched(cuda.kernel, cuda.now) == LAUNCH

    def test_memory(self) -> None:
        """Above what was there, and not what an earlier call took."""
        cuda = FakeCuda()
        assert Cuda(cuda, cuda.flush, cuda.now).peak(cuda.kernel) == 700

    def test_no_gpu(self) -> None:
        """Where there is none its rows are skipped in asv's own way."""
        torch = pytest.importorskip("torch")
        if torch.cuda.is_available():
            pytest.skip("there is a GPU")
        said = figures.attempt(lambda: figures.Place("torch cuda").time("forward", "exp", "float32", 64))
        assert isinstance(said, str) and said.startswith(figures.NOT_HERE)
        mark = pytest.importorskip("asv_runner.benchmarks.mark")
        with pytest.raises(mark.SkipNotImplemented):
            figures.figure({"a": said}, "a", "torch cuda")
