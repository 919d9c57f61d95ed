"""The draws of a group, by Hypothesis: nothing raises and nothing is stored, so the seed says it all."""

import zlib
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, given, seed, settings

from suite.audit.plan import Plan
from suite.draw.recipes import Recipe, recipes
from suite.record import Concept


def each_case(concept: Concept, dtype: str, plan: Plan, judge: Callable[[Recipe], None]) -> None:
    """The recipes of a group: they depend on the plan's number of cases and seed alone."""

    @seed(zlib.crc32(repr((plan.seed, concept.name, dtype)).encode()))
    @settings(
        max_examples=plan.draws,
        database=None,
        backend="hypothesis",  # whatever profile of Hypothesis's is loaded
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),  # a draw is a recipe; the bulk is ours, and large on purpose
    )
    @given(recipes(concept))
    def each(recipe: Recipe) -> None:
        judge(recipe)

    each()
