"""The pytest face where nothing was judged: it is not green."""

import re
from pathlib import Path

import pytest
from plugin_helpers import bare, written

REFUSING = "def relu(x):\n    raise NotImplementedError('not here')\n"
USERS = "def test_of_the_users():\n    pass\n"
OURS = ["--pyargs", "suite"]
NOTHING = {
    "refused": (OURS, r"every item was skipped \(\d+\), first: not judged: not supported: mine.py.relu: not here"),
    "no-law": (
        [*OURS, "--lawful-law", "forward"],
        r"every item was skipped \(1\), first: no law that was asked for applies",
    ),
    "not-asked": (["test_users.py"], r"no item of lawful's was collected; add --pyargs suite"),
}


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["one", "many"])
@pytest.mark.parametrize("arguments, sentence", NOTHING.values(), ids=NOTHING)
def test_a_session_that_judged_nothing_fails(
    tmp_path: Path, arguments: list[str], sentence: str, workers: list[str]
) -> None:
    mine = written(tmp_path, REFUSING)
    written(tmp_path, USERS, "test_users.py")
    ran = bare(tmp_path, *arguments, "--lawful-target", mine, "--lawful-dtype", "float32", *workers)
    assert ran.code == pytest.ExitCode.TESTS_FAILED and " failed" not in ran.out
    assert len(re.findall(rf"^lawful: nothing was judged: {sentence}", ran.out, re.MULTILINE)) == 1


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["one", "many"])
def test_what_the_user_deselects_is_not_missed(tmp_path: Path, workers: list[str]) -> None:
    mine, own = written(tmp_path, REFUSING), written(tmp_path, USERS, "test_users.py")
    arguments = ["--pyargs", "suite", own, "--lawful-target", mine, "--lawful-dtype", "float32", *workers]
    one = bare(tmp_path, *arguments, "-k", "of_the_users")
    assert one.code == 0 and "1 passed" in one.out and "nothing was judged" not in one.out
    both = bare(tmp_path, *arguments)
    assert both.code == 1 and "1 passed" in both.out and "nothing was judged" in both.out
    assert bare(tmp_path, *arguments, "--collect-only").code == 0
