"""The target's own derivative against the exact derivative of the definition."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from flint import arb

from suite.arithmetic import Balls, Variable, backward
from suite.floats import Array, precision
from suite.judge.case import Case
from suite.judge.certify import entry
from suite.judge.compare import compare, each, related, worst
from suite.judge.outcome import Outcome, Refutation, region_of
from suite.laws.algebra import _calls
from suite.laws.law import EAGER, Law, differentiated
from suite.record import Concept
from suite.targets.protocol import Target
from suite.verdict import Severity


def off_kinks(case: Case, k: int) -> Array:
    """Entries at which the function is differentiable in operand k."""
    x = case.inputs[k].astype(np.float64)
    smooth = ~np.isin(x, case.concept.kinks)
    return smooth if case.concept.smooth is None else smooth & case.concept.smooth(x, **case.options)


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
        if not differentiated(concept, target) or concept.definition is None:
            return ()
        modes = tuple(way.name for way in target.ways if not way.forward)
        return modes[:1] if self.finite else modes

    def judge(self, case: Case, route: str) -> Outcome:
        case = affordable(case)
        saved = case.saved_grads() if case.concept.saved is not None else None
        return each(self._operand(case, route, j, saved) for j in range(len(case.wrt)))

    def _operand(self, case: Case, mode: str, j: int, saved: Any) -> Outcome:
        k = case.wrt[j]
        value, allowed = case.bounded_grads()[j]
        allowed = np.where(off_kinks(case, k), allowed, np.inf)
        got, first = case.grads(mode)[j], case.target.ways[0].name
        value = np.where(off_kinks(case, k), value, np.nan)
        judged, only = np.isfinite(value) & np.isfinite(allowed), "non-finite" if self.finite else "finite"
        if mode != first:  # where the first mode is off too, this is its finding; where the two agree, all is said
            eager, only = case.grads(first)[j].astype(np.float64), "all"
            with np.errstate(all="ignore"):
                judged = judged & (np.abs(eager - value) <= allowed)
            value = np.where(judged & (eager != got.astype(np.float64)), value, np.nan)
        out = compare(
            case,
            got,
            value,
            allowed,
            lambda row, bits: case.exact_grads(row, bits)[j],
            basis="running error of the backward",
            wrt=k,
            only=only,
            saved=None if saved is None else saved[j][1],
            cap=2,
        )
        if mode == first and not self.finite:
            return out
        return out.marked(elements=int(judged.sum()), unjudged=int((~judged).sum()))


def affordable(case: Case) -> Case:
    """Gradients of an unbatched or long case are judged on its first rows."""

    def few() -> Case:
        size = max(x[0].size for x in case.inputs)
        rows = max(2, min(case.rows, 16384 // size))
        return case if rows == case.rows else case.take(slice(0, rows))

    return case.derived("few", few)


@dataclass(frozen=True)
class Forward(Law):
    """Forward mode gives the same entry of the Jacobian as the exact reverse mode does."""

    family: ClassVar[str] = "gradient"
    claim: ClassVar[str] = "forward mode gives the derivative, within the bound of the backward formula"

    def routes(self, concept: Concept, target: Target) -> tuple[str, ...]:
        if not differentiated(concept, target) or concept.definition is None:
            return ()
        return tuple(way.name for way in target.ways if way.forward and way.order == 1)

    def judge(self, case: Case, route: str) -> Outcome:
        case = affordable(case)
        j = case.recipe.seed % len(case.wrt)
        k = case.wrt[j]
        shape, out = case.inputs[k].shape[1:], case.value.shape[1:]
        rng = case.rng("forward")
        here: tuple[int, ...] = ()
        there: tuple[int, ...] = ()
        if not case.concept.elementwise:
            here, there = tuple(int(rng.integers(n)) for n in shape), tuple(int(rng.integers(n)) for n in out)
        seed: Array = np.zeros((case.rows, *out))
        tangent: Array = np.zeros(case.inputs[k].shape)
        seed[:, *there] = tangent[:, *here] = 1.0
        unit = case.seeded(seed)
        axis = {"axis": -1} if case.concept.has_axis else {}
        call, apart = case.concept.call_name, not case.concept.batched
        (pushed,) = case.target.derive(
            route,
            call,
            case.inputs,
            [k],
            {**axis, **case.options},
            tangent=tangent.astype(case.format.dtype),
            apart=apart,
        )
        got = pushed[(slice(None), *there)]
        value, allowed = (v[(slice(None), *here)] for v in unit.bounded_grads()[j])
        smooth = off_kinks(case, k)[(slice(None), *here)]
        # a tangent meets every entry: one that may overflow spoils the sum, and is no promise
        whole = unit.bounded_grads()[j]
        axes = tuple(range(1, whole[1].ndim))
        with np.errstate(all="ignore"):
            safe = np.all(np.abs(whole[0]) + whole[1] < case.format.max, axis=axes)
            eager = case.target.derive(
                case.target.ways[0].name,
                call,
                case.inputs,
                case.wrt,
                {**axis, **case.options},
                cotangent=unit.cotangent,
                apart=apart,
            )[j].astype(np.float64)[(slice(None), *here)]
            off = np.abs(eager - value)
            # in float64 the value beside the bound is no truer than the bound: reverse mode's own bits, near the
            # bound, are for the gradient law to judge
            same = (got.astype(np.float64) == eager) & (2 * off > allowed)
            smooth = smooth & safe & (off <= allowed) & ~same
            outputs = tuple(range(1, case.value.ndim))
            smooth = smooth & np.all(
                np.isfinite(case.bounded()[1]) & (np.abs(case.value) < case.format.max), axis=outputs
            )
            allowed = np.fmax(allowed, unit.forward_bound(k, tangent, (slice(None), *there)))
        saved = unit.saved_grads()[j][1][(slice(None), *here)] if case.concept.saved is not None else None
        return compare(
            unit,
            got,
            np.where(smooth, value, np.nan),
            np.where(smooth, allowed, np.inf),
            lambda row, bits: entry(unit.exact_grads(row, bits)[j], here),
            basis="running error of the backward",
            wrt=k,
            saved=saved,
            cap=2,
        )


def with_origin(case: Case) -> Case:
    """With a row of zeros, where many functions of several variables have their kink."""
    (x, *others) = case.inputs
    if not x.reshape(len(x), -1).any(axis=1).all():
        return case
    return case.at(np.concatenate([np.zeros_like(x[:1]), x[1:]]), *others)


@dataclass(frozen=True)
class Kink(Law):
    """At a kink the derivative is an element of the Clarke subdifferential (a declared convention)."""

    family: ClassVar[str] = "gradient"
    claim: ClassVar[str] = "at a kink the derivative lies between the one-sided derivatives"

    def routes(self, concept: Concept, target: Target) -> tuple[str, ...]:
        kinks = (concept.kinks and concept.elementwise) or concept.smooth is not None
        return EAGER if kinks and differentiated(concept, target) else ()

    def judge(self, case: Case, route: str) -> Outcome:
        return self._points(case) if case.concept.elementwise else self._entries(case)

    def _entries(self, case: Case) -> Outcome:
        """Of a function of many variables it is only asked that there is one: it is Lipschitz, so a set is there."""
        case = affordable(with_origin(case))
        got, bent = case.grads(case.target.ways[0].name)[0].astype(np.float64), ~off_kinks(case, 0)
        finite = np.isfinite(case.value).reshape(case.rows, *(1,) * (got.ndim - 1))
        lost = worst((bent & finite & np.isnan(got)).astype(float), 1)
        return each(self._lost(case, i[0], i[1:]) for i in lost).marked(cases=1, elements=int((bent & finite).sum()))

    @staticmethod
    def _lost(case: Case, row: int, index: tuple[int, ...]) -> Outcome:
        exact, region = "exact (Clarke subdifferential)", region_of(case, np.array([row]))
        ends = ("a subgradient", "a subgradient")
        found = Refutation(case, row, index, Severity.WRONG, "nan", ends, "0x0p+0", exact, np.inf, np.inf, wrt=0)
        return Outcome(refuted=(found,), region=region)

    def _points(self, case: Case) -> Outcome:
        kinks = [k for k in case.concept.kinks if case.format.round(np.array(k)).astype(np.float64) == k]
        at = case.at(np.array(kinks * 5, case.format.dtype)).unit()
        got = at.grads(at.target.ways[0].name)[0].astype(np.float64)
        return each(self._one(at, r, float(got[r])) for r in range(at.rows)).marked(cases=1)

    def _one(self, case: Case, row: int, got: float) -> Outcome:
        with precision(2400):
            x = arb(float(case.inputs[0][row]))
            sides = [self._slope(case, x + step) for step in (-(arb(2) ** -1100), arb(2) ** -1100)]
            low, high = (sides[0].min(sides[1]), sides[0].max(sides[1]))
            slack = arb(float(case.format.ulp(np.float64(max(abs(float(low.mid())), abs(float(high.mid()))))))) * 4
            if got == got and low - slack <= arb(got) <= high + slack:
                return Outcome(elements=1, basis="exact (Clarke subdifferential)")
            found = Refutation(
                case,
                row,
                (),
                Severity.WRONG if got != got else Severity.CONVENTION,
                got.hex(),
                (low.lower().str(20, radius=False), high.upper().str(20, radius=False)),
                "0x0p+0",
                "exact (Clarke subdifferential)",
                np.inf,
                np.inf,
                wrt=0,
            )
        return Outcome(elements=1, refuted=(found,), region=region_of(case, np.array([row])))

    @staticmethod
    def _slope(case: Case, x: arb) -> arb:
        assert case.concept.definition is not None
        cell = np.empty(1, dtype=object)
        cell[0] = x
        v = Variable(Balls(cell))
        y = case.concept.definition(v, **case.options)
        (g,) = backward(y, Balls(np.ones(1)), [v])
        return arb(0) if g is None else g.a[0]


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
        got = case.grads(case.target.ways[0].name)[0].astype(np.float64)
        allowed = case.bounded_grads()[0][1]
        if case.concept.saved is not None:
            allowed = np.maximum(allowed, case.saved_grads()[0][1])
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
        x, got = case.inputs[0].astype(np.float64), case.grads(case.target.ways[0].name)[0].astype(np.float64)
        axes = tuple(range(1, x.ndim))
        with np.errstate(all="ignore"):
            left, size = np.sum(x * got, axis=axes), np.sum(np.abs(x * got), axis=axes)
            slack = np.sum(np.abs(x) * case.bounded_grads()[0][1], axis=axes) * (1 + 2.0**-40)
            slack = slack + self.degree * case.bounded()[1] + own_rounding(x[0].size, size)
            right = self.degree * case.got().astype(np.float64)
        return related(case, left, right, slack, calls=_calls(case), scale=size)
