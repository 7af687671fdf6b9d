# test_cloudformation_tool.py - verdict-iac by itself, with CloudFormation played by a strict peer: a change set is executed once and exactly.
# SPDX-License-Identifier: MIT
import copy
import json
import os
import signal
import stat

import pytest

from support import wait_until
from support.cloudformation import SECRET, TEMPLATE, VARIABLES, Cloud


@pytest.fixture
def cloud(world):
    return Cloud(world)


def counts(values):
    return {name: int(values[name]) for name in ("creates", "updates", "deletes", "replaces", "changes")}


def test_plan_apply_verify_drift_destroy(cloud):
    status, said, values = cloud.run("plan")
    assert status == 0, said
    assert counts(values) == {"creates": 3, "updates": 0, "deletes": 0, "replaces": 0, "changes": 3}
    assert "+   Queue (AWS::SQS::Queue)" in said and f"plan {values['plan']}" in said and "3 to create" in said
    assert cloud.left() == ["blueprint.json", "plan.json", "template"]
    folder = cloud.world.path("work", "network", "prod", "runs", "run_1")
    assert {stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode) for name in cloud.left()} == {0o600}
    with open(values["plan_file"], encoding="utf-8") as file:
        plan = json.load(file)
    assert plan["described"]["StackName"] == "network-prod" and len(plan["resources"]) == 3 and SECRET not in json.dumps(plan)
    assert values["template_file"] == os.path.join(folder, "template")
    status, said, told = cloud.run("apply", plan=values["plan"])
    assert (status, told) == (0, {"output.Size": "4"}), said
    assert "Queue CREATE_COMPLETE" in said and SECRET not in said
    assert cloud.stack()["status"] == "CREATE_COMPLETE" and cloud.stack()["parameters"]["Zones"] == "a,b"
    assert cloud.run("apply", plan=values["plan"])[0] == 4, "the plan is used up"
    assert cloud.run("verify")[::2] == (0, {"output.Size": "4", "resources": "3"})
    assert cloud.left() == []
    status, said, values = cloud.run("verify", variables={**VARIABLES, "Size": 5})
    assert (status, values) == (5, {}) and "~   Queue" in said, said
    assert cloud.stack()["sets"] == 0, "what is only looked at leaves nothing"
    assert cloud.run("drift")[::2] == (0, {"drifts": "0"})
    cloud.tell(drift={"Queue": "MODIFIED", "Topic": "DELETED", "Policy": "IN_SYNC"}, items=1)
    status, said, values = cloud.run("drift")
    assert (status, values) == (6, {"drifts": "2"}) and "~   Queue (AWS::SQS::Queue)" in said and "-   Topic" in said, said
    cloud.tell(items=1)
    status, said, values = cloud.run("plan-destroy", "run_9")
    assert (status, values["deletes"], values["changes"], values["resources"]) == (0, "3", "3", "3"), said
    status, said, told = cloud.run("destroy", "run_9", values["plan"])
    assert (status, told) == (0, {"resources": "0"}) and "network-prod DELETE_COMPLETE" in said, said
    assert cloud.stack() is None
    with open(cloud.world.path("work", "network", "prod", "archive", "run_9"), encoding="utf-8") as file:
        archived = json.load(file)
    assert json.loads(archived["template"]) == TEMPLATE and archived["stack"]["StackName"] == "network-prod" and len(archived["resources"]) == 3
    assert SECRET not in json.dumps(archived["stack"]["Parameters"])
    status, said, values = cloud.run("plan-destroy", "run_10")
    assert (status, values["changes"]) == (0, "0"), said
    assert cloud.run("destroy", "run_10", values["plan"])[0] == 0
    status, said, _values = cloud.run("drift")
    assert status == 1 and "no stack network-prod" in said, said
    assert cloud.run("forget", "run_10")[0] == 0 and cloud.left("run_10") is None


def test_what_changes_is_counted(cloud):
    """Replaced, perhaps replaced, updated, removed and kept, made; however many pages it takes."""
    assert cloud.apply()[0] == 0
    template = copy.deepcopy(TEMPLATE)
    template["Resources"]["Other"] = {"Type": "AWS::SQS::Queue"}
    template["Resources"]["Topic"]["DeletionPolicy"] = "Retain"
    cloud.write(template)
    assert cloud.apply("run_2")[0] == 0
    del template["Resources"]["Topic"]
    cloud.write(template)
    cloud.tell(items=1)
    status, said, values = cloud.run("plan", "run_3", variables={**VARIABLES, "Name": "renamed", "Zones": ["c"]})
    assert status == 0 and counts(values) == {"creates": 0, "updates": 0, "deletes": 1, "replaces": 2, "changes": 3}, said
    assert "-/+ Policy (AWS::SQS::QueuePolicy, perhaps)" in said and "-   Topic (AWS::SNS::Topic, policy Retain)" in said, said
    assert cloud.run("apply", "run_3", values["plan"])[0] == 0
    assert cloud.stack()["resources"] == ["Other", "Policy", "Queue"]


def test_nothing_to_do(cloud):
    assert cloud.apply()[0] == 0
    status, said, values = cloud.run("plan", "run_2")
    assert (status, values["changes"]) == (0, "0"), said
    assert cloud.stack()["sets"] == 0, "a change set that says so does not stay"
    assert cloud.run("apply", "run_2", values["plan"])[::2] == (0, {"output.Size": "4"})
    assert len(cloud.seen()["executed"]) == 1
    template = copy.deepcopy(TEMPLATE)
    template["Outputs"]["More"] = {"Value": "1"}
    cloud.write(template)
    status, said, values = cloud.run("plan", "run_3")
    assert (status, values["changes"], values["updates"]) == (0, "1", "0"), said
    assert cloud.run("apply", "run_3", values["plan"])[2]["output.More"] == "1"


def test_what_was_not_approved_is_not_executed(cloud):
    _status, _said, first = cloud.run("plan", "run_1")
    _status, _said, second = cloud.run("plan", "run_2")
    _status, _said, third = cloud.run("plan", "run_3")
    assert len({first["plan"], second["plan"], third["plan"]}) == 3, "each is a change set of its own"
    status, said, _values = cloud.run("apply", "run_3", first["plan"])
    assert status == 4 and third["plan"] in said and first["plan"] in said, said
    assert cloud.run("apply", "run_2", second["plan"])[0] == 0
    status, said, _values = cloud.run("apply", "run_1", first["plan"])
    assert status == 3 and "stale" in said and "verdict retry" in said, said
    assert cloud.left("run_1") == [] and len(cloud.seen()["executed"]) == 1
    _status, _said, values = cloud.run("plan", "run_4", variables={**VARIABLES, "Size": 5})
    cloud.tell(swap=True)
    status, said, _values = cloud.run("apply", "run_4", values["plan"])
    assert status == 4 and "not described any more" in said, said
    assert cloud.stack()["sets"] == 0, "what is not executed does not stay"
    assert len(cloud.seen()["executed"]) == 1


def test_what_nobody_applies_goes_with_its_run(cloud):
    assert cloud.run("plan")[0] == 0
    assert cloud.stack()["status"] == "REVIEW_IN_PROGRESS"
    assert cloud.run("forget")[0] == 0
    wait_until(lambda: cloud.stack() is None, 10, "the stack that was only in view is gone, too")
    assert cloud.left() is None
    assert cloud.apply()[0] == 0
    assert cloud.run("plan", "run_2", variables={**VARIABLES, "Size": 9})[0] == 0
    assert cloud.run("plan", "run_2", variables={**VARIABLES, "Size": 8})[0] == 0
    assert cloud.stack()["sets"] == 1, "a plan of the same run takes the place of the older one"
    assert cloud.run("forget", "run_2")[0] == 0
    assert cloud.stack() == {**cloud.stack(), "status": "CREATE_COMPLETE", "sets": 0}


def test_rolled_back(cloud):
    """Why comes out of the events: of what failed first, not of what only stopped with it."""
    cloud.tell(failing={"Topic": "Value of property Key & more must be of type String"})
    status, said, _values = cloud.apply()
    assert status == 1 and said.endswith("the stack network-prod is ROLLBACK_COMPLETE: Topic: Value of property Key & more must be of type String\n"), said
    status, said, _values = cloud.run("plan")
    assert status == 1 and "ROLLBACK_COMPLETE: it can only be deleted" in said, said
    cloud.tell()
    _status, _said, values = cloud.run("plan-destroy", "run_2")
    assert cloud.run("destroy", "run_2", values["plan"])[0] == 0
    assert cloud.apply()[0] == 0
    cloud.tell(failing={"Queue": "no room"})
    status, said, _values = cloud.apply("run_3", variables={**VARIABLES, "Size": 7})
    assert status == 1 and "UPDATE_ROLLBACK_COMPLETE: Queue: no room" in said, said
    cloud.tell(items=1)
    assert cloud.apply("run_4", variables={**VARIABLES, "Size": 7})[0] == 0, "what is rolled back can be changed, however many pages its past has"


def test_a_destroy_that_fails_and_one_that_is_stale(cloud):
    assert cloud.apply()[0] == 0
    _status, _said, values = cloud.run("plan-destroy", "run_2")
    template = copy.deepcopy(TEMPLATE)
    del template["Resources"]["Topic"]
    cloud.write(template)
    assert cloud.apply("run_3")[0] == 0
    assert cloud.run("destroy", "run_2", values["plan"])[0] == 3, "what is there is not what was approved"
    _status, _said, values = cloud.run("plan-destroy", "run_4")
    assert cloud.run("destroy", "run_4", "sha256:" + 64 * "0")[0] == 4
    _status, _said, values = cloud.run("plan-destroy", "run_5")
    assert cloud.run("apply", "run_5", values["plan"])[0] == 4, "a plan to destroy is no plan to apply"
    _status, _said, values = cloud.run("plan-destroy", "run_6")
    cloud.tell(failing={"Queue": "it is not empty"})
    status, said, _values = cloud.run("destroy", "run_6", values["plan"])
    assert status == 1 and "DELETE_FAILED: Queue: it is not empty" in said, said
    cloud.tell(protected=True)
    status, said, _values = cloud.run("plan-destroy", "run_7")
    assert status == 1 and "termination protection" in said, said


def test_asked_again_done_once(cloud):
    """Throttled, away, keys that expire, answers that are lost: each is asked again, and nothing is done twice."""
    cloud.tell(fail=[[400, "Throttling"], [503, "ServiceUnavailable"], [403, "ExpiredToken"], [500, "InternalFailure"]], lose=["CreateChangeSet", "ExecuteChangeSet"])
    status, said, _values = cloud.apply()
    assert status == 0, said
    seen = cloud.seen()
    assert seen["asked"]["CreateChangeSet"] == 2 and seen["asked"]["ExecuteChangeSet"] == 2 and len(seen["executed"]) == 1, seen["asked"]
    assert seen["given"] >= 3 and seen["refused"][4:] == ["ValidationError"], "keys are fetched again, and nothing but a stack that is not there is refused"
    cloud.tell(lose=["DeleteStack"])
    _status, _said, values = cloud.run("plan-destroy", "run_2")
    assert cloud.run("destroy", "run_2", values["plan"])[0] == 0
    for code, word in (("AccessDenied", "AccessDenied"), ("InvalidClientTokenId", "credentials")):
        cloud.tell(fail=[[403, code]] * 9)
        status, said, _values = cloud.run("plan", "run_3")
        assert status == 1 and word in said, said
        assert not [secret for secret in cloud.seen()["secrets"] if secret in said]


def test_an_interrupt_in_mid_update(cloud):
    """CloudFormation is asked to take it back, and its end is waited for."""
    assert cloud.apply()[0] == 0
    variables = {**VARIABLES, "Size": 9}
    _status, _said, values = cloud.run("plan", "run_2", variables=variables)
    cloud.tell(hold=True)
    apply = cloud.start("apply", "run_2", values["plan"], variables)
    wait_until(lambda: cloud.stack()["status"] == "UPDATE_IN_PROGRESS", 20, "it begins")
    for _again in range(3):
        apply.send_signal(signal.SIGTERM)
    said = apply.communicate(timeout=30)[0]
    assert apply.returncode == 7 and "UPDATE_ROLLBACK_COMPLETE" in said and "the next plan says what is left" in said, said
    assert cloud.seen()["cancelled"] == 1 and cloud.stack()["parameters"]["Size"] == "4"
    _status, _said, values = cloud.run("plan", "run_3", variables=variables)
    assert values["updates"] == "1" and cloud.run("apply", "run_3", values["plan"], variables=variables)[0] == 0


def test_killed_in_mid_apply(cloud):
    """What was begun goes on there; the next plan waits for its end and finds nothing left, and no second apply begins."""
    _status, _said, values = cloud.run("plan")
    cloud.tell(hold=True)
    apply = cloud.start("apply", "run_1", values["plan"])
    wait_until(lambda: cloud.stack()["status"] == "CREATE_IN_PROGRESS", 20, "it begins")
    apply.kill()
    apply.communicate(timeout=20)
    assert cloud.run("apply", "run_1", values["plan"])[0] == 4, "the plan is used up"
    plan = cloud.start("plan", "run_2")
    cloud.tell()
    said = plan.communicate(timeout=30)[0]
    assert plan.returncode == 0 and "0 to create" in said, said
    assert cloud.run("forget")[0] == 0
    assert cloud.stack()["status"] == "CREATE_COMPLETE" and len(cloud.seen()["executed"]) == 1


def test_an_interrupt_in_a_plan(cloud):
    cloud.tell(fail=[[400, "Throttling"]] * 500)
    plan = cloud.start("plan")
    wait_until(lambda: len(cloud.seen()["refused"]) > 2, 20, "it asks again and again")
    plan.send_signal(signal.SIGINT)
    said = plan.communicate(timeout=20)[0]
    assert plan.returncode == 7 and cloud.left() == [], said


def test_somebody_else_works_on_it(cloud):
    assert cloud.apply()[0] == 0
    cloud.tell(busy=True)
    plan = cloud.start("plan", "run_2")
    before = cloud.seen()["asked"]["DescribeStacks"]
    wait_until(lambda: cloud.seen()["asked"]["DescribeStacks"] > before + 2, 20, "it waits")
    cloud.tell()
    said = plan.communicate(timeout=30)[0]
    assert plan.returncode == 0, said


def test_parameters_and_capabilities(cloud):
    for variables, word in (({"Sise": 4}, "Sise is no parameter of the template; it has: Size, Zones, Secret, Name"), ({"Size": {"a": 1}}, "a parameter is a text"),
                            ({"Zones": ["a,b"]}, "commas")):
        status, said, _values = cloud.run("plan", variables=variables)
        assert status == 1 and word in said, said
    assert cloud.stack() is None
    template = copy.deepcopy(TEMPLATE)
    template["Resources"]["Role"] = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "x"}}
    cloud.write(template)
    status, said, _values = cloud.run("plan", options=("capability=CAPABILITY_IAM",))
    assert status == 1 and 'capabilities = [ "CAPABILITY_NAMED_IAM" ]' in said and "[Role]" in said, said
    assert cloud.run("plan", options=("capability=CAPABILITY_NAMED_IAM", "role=arn:aws:iam::123456789012:role/x"))[0] == 0
    cloud.write(TEMPLATE)
    assert cloud.apply("run_2")[0] == 0
    status, said, values = cloud.run("plan", "run_3", variables={name: value for name, value in VARIABLES.items() if name != "Secret"})
    assert (status, values["changes"]) == (0, "0"), "what is not shown stays as it is: " + said


def test_refusals(cloud):
    for template, word in (("{", "Template format error"), ('{"Resources":{}}', "At least one"), (json.dumps({**TEMPLATE, "Description": 52000 * "x"}), "longer than 51200 bytes")):
        cloud.world.write("code/template.json", template)
        status, said, _values = cloud.run("plan")
        assert status == 1 and word in said, said
    os.unlink(cloud.world.path("code/template.json"))
    status, said, _values = cloud.run("plan")
    assert status == 1 and "template.json: No such file" in said, said
    for options, word in ((("template=../x.json",), "below"), (("state=local",), "state"), (("capability=IAM",), "IAM"), (("colour=red",), "colour"), (("template=/etc/passwd",), "below")):
        status, said, _values = cloud.run("plan", options=options)
        assert status == 2 and word in said, said
    status, said, _values = cloud.run("plan", options=("stack_name=9lives",))
    assert status == 1 and "9lives" in said, said
    status, said, _values = cloud.run("plan", options=("region=Europe",))
    assert status == 1 and "Europe" in said, said
    cloud.write(TEMPLATE)
    cloud.tell(no_role=True)
    status, said, _values = cloud.run("plan")
    assert status == 1 and "credentials" in said, said
    assert cloud.seen()["stacks"] == {}


def test_a_run_is_forgotten_while_amazon_is_away(cloud):
    """What is secret goes at once; what stays there is said."""
    assert cloud.run("plan")[0] == 0
    cloud.tell(fail=[[503, "ServiceUnavailable"]] * 500)
    forget = cloud.start("forget")
    wait_until(lambda: cloud.left() is None, 20, "its folder is gone")
    forget.send_signal(signal.SIGTERM)
    said = forget.communicate(timeout=20)[0]
    assert "stays: interrupted" in said, said
