"""The declarations, one module per topic, the twin of ``reference/``: discovered, never listed."""

import importlib
import pkgutil
from functools import cache

from suite.record import Concept


@cache
def declared() -> dict[str, tuple[Concept, ...]]:
    """The concepts of each topic (module), in the order of their declarations."""
    found = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        values = [v for v in vars(module).values() if isinstance(v, Concept)]
        found[info.name] = tuple({v.name: v for v in values}.values())
    return found


@cache
def concepts() -> dict[str, Concept]:
    """Every concept by name, a variant after the one that it is a variant of; a name is used once."""
    found: dict[str, Concept] = {}
    for values in declared().values():
        for variant in (v for value in values for v in value.each()):
            found.setdefault(variant.name, variant)
    return found


@cache
def topics() -> dict[str, str]:
    """The topic (module) of each concept."""
    out: dict[str, str] = {}
    for topic, values in declared().items():
        for variant in (v for value in values for v in value.each()):
            out.setdefault(variant.name, topic)
    return out


def call_names() -> tuple[str, ...]:
    """The function names that concepts call."""
    return tuple(dict.fromkeys(c.call_name for c in concepts().values()))
