"""The benchmarks: rows follow from the declarations, clocks tell the time, errors are measured, pages are current."""

import contextlib
import importlib
import inspect
import json
import os
import pickle
import pkgutil
import re
import shutil
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from math import prod
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from suite.concepts import concepts
from suite.concepts.procedures import growth
from suite.floats import FORMATS
from suite.targets.library import Library, framework, load

ROOT = Path(__file__).resolve().parents[1]
if not (ROOT / "benchmarks" / "grid.py").is_file():
    pytest.skip("the benchmarks belong to a checkout", allow_module_level=True)
sys.path.append(str(ROOT))  # at the end: the installed suite comes first

import benchmarks  # noqa: E402
from benchmarks import __main__ as commands  # noqa: E402
from benchmarks import child, dashboard, figures, grid, hard, page  # noqa: E402
from benchmarks.__main__ import launch, machine  # noqa: E402
from benchmarks.clock import Cpu, Cuda, batched  # noqa: E402
from benchmarks.operands import operands, sizes_of, work  # noqa: E402

HUGE = 2 << 20  # bytes of a huge page
NAMES = [m.name for m in pkgutil.iter_modules(benchmarks.__path__) if m.name != "__main__"]
IN_CI = bool(os.environ.get("CI"))


class TestRows:
    def test_every_concept_has_its_rows(self) -> None:
        """The names that are read as text are those that are declared, in their order."""
        assert grid.names() == tuple(concepts())
        assert set(grid.FIXED) <= set(concepts())

    def test_the_suites_rows_are_measured(self) -> None:
        """A name in the grid is a kernel or a command, and the other way round."""
        from benchmarks import kernels

        assert set(grid.SUITE) == {*kernels.KERNELS, *kernels.COMMANDS}

    @pytest.mark.parametrize("name", list(concepts()))
    def test_operands(self, name: str) -> None:
        """As many elements as asked for or up to half of them, as rows are whole, within the declaration's limits."""
        concept = concepts()[name]
        for elements in (grid.SMALL, grid.MIDDLE):
            sizes, arrays = sizes_of(concept, elements), operands(concept, "float32", elements)
            limits = [concept.longest.get(d, elements) for d in concept.dims]
            assert all(1 <= sizes[d] <= limit for d, limit in zip(concept.dims, limits, strict=True))
            assert elements / 2 < max(x.size for x in arrays) <= elements

    def test_floor(self) -> None:
        """A product of matrices needs 2mnk operations; elsewhere the bytes are all that is certain."""
        library = load("numpy", names=("matmul", "linear_chain", "softmax", "solve"))
        product = work(concepts()["matmul"], library, "float32", grid.MIDDLE)
        sizes = sizes_of(concepts()["matmul"], grid.MIDDLE)
        assert product.flops == 2 * prod(sizes.values()) * (grid.MIDDLE // (sizes["m"] * sizes["k"]))
        assert product.bytes == 3 * 4 * grid.MIDDLE
        others = [work(concepts()[n], library, "float32", 64).flops for n in ("linear_chain", "softmax", "solve")]
        assert others == [0, 0, 0]


class TestTrap:
    """With a ``setup`` asv_runner 0.3 makes every sample one call."""

    @pytest.mark.parametrize("name", NAMES)
    def test_no_micro_benchmark_has_a_setup(self, name: str) -> None:
        assert with_setup(importlib.import_module(f"benchmarks.{name}")) == []

    def test_one_would_be_found(self) -> None:
        """On a function, a class, or a module."""

        class Planted:
            def setup(self) -> None: ...
            def time_it(self) -> None: ...

        def time_alone() -> None: ...

        module = types.ModuleType("planted")
        module.Planted, module.time_alone = Planted, time_alone  # type: ignore[attr-defined]
        assert with_setup(module) == ["Planted.time_it"]
        time_alone.setup = print  # type: ignore[attr-defined]
        assert with_setup(module) == ["Planted.time_it", "time_alone"]
        module.setup = print  # type: ignore[attr-defined]
        del time_alone.setup  # type: ignore[attr-defined]
        assert with_setup(module) == ["Planted.time_it", "time_alone"]

    def test_there_are_micro_benchmarks(self) -> None:
        """The rule has something to be about."""
        module = importlib.import_module("benchmarks.suite_judging")
        assert {"TimeOracle.time_ball", "TimeJudging.time_accuracy"} <= {name for name, *_ in timed(module)}

    def test_nothing_is_loaded_to_find_a_row(self) -> None:
        """A process for one row of the tables loads neither NumPy nor torch, and so touches no driver."""
        code = "import sys, benchmarks.fast, benchmarks.whole; print(*{'numpy', 'torch', 'suite'} & set(sys.modules))"
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stdout == "\n"

    def test_a_process_that_is_copied(self) -> None:
        """It has imported every benchmark, as asv's server does, but neither torch, which has threads, nor a driver."""
        code = f"import sys; [__import__(f'benchmarks.{{name}}') for name in {NAMES}]; print('torch' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stdout == "False\n"

    def test_with_a_gpu_nothing_is_copied(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """CUDA does not survive a fork."""
        for gpu, expected in (("NVIDIA H100, driver 1", {"spawn"}), ("", {"spawn", "forkserver"})):
            monkeypatch.setattr("benchmarks.__main__.gpus", lambda gpu=gpu: gpu)
            assert launch()[1] in expected


def timed(module: ModuleType) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """The micro-benchmarks of a module, each with where asv looks for a setup."""
    for name, value in vars(module).items():
        if inspect.isclass(value):
            yield from (
                (f"{name}.{m}", (getattr(value, m), value, module)) for m in dir(value) if m.startswith("time_")
            )
        elif inspect.isfunction(value) and name.startswith("time_"):
            yield name, (value, module)


def with_setup(module: ModuleType) -> list[str]:
    return [name for name, sources in timed(module) if any(hasattr(s, "setup") for s in sources)]


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


@pytest.fixture(scope="module")
def exp() -> hard.Hard:
    return hard.hard(concepts()["exp"], FORMATS["float32"])


class TestError:
    """The worst error on the hard inputs."""

    @staticmethod
    def library(f: Callable[..., Any], derivative: Callable[..., Any] = np.exp) -> Library:
        def vjp(x: Any, *, cotangent: Any) -> tuple[Any]:
            return (rounded(lambda wide: cotangent.astype(np.float64) * derivative(wide))(x),)

        return Library("planted", framework("numpy"), {"exp": rounded(f)}, {"exp": vjp})

    def test_truth(self, exp: hard.Hard) -> None:
        """To twice the precision of float64, by another library's arithmetic: value and derivative."""
        mpmath = pytest.importorskip("mpmath")
        assert exp.value is not None and exp.cotangent is not None
        with mpmath.workprec(300):
            for truth, seed in ((exp.value, np.ones_like(exp.cotangent)), (exp.gradients[0], exp.cotangent)):
                counts = np.flatnonzero(~np.isnan(truth[0]))[::50]
                assert counts.size > 20
                for i in counts:
                    true = mpmath.exp(mpmath.mpf(float(exp.inputs[0][i]))) * float(seed[i])
                    assert abs(sum(map(mpmath.mpf, truth[:, i])) - true) < abs(true) * mpmath.mpf(2) ** -100

    def test_rounded_once(self, exp: hard.Hard) -> None:
        """Half an ulp, and hardly less: odds below 1e-17 that of two thousand none comes within a fiftieth of it."""
        concept, right = concepts()["exp"], self.library(np.exp)
        assert 0.49 < hard.worst(concept, right, "float32", exp) <= 0.5
        assert 0.49 < hard.worst_backward(concept, right, "float32", exp) <= 0.5

    @pytest.mark.parametrize(
        "wrong, low, high",
        [
            (lambda y: y * (1 - 3 * 2.0**-23), 2.5, 6.5),  # 3 to 6 ulp of y, and the rounding
            (lambda y: np.where(y > 1, np.nan, y), 2.0**24, 2.0**24),
            (lambda y: np.where(y > 1e30, np.inf, y), 2.0**24, 2.0**24),
            (lambda y: 0 * y, 2.0**23, 2.0**24),
        ],
    )
    def test_planted(self, exp: hard.Hard, wrong: Callable[..., Any], low: float, high: float) -> None:
        """Three ulp are three ulp; no digit, NaN and infinity are 2^24. A wrong derivative leaves the value alone."""
        concept, planted = concepts()["exp"], lambda x: wrong(np.exp(x))
        assert low <= hard.worst(concept, self.library(planted), "float32", exp) <= high
        assert low <= hard.worst_backward(concept, self.library(np.exp, planted), "float32", exp) <= high
        assert hard.worst(concept, self.library(np.exp, planted), "float32", exp) <= 0.5

    def test_backward_error(self) -> None:
        """Of 3x = 1 in binary32: |1 - 3 fl(1/3)| = 2^-25, over 3 fl(1/3) + 1 = 2 + 2^-25; nothing finite is above 1."""
        three, one = np.float32([[3.0]]), np.float32([1.0])
        assert hard.backward_error(three, one, one / 3) == 2.0**-25 / (2 + 2.0**-25)
        assert hard.backward_error(three, one, -one) == hard.backward_error(three, one, one * np.nan) == 1.0
        assert hard.backward_error(0 * three, 0 * one, one) == 0.0

    def test_solve(self) -> None:
        """In units of u, and within the bound for partial pivoting (Higham 2002, 9.4); a thousandth off is not."""
        concept, found = concepts()["solve"], hard.hard(concepts()["solve"], FORMATS["float32"])
        reference = load("numpy", names=("solve",))
        right = reference.functions["solve"]
        planted = Library("planted", framework("numpy"), {"solve": lambda a, b: right(a, b) * np.float32(1.001)})
        bound = 3 * hard.MATRIX * max(growth(a.astype(np.float64)) for a in found.inputs[0])
        assert 0 < hard.worst(concept, reference, "float32", found) <= bound
        assert hard.worst(concept, planted, "float32", found) > bound
        with pytest.raises(NotImplementedError, match="solve has no derivative"):
            hard.worst_backward(concept, reference, "float32", found)

    def test_what_is_no_rounding(self) -> None:
        """A cast to binary32 does not count in binary64, nor the truncation of a difference quotient."""
        found = [hard.hard(concepts()[name], FORMATS["float64"]) for name in ("round_to", "exp_central_difference")]
        assert all(f.value is not None and np.isnan(f.value).all() for f in found)

    def test_saved_inputs_are_the_same(self, exp: hard.Hard, tmp_path: Path) -> None:
        """By way of float64, which holds every format."""
        hard.save(tmp_path, ["exp", "solve"], ["float32", "bfloat16"])
        again = hard.read(tmp_path, "exp", "float32")
        pairs = zip(arrays_of(again), arrays_of(exp), strict=True)
        assert all(a.tobytes() == b.tobytes() and a.dtype == b.dtype for a, b in pairs)
        assert hard.read(tmp_path, "solve", "bfloat16").value is None
        with pytest.raises(LookupError):
            hard.read(tmp_path, "log", "float32")


def arrays_of(found: hard.Hard) -> list[Any]:
    return [*found.inputs, found.value, found.cotangent, *found.gradients]


def rounded(f: Callable[..., Any]) -> Callable[..., Any]:
    def computed(x: Any) -> Any:
        with np.errstate(all="ignore"):
            return f(x.astype(np.float64)).astype(x.dtype)

    return computed


class TestFailures:
    def test_a_row_that_raises(self, tmp_path: Path) -> None:
        """Fails alone, with its words."""

        def broken() -> float:
            raise ValueError("seeded")

        figures.write(tmp_path / "f", [("a", broken), ("b", lambda: 2.0)])
        assert figures.read(tmp_path / "f") == {"a": "failed: ValueError: seeded", "b": 2.0}

    def test_a_process_that_dies(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What it had measured stays, and the other libraries are measured."""

        def run(module: str, *arguments: str, **how: Any) -> subprocess.CompletedProcess[str]:
            if module == "benchmarks.hard":
                return subprocess.CompletedProcess([], 0, "", "")
            file, where = Path(arguments[0]), arguments[2]
            file.write_text(json.dumps((f"forward exp, {where}", 1.0)) + "\n")
            return subprocess.CompletedProcess([], -11 if where == "torch cpu" else 0, "", "Segmentation fault")

        monkeypatch.setattr(child, "run", run)
        found = figures.measured(("exp",), ("float32",), (64,), on=("torch cpu", "reference cpu"))
        assert found["forward exp, torch cpu"] == found["forward exp, reference cpu"] == 1.0
        assert found["torch cpu"] == "failed: Segmentation fault (exit status -11)"
        pytest.importorskip("asv_runner")
        with pytest.raises(RuntimeError, match="Segmentation fault"):
            figures.figure(found, "backward exp, torch cpu", "torch cpu")

    def test_audits_are_measured_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Beside one thread; beside all they are skipped, which survives asv's pickle."""
        mark = pytest.importorskip("asv_runner.benchmarks.mark")
        from benchmarks import suite_audit

        monkeypatch.setenv("LAWFUL_THREADS", "all")
        skipped = pickle.loads(pickle.dumps(suite_audit.Quick().setup_cache()))
        with pytest.raises(mark.SkipNotImplemented):
            suite_audit.Quick().track_wall(skipped, "torch", 2)
        monkeypatch.setenv("LAWFUL_THREADS", "1")
        assert suite_audit.once(lambda: {1: 2}) == {1: 2}

    def test_power_is_measured(self) -> None:
        """Time and cases to first kill, of a run of the command."""
        from benchmarks import suite_power

        found = {"quick": suite_power.figures("quick", "relu")}
        row = suite_power.Power()
        assert 0 < row.track_wall(found, "quick") < row.track_mutant(found, "quick")  # s, and ms for each
        assert row.track_cases_to_first_kill(found, "quick") >= 1
        assert 0 <= row.track_later_kills(found, "quick") <= 100
        assert row.track_survivors(found, "quick") == row.track_accusations(found, "quick") == 0

    def test_an_older_suite(self) -> None:
        """A concept that a commit does not have yet is skipped there, not failed."""
        said = figures.attempt(lambda: figures.Place("reference cpu").time("forward", "not yet", "float32", 64))
        assert said == "n/a: numpy has no not yet in this version"

    @pytest.mark.parametrize("missing, words", [("npm", "npm is not installed"), ("git", "git is not installed")])
    def test_what_is_missing(self, missing: str, words: str, tmp_path: Path) -> None:
        """One sentence and exit 2."""
        code = f"import sys; from benchmarks import __main__ as m, dashboard as d; from pathlib import Path; " \
               f"m.publish = (lambda *a: d.install(Path('.'))) if {missing!r} == 'npm' else m.publish; " \
               f"sys.argv = ['x', 'publish']; sys.exit(m.main())"  # fmt: skip
        environment = dict(os.environ, PATH=str(tmp_path), PYTHONPATH=str(ROOT))
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and words in done.stderr


class TestCommands:
    """What cannot be done is one sentence and exit 2, whatever asv's own exit code would be."""

    @pytest.mark.parametrize(
        "words, sentence",
        [
            ("nonsense", "nonsense: no such command"),
            ("compare HEAD", "compare takes 2 words, not 1: HEAD"),
            ("compare HEAD nowhere", "nowhere is not a commit"),
            ("continuous nowhere HEAD", "nowhere is not a commit"),
            ("fast nowhere..", "nowhere.. is neither a commit of this repository nor a range"),
            ("show nowhere", "nowhere is not a commit"),
            ("show first", "first is not recorded"),
            ("compare first first", "first is not recorded"),
            ("publish a b", "publish takes 0 or 1 words"),
            ("page --verbose", "page takes neither words nor options"),
        ],
    )
    def test_requests(
        self, words: str, sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Before asv, and its minutes, are asked."""
        right = commands.commit
        monkeypatch.setattr(commands, "commit", lambda name: "0" * 40 if name == "first" else right(name))
        monkeypatch.setattr(commands, "asv", None)
        monkeypatch.setattr(sys, "argv", ["benchmarks", *words.split()])
        assert commands.main() == 2
        out, err = capsys.readouterr()
        assert out == "" and len(err.splitlines()) == 1 and sentence in err

    @pytest.mark.parametrize(
        "code, new, expected", [(0, True, 0), (1, True, 1), (1, False, "could not measure"), (2, True, "failed")]
    )
    def test_continuous(
        self, code: int, new: bool, expected: int | str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """asv says 1 for slower and for no environment alike; only the first leaves figures."""

        def asv(*arguments: str, quiet: bool = False) -> int:
            if new and arguments[0] == "continuous":
                (tmp_path / "machine" / "00000000-environment.json").touch()
            return 0 if quiet else code

        (tmp_path / "machine").mkdir()
        monkeypatch.setattr(page, "RESULTS", tmp_path)
        monkeypatch.setattr(commands, "asv", asv)
        monkeypatch.setattr(commands, "commit", lambda name: "0" * 40)
        if isinstance(expected, int):
            assert commands.continuous("a", "b") == expected
        else:
            with pytest.raises(dashboard.Unavailable, match=expected):
                commands.continuous("a", "b")

    def test_one_commit_is_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """To git a commit alone means all that lead to it."""
        asked: list[tuple[str, ...]] = []
        monkeypatch.setattr(commands, "asv", lambda *arguments, quiet=False: asked.append(arguments) or 0)
        monkeypatch.setattr(commands, "describe", lambda here: None)
        for words, last in ((("",), "HEAD^!"), (("HEAD",), "HEAD^!"), (("HEAD^!",), "HEAD^!"), (("HEAD..",), "HEAD..")):
            assert commands.fast(*words) == 0 and asked[-1][-1] == last


class TestSettings:
    def test_versions_are_pinned_alike(self) -> None:
        """asv's environments have the torch that tox has, and asv the runner that its version was tried with."""
        tox = (ROOT / "tox.ini").read_text("utf-8")
        conf = (ROOT / "asv.conf.json").read_text("utf-8")
        settings = json.loads("\n".join(line for line in conf.splitlines() if not line.lstrip().startswith("//")))
        torch = re.search(r"torch==([\d.]+)", tox)
        assert torch and torch[1] in settings["matrix"]["req"]["torch"]
        assert re.search(r"asv==\d", tox) and settings["matrix"]["req"]["pip+asv_runner"] == ["0.3.2"]
        assert settings["matrix"]["env_nobuild"]["LAWFUL_THREADS"] == ["1", "all"]

    def test_threads(self) -> None:
        """One means one, for NumPy's products as for torch."""
        code = "import benchmarks, os; print(os.environ.get('OPENBLAS_NUM_THREADS'), os.environ.get('OMP_NUM_THREADS'))"
        clean = {k: v for k, v in os.environ.items() if not k.endswith("NUM_THREADS")}
        for threads, expected in (("1", "1 1"), ("all", "None None")):
            environment = dict(clean, LAWFUL_THREADS=threads)
            done = subprocess.run(
                [sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True
            )
            assert done.stdout.strip() == expected

    def test_the_machine_has_no_name_of_its_own(self) -> None:
        """Results are public: the processor and how many, not the host."""
        import platform

        here = machine()
        assert platform.node() not in here.values() and here["machine"].endswith("-cores")


class TestPages:
    def test_three_commits_are_recorded(self) -> None:
        """Of this project, on a stated machine, single-threaded and not."""
        recorded = page.runs()
        assert len({r.commit for r in recorded}) >= 3
        assert all(r.machine["cpu"] and r.machine["num_cpu"] and r.versions["torch"] for r in recorded)
        assert {r.threads for r in recorded} == {"1", "all"}

    def test_the_page_is_current(self) -> None:
        """`python -m benchmarks page` writes docs/performance.md."""
        assert page.text(page.runs()) == (ROOT / "docs" / "performance.md").read_text("utf-8")

    def test_errors(self) -> None:
        """Short where they are large: no digit right is a word."""
        shown = [page.ulp(x, "float32") for x in (None, 0.5, 2542.0, 15_712_345.0, 2.0**24)]
        assert shown == ["", "0.5", "2 542", "1.6e7", "none"]
        assert (page.pair(["", "0.5"]), page.pair(["", ""])) == ("n/a / 0.5", "")
        assert {name: f.p for name, f in FORMATS.items()} == page.PRECISION

    def test_an_unknown_script(self, tmp_path: Path) -> None:
        """A new asv that asks for another file is said, not published broken."""
        (tmp_path / "index.html").write_text(
            '<script src="https://example.invalid/a/new.min.js" onerror="x()"></script>'
        )
        with pytest.raises(dashboard.Unavailable, match=r"new\.min\.js"):
            dashboard.vendor(tmp_path)

    def test_dashboard(self, tmp_path: Path) -> None:
        """The page opens from a folder, without a network, and shows what is recorded."""
        for program in ("npm", "chromium"):
            if shutil.which(program) is None and not IN_CI:
                pytest.skip(f"{program} is not installed")
        if not IN_CI:
            pytest.importorskip("asv", reason="asv is not installed")
        done = run_dashboard(tmp_path / "html")
        if done.returncode and "npm could not install" in done.stderr and not IN_CI:
            pytest.skip(done.stderr.strip())
        assert done.returncode == 0, done.stdout + done.stderr
        assert not dashboard.REMOTE.search((tmp_path / "html" / "index.html").read_text("utf-8"))
        text = dom((tmp_path / "html" / "index.html").as_uri() + "#/summarylist", tmp_path / "profile")
        assert "of an unladen lawful" in text
        assert "fast.Time.track_forward" in text and "softmax" in text
        assert re.search(r"\d(\.\d+)?(ms|μs|ns)", text), "no time is shown"


def run_dashboard(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", "publish", str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def dom(address: str, profile: Path) -> str:
    """The document after its scripts; the network is not there for it."""
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
               "--disable-component-update", "--disable-sync", "--no-first-run", f"--user-data-dir={profile}",
               "--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=10000", "--dump-dom"]  # fmt: skip
    done = subprocess.run([*command, address], capture_output=True, timeout=120, check=True)
    with contextlib.suppress(OSError):
        shutil.rmtree(profile)
    return done.stdout.decode()
