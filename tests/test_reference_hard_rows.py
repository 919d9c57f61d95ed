"""Functions of rows at large offsets, wide spreads and extreme scales, against mpmath."""

import mpmath
import numpy as np
import pytest

import reference as r

E = 4  # ulp, the budget of an elementary function

# exact arithmetic at 400 bits on lists of mpf


def mp_lse(x):
    m = max(x)
    return m + mpmath.log(sum(mpmath.exp(v - m) for v in x))


def mp_norm(x, p=2):
    return sum(abs(v) ** p for v in x) ** (mpmath.mpf(1) / p)


def mp_var(x):
    mean = sum(x) / len(x)
    return sum((v - mean) ** 2 for v in x) / len(x)


def mp_log_softmax(x):
    below = [v - max(x) for v in x]  # exact, and a common offset of 1e307 needs no thousand bits
    y = mpmath.log(sum(map(mpmath.exp, below)))
    return [v - y for v in below]


def hard_rows(fmt):
    rng = np.random.default_rng(3)
    base = rng.standard_normal((6, 9))
    offsets = np.array([0.0, 1.0, 1e4, -1e8, 1e8, fmt.max / 16])[:, None]
    wide = base * np.array([1e-3, 1.0, 10.0, 30.0, 100.0, 300.0])[:, None]
    special = [np.zeros(9), np.arange(9.0), -np.arange(9.0) * 20, np.r_[0.0, np.full(8, fmt.u)], np.full(9, -700.0)]
    return np.concatenate([base + offsets, wide, special]).astype(fmt.dtype)


FORMATS = pytest.mark.parametrize("fmt", [r.BINARY64, r.BINARY32], ids=lambda f: f.name)


def excess_of(got, truth, allowed):
    """The largest error over what is allowed."""
    return max(float(abs(mpmath.mpf(float(y)) - t) / a) for y, t, a in zip(got, truth, allowed, strict=True))


@FORMATS
@pytest.mark.parametrize("name", ["logsumexp", "logsumexp_log1p", "logsumexp_online", "logsumexp_exp2"])
def test_logsumexp_on_hard_rows(name, fmt):
    """u|y| + u(3S + 2E + (E + 1.5)(n - 1)) + (2E + 2)u log s, S <= log n: the union over the algorithms."""
    with mpmath.workprec(400):
        for row in hard_rows(fmt):
            y = mp_lse([mpmath.mpf(float(v)) for v in row])
            n = len(row)
            allowed = 1.01 * fmt.u * (abs(y) + 3 * np.log(n) + 2 * E + (E + 1.5) * (n - 1) + (2 * E + 2) * np.log(n))
            assert abs(float(getattr(r, name)(row)) - y) <= allowed + fmt.eta


@FORMATS
@pytest.mark.parametrize("name", ["softmax", "softmax_online", "softmax_exp2", "softmax_from_log", "logsumexp_vjp"])
def test_softmax_on_hard_rows(name, fmt):
    """Relative error (3 D_j + 3S + (2E + 1) log s + 4E + (E + 1.5)(n - 1) + 3)u: the union over the algorithms."""
    with mpmath.workprec(400):
        for row in hard_rows(fmt):
            w = [mpmath.exp(z) for z in mp_log_softmax([mpmath.mpf(float(v)) for v in row])]
            n, drop = len(row), float(row.max()) - row.astype(float)
            units = 3 * drop + (2 * E + 4) * np.log(n) + 4 * E + (E + 1.5) * (n - 1) + 3
            got = r.logsumexp_vjp(row, cotangent=row.dtype.type(1))[0] if "vjp" in name else getattr(r, name)(row)
            allowed = [1.02 * fmt.u * k * t + (E + 1.5) * fmt.eta for k, t in zip(units, w, strict=True)]
            assert excess_of(got, w, allowed) <= 1


@FORMATS
@pytest.mark.parametrize("name", ["log_softmax", "log_softmax_log1p"])
def test_log_softmax_on_hard_rows(name, fmt):
    with mpmath.workprec(400):
        for row in hard_rows(fmt):
            x = [mpmath.mpf(float(v)) for v in row]
            z = mp_log_softmax(x)
            n, drop = len(row), float(row.max()) - row.astype(float)
            units = [d + abs(t) + (2 * E + 3) * np.log(n) + 2 * E + n for d, t in zip(drop, z, strict=True)]
            assert excess_of(getattr(r, name)(row), z, [1.02 * fmt.u * k + 2 * fmt.eta for k in units]) <= 1


@FORMATS
def test_logcumsumexp_on_hard_rows(fmt):
    with mpmath.workprec(400):
        for row in hard_rows(fmt):
            x = [mpmath.mpf(float(v)) for v in row]
            y = [mp_lse(x[: k + 1]) for k in range(len(x))]
            units = [abs(t) + (E + 2) * 4 + 4 * np.log(9) * (E + 1) + 2 * E for t in y]
            assert excess_of(r.logcumsumexp(row), y, [1.02 * fmt.u * k + 2 * fmt.eta for k in units]) <= 1


@FORMATS
def test_variance_at_large_offsets(fmt):
    """Two passes: (n + 6)u S2/n + (n u kappa)^2 S2/n; Welford: first order in kappa."""
    with mpmath.workprec(400):
        for row in hard_rows(fmt)[[0, 1, 2, 6, 7, 8, 13]]:
            x = [mpmath.mpf(float(v)) for v in row]
            v, n = mp_var(x), len(row)
            q = (n + 4 + 2 * np.log(n)) * fmt.u * mpmath.sqrt(sum(t * t for t in x))
            first = 1.01 * (n + 6) * fmt.u * v + 2.1 * mpmath.sqrt(v / n) * q + 1.05 * q * q / n
            second = 1.01 * (n + 6) * fmt.u * v + 2 * q * q / n
            for name, allowed in {"var": second, "var_two_pass": second, "var_welford": first}.items():
                assert abs(float(getattr(r, name)(row)) - v) <= allowed, name
            s = mpmath.sqrt(v)
            assert abs(float(r.std(row)) - s) <= 1.01 * (n + 8) * fmt.u * s + 2 * q * q / n / s


@FORMATS
@pytest.mark.parametrize("name", ["vector_norm", "std"])
def test_scale_is_no_excuse(name, fmt):
    """Norms and deviations scale by powers of two without loss across the whole range."""
    row = hard_rows(fmt)[0]
    base = getattr(r, name)(row)
    for k in (fmt.emin + 12, fmt.emin // 2 - 5, fmt.emax // 2 + 5, fmt.emax - 4):
        assert getattr(r, name)(row * fmt.dtype.type(2.0**k)) == base * fmt.dtype.type(2.0**k)
    huge = np.array([fmt.max, fmt.max, fmt.max, -fmt.max], fmt.dtype)
    assert abs(float(r.std(huge)) / fmt.max - 0.75**0.5) <= 20 * fmt.u


@FORMATS
@pytest.mark.parametrize("p", [0.5, 1, 2, 3, 7.5])
def test_norms_on_hard_rows(p, fmt):
    with mpmath.workprec(400):
        for row in hard_rows(fmt)[[0, 1, 2, 3, 5, 6, 11, 12]]:
            y, n = mp_norm([mpmath.mpf(float(v)) for v in row], mpmath.mpf(p)), len(row)
            if y > fmt.max:
                continue
            units = ((p + 2 * E + n - 1) + np.log(n)) / p + 2 * E + 2
            assert abs(float(r.vector_norm(row, ord=p)) - y) <= 1.01 * units * fmt.u * y
