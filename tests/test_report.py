"""What an audit shows: the schema, the escaping, the page in a browser, the lines in a terminal."""

import io
import json
import math
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from suite.mutants.makers import right
from suite.report import document, plot, standing, terminal, wording
from suite.report.page import page
from suite.verdict import Audit, Cell, Finding, Severity, Verdict, Witness

DTYPES = ("float64", "float32", "float16", "bfloat16")
NAMED = "<script>alert(1)</script>\"'&\x1b[31m\x00[bold]\u202e"
EVIL = NAMED + "\udc80"  # a path may hold half a surrogate pair; what the suite itself names does not
HEAD: dict[str, Any] = {
    "target": "torch", "version": "2.13.0", "build": "cpu, no CUDA", "device": "cpu", "cpu": ["avx2", "fma"],
    "threads": 1, "seed": 0, "profile": "ci", "suite": "0.1.0", "hypothesis": "6.1", "python": "3.11.2",
    "started": "2025-11-21T03:04:05+00:00", "seconds": 93.1, "exit": 1,
    "topics": {"softmax": "Networks", "sum": "Numbers", "gelu": "Networks"},
    "upstream": {"softmax-half": "https://github.com/pytorch/pytorch/issues/1"},
}  # fmt: skip
FAMILIES = ("accuracy", "stability", "gradient", "route")


def finding(cell: Cell, severity: Severity, **more: Any) -> Finding:
    witness = Witness((("0x1.8p+1", "-inf"), ("3",)), ((2,), ()), (("axis", -1),), ("0x1p+0",), 0, (1,))
    made = Finding(
        concept=cell.concept, law=cell.law, family=cell.family, dtype=cell.dtype, device=cell.device,
        route=cell.route, severity=severity, claim=cell.claim, witness=witness,
        region=((-math.inf, -4.0), (3.0, 3.0)), got="nan", enclosure=("0x1.8p+1", "0x1.9p+1"),
        allowed="0x1p-10", basis="running error", error_ulp=math.inf, ratio=17.25,
        reproduction="import torch\nprint(torch.softmax(torch.tensor([3.0]), -1))",
    )  # fmt: skip
    return replace(made, **more)


def cell(concept: str, dtype: str, family: str, verdict: Verdict = Verdict.HOLDS, **more: Any) -> Cell:
    made = Cell(concept, dtype, f"{family}-law", "eager", family, f"{concept} obeys", verdict=verdict)
    return replace(made, cases=100, elements=102_400, worst_ulp=0.9, worst_ratio=0.8, **more)


def refuted(concept: str, dtype: str, family: str, severity: Severity, known: str = "", **more: Any) -> Cell:
    made = cell(concept, dtype, family, Verdict.REFUTED, severity=severity, known=known)
    return replace(made, finding=finding(made, severity, **more))


def curve(x: list[float]) -> dict[str, list[float]]:
    return {"x": x, "ulp": [0.5 for _ in x], "bound": [2.0 for _ in x]}


@pytest.fixture
def audit() -> Audit:
    cells = [cell(c, d, f) for c in ("softmax", "sum") for d in DTYPES for f in FAMILIES]
    cells += [
        refuted("gelu", "float64", "accuracy", Severity.CONVENTION, known="gelu-kink"),
        refuted("gelu", "float32", "accuracy", Severity.WRONG),
        refuted("gelu", "float32", "gradient", Severity.CONVENTION, known="gelu-kink"),
        refuted("gelu", "float16", "accuracy", Severity.INACCURATE, known="gelu-half"),
        cell("gelu", "bfloat16", "accuracy", Verdict.BROKEN, reason="raises"),
        cell("gelu", "float64", "gradient", Verdict.UNKNOWN),
        cell("sum", "float64", "order", Verdict.PROVED),
        cell("sum", "float64", "engine", Verdict.NOT_JUDGED, reason="no derivative"),
    ]
    curves = {"gelu": {"float32": curve([-1e38, -1.0, -1e-45, 0.0, 1e-45, 1.0, 1e38])}}
    return Audit(HEAD, tuple(cells), ("old-one",), curves, ("relu raises TypeError.",))


@pytest.fixture
def evil() -> Audit:
    """Every text that can come from a target or a path is hostile."""
    bad = Cell(*[NAMED] * 5, EVIL, NAMED, Verdict.REFUTED, Severity.WRONG, "", reason=EVIL, basis=EVIL)
    witness = Witness(((EVIL,),), ((1,),), ((EVIL, EVIL),), (EVIL,))
    new = finding(
        bad, Severity.WRONG, witness=witness, got=EVIL, enclosure=(EVIL, EVIL + "2"), allowed=EVIL,
        basis=EVIL, reproduction=EVIL, note=EVIL,
    )  # fmt: skip
    known = replace(bad, route="other", known=EVIL, finding=replace(new, route="other"))
    head = HEAD | dict.fromkeys(("target", "version", "build", "device", "path", "started", "profile"), EVIL)
    head |= {"topics": {NAMED: EVIL}, "upstream": {EVIL: "https://" + EVIL}, EVIL: [EVIL, {EVIL: EVIL}]}
    curves = {NAMED: {NAMED: curve([1.0, 2.0])}}
    return Audit(head, (replace(bad, finding=new), known), (EVIL,), curves, (EVIL,))


def saved(audit: Audit, directory: Path) -> dict[str, Any]:
    document.write(audit, directory)
    return document.read(directory / "report.json")


class TestDocument:
    def test_fits_the_schema(self, audit: Audit, tmp_path: Path) -> None:
        """What is written can be read, and nothing changes on the way."""
        assert saved(audit, tmp_path / "a" / "b") == document.document(audit)

    def test_schema_is_a_schema(self) -> None:
        """The schema itself is valid under its own dialect."""
        document._validator().check_schema(json.loads(document.SCHEMA.read_text("utf-8")))

    def test_findings_survive(self, audit: Audit, tmp_path: Path) -> None:
        """A finding read from the file is the finding that was found, infinities included."""
        found = document.findings(saved(audit, tmp_path))
        assert sorted(f.id for f in found) == sorted(f.id for f in audit.findings)
        assert set(found) == set(audit.findings)

    def test_hostile_text_survives(self, evil: Audit, tmp_path: Path) -> None:
        """Half a surrogate pair in a path does not cost the report."""
        assert saved(evil, tmp_path)["head"]["target"] == EVIL

    def test_nothing_else_is_left(self, audit: Audit, tmp_path: Path) -> None:
        """Writing twice leaves two files and no drafts."""
        document.write(audit, tmp_path)
        document.write(audit, tmp_path)
        assert sorted(p.name for p in tmp_path.iterdir()) == ["index.html", "report.json"]

    def test_unwritable(self, audit: Audit, tmp_path: Path) -> None:
        """A file where the directory should be is left to the caller as OSError."""
        (tmp_path / "file").write_text("")
        with pytest.raises((FileExistsError, NotADirectoryError)):
            document.write(audit, tmp_path / "file")

    @pytest.mark.parametrize(
        "path, value",
        [
            (("version",), "2"),
            (("cells", 0, "verdict"), "fine"),
            (("cells", 0, "cases"), -1),
            (("cells", 0, "extra"), 1),
            (("cells", 0, "worst_ulp"), "much"),
            (("head", "seed"), None),
            (("summary", "cells"), "many"),
            (("curves", "gelu", "float32"), [1.0]),
            (("cells",), {}),
        ],
    )
    def test_corrupted(self, audit: Audit, tmp_path: Path, path: tuple[Any, ...], value: Any) -> None:
        """One wrong entry is refused in one sentence that names the file."""
        data = saved(audit, tmp_path)
        inner = data
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = value
        self.refused(tmp_path / "bad.json", json.dumps(data))

    @pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"version": NaN}', "[" * 100_000, "\ufeff{}"])
    def test_not_a_report(self, tmp_path: Path, text: str) -> None:
        """Any other file is refused the same way."""
        self.refused(tmp_path / "bad.json", text)

    def test_refuted_needs_a_finding(self, audit: Audit, tmp_path: Path) -> None:
        """A refuted cell without its evidence is no report."""
        data = saved(audit, tmp_path)
        next(c for c in data["cells"] if c["verdict"] == "refuted")["finding"] = None
        self.refused(tmp_path / "bad.json", json.dumps(data))

    def refused(self, path: Path, text: str) -> None:
        path.write_text(text, "utf-8")
        with pytest.raises(ValueError, match=re.escape(str(path))) as caught:
            document.read(path)
        message = str(caught.value)
        assert "\n" not in message
        assert len(message) < 400 + len(str(path))


class Page(HTMLParser):
    """The entries of the matrix, the findings, and whatever could run or load."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: dict[tuple[str, str], tuple[str, str]] = {}
        self.entries: list[dict[str, str]] = []
        self.articles: list[str] = []
        self.links: list[str] = []
        self.suspects: list[str] = []
        self.depth: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {k: v or "" for k, v in attrs}
        self.suspects += [tag] if tag in ("script", "iframe", "object", "embed", "link", "img") else []
        self.suspects += [k for k in given if k.startswith("on") or k == "src"]
        self.links += [given["href"]] if tag == "a" else []
        self.articles += [given["id"]] if tag == "article" else []
        if tag == "td" and "data-dtype" in given:
            self.entries.append(given)
            self.cells[given["data-concept"], given["data-dtype"]] = given["data-verdict"], given["data-severity"]

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(html: str) -> Page:
    made = Page()
    made.feed(html)
    return made


def expected(audit: Audit) -> dict[tuple[str, str], tuple[str, str]]:
    """The matrix, worked out here in the plainest way."""
    order = ["wrong", "inaccurate", "inconsistent", "unstable", "broken", "convention"]
    order += ["unknown", "holds", "proved", "not judged"]
    matrix = {}
    for concept in {c.concept for c in audit.cells}:
        for dtype in DTYPES:
            cells = [c for c in audit.cells if (c.concept, c.dtype) == (concept, dtype)]
            worst = min(cells, key=lambda c: order.index(c.severity or c.verdict))
            matrix[concept, dtype] = str(worst.verdict), str(worst.severity or "")
    return matrix


class TestPage:
    def test_nothing_runs_or_loads(self, evil: Audit) -> None:
        """Every text of a target, in text and in attributes and in the plots, is only text."""
        html = page(evil)
        assert "<script" not in html
        assert "\x1b" not in html
        assert "\x00" not in html
        assert "\u202e" not in html
        made = parsed(html)
        assert made.suspects == []
        assert "<script>alert(1)</script>" in made.text

    @pytest.mark.parametrize(
        "name",
        ["claim", "got", "reproduction", "note", "basis", "allowed", "concept", "dtype", "law", "route", "device"],
    )
    def test_each_field_of_a_finding(self, audit: Audit, name: str) -> None:
        """A field is shown, and shown escaped."""
        bad = cell("sum", "float32", "route", Verdict.REFUTED, severity=Severity.WRONG)
        bad = replace(bad, finding=replace(finding(bad, Severity.WRONG), **{name: f"<script>{name}()</script>"}))
        html = page(replace(audit, cells=(bad,)))
        assert "<script" not in html
        assert f"&lt;script&gt;{name}()" in html

    def test_reasons(self, audit: Audit) -> None:
        """Why a cell was not judged is said, and escaped."""
        bad = cell("sum", "float32", "route", Verdict.NOT_JUDGED, reason='"><script>why()</script>')
        html = page(replace(audit, cells=(bad,)))
        assert "<script" not in html
        assert "why()" in html

    def test_upstream_is_a_link_only_by_https(self, audit: Audit) -> None:
        """An upstream of another scheme is text."""
        head = HEAD | {"upstream": {"gelu-kink": "javascript:alert(1)", "gelu-half": "https://example.org/1"}}
        links = [a for a in parsed(page(replace(audit, head=head))).links if not a.startswith("#")]
        assert links == ["https://example.org/1"]

    def test_no_outer_resource(self, audit: Audit) -> None:
        """One file: nothing is fetched, and links lead inside or upstream."""
        html = page(replace(audit, head=HEAD | {"upstream": {}}))
        assert "url(" not in html
        assert "@import" not in html
        assert all(link.startswith("#") for link in parsed(html).links)

    def test_links_lead_somewhere(self, audit: Audit) -> None:
        """Each link inside has its target, each finding its article."""
        html = page(audit)
        assert {f"finding-{f.id}" for f in audit.findings} == set(parsed(html).articles)
        assert all(f'id="{a[1:]}"' in html for a in parsed(html).links if a.startswith("#"))

    def test_empty(self) -> None:
        """An audit that was interrupted at once still has a page."""
        assert "No cell is refuted" in page(Audit({"target": "torch"}, ()))

    def test_opens_in_a_browser(self, audit: Audit, tmp_path: Path) -> None:
        """The matrix that Chromium has in its DOM is the audit's."""
        document.write(audit, tmp_path)
        made = parsed(dom(tmp_path / "index.html", tmp_path / "profile"))
        assert made.cells == expected(audit)
        assert made.articles == [f"finding-{f.id}" for f in audit.findings]

    def test_hostile_in_a_browser(self, evil: Audit, tmp_path: Path) -> None:
        """Chromium finds no script in a page made of hostile text."""
        document.write(evil, tmp_path)
        made = parsed(dom(tmp_path / "index.html", tmp_path / "profile"))
        assert made.suspects == []
        assert len(made.articles) == 2
        assert len(made.entries) == 1


def dom(file: Path, profile: Path) -> str:
    """The document as the browser understands it; in CI the browser has to be there."""
    if shutil.which("chromium") is None and not os.environ.get("CI"):
        pytest.skip("chromium is not installed")
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    command += ["--disable-component-update", "--disable-sync", "--no-first-run", f"--user-data-dir={profile}"]
    done = subprocess.run([*command, "--dump-dom", file.as_uri()], capture_output=True, timeout=120, check=True)
    return done.stdout.decode()


class TestStanding:
    def test_the_worst_counts(self, audit: Audit) -> None:
        """A new one is not hidden by known ones, nor a wrong one by milder ones."""
        groups = standing.grouped(audit.cells, lambda c: (c.concept, c.dtype))
        assert [groups["gelu", d].mark() for d in DTYPES] == ["c", "W", "a", "!"]
        assert groups["gelu", "float32"].new == 1
        assert not groups["gelu", "float32"].known
        assert groups["gelu", "float64"].known
        assert groups["sum", "float64"].mark() == "✓"

    def test_every_verdict_has_a_state(self) -> None:
        """No verdict and no severity is without its mark, and no mark stands for two."""
        names = {str(v) for v in Verdict} - {"refuted"} | {str(s) for s in Severity}
        assert names == set(standing.RANK)
        assert len({s.mark for s in standing.STATES}) == len({s.plain for s in standing.STATES}) == len(names)


class TestPlot:
    def test_symmetric(self) -> None:
        """The axis is monotone and odd from the smallest to the largest double."""
        map_ = plot.symmetric_log(5e-324)
        values = [-1.7e308, -1.0, -1e-45, -5e-324, 0.0, 5e-324, 1e-45, 1.0, 1.7e308]
        mapped = [map_(v) for v in values]
        assert mapped == sorted(mapped)
        assert len(set(mapped)) == len(mapped)
        assert [-m for m in reversed(mapped)] == mapped

    @pytest.mark.parametrize(
        "x, ulp, bound",
        [
            ([], [], []),
            ([0.0], [0.0], [0.0]),
            ([1.0, 2.0], [math.nan, math.inf], [math.nan, math.inf]),
            ([-math.inf, 1.0], [1.0, 1e300], [0.5, 0.5]),
            ([1e-320, 1e308], [1e-30, 3.0], [0.5, 0.5]),
        ],
    )
    def test_odd_curves(self, x: list[float], ulp: list[float], bound: list[float]) -> None:
        """Whatever a target returns, the paths hold numbers only."""
        made = plot.panel("float32", {"x": x, "ulp": ulp, "bound": bound})
        assert "nan" not in made.error + made.bound
        assert "inf" not in made.error + made.bound
        assert all(0 <= t.at <= plot.WIDTH for t in made.x_ticks + made.y_ticks)

    def test_beyond(self) -> None:
        """A bin is beyond its bound where its error is larger or is no number."""
        made = plot.panel("float32", {"x": [1, 2, 3, 4], "ulp": [1, 3, math.nan, math.inf], "bound": [2] * 4})
        assert len(made.beyond) == 3


def console(width: int, **more: Any) -> Console:
    return Console(file=io.StringIO(), width=width, **more)


def printed(made: Console) -> list[str]:
    assert isinstance(made.file, io.StringIO)
    return made.file.getvalue().splitlines()


class Ascii(io.StringIO):
    encoding = "ascii"


class TestTerminal:
    @pytest.mark.parametrize("width", [80, 120, 200])
    def test_table_fits(self, width: int) -> None:
        """Sixty concepts in four dtypes and ten families: one line each, none wrapped."""
        names = [f"concept_{i:02}_{'x' * (i % 30)}" for i in range(60)]
        cells = tuple(cell(n, d, f) for n in names for d in DTYPES for f in standing.FAMILIES)
        out = console(width)
        terminal.table(Audit(HEAD, cells), out)
        assert max(map(len, printed(out))) <= width
        assert sum(line.startswith("concept_") for line in printed(out)) == 60
        assert sum(line.count("✓✓✓✓") for line in printed(out)) == 600

    def test_marks(self, audit: Audit) -> None:
        """The marks are those of the audit, in the order that the legend says."""
        out = console(100)
        terminal.table(audit, out)
        lines = printed(out)
        assert next(line for line in lines if line.startswith("gelu")).split() == ["gelu", "cWa!", "?c"]
        assert any("float64, float32, float16, bfloat16, in this order" in line for line in lines)

    def test_narrow(self, audit: Audit) -> None:
        """Where the width does not do, the columns go on in a second table."""
        out = console(30)
        terminal.table(audit, out)
        assert sum(line.startswith("softmax") for line in printed(out)) > 1
        assert max(map(len, printed(out))) <= 30

    def test_findings(self, audit: Audit) -> None:
        """New ones with all that they say, known ones in one line, no line too long."""
        out = console(80)
        terminal.findings(audit, out)
        text = "\n".join(printed(out))
        for part in ("wrong", "0x1.8p+1 (3.0)", "running error", "inf ulp, 17.25", "axis=-1", "x0 ≤ -4.0"):
            assert part in text
        assert sum(line.startswith("known ") for line in printed(out)) == 3
        assert "old-one" in text
        assert "relu raises TypeError." in text
        assert max(map(len, printed(out))) <= 80

    def test_reproduction_is_not_wrapped(self, audit: Audit) -> None:
        """A long line of code stays one line, to be copied."""
        code = "x = " + ", ".join(["0.1"] * 60)
        bad = refuted("sum", "float32", "route", Severity.WRONG, reproduction=code)
        out = console(80)
        terminal.findings(replace(audit, cells=(bad,)), out)
        assert any(code in line for line in printed(out))

    @pytest.mark.parametrize("stream", [io.StringIO, Ascii])
    @pytest.mark.parametrize("force", [True, False])
    def test_hostile_text(self, evil: Audit, stream: type[io.StringIO], force: bool) -> None:
        """No escape sequence of a target reaches the terminal, and no markup is parsed."""
        out = Console(file=stream(), width=100, force_terminal=force, color_system=None)
        with terminal.Progress(out) as progress:
            progress.start(1)
            progress.advance(EVIL)
        terminal.table(evil, out)
        terminal.findings(evil, out)
        text = "\n".join(printed(out))
        assert "\x1b[31m" not in text
        assert "\x00" not in text
        assert "\u202e" not in text
        assert "[bold]" in text
        text.encode(out.encoding)

    def test_ascii(self, audit: Audit) -> None:
        """A console of ASCII gets ASCII marks."""
        out = Console(file=Ascii(), width=100)
        terminal.table(audit, out)
        terminal.findings(audit, out)
        assert "++++" in "\n".join(printed(out))
        assert "\n".join(printed(out)).isascii()

    def test_summary_line(self, audit: Audit) -> None:
        """The last line says all the counts."""
        assert terminal.summary_line(audit, 93.14) == (
            "40 cells: 1 refuted new, 3 known, 1 fixed, 1 unknown, 1 not judged, 1 broken; 4,096,000 elements, 93.1 s"
        )


class TestProgress:
    def test_lines_are_rare(self) -> None:
        """A log gets a line every few seconds and the last one."""
        ticks: Iterator[float] = iter(range(1000))
        out = console(80)
        with terminal.Progress(out, lambda: float(next(ticks))) as progress:
            progress.start(20)
            for i in range(20):
                progress.advance(f"softmax-{i}")
        lines = printed(out)
        assert 2 <= len(lines) <= 5
        assert lines[-1] == "20/20 softmax-19"


class TestWording:
    def test_decimal_beside_hex(self) -> None:
        """Integers are not read as hex digits, and words stay words."""
        assert wording.both("0x1.8p+1") == "0x1.8p+1 (3.0)"
        assert wording.both("10") == "10"
        assert wording.both("nan") == "nan"
        assert wording.both("0xbroken") == "0xbroken"

    def test_region(self) -> None:
        """A point is said as a point, a half-line with its infinity."""
        assert wording.region(((-math.inf, -4.0), (3.0, 3.0))) == "-inf ≤ x0 ≤ -4.0, x1 = 3.0"


def test_the_head_of_every_reproduction_runs() -> None:
    """It names what the function is, and imports what its text needs."""
    pytest.importorskip("torch")
    torch_itself = replace(right("torch"), name="torch")
    for name in torch_itself.functions:
        scope: dict[str, object] = {}
        exec("\n".join(torch_itself.header(name)), scope)
        assert callable(scope[name])
