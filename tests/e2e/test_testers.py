# test_testers.py - testers and smoke tests at the candidate through the front door, before any user is.
# SPDX-License-Identifier: MIT
import urllib.request

from support import wait_until
from support.swift import begin, begun, ended, publishing, show

SMOKE = """smoke_tests: { front: { base_url = "http://127.0.0.1:USERS";  settle = "10ms";  timeout = "1s";  attempts = 5;  every = "100ms";
  checks: { version: { get = "/version";  headers = { X-Tester = "1"; };  expect = "json('.version') == version"; }; }; };
  basic:"""


def answer(world, **headers):
    """The version that the front door's answer names."""
    request = urllib.request.Request(f"{world.users_url}/version", headers=headers)
    with urllib.request.urlopen(request, timeout=5) as said:
        return said.read().decode()


def rules_with_testers(world):
    """The swift strategy, with testers and a person's word before the first user."""
    def edit(text):
        steps = '{ command = "deploy"; }, { route = "0%"; }, { smoke = "front"; }, { approve = "sre";  timeout = "1m"; },'
        assert text.count('{ command = "deploy"; },') == 1
        return text.replace('{ command = "deploy"; },', steps).replace("smoke_tests: { basic:", SMOKE.replace("USERS", str(world.users_port)))
    return edit


def waiting(world, green):
    """A deployment that waits for a person, or has ended; `green`: the version that is really there."""
    begin(world, haproxy="testers", more="testers = true;", edit=rules_with_testers(world))
    assert world.deploy("green", green).returncode == 0
    world.wait_backends("blue", "green")
    name = begun(world, "2.0.0")
    wait_until(lambda: show(world, name)["done"] or show(world, name)["step_state"] == "waiting", 15, "a person is asked")
    return name


def test_testers_come_first_and_leave_with_the_way_back(world):
    name = waiting(world, "2.0.0")
    assert all("2.0.0" in answer(world, **{"X-Tester": "1"}) for _ in range(10))
    assert all("2.0.0" in answer(world, Cookie="tester=ann") for _ in range(10))
    assert all("1.0.0" in answer(world) for _ in range(30)), "no user is there yet"
    assert world.split() == 0
    assert world.api("POST", f"/v1/deployments/{name}/approvals", {"decision": "reject", "comment": "no"}).status == 200
    assert ended(world, name)["state"] == "rolled_back"
    assert all("1.0.0" in answer(world, **{"X-Tester": "1"}) for _ in range(10)), "testers are taken away too"


def test_users_follow_testers(world):
    with publishing(world):
        name = waiting(world, "2.0.0")
        assert world.api("POST", f"/v1/deployments/{name}/approvals", {"decision": "approve"}).status == 200
        assert ended(world, name)["state"] == "promoted"
    assert "2.0.0" in answer(world) and "2.0.0" in answer(world, **{"X-Tester": "1"})


def test_a_smoke_test_by_the_front_door_keeps_users_away(world):
    name = waiting(world, "1.9.9")
    end = ended(world, name)
    assert (end["state"], end["exit_code"]) == ("rolled_back", 3), end["summary"]
    assert all("1.0.0" in answer(world) for _ in range(10))
    assert "1.0.0" in answer(world, **{"X-Tester": "1"})
