"""The value checks of the array API's conformance suite, data-apis/array-api-tests at commit 55fcc601.

What it asserts of the functions that are concepts here, for float32 and float64 (the standard has no other format):

- array_api_tests/test_operators_and_elementwise_functions.py: ``isclose`` with rel_tol = 0.25 and abs_tol = 1 in the
  sense of math.isclose, for every floating result, against Python's ``math``. An infinite result passes where the
  expected one exceeds log(max) in size; NaN raises. Not looked at: zero and non-finite operands, operands outside the
  domain, expected results that overflow. So of abs, square, reciprocal (whose ``strict_check`` floating results
  never reach), exp, expm1, log, log1p, log2, sqrt, sin, cos, tanh, add, subtract, multiply, divide.
- Same file, dtype and shape only: pow; logaddexp and nextafter, whose helper compares values only where
  ``check_values`` is passed, which they do not.
- array_api_tests/test_statistical_functions.py: sum, cumulative_sum and prod by ``assert_scalar_isclose``
  (array_api_tests/pytest_helpers.py), again 0.25 and 1; not where the result is not finite, nor where the condition
  number reaches 10^6 (10^15 for prod: largest by smallest modulus). mean, var and std: dtype and shape only.
- array_api_tests/test_linalg.py: matmul, vecdot, vector_norm, matrix_norm and solve: dtype and shape only, of the
  whole and of each matrix or vector of a stack: its ``assert_equal`` compares no floating values.
- array_api_tests/test_special_cases.py: see special_cases.py; and a NaN anywhere makes mean, prod, std, sum and var
  NaN, and of no elements they are NaN, 1, NaN, 0, NaN.

Its inputs are Hypothesis's: numbers up to sqrt(max), subnormal ones excluded, arrays of up to five or six a side.
Here a generator draws such numbers from every magnitude, integers and normal numbers, so that the verdicts depend on
the seed alone. Where the suite rejects a whole example (``assume``), only the offending entry is left out here.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

import numpy as np

from suite.draw.styles import Rng
from suite.floats import FORMATS, Array
from suite.peers.inputs import seeded
from suite.peers.special_cases import agrees, special_cases
from suite.peers.subject import NotApplicable, Subject
from suite.record import Shape

REL_TOL, ABS_TOL = 0.25, 1.0

Scalar = Callable[..., float]
UNARY: Mapping[str, tuple[Scalar, float]] = {  # with the end of the domain
    "abs": (abs, -math.inf),
    "square": (lambda s: s * s, -math.inf),
    "reciprocal": (lambda s: 1.0 / s, -math.inf),
    "exp": (math.exp, -math.inf),
    "expm1": (math.expm1, -math.inf),
    "log": (math.log, 0.0),
    "log1p": (math.log1p, -1.0),
    "log2": (math.log2, 0.0),
    "sqrt": (math.sqrt, 0.0),
    "sin": (math.sin, -math.inf),
    "cos": (math.cos, -math.inf),
    "tanh": (math.tanh, -math.inf),
}
BINARY: Mapping[str, Scalar] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
}
SHAPE_ONLY = ("pow", "logaddexp", "nextafter")
REDUCTIONS: Mapping[str, float] = {"sum": 1e6, "prod": 1e15}  # with the condition number from which nothing is checked
STATISTICAL = ("mean", "var", "std", *REDUCTIONS)
EMPTY: Mapping[str, float] = {"mean": math.nan, "prod": 1.0, "std": math.nan, "sum": 0.0, "var": math.nan}
LINALG: Mapping[str, tuple[tuple[Shape, ...], ...]] = {
    "matmul": (((2, 3), (3, 4)), ((2, 1, 1, 3), (4, 3, 2)), ((1, 1), (1, 1))),
    "vecdot": (((3,), (3,)), ((2, 5), (2, 5)), ((4, 1, 3), (2, 3))),
    "vector_norm": (((4,),), ((2, 5),), ((3, 2, 4),)),
    "matrix_norm": (((3, 4),), ((2, 5, 5),), ((2, 2, 1, 3),)),
    "solve": (((3, 3), (3,)), ((2, 4, 4), (2, 4)), ((1, 1), (1,))),
}
SHAPES: tuple[Shape, ...] = ((1,), (3,), (6,), (2, 5), (6, 6), (4, 3), (2, 3, 4))


def array_api(subject: Subject, seed: int) -> None:
    name = subject.concept.call_name
    if subject.vjp:
        raise NotApplicable("the array API has no derivatives")
    if subject.dtype not in ("float32", "float64"):
        raise NotApplicable(f"the array API has no {subject.dtype}")
    rng = seeded(seed, name, "array API")
    if name in UNARY:
        _elementwise(subject, *_unary_cases(name, subject.dtype, seed))
    elif name in BINARY:
        for operands, expected in _binary_cases(name, subject.dtype, seed):
            _elementwise(subject, operands, expected)
    elif name in SHAPE_ONLY:
        for left, right in (((5,), (5,)), ((4, 1), (1, 3)), ((2, 3), (3,))):
            shapely(subject, (numbers(left, subject.dtype, rng), numbers(right, subject.dtype, rng)), {})
    elif name in STATISTICAL:
        _statistical(subject, rng)
    elif name == "cumsum":
        _cumulative(subject, rng)
    elif name in LINALG:
        _linear(subject, rng)
    else:
        raise NotApplicable("not in the array API")
    for arguments, result in special_cases(name, rng):
        out = float(subject.value(*(np.array([a]) for a in arguments))[0])
        require(agrees(arguments, out, result), f"{name}{arguments} = {out}, not {result}")


# -- elementwise


@lru_cache(64)
def _unary_cases(name: str, dtype: str, seed: int) -> tuple[tuple[Array, ...], Array]:
    x = numbers((400,), dtype, seeded(seed, name, "unary"))
    f, low = UNARY[name]
    return (x,), np.array([_expected(f, (float(s),), FORMATS[dtype].max) if s >= low else np.nan for s in x])


@lru_cache(64)
def _binary_cases(name: str, dtype: str, seed: int) -> list[tuple[tuple[Array, ...], Array]]:
    rng, out = seeded(seed, name, "binary"), []
    for left, right in (((300,), (300,)), ((10, 1), (1, 9)), ((2, 3), (3,))):
        operands = numbers(left, dtype, rng), numbers(right, dtype, rng)
        pairs = zip(*(a.ravel() for a in np.broadcast_arrays(*operands)), strict=True)
        expected = [_expected(BINARY[name], (float(a), float(b)), FORMATS[dtype].max) for a, b in pairs]
        out.append((operands, np.reshape(expected, np.broadcast_shapes(left, right))))
    return out


def _expected(f: Scalar, arguments: tuple[float, ...], most: float) -> float:
    """NaN where the suite does not look."""
    if 0 in arguments:
        return math.nan
    try:
        value = f(*arguments)
    except (OverflowError, ValueError):
        return math.nan
    return value if abs(value) < most else math.nan


def _elementwise(subject: Subject, operands: tuple[Array, ...], expected: Array) -> None:
    got = shapely(subject, operands, {})
    require(close(got, expected, FORMATS[subject.dtype].max), "isclose")


def close(got: Array, expected: Array, most: float) -> bool:
    """``isclose`` with the suite's tolerances, wherever something is expected."""
    looked = ~np.isnan(expected)
    a, b = np.asarray(got, np.float64)[looked], expected[looked]
    near = np.abs(a - b) <= np.maximum(REL_TOL * np.maximum(np.abs(a), np.abs(b)), ABS_TOL)
    return bool(np.all(np.where(np.isinf(a), np.abs(b) > math.log(most), near)))


# -- statistical


def _statistical(subject: Subject, rng: Rng) -> None:
    name = subject.concept.call_name
    for option in subject.concept.options:
        for shape, axis, keepdims in _reductions():
            x = numbers(shape, subject.dtype, rng)
            options = {**option, "axis": axis, "keepdims": keepdims}
            got = shapely(subject, (x,), options, np.sum(x, axis=axis, keepdims=keepdims).shape)
            if name in REDUCTIONS:
                wide = x.astype(np.float64)
                expected = getattr(np, name)(wide, axis=axis, keepdims=keepdims)
                looked = _condition(name, wide, axis, keepdims) < REDUCTIONS[name]
                require(_roughly(got, np.where(looked, expected, np.nan)), "assert_scalar_isclose")
        x = numbers((2, 3), subject.dtype, rng)
        x.flat[rng.integers(6)] = np.nan
        require(bool(np.isnan(subject.value(x, axis=None, **option))), "a NaN is lost")
        with suppress(ValueError, IndexError):  # a mutant made from the bound has none for no elements
            out = float(subject.value(np.zeros(0), axis=None, **option))
            require(agrees((), out, str(EMPTY[name])), f"of no elements: {out}")


def _reductions() -> Iterator[tuple[Shape, Any, bool]]:
    for k, shape in enumerate(SHAPES):
        yield shape, None, k % 2 == 0
        yield shape, -1, k % 2 == 1
    yield (2, 3, 4), (0, 2), False
    yield (6, 6), 0, True


def _condition(name: str, x: Array, axis: Any, keepdims: bool) -> Array:
    size = np.abs(x)
    if name == "prod":
        return np.max(size, axis=axis, keepdims=keepdims) / np.min(size, axis=axis, keepdims=keepdims)
    return np.sum(size, axis=axis, keepdims=keepdims) / np.abs(np.sum(x, axis=axis, keepdims=keepdims))


def _roughly(got: Array, expected: Array) -> bool:
    """Within the tolerances where both are finite: the suite rejects an example with a result that is not."""
    got = np.asarray(got, np.float64)
    return close(got, np.where(np.isfinite(got) & np.isfinite(expected), expected, np.nan), math.inf)


def _cumulative(subject: Subject, rng: Rng) -> None:
    for shape in SHAPES:
        for axis in range(-len(shape), 0):
            x = numbers(shape, subject.dtype, rng)
            got, wide = shapely(subject, (x,), {"axis": axis}, shape), x.astype(np.float64)
            expected = np.cumsum(wide, axis=axis)
            looked = np.cumsum(np.abs(wide), axis=axis) < REDUCTIONS["sum"] * np.abs(expected)
            require(_roughly(got, np.where(looked, expected, np.nan)), "assert_scalar_isclose")


# -- linear algebra


def _linear(subject: Subject, rng: Rng) -> None:
    name = subject.concept.call_name
    for option in subject.concept.options:
        for shapes in LINALG[name]:
            operands = tuple(numbers(s, subject.dtype, rng) for s in shapes)
            if name in ("solve", "matrix_norm"):  # invertible; and LAPACK writes to the terminal at an infinity
                square = rng.standard_normal(shapes[0]) + 4 * np.eye(shapes[0][-2], shapes[0][-1])
                operands = (square.astype(subject.dtype), *operands[1:])
            for more, shape in _results(name, shapes, subject.concept.parameters):
                shapely(subject, operands, {**option, **more}, shape)
            _each_of_stack(subject, operands, option)


def _results(
    name: str, shapes: tuple[Shape, ...], parameters: frozenset[str]
) -> Iterator[tuple[dict[str, Any], Shape]]:
    """Keyword arguments, and the shape that they lead to."""
    first, last = shapes[0], shapes[-1]
    if name == "matmul":
        yield {}, (*np.broadcast_shapes(first[:-2], last[:-2]), first[-2], last[-1])
    elif name == "vecdot":
        yield {"axis": -1}, np.broadcast_shapes(first, last)[:-1]
    elif name == "solve":
        yield {}, last
    elif name == "matrix_norm":
        yield {}, first[:-2]
        if "keepdims" in parameters:
            yield {"keepdims": True}, (*first[:-2], 1, 1)
    else:
        yield {"axis": None}, ()
        yield {"axis": -1, "keepdims": True}, (*first[:-1], 1)
        yield {"axis": 0}, first[1:]


def _each_of_stack(subject: Subject, operands: tuple[Array, ...], option: Mapping[str, Any]) -> None:
    """The first of the stack alone: its dtype, and that nothing is raised."""
    alone = tuple(x[(0,) * (x.ndim - len(core))] for x, core in zip(operands, subject.concept.cores, strict=True))
    out = subject.value(*alone, **option, **subject.concept.along)
    require(str(out.dtype) == subject.dtype, f"dtype {out.dtype}")


# -- what they share


def numbers(shape: Shape, dtype: str, rng: Rng) -> Array:
    """Of every magnitude up to sqrt(max), integers, and normal numbers; none subnormal."""
    fmt, size = FORMATS[dtype], math.prod(shape)
    top = fmt.emax // 2
    kinds = [
        rng.choice([-1.0, 1.0], size) * np.ldexp(rng.uniform(1, 2, size), rng.integers(fmt.emin, top, size)),
        rng.integers(-9, 10, size).astype(np.float64),
        rng.standard_normal(size) * 10 ** rng.uniform(-1, 2, size),
    ]
    picked = rng.integers(0, 3, size) if size > 9 else np.full(size, rng.integers(0, 3))
    return fmt.round(np.choose(picked, kinds).reshape(shape))


def shapely(
    subject: Subject, operands: tuple[Array, ...], options: Mapping[str, Any], shape: Shape | None = None
) -> Array:
    """The result, once its dtype and its shape are right."""
    got = subject.value(*operands, **options)
    shape = np.broadcast_shapes(*(x.shape for x in operands)) if shape is None else shape
    require(str(got.dtype) == subject.dtype, f"dtype {got.dtype}")
    require(got.shape == shape, f"shape {got.shape}, not {shape}")
    return got


def require(condition: bool, what: str) -> None:
    if not condition:
        raise AssertionError(what)
