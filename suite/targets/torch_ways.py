"""The ways of torch beside the plain call: vmap, threads, torch.compile, modes of autograd; and the words for them."""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial

import torch
from torch import Tensor

from suite.targets.protocol import Unsupported, Way
from suite.targets.words import first_line

Function = Callable[..., Tensor]
Options = Mapping[str, object]
CAPABILITY = "ATEN_CPU_CAPABILITY"
GRAIN = 32768  # entries from which torch goes parallel (at::internal::GRAIN_SIZE)
THREADS = max(2, torch.get_num_threads())  # before the target pins them to one
WAYS = (
    Way("backward"),
    Way("functional"),
    Way("forward", forward=True),
    Way("create_graph", order=2),
    Way("forward_over_reverse", order=2, forward=True),
    Way("vmapped", order=0, batched=True),
    Way("threads", order=0, least=2 * GRAIN),
    Way("compiled", order=0, dear=True),
)


def imports() -> tuple[str, ...]:
    """What a reproduction opens with: the instruction set, where one was asked for, comes before the library."""
    asked = os.environ.get(CAPABILITY, "")
    chosen = ("import os", f"os.environ[{CAPABILITY!r}] = {asked!r}") if asked else ()
    return (*chosen, "from typing import Any", "import torch", "import torch.nn.functional as F")


def vmapped(f: Function, operands: Sequence[Tensor], options: Options) -> object:
    """Batching rules in place of a batch axis: the function sees one row, if it can be transformed at all."""
    try:
        return torch.func.vmap(partial(f, **options))(*operands)
    except Exception as error:
        raise Unsupported(f"torch.func.vmap: {first_line(error)}") from error


def threaded(f: Function, operands: Sequence[Tensor], options: Options) -> object:
    """By all threads: a long sum is a sum of theirs."""
    torch.set_num_threads(THREADS)
    try:
        return f(*operands, **options)
    finally:
        torch.set_num_threads(1)


class Compiled:
    """A function with its options by torch.compile; what refuses it once is not asked again.

    Sizes stay symbols, so that one kernel, which takes a second to make, serves all; and it is compiled whole or not at
    all, so that nothing is judged under the name of a compiler that gave up.
    """

    def __init__(self, f: Function, options: Options):
        self.f, self.options, self.refused = f, options, ""

    def __call__(self, *operands: Tensor) -> object:
        if self.refused:
            raise Unsupported(self.refused)
        try:
            return self.made(*operands)
        except Exception as error:
            self.refused = f"torch.compile: {first_line(error)}"
            raise Unsupported(self.refused) from error

    @cached_property
    def made(self) -> Function:
        import torch._inductor.config  # takes a second, which only this way should cost

        torch._inductor.config.compile_threads = 1  # no processes of its own beside those of the audit
        logging.getLogger("torch._dynamo").setLevel(logging.ERROR)  # what it refuses is in the report
        f, options = self.f, self.options

        def call(*operands: Tensor) -> Tensor:
            return f(*operands, **options)

        # kernels are kept with the code object, and only a few with each: every function needs one of its own
        call.__code__ = call.__code__.replace(co_firstlineno=1)
        made: Function = torch.compile(call, dynamic=True, fullgraph=True)
        return made


def words_of_value(way: str, name: str, operands: str, keywords: str) -> list[str]:
    """The lines that print the value of a function by a way."""
    call = f"{name}({operands}{keywords})"
    if way == "vmapped":
        return [f"print(torch.func.vmap(lambda {operands}: {call})({operands}))"]
    if way == "compiled":
        return [f"print(torch.compile({name}, dynamic=True, fullgraph=True)({operands}{keywords}))"]
    return [f"torch.set_num_threads({THREADS})", f"print({call})"]


def words_of_derivative(way: str, x: str, call: str, seed: str, along: str) -> list[str]:
    """The lines that print its derivative by ``x``; ``seed`` is a cotangent, ``along`` a tangent."""
    if not seed:
        return [f"print(torch.func.jvp(lambda {x}: {call}, ({x},), ({along},))[1])"]
    pulled = f"torch.func.vjp(lambda {x}: {call}, {x})[1]({seed})[0]"
    if way == "functional":
        return [f"print({pulled})"]
    if way == "forward_over_reverse":
        return [f"print(torch.func.jvp(lambda {x}: {pulled}, ({x},), ({along},))[1])"]
    leaf, graph = f"{x}.requires_grad_()", f"(g,) = torch.autograd.grad({call}, {x}, {seed}, create_graph=True)"
    if along:
        return [leaf, graph, f"print(torch.autograd.grad(g, {x}, {along})[0])"]
    if way == "create_graph":
        return [leaf, graph, "print(g)"]
    return [leaf, f"{call}.backward({seed})", f"print({x}.grad)"]
