"""How much an audit does, and of what: all that a worker needs to know."""

from dataclasses import dataclass

from suite.verdict import Known


@dataclass(frozen=True)
class Profile:
    """How many cases a group gets, and on how many of them each route beside the first is tried."""

    name: str
    cases: int
    share: int  # every share-th case judges a given route (1: all of them)
    minimise: int  # candidates that the minimiser tries, per finding
    asks: int = 2  # ways of calling that each case is put to, beside the plain one
    exhaustive: bool = True  # whether functions of one sixteen-bit number are judged on all of them


PROFILES = {
    p.name: p
    for p in (Profile("quick", 6, 4, 60, 6, False), Profile("ci", 48, 4, 300), Profile("thorough", 300, 2, 600))
}


@dataclass(frozen=True)
class Plan:
    """What one worker needs to know."""

    target: str
    device: str
    profile: str
    seed: int
    laws: tuple[str, ...] = ()
    known: tuple[Known, ...] = ()
    cases: int = 0  # that a group draws; 0: as many as the profile says
    folder: str = ""  # where the audit was started: names of files are relative to it

    @property
    def draws(self) -> int:
        return self.cases or PROFILES[self.profile].cases
