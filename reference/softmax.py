"""Log-sum-exp and softmax, by the shifted algorithm, with the other sound algorithms and the unsound one.

Notation of the bounds: m = max x, D_j = m - x_j, s = sum_i exp(-D_i), w = softmax(x), S = sum_i w_i D_i, E = 4 ulp for
exp and log. The shift costs nothing, since the inputs are exact: no function here may lose accuracy to a common offset
of the inputs, nor overflow. Source: P. Blanchard, D. J. Higham and N. J. Higham, IMA J. Numer. Anal. 41 (2021), with
the spread term refined. A NaN or +inf among the inputs gives NaN in softmax; +inf gives +inf in logsumexp. No elements:
ValueError, there is no maximum.
"""

import numpy as np

from reference.elementary import LN2, LOG2E
from reference.formats import Array, wide
from reference.shapes import Axis, drop, fold, spread, unbroadcast


def _below_max(x: Array, axis: Axis) -> tuple[Array, Array]:
    """m and x - m <= 0. Equal infinities differ by 0, not NaN: a row of -inf then has exp = 1 throughout, and m
    carries the -inf.
    """
    m = np.max(x, axis=axis, keepdims=True)
    return m, np.where(x == m, 0.0, x - m)


@wide
def logsumexp(x: Array, *, axis: Axis = -1, keepdims: bool = False) -> Array:
    """log sum_i e^{x_i} = m + log sum_i e^{x_i - m}: exponents <= 0 never overflow, and the sum is in [1, n].

    Absolute error u|y| + u(S + 2E + n - 1) + (2E+2)u log s: no relative accuracy near y = 0, where m and log s cancel.
    -inf entries add nothing; all -inf gives -inf.

    >>> logsumexp([1000.0, 1000.0]).round(9).item(), logsumexp([-np.inf, -np.inf]).item()
    (1000.693147181, -inf)
    """
    m, below = _below_max(x, axis)
    return drop(m + np.log(np.sum(np.exp(below), axis=axis, keepdims=True)), axis, keepdims)


@wide
def logsumexp_vjp(x: Array, *, axis: Axis = -1, keepdims: bool = False, cotangent: Array) -> tuple[Array, ...]:
    """d logsumexp = softmax . dx. From x: exp(x - y) with the saved y loses u|y|, all digits at an offset of 1/u.

    >>> logsumexp_vjp([1e16, 1e16], cotangent=1.0)[0].tolist()
    [0.5, 0.5]
    """
    return (spread(cotangent, x, axis, keepdims) * softmax(x, axis=axis),)


@wide
def logsumexp_log1p(x: Array, *, axis: Axis = -1, keepdims: bool = False) -> Array:
    """m + log1p(r), r the sum without one largest term: the last digits of a dominated sum survive (Blanchard,
    Higham and Higham 2021).

    Absolute error u|y| + u(S + (2E + n - 2)r/s + 2E log s) + nE eta, r = s - 1: all but the first vanish with r.

    >>> f"{logsumexp_log1p([0.0, -50.0]):.6e}", logsumexp([0.0, -50.0]).item()
    ('1.928750e-22', 0.0)
    """
    m, rest = _rest(x, axis)
    return drop(m + np.log1p(rest), axis, keepdims)


def _rest(x: Array, axis: Axis) -> tuple[Array, Array]:
    """m and sum_i exp(x_i - m) - 1, with the 1 of one largest term left out rather than subtracted."""
    m, below = _below_max(x, axis)
    ties = np.sum(np.where(below == 0, np.ones_like(x), 0.0), axis=axis, keepdims=True)
    return m, (ties - 1.0) + np.sum(np.where(below == 0, 0.0, np.exp(below)), axis=axis, keepdims=True)


def _online_sum(x: Array, axis: Axis) -> tuple[Array, Array]:
    """m and sum_i exp(x_i - m) as the online algorithm rounds it when each element is a new maximum (its worst
    case: ascending order).

    Term i is 1 when it arrives, and is rescaled by exp(M_{k-1} - M_k) at each later maximum: the product of those
    factors.
    """
    rising = np.sort(fold(x, axis), axis=-1)
    before, after = rising[..., :-1], rising[..., 1:]
    factors = np.exp(np.where(before == after, 0.0, before - after))
    factors = np.concatenate([factors, np.ones_like(rising[..., :1])], axis=-1)
    kept = np.flip(np.cumprod(np.flip(factors, axis=-1), axis=-1), axis=-1)
    return spread(rising[..., -1], x, axis), spread(np.sum(kept, axis=-1), x, axis)


@wide
def logsumexp_online(x: Array, *, axis: Axis = -1, keepdims: bool = False) -> Array:
    """One pass with a running maximum (Milakov and Gimelshein 2018): every rescaling adds an exp and a product, (E
    + 1.5)(n - 1)u in all.
    """
    m, s = _online_sum(x, axis)
    return drop(m + np.log(s), axis, keepdims)


@wide
def logsumexp_exp2(x: Array, *, axis: Axis = -1, keepdims: bool = False) -> Array:
    """m + log(2) log2 sum 2^{(x - m) log2(e)}, as kernels with a fast exp2 do it: two more roundings of the spread,
    3u S.
    """
    m, below = _below_max(x, axis)
    return drop(m + LN2 * np.log2(np.sum(np.exp2(below * LOG2E), axis=axis, keepdims=True)), axis, keepdims)


@wide
def logsumexp_naive(x: Array, *, axis: Axis = -1, keepdims: bool = False) -> Array:
    """The bad example: log sum e^x overflows above log(max), and is log 0 below log(eta).

    >>> logsumexp_naive([1000.0, 0.0]).item(), logsumexp_naive([-1000.0, -1000.0]).item()
    (inf, -inf)
    """
    return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))


@wide
def logaddexp(x1: Array, x2: Array) -> Array:
    """log(e^x1 + e^x2) = max + log1p(e^{-|x1 - x2|}): error u|y| + (|x1-x2| + 4E + 2)u e^{-|x1-x2|} + 2E
    eta. Equal infinities give themselves.

    >>> logaddexp([1000.0, -np.inf], [1000.0, -np.inf]).round(9).tolist()
    [1000.693147181, -inf]
    """
    return np.maximum(x1, x2) + np.log1p(np.exp(-np.abs(_gap(x1, x2))))


def _gap(x1: Array, x2: Array) -> Array:
    return np.where(x1 == x2, 0.0, x1 - x2)  # infinities of one sign: no gap


@wide
def logaddexp_vjp(x1: Array, x2: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """dy = sigmoid(x1 - x2) dx1 + sigmoid(x2 - x1) dx2, each from e = exp(-|x1 - x2|), so that neither is 1 minus
    the other.

    >>> [f"{g:.6g}" for g in logaddexp_vjp(0.0, 100.0, cotangent=1.0)]
    ['3.72008e-44', '1']
    """
    e = np.exp(-np.abs(_gap(x1, x2)))
    larger, smaller = cotangent / (1.0 + e), cotangent * (e / (1.0 + e))
    first, second = np.where(x1 >= x2, larger, smaller), np.where(x1 >= x2, smaller, larger)
    return unbroadcast(first, x1.shape), unbroadcast(second, x2.shape)


@wide
def logcumsumexp(x: Array, *, axis: int = -1) -> Array:
    """y_k = log sum_{i<=k} e^{x_i} = M_k + log s_k, with M the running maximum and s_k = sum_{i<=k} e^{x_i - M_k}.

    Windows of length 1, 2, 4, ... are joined, the older half rescaled by e^{-(rise of M)} <= 1: stable in ceil(log2
    n) vectorised steps (Hillis and Steele 1986). A term meets ceil(log2 k) joins before y_k, each an exp, a product and
    a sum, and its rescalings add up to D_i: absolute error u|y_k| + u(S + 2E + (2E + 2)ceil(log2 k) + 2E log s_k),
    with the S and s of the first k terms.

    >>> logcumsumexp([1000.0, 1000.0, -np.inf]).round(9).tolist()
    [1000.0, 1000.693147181, 1000.693147181]
    """
    m, s = _cumulative(np.moveaxis(x, axis, -1))
    return np.moveaxis(m + np.log(s), -1, axis)


def _cumulative(x: Array) -> tuple[Array, Array]:
    m = np.maximum.accumulate(x, axis=-1)
    return m, _joined(np.exp(-_gap(m, x)), m)


def _joined(s: Array, m: Array) -> Array:
    """sum_{i<=k} s_i e^{-|m_k - m_i|} for monotone m, by doubling windows."""
    width = 1
    while width < s.shape[-1]:
        kept = np.exp(-np.abs(_gap(m[..., width:], m[..., :-width])))
        s = np.concatenate([s[..., :width], s[..., width:] + kept * s[..., :-width]], axis=-1)
        width *= 2
    return s


@wide
def logcumsumexp_vjp(x: Array, *, axis: int = -1, cotangent: Array) -> tuple[Array, ...]:
    """dx_i = sum_{k>=i} g_k e^{x_i - y_k} = e^{x_i - M_i} sum_{k>=i} (g_k/s_k) e^{-(M_k - M_i)}: y itself, with its
    offset, is never used.

    >>> logcumsumexp_vjp([1e16, 1e16], cotangent=[0.0, 1.0])[0].tolist()
    [0.5, 0.5]
    """
    x, g = np.moveaxis(x, axis, -1), np.moveaxis(cotangent, axis, -1)
    m, s = _cumulative(x)
    later = np.flip(_joined(np.flip(g / s, axis=-1), np.flip(m, axis=-1)), axis=-1)
    return (np.moveaxis(np.exp(-_gap(m, x)) * later, -1, axis),)


@wide
def softmax(x: Array, *, axis: Axis = -1) -> Array:
    """e^{x_j - m} / sum_i e^{x_i - m}: finite for all finite x. Relative error (D_j + S + 4E + n + 2)u, and
    (E + 1)eta. A row of -inf is NaN.

    >>> softmax([1000.0, 1001.0, 1002.0]).round(3).tolist()
    [0.09, 0.245, 0.665]
    """
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


@wide
def softmax_vjp(x: Array, *, axis: Axis = -1, cotangent: Array) -> tuple[Array, ...]:
    """dx_j = w_j (g_j - sum_i w_i g_i). Error in w_j max|g| (n + D_j + S + ...)u: a common offset of g cancels only
    in exact arithmetic.

    >>> softmax_vjp([0.0, 0.0], cotangent=[1.0, 0.0])[0].tolist()
    [0.25, -0.25]
    """
    w = softmax(x, axis=axis)
    return (w * (cotangent - np.sum(w * cotangent, axis=axis, keepdims=True)),)


softmax_vjp_saved = softmax_vjp  # w is the saved output: the derivative needs nothing else


@wide
def softmax_online(x: Array, *, axis: Axis = -1) -> Array:
    """With the normaliser of the online algorithm (Milakov and Gimelshein 2018): (E + 1.5)(n - 1)u in the sum."""
    m, s = _online_sum(x, axis)
    return np.exp(x - m) / s


@wide
def softmax_exp2(x: Array, *, axis: Axis = -1) -> Array:
    """2^{(x - m) log2(e)}, normalised: the rounded constant and product triple the spread term, 3 D_j u."""
    e = np.exp2((x - np.max(x, axis=axis, keepdims=True)) * LOG2E)
    return e / np.sum(e, axis=axis, keepdims=True)


@wide
def softmax_from_log(x: Array, *, axis: Axis = -1) -> Array:
    """exp(log_softmax(x)): the rounding of the logarithm is magnified by its size, (D_j + |z_j|)u."""
    return np.exp(log_softmax(x, axis=axis))


@wide
def softmax_naive(x: Array, *, axis: Axis = -1) -> Array:
    """The bad example: e^x / sum e^x is inf/inf above log(max), 0/0 below log(eta).

    >>> softmax_naive([1000.0, 0.0]).tolist()
    [nan, 0.0]
    """
    e = np.exp(x)
    return e / np.sum(e, axis=axis, keepdims=True)


@wide
def log_softmax(x: Array, *, axis: Axis = -1) -> Array:
    """z = (x - m) - log sum e^{x - m}: absolute error u(D_j + |z_j|) + u(S + 2E + n - 1) + (2E+2)u log s. Never x -
    logsumexp(x), which keeps the offset.

    >>> log_softmax([1e16, 1e16]).round(9).tolist()
    [-0.693147181, -0.693147181]
    """
    d = x - np.max(x, axis=axis, keepdims=True)
    return d - np.log(np.sum(np.exp(d), axis=axis, keepdims=True))


@wide
def log_softmax_log1p(x: Array, *, axis: Axis = -1) -> Array:
    """(x - m) - log1p(r), r the sum without one largest term: relative accuracy where z is near 0, too.

    >>> f"{log_softmax_log1p([0.0, -50.0])[0]:.6e}", log_softmax([0.0, -50.0])[0].item()
    ('-1.928750e-22', 0.0)
    """
    m, rest = _rest(x, axis)
    return (x - m) - np.log1p(rest)


@wide
def log_softmax_online(x: Array, *, axis: Axis = -1) -> Array:
    """(x - m) - log s with the normaliser of the online algorithm (Milakov and Gimelshein 2018).

    >>> log_softmax_online([0.0, 0.0])[0].round(6).item()
    -0.693147
    """
    m, s = _online_sum(x, axis)
    return (x - m) - np.log(s)


@wide
def log_softmax_vjp(x: Array, *, axis: Axis = -1, cotangent: Array) -> tuple[Array, ...]:
    """dx_j = g_j - w_j sum_i g_i, with w from x."""
    return (cotangent - softmax(x, axis=axis) * np.sum(cotangent, axis=axis, keepdims=True),)


@wide
def log_softmax_vjp_saved(x: Array, *, axis: Axis = -1, cotangent: Array) -> tuple[Array, ...]:
    """From the saved output z: g_j - e^{z_j} sum_i g_i; |z_j|u more than from x."""
    z = log_softmax(x, axis=axis)
    return (cotangent - np.exp(z) * np.sum(cotangent, axis=axis, keepdims=True),)
