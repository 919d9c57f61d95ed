"""``python -m benchmarks [COMMAND]``: asv with this project's settings; without a command, the fast set on HEAD.

fast, whole [RANGE]     measure and record (a range of commits in git's words; default: HEAD alone)
continuous BASE HEAD    asv's own comparison of two commits; `lawful bench gate` is the one to trust
check, compare, show    asv's own, on what is recorded
publish [FOLDER]        the dashboard, in .asv/html if no folder is named; it opens without a network
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


def machine() -> dict[str, str]:
    """What asv records of this machine. Its name is the processor's and how many: never the host's."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "")
    except OSError:
        model = ""
    cpu, cores = model or platform.processor() or platform.machine(), str(os.cpu_count())
    gpu = gpus()
    words = re.findall(r"[\w.]+", re.sub(r"\(.*?\)|@.*|\b(CPU|Processor)\b", " ", f"{cpu} {gpu.split(',')[0]}"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024 if hasattr(os, "sysconf") else 0
    name, system = "-".join([*words, cores, "cores"]), ", ".join(filter(None, [platform.system(), gpu]))
    return {"machine": name, "os": system, "arch": platform.machine(), "cpu": cpu, "num_cpu": cores, "ram": str(memory)}


def gpus() -> str:
    """The first GPU and its driver, as "NAME, driver VERSION"; nothing where there is none."""
    if shutil.which("nvidia-smi") is None:
        return ""
    query = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    lines = subprocess.run(query, capture_output=True, text=True).stdout.strip().splitlines()
    return lines[0].replace(", ", ", driver ", 1) if lines else ""


def launch() -> tuple[str, str]:
    """A row is a copy of a process that has imported the benchmarks; a process that has met a GPU cannot be copied."""
    return "--launch-method", "forkserver" if sys.platform == "linux" and not gpus() else "spawn"


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
    here = machine()
    asv("machine", "--yes", *(word for key, value in here.items() for word in (f"--{key}", value)))
    code = asv("run", *launch(), "--show-stderr", "--machine", here["machine"], "--bench", SETS[which], commits)
    describe(here)
    if code == 2:
        raise Unavailable("a benchmark failed, as shown above; the others are recorded")
    if code:
        raise Unavailable(f"asv could not measure {commits}, as shown above")
    return 0


def describe(here: dict[str, str]) -> None:
    """The machine beside its results, in full: asv leaves out what its own defaults say."""
    file = ROOT / "benchmarks" / "results" / here["machine"] / "machine.json"
    if file.exists():
        file.write_text(json.dumps({**here, "version": 1}, indent=4) + "\n", "utf-8")


def publish(folder: str = "") -> int:
    page = Path(folder or ROOT / ".asv" / "html").resolve()
    if asv("publish", "--no-pull", "--html-dir", str(page)):
        raise Unavailable("asv could not publish, as shown above")
    dashboard.vendor(page)
    dashboard.embed(page)
    print(f"open {page / 'index.html'}")
    return 0


def run(command: str, *rest: str) -> int:
    if command in SETS:
        return measure(command, *rest)
    if command == "publish":
        return publish(*rest)
    if command == "page":
        from benchmarks import page

        return page.write()
    if command == "continuous":
        return asv(command, *launch(), "--machine", machine()["machine"], "--bench", SETS["fast"], *rest)
    if command in ("check", "compare", "show"):
        return asv(command, *(["--machine", machine()["machine"]] if command == "compare" else []), *rest)
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
