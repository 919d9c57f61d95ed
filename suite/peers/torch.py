"""PyTorch's own checks of a new function: ``gradcheck``, ``gradgradcheck`` and ``torch.testing.assert_close``.

All with their default tolerances. gradcheck: central differences with eps = 1e-6, atol = 1e-5, rtol = 1e-3, every
entry of the Jacobian (not its fast mode), on double precision; a NumPy function is wrapped as the tutorial on NumPy
extensions wraps one, results copied into new tensors. Such a backward pass is NumPy code, hence differentiable once
(the tutorial marks it so): gradgradcheck has nothing to check there, and is for functions of torch. Where forward mode
is on trial, gradcheck is told to check it. assert_close: rtol and atol by dtype (float32 1.3e-6 and 1e-5, float64 1e-7
both, float16 1e-3 and 1e-5, bfloat16 1.6e-2 and 1e-5), the dtype and the shape, NaN equal to NaN, against the right
function in float64, rounded once.
"""

import importlib
from collections.abc import Iterator
from functools import lru_cache, partial
from typing import Any

import numpy as np

from suite.concepts import concepts
from suite.floats import FORMATS, Array, format_of
from suite.laws.gradient import differentiated
from suite.mutants.makers import right
from suite.mutants.modes import FORWARD
from suite.peers.inputs import moderate, seeded, small, ways
from suite.peers.subject import NotApplicable, Subject
from suite.targets.framework import Framework
from suite.targets.loading import framework
from suite.targets.protocol import TargetError

DRAWS = 3


def gradcheck(subject: Subject, seed: int) -> None:
    forward = {"check_forward_ad": True} if subject.mode == FORWARD else {}
    for function, tensors in _differentiated(subject, seed):
        torch_or_not().autograd.gradcheck(function, tensors, **forward)


def gradgradcheck(subject: Subject, seed: int) -> None:
    torch_or_not()
    require_derivative(subject)
    if not subject.mode:
        raise NotApplicable("once differentiable")
    for function, tensors in _differentiated(subject, seed):
        torch_or_not().autograd.gradgradcheck(function, tensors)


def _differentiated(subject: Subject, seed: int) -> Iterator[tuple[Any, list[Any]]]:
    """The function with each set of options, and operands that ask for a derivative."""
    torch = torch_or_not()
    require_derivative(subject)
    for k in range(DRAWS):
        operands = small(subject.concept, seeded(seed, subject.concept.name, f"gradcheck {k}"))
        for options in ways(subject.concept, 0 if subject.vjp or subject.mode else k):
            tensors = [torch.from_numpy(x) for x in operands]
            for j in subject.wrt:
                tensors[j].requires_grad_(True)
            yield _function(torch, subject, dict(options)), tensors


def assert_close(subject: Subject, seed: int) -> None:
    torch = torch_or_not()
    if subject.vjp:
        require_derivative(subject)
    for operands, cotangent, options, truths in _cases(subject.concept.name, subject.dtype, subject.vjp, seed):
        got = subject.gradients(operands, cotangent, options) if subject.vjp else [subject.value(*operands, **options)]
        for actual, expected in zip(got, truths, strict=True):
            torch.testing.assert_close(tensors().to_native(actual), expected, equal_nan=True)


@lru_cache(8)
def _cases(name: str, dtype: str, vjp: bool, seed: int) -> list[tuple[Any, ...]]:
    """(operands, cotangent, options, expected tensors): the operands in the dtype, the expected from float64."""
    concept, rng = concepts()[name], seeded(seed, name, "assert_close")
    good = Subject(concept, dtype, vjp, right())
    out = []
    for options in (*ways(concept, 0), *(ways(concept, 1) if concept.along and not vjp else ())):
        operands = tuple(rounded(x, dtype) for x in moderate(concept, vjp, rng))
        wide = tuple(widened(x) for x in operands)
        plain = good.value(*operands, **options)
        cotangent = rounded(rng.standard_normal(plain.shape), str(plain.dtype)) if vjp else None
        if vjp:
            truths = [rounded(t, dtype) for t in good.gradients(wide, widened(cotangent), options)]
        else:
            truths = [format_of(plain.dtype).round(good.value(*wide, **options))]
        out.append((operands, cotangent, options, [tensors().to_native(t) for t in truths]))
    return out


def rounded(x: Array, dtype: str) -> Array:
    return x if x.dtype.kind in "iu" else FORMATS[dtype].round(x)


def widened(x: Array) -> Array:
    return x if x.dtype.kind in "iu" else x.astype(np.float64)


def require_derivative(subject: Subject) -> None:
    if not differentiated(subject.concept, subject.library):
        raise NotApplicable("no derivative")


def tensors() -> Framework:
    """How arrays become tensors."""
    try:
        return framework("torch")
    except TargetError as error:
        raise NotApplicable("torch is not installed") from error


def torch_or_not() -> Any:
    """The package, on one thread."""
    tensors()
    return importlib.import_module("torch")


def _function(torch: Any, subject: Subject, options: dict[str, Any]) -> Any:
    """The NumPy function and its NumPy derivative as one node of autograd's graph; a torch function as it is."""
    if subject.mode:
        return partial(subject.library.functions[subject.concept.call_name], **options)

    def new(y: Array) -> Any:
        return torch.from_numpy(np.array(y))  # a copy, which no later call overwrites

    def forward(ctx: Any, *xs: Any) -> Any:
        ctx.save_for_backward(*xs)
        return new(subject.value(*(x.detach().numpy() for x in xs), **options))

    def backward(ctx: Any, cotangent: Any) -> Any:
        operands = [x.detach().numpy() for x in ctx.saved_tensors]
        found = dict(zip(subject.wrt, subject.gradients(operands, cotangent.numpy(), options), strict=True))
        return tuple(new(found[k]) if k in found else None for k in range(len(operands)))

    once = torch.autograd.function.once_differentiable(backward)
    methods = {"forward": staticmethod(forward), "backward": staticmethod(once)}
    node: Any = type("Wrapped", (torch.autograd.Function,), methods)
    return node.apply
