"""What goes wrong with the benchmarks is said in one sentence, and their settings agree."""

import json
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from checkout import ROOT

from benchmarks import __main__ as commands
from benchmarks import child, dashboard, figures, page
from benchmarks.__main__ import machine


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
