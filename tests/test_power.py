"""What the suite catches is measured, and does not fall; nobody who is right is accused."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import reference as ref
from suite import cli
from suite.audit.plan import Plan
from suite.concepts import concepts
from suite.floats import FORMATS, Array
from suite.mutants import mutants
from suite.mutants.modes import OPERATORS as MODES
from suite.mutants.mutant import ORIGINS, Group, Mutant
from suite.mutants.operators import OPERATORS
from suite.mutants.sloppy import called_by
from suite.mutants.stepwise import stepwise
from suite.mutants.versions import Version, met, versions
from suite.power import hearing, record, run
from suite.power.hearing import Closest
from suite.power.run import Power, measure
from suite.power.trial import CONTRACT, Proceedings, trials

QUICK = Plan("numpy", "cpu", "quick", 0)
SMALL = ["relu", "softmax"]
RELU, EXP = ("relu", "float32", "numpy"), ("exp", "float32", "numpy")


@pytest.fixture(scope="module")
def small() -> Power:
    return measure(QUICK, SMALL, 1, lambda label: None, with_peers=False)


# -- the records


def test_there_are_mutants_of_every_kind_format_and_concept() -> None:
    found = mutants()
    assert len(found) >= 300
    assert {m.origin for m in found} == set(ORIGINS)
    assert {m.dtype for m in found} == set(FORMATS)
    assert {m.concept for m in found} == set(concepts())
    assert {m.kind for m in found if m.origin == "operator"} == {o.kind for o in OPERATORS} | {
        kind for kind, *_ in MODES
    }
    assert len({m.id for m in found}) == len(found)
    assert all(m.why for m in found)


def test_every_law_family_kills_something() -> None:
    """By the recorded matrix of the quick profile, judged here for a few concepts of different shape."""
    found = measure(QUICK, ["softmax", "sum", "softplus", "exp"], 1, lambda label: None, with_peers=False)
    families = {f for t in found.killed for f in t.families}
    assert families >= {"accuracy", "stability", "algebra", "order", "convexity", "gradient", "route"}


# -- a trial


def mutant(function: object, concept: str = "relu", **more: object) -> Mutant:
    return Mutant(concept, "a kind", function, "a reason", **{"dtype": "float32", **more})  # type: ignore[arg-type]


def exp_nudged(x: Array) -> Array:
    """One ulp off, but for e^0, which is exact."""
    y = ref.exp(x)
    return np.where(y == 1, y, np.nextafter(y, np.float32(np.inf)))


def test_the_right_function_differs_from_itself_nowhere() -> None:
    (t,) = trials(RELU, [mutant(ref.relu)], QUICK)
    assert not t.killed and not t.differs and not t.excused and t.rows > 1000


def test_a_mutant_is_done_at_its_first_kill() -> None:
    (t,) = trials(RELU, [mutant(lambda x: 2 * ref.relu(x))], QUICK)
    assert t.case == 1 and "accuracy" in t.families and t.rows <= 3072


def test_a_difference_within_the_bound_is_excused_with_its_ratio() -> None:
    nudged = mutant(exp_nudged, "exp", origin="operator")
    (t,) = trials(EXP, [nudged], Plan("numpy", "cpu", "quick", 0, ("accuracy",)))
    assert not t.killed and t.excused and 0 < t.ratio <= 1


def test_a_bug_of_the_corpus_is_never_excused() -> None:
    nudged = mutant(exp_nudged, "exp", origin="corpus")
    (t,) = trials(EXP, [nudged], Plan("numpy", "cpu", "quick", 0, ("accuracy",)))
    assert t.differs and not t.killed and not t.excused


def test_a_wrong_shape_needs_no_law() -> None:
    (t,) = trials(RELU, [mutant(lambda x: ref.relu(x)[..., None])], QUICK)
    assert t.case == 1 and t.families == (CONTRACT,)


def test_a_kill_is_differential() -> None:
    """Where the right function is refuted as well, the mutant is not to blame."""
    group = Proceedings(RELU, [mutant(lambda x: 2 * ref.relu(x))], (), QUICK)
    group.good = mutant(lambda x: 2 * ref.relu(x)).library()
    (t,) = group.run().trials
    assert not t.killed and not t.differs


# -- a right version


def test_a_version_that_is_not_right_is_accused() -> None:
    wrong = Version("relu", "not right", lambda x: np.where(x > 1, x + x * np.float32(2**-20), ref.relu(x)))
    (first, *_) = Proceedings(RELU, (), [wrong], QUICK).run().accusations
    assert first.version == "relu-not_right" and first.law == "accuracy/accuracy"


def test_a_version_that_breaks_its_contract_is_accused() -> None:
    wide = Version("relu", "in float64", lambda x: ref.relu(x).astype(np.float64))
    accusations = Proceedings(RELU, (), [wide], QUICK).run().accusations
    assert accusations and all("float64" in a.got and a.truth == "the contract" for a in accusations)


def test_what_is_graded_as_a_convention_is_no_kill() -> None:
    """Subnormal results are taken for zero, as an instruction set may have it."""

    def flushed(x: Array) -> Array:
        y = ref.square(x)
        return np.where(np.abs(y) < np.finfo(np.float32).tiny, np.float32(0), y)

    (t,) = trials(("square", "float32", "numpy"), [mutant(flushed, "square", origin="operator")], QUICK)
    assert t.differs and not t.killed and t.severity == ""


def test_a_kill_says_how_severe_it_is(small: Power) -> None:
    (t,) = trials(RELU, [mutant(lambda x: 2 * ref.relu(x))], QUICK)
    assert t.severity == "wrong"
    assert sum(small.severities.values()) == len(small.killed) and "convention" not in small.severities


def test_each_step_in_sixteen_bits_is_rounded_and_a_sum_once() -> None:
    small = np.full(4096, 2.0**-12, np.float16)
    assert not stepwise(lambda x: (x + 1.0) - 1.0)(small).any()  # 1 + 2^-12 is no number of the format
    assert stepwise(lambda x: np.sum(x) - 1.0)(small) == 0  # in sixteen bits the sum would stop at 2^-1
    assert stepwise(lambda x: np.prod(x + x))(np.full(3, 1 + 2.0**-10, np.float16)) == np.float16(8 + 3 * 2.0**-7)


@pytest.mark.parametrize("name, expected", [("exp", True), ("gelu", True), ("softmax", True), ("matmul", False)])
def test_which_functions_call_elementary_ones(name: str, expected: bool) -> None:
    assert met(called_by, getattr(ref, name), concepts()[name]) is expected


def test_a_bound_that_no_right_version_comes_near_is_told(small: Power) -> None:
    far, near = Closest("relu", "float32", "accuracy", "v", 0.01), Closest("relu", "float32", "accuracy", "v", 0.1)
    explained, double = replace(far, concept="spectral_norm"), replace(far, dtype="float64")
    head = {**small.head, "profile": "ci"}
    found = replace(small, head=head, closest=(far, near, explained, double, replace(far, ratio=0.0)))
    assert found.slack == (far,) and concepts()["spectral_norm"].freedom.slack
    assert {(c.law, c.dtype) for c in small.closest if c.concept == "softmax"} >= {("accuracy", d) for d in FORMATS}


def test_right_versions_are_not(small: Power) -> None:
    assert small.accusations == () and small.head["rows"] > 1000
    assert small.head["versions"] == len([v for v in versions() if v.concept in SMALL])


@pytest.mark.parametrize("concept", ["softmax", "kl_div"])
def test_right_versions_are_heard_at_length(concept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many rows in all formats as are due, of a function without a batch axis as well; each is another draw."""
    monkeypatch.setitem(hearing.ROWS, "quick", 600)
    found = {
        d: Proceedings((concept, d, "numpy"), (), [v for v in versions() if v.concept == concept], QUICK).run()
        for d in FORMATS
    }
    for version in (v for v in versions() if v.concept == concept):
        assert sum(found[d].rows[version.id] for d in version.dtypes) >= 600
    assert not any(g.accusations for g in found.values())


# -- the command


def power(*arguments: str) -> int:
    return cli.main(["power", "--no-peers", "-n", "1", *arguments])


def test_the_report_says_what_was_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert power("--profile", "quick", "--concept", "relu", "--report", str(tmp_path)) == 0
    said = json.loads((tmp_path / "power.json").read_text("utf-8"))
    line = capsys.readouterr().out.splitlines()[-2]
    assert line.startswith(f"{len(said['trials'])} mutants: {said['killed']} killed")
    page = (tmp_path / "power.html").read_text("utf-8")
    assert all(t["id"].replace("'", "&#39;") in page for t in said["trials"])
    assert "<script" not in page and line in page


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["--profile", "quik"], "did you mean quick"),
        (["--concept", "relv"], "did you mean relu"),
        (["--law", "acuracy"], "did you mean accuracy"),
        (["--record", "--concept", "relu"], "--record is for the whole matrix"),
        (["-n", "0"], "at least one worker"),
    ],
)
def test_a_wrong_request_is_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["power", "--no-peers", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert sentence in line


def test_what_was_done_before_an_interrupt_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one = run.group_power

    def interrupted(group: Group, *rest: object) -> object:
        if group[1] == "float16":
            raise KeyboardInterrupt
        return one(group, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(run, "group_power", interrupted)
    assert power("--profile", "quick", "--concept", "relu") == 130
    assert re.search(r"interrupted: \d+ mutants were put to trial", capsys.readouterr().out)


def test_what_is_recorded_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "RECORD", tmp_path / "survivors.json")
    record.record("quick", ["b", "a"], ["a", "b", "d"])
    record.record("ci", ["c"], ["c"])
    assert record.recorded() == {"quick": {"a", "b"}, "ci": {"c"}}
    record.record("quick", ["d"], ["b", "d"])  # what was not tried stays as it is recorded
    assert record.recorded()["quick"] == {"a", "d"}


def test_a_mutant_that_is_alive_and_not_recorded_fell(small: Power, monkeypatch: pytest.MonkeyPatch) -> None:
    alive = {t.id for t in small.trials if not t.killed}
    monkeypatch.setattr("suite.power.run.recorded", lambda: {"quick": frozenset(), "thorough": frozenset(alive)})
    assert {t.id for t in Power(small.head, small.trials, (), small.laws).falls} == alive
    monkeypatch.setattr("suite.power.run.recorded", lambda: {"quick": frozenset(alive)})
    assert Power(small.head, small.trials, (), small.laws).falls == ()


def test_what_the_thorough_profile_tells_apart_survives_here(small: Power, monkeypatch: pytest.MonkeyPatch) -> None:
    trials = tuple(t for t in small.trials if t.origin != "corpus")
    first, *others = [t.id for t in trials if not t.killed]
    monkeypatch.setattr("suite.power.run.recorded", lambda: {"thorough": frozenset(others)})
    assert [t.id for t in Power(small.head, trials, (), small.laws).survivors] == [first]


def test_the_quick_matrix_has_not_fallen(tmp_path: Path) -> None:
    """Every mutant that was killed before is killed, every bug of the corpus by ci, and no right version is accused."""
    command = [sys.executable, "-m", "suite.cli", "power", "--profile", "quick", "--no-peers", "-n", "2"]
    env = {"PYTHONPATH": str(Path(cli.__file__).parents[1]), "PATH": ""}
    run = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=500)
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r"; 0 fell; 0 accusations of \d+ right versions", run.stdout)


def test_no_bug_of_the_corpus_is_recorded_as_alive_in_ci() -> None:
    alive = record.recorded()["ci"]
    assert [m.id for m in mutants() if m.origin == "corpus" and m.id in alive] == []
