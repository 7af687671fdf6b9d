# test_controller.py - an upstream controller that checks every report, answers with commands, is away, and is hostile.
# SPDX-License-Identifier: MIT
import base64
import contextlib
import getpass
import hashlib
import hmac
import http.server
import json
import os
import subprocess
import threading
import time

from support import wait_until
from support.swift import begin, begun, ended, publishing, show
from support.terraform import needs_terraform
from test_iac import Stack
import world_config
from world import find

KEY = bytes(range(32))
PATH = "/up/instances/demo/status"


def complaint(headers, path, body):
    """What is wrong with a report, or None."""
    if path != PATH or headers.get("Content-Type") != "application/json":
        return f"{path}, {headers.get('Content-Type')}"
    name, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not name or not stamp.isdigit() or abs(time.time() - int(stamp)) > 60:
        return f"{name} of {stamp}"
    good = base64.b64encode(hmac.new(KEY, f"{name}.{stamp}.".encode() + body, hashlib.sha256).digest()).decode()
    if headers.get("webhook-signature") != f"v1,{good}":
        return "the signature is not that of the body"
    return None


class Controller:
    """Reports that came, in order; the next answers are what is put into `answers`: (status, body)."""

    def __init__(self):
        self.reports, self.complaints, self.ids, self.answers, self.standing = [], [], set(), [], (200, b"")
        self.lock = threading.Lock()
        controller = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_arguments):
                pass

            def do_PUT(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, text = controller.take(self.headers, self.path, body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(text)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}/up/"

    def take(self, headers, path, body):
        with self.lock:
            wrong = complaint(headers, path, body)
            if wrong or headers["webhook-id"] in self.ids:
                self.complaints.append(wrong or "an id that was there before")
            self.ids.add(headers["webhook-id"])
            self.reports.append(json.loads(body))
            return self.answers.pop(0) if self.answers else self.standing

    def tell(self, *commands, raw=None):
        """Answers the next report so, and returns how many had come."""
        with self.lock:
            self.answers.append((200, raw if raw is not None else json.dumps({"commands": list(commands)}).encode()))
            return len(self.reports)

    def wait(self, is_good, what, since=0):
        """The first report from the one of that number on that is good."""
        wait_until(lambda: any(is_good(report) for report in self.reports[since:]), 30, what)
        return next(report for report in self.reports[since:] if is_good(report))

    def result(self, name, since):
        """What came of a command, as a report says."""
        report = self.wait(lambda report: any(one["id"] == name and one["result"] != "pending" for one in report["commands"]),
                           f"a report tells of {name}", since)
        return next(one for one in report["commands"] if one["id"] == name)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def restart(world, controller, scopes, every="1s", person=None):
    """The daemon anew, with a controller whose token has these scopes, and is a person's where one is named."""
    token = world.verdict("token", "create", *([person, "--person"] if person else ["controller"]), "--scope", scopes)
    assert token.returncode == 0, token.stderr
    key = world.write("controller.key", "whsec_" + base64.b64encode(KEY).decode())
    secret = world.write("controller.token", token.stdout.split()[-1] + "\n")
    text = world_config.verdictd_text(world) + (f'controller: {{ url = "{controller.url}";  secret = "file:{key}";  token = "file:{secret}";\n'
                                                f'  mqtt = true;  every = "{every}"; }};\n')
    world.programs["verdictd"].stop()
    world.start_daemon(text=text)
    return token.stdout.split()[-1]


def retained(world):
    """The report that the broker keeps."""
    argv = [find("mosquitto_sub"), "-p", str(world.broker_port), "-t", "verdict/demo/report", "-C", "1", "-W", "5"]
    return json.loads(subprocess.run(argv, capture_output=True, check=True).stdout)


def metric(world, name):
    return next(float(line.split()[-1]) for line in world.api("GET", "/metrics").text.splitlines() if line.startswith(name))


@contextlib.contextmanager
def upstream():
    controller = Controller()
    try:
        yield controller
    finally:
        controller.stop()
    assert controller.complaints == []


def test_reports(world):
    begin(world, observe="10m", at_most="1h")
    with upstream() as controller, publishing(world):
        restart(world, controller, "read", every="1h")
        first = controller.wait(lambda _report: True, "the first report comes by itself")
        assert (first["schema"], first["instance"], first["seq"]) == ("verdict.status/1", "demo", 1)
        assert first["kpis"]["deployment_success_rate"]["value"] is None
        name = begun(world, "2.0.0")
        controller.wait(lambda report: any(one["id"] == name for one in report["deployments"]), "a change is told, and not an hour later")
        assert world.verdict("abort", name, "--reason", "enough").returncode == 0
        controller.wait(lambda report: report["services"] and report["deployments"] == [] and report["seq"] > 2, "the end is told")
        last = controller.wait(lambda report: report["environments"][0]["ended"] == 1, "and with it the figures")
        assert (last["deployments"], last["environments"][0]["environment"], last["environments"][0]["succeeded"]) == ([], "prod", 0)
        assert [report["seq"] for report in controller.reports] == list(range(1, len(controller.reports) + 1))
        assert len({report["boot"] for report in controller.reports}) == 1
        wait_until(lambda: retained(world)["environments"][0]["ended"] == 1, 5, "the broker keeps the newest")
        controller.standing = (503, b"")
        assert world.verdict("freeze", "shop/prod", "--reason", "a change while it is away").returncode == 0
        wait_until(lambda: metric(world, 'verdict_controller_reports_total{outcome="failed"}') > 0, 5, "it is away")
        assert world.verdict("unfreeze", "shop/prod", "--reason", "another one").returncode == 0
        seen = len(controller.reports)
        controller.standing = (200, b"")
        report = controller.wait(lambda _report: True, "it is tried again", seen)
        assert not report["services"][0]["frozen"], "and what arrives is the newest"


def test_commands(world):
    begin(world)
    with upstream() as controller, publishing(world):
        token = restart(world, controller, "read,deploy,rollback")
        since = controller.tell({"id": "c-1", "verb": "start", "deployment": "shop/prod", "version": "2.0.0", "reason": "upstream"},
                                {"id": "c-2", "verb": "freeze", "deployment": "shop/prod", "until": "1h"},
                                {"id": "c-3", "verb": "unfreeze", "deployment": "shop/prod"})
        assert controller.result("c-1", since)["result"] == "done"
        no_reason, no_scope = controller.result("c-2", since), controller.result("c-3", since)
        assert (no_reason["result"], no_reason["status"]) == ("refused", 400) and "reason" in no_reason["detail"]
        assert (no_scope["result"], no_scope["status"]) == ("refused", 403) and 'lacks the scope "override"' in no_scope["detail"]
        ended(world, "dep_1")
        deployment = show(world, "dep_1")
        assert (deployment["state"], deployment["version"], deployment["actor"]) == ("promoted", "2.0.0", "controller")
        since = controller.tell({"id": "c-1", "verb": "start", "deployment": "shop/prod", "version": "9.0.0"},
                                {"id": "c-4", "verb": "rollback", "deployment": "dep_1", "reason": "upstream wants it back"})
        assert controller.result("c-4", since)["result"] == "done"
        ended(world, "dep_2")
        assert len(world.api("GET", "/v1/deployments").json["deployments"]) == 2, "c-1 was known"
        assert metric(world, 'verdict_controller_commands_total{outcome="done"}') == 2
        assert metric(world, 'verdict_controller_commands_total{outcome="refused"}') == 2
        log = world.verdict("report", "dep_2").stdout
        assert "controller" in log and "upstream wants it back" in log, log
        os.mkdir(world.path("data/controller.commands.new"))  # what was asked for cannot be written down
        since = controller.tell({"id": "c-6", "verb": "start", "deployment": "shop/prod", "version": "7.0.0"},
                                {"id": "c-7", "verb": "rollback", "deployment": "dep_1"})
        assert controller.result("c-7", since)["status"] == 409, "a way back is asked for all the same"
        assert "controller: 1 of its commands are not done" in world.log_tails(50)
        assert all(one["id"] != "c-6" for report in controller.reports for one in report["commands"] if one["result"] != "pending")
        os.rmdir(world.path("data/controller.commands.new"))
        world.programs["verdictd"].kill()
        world.start_daemon(text=open(world.path("verdictd.conf"), encoding="utf-8").read())
        since = controller.tell({"id": "c-4", "verb": "rollback", "deployment": "dep_1"}, {"id": "c-5", "verb": "hold", "deployment": "dep_1"})
        again, late = controller.result("c-4", since), controller.result("c-5", since)
        assert again["result"] == "unknown" and "not done again" in again["detail"]
        assert (late["result"], late["status"]) == ("refused", 409)
        for place in ("data/controller.commands", "verdictd.conf"):
            assert token not in open(world.path(place), encoding="utf-8").read()
        assert token not in world.log_tails(500) and all(token not in json.dumps(report) for report in controller.reports)


def said(controller, command):
    """What came of one command."""
    return controller.result(command["id"], controller.tell(command))


def test_what_serves_and_what_must_not_come_back(world):
    begin(world)
    with upstream() as controller, publishing(world):
        restart(world, controller, "read,deploy,rollback,override")
        added = said(controller, {"id": "q-1", "verb": "quarantine add", "deployment": "shop/prod", "version": "6.6.6", "reason": "upstream knows it"})
        assert (added["result"], added["status"]) == ("done", 201), added
        entry, = world.api("GET", "/v1/quarantine").json["quarantine"]
        refused = said(controller, {"id": "q-2", "verb": "start", "deployment": "shop/prod", "version": "6.6.6"})
        assert refused["result"] == "refused" and "quarantine" in refused["detail"], refused
        assert said(controller, {"id": "q-3", "verb": "quarantine clear", "entry": entry["id"], "reason": "it is fine"})["result"] == "done"
        assert world.api("GET", "/v1/quarantine").json["quarantine"] == []
        assert said(controller, {"id": "q-4", "verb": "adopt", "deployment": "shop/prod", "version": "1.0.1", "slot": "blue", "reason": "mended by hand"})["result"] == "done"
        assert world.api("GET", "/v1/status").json["services"][0]["stable"]["version"] == "1.0.1"
        assert said(controller, {"id": "q-5", "verb": "rehearse", "deployment": "shop/prod", "version": "2.0.0"})["status"] == 200
        assert world.api("GET", "/v1/deployments").json["deployments"] == []
        for name, command in (("q-6", {"verb": "rehearse recovery", "deployment": "shop/prod"}), ("q-7", {"verb": "mark", "deployment": "dep_1", "weight": 10}),
                              ("q-8", {"verb": "start", "group": "nobody", "versions": {"shop": "2.0.0"}})):
            answer = said(controller, {"id": name, **command})
            assert answer["result"] == "refused" and answer["status"] in (404, 409, 422) and answer["detail"], answer
        began = said(controller, {"id": "q-9", "verb": "start", "deployment": "shop/prod", "version": "2.0.0"})
        assert began["detail"].startswith("dep_1: "), "what began has a name for the next command"
        ended(world, "dep_1")


@needs_terraform
def test_infrastructure_is_planned_approved_and_applied(world):
    stack = Stack(world)
    with upstream() as controller:
        restart(world, controller, "read,deploy")
        began = said(controller, {"id": "i-1", "verb": "iac apply", "stack": "network/prod", "reason": "upstream"})
        assert began["result"] == "done" and began["detail"].startswith("run_1: "), began
        plan = stack.asks("run_1")
        denied = said(controller, {"id": "i-2", "verb": "approve", "deployment": "run_1", "plan": plan})
        assert (denied["status"], denied["result"]) == (403, "refused") and 'lacks the scope "approve"' in denied["detail"], denied
        restart(world, controller, "read,deploy,approve")
        machine = said(controller, {"id": "i-3", "verb": "approve", "deployment": "run_1", "plan": plan})
        assert machine["status"] == 403 and "only people approve" in machine["detail"], machine
        restart(world, controller, "read,deploy,approve", person=getpass.getuser())
        other = said(controller, {"id": "i-4", "verb": "approve", "deployment": "run_1", "plan": "sha256:" + 64 * "0"})
        assert other["status"] == 409 and plan in other["detail"], other
        assert said(controller, {"id": "i-5", "verb": "approve", "deployment": "run_1", "plan": plan, "comment": "read upstream"})["result"] == "done"
        assert stack.ended("run_1")["state"] == "released"
        assert f"approves plan {plan}: read upstream" in world.api("GET", "/v1/audit?limit=50").text
        assert said(controller, {"id": "i-6", "verb": "iac drift", "stack": "network/prod"})["result"] == "done"
        assert stack.ended("run_2")["verb"] == "drift"
        bare = said(controller, {"id": "i-7", "verb": "iac destroy", "stack": "network/prod"})
        assert bare["status"] == 422 and "network/prod" in bare["detail"], bare
        assert said(controller, {"id": "i-8", "verb": "iac destroy", "stack": "network/prod", "confirm": "network/prod"})["result"] == "done"
        stack.asks("run_3")
        assert said(controller, {"id": "i-9", "verb": "reject", "deployment": "run_3", "comment": "not today"})["result"] == "done"
        assert stack.ended("run_3")["state"] == "failed"


HOSTILE = (b"<html>", b'{"commands":' + b"[" * 100 + b"]" * 100 + b"}", b'{"commands":[]' + b" " * 70000 + b"}",
           b'{"commands":[{"id":"h-1","verb":"start","deployment":"shop/prod","version":"6.6.6"},{"id":"h-2","verb":"explode"}]}',
           b'{"commands":[{"id":"h-3","verb":"abort","deployment":"../../v1/tokens"}]}', b"\xff\xfe", b"null")


def test_hostile(world):
    begin(world)
    with upstream() as controller:
        restart(world, controller, "read,deploy")
        for answer in HOSTILE:
            controller.tell(raw=answer)
        wait_until(lambda: metric(world, "verdict_controller_answers_refused_total") == len(HOSTILE), 20, "each one is counted")
        since = len(controller.reports)
        controller.wait(lambda report: report["answer_refused"] is None, "the next good one is good", since)
        said = [report["answer_refused"] for report in controller.reports if report["answer_refused"] is not None]
        assert len(said) == len(HOSTILE) and "no verb that a controller may use" in said[3], said
        assert all(report["commands"] == [] for report in controller.reports)
        assert world.api("GET", "/v1/deployments").json["deployments"] == []
        assert "nothing of its answer is done" in world.log_tails(200)
