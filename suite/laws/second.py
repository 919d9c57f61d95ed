"""The derivative of the derivative, as a product with a vector, by differentiating the target's own backward."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from flint import arb

from suite.arithmetic import Dual, RunningError, Standard, Variable, backward
from suite.floats import Array
from suite.judge.bound import as_running
from suite.judge.case import Case
from suite.judge.compare import Ruler, compare
from suite.judge.outcome import Outcome
from suite.laws.gradient import affordable, differentiated, off_kinks
from suite.laws.law import Law
from suite.record import Concept
from suite.targets.protocol import Target


@dataclass(frozen=True)
class SecondDerivative(Law):
    """|H v - exact| <= max(running error of differentiating the backward formula, max |H v| / 8, 64 u max |g|, tiny).

    H is the derivative of the gradient g that a cotangent seeds, v a direction; the maxima are over a row, which of an
    elementwise function is one entry, and in sixteen bits 8 is 2. The tolerance is declared, not derived: this law
    looks for terms that are missing, zero or not finite; how many digits are left is the business of no contract.
    """

    family: ClassVar[str] = "gradient"
    claim: ClassVar[str] = "differentiating the backward gives the second derivative, to three bits (of sixteen: one)"

    def routes(self, concept: Concept, target: Target) -> tuple[str, ...]:
        if not (concept.truth.encloses and differentiated(concept, target)):
            return ()
        return tuple(way.name for way in target.ways if way.order == 2 and not way.forward)

    def judge(self, case: Case, route: str) -> Outcome:
        case = affordable(case)
        k, v, got = second_derivative(case, route)
        value, allowed = bounded(case, k, v, case.concept.backward)
        judged = off_kinks(case, k) & np.isfinite(value) & np.isfinite(allowed) & calm(case, k, value)
        if not judged.any():
            return Outcome(cases=1, unjudged=value.size)
        ruler = Ruler(
            np.where(judged, value, np.nan),
            np.fmax(allowed, declared(case, k, value)),
            lambda row, bits: confirmed(exact(case, k, v, row, bits), value[row], allowed[row]),
            basis="declared (three bits, or one), or the running error of the backward's derivative",
            wrt=k,
            saved=np.where(np.isfinite(got.astype(np.float64)), lenient(case, k, v), 0.0),
            cap=6,
        )
        return compare(case, got, ruler)


def second_derivative(case: Case, way: str) -> tuple[int, Array, Array]:
    """The operand, the direction, and the target's second derivative along it."""
    k = case.wrt[case.recipe.seed % len(case.wrt)]
    v = direction(case, k)
    return k, v, case.twice(way, k, v)


def declared(case: Case, k: int, value: Array) -> Array:
    """Three bits of the row, of sixteen one; and no less than what rounding leaves of the gradient."""
    f, gradient = case.format, case.bounded_grads()[case.wrt.index(k)][0]
    noise = np.fmax(64 * f.u * scale(gradient), f.tiny)
    return np.fmax(scale(value) / (2 if f.half else 8), noise)


def scale(value: Array) -> Array:
    """The largest entry of each row."""
    return np.max(np.abs(value), axis=tuple(range(1, value.ndim)), keepdims=True)


def calm(case: Case, k: int, value: Array) -> Array:
    """Rows of zeros and numbers whose cubes stay in the range: its ends are the business of the first derivative.

    Nor are 0 itself and rows with ties judged, where formulas have kinks that cancel: those of |x| and of a maximum.
    """
    low, high = case.format.tiny**0.25, case.format.max**0.25
    rows = np.ones(case.rows, bool)
    for x, o in zip(case.inputs, case.concept.operands, strict=True):
        if not o.integer:
            size = np.abs(x.astype(np.float64)).reshape(case.rows, -1)
            rows &= np.all((size == 0) | ((size >= low) & (size <= high)), axis=1)
    x = np.sort(case.inputs[k].astype(np.float64).reshape(case.rows, -1), axis=1)
    rows &= np.all(x[:, 1:] != x[:, :-1], axis=1)
    with np.errstate(invalid="ignore"):
        return (
            rows.reshape(-1, *(1,) * (value.ndim - 1)) & (case.inputs[k] != 0) & (scale(value) <= case.format.max**0.5)
        )


def direction(case: Case, k: int) -> Array:
    """All ones for a function of one number; else entries from -1 to 1, not all alike, or a single one."""
    x = case.inputs[k]
    if x.ndim == 1:
        return np.ones_like(x)
    n, seed = x[0].size, case.recipe.seed
    v = np.where(np.arange(n) == seed % n, 1.0, 0.0) if seed % 2 else ((np.arange(n) + seed) % 5 - 2) / 2
    return np.broadcast_to(v.reshape(x.shape[1:]), x.shape).astype(x.dtype)


def confirmed(truth: Any, value: Array, allowed: Array) -> Any:
    """The truth where it confirms what the formula gave: a text may have kinks that the function has not."""

    def one(ball: arb, v: float, e: float) -> arb:
        return arb.nan() if abs(ball - arb(float(v))) > arb(float(e)) else ball

    return np.frompyfunc(one, 3, 1)(truth, value, allowed)


def bounded(case: Case, k: int, v: Array, text: Any) -> tuple[Array, Array]:
    """Value and running error of a backward formula, differentiated forward and in reverse."""
    standard, j = case.required(), case.wrt.index(k)
    value, allowed = np.full(v.shape, np.nan), np.zeros(v.shape)
    with np.errstate(all="ignore"):
        for differentiate in (_forward, _reverse):
            try:
                found = differentiate(case, k, j, v, text, standard)
            except (TypeError, AttributeError, NotImplementedError):  # a text that this arithmetic cannot run
                continue
            allowed = np.maximum(allowed, np.where(np.isnan(found.error), np.inf, found.error))
            other, value = value, np.broadcast_to(found.value, v.shape)
            value = np.where(np.abs(other - value) > allowed, np.nan, value)  # one of them met a kink
    return value, np.where(np.isnan(value), np.inf, allowed)


def lenient(case: Case, k: int, v: Array) -> Array:
    """What is left by the other formulas of the first derivative, which need not be any good for the second.

    From the rounded output alone nothing is left in the tail.
    """
    freedom = case.concept.freedom
    if freedom.saved is not None:
        return np.full(v.shape, np.inf)
    return np.maximum.reduce([np.zeros(v.shape), *(bounded(case, k, v, t)[1] for t in freedom.derivatives)])


def _forward(case: Case, k: int, j: int, v: Array, text: Any, standard: Standard) -> RunningError:
    """Dual numbers through the backward formula."""
    operands = case.lifted(standard)
    operands[k] = Dual(operands[k], RunningError(v, standard))
    found = text(*operands, **case.keywords, cotangent=RunningError(case.cotangent, standard))[j]
    zero = RunningError(np.zeros(v.shape), standard)
    return as_running(found.tangent, standard) if isinstance(found, Dual) else zero


def _reverse(case: Case, k: int, j: int, v: Array, text: Any, standard: Standard) -> RunningError:
    """Reverse mode through the backward formula, as a library does it."""
    operands = case.lifted(standard)
    operands[k] = Variable(operands[k])
    found = text(*operands, **case.keywords, cotangent=RunningError(case.cotangent, standard))[j]
    zero = RunningError(np.zeros(v.shape), standard)
    if not isinstance(found, Variable):
        return zero
    (h,) = backward(found, RunningError(np.broadcast_to(v, found.shape), standard), [operands[k]])
    return zero if h is None else as_running(h, standard)


def exact(case: Case, k: int, v: Array, row: int, bits: int) -> Any:
    """Dual numbers of balls through reverse mode over the definition."""
    one = slice(row, row + 1)
    return case.concept.truth.second(case.row(row), case.options, case.cotangent[one], k, v[one], bits)[0]
