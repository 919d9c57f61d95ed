"""The libraries under test, behind one protocol: NumPy (the reference), torch, a user's file."""

import re
from functools import cache
from pathlib import Path


@cache
def built_in() -> tuple[str, ...]:
    """The libraries that come with the suite: each file here that defines FRAMEWORK.

    The files are read and not imported, since a library may be missing, and takes seconds to import.

    >>> built_in()
    ('numpy', 'torch')
    """
    return tuple(name for name, text in _texts() if re.search(r"^FRAMEWORK = ", text, re.MULTILINE))


@cache
def capability_variables() -> tuple[str, ...]:
    """The variables of the environment that tell a library, when it is imported, which instruction set to use.

    >>> capability_variables()
    ('ATEN_CPU_CAPABILITY',)
    """
    return tuple(v for _, text in _texts() for v in re.findall(r'^CAPABILITY = "(\w+)"', text, re.MULTILINE))


def _texts() -> list[tuple[str, str]]:
    """The files here by name."""
    files = sorted(path for folder in __path__ for path in Path(folder).glob("*.py"))
    return [(path.stem, path.read_text("utf-8")) for path in files]
