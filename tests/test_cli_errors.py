"""Targets that are none and requests that cannot be met: most are made in this process, for they are many."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_helpers import SOUND, Ran, audit, environment, needs_torch, read, written

from suite import cli
from suite.findings import known
from suite.verdict import Known, Severity, Witness

Inside = Callable[..., Ran]


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Inside:
    """``lawful audit`` by its main function, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Ran:
        try:
            code = cli.main(["audit", "-n", "1", "--profile", "quick", *arguments])
        except SystemExit as exit:  # of argparse
            code = exit.code if isinstance(exit.code, int) else 1
        return Ran(code, *capsys.readouterr(), read(tmp_path / ".lawful"))

    return run


NONE = {
    "syntax": ("def relu(x:\n", 3, "mine.py does not import: SyntaxError: "),
    "import": ("import no_such_module\n", 3, "mine.py does not import: No module named 'no_such_module'"),
    "raises": ("raise RuntimeError('boom\\nand more')\n", 3, "mine.py does not import: RuntimeError: boom"),
    "exits": ("import sys\nsys.exit(0)\n", 3, "mine.py does not import: SystemExit: 0"),
    "nothing": ("x = 1\n", 3, "mine.py defines no function with a concept's name; `lawful concepts` lists them"),
    "framework": ("FRAMEWORK = 'jaxx'\ndef relu(x): pass\n", 3, "FRAMEWORK = 'jaxx', must be one of numpy, torch"),
    "framework-list": ("FRAMEWORK = ['torch']\ndef relu(x): pass\n", 3, "FRAMEWORK = ['torch'], must be one of"),
    "base": ("BASE = 'jax'\ndef relu(x): pass\n", 3, "BASE = 'jax', must be one of numpy, torch"),
}


@pytest.mark.parametrize("text, code, sentence", NONE.values(), ids=NONE)
def test_a_file_that_is_no_target_is_one_sentence(inside: Inside, text: str, code: int, sentence: str) -> None:
    ran = inside("--target", written(Path(), text))
    assert ran.code == code and sentence in ran.sentence and not ran.out


USAGE = {
    "concept": (["--concept", "sofmax"], "unknown concept 'sofmax': did you mean softmax or "),
    "no-concept-like-it": (["--concept", "q"], "unknown concept 'q'; `lawful concepts` lists them"),
    "law": (["--law", "acuracy"], "unknown law 'acuracy': did you mean accuracy"),
    "dtype": (["--dtype", "float23"], "unknown dtype 'float23': did you mean float32"),
    "profile": (["--profile", "slow"], "unknown profile 'slow': one of quick, ci, thorough"),
    "device": (["--device", "tpu"], "unknown device 'tpu': did you mean cpu?"),
    "target": (["--target", "nunpy"], "unknown target 'nunpy': name numpy, torch, a file ending in .py, or"),
    "module": (["--target", "suite.nothing"], "unknown target 'suite.nothing': name numpy, torch"),
    "file": (["--target", "no/such.py"], "no/such.py: no such file; --target takes numpy, torch, a .py file or"),
    "workers": (["-n", "0"], "-n 0: at least one worker is needed"),
    "known": (["--known", "no.toml"], "no.toml: No such file or directory; --known takes a TOML file of"),
    "not-toml": (["--known", "bad.toml"], "bad.toml is not TOML: "),
    "report": (["--report", "bad.toml"], "--report bad.toml: cannot be written (File exists); name another folder"),
    "cuda": (["--device", "cuda"], "--device cuda: NumPy arrays live on the CPU; use --device cpu"),
}  # fmt: skip


@pytest.mark.parametrize("arguments, sentence", USAGE.values(), ids=USAGE)
def test_a_request_that_cannot_be_met_is_one_sentence(inside: Inside, arguments: list[str], sentence: str) -> None:
    written(Path(), "[[finding", "bad.toml")
    ran = inside("--target", "numpy", *arguments)
    assert sentence in ran.sentence and not ran.out
    assert ran.code == (3 if "cuda" in arguments else 2)
    assert not Path(".lawful").exists()


@pytest.mark.parametrize("arguments", [["--fail-on", "bad"], ["--seed", "x"], ["--nothing"]])
def test_options_that_do_not_exist_are_usage(inside: Inside, arguments: list[str]) -> None:
    assert inside("--target", "numpy", *arguments).code == 2


def test_a_file_without_a_function_for_the_concept_is_usage(inside: Inside) -> None:
    ran = inside("--target", written(Path(), SOUND), "--concept", "relu")
    assert ran.code == 2 and ran.sentence == "mine.py has no function for relu"


@pytest.mark.parametrize(
    "line", ['operands = [["0x1p0"], ["0x1p0"]]', 'operands = [["one"]]', "recipe = [7, 0]", "shapes = [[5]]"]
)
def test_a_known_finding_that_does_not_fit_its_concept_is_usage(inside: Inside, line: str) -> None:
    witness = Witness((("0x1p0",),), ((1,),), (), (), -1, (0,), (0, 0))
    cell = ("5e65d538", "relu", "range", "float32", "eager", "cpu")
    entry = Known(*cell, Severity.WRONG, "2025-11-21", "why", {}, ((0.0, 1.0),), 1.0, witness)
    known.write(Path("known.toml"), [entry])
    arguments = ["--target", "numpy", "--concept", "relu", "--law", "range", "--known", "known.toml"]
    assert inside(*arguments).code == 0
    text = Path("known.toml").read_text()
    Path("known.toml").write_text(re.sub(rf"^{line.split()[0]} = .*$", line, text, flags=re.MULTILINE))
    ran = inside(*arguments)
    assert ran.code == 2
    assert ran.sentence == "known.toml: the witness of 5e65d538 does not fit relu: remove it and accept it again"


def test_a_selection_without_cells_was_not_judged(tmp_path: Path) -> None:
    ran = audit(tmp_path, "numpy", "--concept", "relu", "--law", "forward")
    assert ran.code == 3 and ran.sentence == "no cell was judged: no law that was asked for applies to it"


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    ran = audit(tmp_path, written(tmp_path, "import no_such_module\n"), "--debug")
    assert ran.code == 3 and "Traceback" in ran.err and 'mine.py", line 1' in ran.err
    assert ran.err.splitlines()[-1].startswith("lawful: mine.py does not import")


def test_a_last_report_that_cannot_be_written_does_not_cost_the_verdicts(tmp_path: Path) -> None:
    (tmp_path / ".lawful").touch()
    ran = audit(tmp_path, "numpy", "--concept", "relu", "--law", "range")
    assert ran.code == 0 and "0 refuted new" in ran.out
    assert ran.sentence == "the report was not written to .lawful: File exists"


@needs_torch
def test_a_device_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    ran = audit(tmp_path, "torch", "--device", "cuda", env=environment(CUDA_VISIBLE_DEVICES=""))
    assert ran.code == 3
    assert ran.sentence == "--device cuda: torch sees no CUDA device here; use --device cpu, or a machine with one"
