"""``lawful power``: what it prints, what it writes, how it exits."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from rich.console import Console
from rich.table import Table

from suite.audit.cells import law_names
from suite.audit.plan import PROFILES, Plan
from suite.audit.session import UsageError, nearest
from suite.concepts import concepts
from suite.power.record import record
from suite.power.run import Power, groups, measure
from suite.power.trial import Trial
from suite.report.progress import Progress
from suite.report.voice import complain

WIDTH = 140  # of a log
SHOWN = 40  # survivors, in a terminal; power.json has them all


def power(arguments: argparse.Namespace) -> int:
    """0; 1: a mutant lives that was killed before, a right version is accused, a bound is slack; 2: usage; 130."""
    checked(arguments)
    console = Console(highlight=False)
    plan = Plan("numpy", "cpu", arguments.profile, arguments.seed, tuple(arguments.law))
    with Progress(console) as progress:
        progress.start(len(groups(arguments.concept)))
        found = measure(plan, arguments.concept, arguments.workers, progress.advance, arguments.peers, arguments.part)
    saved = bool(arguments.report) and save(found, Path(arguments.report))  # before a reader who may have gone
    show(found, console if console.is_terminal else Console(highlight=False, width=WIDTH))
    whole = not (arguments.concept or arguments.law or arguments.seed)
    if saved:
        console.print(f"report: {Path(arguments.report) / 'power.html'}", markup=False, soft_wrap=True)
    if found.interrupted:
        return 130
    if arguments.record:
        record(arguments.profile, [t.id for t in found.trials if not t.killed], [t.id for t in found.trials])
        return 0
    return int(bool((found.falls or found.slack) if whole else ()) or bool(found.accusations or found.lost))


def checked(arguments: argparse.Namespace) -> None:
    """Names and numbers, before anything is run."""
    if arguments.profile not in PROFILES:
        raise UsageError(f"--profile {arguments.profile}{nearest(arguments.profile, tuple(PROFILES))}")
    for given, legal, option in (
        (arguments.concept, tuple(concepts()), "concept"),
        (arguments.law, law_names(), "law"),
    ):
        for name in given:
            if name not in legal:
                raise UsageError(f"--{option} {name}{nearest(name, legal)}")
    if arguments.workers < 1:
        raise UsageError(f"-n {arguments.workers}: at least one worker is needed")
    if arguments.record and (arguments.concept or arguments.law or arguments.seed):
        raise UsageError("--record is for the whole matrix with seed 0: leave out --concept, --law and --seed")
    if arguments.report:
        Path(arguments.report).mkdir(parents=True, exist_ok=True)


def show(found: Power, console: Console) -> None:
    """Survivors first, then the matrix, the laws that kill nothing, the peers, and one line."""
    for title, some in (("survives", found.survivors), ("fell", found.falls)):
        for t in some[:SHOWN]:
            others = f", but {' and '.join(t.missed)} kill it" if t.missed else ""
            console.print(f"{title:9} {t.id}: {t.why}; {reason(t)}{others}", markup=False, soft_wrap=True)
        if len(some) > SHOWN:
            console.print(f"          and {len(some) - SHOWN} more", markup=False)
    for a in found.accusations:
        console.print(
            f"accused   {a.version} in {a.dtype} by {a.law}: got {a.got}, truth {a.truth}, allowed {a.allowed}",
            markup=False,
        )
    for group in found.lost:
        console.print(f"lost      {group}: its process died", markup=False)
    for c in found.slack:
        console.print(
            f"slack     {c.concept} in {c.dtype}: {c.version}, the nearest of the right versions to the bound of "
            f"{c.law}, has {c.ratio:.2g} of it, and the declaration does not say why",
            markup=False,
            soft_wrap=True,
        )
    console.print(matrix(found))
    nothing = [law for law, count in found.kills_by_law.items() if not count]
    if nothing:
        console.print(f"laws that killed nothing: {', '.join(nothing)}", markup=False)
    if any(t.peers for t in found.trials):
        rates = [f"{peer} {k} of {n}" for peer, (k, n) in found.peers().items() if n]
        console.print(f"the same mutants by other tools: {', '.join(rates)}", markup=False)
    console.print(f"worst severity of a kill: {counted(found.severities)}", markup=False)
    for what, killed in found.rates.items():
        if killed.of:
            console.print(f"killed {what}: {killed}", markup=False, soft_wrap=True)
    console.print(summary(found), markup=False, soft_wrap=True)
    if found.interrupted:
        console.print(f"interrupted: {len(found.trials)} mutants were put to trial", markup=False)


def counted(count: Mapping[str, int]) -> str:
    return ", ".join(f"{word} {n}" for word, n in count.items()) or "none"


def reason(t: Trial) -> str:
    """Why a mutant is alive."""
    if not t.differs:
        return f"no result differs in {t.rows:,} rows"
    if t.shadowed:
        return f"refuted only where the right function is refuted as well, in {t.rows:,} rows"
    return f"within every bound in {t.rows:,} rows, at most {t.ratio:.2g} of it"


def by_kind(found: Power) -> Mapping[str, list[Trial]]:
    """Operators, the corpus, the edges."""
    out: dict[str, list[Trial]] = {}
    for t in found.trials:
        kind = t.kind if t.origin == "operator" else t.origin
        out.setdefault(f"{kind}{' (derivative)' if t.vjp and t.origin == 'operator' else ''}", []).append(t)
    return out


def matrix(found: Power) -> Table:
    """Kind of mutant x law family: how many that family refutes at the first kill."""
    families = sorted({law.split("/")[0] for law in found.laws} | {f for t in found.killed for f in t.families})
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("mutants", no_wrap=True)
    for name in ("all", "killed", "within", "same", "case", *families):
        table.add_column(name[:9], justify="right", no_wrap=True)
    for kind, group in by_kind(found).items():
        dead = [t for t in group if t.killed]
        table.add_row(
            kind,
            str(len(group)),
            str(len(dead)),
            *(str(n) if n else "" for n in (sum(t.excused for t in group), sum(not t.differs for t in group))),
            str(max((t.case for t in dead), default="")),
            *(str(sum(f in t.families for t in dead) or "") for f in families),
        )
    return table


def summary(found: Power) -> str:
    """One line."""
    head = found.head
    return (
        f"{len(found.trials)} mutants: {len(found.killed)} killed, {len(found.gated)} of them by what the gate "
        f"reports, of {len(found.distinguishable)} that can be told from a right version; "
        f"{len(found.excused)} within every bound, {len(found.idle)} without a "
        f"difference; {len(found.falls)} fell; {len(found.accusations)} accusations of {head['versions']} right "
        f"versions in {head['rows']:,} rows, at least {head['fewest']:,} each; median first kill: case "
        f"{found.median(lambda t: t.case):g}, {found.median(lambda t: t.rows):g} rows; {head['seconds']} s"
    )


def save(found: Power, folder: Path) -> bool:
    """A disk that is full costs the report, not the figures."""
    try:
        write(found, folder)
        return True
    except OSError as error:
        complain(f"the report was not written to {folder}: {error.strerror}")
        return False


def write(found: Power, folder: Path) -> None:
    """power.json and power.html, which opens offline and runs no script."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "power.json").write_text(json.dumps(found.document(), indent=1), "utf-8")
    environment = Environment(loader=PackageLoader("suite.power", "."), autoescape=True, undefined=StrictUndefined)
    environment.trim_blocks = environment.lstrip_blocks = True
    style = Path(__file__).parents[1].joinpath("report", "page.css").read_text("utf-8")
    alive = [(t, reason(t)) for t in (*found.survivors, *found.excused, *found.idle)]
    html = environment.get_template("power.html.jinja").render(
        power=found,
        line=summary(found),
        kinds=by_kind(found),
        alive=alive,
        style=style,
        peers=found.peers(),
        severities=counted(found.severities),
    )
    (folder / "power.html").write_text(html, "utf-8")
