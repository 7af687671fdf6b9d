# test_run_notices.py - what is told of runs and infrastructure: who is waited for, how they end, what drifted; once, and over when it is over.
# SPDX-License-Identifier: MIT
import json
import os
import urllib.request

import pytest

import world_config
from support import wait_until
from support.swift import begin, begun, show
from support.terraform import CODE, needs_terraform
from test_event_feed import hearing
from test_iac import ASKS, Stack
from world import find

NOTIFY = 'notify: { all = [ "webhook:desk" ];  urgent = [ ]; };'
ALERTS = 'alertmanager: { ops: { url = "http://127.0.0.1:PORT"; }; };'
DRIFTS = """#!/bin/sh
# terraform itself, but for what it finds while FILE is there: built-in resources do not drift.
case "$*" in plan*-refresh-only*) is_look=1;; esac
if [ "$is_look" ] && [ -e FILE.slow ]; then
  trap 'exit 1' INT
  touch FILE.began
  while [ -e FILE.slow ]; do sleep 0.05; done
fi
if [ "$1" = show ] && [ -e FILE ] && grep -q refresh "CALLS"; then
  echo '{"format_version":"1.2","resource_drift":[{"address":"a.b","change":{"actions":["update"]}}]}'
else
  echo "$*" >"CALLS"
  exec REAL "$@"
fi
"""


def told(world):
    """The notices that the receiver took, oldest first; of infrastructure, those of one environment."""
    assert all(notice["code"] in (204, 500) for notice in world.notices()), "all of them are signed well"
    return [notice["body"] for notice in world.notices() if notice["code"] == 204 and notice["body"]["data"]["environment"] != "dev"]


def events(world, run=None):
    return [notice["data"]["event"] for notice in told(world) if run in (None, notice["data"]["run"])]


def one(world, event, run=None):
    """The data of the only one."""
    wait_until(lambda: event in events(world, run), 15, f"{event}: {events(world)}")
    found = [notice["data"] for notice in told(world) if notice["data"]["event"] == event and run in (None, notice["data"]["run"])]
    assert len(found) == 1, found
    return found[0]


@needs_terraform
def test_an_apply_is_told_from_its_approval_to_its_end(world):
    world.start_receiver()
    stack = Stack(world, more=NOTIFY, approval=ASKS.replace("timeout", "not_author = true;  timeout"))
    run = stack.begin("apply")
    plan = stack.asks(run)
    asked = one(world, "run_approval_wanted", run)
    assert asked["plan"] == f"{plan}, creates 2, updates 0, deletes 0, replaces 0; all of it: verdict logs {asked['run']} --task plan", asked
    assert asked["answer"] == f"verdict approve {run} --plan {plan}" and asked["approvers"].startswith("sre, but not "), asked
    assert (asked["stack"], asked["environment"], asked["stage"], asked["incident"], asked["need"]) == ("network", "prod", "approve", "network/prod apply", 1), asked
    assert told(world)[0]["type"] == "verdict.run.started" and told(world)[0]["subject"] == "network/prod"
    assert stack.answer(run, plan).status == 403, "who began it does not approve it"
    assert stack.answer(run, "", "fail").status == 200
    failed = one(world, "run_failed", run)
    assert failed["ends"] == ["held"] and failed["why"] == "the answer was no" and failed["stage"] == "approve", failed
    stack.change(more=NOTIFY, approval="")
    run = stack.begin("apply")
    assert stack.ended(run)["state"] == "released"
    assert one(world, "run_released", run)["ends"] == ["failed"], "what failed before is over"
    assert events(world, run) == ["run_started", "run_stage_entered", "run_stage_entered", "run_released"]
    run = stack.begin("apply")
    assert stack.ended(run)["state"] == "released"
    assert "ends" not in one(world, "run_released", run) and "run_approval_wanted" not in events(world, run)


@needs_terraform
def test_a_refused_plan_and_a_failed_apply(world):
    world.start_receiver()
    stack = Stack(world, approval="", more=NOTIFY + 'refuse_when = "creates > 1";')
    run = stack.begin("apply")
    assert stack.ended(run)["state"] == "failed"
    refused = one(world, "plan_refused", run)
    assert refused["why"] == "the plan is refused: creates > 1: creates 2" and refused["task"] == "plan", refused
    bad = CODE + 'resource "terraform_data" "bad" {\n  provisioner "local-exec" { command = "exit 3" }\n}\n'
    world.write("code/main.tf", bad)
    stack.change(approval="", more=NOTIFY)
    run = stack.begin("apply")
    assert stack.ended(run)["state"] == "failed"
    failed = one(world, "apply_failed", run)
    assert (failed["stage"], failed["task"]) == ("apply", "apply") and "run_failed" not in events(world, run), failed
    assert failed["evidence"] == f"verdict get {run}"


def active(world):
    with urllib.request.urlopen(f"http://127.0.0.1:{world.alertmanager_port}/api/v2/alerts?active=true", timeout=5) as answer:
        return json.load(answer)


def alerts(world):
    return {(one["labels"]["alertname"], one["labels"]["incident"]) for one in active(world)}


@needs_terraform
def test_alerts_fire_and_are_over_and_a_broker_hears(world):
    """The real Alertmanager and the real mosquitto."""
    world.start_broker()
    world.start_alertmanager()
    text = world_config.verdictd_text(world).replace("notifiers: {", "notifiers: {" + ALERTS.replace("PORT", str(world.alertmanager_port)) +
                                                     f' mqtt: {{ plant: {{ url = "mqtt://127.0.0.1:{world.broker_port}"; }}; }};')
    stack = Stack(world, more='notify: { all = [ "mqtt:plant" ];  urgent = [ "alertmanager:ops" ]; };')
    world.programs["verdictd"].stop()
    with hearing(world) as heard:
        world.start_daemon(text)
        run = stack.begin("apply")
        plan = stack.asks(run)
        wait_until(lambda: alerts(world) == {("VerdictHeld", "network/prod apply")}, 15, "it fires while people are waited for")
        world.programs["verdictd"].kill()
        world.programs["verdictd"].start()
        assert stack.answer(run, plan, "fail").status == 200
        wait_until(lambda: alerts(world) == {("VerdictFailed", "network/prod apply")}, 15, "one is over, and another fires")
        world.programs["verdictd"].kill()
        world.programs["verdictd"].start()
        run = stack.begin("apply")
        assert stack.answer(run, stack.asks(run)).status == 200
        assert stack.ended(run)["state"] == "released"
        wait_until(lambda: alerts(world) == set(), 15, "and all are over")
        # the stream of events is told there too
        notices = lambda: [one for one in heard() if not one["type"].startswith("verdict.event.")]
        wait_until(lambda: len(notices()) >= 8, 20, "the broker was told")
        said = notices()[:8]
    assert len({notice["id"] for notice in said}) == 8
    begins = ["run_started", "run_stage_entered", "run_approval_wanted"]
    assert [notice["data"]["event"] for notice in said] == begins + ["run_failed"] + begins + ["run_resumed"]


def test_a_restarted_alertmanager_has_what_is_open(world):
    """It keeps no alert over a restart: what is open is told again, by a daemon that was killed as well, until it is over."""
    world.start_alertmanager()
    text = world_config.verdictd_text(world).replace("notifiers: {", "notifiers: {" + ALERTS.replace("PORT", str(world.alertmanager_port)).replace('";', '";  repeat = "1s";'))
    begin(world, broker=False, observe="1h", at_most="2h", daemon=text,
          edit=lambda text: text.replace('notify: { all = [ "webhook:desk" ]; };', 'notify: { urgent = [ "alertmanager:ops" ]; };', 1))
    name = begun(world, "2.0.0")
    wait_until(lambda: show(world, name)["share"] == 10, 15, "it has traffic")
    assert world.api("POST", f"/v1/deployments/{name}/hold", {"reason": "wait"}).status == 200
    firing = lambda: {(one["labels"]["alertname"], one["labels"]["deployment"], one["startsAt"]) for one in active(world)}
    wait_until(firing, 15, "it fires")
    began = firing()
    assert {alert[:2] for alert in began} == {("VerdictHeld", name)}, began
    for dies in (False, True):
        world.programs["alertmanager"].kill()
        if dies:
            world.programs["verdictd"].kill()
        world.programs["alertmanager"].start()
        if dies:
            assert firing() == set(), "it has forgotten it"
            world.programs["verdictd"].start()
        wait_until(lambda: firing() == began, 20, "it fires again, since when it did")
    assert world.api("POST", f"/v1/deployments/{name}/resume", {"reason": "seen"}).status == 200
    wait_until(lambda: firing() == set(), 20, "it is over")
    with pytest.raises(TimeoutError):
        wait_until(lambda: firing() != set(), 3, "and stays so")


@needs_terraform
def test_once_however_often_the_daemon_dies(world):
    """Killed at any moment of the way to the approval and of its answer; the receiver is away until the end."""
    stack = Stack(world, more=NOTIFY)
    run = stack.begin("apply")
    for _ in range(4):
        world.programs["verdictd"].kill()
        world.programs["verdictd"].start()
    plan = stack.asks(run)
    world.programs["verdictd"].kill()
    world.programs["verdictd"].start()
    assert stack.answer(run, plan).status == 200
    world.programs["verdictd"].kill()
    world.programs["verdictd"].start()
    assert stack.ended(run)["state"] == "released"
    world.start_receiver("--fail-first", "1")
    wait_until(lambda: "run_released" in events(world), 60, f"all of it comes: {events(world)}")
    ids = [notice["id"] for notice in told(world)]
    assert len(ids) == len(set(ids)), "each once"
    said = events(world)
    for event in ("run_started", "run_approval_wanted", "run_resumed", "run_released"):
        assert said.count(event) == 1, said
    assert said.index("run_approval_wanted") < said.index("run_resumed") < said.index("run_released")


@needs_terraform
def test_two_persons_approve(world):
    """Distinct ones, the plan that is there, and not who began it; whoever said so stays known over a restart."""
    world.start_receiver()
    stack = Stack(world, more=NOTIFY, approval='approval: { from = [ "alice", "bob", "USER" ];  need = 2;  not_author = true; };'.replace("USER", "uid-0"))
    made = {name: world.verdict("token", "create", name, "--person", "--scope", "read,approve") for name in ("alice", "bob")}
    tokens = {name: token.stdout.strip() for name, token in made.items()}

    def say(name, plan, result="pass"):
        return world.api("POST", f"/v1/runs/{run}/tasks/approve/approve", {"result": result, "outputs": {"plan": plan}}, {"Authorization": f"Bearer {tokens[name]}"})

    run = stack.begin("apply")
    plan = stack.asks(run)
    assert "(0 of 2 so far)" in one(world, "run_approval_wanted", run)["approvers"]
    assert say("alice", "sha256:" + 64 * "0").status == 409, "a yes is for this plan"
    for _ in range(2):
        assert say("alice", plan).status == 200
        assert stack.show(run)["state"] == "waiting", "one person is one"
    task = [stage for stage in stack.show(run)["stages"] if stage["name"] == "approve"][0]["tasks"][0]
    assert (task["need"], task["approved_by"], stack.show(run)["summary"].endswith("approve (1 of 2)")) == (2, ["alice"], True), task
    assert "1 of 2 approve (alice)" in world.verdict("get", run).stdout
    world.programs["verdictd"].kill()
    world.programs["verdictd"].start()
    assert say("alice", plan).status == 200 and stack.show(run)["state"] == "waiting", "nor after a restart"
    assert say("bob", plan).status == 200
    end = stack.ended(run)
    assert end["state"] == "released", end["summary"]
    audit = world.api("GET", "/v1/audit?limit=50").text
    assert audit.count(f"approves plan {plan}") >= 2 and '"run_approved"' in audit
    run = stack.begin("destroy", confirm="network/prod")
    plan = stack.asks(run)
    assert say("bob", plan).status == 200 and say("alice", plan, "fail").status == 200, "one no is enough"
    assert stack.ended(run)["state"] == "failed"


class DriftingStack(Stack):
    def runner_text(self, text):
        world = self.world
        os.makedirs(world.path("bin"), exist_ok=True)
        program = DRIFTS.replace("FILE", world.path("drifted")).replace("CALLS", world.path("calls")).replace("REAL", find("terraform"))
        world.write("bin/terraform", program, 0o700)
        return text.replace("PATH=", f"PATH={world.path('bin')}:", 1)


def drift(world):
    stacks = world.api("GET", "/v1/iac").json["stacks"]
    found = [one["drift"] for one in stacks if (one["stack"], one["environment"]) == ("network", "prod")]
    return found[0] if found else None


@needs_terraform
def test_drift_is_looked_for_in_its_time(world):
    """By real runs: found once, told once, gone with the next look; a restart begins no storm of them."""
    world.start_receiver()
    stack = DriftingStack(world, approval="", more=NOTIFY)
    assert stack.ended(stack.begin("apply"))["state"] == "released"
    assert drift(world)["found"] == "none", "what was verified has no drift"
    stack.change(approval="", more=NOTIFY + 'drift_every = "5s";')
    looks = lambda: [run for run in world.api("GET", "/v1/runs?pipeline=network/prod").json["runs"] if run["verb"] == "drift"]  # noqa: E731
    wait_until(lambda: any(run["state"] == "released" for run in looks()), 30, "somebody looks")
    assert looks()[0]["actor"] == "verdictd" and "drift_found" not in events(world)
    world.write("drifted", "")
    found = one(world, "drift_found")
    assert (found["drifts"], found["incident"], found["environment"]) == (1, "network/prod drift", "prod"), found
    wait_until(lambda: len([run for run in looks() if run["state"] == "failed"]) >= 2, 40, "it is found again")
    assert events(world).count("drift_found") == 1, "and told once"
    assert (drift(world)["found"], drift(world)["resources"]) == ("found", 1)
    assert "drift of 1 since" in world.verdict("iac", "ls").stdout
    assert 'verdict_iac_drifts{stack="network",environment="prod"} 1' in world.api("GET", "/metrics").text
    for _ in range(3):
        world.programs["verdictd"].kill()
        world.programs["verdictd"].start()
    assert len([run for run in looks() if not run["done"] and run["environment"] == "prod"]) <= 1, "one at a time"
    os.unlink(world.path("drifted"))
    gone = one(world, "drift_gone")
    assert gone["ends"] == ["drifted"], gone
    assert drift(world)["found"] == "none"


@needs_terraform
def test_nobody_looks_while_an_apply_is_approved(world):
    stack = DriftingStack(world, more=NOTIFY + 'drift_every = "5s";')
    run = stack.begin("apply")
    plan = stack.asks(run)
    before = len(world.api("GET", "/v1/runs?pipeline=network/prod").json["runs"])
    with pytest.raises(TimeoutError):
        wait_until(lambda: len(world.api("GET", "/v1/runs?pipeline=network/prod").json["runs"]) > before, 12, "a look while people decide")
    assert stack.answer(run, plan).status == 200
    assert stack.ended(run)["state"] == "released"
    wait_until(lambda: len(world.api("GET", "/v1/runs?pipeline=network/prod").json["runs"]) > before, 20, "then one begins")


@needs_terraform
def test_a_look_makes_room_for_people(world):
    """Who begins something meanwhile does not wait for a look that hangs."""
    world.write("drifted.slow", "")
    stack = DriftingStack(world, approval="", more='drift_every = "5s";')
    wait_until(lambda: os.path.exists(world.path("drifted.began")), 20, "a look begins, and hangs")
    before = world.api("GET", "/v1/runs?limit=1").json["runs"][0]
    end = stack.ended(stack.begin("apply", before["environment"]))
    assert end["state"] == "released", end["summary"]
    look = stack.show(before["id"])
    assert (look["verb"], look["state"], look["actor"]) == ("drift", "aborted", "verdictd"), look["summary"]
    os.unlink(world.path("drifted.slow"))
    wait_until(lambda: any(run["verb"] == "drift" and run["state"] == "released" for run in world.api("GET", "/v1/runs").json["runs"]), 20, "and it is looked at later")


PIPELINE = """
services: { shop: { notify: { all = [ "webhook:desk" ]; };  environments: { prod: { strategy = "recreate";  slots: { only: { address = "127.0.0.1:1"; }; };
  commands: { deploy: { exec = [ "LOOK" ]; }; }; }; }; }; };
pipelines: { shop: { service = "shop";  stages: { test: { on_failure = "ask";  unit: { exec = [ "LOOK" ]; };  load: { await = "1h"; }; }; }; }; };
"""


def test_a_pipeline_asks_and_waits(world):
    """Who hears of the service hears of its runs; what was answered from outside is no alarm."""
    world.start_receiver()
    look = world.write("commands/look", "#!/bin/sh\ncat >/dev/null\n[ -e GOOD ]\n".replace("GOOD", world.path("good")), 0o700)
    world.start_runner(world_config.runner_text(world).replace("allow = (", f'allow = ( [ "{look}" ], '))
    world.start_daemon(rules={"shop.rules": PIPELINE.replace("LOOK", look)})
    run = world.api("POST", "/v1/runs", {"pipeline": "shop", "version": "2.0.0"}).json["id"]
    waits = one(world, "run_waits", run)
    assert waits["answer"] == f'POST /v1/runs/{run}/tasks/test/load {{"result": "pass"}}', waits
    asks = one(world, "run_asks", run)
    assert (asks["task"], asks["pipeline"], asks["service"], asks["why"]) == ("unit", "shop", "shop", "its command ended with status 1"), asks
    assert world.api("POST", f"/v1/runs/{run}/tasks/test/unit", {"result": "pass"}).status == 200
    assert one(world, "run_resumed", run)["ends"] == ["held"]
    assert world.api("POST", f"/v1/runs/{run}/abort", {"reason": "enough"}).status == 200
    assert one(world, "run_aborted", run)["state"] == "aborted"
    assert events(world, run).count("run_started") == 1


LETS_GO = """
services: { shop: { notify: { urgent = [ "webhook:desk" ]; };  environments: { prod: { strategy = "recreate";  slots: { only: { address = "127.0.0.1:1"; }; };
  commands: { deploy: { exec = [ "/bin/true" ]; }; }; }; }; }; };
pipelines: { shop: { service = "shop";  stages: { release: { people: { approval: { from = [ "alice", "bob" ];  need = 2;  not_author = true; }; }; }; }; }; };
"""


def test_two_persons_let_a_pipeline_go_on(world, monkeypatch):
    """They approve the run; who is not asked, or a token that is nobody's, does not."""
    world.start_receiver()
    world.start_daemon(rules={"shop.rules": LETS_GO})
    tokens = {}
    for name, options in {"alice": ["--person"], "bob": ["--person"], "eve": ["--person"], "ci": []}.items():
        tokens[name] = world.verdict("token", "create", name, "--scope", "read,deploy,approve", *options).stdout.strip()
    run = world.api("POST", "/v1/runs", {"pipeline": "shop", "version": "2.0.0"}).json["id"]
    assert one(world, "run_approval_wanted", run)["answer"] == f"verdict approve {run}"

    def say(name, *more, verb="approve"):
        with monkeypatch.context() as there:
            there.setenv("VERDICT_TOKEN", tokens[name])
            return world.verdict(verb, run, *more)

    for name, word in (("eve", "not among"), ("ci", "only people")):
        said = say(name)
        assert said.returncode != 0 and word in said.stderr, (name, said.stderr)
    assert say("alice", "--comment", "read it").returncode == 0
    assert say("alice").returncode == 0 and world.api("GET", f"/v1/runs/{run}").json["state"] == "waiting"
    assert "people (1 of 2)" in world.api("GET", f"/v1/runs/{run}").json["summary"]
    assert say("bob").returncode == 0
    assert world.api("GET", f"/v1/runs/{run}").json["state"] == "released"
    assert "approves version 2.0.0: read it" in world.api("GET", "/v1/audit?limit=20").text
    run = world.api("POST", "/v1/runs", {"pipeline": "shop", "version": "2.0.1"}).json["id"]
    assert say("bob", verb="reject").returncode == 0
    assert world.api("GET", f"/v1/runs/{run}").json["state"] == "failed"
