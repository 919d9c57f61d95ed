"""The four formats: their constants, the ulp, and three roundings that must be one."""

from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from suite.floats import FORMATS, Format, format_of, precision

CAST = ("float32", "float16")  # the formats that NumPy's own cast rounds to, from float64, in one step
formats = pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS)
narrow = pytest.mark.parametrize("name", [n for n in FORMATS if n != "float64"])


def nearest_even(x: Fraction, fmt: Format) -> float:
    """x rounded in integers only: of the two multiples of ulp(x) around x, the nearer, or the even one."""
    if x == 0:
        return 0.0
    size, e = abs(x), fmt.emin
    while Fraction(2) ** (e + 1) <= size:
        e += 1
    ulp = Fraction(2) ** (e - fmt.p + 1)
    n = round(size / ulp)  # Fraction rounds half to even
    value = n * ulp
    limit = (2 - Fraction(2) ** (1 - fmt.p)) * Fraction(2) ** fmt.emax
    return (-1.0 if x < 0 else 1.0) * (np.inf if value > limit else float(value))


def doubles(fmt: Format) -> st.SearchStrategy[float]:
    """A number of the format (subnormal to overflow), plus 0, 1/2 or 1 of its ulp, plus a speck, or any double."""

    def near(sign: int, e: int, m: int, halves: int, speck: int, depth: int) -> float:
        ulp = 2.0 ** (max(e, fmt.emin) - fmt.p + 1)
        digits = m >> max(fmt.emin - e, 0)
        return sign * (digits * ulp + halves * ulp / 2 + speck * ulp * 2.0**-depth)

    exponents = st.integers(fmt.emin - fmt.p - 1, fmt.emax + 1)
    digits = st.integers(0, 2 ** (fmt.p - 1) - 1).map(lambda m: m + 2 ** (fmt.p - 1))
    built = st.builds(
        near,
        st.sampled_from((-1, 1)),
        exponents,
        digits,
        st.integers(0, 2),
        st.integers(-1, 1),
        st.integers(2, max(2, 54 - fmt.p)),
    )
    return st.one_of(built, st.floats(width=64, allow_nan=False), st.floats(-fmt.max, fmt.max))


def same(a: float, b: float) -> bool:
    """Equal with the sign of zero."""
    return a == b and np.signbit(a) == np.signbit(b)


@formats
def test_constants_are_those_of_finfo(fmt: Format) -> None:
    info = ml_dtypes.finfo(fmt.dtype)
    found = (2 * fmt.u, fmt.tiny, fmt.eta, fmt.max, fmt.emin, fmt.emax + 1, fmt.p - 1)
    named = (info.eps, info.tiny, info.smallest_subnormal, info.max, info.minexp, info.maxexp, info.nmant)
    assert found == tuple(float(v) for v in named) and format_of(fmt.dtype) is fmt


@formats
def test_half_formats_are_the_sixteen_bit_ones(fmt: Format) -> None:
    assert fmt.half == (fmt.dtype.itemsize == 2)


@formats
@given(data=st.data())
def test_ulp_is_the_spacing(fmt: Format, data: st.DataObject) -> None:
    """NumPy's spacing of a positive number is the distance to the next: the ulp of its binade."""
    x = np.abs(fmt.round(np.array(data.draw(doubles(fmt)))))
    if x.astype(float) < fmt.max:
        assert fmt.ulp(-x.astype(np.float64)) == fmt.ulp(x.astype(np.float64)) == np.spacing(x).astype(np.float64)


@formats
def test_ulp_at_the_ends(fmt: Format) -> None:
    """Zero has the smallest subnormal; the largest number and infinity have the ulp of the last binade."""
    top = 2.0 ** (fmt.emax - fmt.p + 1)
    assert fmt.ulp(np.array([0.0, fmt.eta, fmt.tiny, fmt.max, np.inf])).tolist() == [fmt.eta] * 3 + [top] * 2


@pytest.mark.parametrize("name", CAST)
@given(data=st.data())
def test_three_roundings_agree_with_the_cast(name: str, data: st.DataObject) -> None:
    fmt = FORMATS[name]
    x = data.draw(doubles(fmt))
    with np.errstate(over="ignore", under="ignore"):
        cast = float(np.float64(x).astype(name))
    assert same(float(fmt.round(np.array(x))), cast)
    if np.isfinite(x):
        assert fmt.round_exact(arb(x)) == cast == nearest_even(Fraction(x), fmt) == fmt.round_ball(arb(x))


@given(x=doubles(FORMATS["bfloat16"]))
def test_bfloat16_rounds_once(x: float) -> None:
    fmt = FORMATS["bfloat16"]
    rounded = float(fmt.round(np.array(x)))
    if not np.isfinite(x):
        assert rounded == x
        return
    assert rounded == nearest_even(Fraction(x), fmt) == fmt.round_exact(arb(x)) == fmt.round_ball(arb(x))
    assert np.signbit(rounded) == np.signbit(x)


def test_bfloat16_cases_that_two_roundings_get_wrong() -> None:
    """Just beside a midpoint of bfloat16, by less than float32 resolves: ml_dtypes' own cast takes the even side."""
    fmt, wrong = FORMATS["bfloat16"], 0
    for k in range(128, 256):
        for side in (-1, 1):
            x = (k + 0.5) * 2.0**-7 + side * 2.0**-40
            expected = nearest_even(Fraction(x), fmt)
            assert float(fmt.round(np.array(x))) == expected == (k + (side > 0)) * 2.0**-7
            wrong += float(np.float64(x).astype(ml_dtypes.bfloat16)) != expected
    assert wrong == 128


@formats
@given(data=st.data())
def test_a_number_of_the_format_is_its_own_rounding(fmt: Format, data: st.DataObject) -> None:
    x = float(fmt.round(np.array(data.draw(doubles(fmt)))))
    if np.isfinite(x):
        assert same(float(fmt.round(np.array(x))), x) and fmt.round_exact(arb(x)) == x


@narrow
@given(data=st.data())
def test_rounding_is_monotone_and_odd(name: str, data: st.DataObject) -> None:
    fmt = FORMATS[name]
    x, y = sorted((data.draw(doubles(fmt)), data.draw(doubles(fmt))))
    a, b, c = (float(fmt.round(np.array(v))) for v in (x, y, -x))
    assert a <= b and same(c, -a)


@formats
@given(data=st.data())
def test_ziv_decides_a_ball_that_no_midpoint_splits(fmt: Format, data: st.DataObject) -> None:
    """A ball between two midpoints rounds to one float; a ball around a midpoint is undecided."""
    m = data.draw(st.integers(2 ** (fmt.p - 1) + 1, 2**fmt.p - 2))
    e = data.draw(st.integers(fmt.emin, fmt.emax))
    with precision(400):
        ulp = arb(2) ** (e - fmt.p + 1)
        inside = (m + arb(0, 0.499)) * ulp
        split = (m + arb(0.5, 2.0**-30)) * ulp
        beside = (m + arb(0.5) + arb(2) ** -60 + arb(0, 2.0**-61)) * ulp
        assert fmt.round_ball(inside) == float(m * ulp) and fmt.round_ball(split) is None
        assert fmt.round_ball(beside) == float((m + 1) * ulp)


@formats
def test_overflow_starts_half_an_ulp_above_the_largest_number(fmt: Format) -> None:
    with precision(2000):
        half = arb(2) ** (fmt.emax - fmt.p)
        for sign in (-1, 1):
            tie = (arb(fmt.max) + half) * sign
            assert fmt.round_exact(tie) == sign * np.inf
            assert fmt.round_exact(tie - sign * arb(2) ** (fmt.emin - 100)) == sign * fmt.max


@formats
def test_underflow_is_gradual(fmt: Format) -> None:
    with precision(2000):
        for k in (0, 1, 2, 3, 4, 5):
            tie = (k + arb(0.5)) * fmt.eta
            assert fmt.round_exact(tie) == (k + k % 2) * fmt.eta
            assert fmt.round_exact(tie * (1 + arb(2) ** -99)) == (k + 1) * fmt.eta
