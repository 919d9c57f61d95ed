"""What the suite catches, and what finding that out costs: ``lawful power`` without the other tools.

Each profile runs once, in ``setup_cache``, and every figure of it is read from that one run.
"""

import statistics
from dataclasses import asdict

from benchmarks.commands import power
from benchmarks.suite_audit import once

PROFILES = ("quick", "ci")
Figures = dict[str, dict[str, float]]


def figures(profile: str, *names: str) -> dict[str, float]:
    """Of one ``lawful power`` with two workers; no names: every concept."""
    chosen = [word for name in names for word in ("--concept", name)]
    run, document = power("--profile", profile, "--no-peers", "-n", "2", *chosen)
    kills = [t["case"] for t in document["trials"] if t["killed"]]
    return {
        **asdict(run),
        "mutants": len(document["trials"]),
        "survivors": document["distinguishable"] - document["killed"],
        "cases": statistics.median(kills),
        "later": 100 * sum(case > 1 for case in kills) / len(kills),
        "accusations": len(document["accusations"]),
    }


class Power:
    """Every mutant and every right version; every measure is such that larger is worse."""

    params = (list(PROFILES),)
    param_names = ("profile",)
    timeout = 300.0

    def setup_cache(self) -> Figures:
        return once(lambda: {profile: figures(profile) for profile in PROFILES})

    def track_wall(self, found: Figures, profile: str) -> float:
        """The promise for ``ci`` is ten minutes, other tools included."""
        return found[profile]["wall"]

    def track_cpu(self, found: Figures, profile: str) -> float:
        return found[profile]["cpu"]

    def track_mutant(self, found: Figures, profile: str) -> float:
        """Milliseconds for one mutant, right versions included."""
        return 1e3 * found[profile]["wall"] / found[profile]["mutants"]

    def track_cases_to_first_kill(self, found: Figures, profile: str) -> float:
        """The median over all that are killed."""
        return found[profile]["cases"]

    def track_later_kills(self, found: Figures, profile: str) -> float:
        """The percentage of kills for which the first case did not do: the median hides them."""
        return found[profile]["later"]

    def track_survivors(self, found: Figures, profile: str) -> float:
        """Of the mutants that can be told from a right version."""
        return found[profile]["survivors"]

    def track_accusations(self, found: Figures, profile: str) -> float:
        return found[profile]["accusations"]

    setup_cache.timeout = 3600.0  # type: ignore[attr-defined]
    track_wall.unit = track_cpu.unit = "s"  # type: ignore[attr-defined]
    track_mutant.unit, track_cases_to_first_kill.unit, track_later_kills.unit = "ms", "cases", "%"  # type: ignore[attr-defined]
    track_survivors.unit = track_accusations.unit = "count"  # type: ignore[attr-defined]
