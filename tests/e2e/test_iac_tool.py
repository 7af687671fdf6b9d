# test_iac_tool.py - verdict-iac by itself, with the real terraform: a plan is applied once and exactly, interrupts are gentle, nothing secret stays.
# SPDX-License-Identifier: MIT
import os
import shutil
import signal
import stat
import subprocess

import pytest

from support import wait_until
from support.terraform import CODE, SLOW as SLOW_ALONE, needs_terraform

SLOW = SLOW_ALONE + """resource "terraform_data" "after" {
  input      = 1
  depends_on = [terraform_data.slow]
}
"""


class Stack:
    def __init__(self, world, code=CODE):
        self.world = world
        self.values = world.path("values")
        self.code = os.path.dirname(world.write("code/main.tf", code))
        os.makedirs(world.path("work"), 0o700, exist_ok=True)

    def environment(self, run, plan, variables):
        return {"PATH": os.environ["PATH"], "IAC_WORK": self.world.path("work"), "VERDICT_OUTPUT": self.values, "VERDICT_RUN": run,
                "VERDICT_OUT_PLAN": plan, "VERDICT_VARIABLES": variables}

    def argv(self, verb, tool="terraform"):
        return [self.world.program("verdict-iac"), verb, tool, "network", "prod", "state=local"]

    def run(self, verb, run="run_1", plan="", variables='{"size":4}', path=None):
        """(status, what it said, what it reported)"""
        open(self.values, "w", encoding="ascii").close()
        environment = self.environment(run, plan, variables)
        environment["PATH"] = path or environment["PATH"]
        done = subprocess.run(self.argv(verb), cwd=self.code, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
        with open(self.values, encoding="utf-8") as file:
            return done.returncode, done.stdout, dict(line.rstrip("\n").split("=", 1) for line in file)

    def apply(self, run="run_1", **more):
        _status, _said, values = self.run("plan", run, **more)
        return self.run("apply", run, values["plan"])

    def left(self, run="run_1"):
        """Names of what is left of a run, without terraform's own folder."""
        folder = self.world.path("work", "network", "prod", "runs", run)
        return sorted(set(os.listdir(folder)) - {"data"}) if os.path.exists(folder) else None


@needs_terraform
def test_plan_apply_verify_drift_destroy(world):
    stack = Stack(world)
    status, said, values = stack.run("plan")
    assert status == 0, said
    assert {name: values[name] for name in ("creates", "updates", "deletes", "replaces", "changes")} == {
        "creates": "2", "updates": "0", "deletes": "0", "replaces": "0", "changes": "4"}
    assert "+   terraform_data.a" in said and f"plan {values['plan']}" in said
    folder = world.path("work", "network", "prod", "runs", "run_1")
    assert stack.left() == ["plan", "plan.json", "variables.tfvars.json"]
    assert {stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode) for name in stack.left()} == {0o600}
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700 and os.listdir(stack.code) == ["main.tf"]
    status, said, told = stack.run("apply", plan=values["plan"])
    assert (status, told) == (0, {"output.size": "4"}), said
    assert stack.left() == [], "the plan is used up, and its secrets are gone"
    assert stack.run("apply", plan=values["plan"])[0] == 4, "and cannot be applied again"
    assert stack.run("verify")[::2] == (0, {"resources": "2", "output.size": "4"})
    assert stack.run("verify", variables='{"size":5}')[::2] == (5, {"resources": "2"})
    status, said, values = stack.run("drift")
    assert (status, values) == (0, {"drifts": "0"}) and "0 resources drifted" in said
    _status, said, values = stack.run("plan", variables='{"size":5,"name":"y"}')
    assert (values["updates"], values["replaces"], values["creates"]) == ("1", "1", "0"), said
    assert "-/+ terraform_data.b (replace_because_cannot_update)" in said
    status, said, values = stack.run("plan-destroy", "run_9")
    assert (status, values["deletes"]) == (0, "2"), said
    status, said, _values = stack.run("destroy", "run_9", values["plan"])
    assert status == 0, said
    with open(world.path("work", "network", "prod", "archive", "run_9"), encoding="utf-8") as archived:
        assert "terraform_data" in archived.read()
    assert stack.run("drift")[0] == 0 and stack.run("plan")[2]["creates"] == "2"
    assert stack.run("forget")[0] == 0 and stack.left() is None


@needs_terraform
def test_what_was_not_approved_is_not_applied(world):
    stack = Stack(world)
    _status, _said, first = stack.run("plan", "run_1")
    _status, _said, second = stack.run("plan", "run_2")
    _status, _said, third = stack.run("plan", "run_3", variables='{"size":7}')
    status, said, _values = stack.run("apply", "run_3", first["plan"])
    assert status == 4 and third["plan"] in said and first["plan"] in said, said
    assert stack.run("apply", "run_2", second["plan"])[0] == 0
    status, said, _values = stack.run("apply", "run_1", first["plan"])
    assert status == 3 and "stale" in said and "verdict retry" in said, said
    assert stack.left("run_1") == []
    assert stack.run("apply", "run_1")[0] == 4


@needs_terraform
def test_an_interrupt_in_mid_apply(world):
    """Terraform is asked once, saves what it has done, and begins nothing more; the next plan says what is left, and nothing is made twice."""
    began, may_end = world.path("began"), world.path("may_end")
    stack = Stack(world, CODE + SLOW.replace("BEGAN", began).replace("MAY_END", may_end))
    _status, _said, values = stack.run("plan")
    assert values["creates"] == "4"
    with open(world.path("said"), "w+", encoding="utf-8") as said:
        apply = subprocess.Popen(stack.argv("apply"), cwd=stack.code, env=stack.environment("run_1", values["plan"], "{}"), stdout=said, stderr=subprocess.STDOUT, process_group=0)
        wait_until(lambda: os.path.exists(began), 20, "the slow resource begins")
        for _again in range(3):
            os.killpg(apply.pid, signal.SIGTERM)
        assert apply.wait(30) == 7
    with open(world.path("said"), encoding="utf-8") as file:
        said = file.read()
    assert "Gracefully shutting down" in said and "Two interrupts" not in said and "the next plan says what is left" in said, said
    open(may_end, "w", encoding="ascii").close()
    _status, said, values = stack.run("plan", "run_2")
    assert (values["creates"], values["replaces"]) == ("1", "1"), said
    assert "-/+ terraform_data.slow (replace_because_tainted)" in said and "+   terraform_data.after" in said, said
    assert stack.run("apply", "run_2", values["plan"])[0] == 0
    assert stack.run("verify", "run_2")[0] == 0


@needs_terraform
def test_killed_in_mid_apply(world):
    """Who is killed leaves no terraform behind that nobody stops: it hears of it, saves what it has done, and the next plan goes on from there."""
    began, may_end = world.path("began"), world.path("may_end")
    stack = Stack(world, CODE + SLOW.replace("BEGAN", began).replace("MAY_END", may_end))
    _status, _said, values = stack.run("plan")
    with open(world.path("said"), "w", encoding="utf-8") as said:
        apply = subprocess.Popen(stack.argv("apply"), cwd=stack.code, env=stack.environment("run_1", values["plan"], "{}"), stdout=said, stderr=subprocess.STDOUT)
        wait_until(lambda: os.path.exists(began), 20, "the slow resource begins")
        apply.kill()
        assert apply.wait(10) == -signal.SIGKILL
    status, said, values = stack.run("plan", "run_2")
    assert (status, values["creates"], values["replaces"]) == (0, "1", "1"), said
    open(may_end, "w", encoding="ascii").close()
    assert stack.run("apply", "run_2", values["plan"])[0] == 0
    assert stack.run("verify", "run_2")[0] == 0


@needs_terraform
def test_one_at_a_time(world):
    began, may_end = world.path("began"), world.path("may_end")
    stack = Stack(world, CODE + SLOW.replace("BEGAN", began).replace("MAY_END", may_end))
    _status, _said, values = stack.run("plan")
    apply = subprocess.Popen(stack.argv("apply"), cwd=stack.code, env=stack.environment("run_1", values["plan"], "{}"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: os.path.exists(began), 20, "the slow resource begins")
        other = subprocess.Popen(stack.argv("verify"), cwd=stack.code, env=stack.environment("run_2", "", '{"size":4}'), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(1)
        other.send_signal(signal.SIGINT)
        assert other.wait(10) == 7
        assert stack.run("forget", "run_2")[0] == 0 and stack.left("run_2") is None, "a run is forgotten while another one works"
    finally:
        open(may_end, "w", encoding="ascii").close()
    assert apply.wait(30) == 0


DRIFTED = """#!/bin/sh
case "$1" in
init) exit 0;;
plan) for argument in "$@"; do case "$argument" in -out=*) echo plan > "${argument#-out=}";; esac; done; exit 2;;
show) echo '{"format_version":"1.2","resource_drift":[{"address":"a.b","change":{"actions":["update"]}}],"output_changes":{"x":{"actions":["update"]}}}';;
*) exit 1;;
esac
"""


def test_drift_is_counted(world):
    """Built-in resources do not drift: a program that answers as terraform does of one that did."""
    world.write("bin/terraform", DRIFTED, 0o700)
    stack = Stack(world)
    status, said, values = stack.run("drift", path=world.path("bin") + ":/usr/bin:/bin")
    assert (status, values) == (6, {"drifts": "1"}), said


HELD = """#!/bin/sh
case "$1" in
plan) for argument in "$@"; do case "$argument" in -out=*) echo alike > "${argument#-out=}";; esac; done; exit 2;;
show) echo '{"format_version":"1.2","resource_changes":[{"address":"a.b","change":{"actions":["create"]}}]}';;
apply) [ ! -e HELD ] || { echo 'Error: Error acquiring the state lock'; exit 1; };;
output) echo '{}';;
esac
"""


def test_a_state_that_is_held(world):
    """Nothing began, so the plan that was approved is still there for the next try."""
    world.write("bin/terraform", HELD.replace("HELD", world.path("held")), 0o700)
    stack = Stack(world)
    path = world.path("bin") + ":/usr/bin:/bin"
    plan = stack.run("plan", path=path)[2]["plan"]
    world.write("held", "")
    assert stack.run("apply", plan=plan, path=path)[0] == 75
    os.unlink(world.path("held"))
    assert stack.run("apply", plan=plan, path=path)[0] == 0
    assert stack.run("apply", plan=plan, path=path)[0] == 4


ALIKE = """#!/bin/sh
case "$1" in
plan) for argument in "$@"; do case "$argument" in -out=*) echo alike > "${argument#-out=}";; esac; done; exit 2;;
show) echo '{"format_version":"1.2","resource_changes":[{"address":"a.b","change":{"actions":["create"]}}]}';;
output) echo '{}';;
esac
"""


def test_two_runs_are_two_plans(world):
    """Plans of the same bytes, as two of the same second are: who said yes to one said nothing of the other."""
    world.write("bin/terraform", ALIKE, 0o700)
    stack = Stack(world)
    path = world.path("bin") + ":/usr/bin:/bin"
    first, second = (stack.run("plan", run, path=path)[2]["plan"] for run in ("run_1", "run_2"))
    assert first != second
    assert stack.run("apply", "run_1", second, path=path)[0] == 4
    assert stack.run("apply", "run_2", second, path=path)[0] == 0


SHOWN = """#!/bin/sh
env | grep -E '^(TF_|IAC_|VERDICT_|CHECKPOINT)' | sort > SHOWN
exit 1
"""


def test_the_state_may_be_with_the_daemon(world):
    """Its address and the token come by the environment alone; nothing else of ours does."""
    world.write("bin/terraform", SHOWN.replace("SHOWN", world.path("shown")), 0o700)
    token = world.write("token", "verysecret\n", 0o600)
    stack = Stack(world)
    argv = [*stack.argv("plan")[:-1], "state=daemon"]
    environment = {**stack.environment("run_1", "", "{}"), "PATH": world.path("bin") + ":/usr/bin:/bin", "TF_WORKSPACE": "other", "TF_VAR_key": "kept",
                   "IAC_URL": "http://127.0.0.1:1", "IAC_TOKEN": f"file:{token}"}
    done = subprocess.run(argv, cwd=stack.code, env=environment, text=True, capture_output=True, timeout=20, check=False)
    assert done.returncode == 1 and "verysecret" not in done.stdout + done.stderr
    with open(world.path("shown"), encoding="utf-8") as file:
        shown = dict(line.rstrip("\n").split("=", 1) for line in file)
    address = "http://127.0.0.1:1/v1/iac/network/prod/state"
    assert shown == {"TF_HTTP_ADDRESS": address, "TF_HTTP_LOCK_ADDRESS": address, "TF_HTTP_UNLOCK_ADDRESS": address, "TF_HTTP_USERNAME": "verdict-iac", "TF_HTTP_PASSWORD": "verysecret",
                     "TF_HTTP_RETRY_MAX": "47", "TF_HTTP_RETRY_WAIT_MIN": "1", "TF_HTTP_RETRY_WAIT_MAX": "5",
                     "TF_DATA_DIR": world.path("work/network/prod/runs/run_1/data"), "TF_INPUT": "0", "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", "TF_VAR_key": "kept"}
    os.chmod(token, 0o644)
    done = subprocess.run(argv, cwd=stack.code, env=environment, text=True, capture_output=True, timeout=20, check=False)
    assert done.returncode == 10 and "IAC_TOKEN" in done.stderr and "token" in done.stderr, done.stderr


def test_refusals(world):
    stack = Stack(world)
    program = world.program("verdict-iac")
    for argv, word in (([], "VERB"), (["plan", "terraforn", "a", "b"], "terraforn"), (["plan", "terraform", "a/b", "c"], "names"), (["plan", "terraform", "a", "b", "state=x"], "state=x"),
                       (["plan", "terraform", "a", "b", "state=daemon"], "IAC_TOKEN"), (["burn", "terraform", "a", "b"], "burn"), (["plan", "terraform", "a", "b", "c"], "option")):
        done = subprocess.run([program, *argv], cwd=stack.code, env=stack.environment("run_1", "", "{}"), text=True, capture_output=True, timeout=20, check=False)
        assert done.returncode == 2 and word in done.stderr, (argv, done)
    status, said, _values = stack.run("plan", path="/nowhere")
    assert status == 1 and "PATH" in said, said
    os.chmod(world.path("work", "network"), 0o755)
    status, said, _values = stack.run("plan")
    assert status == 1 and "chmod 700" in said, said
    os.chmod(world.path("work", "network"), 0o700)
    shutil.rmtree(world.path("work", "network", "prod"))
    os.symlink("/tmp", world.path("work", "network", "prod"))
    assert stack.run("plan")[0] == 1, "links lead nowhere"
