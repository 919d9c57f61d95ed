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
    files = sorted(path for folder in __path__ for path in Path(folder).glob("*.py"))
    return tuple(p.stem for p in files if re.search(r"^FRAMEWORK = ", p.read_text("utf-8"), re.MULTILINE))
