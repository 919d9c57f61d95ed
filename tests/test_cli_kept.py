"""Nothing is lost: not by a reader who has gone, nor by a full disk, nor by a target that ends, moves or hangs."""

import json
import os
import resource
import subprocess
from pathlib import Path

import pytest
from cli_helpers import COMMAND, NAIVE, Ran, audit, environment, lawful, read, written

from suite.audit.recheck import recheck
from suite.report import document

SELECTED = ["--dtype", "float32", "--law", "finite"]
LOUD = NAIVE.replace("    e = ", "    print('x' * 9999, flush=True)\n    e = ")


def written_to(out: int, folder: Path, *arguments: str) -> Ran:
    """An audit whose standard output is a given one."""
    command = [*COMMAND, "audit", "--target", "mine.py", "--profile", "quick", *SELECTED, *arguments]
    run = subprocess.run(
        command, cwd=folder, env=environment(), stdout=out, stderr=subprocess.PIPE, text=True, check=False, timeout=120
    )
    return Ran(run.returncode, "", run.stderr, read(folder / ".lawful"))


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_reader_who_has_gone_costs_neither_the_report_nor_the_verdict(tmp_path: Path, workers: str) -> None:
    """As in ``lawful audit | head``; a target that prints does not notice either."""
    written(tmp_path, LOUD)
    reader, writer = os.pipe()
    os.close(reader)
    ran = written_to(writer, tmp_path, "-n", workers)
    os.close(writer)
    assert (ran.code, ran.err) == (1, "") and ran.of("softmax") == {"refuted"}
    assert [f["got"] for f in ran.findings] == ["nan"]


def test_an_output_that_is_full_is_one_sentence(tmp_path: Path) -> None:
    written(tmp_path, NAIVE)
    with Path("/dev/full").open("wb") as full:
        ran = written_to(full.fileno(), tmp_path, "-n", "1")
    assert ran.code == 1 and ran.of("softmax") == {"refuted"}
    assert ran.sentence == "the output was not written: No space left on device"


def test_a_report_that_does_not_fit_leaves_the_last_one_whole(tmp_path: Path) -> None:
    first = audit(tmp_path, written(tmp_path, NAIVE), *SELECTED)
    command = [*COMMAND, "audit", "--target", "mine.py", "--profile", "quick", "--dtype", "float64", "-n", "1"]
    run = subprocess.run(
        command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False, timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (999, 999)),
    )  # fmt: skip
    assert run.returncode == 1 and " refuted new, " in run.stdout
    assert run.stderr == "lawful: the report was not written to .lawful: File too large\n"
    assert read(tmp_path / ".lawful") == first.report
    assert sorted(p.name for p in (tmp_path / ".lawful").iterdir()) == ["index.html", "report.json"]


# -- targets that end, move or hang


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_function_that_ends_its_process_with_0_is_broken(tmp_path: Path, workers: str) -> None:
    mine = written(tmp_path, f"import os\n{NAIVE}\ndef exp(x):\n    os._exit(0)\n\ndef square(x):\n    return x * x\n")
    ran = audit(tmp_path, mine, *SELECTED, "-n", workers)
    assert ran.code == 1 and ran.of("softmax") == {"refuted"} and ran.of("square") == {"holds"}
    (cell,) = (c for c in ran.cells if c["concept"] == "exp")
    assert cell["verdict"] == "broken"
    assert cell["reason"] == "mine.py: the process that judged exp in float32 died (exit code 0)"
    alone = audit(tmp_path, mine, *SELECTED, "--concept", "exp", "-n", workers)
    assert alone.code == 3 and alone.of("exp") == {"broken"}


def test_a_target_that_ends_the_process_that_loads_it_is_one_sentence(tmp_path: Path) -> None:
    ran = audit(tmp_path, written(tmp_path, f"{NAIVE}\nimport os\nos._exit(0)\n"), *SELECTED)
    assert ran.code == 3 and ran.sentence == "mine.py does not import: SystemExit: 0"


def test_a_finding_whose_function_ends_the_process_is_not_called_gone(tmp_path: Path) -> None:
    mine = written(tmp_path, NAIVE)
    (found,) = audit(tmp_path, mine, *SELECTED).findings
    written(tmp_path, NAIVE.replace("    e = ", "    import os; os._exit(0)\n    e = "))
    assert lawful(tmp_path, "reproduce", found["id"]).code != 0


def test_a_function_that_ends_the_fresh_process_costs_no_finding_but_its_own(tmp_path: Path) -> None:
    bad = "\ndef exp(x):\n    return np.exp(x) * np.where(x > 80, np.nan, 1).astype(x.dtype)\n"
    ran = audit(tmp_path, written(tmp_path, NAIVE + bad), *SELECTED)
    found = [document.finding_from(f | {"id": ""}) for f in ran.findings]
    assert sorted(f.concept for f in found) == ["exp", "softmax"]
    assert recheck(found, "mine.py", "cpu", str(tmp_path)) == [True, True]
    written(tmp_path, f"import os\n{NAIVE}\ndef exp(x):\n    os._exit(0)\n")
    assert recheck(found, "mine.py", "cpu", str(tmp_path)) == [f.concept == "softmax" for f in found]


def test_a_target_may_leave_the_folder(tmp_path: Path) -> None:
    """The report, the known findings, the workers and the fresh process stay where the audit was started."""
    away = tmp_path / "away"
    away.mkdir()
    mine = written(tmp_path, f"import os\nos.chdir({str(away)!r})\n{NAIVE}")
    for workers in ("1", "2"):
        ran = audit(tmp_path, mine, "--dtype", "float32", "float16", "--law", "finite", "-n", workers)
        assert ran.code == 1 and ran.of("softmax") == {"refuted"}
    lawful(tmp_path, "accept", "all", "--known", "known.toml", "--reason", "a baseline")
    ran = audit(tmp_path, mine, *SELECTED, "--known", "known.toml", "--report", "deep/report")
    assert ran.code == 0 and ran.out.splitlines()[-1] == "report: deep/report/index.html"
    assert json.loads((tmp_path / "deep" / "report" / "report.json").read_text())["summary"]["refuted_known"] == 1
    assert not list(away.iterdir())


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_thread_that_a_target_leaves_running_does_not_hold_up_the_end(tmp_path: Path, workers: str) -> None:
    thread = "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\n"
    mine = written(tmp_path, thread + NAIVE)
    ran = audit(tmp_path, mine, "--dtype", "float32", "float16", "--law", "finite", "-n", workers)
    assert (ran.code, ran.err) == (1, "") and ran.of("softmax") == {"refuted"}
    assert ran.out.splitlines()[-1].startswith("2 cells: 2 refuted new")
    assert lawful(tmp_path, "reproduce", ran.findings[0]["id"]).code == 1
