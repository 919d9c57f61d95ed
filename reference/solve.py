"""Linear systems by factorisation, column by column, in the operand's own type (not through LAPACK, which NumPy calls
in float64 for float32).

Leading axes are batch axes. Inside, they come last: then a[i, j] is one entry of all the matrices, and the textbook's
loop over the columns factors the whole batch. No formula can be run in another arithmetic here: results are judged by
their residual. Bounds: u unit roundoff, eta smallest subnormal, |A| entry by entry, L and U the computed factors; they
hold for every n, in any order of summation (Rump and Jeannerod 2014), as long as nothing overflows.
"""

import numpy as np

from reference.formats import Array, wide
from reference.shapes import unbroadcast


def _entries(a: Array) -> Array:
    """A copy with the batch axes last."""
    return np.moveaxis(a, (-2, -1), (0, 1)).copy()


def _matrices(a: Array) -> Array:
    """The reverse of `_entries`."""
    return np.ascontiguousarray(np.moveaxis(a, (0, 1), (-2, -1)))


def _square(a: Array) -> Array:
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ValueError(f"square matrices expected, not shape {a.shape}")
    return a


def _refuse(bad: Array, pivots: Array, k: int, what: str) -> None:
    """LinAlgError that names the first bad pivot, and its matrix in a batch."""
    for at in np.argwhere(bad)[:1]:
        i = tuple(map(int, at))
        where = f" in matrix {i} of the batch" if i else ""
        raise np.linalg.LinAlgError(f"{what}: pivot {k} is {pivots[i]}{where}")


@wide
def lu_factor(a: Array) -> tuple[Array, Array]:
    """P A = L U by Gaussian elimination with partial pivoting: (L and U in one matrix, row order), a[order] = L U.

    |L U - P A| <= n u |L||U| + (n + max|U|) eta/2, and |l_ij| <= 1 (Higham 2002, theorem 9.3). A zero pivot stays in
    U: no error is raised here.

    >>> lu, order = lu_factor([[0.0, 2.0], [4.0, 4.0]])
    >>> lu.tolist(), order.tolist()
    ([[4.0, 4.0], [0.0, 2.0]], [1, 0])
    """
    lu, order = _lu(_entries(_square(a)))
    return _matrices(lu), np.ascontiguousarray(np.moveaxis(order, 0, -1))


def _lu(a: Array) -> tuple[Array, Array]:
    """Factor the entries in place."""
    order = np.indices((len(a), 1, *a.shape[2:]))[0]
    for k in range(len(a)):
        p = k + np.argmax(np.abs(a[k:, k]), axis=0)  # the largest pivot: multipliers stay <= 1
        _swap(a, k, p)
        _swap(order, k, p)
        a[k + 1 :, k] /= np.where(a[k, k] == 0, 1.0, a[k, k])  # below a pivot of 0 all is 0
        a[k + 1 :, k + 1 :] -= a[k + 1 :, k, None] * a[k, k + 1 :]
    return a, order[:, 0]


def _swap(a: Array, k: int, p: Array) -> None:
    """Exchange row k of each matrix with its row p."""
    chosen = np.take_along_axis(a, p[None, None], axis=0)[0]
    np.put_along_axis(a, p[None, None], a[k : k + 1], axis=0)
    a[k] = chosen


@wide
def solve(a: Array, b: Array) -> Array:
    """x with a x = b: a (..., n, n); b one vector (n,), vectors of the shape of a without its last axis, or matrices
    (..., n, k); batch axes broadcast. Never forms an inverse.

    |b - A x| <= 3nu P^T|L||U||x| + n(n + max|U|)(1 + max|x|) eta, row by row (Higham 2002, theorem 9.4): a backward
    error of 3nu || |L||U| ||/||A|| in the infinity norm. The quotient is small in practice; n(2^n - 1) is all that
    pivoting guarantees. Raises LinAlgError where a pivot is exactly 0, ValueError where the shapes do not match.

    >>> solve([[0.0, 2.0], [4.0, 4.0]], [2.0, 8.0]).tolist()
    [1.0, 1.0]
    >>> solve(np.ones((5, 1, 1)), [2.0]).shape  # one right-hand side for five matrices
    (5, 1)
    """
    vectors = _are_vectors(_square(a), b)
    columns = b[..., None] if vectors else b
    x = _entries(np.broadcast_to(columns, _shape(a, b, columns)).astype(np.result_type(a, b)))
    lu, order = _lu(_entries(a).astype(x.dtype, copy=False))
    for k in range(len(lu)):
        _refuse(lu[k, k] == 0, lu[k, k], k, "singular matrix")
    added = tuple(range(2, 2 + x.ndim - lu.ndim))  # batch axes that only b has
    x = _substitute(np.expand_dims(lu, added), np.expand_dims(order[:, None], added), x)
    return _matrices(x)[..., 0] if vectors else _matrices(x)


def _are_vectors(a: Array, b: Array) -> bool:
    return bool(b.ndim == 1 or b.shape == a.shape[:-1])


def _shape(a: Array, b: Array, columns: Array) -> tuple[int, ...]:
    """The shape of x, as matrices."""
    try:
        batch = np.broadcast_shapes(a.shape[:-2], columns.shape[:-2])
        if columns.shape[-2] == a.shape[-1]:
            return (*batch, *columns.shape[-2:])
    except (ValueError, IndexError):
        pass
    raise ValueError(f"solve: shapes {a.shape} and {b.shape} do not match")


def _substitute(lu: Array, order: Array, b: Array) -> Array:
    x = np.take_along_axis(b, order, axis=0)
    for k in range(len(lu)):  # L y = P b, from the top
        x[k + 1 :] -= lu[k + 1 :, k, None] * x[k]
    for k in reversed(range(len(lu))):  # U x = y, from the bottom
        x[k] /= lu[k, k]
        x[:k] -= lu[:k, k, None] * x[k]
    return x


@wide
def solve_vjp(a: Array, b: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """dB = A^-T G by one more solve, dA = -dB X^T, summed over the batch axes that broadcasting added.

    >>> [g.tolist() for g in solve_vjp([[2.0]], [6.0], cotangent=[1.0])]
    [[[-1.5]], [0.5]]
    """
    vectors = _are_vectors(a, b)
    x, g = solve(a, b), cotangent
    x, g = (x[..., None], g[..., None]) if vectors else (x, g)
    db = solve(np.swapaxes(a, -1, -2), g)
    da = -np.matmul(db, np.swapaxes(x, -1, -2))
    return unbroadcast(da, a.shape), unbroadcast(db[..., 0] if vectors else db, b.shape)


@wide
def cholesky(a: Array) -> Array:
    """Lower triangular L with A = L L^T, of a symmetric positive definite A, whose lower triangle alone is read.

    |L L^T - A| <= (n + 1)u |L||L|^T + (n + max|L|) eta/2 (Higham 2002, theorem 10.3). Raises LinAlgError where a
    pivot is not positive.

    >>> cholesky([[4.0, 2.0], [2.0, 5.0]]).tolist()
    [[2.0, 0.0], [1.0, 2.0]]
    """
    return np.tril(_matrices(_cholesky(_entries(_square(a)))))


def _cholesky(a: Array) -> Array:
    """Factor the entries in place; what is above the diagonal is neither read nor wanted."""
    for k in range(len(a)):
        _refuse(~(a[k, k] > 0), a[k, k], k, "not positive definite")
        a[k, k] = np.sqrt(a[k, k])
        a[k + 1 :, k] /= a[k, k]
        a[k + 1 :, k + 1 :] -= a[k + 1 :, k, None] * a[k + 1 :, k]
    return a
