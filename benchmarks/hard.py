"""The fixed hard inputs, and the truth at each: ``python -m benchmarks.hard FILE CONCEPT...`` writes them.

They are one draw of the audit, with a row of every style, by the checkout that holds the benchmarks: whatever
commit is measured, it meets the same inputs and the same truth. An error counts where the truth is
a normal number and the best algorithm of like cost stays within 16 ulp: elsewhere the inputs decide
how many digits are left, not the library.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.grid import DTYPES
from suite.arithmetic import Undecided
from suite.audit import call_names
from suite.case import Case
from suite.concepts import concepts
from suite.floats import FORMATS, Array, Format, precision
from suite.inputs import Recipe, draw
from suite.judge import entry
from suite.record import Concept
from suite.targets.library import Library, load

BITS = (200, 2000)  # sin(1e300) needs more than a thousand
WELL_CONDITIONED = 16  # ulp
VECTOR, MATRIX = 33, 5  # sizes of dimensions


@dataclass(frozen=True)
class Hard:
    """Inputs of one concept in one format; the truth is ``high + low`` where it counts, NaN elsewhere."""

    inputs: tuple[Array, ...]
    high: Array
    low: Array


def hard(concept: Concept, fmt: Format) -> Hard:
    """The draw with the truth from balls: a few milliseconds for a thousand entries."""
    size = VECTOR if max(map(len, concept.cores)) < 2 else MATRIX
    recipe = Recipe(tuple((d, min(size, concept.limits.get(d, size))) for d in concept.dims), 0, 0)
    case = Case(concept, fmt, load("numpy", names=call_names()), draw(concept, fmt, recipe), recipe)
    with np.errstate(all="ignore"):
        counts = case.ideal() <= WELL_CONDITIONED * fmt.ulp(case.value)
    high, low = np.full(case.value.shape, np.nan), np.zeros(case.value.shape)
    for row in np.flatnonzero(counts.reshape(case.rows, -1).any(axis=1)):
        for index in np.argwhere(counts[row]):
            i = (int(row), *map(int, index))
            high[i], low[i] = truth(case, i)
    counts = (np.abs(high) >= fmt.tiny) & (np.abs(high) <= fmt.max)
    return Hard(case.inputs, np.where(counts, high, np.nan), low)


def truth(case: Case, index: tuple[int, ...]) -> tuple[float, float]:
    """The exact value as the sum of two floats; NaN where balls do not settle it."""
    for bits in BITS:
        try:
            ball = entry(case.exact(index[0], bits), index[1:])
        except Undecided:
            continue
        with precision(bits):
            if ball.is_finite() and ball.rad() <= abs(ball) * 2.0**-100:
                high = float(ball.mid())
                return (high, float((ball - high).mid())) if np.isfinite(high) else (np.nan, 0.0)
    return np.nan, 0.0


def worst(concept: Concept, library: Library, dtype: str, found: Hard) -> float:
    """The largest error in ulp; 2^p, which is no digit right, at most, and for what is not finite."""
    fmt = FORMATS[dtype]
    options = {**({"axis": -1} if concept.has_axis else {}), **concept.options[0]}
    got = library.call(concept, found.inputs, **options).astype(np.float64)
    counts = ~np.isnan(found.high)
    if not counts.any():
        raise NotImplementedError(f"no entry of the hard inputs of {concept.name} counts in {dtype}")
    with np.errstate(all="ignore"):
        error = np.abs((got - found.high) - found.low) / fmt.ulp(found.high)
    return float(np.max(np.fmin(np.nan_to_num(error[counts], nan=np.inf), 2.0**fmt.p)))


def save(file: str, chosen: list[str], dtypes: list[str]) -> None:
    """Every chosen concept in every format; exact in float64, for no format is wider. One that fails is left out."""
    arrays = {}
    for name in chosen:
        if name not in concepts() or concepts()[name].definition is None:
            continue  # a certificate has no value to be far from
        for dtype in dtypes:
            try:
                found = hard(concepts()[name], FORMATS[dtype])
            except Exception as error:
                print(f"{name} {dtype}: {type(error).__name__}: {error}", file=sys.stderr)
                continue
            wide = [x if x.dtype.kind in "iu" else x.astype(np.float64) for x in found.inputs]
            for k, x in enumerate((found.high, found.low, *wide)):
                arrays[f"{name} {dtype} {k}"] = x
    np.savez_compressed(file, **arrays)


def read(file: Path, concept: Concept, dtype: str) -> Hard:
    """What was saved."""
    if concept.definition is None:
        raise NotImplementedError(f"{concept.name} has a certificate, no value to be far from")
    with np.load(file) as arrays:
        keys = [f"{concept.name} {dtype} {k}" for k in range(2 + len(concept.operands))]
        if not all(key in arrays for key in keys):
            raise LookupError(f"the hard inputs of {concept.name} could not be made in {dtype}")
        high, low, *wide = (arrays[key] for key in keys)
    return Hard(tuple(x if x.dtype.kind in "iu" else FORMATS[dtype].round(x) for x in wide), high, low)


def main() -> None:
    about = argparse.ArgumentParser(description=__doc__)
    about.add_argument("file")
    about.add_argument("--dtypes", nargs="+", default=list(DTYPES))
    about.add_argument("--concepts", nargs="+", default=list(concepts()))
    chosen = about.parse_args()
    save(chosen.file, chosen.concepts, chosen.dtypes)


if __name__ == "__main__":
    main()
