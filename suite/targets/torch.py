"""The target ``torch``: a line a concept, names and options as in ``reference``; below them, what torch's tensors are.

A file of your own looks like the upper half, with ``FRAMEWORK = "torch"``.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence

import ml_dtypes
import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor

from suite.floats import Array
from suite.targets.protocol import Memory, Shown, TargetError, Unsupported, Way, contiguous
from suite.targets.words import Renamed, head, kind_of, listed

Function = Callable[..., Tensor]
Axes = int | tuple[int, ...]
NEEDED = inspect.Parameter.empty  # an option without a default


def renamed(function: Function, *operands: str, **options: object) -> Renamed:
    return Renamed(function, operands or ("x",), options, {"axis": "dim", "keepdims": "keepdim"})


# -- arithmetic
add, subtract, multiply, divide, pow = torch.add, torch.sub, torch.mul, torch.div, torch.pow
abs, square, reciprocal = torch.abs, torch.square, torch.reciprocal
exp, exp2, expm1, log, log2, log1p = torch.exp, torch.exp2, torch.expm1, torch.log, torch.log2, torch.log1p
sqrt, erf, erfc, sin, cos = torch.sqrt, torch.erf, torch.erfc, torch.sin, torch.cos
nextafter = torch.nextafter


def round_to(x: Tensor, *, dtype: str) -> Tensor:
    return x.to(getattr(torch, dtype)).to(x.dtype)


# -- reductions
sum = renamed(torch.sum, axis=None, keepdims=False)
mean = renamed(torch.mean, axis=None, keepdims=False)
cumsum = renamed(torch.cumsum, axis=NEEDED)


def prod(x: Tensor, *, axis: Axes, keepdims: bool = False) -> Tensor:
    if isinstance(axis, tuple):  # torch.prod takes one axis at a time
        for k in sorted((a % x.ndim for a in axis), reverse=True):
            x = torch.prod(x, dim=k, keepdim=keepdims)
        return x
    return torch.prod(x, dim=axis, keepdim=keepdims)


var = renamed(torch.var, axis=None, correction=0.0, keepdims=False)
std = renamed(torch.std, axis=None, correction=0.0, keepdims=False)
logsumexp = renamed(torch.logsumexp, axis=-1, keepdims=False)
vector_norm = renamed(torch.linalg.vector_norm, ord=2, axis=None, keepdims=False)
matrix_norm = renamed(torch.linalg.matrix_norm, ord="fro", keepdims=False)

# -- the softmax family
logaddexp = torch.logaddexp
logcumsumexp = renamed(torch.logcumsumexp, axis=-1)
softmax, log_softmax = renamed(torch.softmax, axis=-1), renamed(torch.log_softmax, axis=-1)

# -- products
matmul, linear = torch.matmul, F.linear
vecdot = renamed(torch.linalg.vecdot, "x1", "x2", axis=-1)


def matvec(a: Tensor, x: Tensor) -> Tensor:
    return torch.matmul(a, x.unsqueeze(-1)).squeeze(-1)


def linear_chain(x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, b2: Tensor) -> Tensor:
    return F.linear(F.linear(x, w1, b1), w2, b2)


# -- activations
sigmoid, tanh, relu, relu6, hardtanh = torch.sigmoid, torch.tanh, F.relu, F.relu6, F.hardtanh
hardsigmoid, hardswish, softplus, silu, log_sigmoid = F.hardsigmoid, F.hardswish, F.softplus, F.silu, F.logsigmoid
leaky_relu, elu = renamed(F.leaky_relu, negative_slope=0.01), renamed(F.elu, alpha=1.0)
gelu = renamed(F.gelu, approximate="none")


def sigmoid_chain(x: Tensor, weights: Tensor) -> Tensor:
    for w in weights.unbind(-1):
        x = torch.sigmoid(w * x)
    return x


# -- losses
cross_entropy = renamed(F.cross_entropy, "logits", "labels", reduction="mean")
soft_cross_entropy = renamed(F.cross_entropy, "logits", "probabilities", reduction="mean")
nll_loss = renamed(F.nll_loss, "log_probabilities", "labels", reduction="mean")
mse_loss = renamed(F.mse_loss, "input", "target", reduction="mean")
binary_cross_entropy_with_logits = renamed(F.binary_cross_entropy_with_logits, "logits", "target", reduction="mean")
binary_cross_entropy = renamed(F.binary_cross_entropy, "probabilities", "target", reduction="mean")
kl_div = renamed(F.kl_div, "log_probabilities", "target", reduction="sum")


def cross_entropy_of_probabilities(probabilities: Tensor, one_hot: Tensor, *, reduction: str = "mean") -> Tensor:
    losses = -torch.sum(one_hot * torch.log(probabilities + 1e-7), dim=-1)
    return losses if reduction == "none" else getattr(torch, reduction)(losses)


# -- metrics, with thresholded tensors
def precision(scores: Tensor, targets: Tensor, *, threshold: float = 0.5) -> Tensor:
    predicted = (scores > threshold).to(scores.dtype)
    hits, found = (predicted * targets).sum(-1), predicted.sum(-1)
    return torch.where(found == 0, torch.zeros_like(hits), hits / found)


def recall(scores: Tensor, targets: Tensor, *, threshold: float = 0.5) -> Tensor:
    predicted = (scores > threshold).to(scores.dtype)
    hits, there = (predicted * targets).sum(-1), targets.sum(-1)
    return torch.where(there == 0, torch.zeros_like(hits), hits / there)


def accuracy(scores: Tensor, targets: Tensor, *, threshold: float = 0.5) -> Tensor:
    return ((scores > threshold) == (targets > 0.5)).to(scores.dtype).mean(-1)


# -- linear algebra, procedures, projections
solve = torch.linalg.solve


def gradient_descent(a: Tensor, b: Tensor, x0: Tensor, *, step: float, iterations: int) -> Tensor:
    x = x0.clone()
    path = [x]
    for _ in range(iterations):
        x = x - step * (torch.matmul(a, x.unsqueeze(-1)).squeeze(-1) - b)
        path.append(x)
    return torch.stack(path, dim=-2)


def project_simplex(x: Tensor) -> Tensor:
    x = x - x.amax(-1, keepdim=True)
    down = torch.sort(x, dim=-1, descending=True).values
    k = torch.arange(1, x.shape[-1] + 1, device=x.device)
    theta = ((torch.cumsum(down, -1) - 1) / k.to(x.dtype)).amax(-1, keepdim=True)
    return torch.clamp(x - theta, min=0)


def exp_central_difference(x: Tensor, h: Tensor) -> Tensor:
    return (torch.exp(x + h) - torch.exp(x - h)) / (2 * h)


# -- tensors: how they come and go, how they are differentiated, how they are written
class Torch:
    """torch tensors on a device; derivatives come from autograd through the function."""

    name = "torch"
    ways: tuple[Way, ...] = (
        Way("backward"), Way("functional"), Way("forward", forward=True), Way("create_graph", order=2),
    )  # fmt: skip
    layouts: tuple[str, ...] = ("strided", "transposed", "offset", "expanded", "sliced")
    written = ""
    refusals = (
        "not implemented", "not support", "unsupported dtype", "expected a floating", "not currently supported",
    )  # fmt: skip
    flushes = True  # it has a switch for that, torch.set_flush_denormal
    moves = ("permute", "{}.expand({})")
    imports = ("from typing import Any", "import torch", "import torch.nn.functional as F")

    def __init__(self, device: str = "cpu"):
        if device == "cuda" and not torch.cuda.is_available():
            raise TargetError("--device cuda: torch sees no CUDA device here; use --device cpu, or a machine with one")
        self.device = device
        torch.set_num_threads(1)

    def to_native(self, array: Array, memory: Memory | None = None) -> Tensor:
        memory = memory or contiguous(array.ndim)
        if memory.packed or not memory.writeable or min(memory.steps, default=0) < 0:
            raise Unsupported("torch has no tensors of records, read-only or backward")
        source, extents = self._tensor(memory.held(array)), memory.extents(array.shape)
        items = torch.full((memory.offset + int(np.prod(extents)),), 77, dtype=source.dtype, device=self.device)
        room = items[memory.offset :].reshape(extents)[memory.slices].permute(memory.axes)
        room.copy_(source)
        return room.expand(array.shape) if 0 in memory.steps else room

    def _tensor(self, array: Array) -> Tensor:
        array = np.array(array, order="C")
        if array.dtype == ml_dtypes.bfloat16:
            return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16).to(self.device)
        return torch.from_numpy(array).to(self.device)

    def from_native(self, value: Tensor, where: str) -> Array:
        if not isinstance(value, torch.Tensor):
            raise TargetError(
                f"{where} returned {kind_of(value)}, not a torch tensor: return a tensor, or set FRAMEWORK"
            )
        value = value.detach().resolve_conj().resolve_neg().cpu().contiguous()
        if value.dtype == torch.bfloat16:
            return value.view(torch.int16).numpy().view(ml_dtypes.bfloat16)
        return value.numpy()

    # -- derivatives
    def derive(
        self, way: Way, f: Function, operands: Sequence[Tensor], wrt: Sequence[int],
        cotangent: Array | None, tangent: Array | None,
    ) -> list[Array]:  # fmt: skip
        leaves = [x.detach() for x in operands]
        seed, along = (None if a is None else self._tensor(a) for a in (cotangent, tangent))

        def partial(*xs: Tensor) -> Tensor:
            given = dict(zip(wrt, xs, strict=True))
            return f(*(given.get(k, x) for k, x in enumerate(leaves)))

        if way.forward:
            _, out = torch.func.jvp(partial, tuple(leaves[k] for k in wrt), (along,))
            return [self.from_native(t, "torch.func.jvp") for t in (out if isinstance(out, (tuple, list)) else (out,))]
        if way.name == "functional":
            _, pull = torch.func.vjp(partial, *(leaves[k] for k in wrt))
            return [self.from_native(g, "torch.func.vjp") for g in pull(seed)]
        inputs = [leaves[k].requires_grad_() for k in wrt]
        if along is not None:
            return [self.from_native(self._second(partial(*inputs), inputs[0], seed, along), "the second derivative")]
        found = self._gradients(way, partial(*inputs), inputs, seed)
        zeros = (torch.zeros_like(x) if g is None else g for g, x in zip(found, inputs, strict=True))
        return [self.from_native(g, way.name) for g in zeros]

    def _gradients(self, way: Way, y: object, inputs: list[Tensor], seed: Tensor) -> list[Tensor | None]:
        if not isinstance(y, torch.Tensor):
            raise TargetError(f"the function returned {kind_of(y)}, not a torch tensor")
        if not y.requires_grad:
            raise TargetError("the result does not depend on its inputs for autograd (requires_grad is False)")
        if way.order == 2:
            return list(torch.autograd.grad(y, inputs, seed, create_graph=True, allow_unused=True))
        y.backward(seed)
        return [x.grad for x in inputs]

    def _second(self, y: Tensor, x: Tensor, seed: Tensor, along: Tensor) -> Tensor:
        (g,) = torch.autograd.grad(y, x, seed, create_graph=True, allow_unused=True)
        h = torch.autograd.grad(g, x, along, allow_unused=True)[0] if g is not None and g.requires_grad else None
        zero = torch.zeros_like(x)  # added, for autograd may return a zero that has no memory
        return zero if h is None else h + zero

    def describe(self) -> Mapping[str, object]:
        return {
            "version": torch.__version__,
            "build": " ".join(torch.__config__.show().split()),
            "isa": torch.backends.cpu.get_cpu_capability(),
            "threads": torch.get_num_threads(),
            "accelerator": torch.cuda.get_device_name() if self.device == "cuda" else "",
        }

    # -- the words of its reproductions
    def defined(self, name: str, f: Function | None) -> list[str]:
        if isinstance(f, Renamed):
            return [head(name, f), f"    return {spelled(name, f.function)}({', '.join(f.arguments)})"]
        if inspect.isfunction(f) and f.__module__ == __name__:
            return [head(name, f), *inspect.getsource(f).rstrip().splitlines()[1:]]
        return [f"{name} = {spelled(name, f)}"]

    def literal(self, x: Array) -> str:
        dtype = "" if x.dtype.kind in "iu" else f", dtype=torch.{x.dtype.name}"
        return f"torch.tensor({listed(x)}{dtype})"

    def differentiated(self, name: str, operands: Sequence[str], keywords: str, shown: Shown) -> list[str]:
        x, call = operands[shown.operand], f"{name}({', '.join(operands)}{keywords})"
        seed, along = ("" if a is None else self.literal(a) for a in (shown.cotangent, shown.tangent))
        if not along:
            return [f"{x}.requires_grad_()", f"{call}.backward({seed})", f"print({x}.grad)"]
        if not seed:
            return [f"print(torch.func.jvp(lambda {x}: {call}, ({x},), ({along},))[1])"]
        gradient = f"(g,) = torch.autograd.grad({call}, {x}, {seed}, create_graph=True)"
        return [f"{x}.requires_grad_()", gradient, f"print(torch.autograd.grad(g, {x}, {along})[0])"]


def spelled(name: str, f: Function | None) -> str:
    """Where torch keeps this function."""
    own = getattr(f, "__name__", name)
    for prefix, module in (("torch", torch), ("F", F), ("torch.linalg", torch.linalg)):
        for attribute in (name, own, name.replace("_", "")):
            if getattr(module, attribute, None) is f:
                return f"{prefix}.{attribute}"
    return f"torch.{own}"


FRAMEWORK = Torch
