"""The declarations, one module per topic, the twin of ``reference/``: discovered, never listed."""

import importlib
import pkgutil
from functools import cache

from suite.record import Concept


@cache
def concepts() -> dict[str, Concept]:
    """Every concept declared in this package, by name, in the order of topics and declarations."""
    found: dict[str, Concept] = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        for value in vars(module).values():
            if isinstance(value, Concept):
                found.setdefault(value.name, value)
    return found


@cache
def topics() -> dict[str, str]:
    """The topic (module) of each concept."""
    out: dict[str, str] = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        for value in vars(module).values():
            if isinstance(value, Concept):
                out.setdefault(value.name, info.name)
    return out


def call_names() -> tuple[str, ...]:
    """The function names that concepts call."""
    return tuple(dict.fromkeys(c.call_name for c in concepts().values()))
