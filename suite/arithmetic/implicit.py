"""Functions that equations define, over balls: F(p, x) = 0 encloses x, and dF = 0 its derivative by p.

Interval Newton (Krawczyk 1969): for a box X around a float x, K = x - Y F(x) + (1 - Y F'(X))(X - x), Y any
approximate inverse of F'(x); K in the interior of X proves that exactly one zero lies in X, and that it lies in K.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from flint import arb, arb_mat

from suite.arithmetic.balls import Balls
from suite.arithmetic.protocol import Undecided
from suite.arithmetic.tape import Variable, backward

Equation = Callable[..., Any]  # (*operands, x) -> residual, of x's shape


def solution(f: Equation, operands: Sequence[Any], shape: tuple[int, ...], steps: int = 8) -> Balls:
    """Encloses the zero of ``f(*operands, x)`` nearest to where Newton's method goes from 0; raises Undecided."""
    x = Balls(np.zeros(shape))
    for _ in range(steps):
        jacobian, value = _jacobian(f, operands, x), f(*operands, x).a
        moved = _flat(x.a) - _solved(jacobian, _flat(value))
        last, x = x, Balls(_array([v.mid() for v in moved.entries()], shape))
        if all(abs(a - b) <= abs(a) * arb(2) ** -40 for a, b in zip(x.a.ravel(), last.a.ravel(), strict=True)):
            break
    return _enclosed(f, operands, x)


def _enclosed(f: Equation, operands: Sequence[Any], x: Balls) -> Balls:
    """Krawczyk's test, in a box that is a little wider than the last step of Newton's method."""
    jacobian = _jacobian(f, operands, x)
    inverse = _inverse(jacobian)
    step = inverse * _flat(f(*operands, x).a)
    radius = max((abs(v).upper() for v in step.entries()), default=arb(0), key=float)
    for _ in range(4):
        radius = radius * 4 + arb(2) ** -2000
        box = Balls(_array([v + arb(0, radius) for v in x.a.ravel()], x.shape))
        spread = _eye(jacobian.nrows()) - inverse * _jacobian(f, operands, box)
        wide = _flat(np.array([arb(0, radius)] * x.size, object))
        moved = _flat(x.a) - step + spread * wide
        if all(abs(m - v) < radius for m, v in zip(moved.entries(), x.a.ravel(), strict=True)):
            return Balls(_array(moved.entries(), x.shape))
    raise Undecided("the equations do not enclose a result")


def adjoint(f: Equation, operands: Sequence[Any], x: Balls, cotangent: Balls, wrt: Sequence[int]) -> list[Any]:
    """The cotangents of operands for a cotangent of x: -F_p^T l, where F_x^T l is the cotangent."""
    multiplier = _solved(_jacobian(f, operands, x).transpose(), _flat(cotangent.a))
    leaves = [Variable(p) if isinstance(p, Balls) else p for p in operands]
    y = f(*leaves, Variable(x))
    seed = Balls(_array([-v for v in multiplier.entries()], y.shape))
    found = backward(y, seed, [leaves[k] for k in wrt])
    zero = [np.full(leaves[k].shape, arb(0), dtype=object) for k in wrt]
    return [z if g is None else g.a for g, z in zip(found, zero, strict=True)]


def _jacobian(f: Equation, operands: Sequence[Any], x: Balls) -> arb_mat:
    """dF/dx, a row for each entry of the residual."""
    leaf = Variable(x)
    y = f(*operands, leaf)
    rows = []
    for k in range(y.size):
        unit = np.zeros(y.size)
        unit[k] = 1.0
        (g,) = backward(y, Balls(unit.reshape(y.shape)), [leaf])
        rows.append([arb(0)] * x.size if g is None else list(g.a.ravel()))
    return arb_mat(rows)


def _array(entries: Sequence[arb], shape: tuple[int, ...]) -> Any:
    out = np.empty(len(entries), dtype=object)
    out[:] = entries
    return out.reshape(shape)


def _flat(values: Any) -> arb_mat:
    return arb_mat([[v] for v in np.ravel(values)])


def _eye(n: int) -> arb_mat:
    return arb_mat([[int(i == j) for j in range(n)] for i in range(n)])


def _inverse(matrix: arb_mat) -> arb_mat:
    return _solved(matrix, _eye(matrix.nrows()))


def _solved(matrix: arb_mat, right: arb_mat) -> arb_mat:
    try:
        return matrix.solve(right)
    except ZeroDivisionError as error:
        raise Undecided("the Jacobian may be singular") from error
