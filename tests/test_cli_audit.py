"""``lawful audit`` as a user runs it: what it prints and writes, what its draws depend on, and how it is stopped."""

import contextlib
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from cli_helpers import COMMAND, SOUND, Ran, audit, environment, read, written

from suite.report import document

SELECTION = ["--concept", "relu", "--concept", "logaddexp", "--dtype", "float32", "bfloat16"]


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    return audit(tmp_path_factory.mktemp("clean"), "numpy", *SELECTION)


def test_an_audit_of_the_reference_ends_with_a_table_and_a_summary(clean: Ran) -> None:
    assert (clean.code, clean.err) == (0, "")
    assert "accuracy" in clean.out and "logaddexp ✓✓" in clean.out
    assert re.fullmatch(
        r"\d+ cells: 0 refuted new, 0 known, 0 fixed, \d+ unknown, \d+ not judged; [\d,]+ elements, [\d.]+ s",
        clean.out.splitlines()[-1],
    )


def test_an_audit_says_how_far_it_is(clean: Ran) -> None:
    assert clean.out.startswith("4/4 logaddexp-bfloat16\n")


def test_only_what_was_asked_for_is_judged(clean: Ran) -> None:
    assert {(c["concept"], c["dtype"]) for c in clean.cells} == {
        (c, d) for c in ("relu", "logaddexp") for d in ("float32", "bfloat16")
    }
    assert {"accuracy", "finite", "repeatable"} <= {c["law"] for c in clean.cells}


def test_the_head_of_the_report_says_what_the_result_depends_on(clean: Ran) -> None:
    head = clean.report["head"]
    assert (head["target"], head["seed"], head["profile"], head["device"]) == ("numpy", 0, "quick", "cpu")
    assert all(head[name] for name in ("version", "cpu", "threads", "suite", "hypothesis", "started", "python"))


def test_the_same_seed_gives_the_same_cells_for_every_number_of_workers(clean: Ran, tmp_path: Path) -> None:
    assert audit(tmp_path, "numpy", *SELECTION, "-n", "2").cells == clean.cells


def test_another_seed_draws_something_else(clean: Ran, tmp_path: Path) -> None:
    other = audit(tmp_path, "numpy", *SELECTION, "--seed", "1")
    assert other.code == 0
    assert [c["worst_ulp"] for c in other.cells] != [c["worst_ulp"] for c in clean.cells]
    assert [c["verdict"] for c in other.cells] == [c["verdict"] for c in clean.cells]


def test_one_law_alone_can_be_asked_for(tmp_path: Path) -> None:
    ran = audit(tmp_path, "numpy", "--concept", "relu", "--law", "range", "--dtype", "float32")
    assert ran.code == 0 and {c["law"] for c in ran.cells} == {"range"}


def test_a_report_goes_where_it_is_wanted(tmp_path: Path) -> None:
    ran = audit(tmp_path, "numpy", "--concept", "relu", "--law", "range", "--report", "deep/new <b>")
    folder = tmp_path / "deep" / "new <b>"
    assert ran.code == 0 and ran.out.splitlines()[-1] == "report: deep/new <b>/index.html"
    assert document.read(folder / "report.json")["cells"]
    assert "<html" in (folder / "index.html").read_text("utf-8")
    assert sorted(p.name for p in folder.iterdir()) == ["index.html", "report.json"]
    assert not (tmp_path / ".lawful").exists()


def test_draws_do_not_depend_on_what_else_a_file_says(tmp_path: Path) -> None:
    arguments = ["--law", "range", "--profile", "ci"]
    plain = audit(tmp_path, written(tmp_path, SOUND), *arguments)
    more = audit(tmp_path, written(tmp_path, f"{SOUND}\nMORE = {list(range(1000, 60000, 100))}"), *arguments)
    assert more.cells == plain.cells


# -- Ctrl-C and SIGTERM

SLOW = """
import pathlib
import time
import numpy as np

def relu(x):
    return np.maximum(x, 0)

def exp(x):
    pathlib.Path("reached").touch()
    time.sleep(600)
"""


STOPS = {"interrupted": (signal.SIGINT, 130), "terminated": (signal.SIGTERM, 143)}


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("word", STOPS)
def test_an_audit_that_is_stopped_keeps_what_was_judged(tmp_path: Path, workers: str, word: str) -> None:
    number, code = STOPS[word]
    mine = written(tmp_path, SLOW)
    arguments = ["audit", "--target", mine, "--profile", "quick", "--dtype", "float32", "float16", "-n", workers]
    run = subprocess.Popen(
        [*COMMAND, *arguments, "--report", "report"], cwd=tmp_path, env=environment(), start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs ignore it
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 60
        while not (tmp_path / "reached").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)  # the result of the other function is on its way
        if number is signal.SIGTERM:
            os.kill(run.pid, number)  # a scheduler says it twice
        os.killpg(run.pid, number)  # as a terminal does: to the workers too
        out, err = run.communicate(timeout=30)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)
    ran = Ran(run.returncode, out, err, read(tmp_path / "report"))
    assert ran.code == code
    assert re.fullmatch(rf"{word}: [12] of 4 groups were judged", ran.sentence)
    assert {c["concept"] for c in ran.cells} == {"relu"} and "holds" in ran.of("relu")
    assert (tmp_path / "report" / "index.html").exists() and " cells: 0 refuted new" in out
