"""How arrays enter and leave a library, and how it differentiates.

A framework turns NumPy arrays into its own in a given memory layout, runs a function, and checks
what comes back: what a target returns is data, and is looked at before it is believed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import ml_dtypes
import numpy as np

from suite.floats import Array

Function = Callable[..., Any]


class TargetError(Exception):
    """The target broke its contract: one clear sentence (what, where, what to do).

    ``usage``: it is the request that is wrong (an unknown target), not the target.
    """

    def __init__(self, sentence: str, usage: bool = False):
        super().__init__(sentence)
        self.exit_code = 2 if usage else 3


class Unsupported(Exception):
    """The target says that it does not implement this dtype or derivative."""


class Framework(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def layouts(self) -> tuple[str, ...]: ...
    @property
    def modes(self) -> tuple[str, ...]: ...

    def to_native(self, array: Array, layout: str = "contiguous") -> Any: ...
    def from_native(self, value: Any, where: str) -> Array: ...
    def gradients(
        self, f: Function, operands: Sequence[Any], wrt: Sequence[int], cotangent: Array, mode: str
    ) -> list[Array]: ...
    def tangent(self, f: Function, operands: Sequence[Any], wrt: int, tangent: Array) -> Array: ...
    def second(self, f: Function, operands: Sequence[Any], wrt: int, cotangent: Array, tangent: Array) -> Array: ...
    def describe(self) -> Mapping[str, Any]: ...


def laid_out(
    array: Array, layout: str, new: Callable[[tuple[int, ...]], Any], fill: Callable[[Any, Array], None]
) -> Any:
    """``array`` in memory of a given layout; the gaps of a strided one hold other numbers."""
    if array.ndim == 0 or layout == "contiguous":
        out = new(array.shape)
    elif layout == "strided":
        out = new((*array.shape[:-1], 2 * array.shape[-1]))[..., ::2]
    elif layout == "transposed":
        stored = new(array.shape[::-1]) if array.ndim > 1 else new((array.shape[0], 2))
        for k in range(stored.ndim // 2):  # torch has no transpose of all axes at once
            stored = stored.swapaxes(k, stored.ndim - 1 - k)
        out = stored if array.ndim > 1 else stored[0]
    elif layout == "offset":
        out = new((array.size + 1,))[1:].reshape(array.shape)
    else:
        raise ValueError(f"unknown layout {layout!r}")
    fill(out, array)
    return out


@dataclass(frozen=True)
class NumPy:
    """NumPy arrays; derivatives come from a function's own ``_vjp``."""

    name: str = "numpy"
    layouts: tuple[str, ...] = ("strided", "transposed", "offset", "negative_stride", "expanded", "packed")
    modes: tuple[str, ...] = ("vjp",)

    def to_native(self, array: Array, layout: str = "contiguous") -> Array:
        if layout == "negative_stride":
            return np.flip(np.ascontiguousarray(np.flip(array))) if array.ndim else array.copy()
        if layout == "expanded":
            return np.broadcast_to(array[:1].copy(), array.shape) if array.ndim else array.copy()

        if layout == "packed":  # a field of records: the stride is no multiple of the item's size
            records = np.zeros(array.shape, [("tag", np.int8), ("value", array.dtype)])
            records["value"] = array
            return records["value"]

        def new(shape: tuple[int, ...]) -> Array:
            return np.full(shape, 77, array.dtype)

        return laid_out(array, layout, new, lambda out, a: np.copyto(out, a))

    def from_native(self, value: Any, where: str) -> Array:
        if not isinstance(value, (np.ndarray, np.generic)):
            raise TargetError(
                f"{where} returned {kind_of(value)}, not a NumPy array: return an ndarray, or set FRAMEWORK"
            )
        return np.asarray(value)

    def gradients(
        self, f: Function, operands: Sequence[Any], wrt: Sequence[int], cotangent: Array, mode: str
    ) -> list[Array]:
        result = f(*operands, cotangent=cotangent.copy())
        if not isinstance(result, (tuple, list)) or len(result) not in (len(wrt), len(operands)):
            what = f"{len(result)} values" if isinstance(result, (tuple, list)) else kind_of(result)
            raise TargetError(f"it returned {what}: return a tuple of {len(wrt)}, one array per differentiable operand")
        picked = result if len(result) == len(wrt) else [result[k] for k in wrt]
        return [self.from_native(g, "in its tuple it") for g in picked]

    def tangent(self, f: Function, operands: Sequence[Any], wrt: int, tangent: Array) -> Array:
        raise Unsupported("NumPy functions have no forward mode")

    def second(self, f: Function, operands: Sequence[Any], wrt: int, cotangent: Array, tangent: Array) -> Array:
        raise Unsupported("NumPy derivatives are not differentiated again")

    def describe(self) -> Mapping[str, Any]:
        return {"version": np.__version__, "build": "", "threads": 1}


class Torch:
    """torch tensors on a device; derivatives come from autograd through the function."""

    name = "torch"
    layouts = ("strided", "transposed", "offset", "expanded")
    modes = ("backward", "functional", "forward", "create_graph")

    def __init__(self, device: str = "cpu"):
        try:
            import torch
        except ImportError as error:
            raise TargetError("torch is not installed: pip install 'lawful[torch]'") from error
        if device == "cuda" and not torch.cuda.is_available():
            raise TargetError("--device cuda: torch sees no CUDA device here; use --device cpu, or a machine with one")
        self.torch, self.device = torch, device
        torch.set_num_threads(1)

    def to_native(self, array: Array, layout: str = "contiguous") -> Any:
        if layout == "expanded":
            return self._tensor(array[:1]).expand(array.shape) if array.ndim else self._tensor(array)
        source = self._tensor(array)
        return laid_out(
            array,
            layout,
            lambda shape: self.torch.full(shape, 77, dtype=source.dtype, device=self.device),
            lambda out, _: out.copy_(source),
        )

    def _tensor(self, array: Array) -> Any:
        array = np.array(array, order="C")
        if array.dtype == ml_dtypes.bfloat16:
            return self.torch.from_numpy(array.view(np.int16)).view(self.torch.bfloat16).to(self.device)
        return self.torch.from_numpy(array).to(self.device)

    def from_native(self, value: Any, where: str) -> Array:
        if not isinstance(value, self.torch.Tensor):
            raise TargetError(
                f"{where} returned {kind_of(value)}, not a torch tensor: return a tensor, or set FRAMEWORK"
            )
        value = value.detach().resolve_conj().resolve_neg().cpu().contiguous()
        if value.dtype == self.torch.bfloat16:
            return value.view(self.torch.int16).numpy().view(ml_dtypes.bfloat16)
        return value.numpy()

    def gradients(
        self, f: Function, operands: Sequence[Any], wrt: Sequence[int], cotangent: Array, mode: str
    ) -> list[Array]:
        torch, seed = self.torch, self._tensor(cotangent)
        leaves = [x.detach().requires_grad_(k in wrt) for k, x in enumerate(operands)]
        inputs = [leaves[k] for k in wrt]
        if mode == "functional":

            def partial(*xs: Any) -> Any:
                full = [x.detach() for x in leaves]
                for k, x in zip(wrt, xs, strict=True):
                    full[k] = x
                return f(*full)

            _, pull = torch.func.vjp(partial, *[x.detach() for x in inputs])
            return [self.from_native(g, "torch.func.vjp") for g in pull(seed)]
        y = f(*leaves)
        if not isinstance(y, torch.Tensor):
            raise TargetError(f"the function returned {kind_of(y)}, not a torch tensor")
        if not y.requires_grad:
            raise TargetError("the result does not depend on its inputs for autograd (requires_grad is False)")
        if mode == "backward":
            y.backward(seed)
            grads = [x.grad for x in inputs]
        else:
            grads = torch.autograd.grad(y, inputs, seed, create_graph=True, allow_unused=True)
        return [
            self.from_native(torch.zeros_like(x) if g is None else g, mode) for g, x in zip(grads, inputs, strict=True)
        ]

    def tangent(self, f: Function, operands: Sequence[Any], wrt: int, tangent: Array) -> Array:
        def partial(x: Any) -> Any:
            return f(*(x if k == wrt else o for k, o in enumerate(operands)))

        _, out = self.torch.func.jvp(partial, (operands[wrt],), (self._tensor(tangent),))
        return self.from_native(out, "torch.func.jvp")

    def second(self, f: Function, operands: Sequence[Any], wrt: int, cotangent: Array, tangent: Array) -> Array:
        torch, seed, v = self.torch, self._tensor(cotangent), self._tensor(tangent)
        leaves = [x.detach().requires_grad_(k == wrt) for k, x in enumerate(operands)]
        x = leaves[wrt]
        (g,) = torch.autograd.grad(f(*leaves), x, seed, create_graph=True, allow_unused=True)
        h = torch.autograd.grad(g, x, v, allow_unused=True)[0] if g is not None and g.requires_grad else None
        zero = torch.zeros_like(x)  # added, for autograd may return a zero that has no memory
        return self.from_native(zero if h is None else h + zero, "the second derivative")

    def describe(self) -> Mapping[str, Any]:
        torch = self.torch
        return {
            "version": torch.__version__,
            "build": " ".join(torch.__config__.show().split()),
            "isa": torch.backends.cpu.get_cpu_capability(),
            "threads": torch.get_num_threads(),
            "accelerator": torch.cuda.get_device_name() if self.device == "cuda" else "",
        }


FRAMEWORKS: Mapping[str, Callable[[str], Framework]] = {"numpy": lambda device: NumPy(), "torch": Torch}


def kind_of(value: Any) -> str:
    if value is None:
        return "None"
    kind = type(value)
    return f"a {kind.__qualname__}" if kind.__module__ == "builtins" else f"a {kind.__module__}.{kind.__qualname__}"
