"""The formats of operands and results, by name."""

from collections.abc import Sequence

from suite.floats import FORMATS, Array


def format_of(operands: Sequence[Array]) -> str:
    """That of the operands which are no labels."""
    return str(next(x.dtype.name for x in operands if x.dtype.kind not in "iu"))


def wider(name: str, than: str) -> bool:
    """Whether a format has every number of another.

    >>> wider("float32", "bfloat16"), wider("bfloat16", "float16")
    (True, False)
    """
    if name not in FORMATS or than not in FORMATS:
        return False
    a, b = FORMATS[name], FORMATS[than]
    return a.p >= b.p and a.emax >= b.emax and a.emin <= b.emin
