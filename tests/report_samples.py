"""Audits to report on: one with a cell of every kind, and one of hostile text."""

import math
from dataclasses import replace
from typing import Any

from suite.verdict import Audit, Cell, Finding, Severity, Verdict, Witness

DTYPES = ("float64", "float32", "float16", "bfloat16")
NAMED = "<script>alert(1)</script>\"'&\x1b[31m\x00[bold]\u202e"
EVIL = NAMED + "\udc80"  # a path may hold half a surrogate pair; what the suite itself names does not
HEAD: dict[str, Any] = {
    "target": "torch", "version": "2.13.0", "build": "cpu, no CUDA", "device": "cpu", "cpu": ["avx2", "fma"],
    "threads": 1, "seed": 0, "profile": "ci", "suite": "0.1.0", "hypothesis": "6.1", "python": "3.11.2",
    "started": "2025-11-21T03:04:05+00:00", "seconds": 93.1, "exit": 1,
    "topics": {"softmax": "Networks", "sum": "Numbers", "gelu": "Networks"},
    "upstream": {"softmax-half": "https://github.com/pytorch/pytorch/issues/1"},
}  # fmt: skip
FAMILIES = ("accuracy", "stability", "gradient", "route")


def finding(cell: Cell, severity: Severity, **more: Any) -> Finding:
    witness = Witness((("0x1.8p+1", "-inf"), ("3",)), ((2,), ()), (("axis", -1),), ("0x1p+0",), 0, (1,))
    made = Finding(
        concept=cell.concept, law=cell.law, family=cell.family, dtype=cell.dtype, device=cell.device,
        route=cell.route, severity=severity, claim=cell.claim, witness=witness,
        region=((-math.inf, -4.0), (3.0, 3.0)), got="nan", enclosure=("0x1.8p+1", "0x1.9p+1"),
        allowed="0x1p-10", basis="running error", error_ulp=math.inf, ratio=17.25,
        reproduction="import torch\nprint(torch.softmax(torch.tensor([3.0]), -1))",
    )  # fmt: skip
    return replace(made, **more)


def cell(concept: str, dtype: str, family: str, verdict: Verdict = Verdict.HOLDS, **more: Any) -> Cell:
    made = Cell(concept, dtype, f"{family}-law", "eager", family, f"{concept} obeys", verdict=verdict)
    return replace(made, cases=100, elements=102_400, worst_ulp=0.9, worst_ratio=0.8, **more)


def refuted(concept: str, dtype: str, family: str, severity: Severity, known: str = "", **more: Any) -> Cell:
    made = cell(concept, dtype, family, Verdict.REFUTED, severity=severity, known=known)
    return replace(made, finding=finding(made, severity, **more))


def curve(x: list[float]) -> dict[str, list[float]]:
    return {"x": x, "ulp": [0.5 for _ in x], "bound": [2.0 for _ in x]}


def of_every_kind() -> Audit:
    cells = [cell(c, d, f) for c in ("softmax", "sum") for d in DTYPES for f in FAMILIES]
    cells += [
        refuted("gelu", "float64", "accuracy", Severity.CONVENTION, known="gelu-kink"),
        refuted("gelu", "float32", "accuracy", Severity.WRONG),
        refuted("gelu", "float32", "gradient", Severity.CONVENTION, known="gelu-kink"),
        refuted("gelu", "float16", "accuracy", Severity.INACCURATE, known="gelu-half"),
        cell("gelu", "bfloat16", "accuracy", Verdict.BROKEN, reason="raises"),
        cell("gelu", "float64", "gradient", Verdict.UNKNOWN),
        cell("sum", "float64", "order", Verdict.PROVED),
        cell("sum", "float64", "engine", Verdict.NOT_JUDGED, reason="no derivative"),
    ]
    curves = {"gelu": {"float32": curve([-1e38, -1.0, -1e-45, 0.0, 1e-45, 1.0, 1e38])}}
    return Audit(HEAD, tuple(cells), ("old-one",), curves, ("relu raises TypeError.",))


def hostile() -> Audit:
    """Every text that can come from a target or a path is hostile."""
    bad = Cell(*[NAMED] * 5, EVIL, NAMED, Verdict.REFUTED, Severity.WRONG, "", reason=EVIL, basis=EVIL)
    witness = Witness(((EVIL,),), ((1,),), ((EVIL, EVIL),), (EVIL,))
    new = finding(
        bad, Severity.WRONG, witness=witness, got=EVIL, enclosure=(EVIL, EVIL + "2"), allowed=EVIL,
        basis=EVIL, reproduction=EVIL, note=EVIL,
    )  # fmt: skip
    known = replace(bad, route="other", known=EVIL, finding=replace(new, route="other"))
    head = HEAD | dict.fromkeys(("target", "version", "build", "device", "path", "started", "profile"), EVIL)
    head |= {"topics": {NAMED: EVIL}, "upstream": {EVIL: "https://" + EVIL}, EVIL: [EVIL, {EVIL: EVIL}]}
    curves = {NAMED: {NAMED: curve([1.0, 2.0])}}
    return Audit(head, (replace(bad, finding=new), known), (EVIL,), curves, (EVIL,))
