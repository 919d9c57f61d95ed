"""A finding from its discovery to its end: reported, reproduced, accepted as known, and fixed."""

import re
from pathlib import Path

from cli_helpers import NAIVE, SOUND, audit, lawful, reproduced, written


def test_a_finding_from_its_discovery_to_its_end(tmp_path: Path) -> None:
    mine = written(tmp_path, NAIVE)
    selected = ["--dtype", "float32", "--law", "accuracy", "--law", "finite"]
    found = audit(tmp_path, mine, *selected)
    assert found.code == 1 and not found.err
    by_law = {f["law"]: f for f in found.findings}
    finding = by_law["finite"]
    assert finding["severity"] == "wrong" and finding["got"] == "nan" and finding["known"] == ""
    assert f"lawful reproduce {finding['id']}" in found.out and "softmax(x0_0, axis=-1)" in found.out
    assert f"{len(by_law)} refuted new, 0 known" in found.out
    assert "nan" in reproduced(tmp_path, finding)

    (tmp_path / ".lawful").rename(tmp_path / "first")
    there = lawful(tmp_path, "reproduce", finding["id"], "--report", "first")
    assert there.code == 1 and "refuted again (wrong): got nan, truth 1" in there.out

    to = ["--report", "first", "--known", "known.toml", "--reason"]
    accepted = lawful(tmp_path, "accept", finding["id"], *to, 'first "one"\n')
    assert accepted.code == 0 and finding["id"] in accepted.out
    again = audit(tmp_path, mine, *selected, "--known", "known.toml")
    assert again.code == 1 and f"{len(by_law) - 1} refuted new, 1 known" in again.out

    assert lawful(tmp_path, "accept", "all", *to, "baseline").code == 0
    quiet = audit(tmp_path, mine, *selected, "--known", "known.toml", "--strict")
    assert quiet.code == 0 and f"0 refuted new, {len(by_law)} known, 0 fixed" in quiet.out
    assert {f["known"] for f in quiet.findings} == {f["id"] for f in quiet.findings}
    nothing = lawful(tmp_path, "accept", "all", "--known", "known.toml", "--reason", "none are left")
    assert nothing.code == 0 and nothing.out.startswith("no new finding in the last report")

    written(tmp_path, SOUND)
    assert lawful(tmp_path, "reproduce", finding["id"], "--report", "first").code == 0
    fixed = audit(tmp_path, mine, *selected, "--known", "known.toml")
    assert fixed.code == 0 and f"0 known, {len(by_law)} fixed" in fixed.out
    assert sorted(fixed.report["fixed"]) == sorted(f["id"] for f in by_law.values())
    assert audit(tmp_path, mine, *selected, "--known", "known.toml", "--strict").code == 1
    assert "has no finding" in lawful(tmp_path, "reproduce", finding["id"]).sentence  # in the last report

    written(tmp_path, "def relu(x):\n    return abs(x)\n")
    gone = lawful(tmp_path, "reproduce", finding["id"], "--report", "first")
    assert gone.code == 3 and gone.sentence == "mine.py has no function for softmax any more: audit it again"


def test_the_threshold_of_severity_is_the_users(tmp_path: Path) -> None:
    mine = written(tmp_path, NAIVE)
    shift = [mine, "--dtype", "float32", "--law", "shift"]
    ran = audit(tmp_path, *shift)
    assert ran.code == 0 and [f["severity"] for f in ran.findings] == ["inconsistent"]
    assert audit(tmp_path, *shift, "--fail-on", "inconsistent").code == 1


def test_verdicts_on_a_bad_target_do_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    mine = written(tmp_path, NAIVE)
    selected = ["--dtype", "float32", "float16", "--law", "accuracy", "--law", "finite"]
    one, two = (audit(tmp_path, mine, *selected, "-n", n) for n in ("1", "2"))
    assert one.code == two.code == 1
    verdicts = [[(c["dtype"], c["law"], c["route"], c["verdict"], c["severity"]) for c in r.cells] for r in (one, two)]
    assert verdicts[0] == verdicts[1]


def test_a_report_of_something_else_is_one_sentence(tmp_path: Path) -> None:
    assert "no report there; run `lawful audit` first" in lawful(tmp_path, "reproduce", "0").sentence
    (tmp_path / ".lawful").mkdir()
    (tmp_path / ".lawful" / "report.json").write_text("{}")
    ran = lawful(tmp_path, "accept", "all", "--known", "known.toml", "--reason", "none")
    assert ran.code == 2 and "is not a report of lawful" in ran.sentence
    assert not (tmp_path / "known.toml").exists()


def test_a_wrong_limit_of_a_masked_row_is_found_again(tmp_path: Path) -> None:
    ran = audit(tmp_path, written(tmp_path, NAIVE), "--law", "limits", "--dtype", "float32")
    assert ran.code == 1 and ran.of("softmax") == {"refuted"}


def test_a_known_finding_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    audit(tmp_path, written(tmp_path, NAIVE), "--dtype", "float32", "--law", "finite")
    ran = lawful(tmp_path, "accept", "all", "--known", "mine.py/known.toml", "--reason", "none")
    assert ran.code == 2 and not ran.out
    assert re.fullmatch(r"mine\.py/known\.toml: cannot be written \(.+\); name another file with --known", ran.sentence)
