"""A mutant: one function of a right library, changed."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from suite.concepts import concepts
from suite.mutants.makers import right
from suite.targets.library import Library

Group = tuple[str, str, str]
ORIGINS = ("corpus", "operator", "edge")


@dataclass(frozen=True)
class Mutant:
    """A bug as a record: which concept, what is wrong, and why that matters.

    ``function`` has the signature of the concept's function, on NumPy arrays (operands positional, ``axis``,
    ``keepdims`` and options keyword-only), or of its derivative where ``vjp`` is set (``cotangent`` as a keyword; a
    tuple, one array per differentiable operand). Where ``mode`` is set, torch's function is changed instead, in that
    mode of differentiation alone, and ``function`` makes the changed one from it. ``origin``: "corpus", a bug of a
    library, with its tracker's number as ``source``; "operator", applied to every concept it fits; "edge", made to lie
    just beyond the bound.
    """

    concept: str
    kind: str
    function: Callable[..., Any] = field(repr=False, compare=False)
    why: str
    origin: str = "corpus"
    source: str = ""
    dtype: str = "float32"
    vjp: bool = False
    mode: str = ""

    @property
    def id(self) -> str:
        return f"{self.concept}-{self.kind.replace(' ', '_')}-{self.dtype}{'-vjp' if self.vjp else ''}"

    @property
    def held_out(self) -> bool:
        """Put to trial for the published figure alone, so that nobody develops against it: half of all bugs, by a hash.

        The mutants of one operator are held out together, and those of one bug in its formats.
        """
        bug = self.kind if self.origin == "operator" else f"{self.concept} {self.kind}"
        return hashlib.sha256(bug.encode()).digest()[0] % 2 == 1

    @property
    def framework(self) -> str:
        return "torch" if self.mode else "numpy"

    @property
    def group(self) -> Group:
        """The (concept, dtype, framework) whose cases it is judged on."""
        return self.concept, self.dtype, self.framework

    def library(self) -> Library:
        """The reference, or torch, with this one function replaced."""
        good, name = right(self.framework), concepts()[self.concept].call_name
        if self.mode:
            changed = {**good.functions, name: self.function(good.functions[name])}
            return replace(good, name="mutant", functions=changed)
        functions, vjps = dict(good.functions), dict(good.vjps)
        (vjps if self.vjp else functions)[name] = self.function
        return replace(good, name="mutant", functions=functions, vjps=vjps)
