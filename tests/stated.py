"""Error bounds that docstrings of reference/ state, held in balls against what its functions return."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from suite.arithmetic import Balls
from suite.floats import FORMATS, Format, precision

Array = Any
E = 4  # ulp, the budget of an elementary function
F = 7  # ulp, the budget of erfc
# A bound is sound if no drawn case exceeds it, and worth stating if some case comes within a factor SLACK of it. Errors
# and bounds are balls, so both are proved for each case; the bounds are of first order in u, and FIRST covers the rest.
FIRST = 1 + 2.0**-8  # a first-order bound k u: k u is below 2^-9 in what is drawn, short of underflow
SLACK = 1000
BITS = 2600  # an offset of 1e308 and a term of e^-750 in one sum

formats = pytest.mark.parametrize("fmt", [FORMATS["float64"], FORMATS["float32"]], ids=lambda f: f.name)


def share(got: Array, truth: Balls, bound: Balls) -> float:
    """The largest error as a share of its bound; an error that is not proved to be within it fails."""
    largest = 0.0
    for y, t, b in zip(np.asarray(got).flat, truth.a.flat, bound.a.flat, strict=True):
        error = abs(t - float(y))
        assert error <= b, f"{float(y)!r} for {t.str(30)}, where {b.str(5)} is allowed"
        if error.mid() != 0:
            largest = max(largest, float((error / b).mid()))
    return largest


@dataclass(frozen=True)
class Stated:
    """A call, its textbook formula, and the bound of its docstring: of the exact result, the format, the operands."""

    call: Callable[..., Any]
    textbook: Callable[..., Balls]
    bound: Callable[..., Balls]
    draw: Callable[..., tuple[Array, ...]]


def shares(stated: Stated, draw: Callable[..., tuple[Array, ...]], fmt: Format, seed: int) -> float:
    xs = draw(np.random.default_rng((seed, fmt.p)), fmt)
    got = np.asarray(stated.call(*xs))
    with precision(BITS):
        balls = [Balls(x) for x in xs]
        truth = stated.textbook(*balls)
        bound = stated.bound(truth, fmt, *balls) * FIRST
        inside = np.array([bool(abs(t) + b < fmt.max / 64) for t, b in zip(truth.a.flat, bound.a.flat, strict=True)])
        inside = inside.reshape(got.shape)
        assert inside.mean() > 0.25
        return share(got[inside], truth[inside], bound[inside])
