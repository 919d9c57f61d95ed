"""Which laws hold for which concept: the cells of an audit follow from the declarations and a target."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from suite.concepts import concepts
from suite.floats import FORMATS
from suite.laws.accuracy import Accuracy, CorrectlyRounded
from suite.laws.certificate import Certificate
from suite.laws.forward import Forward
from suite.laws.gradient import Gradient
from suite.laws.gradient_limits import GradientLimits
from suite.laws.kink import Kink
from suite.laws.law import Law
from suite.laws.padding import Padding
from suite.laws.route import Repeatable
from suite.laws.second import SecondDerivative
from suite.laws.stability import Finite, Limits, PropagatesNan, SpecialValues
from suite.record import Concept
from suite.targets.protocol import Target

# what every concept gets, where it applies
DERIVED: tuple[Law, ...] = (
    Accuracy(),
    CorrectlyRounded(),
    Finite(),
    Limits(),
    SpecialValues(),
    PropagatesNan(),
    Certificate(),
    Gradient(),
    Gradient(finite=True),
    Forward(),
    Kink(),
    GradientLimits(),
    Padding(),
    Repeatable(),
    SecondDerivative(),
)


@dataclass(frozen=True)
class Key:
    """The name of a cell."""

    concept: str
    dtype: str
    law: str
    route: str

    @property
    def group(self) -> tuple[str, str]:
        return self.concept, self.dtype

    def __str__(self) -> str:
        return f"{self.concept}-{self.dtype}-{self.law}-{self.route}"


def laws_of(concept: Concept) -> tuple[Law, ...]:
    """Derived and declared laws; a name is used once within a concept."""
    laws = (*DERIVED, *cast("tuple[Law, ...]", concept.laws))
    names = [law.name for law in laws]
    repeated = {n for n in names if names.count(n) > 1}
    if repeated:
        raise TypeError(f"{concept.name}: two laws are named {sorted(repeated)}")
    return laws


def law_names() -> tuple[str, ...]:
    return tuple(sorted({law.name for c in concepts().values() for law in laws_of(c)}))


def cells_of(concept: Concept, dtype: str, target: Target, laws: Sequence[str] = ()) -> dict[Key, Law]:
    """The cells of one (concept, dtype): they share their draws."""
    if not target.supports(concept.call_name):
        return {}
    return {
        Key(concept.name, dtype, law.name, route): law
        for law in laws_of(concept)
        if not laws or law.name in laws
        for route in law.routes(concept, target)
    }


def groups(target: Target, names: Sequence[str] = (), dtypes: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Every (concept, dtype) that the target has and the selection asks for."""
    return [
        (c.name, dtype)
        for c in concepts().values()
        if target.supports(c.call_name) and (not names or c.name in names)
        for dtype in FORMATS
        if not dtypes or dtype in dtypes
    ]
