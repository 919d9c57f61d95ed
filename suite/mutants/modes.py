"""Torch functions whose value and gradient are right, and whose second derivative or forward mode is not.

NumPy derivatives are differentiated once and backward only, so these mutants are changes of torch's own functions,
made as a library would make them: with a node of autograd's graph.
"""

import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from suite.concepts import concepts
from suite.draw.recipes import Recipe, draw
from suite.floats import FORMATS
from suite.judge.case import Case
from suite.laws.second import bounded, direction
from suite.mutants.makers import right
from suite.mutants.mutant import Mutant
from suite.record import Concept

Function = Callable[..., Any]
SECOND, FORWARD = "create_graph", "forward"


def node(concept: Concept, f: Function, back: Callable[[Any, Any, Any], Any]) -> Function:
    """``f`` as one node; ``back`` (y, leaves, cotangent) gives the gradients of the differentiable operands."""
    import torch

    wrt = [k for k, o in enumerate(concept.operands) if o.grad]

    def wrong(*operands: Any, **options: Any) -> Any:
        def forward(ctx: Any, *xs: Any) -> Any:
            ctx.save_for_backward(*xs)
            return f(*xs, **options)

        def backward(ctx: Any, cotangent: Any) -> Any:
            xs = ctx.saved_tensors
            with torch.enable_grad():
                leaves = [xs[k] if xs[k].requires_grad else xs[k].requires_grad_() for k in wrt]
                found = iter(back(f(*xs, **options), leaves, cotangent))
            return tuple(next(found) if k in wrt else None for k in range(len(xs)))

        methods = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
        once: Any = type("Node", (torch.autograd.Function,), methods)
        return once.apply(*operands)

    return wrong


def dropped(concept: Concept, f: Function) -> Function:
    """The gradient is a constant to autograd: what is differentiable once, and does not say so."""
    import torch

    def back(y: Any, leaves: Any, cotangent: Any) -> Any:
        return (g.detach() for g in torch.autograd.grad(y, leaves, cotangent, materialize_grads=True))

    return node(concept, f, back)


def turned(concept: Concept, f: Function) -> Function:
    """A sign is wrong in the derivative's derivative."""
    import torch

    def back(y: Any, leaves: Any, cotangent: Any) -> Any:
        found = torch.autograd.grad(y, leaves, cotangent, create_graph=True, materialize_grads=True)
        return (2 * g.detach() - g for g in found)

    return node(concept, f, back)


def forward_doubled(concept: Concept, f: Function) -> Function:
    """The tangent is pushed forward twice."""
    import torch

    class Twice(torch.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(x: Any) -> Any:
            return x.view_as(x)

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            return

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g

        @staticmethod
        def jvp(ctx: Any, t: Any) -> Any:
            return (2 * t).view_as(t)

    def wrong(*operands: Any, **options: Any) -> Any:
        pairs = zip(operands, concept.operands, strict=True)
        return f(*(Twice.apply(x) if o.grad else x for x, o in pairs), **options)

    return wrong


OPERATORS = (
    ("second derivative dropped", "Newton's method, Hessians and gradient penalties miss a term", SECOND, dropped),
    ("second derivative turned", "Newton's method goes uphill", SECOND, turned),
    ("forward mode doubled", "forward mode and reverse mode disagree", FORWARD, forward_doubled),
)


def curved(concept: Concept) -> bool:
    """Whether there is a second derivative to be wrong about, in some operand."""
    recipe = Recipe(tuple((d, 2) for d in concept.dims), 0, 0)
    with np.errstate(all="ignore"):
        case = Case(concept, FORMATS["float64"], draw(concept, FORMATS["float64"], recipe), recipe, target=right())
        found = (bounded(case, k, direction(case, k), concept.backward)[0] for k in case.wrt)
        return any(bool(np.any(np.isfinite(h) & (h != 0))) for h in found)


def of_modes() -> Iterator[Mutant]:
    """Every operator on every differentiable concept with a definition, each in one format."""
    for concept in concepts().values():
        if not (concept.differentiable and concept.truth.encloses):
            continue
        bent = curved(concept)
        for kind, why, mode, change in OPERATORS:
            if mode == SECOND and not bent:
                continue
            dtype = list(FORMATS)[zlib.crc32(f"{concept.name} {kind}".encode()) % len(FORMATS)]
            yield Mutant(concept.name, kind, partial(change, concept), why, "operator", "", dtype, mode=mode)
