"""One of each other shape: a certificate, a procedure, a projection, a difference quotient."""

from typing import Any

import numpy as np
from flint import arb, arb_mat

import reference as ref
from suite.floats import Array, Format
from suite.laws.algebra import Identity, Permutation, SumsTo
from suite.laws.certificate import OneStep
from suite.laws.order import Range, Ranked
from suite.record import Concept, Operand


def _right_hand_side(rng: Any, fmt: Any, shape: Any, a: Any) -> Any:
    """b = fl(A x): only coupled right-hand sides show the loss of an explicit inverse."""
    x = rng.standard_normal(shape)
    with np.errstate(all="ignore"):
        return (a @ x[..., None])[..., 0]


def growth(a: Array) -> float:
    """|| |L||U| || / ||A||, over A and its transpose, by partial pivoting in float64."""
    from scipy.linalg import lu

    if not np.isfinite(a).all() or not np.abs(a).max() > 0:
        return float("inf")
    sizes = []
    for m in (a, a.T):
        _, low, up = lu(m)
        sizes.append(np.linalg.norm(np.abs(low) @ np.abs(up), np.inf) / np.linalg.norm(m, np.inf))
    return max(1.0, *(float(s) for s in sizes))


def _backward_error(inputs: list[Array], x: Array, fmt: Format) -> list[tuple[str, arb, arb]]:
    """||b - A x|| <= 3 n u g (||A|| ||x|| + ||b||) in the infinity norm (Higham 2002, theorem 9.4).

    Sixteen-bit systems are solved in binary32, and x is rounded once: ||A|| (u ||x|| + eta/2) more.
    """
    a, b = inputs
    n = len(b)
    u = fmt.u if not fmt.half else 2.0**-24
    with np.errstate(all="ignore"):
        size = np.linalg.norm(a, np.inf) * np.linalg.norm(np.linalg.pinv(a), np.inf) if np.isfinite(a).all() else np.inf
    if n * u * size >= 0.1:
        return []  # numerically singular: any answer is a sound one
    if not np.isfinite(x).all():
        return [("normwise backward error", arb.nan(), arb(1))]
    residual = arb_mat(b[:, None].tolist()) - arb_mat(a.tolist()) * arb_mat(x[:, None].tolist())
    left = _largest(abs(residual[i, 0]) for i in range(n))
    norms = [
        _largest(_total(row) for row in a),
        _largest(abs(arb(float(v))) for v in x),
        _largest(abs(arb(float(v))) for v in b),
    ]
    scale = arb(3 * n * growth(a) * u) * (norms[0] * norms[1] + norms[2])
    if fmt.half:
        scale += norms[0] * (norms[1] * fmt.u + fmt.eta / 2)
    return [("normwise backward error", left, scale)]


def _largest(values: Any) -> Any:
    top = arb(0)
    for v in values:
        top = top.max(v)
    return top


def _total(row: Array) -> arb:
    out = arb(0)
    for v in row:
        out += abs(arb(float(v)))
    return out


solve = Concept(
    "solve",
    "(n,n),(n)->(n)",
    ref.solve,
    certificate=_backward_error,
    operands=(Operand("square"), Operand(couple=_right_hand_side)),
    limits={"n": 17},
)


def _descent(a: Any, b: Any, x: Any, *, step: Any, iterations: Any) -> Any:
    path = [x]
    for _ in range(iterations):
        x = x - step * ((a @ x[..., None])[..., 0] - b)
        path.append(x)
    return np.stack(path, axis=-2)


gradient_descent = Concept(
    "gradient_descent",
    "(n,n),(n),(n)->(k,n)",
    ref.gradient_descent,
    definition=_descent,
    fused=False,
    operands=(Operand("spd", grad=False), Operand("unit", grad=False), Operand("unit", grad=False)),
    limits={"n": 9},
    options=({"step": 0.5, "iterations": 6}, {"step": 1.0, "iterations": 3}),
    laws=(OneStep(),),
)


def _projection(x: Any) -> Any:
    """max(x - theta, 0), theta = max over k of (sum of the k largest - 1) / k."""
    down = np.flip(np.sort(x, axis=-1), axis=-1)
    k = np.arange(1, x.shape[-1] + 1)
    theta = np.max((np.cumsum(down, axis=-1) - 1) / k, axis=-1, keepdims=True)
    return np.maximum(x - theta, 0)


def _idempotent(case: Any) -> Any:
    """P(P(x)) = P(x), as far as P(x) itself misses the simplex."""
    again = case.at(case.got())
    n = case.inputs[0].shape[-1]
    off = np.abs(np.sum(case.got().astype(np.float64), axis=-1) - 1)[..., None]
    return again.got(), case.got(), again.bounded()[1] + off + n * 2.0**-52


def _non_expansive(case: Any) -> Any:
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
    ref.project_simplex,
    definition=_projection,
    limits={"n": 129},
    fused=False,
    operands=(Operand("tame", grad=False),),
    laws=(
        SumsTo(1.0),
        Range(0.0, 1.0),
        Ranked(),
        Permutation(equivariant=True),
        Identity("idempotent", "P(P(x)) = P(x)", _idempotent),
        Identity("non_expansive", "||P x - P y|| <= ||x - y||", _non_expansive, one_sided=True),
    ),
)


def _truncated(inputs: Any, value: Any, error: Any, standard: Any) -> Any:
    """Rounding, and h^2 M_3 / 6 with M_3 = e^(x+h), the largest third derivative on the stencil."""
    x, h = inputs
    with np.errstate(all="ignore"):
        return error + 2 * h * h / 6 * np.exp(x + h) * 1.0001


exp_central_difference = Concept(
    "exp_central_difference",
    "(),()->()",
    lambda x, h: (np.exp(x + h) - np.exp(x - h)) / (2.0 * h),
    definition=lambda x, h: np.exp(x),
    bound=_truncated,
    extended=False,
    operands=(Operand("tame", grad=False), Operand("step", grad=False)),
    fused=False,
)
