"""Gradient descent, returning every iterate, so that each step can be judged from the iterate it started at."""

import numpy as np

from reference.formats import Array, Function, wide
from reference.products import matvec


@wide
def gradient_descent(a: Array, b: Array, x0: Array, *, step: float, iterations: int) -> Array:
    """Minimise f(x) = x^T A x/2 - b^T x, A symmetric: x_{k+1} = x_k - step (A x_k - b); (..., n, n), (..., n),
    (..., n) -> (..., iterations + 1, n).

    Converges from everywhere iff 0 < step < 2/L, L the largest eigenvalue of A > 0, by the factor max|1 - step
    lambda| a step; best at 2/(mu + L). One step errs by u|x_{k+1}| + step (n+2)u(|A||x_k| + |b|), and contraction
    forgets it.

    >>> gradient_descent([[2.0]], [0.0], [10.0], step=0.1, iterations=1).tolist()  # x^2 from 10: gradient 20, then 8
    [[10.0], [8.0]]
    """
    return np.stack(_iterates(lambda x: matvec(a, x) - b, x0 + 0.0 * b, step, iterations), axis=-2)


def gradient_descent_on(gradient: Function, x0: Array, *, step: float, iterations: int, ascent: bool = False) -> Array:
    """The iterates x_{k+1} = x_k - step gradient(x_k) (+ for ascent) of any function, stacked on a new first axis.

    >>> x = gradient_descent_on(lambda x: 2 * x, np.array([-3.0, 4.0]), step=0.1, iterations=100)[-1]
    >>> [f"{v:.8e}" for v in x]
    ['-6.11110793e-10', '8.14814391e-10']
    """
    return np.stack(_iterates(gradient, x0, -step if ascent else step, iterations), axis=0)


def _iterates(gradient: Function, x: Array, step: float, iterations: int) -> list[Array]:
    iterates = [x]
    for _ in range(iterations):
        x = x - step * gradient(x)
        iterates.append(x)
    return iterates
