"""The target's own derivative against the exact derivative of the definition."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from suite.floats import Array
from suite.judge.case import Case
from suite.judge.compare import Ruler, compare, each, related
from suite.judge.outcome import Outcome
from suite.laws.accuracy import apart
from suite.laws.algebra import _calls
from suite.laws.law import ASKED, EAGER, Law
from suite.record import Concept
from suite.targets.protocol import Target

BACKWARD = "running error of the backward"
MOST = 1 << 16  # entries of a case whose gradient is judged: every number of sixteen bits
CLARKE = "exact (Clarke subdifferential)"


def off_kinks(case: Case, k: int) -> Array:
    """Entries at which the function is differentiable in operand k."""
    x = case.inputs[k].astype(np.float64)
    truth = case.concept.truth
    smooth = ~np.isin(x, truth.kinks)
    return smooth if truth.smooth is None else smooth & truth.smooth(x, **case.options)


def smooth_together(case: Case, k: int) -> Array:
    """The same where an entry is broadcast: at all the rows that it stands for."""
    smooth = off_kinks(case, k)
    return smooth if not case.ask.stretched else case.asking.summed((~smooth).astype(float), k) == 0


def differentiated(concept: Concept, target: Target) -> bool:
    """Whether the target's derivative of this concept can be judged; of several results none is, yet."""
    able = concept.differentiable and concept.truth.differentiates and len(concept.outputs) == 1
    return able and target.differentiates(concept.call_name)


def ordinary(case: Case) -> str:
    """The way in which the library ordinarily differentiates."""
    return case.target.ways[0].name


@dataclass(frozen=True)
class Gradient(Law):
    """|grad - exact| <= the running error of the backward formula, along one mode of the target."""

    finite: bool = False
    family: ClassVar[str] = "gradient"
    claim: ClassVar[str] = "the derivative is within the bound of a sound backward formula"

    @property
    def name(self) -> str:
        return "gradient_finite" if self.finite else "gradient"

    @property
    def statement(self) -> str:
        return "the derivative is finite where the exact one is" if self.finite else self.claim

    def routes(self, concept: Concept, target: Target) -> tuple[str, ...]:
        if not differentiated(concept, target):
            return ()
        modes = tuple(way.name for way in target.ways if not way.forward)
        return modes[:1] if self.finite else (*modes, ASKED)

    def judge(self, case: Case, route: str) -> Outcome:
        case = affordable(case)
        return each(self._operand(case, route, j) for j in range(len(case.wrt)))

    def _operand(self, case: Case, mode: str, j: int) -> Outcome:
        k, smooth = case.wrt[j], smooth_together(case, case.wrt[j])
        value, allowed = case.bounded_grads()[j]
        allowed, value = np.where(smooth, allowed, np.inf), np.where(smooth, value, np.nan)
        got, first = case.grads(ordinary(case) if mode == ASKED else mode)[j], ordinary(case)
        judged, only = np.isfinite(value) & np.isfinite(allowed), "non-finite" if self.finite else "finite"
        if mode != first:  # where the two agree, the first mode's finding is all that is to be said
            eager, only = (case.plain_grads(first) if mode == ASKED else case.grads(first))[j].astype(np.float64), "all"
            eager = case.asking.summed(eager, k) if case.ask.stretched else eager
            value = apart(got, eager, np.where(judged, value, np.nan), allowed)
        saved = case.saved_grads()
        ruler = Ruler(value, allowed, lambda row, bits: case.exact_grads(row, bits)[j], basis=BACKWARD, wrt=k, cap=2)
        out = compare(case, got, replace(ruler, only=only, saved=None if saved is None else saved[j][1]))
        if mode == first and not self.finite:
            return out
        return out.marked(elements=int(judged.sum()), unjudged=int((~judged).sum()))


def affordable(case: Case) -> Case:
    """Gradients of a long case are judged on its first rows."""
    size = max(x[0].size for x in case.inputs)
    rows = max(2, min(case.rows, MOST // size))
    # kept with the answers, as it has its own; a case that kept itself would be a circle, and its arrays stay
    return case if rows == case.rows else case.answered(("few", *case.scope), lambda: case.take(slice(0, rows)))


def own_rounding(terms: int, size: Array) -> Array:
    """What a law's own float64 sum of products may lose: to rounding, and below the smallest subnormal."""
    return (terms + 2) * (2.0**-52 * size + 2.0**-1073)


@dataclass(frozen=True)
class GradientSum(Law):
    """An invariant function has a gradient that sums to a constant: f(x + c) = f(x) gives 0."""

    total: float = 0.0
    family: ClassVar[str] = "gradient"
    claim: ClassVar[str] = "the entries of the gradient add up as the invariance of the function demands"

    def routes(self, concept: Concept, target: Target) -> tuple[str, ...]:
        return EAGER if differentiated(concept, target) else ()

    def judge(self, case: Case, route: str) -> Outcome:
        case = affordable(case).unit() if self.total else affordable(case)
        got = case.grads(ordinary(case))[0].astype(np.float64)
        allowed = case.widest_grads()[0]
        sums, size = np.sum(got, axis=-1), np.sum(np.abs(got), axis=-1)
        slack = np.sum(allowed, axis=-1) * (1 + 2.0**-40) + own_rounding(got.shape[-1], size)
        return related(case, sums, np.full(sums.shape, self.total), slack, calls=_calls(case), scale=size)


@dataclass(frozen=True)
class Euler(Law):
    """f homogeneous of degree d: <grad f(x), x> = d f(x)."""

    degree: int = 1
    family: ClassVar[str] = "gradient"
    claim: ClassVar[str] = "Euler's identity: the gradient along x is the degree times the function"

    def routes(self, concept: Concept, target: Target) -> tuple[str, ...]:
        return EAGER if differentiated(concept, target) and not concept.result else ()

    def judge(self, case: Case, route: str) -> Outcome:
        case = affordable(case).unit()
        x, got = case.inputs[0].astype(np.float64), case.grads(ordinary(case))[0].astype(np.float64)
        axes = tuple(range(1, x.ndim))
        with np.errstate(all="ignore"):
            left, size = np.sum(x * got, axis=axes), np.sum(np.abs(x * got), axis=axes)
            slack = np.sum(np.abs(x) * case.bounded_grads()[0][1], axis=axes) * (1 + 2.0**-40)
            slack = slack + self.degree * case.bounded()[1] + own_rounding(x[0].size, size)
            right = self.degree * case.got().astype(np.float64)
        return related(case, left, right, slack, calls=_calls(case), scale=size)
