"""One of each other shape: a certificate, a procedure, a projection, a difference quotient."""

from collections.abc import Iterable, Sequence

import numpy as np
from flint import arb, arb_mat
from scipy.linalg import lu

import reference as ref
from suite.arithmetic import Standard
from suite.draw.kinds import SPD, SQUARE, STEP_SIZE, TAME, UNIT
from suite.floats import Array, Format
from suite.judge.case import Case
from suite.judge.problem import Bounded, Problem
from suite.judge.truth import Claim, Equations, Formula
from suite.laws.algebra import Identity, Permutation, Sides, SumsTo
from suite.laws.certificate import OneStep
from suite.laws.order import Range, Ranked
from suite.record import Concept, Filling, Freedom, Kind, Operand


def _right_hand_side(f: Filling) -> Array:
    """b = fl(A x): only coupled right-hand sides show the loss of an explicit inverse."""
    x = f.rng.standard_normal(f.shape)
    with np.errstate(all="ignore"):
        return (f.earlier[0].astype(np.float64) @ x[..., None])[..., 0]


def growth(a: Array) -> float:
    """|| |L||U| || / ||A||, over A and its transpose, by partial pivoting in float64."""
    if not np.isfinite(a).all() or not np.abs(a).max() > 0:
        return float("inf")
    sizes = []
    for m in (a, a.T):
        _, low, up = lu(m)
        sizes.append(np.linalg.norm(np.abs(low) @ np.abs(up), np.inf) / np.linalg.norm(m, np.inf))
    return max(1.0, *(float(s) for s in sizes))


def singular(a: Array, u: float) -> bool:
    """Numerically so: n u cond(A) >= 0.1, and any answer is a sound one."""
    with np.errstate(all="ignore"):
        size = np.linalg.norm(a, np.inf) * np.linalg.norm(np.linalg.pinv(a), np.inf) if np.isfinite(a).all() else np.inf
    return bool(len(a) * u * size >= 0.1)


def working(fmt: Format) -> float:
    """The unit roundoff of a factorisation: sixteen-bit systems are solved in binary32."""
    return 2.0**-24 if fmt.half else fmt.u


def _backward_error(inputs: Sequence[Array], outputs: Sequence[Array], fmt: Format) -> list[Claim]:
    """||b - A x|| <= 3 n u g (||A|| ||x|| + ||b||) in the infinity norm (Higham 2002, theorem 9.4).

    Sixteen-bit systems are solved in binary32, and x is rounded once: ||A|| (u ||x|| + eta/2) more.
    """
    (a, b), (x,) = inputs, outputs
    n, u, name = len(b), working(fmt), "normwise backward error"
    if singular(a, u):
        return []
    if not np.isfinite(x).all():
        return [Claim(name, arb.nan(), arb(1))]
    residual = arb_mat(b[:, None].tolist()) - arb_mat(a.tolist()) * arb_mat(x[:, None].tolist())
    norms = [
        _largest(_total(row) for row in a),
        _largest(abs(arb(float(v))) for v in x),
        _largest(abs(arb(float(v))) for v in b),
    ]
    scale = arb(3 * n * growth(a) * u) * (norms[0] * norms[1] + norms[2])
    if fmt.half:
        scale += norms[0] * (norms[1] * fmt.u + fmt.eta / 2)
    return [Claim(name, _largest(abs(residual[i, 0]) for i in range(n)), scale)]


def _largest(values: Iterable[arb]) -> arb:
    top = arb(0)
    for v in values:
        top = top.max(v)
    return top


def _total(row: Array) -> arb:
    out = arb(0)
    for v in row:
        out += abs(arb(float(v)))
    return out


def _solve_sensitivity(p: Problem, cotangent: Array) -> list[Bounded]:
    """dB = A^-T g by one more solve, dA = -dB x^T, each solve with the backward error of the method.

    An error of backward error s moves a solution by at most |A^-1| s in each entry; the product has both factors'
    errors and a rounding of its own. Twice each scale, to first order in n u cond(A) <= 0.1.
    """
    a, b = (x.astype(np.float64) for x in p.inputs)
    g, fmt = cotangent.astype(np.float64), p.format
    values, errors = (np.zeros(a.shape), np.zeros(b.shape)), (np.full(a.shape, np.inf), np.full(b.shape, np.inf))
    for i in range(p.rows):
        if singular(a[i], working(fmt)):
            continue
        inverse = np.linalg.inv(a[i])
        x, dx = _solved(a[i], inverse, b[i], fmt)
        db, ddb = _solved(a[i].T, inverse.T, g[i], fmt)
        values[0][i], values[1][i] = -np.outer(db, x), db
        errors[0][i] = np.outer(ddb, np.abs(x) + dx) + np.outer(np.abs(db), dx)
        errors[0][i] += fmt.u * (np.abs(values[0][i]) + errors[0][i]) + fmt.eta
        errors[1][i] = ddb
    return list(zip(values, errors, strict=True))


def _solved(a: Array, inverse: Array, b: Array, fmt: Format) -> tuple[Array, Array]:
    """The solution in float64, and what a backward stable one in the format may be off by."""
    x = np.linalg.solve(a, b)
    size = np.linalg.norm(a, np.inf) * np.abs(x).max(initial=0.0) + np.abs(b).max(initial=0.0)
    scale = 3 * len(b) * working(fmt) * growth(a) * size
    error = 2 * np.sum(np.abs(inverse), axis=-1) * scale
    return x, error + (fmt.u if fmt.half else 0.0) * (np.abs(x) + error) + fmt.eta


solve = Concept(
    "solve",
    "(n,n),(n)->(n)",
    Equations(
        _backward_error,
        residual=lambda a, b, x: (a @ x[..., None])[..., 0] - b,
        sensitivity=_solve_sensitivity,
    ),
    ref.solve,
    operands=(Operand(SQUARE), Operand(Kind("right-hand side", _right_hand_side, real=True))),
    backward=ref.solve_vjp,
    longest={"n": 17},
)


def _descent(a: Array, b: Array, x: Array, *, step: float, iterations: int) -> Array:
    path = [x]
    for _ in range(iterations):
        x = x - step * ((a @ x[..., None])[..., 0] - b)
        path.append(x)
    return np.stack(path, axis=-2)


gradient_descent = Concept(
    "gradient_descent",
    "(n,n),(n),(n)->(k,n)",
    Formula(_descent),
    ref.gradient_descent,
    operands=(Operand(SPD, grad=False), Operand(UNIT, grad=False), Operand(UNIT, grad=False)),
    options=({"step": 0.5, "iterations": 6}, {"step": 1.0, "iterations": 3}),
    freedom=Freedom(fused=False),
    laws=(OneStep(),),
    longest={"n": 9},
)


def _projection(x: Array) -> Array:
    """max(x - theta, 0), theta = max over k of (sum of the k largest - 1) / k."""
    down = np.flip(np.sort(x, axis=-1), axis=-1)
    k = np.arange(1, x.shape[-1] + 1)
    theta = np.max((np.cumsum(down, axis=-1) - 1) / k, axis=-1, keepdims=True)
    return np.maximum(x - theta, 0)


def _idempotent(case: Case) -> Sides:
    """P(P(x)) = P(x), as far as P(x) itself misses the simplex."""
    again = case.at(case.got())
    n = case.inputs[0].shape[-1]
    off = np.abs(np.sum(case.got().astype(np.float64), axis=-1) - 1)[..., None]
    return again.got(), case.got(), again.bounded()[1] + off + n * 2.0**-52


def _non_expansive(case: Case) -> Sides:
    """||P x - P y|| <= ||x - y||, for a y close to x: on one face of the simplex P is nearly an isometry."""
    x = case.inputs[0].astype(np.float64)
    other = case.at(case.format.round(x + np.where(np.arange(x.shape[-1]) % 2, -0.125, 0.125)))
    y = other.inputs[0].astype(np.float64)
    gap = np.linalg.norm(case.got().astype(np.float64) - other.got().astype(np.float64), axis=-1)
    slack = np.linalg.norm(case.bounded()[1] + other.bounded()[1], axis=-1) * (1 + 2.0**-40)
    with np.errstate(all="ignore"):
        return gap, np.linalg.norm(x - y, axis=-1), slack + 2.0**-50 * gap


project_simplex = Concept(
    "project_simplex",
    "(n)->(n)",
    Formula(_projection),
    ref.project_simplex,
    operands=(Operand(TAME, grad=False),),
    freedom=Freedom(fused=False),
    laws=(
        SumsTo(1.0),
        Range(0.0, 1.0),
        Ranked(),
        Permutation(equivariant=True),
        Identity("idempotent", "P(P(x)) = P(x)", _idempotent),
        Identity("non_expansive", "||P x - P y|| <= ||x - y||", _non_expansive, one_sided=True),
    ),
    longest={"n": 129},
)


def _truncated(inputs: Sequence[Array], value: Array, error: Array, standard: Standard) -> Array:
    """Rounding, and h^2 M_3 / 6 with M_3 = e^(x+h), the largest third derivative on the stencil."""
    x, h = inputs
    with np.errstate(all="ignore"):
        return error + 2 * h * h / 6 * np.exp(x + h) * 1.0001


exp_central_difference = Concept(
    "exp_central_difference",
    "(),()->()",
    Formula(lambda x, h: np.exp(x), extended=False),
    lambda x, h: (np.exp(x + h) - np.exp(x - h)) / (2.0 * h),
    operands=(Operand(TAME, grad=False), Operand(STEP_SIZE, grad=False)),
    freedom=Freedom(bound=_truncated, fused=False),
)
