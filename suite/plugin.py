"""The pytest face of an audit: ``pytest --pyargs suite --lawful-target torch``.

Hypothesis's seed, ``max_examples`` of a profile that was chosen, and its example database count here.
Installed as a module of its own (an entry point), so that it can say so when a package of the
user's, also called ``suite``, hides the one that it came with.
"""

import importlib
import importlib.util
import re
import warnings
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

OPTIONS = (
    ("target", "the library to audit: numpy, torch, a .py file or a module"),
    ("profile", "quick (default), ci or thorough"),
    ("seed", "the seed of the draws (default: that of --hypothesis-seed, or 0)"),
    ("device", "cpu (default) or cuda"),
)
REPEATED = (
    ("concept", "only this concept"),
    ("law", "only this law"),
    ("dtype", "only this format"),
    ("known", "a TOML file of known findings"),
)
OURS = "test_laws.py::test_law["
DEFAULTS = {"target": None, "profile": "quick", "seed": None, "device": "cpu"}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("lawful", "audit a library with lawful")
    for name, text in OPTIONS:
        group.addoption(f"--lawful-{name}", default=DEFAULTS[name], type=int if name == "seed" else str, help=text)
    for name, text in REPEATED:
        group.addoption(f"--lawful-{name}", action="append", default=[], help=f"{text} (repeatable)")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Last: a profile of Hypothesis's is loaded by its own plugin, or by a conftest.py."""
    config.addinivalue_line("markers", "xdist_group(name): cells that share their draws run in one worker")
    if config.getoption("--lawful-target") is None:
        return
    found = importlib.util.find_spec("suite")
    if found is None or found.origin is None or not Path(found.origin).with_name("test_laws.py").exists():
        raise pytest.UsageError(
            f"lawful: the package 'suite' found here is {found.origin if found else 'missing'}, not lawful's: "
            "a package of yours hides it; run pytest from another folder"
        )
    _prepared(config)
    config.pluginmanager.register(Judged(config))


class Judged:
    """Whether any cell was judged: where a target is named, a session that judged none of it is not green.

    What the user deselected is not missed. Under xdist reports reach the controller; what was deselected its workers
    tell when they end.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.judged = self.deselected = 0
        self.reasons: list[str] = []  # of the items that were skipped

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self.deselected += sum(OURS in item.nodeid for item in items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.deselected += getattr(node, "workeroutput", {}).get("lawful_deselected", 0)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if OURS not in report.nodeid:
            return
        if report.failed or (report.when == "call" and (report.passed or hasattr(report, "wasxfail"))):
            self.judged += 1
        elif report.skipped:
            said = report.longrepr[-1] if isinstance(report.longrepr, tuple) else ""
            empty = report.nodeid.endswith("[NOTSET]")  # pytest's item where there is no cell
            self.reasons.append("no law that was asked for applies" if empty else said.removeprefix("Skipped: "))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Not a usage error: the request was met, and its answer is that nothing is known of the target."""
        if hasattr(self.config, "workeroutput"):
            self.config.workeroutput["lawful_deselected"] = self.deselected
            return
        chosen = self.deselected or self.config.getoption("lf", False) or self.config.option.collectonly
        green = session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
        if self.judged or not green or (chosen and not self.reasons):
            return
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line("")
            reporter.write_line(self.sentence(), red=True)

    def sentence(self) -> str:
        if not self.reasons:
            return "lawful: nothing was judged: no item of lawful's was collected; add --pyargs suite"
        return f"lawful: nothing was judged: every item was skipped ({len(self.reasons)}), first: {self.reasons[0]}"


def pytest_report_header(config: pytest.Config) -> str | None:
    """What the draws depend on."""
    if config.getoption("--lawful-target") is None:
        return None
    request, plan = _prepared(config).request, _prepared(config).plan
    return f"lawful: target {request.target}, profile {request.profile}, cases {plan.draws}, seed {request.seed}"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """The items of one (concept, dtype) are judged once, together: loadgroup, without a suffix to their ids."""
    if config.getoption("--lawful-target") is None or config.getoption("dist") != "load":
        return None
    scheduler = importlib.import_module("xdist.scheduler").LoadScopeScheduling(config, log)
    scheduler._split_scope = scope_of
    return scheduler


def scope_of(nodeid: str) -> str:
    """What is not ours is a scope of its own."""
    _, _, cell = nodeid.rstrip("]").partition(OURS)
    return "-".join(cell.split("-")[:2]) or nodeid


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.module.__name__ != "suite.test_laws" or "lawful_key" not in metafunc.fixturenames:
        return
    from suite.audit.cells import cells_of
    from suite.concepts import concepts

    if metafunc.config.getoption("--lawful-target") is None:
        metafunc.parametrize("lawful_key", [None], ids=["no-target"])
        return
    prepared = _prepared(metafunc.config)
    params = [
        pytest.param(key, id=str(key), marks=pytest.mark.xdist_group(f"{name}-{dtype}"))
        for name, dtype in prepared.todo
        for key in cells_of(concepts()[name], dtype, prepared.target, prepared.plan.laws)
    ]
    metafunc.parametrize("lawful_key", params)


def pytest_collection_modifyitems(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """Collection is over: an error while it lasts would be one of the tests, not of usage."""
    if not hasattr(config, "workerinput"):
        targeted(item.nodeid for item in items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(ids: Sequence[str]) -> None:
    """The same where xdist's workers collect: they cannot end the session."""
    targeted(ids)


def targeted(ids: Iterable[str]) -> None:
    if any(nodeid.endswith("test_law[no-target]") for nodeid in ids):
        raise pytest.UsageError("lawful: which library? give --lawful-target numpy, torch, FILE.py or a module")


def _prepared(config: pytest.Config) -> Any:
    """One target for the whole session."""
    if not hasattr(config, "_lawful_prepared"):
        from suite.audit.session import Request, UsageError, prepare
        from suite.findings.known import KnownError
        from suite.targets.protocol import TargetError

        option = config.getoption
        try:
            request = Request(
                option("--lawful-target"),
                tuple(option("--lawful-concept")),
                tuple(option("--lawful-law")),
                tuple(option("--lawful-dtype")),
                option("--lawful-device"),
                option("--lawful-profile"),
                _seed(config),
                None,
                tuple(option("--lawful-known")),
                _cases(config),
            )
            config._lawful_prepared = prepare(request)  # type: ignore[attr-defined]
        except (UsageError, TargetError, KnownError) as error:
            raise pytest.UsageError(f"lawful: {error}") from error
        config._lawful_judged = {}  # type: ignore[attr-defined]
    return config._lawful_prepared  # type: ignore[attr-defined]


def _seed(config: pytest.Config) -> int:
    """Hypothesis takes any text for a seed, so we do."""
    for option in ("--lawful-seed", "--hypothesis-seed"):
        given = config.getoption(option, None)
        if given is not None:
            return int(given) if re.fullmatch(r"[-+]?\d+", str(given)) else zlib.crc32(str(given).encode())
    return 0


def _cases(config: pytest.Config) -> int:
    """``max_examples`` of the profile of Hypothesis's that the user chose; 0 where none was chosen."""
    from hypothesis import settings

    cases = settings().max_examples
    # --hypothesis-verbosity derives a profile from the one that is loaded, and names it after that
    loaded = settings.get_current_profile_name().split("-with-")[0]
    own = loaded in ("default", "ci") and cases == 100  # Hypothesis's own two, as it loads them by itself
    return 0 if own and not config.getoption("--hypothesis-profile", None) else cases


def _database() -> Any:
    """Where Hypothesis keeps what failed: None on CI, and where the profile says so."""
    from hypothesis import Phase, settings

    return settings().database if Phase.reuse in settings().phases else None


@pytest.fixture
def lawful_cell(request: pytest.FixtureRequest, lawful_key: Any) -> Any:
    """The judged cell; its group is judged once, when the first of its cells is asked for."""
    from suite.audit.expected import marked
    from suite.audit.group import judge_group
    from suite.audit.session import confirm

    prepared = _prepared(request.config)
    request.node.user_properties.append(("lawful_seed", prepared.request.seed))  # to be found in --junitxml
    judged: dict[tuple[str, str], Any] = request.config._lawful_judged  # type: ignore[attr-defined]
    if lawful_key.group not in judged:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a library's warnings are not the audit's, whatever pytest makes of them
            group = judge_group(lawful_key.group, prepared.target, prepared.plan, _database())
            (group,) = confirm([marked(group, prepared.broken)], prepared.request)
        judged[lawful_key.group] = {(c.law, c.route): c for c in group.cells}
    return judged[lawful_key.group][lawful_key.law, lawful_key.route]
