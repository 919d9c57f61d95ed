"""Tier 1: a value and the error that every sound algorithm keeps, whole arrays at once, by running error."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from suite.arithmetic import Dual, RunningError, Standard
from suite.floats import Array
from suite.judge.asking import Asking
from suite.judge.problem import Bounded, Problem
from suite.record import Text


def as_running(result: Any, standard: Standard) -> RunningError:
    return result if isinstance(result, RunningError) else RunningError(result, standard)


def as_tuple(result: Any) -> tuple[Any, ...]:
    return result if isinstance(result, tuple) else (result,)


def texts(p: Problem) -> tuple[Text, ...]:
    """Every sound algorithm for the value."""
    return (p.concept.reference, *p.concept.freedom.alternatives)


def required(p: Problem) -> tuple[Bounded, ...]:
    """Value and required bound of each result: the largest running error among all sound algorithms."""
    freedom, standard = p.concept.freedom, p.required(p.concept.freedom.fused)
    found = list(largest(p, texts(p), standard))
    if freedom.bound is not None:
        inputs = [x.astype(np.float64) if x.dtype.kind not in "iu" else x for x in p.inputs]
        value, error = found[0]
        found[0] = value, freedom.bound(inputs, value, error, standard, **p.options)
    if not freedom.fused and p.format.half:  # computing in binary32 and rounding once is allowed as well
        single = largest(p, (p.concept.reference,), p.required(True))
        found = [(v, np.maximum(e, rounded_once(p, v, s))) for (v, e), (_, s) in zip(found, single, strict=True)]
    return tuple((v, rounded_once(p, v, e)) for v, e in found) if freedom.fused else tuple(found)


def unbounded(p: Problem) -> tuple[Bounded, ...]:
    """The reference's results in float64, and no bound at all."""
    wide = [x if x.dtype.kind in "iu" else x.astype(np.float64) for x in p.inputs]
    with np.errstate(all="ignore"):
        found = [np.asarray(y, np.float64) for y in as_tuple(p.concept.reference(*wide, **p.keywords))]
    return tuple((y, np.full(y.shape, np.inf)) for y in found)


def lenient(p: Problem, value: Array) -> Array | None:
    """The bound of the algorithms that are in wide use, though a better one costs no more; None if none."""
    if not p.concept.freedom.lenient:
        return None
    ((_, error),) = largest(p, p.concept.freedom.lenient, p.required(p.concept.freedom.fused))
    return rounded_once(p, value, error)


def ideal(p: Problem) -> tuple[Array, ...]:
    """The bound of the best algorithm of ordinary cost, for the report."""
    found = largest(p, (p.concept.reference,), Standard.ideal(p.format))
    return tuple(rounded_once(p, value, error) for value, error in found)


def largest(p: Problem, texts: Sequence[Text], standard: Standard) -> tuple[Bounded, ...]:
    """Of each result the value by the first text, and the largest running error among all."""
    with np.errstate(all="ignore"):
        runs = [as_tuple(text(*p.lifted(standard), **p.keywords)) for text in texts]
        return tuple(_worst([as_running(r, standard) for r in results]) for results in zip(*runs, strict=True))


def _worst(runs: Sequence[RunningError]) -> Bounded:
    errors = [np.where(np.isnan(r.error), np.inf, r.error) for r in runs]
    return runs[0].value, np.maximum.reduce([np.broadcast_to(e, runs[0].shape) for e in errors])


def rounded_once(p: Problem, value: Array, error: Array) -> Array:
    """A binary32 result rounded once into a sixteen-bit format: half an ulp more."""
    if not p.format.half:
        return error
    with np.errstate(invalid="ignore", over="ignore"):
        size = np.where(np.isfinite(error), np.abs(value) + error, np.inf)
        final = 0.5 * p.format.ulp(size)
        return (np.maximum(final, p.format.tiny) if p.flush else final) + error


# -- derivatives


def summed(p: Problem, asking: Asking, operand: int, value: Array, error: Array) -> Bounded:
    """The sum over the rows that share an entry of a broadcast operand: n - 1 additions, rounded once at the end."""
    standard, terms = p.required(), len(asking.together(0, operand))
    with np.errstate(all="ignore"):
        total, spread = asking.summed(value, operand), asking.summed(error, operand)
        size = asking.summed(np.abs(value) + error, operand)
        rounding = standard.terms(terms) * standard.reduce_u * size + standard.format.u * (np.abs(total) + spread)
        found = (spread + rounding) * (1 + 2.0**-40) + standard.eta
    # what is added on the way may be larger than the sum: beyond a quarter of the largest number nothing is promised
    safe = np.isfinite(found) & (size < p.format.max / 4)
    return total, np.where(safe, found, np.inf) if terms > 1 else error


def gradients(p: Problem, texts: Sequence[Text | None], cotangent: Array) -> list[Bounded]:
    """(value, bound) per differentiable operand, by backward formulas: the largest error among them."""
    standard = p.required()
    out: list[Bounded] = []
    with np.errstate(all="ignore"):
        runs = []
        for text in texts:
            assert text is not None
            runs.append(_seeded(p, text, standard, cotangent))
            # a library may form the derivative first and seed it last, or have the seed in every product on the way
            if not p.concept.result and np.any(cotangent != 1):
                runs.append(_seeded_last(p, text, standard, cotangent))
            if p.concept.elementwise and np.any(np.abs(cotangent) < 1):
                small = np.where(cotangent == 0, 1.0, np.minimum(np.abs(cotangent), 1.0)).astype(np.float64)
                runs.append(_seeded_last(p, text, replace(standard, scale=small), cotangent))
        for k, operand in enumerate(p.wrt):
            shape = p.inputs[operand].shape
            errors = [np.broadcast_to(np.where(np.isnan(r[k].error), np.inf, r[k].error), shape) for r in runs]
            out.append((np.broadcast_to(runs[0][k].value, shape), np.maximum.reduce(errors)))
    return out


def _seeded(p: Problem, text: Text, standard: Standard, cotangent: Array) -> list[RunningError]:
    results = text(*p.lifted(standard), **p.keywords, cotangent=RunningError(cotangent, standard))
    return [as_running(r, standard) for r in results]


def _seeded_last(p: Problem, text: Text, standard: Standard, cotangent: Array) -> list[RunningError]:
    ones = _seeded(p, text, standard, np.ones_like(cotangent))
    rounding = replace(standard, scale=1.0)
    found = (RunningError(r.value, rounding, r.error) for r in ones)
    return [r * RunningError(_rowwise(cotangent, r.shape), rounding) for r in found]


def _rowwise(cotangent: Array, shape: tuple[int, ...]) -> Array:
    """One number a row, against an operand of this shape."""
    return cotangent.astype(np.float64).reshape(-1, *(1,) * (len(shape) - 1))


def forward(p: Problem, k: int, tangent: Array, index: tuple[Any, ...]) -> Array:
    """The running error of forward mode through the reference: dual numbers over running errors."""
    standard = p.required()
    lifted = p.lifted(standard)
    lifted[k] = Dual(lifted[k], RunningError(tangent, standard))
    with np.errstate(all="ignore"):
        errors = [_tangent_error(text, lifted, index, p.keywords) for text in texts(p)]
        return np.maximum.reduce(np.broadcast_arrays(*errors))


def _tangent_error(text: Callable[..., Any], lifted: Sequence[Any], index: Any, keywords: Mapping[str, Any]) -> Array:
    """The error bound of a tangent; nothing where the text does not run on dual numbers."""
    try:
        run = text(*lifted, **keywords)
    except (TypeError, AttributeError, NotImplementedError):
        return np.zeros(())
    if not isinstance(run, Dual):
        return np.zeros(())
    return np.where(np.isnan(run.tangent.error), np.inf, run.tangent.error)[index]
