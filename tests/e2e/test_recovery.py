# test_recovery.py - recovery plans: rehearsed on a stand-in with the time that it takes, and run once where going back does not restore health.
# SPDX-License-Identifier: MIT
import contextlib
import json
import os
import re
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support import wait_until
from support.swift import allow, begin, begun, publishing, show, swift_rules

SMOKE = """smoke_tests: {
  alive: { base_url = "http://{{health}}";  settle = "10ms";  timeout = "1s";  attempts = 2;  every = "100ms";
  checks: { health: { get = "/{{environment}}";  expect = "status == 200"; }; }; };"""

DRILL = """drill: { strategy = "watched";  vars: { room = "room-drill"; };  slots: { only: { address = "127.0.0.1:PORT"; }; };
    commands: { deploy: { exec = [ "/bin/false" ]; }; }; };"""

PLAN = """recovery: { steps = ( { command = "rebuild"; }, { command = "restore"; } );  REHEARSE };  vars: { room = "room-prod"; };
    commands: { rebuild: { exec = [ "REBUILD", "{{room}}", "{{environment}}", "{{version}}" ];  timeout = "10s";  repeat = "idempotent"; };
                restore: { exec = [ "RESTORE", "{{room}}" ];  timeout = "3s";  repeat = "idempotent";  tries = 1; };"""

TELLS = '#!/bin/sh\necho "$VERDICT_COMMAND $VERDICT_SERVICE/$VERDICT_ENVIRONMENT $VERDICT_VERSION rehearsal=$VERDICT_REHEARSAL $*" >> {runs}\n{script}\n'


@contextlib.contextmanager
def rooms(world):
    """An environment is well where the file `well` stands in its folder; every question is noted."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):  # pylint: disable=invalid-name
            asked.append(self.path)
            self.send_response(200 if os.path.exists(world.path("rooms", "room-" + self.path[1:], "well")) else 503)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments):  # pylint: disable=arguments-differ
            pass

    for name in ("room-prod", "room-drill"):
        os.makedirs(world.path("rooms", name))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1], asked
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()


class Plan:
    """A world with a plan: `rebuild` and `restore` are shell scripts, the first argument is the room."""

    def __init__(self, world, port, *, rebuild="exit 0", restore='touch "ROOMS/$1/well"', rehearse='rehearse = "drill";', drill=DRILL, **options):
        self.world, self.port, self.runs_path = world, port, world.path("runs")
        self.scripts = {name: self.script(name, text) for name, text in (("rebuild", rebuild), ("restore", restore))}
        begin(world, **options)
        world.write("runner.conf", allow(world, world.path("commands", "quick"), *self.allowed()))
        world.programs["verdict-runner"].restart()
        self.write(rehearse, drill, **options)
        world.programs["verdictd"].restart()
        wait_until(lambda: "[+]runner" in world.api("GET", "/readyz?verbose").text, 5, "the runner is there")

    def script(self, name, text):
        return self.world.write(f"commands/{name}", TELLS.format(runs=self.runs_path, script=text.replace("ROOMS", self.world.path("rooms"))), 0o700)

    def allowed(self):
        return [f'{script}", "**' for script in self.scripts.values()]

    def write(self, rehearse='rehearse = "drill";', drill=DRILL, **options):
        text = swift_rules(self.world, observe="1h", at_most="2h", stage=drill, **options).replace("commands: {", PLAN, 1)
        text = text.replace("rules: { triggers", 'rules: { smoke_tests = [ "alive" ];  triggers').replace("smoke_tests: {", SMOKE, 1)
        for word, value in {"REHEARSE": rehearse, "REBUILD": self.scripts["rebuild"], "RESTORE": self.scripts["restore"],
                            "PORT": self.port, "{{health}}": f"127.0.0.1:{self.port}"}.items():
            text = text.replace(word, str(value))
        self.world.write("rules.d/shop.rules", text)

    def runs(self):
        return open(self.runs_path, encoding="utf-8").read().splitlines() if os.path.exists(self.runs_path) else []

    def make_well(self, name):
        open(self.world.path("rooms", f"room-{name}", "well"), "w", encoding="utf-8").close()

    def rehearse(self, **body):
        return self.world.api("POST", "/v1/services/shop/prod/rehearse/recovery", body)

    def show(self, run):
        answer = self.world.api("GET", f"/v1/runs/{run}")
        assert answer.status == 200, answer.text
        return answer.json

    def ended(self, run, seconds=40):
        wait_until(lambda: self.show(run)["done"], seconds, f"{run} ends: {self.show(run)['summary']}")
        return self.show(run)

    def plan(self):
        return self.status()["plans"][0]

    def status(self):
        return self.world.api("GET", "/v1/status").json["recovery"]

    def going_back(self):
        name = begun(self.world, "2.0.0")
        wait_until(lambda: show(self.world, name)["share"] > 0, 8, "it has traffic")
        assert self.world.api("POST", f"/v1/deployments/{name}/abort", {"reason": "people complain"}).status == 200
        return name

    def recovery(self):
        """The runs of recoveries, newest first."""
        return self.world.api("GET", "/v1/runs?pipeline=recovery:shop/prod").json["runs"]


def states(run):
    return [(stage["name"], stage["tasks"][0]["state"]) for stage in run["stages"]]


def test_a_rehearsal_is_measured_and_reported(world):
    with rooms(world) as (port, asked):
        plan = Plan(world, port, rebuild="sleep 1")
        assert plan.plan() == {"service": "shop", "environment": "prod", "stand_in": "drill", "rehearsal": None}
        assert re.search(r"shop/prod +never rehearsed\n", world.verdict("status").stdout)
        assert 'verdict_recovery_plan{service="shop",environment="prod",stand_in="drill"} 1' in world.api("GET", "/metrics").text
        assert 'verdict_recovery_rehearsal_timestamp_seconds{service="shop",environment="prod"} 0.000' in world.api("GET", "/metrics").text
        said = world.verdict("rehearse", "shop/prod", "recovery", "--reason", "drill of the month")
        assert said.returncode == 0, said.stderr + said.stdout
        lines = {line.split()[2]: line.split() for line in said.stdout.splitlines() if line.lstrip()[0].isdigit()}
        assert float(lines["rebuild"][0]) >= 1 and lines["restore"][3] == lines["health"][3] == "done", said.stdout
        assert "stage rebuild" in said.stderr, "progress is told: " + said.stderr
        run = plan.ended(said.stderr.split()[0])
        assert (run["purpose"], run["service"], run["environment"], run["reason"]) == ("rehearsal", "shop", "prod", "drill of the month")
        assert run["seconds"] >= sum(stage["tasks"][0]["seconds"] for stage in run["stages"]) - 0.1 and 1 <= run["seconds"] < 30
        assert plan.runs() == ["rebuild shop/drill 1.0.0 rehearsal=1 room-drill drill 1.0.0", "restore shop/drill 1.0.0 rehearsal=1 room-drill"]
        assert "/drill" in asked and "/prod" not in asked and not os.path.exists(world.path("rooms", "room-prod", "well"))
        wait_until(lambda: plan.plan()["rehearsal"] is not None, 10, "it is reported")
        last = plan.plan()["rehearsal"]
        assert (last["run"], last["seconds"], last["passed"]) == (run["id"], run["seconds"], True) and last["age_s"] < 60
        assert re.search(r"shop/prod +rehearsed \S+ ago on drill: passed in [0-9.]+ s", world.verdict("status").stdout)
        metrics = world.api("GET", "/metrics").text
        assert 'verdict_recovery_rehearsal_passed{service="shop",environment="prod"} 1' in metrics
        assert f'verdict_recovery_rehearsal_seconds{{service="shop",environment="prod"}} {run["seconds"]:.3f}' in metrics
        assert "drill of the month" in world.verdict("audit").stdout
        assert "rehearsal:shop/prod" in world.verdict("runs", "rehearsal:shop/prod").stdout
        world.programs["verdictd"].restart()
        wait_until(lambda: plan.plan()["rehearsal"] == {**last, "age_s": plan.plan()["rehearsal"]["age_s"]} if plan.plan()["rehearsal"] else False, 10, "and kept")
        shown = json.loads(world.verdict("rehearse", "shop/prod", "recovery", "--json").stdout)
        assert (shown["state"], shown["purpose"]) == ("released", "rehearsal")


def test_what_is_refused(world):
    with rooms(world) as (port, _):
        plan = Plan(world, port, rehearse="")
        refused = world.verdict("rehearse", "shop/prod", "recovery")
        assert refused.returncode == 2 and "names no stand-in to rehearse its recovery plan on" in refused.stderr, refused.stderr
        assert plan.rehearse().status == 409 and plan.plan()["stand_in"] is None
        assert "never rehearsed, and it names no stand-in" in world.verdict("status").stdout
        assert "declares no recovery plan" in world.verdict("rehearse", "shop/drill", "recovery").stderr
        assert world.verdict("rehearse", "shop/nowhere", "recovery").returncode == 2
        plan.write()
        world.programs["verdictd"].restart()
        token = world.verdict("token", "create", "ci", "--scope", "read,deploy", "--environment", "prod").stdout.strip()
        denied = subprocess.run([world.program("verdict"), "rehearse", "shop/prod", "recovery"], env={**world.verdict_environment(), "VERDICT_TOKEN": token},
                                capture_output=True, text=True, check=False)
        assert denied.returncode == 2 and "shop/drill" in denied.stderr, "it may not deploy to the stand-in: " + denied.stderr
        busy = world.api("POST", "/v1/deployments", {"service": "shop", "environment": "drill", "version": "3.0.0"})
        assert busy.status == 201, busy.text
        wait_until(lambda: show(world, busy.json["id"])["state"] == "watching", 10, "it is under way")
        refused = plan.rehearse()
        assert refused.status == 409 and "a deployment of shop/drill is under way" in refused.text, refused.text
        plan.write(drill=DRILL.replace('vars: { room = "room-drill"; };', ""))
        found = world.verdict("check", world.path("rules.d", "shop.rules"))
        assert found.returncode == 1 and "{{room}} is not filled for shop/drill" in found.stdout + found.stderr, found
        assert plan.runs() == []


def test_a_step_that_hangs_or_fails_and_a_stand_in_that_is_not_well(world):
    with rooms(world) as (port, _):
        plan = Plan(world, port, restore="sleep 60")
        failed = world.verdict("rehearse", "shop/prod", "recovery")
        assert failed.returncode == 5 and "its command ran past its deadline and was stopped" in failed.stdout, failed.stdout
        wait_until(lambda: plan.plan()["rehearsal"] is not None, 10, "that is reported, too")
        assert plan.plan()["rehearsal"]["passed"] is False and re.search(r"on drill: failed in [0-9.]+ s", world.verdict("status").stdout)
        plan.script("restore", "exit 7")
        run = plan.ended(plan.rehearse().json["id"])
        assert states(run) == [("rebuild", "done"), ("restore", "failed"), ("health", "idle")] and "status 7" in run["summary"]
        plan.script("restore", "exit 0")
        run = plan.ended(plan.rehearse().json["id"], 60)
        assert states(run)[-1] == ("health", "failed") and "health" in run["summary"], run["summary"]


def test_a_kill_of_the_daemon_in_a_rehearsal(world):
    with rooms(world) as (port, _):
        plan = Plan(world, port, rebuild="sleep 2")
        run = plan.rehearse().json["id"]
        assert plan.rehearse().json["id"] == run, "the same one is attached to"
        wait_until(lambda: len(plan.runs()) == 1, 10, "its first step runs")
        world.programs["verdictd"].kill()
        world.programs["verdictd"].start()
        assert plan.ended(run)["state"] == "released"
        assert [line.split()[0] for line in plan.runs()] == ["rebuild", "restore"]


def test_in_earnest_once_over_a_kill(world):
    """All is undone, and what serves is not well: the plan is run, in its order, and its time is reported."""
    with rooms(world) as (port, _), publishing(world):
        world.start_receiver()
        plan = Plan(world, port, rebuild="sleep 2")
        name = plan.going_back()
        wait_until(lambda: len(plan.runs()) == 1, 20, "the plan is run")
        world.programs["verdictd"].kill()
        world.programs["verdictd"].start()
        wait_until(lambda: show(world, name)["state"] == "rolled_back", 30, "it is well again, and that ends it")
        assert (show(world, name)["escalated"], show(world, name)["exit_code"]) == (True, 3)
        assert plan.runs() == ["rebuild shop/prod 1.0.0 rehearsal= room-prod prod 1.0.0", "restore shop/prod 1.0.0 rehearsal= room-prod"]
        run, = plan.recovery()
        assert (run["purpose"], run["state"], plan.show(run["id"])["outputs"]["deployment"]) == ("recovery", "released", name)
        status = plan.status()
        assert (status["count"], status["last_deployment"], status["target_s"]) == (1, name, 120) and 2 <= status["last_s"] == status["mean_s"] < 60
        kpi = world.api("GET", "/v1/status").json["kpis"]["disaster_recovery_time"]
        assert (kpi["value"], kpi["target"], kpi["met"]) == (status["mean_s"], {"below": 120}, True)
        assert "1 ran in earnest" in world.verdict("status").stdout
        told = world.verdict("report", name).stdout
        assert told.index("disaster recovery begins") < told.index("disaster recovery ended well")
        assert plan.plan()["rehearsal"] is None, "that was none"


def test_a_plan_that_does_not_mend_it(world):
    with rooms(world) as (port, _), publishing(world):
        plan = Plan(world, port, restore="exit 1")
        name = plan.going_back()
        wait_until(lambda: "disaster recovery ended badly" in world.verdict("report", name).stdout, 30, "a step failed")
        assert show(world, name)["state"] == "rolling_back" and show(world, name)["exit_code"] == 4
        plan.make_well("prod")
        wait_until(lambda: show(world, name)["state"] == "rolled_back", 30, "what serves is well again")
        assert len(plan.recovery()) == 1 and len(plan.runs()) == 2
