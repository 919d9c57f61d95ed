"""The pytest face of an audit: ``pytest --pyargs suite --lawful-target torch``.

Installed as a module of its own (an entry point), so that it can say so when a package of the
user's, also called ``suite``, hides the one that it came with.
"""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

OPTIONS = (
    ("target", "the library to audit: numpy, torch, a .py file or a module"),
    ("profile", "quick (default), ci or thorough"),
    ("seed", "the seed of the draws (default 0)"),
    ("device", "cpu (default) or cuda"),
)
REPEATED = (
    ("concept", "only this concept"),
    ("law", "only this law"),
    ("dtype", "only this format"),
    ("known", "a TOML file of known findings"),
)
DEFAULTS = {"target": None, "profile": "quick", "seed": "0", "device": "cpu"}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("lawful", "audit a library with lawful")
    for name, text in OPTIONS:
        group.addoption(f"--lawful-{name}", default=DEFAULTS[name], help=text)
    for name, text in REPEATED:
        group.addoption(f"--lawful-{name}", action="append", default=[], help=f"{text} (repeatable)")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "xdist_group(name): cells that share their draws run in one worker")
    if config.getoption("--lawful-target") is None:
        return
    found = importlib.util.find_spec("suite")
    beside = Path(__file__).parent
    homes = {beside / "__init__.py", beside / "suite" / "__init__.py"}
    if found is None or found.origin is None or Path(found.origin) not in homes:
        raise pytest.UsageError(
            f"lawful: the package 'suite' found here is {found.origin if found else 'missing'}, not lawful's: "
            "a package of yours hides it; run pytest from another folder"
        )
    if getattr(config.option, "numprocesses", None) and getattr(config.option, "dist", "") == "load":
        config.option.dist = "loadgroup"  # the items of one (concept, dtype) are judged once, together


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.module.__name__ != "suite.test_laws" or "lawful_key" not in metafunc.fixturenames:
        return
    from suite.cells import cells_of
    from suite.concepts import concepts

    prepared = _prepared(metafunc.config)
    params = [
        pytest.param(key, id=str(key), marks=pytest.mark.xdist_group(f"{name}-{dtype}"))
        for name, dtype in prepared.todo
        for key in cells_of(concepts()[name], dtype, prepared.target, prepared.plan.laws)
    ]
    metafunc.parametrize("lawful_key", params)


def _prepared(config: pytest.Config) -> Any:
    """One target for the whole session."""
    if not hasattr(config, "_lawful_prepared"):
        from suite.known import KnownError
        from suite.session import Request, UsageError, prepare
        from suite.targets.library import TargetError

        option = config.getoption
        if option("--lawful-target") is None:
            raise pytest.UsageError("lawful: which library? give --lawful-target numpy, torch, FILE.py or a module")
        try:
            request = Request(
                option("--lawful-target"), tuple(option("--lawful-concept")), tuple(option("--lawful-law")),
                tuple(option("--lawful-dtype")), option("--lawful-device"), option("--lawful-profile"),
                int(option("--lawful-seed")), 1, tuple(option("--lawful-known")),
            )  # fmt: skip
            config._lawful_prepared = prepare(request)  # type: ignore[attr-defined]
        except (UsageError, TargetError, KnownError, ValueError) as error:
            raise pytest.UsageError(f"lawful: {error}") from error
        config._lawful_judged = {}  # type: ignore[attr-defined]
    return config._lawful_prepared  # type: ignore[attr-defined]


@pytest.fixture
def lawful_cell(request: pytest.FixtureRequest, lawful_key: Any) -> Any:
    """The judged cell; its group is judged once, when the first of its cells is asked for."""
    from suite.audit import judge_group
    from suite.session import confirm

    prepared = _prepared(request.config)
    judged: dict[tuple[str, str], Any] = request.config._lawful_judged  # type: ignore[attr-defined]
    if lawful_key.group not in judged:
        (group,) = confirm([judge_group(lawful_key.group, prepared.target, prepared.plan)], prepared.request)
        judged[lawful_key.group] = {(c.law, c.route): c for c in group.cells}
    return judged[lawful_key.group][lawful_key.law, lawful_key.route]
