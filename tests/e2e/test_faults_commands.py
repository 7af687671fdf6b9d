# test_faults_commands.py - commands that fail, hang, are missing or not allowed: what had an effect is taken back.
# SPDX-License-Identifier: MIT
import os

import pytest

from support import wait_until
from support.swift import allow, begin, begun, ended, publishing, swift_rules


def test_command_that_is_not_allowed(world):
    other = world.write("commands/other", "#!/bin/sh\nexit 0\n", 0o700)
    begin(world, script="exit 0")
    world.write("rules.d/shop.rules", swift_rules(world, script=other))
    world.programs["verdictd"].restart()
    end = ended(world, begun(world, "2.0.0"))
    assert (end["state"], end["exit_code"], end["ending"]) == ("rejected", 5, "refused")
    assert "allow" in end["why"], end["why"]


def test_command_that_is_missing(world):
    begin(world)
    missing = world.path("commands", "missing")
    world.write("runner.conf", allow(world, missing))
    world.programs["verdict-runner"].restart()
    world.write("rules.d/shop.rules", swift_rules(world, script=missing))
    world.programs["verdictd"].restart()
    wait_until(lambda: "[+]runner" in world.api("GET", "/readyz?verbose").text, 5, "the runner is there")
    end = ended(world, begun(world, "2.0.0"))
    assert (end["state"], end["exit_code"], end["ending"]) == ("rejected", 5, "refused"), end["summary"]
    assert missing in end["why"], end["why"]


def test_command_that_fails(world):
    begin(world, script="echo no such image; exit 1")
    end = ended(world, begun(world, "2.0.0"))
    assert (end["state"], end["exit_code"], end["ending"]) == ("rolled_back", 3, "action_failed")
    assert "no such image" in end["why"] and "status 1" in end["why"], end["why"]
    assert world.split() == 0


def test_command_that_fails_does_not_quarantine(world):
    begin(world, script=f"test -e {world.path('fixed')}")
    assert ended(world, begun(world, "2.0.0"))["state"] == "rolled_back"
    world.write("fixed", "")
    with publishing(world):
        assert ended(world, begun(world, "2.0.0"))["state"] == "promoted"


def test_command_that_asks_for_another_try(world):
    tries = world.path("tries")
    begin(world, script=f"echo $VERDICT_KEY >> {tries}\ntest $(wc -l < {tries}) -ge 3 || exit 75")
    with publishing(world):
        assert ended(world, begun(world, "2.0.0"))["state"] == "promoted"
    with open(tries, encoding="ascii") as file:
        keys = file.read().split()
    assert len(keys) == 3 == len(set(keys)), keys


@pytest.mark.parametrize("repeat", ["unsafe", "idempotent"])
def test_command_that_hangs(world, repeat):
    runs = world.path("runs")
    begin(world, script=f"echo $$ >> {runs}\nexec sleep 300", timeout="1s", command=f'repeat = "{repeat}";' + (' tries = 2;' if repeat == "idempotent" else ""))
    end = ended(world, begun(world, "2.0.0"), 18)
    assert (end["state"], end["ending"]) == ("rolled_back", "action_failed"), end["summary"]
    assert "deadline" in end["why"], end["why"]
    with open(runs, encoding="ascii") as file:
        pids = [int(word) for word in file.read().split()]
    assert len(pids) == 1, "a command that was stopped is not started again"
    assert not any(os.path.exists(f"/proc/{pid}") for pid in pids), "none outlives the deployment (S18)"
