"""The special cases that the array API's conformance suite tests: the standard's own, one call for each.

From the docstrings of the standard's stubs (array-api, src/array_api_stubs/_2025_12/elementwise_functions.py, commit
5f847a38), as array_api_tests/test_special_cases.py (array-api-tests, commit 55fcc601) reads them: real float64
arguments, one example for a case, equality with the stated value, a stated zero with its sign, NaN for NaN. It reads
lists only: square, reciprocal and subtract refer to other functions in prose and have no case. An example is a scalar
there, and an array of one element here: the conditions of some mutants ask for the stride of an axis.

Notation: ``arguments:result``. F is finite and not zero, P and N are positive and negative finite, X is finite or
zero, L and S have a modulus beyond and below 1, O is a positive odd integer, E is positive and no odd integer, R is no
integer; the result ``1st`` or ``2nd`` is that argument, ``positive`` and ``negative`` tell the sign alone.
"""

import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from suite.draw.styles import Rng

CASES: Mapping[str, str] = {
    "abs": "nan:nan -0:+0 -inf:inf",
    "cos": "nan:nan +0:1 -0:1 inf:nan -inf:nan",
    "exp": "nan:nan +0:1 -0:1 inf:inf -inf:+0",
    "expm1": "nan:nan +0:+0 -0:-0 inf:inf -inf:-1",
    "log": "nan:nan N:nan +0:-inf -0:-inf 1:+0 inf:inf",
    "log1p": "nan:nan -L:nan -1:-inf -0:-0 +0:+0 inf:inf",
    "log2": "nan:nan N:nan +0:-inf -0:-inf 1:+0 inf:inf",
    "sin": "nan:nan +0:+0 -0:-0 inf:nan -inf:nan",
    "sqrt": "nan:nan N:nan +0:+0 -0:-0 inf:inf",
    "tanh": "nan:nan +0:+0 -0:-0 inf:1 -inf:-1",
    "add": (
        "nan,X:nan X,nan:nan nan,nan:nan inf,-inf:nan -inf,inf:nan inf,inf:inf -inf,-inf:-inf inf,X:inf -inf,X:-inf "
        "X,inf:inf X,-inf:-inf -0,-0:-0 -0,+0:+0 +0,-0:+0 +0,+0:+0 +0,F:2nd -0,F:2nd F,+0:1st F,-0:1st 1,-1:+0"
    ),
    "multiply": (
        "nan,X:nan X,nan:nan nan,nan:nan inf,+0:nan -inf,-0:nan +0,inf:nan -0,-inf:nan P,P:positive P,N:negative"
    ),
    "divide": (
        "nan,X:nan X,nan:nan nan,nan:nan inf,inf:nan -inf,inf:nan +0,+0:nan -0,+0:nan +0,P:+0 -0,P:-0 +0,N:-0 -0,N:+0 "
        "P,+0:inf P,-0:-inf N,+0:-inf N,-0:inf inf,P:inf inf,N:-inf -inf,P:-inf -inf,N:inf P,inf:+0 P,-inf:-0 "
        "N,inf:-0 N,-inf:+0 P,P:positive P,N:negative"
    ),
    "pow": (
        "L,nan:nan X,+0:1 X,-0:1 nan,P:nan L,inf:inf -L,inf:inf L,-inf:+0 1,inf:1 -1,inf:1 1,-inf:1 -1,-inf:1 1,X:1 "
        "S,inf:+0 S,-inf:inf inf,P:inf inf,N:+0 -inf,O:-inf -inf,E:inf -inf,-O:-0 -inf,-E:+0 +0,P:+0 +0,N:inf -0,O:-0 "
        "-0,E:+0 -0,-O:-inf -0,-E:inf N,R:nan"
    ),
    "logaddexp": "nan,X:nan X,nan:nan nan,nan:nan inf,X:inf X,inf:inf",
    "nextafter": "nan,X:nan X,nan:nan nan,nan:nan -0,+0:+0 +0,-0:-0",
}

CLASSES: Mapping[str, Callable[[Rng], float]] = {
    "P": lambda rng: float(10 ** rng.uniform(-3, 3)),
    "N": lambda rng: -float(10 ** rng.uniform(-3, 3)),
    "F": lambda rng: float(rng.choice([-1, 1]) * 10 ** rng.uniform(-3, 3)),
    "X": lambda rng: float(rng.choice([-1, 0, 1]) * 10 ** rng.uniform(-3, 3)),
    "L": lambda rng: float(rng.uniform(1.5, 9)),
    "S": lambda rng: float(rng.uniform(0.1, 0.9)),
    "O": lambda rng: float(2 * rng.integers(0, 5) + 1),
    "E": lambda rng: float(rng.choice([2.0, 4.0, 1.5, 2.5])),
    "R": lambda rng: float(rng.choice([0.5, 1.5, -2.5])),
}


def special_cases(function: str, rng: Rng) -> Iterator[tuple[tuple[float, ...], str]]:
    """(arguments, the result in the notation above)."""
    for case in CASES.get(function, "").split():
        left, result = case.split(":")
        yield tuple(_value(word, rng) for word in left.split(",")), result


def _value(word: str, rng: Rng) -> float:
    kind = word.lstrip("-")
    if kind not in CLASSES:
        return float(word)
    return CLASSES[kind](rng) * (1 if word == kind else -1)


def agrees(arguments: tuple[float, ...], out: float, result: str) -> bool:
    if result in ("positive", "negative"):
        return math.isnan(out) or (math.copysign(1, out) == 1) == (result == "positive")
    expected = arguments[result == "2nd"] if result in ("1st", "2nd") else float(result)
    if math.isnan(expected):
        return math.isnan(out)
    return out == expected and (expected != 0 or bool(np.signbit(out) == np.signbit(expected)))
