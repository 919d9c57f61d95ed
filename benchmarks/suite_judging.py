"""The parts of an audit: judging, running error, balls, certificates, the start of the command.

The times are of fixed work; ``python -m benchmarks`` prints them as rates. What is compared with
something else is measured beside it, in the same run.
"""

import functools

import numpy as np

from benchmarks.measure import best, case, command, reals
from suite.case import Case
from suite.concepts import concepts
from suite.judge import BITS, certify, entry
from suite.laws.accuracy import Accuracy

BLOCK = (
    1 << 16
)  # elements judged at once: an audit's cases have 3072 to 140 000, a sweep takes blocks that stay in cache
BATCH = (64, 1024)  # as many for a function of rows
ELEMENTWISE = ("exp", "sigmoid", "gelu")


def shape_of(concept: str) -> tuple[int, ...]:
    return (BLOCK,) if concepts()[concept].elementwise else BATCH


def judge(concept: str, target: str) -> None:
    """The accuracy law from the inputs on: the target's result, required and ideal bound, comparison, curve."""
    with np.errstate(all="ignore"):
        Accuracy().judge(case(concept, shape_of(concept), target=target), "eager")


def bound(concept: str, dtype: str) -> None:
    """Value and running error of every sound text of a concept."""
    case(concept, shape_of(concept), dtype).bounded()


def running(concept: str) -> None:
    """Value and running error of the reference's text alone."""
    drawn = case(concept, shape_of(concept))
    drawn._largest((drawn.concept.reference,), drawn.required(), drawn.options)


def plain(concept: str) -> None:
    """The same text on the same numbers as plain float64 arrays."""
    axis = {"axis": -1} if concepts()[concept].has_axis else {}
    concepts()[concept].reference(_wide(concept), **axis, **concepts()[concept].options[0])


@functools.cache
def _wide(concept: str) -> np.ndarray:
    return reals(shape_of(concept), "float32").astype(np.float64)


@functools.cache
def _small(concept: str) -> Case:
    """A case whose tier-1 parts are evaluated: what is left is the oracle's work."""
    drawn = case(concept, (64,) if concepts()[concept].elementwise else (4, 16))
    drawn.got(), drawn.bounded(), drawn.cotangent
    return drawn


def ball(concept: str) -> None:
    """The definition at one row (one number, or a row of sixteen)."""
    drawn = _small(concept)
    drawn._exact(drawn.balls(1), BITS[0])


def ball_gradient(concept: str) -> None:
    """Reverse mode over balls at one row."""
    _small(concept)._exact_grads(1, BITS[0])


def certificate(concept: str) -> None:
    """Whether one result is within its bound, decided by balls."""
    drawn = _small(concept)
    index = (1,) * drawn.value.ndim
    got, allowed = float(drawn.got()[index]), float(drawn.bounded()[1][index])
    certify(lambda bits: entry(drawn._exact(drawn.balls(1), bits), index[1:]), got, allowed, drawn.format)


class TimeJudging:
    """65 536 elements of single precision: at least 5e6 a second, which is 13.1 ms."""

    params = (list(ELEMENTWISE), ["numpy", "torch"])
    param_names = ("concept", "target")

    def time_accuracy(self, concept: str, target: str) -> None:
        judge(concept, target)


class TimeBounds:
    """65 536 elements: tier 1 alone."""

    params = (["exp", "softmax"], ["float64", "float32", "bfloat16"])
    param_names = ("concept", "dtype")

    def time_bounds(self, concept: str, dtype: str) -> None:
        bound(concept, dtype)


class TimeOracle:
    """One row of the oracle."""

    params = (["exp", "gelu", "softmax"],)
    param_names = ("concept",)

    def time_ball(self, concept: str) -> None:
        ball(concept)

    def time_ball_gradient(self, concept: str) -> None:
        ball_gradient(concept)

    def time_certificate(self, concept: str) -> None:
        certificate(concept)


def track_running_error_over_plain(concept: str) -> float:
    """How many times longer a text takes on running errors than on plain arrays, in one run."""
    return best(lambda: running(concept))[1] / best(lambda: plain(concept))[1]


def track_start(arguments: str) -> float:
    """Seconds from the shell to the end of ``lawful ARGUMENTS``: the least of three."""
    return min(command("-m", "suite.cli", *arguments.split()).wall for _ in range(3))


track_running_error_over_plain.params = [["exp", "sigmoid", "softmax"]]  # type: ignore[attr-defined]
track_running_error_over_plain.param_names, track_start.param_names = ["concept"], ["arguments"]  # type: ignore[attr-defined]
track_running_error_over_plain.unit = "ratio"  # type: ignore[attr-defined]
track_start.params, track_start.unit = [["--help", "concepts"]], "s"  # type: ignore[attr-defined]
