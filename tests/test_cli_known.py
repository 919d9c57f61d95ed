"""What is known: entries that no audit can meet are no silence, and broken cells are accepted like findings."""

import re
from pathlib import Path

import pytest
from cli_helpers import NAIVE, audit, lawful, written

from suite.audit import expected
from suite.findings import known
from suite.findings.known import KnownError
from suite.verdict import KnownBroken

SELECTED = ["--dtype", "float32", "--law", "finite", "--law", "accuracy"]
BOTH = f"{NAIVE}\ndef square(x):\n    return x * x\n\ndef exp(x):\n    raise ValueError('no such kernel')\n"


@pytest.fixture
def baseline(tmp_path: Path) -> Path:
    """A target with a finding and a broken function, all of it known."""
    audit(tmp_path, written(tmp_path, BOTH), *SELECTED)
    lawful(tmp_path, "accept", "all", "--known", "known.toml", "--reason", "a baseline")
    return tmp_path


def again(folder: Path, *arguments: str) -> tuple[int, str, str]:
    ran = audit(folder, "mine.py", *SELECTED, "--known", "known.toml", *arguments)
    return ran.code, ran.out, ran.err


SLIPS = {
    "concept": ("finding", '"softmax"', '"sofmax"', "unknown concept 'sofmax': did you mean softmax"),
    "law": ("finding", '"accuracy"', '"acuracy"', "unknown law 'acuracy' of softmax: did you mean accuracy"),
    "dtype": ("finding", '"float32"', '"float23"', "unknown dtype 'float23': did you mean float32 or "),
    "broken-law": ("broken", '"accuracy"', '"acuracy"', "unknown law 'acuracy' of exp: did you mean accuracy"),
}


@pytest.mark.parametrize("table, name, wrong, sentence", SLIPS.values(), ids=SLIPS)
def test_an_entry_that_names_nothing_is_usage(baseline: Path, table: str, name: str, wrong: str, sentence: str) -> None:
    path = baseline / "known.toml"
    before, mark, after = path.read_text().partition(f"[[{table}]]")
    path.write_text(before + mark + after.replace(name, wrong, 1))
    code, out, err = again(baseline)
    assert code == 2 and not out and err.startswith("lawful: known.toml: ") and f" has the {sentence}" in err


def test_a_table_of_another_name_is_usage(baseline: Path) -> None:
    path = baseline / "known.toml"
    path.write_text(path.read_text().replace("[[finding]]", "[[findings]]").replace("[finding.", "[findings."))
    code, _, err = again(baseline)
    assert (code, err) == (2, "lawful: known.toml: [[findings]] is neither [[finding]] nor [[broken]]\n")


@pytest.mark.parametrize("target", ["numpy", "torch"])
def test_what_comes_with_a_target_names_what_there_is(target: str) -> None:
    assert all(expected.named(k) for k in known.built_in(target))


def test_entries_that_fit_no_cell_are_told(baseline: Path) -> None:
    """Whatever was asked for: the target has no such function any more."""
    written(baseline, BOTH.replace("def exp", "def exp_of_old"))
    code, out, err = again(baseline, "--concept", "square")
    told = r"lawful: known\.toml: mine\.py has no cell for exp-float32-\w+-\w+ and \d+ more of its entries\n"
    assert code == 0 and re.fullmatch(told, err) and " 0 known" in out


# -- broken cells


def test_a_broken_cell_that_is_known_does_not_decide_the_exit_code(baseline: Path) -> None:
    code, out, err = again(baseline)
    assert (code, err) == (0, "") and re.search(r", (\d+) broken \(\1 known\);", out)
    assert "\nknown  broken mine.py.exp raised ValueError: no such kernel\n" in out
    assert audit(baseline, "mine.py", *SELECTED, "--concept", "square", "--concept", "exp").code == 3  # not told


def test_a_broken_cell_that_says_something_else_is_new(baseline: Path) -> None:
    written(baseline, BOTH.replace("no such kernel", "no memory"))
    code, out, _ = again(baseline)
    assert code == 3 and re.search(r"\nbroken mine\.py\.exp raised ValueError: no memory \(exp-float32-.* more\)", out)


def test_a_broken_cell_that_is_judged_again_is_fixed(baseline: Path) -> None:
    written(baseline, BOTH.replace("raise ValueError('no such kernel')", "return np.exp(x)"))
    code, out, _ = again(baseline)
    assert code == 0 and re.search(r"\nfixed  exp-float32-accuracy-eager: it passes again\n", out)
    assert again(baseline, "--strict")[0] == 1


def test_nothing_but_known_broken_cells_is_nothing_judged(baseline: Path) -> None:
    assert again(baseline, "--concept", "exp")[0] == 3


def test_one_cell_or_all_of_a_function_can_be_accepted(tmp_path: Path) -> None:
    ran = audit(tmp_path, written(tmp_path, BOTH), *SELECTED, "--concept", "exp", "--concept", "square")
    to = ["--known", "known.toml", "--reason", "not ported"]
    said = lawful(tmp_path, "accept", "exp-float32-accuracy-eager", *to).out
    assert said.startswith("exp-float32-accuracy-eager is known to be broken in known.toml: mine.py.exp raised Value")
    assert [b.id for b in known.read_broken(tmp_path / "known.toml")] == ["exp-float32-accuracy-eager"]
    few = ["--concept", "exp", "--concept", "square"]
    assert again(tmp_path, *few)[0] == 3
    assert lawful(tmp_path, "accept", "exp-float32", *to).code == 0
    assert len(known.read_broken(tmp_path / "known.toml")) == sum(c["verdict"] == "broken" for c in ran.cells)
    assert again(tmp_path, *few)[0] == 0
    assert "has no finding 'exp-float3'" in lawful(tmp_path, "accept", "exp-float3", *to).sentence


def test_what_is_written_of_a_broken_cell_is_read_again(tmp_path: Path) -> None:
    hostile = '[[finding]]\n "a",\n ] \x85 \u2028'
    entry = KnownBroken("exp", "finite", "float32", "eager", "cpu", "2025-11-21", hostile, hostile, {"v": hostile})
    known.write(tmp_path / "known.toml", [], [entry])
    (read,) = known.read_broken(tmp_path / "known.toml")
    assert (read.sentence, read.reason, read.platform, read.cell) == (hostile, hostile, {"v": hostile}, entry.cell)
    (tmp_path / "known.toml").write_text("[[broken]]\nconcept = 3\n")
    with pytest.raises(KnownError, match=r"broken 1 is not a broken cell .*concept must be a string"):
        known.read_broken(tmp_path / "known.toml")
