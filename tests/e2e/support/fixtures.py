# fixtures.py - a World for one test or for a whole file; its logs are shown and kept when a test fails.
# SPDX-License-Identifier: MIT
import os
import re

import pytest

from . import World

LIVING = []


def _world():
    world = World()
    LIVING.append(world)
    try:
        yield world
    finally:
        world.stop()
        LIVING.remove(world)


@pytest.fixture
def world():
    """A world of the test's own; nothing runs in it yet."""
    yield from _world()


@pytest.fixture(scope="module")
def shared_world():
    """One world for all tests of a file; nothing runs in it yet."""
    yield from _world()


def add_logs(item, report):
    """For conftest: a failed test's report shows the end of every log; the whole logs go to BUILD_DIR/e2e-logs/TEST."""
    if not report.failed or report.when == "teardown":
        return
    for number, world in enumerate(LIVING):
        name = re.sub(r"[^A-Za-z0-9_-]+", "_", f"{item.name}-{number}")
        folder = os.path.join(world.build, "e2e-logs", name)
        world.keep_logs(folder)
        report.sections.append((f"logs of the world, kept in {folder}", world.log_tails()))
