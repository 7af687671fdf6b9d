# test_shadow.py - the strategy shadow on nginx: copies of users' requests, whose answers nobody gets; then away with it, or on.
# SPDX-License-Identifier: MIT
import re
import urllib.request

from support import wait_until
from support.levers import Nginx, start_all
from support.rules import deployment, start

TRIAL = """
strategies: {
  trial: { kind = "shadow";
    steps = ( { command = "deploy"; }, { smoke = "basic"; }, { mirror = "50%";  observe = "3s";  at_most = "20s"; },
              { mirror = "100%";  observe = "3s";  at_most = "20s"; } ); };
  onward: { kind = "shadow";
    steps = ( { command = "deploy"; }, { smoke = "basic"; }, { mirror = "100%";  observe = "3s";  at_most = "20s"; },
              { route = "50%";  observe = "3s";  at_most = "20s"; }, { route = "100%";  watch = "3s";  at_most = "20s"; } ); };
  long: { kind = "shadow"; steps = ( { command = "deploy"; }, { smoke = "basic"; }, { mirror = "100%";  observe = "2m"; } ); };
};
"""


def begin(world, strategy="trial"):
    lever = Nginx(world, mirror="mirror /copy;  ")
    start_all(world, lever, strategy=strategy, more_rules=TRIAL)
    return lever


def failed(world):
    counts = world.counts()
    return counts["connection_errors"] + sum(n for statuses in counts["by_version"].values() for status, n in statuses.items() if int(status) >= 500)


def served(world):
    """Requests that green answered, whoever got the answers."""
    with urllib.request.urlopen(f"http://127.0.0.1:{world.slots['green']}/metrics", timeout=5) as answer:
        lines = re.findall(r"(?m)^http_requests_total\{.*\} ([0-9.e+]+)$", answer.read().decode())
    return sum(float(line) for line in lines)


def expect_no_trace(world, lever, version):
    """No user had an answer of it, none failed, and nothing is copied any more."""
    assert failed(world) == 0, world.counts()
    assert version not in world.counts()["by_version"]
    assert lever.marker() == (0, 0)
    wait_until(lambda: served(world) == served(world), 10, "the last copies are answered")
    before, users = served(world), world.counts()["by_version"]["1.0.0"]["200"]
    wait_until(lambda: world.counts()["by_version"]["1.0.0"]["200"] > users + 100, 20, "users go on")
    assert served(world) == before


def test_good_version_is_tried_and_taken_away(world):
    lever = begin(world)
    done = world.verdict("start", "shop/prod", "--version", "2.0.0", "--wait", "--timeout", "120s")
    assert done.returncode == 8, done.stdout + done.stderr
    end = deployment(world)
    assert (end["state"], end["ending"], end["exit_code"], end["share"], end["mirror"]) == ("rolled_back", "passed", 8, 0, 0)
    assert served(world) > 100, "copies of users' requests came there"
    expect_no_trace(world, lever, "2.0.0")
    kinds = [notice["body"]["type"] for notice in world.notices()]
    assert "verdict.deployment.tried" in kinds and "verdict.deployment.rollback_started" not in kinds
    again = world.verdict("start", "shop/prod", "--version", "2.0.0")
    assert again.returncode == 0, "it may come again: " + again.stderr


def test_bad_version_hurts_nobody(world):
    lever = begin(world)
    done = world.verdict("start", "shop/prod", "--version", "3.0.0-bad", "--wait", "--timeout", "120s")
    assert done.returncode == 3, done.stdout + done.stderr
    assert (deployment(world)["state"], deployment(world)["ending"]) == ("rolled_back", "failed")
    expect_no_trace(world, lever, "3.0.0-bad")
    assert world.verdict("start", "shop/prod", "--version", "3.0.0-bad").returncode == 2, "it is in quarantine"


def test_what_was_fine_goes_on(world):
    lever = begin(world, "onward")
    done = world.verdict("start", "shop/prod", "--version", "2.0.0", "--wait", "--timeout", "120s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (deployment(world)["state"], lever.marker()) == ("promoted", (10000, 0))
    assert failed(world) == 0, world.counts()
    assert world.counts()["by_version"]["2.0.0"]["200"] > 0


def test_copies_end_although_the_daemon_was_killed(world):
    lever = begin(world, "long")
    start(world, "2.0.0")
    wait_until(lambda: deployment(world)["mirror"] == 100, 30, "everything is copied")
    world.programs["verdictd"].kill()
    world.programs["verdictd"].start()
    wait_until(lambda: deployment(world)["mirror"] == 100 and lever.marker() == (0, 10000), 20, "it goes on")
    assert world.verdict("promote", "shop/prod", "--full", "--reason", "now").returncode == 2, "a trial has nothing to promote"
    assert world.verdict("abort", "shop/prod", "--reason", "enough").returncode == 0
    wait_until(lambda: deployment(world)["state"] == "rolled_back", 30, "it is taken back")
    assert deployment(world)["exit_code"] == 3
    expect_no_trace(world, lever, "2.0.0")
