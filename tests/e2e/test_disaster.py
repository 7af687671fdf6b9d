# test_disaster.py - a rollback that cannot restore health: people are called, and disaster recovery is run once.
# SPDX-License-Identifier: MIT
import os

from support import wait_until
from support.health import well_while
from support.swift import allow, begin, begun, publishing, show, swift_rules

SMOKE = """smoke_tests: {
  alive: { base_url = "http://127.0.0.1:PORT";  settle = "10ms";  timeout = "1s";  attempts = 2;  every = "100ms";
  checks: { health: { get = "/healthz";  expect = "status == 200"; }; }; };"""


def begin_with(world, port, script):
    """`script` is the disaster-recovery command; each run of it is a line of the file `runs`."""
    command = world.write("commands/recover", f'#!/bin/sh\necho "$VERDICT_COMMAND $VERDICT_DEPLOYMENT" >> {world.path("runs")}\n{script}\n', 0o700)
    begin(world)
    world.write("runner.conf", allow(world, world.path("commands", "quick"), command))
    world.programs["verdict-runner"].restart()
    text = swift_rules(world, observe="1h", at_most="2h").replace("commands: {", f'commands: {{ disaster: {{ exec = [ "{command}" ];  timeout = "10s"; }};', 1)
    text = text.replace('rules: { triggers', 'rules: { smoke_tests = [ "alive" ];  triggers')
    world.write("rules.d/shop.rules", text.replace("smoke_tests: {", SMOKE.replace("PORT", str(port)), 1))
    world.programs["verdictd"].restart()
    wait_until(lambda: "[+]runner" in world.api("GET", "/readyz?verbose").text, 5, "the runner is there")


def runs(world):
    path = world.path("runs")
    return open(path, encoding="utf-8").read().splitlines() if os.path.exists(path) else []


def going_back(world):
    name = begun(world, "2.0.0")
    wait_until(lambda: show(world, name)["share"] > 0, 8, "it has traffic")
    assert world.api("POST", f"/v1/deployments/{name}/abort", {"reason": "people complain"}).status == 200
    return name


def is_back(world, name):
    return show(world, name)["state"] == "rolled_back"


def test_a_rollback_that_cannot_restore_health(world):
    well = world.path("well")
    with well_while(well) as port, publishing(world):
        world.start_receiver()
        begin_with(world, port, f"touch {well}")
        name = going_back(world)
        wait_until(lambda: is_back(world, name), 20, "stable is well again, and that ends it")
        end = show(world, name)
        assert (end["ending"], end["escalated"], end["exit_code"]) == ("aborted", True, 3), end
        assert runs(world) == [f"disaster {name}"]
        told = world.verdict("report", name).stdout
        for words in ("escalated: it needs a person", "disaster recovery begins", "disaster recovery ended well"):
            assert words in told, told
        wait_until(lambda: "disaster_recovery_ended" in str(world.notices()), 10, "people hear of it")
        kinds = str(world.notices())
        assert kinds.index("escalated") < kinds.index("disaster_recovery_started") < kinds.index("disaster_recovery_ended")
        assert told.index("disaster recovery begins") < told.index("disaster recovery ended well") and world.split() == 0


def test_once_over_a_kill_of_the_daemon(world):
    well = world.path("well")
    with well_while(well) as port, publishing(world):
        begin_with(world, port, "sleep 2")
        name = going_back(world)
        wait_until(lambda: len(runs(world)) == 1, 15, "disaster recovery runs")
        world.programs["verdictd"].kill()
        world.programs["verdictd"].start()
        wait_until(lambda: "disaster recovery ended well" in world.verdict("report", name).stdout, 15, "it is found by its key")
        assert show(world, name)["state"] == "rolling_back" and show(world, name)["exit_code"] == 4
        open(well, "w", encoding="utf-8").close()
        wait_until(lambda: is_back(world, name), 20, "stable is well again")
        assert len(runs(world)) == 1, runs(world)


def test_a_way_back_that_takes_too_long(world):
    """The proxy is away: past its deadline disaster recovery is run, once; what it does not mend is tried on."""
    well = world.path("well")
    open(well, "w", encoding="utf-8").close()
    with well_while(well) as port, publishing(world):
        begin_with(world, port, "exit 1")
        name = begun(world, "2.0.0")
        wait_until(lambda: show(world, name)["share"] > 0, 8, "it has traffic")
        world.programs["haproxy"].stop()
        assert world.api("POST", f"/v1/deployments/{name}/abort", {"reason": "no"}).status == 200
        wait_until(lambda: "disaster recovery ended badly" in world.verdict("report", name).stdout, 25, "its deadline passed")
        assert show(world, name)["escalated"] and len(runs(world)) == 1
        world.start_haproxy()
        wait_until(lambda: is_back(world, name), 30, "the proxy is there again")
        assert len(runs(world)) == 1 and world.split() == 0
