# conftest.py - what every end-to-end test can ask for.
# SPDX-License-Identifier: MIT
import pytest

from support.fixtures import add_logs, shared_world, world  # noqa: F401


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):  # pylint: disable=unused-argument
    outcome = yield
    add_logs(item, outcome.get_result())
