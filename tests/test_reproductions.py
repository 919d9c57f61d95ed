"""What is printed of a known finding makes the very call that was judged, and prints what was got.

One of each law and way is run in a fresh interpreter; all of them where ``REPRODUCTIONS=all`` is in the environment.
"""

import json
import math
import os
import subprocess
import sys
import warnings
from functools import cache

import numpy as np
import pytest
from test_findings import KNOWN, TARGET, _finding

from suite.audit.cells import Key, cells_of
from suite.audit.judging import judged
from suite.audit.recheck import refuted_again
from suite.concepts import concepts
from suite.findings.reproduction import reproduction
from suite.judge.case import Case
from suite.judge.outcome import Outcome, Refutation
from suite.judge.traced import How, Traced, traced
from suite.laws.law import Law
from suite.verdict import Known

torch = pytest.importorskip("torch")
CHOSEN = list(KNOWN if os.environ.get("REPRODUCTIONS") == "all" else {(k.law, k.route): k for k in KNOWN}.values())
RUN = """
import contextlib, io, json, sys
said = []
for text in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(text, {})
    said.append(out.getvalue())
json.dump(said, sys.stdout)
"""


def refuted(k: Known) -> Refutation:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a warning that is an error would be what is found
        found = refuted_again(_finding(k), TARGET)
    assert found is not None
    return found


def law_of(k: Known) -> Law:
    return cells_of(concepts()[k.concept], k.dtype, TARGET)[Key(k.concept, k.dtype, k.law, k.route)]


@cache
def printed() -> dict[str, tuple[Refutation, str, str]]:
    """Of each finding what was found, the text, and what it prints in an interpreter of its own."""
    found = [refuted(k) for k in CHOSEN]
    texts = [reproduction(r, law_of(k), k.route, judged, TARGET) for k, r in zip(CHOSEN, found, strict=True)]
    run = subprocess.run(
        [sys.executable, "-c", RUN], input=json.dumps(texts), capture_output=True, text=True, check=True, timeout=300
    )
    return {k.cell: v for k, *v in zip(CHOSEN, found, texts, json.loads(run.stdout), strict=True)}


@pytest.mark.parametrize("k", CHOSEN, ids=[k.cell for k in CHOSEN])
def test_the_printed_lines_print_what_was_got(k: Known) -> None:
    if k.platform["isa"] != torch.backends.cpu.get_cpu_capability() or k.platform["version"] != torch.__version__:
        pytest.skip(f"recorded on {k.platform['isa']}, torch {k.platform['version']}")
    found, text, said = printed()[k.cell]
    lines = dict(line.split(maxsplit=1) for line in said.splitlines())
    got, expected = float(lines["got"]), float.fromhex(found.got)
    assert got == expected or (math.isnan(got) and math.isnan(expected))
    assert lines["torch"] == torch.__version__ and {"truth", "against"} & set(lines) and "allowed" in lines
    assert "suite" not in text


def test_twenty_findings_along_every_way_are_run() -> None:
    assert len(CHOSEN) >= 20 and {k.route for k in CHOSEN} == {k.route for k in KNOWN}


# -- arrays that remember how they were made


def result(*values: float) -> Traced:
    x = np.array(values)
    return traced(x, How(call=(0, -1), numbers=np.arange(x.size)))


def test_what_moves_entries_keeps_which_they_are() -> None:
    x = result(5.0, 6.0, 7.0, 8.0)
    y = np.roll(x.reshape(2, 2).T[:, ::-1], 1, axis=0)
    assert np.array_equal(np.asarray(x)[y.how.numbers], np.asarray(y))


def test_what_is_written_into_is_not_known_any_more() -> None:
    x = result(5.0, 6.0)
    x[0] = 1.0
    assert x.how is None and x[0] == 1.0


def test_what_is_computed_has_its_words_and_no_entry_of_a_call() -> None:
    y = np.sum(result(5.0, 6.0).reshape(1, 2) * 2, axis=1)
    assert y.how.word == "np.sum" and y.how.numbers is None and y[0] == 22.0


def test_a_traced_judgement_is_the_same() -> None:
    """The outcome of a law on traced results is that on plain ones."""
    for k in CHOSEN[:3]:
        plain = refuted(k)

        def once_more(law: Law, case: Case, route: str, plain: Refutation = plain) -> Outcome:
            out = judged(law, case, route)
            assert [(r.got, r.severity) for r in out.refuted][:1] == [(plain.got, plain.severity)]
            return out

        reproduction(plain, law_of(k), k.route, once_more, TARGET)
