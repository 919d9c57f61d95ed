"""What several test files share: helpers whose assertions say as much as a test's, and fixtures."""

import pytest
import report_samples

from suite.concepts import call_names
from suite.targets import built_in
from suite.targets.library import Library
from suite.targets.loading import load
from suite.verdict import Audit

pytest.register_assert_rewrite("cli_helpers", "stated")


@pytest.fixture
def audit() -> Audit:
    return report_samples.of_every_kind()


@pytest.fixture
def evil() -> Audit:
    return report_samples.hostile()


@pytest.fixture(params=built_in())
def library(request: pytest.FixtureRequest) -> Library:
    pytest.importorskip(request.param)
    return load(request.param, names=call_names())
