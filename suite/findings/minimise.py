"""A smaller input that is refuted for the same reason: rows first, then sizes, then values.

Its patience is counted in candidates, not in seconds, so that a witness does not depend on the machine.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from suite.floats import Array
from suite.judge.case import Case
from suite.judge.outcome import Outcome, Refutation
from suite.laws.law import Law
from suite.record import Core
from suite.targets.protocol import CallError, Target, TargetError, Unsupported

Judge = Callable[[Case], Refutation | None]
TARGETS_OWN = (CallError, TargetError, Unsupported, ArithmeticError, ValueError, IndexError)


def minimise(
    found: Refutation,
    law: Law,
    route: str,
    judged: Callable[[Law, Case, str], Outcome],
    candidates: int = 200,
    reference: Target | None = None,
) -> Refutation:
    """Greedy: keep every step after which the law is still refuted with the same severity.

    A case on which the ``reference`` is refuted too accuses nobody: it is no witness.
    """
    left, innocent = candidates, _innocent(law, route, judged, reference)

    def judge(case: Case) -> Refutation | None:
        nonlocal left
        if left <= 0:
            return None
        left -= 1
        try:
            refuted = judged(law, case, route).refuted
        except TARGETS_OWN:
            return None
        same = [r for r in refuted if r.severity is found.severity and r.wrt == found.wrt]
        return min(same, key=lambda r: r.weight) if same and innocent(case) else None

    best = found
    for shrink in (_asks, _rows, _sizes, _values, _asks):
        best = _fixed_point(best, shrink, judge)
    return best


def _innocent(
    law: Law, route: str, judged: Callable[[Law, Case, str], Outcome], reference: Target | None
) -> Callable[[Case], bool]:
    """Whether the reference obeys the law on a case, along the same route or its own way of differentiating."""

    def innocent(case: Case) -> bool:
        if reference is None:
            return True
        routes = law.routes(case.concept, reference)
        try:
            return (
                not routes or not judged(law, case.against(reference), route if route in routes else routes[0]).refuted
            )
        except TARGETS_OWN:
            return True

    return innocent


def _fixed_point(best: Refutation, candidates: Callable[[Refutation], Iterator[Case]], judge: Judge) -> Refutation:
    """Restart from each improvement until no candidate is refuted any more."""
    improved = True
    while improved:
        improved = False
        for case in candidates(best):
            smaller = judge(case)
            if smaller is not None:
                best, improved = smaller, True
                break
    return best


def _asks(found: Refutation) -> Iterator[Case]:
    """The plain call; the same call without one of its features."""
    for ask in found.case.ask.simpler():
        yield replace(found.case, ask=ask, answers={})


def _rows(found: Refutation) -> Iterator[Case]:
    """The row alone; with its neighbour; halves."""
    case, n = found.case, found.case.rows
    pair = list(zip(*reversed(found.calls[:2]), strict=True)) if n > 2 and len(found.calls) > 1 else []
    if pair and all(x.shape == y.shape for x, y in pair):  # a relation between two rows: these two
        yield case.at(*(np.concatenate([x, y]) for x, y in pair))
    if n > 1:
        row = min(found.row, n - 1)
        yield case.take([row])
    if n > 2:
        yield case.take(sorted({max(row - 1, 0), row}))
        yield case.take(slice(0, (n + 1) // 2))
        yield case.take(slice(n // 2, n))


def _sizes(found: Refutation) -> Iterator[Case]:
    """Half of a dimension, or all but one of its entries; label operands stay in range."""
    case, concept = found.case, found.case.concept
    pairs, sizes = list(zip(concept.operands, concept.cores, strict=True)), concept.sizes(case.inputs)
    for name in concept.dims:
        if any(name in core and not o.kind.slices for o, core in pairs):
            continue
        for keep in _subsets(sizes[name]):
            inputs = [_kept(x, core, name, keep) for x, core in zip(case.inputs, concept.cores, strict=True)]
            labels = (x for o, x in zip(concept.operands, inputs, strict=True) if o.kind.below == name)
            if any((x >= len(keep)).any() for x in labels):
                continue
            yield case.at(*inputs)


def _kept(x: Array, core: Core, name: str, keep: list[int]) -> Array:
    """Some entries along every axis of that name: of a square matrix rows and columns alike."""
    for axis, dim in enumerate(core, start=1):
        x = np.take(x, keep, axis=axis) if dim == name else x
    return x


def _subsets(n: int) -> Iterator[list[int]]:
    if n > 1:
        yield list(range((n + 1) // 2))
        yield list(range(n // 2, n))
    if 1 < n <= 24:
        for k in range(n):
            yield [j for j in range(n) if j != k]


def _values(found: Refutation) -> Iterator[Case]:
    """Simpler numbers: zero, one, fewer significant bits."""
    case = found.case
    for k, (x, operand) in enumerate(zip(case.inputs, case.concept.operands, strict=True)):
        if operand.integer or not operand.kind.entries or x.size > 48:
            continue
        for i in np.ndindex(x.shape):
            for value in _simpler(float(x[i]), case.format.p):
                low, high = operand.domain
                if not low <= value <= high or abs(value) > case.format.max:
                    continue
                y: Array = x.copy()
                y[i] = value
                yield case.at(*(y if j == k else other for j, other in enumerate(case.inputs)))


def _simpler(v: float, p: int) -> Iterator[float]:
    if v == 0 or not np.isfinite(v):
        return
    yield 0.0
    if abs(v) != 1:
        yield float(np.sign(v))
    m, e = np.frexp(v)
    for bits in (1, 2, 4, 8, 12, 16, 24):
        if bits < p:
            with np.errstate(over="ignore"):
                short = float(np.ldexp(np.rint(m * 2**bits) / 2**bits, e))
            if short != v:
                yield short
            else:
                return
