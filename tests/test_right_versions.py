"""Right but different: nothing within the stated contract is ever accused."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import reference as ref
from reference.shapes import spread
from suite.audit.group import judge_group
from suite.audit.plan import PROFILES, Plan, Profile
from suite.concepts import concepts
from suite.draw import recipes as inputs
from suite.floats import FORMATS, Array
from suite.mutants.makers import by_rows
from suite.mutants.versions import Version, versions
from suite.record import Concept
from suite.targets.library import Library
from suite.verdict import Cell, Severity, Verdict

pytestmark = pytest.mark.filterwarnings("ignore")  # of NumPy, inside functions that are under test

BAD = (Verdict.REFUTED, Verdict.BROKEN)
DERIVATIVE = (
    "gradient", "gradient_finite", "gradient_limits", "gradient_sum", "euler", "first_order", "monotone_gradient",
    "kink",
)  # fmt: skip


def accused(
    concept: Concept, library: Library, seeds: Sequence[int], dtypes: Sequence[str] = tuple(FORMATS),
    laws: tuple[str, ...] = (), profile: str = "quick",
) -> list[Cell]:  # fmt: skip
    """Every cell that is refuted, or that could not be run."""
    found = []
    for dtype in dtypes:
        for seed in seeds:
            with np.errstate(all="ignore"):
                judged = judge_group((concept.name, dtype), library, Plan("numpy", "cpu", profile, seed, laws))
            found += [c for c in judged.cells if c.verdict in BAD]
    return found


def told(cells: list[Cell]) -> list[str]:
    """What a failure prints: the cell, how far off, and for which input."""
    return [
        f"{c.id}: {c.reason}" if c.finding is None else
        f"{c.id} {c.finding.severity} x{c.finding.ratio:.3g}: got {c.finding.got} for {c.finding.witness.operands}, "
        f"truth {c.finding.enclosure}, allowed {c.finding.allowed} {c.finding.note}"
        for c in cells
    ]  # fmt: skip


@pytest.mark.parametrize("version", versions(), ids=lambda v: v.id)
def test_a_right_version_is_never_accused(version: Version, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = version.entries < inputs.ELEMENTS  # balls are
    monkeypatch.setitem(PROFILES, "small", Profile("small", 3 if slow else 6, 2, 60, exhaustive=False))
    if slow:
        monkeypatch.setattr(inputs, "ELEMENTS", version.entries)  # some rows of every style
    concept, laws = concepts()[version.concept], () if version.function else DERIVATIVE
    assert told(accused(concept, version.library(), (3,), version.dtypes, laws, "small")) == []


@pytest.mark.parametrize("name", concepts())
def test_every_concept_has_two_right_versions(name: str) -> None:
    assert len([v for v in versions() if v.concept == name]) >= 2


# -- what libraries keep for the backward pass: less accurate, and no worse than that


@pytest.mark.parametrize("name", [c.name for c in concepts().values() if c.freedom.saved])
def test_gradients_from_the_saved_output_are_at_worst_inaccurate(name: str) -> None:
    concept = concepts()[name]
    library = Version(name, "saved", vjp=by_rows(concept, ref.wide(concept.freedom.saved))).library()
    for cell in accused(concept, library, (1, 2), laws=DERIVATIVE):
        assert cell.law in ("gradient", "gradient_finite") and cell.finding is not None, told([cell])
        assert cell.severity is Severity.INACCURATE and "saved output" in cell.finding.note, told([cell])


# -- derivatives at points where it is easy to ask too much


@ref.wide
def softplus_vjp_two_ulp_off(x: Array, *, cotangent: Array) -> tuple[Array, ...]:
    """At 0 the bound is 3 ulp."""
    (g,) = ref.softplus_vjp(x, cotangent=cotangent)
    return (np.where(x == 0, g * (1.0 + 2.0**-51), g),)


def test_the_derivative_of_softplus_at_zero_is_one_half() -> None:
    library = Version("softplus", "off", vjp=softplus_vjp_two_ulp_off).library()
    assert told(accused(concepts()["softplus"], library, (0, 1, 2), ("float64",), DERIVATIVE)) == []


@ref.wide
def last_of_the_largest(x: Array, *, ord: Any, axis: int, cotangent: Array) -> tuple[Array, ...]:
    """A subgradient of max |x_i| that goes to one of several largest entries."""
    if ord != np.inf:
        return ref.vector_norm_vjp(x, ord=ord, axis=axis, cotangent=cotangent)
    last = x.shape[axis] - 1 - np.argmax(np.flip(np.abs(x), axis), axis=axis, keepdims=True)
    here = np.arange(x.shape[axis]) == np.moveaxis(last, axis, -1)
    return (np.where(np.moveaxis(here, -1, axis), np.sign(x) * spread(cotangent, x, axis), 0.0),)


def test_every_subgradient_of_the_infinity_norm_is_right_at_a_tie() -> None:
    library = Version("vector_norm", "last", vjp=by_rows(concepts()["vector_norm"], last_of_the_largest)).library()
    assert told(accused(concepts()["vector_norm"], library, (1, 2), ("float32",), DERIVATIVE)) == []
