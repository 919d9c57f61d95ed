"""A mutant: one function of a right library, changed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from suite.concepts import concepts
from suite.mutants.makers import right
from suite.targets.library import Library

ORIGINS = ("corpus", "operator", "edge")


@dataclass(frozen=True)
class Mutant:
    """A bug as a record: which concept, what is wrong, and why that matters.

    ``function`` has the signature of the concept's function, on NumPy arrays (operands positional, ``axis``,
    ``keepdims`` and options keyword-only), or of its derivative where ``vjp`` is set (``cotangent`` as a keyword; a
    tuple, one array per differentiable operand). ``origin``: "corpus", a bug of a library, with its tracker's number
    as ``source``; "operator", applied to every concept it fits; "edge", made to lie just beyond the bound.
    """

    concept: str
    kind: str
    function: Callable[..., Any] = field(repr=False, compare=False)
    why: str
    origin: str = "corpus"
    source: str = ""
    dtype: str = "float32"
    vjp: bool = False

    @property
    def id(self) -> str:
        return f"{self.concept}-{self.kind.replace(' ', '_')}-{self.dtype}{'-vjp' if self.vjp else ''}"

    @property
    def group(self) -> tuple[str, str]:
        """The (concept, dtype) whose cases it is judged on."""
        return self.concept, self.dtype

    def library(self) -> Library:
        """The reference with this one function replaced."""
        good, name = right(), concepts()[self.concept].call_name
        functions, vjps = dict(good.functions), dict(good.vjps)
        (vjps if self.vjp else functions)[name] = self.function
        return Library("mutant", good.framework, functions, vjps)
