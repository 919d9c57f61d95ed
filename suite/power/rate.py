"""How many of how many, and how far chance may be from that."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

Z = 1.959963984540054  # 95 % of a normal distribution lies within so many standard deviations


@dataclass(frozen=True)
class Rate:
    """``some`` of ``of``; ``str`` gives the share with its 95 % interval, by Wilson's score.

    The interval takes each of them for a draw by itself. Mutants of one kind are alike, so it is a little too narrow.

    >>> str(Rate(90, 100)), str(Rate(0, 0))
    ('90 of 100 (90.0 %, 95 % interval 82.6 to 94.5)', '0 of 0')
    """

    some: int
    of: int

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson (1927): (p + z^2/2n -+ z sqrt(p(1 - p)/n + z^2/4n^2)) / (1 + z^2/n)."""
        n = self.of
        p, w = self.some / n, Z * Z / n
        centre, half = (p + w / 2) / (1 + w), Z * sqrt(p * (1 - p) / n + w / (4 * n)) / (1 + w)
        return max(centre - half, 0.0), min(centre + half, 1.0)

    def __str__(self) -> str:
        if not self.of:
            return "0 of 0"
        low, high = (100 * end for end in self.interval)
        return f"{self.some} of {self.of} ({100 * self.some / self.of:.1f} %, 95 % interval {low:.1f} to {high:.1f})"


def rate(flags: Iterable[bool]) -> Rate:
    """Of so many flags, those that are set."""
    found = list(flags)
    return Rate(sum(found), len(found))
