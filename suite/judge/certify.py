"""Certainty in balls: at rising precision the truth's enclosure decides *beyond* or *within*, or it stays unknown."""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from flint import arb

from suite.arithmetic import Undecided
from suite.floats import Format, precision
from suite.verdict import Severity

BITS = (80, 160, 400, 1200, 3000)
T = TypeVar("T")
Exact = Callable[[int, int], Any]  # (row, bits) -> object array of balls, or raises Undecided


def entry(balls: Any, index: tuple[int, ...]) -> arb:
    """One entry; NumPy hands out the only element of a 0-d object array by itself."""
    ball: arb = balls[index] if isinstance(balls, np.ndarray) else balls
    return ball


def certify(evaluate: Callable[[int], arb], got: float, allowed: float, fmt: Format) -> tuple[str, arb]:
    """("beyond" | "within" | "unknown" | "none", enclosure); "none": the definition has no value."""
    undefined = True

    def decided(bits: int) -> tuple[str | None, arb]:
        nonlocal undefined
        try:
            ball = evaluate(bits)
        except Undecided:
            undefined = False
            raise
        undefined = undefined and ball.is_nan()
        return decide(ball, got, allowed, fmt), ball

    verdict, ball = settled(decided, arb.nan())
    return verdict or ("none" if undefined else "unknown"), ball


def settled(decided: Callable[[int], tuple[str | None, T]], last: T) -> tuple[str | None, T]:
    """The first verdict at rising precision, with what was seen there; None: nothing decides it."""
    for bits in BITS:
        with precision(bits):
            try:
                verdict, last = decided(bits)
            except Undecided:
                continue
        if verdict:
            return verdict, last
    return None, last


def satisfied(residual: arb, scale: arb) -> str | None:
    """Whether a claim residual <= scale holds: "within", "beyond", or undecided (None)."""
    if residual.is_nan():
        return "beyond"
    return "within" if residual <= scale else "beyond" if residual > scale else None


def decide(ball: arb, got: float, allowed: float, fmt: Format) -> str | None:
    """|got - y| <= allowed for every y in the ball, for none, or undecided (None).

    An infinity of the right sign is right iff |y| + allowed reaches the largest finite number; NaN
    never is, where y exists; an infinite y must be matched exactly.
    """
    if ball.is_nan():
        return None
    if not ball.is_finite() and ball.mid().is_finite():
        return None
    if not ball.is_finite():
        return "within" if got == float(ball.mid()) else "beyond"
    if got != got:
        return "beyond"
    if allowed == np.inf:  # no bound: only a truth far outside the range is held against the target
        size = abs(ball)
        if size > 2 * arb(fmt.max):
            return "within" if got == (np.inf if ball > 0 else -np.inf) else "beyond"
        return "within" if size < 2 * arb(fmt.max) else None
    if np.isinf(got):
        reach = ball * (1 if got > 0 else -1) + arb(allowed)
        return "within" if reach >= arb(fmt.max) else "beyond" if reach < arb(fmt.max) else None
    gap = abs(ball - arb(got))
    return "within" if gap <= arb(allowed) else "beyond" if gap > arb(allowed) else None


def excess(ball: arb, got: float, allowed: float) -> float:
    """Observed over allowed."""
    if not np.isfinite(got) or not ball.is_finite():
        return np.inf
    gap = float(abs(ball - arb(got)).mid())
    return gap / allowed if allowed > 0 else (np.inf if gap else 0.0)


def error_in_ulps(ball: arb, got: float, fmt: Format) -> float:
    """|got - y| / ulp(y), both clamped to twice the largest power of two; NaN and infinities are not measured."""
    if not np.isfinite(got) or not ball.is_finite():
        return np.inf
    top = arb(2) ** (fmt.emax + 1)
    y = ball.mid().min(top).max(-top).mid()
    g = arb(got).min(top).max(-top)
    return float((abs(g - y) / arb(float(fmt.ulp(np.float64(y))))).mid())


def grade_of(ball: arb, got: float, fmt: Format) -> Severity:
    """Wrong: non-finite, the wrong sign, or no digit right; else inaccurate."""
    if not ball.is_finite() or not np.isfinite(got):
        return Severity.WRONG
    if got * float(ball.mid()) < 0 or not abs(ball - arb(got)) < abs(ball) / 2:
        return Severity.WRONG
    return Severity.INACCURATE


def ends(ball: arb) -> tuple[str, str]:
    """The enclosure in decimal, each end to 20 digits."""
    if not ball.is_finite():
        return (str(float(ball.mid())),) * 2
    return ball.lower().str(20, radius=False), ball.upper().str(20, radius=False)
