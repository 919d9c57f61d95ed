"""The geometry of one small plot: error in ulp over the domain, against what is allowed.

A domain runs from 1e-45 to 1e38 and through zero, so the x axis is logarithmic on both sides and
smooth between; the y axis is logarithmic, with exact results lying on its floor.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from suite.report.wording import number

WIDTH, HEIGHT = 340, 190
LEFT, RIGHT, TOP, BOTTOM = 46, 20, 12, 26
Point = tuple[float, float]


@dataclass(frozen=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True)
class Panel:
    """What the template draws for one dtype of one concept."""

    dtype: str
    caption: str
    error: str  # paths of SVG
    bound: str
    beyond: tuple[Point, ...]  # where the error exceeds the bound
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]


@dataclass(frozen=True)
class Axis:
    """From values to pixels by way of a monotone map."""

    map: Callable[[float], float]
    low: float  # mapped
    high: float
    start: float  # in pixels
    end: float

    def __call__(self, value: float) -> float:
        share = (self.map(value) - self.low) / (self.high - self.low or 1.0)
        return round(self.start + (self.end - self.start) * min(max(share, 0.0), 1.0), 1)


def panel(dtype: str, curve: Mapping[str, Any]) -> Panel:
    """One curve as {"x": bin centres, "ulp": worst error, "bound": allowed}."""
    rows = [row for row in _rows(curve) if math.isfinite(row[0])]
    x = _x_axis([row[0] for row in rows])
    floor, top = _decades([value for row in rows for value in row[1:]])
    y = Axis(_log_from(floor, top), floor, top, HEIGHT - BOTTOM, TOP)
    return Panel(
        dtype=dtype,
        caption=_caption(rows),
        error=_path([(x(c), y(e) if e == e else e) for c, e, _ in rows]),
        bound=_path([(x(c), y(b) if b == b else b) for c, _, b in rows]),
        beyond=tuple((x(c), y(e) if e == e else TOP) for c, e, b in rows if _exceeds(e, b)),
        x_ticks=_x_ticks(x, [row[0] for row in rows]),
        y_ticks=tuple(Tick(y(10.0**e), _power(e)) for e in _steps(floor, top, 5)),
    )


def _rows(curve: Mapping[str, Any]) -> list[tuple[float, float, float]]:
    columns = (curve["x"], curve["ulp"], curve["bound"])
    return [(float(c), float(e), float(b)) for c, e, b in zip(*columns, strict=False)]


def _exceeds(error: float, bound: float) -> bool:
    """A result that is not a number exceeds any bound; a bound that is none allows everything."""
    return bound == bound and not error <= bound


def _caption(rows: Sequence[tuple[float, float, float]]) -> str:
    """The worst bin in words, and how many are beyond the bound."""
    if not rows:
        return "no values"
    at, worst, _ = max(rows, key=lambda row: math.inf if row[1] != row[1] else row[1])
    beyond = sum(_exceeds(e, b) for _, e, b in rows)
    return f"worst {number(worst)} ulp near {number(at)}" + (f"; {beyond} of {len(rows)} bins beyond" if beyond else "")


def symmetric_log(scale: float) -> Callable[[float], float]:
    """sign(x) log10(1 + |x|/scale), without the overflow of |x|/scale."""

    def map_(value: float) -> float:
        if value == 0:
            return 0.0
        decades = math.log10(abs(value)) - math.log10(scale)
        return math.copysign(decades if decades > 15 else math.log10(1 + 10**decades), value)

    return map_


def _x_axis(centres: Sequence[float]) -> Axis:
    map_ = symmetric_log(min((abs(c) for c in centres if c), default=1.0))
    ends = [map_(c) for c in centres] or [0.0, 1.0]
    return Axis(map_, min(ends), max(ends), LEFT, WIDTH - RIGHT)


def _log_from(floor: int, top: int) -> Callable[[float], float]:
    return lambda value: float(floor if value <= 0 else top if math.isinf(value) else math.log10(value))


def _decades(values: Iterable[float]) -> tuple[int, int]:
    """The powers of ten that hold the values; an infinite one gets a decade of its own on top."""
    all_values = list(values)
    logs = [math.log10(v) for v in all_values if 0 < v < math.inf] or [0.0]
    low = min(0, max(-3, math.floor(min(logs))))
    return low, max(1, math.ceil(max(logs)), low + 2) + (math.inf in all_values)


def _path(points: Iterable[Point]) -> str:
    """A line that breaks where there is no number."""
    steps, pen = [], "M"
    for x, y in points:
        steps += [f"{pen}{x:g} {y:g}"] if y == y else []
        pen = "L" if y == y else "M"
    return "".join(steps)


def _steps(low: int, high: int, most: int) -> range:
    """At most so many exponents from low to high, evenly spaced, high ones kept."""
    step = max(1, math.ceil((high - low) / most))
    return range(high, low - 1, -step)


def _x_ticks(axis: Axis, centres: Sequence[float]) -> tuple[Tick, ...]:
    """Powers of ten on both sides and zero, those dropped that would lie on another one."""
    if not centres:
        return ()
    zero = [0.0] if centres[0] <= 0 <= centres[-1] else []
    left = _powers(min(centres), centres)
    right = _powers(max(centres), centres)
    kept: list[Tick] = []
    for value in zero + [v for pair in _alternate(left, right) for v in pair]:
        tick = Tick(axis(value), _label(value))
        kept += [tick] if all(_apart(tick, k) for k in kept) else []
    return tuple(kept) if len(kept) > 1 else _end_ticks(axis, centres)


def _apart(one: Tick, other: Tick) -> bool:
    """Whether two labels, centred on their ticks, leave a blank between them."""
    return abs(one.at - other.at) >= 3 * len(one.label + other.label) + 8


def _powers(end: float, centres: Sequence[float]) -> list[float]:
    """The powers of ten between the smallest and this end, with its sign."""
    if not end:
        return []
    low = math.floor(math.log10(min(abs(c) for c in centres if c)))
    high = math.floor(math.log10(abs(end)))
    values = [math.copysign(10.0**e, end) for e in _steps(low, high, 6)]
    return [v for v in values if min(centres) <= v <= max(centres)]


def _alternate(left: Sequence[float], right: Sequence[float]) -> list[list[float]]:
    most = max(len(left), len(right))
    return [[*left[i : i + 1], *right[i : i + 1]] for i in range(most)]


def _end_ticks(axis: Axis, centres: Sequence[float]) -> tuple[Tick, ...]:
    return tuple(Tick(axis(c), number(c)) for c in dict.fromkeys((centres[0], centres[-1])))


def _label(value: float) -> str:
    return f"{value:g}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e").replace("-", "−")


def _power(exponent: int) -> str:
    return f"{10.0**exponent:g}" if -3 <= exponent <= 3 else f"1e{exponent}"
