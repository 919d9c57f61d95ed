"""Precision, recall, accuracy: counts and one division; piecewise constant, and therefore no loss."""

from typing import Any

import numpy as np

import reference as ref
from suite.laws.algebra import Permutation
from suite.laws.order import Range
from suite.record import Concept, Operand

SCORES = (Operand("probability", grad=False), Operand("binary", grad=False))
LAWS = (Range(0.0, 1.0), Permutation(operands=(0, 1)))
HALF = ({"threshold": 0.5}, {"threshold": 0.25})


def _ratio(part: Any, whole: Any) -> Any:
    return np.where(whole == 0, 0, part / np.where(whole == 0, 1, whole))


def _predicted(s: Any, threshold: Any) -> Any:
    return np.where(s > threshold, np.ones_like(s), 0)


def _precision(s: Any, t: Any, *, threshold: Any) -> Any:
    p = _predicted(s, threshold)
    return _ratio(np.sum(p * t, axis=-1), np.sum(p, axis=-1))


def _recall(s: Any, t: Any, *, threshold: Any) -> Any:
    return _ratio(np.sum(_predicted(s, threshold) * t, axis=-1), np.sum(t, axis=-1))


def _accuracy(s: Any, t: Any, *, threshold: Any) -> Any:
    p = _predicted(s, threshold)
    return np.sum(p * t + (1 - p) * (1 - t), axis=-1) / s.shape[-1]


precision = Concept(
    "precision",
    "(n),(n)->()",
    ref.precision,
    definition=_precision,
    operands=SCORES,
    options=HALF,
    laws=LAWS,
    batched=False,
    fused=False,
)
recall = Concept(
    "recall",
    "(n),(n)->()",
    ref.recall,
    definition=_recall,
    operands=SCORES,
    options=HALF,
    laws=LAWS,
    batched=False,
    fused=False,
)
accuracy = Concept(
    "accuracy",
    "(n),(n)->()",
    ref.accuracy,
    definition=_accuracy,
    operands=SCORES,
    options=HALF,
    laws=LAWS,
    batched=False,
    fused=False,
)
