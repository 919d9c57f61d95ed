"""Findings once more, in a process that has done nothing else."""

import json
import os
import subprocess
import sys
import warnings
from collections.abc import Sequence

from suite.audit import process
from suite.audit.cells import Key, cells_of
from suite.audit.judging import judged
from suite.concepts import call_names, concepts
from suite.findings.witness import decode
from suite.judge.outcome import Refutation
from suite.targets.loading import load
from suite.targets.protocol import Target, TargetError, Unsupported
from suite.verdict import Finding, finding_from, to_json


def recheck(findings: Sequence[Finding], target: str, device: str, folder: str) -> list[bool]:
    """Whether each finding's witness is refuted again by a process that has done nothing else.

    Where that process dies the findings are halved: only the one that kills it has no answer.
    """
    if not findings:
        return []
    job = {"target": target, "device": device, "findings": [to_json(f) for f in findings]}
    run = subprocess.run(
        # -P and our own path: a package of the user's that is called suite stays out of it
        [sys.executable, "-P", "-c", "from suite.audit.recheck import recheck_main; recheck_main()"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        input=json.dumps(job),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        answers = json.loads(run.stdout)
        return [bool(a) for a in answers]
    except (json.JSONDecodeError, TypeError):
        half = len(findings) // 2
        halves = (findings[:half], findings[half:]) if half else ()
        return [a for part in halves for a in recheck(part, target, device, folder)] or [False]


def recheck_main() -> None:
    """Reads findings on standard input, writes a list of booleans; what a target prints goes elsewhere."""
    warnings.simplefilter("ignore")
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    job = json.load(sys.stdin)
    target = load(job["target"], job["device"], call_names())
    json.dump([refuted_again(finding_from(f), target) is not None for f in job["findings"]], answer)
    answer.close()
    process.end(0)


def refuted_again(finding: Finding, target: Target) -> Refutation | None:
    """The law's judgement of the witness alone."""
    concept = concepts()[finding.concept]
    laws = cells_of(concept, finding.dtype, target)
    key = Key(finding.concept, finding.dtype, finding.law, finding.route)
    if key not in laws:
        return None
    case = decode(finding.witness, concept, finding.dtype, target)
    try:
        refuted = judged(laws[key], case, finding.route).refuted
    except (TargetError, Unsupported):
        return None
    return refuted[0] if refuted else None
