"""Products: dot, matrix-vector, matrix-matrix, the linear layer and its compositions."""

from typing import Any

import numpy as np

import reference as ref
from suite.laws.algebra import Commutative, Identity, IntegerExact, Permutation, Scale
from suite.record import Concept, Operand

TWO = (Operand(), Operand())
FIVE = (Operand(),) * 5


def _columns(case: Any) -> Any:
    """A e_j = A[:, j], bit for bit: every other product is an exact zero."""
    a, x = case.inputs
    j = case.recipe.seed % x.shape[-1]
    unit = np.zeros_like(x)
    unit[..., j] = 1
    return case.at(a, unit).got(), a[..., j], None


def _transposed(case: Any) -> Any:
    """(AB)^T = B^T A^T."""
    a, b = (np.ascontiguousarray(np.swapaxes(x, -1, -2)) for x in case.inputs)
    swapped = case.at(b, a)
    return np.swapaxes(swapped.got(), -1, -2), case.got(), 2 * case.bounded()[1]


def _identity(case: Any) -> Any:
    a = case.inputs[0]
    eye = np.broadcast_to(np.eye(a.shape[-1]).astype(a.dtype), (*a.shape[:-2], a.shape[-1], a.shape[-1])).copy()
    return case.at(a, eye).got(), a, None


def _at_zero(case: Any) -> Any:
    """f(0) = b."""
    x, w, b = case.inputs
    return case.at(np.zeros_like(x), w, b).got(), b[:, None, :], None


def _rows(case: Any) -> Any:
    """Rows computed alone equal rows computed together, within both bounds."""
    a, b = case.inputs
    alone = case.at(a[..., :1, :], b)
    return alone.got(), case.got()[..., :1, :], alone.bounded()[1] + case.bounded()[1][..., :1, :]


vecdot = Concept(
    "vecdot",
    "(n),(n)->()",
    ref.vecdot,
    definition=lambda x, y: np.sum(x * y, axis=-1),
    vjp=ref.vecdot_vjp,
    operands=TWO,
    laws=(Commutative(exact=False), Permutation(operands=(0, 1)), IntegerExact(), Scale(bounded=True)),
)

matvec = Concept(
    "matvec",
    "(m,n),(n)->(m)",
    ref.matvec,
    definition=lambda a, x: (a @ x[..., None])[..., 0],
    vjp=ref.matvec_vjp,
    operands=TWO,
    laws=(Identity("columns", "A e_j = A[:, j]", _columns), IntegerExact(), Scale(bounded=True)),
)

matmul = Concept(
    "matmul",
    "(m,k),(k,n)->(m,n)",
    ref.matmul,
    definition=lambda a, b: a @ b,
    vjp=ref.matmul_vjp,
    operands=TWO,
    laws=(
        Identity("transpose", "(AB)^T = B^T A^T", _transposed),
        Identity("identity", "A I = A", _identity),
        Identity("rows", "rows alone equal rows together", _rows),
        IntegerExact(),
        Scale(bounded=True),
    ),
)


def _with_bias_column(x: Any, w: Any, b: Any) -> Any:
    """[x 1][W b]^T: the bias is one more summand of the accumulation, in any place."""
    ones = np.ones_like(x[..., :1])
    return np.matmul(
        np.concatenate([x, ones], axis=-1), np.swapaxes(np.concatenate([w, b[..., None]], axis=-1), -1, -2)
    )


linear = Concept(
    "linear",
    "(m,i),(o,i),(o)->(m,o)",
    ref.linear,
    batched=False,
    operands=(Operand(),) * 3,
    vjp=ref.linear_vjp,
    definition=lambda x, w, b: x @ w.mT + b[..., None, :],
    alternatives=(_with_bias_column,),
    laws=(Identity("at_zero", "a linear layer at 0 is its bias", _at_zero),),
)


def _chain(x: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    return (x @ w1.mT + b1[..., None, :]) @ w2.mT + b2[..., None, :]


def _chain_with_bias_columns(x: Any, w1: Any, b1: Any, w2: Any, b2: Any, *, cotangent: Any) -> Any:
    """The chain rule from a hidden layer whose bias was one more summand."""
    hidden = _with_bias_column(x, w1, b1)
    g, *second = ref.linear_vjp(hidden, w2, b2, cotangent=cotangent)
    return *ref.linear_vjp(x, w1, b1, cotangent=g), *second


linear_chain = Concept(
    "linear_chain",
    "(m,i),(h,i),(h),(o,h),(o)->(m,o)",
    ref.linear_chain,
    batched=False,
    operands=FIVE,
    definition=_chain,
    vjp=ref.linear_chain_vjp,
    vjp_alternatives=(_chain_with_bias_columns,),
    fused=False,
    alternatives=(lambda x, w1, b1, w2, b2: _with_bias_column(_with_bias_column(x, w1, b1), w2, b2),),
)
