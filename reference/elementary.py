"""Elementary functions and their derivatives.

Error budget of every function here: E = 4 ulp, |computed - f(x)| <= 4 ulp(f(x)), in the subnormal range 4 eta; sqrt is
correctly rounded (IEEE 754), and erfc has a budget of its own. A derivative adds one or two roundings to the budget of
its own elementary function: relative error (2E + 2)u unless said otherwise, and (2E|cotangent| + 1)eta for underflow.
No function raises: outside its domain it returns NaN, at a pole an infinity.
"""

import math

import numpy as np
from scipy import special

from reference.formats import Array, wide

LN2 = 0.6931471805599453  # log 2
LOG2E = 1.4426950408889634  # 1 / log 2
TWO_BY_SQRT_PI = 1.1283791670955126  # 2 / sqrt(pi)

_c_erfc = np.frompyfunc(math.erfc, 1, 1)


@wide
def exp(x: Array) -> Array:
    """e^x, elementwise. Overflows to inf above log(max) (709.78, 88.72 in float32), underflows to 0 below log(eta/2).

    >>> exp([0.0, 710.0, -746.0]).tolist()
    [1.0, inf, 0.0]
    """
    return np.exp(x)


@wide
def exp_vjp(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """d e^x = e^x dx.

    >>> exp_vjp(0.0, cotangent=3.0)[0].item()
    3.0
    """
    return (cotangent * np.exp(x),)


@wide
def expm1(x: Array) -> Array:
    """e^x - 1 without the cancellation that loses every digit of exp(x) - 1 when |x| < u (Higham 2002, section 1.14.1).

    >>> float(expm1(1e-20)), float(np.exp(1e-20) - 1)
    (1e-20, 0.0)
    """
    return np.expm1(x)


@wide
def expm1_vjp(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """d (e^x - 1) = e^x dx; from x, because 1 + the saved output has no digits left where the output is near -1.

    >>> bool(expm1_vjp(-100.0, cotangent=1.0)[0] == np.exp(-100.0))
    True
    """
    return (cotangent * np.exp(x),)


@wide
def exp2(x: Array) -> Array:
    """2^x, elementwise; exact where x is an integer and the result is in range.

    >>> exp2([3.0, -1074.0]).tolist()
    [8.0, 5e-324]
    """
    return np.exp2(x)


@wide
def exp2_vjp(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """d 2^x = log(2) 2^x dx, finite up to x = emax + 1.5, where 2^x itself has already overflowed. Relative error
    (2E + 3)u, the constant's rounding among it.

    >>> f"{exp2_vjp(1024.0, cotangent=1.0)[0]:.9e}"
    '1.246065928e+308'
    """
    g = LN2 * cotangent
    # for x > 1 the difference x - 1 is exact, and 2 log(2) 2^(x-1) leaves one more power of two before overflow
    return (np.where(x > 1.0, (2.0 * g) * np.exp2(np.maximum(x, 1.0) - 1.0), g * np.exp2(x)),)


@wide
def log(x: Array) -> Array:
    """Natural logarithm: -inf at +-0, NaN below.

    >>> log([1.0, 0.0]).tolist()
    [0.0, -inf]
    """
    return np.log(x)


@wide
def log_vjp(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """d log x = dx / x: one rounding.

    >>> log_vjp(4.0, cotangent=1.0)[0].item()
    0.25
    """
    return (cotangent / x,)


@wide
def log1p(x: Array) -> Array:
    """log(1 + x) without forming 1 + x, which forgets x below u: -inf at -1, NaN below.

    >>> float(log1p(1e-20)), float(np.log(1 + 1e-20))
    (1e-20, 0.0)
    """
    return np.log1p(x)


@wide
def log1p_vjp(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """d log(1 + x) = dx / (1 + x): two roundings.

    >>> log1p_vjp(1.0, cotangent=1.0)[0].item()
    0.5
    """
    return (cotangent / (1.0 + x),)


@wide
def log2(x: Array) -> Array:
    """Binary logarithm; exact at powers of two.

    >>> log2([8.0, 2.0**-1074]).tolist()
    [3.0, -1074.0]
    """
    return np.log2(x)


@wide
def log2_vjp(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """d log2 x = dx / (x log 2): three roundings. The constant multiplies the cotangent: x log 2 would lose digits
    for subnormal x.

    >>> round(log2_vjp(1.0, cotangent=1.0)[0].item(), 12)
    1.442695040889
    """
    return (LOG2E * cotangent / x,)


@wide
def sqrt(x: Array) -> Array:
    """Square root, correctly rounded (IEEE 754): |computed - sqrt x| <= ulp/2; -0 at -0, NaN below.

    >>> sqrt([4.0, -0.0]).tolist()
    [2.0, -0.0]
    """
    return np.sqrt(x)


@wide
def sqrt_vjp(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """d sqrt x = dx / (2 sqrt x): two roundings; inf at 0, where there is no derivative.

    >>> sqrt_vjp(4.0, cotangent=1.0)[0].item()
    0.25
    """
    return (0.5 * cotangent / np.sqrt(x),)


@wide
def sin(x: Array) -> Array:
    """Sine; NaN at infinity."""
    return np.sin(x)


@wide
def sin_vjp(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """d sin x = cos x dx."""
    return (cotangent * np.cos(x),)


@wide
def cos(x: Array) -> Array:
    """Cosine; NaN at infinity."""
    return np.cos(x)


@wide
def cos_vjp(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """d cos x = -sin x dx."""
    return (-cotangent * np.sin(x),)


@wide
def erf(x: Array) -> Array:
    """Error function 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x; odd, and 1 to the last digit from x = 5.9.

    >>> erf([0.0, 6.0]).tolist()
    [0.0, 1.0]
    """
    return special.erf(x)


@wide
def erf_vjp(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """d erf x = 2/sqrt(pi) exp(-x^2) dx: relative error (x^2 + 2E + 3)u, the x^2 being the rounding of x^2 seen
    through exp.

    >>> float(erf_vjp(0.0, cotangent=1.0)[0])
    1.1283791670955126
    """
    return (TWO_BY_SQRT_PI * cotangent * np.exp(-x * x),)


@wide
def erfc(x: Array) -> Array:
    """Complementary error function 1 - erf x, to F = 7 ulp in the right tail too, where 1 - erf x is 0 from x = 5.9 on.

    SciPy's float64 erfc rounds x^2 before it exponentiates and is 475 u off at x = 23.2; the C library's splits x
    first (fdlibm's s_erf.c, 1993). Its roundings could add up to 6.2 ulp just below x = 1.25; glibc 2.36 is 4.5 ulp
    off at 1.2259823099199534. SciPy's float32 erfc is evaluated in double; any other array class brings its own, with
    its own bound.

    >>> f"{erfc(6.0):.12e}", float(1 - erf(6.0))
    ('2.151973671250e-17', 0.0)
    """
    is_double = isinstance(x, np.ndarray | np.generic) and x.dtype == np.float64
    return np.asarray(_c_erfc(x), dtype=np.float64)[()] if is_double else special.erfc(x)


@wide
def erfc_vjp(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """d erfc x = -2/sqrt(pi) exp(-x^2) dx; error as `erf_vjp`.

    >>> float(erfc_vjp(0.0, cotangent=1.0)[0])
    -1.1283791670955126
    """
    return (-TWO_BY_SQRT_PI * cotangent * np.exp(-x * x),)


@wide
def exp_vjp_saved(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """The derivative from the saved output y = e^x, as libraries do it: g y. Here it loses nothing."""
    y = np.exp(x)
    return (cotangent * y,)


@wide
def expm1_vjp_saved(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """From the saved output y = e^x - 1: g (y + 1). Absolute error u: no digits below x = log u.

    >>> expm1_vjp_saved(-100.0, cotangent=1.0)[0].item()  # the truth is 3.7e-44
    0.0
    """
    y = np.expm1(x)
    return (cotangent * (y + 1.0),)


@wide
def sqrt_vjp_saved(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """From the saved output y = sqrt x: g / (2 y), two roundings after that of y."""
    y = np.sqrt(x)
    return (cotangent / (2.0 * y),)
