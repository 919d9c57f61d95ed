"""The four binary formats, and the decorator that gives every function of this package its half-precision behaviour."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import ml_dtypes
import numpy as np

Array = Any  # NumPy arrays, and every array class that speaks NumPy's protocols: no static type describes them all
Function = Callable[[Array], Array]

_P = ParamSpec("_P")
_R = TypeVar("_R")


@dataclass(frozen=True)
class Format:
    """A binary floating-point format: p bits of precision, exponents from emin to emax (IEEE 754-2019, section 3.3).

    >>> BINARY16.u, BINARY16.max, BINARY16.eta
    (0.00048828125, 65504.0, 5.960464477539063e-08)
    """

    name: str
    dtype: np.dtype[Any]
    p: int
    emin: int
    emax: int

    @property
    def u(self) -> float:
        """Unit roundoff 2^-p: the largest relative error of one rounding."""
        return 2.0**-self.p

    @property
    def eta(self) -> float:
        """Smallest subnormal 2^(emin-p+1): the spacing of the numbers around zero."""
        return 2.0 ** (self.emin - self.p + 1)

    @property
    def tiny(self) -> float:
        """Smallest normal number 2^emin; below it digits are lost one by one."""
        return 2.0**self.emin

    @property
    def max(self) -> float:
        """Largest finite number (2 - 2^(1-p)) 2^emax."""
        return (2.0 - 2.0 ** (1 - self.p)) * 2.0**self.emax


BINARY64 = Format("float64", np.dtype(np.float64), 53, -1022, 1023)
BINARY32 = Format("float32", np.dtype(np.float32), 24, -126, 127)
BINARY16 = Format("float16", np.dtype(np.float16), 11, -14, 15)
BFLOAT16 = Format("bfloat16", np.dtype(ml_dtypes.bfloat16), 8, -126, 127)
FORMATS = {f.name: f for f in (BINARY64, BINARY32, BINARY16, BFLOAT16)}
HALVES = {BINARY16.dtype, BFLOAT16.dtype}


def format_of(dtype: Any) -> Format:
    """The Format of a dtype, of its name, or of an array. Raises ValueError when it is none of the four.

    >>> format_of("bfloat16").p, format_of(np.float32(1)).name
    (8, 'float32')
    """
    name = dtype if isinstance(dtype, str) else np.dtype(getattr(dtype, "dtype", dtype)).name
    if name not in FORMATS:
        raise ValueError(f"not one of {', '.join(FORMATS)}: {dtype!r}")
    return FORMATS[name]


def ulp(x: Array) -> Array:
    """The spacing of the numbers at x in x's own format: 2^(max(floor(log2 |x|), emin) - p + 1). Exact.

    ulp(0) is the smallest subnormal; at +-inf and NaN it is NaN. The spacing is that of x's own binade, so on a
    power of two it is the larger of the two neighbouring gaps (Higham 2002, section 2.1; Muller et al. 2018,
    Goldberg's definition).

    >>> float(ulp(1.0)) == 2.0**-52, float(ulp(np.float32(2**24)))
    (True, 2.0)
    """
    x = np.asarray(x) if hasattr(x, "dtype") else np.asarray(x, dtype=np.float64)
    f = format_of(x.dtype)
    # |x| = m 2^exponent with m in [1/2, 1): floor(log2 |x|) = exponent - 1
    _, exponent = np.frexp(x.astype(np.float64))
    spacing = np.ldexp(1.0, np.maximum(np.where(x == 0, f.emin, exponent - 1), f.emin) - f.p + 1)
    return np.where(np.isfinite(x), spacing, np.nan).astype(f.dtype)[()]


def cast(x: Array, *, dtype: str | np.dtype[Any]) -> Array:
    """Round to the nearest number of another format, ties to even: |cast(x) - x| <= ulp/2; +-inf from max + ulp/2 on.

    One rounding, also from float64 to bfloat16, where ml_dtypes rounds twice (through float32):

    >>> x = np.float64(1 + 2**-8 + 2**-40)  # just above the midpoint of 1 and 1 + 2^-7
    >>> float(cast(x, dtype="bfloat16")), float(x.astype(ml_dtypes.bfloat16))
    (1.0078125, 1.0)
    """
    f, x = format_of(dtype), np.asarray(x)
    with np.errstate(over="ignore", under="ignore"):
        if f is BFLOAT16 and x.dtype not in HALVES and x.dtype != BINARY32.dtype:
            x = _on_grid(x.astype(np.float64), f)
        return x.astype(f.dtype)[()]


def _on_grid(x: Array, f: Format) -> Array:
    """Nearest multiple of ulp_f(x), in float64: scaling by a power of two is exact and rint is the only rounding."""
    _, exponent = np.frexp(x)
    shift = np.maximum(exponent - 1, f.emin) - f.p + 1
    return np.where(np.isfinite(x), np.ldexp(np.rint(np.ldexp(x, -shift)), shift), x)


def nextafter(x: Array, y: Array) -> Array:
    """The neighbour of x in its own format in the direction of y (x itself where they are equal). Exact.

    >>> float(nextafter(ml_dtypes.bfloat16(1), 2.0)), float(nextafter(np.float16(0), -1.0))
    (1.0078125, -5.960464477539063e-08)
    """
    x = np.asarray(x) if hasattr(x, "dtype") else np.asarray(x, dtype=np.float64)
    return np.nextafter(x, np.asarray(y).astype(x.dtype))[()]


def wide(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Decorator: half-precision operands are widened to float32, and results rounded once, at the end, to their type.

    So the error in a half format is half an ulp plus the float32 error ("compute wide, round once"). Python numbers
    and lists, and integer arrays, take the type of the floating operands beside them (float64 if there are none);
    an operand called `labels` stays integer. float32 and float64 arrays, and every object that is not a NumPy
    array, reach the function untouched. Overflow, underflow and invalid operations are not reported as warnings:
    infinities and NaNs are results here, and documented.

    >>> @wide
    ... def third(x): return x / 3.0
    >>> third(np.float16(1)).dtype.name, third([1, 2]).dtype.name
    ('float16', 'float64')
    """
    names = list(inspect.signature(function).parameters)

    @functools.wraps(function)
    def widened(*operands: Any, **options: Any) -> Any:
        given = [*operands, options["cotangent"]] if "cotangent" in options else list(operands)
        types = {a.dtype for a in given if _is_floating(a)}
        half = types.copy().pop() if len(types) == 1 and types <= HALVES else None
        # float16 beside bfloat16 has no common half format: both widen, and the result stays wide
        common = np.result_type(np.float32, *(types - HALVES)) if types else BINARY64.dtype
        given = [
            _widen(a, common, name == "labels") for a, name in zip(given, names + names[-1:] * len(given), strict=False)
        ]
        if "cotangent" in options:
            options["cotangent"] = given.pop()
        with np.errstate(all="ignore"):
            result = function(*given, **options)
        return result if half is None else _narrow(result, half)

    return widened


def _is_floating(a: Array) -> bool:
    return isinstance(a, np.ndarray | np.generic) and (a.dtype.kind == "f" or a.dtype in HALVES)


def _widen(a: Array, common: np.dtype[Any], is_label: bool) -> Array:
    if is_label:
        return np.asarray(a) if isinstance(a, list | tuple | int) else a
    if isinstance(a, np.ndarray | np.generic):
        return a.astype(common) if a.dtype in HALVES or a.dtype.kind in "iub" else a
    return np.asarray(a, dtype=common) if isinstance(a, int | float | list | tuple) else a


def _narrow(result: Any, half: np.dtype[Any]) -> Any:
    if isinstance(result, tuple):
        return tuple(_narrow(r, half) for r in result)
    return cast(result, dtype=half) if _is_floating(result) else result


def round_to(x: Array, *, dtype: str | np.dtype[Any]) -> Array:
    """x rounded to the nearest number of a narrower format and given back in its own type: `cast` there and back.

    >>> round_to(1 + 2.0**-30, dtype="float32").item()
    1.0
    """
    x = np.asarray(x) if hasattr(x, "dtype") else np.asarray(x, dtype=np.float64)
    return cast(x, dtype=dtype).astype(x.dtype)[()]
