"""Witnesses: inputs as hex floats, back to a case, and a reproduction that needs only the library."""

import inspect
from typing import Any

import numpy as np

from suite.draw.recipes import Recipe
from suite.floats import FORMATS, Array
from suite.judge.case import Case
from suite.record import Concept
from suite.targets.library import Library
from suite.verdict import Witness


def encode(case: Case, wrt: int = -1, index: tuple[int, ...] = ()) -> Witness:
    """The operands of a (small) case, entry by entry."""
    operands = tuple(tuple(_text(v) for v in x.ravel()) for x in case.inputs)
    seed = case.drawn
    return Witness(
        operands,
        tuple(x.shape for x in case.inputs),
        tuple(sorted(case.options.items())),
        () if seed is None else tuple(_text(v) for v in np.asarray(seed).ravel()),
        wrt,
        index,
        (case.recipe.option, case.recipe.seed),
    )


def _text(v: Any) -> str:
    return str(int(v)) if isinstance(v, np.integer) else float(v).hex()


def decode(witness: Witness, concept: Concept, dtype: str, target: Library) -> Case:
    """The case that a witness shows."""
    fmt = FORMATS[dtype]
    inputs: list[Array] = []
    for operand, texts, shape in zip(concept.operands, witness.operands, witness.shapes, strict=True):
        if operand.integer:
            inputs.append(np.array([int(t) for t in texts], np.int64).reshape(shape))
        else:
            inputs.append(fmt.round(np.array([float.fromhex(t) for t in texts])).reshape(shape))
    option, seed = witness.recipe
    sizes = concept.sizes(inputs)
    recipe = Recipe(tuple((d, sizes[d]) for d in concept.dims), option, seed)
    case = Case(concept, fmt, tuple(inputs), recipe, target=target)
    if not witness.cotangent:
        return case
    cotangent = np.array([float.fromhex(t) for t in witness.cotangent])
    return case.seeded(fmt.round(cotangent).reshape(case.shapes[0]))


def reproduction(case: Case, calls: tuple[tuple[Array, ...], ...], wrt: int, target: Library) -> str:
    """A few lines that show the result (and its gradient) with nothing but the library."""
    concept = case.concept
    name = concept.call_name
    keywords = "".join(f", {k}={v!r}" for k, v in sorted(case.keywords.items()))
    backward = target.framework.name if wrt >= 0 else ""
    shown = f"{name}_vjp" if backward == "numpy" else name
    lines = _header(target, shown)
    for n, operands in enumerate(calls or (case.inputs,)):
        names = [f"x{n}_{k}" for k in range(len(operands))]
        for variable, x, operand in zip(names, operands, concept.operands, strict=True):
            lines.append(f"{variable} = {_literal(x, operand.integer, not concept.apart, target.framework.name)}")
        call = f"{shown}({', '.join(names)}{keywords}"
        seed = _literal(case.cotangent, False, not concept.apart, backward) if backward else ""
        if backward == "torch":
            lines += [f"{names[wrt]}.requires_grad_()", f"{call}).backward({seed})", f"print({names[wrt]}.grad)"]
        elif backward == "numpy":
            lines.append(f"print({call}, cotangent={seed})[{case.wrt.index(wrt)}])")
        else:
            lines.append(f"print({call}))")
    return "\n".join(lines)


def _header(target: Library, name: str) -> list[str]:
    f: Any = target.functions.get(name)  # none: a NumPy target's derivative
    if target.framework.name == "torch":
        lines = ["from typing import Any", "import torch", "import torch.nn.functional as F"]
    else:
        lines = ["import numpy as np", "import ml_dtypes"]
    module = getattr(f, "__module__", "") or ""
    if target.name == "torch" and module == "suite.targets.torch":
        return [*lines, *inspect.getsource(f).rstrip().splitlines()]
    if target.name == "torch":
        return [*lines, f"{name} = {_torch_name(f, name)}"]
    if target.name == "numpy":
        return [*lines, f"from reference import {name}"]
    if target.name.endswith(".py"):
        return [*lines, "import runpy", f"{name} = runpy.run_path({target.name!r})[{name!r}]"]
    return [*lines, f"from {target.name} import {name}"]


def _torch_name(f: Any, name: str) -> str:
    import torch

    for prefix, module in (("torch", torch), ("F", torch.nn.functional), ("torch.linalg", torch.linalg)):
        for attribute in (name, getattr(f, "__name__", name), name.replace("_", "")):
            if getattr(module, attribute, None) is f:
                return f"{prefix}.{attribute}"
    return f"torch.{getattr(f, '__name__', name)}"


def _literal(x: Array, integer: bool, batched: bool, framework: str) -> str:
    """An array literal of the framework; an unbatched concept gets its only row."""
    x = x if batched or len(x) != 1 else x[0]
    if integer:
        text = repr(x.tolist())
        return f"torch.tensor({text})" if framework == "torch" else f"np.array({text})"
    text = _nested(x.astype(np.float64))
    dtype = x.dtype.name
    if framework == "torch":
        return f"torch.tensor({text}, dtype=torch.{dtype})"
    return f"np.array({text}, dtype={'ml_dtypes.bfloat16' if dtype == 'bfloat16' else 'np.' + dtype})"


def _nested(x: Any) -> str:
    if np.ndim(x) == 0:
        v = float(x)
        return repr(v) if np.isfinite(v) else f"float({str(v)!r})"
    return "[" + ", ".join(_nested(v) for v in x) + "]"
