"""What people use today, put to the same mutants: whether PyTorch, the array API's suite or JAX would have said so.

A kill is differential, as in :mod:`suite.power`: the peer rejects the mutant and accepts the right function on the
same inputs. Each peer is used as its documentation recommends, with its own tolerances; an exception is a rejection,
for it would fail the user's test. The seed alone decides the inputs.
"""

import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np

from suite.concepts import concepts
from suite.mutants.makers import right
from suite.mutants.mutant import Mutant
from suite.peers.array_api import array_api
from suite.peers.jax import check_grads
from suite.peers.subject import NotApplicable, Subject
from suite.peers.torch import assert_close, gradcheck, gradgradcheck

CHECKS: Mapping[str, Callable[[Subject, int], None]] = {
    "gradcheck": gradcheck,
    "gradgradcheck": gradgradcheck,
    "assert_close": assert_close,
    "array_api": array_api,
    "check_grads": check_grads,
}
PEERS: tuple[str, ...] = tuple(CHECKS)  # in the order of display
DOUBLE = ("gradcheck", "gradgradcheck", "check_grads")  # judge function and derivative together, in float64 only

ACCEPTED, REJECTED = "survived", "killed"


def peers_say(mutant: Mutant, seed: int = 0) -> tuple[tuple[str, str], ...]:
    """(peer, "killed" | "survived" | "not applicable: why") for each peer."""
    return tuple((peer, _verdict(peer, mutant, seed)) for peer in PEERS)


def _verdict(peer: str, mutant: Mutant, seed: int) -> str:
    if mutant.mode and peer not in DOUBLE:
        return "not applicable: compares no such derivatives"
    if mutant.mode and peer == "check_grads":
        return "not applicable: a torch function"
    dtype = "float64" if peer in DOUBLE else mutant.dtype
    rightly = of_right(peer, mutant.concept, dtype, mutant.vjp, seed, mutant.mode)
    if rightly == REJECTED:
        return "not applicable: rejects the right function"
    if rightly != ACCEPTED:
        return rightly
    subject = Subject(concepts()[mutant.concept], mutant.dtype, mutant.vjp, mutant.library(), mutant.mode)
    return said(peer, subject, seed)


@lru_cache(None)
def of_right(peer: str, concept: str, dtype: str, vjp: bool, seed: int = 0, mode: str = "") -> str:
    """What a peer says of the right function, or of its derivative."""
    return said(peer, Subject(concepts()[concept], dtype, vjp, right("torch" if mode else "numpy"), mode), seed)


def said(peer: str, subject: Subject, seed: int) -> str:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            CHECKS[peer](subject, seed)
        except NotApplicable as why:
            return f"not applicable: {why}"
        except Exception:
            return REJECTED
    return ACCEPTED
