"""What a person's function is, where its signature leaves it open: found on ordinary rows before a group is judged.

A function without an option has some value of it: the declared one that agrees with it is taken. Agreement only tells
the values apart, half of the digits on most entries; how accurate the function is the laws say.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from suite.concepts import concepts
from suite.draw.asks import PLAIN, Ask, choices
from suite.draw.ordinary import ordinary
from suite.draw.recipes import Recipe
from suite.floats import FORMATS, Format
from suite.judge.case import Case
from suite.record import Concept
from suite.targets.fitted import LAST, ROWS, Fitted
from suite.targets.library import Library
from suite.targets.protocol import CallError, Target, TargetError, Unsupported
from suite.verdict import Witness

COUNT = 24  # rows
SIZES = (6, 4, 8)  # of the core dimensions, in turn
FAILURES = (CallError, TargetError, Unsupported)


@dataclass(frozen=True)
class Settled:
    """A target whose function leaves nothing open, what of the concept it can be asked, and sentences about both."""

    target: Target
    concept: Concept
    notes: tuple[str, ...] = ()

    def asks(self, witness: Witness) -> bool:
        """Whether its options are among those that the target is asked for."""
        every = len(self.concept.options) == len(concepts()[self.concept.name].options)
        sizes = self.concept.sizes([np.empty(shape) for shape in witness.shapes])
        asked = (self.concept.given(k, sizes) for k in range(len(self.concept.options)))
        return every or dict(witness.options) in asked


def settled(target: Target, concept: Concept, dtype: str) -> Settled:
    """Another person's function as it is; a built-in library is held to every call."""
    f = target.functions.get(concept.call_name) if isinstance(target, Library) else None
    if not isinstance(target, Library) or not isinstance(f, Fitted) or f.reason:
        return Settled(target, concept)
    needed = _needed(f, concept)
    chosen = _tried(target, f, concept, needed) if needed else f
    chosen = chosen if concept.along or concept.apart else _lone(target, chosen, concept)
    chosen = replace(chosen, refused=chosen.refused | _refused(target, chosen, concept))
    found = _with(target, chosen, concept)
    able = tuple(o for o in concept.options if chosen.grants(o))
    narrowed = replace(concept, options=able) if able else concept
    return Settled(found, narrowed, (*_notes(chosen, needed), *_promotion(found, narrowed, FORMATS[dtype], chosen)))


def _with(target: Library, f: Fitted, concept: Concept) -> Library:
    """With this function in the place of its own; the derivative beside it has the same options."""
    name, vjps = concept.call_name, dict(target.vjps)
    vjp = vjps.get(name)
    if isinstance(vjp, Fitted):
        vjps[name] = replace(
            vjp, lone=f.lone, fixed={**{k: f.fixed[k] for k in vjp.lacking if k in f.fixed}, **vjp.fixed}
        )
    return replace(target, functions={**target.functions, name: f}, vjps=vjps)


# -- options that it does not take
def _family(concept: Concept) -> list[Concept]:
    """All that call the same function."""
    return [c for c in concepts().values() if c.call_name == concept.call_name]


def _needed(f: Fitted, concept: Concept) -> tuple[str, ...]:
    """The options that a concept asks for, and of which nobody has said which value the function has."""
    asked = {k for c in _family(concept) for k in (*c.along, *(k for o in c.options for k in o))}
    return tuple(k for k in f.open if k in asked)


def _tried(target: Library, f: Fitted, concept: Concept, needed: tuple[str, ...]) -> Fitted:
    """With the values that agree best, in the widest format that it takes."""
    candidates = list(_candidates(f, _family(concept), needed))
    for fmt in FORMATS.values():
        errors = [_error(_with(target, one, c), c, option, fmt) for one, c, option in candidates]
        if any(e is not None for e in errors):
            scored = [(e, k) for k, e in enumerate(errors) if e is not None]
            (_, median), k = min(scored)
            return candidates[k][0] if median <= np.sqrt(fmt.u) else replace(f, fault=_fault(candidates, needed))
    return candidates[0][0]  # it cannot do an ordinary case at all, and will say why


def _candidates(f: Fitted, family: list[Concept], needed: tuple[str, ...]) -> Iterator[tuple[Fitted, Concept, int]]:
    """The function at each value that is declared, and the concept and the set of options that have it."""
    met = []
    for c in family:
        for option, declared in enumerate(c.options):
            if declared not in c.fixed:  # what depends on a size is nothing that a function without it can have
                continue
            known = all(f.fixed[k] == v for k, v in declared.items() if k in f.fixed)
            values = {k: declared[k] for k in needed if k in declared}
            if known and values not in met:
                met.append(values)
                for axis in (LAST, ROWS) if "axis" in needed else ("",):
                    own = values if axis == "" else {**values, "axis": axis}
                    yield replace(f, fixed={**f.fixed, **own}), c, option


def _fault(candidates: list[tuple[Fitted, Concept, int]], needed: tuple[str, ...]) -> str:
    tried = [", ".join(_valued(one, k) for k in needed if k in one.fixed) for one, _, _ in candidates]
    return f"it takes no {' and no '.join(needed)}, and agrees with none of these on ordinary rows: {'; '.join(tried)}"


def _error(target: Library, concept: Concept, option: int, fmt: Format) -> tuple[float, float] | None:
    """How far its values are from the truth: in the mean and at the median; None where it gives none at all."""
    try:
        return _far(_case(target, concept, option, fmt))
    except TargetError:
        return np.inf, np.inf
    except (CallError, Unsupported):
        return None


def _case(target: Target, concept: Concept, option: int, fmt: Format) -> Case:
    sizes = {d: min(n, concept.longest.get(d, n)) for d, n in zip(concept.dims, SIZES * 3, strict=False)}
    inputs = ordinary(concept, fmt, COUNT, sizes, np.random.default_rng(COUNT))
    return Case(concept, fmt, inputs, Recipe(tuple(sizes.items()), option, COUNT), target=target)


def _far(case: Case) -> tuple[float, float]:
    """Relative, and no more than 1 for an entry."""
    with np.errstate(all="ignore"):
        got, value = case.got().astype(np.float64), case.value
        far = np.where(got == value, 0.0, np.abs(got - value) / np.abs(value))
    far = np.nan_to_num(np.minimum(far, 1.0), nan=1.0)
    return float(np.mean(far)), float(np.median(far))


# -- calls that it cannot answer
def _lone(target: Library, f: Fitted, concept: Concept) -> Fitted:
    """A function of numbers or of single matrices, which fails on a batch and agrees row by row."""
    able = [k for k, o in enumerate(concept.options) if f.grants(o)]
    alone = replace(f, lone=True, refused=f.refused | {"rank", "stretched"})
    for fmt in FORMATS.values() if able and not f.fault else ():
        try:
            _case(_with(target, f, concept), concept, able[0], fmt).got()
            return f
        except Unsupported:
            continue
        except (CallError, TargetError):
            with suppress(*FAILURES):
                if _far(_case(_with(target, alone, concept), concept, able[0], fmt))[1] <= np.sqrt(fmt.u):
                    return alone
    return f


def _refused(target: Library, f: Fitted, concept: Concept) -> frozenset[str]:
    """What a trial shows: several axes at once, and without an axis other numbers of batch axes."""
    if f.fault or f.fixed.get("axis", LAST) is ROWS:
        return frozenset({"rank"})
    offered, able = choices(concept, ()), [k for k, o in enumerate(concept.options) if f.grants(o)]
    trials: list[Ask] = []
    if "parts" in offered and "parts" not in f.refused:
        trials.append(replace(PLAIN, parts=2))
    if "axis" in f.lacking:
        trials += [replace(PLAIN, rank=int(r)) for r in (0, 3) if r in offered["rank"]]
    for fmt in FORMATS.values():
        case = _case(_with(target, f, concept), concept, able[0] if able else 0, fmt)
        with suppress(*FAILURES):
            case.got()
            return frozenset(name for ask in trials if not _answers(case.asked(ask)) for name, _ in ask.features())
    return frozenset()


def _answers(case: Case) -> bool:
    """Whether it does not refuse the call; where it does not know the axis it also has to be right."""
    try:
        return _far(case)[1] <= np.sqrt(case.format.u) or case.ask.parts > 1
    except FAILURES:
        return False


# -- what is said of it
def _valued(f: Fitted, option: str) -> str:
    if option != "axis":
        return f"{option}={f.fixed[option]!r}"
    return "along the last axis" if f.fixed["axis"] == LAST else "one row at a time"


def _notes(f: Fitted, tried: tuple[str, ...]) -> Iterator[str]:
    judged = [k for k in f.lacking if k in f.fixed]
    if judged and not f.fault:
        told, seen = ", ".join(_valued(f, k) for k in judged), ", with which it agrees" if tried else ""
        yield f"{f.called} takes no {' and no '.join(judged)}: judged {'' if judged == ['axis'] else 'as '}{told}{seen}"
    if f.lone:
        yield f"{f.called} takes no batches: judged one row at a time, with which it agrees"
    never = ["keepdims"] if "keepdims" in f.lacking else []
    never += ["several axes at once"] if "parts" in f.refused and "axis" not in f.lacking else []
    never += ["another number of axes"] if "rank" in f.refused and not f.lone else []
    if never and not f.fault:
        yield f"{f.called} cannot be asked for {', '.join(never)}: not judged so"


def _promotion(target: Library, concept: Concept, fmt: Format, f: Fitted) -> Iterator[str]:
    """Where its results are of a wider format than its operands."""
    case = _case(target, concept, 0, fmt)
    with suppress(*FAILURES):
        name = target.returned(concept.call_name, case.inputs, case.keywords, apart=concept.apart)
        if name != fmt.name:
            yield f"{f.called} returns {name} for {fmt.name} operands: judged as rounded to {fmt.name}, once"
