# test_cloudformation.py - stacks of CloudFormation through the daemon and the runner: approved by people for one change set, executed once, verified, taken away.
# SPDX-License-Identifier: MIT
import json
import os

import pytest

from support import wait_until
from support.cloudformation import SECRET, TEMPLATE, Cloud, CloudRuns

RULES = """
stacks: { network: { tool = "cloudformation";  directory = "CODE";  program = "PROGRAM";  template = "template.json";  MORE
  variables: { Secret = "SECRET"; };
  environments: { prod: { region = "REGION";  variables: { Size = SIZE;  Name = "NAME"; };  APPROVAL }; }; }; };
"""


@pytest.fixture
def stack(world):
    return CloudRuns(world, Cloud(world), RULES)


def test_plan_approve_apply_verify_drift_destroy(world, stack):
    run = stack.begin("apply")
    plan = stack.asks(run)
    outputs = stack.show(run)["outputs"]
    assert outputs["creates"] == "3"
    with open(outputs["template_file"], encoding="utf-8") as template, open(outputs["plan_file"], encoding="utf-8") as planned:
        assert json.load(template) == TEMPLATE and len(json.load(planned)["resources"]) == 3, "programs that look at it find both"
    assert stack.answer(run, "sha256:" + 64 * "0").status == 409
    assert stack.seen()["executed"] == []
    assert world.verdict("iac", "approve", run, "--plan", plan).returncode == 0
    end = stack.ended(run)
    assert (end["state"], end["outputs"]["output.Size"]) == ("released", "4"), end["summary"]
    assert "output.Leak" not in end["outputs"] and SECRET not in world.api("GET", f"/v1/runs/{run}").text
    assert stack.stages(run) == {"plan": "done", "approve": "done", "apply": "done", "verify": "done"}
    wait_until(lambda: run not in stack.folders(), 20, "the run is forgotten")
    for verb in ("verify", "drift"):
        done = world.verdict("iac", verb, "network", "prod", "--wait")
        assert done.returncode == 0, done.stderr
    stack.tell(drift={"Queue": "MODIFIED"})
    end = stack.ended(stack.begin("drift"))
    assert (end["state"], end["outputs"]["drifts"]) == ("failed", "1") and "drift" in end["summary"], end["summary"]
    stack.tell()
    empty = stack.ended(stack.begin("apply"))
    assert (empty["state"], empty["outputs"]["changes"]) == ("released", "0"), empty["summary"]
    assert stack.stages(empty["id"])["apply"] == "skipped", "nobody is asked for a plan that changes nothing"
    run = world.verdict("iac", "destroy", "network", "prod", "--confirm", "network/prod").stdout.strip()
    plan = stack.asks(run)
    assert stack.show(run)["outputs"]["deletes"] == "3"
    assert stack.answer(run, plan).status == 200
    assert stack.ended(run)["state"] == "released"
    assert stack.stack() is None and os.listdir(world.path("work", "network", "prod", "archive")) == [run]
    secrets = stack.seen()["secrets"]
    logs = [path for name, path in world.log_files().items() if name != "amazon"]
    for path in logs:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
        assert not [secret for secret in secrets if secret in text], path


def test_rejected(world, stack):
    """What nobody wants stays nowhere: neither the change set, nor the stack that it had in view."""
    run = stack.begin("apply")
    stack.asks(run)
    assert stack.stack()["sets"] == 1
    assert world.verdict("iac", "reject", run, "--reason", "too large").returncode == 0
    assert stack.ended(run)["state"] == "failed"
    wait_until(lambda: stack.stack() is None, 20, "it is gone")


def test_a_destructive_plan_is_refused(stack):
    stack.change(approval="", more='refuse_when = "deletes > 0 or replaces > 0";')
    assert stack.ended(stack.begin("apply"))["state"] == "released", "who asks for no approval is not asked"
    stack.change(approval="", name="renamed", more='refuse_when = "deletes > 0 or replaces > 0";')
    end = stack.ended(stack.begin("apply"))
    assert end["state"] == "failed" and end["summary"].endswith("the plan is refused: deletes > 0 or replaces > 0: deletes 0, replaces 2"), end["summary"]
    assert stack.stages(end["id"])["apply"] == "idle" and len(stack.seen()["executed"]) == 1


def test_a_stale_plan_is_planned_and_approved_anew(stack):
    run = stack.begin("apply")
    first = stack.asks(run)
    assert stack.cloud.apply("by-hand", variables={"Size": 9})[0] == 0
    assert stack.answer(run, first).status == 200
    run, second = stack.planned_anew(run, first)
    assert stack.answer(run, second).status == 200
    assert stack.ended(run)["outputs"]["output.Size"] == "4"


def test_rolled_back_with_its_reason(world, stack):
    stack.tell(failing={"Queue": "the account has no room for a queue"})
    run = stack.begin("apply")
    assert stack.answer(run, stack.asks(run)).status == 200
    end = stack.ended(run)
    assert end["state"] == "failed" and "failed in stage apply" in end["summary"], end["summary"]
    said = world.verdict("logs", run).stdout
    assert "the stack network-prod is ROLLBACK_COMPLETE: Queue: the account has no room for a queue" in said, said


def test_killed_in_mid_apply(world, stack):
    """A daemon that dies meanwhile finds its apply again: it is executed once."""
    stack.change(approval="")
    stack.tell(hold=True)
    run = stack.begin("apply")
    wait_until(lambda: stack.stack() is not None and stack.stack()["status"] == "CREATE_IN_PROGRESS", 30, "it begins")
    world.programs["verdictd"].kill()
    world.programs["verdictd"].start()
    stack.tell()
    end = stack.ended(run)
    assert (end["state"], end["outputs"]["creates"]) == ("released", "3"), end["summary"]
    seen = stack.seen()
    assert len(seen["executed"]) == 1 and seen["asked"]["ExecuteChangeSet"] == 1


def test_aborted_in_mid_update(world, stack):
    stack.change(approval="")
    assert stack.ended(stack.begin("apply"))["state"] == "released"
    stack.change(approval="", size=7)
    stack.tell(hold=True)
    run = stack.begin("apply")
    wait_until(lambda: stack.stack()["status"] == "UPDATE_IN_PROGRESS", 30, "it begins")
    assert world.api("POST", f"/v1/runs/{run}/abort", {"reason": "stop"}).status == 200
    assert stack.ended(run)["state"] == "aborted"
    wait_until(lambda: stack.stack()["status"] == "UPDATE_ROLLBACK_COMPLETE", 20, "it is taken back")
    assert stack.seen()["cancelled"] == 1 and stack.stack()["parameters"]["Size"] == "4"
