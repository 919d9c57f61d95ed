"""Which rows there are: concept, library on a device, format, size.

A process for one row only reads a figure, so this imports neither NumPy nor the suite.
"""

import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ON = ("reference cpu", "torch cpu", "torch cuda")
DTYPES = ("float64", "float32", "float16", "bfloat16")
# elements of the largest operand: the cost of a call, within the caches, bound by memory
SMALL, MIDDLE, LARGE = 64, 1 << 15, 1 << 22
SIZES = (SMALL, MIDDLE, LARGE)
# one of each shape of work: elementwise cheap and dear, reduction, row, product, loss, certificate, procedure
FIXED: tuple[str, ...] = ("add", "exp", "sigmoid", "gelu", "sum", "softmax", "matmul", "cross_entropy", "solve",
                          "gradient_descent")  # fmt: skip
# kernels of an audit, by their names in benchmarks.kernels, and two runs of the command
SUITE = (
    "accuracy of exp",
    "running error of softmax",
    "balls of softmax",
    "gradient of softmax in balls",
    "certificate of softmax",
    "inputs of softmax",
    "start of lawful concepts",
    "quick audit of exp and softmax",
)
PARAM_NAMES = ("concept", "on", "dtype", "size")


@cache
def names() -> tuple[str, ...]:
    """Every concept that the checkout declares, read as text, in the order of the declarations.

    Not from the suite that is measured: asv numbers the rows, and an older commit, which may lack a
    concept, must number them alike.
    """
    files = sorted((ROOT / "suite" / "concepts").glob("[a-z]*.py"))
    declared = re.compile(r'^(?:\w+ = Concept\(\s*|        \{?\s*"name": )"(\w+)"', re.M)  # a variant names itself
    found = [n for file in files for n in declared.findall(file.read_text("utf-8"))]
    return tuple(dict.fromkeys(found))


def row(what: str, *where: object) -> str:
    """The name of a row, such as "forward softmax, torch cpu, float32, 64"."""
    concept, *rest = (str(w) for w in where)
    return ", ".join((f"{what} {concept}", *rest))
