"""How much of what fails has not been seen yet, by the failures that one seed alone has shown."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from suite.region import neighbours
from suite.verdict import Finding

Point = tuple[str, str, int, int]  # a finding, "finite" or "other", an operand, a cell of it
ENOUGH = 1e-3  # the share of unseen failures at which drawing ends


@dataclass(frozen=True)
class Seen:
    """The points at which each seed's audit has seen failures."""

    seeds: tuple[frozenset[Point], ...] = ()

    def after(self, findings: Iterable[Finding]) -> "Seen":
        """With one more seed."""
        return replace(self, seeds=(*self.seeds, frozenset(p for f in findings for p in points(f))))

    @property
    def unseen(self) -> float:
        """The share of a further seed's failures that nothing seen covers (Good 1953, Turing): n1/N.

        n1: the points that one seed alone has seen, they or a neighbouring binade; N: all, seed by seed.
        """
        near = Counter(p for seed in self.seeds for p in {q for point in seed for q in around(point)})
        total = sum(map(len, self.seeds))
        return sum(near[p] == 1 for seed in self.seeds for p in seed) / total if total else 0.0


def points(finding: Finding) -> Iterable[Point]:
    kinds = (("finite", finding.region.finite), ("other", finding.region.other))
    return ((finding.id, kind, k, cell) for kind, cells in kinds for k, mine in enumerate(cells) for cell in mine)


def around(point: Point) -> Iterable[Point]:
    """The point and what it covers beside itself."""
    return ((*point[:3], cell) for cell in neighbours(point[3]))
