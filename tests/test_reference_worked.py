"""The published worked examples, with their exact figures."""

import numpy as np
import pytest

import reference as r


def doubled_sum_of_squares(x):
    return np.sum(x**2)


@pytest.mark.parametrize("x", [[1.0, 2.0, 3.0], [1000.0, 1001.0, 1002.0]])
def test_softmax_of_three_consecutive_numbers(x):
    assert r.softmax(x).round(3).tolist() == [0.09, 0.245, 0.665]


def test_sums_over_axes_have_the_shapes_of_the_notes():
    x = np.ones((2, 5, 4))
    assert r.sum(x, axis=1).shape == (2, 4)
    assert r.sum(x, axis=(0, 2)).shape == (5,)
    assert r.sum(x, axis=(0, 2), keepdims=True).shape == (1, 5, 1)


def test_layers_of_the_notes():
    x, first = np.ones((4, 10)), (np.ones((5, 10)), np.ones(5))
    second = (np.ones((8, 5)), np.ones(8))
    y = r.sequential(x, lambda z: r.linear(z, *first), lambda z: r.linear(z, *second))
    assert r.linear(x, *first).shape == (4, 5)
    assert y.shape == (4, 8)
    assert np.array_equal(y, r.linear_chain(x, *first, *second))


def test_mismatched_shapes_are_named():
    for f, shapes in [(r.matmul, [(2, 3), (2, 3)]), (r.matvec, [(2, 3), (2,)]), (r.vecdot, [(3,), (2,)])]:
        with pytest.raises(ValueError, match=r"\(2, 3\).*\(2,|\(3,\).*\(2,\)"):
            f(*map(np.ones, shapes))
    with pytest.raises(ValueError, match=r"\(4, 9\).*\(5, 10\)"):
        r.linear(np.ones((4, 9)), np.ones((5, 10)), np.ones(5))


@pytest.mark.parametrize("x, expected", [(5, 0.1999999999990898), (10, 0.2999999999986347)])
def test_numerical_derivative_of_a_quadratic(x, expected):
    def f(x):
        return 0.01 * x**2 + 0.1 * x

    assert r.central_difference(f, x, 1e-4) == expected
    assert r.tangent_line(f, x)(x) == pytest.approx(f(x), rel=4 * 2.0**-53 * 4)  # slope * x + (f - slope * x)


def test_difference_quotient_tends_to_two():
    errors = [abs(r.forward_difference(lambda x: 3 * x**2 - 4 * x, 1.0, h) - 2) for h in (1e-1, 1e-2, 1e-3, 1e-4)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 4e-4  # h M_2/2 = 3h, and rounding


def test_numerical_gradient_leaves_its_input_alone():
    x = np.array([[3.0, 4.0], [0.0, 2.0]])
    kept = x.copy()
    g = r.numerical_gradient(doubled_sum_of_squares, x)
    assert np.array_equal(x, kept)
    # central differences are exact on quadratics: what is left is E_f/h, f < 32 with 4 roundings
    assert np.max(np.abs(g - 2 * x)) <= 4 * 32 * 2.0**-53 / 1e-4


def test_one_step_of_gradient_descent_from_ten():
    path = r.gradient_descent([[2.0]], [0.0], [10.0], step=0.1, iterations=1)
    assert path.tolist() == [[10.0], [8.0]]


def test_hundred_steps_of_gradient_descent():
    path = r.gradient_descent_on(lambda x: 2 * x, np.array([-3.0, 4.0]), step=0.1, iterations=100)
    assert path.shape == (101, 2)
    assert [f"{v:.8e}" for v in path[-1]] == ["-6.11110793e-10", "8.14814391e-10"]


def test_gradients_of_a_linear_and_a_quadratic_form():
    x = np.arange(4.0)
    (a, b) = r.vecdot_vjp(x, x, cotangent=2.0)
    assert (a + b).tolist() == [0.0, 4.0, 8.0, 12.0]  # 2 x.x -> 4x
    assert r.sum_vjp(x, cotangent=1.0)[0].tolist() == [1.0] * 4


def test_seventy_thousand_ones_in_bfloat16():
    x = r.cast(np.ones(70_000), dtype="bfloat16")
    assert float(r.sum(x)) == 70144.0  # 70000 rounded once to 8 bits
    assert float(r.sum_naive(x)) == 256.0


def test_cancellation_in_the_variance():
    x = np.array([4.0, 7.0, 13.0, 16.0]) + 1e9
    assert r.var(x, correction=1) == r.var_welford(x, correction=1) == 30.0
    assert r.var_one_pass(x, correction=1) < 0


def test_cross_entropy_of_probabilities_adds_its_offset():
    y = np.array([0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0])
    t = np.eye(10)[2]
    assert r.cross_entropy_of_probabilities(y[None], t[None]) == 0.510825457099338
    assert r.cross_entropy_of_probabilities(t[None], t[None]) < 0  # log(1 + 1e-7) > 0


def test_convex_examples_and_saddle_by_ascent():
    up = r.gradient_descent_on(lambda x: np.array([2 * x[0], -2 * x[1]]), np.array([0.0, 1.0]), step=0.1, iterations=50)
    assert up[-1, 1] > 1e3  # x^2 - y^2 is left along y


def test_every_format_takes_part():
    for name in r.FORMATS:
        x = r.cast([1.0, 2.0, 3.0], dtype=name)
        assert r.softmax(x).dtype == r.FORMATS[name].dtype
        assert r.logsumexp_vjp(x, cotangent=x[0])[0].dtype == r.FORMATS[name].dtype
        assert r.linear(x, x[None], x[:1]).dtype == r.FORMATS[name].dtype
        assert r.relu(2.0).dtype == np.float64
