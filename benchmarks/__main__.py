"""``python -m benchmarks [--fast]``: every figure in one table, without asv."""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import shares, suite_audit, suite_judging
from benchmarks.measure import FIXED, best

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


def rate(call: Callable[[], object], size: int = 1) -> float:
    """How many a second, of a call that does ``size`` of them; short calls are repeated."""
    call()
    once = best(call, 3)
    times = max(1, int(0.02 / once))
    return size * times / best(lambda: [call() for _ in range(times)])


def judging() -> Iterator[Row]:
    j = suite_judging
    for target in ("numpy", "torch"):
        for concept in j.ELEMENTWISE:
            found = rate(lambda c=concept, t=target: j.judge(c, t), j.ELEMENTS)  # type: ignore[misc]
            yield f"accuracy of {concept}, float32, {target}", f"{found:.2e} elements/s", "5e6"
    for concept in ("exp", "softmax"):
        for dtype in ("float64", "float32", "bfloat16"):
            found = rate(lambda c=concept, d=dtype: j.bound(c, d), j.ELEMENTS)  # type: ignore[misc]
            yield f"running error of {concept}, {dtype}", f"{found:.2e} elements/s", ""
    for concept in ("exp", "sigmoid", "softmax"):
        found = j.track_running_error_over_plain(concept)
        yield f"running error of {concept} / plain NumPy", f"{found:.1f} times", ""
    for concept, size in (("exp", 1), ("gelu", 1), ("softmax", 16)):
        values = rate(lambda c=concept: j.ball(c))  # type: ignore[misc]
        slopes = rate(lambda c=concept: j.ball_gradient(c))  # type: ignore[misc]
        seconds = 1 / rate(lambda c=concept: j.certificate(c))  # type: ignore[misc]
        yield f"balls, rows of {size} of {concept}", f"{values:.2e} rows/s, gradients {slopes:.2e} rows/s", ""
        yield f"certificate of one entry, {concept}", f"{1e6 * seconds:.0f} us", ""
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
        yield (
            what,
            f"{f['wall']:.1f} s, {f['cpu']:.1f} s of CPU",
            {"quick": "30 s", "ci": "180 s"}[profile] * (not names),
        )
        per = ", ".join(f"{f[k] / f['wall']:.3g} {k}/s" for k in ("cells", "cases", "elements"))
        yield "", f"{f['cells']:.0f} cells; {per}", ""
        yield "", f"{f['together']:.0f} MiB in all, {f['largest']:.0f} MiB the largest process", "2048 MiB"


def parts(fast: bool) -> Iterator[Row]:
    for target, names in [(t, FIXED) for t in suite_audit.TARGETS] + ([] if fast else [("torch", ())]):
        found = shares.shares(target, names=names)
        text = ", ".join(f"{part} {100 * share:.0f}" for part, share in found.items())
        yield f"shares of quick, {len(names) or 'all'} concepts, {target}", f"{text} %", ""


def main() -> None:
    about = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
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
    sys.exit(main())
