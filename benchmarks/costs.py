"""``python -m benchmarks.costs [--fast]``: every figure in one table, without asv."""

import argparse
import os
import platform
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks import kernels, shares, suite_audit, suite_judging
from benchmarks.grid import FIXED
from benchmarks.kernels import best

Row = tuple[str, str, str]  # what, measured, promised


def machine() -> str:
    """The processor, how many of it, and how busy it is already; never the machine's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "")
    except OSError:
        model = ""
    load = f", load {os.getloadavg()[0]:.1f} before the first row" if hasattr(os, "getloadavg") else ""
    return f"{model or platform.machine()}, {os.cpu_count()} cores{load}; Python {platform.python_version()}"


def rates(call: Callable[[], object], size: int = 1) -> tuple[float, float]:
    """How many a second, of a call that does ``size`` of them, by the clock and by CPU time; short calls repeat."""
    call()
    times = max(1, int(0.02 / best(call, 3)[0]))
    wall, cpu = best(lambda: [call() for _ in range(times)], 15)
    return size * times / wall, size * times / cpu


def both(call: Callable[[], object], size: int, what: str) -> str:
    wall, cpu = rates(call, size)
    return f"{wall:.2e} {what}/s, {cpu:.2e} per second of CPU"


def judging() -> Iterator[Row]:
    j = kernels
    for target in suite_audit.TARGETS:
        for concept in j.ELEMENTWISE:
            found = both(partial(j.judge, concept, target), j.BLOCK, "elements")
            yield f"accuracy of {concept}, float32, {target}", found, "5e6"
    for concept in ("exp", "softmax"):
        for dtype in ("float64", "float32", "bfloat16"):
            found = both(partial(j.bound, concept, dtype), j.BLOCK, "elements")
            yield f"running error of {concept}, {dtype}", found, ""
    for concept in ("exp", "sigmoid", "softmax"):
        found = f"{suite_judging.track_running_error_over_plain(concept):.1f} times"
        yield f"running error of {concept} / plain NumPy, float32", found, ""
    for concept, size in (("exp", 1), ("gelu", 1), ("softmax", 16)):
        yield f"balls, a row of {size} of {concept}", both(partial(j.ball, concept), 1, "rows"), ""
        yield f"balls, its gradient, {concept}", both(partial(j.ball_gradient, concept), 1, "rows"), ""
        yield f"certificate of one entry of {concept}", both(partial(j.certificate, concept), 1, "entries"), ""
    for arguments in ("--help", "concepts"):
        yield f"lawful {arguments}", f"{suite_judging.track_start(arguments):.2f} s", ""


def audits(fast: bool) -> Iterator[Row]:
    jobs = [(t, w, "quick", FIXED) for t in suite_audit.TARGETS for w in suite_audit.WORKERS]
    whole: tuple[str, ...] = ()
    if not fast:
        jobs += [("torch", 2, "quick", whole), ("torch", 2, "ci", whole)]
    for target, workers, profile, names in jobs:
        f = suite_audit.figures(target, workers, profile, names)
        what = f"audit {profile}, {len(names) or 'all'} concepts, {target}, -n {workers}"
        promised = "" if names else {"quick": "30 s", "ci": "180 s"}[profile]
        yield what, f"{f['wall']:.1f} s, {f['cpu']:.1f} s of CPU", promised
        per = ", ".join(f"{f[k] / f['wall']:.3g} {k}/s" for k in ("cells", "cases", "elements"))
        yield "", f"{f['cells']:.0f} cells; {per}", ""
        yield "", f"{f['together']:.0f} MiB in all, {f['largest']:.0f} MiB the largest process", "2048 MiB"


def parts(fast: bool) -> Iterator[Row]:
    for target, names in [(t, FIXED) for t in suite_audit.TARGETS] + ([] if fast else [("torch", ())]):
        found = shares.shares(target, names=names)
        text = ", ".join(f"{part} {100 * share:.0f}" for part, share in found.items())
        yield f"shares of quick, {len(names) or 'all'} concepts, {target}", f"{text} %", ""


def main() -> None:
    about = argparse.ArgumentParser(prog="python -m benchmarks.costs", description=__doc__)
    about.add_argument("--fast", action="store_true", help="leave out the audits of every concept")
    fast = about.parse_args().fast
    print(machine())
    print(f"{'':52}  {'measured':62}  promised")
    start = time.monotonic()
    for rows in (judging(), parts(fast), audits(fast)):
        for what, measured, promised in rows:
            print(f"{what:52}  {measured:62}  {promised}".rstrip(), flush=True)
    print(f"{time.monotonic() - start:.0f} s in all")


if __name__ == "__main__":
    main()
