"""The answer does not depend on the way it is asked for: layout, axis, batch, keepdims."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from suite.floats import Array
from suite.judge.case import Case
from suite.judge.compare import BASIS, bitwise, compare
from suite.judge.outcome import Outcome
from suite.laws.law import Law
from suite.record import Concept
from suite.targets.protocol import Target, TargetError
from suite.verdict import Severity


@dataclass(frozen=True)
class Routes(Law):
    """Every route's result is within the bound, wherever the eager one is: else inconsistent."""

    family: ClassVar[str] = "route"
    claim: ClassVar[str] = "another layout, axis or batch gives a result within the same bound"

    def routes(self, concept: Concept, target: Target) -> tuple[str, ...]:
        if concept.definition is None:
            return ()
        layouts = [name for name in target.layouts if concept.batched or name != "expanded"]
        more = []
        if concept.batched:
            more.append("single")
        if concept.has_axis:
            more.append("axis")
        if concept.has_axis and "keepdims" in concept.parameters:
            more += ["keepdims", "two_axes"]
        if concept.elementwise and len(concept.operands) == 2 and "reduction" not in concept.parameters:
            more.append("broadcast")
        if concept.batched and not concept.has_axis and [len(core) for core in concept.cores] == [2, 2]:
            more.append("stack")
        return (*layouts, *more)

    def judge(self, case: Case, route: str) -> Outcome:
        case = bounded_size(case)
        if route == "expanded":  # one row stands for all: the answer is the first row's
            case = case.derived("expanded", lambda: case.at(*(np.broadcast_to(x[:1], x.shape) for x in case.inputs)))
        if route == "stack":  # one matrix against a stack of them
            one, rest = case.inputs[0][0], case.inputs[1:]
            case = case.derived("one", lambda: case.at(np.broadcast_to(one, case.inputs[0].shape), *rest))
        if route == "broadcast":
            return self._broadcast(case)
        rows: Any = slice(None)
        if route == "single":
            rows = np.unique(np.linspace(0, case.rows - 1, 6).astype(int))
        got = ROUTE[route](case, rows) if route in ROUTE else case.got(route)
        eager = case.got()[rows]
        if got.shape != eager.shape:
            raise TargetError(
                f"{case.target.name}.{case.concept.call_name} along route {route}: shape {got.shape}, not {eager.shape}"
            )
        value, allowed = (v[rows] for v in case.bounded())
        index = np.arange(case.rows)[rows]
        judged = case if isinstance(rows, slice) else case.take(rows)
        return beyond_eager(judged, got, eager, value, allowed, lambda row, bits: case.exact(int(index[row]), bits))

    @staticmethod
    def _broadcast(case: Case) -> Outcome:
        """(m, 1) against (1, n): the same as the two written out."""
        x, y = (v[: min(case.rows, 40)] for v in case.inputs)
        full = [np.ascontiguousarray(v) for v in np.broadcast_arrays(x[:, None], y[None, :])]
        written = case.at(*(v.ravel() for v in full))
        got = case.call([x[:, None], y[None, :]])
        if got.shape != full[0].shape:
            raise TargetError(f"{case.target.name}.{case.concept.call_name}: broadcasting gave shape {got.shape}")
        value, allowed = written.bounded()
        return beyond_eager(written, got.ravel(), written.got(), value, allowed, written.exact)


def beyond_eager(case: Case, got: Array, eager: Array, value: Array, allowed: Array, exact: Any) -> Outcome:
    """Judge only where the route's result differs from the eager one: there one of them is off."""
    same = (got.astype(np.float64) == eager.astype(np.float64)) | (
        np.isnan(got.astype(np.float64)) & np.isnan(eager.astype(np.float64))
    )
    differs = ~same
    out = compare(
        case, got, np.where(differs, value, np.nan), allowed, exact, basis=BASIS, severity=Severity.INCONSISTENT
    )
    with np.errstate(all="ignore"):
        g, e = got.astype(np.float64), eager.astype(np.float64)
        eager_off = ~(np.abs(e - value) <= allowed) & ~(np.isinf(e) & (np.abs(value) + allowed >= case.format.max))
    kept = tuple(r for r in out.refuted if not eager_off[(r.row, *r.index)])
    del g
    return out.marked(
        elements=int(np.isfinite(allowed).sum()), unjudged=0, refuted=kept, region=out.region if kept else ()
    )


def bounded_size(case: Case) -> Case:
    """Routes are judged on part of a large case."""
    return case if case.rows <= 512 else case.derived("part", lambda: case.take(slice(0, 512)))


def _single(case: Case, rows: Any) -> Array:
    return np.concatenate([case.call([x[r : r + 1] for x in case.inputs]) for r in rows])


def _axis(case: Case, rows: Any) -> Array:
    """The acting axis first of two, or third of four and named from the end."""
    first = case.recipe.seed % 2 == 0
    groups = 1 if first else next(k for k in (3, 2, 1) if case.rows % k == 0)
    split = [x.reshape(groups, -1, x.shape[-1]) for x in case.inputs]
    moved = [np.ascontiguousarray(np.swapaxes(x, -2, -1)) for x in split]
    out = case.call([x[0] for x in moved], axis=0) if first else case.call([x[None] for x in moved], axis=-2)
    return np.swapaxes(out, -2, -1).reshape(case.inputs[0].shape) if case.concept.result else out.reshape(case.rows)


def _stack(case: Case, rows: Any) -> Array:
    return case.call([case.inputs[0][0], *case.inputs[1:]])


def _keepdims(case: Case, rows: Any) -> Array:
    out = case.call(case.inputs, keepdims=True)
    if out.shape != (*case.inputs[0].shape[:-1], 1):
        raise TargetError(f"{case.target.name}.{case.concept.call_name}(keepdims=True) returned shape {out.shape}")
    return out[..., 0]


def _two_axes(case: Case, rows: Any) -> Array:
    """The reduced axis split in two, and both reduced at once."""
    n = case.inputs[0].shape[-1]
    k = next((d for d in (2, 3, 5, 7) if n % d == 0), 1)
    folded = [np.ascontiguousarray(x.reshape(*x.shape[:-1], k, n // k)) for x in case.inputs]
    return case.call(folded, axis=(-2, -1))


ROUTE = {"single": _single, "axis": _axis, "keepdims": _keepdims, "two_axes": _two_axes, "stack": _stack}


@dataclass(frozen=True)
class Repeatable(Law):
    """The same call twice gives the same bits, and leaves its operands alone."""

    family: ClassVar[str] = "route"
    claim: ClassVar[str] = "the same call twice gives the same bits"

    def judge(self, case: Case, route: str) -> Outcome:
        return bitwise(case, case.call(case.inputs), case.got(), signs=True)
