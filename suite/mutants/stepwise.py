"""Every step rounded to sixteen bits: what a library computes that composes a function of array operations."""

from functools import cache
from typing import Any, ClassVar

import numpy as np

from reference.shapes import Axis, fold, spread
from suite.floats import Array, Format, format_of
from suite.mutants.makers import Function


class Stepwise(np.ndarray[Any, Any]):
    """Numbers of a sixteen-bit format, held in binary32; a sum accumulates there, and is rounded once."""

    format: ClassVar[Format]

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        plain = [np.asarray(x) if isinstance(x, Stepwise) else x for x in inputs]
        if "out" in options:
            options["out"] = tuple(np.asarray(x) for x in options["out"])
        if ufunc is np.multiply and method == "reduce":
            return self.product(plain[0], **options)
        return self.of(getattr(ufunc, method)(*plain, **options))

    def __array_function__(self, function: Function, types: Any, args: Any, options: Any) -> Any:
        return self.of(super().__array_function__(function, types, args, options))

    @classmethod
    def product(cls, x: Array, axis: Axis = 0, keepdims: bool = False, **options: Any) -> Array:
        """A product has no wider accumulator: libraries round each one."""
        rows, out = fold(x, axis), cls.of(np.ones(fold(x, axis).shape[:-1], np.float32))
        for k in range(rows.shape[-1]):
            out = out * cls.of(rows[..., k])
        return spread(out, x, axis) if keepdims else out

    @classmethod
    def of(cls, x: Any) -> Any:
        """Rounded; what is no real array stays what it is."""
        if isinstance(x, tuple | list):
            return type(x)(cls.of(part) for part in x)
        if not isinstance(x, np.ndarray | np.floating) or x.dtype.kind in "Oiub":
            return x
        return cls.format.round(np.asarray(x, np.float64)).astype(np.float32).view(cls)


@cache
def arrays_of(fmt: Format) -> type[Stepwise]:
    return type("Stepwise", (Stepwise,), {"format": fmt})


def stepwise(f: Function) -> Function:
    """The text on such arrays."""

    def called(*operands: Array, **options: Any) -> Any:
        fmt = format_of(next(x.dtype for x in operands if x.dtype.kind not in "iu"))
        kind = arrays_of(fmt)
        more = {k: kind.of(v) if k == "cotangent" else v for k, v in options.items()}
        with np.errstate(all="ignore"):
            result = f(*map(kind.of, operands), **more)
            if isinstance(result, tuple):
                return tuple(fmt.round(np.asarray(r, np.float64)) for r in result)
            return fmt.round(np.asarray(result, np.float64))

    return called
