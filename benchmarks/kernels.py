"""The clock, and the pieces of work that are timed, over cached inputs."""

import time
from collections.abc import Callable, Sequence
from functools import cache, partial

import numpy as np

from benchmarks.commands import command
from suite.concepts import call_names, concepts
from suite.draw.recipes import Recipe, draw
from suite.floats import FORMATS, Array
from suite.judge.bound import largest
from suite.judge.case import Case
from suite.judge.certify import BITS, certify, entry
from suite.laws.accuracy import Accuracy
from suite.targets.library import Library
from suite.targets.loading import load

BLOCK = 1 << 16  # elements judged at once: an audit's cases have 3072 to 140 000
BATCH = (64, 1024)  # as many for a function of rows
ELEMENTWISE = ("exp", "sigmoid", "gelu")


def best(call: Callable[[], object], repeats: int = 7) -> tuple[float, float]:
    """The least wall time of several, and the least CPU time of this thread, which other jobs hardly disturb."""
    wall, cpu = [], []
    with np.errstate(all="ignore"):
        for _ in range(repeats):
            before = time.perf_counter(), time.thread_time()
            call()
            wall.append(time.perf_counter() - before[0])
            cpu.append(time.thread_time() - before[1])
    return min(wall), min(cpu)


@cache
def library(target: str) -> Library:
    return load(target, "cpu", call_names())


@cache
def reals(shape: Sequence[int], dtype: str) -> Array:
    """Normal numbers over nine decades, the same in every run."""
    rng = np.random.default_rng(0)
    return FORMATS[dtype].round(rng.standard_normal(shape) * np.exp(rng.uniform(-16, 4.5, shape)))


def case(concept: str, shape: tuple[int, ...], dtype: str = "float32", target: str = "numpy") -> Case:
    """A new case, so that nothing of it has been evaluated yet, over cached inputs."""
    inputs = (reals(shape, dtype),)
    return Case(concepts()[concept], FORMATS[dtype], inputs, Recipe((), 0, 0), target=library(target))


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
    largest(drawn, (drawn.concept.reference,), drawn.required())


def plain(concept: str) -> None:
    """The same text on the same numbers as plain float64 arrays."""
    c = concepts()[concept]
    c.reference(_wide(concept), **c.along, **c.options[0])


@cache
def _wide(concept: str) -> Array:
    return reals(shape_of(concept), "float32").astype(np.float64)


@cache
def _small(concept: str) -> Case:
    """A case whose tier-1 parts are evaluated: what is left is the oracle's work."""
    drawn = case(concept, (64,) if concepts()[concept].elementwise else (4, 16))
    drawn.got(), drawn.bounded(), drawn.cotangent
    return drawn


def ball(concept: str) -> None:
    """The definition at one row (one number, or a row of sixteen)."""
    drawn = _small(concept)
    drawn._exact(1, BITS[0])


def ball_gradient(concept: str) -> None:
    """Reverse mode over balls at one row."""
    _small(concept)._exact_grads(1, BITS[0])


def certificate(concept: str) -> None:
    """Whether one result is within its bound, decided by balls."""
    drawn = _small(concept)
    index = (1,) * drawn.value.ndim
    got, allowed = float(drawn.got()[index]), float(drawn.bounded()[1][index])
    certify(lambda bits: entry(drawn._exact(1, bits)[0], index[1:]), got, allowed, drawn.format)


def drawing() -> None:
    """The inputs of one case."""
    draw(concepts()["softmax"], FORMATS["float32"], Recipe((("n", 33),), 0, 0))


def lawful(arguments: str) -> float:
    """Seconds from the start to the end of the command."""
    return command("-m", "suite.cli", *arguments.split()).wall


KERNELS: dict[str, Callable[[], None]] = {
    "accuracy of exp": partial(judge, "exp", "numpy"),
    "running error of softmax": partial(bound, "softmax", "float32"),
    "balls of softmax": partial(ball, "softmax"),
    "gradient of softmax in balls": partial(ball_gradient, "softmax"),
    "certificate of softmax": partial(certificate, "softmax"),
    "inputs of softmax": drawing,
}
COMMANDS: dict[str, Callable[[], float]] = {
    "start of lawful concepts": partial(lawful, "concepts"),
    "quick audit of exp and softmax": partial(
        lawful, "audit --target numpy --profile quick -n 1 --concept exp --concept softmax"
    ),
}
