"""The benchmarks' pages are current, and open in a browser."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import ROOT

from benchmarks import dashboard, page
from suite.floats import FORMATS

IN_CI = bool(os.environ.get("CI"))


class TestPages:
    def test_three_commits_are_recorded(self) -> None:
        """Of this project, on a stated machine, single-threaded and not."""
        recorded = page.runs()
        assert len({r.commit for r in recorded}) >= 3
        assert all(r.machine["cpu"] and r.machine["num_cpu"] and r.versions["torch"] for r in recorded)
        assert {r.threads for r in recorded} == {"1", "all"}

    def test_the_page_is_current(self) -> None:
        """`python -m benchmarks page` writes docs/performance.md."""
        assert page.text(page.runs()) == (ROOT / "docs" / "performance.md").read_text("utf-8")

    def test_errors(self) -> None:
        """Short where they are large: no digit right is a word."""
        shown = [page.ulp(x, "float32") for x in (None, 0.5, 2542.0, 15_712_345.0, 2.0**24)]
        assert shown == ["", "0.5", "2 542", "1.6e7", "none"]
        assert (page.pair(["", "0.5"]), page.pair(["", ""])) == ("n/a / 0.5", "")
        assert {name: f.p for name, f in FORMATS.items()} == page.PRECISION

    def test_an_unknown_script(self, tmp_path: Path) -> None:
        """A new asv that asks for another file is said, not published broken."""
        (tmp_path / "index.html").write_text(
            '<script src="https://example.invalid/a/new.min.js" onerror="x()"></script>'
        )
        with pytest.raises(dashboard.Unavailable, match=r"new\.min\.js"):
            dashboard.vendor(tmp_path)

    def test_dashboard(self, tmp_path: Path) -> None:
        """The page opens from a folder, without a network, and shows what is recorded."""
        for program in ("npm", "chromium"):
            if shutil.which(program) is None and not IN_CI:
                pytest.skip(f"{program} is not installed")
        if not IN_CI:
            pytest.importorskip("asv", reason="asv is not installed")
        done = run_dashboard(tmp_path / "html")
        if done.returncode and "npm could not install" in done.stderr and not IN_CI:
            pytest.skip(done.stderr.strip())
        assert done.returncode == 0, done.stdout + done.stderr
        assert not dashboard.REMOTE.search((tmp_path / "html" / "index.html").read_text("utf-8"))
        text = dom((tmp_path / "html" / "index.html").as_uri() + "#/summarylist", tmp_path / "profile")
        assert "of an unladen lawful" in text
        assert "fast.Time.track_forward" in text and "softmax" in text
        assert re.search(r"\d(\.\d+)?(ms|μs|ns)", text), "no time is shown"


def run_dashboard(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", "publish", str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def dom(address: str, profile: Path) -> str:
    """The document after its scripts; the network is not there for it."""
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
               "--disable-component-update", "--disable-sync", "--no-first-run", f"--user-data-dir={profile}",
               "--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=10000", "--dump-dom"]  # fmt: skip
    done = subprocess.run([*command, address], capture_output=True, timeout=120, check=True)
    with contextlib.suppress(OSError):
        shutil.rmtree(profile)
    return done.stdout.decode()
