"""``python -m benchmarks [COMMAND]``: asv with this project's settings; without a command, the fast set on HEAD.

fast, whole [RANGE]     measure and record (a range of commits in git's words; default: HEAD alone)
continuous BASE HEAD    asv's own comparison of two commits; `lawful bench gate` is the one to trust
check, compare, show    asv's own, on what is recorded
publish                 the dashboard in .asv/html, which opens without a network
page                    docs/performance.md from what is recorded
"""

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks import dashboard
from benchmarks.dashboard import Unavailable
from benchmarks.grid import ROOT

SETS = {"fast": "^fast", "whole": "^(whole|suite_)"}


def machine() -> str:
    """The processor and how many of it; never the name of the machine."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":")[1] for line in lines if line.startswith("model name")), "")
    except OSError:
        model = ""
    words = re.sub(r"\(.*?\)|@.*|\b(CPU|Processor|\d+-Core)\b", " ", model or platform.machine())
    return "-".join([*re.findall(r"[\w.]+", words), f"{os.cpu_count()}-cores"])


def asv(*arguments: str) -> int:
    """asv in the root of the checkout, which has to be a git repository."""
    if shutil.which("git") is None:
        raise Unavailable("git is not installed: asv measures commits")
    if not (ROOT / ".git").exists():
        raise Unavailable(f"{ROOT.name} is not a git repository: asv measures commits")
    try:
        return subprocess.run([sys.executable, "-m", "asv", *arguments], cwd=ROOT).returncode
    except KeyboardInterrupt:
        return 130


def measure(which: str, commits: str = "HEAD^!") -> int:
    asv("machine", "--yes", "--machine", machine())
    code = asv("run", "--launch-method", "spawn", "--show-stderr", "--machine", machine(),
               "--bench", SETS[which], commits)  # fmt: skip
    if code == 2:
        raise Unavailable("a benchmark failed, as shown above; the others are recorded")
    if code:
        raise Unavailable(f"asv could not measure {commits}, as shown above")
    return 0


def publish() -> int:
    code = asv("publish", "--no-pull")
    if code:
        raise Unavailable("asv could not publish, as shown above")
    page = ROOT / json_settings()["html_dir"]
    dashboard.vendor(page)
    dashboard.embed(page)
    print(f"open {page / 'index.html'}")
    return 0


def json_settings() -> dict[str, str]:
    """asv's configuration, which allows comments in lines of their own."""
    lines = (ROOT / "asv.conf.json").read_text("utf-8").splitlines()
    found: dict[str, str] = json.loads("\n".join(line for line in lines if not line.lstrip().startswith("//")))
    return found


def run(command: str, *rest: str) -> int:
    if command in SETS:
        return measure(command, *rest)
    if command == "publish":
        return publish()
    if command == "page":
        from benchmarks import page

        return page.write()
    if command == "continuous":
        return asv(command, "--launch-method", "spawn", "--machine", machine(), "--bench", SETS["fast"], *rest)
    if command in ("check", "compare", "show"):
        return asv(command, *(["--machine", machine()] if command == "compare" else []), *rest)
    print(__doc__, file=sys.stderr)
    return 2


def main() -> int:
    try:
        return run(*(sys.argv[1:] or ["fast"]))
    except Unavailable as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
