"""Names that do not exist, and what may have been meant."""

import difflib
from collections.abc import Sequence


class UsageError(Exception):
    """A request that cannot be met as it was put: one sentence."""

    exit_code = 2


def nearest(name: str, legal: Sequence[str], listed: str = "`lawful concepts` lists them") -> str:
    """What may have been meant: the names that are close, or all if there are few."""
    close = difflib.get_close_matches(name, legal, 3, 0.5)
    if close:
        return f": did you mean {' or '.join(close)}?"
    return f": one of {', '.join(legal) or 'none'}" if len(legal) < 12 else f"; {listed}"
