"""A target: the functions of one library on one device, called in one way by every law."""

import contextlib
import importlib
import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from suite.floats import Array
from suite.record import Concept
from suite.targets.frameworks import FRAMEWORKS, Framework, NumPy, TargetError, Unsupported, kind_of

BUILT_IN = ("numpy", "torch")
_REFUSALS = (
    "not implemented",
    "not support",
    "unsupported dtype",
    "expected a floating",
    "not currently supported",
)


class CallError(Exception):
    """The function raised on this input."""


@dataclass(frozen=True)
class Library:
    """Named functions over one framework's arrays."""

    name: str
    framework: Framework
    functions: Mapping[str, Callable[..., Any]]
    vjps: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    device: str = "cpu"
    base: str = ""
    inherited: frozenset[str] = frozenset()

    def has(self, concept: Concept) -> bool:
        return concept.call_name in self.functions

    def has_gradient(self, concept: Concept) -> bool:
        return concept.differentiable and (self.framework.name != "numpy" or concept.call_name in self.vjps)

    def call(self, concept: Concept, operands: Sequence[Array], layout: str = "contiguous", **options: Any) -> Array:
        """The result as a NumPy array; ``options`` are the keyword arguments of the call."""
        f = self.functions[concept.call_name]
        native = [self.framework.to_native(x, layout) for x in operands]
        where = f"{self.name}.{concept.call_name}"
        if not concept.apart:
            out = self.checked(self.attempt(where, f, native, options), operands, where)
        else:
            rows = [self.attempt(where, f, [x[i] for x in native], options) for i in range(len(operands[0]))]
            out = np.stack([self.checked(y, operands, where) for y in rows])
        if layout == "contiguous":
            self.untouched(native, operands, where)
        return out

    def untouched(self, native: Sequence[Any], operands: Sequence[Array], where: str) -> None:
        """A function that writes into its operands is broken, whatever it returns."""
        for k, (x, before) in enumerate(zip(native, operands, strict=True)):
            if self.framework.from_native(x, "an operand").tobytes() != before.tobytes():
                raise TargetError(f"{where} writes into operand {k}: work on a copy")

    def attempt(self, where: str, f: Callable[..., Any], native: Sequence[Any], options: Mapping[str, Any]) -> Any:
        with guarded(where):
            return f(*native, **options)

    def checked(self, value: Any, operands: Sequence[Array], where: str) -> Array:
        """An array of the operands' dtype; anything else is a broken contract."""
        array = self.framework.from_native(value, where)
        expected = next(x.dtype for x in operands if x.dtype.kind not in "iu")
        if array.dtype != expected:
            raise TargetError(f"{where} returned {array.dtype} for {expected} operands: return the operands' dtype")
        return array

    def gradients(
        self,
        concept: Concept,
        operands: Sequence[Array],
        wrt: Sequence[int],
        cotangent: Array,
        mode: str,
        **options: Any,
    ) -> list[Array]:
        """One cotangent per differentiable operand, by the library's own derivative."""
        where, call = self._derivative(concept)
        f, native = partial(call, **options), [self.framework.to_native(x) for x in operands]
        with guarded(where):
            if not concept.apart:
                found = self.framework.gradients(f, native, wrt, cotangent, mode)
            else:
                rows = [
                    self.framework.gradients(f, [x[i] for x in native], wrt, cotangent[i], mode)
                    for i in range(len(cotangent))
                ]
                found = [np.stack(column) for column in zip(*rows, strict=True)]
            return same_shapes(found, [operands[k] for k in wrt])

    def tangent(self, concept: Concept, operands: Sequence[Array], wrt: int, tangent: Array, **options: Any) -> Array:
        """The directional derivative along ``tangent`` by forward mode."""
        where, call = self._derivative(concept)
        f, native = partial(call, **options), [self.framework.to_native(x) for x in operands]
        with guarded(where):
            if not concept.apart:
                return self.framework.tangent(f, native, wrt, tangent)
            rows = range(len(tangent))
            return np.stack([self.framework.tangent(f, [x[i] for x in native], wrt, tangent[i]) for i in rows])

    def second(
        self, concept: Concept, operands: Sequence[Array], wrt: int, cotangent: Array, tangent: Array, **options: Any
    ) -> Array:
        """The derivative along ``tangent`` of the gradient that ``cotangent`` seeds, by the library's own backward."""
        where, call = self._derivative(concept)
        f, native = partial(call, **options), [self.framework.to_native(x) for x in operands]
        with guarded(where):
            if not concept.apart:
                return self.framework.second(f, native, wrt, cotangent, tangent)
            rows = range(len(tangent))
            return np.stack(
                [self.framework.second(f, [x[i] for x in native], wrt, cotangent[i], tangent[i]) for i in rows]
            )

    def _derivative(self, concept: Concept) -> tuple[str, Callable[..., Any]]:
        name = concept.call_name
        if self.framework.name == "numpy":
            return f"{self.name}.{name}_vjp", self.vjps[name]
        return f"{self.name}.{name}", self.functions[name]


def same_shapes(gradients: list[Array], operands: Sequence[Array]) -> list[Array]:
    """A gradient has its operand's shape; anything else is a broken contract."""
    for g, x in zip(gradients, operands, strict=True):
        if g.shape != x.shape:
            raise TargetError(f"a gradient has shape {g.shape} for an operand of shape {x.shape}: return that shape")
    return gradients


@contextlib.contextmanager
def guarded(where: str) -> Any:
    """What a target raises becomes *unsupported* where it says so, else one sentence."""
    try:
        with np.errstate(all="ignore"):
            yield
    except TargetError as error:
        raise TargetError(f"{where}: {error}") from error
    except Unsupported:
        raise
    except NotImplementedError as error:
        raise Unsupported(f"{where}: {first_line(error)}") from error
    except (Exception, SystemExit) as error:  # a function that calls sys.exit ends itself, not the audit
        text = first_line(error)
        if any(word in text.lower() for word in _REFUSALS):
            raise Unsupported(f"{where}: {text}") from error
        raise CallError(f"{where} raised {type(error).__name__}: {text}") from error


def first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def load(target: str, device: str = "cpu", names: Sequence[str] = ()) -> Library:
    """A built-in target, a module path, or a user's file (never put on ``sys.path``).

    ``names`` are the names that concepts call; whatever else a module defines is its own affair.
    """
    module = _module(target)
    framework = getattr(module, "FRAMEWORK", "numpy")
    if not isinstance(framework, str) or framework not in FRAMEWORKS:
        raise TargetError(f"{target}: FRAMEWORK = {framework!r}, must be one of {', '.join(FRAMEWORKS)}")
    functions = {n: getattr(module, n) for n in names if callable(getattr(module, n, None))}
    vjps = {n: getattr(module, f"{n}_vjp") for n in names if callable(getattr(module, f"{n}_vjp", None))}
    if not functions:
        raise TargetError(f"{target} defines no function with a concept's name; `lawful concepts` lists them")
    base, inherited = getattr(module, "BASE", None), frozenset[str]()
    if base is not None:
        if base not in BUILT_IN:
            raise TargetError(f"{target}: BASE = {base!r}, must be one of {', '.join(BUILT_IN)}")
        other = load(base, device, names)
        if other.framework.name != framework:
            raise TargetError(
                f"{target}: BASE = {base!r} works on {other.framework.name} arrays, FRAMEWORK is {framework!r}"
            )
        replaced = set(functions)
        inherited = frozenset(other.functions) - replaced
        functions = {**other.functions, **functions}
        vjps = {**{n: v for n, v in other.vjps.items() if n not in replaced}, **vjps}
    if device != "cpu" and framework == "numpy":
        raise TargetError(f"--device {device}: NumPy arrays live on the CPU; use --device cpu")
    return Library(target, FRAMEWORKS[framework](device), functions, vjps, device, base or "", inherited)


def _module(target: str) -> ModuleType:
    try:
        if target in BUILT_IN:
            return importlib.import_module(f"suite.targets.{target}")
        if target.endswith(".py") or "/" in target:
            return _from_file(Path(target))
        return importlib.import_module(target)
    except TargetError:
        raise
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if missing == "torch":
            raise TargetError("torch is not installed: pip install 'lawful[torch]'") from error
        if missing and f"{target}.".startswith(f"{missing}."):
            raise TargetError(
                f"unknown target {target!r}: name numpy, torch, a file ending in .py, or an importable module",
                usage=True,
            ) from error
        raise TargetError(f"{target} does not import: {first_line(error)}") from error
    except (Exception, SystemExit) as error:
        raise TargetError(f"{target} does not import: {type(error).__name__}: {first_line(error)}") from error


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise TargetError(f"{path}: no such file; --target takes numpy, torch, a .py file or a module", usage=True)
    spec = importlib.util.spec_from_file_location(f"lawful_target_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise TargetError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


REFERENCE = NumPy()
__all__ = ["CallError", "Library", "TargetError", "Unsupported", "kind_of", "load"]
