"""The Gaussian error linear unit x Phi(x) in its exact and its tanh form (Hendrycks and Gimpel 2016).

u is the unit roundoff, E = 4 ulp the budget of exp and tanh, F = 7 ulp that of erfc.
"""

import numpy as np

from reference.activations import FAR, sigmoid
from reference.elementary import erf, erfc
from reference.formats import Array, wide

SQRT_HALF = 0.7071067811865476  # 1 / sqrt 2
INV_SQRT_2PI = 0.3989422804014327  # 1 / sqrt(2 pi), the normal density at 0
TWICE_SQRT_2_BY_PI = 1.5957691216057308  # 2 sqrt(2 / pi)
CUBIC = 0.044715  # of the tanh form


@wide
def gelu(x: Array, *, approximate: str = "none") -> Array:
    """x Phi(x), Phi the normal distribution function. ValueError unless approximate is "none" or "tanh".

    "none": x/2 erfc(-x/sqrt 2), relative error (2x^2 + 2F + 3)u, 2x^2 for x < 0 only: the rounding of x/sqrt 2 seen
    through the tail; 1 + erf(x/sqrt 2), which cancels, is 0 below -8.3. "tanh": x/2 (1 + tanh v) = x sigmoid(2v), v
    = sqrt(2/pi)(x + 0.044715 x^3), which keeps the tail for the same reason: relative error (2E + 4 + 14|v|)u
    (Hendrycks and Gimpel 2016). Underflow adds (F|x| + 2)eta.

    >>> f"{gelu(-10.0):.6e}", gelu_erf(-10.0).item()
    ('-7.619853e-23', -0.0)
    """
    _require_form(approximate)
    above, bounded = np.maximum(x, -FAR), np.minimum(np.maximum(x, -FAR), FAR)  # x^2 must not overflow either
    if approximate == "tanh":
        return above * sigmoid(_twice_v(bounded))
    return (0.5 * above) * erfc(-bounded * SQRT_HALF)


def _require_form(approximate: str) -> None:
    if approximate not in ("none", "tanh"):
        raise ValueError(f"approximate must be 'none' or 'tanh', not {approximate!r}")


def _twice_v(x: Array) -> Array:
    return TWICE_SQRT_2_BY_PI * (x * (1.0 + CUBIC * (x * x)))  # all factors of one sign: no cancellation


@wide
def gelu_vjp(x: Array, *, approximate: str = "none", cotangent: Array) -> tuple[Array, ...]:
    """gelu' = Phi(x) + x phi(x), phi the normal density; cancels, legitimately, at its zero x = -0.7518. Error
    (2x^2 + 2F + 4)u Phi + (x^2/2 + 2E + 5)u|x|phi; underflow adds (E|x| + F)|cotangent|eta + eta.

    The tanh form: sigmoid(2v)(1 + x sigmoid(-2v) (2v)').
    """
    _require_form(approximate)
    x = np.minimum(np.maximum(x, -FAR), FAR)
    if approximate == "tanh":
        v = _twice_v(x)
        slope = TWICE_SQRT_2_BY_PI * (1.0 + 3.0 * CUBIC * (x * x))
        return (cotangent * (sigmoid(v) * (1.0 + x * sigmoid(-v) * slope)),)
    return (cotangent * (0.5 * erfc(-x * SQRT_HALF) + x * (INV_SQRT_2PI * np.exp(-0.5 * (x * x)))),)


@wide
def gelu_erfc_abs(x: Array, *, approximate: str = "none") -> Array:
    """By the tail probability q = erfc(|x|/sqrt 2)/2 of both sides: x q on the left, x - x q on the right."""
    _require_form(approximate)
    if approximate == "tanh":
        return gelu(x, approximate=approximate)
    q = 0.5 * erfc(np.abs(x) * SQRT_HALF)
    tail = np.minimum(np.maximum(x, -FAR), FAR) * q
    return np.where(x < 0, tail, x - tail)


@wide
def gelu_erf(x: Array, *, approximate: str = "none") -> Array:
    """The bad example: x/2 (1 + erf(x/sqrt 2)), or (1 + tanh v), cancels in the left tail; 57 % off at -5.5 in
    float32, 0 below.
    """
    _require_form(approximate)
    bounded = np.maximum(x, -FAR)
    if approximate == "tanh":
        return 0.5 * bounded * (1.0 + np.tanh(0.5 * _twice_v(bounded)))
    return 0.5 * bounded * (1.0 + erf(bounded * SQRT_HALF))
