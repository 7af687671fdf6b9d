# test_whole.py - one signed event goes all the way: infrastructure, build, tests, scan, artifact, three environments, approvals, release, report.
# SPDX-License-Identifier: MIT
import base64
import getpass
import hashlib
import hmac
import json
import os
import shutil
import time

import world_config
from support import kpi, wait_until
from support.kpi import Run
from support.rules import around, deployment, shop_rules, start
from support.terraform import CODE, needs_terraform
from test_controller import KEY, retained, upstream
from world import find

pytestmark = needs_terraform

EVENT_KEY = base64.b64encode(bytes([7]) * 32).decode()
STAGES = ["build", "test", "security", "artifact", "dev", "staging-network-plan", "staging-network-review", "staging-network-apply", "staging-network-verify", "staging",
          "prod-network-plan", "prod-network-review", "prod-network-approve", "prod-network-apply", "prod-network-verify", "prod", "release"]

# Unit tests end only while the integration tests run, and these only while those do: so both are under way at once.
TASK = """#!/bin/sh
cd FOLDER || exit 1
echo "$VERDICT_TASK" >> ran
case "$VERDICT_TASK" in
dist) head -c 2048 /dev/zero | tr '\\\\0' x > shop.tar;  echo "artifact_bytes=$(stat -c %s shop.tar)" >> "$VERDICT_OUTPUT";  echo "commit_time=COMMIT" >> "$VERDICT_OUTPUT";;
unit|integration) touch "began.$VERDICT_TASK"
  until [ -e began.unit ] && [ -e began.integration ]; do sleep 0.05; done
  [ "$VERDICT_TASK" = unit ] && echo "coverage=91.5" >> "$VERDICT_OUTPUT"
  [ -e FAIL ] && exit 1;;
scan) echo 'SARIF';;
publish) echo "digest=sha256:$(sha256sum shop.tar | cut -d ' ' -f 1)" >> "$VERDICT_OUTPUT";;
esac
exit 0
"""

# What the plan costs, and what is to be said against it, differs by environment.
LOOK = """#!/bin/sh
[ -r "$VERDICT_OUT_PLAN_FILE" ] || exit 1
case "$VERDICT_TASK $VERDICT_ENVIRONMENT" in
"cost prod") echo "monthly_cost=120" >> "$VERDICT_OUTPUT";  echo "monthly_cost_before=100" >> "$VERDICT_OUTPUT";;
"cost staging") echo "monthly_cost=8.5" >> "$VERDICT_OUTPUT";;
"compliance prod") echo 'SARIF';;
*) echo 'CLEAN';;
esac
"""

SARIF = '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}},"results":[{"level":"note","message":{"text":"hm"}},{"level":"warning","message":{"text":"oh"}}]}]}'

CLEAN = '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}},"results":[]}]}'

RULES = """
stacks: { network: { tool = "terraform";  directory = "CODE";  program = "IAC";  state = "local";
  refuse_when = "deletes > 0 or monthly_cost > 500";  cost: { exec = [ "LOOK" ]; };  compliance: { exec = [ "LOOK" ];  parse = "sarif";  fail_when = "errors > 0"; };
  environments: { staging: { variables: { size = 1; }; };
    prod: { variables: { size = 4; };  approval: { from = [ "sre" ];  not_author = true;  timeout = "1h"; }; }; }; }; };
strategies: { again: { kind = "recreate";  steps = ( { command = "deploy"; }, { watch = "300ms";  at_most = "20s"; } ); }; };
pipelines: { shop: { service = "shop";
  stages: { build:    { dist: { exec = [ "TASK" ]; }; };
            test:     { unit: { exec = [ "TASK" ]; };  integration: { exec = [ "TASK" ]; }; };
            security: { scan: { exec = [ "TASK" ];  parse = "sarif";  fail_when = "errors > 0"; }; };
            artifact: { publish: { exec = [ "TASK" ]; }; }; };
  infrastructure = [ "network" ];  environments = [ "dev", "staging", "prod" ];
  release: { tag: { exec = [ "TASK" ]; }; }; }; };
"""

PLACE = """NAME: { strategy = "again";  rules: { baselines = [ ];  triggers = [ ]; };  slots: { only: { address = "127.0.0.1:1"; }; };
        commands: { deploy: { exec = [ "QUICK" ];  timeout = "5s";  repeat = "idempotent"; }; }; };
      """


class Whole:
    """Everything that is real, and the pipeline."""

    def __init__(self, world, controller):
        self.world, self.committed = world, int(time.time()) - 600
        os.makedirs(world.path("pipeline"), 0o700)
        os.makedirs(world.path("work"), 0o700)
        self.code = os.path.dirname(world.write("code/main.tf", CODE))
        self.iac = world.path("commands", "verdict-iac")
        shutil.copyfile(world.program("verdict-iac"), self.iac)
        os.chmod(self.iac, 0o700)
        texts = {"FOLDER": world.path("pipeline"), "COMMIT": str(self.committed), "SARIF": SARIF, "CLEAN": CLEAN}
        self.programs = {name: world.write(f"commands/{name}", replaced(text, texts), 0o700) for name, text in (("task", TASK), ("look", LOOK), ("quick", "#!/bin/sh\nexit 0\n"))}
        around(world, rate=100)
        world.start_runner(self.runner_text())
        world.start_daemon(text=self.settings(controller), rules={"shop.rules": self.shop(), "pipeline.rules": self.pipeline()})
        assert world.verdict("adopt", "shop/prod", "--slot", "blue", "--version", "1.0.0", "--reason", "the first one").returncode == 0
        self.tokens = {name: world.verdict("token", "create", name, "--person", "--scope", "read,approve").stdout.split()[-1] for name in ("alice", "bob")}

    def runner_text(self):
        allow = f'[ "{self.iac}", "**" ], ' + "".join(f'[ "{path}" ], ' for path in self.programs.values())
        text = world_config.runner_text(self.world).replace("allow = (", f"allow = ( {allow}")
        return text.replace("PATH=/usr/bin:/bin", f"PATH={os.path.dirname(find('terraform'))}:/usr/bin:/bin\", \"IAC_WORK={self.world.path('work')}") + f'directories = [ "{self.code}" ];\n'

    def settings(self, controller):
        world = self.world
        keys = {name: world.write(f"{name}.key", text) for name, text in (("ci", EVENT_KEY), ("controller", "whsec_" + base64.b64encode(KEY).decode()))}
        text = world_config.verdictd_text(world).replace(f'sre = [ "{getpass.getuser()}" ]', 'sre = [ "alice", "bob" ]')
        return text + (f'hooks: {{ ci: {{ kind = "verdict";  secret = "file:{keys["ci"]}";  services = [ "shop", "network" ]; }}; }};\n'
                       f'controller: {{ url = "{controller.url}";  secret = "file:{keys["controller"]}";  mqtt = true;  every = "5s"; }};\n')

    def shop(self):
        places = "".join(PLACE.replace("NAME", name).replace("QUICK", self.programs["quick"]) for name in ("dev", "staging"))
        text = shop_rules(self.world, more='approval: { from = [ "sre" ];  need = 1;  not_author = true;  timeout = "1h"; };')
        assert "environments: {\n      prod:" in text
        return text.replace("environments: {\n      prod:", "environments: {\n      " + places + "prod:")

    def pipeline(self):
        return replaced(RULES, {"CODE": self.code, "IAC": self.iac, "LOOK": self.programs["look"], "TASK": self.programs["task"]})

    def send(self, version):
        """As a registry does that tells of an artifact; signed, and twice."""
        event = {"specversion": "1.0", "id": f"artifact-{version}", "source": "/registry", "type": "dev.cdevents.artifact.published.0.3.0",
                 "data": {"context": {"version": "0.5.0", "id": f"artifact-{version}"}, "subject": {"id": f"pkg:generic/shop@{version}", "content": {}},
                          "customData": {"verdict": {"pipeline": "shop", "commit": "9f2c1ab", "actor": "alice"}}}}
        stamp = str(int(time.time()))
        code = hmac.new(base64.b64decode(EVENT_KEY), f"m-{version}.{stamp}.{json.dumps(event)}".encode(), hashlib.sha256).digest()
        headers = {"webhook-id": f"m-{version}", "webhook-timestamp": stamp, "webhook-signature": "v1," + base64.b64encode(code).decode()}
        assert self.world.api("POST", "/v1/hooks/ci", event, {**headers, "webhook-signature": "v1," + base64.b64encode(bytes(32)).decode()}).status == 401
        answers = [self.world.api("POST", "/v1/hooks/ci", event, headers) for _time in range(2)]
        assert [answer.status for answer in answers] == [202, 202], answers
        runs = {answer.json["events"][0]["run"] for answer in answers}
        assert len(runs) == 1, runs
        return runs.pop()

    def show(self, run):
        return self.world.api("GET", f"/v1/runs/{run}").json

    def task(self, run, stage, name):
        found = next(one for one in self.show(run)["stages"] if one["name"] == stage)
        return next(one for one in found["tasks"] if one["name"] == name)

    def say(self, who, path, body):
        return self.world.api("POST", path, body, {"Authorization": f"Bearer {self.tokens[who]}"})

    def shapes(self):
        """What each run's stages are made of."""
        runs = self.world.api("GET", "/v1/runs?limit=100").json["runs"]
        stages = {int(one["id"][4:]): self.show(one["id"])["stages"] for one in runs}
        return {run: Run([(stage["name"], [task["kind"] for task in stage["tasks"]]) for stage in found], sum(stage["state"] == "skipped" for stage in found)) for run, found in stages.items()}

    def check_report(self):
        """Number by number against the journal's rows; how many figures were known."""
        world = self.world
        wait_until(lambda: world.api("GET", "/v1/status").json["span"]["runs"] == len(self.shapes()), 20, "the figures are as new as the runs")
        status = world.api("GET", "/v1/status").json
        known = kpi.check(world.path("data", "journal.db"), status, self.shapes())
        printed = json.loads(world.verdict("status", "--json").stdout)
        assert {name: printed[name] for name in ("kpis", "dora", "infrastructure", "environments")} == {name: status[name] for name in ("kpis", "dora", "infrastructure", "environments")}
        return status, known


def replaced(text, values):
    for name, value in values.items():
        text = text.replace(name, value)
    return text


def resources_in_state(world, place):
    """As terraform itself has written them down."""
    with open(world.path("work", place, "state", "terraform.tfstate"), encoding="utf-8") as file:
        return sum(len(one["instances"]) for one in json.load(file)["resources"] if one["mode"] == "managed")


def approve(whole, run):
    """What waits for people waits for others than the author; and for the plan that they have read."""
    wait_until(lambda: whole.task(run, "prod-network-approve", "approve")["state"] == "awaiting", 90, f"the plan of prod waits: {whole.show(run)['summary']}")
    assert whole.task(run, "staging", "deploy")["state"] == "done" and whole.task(run, "prod", "deploy")["state"] == "idle"
    plan = whole.show(run)["outputs"]["plan"]
    path, answer = f"/v1/runs/{run}/tasks/prod-network-approve/approve", {"result": "pass", "outputs": {"plan": plan}}
    assert whole.say("alice", path, answer).status == 403, "she began it"
    assert whole.say("bob", path, answer).status == 200
    wait_until(lambda: whole.task(run, "prod", "deploy").get("deployment"), 60, f"prod is deployed: {whole.show(run)['summary']}")
    name = whole.task(run, "prod", "deploy")["deployment"]
    wait_until(lambda: (deployment(whole.world, name)["step"] or {}).get("state") == "waiting", 20, "the deployment waits for people")
    refused = whole.say("alice", f"/v1/deployments/{name}/approvals", {"decision": "approve"})
    assert refused.status == 403, refused.text
    assert whole.say("bob", f"/v1/deployments/{name}/approvals", {"decision": "approve"}).status == 200
    return name


def check_stacks(world, status, run):
    """Each environment has its own numbers, though the run's outputs are those of the one that reported last."""
    stacks = {f"{one['stack']}/{one['environment']}": one for one in status["infrastructure"]["stacks"]}
    assert set(stacks) == {"network/staging", "network/prod"}
    for place, one in stacks.items():
        assert one["resources"] == resources_in_state(world, place) == 2, one
        assert (one["plan"]["run"], one["plan"]["creates"], one["plan"]["changes"], one["apply"]["ok"], one["verify"]["ok"], one["drift"]) == (run, 2, 4, True, True, None), one
    staging, prod = stacks["network/staging"], stacks["network/prod"]
    assert (prod["cost"]["monthly_cost"], prod["cost"]["change"], staging["cost"]["monthly_cost"], staging["cost"]["change"]) == (120, 0.2, 8.5, None)
    assert [prod["compliance"][name] for name in ("errors", "warnings", "notes", "findings", "critical")] == [0, 1, 1, 2, None]
    assert [staging["compliance"][name] for name in ("errors", "warnings", "notes", "findings")] == [0, 0, 0, 0]
    assert status["infrastructure"]["totals"] == {"stacks": 2, "resources": {"value": 4, "count": 2}, "monthly_cost": {"value": 128.5, "count": 2},
                                                  "findings": {"value": 2, "count": 2}, "drifts": {"value": None, "count": 0}}


def check_run(whole, run, end):
    world = whole.world
    assert (end["state"], end["exit_code"], end["version"], end["actor"], end["commit"]) == ("released", 0, "2.0.0", "alice", "9f2c1ab"), end["summary"]
    assert [stage["name"] for stage in end["stages"]] == STAGES
    assert {stage["state"] for stage in end["stages"]} == {"done"}
    with open(world.path("pipeline", "shop.tar"), "rb") as file:
        assert end["digest"] == "sha256:" + hashlib.sha256(file.read()).hexdigest()
    with open(world.path("pipeline", "ran"), encoding="ascii") as file:
        assert sorted(file.read().split()) == ["dist", "integration", "publish", "scan", "tag", "unit"], "each once"
    unit, integration = (whole.task(run, "test", name) for name in ("unit", "integration"))
    assert unit["began_at"] <= integration["changed_at"] and integration["began_at"] <= unit["changed_at"]
    assert (end["outputs"]["scan.warnings"], end["outputs"]["scan.findings"]) == ("1", "2")
    for place in ("dev", "staging", "prod"):
        shown = deployment(world, whole.task(run, place, "deploy")["deployment"])
        assert (shown["state"], shown["environment"], shown["digest"]) == ("promoted", place, end["digest"])
    approvals = world.api("GET", "/v1/audit?limit=100").text
    assert "approves plan sha256:" in approvals and '"actor":"bob"' in approvals


def test_from_one_event_to_the_report(world):
    with upstream() as controller:
        whole = Whole(world, controller)
        run = whole.send("2.0.0")
        name = approve(whole, run)
        wait_until(lambda: whole.show(run)["done"], 90, f"{run} ends: {whole.show(run)['summary']}")
        check_run(whole, run, whole.show(run))
        assert world.split() == 10000, "all users have it"
        status, known = whole.check_report()
        check_stacks(world, status, run)
        figures = {name: figure["value"] for name, figure in status["kpis"].items()}
        assert known == 11 and {name for name, value in figures.items() if value is None} == {"rollback_time", "recovery_time", "disaster_recovery_time", "artifact_size_trend"}, figures
        assert (figures["deployment_success_rate"], figures["rollback_rate"], figures["test_coverage"], status["kpis"]["test_coverage"]["met"]) == (1, 0, 0.915, True)
        assert status["pipelines"]["recent"][0]["id"] == run and status["pipelines"]["active"] == []
        # a version that is bad is taken back, and a run that fails in its tests is none that was released
        bad = start(world, "3.0.0-bad")
        wait_until(lambda: (deployment(world, bad)["step"] or {}).get("state") == "waiting", 20, "it waits for people")
        assert whole.say("bob", f"/v1/deployments/{bad}/approvals", {"decision": "approve"}).status == 200
        wait_until(lambda: deployment(world, bad)["done"], 60, "it is taken back")
        assert deployment(world, bad)["state"] == "rolled_back", deployment(world, bad)["summary"]
        world.write("pipeline/FAIL", "")
        failed = whole.send("2.0.1")
        wait_until(lambda: whole.show(failed)["done"], 30, "its tests fail")
        assert whole.show(failed)["state"] == "failed"
        status, known = whole.check_report()
        assert status["kpis"]["deployment_success_rate"]["value"] == 3 / 4 and status["kpis"]["recovery_time"]["value"] > 0, status["kpis"]
        assert {name for name, figure in status["kpis"].items() if figure["value"] is None} == {"disaster_recovery_time"} and known == len(status["kpis"]) - 1, status["kpis"]
        assert status["kpis"]["zero_downtime"]["strategies"]["short"]["value"] == 1, "traffic went from one to the other"
        assert name in world.verdict("logs", run).stdout
        told = controller.wait(lambda report: report["kpis"] == status["kpis"], "the controller hears the same")
        assert (told["infrastructure"], told["dora"]) == (status["infrastructure"], status["dora"])
        wait_until(lambda: retained(world)["kpis"] == status["kpis"], 20, "and so does whoever asks the broker")
