"""Running-error bounds: no sound algorithm is ever beyond one, and none is so wide that it catches nothing.

Reference and alternatives are run by NumPy, and by arrays that lose at every operation what a
standard allows; every entry of every result is then decided in balls.
"""

import inspect
import math
from collections.abc import Callable, Iterator
from functools import cache, partial, partialmethod
from itertools import product
from typing import Any, ClassVar

import numpy as np
import pytest
import scipy.special as sp

from reference.formats import wide
from suite.arithmetic import Balls, Standard, Undecided, Variable, backward
from suite.arithmetic.protocol import Arithmetic
from suite.arithmetic.table import TABLE
from suite.concepts import call_names, concepts
from suite.draw.recipes import Recipe, draw, lengths
from suite.floats import FORMATS, precision
from suite.judge.bound import texts
from suite.judge.case import Case
from suite.judge.certify import certify, decide, entry, excess
from suite.laws.gradient import off_kinks
from suite.targets.loading import load

Array = np.ndarray[Any, Any]
BITS, RECIPES, ENTRIES = 200, 4, 300
LONG, SIDE = (3, 17, 1, 65), (2, 3, 1, 5)  # lengths of a vector, sides of a matrix
NUMPY = load("numpy", "cpu", call_names())
DEFINED = [c for c in concepts().values() if c.truth.encloses]
STUDIES = [(c.name, gradient) for c in DEFINED for gradient in (False, True)[: 1 + c.differentiable]]
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # overflow is a result here
_erfc = np.vectorize(math.erfc, otypes=[float])


class Careless(Arithmetic):
    """Floats that lose at every operation what a standard allows: functions are ulps off, sums run in any order."""

    elementary: ClassVar = TABLE

    def __init__(self, value: Any, standard: Standard, rng: np.random.Generator):
        self.value, self.standard, self.rng = np.asarray(value, np.float64), standard, rng
        self.parts = (self.value,)
        self.wide = np.float64 if standard.format.p == 53 else np.float32

    def rebuild(self, *parts: Any) -> "Careless":
        return Careless(parts[0], self.standard, self.rng)

    def lift(self, other: Any) -> "Careless":
        return self.rebuild(self.standard.format.round(other).astype(np.float64))

    def power(self, o: "Careless") -> "Careless":
        if o.value.ndim == 0 and o.value in (1, 2):
            return self * self if o.value == 2 else self
        return self.off(np.power(self.value, o.value), self.standard.ulps)

    def apply(self, ufunc: np.ufunc, x: "Careless") -> "Careless":
        """Float64's own erf and erfc have used up their ulps already; exp 0 = 1 and the like are exact everywhere."""
        used = TABLE[ufunc].ulps is not None or (self.wide is np.float64 and ufunc in (sp.erf, sp.erfc))
        value = _erfc(x.value) if ufunc is sp.erfc else ufunc(x.value)
        careless = self.off(value, 0.5 if used else self.standard.ulps)
        exact = self.standard.points & (x.value == TABLE[ufunc].known)
        return self.rebuild(np.where(exact, value, careless.value))

    def off(self, value: Array, ulps: float) -> "Careless":
        """Most of what is left of the ulps when half of one is kept for the rounding, and in binary64 for NumPy."""
        shift = (
            (0.5 if self.wide is np.float64 else 0.75) * (ulps - 0.5) * self.rng.choice([-1.0, 1.0, 0.3], value.shape)
        )
        return self.lift(np.where(value == 0, value, value + shift * self.standard.format.ulp(value)))

    def reduced(self, ufunc: np.ufunc, axis: Any = None, keepdims: bool = False) -> "Careless":
        """One term after the other, in a random order, in binary32 or binary64."""
        axes = tuple(range(self.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        out = self.value.astype(self.wide)
        for k in axes:
            order = self.rng.permutation(out.shape[k])
            out = np.take(ufunc.accumulate(np.take(out, order, axis=k), axis=k), [-1], axis=k)
        return self.lift(out if keepdims else np.squeeze(out, axis=axes))

    def numpy(self, f: Callable[..., Any], *args: Any, **options: Any) -> "Careless":
        return self.lift(f(self.value.astype(self.wide), *args, **options))

    sum, prod = partialmethod(reduced, np.add), partialmethod(reduced, np.multiply)
    cumsum, cumprod = partialmethod(numpy, np.cumsum), partialmethod(numpy, np.cumprod)
    max, sort, norm = partialmethod(numpy, np.max), partialmethod(numpy, np.sort), partialmethod(numpy, np.linalg.norm)

    def matmul(self, o: "Careless") -> "Careless":
        return self.rebuild(self.value[..., :, :, None] * o.value[..., None, :, :]).sum(axis=-2)

    def compare(self, ufunc: np.ufunc, *inputs: Any) -> Any:
        return ufunc(*(x.value for x in self.lifted(*inputs)))


for f in (np.add, np.subtract, np.multiply, np.divide, np.negative, np.absolute, np.sign, np.maximum):
    setattr(Careless, f.__name__, lambda self, *others, f=f: self.lift(f(self.value, *(o.value for o in others))))


def running(x: Any) -> tuple[Any, Any]:
    """Welford's updates of the mean and of the sum of squares about it."""
    m, s = x[..., 0], x[..., 0] * 0.0
    for k in range(1, x.shape[-1]):
        d = x[..., k] - m
        m = m + d / (k + 1.0)
        s = s + d * (x[..., k] - m)
    return m, s


def deviation(x: Any, *, correction: float) -> Any:
    top = np.max(np.abs(x), axis=-1, keepdims=True)
    scale = np.where(top == 0, 1.0, top)
    return scale[..., 0] * np.sqrt(running(x / scale)[1] / (x.shape[-1] - correction))


def nrm2(x: Any, **_: Any) -> Any:
    """LAPACK's classical one: the scale grows with the largest entry met, the sum of squares is rescaled."""
    top, total = np.abs(x[..., 0]), np.abs(x[..., 0]) * 0.0 + 1.0
    for k in range(1, x.shape[-1]):
        a, old = np.abs(x[..., k]), top
        top = np.maximum(old, a)
        ratio = np.minimum(old, a) / np.where(top == 0, 1.0, top)
        total = np.where(a > old, total * (ratio * ratio) + 1.0, total + ratio * ratio)
    return top * np.sqrt(total)


# sound algorithms that only the hand-written bounds of the declarations cover
WRITTEN: dict[str, Callable[..., Any]] = {
    "mean": lambda x: running(x)[0], "var": lambda x, *, correction: running(x)[1] / (x.shape[-1] - correction),
    "std": deviation, "vector_norm": nrm2, "matrix_norm": lambda a, **_: nrm2(a.reshape(len(a), -1)),
}  # fmt: skip


def cases(name: str, dtype: str) -> Iterator[Case]:
    """Recipes of every option in turn; in every other one the cotangent is a seed of any numbers."""
    concept, fmt, j, entries = concepts()[name], FORMATS[dtype], 0, 0
    pool = LONG if len(concept.dims) == 1 else SIDE
    while j < max(RECIPES, 2 * len(concept.options)) or (entries < 2 * ENTRIES and j < 50):
        sizes = ((d, max(n for n in lengths(concept, d) if n <= pool[(j + k) % 4])) for k, d in enumerate(concept.dims))
        recipe = Recipe(tuple(sizes), j % len(concept.options), 1000 + j)
        case = Case(concept, fmt, draw(concept, fmt, recipe), recipe, target=NUMPY)
        case = case.take(slice(0, max(24, ENTRIES // max(x[0].size for x in case.inputs))))
        if j % 2 and concept.differentiable:
            case = case.seeded(fmt.round(case.rng("seed").standard_normal(case.value.shape)))
        j, entries = j + 1, entries + case.value.size
        yield case


def operands(case: Case, arithmetic: Callable[[Array], Any]) -> list[Any]:
    return [x if o.integer else arithmetic(x) for x, o in zip(case.inputs, case.concept.operands, strict=True)]


def runs(case: Case, text: Callable[..., Any], **seed: Array) -> Iterator[list[Array]]:
    """The results of a text by NumPy and by careless arrays, composed and fused, rounded into the format."""
    axis = {"axis": -1} if "axis" in inspect.signature(text).parameters else {}
    results = [wide(text)(*case.inputs, **axis, **case.options, **seed)]
    for standard in {case.required(fused) for fused in (case.concept.freedom.fused and not seed, True)}:
        careless = partial(Careless, standard=standard, rng=np.random.default_rng(7))
        seeds = {k: careless(v) for k, v in seed.items()}
        results.append(text(*operands(case, careless), **axis, **case.options, **seeds))
    for result in results:
        found = result if isinstance(result, tuple) else (result,)
        yield [case.format.round(getattr(r, "value", r)).astype(np.float64) for r in found]


def implementations(case: Case, gradient: bool) -> Iterator[list[Array]]:
    """One list of results each: the value, or a cotangent per differentiable operand."""
    c = case.concept
    written = [WRITTEN[c.name]] if c.name in WRITTEN and case.options.get("ord", 2) in (2, "fro") else []
    for text in (c.backward, *c.freedom.derivatives) if gradient else (*texts(case), *written):
        yield from runs(case, text, **({"cotangent": case.cotangent} if gradient else {}))
    if not gradient and NUMPY.functions.get(c.call_name, c.reference) is not c.reference:
        yield [case.got().astype(np.float64)]


def truths(case: Case, gradient: bool) -> list[Any] | None:
    """All rows at once; None where some comparison is undecided at this precision."""
    with precision(BITS):
        try:
            xs = operands(case, (lambda x: Variable(Balls(x))) if gradient else Balls)
            y = case.concept.truth.text(*xs, **case.options)
            if gradient:
                found = backward(y, Balls(case.cotangent.astype(np.float64)), [xs[k] for k in case.wrt])
                return [(0 * xs[k].value if g is None else g).a for g, k in zip(found, case.wrt, strict=True)]
            return [np.broadcast_to(y.a, case.value.shape)]
        except Undecided:
            return None


def smooth(case: Case, k: int) -> Array:
    # a norm with kinks has one at every tie as well
    x = np.sort(np.abs(case.inputs[k].astype(np.float64)), axis=-1)
    ties = (
        bool(case.concept.truth.kinks)
        and not case.concept.elementwise
        and np.any(np.diff(x) == 0, axis=-1, keepdims=True)
    )
    return off_kinks(case, k) & ~np.asarray(ties)


def verdict_on(case: Case, i: tuple[int, ...], j: int, ball: Any, got: float, allowed: float) -> tuple[str | None, Any]:
    verdict = None if ball is None else decide(ball, got, allowed, case.format)
    at = case.exact if j < 0 else lambda row, bits: case.exact_grads(row, bits)[j]
    return (verdict, ball) if verdict else certify(lambda b: entry(at(i[0], b), i[1:]), got, allowed, case.format)


@cache
def study(name: str, dtype: str, gradient: bool) -> tuple[list[str], int, list[tuple[float, float]]]:
    """What is beyond its bound, the number of entries decided, and (bound, observed/bound) at normal results."""
    beyond, ratios, entries = [], [], 0
    for case in cases(name, dtype):
        balls, bounds = truths(case, gradient), case.bounded_grads() if gradient else [case.bounded()]
        for results, (j, (value, allowed)) in product(implementations(case, gradient), enumerate(bounds)):
            promised = np.isfinite(value) & np.isfinite(allowed) & (smooth(case, case.wrt[j]) if gradient else True)
            got, normal = np.broadcast_to(results[j], value.shape), np.abs(value) >= np.fmax(allowed, case.format.tiny)
            for i in map(tuple, np.argwhere(promised).tolist()):
                g, bound, ball = float(got[i]), float(allowed[i]), None if balls is None else balls[j][i]
                verdict, ball = verdict_on(case, i, j if gradient else -1, ball, g, bound)
                entries += verdict in ("within", "beyond")
                if verdict == "beyond":
                    row = [x[i[0]].tolist() for x in case.inputs]
                    beyond.append(f"{case.options} {row} {i}: {g!r} for {ball.str(20)}, allowed {bound!r}")
                elif verdict == "within" and normal[i] and np.isfinite(g):
                    ratios.append((bound, excess(ball, g, bound)))
    return beyond, entries, ratios


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("name, gradient", STUDIES)
def test_no_sound_algorithm_is_beyond_its_bound(name: str, gradient: bool, dtype: str) -> None:
    beyond, entries, _ = study(name, dtype, gradient)
    assert not beyond and entries > ENTRIES


@pytest.mark.parametrize("name, gradient", STUDIES)
def test_bound_is_not_slack(name: str, gradient: bool) -> None:
    """Somewhere a sound algorithm uses a twentieth of its bound, unless all bounds are 0: exact operations."""
    ratios = study(name, "float32", gradient)[2]
    assert concepts()[name].freedom.slack or any(r > 0.05 for _, r in ratios) or not any(bound for bound, _ in ratios)


@pytest.mark.parametrize("dtype", FORMATS)
def test_the_adversary_keeps_its_standard(dtype: str) -> None:
    """A function of a careless array is within the ulps allowed, and uses half of them."""
    rng, functions = np.random.default_rng(0), (np.exp, np.log1p, np.tanh, np.sin, np.expm1)
    for standard in {Standard.required(FORMATS[dtype], fused) for fused in (False, True)}:
        x = Careless(standard.format.round(np.abs(rng.standard_normal(400))), standard, rng)
        for f in functions:
            gaps = [float(abs(t - g).mid()) for t, g in zip(f(Balls(x.value)).a, f(x).value, strict=True)]
            ulps = np.array(gaps) / standard.format.ulp(f(x.value))
            assert np.all(ulps <= standard.ulps) and np.any(ulps > 0.5 * standard.ulps)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_library_may_have_the_seed_in_every_product(dtype: str) -> None:
    """g sigmoid(x) underflows first, and what that loses is then multiplied by 1 + x sigmoid(-x), some -60."""
    fmt = FORMATS[dtype]
    half = np.log(float(fmt.tiny)) / 2
    x = np.linspace(1.4 * half, 0.9 * half, 400).astype(dtype)
    seed = np.full(400, 2.0 ** np.floor(half), dtype)
    case = Case(concepts()["silu"], fmt, (x,), Recipe((), 0, 0), target=NUMPY).seeded(seed)
    with np.errstate(all="ignore"):
        got = seed * sp.expit(x) * (1 + x * sp.expit(-x))
        ((value, allowed),) = case.bounded_grads()
    off = np.abs(got.astype(float) - value)
    assert (
        np.all(off <= allowed)
        and np.any(off > 10 * fmt.eta)
        and np.all(allowed < 1000 * fmt.eta + 1e-4 * np.abs(value))
    )
