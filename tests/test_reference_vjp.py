"""Every gradient of reference/ against torch's autograd, and values and gradients at hard points against mpmath."""

import inspect

import mpmath
import numpy as np
import pytest

import reference as r

torch = pytest.importorskip("torch")
F = torch.nn.functional

U = 2.0**-53
E = 4  # ulp, the budget of an elementary function
FUNCTIONS = sorted(n for n, f in vars(r).items() if inspect.isfunction(f))
GRADIENTS = [n for n in FUNCTIONS if n.endswith(("_vjp", "_vjp_saved"))]


# ---------------------------------------------------------------- torch

A, POSITIVE, UNIT, MATRIX = "normal", "positive", "unit", "well-conditioned"
ROWS = [(A, (3, 5))]
PAIR = [(A, (3, 4)), (A, (4,))]


def labels_of(c, m):
    return np.arange(m) * 7 % c


def sample_axis(f):
    """torch's unreduced loss, reduced over the last axis."""
    reduce = {"mean": lambda z: z.mean(-1), "sum": lambda z: z.sum(-1), "none": lambda z: z}
    return lambda *a, reduction, **o: reduce[reduction](f(*a, reduction="none", **o))


def on_rows(f):
    reduce = {"mean": lambda z: z.mean(-1), "sum": lambda z: z.sum(-1), "none": lambda z: z}
    return lambda *a, reduction: reduce[reduction](f(*a))


def chain(x, w):
    for k in range(w.shape[-1]):
        x = torch.sigmoid(w[..., k] * x)
    return x


def norm(x, *, ord=2, axis=None, keepdims=False):
    return torch.linalg.vector_norm(x, ord, dim=axis, keepdim=keepdims)


def keep(f):
    return lambda x, axis=None, keepdims=False, **o: f(x, dim=axis, keepdim=keepdims, **o)


def extreme(f):
    return lambda x, axis=None, keepdims=False: f(x, dim=() if axis is None else axis, keepdim=keepdims)


def product(x, *, axis=None, keepdims=False):
    return x.prod() if axis is None else x.prod(axis, keepdim=keepdims)


REDUCTIONS = [{"reduction": k} for k in ("mean", "sum", "none")]
AXES = [{}, {"axis": 0}, {"axis": (0, 1), "keepdims": True}, {"axis": -1}]
LAST = [{}, {"axis": 0}]
LABELS = ("labels", (3,))
LOSS = {"pair": [(A, (2, 5)), (A, (2, 5))], "binary": [(A, (2, 5)), (UNIT, (2, 5))]}

# name: (torch function, operands as (kind, shape), option sets)
COUNTERPARTS = {
    **{n: (getattr(torch, n), ROWS, [{}]) for n in ("exp", "expm1", "exp2", "sin", "cos", "erf", "erfc", "abs")},
    **{n: (getattr(torch, n), ROWS, [{}]) for n in ("negative", "square", "reciprocal", "sigmoid", "tanh", "relu")},
    **{n: (getattr(torch, n), [(POSITIVE, (3, 5))], [{}]) for n in ("log", "log1p", "log2", "sqrt")},
    **{n: (getattr(torch, n), PAIR, [{}]) for n in ("add", "subtract", "multiply", "divide", "maximum", "minimum")},
    **{n: (getattr(F, m), ROWS, [{}]) for n, m in {"softplus": "softplus", "silu": "silu", "relu6": "relu6"}.items()},
    **{n: (getattr(F, n), ROWS, [{}]) for n in ("hardtanh", "hardswish", "softsign")},
    # torch 2.13's own float64 gradient of hardsigmoid multiplies by a float32 1/6: off by 3e-8
    "hardsigmoid": (lambda x: torch.clamp(x + 3, 0, 6) / 6, ROWS, [{}]),
    "log_sigmoid": (F.logsigmoid, ROWS, [{}]),
    "leaky_relu": (F.leaky_relu, ROWS, [{}, {"negative_slope": 0.25}]),
    "elu": (F.elu, ROWS, [{}, {"alpha": 0.5}]),
    "gelu": (F.gelu, ROWS, [{"approximate": "none"}, {"approximate": "tanh"}]),
    "pow": (torch.pow, [(POSITIVE, (3, 4)), (A, (4,))], [{}]),
    "logaddexp": (torch.logaddexp, PAIR, [{}]),
    "sum": (keep(torch.sum), ROWS, AXES),
    "mean": (keep(torch.mean), ROWS, AXES),
    "var": (keep(torch.var), ROWS, [{**a, "correction": c} for a in AXES for c in (0, 1)]),
    "std": (keep(torch.std), ROWS, [{**a, "correction": c} for a in AXES for c in (0, 1)]),
    "max": (extreme(torch.amax), ROWS, AXES),
    "min": (extreme(torch.amin), ROWS, AXES),
    "prod": (product, ROWS, [{}, {"axis": 0}, {"axis": 1, "keepdims": True}]),
    "cumsum": (lambda x, axis=-1: torch.cumsum(x, axis), ROWS, LAST),
    "logsumexp": (keep(torch.logsumexp), ROWS, [{"axis": -1}, {"axis": (0, 1)}, {"axis": 0, "keepdims": True}]),
    "logcumsumexp": (lambda x, axis=-1: torch.logcumsumexp(x, axis), ROWS, LAST),
    "softmax": (lambda x, axis=-1: torch.softmax(x, axis), ROWS, LAST),
    "log_softmax": (lambda x, axis=-1: torch.log_softmax(x, axis), ROWS, LAST),
    "vecdot": (torch.linalg.vecdot, PAIR, [{}]),
    "matvec": (torch.matmul, PAIR, [{}]),
    "matmul": (torch.matmul, [(A, (2, 3, 4)), (A, (4, 5))], [{}]),
    "outer": (torch.outer, [(A, (3,)), (A, (4,))], [{}]),
    "linear": (F.linear, [(A, (4, 10)), (A, (5, 10)), (A, (5,))], [{}]),
    "linear_chain": (
        lambda x, w, b, v, c: F.linear(F.linear(x, w, b), v, c),
        [(A, (4, 10)), (A, (5, 10)), (A, (5,)), (A, (8, 5)), (A, (8,))],
        [{}],
    ),
    "vector_norm": (norm, ROWS, [{"ord": p, **a} for p in (0.5, 1, 2, 3, np.inf) for a in AXES]),
    "matrix_norm": (torch.linalg.matrix_norm, [(A, (2, 3, 4))], [{}]),
    "sigmoid_chain": (chain, [(A, (3,)), (A, (3, 6))], [{}]),
    "mse_loss": (sample_axis(F.mse_loss), LOSS["pair"], REDUCTIONS),
    "l1_loss": (sample_axis(F.l1_loss), LOSS["pair"], REDUCTIONS),
    "huber_loss": (sample_axis(F.huber_loss), LOSS["pair"], [{**o, "delta": 0.75} for o in REDUCTIONS]),
    "smooth_l1_loss": (sample_axis(F.smooth_l1_loss), LOSS["pair"], [{**o, "beta": 0.75} for o in REDUCTIONS]),
    "cross_entropy": (F.cross_entropy, [(A, (3, 5)), LABELS], REDUCTIONS),
    "nll_loss": (F.nll_loss, [(A, (3, 5)), LABELS], REDUCTIONS),
    "soft_cross_entropy": (
        on_rows(lambda x, t: -(t * torch.log_softmax(x, -1)).sum(-1)),
        [(A, (3, 5)), (UNIT, (3, 5))],
        REDUCTIONS,
    ),
    "cross_entropy_of_probabilities": (
        on_rows(lambda y, t: -(t * torch.log(y + 1e-7)).sum(-1)),
        [(UNIT, (3, 5)), (UNIT, (3, 5))],
        REDUCTIONS,
    ),
    "binary_cross_entropy_with_logits": (
        sample_axis(F.binary_cross_entropy_with_logits),
        LOSS["binary"],
        REDUCTIONS,
    ),
    "binary_cross_entropy": (sample_axis(F.binary_cross_entropy), [(UNIT, (2, 5)), (UNIT, (2, 5))], REDUCTIONS),
    "kl_div": (sample_axis(F.kl_div), LOSS["binary"], REDUCTIONS),
    "solve": (torch.linalg.solve, [(MATRIX, (4, 4)), (A, (4, 2))], [{}]),
}


def draw(kind, shape, rng):
    if kind == "labels":
        return labels_of(5, *shape)
    x = rng.standard_normal(shape)
    if kind == "positive":
        return np.abs(x) + 0.5
    if kind == "unit":
        return 0.05 + 0.9 * rng.random(shape)
    return x + 4 * np.eye(shape[0]) if kind == "well-conditioned" else x


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradient_agrees_with_autograd(name):
    """Both sides lose at most some 40 roundings of 2E u, at inputs of order one with condition numbers below 10."""
    function, operands, options = COUNTERPARTS[name.removesuffix("_saved").removesuffix("_vjp")]
    rng = np.random.default_rng(sum(map(ord, name)))
    for keywords in options:
        arrays = [draw(kind, shape, rng) for kind, shape in operands]
        tensors = [torch.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
        value = function(*tensors, **keywords)
        g = rng.standard_normal(tuple(value.shape))
        inputs = [t for t in tensors if t.requires_grad]
        # nll_loss of torch has no gradient for integer operands, and neither have we
        expected = torch.autograd.grad(value, inputs, torch.tensor(g), allow_unused=True)
        got = getattr(r, name)(*arrays, **keywords, cotangent=g)
        assert len(got) == len(inputs)
        for a, b, x in zip(got, expected, inputs, strict=True):
            assert a.shape == tuple(x.shape)
            scale = np.max(np.abs(b.numpy()))
            assert np.max(np.abs(a - b.numpy())) <= 400 * U * scale, (name, keywords)


@pytest.mark.parametrize("name", sorted(COUNTERPARTS))
def test_value_has_the_shape_and_value_of_torch(name):
    function, operands, options = COUNTERPARTS[name]
    rng = np.random.default_rng(sum(map(ord, name)))
    for keywords in options:
        arrays = [draw(kind, shape, rng) for kind, shape in operands]
        expected = function(*map(torch.tensor, arrays), **keywords).numpy()
        got = np.asarray(getattr(r, name)(*arrays, **keywords))
        assert got.shape == expected.shape
        assert np.max(np.abs(got - expected)) <= 400 * U * np.max(np.abs(expected) + 1)


def test_every_gradient_has_a_function_and_the_same_options():
    for name in GRADIENTS:
        primal = inspect.signature(getattr(r, name.removesuffix("_saved").removesuffix("_vjp"))).parameters
        dual = dict(inspect.signature(getattr(r, name)).parameters)
        assert dual.pop("cotangent").kind is inspect.Parameter.KEYWORD_ONLY
        assert list(dual.values()) == list(primal.values())


def test_gradients_sum_over_broadcast_batches():
    """Weights with and without a batch axis give gradients of their own shapes."""
    x, w, b = np.ones((2, 3, 4)), np.ones((2, 5, 4)), np.ones((2, 5))
    for weight, bias in [(w, b), (w[0], b[0]), (w, b[0])]:
        y = r.linear(x, weight, bias)
        got = r.linear_vjp(x, weight, bias, cotangent=np.ones_like(y))
        assert y.shape == (2, 3, 5)
        assert [g.shape for g in got] == [x.shape, weight.shape, bias.shape]
        assert np.all(got[2] * bias.size == 2 * 3 * 5)


# ---------------------------------------------------------------- mpmath


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


# rows: exact arithmetic at 400 bits on lists of mpf


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


def test_alternatives_agree_with_their_reference():
    """Other sound algorithms, at ordinary inputs: within a hundred roundings."""
    rng = np.random.default_rng(11)
    x, labels, t = rng.standard_normal((4, 6)), np.arange(4), rng.random((4, 6))
    sound = (
        "online",
        "exp2",
        "from_log",
        "log1p",
        "reciprocal",
        "branches",
        "erfc_abs",
        "unscaled",
        "welford",
        "two_pass",
    )
    compared = 0
    for name in FUNCTIONS:
        base = next((name.removesuffix("_" + s) for s in (*sound, "two_pass", "max") if name.endswith("_" + s)), "")
        if base not in FUNCTIONS:
            continue
        f, g = getattr(r, name), getattr(r, base)
        assert inspect.signature(f) == inspect.signature(g)
        rest = {"labels": labels, "target": t}
        operands = [x, *(rest[p] for p in inspect.signature(f).parameters if p in rest)]
        expected = g(*operands)
        assert np.max(np.abs(f(*operands) - expected)) <= 100 * U * np.max(1 + np.abs(expected)), name
        compared += 1
    assert compared >= 15
