"""Operands of a given size, and the least that any program must do with them, from a concept's signature."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

import numpy as np

from suite.draw.recipes import fill
from suite.floats import FORMATS, Array
from suite.record import Concept, Filling
from suite.targets.library import Library

TILE = 64  # rows drawn; more are copies, for the time does not depend on them


def sizes_of(concept: Concept, elements: int) -> dict[str, int]:
    """Each dimension: a vector up to 1024 long, a matrix up to 64 wide, within the limits of the declaration.

    Where a concept takes no batch, its leading dimension takes what a batch would.
    """
    widest = max(concept.cores, key=len)
    cap = 1024 if len(concept.dims) == 1 and len(widest) == 1 else 64
    sizes = {d: min(concept.longest.get(d, cap), cap) for d in concept.dims}
    while _largest(concept, sizes) > elements and max(sizes.values()) > 1:
        sizes = {d: max(1, n // 2) for d, n in sizes.items()}
    if concept.apart:
        lead = concept.cores[0][0]
        limit = concept.longest.get(lead, elements)
        sizes[lead] = max(1, min(limit, sizes[lead] * (elements // _largest(concept, sizes))))
    return sizes


def _largest(concept: Concept, sizes: dict[str, int]) -> int:
    return max(prod(_shape(core, sizes)) for core in concept.cores)


def _shape(core: Sequence[str], sizes: dict[str, int]) -> tuple[int, ...]:
    return tuple(int(d) if d.isdigit() else sizes[d] for d in core)


def operands(concept: Concept, dtype: str, elements: int) -> tuple[Array, ...]:
    """Normal numbers inside each operand's domain, or whatever its kind is; the same in every run."""
    sizes, rng, fmt = sizes_of(concept, elements), np.random.default_rng(0), FORMATS[dtype]
    rows = max(1, 1 if concept.apart else elements // _largest(concept, sizes))
    drawn: list[Array] = []
    for operand, core in zip(concept.operands, concept.cores, strict=True):
        shape = (min(rows, TILE), *_shape(core, sizes))
        plain = np.zeros(shape[0], int)
        drawn.append(fill(operand, Filling(fmt, shape, plain, rng, tuple(drawn), sizes), concept.truth.kinks))
    if concept.apart:
        return tuple(x[0] for x in drawn)
    return tuple(np.resize(x, (rows, *x.shape[1:])) for x in drawn)


@dataclass(frozen=True)
class Work:
    """A concept's calls on a library's own arrays, and the least that they must move and compute."""

    forward: Callable[[], Any]
    backward: Callable[[], Any] | None
    bytes: int  # operands read once, results written once
    flops: int  # multiply-adds of a product count two; elsewhere bytes are the floor


def work(concept: Concept, library: Library, dtype: str, elements: int) -> Work:
    """``backward`` is the backward pass alone in torch; the reference's ``_vjp`` has only the operands to go by."""
    arrays = operands(concept, dtype, elements)
    native = [library.framework.to_native(x) for x in arrays]
    options = {**concept.along, **concept.options[0]}
    forward = partial(library.functions[concept.call_name], *native, **options)
    with library.guarded(f"{library.name}.{concept.call_name}"):
        result = library.framework.from_native(forward(), library.name)
        derived = concept.differentiable and library.differentiates(concept.call_name)
        back = _backward(concept, library, native, options, result) if derived else None
        if back is not None:
            back()
    moved = sum(x.nbytes for x in arrays) + result.nbytes
    return Work(forward, back, moved, 2 * _multiplications(concept, arrays))


def _multiplications(concept: Concept, arrays: Sequence[Array]) -> int:
    """Of a product with one contracted dimension, one per index of it and of the result; elsewhere none are counted."""
    shared = [d for d in concept.dims if sum(d in core for core in concept.cores) > 1 and d not in concept.result]
    if len(shared) != 1 or not concept.result:
        return 0
    sizes = {d: int(n) for core, x in zip(concept.cores, arrays, strict=True)
             for d, n in zip(core, x.shape[x.ndim - len(core):], strict=True)}  # fmt: skip
    batch = int(arrays[0].shape[0]) if not concept.apart else 1
    return batch * prod(sizes[d] for d in (*concept.result, *shared))


def _backward(
    concept: Concept, library: Library, native: Sequence[Any], options: dict[str, Any], result: Array
) -> Callable[[], Any]:
    seed = library.framework.to_native(np.ones_like(result))
    if library.framework.name == "numpy":
        return partial(library.vjps[concept.call_name], *native, **options, cotangent=seed)
    import torch

    wrt = concept.wrt
    leaves = [x.detach().requires_grad_(k in wrt) for k, x in enumerate(native)]
    y = library.functions[concept.call_name](*leaves, **options)
    return partial(torch.autograd.grad, y, [leaves[k] for k in wrt], seed, retain_graph=True, allow_unused=True)
