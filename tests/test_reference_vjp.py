"""Every value and gradient of reference/ against torch and its autograd."""

import inspect

import numpy as np
import pytest

import reference as r

torch = pytest.importorskip("torch")
F = torch.nn.functional

U = 2.0**-53
FUNCTIONS = sorted(n for n, f in vars(r).items() if inspect.isfunction(f))
GRADIENTS = [n for n in FUNCTIONS if n.endswith(("_vjp", "_vjp_saved"))]

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
