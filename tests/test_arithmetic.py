"""Balls, dual numbers and the tape: against mpmath, against each other, and against exact facts.

Derivatives are compared without a tolerance, by the mean value theorem: a central difference of
step h is the derivative at some point within h, so the derivative over the box [x - h, x + h]
must enclose it.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import mpmath
import numpy as np
import pytest
import scipy.special as sp
from flint import arb, ctx
from mpmath import mp

from suite.arithmetic import Balls, Dual, Undecided, Variable, backward, decimal, pi_like
from suite.arithmetic.balls import spectral_norm
from suite.arithmetic.table import TABLE
from suite.concepts import concepts
from suite.draw.recipes import fill
from suite.floats import FORMATS, precision
from suite.record import Concept, Filling

DIGITS, BITS, STEP = 50, 500, 2.0**-150
MPMATH: dict[np.ufunc, Callable[[Any], Any]] = {
    np.exp: mp.exp, np.expm1: mp.expm1, np.exp2: lambda x: mp.mpf(2) ** x, np.log: mp.log, np.log1p: mp.log1p,
    np.log2: lambda x: mp.log(x) / mp.log(2), np.sqrt: mp.sqrt, np.sin: mp.sin, np.cos: mp.cos, np.tanh: mp.tanh,
    sp.erf: mp.erf, sp.erfc: mp.erfc, sp.erfcx: lambda x: mp.exp(x * x) * mp.erfc(x),
}  # fmt: skip
POSITIVE = (np.log, np.log2, np.sqrt)
TOP = dict.fromkeys(TABLE, 700.0) | dict.fromkeys((sp.erf, sp.erfc, sp.erfcx), 26.0)
TOP |= dict.fromkeys((*POSITIVE, np.log1p), 1e300) | dict.fromkeys((np.sin, np.cos), 1e9)
ufuncs = pytest.mark.parametrize("ufunc", TABLE, ids=lambda u: u.__name__)


def exact(x: Any) -> arb:
    """An mpmath number as the same ball: a mantissa times a power of two, no decimal between."""
    sign, man, exp, _ = mpmath.mpf(x)._mpf_
    with precision(max(int(man).bit_length(), ctx.prec)):
        return arb(int(man)) * arb(2) ** int(exp) * (-1 if sign else 1)


def points(ufunc: np.ufunc, count: int = 60) -> np.ndarray[Any, Any]:
    """Normal numbers, both tails, every exponent, subnormals: inside the domain."""
    rng, top = np.random.default_rng(0), TOP[ufunc]
    wide = np.ldexp(1 + rng.random(count), rng.integers(-1074, 1000, count)) * rng.choice([-1, 1], count)
    x = np.concatenate([rng.standard_normal(count), rng.uniform(-top, top, count), wide, [5e-324, -5e-324, 1e-310]])
    x = np.clip(x, -top, top)
    return np.abs(x) if ufunc in POSITIVE else np.maximum(x, -1 + 2.0**-30) if ufunc is np.log1p else x


@ufuncs
def test_ball_encloses_mpmath(ufunc: np.ufunc) -> None:
    """mpmath works with far more digits than the 50 it is trusted for; the ball has to be narrow as well."""
    x = points(ufunc)
    with precision(160), mp.workprec(1400):
        for v, ball in zip(x, ufunc(Balls(x)).a, strict=True):
            truth = exact(MPMATH[ufunc](mp.mpf(float(v))))
            assert ball.overlaps(truth * arb(1, 10.0**-DIGITS)) and (ball - truth).abs_upper() <= abs(truth) * 2.0**-80


@ufuncs
def test_derivative_encloses_mpmath_difference(ufunc: np.ufunc) -> None:
    f, row = MPMATH[ufunc], TABLE[ufunc]
    x = points(ufunc, 20)
    x = x[np.abs(x) > 2.0**-60]
    for v in x:
        h = abs(float(v)) * STEP
        with mp.workprec(2400):
            quotient = exact((f(mp.mpf(float(v)) + h) - f(mp.mpf(float(v)) - h)) / (2 * mp.mpf(h)))
        with precision(1200):
            box = Balls(np.array([arb(float(v)) + arb(0, h)], dtype=object))
            slope = row.derivative(box, ufunc(box)).a[0]
            assert slope.contains(quotient) and slope.rad() <= abs(slope).upper() * 2.0**-80 + h


@ufuncs
def test_slope_bounds_the_derivative(ufunc: np.ufunc) -> None:
    """|f'| at points of an interval, its ends too, up to the factor and the underflow that RunningError adds."""
    rng, row = np.random.default_rng(1), TABLE[ufunc]
    ends = points(ufunc)
    width = np.abs(ends) * 10 ** rng.uniform(-8, 0.5, ends.shape)
    least = 2.0**-1000 if ufunc in POSITIVE else -1 + 2.0**-40 if ufunc is np.log1p else -TOP[ufunc]
    low, high = np.maximum(ends - width, least), np.clip(ends + width, least, TOP[ufunc])
    with np.errstate(all="ignore"):
        bound = row.slope(low, high)
    for share in (0.0, 1.0, *rng.random(6)):
        x = np.clip(low + share * (high - low), low, high)
        with precision(1600):
            ball = Balls(x)
            slopes = row.derivative(ball, ufunc(ball)).a
        for b, s in zip(bound, slopes, strict=True):
            assert abs(s) <= arb(float(b)) * (1 + arb(2) ** -40) + arb(2) ** -1074


def smooth(concept: Concept, salt: int) -> list[Any]:
    """One row of ordinary numbers, off the kinks, the ends of the domain and all ties."""
    sizes = {d: 3 - (k % 2) for k, d in enumerate(concept.dims)}
    alone = [replace(o, near=None) for o in concept.operands]
    for attempt in range(100):
        rng, xs = np.random.default_rng((salt, attempt)), []
        for operand, core in zip(alone, concept.cores, strict=True):
            shape = (1, *(int(d) if d.isdigit() else sizes[d] for d in core))
            with np.errstate(all="ignore"):
                filling = Filling(FORMATS["float64"], shape, np.zeros(1, int), rng, tuple(xs), sizes)
                xs.append(fill(operand, filling, concept.truth.kinks))
        free = [
            set(np.abs(x).flat) - {0.0, *concept.truth.kinks, *o.domain}
            for x, o in zip(xs, concept.operands, strict=True)
        ]
        ends = [[e for e in (0.0, *o.domain) if np.isfinite(e)] for o in concept.operands]
        apart = [all(np.abs(x - e).min() > 1e-6 for e in near) for x, near in zip(xs, ends, strict=True)]
        alone_there = [len(s) == x.size and a for s, x, a in zip(free, xs, apart, strict=True)]
        if all(a or not o.grad for a, o in zip(alone_there, concept.operands, strict=True)):
            return xs
    raise AssertionError(f"no smooth point of {concept.name}")


def weights(shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    return (np.arange(np.prod(shape, dtype=int)).reshape(shape) % 5 - 1.5) / 2


def total(y: Any) -> Any:
    """<weights, y>, a number of whatever arithmetic y is in."""
    return np.sum(np.reshape(y * weights(y.shape), (-1,)), axis=-1)


def lifted(concept: Concept, xs: list[Any]) -> list[Any]:
    return [x if o.integer else Balls(x) for x, o in zip(xs, concept.operands, strict=True)]


def reverse(concept: Concept, xs: list[Any], options: Any) -> dict[int, Any]:
    leaves = [Variable(x) if isinstance(x, Balls) else x for x in lifted(concept, xs)]
    y = concept.truth.text(*leaves, **options)
    wrt = [k for k, o in enumerate(concept.operands) if o.grad]
    return dict(zip(wrt, backward(y, Balls(weights(y.shape)), [leaves[k] for k in wrt]), strict=True))


def moved(concept: Concept, xs: list[Any], k: int, i: tuple[int, ...], step: arb) -> list[Any]:
    """The operands as balls, with one entry moved (or made a box)."""
    balls = lifted(concept, xs)
    balls[k].a[i] = balls[k].a[i] + step
    return balls


def forward(concept: Concept, xs: list[Any], k: int, i: tuple[int, ...], step: arb, options: Any) -> arb:
    balls, unit = moved(concept, xs, k, i, step), np.zeros(xs[k].shape)
    unit[i] = 1
    balls[k] = Dual(balls[k], Balls(unit))
    return total(concept.truth.text(*balls, **options)).tangent.a[()]


def difference(concept: Concept, xs: list[Any], k: int, i: tuple[int, ...], options: Any) -> arb:
    above, below = (concept.truth.text(*moved(concept, xs, k, i, arb(h)), **options) for h in (STEP, -STEP))
    return (total(above).a[()] - total(below).a[()]) / (2 * arb(STEP))


def narrow(ball: arb, bits: int) -> bool:
    return ball.rad() <= abs(ball).upper().max(arb(1)) * arb(2) ** -bits


DIFFERENTIABLE = [
    (c, option)
    for c in concepts().values()
    if c.differentiable and c.truth.encloses
    for option in range(len(c.options))
]


@pytest.mark.parametrize("salt", range(3))
@pytest.mark.parametrize("concept, option", DIFFERENTIABLE, ids=lambda v: getattr(v, "name", v))
def test_three_routes_to_a_derivative(concept: Concept, option: int, salt: int) -> None:
    """Reverse mode overlaps forward mode; forward mode over a box meets the central difference."""
    options, xs = dict(concept.options[option]), smooth(concept, salt)
    with precision(BITS):
        grads = reverse(concept, xs, options)
        for k, i in [(j, i) for j in grads for i in np.ndindex(xs[j].shape)]:
            back = arb(0) if grads[k] is None else grads[k].a[i]
            there, box = (forward(concept, xs, k, i, step, options) for step in (arb(0), arb(0, STEP)))
            quotient = difference(concept, xs, k, i, options)
            assert back.overlaps(there) and narrow(back, 400) and narrow(there, 400)
            assert box.overlaps(quotient) and narrow(box, 100) and narrow(quotient, 250)


@pytest.mark.parametrize("compare", [np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal])
def test_overlapping_balls_are_undecided(compare: np.ufunc) -> None:
    wide = Balls(np.array([arb(0, 1)], dtype=object))
    with pytest.raises(Undecided):
        compare(wide, Balls(np.array([0.5])))
    assert compare(Balls(np.array([1.0])), Balls(np.array([2.0]))) == compare(1.0, 2.0)


@pytest.mark.parametrize("kind", [Dual, Variable])
def test_a_branch_of_a_derivative_is_undecided_too(kind: type) -> None:
    wide = kind(Balls(np.array([arb(0, 1)], dtype=object)))
    for branch in (
        lambda: np.maximum(wide, 0),
        lambda: np.where(wide > 0, wide, 0),
        lambda: np.sort(wide * np.ones(2)),
    ):
        with pytest.raises(Undecided):
            branch()


@pytest.mark.parametrize("literal", [0.1, np.pi, np.sqrt(2.0), 1 / 3, 1e-7])
def test_a_rounded_literal_is_refused(literal: float) -> None:
    for lifted in (Balls(np.ones(1)), Dual(Balls(np.ones(1))), Variable(Balls(np.ones(1)))):
        with pytest.raises(ValueError, match="rounded"):
            lifted * literal


@pytest.mark.parametrize("literal", [0.5, -0.375, 2.0**-60, 3, 1e6, 0.0])
def test_a_dyadic_literal_is_exact(literal: float) -> None:
    assert (Balls(np.ones(1)) * literal).a[0] == arb(literal)


def test_constants_come_from_the_arithmetic() -> None:
    with precision(200):
        x = Balls(np.ones(1))
        assert (decimal(x, 0.1).a[()] * 10).contains(arb(1)) and pi_like(x).a[()].overlaps(arb.pi())
        assert decimal(1.0, 0.1) == 0.1 and pi_like(1.0) == np.pi


def test_exact_cases_are_exact() -> None:
    """log2(8) = 3, 2^-1074, log 1 = 0, and roots of squares, at any precision."""
    for k in (-1074, -1, 0, 3, 1023):
        assert np.log2(Balls(np.array([2.0**k]))).a[0] == k and np.exp2(Balls(np.array([float(k)]))).a[0] == arb(2) ** k
    assert np.log(Balls(np.ones(1))).a[0] == 0 and np.sqrt(Balls(np.array([9.0]))).a[0] == 3
    assert (Balls(np.array([-2.0])) ** 3).a[0] == -8 and (Balls(np.zeros(1)) ** 0).a[0] == 1


SHAPES = [(1, 1), (2, 2), (3, 5), (7, 2), (6, 6)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_spectral_norm_encloses_lapack(shape: tuple[int, int]) -> None:
    """LAPACK's norm is within 10 n u of the truth (the bound that RunningError declares for it)."""
    a = np.random.default_rng(2).standard_normal(shape)
    with precision(200):
        ball, got = spectral_norm(Balls(a).a), float(np.linalg.norm(a, 2))
        assert abs(ball - got) <= arb(10 * max(shape) * 2.0**-53 * got) and ball.rad() < 2.0**-50 * got


def test_spectral_norm_with_repeated_singular_values() -> None:
    """Hadamard matrices have one singular value, sqrt n, n times; [[J]] has sqrt(mn) once and 0; 0 has 0."""
    h = np.ones((1, 1))
    for n in (2, 4, 8):
        h = np.block([[h, h], [h, -h]])
        with precision(200):
            assert spectral_norm(Balls(h).a).contains(arb(n).sqrt()) and spectral_norm(Balls(h).a).rad() < 2.0**-50
    with precision(200):
        assert spectral_norm(Balls(np.ones((4, 9))).a).contains(arb(6))
        assert spectral_norm(Balls(np.diag([3.0, -3.0, 3.0, 1.0])).a).contains(arb(3))
        assert spectral_norm(Balls(np.zeros((3, 2))).a) == 0
