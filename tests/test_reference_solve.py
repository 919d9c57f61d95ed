"""Linear systems: the stated error bounds of factors and solutions, their shapes, and what is refused."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from stated import FIRST, SLACK, Array, formats, share

import reference as r
from suite.arithmetic import Balls
from suite.floats import Format, precision

EXACT = 4400  # bits: sums of products of float64 numbers are exact
SIZES = (1, 2, 3, 5, 8, 17)


def wilkinson(n: int) -> Array:
    """Partial pivoting doubles the last column at every step."""
    return np.tril(-np.ones((n, n)), -1) + np.eye(n) + np.outer(np.ones(n), np.arange(n) == n - 1) * (n > 1)


def conditioned(rng: Any, n: int, fmt: Format) -> Array:
    """Singular values from 1 down to anything above u."""
    q, p = (np.linalg.qr(rng.standard_normal((n, n)))[0] for _ in range(2))
    return (q * np.geomspace(1, 10 ** rng.uniform(np.log10(fmt.u), 0), n)) @ p


def squares(fmt: Format, n: int, count: int = 60) -> Array:
    """Normal, ill-conditioned, badly scaled, integer, tiny, offset and Wilkinson's matrices."""
    rng = np.random.default_rng((n, fmt.p))
    normal = rng.standard_normal((count, n, n))
    ill = np.stack([conditioned(rng, n, fmt) for _ in range(count)])
    scaled = ill * 2.0 ** rng.integers(-20, 21, (count, n, 1)) * 2.0 ** rng.integers(-20, 21, (count, 1, n))
    whole = rng.integers(-4, 5, (count, n, n)).astype(float)
    tiny = normal * fmt.tiny * 2.0 ** rng.integers(-5, 12, (count, 1, 1))
    offset = 1e4 + normal
    drawn = np.concatenate([normal, ill, scaled, whole, tiny, offset, wilkinson(n)[None]]).astype(fmt.dtype)
    pivots = np.diagonal(r.lu_factor(drawn)[0], axis1=-2, axis2=-1)
    return drawn[(pivots != 0).all(axis=-1)]


def factors(a: Array) -> tuple[Balls, Balls, Array]:
    lu, order = r.lu_factor(a)
    return Balls(np.tril(lu, -1) + np.eye(a.shape[-1])), Balls(np.triu(lu)), order


def largest(x: Array, axes: Any) -> Balls:
    return Balls(np.max(np.abs(x.astype(float)), axis=axes, keepdims=True, initial=0.0))


@formats
def test_lu_factors_give_the_matrix_back(fmt: Format) -> None:
    """|L U - P A| <= n u |L||U| + (n + max|U|) eta/2."""
    worst = []
    for n in SIZES:
        a = squares(fmt, n)
        with precision(EXACT):
            low, up, order = factors(a)
            permuted = np.take_along_axis(a, order[..., None], axis=-2)
            floor = (n + largest(np.triu(r.lu_factor(a)[0]), (-2, -1))) * fmt.eta / 2
            worst.append(share(permuted, low @ up, abs(low) @ abs(up) * (n * fmt.u) + floor))
    assert max(worst) > 1 / SLACK


@formats
@pytest.mark.parametrize("k", [1, 2])
def test_solution_has_the_backward_error_of_theorem_9_4(fmt: Format, k: int) -> None:
    """|b - A x| <= 3nu P^T|L||U||x| + n(n + max|U|)(1 + max|x|) eta."""
    worst, rng = [], np.random.default_rng(k)
    for n in SIZES:
        a = squares(fmt, n)
        size = np.abs(a).max(axis=(-2, -1), keepdims=True)
        b = (rng.standard_normal((len(a), n, k)) * size).astype(fmt.dtype)
        b[::2] = a[::2] @ b[::2] / size[::2]
        x = r.solve(a, b)
        with precision(EXACT):
            low, up, order = factors(a)
            sizes = abs(low) @ (abs(up) @ abs(Balls(x)))
            permuted = np.take_along_axis(b, order[..., None], axis=-2)
            rows = Balls(np.take_along_axis(a, order[..., None], axis=-2))
            floor = (n + largest(np.triu(r.lu_factor(a)[0]), (-2, -1))) * (1 + largest(x, (-2, -1))) * (n * fmt.eta)
            worst.append(share(permuted, rows @ Balls(x), sizes * (3 * n * fmt.u) + floor))
    assert max(worst) > 1 / SLACK


@formats
def test_growth_of_pivoting_is_bounded(fmt: Format) -> None:
    """|| |L||U| || <= n(2^n - 1)||A||, which Wilkinson's matrices come near."""
    worst = []
    for n in SIZES:
        a = squares(fmt, n)
        with precision(EXACT):
            low, up, _ = factors(a)
            norms, sizes = (np.max(np.sum(m, axis=-1), axis=-1) for m in (abs(Balls(a)), abs(low) @ abs(up)))
            worst.append(share(np.zeros(len(a)), sizes, norms * (n * (2**n - 1)) * FIRST))
    assert min(worst) > 1 / SLACK


def definite(fmt: Format, n: int, count: int = 60) -> Array:
    """B B^T for the matrices above, made definite where rounding spoiled it, in the range of squares."""
    b = squares(fmt, n, count)
    b = b / np.abs(b).max(axis=(-2, -1), keepdims=True)
    scale = 2.0 ** np.random.default_rng(n).choice([0, 1, 9, fmt.emin + 3, fmt.emax - 12], (len(b), 1, 1))
    a = b.astype(float) @ np.swapaxes(b, -1, -2).astype(float)
    a = a + np.eye(n) * (n * n * fmt.u * 2.0) * np.abs(a).max(axis=(-2, -1), keepdims=True)
    return (a * scale).astype(fmt.dtype)


@formats
def test_cholesky_factor_gives_the_matrix_back(fmt: Format) -> None:
    """|L L^T - A| <= (n + 1)u |L||L|^T + (n + max|L|) eta/2."""
    worst = []
    for n in SIZES:
        a = definite(fmt, n)
        low = r.cholesky(a)
        with precision(EXACT):
            balls = Balls(low)
            product, sizes = (m @ np.swapaxes(m, -1, -2) for m in (balls, abs(balls)))
            floor = (n + largest(low, (-2, -1))) * fmt.eta / 2
            bound = sizes * ((n + 1) * fmt.u) + floor
            lower = np.broadcast_to(np.tril(np.ones((n, n), bool)), a.shape)
            worst.append(share(a[lower], product[lower], bound[lower]))
    assert max(worst) > 1 / SLACK


@formats
def test_cholesky_of_one_number_is_its_root(fmt: Format) -> None:
    """(n + 1)u = 2u is attained: sqrt(1 + 2u) is rounded to 1. A root divided into its square would lose 4u."""
    rng = np.random.default_rng(1)
    a = np.r_[1 + 2 * fmt.u, 1.0004750081913907, 1 + rng.random(3000), 4 - rng.random(1000) ** 9, fmt.max, fmt.tiny]
    a = a.astype(fmt.dtype)[:, None, None]
    low = r.cholesky(a)
    with precision(EXACT):
        square = Balls(low) ** 2
        assert share(a, square, square * (2 * fmt.u)) == 1


# -- shapes and refusals


@pytest.mark.parametrize(
    "a, b",
    [
        ((5, 3, 3), (3,)), ((3, 3), (5, 3, 2)), ((5, 3, 3), (3, 2)), ((2, 1, 3, 3), (4, 3, 2)), ((4, 4), (4, 0)),
        ((0, 3, 3), (3,)), ((0, 3, 3), (3, 2)), ((0, 0), (0,)), ((0, 0), (0, 4)), ((5, 0, 0), (0,)), ((5, 0, 0), (0, 2))
    ],
)  # fmt: skip
def test_solve_takes_the_shapes_of_numpy(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    left, right = rng.standard_normal(a) + 4 * np.eye(a[-1]), rng.standard_normal(b)
    got, expected = r.solve(left, right), np.linalg.solve(left, right)
    assert got.shape == expected.shape
    assert np.all(np.abs(got - expected) <= 1000 * 2.0**-53)  # condition numbers below 30
    gradients = r.solve_vjp(left, right, cotangent=np.ones_like(got))
    assert [g.shape for g in gradients] == [a, b]


@pytest.mark.parametrize("shape", [(5, 3), (0, 3), (5, 0), (3, 3)])
def test_one_vector_for_each_matrix(shape: tuple[int, ...]) -> None:
    """torch's rule, also where NumPy 2 would see one matrix of right-hand sides."""
    b = np.arange(np.prod(shape, dtype=float)).reshape(shape)
    assert np.array_equal(r.solve(np.broadcast_to(2 * np.eye(shape[1]), (*shape, shape[1])), b), b / 2)


@pytest.mark.parametrize("a, b", [((5, 3, 3), (4,)), ((5, 3, 3), (4, 3, 1)), ((3, 3), ()), ((5, 3, 3), (2, 3))])
def test_solve_names_both_shapes(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=re.escape(f"solve: shapes {a} and {b} do not match")):
        r.solve(np.ones(a), np.ones(b))


@pytest.mark.parametrize("shape", [(0, 0), (0, 3, 3), (4, 0, 0), (2, 0, 3, 3)])
def test_nothing_is_factored_into_nothing(shape: tuple[int, ...]) -> None:
    lu, order = r.lu_factor(np.ones(shape))
    assert lu.shape == r.cholesky(np.ones(shape)).shape == shape and order.shape == shape[:-1]
    assert np.issubdtype(order.dtype, np.integer)


@pytest.mark.parametrize("function", [r.lu_factor, lambda a: [r.cholesky(a)], lambda a: [r.solve(a, a[..., 0])]])
@formats
def test_a_batch_is_its_matrices(function: Callable[..., Any], fmt: Format) -> None:
    """Each matrix of a batch gives what it gives alone, bit by bit, in its own type."""
    b = np.random.default_rng(4).standard_normal((2, 3, 5, 5)).astype(fmt.dtype)
    a = b @ np.swapaxes(b, -1, -2)
    for i in np.ndindex(2, 3):
        for whole, alone in zip(function(a), function(a[i]), strict=True):
            assert np.array_equal(whole[i], alone)
            assert whole.dtype in (fmt.dtype, np.intp) and whole.dtype == alone.dtype


@pytest.mark.parametrize("function, what", [(r.cholesky, "definite"), (lambda a: r.solve(a, np.ones(2)), "singular")])
def test_a_bad_pivot_is_named_with_its_matrix(function: Callable[..., Any], what: str) -> None:
    one, bad = np.eye(2), np.array([[1.0, 2.0], [2.0, 4.0]])
    with pytest.raises(np.linalg.LinAlgError, match=f"{what}.*: pivot 1 is 0.0$"):
        function(bad)
    with pytest.raises(np.linalg.LinAlgError, match=rf"{what}.*: pivot 1 is 0.0 in matrix \(1, 0\) of the batch"):
        function(np.array([[one, one], [bad, bad]]))
