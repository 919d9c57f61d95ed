"""How numbers and foreign text are said, the same in the terminal and on the page.

Whatever a target hands over (a name, a message, a path) may hold control characters, escape
sequences of a terminal, or half a surrogate pair: nothing of that reaches a reader as such.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from suite.verdict import Audit, Verdict, Witness

KEPT = "\n\t"  # the only characters without a glyph that may stay: a reproduction has lines


def printable(text: str, encoding: str = "utf-8") -> str:
    """The text with everything invisible or not encodable written as an escape."""
    seen = "".join(c if c.isprintable() or c in KEPT else ascii(c)[1:-1] for c in text)
    return seen.encode(encoding, "backslashreplace").decode(encoding)


def one_line(text: str, encoding: str = "utf-8") -> str:
    """The same, with every run of white space as one blank."""
    return printable(" ".join(text.split()), encoding)


def clipped(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 3] + "..."


def shortened(name: str, length: int) -> str:
    """A name without its middle: both ends tell names apart."""
    head = (length - 2) // 2
    return name if len(name) <= length else f"{name[:head]}..{name[len(name) - (length - 2 - head) :]}"


def decimal(text: str) -> str:
    """The decimal of a hex float; integers, "nan" and ranges in words have none to add."""
    try:
        return repr(float.fromhex(text)) if "0x" in text else ""
    except (ValueError, OverflowError):
        return ""


def both(text: str) -> str:
    """A hex float with its decimal beside it: "0x1.8p+1 (3.0)"."""
    value = decimal(text)
    return f"{text} ({value})" if value else text


def number(value: float) -> str:
    return f"{value:.4g}"


def error(ulp: float, ratio: float) -> str:
    """The two measures of an error: in units of the last place, and against what was allowed."""
    return f"{number(ulp)} ulp, {number(ratio)} × the bound"


def enclosure(ends: tuple[str, str]) -> str:
    low, high = ends
    return f"exactly {both(low)}" if low == high else f"[{both(low)}, {both(high)}]"


def interval(name: str, low: float, high: float) -> str:
    if low == high or (math.isnan(low) and math.isnan(high)):
        return f"{name} = {low!r}"
    return f"{low!r} ≤ {name} ≤ {high!r}"


def region(box: Sequence[tuple[float, float]]) -> str:
    """The least box that holds every failure seen, one interval for each operand."""
    return ", ".join(interval(f"x{i}", *ends) for i, ends in enumerate(box)) or "-"


def shape(sizes: Sequence[int]) -> str:
    return repr(tuple(sizes))


def options(witness: Witness) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in witness.options)


def asked(witness: Witness) -> str:
    """How the call is made, where that is not the plain one."""
    return ", ".join(f"{name}={value!r}" for name, value in witness.ask)


def judged(witness: Witness) -> str:
    """Which entry of which result the witness is about."""
    what = "the value" if witness.wrt < 0 else f"the gradient for x{witness.wrt}"
    return f"{what} at {shape(witness.index)}" if witness.index else what


def values(items: Sequence[str], limit: int) -> str:
    """The first entries of an operand, hex beside decimal; the report holds them all."""
    shown = ", ".join(both(item) for item in items[:limit])
    return shown + (f", … ({len(items) - limit} more)" if len(items) > limit else "")


def witness_lines(witness: Witness, limit: int) -> list[str]:
    """One line for each operand, then the cotangent and the options where there are any."""
    lines = [
        f"x{i}{shape(sizes)} = {values(items, limit)}"
        for i, (items, sizes) in enumerate(zip(witness.operands, witness.shapes, strict=False))
    ]
    lines += [f"cotangent = {values(witness.cotangent, limit)}"] if witness.cotangent else []
    lines += [f"options: {options(witness)}"] if witness.options else []
    return lines + ([f"asked for with {asked(witness)}"] if witness.ask else [])


def said(value: Any) -> str:
    """An entry of the report's head in one line."""
    if isinstance(value, Mapping):
        return "; ".join(f"{k}: {said(v)}" for k, v in value.items()) or "-"
    if isinstance(value, (list, tuple)):
        return ", ".join(said(v) for v in value) or "-"
    return "-" if value is None or value == "" else str(value)


def summary_line(audit: Audit, seconds: float) -> str:
    """The line that an audit ends with: it has to be read alone, in the log of a CI."""
    count = audit.summary()
    known = sum(c.verdict is Verdict.BROKEN and c.known != "" for c in audit.cells)
    broken = f", {count['broken']} broken" if count["broken"] else ""
    broken += f" ({known} known)" if known else ""
    return (
        f"{count['cells']} cells: {count['refuted_new']} refuted new, {count['refuted_known']} known, "
        f"{count['fixed']} fixed, {count['unknown']} unknown, {count['not_judged']} not judged{broken}; "
        f"{count['elements']:,} elements, {seconds:.1f} s"
    )
