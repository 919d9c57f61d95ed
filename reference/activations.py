"""Smooth activation functions, elementwise: accurate in both tails, finite for every finite input, their limits at
+-inf.

u is the unit roundoff, E = 4 ulp the budget of exp, log1p, expm1 and tanh, eta the smallest subnormal. Underflow adds
(4E + 2)eta to a relative error, in a derivative times the cotangent, and eta. Derivatives come from the input: from the
saved output (`_vjp_saved`, as most libraries do it) the digits of the tail are gone.
"""

import numpy as np

from reference.formats import Array, wide
from reference.shapes import unbroadcast

# every sigmoid and normal tail is 0 long before: clamping here makes x * 0 at x = -inf a zero, its limit, not NaN
FAR = 2000.0


@wide
def sigmoid(x: Array) -> Array:
    """1/(1 + e^-x), with only e = e^-|x| <= 1 formed: no overflow, and the left tail e/(1+e) keeps its digits.
    Relative error (2E + 3)u.

    >>> sigmoid([0.0, -1000.0, 1000.0]).tolist()
    [0.5, 0.0, 1.0]
    """
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0 / (1.0 + e), e / (1.0 + e))


@wide
def sigmoid_vjp(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """sigmoid' = sigmoid(x) sigmoid(-x) = e/(1 + e)^2, e = e^-|x|: relative error (4E + 6)u in both tails.

    >>> f"{sigmoid_vjp(40.0, cotangent=1.0)[0]:.6e}", sigmoid_vjp_saved(40.0, cotangent=1.0)[0].item()
    ('4.248354e-18', 0.0)
    """
    e = np.exp(-np.abs(x))
    return (cotangent * (e / ((1.0 + e) * (1.0 + e))),)


@wide
def sigmoid_vjp_saved(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """g y (1 - y): absolute error y u, no digits left from x = 37 (float64) or 17 (float32) on."""
    y = sigmoid(x)
    return (cotangent * y * (1.0 - y),)


@wide
def sigmoid_reciprocal(x: Array) -> Array:
    """1/(1 + e^-x) as written: sound, but e^-x overflows and results below 1/max are flushed to 0.

    >>> float(sigmoid_reciprocal(np.float32(-89))), f"{sigmoid(np.float32(-89)):.2e}"
    (0.0, '2.23e-39')
    """
    return 1.0 / (1.0 + np.exp(-x))


@wide
def sigmoid_from_log(x: Array) -> Array:
    """exp(-softplus(-x)): the left tail loses |x|u, the rounding of the exponent."""
    return np.exp(-softplus(-x))


@wide
def sigmoid_tanh(x: Array) -> Array:
    """The bad example: (1 + tanh(x/2))/2 has absolute error u/2, so that the left tail has no digits.

    >>> sigmoid_tanh(-40.0).item()
    0.0
    """
    return 0.5 * (1.0 + np.tanh(0.5 * x))


@wide
def log_sigmoid(x: Array) -> Array:
    """log sigmoid(x) = -softplus(-x) = min(x, 0) - log1p(e^-|x|). Relative error (4E + 2)u.

    >>> log_sigmoid([-1000.0, 0.0, 1000.0]).round(9).tolist()
    [-1000.0, -0.693147181, 0.0]
    """
    return np.minimum(x, 0.0) - np.log1p(np.exp(-np.abs(x)))


@wide
def log_sigmoid_vjp(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """(log sigmoid)' = sigmoid(-x)."""
    return (cotangent * sigmoid(-x),)


@wide
def tanh(x: Array) -> Array:
    """Hyperbolic tangent, odd, an elementary function: E ulp.

    >>> tanh([0.0, 1e-20, 100.0]).tolist()
    [0.0, 1e-20, 1.0]
    """
    return np.tanh(x)


@wide
def tanh_vjp(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """tanh' = sech^2 x = 4e/(1 + e)^2, e = e^-2|x|: relative error (4E + 6)u in both tails; cosh, which overflows,
    is not used.

    >>> f"{tanh_vjp(20.0, cotangent=1.0)[0]:.6e}", tanh_vjp_saved(20.0, cotangent=1.0)[0].item()
    ('1.699342e-17', 0.0)
    """
    e = np.exp(-2.0 * np.abs(x))
    return (cotangent * (4.0 * e / ((1.0 + e) * (1.0 + e))),)


@wide
def tanh_vjp_saved(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """g (1 - y^2): absolute error 2u, no digits left from |x| = 19 (float64) or 9 (float32) on."""
    y = np.tanh(x)
    return (cotangent * (1.0 - y * y),)


@wide
def softplus(x: Array) -> Array:
    """log(1 + e^x) = max(x, 0) + log1p(e^-|x|): two terms >= 0, no overflow, no threshold. Relative error (4E + 2)u.

    >>> softplus([-1000.0, 1000.0]).tolist()
    [0.0, 1000.0]
    """
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


@wide
def softplus_vjp(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """softplus' = sigmoid."""
    return (cotangent * sigmoid(x),)


@wide
def softplus_branches(x: Array) -> Array:
    """log1p(e^x) on the left, x + log1p(e^-x) on the right: the same terms, chosen rather than added.

    >>> softplus_branches([-1000.0, 1000.0]).tolist()
    [0.0, 1000.0]
    """
    return np.where(x > 0, x + np.log1p(np.exp(-np.abs(x))), np.log1p(np.exp(np.minimum(x, 0.0))))


@wide
def softplus_naive(x: Array) -> Array:
    """The bad example: log(1 + e^x) overflows on the right, and 1 + e^x forgets the left tail.

    >>> softplus_naive([1000.0, -40.0]).tolist()
    [inf, 0.0]
    """
    return np.log(1.0 + np.exp(x))


@wide
def elu(x: Array, *, alpha: float = 1.0) -> Array:
    """x for x > 0, else alpha (e^x - 1) by expm1: relative error (2E + 1)u, near 0 too.

    >>> elu([2.0, -1e-20, -1000.0]).tolist()
    [2.0, -1e-20, -1.0]
    """
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0)))


@wide
def elu_vjp(x: Array, *, alpha: float = 1.0, cotangent: Array) -> tuple[Array, ...]:
    """1 for x > 0, else alpha e^x; at 0, a kink unless alpha = 1, alpha."""
    return (np.where(x > 0, cotangent, cotangent * (alpha * np.exp(np.minimum(x, 0.0)))),)


@wide
def elu_vjp_saved(x: Array, *, alpha: float = 1.0, cotangent: Array) -> tuple[Array, ...]:
    """g (y + alpha) for x <= 0: absolute error u alpha, no digits in the left tail."""
    y = elu(x, alpha=alpha)
    return (np.where(x > 0, cotangent, cotangent * (y + alpha)),)


@wide
def silu(x: Array) -> Array:
    """x sigmoid(x), with the sigmoid that keeps its left tail: relative error (2E + 4)u, and (|x|(E + 1) + 1)eta
    where sigmoid is subnormal.

    >>> f"{silu(np.float32(-89)):.2e}", float(silu_reciprocal(np.float32(-89)))
    ('-1.98e-37', -0.0)
    """
    return np.maximum(x, -FAR) * sigmoid(x)


@wide
def silu_vjp(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """silu' = sigmoid(x)(1 + x sigmoid(-x)); cancels, legitimately, only at its zero x = -1.278."""
    bounded = np.minimum(np.maximum(x, -FAR), FAR)
    return (cotangent * (sigmoid(x) * (1.0 + bounded * sigmoid(-x))),)


@wide
def silu_vjp_saved(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """From the saved sigmoid s: g s (1 + x (1 - s)); 1 - s has no digits in the right tail."""
    s = sigmoid(x)
    return (cotangent * (s * (1.0 + np.minimum(np.maximum(x, -FAR), FAR) * (1.0 - s))),)


@wide
def silu_reciprocal(x: Array) -> Array:
    """x/(1 + e^-x) as kernels write it: 0 once e^-x overflows, where the result is still a normal number (x = -89
    in float32).
    """
    return np.maximum(x, -FAR) / (1.0 + np.exp(-x))


@wide
def softsign(x: Array) -> Array:
    """x/(1 + |x|): relative error 2u; +-1 at infinity.

    >>> softsign([1.0, -np.inf]).tolist()
    [0.5, -1.0]
    """
    size = np.abs(x)
    return np.where(size == np.inf, np.sign(x), x / (1.0 + size))


@wide
def softsign_vjp(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """softsign' = 1/(1 + |x|)^2, as two divisions: the square would overflow."""
    size = 1.0 + np.abs(x)
    return (cotangent / size / size,)


@wide
def sigmoid_chain(x: Array, weights: Array) -> Array:
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
def sigmoid_chain_vjp(x: Array, weights: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """The chain rule from the last layer to the first; the forward pass is run again and its inputs z_k kept.

    >>> [g.tolist() for g in sigmoid_chain_vjp(0.0, [1.0, 0.0], cotangent=16.0)]
    [0.0, [0.0, 2.0]]
    """
    depth = weights.shape[-1]
    inputs = [x]
    for k in range(depth):
        inputs.append(sigmoid(weights[..., k] * inputs[-1]))
    g, slopes = cotangent, []
    for k in reversed(range(depth)):
        (g,) = sigmoid_vjp(weights[..., k] * inputs[k], cotangent=g)
        slopes.append(g * inputs[k])
        g = g * weights[..., k]
    by_weight = np.stack(slopes[::-1], axis=-1) if depth else np.zeros_like(weights)
    return unbroadcast(g, x.shape), unbroadcast(by_weight, weights.shape)
