"""Instructions per call of a dozen small kernels of the reference and the suite, counted by valgrind.

One process loads NumPy and the suite, which takes most of the time, and is copied (fork) for each count:
with no call and with some, so that the difference is the calls' own. It repeats within 0.2 %, where
times on a shared machine repeat within tens of per cent. Not torch: to load it takes 18 s, and
valgrind shows programs AVX2 at most, so a kernel for AVX-512 is not the one that is counted.
"""

import gc
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks import child
from benchmarks.grid import FIXED

ELEMENTS, CALLS = 256, 20
SUITE = ("balls of softmax", "gradient of softmax in balls", "certificate of softmax", "inputs of softmax")
VALGRIND = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")


class Uncounted(Exception):
    """Why nothing was counted: one sentence."""


def count(tree: Path, python: str = sys.executable) -> tuple[dict[str, float], str]:
    """Instructions per call of each kernel with the suite in ``tree``, and the instruction set that they met."""
    if shutil.which("valgrind") is None:
        raise Uncounted("valgrind is not installed: instructions were not counted")
    with tempfile.TemporaryDirectory() as folder:
        before = (*VALGRIND, f"--log-file={folder}/%p")
        done = child.run("benchmarks.instructions", tree=tree, python=python, before=before, threads="1")
        if done.returncode:
            raise Uncounted(f"instructions were not counted: {child.last_line(done.stderr)}")
        isa, *rows = (json.loads(line) for line in done.stdout.splitlines())
        return {name: (read(folder, some) - read(folder, none)) / CALLS for name, none, some in rows}, isa


def read(folder: str, pid: int) -> int:
    """The number that valgrind wrote at the end of one process."""
    found = re.search(r"I\s+refs:\s+([\d,]+)", (Path(folder) / str(pid)).read_text())
    if found is None:
        raise Uncounted("instructions were not counted: valgrind wrote no number")
    return int(found[1].replace(",", ""))


# -- in the child
def kernels() -> dict[str, Callable[[], object]]:
    from benchmarks import kernels
    from benchmarks.operands import work
    from suite.concepts import concepts

    library = kernels.library("numpy")
    forward = {f"forward {n}": work(concepts()[n], library, "float32", ELEMENTS).forward for n in FIXED[:8]}
    return {**forward, **{f"suite {name}": kernels.KERNELS[name] for name in SUITE}}


def forked(call: Callable[[], object], times: int) -> int:
    """A copy of this process that calls and ends, so that valgrind writes down its count."""
    pid = os.fork()
    if pid == 0:
        for _ in range(times):
            call()
        os._exit(0)
    if os.waitpid(pid, 0)[1] != 0:
        raise RuntimeError("a copy of the process ended with an error")
    return pid


def main() -> None:
    from numpy._core._multiarray_umath import __cpu_features__ as features  # type: ignore[import-not-found]

    print(json.dumps(", ".join(k for k in ("SSE42", "FMA3", "AVX2", "AVX512F", "ASIMD") if features.get(k))))
    gc.disable()  # a collection falls where it likes
    for name, call in kernels().items():
        call()  # what is cached is cached now
        print(json.dumps((name, *map(partial(forked, call), (0, CALLS)))), flush=True)


if __name__ == "__main__":
    main()
