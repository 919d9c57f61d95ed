"""Arrays of any library that follows the array API standard, by array-api-compat; not a target, but the way to many.

A namespace with ``__array_namespace_info__`` is a target as it is; a file says FRAMEWORK = "array_api" and which
library it means, NAMESPACE. Arrays come by ``asarray`` and go by DLPack, or by ``__array__`` where a library is lazy.
"""

from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

import array_api_compat
import numpy as np

from suite.floats import Array
from suite.targets.numpy import NumPy
from suite.targets.protocol import Memory, TargetError, Unsupported, contiguous
from suite.targets.ways import Way
from suite.targets.words import kind_of, listed

# the standard's names for ours, where they differ or stand in an extension
NAMES = {"cumsum": "cumulative_sum"}
EXTENSION = "linalg"


class ArrayAPI(NumPy):
    """The arrays of one namespace; derivatives come from a function's own ``_vjp``, and memory is the library's own."""

    name = "array_api"
    layouts: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()

    def __init__(self, module: ModuleType, device: str = "cpu"):
        namespace = getattr(module, "NAMESPACE", module)
        if not hasattr(namespace, "asarray"):
            raise TargetError(f"{module.__name__}: set NAMESPACE to the library whose arrays FRAMEWORK means")
        example = namespace.asarray([0.0])
        self.xp, self.kind = array_api_compat.array_namespace(example), type(example)
        if device != "cpu" and not array_api_compat.is_cupy_namespace(self.xp):
            raise TargetError(f"--device {device}: arrays of {namespace.__name__} live on the CPU; use --device cpu")
        self.device = device
        self.package = self.xp.__name__.removeprefix("array_api_compat.").partition(".")[0]
        self.imports = (f"import {self.package}", f"import {self.xp.__name__} as xp")
        self.version = f"{self.package}.__version__"
        if hasattr(self.kind, "__dlpack__"):
            self.wide = "np.from_dlpack({}).astype(np.float64)"

    def to_native(self, array: Array, memory: Memory | None = None) -> Any:
        if memory not in (None, contiguous(array.ndim)):
            raise Unsupported("the array API knows nothing of memory")
        dtype = getattr(self.xp, array.dtype.name, None)
        if dtype is None:
            raise Unsupported(f"{self.xp.__name__} has no {array.dtype.name}")
        return self.xp.asarray(array.copy(), dtype=dtype)

    def from_native(self, value: Any, where: str) -> Array:
        if not isinstance(value, self.kind):
            told = f"return an array of {self.xp.__name__}, or set FRAMEWORK"
            raise TargetError(f"{where} returned {kind_of(value)}: {told}")
        given = np.from_dlpack(value) if hasattr(value, "__dlpack__") else np.asarray(value)
        return np.array(given, order="C")

    def derive(
        self,
        way: Way,
        f: Callable[..., Any],
        operands: Sequence[Any],
        wrt: Sequence[int],
        cotangent: Array | None,
        tangent: Array | None,
    ) -> list[Array]:
        def seeded(*xs: Any, cotangent: Array) -> Any:
            return f(*xs, cotangent=self.to_native(cotangent))

        return super().derive(way, seeded, operands, wrt, cotangent, tangent)

    def describe(self) -> Mapping[str, object]:
        version = getattr(__import__(self.package), "__version__", "unknown")
        return {"version": version, "build": "", "threads": 1, "array API": self.xp.__array_api_version__}

    # -- its functions, and the words of its reproductions
    def function(self, name: str) -> Callable[..., Any] | None:
        """That of the standard, or of its linear algebra."""
        linalg = getattr(self.xp, EXTENSION, None)
        found: Callable[..., Any] | None = getattr(self.xp, NAMES.get(name, name), getattr(linalg, name, None))
        return found

    def defined(self, name: str, f: Callable[..., Any] | None) -> list[str]:
        own = NAMES.get(name, name)
        return [f"{name} = xp.{own}" if hasattr(self.xp, own) else f"{name} = xp.{EXTENSION}.{own}"]

    def literal(self, x: Array) -> str:
        values = f"xp.asarray({listed(x)}" if x.size else f"xp.zeros({x.shape}"
        return f"{values}, dtype=xp.{x.dtype.name})"
