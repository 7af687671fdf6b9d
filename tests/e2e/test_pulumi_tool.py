# test_pulumi_tool.py - verdict-iac by itself with a stand-in for pulumi: what is applied is what was approved, and what is not ends at its first step.
# SPDX-License-Identifier: MIT
import hashlib
import json
import os
import signal
import stat
import subprocess

from support import wait_until
from support.pulumi import install, make_stack

PROJECT = {"name": "network", "runtime": "yaml",
           "resources": {"net": {"type": "cloud:Network", "properties": {"size": "${size}", "owner": "${owner}", "zones": "${zones}"}},
                         "logs": {"type": "cloud:Bucket", "properties": {"fixed_name": "${name}", "key": {"secret": "hunter2"}}}},
           "outputs": {"size": "${size}", "key": {"secret": "hunter2"}, "zones": "${zones}"}}
VARIABLES = {"size": 4, "name": "x", "zones": ["a", "b"]}
NET = "urn:pulumi:prod::network::cloud:Network::net"
LOGS = "urn:pulumi:prod::network::cloud:Bucket::logs"


class Tool:
    def __init__(self, world, project=None, passphrase=None, access=None):
        self.world = world
        self.values = world.path("values")
        self.code = os.path.dirname(world.write("code/Pulumi.yaml", json.dumps(project or PROJECT)))
        os.makedirs(world.path("work"), 0o700)
        self.own = install(world, {})
        make_stack(world, self.code, "prod", passphrase)
        if access:
            world.write("backend/access", access)

    def project(self, project, path="code/Pulumi.yaml"):
        self.world.write(path, json.dumps(project))

    def environment(self, run, plan, variables, **more):
        return {**self.own, "IAC_WORK": self.world.path("work"), "VERDICT_OUTPUT": self.values, "VERDICT_RUN": run, "VERDICT_OUT_PLAN": plan,
                "VERDICT_VARIABLES": json.dumps(variables), **more}

    def argv(self, verb, *options):
        return [self.world.program("verdict-iac"), verb, "pulumi", "network", "prod", *options]

    def run(self, verb, run="run_1", plan="", variables=None, options=(), **more):
        """(status, what it said, what it reported)"""
        open(self.values, "w", encoding="ascii").close()
        done = subprocess.run(self.argv(verb, *options), cwd=self.code, env=self.environment(run, plan, variables or VARIABLES, **more), text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
        with open(self.values, encoding="utf-8") as file:
            return done.returncode, done.stdout, dict(line.rstrip("\n").split("=", 1) for line in file)

    def left(self, run="run_1"):
        folder = self.world.path("work", "network", "prod", "runs", run)
        return sorted(os.listdir(folder)) if os.path.exists(folder) else None

    def made(self):
        path = self.world.path("backend", "made")
        if not os.path.exists(path):
            return []
        with open(path, encoding="utf-8") as file:
            return file.read().splitlines()


def changed(**properties):
    project = json.loads(json.dumps(PROJECT))
    for name, values in properties.items():
        project["resources"][name]["properties"].update(values)
    return project


def counts(values):
    return [int(values[name]) for name in ("creates", "updates", "deletes", "replaces", "changes")]


def test_plan_apply_verify_drift_destroy(world):
    tool = Tool(world)
    status, said, values = tool.run("plan")
    assert status == 0 and counts(values) == [3, 0, 0, 0, 3], said
    assert f"+   {NET}" in said and f"plan {values['plan']}" in said and "hunter2" not in said
    folder = world.path("work", "network", "prod", "runs", "run_1")
    assert tool.left() == ["config.yaml", "plan", "plan.json"]
    assert {stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode) for name in tool.left()} == {0o600}
    with open(os.path.join(tool.code, "Pulumi.prod.yaml"), encoding="utf-8") as file:
        assert json.load(file) == {"config": {"network:owner": "sre"}}, "the code's own is not written to"
    status, said, told = tool.run("apply", plan=values["plan"])
    assert (status, told) == (0, {"output.size": "4"}), said
    assert tool.made()[1:] == [f"create {NET}", f"create {LOGS}"] and "hunter2" not in said
    assert tool.left() == [], "the plan is used up, and its secrets are gone"
    with open(world.path("work", "network", "prod", "archive", "run_1"), encoding="utf-8") as archived:
        text = archived.read()
    assert NET in text and '"secret"' not in text and json.loads(text)["deployment"]["resources"][1]["inputs"] == {"size": "4", "owner": "sre", "zones": ["a", "b"]}
    assert tool.run("apply", plan=values["plan"])[0] == 4, "and cannot be applied again"
    assert tool.run("verify")[::2] == (0, {"output.size": "4", "resources": "3"})
    assert tool.run("verify", variables={**VARIABLES, "size": 5})[::2] == (5, {"resources": "3"})
    assert tool.run("drift")[::2] == (0, {"drifts": "0"})
    world.write("backend/drifted", json.dumps([NET]))
    status, said, told = tool.run("drift")
    assert (status, told) == (6, {"drifts": "1"}), said
    status, said, values = tool.run("plan", variables={"size": 5, "name": "y", "zones": ["a"]})
    assert status == 0 and counts(values) == [0, 1, 0, 1, 2], said
    assert f"-/+ {LOGS} (fixed_name)" in said
    status, said, values = tool.run("plan-destroy", "run_9")
    assert status == 0 and counts(values) == [0, 0, 3, 0, 3], said
    status, said, told = tool.run("destroy", "run_9", values["plan"])
    assert (status, told) == (0, {"resources": "0"}), said
    assert sorted(os.listdir(world.path("work", "network", "prod", "archive"))) == ["run_1", "run_9"]
    assert tool.run("plan")[2]["creates"] == "3"
    assert tool.run("forget")[0] == 0 and tool.left() is None


def test_the_archive_has_an_end(world):
    tool = Tool(world)
    values = tool.run("plan")[2]
    folder = world.path("work", "network", "prod", "archive")
    for number in range(500):
        path = world.write(os.path.join("work", "network", "prod", "archive", f"run_{1000 + number}"), "{}")
        os.utime(path, (1_700_000_000 + abs(number - 7),) * 2)
    assert tool.run("apply", plan=values["plan"])[0] == 0
    assert set(f"run_{1000 + number}" for number in range(500)) - set(os.listdir(folder)) == {"run_1007"} and len(os.listdir(folder)) == 500


def test_what_was_not_approved_is_not_applied(world):
    """Another run's plan, though it is of the same bytes; then code, configuration and state that changed since."""
    tool = Tool(world)
    first, second = (tool.run("plan", run)[2]["plan"] for run in ("run_1", "run_2"))
    assert first != second, "two runs that want the same are two plans"
    assert tool.run("apply", "run_2", first)[0] == 4
    second = tool.run("plan", "run_2")[2]["plan"]
    tool.project(changed(net={"size": 99}))
    status, said, _values = tool.run("apply", "run_1", first)
    assert status == 3 and "verdict retry" in said and "something else" in said, said
    assert tool.left("run_1") == []
    tool.project(PROJECT)
    third = tool.run("plan", "run_3", variables={**VARIABLES, "size": 7})[2]["plan"]
    assert tool.run("apply", "run_2", second)[0] == 0
    assert tool.run("apply", "run_3", third)[0] == 3, "the state is another one"
    fourth = tool.run("plan", "run_4", variables={**VARIABLES, "size": 8})[2]["plan"]
    world.write("work/network/prod/runs/run_4/config.yaml", "{}")
    assert tool.run("apply", "run_4", fourth)[0] in (1, 3), "and so is the configuration"
    assert len(tool.made()) == 3


def test_changed_between_the_preview_and_the_update(world):
    """What pulumi begins is looked up as it begins: the first step that nobody approved is the last one."""
    tool = Tool(world)
    _status, _said, values = tool.run("plan")
    assert tool.run("apply", plan=values["plan"])[0] == 0
    _status, _said, values = tool.run("plan", variables={**VARIABLES, "size": 5})
    assert counts(values) == [0, 1, 0, 0, 1]
    began, may_end = world.path("began"), world.path("may_end")
    tool.project(changed(logs={"fixed_name": "other", "wait": {"began": began, "may_end": may_end}}), "backend/at_up.json")
    status, said, _values = tool.run("apply", plan=values["plan"], variables={**VARIABLES, "size": 5})
    assert status == 1 and f"create-replacement {LOGS}: was not in the plan" in said and "next plan says" in said, said
    assert tool.made()[3:] == [f"update {NET}", f"create-replacement {LOGS}"], "what was approved, and the one that was begun; not the removal of what it replaces"
    os.unlink(world.path("backend", "at_up.json"))
    assert tool.run("verify", variables={**VARIABLES, "size": 5})[0] == 5


def test_held_to_a_saved_plan(world):
    """With plan=saved pulumi refuses by itself before it begins, and takes what it names as the plan named it."""
    tool = Tool(world)
    saved = ("plan=saved",)
    _status, _said, values = tool.run("plan", options=saved)
    assert "saved" in tool.left()
    with open(world.path("work/network/prod/runs/run_1/saved"), encoding="utf-8") as file:
        name = json.load(file)["names"][LOGS]
    assert tool.run("apply", plan=values["plan"], options=saved)[0] == 0
    with open(world.path("backend/stacks/prod.json"), encoding="utf-8") as file:
        assert name in file.read()
    _status, _said, values = tool.run("plan", variables={**VARIABLES, "size": 5}, options=saved)
    tool.project(changed(logs={"fixed_name": "other"}), "backend/at_up.json")
    status, said, _values = tool.run("apply", plan=values["plan"], options=saved)
    assert status == 1 and "violates plan" in said, said
    assert tool.made()[3:] == [f"update {NET}"]
    _status, _said, values = tool.run("plan", "run_2", options=saved)
    world.write("work/network/prod/runs/run_2/saved", "{}")
    assert tool.run("apply", "run_2", values["plan"], options=saved)[0] == 3, "another saved plan is another plan"


def test_the_program_dies(world):
    tool = Tool(world, {**PROJECT, "dies": "unhandled exception: no such zone"})
    status, said, values = tool.run("plan")
    assert (status, values) == (1, {}) and "no such zone" in said, said
    assert tool.left() == []
    tool.project(changed(net={"fails": True}))
    _status, _said, values = tool.run("plan")
    status, said, _values = tool.run("apply", plan=values["plan"])
    assert status == 1 and f"failed: create {NET}" in said, said
    tool.project(PROJECT)
    status, said, values = tool.run("plan")
    assert counts(values) == [2, 0, 0, 0, 2], "the next plan says what is left"
    world.write("backend/silent", "")
    status, said, _values = tool.run("apply", plan=values["plan"])
    assert status == 1 and "without saying" in said, said


def test_an_interrupt_in_mid_apply(world):
    """Pulumi is asked once, does to its end what it began, and begins nothing more."""
    began, may_end = world.path("began"), world.path("may_end")
    tool = Tool(world, changed(net={"wait": {"began": began, "may_end": may_end}}))
    _status, _said, values = tool.run("plan")
    with open(world.path("said"), "w+", encoding="utf-8") as said:
        apply = subprocess.Popen(tool.argv("apply"), cwd=tool.code, env=tool.environment("run_1", values["plan"], VARIABLES), stdin=subprocess.DEVNULL, stdout=said,
                                 stderr=subprocess.STDOUT, process_group=0)
        wait_until(lambda: os.path.exists(began), 20, "the slow resource begins")
        os.makedirs(world.path("elsewhere"), 0o700)
        status, text, _values = tool.run("verify", "run_2", IAC_WORK=world.path("elsewhere"))
        assert status == 75 and "currently locked" in text, text
        for _again in range(3):
            os.killpg(apply.pid, signal.SIGTERM)
        assert apply.wait(30) == 7
    assert tool.made()[1:] == [f"create {NET}"]
    open(may_end, "w", encoding="ascii").close()
    status, said, values = tool.run("plan", "run_2")
    assert counts(values) == [1, 0, 0, 0, 1], said
    assert tool.run("apply", "run_2", values["plan"])[0] == 0


def test_secrets_by_reference(world):
    """A passphrase and a token come out of files into its environment, and nowhere else."""
    tool = Tool(world, passphrase="correct horse", access=hashlib.sha256(b"pul-token").hexdigest())
    status, said, _values = tool.run("plan")
    assert status == 1 and "access token" in said, said
    token = {"IAC_SECRET_PULUMI_ACCESS_TOKEN": "file:" + world.write("token", "pul-token\n", 0o600)}
    status, said, _values = tool.run("plan", **token)
    assert status == 1 and "passphrase" in said, said
    token["IAC_SECRET_PULUMI_CONFIG_PASSPHRASE"] = "file:" + world.write("passphrase", "correct horse\n", 0o600)
    status, said, values = tool.run("plan", **token, PULUMI_STACK="other", PULUMI_OPTION_REFRESH="true")
    assert status == 0 and counts(values) == [3, 0, 0, 0, 3], said
    with open(world.path("backend/calls"), encoding="utf-8") as file:
        assert "horse" not in file.read()
    os.chmod(world.path("token"), 0o644)
    status, said, _values = tool.run("plan", **token)
    assert status == 10 and "IAC_SECRET_PULUMI_ACCESS_TOKEN" in said, said


def test_refusals(world):
    tool = Tool(world)
    for options, word in ((["state=local"], "backend of its own"), (["state=daemon"], "backend of its own"), (["plan=x"], "option")):
        status, said, _values = tool.run("plan", options=options)
        assert status == 2 and word in said, said
    done = subprocess.run([world.program("verdict-iac"), "plan", "terraform", "network", "prod", "plan=saved"], cwd=tool.code, env=tool.environment("r", "", {}), text=True,
                          capture_output=True, timeout=20, check=False)
    assert done.returncode == 2 and "plan=saved" in done.stderr, done.stderr
    status, said, _values = tool.run("plan", variables={"zones": []})
    assert status == 1 and "zones is empty" in said, said
    os.unlink(os.path.join(tool.code, "Pulumi.prod.yaml"))
    status, said, _values = tool.run("plan")
    assert status == 1 and "pulumi stack init prod" in said, said
    os.unlink(world.path("backend/stacks/prod.json"))
    status, said, _values = tool.run("plan", variables={"": 1})
    assert status == 1 and "no name" in said, said
