"""Elementary functions that are off by up to four units in the last place, as those of fast libraries are."""

from typing import Any

import numpy as np
import scipy.special as sp

from suite.arithmetic.table import TABLE
from suite.floats import Array, format_of
from suite.mutants.makers import Function


class Sloppy(np.ndarray[Any, Any]):
    """Arrays whose exp, log, tanh, ... are up to 4 ulp off, by the bits of the argument."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        plain = [np.asarray(x) if isinstance(x, Sloppy) else x for x in inputs]
        if "out" in options:
            options["out"] = tuple(np.asarray(x) for x in options["out"])
        result = getattr(ufunc, method)(*plain, **options)
        if method == "__call__" and ufunc in PERTURBED:
            result = self.changed(ufunc, plain, np.asarray(result))
        return self.alike(result)

    def changed(self, ufunc: np.ufunc, arguments: list[Any], result: Array) -> Array:
        return perturbed(ufunc, arguments, result)

    def __array_function__(self, function: Function, types: Any, args: Any, options: Any) -> Any:
        return self.alike(super().__array_function__(function, types, args, options))

    @classmethod
    def alike(cls, x: Any) -> Any:
        return x.view(cls) if isinstance(x, np.ndarray) and x.dtype.kind not in "Oiub" else x


# sqrt is correctly rounded in every library; the C library's erfc has fewer than none to spare in float64
PERTURBED = {*TABLE, np.power} - {np.sqrt}
# arguments at which the exact value is a float, and IEEE 754, C or the array API requires it
EXACT: dict[np.ufunc, Function] = {
    np.log: lambda x: x == 1,
    np.log2: lambda x: np.abs(np.frexp(x)[0]) == 0.5,
    np.exp2: lambda x: x == np.rint(x),
    np.power: lambda x, y: (y == np.rint(y)) & (np.abs(y) <= 2) | (x == 1) | (x == 0),
}


def is_zero(x: Array) -> Array:
    return x == 0


def perturbed(ufunc: np.ufunc, arguments: list[Any], result: Array) -> Array:
    if result.dtype == np.float64 and ufunc in (sp.erfc, sp.erfcx):
        return result
    fmt = format_of(result.dtype)
    with np.errstate(all="ignore"):
        exact = EXACT.get(ufunc, is_zero)(*arguments)
        exact = exact | ~np.isfinite(arguments[0]) | ~np.isfinite(arguments[-1])
        # 4 ulp in all: a float64 result may bring one of its own, a float32 one is measured from float64
        most, near = (3.0, result) if fmt.p == 53 else (4.0, ufunc(*(np.asarray(x, np.float64) for x in arguments)))
        unit = fmt.ulp(near * (1 - fmt.u))  # at a power of two the exact value may be on the finer side
        off = fmt.round(near + most * dice(np.asarray(arguments[0], result.dtype)) * unit)
        beyond = np.abs(off.astype(np.float64) - near) > most * (1 - 2.0**-24) * unit
        off = np.where(beyond, np.nextafter(off, near.astype(off.dtype)), off)
        usable = ~exact & np.isfinite(near) & (np.sign(off) == np.sign(near)) & (near != 0)
    chosen: Array = np.where(usable, off, result)
    return chosen.astype(result.dtype)


def dice(x: Array) -> Array:
    """-1, 1, or now and then less, by the bits of x."""
    word = np.uint64 if x.dtype == np.float64 else np.uint32
    hashed = (np.asarray(x, order="C").view(word).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(61)
    return np.array([-1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -0.5, 0.5])[hashed.astype(np.intp)]


def loosened(f: Function) -> Function:
    def called(*operands: Array, **options: Any) -> Any:
        more = {k: Sloppy.alike(v) if k == "cotangent" else v for k, v in options.items()}
        result = f(*map(Sloppy.alike, operands), **more)
        return tuple(np.asarray(r) for r in result) if isinstance(result, tuple) else np.asarray(result)

    return called


def called_by(f: Function, *operands: Array, **options: Any) -> set[np.ufunc]:
    """The elementary functions that a text calls."""
    met = set()

    class Watched(Sloppy):
        def changed(self, ufunc: np.ufunc, arguments: list[Any], result: Array) -> Array:
            met.add(ufunc)
            return result

    f(*map(Watched.alike, operands), **options)
    return met
