"""The report as a page: its escaping, its links, its plots, and what a browser makes of it."""

import math
import os
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from report_samples import DTYPES, HEAD, cell, finding

from suite.report import document, plot
from suite.report.page import page
from suite.verdict import Audit, Severity, Verdict


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
