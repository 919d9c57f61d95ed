"""Arithmetic, elementwise with broadcasting. One correctly rounded operation each: |computed - exact| <= u |exact| (+
eta/2).

`abs`, `negative`, `maximum` and `minimum` are exact, and `pow` is an elementary function (E = 4 ulp). A gradient has
the shape of its operand: the adjoint of broadcasting is a sum over the broadcast axes (`unbroadcast`), which adds
(n-1)u times the sum of absolute values. Shapes that do not broadcast raise ValueError.
"""

import numpy as np

from reference.formats import Array, wide
from reference.shapes import unbroadcast


@wide
def add(x1: Array, x2: Array) -> Array:
    """x1 + x2; exact when the result is subnormal.

    >>> add(1.0, 2.0**-53).item()
    1.0
    """
    return x1 + x2


@wide
def add_vjp(x1: Array, x2: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """d(x1 + x2) = dx1 + dx2.

    >>> add_vjp(np.ones((2, 3)), np.ones(3), cotangent=np.ones((2, 3)))[1].tolist()
    [2.0, 2.0, 2.0]
    """
    return unbroadcast(cotangent, x1.shape), unbroadcast(cotangent, x2.shape)


@wide
def subtract(x1: Array, x2: Array) -> Array:
    """x1 - x2; exact when x2/2 <= x1 <= 2 x2 (Sterbenz: Higham 2002, theorem 2.5)."""
    return x1 - x2


@wide
def subtract_vjp(x1: Array, x2: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """d(x1 - x2) = dx1 - dx2."""
    return unbroadcast(cotangent, x1.shape), unbroadcast(-cotangent, x2.shape)


@wide
def multiply(x1: Array, x2: Array) -> Array:
    """x1 x2 (the Hadamard product of arrays); underflow adds eta/2."""
    return x1 * x2


@wide
def multiply_vjp(x1: Array, x2: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """d(x1 x2) = x2 dx1 + x1 dx2.

    >>> [g.tolist() for g in multiply_vjp([2.0, 3.0], 5.0, cotangent=[1.0, 1.0])]
    [[5.0, 5.0], 5.0]
    """
    return unbroadcast(cotangent * x2, x1.shape), unbroadcast(cotangent * x1, x2.shape)


@wide
def divide(x1: Array, x2: Array) -> Array:
    """x1 / x2; x/0 is an infinity, 0/0 NaN. Never x1 (1/x2), which rounds twice and overflows for subnormal x2."""
    return x1 / x2


@wide
def divide_vjp(x1: Array, x2: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """d(x1/x2) = dx1/x2 - (x1/x2) dx2/x2: three roundings, and (|x1| + |g|)eta/|x2| + eta for underflow, g the
    cotangent; x2^2 is never formed, so it cannot overflow or underflow.

    >>> [g.item() for g in divide_vjp(1.0, 1e-200, cotangent=1e-300)]
    [1e-100, -1e+100]
    """
    g = cotangent / x2
    return unbroadcast(g, x1.shape), unbroadcast(-g * (x1 / x2), x2.shape)


@wide
def pow(x1: Array, x2: Array) -> Array:
    """x1^x2 (array API: 0^0 = 1, a negative base with a non-integral exponent is NaN; IEEE 754: (-inf)^0.5 = inf).

    >>> pow([-np.inf, -0.0, 4.0], 0.5).tolist()
    [inf, 0.0, 2.0]
    """
    if not isinstance(x2, np.ndarray | np.generic):
        return np.power(x1, x2)
    # for one exponent of 0.5 NumPy takes the square root, which is NaN at -inf and -0 at -0: give it one each
    shape = np.broadcast_shapes(x1.shape, x2.shape)
    return np.power(x1, np.broadcast_to(x2, shape or (1,)).copy()).reshape(shape)[()]


@wide
def pow_vjp(x1: Array, x2: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """d(x1^x2) = x2 x1^(x2-1) dx1 + x1^x2 log(x1) dx2; finite wherever the derivative and the powers are.

    For a constant exponent 0 the function is 1: the derivative is 0, not 0 * inf. At base 0 the derivative by a
    positive exponent is 0 (its limit), not 0 * log 0; at 0^0, where there is none, it is 0 by convention; for a
    negative base there is none: NaN.

    Relative error (2E + 2 + |(x2-1) log x1|)u of the first, the last term being the rounding of x2 - 1 seen through
    the power, and (4E + 2)u of the second; where they underflow, (E|x2| + 1)eta and (E|log x1| + 1)eta more, times
    the cotangent, and eta.

    >>> [g.tolist() for g in pow_vjp([0.0, 0.0, 3.0], [0.0, 2.0, 1.0], cotangent=[1.0, 1.0, 0.0])]
    [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    flat = x2 == 0
    by_base = x2 * np.power(np.where(flat, 1.0, x1), x2 - 1.0)
    by_exponent = np.power(x1, x2) * np.log(np.where((x1 == 0) & (x2 >= 0), 1.0, x1))
    return unbroadcast(cotangent * by_base, x1.shape), unbroadcast(cotangent * by_exponent, x2.shape)


@wide
def abs(x: Array) -> Array:
    """|x|, exact."""
    return np.abs(x)


@wide
def abs_vjp(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """d|x| = sign(x) dx; 0 at the kink.

    >>> abs_vjp([-2.0, 0.0], cotangent=[1.0, 1.0])[0].tolist()
    [-1.0, 0.0]
    """
    return (cotangent * np.sign(x),)


@wide
def negative(x: Array) -> Array:
    """-x, exact."""
    return -x


@wide
def negative_vjp(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """d(-x) = -dx, exact."""
    return (-cotangent,)


@wide
def square(x: Array) -> Array:
    """x^2: one rounding."""
    return np.square(x)


@wide
def square_vjp(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """d x^2 = 2x dx: one rounding, doubling being exact."""
    return (2.0 * cotangent * x,)


@wide
def reciprocal(x: Array) -> Array:
    """1/x: one rounding."""
    return 1.0 / x


@wide
def reciprocal_vjp(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """d(1/x) = -dx/x^2, as (g/x)/x: x^2 is never formed."""
    return (-cotangent / x / x,)


@wide
def maximum(x1: Array, x2: Array) -> Array:
    """The larger of the two, exact; NaN where either is NaN."""
    return np.maximum(x1, x2)


@wide
def maximum_vjp(x1: Array, x2: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """The cotangent goes to the larger operand; at a tie half to each (the middle of the Clarke subdifferential).

    >>> [g.tolist() for g in maximum_vjp([1.0, 2.0], [1.0, 0.0], cotangent=[1.0, 1.0])]
    [[0.5, 1.0], [0.5, 0.0]]
    """
    half = np.where(x1 == x2, 0.5 * cotangent, 0.0)
    to_first, to_second = np.where(x1 > x2, cotangent, half), np.where(x2 > x1, cotangent, half)
    return unbroadcast(to_first, x1.shape), unbroadcast(to_second, x2.shape)


@wide
def minimum(x1: Array, x2: Array) -> Array:
    """The smaller of the two, exact; NaN where either is NaN."""
    return np.minimum(x1, x2)


@wide
def minimum_vjp(x1: Array, x2: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """The cotangent goes to the smaller operand; at a tie half to each."""
    return maximum_vjp(-x1, -x2, cotangent=cotangent)  # min(a, b) = -max(-a, -b), and the two signs cancel
