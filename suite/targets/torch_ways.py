"""The ways of torch beside the plain call: vmap, threads, torch.compile, modes of autograd; and the words for them."""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial

import torch
from torch import Tensor

from suite.targets.protocol import Made, TargetError, Unsupported
from suite.targets.ways import Way
from suite.targets.words import first_line, kind_of

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


def derivative(
    way: Way, f: Function, operands: Sequence[Tensor], wrt: Sequence[int], seed: Tensor | None, along: Tensor | None
) -> list[Tensor]:
    """As a target's ``derive``, of tensors."""
    first = [next(j for j, y in enumerate(operands) if y is x) for x in operands]  # one array twice is one leaf
    leaves, asked = [x.detach() for x in operands], [first[k] for k in wrt]
    wrt = list(dict.fromkeys(asked))

    def alone(*xs: Tensor) -> Tensor:
        given = dict(zip(wrt, xs, strict=True))
        return f(*(given.get(k, leaves[k]) for k in first))

    def gradient(*xs: Tensor) -> tuple[Tensor, ...]:
        found: tuple[Tensor, ...] = torch.func.vjp(alone, *xs)[1](seed)
        return found

    if way.forward:
        pushed = alone if seed is None else gradient
        _, out = torch.func.jvp(pushed, tuple(leaves[k] for k in wrt), (along,))
        return list(out) if isinstance(out, (tuple, list)) else [out]
    if way.name == "functional":
        pulled = dict(zip(wrt, gradient(*(leaves[k] for k in wrt)), strict=True))
        return [pulled[k] for k in asked]
    inputs = [leaves[k].requires_grad_() for k in wrt]
    y = alone(*inputs)
    if along is not None:
        return [_second(y, inputs[0], seed, along)]
    found = _gradients(way, y, inputs, seed)
    zeros = {k: torch.zeros_like(leaves[k]) if g is None else g for k, g in zip(wrt, found, strict=True)}
    return [zeros[k] for k in asked]


def _gradients(way: Way, y: object, inputs: list[Tensor], seed: Tensor | None) -> list[Tensor | None]:
    if not isinstance(y, torch.Tensor):
        raise TargetError(f"the function returned {kind_of(y)}, not a torch tensor")
    if not y.requires_grad:
        raise TargetError("the result does not depend on its inputs for autograd (requires_grad is False)")
    if way.order == 2:
        return list(torch.autograd.grad(y, inputs, seed, create_graph=True, allow_unused=True))
    y.backward(seed)
    return [x.grad for x in inputs]


def _second(y: Tensor, x: Tensor, seed: Tensor | None, along: Tensor) -> Tensor:
    (g,) = torch.autograd.grad(y, x, seed, create_graph=True, allow_unused=True)
    h = torch.autograd.grad(g, x, along, allow_unused=True)[0] if g is not None and g.requires_grad else None
    zero = torch.zeros_like(x)  # added, for autograd may return a zero that has no memory
    return zero if h is None else h + zero


def words_of_value(way: str, name: str, operands: str, keywords: str) -> tuple[list[str], str, list[str]]:
    """Of the value of a function by a way: lines, its text, and lines behind it."""
    call = f"{name}({operands}{keywords})"
    if way == "vmapped":
        return [], f"torch.func.vmap(lambda {operands}: {call})({operands})", []
    if way == "compiled":
        return [], f"torch.compile({name}, dynamic=True, fullgraph=True)({operands}{keywords})", []
    return [f"torch.set_num_threads({THREADS})"], call, ["torch.set_num_threads(1)"]


def words_of_derivative(call: Made, text: str, operands: Sequence[str], seed: str, along: str) -> tuple[list[str], str]:
    """Of the derivative of a call that is written ``text``, by the same way: lines, and its text."""
    given, k = [operands[j] for j in call.wrt], call.wrt.index(call.operand)
    names, variables = ", ".join(given), "".join(f"{v}, " for v in given)
    if not seed:
        return [], f"torch.func.jvp(lambda {names}: {text}, ({variables}), ({along},))[1]"
    if call.way == "forward_over_reverse":
        pulled = f"torch.func.vjp(lambda {names}: {text}, {names})[1]({seed})[{k}]"
        return [], f"torch.func.jvp(lambda {names}: {pulled}, ({variables}), ({along},))[1]"
    if call.way == "functional":
        return [f"_, pull = torch.func.vjp(lambda {names}: {text}, {names})"], f"pull({seed})[{k}]"
    leaves = [f"{v}.requires_grad_()" for v in given]
    if along:
        gradient = f"(g,) = torch.autograd.grad({text}, {given[0]}, {seed}, create_graph=True)"
        twice = f"torch.autograd.grad(g, {given[0]}, {along}, materialize_grads=True)[0]"
        return [*leaves, gradient], f"{twice} if g.requires_grad else torch.zeros_like({given[0]})"
    if call.way == "create_graph":
        return leaves, f"torch.autograd.grad({text}, ({variables}), {seed}, create_graph=True)[{k}]"
    return [*leaves, f"{text}.backward({seed})"], f"{operands[call.operand]}.grad"
