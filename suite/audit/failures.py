"""What failed in an earlier run is judged first in the next: recipes in an example database of Hypothesis's.

Hypothesis stores an example that raised. No law raises here, it would stop the others, so recipes are saved, fetched
and deleted by the database's own methods, under the name of the cell that failed.
"""

import json
from collections.abc import Iterable

from hypothesis.database import ExampleDatabase

from suite.audit.cells import Key
from suite.audit.plan import Plan
from suite.draw.recipes import Recipe, drawable
from suite.record import Concept


class Failures:
    """The recipes on which the cells of one group failed: one for each cell."""

    def __init__(self, database: ExampleDatabase, plan: Plan, concept: Concept, cells: Iterable[Key]):
        self.database, self.plan = database, plan
        self.met: dict[Key, set[Recipe]] = {}  # in this run
        self.stored = {key: self.fetched(key, concept) for key in cells}

    def name(self, key: Key) -> bytes:
        return "\0".join(("lawful", self.plan.target, self.plan.device, str(key))).encode("utf-8", "backslashreplace")

    def fetched(self, key: Key, concept: Concept) -> set[Recipe]:
        """What the concept cannot draw any more is deleted."""
        values = {value: decoded(value, concept) for value in tuple(self.database.fetch(self.name(key)))}
        for value in (v for v, recipe in values.items() if recipe is None):
            self.database.delete(self.name(key), value)
        return {recipe for recipe in values.values() if recipe is not None}

    def recipes(self) -> list[Recipe]:
        """Each once, in an order that no database decides."""
        return sorted({r for kept in self.stored.values() for r in kept}, key=encoded)

    def add(self, key: Key, recipe: Recipe) -> None:
        """Stored at once, a later one may end the process, where none is stored that may still fail."""
        if not self.stored[key]:
            self.stored[key].add(recipe)
            self.database.save(self.name(key), encoded(recipe))
        self.met.setdefault(key, set()).add(recipe)

    def settle(self, recipe: Recipe) -> None:
        """A stored recipe was judged: it is deleted where it does not fail any more."""
        for key, kept in self.stored.items():
            if recipe in kept and recipe not in self.met.get(key, ()):
                kept.discard(recipe)
                self.database.delete(self.name(key), encoded(recipe))


def encoded(recipe: Recipe) -> bytes:
    return json.dumps([recipe.sizes, recipe.option, recipe.seed]).encode()


def decoded(value: bytes, concept: Concept) -> Recipe | None:
    """None where the concept draws no such recipe: another release stored it, or it is none.

    >>> from suite.concepts import concepts
    >>> softmax = concepts()["softmax"]
    >>> decoded(encoded(Recipe((("n", 781),), 0, 7)), softmax)
    Recipe(sizes=(('n', 781),), option=0, seed=7)
    >>> decoded(encoded(Recipe((("m", 781),), 0, 7)), softmax)
    """
    try:
        sizes, option, seed = json.loads(value)
        recipe = Recipe(tuple((d, n) for d, n in sizes), int(option), int(seed))
        drawn = [d for d, _ in recipe.sizes] == list(concept.dims) and all(n in drawable(concept, d) for d, n in sizes)
        return recipe if drawn and recipe.option in range(len(concept.options)) else None
    except (TypeError, ValueError):
        return None
