"""Numerical differentiation: truncation, which falls with the step h, against rounding, which grows as 1/h.

E_f is the absolute error of f, M_k a bound of |f^(k)| on the stencil. f is a function of an array and works
elementwise, except in `numerical_gradient`, where it is a scalar function of the whole array.
"""

from itertools import pairwise

import numpy as np

from reference.formats import Array, Function, wide


def forward_difference(f: Function, x: Array, h: float) -> Array:
    """(f(x + h) - f(x))/h: error h M_2/2 + 2 E_f/h, least at h = 2 sqrt(E_f/M_2).

    >>> forward_difference(lambda x: 3 * x**2 - 4 * x, 1.0, 2.0**-20) - 2 == 3 * 2.0**-20
    True
    """
    return (f(x + h) - f(x)) / h


def backward_difference(f: Function, x: Array, h: float) -> Array:
    """(f(x) - f(x - h))/h: error as forward.

    >>> backward_difference(lambda x: x * x, 1.0, 0.5)
    1.5
    """
    return (f(x) - f(x - h)) / h


def central_difference(f: Function, x: Array, h: float) -> Array:
    """(f(x + h) - f(x - h))/(2h): error h^2 M_3/6 + E_f/h, least at h = (3 E_f/M_3)^(1/3); exact on quadratics but
    for rounding.

    >>> f = lambda x: 0.01 * x**2 + 0.1 * x
    >>> central_difference(f, 5, 1e-4), central_difference(f, 10, 1e-4)
    (0.1999999999990898, 0.2999999999986347)
    """
    return (f(x + h) - f(x - h)) / (2 * h)


def complex_step(f: Function, x: Array, h: float = 2.0**-100) -> Array:
    """Im f(x + ih)/h: no difference, so no cancellation, and h^2 M_3/6 is far below u. f must be analytic: no abs,
    max or conj (Squire and Trapp 1998).

    >>> complex_step(lambda x: x**3, 2.0)
    12.0
    """
    return np.imag(f(x + 1j * h)) / h


def richardson(f: Function, x: Array, h: float, *, levels: int = 4) -> Array:
    """Central differences at h, h/2, h/4, ..., extrapolated: T_k <- T_k + (T_k - T_coarser)/(4^k - 1) removes the
    term h^2k of the error.

    >>> round(float(richardson(np.exp, 0.0, 0.5)), 9)
    1.0
    """
    row = [central_difference(f, x, h / 2**k) for k in range(levels)]
    for k in range(1, levels):
        row = [fine + (fine - coarse) / (4**k - 1) for coarse, fine in pairwise(row)]
    return row[0]


def numerical_gradient(f: Function, x: Array, h: float = 1e-4) -> Array:
    """The central difference in every entry of x, of any shape; two evaluations of f an entry. f gets copies of x,
    which stays as it is whatever f does; integers become float64, since x + h is none.

    >>> numerical_gradient(lambda x: np.sum(x**2), np.array([3, 4])).round(6).tolist()
    [6.0, 8.0]
    """
    x = np.asarray(x)
    x = x.astype(np.float64) if x.dtype.kind in "iub" else x
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        gradient[i] = (f(_moved(x, i, h)) - f(_moved(x, i, -h))) / (2 * h)
    return gradient


def _moved(x: Array, i: tuple[int, ...], h: float) -> Array:
    moved = x.copy()
    moved[i] += h
    return moved


def tangent_line(f: Function, x: Array, h: float = 1e-4) -> Function:
    """The function t -> f(x) + f'(x)(t - x), with the slope by a central difference.

    >>> float(round(tangent_line(lambda x: x**2, 1.0)(3.0), 6))
    5.0
    """
    slope = central_difference(f, x, h)
    intercept = f(x) - slope * x
    return lambda t: slope * t + intercept


@wide
def exp_central_difference(x: Array, h: Array) -> Array:
    """(e^(x+h) - e^(x-h)) / (2h), the worked case of the law |D_h - f'| <= h^2 M_3/6 + E_f/h with f = exp.

    >>> round(float(exp_central_difference(0.0, 2.0**-10)), 7)
    1.0000002
    """
    return (np.exp(x + h) - np.exp(x - h)) / (2.0 * h)
