"""Right versions are heard: none may be refuted, and how near they come to the bound says how tight it is."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from suite.audit.cells import Key
from suite.audit.judging import judged
from suite.judge.case import Case
from suite.judge.outcome import Outcome
from suite.laws.forward import Forward
from suite.laws.gradient import Gradient
from suite.laws.kink import Kink
from suite.laws.law import Law
from suite.laws.second import SecondDerivative
from suite.mutants.modes import FORWARD, SECOND
from suite.mutants.versions import Version
from suite.targets.library import Library
from suite.targets.protocol import TargetError, Unsupported

CASES = {"quick": 1, "ci": 3, "thorough": 8}  # that a right version is heard on at least, in each format
ROWS = {"quick": 0, "ci": 0, "thorough": 100_000}  # and array rows, in all formats
ROWS_APART = 16  # times as many rows in a case of a function without a batch axis, which an audit gives a dozen
Putting = Callable[[Key, int, Case], Iterable[Case]]  # how a case is put to the cell of a law, by its position
BOUNDS = ("accuracy", "gradient")  # laws whose bound is the running error of the concept itself


@dataclass(frozen=True)
class Accusation:
    """A right version that a law refutes: a fault of the bound, of the law, or of the version."""

    version: str
    dtype: str
    law: str
    got: str
    truth: str
    allowed: str


@dataclass(frozen=True)
class Closest:
    """The right version that came closest to the bound of a law, in one (concept, dtype)."""

    concept: str
    dtype: str
    law: str
    version: str
    ratio: float  # observed / bound


def concerned(law: Law, vjp: bool, mode: str = "") -> bool:
    """Whether a law can see a change at all: in a mode of differentiation alone, in the derivative, or in the value."""
    if mode:
        return isinstance(law, {SECOND: SecondDerivative, FORWARD: Forward}[mode])
    return law.family in ("gradient", "convexity") if vjp else not isinstance(law, Gradient | Kink)


@dataclass
class Hearing:
    """One right version of a (concept, dtype), and what is said of it."""

    version: Version
    dtype: str
    library: Library
    rows: int = 0
    cases: int = 0
    accused: dict[str, Accusation] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)

    def open(self, profile: str) -> bool:
        """Whether more of the audit's own cases are due."""
        return self.cases < CASES[profile]

    def short(self, profile: str) -> bool:
        """Whether more rows are due."""
        return self.rows * len(self.version.dtypes) < ROWS[profile]

    def hear(self, laws: Mapping[Key, Law], case: Case, putting: Putting) -> None:
        few = case if self.version.entries > case.inputs[0].size else case.few(case.rows, self.version.entries)
        mine = few.against(self.library)
        self.rows, self.cases = self.rows + mine.rows, self.cases + 1
        for position, (key, law) in enumerate(laws.items()):
            if self.version.function is None and not concerned(law, True):
                continue
            for one in putting(key, position, mine):
                self.note(key, law, one)

    def note(self, key: Key, law: Law, mine: Case) -> None:
        """A broken contract is an accusation like any other."""
        said, out = (self.version.id, self.dtype, f"{law.family}/{law.name}"), Outcome()
        try:
            out = judged(law, mine, key.route)
        except Unsupported:
            return
        except TargetError as fault:
            self.accused.setdefault(str(key), Accusation(*said, str(fault), "the contract", ""))
        for r in out.refuted[:1]:
            ends = " to ".join(dict.fromkeys(r.enclosure))
            self.accused.setdefault(str(key), Accusation(*said, r.got, ends, r.allowed))
        if law.name in BOUNDS:
            self.ratios[law.name] = max(self.ratios.get(law.name, 0.0), out.ratio)


def closest(concept: str, dtype: str, hearings: Iterable[Hearing]) -> tuple[Closest, ...]:
    """For each bound the version that comes closest to it."""
    found = [Closest(concept, dtype, law, h.version.kind, r) for h in hearings for law, r in h.ratios.items()]
    return tuple(max((c for c in found if c.law == law), key=lambda c: c.ratio) for law in BOUNDS
                 if any(c.law == law for c in found))  # fmt: skip
