"""A library as people write one: eight functions in a package, with signatures of their own, right and wrong."""

from pathlib import Path

OPS = '''
import math

import numpy as np

from .parts import shifted

def softmax(x, dim):
    e = np.exp(shifted(x, dim))
    return e / e.sum(dim, keepdims=True)

def log_softmax(x, axis, /):
    y = shifted(x, axis)
    return y - np.log(np.exp(y).sum(axis, keepdims=True))

class Tanh:
    """A module, as torch has them: it is called by way of its forward."""

    def __call__(self, *args, **kwargs):
        return self.forward(*args, **kwargs)

    def forward(self, x):
        return np.tanh(x)

def sigmoid32(x):
    assert x.dtype == np.float32
    return (1 / (1 + np.exp(-x.astype(float)))).astype(np.float32)

def gelu(x):
    x = x.astype(float)
    return x / 2 * _erfc(-x * np.sqrt(0.5))

_erfc = np.vectorize(math.erfc, otypes=[float])

def mse_loss(a, b):
    return np.mean((a - b) ** 2)

def mean(x, *, axis):
    return np.mean(x, axis)

def logsumexp(rows):
    m = rows.max()
    return m + np.log(np.exp(rows - m).sum()) if np.isfinite(m) else m
'''
PARTS = "def shifted(x, axis):\n    return x - x.max(axis, keepdims=True)\n"
TARGET = """
from mypkg.ops import *
CONCEPTS = {"tanh": Tanh(), "sigmoid": sigmoid32}
DTYPES = {"sigmoid": "float32"}
"""
# concept -> what is subtly wrong in its function: the right text, the wrong one
PLANTED = {
    "softmax": ("    e = np.exp(shifted(x, dim))", "    e = np.exp(x)"),
    "log_softmax": ("return y - np.log(np.exp(y).sum(axis, keepdims=True))",
                    "return np.log(np.exp(y) / np.exp(y).sum(axis, keepdims=True))"),
    "tanh": ("return np.tanh(x)", "return 1 - 2 / (np.exp(2 * x) + 1)"),
    "sigmoid": ("(1 / (1 + np.exp(-x.astype(float))))", "(0.5 + 0.5 * np.tanh(x / 2))"),
    "gelu": ("x / 2 * _erfc(-x * np.sqrt(0.5))", "x / 2 * (2 - _erfc(x * np.sqrt(0.5)))"),
    "mse_loss": ("np.mean((a - b) ** 2)", "np.mean(a * a - 2 * a * b + b * b)"),
    "mean": ("np.mean(x, axis)", "np.sum(x, axis) / np.float32(x.shape[-1])"),
    "logsumexp": ("return m + np.log(np.exp(rows - m).sum()) if np.isfinite(m) else m",
                  "return np.log(np.exp(rows).sum())"),
}  # fmt: skip


def written(folder: Path, wrong: bool = False) -> str:
    """The package and its target file in a folder; the name of the latter."""
    text = OPS
    for right, planted in PLANTED.values() if wrong else ():
        assert right in text
        text = text.replace(right, planted)
    package = folder / "mypkg"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "parts.py").write_text(PARTS)
    (package / "ops.py").write_text(text)
    (folder / "mine.py").write_text(TARGET.lstrip())
    return "mine.py"
