"""The answer does not depend on the way it is asked for: layout, axis, batch, keepdims."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from suite.floats import Array
from suite.judge.case import Case
from suite.judge.compare import Ruler, bitwise, compare, each
from suite.judge.outcome import Outcome
from suite.laws.certificate import certified
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
        if not (concept.truth.encloses or concept.truth.certifies):
            return ()
        layouts = [name for name in target.layouts if not (concept.apart and name == "expanded")]
        more = [] if concept.apart else ["single"]
        if concept.along:
            more.append("axis")
        if concept.along and "keepdims" in concept.parameters:
            more += ["keepdims", "two_axes"]
        if concept.elementwise and len(concept.operands) == 2 and "reduction" not in concept.parameters:
            more.append("broadcast")
        if not concept.apart and not concept.along and [len(core) for core in concept.cores] == [2, 2]:
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
        results = ROUTE[route](case, rows) if route in ROUTE else case.results(route)
        judged = case if isinstance(rows, slice) else case.take(rows)
        for got, shape in zip(results, judged.shapes, strict=True):
            if got.shape != shape:
                raise TargetError(
                    f"{case.target.name}.{case.concept.call_name} along route {route}: shape {got.shape}, not {shape}"
                )
        if case.concept.truth.certifies:
            return certified(judged, results)
        return each(self._result(case, judged, rows, got, k) for k, got in enumerate(results))

    @staticmethod
    def _result(case: Case, judged: Case, rows: Any, got: Array, k: int) -> Outcome:
        value, allowed = (v[rows] for v in case.bounds()[k])
        index = np.arange(case.rows)[rows]

        def exact(row: int, bits: int) -> Any:
            return case.exact(int(index[row]), bits, k)

        return beyond_eager(judged, got, case.results()[k][rows], Ruler(value, allowed, exact, output=k))

    @staticmethod
    def _broadcast(case: Case) -> Outcome:
        """(m, 1) against (1, n): the same as the two written out."""
        x, y = (v[: min(case.rows, 40)] for v in case.inputs)
        full = [np.ascontiguousarray(v) for v in np.broadcast_arrays(x[:, None], y[None, :])]
        written = case.at(*(v.ravel() for v in full))
        (got,) = case.call([x[:, None], y[None, :]])
        if got.shape != full[0].shape:
            raise TargetError(f"{case.target.name}.{case.concept.call_name}: broadcasting gave shape {got.shape}")
        value, allowed = written.bounded()
        return beyond_eager(written, got.ravel(), written.got(), Ruler(value, allowed, written.exact))


def beyond_eager(case: Case, got: Array, eager: Array, ruler: Ruler) -> Outcome:
    """Judge only where the route's result differs from the eager one: there one of them is off."""
    same = (got.astype(np.float64) == eager.astype(np.float64)) | (
        np.isnan(got.astype(np.float64)) & np.isnan(eager.astype(np.float64))
    )
    value, allowed = ruler.value, ruler.allowed
    off = replace(ruler, value=np.where(same, np.nan, value), severity=Severity.INCONSISTENT)
    out = compare(case, got, off)
    with np.errstate(all="ignore"):
        e = eager.astype(np.float64)
        eager_off = ~(np.abs(e - value) <= allowed) & ~(np.isinf(e) & (np.abs(value) + allowed >= case.format.max))
    kept = tuple(r for r in out.refuted if not eager_off[(r.row, *r.index)])
    return out.marked(
        elements=int(np.isfinite(allowed).sum()), unjudged=0, refuted=kept, region=out.region if kept else ()
    )


def bounded_size(case: Case) -> Case:
    """Routes are judged on part of a large case."""
    return case if case.rows <= 512 else case.derived("part", lambda: case.take(slice(0, 512)))


Results = tuple[Array, ...]


def _single(case: Case, rows: Any) -> Results:
    alone = [case.call([x[r : r + 1] for x in case.inputs]) for r in rows]
    return tuple(np.concatenate(column) for column in zip(*alone, strict=True))


def _axis(case: Case, rows: Any) -> Results:
    """The acting axis first of two, or third of four and named from the end."""
    first = case.recipe.seed % 2 == 0
    groups = 1 if first else next(k for k in (3, 2, 1) if case.rows % k == 0)
    split = [x.reshape(groups, -1, x.shape[-1]) for x in case.inputs]
    moved = [np.ascontiguousarray(np.swapaxes(x, -2, -1)) for x in split]
    found = case.call([x[0] for x in moved], axis=0) if first else case.call([x[None] for x in moved], axis=-2)
    pairs = zip(found, case.concept.outputs, case.shapes, strict=True)
    return tuple((np.swapaxes(y, -2, -1) if core else y).reshape(shape) for y, core, shape in pairs)


def _stack(case: Case, rows: Any) -> Results:
    return case.call([case.inputs[0][0], *case.inputs[1:]])


def _keepdims(case: Case, rows: Any) -> Results:
    (out,) = case.call(case.inputs, keepdims=True)
    if out.shape != (*case.inputs[0].shape[:-1], 1):
        raise TargetError(f"{case.target.name}.{case.concept.call_name}(keepdims=True) returned shape {out.shape}")
    return (out[..., 0],)


def _two_axes(case: Case, rows: Any) -> Results:
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
        pairs = zip(case.call(case.inputs), case.results(), strict=True)
        return each(bitwise(case, again, first, signs=True) for again, first in pairs)
