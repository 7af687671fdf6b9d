# test_recreate.py - one place, no lever: the new version takes it, and what that cost the users is measured and told.
# SPDX-License-Identifier: MIT
import threading
import time

import world_config
from support import wait_until
from support.rules import deployment, shop_rules, start
from world import get

IN_PLACE = """strategies: {
  in-place: { kind = "recreate";  steps = ( { command = "deploy"; }, { smoke = "basic"; }, { watch = "1s";  at_most = "20s"; } ); };
};
"""

COMMANDS = """deploy: { exec = [ "FOLDER/deploy", "STATE" ];  timeout = "20s";  repeat = "idempotent";
                      undo: { exec = [ "FOLDER/back" ];  timeout = "20s"; }; };"""


class Users:
    """Somebody who asks the place again and again: the longest time without an answer, in all."""

    def __init__(self, port):
        self.url, self.over, self.gaps = f"http://127.0.0.1:{port}/healthz", threading.Event(), []
        self.thread = threading.Thread(target=self.ask, daemon=True)

    def ask(self):
        since = None
        while not self.over.wait(0.02):
            try:
                is_well = get(self.url).status == 200
            except OSError:
                is_well = False
            if not is_well and since is None:
                since = time.monotonic()
            elif is_well and since is not None:
                self.gaps.append(time.monotonic() - since)
                since = None

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_rest):
        self.over.set()
        self.thread.join(10)


def begin(world):
    assert world.deploy("blue", "1.0.0").returncode == 0
    back = world.write("commands/back", f"#!/bin/sh\nVERDICT_VERSION=$VERDICT_PREVIOUS exec {world.commands}/deploy {world.state}\n", 0o700)
    world.start_receiver()
    world.start_runner(world_config.runner_text(world).replace("allow = (", f'allow = ( [ "{back}" ], '))
    rules = shop_rules(world, strategy="in-place", rules='smoke_tests = [ "basic" ];', traffic=False, commands=COMMANDS, slots="blue")
    world.start_daemon(rules={"shop.rules": rules, "more.rules": IN_PLACE})
    adopted = world.verdict("adopt", "shop/prod", "--slot", "blue", "--version", "1.0.0", "--reason", "the first one")
    assert adopted.returncode == 0, adopted.stderr


def run(world, version):
    """Deploys it under the users' eyes; what the API shows at the end, and how long they had no answer."""
    with Users(world.slots["blue"]) as users:
        start(world, version)
        wait_until(lambda: deployment(world)["done"], 60, "the deployment is over")
        wait_until(lambda: get(users.url).status == 200, 10, "somebody answers")
        time.sleep(0.1)  # the users' next question
    return deployment(world), sum(users.gaps)


def assert_told(world, end, gap):
    """The figure is an upper bound of what the users saw, and of the same order."""
    assert gap <= end["downtime_s"] + 0.2 and end["downtime_s"] <= 10 * gap + 5, (end["downtime_s"], gap)
    assert "nothing served for " in end["summary"], end["summary"]
    report = world.verdict("explain", end["id"]).stdout
    assert "  downtime    " in report and "it serves again: nothing did for " in report, report
    kind = {"promoted": "verdict.deployment.promoted", "rolled_back": "verdict.deployment.rolled_back"}[end["state"]]
    told = lambda: [notice["body"]["data"] for notice in world.notices() if notice["body"]["type"] == kind]
    wait_until(told, 10, "people hear of the end")
    assert told()[0]["downtime_s"] == end["downtime_s"], told()


def test_downtime_of_a_good_version_is_measured(world):
    begin(world)
    world.set_versions({"2.0.0": {"start-delay": "1500ms"}})
    end, gap = run(world, "2.0.0")
    assert (end["state"], end["exit_code"]) == ("promoted", 0), end["summary"]
    assert gap >= 1.5
    assert_told(world, end, gap)


def test_downtime_of_a_bad_version_includes_the_way_back(world):
    begin(world)
    world.set_versions({"2.0.0": {"unhealthy": True}, "default": {"start-delay": "500ms"}})
    end, gap = run(world, "2.0.0")
    assert (end["state"], end["ending"], end["exit_code"]) == ("rolled_back", "failed", 3), end["summary"]
    assert gap >= 0.5
    assert_told(world, end, gap)
