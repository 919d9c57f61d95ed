"""Functions of numbers and their gradients, at points where libraries went wrong, against mpmath."""

import mpmath
import numpy as np
import pytest

import reference as r

E = 4  # ulp, the budget of an elementary function


def mp_sigmoid(x):
    return 1 / (1 + mpmath.exp(-x))


def mp_phi(x):
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


def mp_gelu_tanh(x):
    v = mpmath.sqrt(2 / mpmath.pi) * (x + mpmath.mpf(44715) / 10**6 * x**3)
    return x * mp_sigmoid(2 * v)


def spread_of_gelu(x):
    return 2 * x * x if x < 0 else 0


def spread_of_tanh_gelu(x):
    return 16 * abs(x + 0.044715 * x**3) if x < 0 else 0


def constant(c):
    return lambda x: c


# name: (exact function, allowed relative error in u at x): at most what the docstrings state
ELEMENTWISE = {
    "exp": (mpmath.exp, constant(2 * E)),
    "expm1": (mpmath.expm1, constant(2 * E)),
    "exp2": (lambda x: mpmath.mpf(2) ** x, constant(2 * E)),
    "log1p": (mpmath.log1p, constant(2 * E)),
    "tanh": (mpmath.tanh, constant(2 * E)),
    "erf": (mpmath.erf, constant(2 * E)),
    "erfc": (mpmath.erfc, constant(2 * E)),
    "sigmoid": (mp_sigmoid, constant(2 * E + 3)),
    "softplus": (lambda x: mpmath.log1p(mpmath.exp(x)), constant(4 * E + 2)),
    "softplus_branches": (lambda x: mpmath.log1p(mpmath.exp(x)), constant(4 * E + 2)),
    "log_sigmoid": (lambda x: -mpmath.log1p(mpmath.exp(-x)), constant(4 * E + 2)),
    "silu": (lambda x: x * mp_sigmoid(x), constant(2 * E + 4)),
    "elu": (lambda x: x if x > 0 else mpmath.expm1(x), constant(2 * E + 1)),
    "gelu": (lambda x: x * mp_phi(x), lambda x: spread_of_gelu(x) + 2 * E + 5),
    "gelu_erfc_abs": (lambda x: x * mp_phi(x), lambda x: spread_of_gelu(x) + 2 * E + 5),
    "softsign": (lambda x: x / (1 + abs(x)), constant(2)),
    "hardswish": (lambda x: x * min(max(x + 3, 0), 6) / 6, constant(3)),
    "sigmoid_vjp": (lambda x: mp_sigmoid(x) * mp_sigmoid(-x), constant(4 * E + 6)),
    "tanh_vjp": (lambda x: mpmath.sech(x) ** 2, constant(4 * E + 6)),
    "softplus_vjp": (mp_sigmoid, constant(2 * E + 4)),
    "log_sigmoid_vjp": (lambda x: mp_sigmoid(-x), constant(2 * E + 4)),
    "exp_vjp": (mpmath.exp, constant(2 * E + 1)),
    "exp2_vjp": (lambda x: mpmath.log(2) * mpmath.mpf(2) ** x, constant(2 * E + 3)),
    "erfc_vjp": (
        lambda x: -2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-x * x),
        lambda x: x * x + 2 * E + 3,
    ),
}
MAGNITUDES = [0.0, 1e-30, 1e-9, 0.01, 0.3, 0.5, 0.9, 1.5, 2.9, 5.5, 8.3, 9.5, 17.0, 20.0, 26.0, 27.0, 37.4, 40.0]
MAGNITUDES += [80.0, 87.0, 89.0, 95.0, 103.0, 120.0, 128.0, 700.0, 708.5, 709.5, 720.0, 745.0, 800.0, 1024.0, 1e5, 1e30]


def exactly(function, x):
    """The exact function at a float, with enough digits for any tail up to exp(-10^5); None outside the domain."""
    with mpmath.workprec(400):
        x = mpmath.mpf(float(x))
        if abs(x) > 2000:
            return None
        return function(x)


@pytest.mark.parametrize("name", sorted(ELEMENTWISE))
@pytest.mark.parametrize("fmt", [r.BINARY64, r.BINARY32], ids=lambda f: f.name)
def test_hard_points(name, fmt):
    """Relative error within the stated multiple of u, a few eta below the normal range, overflow only where due."""
    function, units = ELEMENTWISE[name]
    points = np.array([s * m for m in MAGNITUDES for s in (1, -1)], fmt.dtype)
    if name == "log1p":
        points = points[points > -1]
    options = {"cotangent": np.ones_like(points)} if name.endswith("_vjp") else {}
    got = getattr(r, name)(points, **options)
    got = got[0] if name.endswith("_vjp") else got
    for x, y in zip(points.tolist(), got.tolist(), strict=True):
        assert not np.isnan(y), x
        if (truth := exactly(function, x)) is None:
            continue
        allowed = units(x) * fmt.u * 1.01 * abs(truth) + (abs(x) + 2) * (2 * E + 3) * fmt.eta
        if np.isinf(y):
            assert abs(truth) + allowed >= fmt.max, x
        else:
            assert abs(y - truth) <= allowed, (x, y, mpmath.nstr(truth, 17))


@pytest.mark.parametrize("name", [n for n in sorted(ELEMENTWISE) if not n.startswith(("log1p", "erfc_vjp"))])
def test_limits_at_infinity_are_no_nan(name):
    options = {"cotangent": np.ones(2)} if name.endswith("_vjp") else {}
    got = getattr(r, name)(np.array([np.inf, -np.inf]), **options)
    assert not np.any(np.isnan(got)), got


def test_gradients_where_libraries_went_wrong():
    """Points of the historical record: 0^0, zeros of a product, ties, subnormal divisors, infinite saved outputs."""
    one = np.float64(1)
    assert [g.item() for g in r.pow_vjp(0.0, 0.0, cotangent=one)] == [0, 0]
    assert [g.item() for g in r.pow_vjp(0.0, 1.0, cotangent=one)] == [1, 0]
    assert [g.item() for g in r.pow_vjp(0.0, 3.0, cotangent=one)] == [0, 0]
    assert r.pow_vjp(-2.0, 3.0, cotangent=one)[0] == 12
    assert np.isnan(r.pow_vjp(-2.0, 3.0, cotangent=one)[1])
    assert r.prod_vjp([0.0, 0.0, 5.0], cotangent=one)[0].tolist() == [0, 0, 0]
    assert r.binary_cross_entropy_with_logits_vjp([0.0], [0.0], cotangent=one)[0].tolist() == [0.5]
    assert r.binary_cross_entropy_vjp([2.0**-80], [1.0], cotangent=one)[0].tolist() == [-(2.0**80)]
    assert r.vector_norm_vjp(np.array([0.0, 2.0]), ord=0.5, cotangent=one)[0].tolist() == [0, 1]
    assert np.isfinite(r.exp2_vjp(1024.0, cotangent=one)[0])
    assert r.divide(1e-39, 1e-39) == 1
    assert r.logsumexp([-np.inf, -np.inf]) == -np.inf
    assert r.logsumexp([np.inf, 0.0]) == np.inf
    assert r.logcumsumexp([-np.inf, -np.inf, 0.0]).tolist() == [-np.inf, -np.inf, 0]
    assert r.kl_div([-np.inf, 0.0], [0.0, 1.0]) == 0
