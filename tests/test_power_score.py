"""The score of the suite is honest, and what was measured is not lost."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import reference as ref
from suite import cli
from suite.audit.plan import Plan
from suite.mutants import mutants
from suite.mutants.mutant import ORIGINS, Mutant
from suite.power import command
from suite.power.run import PARTS, Power, measure
from suite.power.trial import trials

QUICK = Plan("numpy", "cpu", "quick", 0)


@pytest.fixture(scope="module")
def small() -> Power:
    return measure(QUICK, ["relu", "softmax"], 1, lambda label: None, with_peers=False)


def test_the_mutants_of_one_operator_are_held_out_together_and_about_half_of_all() -> None:
    found = mutants()
    kinds = {(m.kind, m.held_out) for m in found if m.origin == "operator"}
    assert len(kinds) == len({kind for kind, _ in kinds})
    assert {(m.origin, m.held_out) for m in found} == {(o, h) for o in ORIGINS for h in (True, False)}
    assert 0.3 < sum(m.held_out for m in found) / len(found) < 0.7


def test_a_part_is_the_mutants_of_that_part() -> None:
    parts = {p: measure(QUICK, ["relu"], 1, lambda label: None, False, p).trials for p in PARTS}
    assert {t.id for t in parts["all"]} == {t.id for p in ("developed", "held-out") for t in parts[p]}
    assert all(t.held_out for t in parts["held-out"]) and not any(t.held_out for t in parts["developed"])


def test_what_another_tool_kills_counts_and_is_named_first(small: Power) -> None:
    alive = [t for t in small.trials if not t.killed and t.origin != "corpus"]
    told = replace(alive[-1], peers=(("gradcheck", "killed"), ("array API", "survived")))
    found = replace(small, trials=(*(t for t in small.trials if t.id != told.id), told))
    assert told.missed == ("gradcheck",) and told in found.distinguishable and found.survivors[0] == told
    assert found.rates["of all"].of == len(found.trials) > len(found.distinguishable)


def test_a_kill_that_no_gate_reports_is_counted_apart(small: Power) -> None:
    first = small.killed[0]
    mild = replace(first, severity="inconsistent")
    found = replace(small, trials=tuple(mild if t == first else t for t in small.trials))
    assert len(small.gated) - len(found.gated) == 1 and len(found.killed) == len(small.killed)


def test_functions_of_one_sixteen_bit_number_are_enumerated_as_in_an_audit() -> None:
    """Wrong at one number of 65 536, which three cases would hardly meet; quick does not look for it."""
    at = np.float16(0.12347412)
    wrong = Mutant("exp", "a kind", lambda x: np.where(x == at, np.float16(1), ref.exp(x)), "a reason", dtype="float16")
    group = ("exp", "float16", "numpy")
    assert not trials(group, [wrong], QUICK)[0].killed
    (t,) = trials(group, [wrong], Plan("numpy", "cpu", "ci", 0, ("accuracy",), cases=3))
    assert t.killed and t.case == 4


def test_the_report_is_written_before_anything_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def gone(*_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("suite.power.command.show", gone)
    with pytest.raises(BrokenPipeError):
        power_command(tmp_path)
    assert (tmp_path / "power.json").is_file() and capsys.readouterr().err == ""


def test_a_full_disk_costs_the_report_and_not_the_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("suite.power.command.write", full)
    assert power_command(tmp_path) == 0
    said = capsys.readouterr()
    assert f"lawful: the report was not written to {tmp_path}: No space left on device" in said.err
    assert "mutants:" in said.out and "power.html" not in said.out


def power_command(folder: Path) -> int:
    """The smallest matrix, by the function: the command line turns a lost reader into an exit code."""
    words = "power --no-peers -n 1 --profile quick --concept relu --law range --report"
    arguments = cli.parser().parse_args([*words.split(" "), str(folder)])
    return command.power(arguments)
