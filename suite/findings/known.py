"""Known findings as TOML: read, merged with what an audit found, written back.

A file holds an array of tables ``[[finding]]``, and one ``[[broken]]`` of the cells that are known to be. Built-in
targets bring theirs in ``findings/``.
"""

import contextlib
import math
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import tomli_w

from suite.judge.outcome import hull
from suite.verdict import Finding, Known, KnownBroken, Severity, witness_from

FOLDER = Path(__file__).parent
BROKEN = ("concept", "law", "dtype", "route", "device", "date", "reason", "sentence")
TEXTS = ("id", "concept", "law", "dtype", "route", "device", "severity", "date", "reason")


class KnownError(Exception):
    """A file of known findings that cannot be read or written: one sentence."""

    exit_code = 2


def read(path: Path) -> tuple[Known, ...]:
    """Every known finding in a file."""
    return tuple(_known(entry, path, n) for n, entry in enumerate(_tables(path, "finding"), 1))


def read_broken(path: Path) -> tuple[KnownBroken, ...]:
    """Every cell in a file that is known to be broken."""
    return tuple(_broken(entry, path, n) for n, entry in enumerate(_tables(path, "broken"), 1))


def _tables(path: Path, name: str) -> list[Any]:
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise KnownError(f"{path}: {error.strerror}; --known takes a TOML file of known findings") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise KnownError(f"{path} is not TOML: {error}") from error
    for other in (n for n, value in data.items() if isinstance(value, list) and n not in ("finding", "broken")):
        raise KnownError(f"{path}: [[{other}]] is neither [[finding]] nor [[broken]]")
    entries = data.get(name, [])
    if not isinstance(entries, list):
        raise KnownError(f"{path}: {name!r} must be an array of tables, [[{name}]]")
    return entries


def built_in(target: str) -> tuple[Known, ...]:
    """What is known of a target that comes with the suite."""
    path = FOLDER / f"{target}.toml"
    return read(path) if path.is_file() else ()


def _known(entry: Mapping[str, Any], path: Path, number: int) -> Known:
    try:
        record = _record(entry, TEXTS)
        record["severity"] = Severity(record["severity"])
        record["witness"] = witness_from(record["witness"])
        record["region"] = tuple((float(a), float(b)) for a, b in record["region"])
        record["worst_ulp"] = float(record["worst_ulp"])
        return Known(**{**record, "source": str(path)})
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise KnownError(
            f"{path}: finding {number} is not a known finding ({type(error).__name__}: {error})"
        ) from error


def _broken(entry: Mapping[str, Any], path: Path, number: int) -> KnownBroken:
    try:
        return KnownBroken(**{**_record(entry, BROKEN), "source": str(path)})
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise KnownError(f"{path}: broken {number} is not a broken cell ({type(error).__name__}: {error})") from error


def _record(entry: Mapping[str, Any], texts: Iterable[str]) -> dict[str, Any]:
    record = dict(entry)
    wrong = [name for name in (*texts, "upstream") if not isinstance(record.get(name, ""), str)]
    if wrong:
        raise TypeError(f"{wrong[0]} must be a string")
    record["platform"] = {key: str(value) for key, value in record["platform"].items()}
    return record


def accepted(
    finding: Finding,
    reason: str,
    date: str,
    platform: Mapping[str, str],
    upstream: str = "",
    severity: Severity | None = None,
) -> Known:
    """A finding that a person has looked at, its region rounded outward."""
    region = tuple((outward(low, -1), outward(high, 1)) for low, high in finding.region)
    return Known(
        finding.id,
        finding.concept,
        finding.law,
        finding.dtype,
        finding.route,
        finding.device,
        severity or finding.severity,
        date,
        reason,
        platform,
        region,
        finding.error_ulp,
        finding.witness,
        upstream,
    )


def accepted_broken(
    cell: Mapping[str, Any], reason: str, date: str, platform: Mapping[str, str], upstream: str = ""
) -> KnownBroken:
    """A broken cell of a report that a person has looked at."""
    where = {part: cell[part] for part in ("concept", "law", "dtype", "route", "device")}
    return KnownBroken(**where, date=date, reason=reason, sentence=cell["reason"], platform=platform, upstream=upstream)


def outward(x: float, side: int) -> float:
    """The nearest power of 16 on that side, open-ended far out: another seed lands a little farther."""
    if x == 0 or not math.isfinite(x):
        return x
    grow = (x > 0) == (side > 0)
    m, e = math.frexp(abs(x))  # exact, where log2 rounds across a power of two
    power = -4 * (((m == 0.5) - e) // 4) if grow else 4 * ((e - 1) // 4)
    if abs(power) > 40:
        far = math.inf if power > 0 else 0.0
        return math.copysign(far, x) if grow == (power > 0) else math.copysign(math.ldexp(1.0, power), x)
    return math.copysign(math.ldexp(1.0, power), x)


def merged(old: Iterable[Known], new: Known) -> tuple[Known, ...]:
    """One entry per finding: regions join, the larger error and the worse severity stay, the first witness too."""
    out, found = [], False
    for k in old:
        if k.id == new.id:
            found = True
            worse = min(k.severity, new.severity, key=lambda s: s.rank)
            k = replace(
                k,
                region=hull(k.region, new.region),
                worst_ulp=max(k.worst_ulp, new.worst_ulp),
                severity=worse,
                reason=new.reason or k.reason,
                upstream=new.upstream or k.upstream,
            )
        out.append(k)
    return tuple(out) if found else (*out, new)


def write(path: Path, known: Iterable[Known], broken: Iterable[KnownBroken] = ()) -> None:
    """All entries, sorted by cell, written in one step."""
    ordered = sorted(known, key=lambda k: (k.concept, k.law, k.route, k.dtype, k.device))
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text_of(ordered, sorted(broken, key=lambda b: (b.cell, b.device))), "utf-8")
        os.replace(draft, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise KnownError(f"{path}: cannot be written ({error.strerror}); name another file with --known") from error


def text_of(known: Iterable[Known], broken: Iterable[KnownBroken] = ()) -> str:
    """The whole file, with every array on one line."""
    tables = {"finding": [_entry(k) for k in known], "broken": [_entry_of_broken(b) for b in broken]}
    text = tomli_w.dumps({name: entries for name, entries in tables.items() if entries or name == "finding"})
    # a string holds no line end, it is escaped there: one before a space or a bracket is inside an array
    for apart, joined in ((r",\n *\]", "]"), (r"\[\n +", "["), (r",\n +", ", ")):
        text = re.sub(apart, joined, text)
    # half a surrogate pair, which a command line may bring, is not UTF-8
    text = re.sub("[\ud800-\udfff]", lambda half: rf"\\u{ord(half[0]):04x}", text)
    return f"# Known findings: written by `lawful accept`, read with --known.\n\n{text}"


def _entry(k: Known) -> dict[str, Any]:
    texts = (*TEXTS, "upstream") if k.upstream else TEXTS
    return {
        **{name: str(getattr(k, name)) for name in texts},
        "worst_ulp": k.worst_ulp,
        "region": k.region,
        "platform": k.platform,
        "witness": asdict(k.witness),
    }


def _entry_of_broken(b: KnownBroken) -> dict[str, Any]:
    texts = (*BROKEN, "upstream") if b.upstream else BROKEN
    return {**{name: str(getattr(b, name)) for name in texts}, "platform": b.platform}
