"""Sound algorithms that share no text with the reference: a name and a function each, heard on the audit's own cases.

They are torch's operations composed by other hands, differentiated by autograd unless a derivative is given. Each is
heard as it is written, and in the next wider format inside.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch

from suite.audit.cells import Key, cells_of
from suite.audit.draws import each_case
from suite.audit.judging import judged
from suite.audit.plan import Plan
from suite.concepts import call_names, concepts
from suite.draw.recipes import Recipe, draw
from suite.floats import FORMATS
from suite.judge.case import Case
from suite.judge.compare import LENIENT, SAVED
from suite.judge.outcome import Refutation
from suite.laws.law import Law
from suite.record import Concept
from suite.targets.library import Library
from suite.targets.loading import load
from suite.targets.protocol import Target
from suite.verdict import Severity

Tensor = torch.Tensor
TORCH: Any = load("torch", "cpu", call_names())
WIDER = {torch.float32: (torch.float64,), torch.float16: (torch.float32,), torch.bfloat16: (torch.float32,)}
LONGEST = 260  # entries of a row: in balls, and one by one, a long one takes its time


# what masks, NaN and padding do is part of a contract that these texts do not have
OTHER = ("limits", "gradient_limits", "padding", "propagates_nan", "special_values", "kink")


@dataclass(frozen=True)
class Sound:
    """An algorithm for one concept; ``wide``: its accumulators are at least binary32, as those of a sum are.

    ``derivative``: whether what autograd makes of it is sound as well. ``options``: for some sets of them only.
    """

    concept: str
    name: str
    function: Callable[..., Tensor] = field(repr=False)
    wide: bool = False
    derivative: bool = True
    options: Callable[..., bool] = field(default=lambda **_: True, repr=False)

    @property
    def id(self) -> str:
        return f"{self.concept}-{self.name}"


def inside(dtype: torch.dtype, f: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Computed in a wider format and rounded once; autograd rounds the derivative once as well."""

    def widened(*xs: Tensor, **options: Any) -> Tensor:
        own = next(x.dtype for x in xs if x.is_floating_point())
        return f(*(x.to(dtype) if x.is_floating_point() else x for x in xs), **options).to(own)

    return widened


def written(sound: Sound, concept: Concept, dtype: str) -> Iterator[tuple[str, Callable[..., Tensor]]]:
    """The ways in which it is heard in a format: as written where steps in that format are within the contract."""
    half = FORMATS[dtype].half
    if not (half and (sound.wide or concept.freedom.fused)):
        yield "as written", sound.function
    for wider in WIDER.get(getattr(torch, dtype), ()):
        yield f"{str(wider).removeprefix('torch.')} inside", inside(wider, sound.function)


def library(concept: Concept, f: Callable[..., Tensor]) -> Library:
    return Library("sound", TORCH.framework, {**TORCH.functions, concept.call_name: f})


def cases(concept: Concept, dtype: str, count: int, target: Target) -> list[Case]:
    """As an audit draws them; truth and bounds are computed once for all algorithms."""
    found: list[Case] = []

    def add(recipe: Recipe) -> None:
        found.append(Case(concept, FORMATS[dtype], draw(concept, FORMATS[dtype], recipe), recipe, target=target))

    with np.errstate(all="ignore"):
        each_case(concept, dtype, Plan("numpy", "cpu", "quick", 11, cases=8 * count), add)
    short = [c for c in found if max(x[0].size for x in c.inputs) <= LONGEST]
    each = [[c for c in short if c.recipe.option == k][:count] for k in range(len(concept.options))]
    return [c.few(64, 2048) for cases in each for c in cases]


def accused(r: Refutation) -> bool:
    """Not a convention, and not what every library loses in a tail that has only its output to go by."""
    return r.severity is not Severity.CONVENTION and r.note not in (SAVED, LENIENT)


def told(sound: str, key: Key, r: Refutation) -> str:
    row = [x[min(r.row, r.case.rows - 1)].tolist() for x in r.case.inputs]
    return (
        f"{sound} {key} {r.severity} x{r.ratio:.3g}: got {r.got} at {r.index}, truth {r.enclosure}, "
        f"allowed {r.allowed}, for {r.case.options} {row} {r.note}"[:600]
    )


def accusations(algorithms: list[Sound], dtype: str, count: int = 3) -> Iterator[str]:
    """What is refuted of algorithms for one concept."""
    concept = concepts()[algorithms[0].concept]
    plain = library(concept, algorithms[0].function)
    laws: dict[Key, Law] = {
        key: law
        for key, law in cells_of(concept, dtype, plain).items()
        if key.route in ("eager", "backward") and key.law not in OTHER
    }
    drawn = cases(concept, dtype, count, plain)
    for sound in algorithms:
        for how, f in written(sound, concept, dtype):
            mine = library(concept, f)
            told_of = partial(told, f"{sound.name}, {how}:")
            for key, law in laws.items():
                if law.family in ("gradient", "convexity") and not sound.derivative:
                    continue
                for case in (c.against(mine) for c in drawn if sound.options(**c.options)):
                    refuted = [r for r in judged(law, case, key.route).refuted if accused(r)]
                    if refuted:
                        yield told_of(key, refuted[0])
                        break
