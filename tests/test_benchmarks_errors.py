"""The worst errors that the benchmarks measure on hard inputs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import checkout  # noqa: F401 - it finds the benchmarks
import numpy as np
import pytest

from benchmarks import hard
from suite.concepts import concepts
from suite.concepts.procedures import growth
from suite.floats import FORMATS
from suite.targets.library import Library
from suite.targets.loading import framework, load


@pytest.fixture(scope="module")
def exp() -> hard.Hard:
    return hard.hard(concepts()["exp"], FORMATS["float32"])


class TestError:
    """The worst error on the hard inputs."""

    @staticmethod
    def library(f: Callable[..., Any], derivative: Callable[..., Any] = np.exp) -> Library:
        def vjp(x: Any, *, cotangent: Any) -> tuple[Any]:
            return (rounded(lambda wide: cotangent.astype(np.float64) * derivative(wide))(x),)

        return Library("planted", framework("numpy"), {"exp": rounded(f)}, {"exp": vjp})

    def test_truth(self, exp: hard.Hard) -> None:
        """To twice the precision of float64, by another library's arithmetic: value and derivative."""
        mpmath = pytest.importorskip("mpmath")
        assert exp.value is not None and exp.cotangent is not None
        with mpmath.workprec(300):
            for truth, seed in ((exp.value, np.ones_like(exp.cotangent)), (exp.gradients[0], exp.cotangent)):
                counts = np.flatnonzero(~np.isnan(truth[0]))[::50]
                assert counts.size > 20
                for i in counts:
                    true = mpmath.exp(mpmath.mpf(float(exp.inputs[0][i]))) * float(seed[i])
                    assert abs(sum(map(mpmath.mpf, truth[:, i])) - true) < abs(true) * mpmath.mpf(2) ** -100

    def test_rounded_once(self, exp: hard.Hard) -> None:
        """Half an ulp, and hardly less: odds below 1e-17 that of two thousand none comes within a fiftieth of it."""
        concept, right = concepts()["exp"], self.library(np.exp)
        assert 0.49 < hard.worst(concept, right, "float32", exp) <= 0.5
        assert 0.49 < hard.worst_backward(concept, right, "float32", exp) <= 0.5

    @pytest.mark.parametrize(
        "wrong, low, high",
        [
            (lambda y: y * (1 - 3 * 2.0**-23), 2.5, 6.5),  # 3 to 6 ulp of y, and the rounding
            (lambda y: np.where(y > 1, np.nan, y), 2.0**24, 2.0**24),
            (lambda y: np.where(y > 1e30, np.inf, y), 2.0**24, 2.0**24),
            (lambda y: 0 * y, 2.0**23, 2.0**24),
        ],
    )
    def test_planted(self, exp: hard.Hard, wrong: Callable[..., Any], low: float, high: float) -> None:
        """Three ulp are three ulp; no digit, NaN and infinity are 2^24. A wrong derivative leaves the value alone."""
        concept, planted = concepts()["exp"], lambda x: wrong(np.exp(x))
        assert low <= hard.worst(concept, self.library(planted), "float32", exp) <= high
        assert low <= hard.worst_backward(concept, self.library(np.exp, planted), "float32", exp) <= high
        assert hard.worst(concept, self.library(np.exp, planted), "float32", exp) <= 0.5

    def test_backward_error(self) -> None:
        """Of 3x = 1 in binary32: |1 - 3 fl(1/3)| = 2^-25, over 3 fl(1/3) + 1 = 2 + 2^-25; nothing finite is above 1."""
        three, one = np.float32([[3.0]]), np.float32([1.0])
        assert hard.backward_error(three, one, one / 3) == 2.0**-25 / (2 + 2.0**-25)
        assert hard.backward_error(three, one, -one) == hard.backward_error(three, one, one * np.nan) == 1.0
        assert hard.backward_error(0 * three, 0 * one, one) == 0.0

    def test_solve(self) -> None:
        """In units of u, and within the bound for partial pivoting (Higham 2002, 9.4); a thousandth off is not."""
        concept, found = concepts()["solve"], hard.hard(concepts()["solve"], FORMATS["float32"])
        reference = load("numpy", names=("solve",))
        right = reference.functions["solve"]
        planted = Library("planted", framework("numpy"), {"solve": lambda a, b: right(a, b) * np.float32(1.001)})
        bound = 3 * hard.MATRIX * max(growth(a.astype(np.float64)) for a in found.inputs[0])
        assert 0 < hard.worst(concept, reference, "float32", found) <= bound
        assert hard.worst(concept, planted, "float32", found) > bound
        with pytest.raises(NotImplementedError, match="solve has no derivative"):
            hard.worst_backward(concept, reference, "float32", found)

    def test_what_is_no_rounding(self) -> None:
        """A cast to binary32 does not count in binary64, nor the truncation of a difference quotient."""
        found = [hard.hard(concepts()[name], FORMATS["float64"]) for name in ("round_to", "exp_central_difference")]
        assert all(f.value is not None and np.isnan(f.value).all() for f in found)

    def test_saved_inputs_are_the_same(self, exp: hard.Hard, tmp_path: Path) -> None:
        """By way of float64, which holds every format."""
        hard.save(tmp_path, ["exp", "solve"], ["float32", "bfloat16"])
        again = hard.read(tmp_path, "exp", "float32")
        pairs = zip(arrays_of(again), arrays_of(exp), strict=True)
        assert all(a.tobytes() == b.tobytes() and a.dtype == b.dtype for a, b in pairs)
        assert hard.read(tmp_path, "solve", "bfloat16").value is None
        with pytest.raises(LookupError):
            hard.read(tmp_path, "log", "float32")


def arrays_of(found: hard.Hard) -> list[Any]:
    return [*found.inputs, found.value, found.cotangent, *found.gradients]


def rounded(f: Callable[..., Any]) -> Callable[..., Any]:
    def computed(x: Any) -> Any:
        with np.errstate(all="ignore"):
            return f(x.astype(np.float64)).astype(x.dtype)

    return computed
