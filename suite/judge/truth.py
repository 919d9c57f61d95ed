"""The truth of a concept as a value: a formula, equations, or nothing that is known.

A truth takes operands, options and bits, never a case. What it gives are enclosures: of results, of residuals, of
derivatives; who asks raises the precision until they decide (:mod:`suite.judge.certify`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from flint import arb

from suite.arithmetic import Balls, Dual, Variable, backward
from suite.arithmetic.implicit import adjoint, solution
from suite.arithmetic.limits import Limit, limits
from suite.floats import Array, Format, precision
from suite.judge import bound
from suite.judge.problem import Bounded, Options, Problem
from suite.record import Special, Text, Truth

Cells = Any  # an object array of balls


def lifted(operands: Sequence[Any]) -> list[Any]:
    """Operands as balls; labels stay."""
    return [x if isinstance(x, Balls) or x.dtype.kind in "iu" else Balls(x) for x in operands]


def floats(operands: Sequence[Array]) -> list[Array]:
    """Operands in float64; labels stay."""
    return [x if x.dtype.kind in "iu" else x.astype(np.float64) for x in operands]


@dataclass(frozen=True)
class Formula(Truth):
    """The textbook formula: ``text`` is plain NumPy along the last axis; run on balls, it encloses each entry.

    ``kinks``: points of an elementwise function where it has no derivative; ``smooth`` (operand, options) tells the
    entries at which one of many variables has one. ``specials``: declared values at special arguments (IEEE 754, C's
    Annex F). ``extended``: at infinite arguments the value is the limit of the formula. ``masks``: -inf entries are
    legal. ``exact``: IEEE 754 requires the correctly rounded result. ``real``: false where the function is of floats,
    not of real numbers (the next float), and the formula only close to it.
    """

    text: Text
    kinks: tuple[float, ...] = ()
    smooth: Callable[..., Array] | None = None
    specials: tuple[Special, ...] = ()
    extended: bool = True
    masks: bool = False
    exact: bool = False
    real: bool = True

    encloses: ClassVar[bool] = True  # type: ignore[misc]  # of the kind of truth, no field of the value
    differentiates: ClassVar[bool] = True  # type: ignore[misc]

    def results(self, operands: Sequence[Any], options: Options) -> tuple[Any, ...]:
        """The text in the arithmetic of the operands: one entry for each result."""
        found = self.text(*operands, **options)
        return found if isinstance(found, tuple) else (found,)

    def enclose(self, operands: Sequence[Any], options: Options, bits: int) -> tuple[Cells, ...]:
        """An enclosure of every entry of each result, by ball arithmetic at this precision."""
        with precision(bits):
            return tuple(y.a for y in self.results(lifted(operands), options))

    def gradient(
        self, operands: Sequence[Any], options: Options, cotangent: Array, wrt: Sequence[int], bits: int
    ) -> list[Cells]:
        """The cotangents of some operands, by reverse mode over balls through the definition."""
        with precision(bits):
            leaves = [Variable(x) if isinstance(x, Balls) else x for x in lifted(operands)]
            (y,) = self.results(leaves, options)
            seed = Balls(np.broadcast_to(cotangent.astype(np.float64), y.shape).copy())
            found = backward(y, seed, [leaves[k] for k in wrt])
            zero = [np.full(leaves[k].shape, arb(0), dtype=object) for k in wrt]
            return [z if g is None else g.a for g, z in zip(found, zero, strict=True)]

    def bounds(self, problem: Problem) -> tuple[Bounded, ...]:
        """By running error through every sound algorithm."""
        return bound.required(problem)

    def bounded_gradients(self, problem: Problem, cotangent: Array) -> list[Bounded]:
        """By running error through every sound backward formula."""
        concept = problem.concept
        return bound.gradients(problem, (concept.backward, *concept.freedom.derivatives), cotangent)

    def second(
        self, operands: Sequence[Any], options: Options, cotangent: Array, k: int, direction: Array, bits: int
    ) -> Cells:
        """The derivative along ``direction`` of the gradient in operand k: reverse mode over dual numbers of balls."""
        with precision(bits):
            given = lifted(operands)
            given[k] = Variable(Dual(given[k], Balls(direction)))
            (y,) = self.results(given, options)
            seed = Balls(np.broadcast_to(cotangent.astype(np.float64), y.shape).copy())
            (found,) = backward(y, Dual(seed), [given[k]])
            return found.tangent.a if found is not None else Balls(np.zeros(direction.shape)).a

    def limit(self, operands: Sequence[Array], options: Options) -> list[Limit]:
        """The value at infinite arguments: the limit, entry by entry, where there is one."""
        return limits(self.text, operands, **options)

    def plain(self, operands: Sequence[Array], options: Options) -> Array:
        """The text in float64, NaN and infinities as they come."""
        return np.asarray(self.results(floats(operands), options)[0], np.float64)


@dataclass(frozen=True)
class Claim:
    """What a right result satisfies: residual <= scale, both enclosed."""

    name: str
    residual: arb
    scale: arb


@dataclass(frozen=True)
class Equations(Truth):
    """What defines a result where there is no formula to run: a factorisation, an eigenproblem, a linear system.

    ``claims`` (inputs, outputs, format, **options) evaluates backward errors of one row at the working precision.
    ``residual`` (*operands, *outputs, **options) is plain NumPy, 0 at the exact results: they are enclosed by an
    interval Newton step, and differentiated implicitly. ``sensitivity`` (problem, cotangent) gives value and bound of
    each derivative. ``formula`` is the formula beside the equations where there is one (a determinant).
    """

    claims: Callable[..., Sequence[Claim]]
    residual: Text | None = None
    sensitivity: Callable[[Problem, Array], list[Bounded]] | None = None

    certifies: ClassVar[bool] = True  # type: ignore[misc]

    @property
    def differentiates(self) -> bool:  # type: ignore[override]
        """Where the residual is given, and how the results depend on rounding."""
        return self.residual is not None and self.sensitivity is not None

    def certify(
        self, operands: Sequence[Array], outputs: Sequence[Array], fmt: Format, options: Options
    ) -> Sequence[Claim]:
        """The claims about one row of results, at the working precision."""
        return self.claims(floats(operands), floats(outputs), fmt, **options)

    def gradient(
        self, operands: Sequence[Any], options: Options, cotangent: Array, wrt: Sequence[int], bits: int
    ) -> list[Cells]:
        """dF = 0 solved for the outputs: with F_x^T l = g the cotangent of an operand p is -F_p^T l."""
        assert self.residual is not None
        residual = self.residual
        with precision(bits):
            given = lifted(operands)

            def equation(*xs: Any) -> Any:
                return residual(*xs, **options)

            x = solution(equation, given, np.shape(cotangent))
            return adjoint(equation, given, x, Balls(cotangent), wrt)

    def bounds(self, problem: Problem) -> tuple[Bounded, ...]:
        """The reference's results; how far others may be is said by the claims."""
        return bound.unbounded(problem)

    def bounded_gradients(self, problem: Problem, cotangent: Array) -> list[Bounded]:
        """As the declaration derives them."""
        assert self.sensitivity is not None
        return self.sensitivity(problem, cotangent)


@dataclass(frozen=True)
class Unknown(Truth):
    """A person's own function: only the laws that need no oracle apply."""

    def bounds(self, problem: Problem) -> tuple[Bounded, ...]:
        """Nothing is promised."""
        return bound.unbounded(problem)
