"""Seeded bugs, and right versions, as declared records: what the suite's power is measured on."""

from functools import cache

from suite.mutants.corpus import CORPUS
from suite.mutants.edge import edges
from suite.mutants.modes import of_modes
from suite.mutants.mutant import Mutant
from suite.mutants.operators import generated


@cache
def mutants() -> tuple[Mutant, ...]:
    """Every mutant; an id is used once."""
    found = (*CORPUS, *edges(), *generated(), *of_modes())
    ids = [m.id for m in found]
    repeated = sorted({i for i in ids if ids.count(i) > 1}) if len(set(ids)) < len(ids) else []
    if repeated:
        raise TypeError(f"two mutants are called {repeated}")
    return found
