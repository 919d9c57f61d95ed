"""A baseline that another seed does not break: accepting goes on until little is left to be seen."""

from pathlib import Path

from cli_helpers import audit, lawful, written

from suite.audit.seeds import ENOUGH, Seen, points
from suite.region import Region
from suite.verdict import Finding, Severity, Witness

# off by one part in a thousand at one number of a few hundred, by its bits
RARE = """
import numpy as np

def exp(x):
    y = np.exp(x)
    return np.where(x.view(np.uint32) % 389 == 3, y * np.float32(1.001), y)
"""


def finding(finite: set[int], other: tuple[frozenset[int], ...] = ()) -> Finding:
    region, where = Region((frozenset(finite),), other), ("exp", "accuracy", "accuracy", "float32", "cpu", "eager")
    return Finding(*where, Severity.WRONG, "a claim", Witness((), ()), region, "", ("", ""), "", "", 1.0, 1.0)


def test_what_one_seed_alone_has_shown_is_not_enough() -> None:
    assert Seen().unseen == 0.0 and Seen().after([]).unseen == 0.0
    assert Seen().after([finding({1101, 1105})]).unseen == 1.0


def test_the_share_of_what_is_unseen_is_that_of_what_was_seen_once() -> None:
    """Four points, of which 1105 stands alone; 1101 and 1102 are neighbours."""
    seen = Seen().after([finding({1101, 1105})]).after([finding({1102, 1109})]).after([finding({1109})])
    assert seen.unseen == 1 / 5


def test_finite_results_do_not_stand_for_others() -> None:
    both = finding({1101}, (frozenset({1101}),))
    assert {kind for _, kind, *_ in points(both)} == {"finite", "other"}
    assert Seen().after([both]).after([finding({1101})]).unseen == 1 / 3


def test_accepting_goes_on_with_other_seeds_and_says_what_is_left(tmp_path: Path) -> None:
    mine = written(tmp_path, RARE)
    some = ["--dtype", "float32", "--law", "accuracy", "-n", "1"]
    audit(tmp_path, mine, *some)
    to = ["--known", "known.toml", "--reason", "a baseline"]
    ran = lawful(tmp_path, "accept", "all", *to, "--seeds", "9", "-n", "1")
    assert ran.code == 0 and "seed 1: " in ran.out and "is estimated to be new" in ran.out
    shares = [float(line.split("; ")[1].split()[0]) for line in ran.out.splitlines() if line.startswith("seed ")]
    assert shares[-1] < ENOUGH or f"{len(shares)} more seeds were not enough" in ran.err
    assert audit(tmp_path, mine, *some, "--known", "known.toml", "--seed", str(len(shares))).code == 0
