# test_stalls.py - a disk that stands still: verdicts and answers go on beside it, and what waits for it is not lost.
# SPDX-License-Identifier: MIT
import re
import threading

import pytest

from support import wait_until
from support.stall import Stall
from support.swift import begin, begun, ended, post, publishing, show

LOSSES = ("late", "future", "queue", "failed", "step")


def metric(world, name):
    return int(re.search(rf"^{re.escape(name)} (\d+)$", world.api("GET", "/metrics").text, re.M)[1])


def lost(world):
    return {why: metric(world, f'verdict_archive_values_lost_total{{why="{why}"}}') for why in LOSSES}


def queue(world, name):
    return next(rule for rule in show(world, name)["rules"] if rule["name"] == "queue")["verdict"]


@pytest.fixture(name="stall")
def make_stall(world):
    """The daemon of `world` with a disk that can stand still."""
    begin(world, observe="1h", at_most="2h", edit=lambda text: text.replace('resolution = "100ms";', ""))
    stall = Stall(world)
    stall.restart(world.programs["verdictd"])
    wait_until(lambda: stall["turns"] > 0, 5, "its loop turns, and is timed")
    assert stall["loop_syncs"] > 0, "its start, which may wait, is counted"
    stall.begin()
    return stall


def test_series_files_that_hang(world, stall):
    with publishing(world) as said:
        name = begun(world, "2.0.0")
        wait_until(lambda: queue(world, name) == "pass", 15, "values come")
        stall["holds_files"] = 1
        wait_until(lambda: stall["held_files"] > 0, 30, "a series file is being written, and hangs")
        written, taken = metric(world, "verdict_archive_values_total"), metric(world, "verdict_values_total")
        said[0] = '{"lag": 300}'
        wait_until(lambda: world.split() == 0, 5, "values are judged, and the candidate is taken back")
        assert ended(world, name)["exit_code"] == 3
        assert metric(world, "verdict_values_total") > taken, "values are still taken"
        assert metric(world, "verdict_archive_values_total") == written and metric(world, "verdict_archive_values_waiting") > 0, "what waits is told"
        assert stall["held_files"] == 1, "the one thread that writes still hangs"
        stall["holds_files"] = 0
    wait_until(lambda: metric(world, "verdict_archive_values_waiting") == 0, 30, "what waited is written")
    assert metric(world, "verdict_archive_values_total") > written and lost(world) == dict.fromkeys(LOSSES, 0)
    assert stall["loop_files"] == 0, "the loop opens no series file"


def test_a_journal_that_hangs(world, stall):
    answers = []
    with publishing(world):
        stall["holds_syncs"] = 1
        asking = threading.Thread(target=lambda: answers.append(post(world, "2.0.0").status), daemon=True)
        asking.start()
        wait_until(lambda: stall["held_syncs"] > 0, 10, "the journal is being written, and hangs")
        turns = stall["turns"]
        for path in ("/healthz", "/v1/deployments", "/metrics"):
            assert world.api("GET", path).status == 200, path
        assert stall["turns"] > turns and not answers, "the loop goes on; what is not durable is not answered"
        stall["holds_syncs"] = 0
        asking.join(10)
    assert answers == [201]
    assert stall["loop_syncs"] == 0, "the loop syncs nothing"
