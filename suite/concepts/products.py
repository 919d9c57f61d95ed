"""Products: dot, matrix-vector, matrix-matrix, the linear layer and its compositions."""

import numpy as np

import reference as ref
from suite.floats import Array
from suite.judge.case import Case
from suite.judge.truth import Formula
from suite.laws.algebra import Commutative, Identity, IntegerExact, Permutation, Scale, Sides
from suite.record import Concept, Freedom, Operand

TWO = (Operand(), Operand())
FIVE = (Operand(),) * 5


def _columns(case: Case) -> Sides:
    """A e_j = A[:, j], bit for bit: every other product is an exact zero."""
    a, x = case.inputs
    j = case.recipe.seed % x.shape[-1]
    unit = np.zeros_like(x)
    unit[..., j] = 1
    return case.at(a, unit).got(), a[..., j], None


def _transposed(case: Case) -> Sides:
    """(AB)^T = B^T A^T."""
    a, b = (np.ascontiguousarray(np.swapaxes(x, -1, -2)) for x in case.inputs)
    swapped = case.at(b, a)
    return np.swapaxes(swapped.got(), -1, -2), case.got(), 2 * case.bounded()[1]


def _identity(case: Case) -> Sides:
    a = case.inputs[0]
    eye = np.broadcast_to(np.eye(a.shape[-1]).astype(a.dtype), (*a.shape[:-2], a.shape[-1], a.shape[-1])).copy()
    return case.at(a, eye).got(), a, None


def _at_zero(case: Case) -> Sides:
    """f(0) = b."""
    x, w, b = case.inputs
    return case.at(np.zeros_like(x), w, b).got(), b[:, None, :], None


def _rows(case: Case) -> Sides:
    """Rows computed alone equal rows computed together, within both bounds."""
    a, b = case.inputs
    alone = case.at(a[..., :1, :], b)
    return alone.got(), case.got()[..., :1, :], alone.bounded()[1] + case.bounded()[1][..., :1, :]


vecdot = Concept(
    "vecdot",
    "(n),(n)->()",
    Formula(lambda x, y: np.sum(x * y, axis=-1)),
    ref.vecdot,
    operands=TWO,
    backward=ref.vecdot_vjp,
    laws=(Commutative(exact=False), Permutation(operands=(0, 1)), IntegerExact(), Scale(bounded=True)),
)

matvec = Concept(
    "matvec",
    "(m,n),(n)->(m)",
    Formula(lambda a, x: (a @ x[..., None])[..., 0]),
    ref.matvec,
    operands=TWO,
    backward=ref.matvec_vjp,
    laws=(Identity("columns", "A e_j = A[:, j]", _columns), IntegerExact(), Scale(bounded=True)),
)

matmul = Concept(
    "matmul",
    "(m,k),(k,n)->(m,n)",
    Formula(lambda a, b: a @ b),
    ref.matmul,
    operands=TWO,
    backward=ref.matmul_vjp,
    laws=(
        Identity("transpose", "(AB)^T = B^T A^T", _transposed),
        Identity("identity", "A I = A", _identity),
        Identity("rows", "rows alone equal rows together", _rows),
        IntegerExact(),
        Scale(bounded=True),
    ),
)


def _with_bias_column(x: Array, w: Array, b: Array) -> Array:
    """[x 1][W b]^T: the bias is one more summand of the accumulation, in any place."""
    ones = np.ones_like(x[..., :1])
    return np.matmul(
        np.concatenate([x, ones], axis=-1), np.swapaxes(np.concatenate([w, b[..., None]], axis=-1), -1, -2)
    )


linear = Concept(
    "linear",
    "(m,i),(o,i),(o)->(m,o)",
    Formula(lambda x, w, b: x @ w.mT + b[..., None, :]),
    ref.linear,
    operands=(Operand(),) * 3,
    freedom=Freedom(alternatives=(_with_bias_column,)),
    backward=ref.linear_vjp,
    laws=(Identity("at_zero", "a linear layer at 0 is its bias", _at_zero),),
    apart=True,
)


def _chain(x: Array, w1: Array, b1: Array, w2: Array, b2: Array) -> Array:
    return (x @ w1.mT + b1[..., None, :]) @ w2.mT + b2[..., None, :]


def _chain_with_bias_columns(
    x: Array, w1: Array, b1: Array, w2: Array, b2: Array, *, cotangent: Array
) -> tuple[Array, ...]:
    """The chain rule from a hidden layer whose bias was one more summand."""
    hidden = _with_bias_column(x, w1, b1)
    g, *second = ref.linear_vjp(hidden, w2, b2, cotangent=cotangent)
    return *ref.linear_vjp(x, w1, b1, cotangent=g), *second


linear_chain = Concept(
    "linear_chain",
    "(m,i),(h,i),(h),(o,h),(o)->(m,o)",
    Formula(_chain),
    ref.linear_chain,
    operands=FIVE,
    freedom=Freedom(
        alternatives=(lambda x, w1, b1, w2, b2: _with_bias_column(_with_bias_column(x, w1, b1), w2, b2),),
        derivatives=(_chain_with_bias_columns,),
        fused=False,
    ),
    backward=ref.linear_chain_vjp,
    apart=True,
)
