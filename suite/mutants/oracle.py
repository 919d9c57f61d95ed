"""The oracle as a library: the definition in balls, rounded once."""

from collections.abc import Callable
from typing import Any

import numpy as np
from flint import arb, ctx

from suite.arithmetic import Undecided
from suite.floats import Array, Format, precision
from suite.mutants.makers import Function, right
from suite.mutants.rows import Call
from suite.record import Concept


def oracle(concept: Concept) -> Function:
    """The exact value, correctly rounded."""
    truth, kept = concept.truth, Kept()

    def value(*operands: Array, **options: Any) -> Array:
        call = Call(concept, operands, options)
        case = call.case(right())
        (like,) = case.call(case.inputs)

        def balls(*rows: Array) -> Array:
            return truth.enclose(rows, case.options, ctx.prec)[0]

        found = rounded(case.inputs, balls, like, case.format, kept.of(case.recipe.option, like.dtype))
        return call.result(found)

    return value


def oracle_vjp(concept: Concept) -> Function:
    """The exact derivative, by reverse mode over the definition, correctly rounded."""
    truth, kept = concept.truth, Kept()

    def vjp(*operands: Array, cotangent: Array, **options: Any) -> tuple[Array, ...]:
        call = Call(concept, operands, options)
        seed = call.seed(cotangent)
        case, out = call.case(right()).seeded(seed), []
        for k, like in zip(case.wrt, case.grads("vjp"), strict=True):

            def balls(g: Array, *rows: Array, k: int = k) -> Array:
                return truth.gradient(rows, case.options, g, [k], ctx.prec)[0]

            exact = rounded((seed, *case.inputs), balls, like, case.format, kept.of(case.recipe.option, like.dtype, k))
            # a definition may be made of kinks that cancel at 0: max(x, 0) - log1p(e^-|x|)
            exact = np.where(np.isin(case.inputs[k].astype(np.float64), (0.0, *truth.kinks)), like, exact)
            out.append(call.derivative(k, exact))
        return tuple(out)

    return vjp


class Kept(dict[Any, dict[bytes, Array]]):
    """Rows that balls have settled: the laws of an audit ask for the same ones time and again."""

    def of(self, *what: object) -> dict[bytes, Array]:
        if sum(map(len, self.values())) > 20_000:
            self.clear()
        return self.setdefault(what, {})


def rounded(
    rows: tuple[Array, ...], balls: Callable[..., Array], like: Array, fmt: Format, kept: dict[bytes, Array]
) -> Array:
    """The rounding of ``balls(*rows)`` where the rows are finite and decide it, else ``like``."""
    out = np.array(like)
    if max(x[0].size for x in rows) > 300:  # balls by the ten thousand take too long here
        return out
    usable = np.logical_and.reduce([np.isfinite(x.astype(np.float64)).reshape(len(x), -1).all(axis=1) for x in rows])
    shapes = repr([x.shape[1:] for x in rows]).encode()
    keys = {int(r): b"".join((shapes, *(x[r].tobytes() for x in rows))) for r in np.flatnonzero(usable)}
    new = [r for r, key in keys.items() if key not in kept]
    if new:
        found = decided(tuple(x[new] for x in rows), balls, out[new], fmt)
        kept.update((keys[r], one) for r, one in zip(new, found, strict=True))
    for r, key in keys.items():
        out[r] = kept[key]
    return out


def decided(rows: tuple[Array, ...], balls: Callable[..., Array], like: Array, fmt: Format) -> Array:
    for bits in (160, 1000):
        try:
            with precision(bits):
                found = np.broadcast_to(balls(*rows), like.shape)
                values = [nearest(b, float(v), fmt) for b, v in zip(found.ravel(), like.ravel(), strict=True)]
            return np.reshape(values, like.shape).astype(like.dtype)
        except Undecided:
            continue
    if len(like) == 1:
        return like
    one = [slice(r, r + 1) for r in range(len(like))]
    return np.concatenate([decided(tuple(x[r] for x in rows), balls, like[r], fmt) for r in one])


def nearest(ball: arb, like: float, fmt: Format) -> float:
    """Ziv's rounding; zeros have the sign of ``like``, which stands where the rounding is not decided."""
    if not ball.is_finite():
        return like
    if abs(ball) < arb(2) ** (fmt.emin - fmt.p - 1):  # less than half of the smallest subnormal
        return float(np.copysign(0.0, like))
    value = fmt.round_ball(ball)
    return like if value is None else float(np.copysign(0.0, like)) if value == 0 else value
