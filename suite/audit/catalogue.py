"""The table of concepts and laws, from the code."""

import inspect
from collections.abc import Sequence
from typing import Any

from suite.audit.cells import laws_of
from suite.concepts import call_names, concepts, topics
from suite.record import Concept


def catalogue() -> list[dict[str, Any]]:
    """One row per concept: what it is called, what it takes, which laws it carries."""
    return [
        {
            "concept": c.name,
            "topic": topics()[c.name],
            "call": call(c),
            "signature": c.signature,
            "options": options(c),
            "about": (inspect.getdoc(c.reference) or "").split("\n\n")[0].split("\n")[0],
            "laws": [law.name for law in laws_of(c) if relevant(law.name, c)],
        }
        for c in concepts().values()
    ]


def call(c: Concept) -> str:
    """The call that a target answers: ``softmax(x, *, axis)``."""
    operands = ", ".join(
        name for name, p in inspect.signature(c.reference).parameters.items() if p.kind is not p.KEYWORD_ONLY
    )
    options = list(c.options[0]) + list(c.along)
    return f"{c.call_name}({operands}{', *, ' if options else ''}{', '.join(options)})"


def options(c: Concept) -> dict[str, list[Any]]:
    """Each option with the values that are drawn for it, those of variants of the same function too."""
    family = [v for v in concepts().values() if v.call_name == c.call_name]
    told = [(name, value) for v in family for given in v.options for name, value in given.items()]
    return {name: list(dict.fromkeys(v for n, v in told if n == name)) for name, _ in told}


def relevant(name: str, c: Concept) -> bool:
    """Derived laws that the declaration rules out are not shown."""
    from suite.targets.loading import PLAIN, load

    full = load(PLAIN, names=call_names())
    law = next(law for law in laws_of(c) if law.name == name)
    return bool(law.routes(c, full)) or (name == "forward" and c.differentiable)


def as_text(rows: Sequence[dict[str, Any]]) -> str:
    width = max(len(r["concept"]) for r in rows)
    lines, topic = [], ""
    for r in rows:
        if r["topic"] != topic:
            topic = r["topic"]
            lines += ["", topic]
        lines.append(f"  {r['concept']:<{width}}  {r['call']}")
        lines += [f"  {'':<{width}}  {name}: {', '.join(map(repr, v))}" for name, v in r["options"].items()]
        lines.append(f"  {'':<{width}}  {', '.join(r['laws'])}")
    return "\n".join(lines).lstrip("\n")


def as_markdown(rows: Sequence[dict[str, Any]]) -> str:
    lines = ["| topic | concept | call | signature | laws |", "|---|---|---|---|---|"]
    lines += [
        f"| {r['topic']} | {r['concept']} | `{r['call']}` | `{r['signature']}` | {', '.join(r['laws'])} |" for r in rows
    ]
    return "\n".join(lines)
