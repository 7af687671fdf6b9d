# test_cdk.py - stacks of the CDK: the app is run once without the CDK's command, and its template goes the way of CloudFormation's.
# SPDX-License-Identifier: MIT
import json
import os

import pytest

from support import wait_until
from support.cdk import TEMPLATE, Cdk, RealCdk, assembly, needs_cdk, stack_artifact
from support.cloudformation import REGION, CloudRuns

VARIABLES = {"size": 3, "stage": "prod", "Label": "blue"}


@pytest.fixture
def cdk(world):
    return Cdk(world)


def test_the_app_is_run_once(cdk):
    status, said, values = cdk.run("plan", variables=VARIABLES)
    assert (status, values["creates"]) == (0, "2") and "the app ran" in said, said
    started = cdk.started()
    assert len(started) == 1 and started[0]["argv"] == ["--quiet", "now"] and started[0]["ours"] == [] and started[0]["region"] == REGION
    assert started[0]["context"] == {"size": 3, "stage": "prod", "Label": "blue", "looked": ["up"], "@aws-cdk/core:checkSecretUsage": True}, "what is nearer wins"
    assert started[0]["out"] == cdk.world.path("work", "network", "prod", "runs", "run_1", "cdk.out")
    assert cdk.left() == ["blueprint.json", "plan.json", "template"], "of the assembly the template stays"
    assert sorted(os.listdir(cdk.code)) == ["cdk.context.json", "cdk.json", "synth"]
    assert cdk.run("apply", plan=values["plan"], variables=VARIABLES)[::2] == (0, {"output.Size": "3"})
    cdk.leave({}, status=1)  # from here on the app would fail
    assert cdk.run("verify", variables=VARIABLES)[::2] == (0, {"output.Size": "3", "resources": "2"}), "verified is what was applied"
    assert cdk.stack()["parameters"] == {"Label": "blue"} and len(cdk.started()) == 1
    status, said, _values = cdk.run("verify", "run_2", variables=VARIABLES)
    assert status == 1 and "the app ./synth ended with status 1" in said, said
    assert cdk.run("drift", options=("stack_name=net-prod",), variables=VARIABLES)[::2] == (0, {"drifts": "0"}), "who says the name needs no app"
    cdk.leave(assembly())
    assert cdk.run("drift", variables=VARIABLES)[0] == 0
    _status, said, values = cdk.run("plan-destroy", "run_3", variables=VARIABLES)
    assert values["deletes"] == "2", said
    assert cdk.run("destroy", "run_3", values["plan"])[0] == 0
    wait_until(lambda: cdk.stack() is None, 10, "it is gone")


def listed(**more):
    """The list of assets with more on it."""
    files = assembly()
    assets = files["Network.assets.json"]
    return {**files, "Network.assets.json": {name: {**value, **more.get(name, {})} if isinstance(value, dict) else value for name, value in assets.items()}}


OTHER = {"displayName": "the page", "source": {"path": "asset.1", "packaging": "zip"}, "destinations": {}}


@pytest.mark.parametrize("files, word", [
    (listed(files={"abc": OTHER}), "needs the asset the page, and publishing one is not done here"),
    (listed(dockerImages={"def": {"source": {"directory": "x"}}}), "needs the asset def, and publishing one is not done here"),
    (assembly({"Network": stack_artifact(metadata={"/Network/Page": [{"type": "aws:cdk:asset", "data": {}}]})}), "/Network/Page has an asset"),
    (assembly({"Network": stack_artifact(), "More": stack_artifact("more-prod")}), "more than one stack (it makes: Network, More); say which by `stack_name`"),
    (assembly({"Network": {"type": "cdk:cloud-assembly"}}), "no stack (it makes: none)"),
    (assembly({"Network": stack_artifact(environment="aws://123456789012/eu-west-9")}), "belongs into eu-west-9, and the region is eu-test-1"),
    (assembly({"Network": stack_artifact(environment="aws://999999999999/eu-test-1")}), "belongs into the account 999999999999, and these keys lead to 123456789012"),
    (assembly({"Network": stack_artifact(file="../../template")}), "is no file beside the manifest"),
    ({**assembly(), "manifest.json": {"version": "55.0.0", "artifacts": {}, "missing": [{"key": "ami:x", "provider": "ami", "props": {}}]}}, "nobody has looked up (ami:x)"),
    ({**assembly(), "Network.template.json": {**TEMPLATE, "Description": 52000 * "x"}}, "longer than 51200 bytes"),
    ({**assembly(), "manifest.json": "{"}, "manifest.json: offset"),
    ({}, "manifest.json: No such file"),
])
def test_what_cannot_be_made(cdk, files, word):
    cdk.leave(files)
    status, said, _values = cdk.run("plan", variables=VARIABLES)
    assert status == 1 and word in said, said
    wait_until(lambda: cdk.seen()["stacks"] == {}, 10, "nothing stays")
    assert cdk.left() == []


@pytest.mark.parametrize("settings, word", [
    ("{", "cdk.json: offset"), ("{}", "app"), (json.dumps({"app": ""}), "is empty"), (json.dumps({"app": "npx ts-node 'bin/a b.ts'"}), "wants a shell"),
    (json.dumps({"app": "nobody-has-this"}), "nobody-has-this is not in PATH"), (json.dumps({"app": "./nowhere"}), "could not be started"),
    (json.dumps({"app": "./synth", "context": {"x": 130000 * "x"}}), "CDK_CONTEXT_JSON"), (None, "cdk.json: No such file"),
])
def test_what_is_no_app(cdk, settings, word):
    if settings is None:
        os.unlink(cdk.world.path("code/cdk.json"))
    else:
        cdk.world.write("code/cdk.json", settings)
    status, said, _values = cdk.run("plan", variables=VARIABLES)
    assert status == 1 and word in said, said


def test_one_of_several_stacks(cdk):
    cdk.leave(assembly({"Network": stack_artifact(), "More": stack_artifact("more-prod")}))
    assert cdk.run("plan", options=("stack_name=more-prod",), variables=VARIABLES)[0] == 0
    assert sorted(cdk.seen()["stacks"]) == ["more-prod"]
    status, said, _values = cdk.run("plan", "run_2", options=("stack_name=less-prod",), variables=VARIABLES)
    assert status == 1 and "no stack less-prod" in said, said


RULES = """
stacks: { network: { tool = "cdk";  directory = "CODE";  program = "PROGRAM";  region = "REGION";
  environments: { prod: { stack_name = "net-prod";  variables: { size = SIZE;  stage = "prod"; };  APPROVAL }; }; }; };
"""


def test_through_the_daemon(world, cdk):
    stack = CloudRuns(world, cdk, RULES)
    run = stack.begin("apply")
    assert stack.answer(run, stack.asks(run)).status == 200
    end = stack.ended(run)
    assert (end["state"], end["outputs"]["output.Size"]) == ("released", "4"), end["summary"]
    assert len(cdk.started()) == 1 and cdk.started()[0]["context"]["size"] == 4
    run = stack.begin("destroy", confirm="network/prod")
    assert stack.answer(run, stack.asks(run)).status == 200
    assert stack.ended(run)["state"] == "released" and cdk.stack() is None


@needs_cdk
def test_with_the_real_library(world):
    real = RealCdk(world)
    status, said, values = real.run("plan", variables=VARIABLES)
    assert (status, values["creates"], values["changes"]) == (0, "4", "4"), said
    assert real.run("apply", plan=values["plan"], variables=VARIABLES)[::2] == (0, {"output.Size": "3"})
    assert real.run("verify", variables=VARIABLES)[::2] == (0, {"output.Size": "3", "resources": "4"})
    assert real.stack()["parameters"]["Label"] == "blue"
    status, said, values = real.run("plan", "run_2", variables={**VARIABLES, "size": 1, "Label": "green"})
    assert (values["deletes"], values["updates"]) == ("2", "1"), said
    assert real.run("apply", "run_2", values["plan"], variables=VARIABLES)[0] == 0
    for more, word in (({"account": "999999999999"}, "999999999999"), ({"asset": True, "bootstrapped": True}, "publishing one is not done here")):
        status, said, _values = real.run("plan", "run_3", variables={**VARIABLES, **more})
        assert status == 1 and word in said, said
    status, said, values = real.run("plan", "run_4", variables={**VARIABLES, "size": 1, "bootstrapped": True})
    assert (status, "BootstrapVersion" in real.stack()["parameters"]) == (0, False), said
    assert values["changes"] == "1", "a template of the usual synthesizer is the only thing on its list, and is taken: " + said
