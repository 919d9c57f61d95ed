"""Other sound algorithms of reference/ agree with those beside which they stand."""

import inspect

import numpy as np

import reference as r

U = 2.0**-53
FUNCTIONS = sorted(n for n, f in vars(r).items() if inspect.isfunction(f))


def test_alternatives_agree_with_their_reference():
    """Other sound algorithms, at ordinary inputs: within a hundred roundings."""
    rng = np.random.default_rng(11)
    x, labels, t = rng.standard_normal((4, 6)), np.arange(4), rng.random((4, 6))
    sound = (
        "online",
        "exp2",
        "from_log",
        "log1p",
        "reciprocal",
        "branches",
        "erfc_abs",
        "unscaled",
        "welford",
        "two_pass",
    )
    compared = 0
    for name in FUNCTIONS:
        base = next((name.removesuffix("_" + s) for s in (*sound, "two_pass", "max") if name.endswith("_" + s)), "")
        if base not in FUNCTIONS:
            continue
        f, g = getattr(r, name), getattr(r, base)
        assert inspect.signature(f) == inspect.signature(g)
        rest = {"labels": labels, "target": t}
        operands = [x, *(rest[p] for p in inspect.signature(f).parameters if p in rest)]
        expected = g(*operands)
        assert np.max(np.abs(f(*operands) - expected)) <= 100 * U * np.max(1 + np.abs(expected)), name
        compared += 1
    assert compared >= 15
