"""Torch functions whose plain call is right, and one way of computing it is not.

A kernel, a batching rule and a decomposition are written once more for each way, and each of them can be wrong alone.
"""

import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from suite.concepts import concepts
from suite.floats import FORMATS
from suite.mutants.asked import SLIGHTLY
from suite.mutants.mutant import Mutant
from suite.record import Concept

Function = Callable[..., Any]
VMAPPED = "vmapped"


def batched(*operands: Any) -> bool:
    """Inside torch.func.vmap."""
    import torch

    return any(torch._C._functorch.is_batchedtensor(x) for x in operands)


def several_threads(*operands: Any) -> bool:
    import torch

    return bool(torch.get_num_threads() > 1)


def compiling(*operands: Any) -> bool:
    import torch

    return bool(torch.compiler.is_compiling())


TAKEN: Mapping[str, Callable[..., bool]] = {VMAPPED: batched, "threads": several_threads, "compiled": compiling}


def on_way(way: str, f: Function, factor: float = SLIGHTLY) -> Function:
    """A change that shows along one way only."""
    taken = TAKEN[way]

    def wrong(*operands: Any, **options: Any) -> Any:
        y = f(*operands, **options)
        if not taken(*operands):
            return y
        return tuple(v * factor for v in y) if isinstance(y, tuple) else y * factor

    return wrong


def _vmapped(concept: Concept, f: Function) -> Function:
    return on_way(VMAPPED, f)


def of_ways() -> Iterator[Mutant]:
    """The way that costs no compiler and no large case, on every concept, each in one format."""
    for concept in concepts().values():
        if concept.truth.encloses or concept.truth.certifies:
            dtype = list(FORMATS)[zlib.crc32(f"{concept.name} {VMAPPED}".encode()) % len(FORMATS)]
            why = "its batching rule takes a less accurate path"
            function = partial(_vmapped, concept)
            yield Mutant(concept.name, VMAPPED, function, why, "operator", "", dtype, mode=VMAPPED)
