"""Nothing sound is accused: algorithms that share no text with the reference, their values and their derivatives."""

from collections import Counter
from itertools import groupby

import pytest

pytest.importorskip("torch")

from sound import Sound, accusations
from sound_losses import LOSSES
from sound_points import POINTS
from sound_rows import ROWS
from sound_sums import SUMS_OF_ROWS

from suite.concepts import concepts
from suite.floats import FORMATS

pytestmark = pytest.mark.filterwarnings("ignore")
ALL = sorted((*ROWS, *SUMS_OF_ROWS, *POINTS, *LOSSES), key=lambda s: s.concept)
BY_CONCEPT = {name: list(algorithms) for name, algorithms in groupby(ALL, key=lambda s: s.concept)}
# several concepts make one family: their texts are each other's
FAMILIES = {
    "softmax": ("softmax", "log_softmax", "logsumexp", "logaddexp", "logcumsumexp"),
    "sums": ("sum", "mean", "vecdot", "linear"),
    "variances": ("var",),
    "norms and solves": ("vector_norm", "solve"),
    "sigmoid": ("sigmoid", "softplus", "log_sigmoid", "silu", "gelu", "tanh", "elu"),
    "piecewise": ("hardsigmoid", "hardswish"),
    "losses": tuple(s.concept for s in LOSSES if "entropy" in s.concept or s.concept in ("mse_loss", "kl_div")),
}


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("name", BY_CONCEPT)
def test_no_sound_algorithm_is_accused(name: str, dtype: str) -> None:
    assert list(accusations(BY_CONCEPT[name], dtype, 1)) == []


def test_every_name_is_a_concept_and_is_used_once() -> None:
    assert set(BY_CONCEPT) <= set(concepts())
    assert max(Counter(s.id for s in ALL).values()) == 1


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_has_many_algorithms(family: str) -> None:
    assert sum(len(BY_CONCEPT[name]) for name in set(FAMILIES[family])) >= 8


def test_a_text_that_is_not_sound_is_accused() -> None:
    """log-sum-exp without its shift, and softmax as x - log-sum-exp(x): the harness does see."""
    import torch

    def unshifted(x: torch.Tensor, *, axis: int = -1) -> torch.Tensor:
        return torch.exp(x - torch.logsumexp(x, axis, keepdim=True))

    found = list(accusations([Sound("softmax", "unshifted", unshifted)], "float32", 4))
    assert any("accuracy" in said for said in found) and any("gradient" in said for said in found)
