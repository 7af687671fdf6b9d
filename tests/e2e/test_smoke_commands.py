# test_smoke_commands.py - smoke tests that are commands: a good one, a bad one, one that hangs, one that cannot say, one that may not run.
# SPDX-License-Identifier: MIT
import pytest
from support.swift import allow, begin, begun, ended, post, publishing, swift_rules

CHECK = 'room: { exec = [ "PATH/commands/room", "{{address}}" ];  expect = "EXPECT"; }; '
STEPS = '{ command = "deploy"; }, { smoke = "basic"; }, '


def rules(world, expect):
    text = swift_rules(world).replace('checks: { health', "checks: { " + CHECK.replace("PATH", world.path()).replace("EXPECT", expect) + "health")
    return text.replace('{ command = "deploy"; }, ', STEPS)


def begin_with(world, room, expect="exit == 0", is_allowed=True):
    begin(world)
    path = world.write("commands/room", f'#!/bin/sh\n[ "$VERDICT_SLOT" = green ] || exit 0\n{room}\n', 0o700)
    if is_allowed:
        text = allow(world, world.path("commands", "quick")).replace("allow = (", f'allow = ( [ "{path}", "*" ], ')
        world.write("runner.conf", text)
        world.programs["verdict-runner"].restart()
    world.write("rules.d/shop.rules", rules(world, expect))
    world.programs["verdictd"].restart()


def told(world, end):
    """What the report says that happened."""
    return world.api("GET", f"/v1/deployments/{end['id']}/report?format=text").text


def test_what_it_says_lets_it_through(world):
    said = world.path("said")
    room = f'echo "$1 $VERDICT_ADDRESS $VERDICT_VERSION $VERDICT_SLOT $VERDICT_COMMAND" >> {said}\necho "{{\\"free\\": 20, \\"of\\": \\"$VERDICT_VERSION\\"}}"'
    begin_with(world, room, "exit == 0 and time < 1s and output =~ 'free' and json('.free') > 10 and json('.of') == version")
    with publishing(world):
        end = ended(world, begun(world, "2.0.0"))
    assert end["state"] == "promoted", end
    address = f'127.0.0.1:{world.slots["green"]}'
    with open(said, encoding="ascii") as file:
        assert file.read() == f"{address} {address} 2.0.0 green room\n"


@pytest.mark.parametrize("room, why", [
    ("echo 'disk is full'; exit 1", "exit 1: 'disk is full'"),
    ("sleep 300", "ran past the timeout"),
])
def test_back_before_users_see_it(world, room, why):
    begin_with(world, room)
    with publishing(world):
        end = ended(world, begun(world, "2.0.0"), 30)
    assert end["state"] == "rolled_back" and end["exit_code"] == 3, end
    assert "room at 127.0.0.1" in told(world, end) and why in told(world, end), told(world, end)
    assert world.split() == 0


def test_what_cannot_say_is_no_verdict_on_the_version(world):
    begin_with(world, "exit 75", "exit == 75 or exit == 0")
    with publishing(world):
        end = ended(world, begun(world, "2.0.0"), 30)
    assert end["state"] == "rolled_back" and end["exit_code"] != 3, end
    assert "cannot say now" in told(world, end), told(world, end)


def test_what_the_runner_does_not_allow_is_refused_at_the_door(world):
    begin_with(world, "exit 0", is_allowed=False)
    asked = world.verdict("rehearse", "shop/prod", "--version", "2.0.0")
    assert asked.returncode != 0 and "smoke test basic/room" in asked.stdout + asked.stderr, asked.stdout + asked.stderr
    with publishing(world):
        end = ended(world, post(world, "2.0.0").json["id"])
    assert end["state"] == "rejected" and "smoke test basic/room could not run" in told(world, end), told(world, end)
