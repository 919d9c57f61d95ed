"""Which mutants each profile does not kill, as recorded: whatever else survives is a fall."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

RECORD = Path(__file__).with_name("survivors.json")


def recorded() -> Mapping[str, frozenset[str]]:
    """Profile -> ids of the mutants that it is known not to kill."""
    if not RECORD.is_file():
        return {}
    return {profile: frozenset(ids) for profile, ids in json.loads(RECORD.read_text("utf-8")).items()}


def record(profile: str, survivors: Iterable[str], tried: Iterable[str]) -> None:
    """Replaces what is recorded, for one profile, of the mutants that were tried."""
    others = recorded().get(profile, frozenset()).difference(tried)
    known = {**{p: sorted(ids) for p, ids in recorded().items()}, profile: sorted(others.union(survivors))}
    RECORD.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", "utf-8")
