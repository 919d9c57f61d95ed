"""The fixed hard inputs, and the truth at each: ``python -m benchmarks.hard FOLDER --concepts ...`` writes them.

They are one draw of the audit, with a row of every style, by the checkout that holds the benchmarks: whatever
commit is measured, it meets the same inputs, the same cotangents and the same truth. An error counts where the
truth is a normal number and the inputs leave digits to be right: where the best algorithm of like cost stays
within 16 ulp of a value, and every sound backward formula within 64 ulp of a derivative. A bound that is written by
hand must stay within 1024 ulp of a value too: it may be that of an error that is no rounding, such as a truncation.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from operator import mul
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.grid import DTYPES
from suite.arithmetic import Undecided
from suite.concepts import call_names, concepts
from suite.draw.recipes import Recipe, draw
from suite.floats import FORMATS, Array, Format, precision
from suite.judge.case import Case
from suite.judge.certify import Exact, entry
from suite.laws.gradient import off_kinks
from suite.record import Concept
from suite.targets.library import Library
from suite.targets.loading import load

BITS = (200, 2000)  # sin(1e300) needs more than a thousand
# ulp; SOUND is of the worst sound formula, not the best: sums of 33 terms, and differences of their products
WELL_CONDITIONED, SOUND, BY_HAND = 16, 64, 1024
VECTOR, MATRIX = 33, 5  # sizes of dimensions


@dataclass(frozen=True)
class Hard:
    """Inputs of one concept in one format.

    A truth is the stack of ``high`` and ``low``, whose sum it is where it counts; elsewhere NaN. A certificate
    has none, and what has no derivative no cotangent.
    """

    inputs: tuple[Array, ...]
    value: Array | None = None
    cotangent: Array | None = None
    gradients: tuple[Array, ...] = ()


@np.errstate(all="ignore")
def hard(concept: Concept, fmt: Format) -> Hard:
    """The draw with the truth from balls: tenths of a second for thousands of entries."""
    size = VECTOR if max(map(len, concept.cores)) < 2 else MATRIX
    recipe = Recipe(tuple((d, min(size, concept.longest.get(d, size))) for d in concept.dims), 0, 0)
    case = Case(concept, fmt, draw(concept, fmt, recipe), recipe, target=load("numpy", names=call_names()))
    if not concept.truth.encloses:
        return Hard(case.inputs)
    ulp = fmt.ulp(case.value)
    by_hand = concept.freedom.bound is None or case.bounded()[1] <= BY_HAND * ulp
    value = truth(case, (case.ideal()[0] <= WELL_CONDITIONED * ulp) & by_hand, case.exact)
    if not concept.differentiable:
        return Hard(case.inputs, value)
    return Hard(case.inputs, value, case.cotangent, tuple(gradients(case)))


def gradients(case: Case) -> Iterator[Array]:
    """The truth of each differentiable operand's."""
    for j, (value, bound) in enumerate(case.bounded_grads()):
        counts = off_kinks(case, case.wrt[j]) & (bound <= SOUND * case.format.ulp(value))
        yield truth(case, counts, lambda row, bits, j=j: case.exact_grads(row, bits)[j])  # type: ignore[misc]


def truth(case: Case, counts: Array, exact: Exact) -> Array:
    """High and low parts; NaN where it does not count, balls do not settle it, or it is not normal."""
    out: Array = np.full((2, *counts.shape), np.nan)
    for index in np.argwhere(counts).tolist():
        out[(slice(None), *index)] = parts(partial(exact, index[0]), tuple(index[1:]))
    normal = (np.abs(out[0]) >= case.format.tiny) & (np.abs(out[0]) <= case.format.max)
    return np.where(normal, out, np.nan)


def parts(exact: Callable[[int], Any], index: tuple[int, ...]) -> tuple[float, float]:
    """The exact value as the sum of two floats; NaN where balls do not settle it."""
    for bits in BITS:
        try:
            ball = entry(exact(bits), index)
        except Undecided:
            continue
        with precision(bits):
            if ball.is_finite() and ball.rad() <= abs(ball) * 2.0**-100:
                high = float(ball.mid())
                return (high, float((ball - high).mid())) if np.isfinite(high) else (np.nan, np.nan)
    return np.nan, np.nan


# -- the error of a library
def worst(concept: Concept, library: Library, dtype: str, found: Hard) -> float:
    """The largest error of a result in ulp; where there is no value to be far from, its backward error in u."""
    (got,) = library.call(concept.call_name, found.inputs, options(concept), apart=concept.apart)
    if found.value is not None:
        return largest(concept, dtype, [got], [found.value])
    if concept.name != "solve":
        raise NotImplementedError(f"{concept.name} has a certificate, no value to be far from")
    return max(map(backward_error, *found.inputs, got)) / FORMATS[dtype].u


def worst_backward(concept: Concept, library: Library, dtype: str, found: Hard) -> float:
    """The largest error of a derivative in ulp, over all operands, by the library's first way to differentiate."""
    if not concept.differentiable or not library.differentiates(concept.call_name) or found.cotangent is None:
        raise NotImplementedError(f"{concept.name} has no derivative")
    wrt, way = concept.wrt, library.ways[0].name
    seed, apart = found.cotangent, concept.apart
    got = library.derive(way, concept.call_name, found.inputs, wrt, options(concept), cotangent=seed, apart=apart)
    return largest(concept, dtype, got, found.gradients)


def options(concept: Concept) -> dict[str, Any]:
    return {**concept.along, **concept.options[0]}


def largest(concept: Concept, dtype: str, got: Sequence[Array], true: Sequence[Array]) -> float:
    """In ulp; 2^p, which is no digit right, at most, and for what is not finite."""
    fmt, errors = FORMATS[dtype], []
    for g, (high, low) in zip(got, true, strict=True):
        with np.errstate(all="ignore"):
            error = np.abs((g.astype(np.float64) - high) - low) / fmt.ulp(high)
        errors.append(np.fmin(np.nan_to_num(error, nan=np.inf), 2.0**fmt.p)[~np.isnan(high)])
    if not sum(e.size for e in errors):
        raise NotImplementedError(f"no entry of the hard inputs of {concept.name} counts in {dtype}")
    return float(np.max(np.concatenate(errors)))


def backward_error(a: Array, b: Array, x: Array) -> float:
    """||b - Ax|| / (||A|| ||x|| + ||b||), in the maximum norm (Rigal and Gaches 1967), rounded once; never above 1."""
    if not np.isfinite(x.astype(np.float64)).all():
        return 1.0
    A, right, found = ([Fraction(v) for v in y.astype(np.float64).ravel().tolist()] for y in (a, b, x))
    rows = [A[k : k + len(found)] for k in range(0, len(A), len(found))]
    residual = max(abs(t - sum(map(mul, row, found))) for row, t in zip(rows, right, strict=True))
    scale = max(sum(map(abs, row)) for row in rows) * max(map(abs, found)) + max(map(abs, right))
    return float(residual / scale) if scale else 0.0


# -- files
def save(folder: Path, chosen: Sequence[str], dtypes: Sequence[str]) -> None:
    """A file for each chosen concept in each format. One that fails is left out."""
    folder.mkdir(exist_ok=True)
    for name in chosen:
        for dtype in dtypes if name in concepts() else ():
            try:
                np.savez_compressed(folder / f"{name} {dtype}.npz", **named(hard(concepts()[name], FORMATS[dtype])))
            except Exception as error:
                print(f"{name} {dtype}: {type(error).__name__}: {error}", file=sys.stderr)


def named(found: Hard) -> Mapping[str, Array]:
    """Exact in float64, for no format is wider; NumPy's files know no bfloat16."""
    arrays = {f"input {k}": x for k, x in enumerate(found.inputs)}
    arrays |= {f"gradient {j}": x for j, x in enumerate(found.gradients)}
    arrays |= {k: x for k, x in (("value", found.value), ("cotangent", found.cotangent)) if x is not None}
    return {key: x if x.dtype.kind in "iu" else x.astype(np.float64) for key, x in arrays.items()}


def read(folder: Path, name: str, dtype: str) -> Hard:
    """What was saved."""
    file, fmt = folder / f"{name} {dtype}.npz", FORMATS[dtype]
    if not file.exists():
        raise LookupError(f"the hard inputs of {name} could not be made in {dtype}")
    with np.load(file) as arrays:
        found = dict(arrays)
    inputs, true = ([x for key, x in found.items() if key.startswith(what)] for what in ("input", "gradient"))
    cotangent = found.get("cotangent")
    return Hard(
        tuple(x if x.dtype.kind in "iu" else fmt.round(x) for x in inputs),
        found.get("value"),
        None if cotangent is None else fmt.round(cotangent),
        tuple(true),
    )


def main() -> None:
    about = argparse.ArgumentParser(description=__doc__)
    about.add_argument("folder", type=Path)
    about.add_argument("--dtypes", nargs="+", default=list(DTYPES))
    about.add_argument("--concepts", nargs="+", default=list(concepts()))
    chosen = about.parse_args()
    save(chosen.folder, chosen.concepts, chosen.dtypes)


if __name__ == "__main__":
    main()
