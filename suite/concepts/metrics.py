"""Precision, recall, accuracy: counts and one division; piecewise constant, and therefore no loss."""

import numpy as np

import reference as ref
from suite.draw.kinds import BINARY, PROBABILITY
from suite.floats import Array
from suite.judge.truth import Formula
from suite.laws.algebra import Permutation
from suite.laws.order import Range
from suite.record import Concept, Freedom, Operand

SCORES = (Operand(PROBABILITY, grad=False), Operand(BINARY, grad=False))
LAWS = (Range(0.0, 1.0), Permutation(operands=(0, 1)))
HALF = ({"threshold": 0.5}, {"threshold": 0.25})


def _ratio(part: Array, whole: Array) -> Array:
    return np.where(whole == 0, 0, part / np.where(whole == 0, 1, whole))


def _predicted(s: Array, threshold: float) -> Array:
    return np.where(s > threshold, np.ones_like(s), 0)


def _precision(s: Array, t: Array, *, threshold: float) -> Array:
    p = _predicted(s, threshold)
    return _ratio(np.sum(p * t, axis=-1), np.sum(p, axis=-1))


def _recall(s: Array, t: Array, *, threshold: float) -> Array:
    return _ratio(np.sum(_predicted(s, threshold) * t, axis=-1), np.sum(t, axis=-1))


def _accuracy(s: Array, t: Array, *, threshold: float) -> Array:
    p = _predicted(s, threshold)
    return np.sum(p * t + (1 - p) * (1 - t), axis=-1) / s.shape[-1]


precision = Concept(
    "precision",
    "(n),(n)->()",
    Formula(_precision),
    ref.precision,
    operands=SCORES,
    options=HALF,
    freedom=Freedom(fused=False),
    laws=LAWS,
    apart=True,
)
recall = Concept(
    "recall",
    "(n),(n)->()",
    Formula(_recall),
    ref.recall,
    operands=SCORES,
    options=HALF,
    freedom=Freedom(fused=False),
    laws=LAWS,
    apart=True,
)
accuracy = Concept(
    "accuracy",
    "(n),(n)->()",
    Formula(_accuracy),
    ref.accuracy,
    operands=SCORES,
    options=HALF,
    freedom=Freedom(fused=False),
    laws=LAWS,
    apart=True,
)
