"""The gate's verdicts on recorded samples, its errors, and one real run on a history made for it."""

import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from checkout import ROOT

from benchmarks import gate, instructions, verdicts
from benchmarks.verdicts import MORE, code, compare, interval, judge

FACTOR = 1.1
ROW, OTHER, ULP = "forward softmax, reference cpu, float32, 64", "forward exp, torch cpu, float32, 64", "ulp exp"
# seconds of a kernel of 8 µs in paired rounds on a busy machine: recorded, then multiplied where a test says so
BUSY = (8.31e-6, 8.27e-6, 9.90e-6, 8.29e-6, 8.42e-6, 14.1e-6, 8.30e-6, 8.35e-6, 8.28e-6, 9.11e-6, 8.33e-6, 8.29e-6)


class Machine:
    """Answers with what a test scripts, and remembers what it was asked."""

    def __init__(self, **sides: Callable[[str, int], Any]):
        self.sides, self.asked = sides, []

    def __call__(self, side: str, rows: Sequence[str]) -> dict[str, Any]:
        self.asked.append((side, tuple(rows)))
        k = sum(s == side for s, _ in self.asked)
        return {row: v for row in rows if (v := self.sides[side](row, k)) is not None}


def busy(times: float = 1.0, seed: int = 0) -> Callable[[str, int], float]:
    """The recorded samples in an order of their own, ``times`` as long."""
    samples = random.Random(seed).sample(BUSY, len(BUSY))
    return lambda row, k: samples[k % len(samples)] * times


def verdicts_of(machine: Machine, *rows: str) -> dict[str, str]:
    return {r.row: r.verdict for r in compare(rows or (ROW,), machine, FACTOR)}


class TestVerdicts:
    @pytest.mark.parametrize("seed", range(8))
    def test_regression(self, seed: int) -> None:
        """Twice the time is caught through noise that doubles single samples."""
        machine = Machine(base=busy(seed=seed), head=busy(2.0, seed + 100))
        results = compare((ROW,), machine, FACTOR)
        assert [r.verdict for r in results] == ["slower"] and code(results) == 1

    @pytest.mark.parametrize("seed", range(8))
    def test_noise(self, seed: int) -> None:
        """The same code on a busy machine is never a regression."""
        results = compare((ROW,), Machine(base=busy(seed=seed), head=busy(seed=seed + 100)), FACTOR)
        assert [r.verdict for r in results] == ["same"] and code(results) == 0

    def test_improvement(self) -> None:
        """Faster is said, and is no failure."""
        results = compare((ROW,), Machine(base=busy(2.0), head=busy()), FACTOR)
        assert [r.verdict for r in results] == ["faster"] and code(results) == 0

    def test_unclear(self) -> None:
        """A head that is slower in six of ten rounds and faster in the others is neither cleared nor accused."""
        slow = (1.2, 1.2, 1.2, 1.0, 1.2, 0.9)
        machine = Machine(base=lambda row, k: 1e-3, head=lambda row, k: 1e-3 * slow[k % 6])
        results = compare((ROW,), machine, FACTOR)
        assert [r.verdict for r in results] == ["unclear"] and code(results) == 2
        assert results[0].rounds == MORE[-1]

    def test_loss_of_accuracy(self) -> None:
        """An error on fixed inputs is not random: one measurement decides."""
        machine = Machine(base=lambda row, k: 0.5, head=lambda row, k: 0.75)
        results = compare((ULP,), machine, FACTOR)
        assert [r.verdict for r in results] == ["less accurate"] and code(results) == 1
        assert sum(bool(rows) for _, rows in machine.asked) == 2

    def test_loss_of_accuracy_of_a_derivative(self) -> None:
        """Its row is compared once too, beside times that are measured again."""
        row = "ulp backward tanh, reference cpu, float32"
        machine = Machine(base=lambda r, k: 3.58 if r == row else busy()(r, k),
                          head=lambda r, k: 2.0**24 if r == row else busy(seed=1)(r, k))  # fmt: skip
        results = compare((ROW, row), machine, FACTOR)
        assert {r.row: r.verdict for r in results} == {ROW: "same", row: "less accurate"} and code(results) == 1
        assert sum(row in rows for _, rows in machine.asked) == 2

    @pytest.mark.parametrize(
        "base, head, verdict",
        [(0.0, 0.0, "same"), (0.0, 1.0, "less accurate"), (0.0, 0.001, "same"), (1.0, 0.5, "more accurate"),
         (0.5, 0.54, "same")],
    )  # fmt: skip
    def test_accuracy(self, base: float, head: float, verdict: str) -> None:
        """An exact result that is no longer exact is a loss; a rounding of the figure is none."""
        assert judge(ULP, [base], [head], FACTOR).verdict == verdict

    def test_broken_run(self) -> None:
        """A row that raises fails alone, with its words; the others are judged."""
        machine = Machine(base=busy(), head=lambda row, k: "failed: ValueError: x" if row == ROW else 8.3e-6)
        results = compare((ROW, OTHER), machine, FACTOR)
        assert {r.row: r.verdict for r in results} == {ROW: "failed", OTHER: "same"}
        assert code(results) == 2
        assert gate.failures(results) == [f"{ROW}: failed: ValueError: x"]

    def test_a_process_that_dies(self) -> None:
        """What it had not measured has failed."""
        assert verdicts_of(Machine(base=busy(), head=lambda row, k: None)) == {ROW: "failed"}

    def test_regression_outweighs_failure(self) -> None:
        """Exit 1 says what is known, even where something else is not."""
        machine = Machine(base=busy(), head=lambda row, k: "failed: x" if row == OTHER else busy(2.0)(row, k))
        assert code(compare((ROW, OTHER), machine, FACTOR)) == 1

    def test_absent(self) -> None:
        """What neither commit has is no row; what only the base lacks is new; what only the head lacks has failed."""
        missing: Callable[[str, int], Any] = lambda row, k: "n/a: no GPU"  # noqa: E731 - a side of a machine
        assert verdicts_of(Machine(base=missing, head=missing)) == {}
        assert verdicts_of(Machine(base=missing, head=busy())) == {ROW: "new"}
        assert verdicts_of(Machine(base=busy(), head=missing)) == {ROW: "failed"}

    def test_only_suspects_are_measured_again(self) -> None:
        """And in rounds that interleave the commits, the order alternating."""
        head: Callable[[str, int], float] = lambda row, k: 2e-5 if row == ROW else 1e-5  # noqa: E731
        machine = Machine(base=lambda row, k: 1e-5, head=head)
        compare((ROW, OTHER), machine, FACTOR)
        first, later = machine.asked[: 2 * verdicts.FIRST], machine.asked[2 * verdicts.FIRST :]
        assert all(rows == (ROW, OTHER) for _, rows in first) and all(rows == (ROW,) for _, rows in later)
        assert [side for side, _ in first] == ["base", "head", "head", "base", "base", "head"]
        assert len(later) == 2 * MORE[0]

    def test_instructions(self) -> None:
        """They repeat, so two per cent count."""
        assert verdicts.counted("x", 1000, 1025, gate.INSTRUCTIONS).verdict == "slower"
        assert verdicts.counted("x", 1000, 1015, gate.INSTRUCTIONS).verdict == "same"

    def test_ratio(self) -> None:
        """The median of the rounds' ratios, not the ratio of medians: rounds are pairs."""
        assert judge(ROW, [1.0, 2.0, 8.0], [8.0, 4.0, 10.0], FACTOR).ratio == 2.0

    def test_interval(self) -> None:
        """Of the sign test: order statistics 3 and 10 of twelve (Conover 1999); too few samples: all of them."""
        assert interval(range(1, 13)) == (3, 10)
        assert interval((1, 2, 3)) == (1, 3)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three commits: this code; softmax twice as slow, exp and its derivative less accurate; a softmax that raises."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    top = tmp_path_factory.mktemp("history") / "repository"
    for folder in ("reference", "suite", "benchmarks"):
        ignore = shutil.ignore_patterns("__pycache__", "results")
        shutil.copytree(ROOT / folder, top / folder, ignore=ignore)
    (top / ".gitignore").write_text("__pycache__/\n")
    git(top, "init", "--quiet", "--initial-branch=main")
    commit(top, "base")
    softmax, elementary = top / "reference" / "softmax.py", top / "reference" / "elementary.py"
    right = softmax.read_text("utf-8")
    twice = "\n\n_1 = softmax\n\n\ndef softmax(x, *, axis=-1):\n    _1(x, axis=axis)\n    return _1(x, axis=axis)\n"
    off = "\n\n_right = exp\n\n\ndef exp(x):\n    return _right(x) * (1 + 2.0**-20)\n"
    back = "\n\n_back = exp_vjp\n\n\ndef exp_vjp(x, *, cotangent):\n    return _back(x, cotangent=1.0001 * cotangent)\n"
    softmax.write_text(right + twice, "utf-8")
    elementary.write_text(elementary.read_text("utf-8") + off + back, "utf-8")
    commit(top, "worse")
    softmax.write_text(right + "\n\ndef softmax(x, *, axis=-1):\n    raise ValueError('seeded')\n", "utf-8")
    commit(top, "broken")
    (top / "no_torch" / "torch").mkdir(parents=True)
    (top / "no_torch" / "torch" / "__init__.py").write_text("raise ImportError('not here', name='torch')\n")
    return top


def git(top: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(top), *arguments], check=True, capture_output=True)


def commit(top: Path, name: str) -> None:
    git(top, "add", "--all")
    git(top, "-c", "user.name=t", "-c", "user.email=t@example.invalid", "commit", "--quiet", "--message", name)
    git(top, "tag", name)


def lawful(top: Path, *arguments: str, **changed: str) -> tuple[int, str, str]:
    """The command as a user of that checkout runs it, without torch."""
    environment = dict(os.environ, **changed)
    environment["PYTHONPATH"] = os.pathsep.join((str(top), str(top / "no_torch")))
    done = subprocess.run(
        [sys.executable, "-P", "-m", "suite.cli", "bench", "gate", *arguments],
        cwd=top, env=environment, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


class TestRun:
    def test_seeded_slowdown_and_loss_of_accuracy(self, history: Path) -> None:
        """Both are caught, by name, and nothing else is accused."""
        only = r"^(forward softmax|ulp (backward )?(exp|softmax)), reference|^(forward softmax|ulp exp), torch"
        exit_code, out, err = lawful(history, "base", "worse", "--only", only)
        said = {line.split("  ")[0]: line.split()[-2:] for line in out.splitlines()}
        assert exit_code == 1, out + err
        assert said["forward softmax, reference cpu, float32, 64"][-1] == "slower"
        assert said["ulp exp, reference cpu, float32"] == ["less", "accurate"]
        assert said["ulp backward exp, reference cpu, float32"] == ["less", "accurate"]
        assert said["ulp softmax, reference cpu, float32"][-1] == "same"
        assert said["ulp backward softmax, reference cpu, float32"][-1] == "same"
        assert not any("torch" in line for line in out.splitlines())

    def test_a_benchmark_that_raises(self, history: Path) -> None:
        """One sentence, exit 2, and the other rows are in the table."""
        exit_code, out, err = lawful(history, "base", "broken", "--only", r"^ulp (exp2|softmax), reference")
        assert exit_code == 2
        assert re.search(r"^ulp exp2, .* same$", out, re.M) and re.search(r"^ulp softmax, .* failed$", out, re.M)
        assert len(err.splitlines()) == 1 and "seeded" in err


class TestErrors:
    @pytest.mark.parametrize(
        "arguments, words",
        [
            (("base", "nowhere"), "nowhere is not a commit"),
            (("base", "worse", "--only", "["), "not a regular expression"),
            (("base", "worse", "--only", "nothing like it"), "matches no row"),
            (("base", "worse", "--factor", "0.9"), "must exceed 1"),
            (("base", "worse", "--python", "python9.99"), "no such interpreter"),
        ],
    )
    def test_requests(self, history: Path, arguments: tuple[str, ...], words: str) -> None:
        """One sentence and exit 2."""
        exit_code, out, err = lawful(history, *arguments)
        assert (exit_code, out, len(err.splitlines())) == (2, "", 1) and words in err

    def test_dirty(self, history: Path) -> None:
        """What is not committed is not measured, and says so."""
        file = history / "reference" / "sums.py"
        file.write_text("changed")
        git(history, "add", "--intent-to-add", str(file))
        try:
            exit_code, _, err = lawful(history, "base", "worse")
            assert exit_code == 2 and "reference/sums.py has changes that are not committed" in err
        finally:
            git(history, "reset", "--quiet", str(file))
            file.unlink()

    def test_no_git(self, history: Path, tmp_path: Path) -> None:
        """Neither the program nor a repository."""
        assert "git is not installed" in lawful(history, "base", "worse", PATH=str(tmp_path))[2]
        shutil.copytree(history, tmp_path / "copy", ignore=shutil.ignore_patterns(".git"))
        exit_code, _, err = lawful(tmp_path / "copy", "base", "worse", GIT_CEILING_DIRECTORIES=str(tmp_path))
        assert exit_code == 2 and "is not a git repository" in err

    def test_no_checkout(self, history: Path, tmp_path: Path) -> None:
        """The wheel has no benchmarks: the command says where they are."""
        shutil.copytree(history, tmp_path / "copy", ignore=shutil.ignore_patterns(".git", "benchmarks"))
        exit_code, _, err = lawful(tmp_path / "copy", "base", "worse")
        assert exit_code == 2 and "checkout" in err and len(err.splitlines()) == 1

    def test_no_valgrind(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        """One sentence and exit 2; the table of times is printed all the same."""
        monkeypatch.setattr(instructions.shutil, "which", lambda name: None if name == "valgrind" else name)
        for name in ("commit", "clean"):
            monkeypatch.setattr(gate, name, lambda *_: "0")
        monkeypatch.setattr(gate, "extract", lambda _, folder: folder)
        result = verdicts.Result(ROW, 1e-6, 1e-6, "same")
        monkeypatch.setattr(gate, "measured", lambda *_: ([result], []))
        assert gate.gate("base", "head") == 2
        out, err = capsys.readouterr()
        assert ROW in out and err == "lawful: valgrind is not installed: instructions were not counted\n"


def test_valgrind_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A count is the difference between no call and some, of the same kernel."""
    for pid, refs in ((1, "1,000,000"), (2, "1,400,000")):
        (tmp_path / str(pid)).write_text(f"=={pid}== \n=={pid}== I   refs:      {refs}\n")
    assert instructions.read(str(tmp_path), 2) - instructions.read(str(tmp_path), 1) == 400_000
    (tmp_path / "3").write_text("killed")
    with pytest.raises(instructions.Uncounted, match="no number"):
        instructions.read(str(tmp_path), 3)


def test_a_real_count(tmp_path: Path) -> None:
    """Under valgrind every kernel has its count, by an instruction set that valgrind can show."""
    if shutil.which("valgrind") is None and not os.environ.get("CI"):
        pytest.skip("valgrind is not installed")
    counts, isa = instructions.count(ROOT)
    assert len(counts) == 12 and min(counts.values()) > 1000
    assert "AVX512F" not in isa
    # of the same rows, cross entropy does all that softmax does, and more
    assert counts["forward cross_entropy"] > counts["forward softmax"] > counts["forward exp"]
