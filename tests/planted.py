"""Planted bugs: right functions with one subtle thing wrong, each with the law that must refute it.

Two makers cover most laws. `off` returns the exact value plus a multiple of the bound that the
suite itself requires, so that "within 8 times the bound" is true by construction; `nudged` moves
some results by one unit in the last place, for the laws that hold bit for bit. The rest are bugs
that libraries really had (the numbers are those of their trackers).
"""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import numpy as np

import reference as ref
from reference.shapes import fold, spread
from suite.arithmetic import RunningError, Standard
from suite.case import Case
from suite.concepts import concepts
from suite.concepts.procedures import growth
from suite.floats import Array, format_of
from suite.inputs import Recipe
from suite.record import Concept
from suite.targets.frameworks import NumPy
from suite.targets.library import Library

Function = Callable[..., Any]


@dataclass(frozen=True)
class Planted:
    """A bug, and the cell that must be refuted because of it.

    ``kind`` says what sort of mistake it is, ``source`` where it comes from; ``vjp`` means that
    ``function`` replaces the derivative. ``bitwise``: the law knows no bound, and the bug is one
    ulp or the sign of a zero; ``natural``: the bug is one that was really made, of whatever size.
    """

    concept: str
    law: str
    function: Function = field(repr=False)
    kind: str = "bound"
    source: str = ""
    route: str = "eager"
    dtype: str = "float32"
    vjp: bool = False
    framework: str = "numpy"
    seed: int = 0

    @property
    def id(self) -> str:
        return f"{self.law}-{self.route}-{self.concept}-{self.dtype}-{self.kind}"

    def library(self) -> Library:
        """The right library with this one function replaced."""
        name = concepts()[self.concept].call_name
        good = right(self.framework)
        functions, vjps = dict(good.functions), dict(good.vjps)
        (vjps if self.vjp else functions)[name] = self.function
        return Library("planted", good.framework, functions, vjps)


def right(framework: str = "numpy") -> Library:
    """The reference, or torch as it is."""
    names = {c.call_name for c in concepts().values()}
    if framework == "torch":
        import suite.targets.torch as module
        from suite.targets.frameworks import Torch

        return Library("right", Torch(), {n: getattr(module, n) for n in names if hasattr(module, n)})
    vjps = {n: getattr(ref, f"{n}_vjp") for n in names if hasattr(ref, f"{n}_vjp")}
    return Library("right", NumPy(), {n: getattr(ref, n) for n in names if hasattr(ref, n)}, vjps)


# -- the error of a multiple of the bound


def plus(operands: tuple[Array, ...], value: Array) -> Array:
    return np.ones(value.shape)


def outward(operands: tuple[Array, ...], value: Array) -> Array:
    return np.where(value < 0, -1.0, 1.0)


def coin(operands: tuple[Array, ...], value: Array) -> Array:
    """A sign for each entry that depends on the bits of all the operands: repeatable, and without symmetry."""
    return generator(operands).choice([-1.0, 1.0], value.shape)


def generator(operands: tuple[Array, ...]) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(b"".join(np.ascontiguousarray(x).tobytes() for x in operands)))


def always(*operands: Array, **options: Any) -> bool:
    return True


def case_of(concept: Concept, operands: tuple[Array, ...], options: Mapping[str, Any]) -> Case:
    """The case that these operands are, with the batch axis first and the acting axis last."""
    axis = options.get("axis", -1)
    if concept.elementwise:
        operands = tuple(np.ravel(x) for x in np.broadcast_arrays(*operands))
    elif concept.has_axis:
        operands = tuple(np.ascontiguousarray(fold(x, axis)) for x in operands)
    elif not concept.batched:
        operands = tuple(x[None] for x in operands)
    own = {k: v for k, v in options.items() if k not in ("axis", "keepdims", "cotangent")}
    dtype = next(x.dtype for x in operands if x.dtype.kind not in "iu")
    return Case(concept, format_of(dtype), right(), operands, Recipe((), concept.options.index(own), 0))


def laid_back(concept: Concept, result: Array, operands: tuple[Array, ...], options: Mapping[str, Any]) -> Array:
    """The result of such a case in the shape that the caller expects."""
    axis = options.get("axis", -1)
    if concept.elementwise:
        return result.reshape(np.broadcast_shapes(*(x.shape for x in operands)))
    if concept.has_axis and concept.result:
        return np.moveaxis(result, -1, axis)
    if concept.has_axis:
        return spread(result, operands[0], axis) if options.get("keepdims") else result
    return result if concept.batched else result[0]


def off(name: str, times: float = 4.0, sign: Function = plus, when: Function = always) -> Function:
    """The concept's value plus ``times`` its required bound, with a sign, where ``when`` says so."""
    concept = concepts()[name]
    good = getattr(ref, concept.call_name)

    @wraps(good)
    def wrong(*operands: Array, **options: Any) -> Array:
        if not when(*operands, **options):
            return good(*operands, **options)
        case = case_of(concept, operands, options)
        with np.errstate(all="ignore"):
            value, allowed = case.bounded()
            worse = case.format.round(value + times * allowed * sign(operands, value)).astype(np.float64)
            plain = good(*case.inputs, **({"axis": -1} if concept.has_axis else {}), **case.options)
            judged = np.isfinite(value) & np.isfinite(allowed) & np.isfinite(worse)
            result = np.where(judged, worse, np.asarray(plain).astype(np.float64)).astype(case.format.dtype)
        return laid_back(concept, result, operands, options)

    return wrong


def off_vjp(name: str, times: float = 4.0, sign: Function = plus, operand: int = 0) -> Function:
    """The derivative by one operand plus ``times`` its required bound."""
    concept = concepts()[name]

    def wrong(*operands: Array, cotangent: Array, **options: Any) -> tuple[Array, ...]:
        case = case_of(concept, operands, options)
        case.memo["cotangent"] = cotangent if concept.batched else cotangent[None]
        out = []
        with np.errstate(all="ignore"):
            good = getattr(ref, f"{concept.call_name}_vjp")(*operands, **options, cotangent=cotangent)
            for j, (value, allowed) in enumerate(case.bounded_grads()):
                worse = case.format.round(value + (j == operand) * times * allowed * sign(operands, value))
                judged = np.isfinite(value) & np.isfinite(allowed) & np.isfinite(worse.astype(np.float64))
                if not concept.batched:
                    judged, worse = judged[0], worse[0]
                out.append(np.where(judged, worse, good[case.wrt[j]]).astype(case.format.dtype))
        return tuple(out)

    return wrong


def nudged(name: str, share: float = 1 / 16) -> Function:
    """The reference, with a share of its results (picked by the bits of the operands) one ulp too large."""
    good = getattr(ref, concepts()[name].call_name)

    @wraps(good)
    def wrong(*operands: Array, **options: Any) -> Array:
        y = np.asarray(good(*operands, **options))
        return np.where(generator(operands).random(y.shape) < share, np.nextafter(y, np.array(np.inf, y.dtype)), y)

    return wrong
