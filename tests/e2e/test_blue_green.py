# test_blue_green.py - a gradual switch, each share validated before the next; and the triggers that come along where nobody named any.
# SPDX-License-Identifier: MIT
from support import wait_until
from support.rules import COMMANDS, deployment, start, start_all

SWITCH = """strategies: {
  gradual: { kind = "blue_green";  switch = [ "25%", "50%", "100%" ];  observe = "3s";  watch = "3s";
    after: { retire = "stable";  delay = "1s"; }; };
  at-once: { kind = "blue_green";  watch = "60s"; };
};
"""

WARM = COMMANDS + ' warm-up: { exec = [ "FOLDER/deploy", "STATE" ];  timeout = "20s";  repeat = "idempotent"; };'
BESIDE = 'baselines = [ "beside" ];  triggers = [ "errors" ];  smoke_tests = [ "basic" ];'


def test_every_increment_is_validated_before_the_next(world):
    start_all(world, strategy="gradual", rules=BESIDE, commands=WARM, more_rules=SWITCH)
    name = start(world, "2.0.0")
    wait_until(lambda: deployment(world)["share"] == 25, 20, "the first share is confirmed")
    wait_until(lambda: deployment(world)["share"] == 50, 30, "it passed")
    rules = {rule["name"]: rule["verdict"] for rule in deployment(world)["rules"]}
    assert set(rules) == {"beside/error_rate", "errors"}, rules
    assert world.split() == 5000
    wait_until(lambda: deployment(world)["done"], 60, "the deployment is over")
    end = deployment(world)
    assert (end["state"], end["exit_code"]) == ("promoted", 0), end["summary"]
    texts = [step["text"] for step in end["steps"]]
    assert texts[:3] == ["command deploy", "smoke test basic", "command warm-up"], texts
    assert texts[3:] == ["route 25 %", "observe for 3s", "route 50 %", "observe for 3s", "route 100 %", "watch for 3s"], texts
    assert world.split() == 10000
    wait_until(lambda: not world.shop("blue").running(), 15, "the old slot is retired")
    counts = world.counts()
    assert counts["connection_errors"] == 0 and set(counts["by_status"]) == {"200"}, counts
    told = world.verdict("explain", name)
    assert told.returncode == 0 and told.stdout.index("confirmed at 25 %") < told.stdout.index("confirmed at 50 %") < told.stdout.index("confirmed at 100 %"), told.stdout


def test_bad_version_never_gets_the_second_share(world):
    start_all(world, strategy="gradual", rules=BESIDE, commands=WARM, more_rules=SWITCH)
    name = start(world, "3.0.0-bad")
    wait_until(lambda: deployment(world)["done"], 60, "the deployment is over")
    end = deployment(world)
    assert (end["state"], end["ending"], end["exit_code"]) == ("rolled_back", "failed", 3), end["summary"]
    told = world.verdict("explain", name).stdout
    assert "confirmed at 25 %" in told and "confirmed at 50 %" not in told and "confirmed at 0 %" in told, told
    assert world.split() == 0
    counts = world.counts()
    others = {version: statuses for version, statuses in counts["by_version"].items() if version != "3.0.0-bad"}
    assert counts["connection_errors"] == 0 and all(set(statuses) == {"200"} for statuses in others.values()), counts


def test_a_default_trigger_takes_it_back(world):
    """No rules are named and no source is there: what HAProxy counts is judged all the same."""
    start_all(world, prometheus=False, broker=False, strategy="at-once", rules='smoke_tests = [ "basic" ];', more_rules=SWITCH)
    name = start(world, "3.0.0-bad")
    wait_until(lambda: deployment(world)["share"] == 100, 20, "all users are with it")
    assert [rule["name"] for rule in deployment(world)["rules"]] == ["default-errors", "default-latency", "default-availability"]
    wait_until(lambda: all(rule["verdict"] == "pass" for rule in deployment(world)["rules"][1:]), 15, "it is fast, and its servers are up")
    wait_until(lambda: deployment(world)["done"], 60, "the deployment is over")
    end = deployment(world)
    assert (end["state"], end["ending"], end["exit_code"]) == ("rolled_back", "failed", 3), end["summary"]
    assert "rule default-errors failed (avg(lb_errors, 30s) > 5% for 10s" in end["summary"], end["summary"]
    assert world.split() == 0
    assert "default-availability: lb_up < 99% for 10s" in world.verdict("explain", name).stdout
    counts = world.counts()
    others = {version: statuses for version, statuses in counts["by_version"].items() if version != "3.0.0-bad"}
    assert counts["connection_errors"] == 0 and all(set(statuses) == {"200"} for statuses in others.values()), counts
