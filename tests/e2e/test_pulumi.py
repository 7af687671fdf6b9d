# test_pulumi.py - a stack of pulumi through the daemon and the runner: planned, approved for one plan, applied once, verified, refused, destroyed.
# SPDX-License-Identifier: MIT
import fcntl
import json
import os

from support import wait_until
from support.pulumi import install, make_stack
from test_iac import ASKS, Stack
from test_pulumi_tool import LOGS, NET, PROJECT, changed


class PulumiStack(Stack):
    def write_code(self, code):
        folder = os.path.dirname(self.world.write("code/Pulumi.yaml", json.dumps(code)))
        self.own = install(self.world, {})
        for name in ("prod", "dev"):
            make_stack(self.world, folder, name, "correct horse")
        return folder

    def tool_folder(self):
        return self.world.path("bin")

    def runner_text(self, text):
        passphrase = self.world.write("passphrase", "correct horse\n", 0o600)
        more = (f"PULUMI_BACKEND_URL={self.own['PULUMI_BACKEND_URL']}", f"IAC_SECRET_PULUMI_CONFIG_PASSPHRASE=file:{passphrase}")
        return text.replace("IAC_WORK=", "\", \"".join((*more, "IAC_WORK=")))

    def rules(self, size=4, name="x", more="", approval=ASKS):
        text = super().rules(size, name, more, approval).replace('"terraform"', '"pulumi"').replace('state = "local";', "")
        return text.replace("size = 1;", 'size = 1;  name = "d";').replace("environments:", 'variables: { zones = [ "a", "b" ]; };  environments:', 1)

    def change_code(self, code, path="code/Pulumi.yaml"):
        self.world.write(path, json.dumps(code))

    def made(self):
        with open(self.world.path("backend", "made"), encoding="utf-8") as file:
            return file.read().splitlines()


def test_plan_approve_apply_verify_drift_destroy(world):
    stack = PulumiStack(world, PROJECT)
    run = stack.begin("apply")
    plan = stack.asks(run)
    assert stack.show(run)["outputs"]["creates"] == "3"
    assert stack.answer(run, "sha256:" + 64 * "0").status == 409
    assert world.verdict("iac", "approve", run, "--plan", plan).returncode == 0
    end = stack.ended(run)
    assert (end["state"], end["exit_code"], end["outputs"]["output.size"]) == ("released", 0, "4"), end["summary"]
    shown = world.api("GET", f"/v1/runs/{run}").text
    assert "hunter2" not in shown and "output.key" not in shown
    assert stack.stages(run) == {"plan": "done", "approve": "done", "apply": "done", "verify": "done"}
    assert len(stack.made()) == 3
    wait_until(lambda: run not in stack.folders(), 20, "and what is secret is forgotten")
    assert stack.ended(stack.begin("drift"))["outputs"]["drifts"] == "0"
    world.write("backend/drifted", json.dumps([NET]))
    end = stack.ended(stack.begin("drift"))
    assert end["state"] == "failed" and end["outputs"]["drifts"] == "1" and "drift" in end["summary"], end["summary"]
    empty = stack.ended(stack.begin("apply"))
    assert (empty["state"], empty["outputs"]["changes"]) == ("released", "0"), empty["summary"]
    assert stack.stages(empty["id"])["apply"] == "skipped", "nobody is asked for a plan that changes nothing"
    run = stack.begin("destroy", confirm="network/prod")
    plan = stack.asks(run)
    assert stack.show(run)["outputs"]["deletes"] == "3"
    assert stack.answer(run, plan).status == 200
    assert stack.ended(run)["state"] == "released"
    assert run in os.listdir(world.path("work", "network", "prod", "archive"))


def test_a_destructive_plan_is_refused(world):
    more = 'refuse_when = "deletes > 0 or replaces > 0";'
    stack = PulumiStack(world, PROJECT, approval="", more=more)
    assert stack.ended(stack.begin("apply"))["state"] == "released", "who asks for no approval is not asked"
    stack.change(approval="", name="y", more=more)
    end = stack.ended(stack.begin("apply"))
    assert end["state"] == "failed" and end["summary"].endswith("the plan is refused: deletes > 0 or replaces > 0: deletes 0, replaces 1"), end["summary"]
    assert stack.stages(end["id"])["apply"] == "idle" and len(stack.made()) == 3


def test_what_changed_since_the_approval(world):
    """Before the update begins: planned and approved anew. While it begins: it is interrupted, and says so."""
    stack = PulumiStack(world, PROJECT)
    run = stack.begin("apply")
    first = stack.asks(run)
    stack.change_code(changed(net={"size": 99}))
    assert stack.answer(run, first).status == 200
    run, second = stack.planned_anew(run, first)
    began, may_end = world.path("began"), world.path("may_end")
    code = changed(net={"size": 99})
    code["resources"]["door"] = {"type": "cloud:Door", "properties": {"wait": {"began": began, "may_end": may_end}}}
    stack.change_code(code, "backend/at_up.json")
    assert stack.answer(run, second).status == 200
    end = stack.ended(run)
    assert end["state"] == "failed", end["summary"]
    assert "was not in the plan that was approved" in world.verdict("logs", run).stdout
    assert stack.made()[1:] == [f"create {NET}", f"create {LOGS}", "create urn:pulumi:prod::network::cloud:Door::door"]


def test_killed_in_mid_apply(world):
    """A daemon that dies meanwhile finds its apply again, and starts no second one."""
    began, may_end = world.path("began"), world.path("may_end")
    stack = PulumiStack(world, changed(net={"wait": {"began": began, "may_end": may_end}}), approval="", more="save_plan = true;")
    run = stack.begin("apply")
    wait_until(lambda: os.path.exists(began), 30, "the slow resource begins")
    world.programs["verdictd"].kill()
    world.programs["verdictd"].start()
    world.write("may_end", "")
    end = stack.ended(run)
    assert end["state"] == "released", end["summary"]
    assert len(stack.made()) == 3, "it ran once"


def test_who_holds_the_stack_is_waited_for(world):
    """An approved apply is no failure because somebody else works there: it comes again, with the plan that was approved."""
    stack = PulumiStack(world, PROJECT)
    run = stack.begin("apply")
    plan = stack.asks(run)
    with open(world.path("backend", "stacks", "prod.json.lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert stack.answer(run, plan).status == 200
        wait_until(lambda: [stage for stage in stack.show(run)["stages"] if stage["name"] == "apply"][0]["tasks"][0]["tries"] > 1, 20, "it is tried again")
        assert not stack.show(run)["done"]
    end = stack.ended(run)
    assert end["state"] == "released" and len(stack.made()) == 3, end["summary"]


def test_the_program_dies(world):
    stack = PulumiStack(world, {**PROJECT, "dies": "unhandled exception: no such zone"}, approval="")
    end = stack.ended(stack.begin("apply"))
    assert end["state"] == "failed" and stack.stages(end["id"])["apply"] == "idle", end["summary"]
    assert "no such zone" in world.verdict("logs", end["id"]).stdout
