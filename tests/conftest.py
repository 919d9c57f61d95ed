"""What several test files share."""

import pytest

pytest.register_assert_rewrite("cli_helpers", "stated")  # a helper's assertion says as much as a test's
