"""Known findings: what is written is read again, what is merged, and what counts as new."""

import math
import re
import stat
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from suite.findings import known
from suite.findings.known import KnownError, accepted, merged, outward, read, write
from suite.judge.outcome import hull
from suite.verdict import Finding, Known, Severity, Witness

WITNESS = Witness((("0x1.8p+1", "-inf"), ("3",)), ((1, 2), (1,)), (("axis", -1),), ("0x1p+0",), 0, (0, 1), (1, 77))
KNOWN = Known(
    id="5e65d538", concept="softmax", law="accuracy", dtype="float32", route="eager", device="cpu",
    severity=Severity.INACCURATE, date="2025-11-21", reason="upstream", platform={"version": "2.13.0", "isa": "AVX2"},
    region=((-4.0, 8.0), (0.0, 9.0)), worst_ulp=16.0, witness=WITNESS, upstream="https://example.org/1",
)  # fmt: skip
FINDING = Finding(
    concept="softmax", law="accuracy", family="accuracy", dtype="float32", device="cpu", route="eager",
    severity=Severity.INACCURATE, claim="the result is within the bound", witness=WITNESS,
    region=((-3.0, 5.0), (1.0, 9.0)), got="0x1p+0", enclosure=("1", "1"), allowed="0x1p-20", basis="running error",
    error_ulp=12.0, ratio=3.0,
)  # fmt: skip

texts = st.text(st.characters(codec="utf-8"))  # quotes, newlines, NUL, DEL and all planes
words = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1)
numbers = st.floats(allow_nan=False)  # infinities too
hexes = numbers.map(float.hex)
small = st.integers(-5, 2**40)
options = st.lists(st.tuples(words, st.one_of(texts, numbers, small, st.booleans())), max_size=3)
witnesses = st.builds(
    Witness,
    operands=st.lists(st.lists(hexes, max_size=3).map(tuple), max_size=3).map(tuple),
    shapes=st.lists(st.lists(st.integers(0, 9), max_size=3).map(tuple), max_size=3).map(tuple),
    options=options.map(tuple),
    cotangent=st.lists(hexes, max_size=3).map(tuple),
    wrt=st.integers(-1, 3),
    index=st.lists(small, max_size=3).map(tuple),
    recipe=st.tuples(small, small),
)
knowns = st.builds(
    Known,
    **dict.fromkeys(("id", "concept", "law", "dtype", "route", "device", "date", "reason", "upstream"), texts),
    severity=st.sampled_from(Severity),
    platform=st.dictionaries(texts, texts, max_size=3),
    region=st.lists(st.tuples(numbers, numbers), max_size=3).map(tuple),
    worst_ulp=numbers,
    witness=witnesses,
    source=st.just(""),
)


def order(entries: tuple[Known, ...]) -> list[Known]:
    return sorted(entries, key=lambda k: (k.concept, k.law, k.route, k.dtype, k.device))


def same(a: Known, b: Known) -> bool:
    return replace(a, source="") == replace(b, source="") and repr(a.witness) == repr(b.witness)


# -- written and read again


ARRAYS = '[\n    a,\n    b,\n]"""\n  ,\r\n ] \x85 \x7f \u2028 \\ud800'  # what looks like an array inside a text


@given(st.lists(knowns, max_size=3))
@example(
    [replace(KNOWN, reason=ARRAYS, platform={ARRAYS: ARRAYS}, witness=replace(WITNESS, options=((ARRAYS, ARRAYS),)))]
)
def test_what_is_written_is_read_again(tmp_path_factory: pytest.TempPathFactory, entries: list[Known]) -> None:
    path = tmp_path_factory.mktemp("known") / "known.toml"
    write(path, entries)
    again = read(path)
    assert len(again) == len(entries)
    assert all(same(a, b) for a, b in zip(again, order(tuple(entries)), strict=True))
    assert all(k.source == str(path) for k in again)


def test_half_a_surrogate_pair_from_a_command_line_becomes_an_escape(tmp_path: Path) -> None:
    write(tmp_path / "known.toml", [replace(KNOWN, reason="a \udc80 b")])
    assert read(tmp_path / "known.toml")[0].reason == r"a \udc80 b"


def test_the_order_of_writing_does_not_show(tmp_path: Path) -> None:
    other = replace(KNOWN, concept="relu", id="0")
    write(tmp_path / "a.toml", [KNOWN, other])
    write(tmp_path / "b.toml", [other, KNOWN])
    assert (tmp_path / "a.toml").read_bytes() == (tmp_path / "b.toml").read_bytes()


def test_a_file_can_be_read_by_others_and_leaves_no_draft(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    write(tmp_path / "new" / "known.toml", [KNOWN])
    path = tmp_path / "new" / "known.toml"
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(KnownError, match=r"file/known\.toml: cannot be written \(.+\); name another file"):
        write(tmp_path / "file" / "known.toml", [KNOWN])
    (tmp_path / "folder").mkdir()
    with pytest.raises(KnownError, match="folder: cannot be written"):
        write(tmp_path / "folder", [KNOWN])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder"]


def test_what_a_person_writes_by_hand_may_hold_numbers_in_its_platform(tmp_path: Path) -> None:
    path = tmp_path / "known.toml"
    write(path, [KNOWN])
    path.write_text(path.read_text().replace('version = "2.13.0"', "threads = 1\nwhen = 2025-11-21\nx = inf"))
    (entry,) = read(path)
    assert entry.platform == {"threads": "1", "when": "2025-11-21", "x": "inf", "isa": "AVX2"}
    write(path, [entry])
    assert same(read(path)[0], entry)


# -- what cannot be read


# KNOWN in the layout that files had once, and that a person may write: the platform on one line
BY_HAND = re.sub(r"\n.finding.platform.\n(.+)\n(.+)\n\n", r"platform = {\1, \2}\n", known.text_of([KNOWN]))


def text_of(**changes: str) -> str:
    """A file of one entry with some of its lines replaced."""
    lines = [line.split(" = ", 1) for line in BY_HAND.splitlines()]
    return "\n".join(" = ".join([line[0], *(changes.get(line[0], text) for text in line[1:])]) for line in lines)


BAD = {
    "not-toml": ("[[finding", r"is not TOML"),
    "not-utf8": (b"\xff\xfe", r"is not TOML"),
    "not-an-array": ("[finding]\nid = 'x'", r"'finding' must be an array of tables"),
    "no-table": ("finding = [1]", r"finding 1 is not a known finding"),
    "empty-entry": ("[[finding]]", r"finding 1 is not a known finding"),
    "no-such-severity": (text_of(severity='"bad"'), r"finding 1 .*'bad' is not a valid Severity"),
    "number-for-text": (text_of(concept="3"), r"finding 1 .*concept must be a string"),
    "date-for-text": (text_of(date="2025-11-21"), r"finding 1 .*date must be a string"),
    "no-box": (text_of(region="[[1.0]]"), r"finding 1 is not"),
    "words-for-numbers": (text_of(region='[["a", "b"]]'), r"finding 1 is not"),
    "platform": (text_of(platform='"linux"'), r"finding 1 is not"),
    "unknown-field": (text_of(id='"x"\ntypo = 1'), r"finding 1 .*typo"),
}  # fmt: skip


@pytest.mark.parametrize("content, sentence", BAD.values(), ids=BAD)
def test_a_file_that_is_none_is_one_sentence(tmp_path: Path, content: str | bytes, sentence: str) -> None:
    path = tmp_path / "known.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(KnownError, match=sentence) as caught:
        read(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["missing.toml", "."])
def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(KnownError, match="--known takes a TOML file"):
        read(tmp_path / name)


def test_the_second_of_two_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "known.toml"
    path.write_text(text_of() + "\n" + text_of(severity='"bad"'))
    with pytest.raises(KnownError, match="finding 2 is not"):
        read(path)


def test_a_file_without_findings_is_empty(tmp_path: Path) -> None:
    (tmp_path / "known.toml").write_text("title = 'nothing yet'\n")
    assert read(tmp_path / "known.toml") == ()


@pytest.mark.parametrize("target", ["numpy", "torch", "nothing"])
def test_what_is_known_of_a_built_in_target_can_be_read(target: str) -> None:
    entries = known.built_in(target)
    assert len({(k.concept, k.dtype, k.law, k.route, k.device) for k in entries}) == len(entries)
    assert all(k.date and k.reason and k.platform for k in entries)
    assert target != "nothing" or not entries


def test_a_platform_on_one_line_is_read_as_one_in_a_table(tmp_path: Path) -> None:
    (tmp_path / "known.toml").write_text(BY_HAND)
    (entry,) = read(tmp_path / "known.toml")
    assert same(entry, KNOWN)


# -- accepted and merged


def test_an_accepted_finding_is_covered_by_itself() -> None:
    entry = accepted(FINDING, "because", "2025-11-21", {"version": "1"})
    assert entry.covers(FINDING) and entry.id == FINDING.id and entry.severity is FINDING.severity


def test_an_accepted_region_is_rounded_outward() -> None:
    wider = [(math.nextafter(low, -9), math.nextafter(high, 9)) for low, high in FINDING.region]
    entry = accepted(FINDING, "because", "2025-11-21", {})
    assert entry.covers(replace(FINDING, region=(wider[0], FINDING.region[1])))


def test_another_severity_can_be_given() -> None:
    entry = accepted(FINDING, "documented", "2025-11-21", {}, severity=Severity.CONVENTION)
    assert entry.severity is Severity.CONVENTION
    assert entry.covers(replace(FINDING, severity=Severity.WRONG))


@given(numbers, st.sampled_from([-1, 1]))
def test_outward_never_cuts_off_and_is_coarse(x: float, side: int) -> None:
    y = outward(x, side)
    assert side * y >= side * x
    assert y in (0.0, math.inf, -math.inf) or abs(math.frexp(y)[0]) == 0.5
    assert outward(y, side) == y


def test_a_finding_that_is_new_is_added() -> None:
    other = replace(KNOWN, id="0", concept="relu")
    assert merged([KNOWN], other) == (KNOWN, other)
    assert merged([], KNOWN) == (KNOWN,)


def test_the_same_finding_is_merged_and_its_first_witness_stays() -> None:
    new = replace(
        KNOWN, region=((-9.0, 1.0), (2.0, 20.0)), worst_ulp=3.0, severity=Severity.WRONG, reason="", upstream="",
        witness=Witness(((),), ((0,),)),
    )  # fmt: skip
    (entry,) = merged([KNOWN], new)
    assert entry.region == hull(KNOWN.region, new.region) == ((-9.0, 8.0), (0.0, 20.0))
    assert entry.worst_ulp == 16.0 and entry.severity is Severity.WRONG
    assert entry.witness == WITNESS and entry.reason == "upstream" and entry.upstream == KNOWN.upstream


def test_a_new_reason_replaces_the_old_one() -> None:
    (entry,) = merged([KNOWN], replace(KNOWN, reason="fixed in 2.14", worst_ulp=math.inf))
    assert entry.reason == "fixed in 2.14" and entry.worst_ulp == math.inf


# -- what is covered


def test_what_lies_within_is_known() -> None:
    assert KNOWN.covers(FINDING)
    assert KNOWN.covers(replace(FINDING, region=KNOWN.region, error_ulp=32.0))
    assert KNOWN.covers(replace(FINDING, severity=Severity.INCONSISTENT))


NEW = {
    "below-the-region": {"region": ((-4.5, 5.0), (1.0, 9.0))},
    "above-the-region": {"region": ((-3.0, 5.0), (1.0, 9.5))},
    "not-a-number": {"region": ((math.nan, 5.0), (1.0, 9.0))},
    "another-number-of-operands": {"region": ((-3.0, 5.0),)},
    "worse": {"severity": Severity.WRONG},
    "double-the-error": {"error_ulp": 32.5},
    "infinite-error": {"error_ulp": math.inf},
    "another-concept": {"concept": "log_softmax"},
    "another-law": {"law": "finite"},
    "another-dtype": {"dtype": "float64"},
    "another-route": {"route": "strided"},
    "another-device": {"device": "cuda"},
}


@pytest.mark.parametrize("changes", NEW.values(), ids=NEW)
def test_what_does_not_is_new(changes: dict[str, object]) -> None:
    assert not KNOWN.covers(replace(FINDING, **changes))


def test_an_infinite_error_that_is_known_covers_any() -> None:
    assert replace(KNOWN, worst_ulp=math.inf).covers(replace(FINDING, error_ulp=math.inf))


def test_a_convention_covers_whatever_severity() -> None:
    assert replace(KNOWN, severity=Severity.CONVENTION).covers(replace(FINDING, severity=Severity.WRONG))


def test_a_written_file_is_toml_that_a_person_can_read(tmp_path: Path) -> None:
    """A table for each entry, two below it, and an array on one line, however long."""
    many = replace(WITNESS, operands=(("0x0.0p+0",) * 99, ("3",)))
    write(tmp_path / "known.toml", [replace(KNOWN, witness=many)])
    text = (tmp_path / "known.toml").read_text("utf-8")
    (entry,) = tomllib.loads(text)["finding"]
    assert text.startswith("# Known findings") and entry["region"] == [[-4.0, 8.0], [0.0, 9.0]]
    assert "region = [[-4.0, 8.0], [0.0, 9.0]]\n" in text and len(entry["witness"]["operands"][0]) == 99
    lines = [line for line in text.splitlines()[1:] if line]
    assert [line for line in lines if " = " not in line] == ["[[finding]]", "[finding.platform]", "[finding.witness]"]
