"""What two commits' figures say: pure functions of samples, so that they are tested on recorded ones.

Rounds are pairs: each measures both commits, one right after the other, and only their ratio counts, for
other jobs slow both down alike. A time is *slower* when the median ratio exceeds the factor and the
sign test's interval for the median lies above one; while the median exceeds the factor and the
interval does not settle it, the row is *unclear*.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import comb

Figures = Mapping[str, float | str]
Measure = Callable[[str, Sequence[str]], Figures]  # ("base" | "head", rows) -> figures

FIRST, MORE = 3, (8, 16)  # rounds for all rows, then fresh ones for those that are suspected, as long as unclear
REGRESSIONS = ("slower", "less accurate")
UNMEASURED = ("unclear", "failed")
ULP = 0.01  # below this a change of the worst error is not worth a word
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Result:
    """One row of the table."""

    row: str
    base: float | str
    head: float | str
    verdict: str
    ratio: float = 1.0
    rounds: int = 1


def compare(rows: Sequence[str], measure: Measure, factor: float) -> list[Result]:
    """Every row after the first rounds, the suspects after more; accuracy is the same every time, and read once."""
    found = paired(rows, measure, FIRST)
    results = {row: judge(row, *found[row], factor) for row in rows}
    times = [row for row in rows if not row.startswith("ulp")]
    suspects = [r for r in times if results[r].verdict != "failed" and results[r].ratio > (1 + factor) / 2]
    for rounds in MORE:
        if not suspects:
            break
        fresh = paired(suspects, measure, rounds)  # the rounds that raised the suspicion are biased
        results |= {row: judge(row, *fresh[row], factor) for row in suspects}
        suspects = [row for row in suspects if results[row].verdict == "unclear"]
    return [r for r in results.values() if r.verdict != "absent"]


def paired(
    rows: Sequence[str], measure: Measure, rounds: int
) -> dict[str, tuple[list[float | str], list[float | str]]]:
    """Samples of both commits by row; which goes first alternates, for the second finds a warmer machine."""
    samples: dict[str, dict[str, list[float | str]]] = {row: {"base": [], "head": []} for row in rows}
    for k in range(rounds):
        asked = [row for row in rows if k == 0 or not row.startswith("ulp")]
        if not asked:
            break
        for side in ("base", "head") if k % 2 == 0 else ("head", "base"):
            figures = measure(side, asked)
            for row in asked:
                samples[row][side].append(figures.get(row, f"failed: {row} was not measured"))
    return {row: (s["base"], s["head"]) for row, s in samples.items()}


def judge(row: str, base: Sequence[float | str], head: Sequence[float | str], factor: float) -> Result:
    """One row's verdict; "absent" where neither commit has it, "new" where only the base lacks it."""
    b, h = figure(base), figure(head)
    if isinstance(b, str) or isinstance(h, str):
        failed = any(isinstance(v, str) and v.startswith("failed") for v in (b, h))
        verdict = "new" if isinstance(h, float) else "absent" if isinstance(b, str) else "failed"
        return Result(row, b, h, "failed" if failed else verdict)
    return accuracy(row, b, h, factor) if row.startswith("ulp") else time(row, base, head, factor)


def figure(samples: Sequence[float | str]) -> float | str:
    """The least, for what disturbs a measurement only ever adds; what failed once has failed."""
    words = sorted(v for v in samples if isinstance(v, str))  # "failed: ..." comes before "n/a: ..."
    return words[0] if words else min(float(v) for v in samples)


def accuracy(row: str, base: float, head: float, factor: float) -> Result:
    """Errors in ulp on the same inputs: nothing is random, so one measurement decides."""
    worse, better = head > base * factor and head - base > ULP, base > head * factor and base - head > ULP
    verdict = "less accurate" if worse else "more accurate" if better else "same"
    return Result(row, base, head, verdict, head / base if base else (1.0 if head == base else float("inf")))


def time(row: str, base: Sequence[float | str], head: Sequence[float | str], factor: float) -> Result:
    """The verdict on the ratios of paired rounds."""
    ratios = sorted(float(h) / float(b) for b, h in zip(base, head, strict=True))
    middle, (low, high) = statistics.median(ratios), interval(ratios)
    if middle > factor:
        verdict = "slower" if low > 1 else "unclear"
    else:
        verdict = "faster" if middle < 1 / factor and high < 1 else "same"
    return Result(row, figure(base), figure(head), verdict, middle, len(ratios))


def interval(ordered: Sequence[float]) -> tuple[float, float]:
    """Between which of the ordered samples the median lies, with the confidence of the sign test.

    Fewer than six samples cannot reach it: then all of them.
    """
    n, k = len(ordered), 0
    while 2 * sum(comb(n, i) for i in range(k + 1)) <= (1 - CONFIDENCE) * 2**n:
        k += 1
    return ordered[max(k - 1, 0)], ordered[n - max(k, 1)]


def counted(row: str, base: float, head: float, factor: float) -> Result:
    """Numbers of instructions, which repeat: one count each decides."""
    ratio = head / base
    return Result(row, base, head, "slower" if ratio > factor else "faster" if ratio < 1 / factor else "same", ratio)


def code(results: Sequence[Result]) -> int:
    """1 for a regression, else 2 for a row that could not be measured, else 0."""
    verdicts = {r.verdict for r in results}
    return 1 if verdicts & set(REGRESSIONS) else 2 if verdicts & set(UNMEASURED) else 0
