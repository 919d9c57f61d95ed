"""Activation functions, elementwise, accurate in both tails and finite for every finite input; at +-inf they take their
limits.

u is the unit roundoff, E = 4 ulp the budget of exp, log1p, expm1, tanh and erfc, eta the smallest subnormal.
Derivatives come from the input: from the saved output (`_vjp_saved`, as most libraries do it) the digits of the tail
are gone. At a kink the value stated is a choice.
"""

import numpy as np

from reference.elementary import erf, erfc
from reference.formats import wide
from reference.shapes import unbroadcast

SQRT_HALF = 0.7071067811865476  # 1 / sqrt 2
INV_SQRT_2PI = 0.3989422804014327  # 1 / sqrt(2 pi), the normal density at 0
TWICE_SQRT_2_BY_PI = 1.5957691216057308  # 2 sqrt(2 / pi)
CUBIC = 0.044715  # of the tanh form of GELU
# every sigmoid and normal tail is 0 long before: clamping here makes x * 0 at x = -inf a zero, its limit, not NaN
FAR = 2000.0


@wide
def sigmoid(x):
    """1/(1 + e^-x), with only e = e^-|x| <= 1 formed: no overflow, and the left tail e/(1+e) keeps its digits.
    Relative error (2E + 3)u.

    >>> sigmoid([0.0, -1000.0, 1000.0]).tolist()
    [0.5, 0.0, 1.0]
    """
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0 / (1.0 + e), e / (1.0 + e))


@wide
def sigmoid_vjp(x, *, cotangent):
    """sigmoid' = sigmoid(x) sigmoid(-x) = e/(1 + e)^2, e = e^-|x|: relative error (4E + 6)u in both tails.

    >>> f"{sigmoid_vjp(40.0, cotangent=1.0)[0]:.6e}", sigmoid_vjp_saved(40.0, cotangent=1.0)[0].item()
    ('4.248354e-18', 0.0)
    """
    e = np.exp(-np.abs(x))
    return (cotangent * (e / ((1.0 + e) * (1.0 + e))),)


@wide
def sigmoid_vjp_saved(x, *, cotangent):
    """g y (1 - y): absolute error y u, no digits left from x = 37 (float64) or 17 (float32) on."""
    y = sigmoid(x)
    return (cotangent * y * (1.0 - y),)


@wide
def sigmoid_reciprocal(x):
    """1/(1 + e^-x) as written: sound, but e^-x overflows and results below 1/max are flushed to 0.

    >>> float(sigmoid_reciprocal(np.float32(-89))), f"{sigmoid(np.float32(-89)):.2e}"
    (0.0, '2.23e-39')
    """
    return 1.0 / (1.0 + np.exp(-x))


@wide
def sigmoid_from_log(x):
    """exp(-softplus(-x)): the left tail loses |x|u, the rounding of the exponent."""
    return np.exp(-softplus(-x))


@wide
def sigmoid_tanh(x):
    """The bad example: (1 + tanh(x/2))/2 has absolute error u/2, so that the left tail has no digits.

    >>> sigmoid_tanh(-40.0).item()
    0.0
    """
    return 0.5 * (1.0 + np.tanh(0.5 * x))


@wide
def tanh(x):
    """Hyperbolic tangent, odd, an elementary function: E ulp.

    >>> tanh([0.0, 1e-20, 100.0]).tolist()
    [0.0, 1e-20, 1.0]
    """
    return np.tanh(x)


@wide
def tanh_vjp(x, *, cotangent):
    """tanh' = sech^2 x = 4e/(1 + e)^2, e = e^-2|x|: relative error (4E + 6)u in both tails; cosh, which overflows,
    is not used.

    >>> f"{tanh_vjp(20.0, cotangent=1.0)[0]:.6e}", tanh_vjp_saved(20.0, cotangent=1.0)[0].item()
    ('1.699342e-17', 0.0)
    """
    e = np.exp(-2.0 * np.abs(x))
    return (cotangent * (4.0 * e / ((1.0 + e) * (1.0 + e))),)


@wide
def tanh_vjp_saved(x, *, cotangent):
    """g (1 - y^2): absolute error 2u, no digits left from |x| = 19 (float64) or 9 (float32) on."""
    y = np.tanh(x)
    return (cotangent * (1.0 - y * y),)


@wide
def relu(x):
    """max(x, 0), exact."""
    return np.maximum(x, 0.0)


@wide
def relu_vjp(x, *, cotangent):
    """1 for x > 0, else 0: at the kink 0, the choice of every library."""
    return (np.where(x > 0, cotangent, 0.0),)


@wide
def leaky_relu(x, *, negative_slope=0.01):
    """x for x > 0, else slope x: two roundings, one of them the slope's.

    >>> leaky_relu([2.0, -2.0]).tolist()
    [2.0, -0.02]
    """
    return np.where(x > 0, x, negative_slope * x)


@wide
def leaky_relu_vjp(x, *, negative_slope=0.01, cotangent):
    """1 for x > 0, else the slope, at the kink too."""
    return (np.where(x > 0, cotangent, negative_slope * cotangent),)


@wide
def softplus(x):
    """log(1 + e^x) = max(x, 0) + log1p(e^-|x|): two terms >= 0, no overflow, no threshold. Relative error (4E + 2)u.

    >>> softplus([-1000.0, 1000.0]).tolist()
    [0.0, 1000.0]
    """
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


@wide
def softplus_vjp(x, *, cotangent):
    """softplus' = sigmoid."""
    return (cotangent * sigmoid(x),)


@wide
def softplus_branches(x):
    """log1p(e^x) on the left, x + log1p(e^-x) on the right: the same terms, chosen rather than added.

    >>> softplus_branches([-1000.0, 1000.0]).tolist()
    [0.0, 1000.0]
    """
    return np.where(x > 0, x + np.log1p(np.exp(-np.abs(x))), np.log1p(np.exp(np.minimum(x, 0.0))))


@wide
def softplus_naive(x):
    """The bad example: log(1 + e^x) overflows on the right, and 1 + e^x forgets the left tail.

    >>> softplus_naive([1000.0, -40.0]).tolist()
    [inf, 0.0]
    """
    return np.log(1.0 + np.exp(x))


@wide
def elu(x, *, alpha=1.0):
    """x for x > 0, else alpha (e^x - 1) by expm1: relative error (2E + 1)u, near 0 too.

    >>> elu([2.0, -1e-20, -1000.0]).tolist()
    [2.0, -1e-20, -1.0]
    """
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0)))


@wide
def elu_vjp(x, *, alpha=1.0, cotangent):
    """1 for x > 0, else alpha e^x; at 0, a kink unless alpha = 1, alpha."""
    return (np.where(x > 0, cotangent, cotangent * (alpha * np.exp(np.minimum(x, 0.0)))),)


@wide
def elu_vjp_saved(x, *, alpha=1.0, cotangent):
    """g (y + alpha) for x <= 0: absolute error u alpha, no digits in the left tail."""
    y = elu(x, alpha=alpha)
    return (np.where(x > 0, cotangent, cotangent * (y + alpha)),)


@wide
def silu(x):
    """x sigmoid(x), with the sigmoid that keeps its left tail: relative error (2E + 4)u, and |x|(E + 1) eta where
    sigmoid is subnormal.

    >>> f"{silu(np.float32(-89)):.2e}", float(silu_reciprocal(np.float32(-89)))
    ('-1.98e-37', -0.0)
    """
    return np.maximum(x, -FAR) * sigmoid(x)


@wide
def silu_vjp(x, *, cotangent):
    """silu' = sigmoid(x)(1 + x sigmoid(-x)); cancels, legitimately, only at its zero x = -1.278."""
    bounded = np.minimum(np.maximum(x, -FAR), FAR)
    return (cotangent * (sigmoid(x) * (1.0 + bounded * sigmoid(-x))),)


@wide
def silu_vjp_saved(x, *, cotangent):
    """From the saved sigmoid s: g s (1 + x (1 - s)); 1 - s has no digits in the right tail."""
    s = sigmoid(x)
    return (cotangent * (s * (1.0 + np.minimum(np.maximum(x, -FAR), FAR) * (1.0 - s))),)


@wide
def silu_reciprocal(x):
    """x/(1 + e^-x) as kernels write it: 0 once e^-x overflows, where the result is still a normal number (x = -89
    in float32).
    """
    return np.maximum(x, -FAR) / (1.0 + np.exp(-x))


@wide
def gelu(x, *, approximate="none"):
    """x Phi(x), Phi the normal distribution function. ValueError unless approximate is "none" or "tanh".

    "none": x/2 erfc(-x/sqrt 2), relative error (2x^2 + 2E + 5)u for x < 0, 2x^2 being the rounding of x/sqrt 2 seen
    through the tail; 1 + erf(x/sqrt 2), which cancels, is 0 below -8.3. "tanh": x/2 (1 + tanh v) = x sigmoid(2v), v
    = sqrt(2/pi)(x + 0.044715 x^3), which keeps the tail for the same reason: relative error (2E + 4 + 12|v|)u
    (Hendrycks and Gimpel 2016).

    >>> f"{gelu(-10.0):.6e}", gelu_erf(-10.0).item()
    ('-7.619853e-23', -0.0)
    """
    _require_form(approximate)
    above, bounded = np.maximum(x, -FAR), np.minimum(np.maximum(x, -FAR), FAR)  # x^2 must not overflow either
    if approximate == "tanh":
        return above * sigmoid(_twice_v(bounded))
    return (0.5 * above) * erfc(-bounded * SQRT_HALF)


def _require_form(approximate):
    if approximate not in ("none", "tanh"):
        raise ValueError(f"approximate must be 'none' or 'tanh', not {approximate!r}")


def _twice_v(x):
    return TWICE_SQRT_2_BY_PI * (x * (1.0 + CUBIC * (x * x)))  # all factors of one sign: no cancellation


@wide
def gelu_vjp(x, *, approximate="none", cotangent):
    """gelu' = Phi(x) + x phi(x), phi the normal density; cancels, legitimately, at its zero x = -0.7518. Error
    (2x^2 + 2E + 4)u Phi + (x^2/2 + 2E + 4)u|x|phi.

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
def gelu_erfc_abs(x, *, approximate="none"):
    """By the tail probability q = erfc(|x|/sqrt 2)/2 of both sides: x q on the left, x - x q on the right."""
    _require_form(approximate)
    if approximate == "tanh":
        return gelu(x, approximate=approximate)
    q = 0.5 * erfc(np.abs(x) * SQRT_HALF)
    tail = np.minimum(np.maximum(x, -FAR), FAR) * q
    return np.where(x < 0, tail, x - tail)


@wide
def gelu_erf(x, *, approximate="none"):
    """The bad example: x/2 (1 + erf(x/sqrt 2)), or (1 + tanh v), cancels in the left tail; 57 % off at -5.5 in
    float32, 0 below.
    """
    _require_form(approximate)
    bounded = np.maximum(x, -FAR)
    if approximate == "tanh":
        return 0.5 * bounded * (1.0 + np.tanh(0.5 * _twice_v(bounded)))
    return 0.5 * bounded * (1.0 + erf(bounded * SQRT_HALF))


@wide
def log_sigmoid(x):
    """log sigmoid(x) = -softplus(-x) = min(x, 0) - log1p(e^-|x|). Relative error (4E + 2)u.

    >>> log_sigmoid([-1000.0, 0.0, 1000.0]).round(9).tolist()
    [-1000.0, -0.693147181, 0.0]
    """
    return np.minimum(x, 0.0) - np.log1p(np.exp(-np.abs(x)))


@wide
def log_sigmoid_vjp(x, *, cotangent):
    """(log sigmoid)' = sigmoid(-x)."""
    return (cotangent * sigmoid(-x),)


@wide
def hardtanh(x, *, min_val=-1.0, max_val=1.0):
    """x clamped to [min_val, max_val], exact."""
    return np.minimum(np.maximum(x, min_val), max_val)


@wide
def hardtanh_vjp(x, *, min_val=-1.0, max_val=1.0, cotangent):
    """1 strictly between the two limits, else 0, at the kinks too."""
    return (np.where((x > min_val) & (x < max_val), cotangent, 0.0),)


@wide
def relu6(x):
    """min(max(x, 0), 6), exact."""
    return np.minimum(np.maximum(x, 0.0), 6.0)


@wide
def relu6_vjp(x, *, cotangent):
    """1 for 0 < x < 6, else 0, at the kinks too."""
    return (np.where((x > 0) & (x < 6), cotangent, 0.0),)


@wide
def hardsigmoid(x):
    """relu6(x + 3)/6: two roundings, and the addition is exact for x < -1.5.

    >>> hardsigmoid([-3.0, 0.0, 3.0]).tolist()
    [0.0, 0.5, 1.0]
    """
    return np.minimum(np.maximum(x + 3.0, 0.0), 6.0) / 6.0


@wide
def hardsigmoid_vjp(x, *, cotangent):
    """1/6 for -3 < x < 3, else 0, at the kinks too."""
    return (np.where((x > -3.0) & (x < 3.0), cotangent / 6.0, 0.0),)


@wide
def hardswish(x):
    """x relu6(x + 3)/6: relative error 3u.

    >>> hardswish([-4.0, 1.5, 4.0]).tolist()
    [-0.0, 1.125, 4.0]
    """
    return np.maximum(x, -3.0) * (np.minimum(np.maximum(x + 3.0, 0.0), 6.0) / 6.0)  # -3 * 0 at -inf, not NaN


@wide
def hardswish_vjp(x, *, cotangent):
    """(2x + 3)/6 for -3 < x < 3, 0 on the left and 1 on the right; at the kinks the value outside."""
    middle = cotangent * ((2.0 * x + 3.0) / 6.0)
    return (np.where(x <= -3.0, 0.0, np.where(x >= 3.0, cotangent, middle)),)


@wide
def softsign(x):
    """x/(1 + |x|): relative error 2u; +-1 at infinity.

    >>> softsign([1.0, -np.inf]).tolist()
    [0.5, -1.0]
    """
    size = np.abs(x)
    return np.where(size == np.inf, np.sign(x), x / (1.0 + size))


@wide
def softsign_vjp(x, *, cotangent):
    """softsign' = 1/(1 + |x|)^2, as two divisions: the square would overflow."""
    size = 1.0 + np.abs(x)
    return (cotangent / size / size,)


@wide
def sigmoid_chain(x, weights):
    """z <- sigmoid(w_k z) for each weight: x (...), weights (..., l) -> (...). A network one unit wide and l deep.

    Its derivative is a product of l factors w_k sigmoid' <= w_k/4: it vanishes exponentially with depth unless
    |w_k| > 4.

    >>> sigmoid_chain(0.0, [5.0]).item()
    0.5
    """
    z = x
    for k in range(weights.shape[-1]):
        z = sigmoid(weights[..., k] * z)
    return z


@wide
def sigmoid_chain_vjp(x, weights, *, cotangent):
    """The chain rule from the last layer to the first; the forward pass is run again and its inputs z_k kept.

    >>> [g.tolist() for g in sigmoid_chain_vjp(0.0, [1.0, 0.0], cotangent=16.0)]
    [0.0, [0.0, 2.0]]
    """
    depth = weights.shape[-1]
    inputs = [x]
    for k in range(depth):
        inputs.append(sigmoid(weights[..., k] * inputs[-1]))
    g, by_weight = cotangent, []
    for k in reversed(range(depth)):
        (g,) = sigmoid_vjp(weights[..., k] * inputs[k], cotangent=g)
        by_weight.append(g * inputs[k])
        g = g * weights[..., k]
    by_weight = np.stack(by_weight[::-1], axis=-1) if depth else np.zeros_like(weights)
    return unbroadcast(g, x.shape), unbroadcast(by_weight, weights.shape)
