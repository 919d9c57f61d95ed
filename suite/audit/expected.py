"""What is known of a target: held to the declarations, told where it fits nothing, laid on what was judged."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from suite.audit.cells import Key, cells_of, laws_of
from suite.audit.group import Judged
from suite.audit.names import UsageError, nearest
from suite.concepts import concepts
from suite.findings import known as known_findings
from suite.findings.witness import decode
from suite.floats import FORMATS
from suite.targets import built_in
from suite.targets.library import Library
from suite.verdict import Cell, Known, KnownBroken, Verdict


@dataclass(frozen=True)
class Expected:
    """The known findings and the cells that are known to be broken, of the files given and of the target's own."""

    known: tuple[Known, ...] = ()
    broken: tuple[KnownBroken, ...] = ()

    @property
    def entries(self) -> tuple[Known | KnownBroken, ...]:
        return *self.known, *self.broken

    def of(self, target: Library, name: str) -> "Expected":
        """With what comes with the target, or with its BASE for the functions that it does not define itself."""
        if name in built_in():
            own = known_findings.built_in(name)
        else:
            kept = {c.name for c in concepts().values() if c.call_name in target.inherited}
            own = tuple(k for k in known_findings.built_in(target.base) if named(k) and k.concept in kept)
        return Expected((*self.known, *(k for k in own if named(k))), self.broken)

    def idle(self, target: Library) -> tuple[str, ...]:
        """For each file, what in it fits no cell of the target on its device: nothing will ever be known by it."""

        @cache
        def keys(concept: str, dtype: str) -> frozenset[Key]:
            return frozenset(cells_of(concepts()[concept], dtype, target))

        lost = [
            e
            for e in self.entries
            if e.device == target.device and Key(e.concept, e.dtype, e.law, e.route) not in keys(e.concept, e.dtype)
        ]
        return tuple(
            f"{source}: {target.name} has no cell for {_listed([e.cell for e in lost if e.source == source])}"
            for source in dict.fromkeys(e.source for e in lost)
        )


def _listed(cells: Sequence[str]) -> str:
    return cells[0] + (f" and {len(cells) - 1} more of its entries" if cells[1:] else "")


def read(paths: Sequence[str]) -> Expected:
    """The files that were given."""
    files = [Path(p) for p in paths]
    return Expected(
        tuple(k for f in files for k in known_findings.read(f)),
        tuple(b for f in files for b in known_findings.read_broken(f)),
    )


def named(entry: Known | KnownBroken) -> bool:
    """True; an entry that no audit can ever meet, by a slip or from another release, is answered with near names."""
    concept = concepts().get(entry.concept)
    laws = () if concept is None else tuple(law.name for law in laws_of(concept))
    for what, name, legal in (
        ("concept", entry.concept, tuple(concepts())),
        ("law", entry.law, laws),
        ("dtype", entry.dtype, tuple(FORMATS)),
    ):
        if name not in legal:
            of = f" of {entry.concept}" if what == "law" else ""
            raise UsageError(f"{entry.source}: {entry.id} has the unknown {what} {name!r}{of}{nearest(name, legal)}")
    return True


def fitting(entry: Known, target: Library) -> None:
    """A witness that a person has edited, or that is older than its concept, is found before it is run."""
    try:
        decode(entry.witness, concepts()[entry.concept], entry.dtype, target).bounded()
    except (ArithmeticError, IndexError, KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"{entry.source}: the witness of {entry.id} does not fit {entry.concept}: remove it and accept it again"
        ) from error


def marked(judged: Judged, broken: Sequence[KnownBroken]) -> Judged:
    """Cells that are broken as they are known to be; one that is judged again is *fixed*."""

    def known(cell: Cell) -> Cell:
        covering = next((b.id for b in broken if b.covers(cell)), "")
        return replace(cell, known=covering) if covering else cell

    done = {(c.id, c.device) for c in judged.cells if c.verdict not in (Verdict.BROKEN, Verdict.NOT_JUDGED)}
    fixed = tuple(b.id for b in broken if (b.cell, b.device) in done)
    return replace(judged, cells=tuple(map(known, judged.cells)), fixed=(*judged.fixed, *fixed))
