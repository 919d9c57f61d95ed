"""The target ``torch``: a line a concept, names and options as in ``reference``; below them, what torch's tensors are.

A file of your own looks like the upper half, with ``FRAMEWORK = "torch"``.
"""

import ast
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ml_dtypes
import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor

from suite.floats import Array
from suite.targets.protocol import Made, Memory, TargetError, Unsupported, contiguous
from suite.targets.torch_documents import DOCUMENTED
from suite.targets.torch_ways import (
    THREADS,
    WAYS,
    Compiled,
    derivative,
    imports,
    threaded,
    vmapped,
    words_of_derivative,
    words_of_value,
)
from suite.targets.ways import Way
from suite.targets.words import Renamed, head, in_runs, kind_of, listed

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
def cross_entropy(
    logits: Tensor, labels: Tensor, weight: Tensor | None = None, *, reduction: str = "mean",
    label_smoothing: float = 0.0, ignore_index: int = -100,
) -> Tensor:  # fmt: skip
    given: dict[str, Any] = {"reduction": reduction, "ignore_index": ignore_index}
    return F.cross_entropy(logits, labels, weight, label_smoothing=label_smoothing, **given)


def nll_loss(
    log_probabilities: Tensor, labels: Tensor, weight: Tensor | None = None, *, reduction: str = "mean",
    ignore_index: int = -100,
) -> Tensor:  # fmt: skip
    return F.nll_loss(log_probabilities, labels, weight, reduction=reduction, ignore_index=ignore_index)


soft_cross_entropy = renamed(F.cross_entropy, "logits", "probabilities", reduction="mean")
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
    ways = WAYS
    layouts: tuple[str, ...] = ("strided", "transposed", "offset", "expanded", "repeated", "sliced")
    written = ""
    refusals = (
        "not implemented", "not support", "unsupported dtype", "expected a floating", "not currently supported",
        "unsupported operation",  # to write where one entry stands for many, as forward mode does for its tangents
    )  # fmt: skip
    flushes = True  # it has a switch for that, torch.set_flush_denormal
    documented = DOCUMENTED
    moves = ("permute", "{}.expand({})")
    wide, version = "{}.detach().double().numpy()", "torch.__version__"
    imports = imports()

    def __init__(self, device: str = "cpu"):
        if device == "cuda" and not torch.cuda.is_available():
            raise TargetError("--device cuda: torch sees no CUDA device here; use --device cpu, or a machine with one")
        self.device = device
        self.compiled: dict[tuple[int, str], Compiled] = {}
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

    def like(self, value: Tensor, operand: Tensor) -> Tensor:
        return value.to(operand.dtype) if isinstance(value, torch.Tensor) else value

    # -- values
    def compute(self, way: Way, f: Function, operands: Sequence[Tensor], options: Mapping[str, object]) -> object:
        if way.name != "compiled":
            return vmapped(f, operands, options) if way.name == "vmapped" else threaded(f, operands, options)
        key = id(f), repr(sorted(options.items()))
        return self.compiled.setdefault(key, Compiled(f, options))(*operands)

    # -- derivatives
    def derive(
        self, way: Way, f: Function, operands: Sequence[Tensor], wrt: Sequence[int],
        cotangent: Array | None, tangent: Array | None,
    ) -> list[Array]:  # fmt: skip
        seed, along = (None if a is None else self._tensor(a) for a in (cotangent, tangent))
        return [self.from_native(t, way.name) for t in derivative(way, f, operands, wrt, seed, along)]

    def describe(self) -> Mapping[str, object]:
        return {
            "version": torch.__version__,
            "build": " ".join(torch.__config__.show().split()),
            "isa": torch.backends.cpu.get_cpu_capability(),
            "threads": torch.get_num_threads(),
            "all_threads": THREADS,
            "accelerator": torch.cuda.get_device_name() if self.device == "cuda" else "",
        }

    # -- the words of its reproductions
    def defined(self, name: str, f: Function | None) -> list[str]:
        if isinstance(f, Renamed):
            return [head(name, f), f"    return {spelled(name, f.function)}({', '.join(f.arguments)})"]
        if inspect.isfunction(f) and f.__module__ == __name__:
            source = inspect.getsource(f).rstrip()
            (definition,) = ast.parse(source).body
            return [head(name, f), *source.splitlines()[definition.body[0].lineno - 1 :]]  # type: ignore[attr-defined]
        return [f"{name} = {spelled(name, f)}"]

    def literal(self, x: Array) -> str:
        dtype = "" if x.dtype.kind in "iu" else f", dtype=torch.{x.dtype.name}"
        if not x.size:
            return f"torch.zeros({x.shape}, dtype=torch.{x.dtype.name})"
        runs = [f"torch.full(({n},), {text}{dtype})" for text, n in in_runs(x)]
        if len(runs) == 1:
            return runs[0].replace(f"({x.size},)", str(x.shape), 1)
        return f"torch.cat([{', '.join(runs)}]).reshape({x.shape})" if runs else f"torch.tensor({listed(x)}{dtype})"

    def computed(
        self, name: str, operands: Sequence[str], keywords: str, way: str
    ) -> tuple[Sequence[str], str, Sequence[str]]:
        return words_of_value(way, name, ", ".join(operands), keywords)

    def differentiated(
        self, name: str, operands: Sequence[str], keywords: str, call: Made
    ) -> tuple[Sequence[str], str]:
        seeds = tuple("" if a is None else self.literal(a) for a in (call.cotangent, call.tangent))
        return words_of_derivative(call, f"{name}({', '.join(operands)}{keywords})", operands, *seeds)


def spelled(name: str, f: Function | None) -> str:
    """Where torch keeps this function."""
    own = getattr(f, "__name__", name)
    for prefix, module in (("torch", torch), ("F", F), ("torch.linalg", torch.linalg)):
        for attribute in (name, own, name.replace("_", "")):
            if getattr(module, attribute, None) is f:
                return f"{prefix}.{attribute}"
    return f"torch.{own}"


FRAMEWORK = Torch
