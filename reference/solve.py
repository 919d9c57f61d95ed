"""Linear systems by factorisation, column by column, in the operand's own type (not through LAPACK, which NumPy calls
in float64 for float32).

No formula can be run in another arithmetic here: results are judged by their residual. Batches are loops over matrices.
"""

import numpy as np

from reference.formats import Array, Function, wide


def _square(a: Array) -> Array:
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ValueError(f"square matrices expected, not shape {a.shape}")
    return a


def _each(factor: Function, a: Array) -> Array:
    """Apply a factorisation of one matrix to a batch, and stack each of its results."""
    if a.ndim == 2:
        return factor(a)
    parts = [_each(factor, one) for one in a]
    return tuple(np.stack(p) for p in zip(*parts, strict=True)) if isinstance(parts[0], tuple) else np.stack(parts)


@wide
def lu_factor(a: Array) -> tuple[Array, Array]:
    """P A = L U by Gaussian elimination with partial pivoting: (L and U in one matrix, row order), a[order] = L U.

    |L U - P A| <= n u |L||U|, and |l_ij| <= 1 (Higham 2002, theorem 9.3). A zero pivot stays in U: no error is
    raised here.

    >>> lu, order = lu_factor([[0.0, 2.0], [4.0, 4.0]])
    >>> lu.tolist(), order.tolist()
    ([[4.0, 4.0], [0.0, 2.0]], [1, 0])
    """
    lu, order = _each(_lu, _square(a))
    return lu, order


def _lu(a: Array) -> tuple[Array, Array]:
    a, order = a.copy(), np.arange(len(a))
    for k in range(len(a)):
        p = k + int(np.argmax(np.abs(a[k:, k])))  # the largest pivot: multipliers stay <= 1
        a[[k, p]], order[[k, p]] = a[[p, k]], order[[p, k]]
        if a[k, k] != 0:
            a[k + 1 :, k] /= a[k, k]
            a[k + 1 :, k + 1 :] -= np.outer(a[k + 1 :, k], a[k, k + 1 :])
    return a, order


@wide
def solve(a: Array, b: Array) -> Array:
    """x with a x = b: a (..., n, n); b (..., n), of one axis less than a, or (..., n, k).

    Backward error |b - A x|_inf <= 3 n u g (|A| |x| + |b|)_inf, g the growth factor of the pivots (Higham 2002,
    theorem 9.4). Raises LinAlgError where a pivot is exactly 0; never forms an inverse.

    >>> solve([[0.0, 2.0], [4.0, 4.0]], [2.0, 8.0]).tolist()
    [1.0, 1.0]
    """
    _square(a)
    columns = b[..., None] if b.ndim == a.ndim - 1 else b
    if columns.shape[-2] != a.shape[-1]:
        raise ValueError(f"solve: shapes {a.shape} and {b.shape} do not match")
    batch = np.broadcast_shapes(a.shape[:-2], columns.shape[:-2])
    many_a, many_b = (np.broadcast_to(m, batch + m.shape[-2:]) for m in (a, columns))
    x = np.zeros(many_b.shape, np.result_type(a, b))
    for i in np.ndindex(batch):
        x[i] = _solve(many_a[i], many_b[i])
    return x[..., 0] if b.ndim == a.ndim - 1 else x


def _solve(a: Array, b: Array) -> Array:
    lu, order = _lu(a)
    if np.any(np.diagonal(lu) == 0):
        raise np.linalg.LinAlgError("singular matrix: a pivot is exactly zero")
    x = b[order].astype(np.result_type(a, b))
    for k in range(len(lu)):  # L y = P b, from the top
        x[k] -= lu[k, :k] @ x[:k]
    for k in reversed(range(len(lu))):  # U x = y, from the bottom
        x[k] = (x[k] - lu[k, k + 1 :] @ x[k + 1 :]) / lu[k, k]
    return x


@wide
def solve_vjp(a: Array, b: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """dB = A^-T G by one more solve, dA = -dB X^T. Operands without broadcasting between their batch axes.

    >>> [g.tolist() for g in solve_vjp([[2.0]], [6.0], cotangent=[1.0])]
    [[[-1.5]], [0.5]]
    """
    x, db = solve(a, b), solve(np.swapaxes(a, -1, -2), cotangent)
    if b.ndim == a.ndim - 1:
        return -db[..., :, None] * x[..., None, :], db
    return -np.matmul(db, np.swapaxes(x, -1, -2)), db


@wide
def cholesky(a: Array) -> Array:
    """Lower triangular L with A = L L^T, of a symmetric positive definite A, whose lower triangle alone is read.

    |L L^T - A| <= (n + 1)u |L||L|^T (Higham 2002, theorem 10.3). Raises LinAlgError where a pivot is not positive.

    >>> cholesky([[4.0, 2.0], [2.0, 5.0]]).tolist()
    [[2.0, 0.0], [1.0, 2.0]]
    """
    return _each(_cholesky, _square(a))


def _cholesky(a: Array) -> Array:
    lower = np.zeros_like(a)
    for k in range(len(a)):
        column = a[k:, k] - lower[k:, :k] @ lower[k, :k]
        if not column[0] > 0:
            raise np.linalg.LinAlgError(f"not positive definite: pivot {k} is {column[0]}")
        lower[k:, k] = column / np.sqrt(column[0])
    return lower
