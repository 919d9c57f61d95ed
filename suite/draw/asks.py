"""How a call is made, as a value: the batch, the place of the axis, the memory of each operand, what is broadcast.

An ask says nothing of sizes, so that a smaller case can be asked alike. Its features follow from the signature; they
are drawn so that every pair of them that can stand together is met (pairwise covering, made greedily).
"""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from itertools import combinations, product

import numpy as np

from suite.record import Concept

FOLDS = (2, 3, 5, 7)  # one axis becomes two of these sizes


@dataclass(frozen=True)
class Ask:
    """How a call is made. The defaults are the plain call: one batch axis in front, the last axis named -1.

    ``rank``: batch axes; 0: each row is a call of its own. ``place``: where the axis stands among them, "last",
    "first" or "middle". ``parts``: the axis comes as so many axes, adjacent unless the place is "middle". ``named``:
    from the "end" or the "front", or "none" (axis=None). ``memory``: a layout, for the operands ``of``: "all", "first"
    or "last". ``stretched``: what is broadcast, "outer" (a column against a row), or the "first" or "last" operand
    against a batch of the others. ``shared``: the first two operands are one array. ``labels``: their type.
    """

    rank: int = 1
    place: str = "last"
    parts: int = 1
    named: str = "end"
    keepdims: bool = False
    memory: str = "contiguous"
    of: str = "all"
    stretched: str = ""
    shared: bool = False
    labels: str = "int64"

    def simpler(self) -> Iterator["Ask"]:
        """The plain ask, then this one without one of its features, for a minimiser."""
        if self != PLAIN:
            yield PLAIN
            for name, value in self.features():
                yield replace(self, **{name: value})  # type: ignore[arg-type]

    def features(self) -> Iterator[tuple[str, object]]:
        """What is not plain: (name, the plain value)."""
        for f in fields(self):
            if getattr(self, f.name) != f.default:
                yield f.name, f.default

    def told(self) -> dict[str, object]:
        """Plain data: what differs from the plain ask."""
        return {name: getattr(self, name) for name, _ in self.features()}


PLAIN = Ask()


def ask_from(told: Mapping[str, object]) -> Ask:
    """The ask that was told; unknown features are an error of the caller's."""
    return replace(PLAIN, **told)  # type: ignore[arg-type]


def choices(concept: Concept, layouts: tuple[str, ...]) -> Mapping[str, tuple[object, ...]]:
    """The values of each feature that the signature allows; the first is the plain one."""
    several, labelled = len(concept.operands) > 1, any(o.integer for o in concept.operands)
    out: dict[str, tuple[object, ...]] = {"memory": ("contiguous", *layouts)}
    if several:
        out["of"] = ("all", "first", "last")
    if not concept.apart:
        # where a loss has its classes among several axes is every library's own affair
        ranks = (1, 0) if "reduction" in concept.parameters else (1, 2, 3, 0)
        out["rank"] = (1, 2, 3, 0, 4) if concept.elementwise else ranks
    if concept.along:
        out["place"], out["named"] = ("last", "first", "middle"), ("end", "front")
        if "keepdims" in concept.parameters:
            out["parts"], out["keepdims"] = (1, 2, 3), (False, True)
        if _default(concept, "axis") is None:
            out["named"] = ("end", "front", "none")
    if folded(concept):
        out["parts"] = (1, 2, 3)
    if several and not (concept.apart or concept.along or "reduction" in concept.parameters) and _level(concept):
        # a vector against a stack of matrices could be read as one more matrix
        out["stretched"] = ("", "outer", "first", "last") if concept.elementwise else ("", "first", "last")
    if several and _alike(concept):
        out["shared"] = (False, True)
    if labelled:
        out["labels"] = ("int64", "int32")
    return out


def folded(concept: Concept) -> bool:
    """A loss that is reduced over everything takes operands of any shape."""
    one = all(len(core) == 1 for core in concept.cores) and len(concept.dims) == 1
    return concept.apart and one and "reduction" in concept.parameters and not concept.result


def _level(concept: Concept) -> bool:
    """Whether all operands have as many core axes."""
    return len({len(core) for core in concept.cores}) == 1


def _default(concept: Concept, option: str) -> object:
    return inspect.signature(concept.reference).parameters[option].default


def _alike(concept: Concept) -> bool:
    """Whether the first two operands can be one array: both reals, of one shape."""
    a, b = concept.operands[:2]
    return a.kind.real and b.kind.real and concept.cores[0] == concept.cores[1] and a.domain == b.domain


def legal(ask: Ask) -> bool:
    """Whether the features can stand together."""
    if ask.named == "none" and (ask.rank or ask.place != "last"):
        return False
    if not ask.rank and ask.parts == 1 and ask.place != "last":
        return False  # there is nothing to stand among
    if ask.place == "middle" and ask.parts == 1 and ask.rank < 2:
        return False
    if ask.stretched == "outer" and ask.rank < 2:
        return False
    if ask.stretched and (not ask.rank or ask.shared):
        return False
    if ask.of != "all" and (ask.memory == "contiguous" or ask.shared):
        return False
    return not (ask.memory == "expanded" and (ask.shared or ask.stretched))


def covering(concept: Concept, layouts: Sequence[str], seed: int) -> tuple[Ask, ...]:
    """Asks that between them have every pair of features that can stand together; none is plain."""
    return _covering(tuple(sorted(choices(concept, tuple(layouts)).items())), seed)


@cache
def _covering(features: tuple[tuple[str, tuple[object, ...]], ...], seed: int) -> tuple[Ask, ...]:
    names, rng = [n for n, _ in features], np.random.default_rng(seed)
    every = [ask_from(dict(zip(names, values, strict=True))) for values in product(*(v for _, v in features))]
    met = {a: _pairs(a, names) for a in every if legal(a)}
    due, out = set().union(*met.values()) - met[PLAIN], []
    while due:
        wanted = min(due, key=str)
        able = [a for a, pairs in met.items() if wanted in pairs]
        some = [able[int(k)] for k in rng.integers(len(able), size=min(len(able), 48))]
        best = max(some, key=lambda a: len(met[a] & due))
        due -= met[best]
        out.append(best)
    return tuple(out)


def _pairs(ask: Ask, names: Sequence[str]) -> set[tuple[tuple[str, object], tuple[str, object]]]:
    """Every two features, of a concept with one feature each value of it."""
    told = [(n, getattr(ask, n)) for n in names]
    return set(combinations(told, 2)) if len(told) > 1 else {(told[0], told[0])}
