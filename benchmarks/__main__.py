"""python -m benchmarks [COMMAND]: asv with this project's settings; without a command, the fast set on HEAD.

fast, whole [COMMITS]   measure and record: one commit, or a range in git's words; without either, HEAD
continuous BASE HEAD    measure two commits and compare them; `lawful bench gate` is the one to trust
compare BASE HEAD       two commits that are recorded
show [COMMIT]           what is recorded, or which commits are
check                   whether asv can load every benchmark
publish [FOLDER]        the dashboard, in .asv/html if no folder is named; it opens without a network
page                    docs/performance.md from what is recorded

Options of asv's own go last. Exit code 1: slower (continuous); 2: it could not be done, and one sentence says why.
"""

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path

from benchmarks import dashboard, page
from benchmarks.dashboard import Unavailable
from benchmarks.gate import CannotMeasure, commit, git
from benchmarks.grid import ROOT

SETS = {"fast": "^fast", "whole": "^(whole|suite_)"}
# how many words each command takes
WORDS = {"fast": (0, 1), "whole": (0, 1), "continuous": (2, 2), "compare": (2, 2), "show": (0, 1), "check": (0, 0),
         "publish": (0, 1), "page": (0, 0)}  # fmt: skip


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


def asv(*arguments: str, quiet: bool = False) -> int:
    """asv in the root of the checkout, which has to be a git repository."""
    if shutil.which("git") is None:
        raise Unavailable("git is not installed: asv measures commits")
    if not (ROOT / ".git").exists():
        raise Unavailable(f"{ROOT.name} is not a git repository: asv measures commits")
    try:
        command = [sys.executable, "-m", "asv", *arguments]
        return subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL if quiet else None).returncode
    except KeyboardInterrupt:
        return 130


def fast(commits: str, *more: str, which: str = "fast") -> int:
    commits = commits or "HEAD"
    if git("rev-list", "--max-count=1", commits, "--").returncode:
        raise Unavailable(f"{commits} is neither a commit of this repository nor a range, such as HEAD~3..")
    one = git("rev-parse", "--verify", "--quiet", f"{commits}^{{commit}}").returncode == 0
    return measured("run", which, f"{commits}^!" if one else commits, *more)  # to git one means its ancestors too


def whole(commits: str, *more: str) -> int:
    return fast(commits, *more, which="whole")


def continuous(base: str, head: str, *more: str) -> int:
    """asv exits with 1 where the head is slower, but also where it could not measure: then it writes no file."""

    def written() -> list[dict[Path, int]]:
        return [{file: file.stat().st_mtime_ns for file in recorded(commit(name))} for name in (base, head)]

    before = written()
    code = measured("continuous", "fast", base, head, *more)
    if code and any(old == new for old, new in zip(before, written(), strict=True)):
        raise Unavailable(f"asv could not measure {base} and {head}, as shown above")
    return code


def measured(command: str, which: str, *rest: str) -> int:
    """asv's exit code, 0 or 1; a benchmark that fails is 2."""
    here = machine()
    asv("machine", "--yes", *(word for key, value in here.items() for word in (f"--{key}", value)), quiet=True)
    options = ("--show-stderr", "--machine", here["machine"], "--bench", SETS[which])
    code = asv(command, *launch(), *options, *rest)
    describe(here)
    if code == 2:
        raise Unavailable("a benchmark failed, as shown above; the others are recorded")
    if code and command == "run":
        raise Unavailable("asv could not measure, as shown above")
    return code


def describe(here: dict[str, str]) -> None:
    """The machine beside its results, in full: asv leaves out what its own defaults say."""
    file = page.RESULTS / here["machine"] / "machine.json"
    if file.exists():
        file.write_text(json.dumps({**here, "version": 1}, indent=4) + "\n", "utf-8")


def recorded(hash_: str) -> list[Path]:
    return sorted(page.RESULTS.glob(f"*/{hash_[:8]}-*.json"))


def compare(base: str, head: str, *more: str) -> int:
    """On this machine if both are recorded on it, else on one where they are."""
    sides = {name: {file.parent.name for file in recorded(commit(name))} for name in (base, head)}
    for name, machines in sides.items():
        if not machines:
            raise Unavailable(f"{name} is not recorded: `fast {name}` measures and records it")
    both, here = sides[base] & sides[head], machine()["machine"]
    if not both:
        raise Unavailable(f"{base} and {head} are not recorded on the same machine")
    return done("compare", "--machine", here if here in both else min(both), base, head, *more)


def show(name: str, *more: str) -> int:
    if name and not recorded(commit(name)):
        raise Unavailable(f"{name} is not recorded: `show` alone lists the commits that are")
    return done("show", *filter(None, [name]), *more)


def check(*more: str) -> int:
    return done("check", *more)


def publish(folder: str, *more: str) -> int:
    html = Path(folder or ROOT / ".asv" / "html").resolve()
    done("publish", "--no-pull", "--html-dir", str(html), *more)
    dashboard.vendor(html)
    dashboard.embed(html)
    print(f"open {html / 'index.html'}")
    return 0


def done(*arguments: str) -> int:
    """Whatever asv's exit code, one that is not 0 says that it could not do it."""
    if asv(*arguments):
        raise Unavailable(f"asv could not {arguments[0]}, as shown above")
    return 0


def run(command: str, *rest: str) -> int:
    if command in ("-h", "--help"):
        print(__doc__)
        return 0
    if command == "page" and rest:
        raise Unavailable("page takes neither words nor options")
    if command not in WORDS:
        raise Unavailable(f"{command}: no such command; there are {', '.join(WORDS)}, and --help")
    words = list(takewhile(lambda word: not word.startswith("-"), rest))
    least, most = WORDS[command]
    if not least <= len(words) <= most:
        wanted = str(least) if least == most else f"{least} or {most}"
        raise Unavailable(f"{command} takes {wanted} words, not {len(words)}: {' '.join(words) or 'none'}")
    every: tuple[Callable[..., int], ...] = (fast, whole, continuous, compare, show, check, publish, page.write)
    return dict(zip(WORDS, every, strict=True))[command](*words, *[""] * (most - len(words)), *rest[len(words) :])


def main() -> int:
    try:
        return run(*(sys.argv[1:] or ["fast"]))
    except (Unavailable, CannotMeasure) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
