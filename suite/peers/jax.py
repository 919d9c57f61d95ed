"""JAX's check of a new function's derivative: ``jax.test_util.check_grads`` at first order, in reverse mode.

Default tolerances and step, double precision (its finite differences need it, as the documentation says), on the
inputs that gradcheck gets. The NumPy function is a ``pure_callback`` under ``custom_vjp``.
"""

import importlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from suite.floats import Array
from suite.peers.inputs import seeded, small, ways
from suite.peers.subject import NotApplicable, Subject
from suite.peers.torch import DRAWS, require_derivative
from suite.record import Shape


def check_grads(subject: Subject, seed: int) -> None:
    jax = _jax()
    require_derivative(subject)
    double = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64  # where it used to be
    with double(True):
        for k in range(DRAWS):
            operands = small(subject.concept, seeded(seed, subject.concept.name, f"check_grads {k}"))
            for options in ways(subject.concept, 0 if subject.vjp else k):
                shape = subject.value(*operands, **options).shape
                node = _node(tuple(subject.wrt), tuple(operands[j].shape for j in tuple(subject.wrt)), shape)
                node.shown = subject, operands, options
                jax.test_util.check_grads(
                    node.function, [operands[j] for j in tuple(subject.wrt)], order=1, modes=["rev"]
                )


def _jax() -> Any:
    """The package, with the two modules that it does not import by itself."""
    try:
        for module in ("jax.experimental", "jax.test_util"):
            importlib.import_module(module)
    except ImportError as error:
        raise NotApplicable("jax is not installed") from error
    return importlib.import_module("jax")


@lru_cache(None)
def _node(wrt: tuple[int, ...], shapes: tuple[Shape, ...], shape: Shape) -> "Node":
    return Node(_jax(), wrt, shapes, shape)


class Node:
    """A function of JAX that calls what it is shown: one for all functions of like shapes, or each is compiled."""

    def __init__(self, jax: Any, wrt: tuple[int, ...], shapes: tuple[Shape, ...], shape: Shape):
        self.wrt = wrt
        self.shown: tuple[Subject, tuple[Array, ...], Mapping[str, Any]]
        result = jax.ShapeDtypeStruct(shape, np.float64)
        partials = tuple(jax.ShapeDtypeStruct(s, np.float64) for s in shapes)

        def forward(*xs: Any) -> Any:
            return jax.pure_callback(self.value, result, *xs)

        self.function = jax.custom_vjp(forward)
        self.function.defvjp(
            lambda *xs: (forward(*xs), xs), lambda xs, g: jax.pure_callback(self.pull, partials, g, *xs)
        )

    def value(self, *xs: Any) -> Array:
        subject, _, options = self.shown
        return subject.value(*self.full(xs), **options)

    def pull(self, cotangent: Any, *xs: Any) -> tuple[Array, ...]:
        subject, _, options = self.shown
        return tuple(subject.gradients(self.full(xs), np.asarray(cotangent), options))

    def full(self, xs: Any) -> list[Array]:
        """All operands, those that are not differentiated as they were drawn."""
        given = dict(zip(self.wrt, map(np.asarray, xs), strict=True))
        return [given.get(k, x) for k, x in enumerate(self.shown[1])]
