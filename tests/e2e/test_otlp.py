# test_otlp.py - a canary judged by what its programs post themselves, as an exporter of OpenTelemetry does.
# SPDX-License-Identifier: MIT
import contextlib
import threading
import time

from support import swift, wait_until
from support.swift import begin, begun, ended, show

MINE = "service.name='{{service}}',service.version='{{version}}'"
ERRORS = ('errors: { source = "otlp";  kind = "counter";  every = "1s";  better = "lower"; '
          f""" events = "requests{{{MINE},code=~'5..'}}";  total = "requests{{{MINE}}}"; }};""")
FAILING = 'failing: { when = "errors > 5%";  need = "20 requests";  then = "rollback"; };'


def text(key, value):
    return {"key": key, "value": {"stringValue": value}}


class Program:
    """A version that counts its requests since it began, and posts the counts four times a second."""

    def __init__(self, world, version):
        self.world, self.version, self.began_ns = world, version, time.time_ns()
        self.good = self.bad = 0
        self.share = 0.0

    def post(self, value=None):
        self.good += round(20 * (1 - self.share))
        self.bad += round(20 * self.share)
        now = {"startTimeUnixNano": str(self.began_ns), "timeUnixNano": str(time.time_ns())}
        points = [{**now, "asInt": str(count), "attributes": [text("code", code)]} for code, count in (("200", self.good), ("500", self.bad)) if count]
        if value is not None:
            points.append({**now, "asDouble": value, "attributes": [text("code", "0")]})
        metric = {"name": "requests", "sum": {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": points}}
        resource = {"attributes": [text("service.name", "shop"), text("service.version", self.version)]}
        return self.world.api("POST", "/v1/metrics", {"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": [metric]}]}]})


@contextlib.contextmanager
def running(*programs):
    over = threading.Event()

    def repeat():
        while not over.wait(0.25):
            for program in programs:
                program.post()

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(10)


def test_errors_that_are_posted_take_it_back(world, monkeypatch):
    rules = swift.RULES.replace("metrics: {", "metrics: { " + ERRORS, 1).replace("triggers: {", "triggers: { " + FAILING, 1)
    monkeypatch.setattr(swift, "RULES", rules)
    begin(world, broker=False, trigger="failing", observe="2s", at_most="30s")
    with running(Program(world, "1.0.0"), Program(world, "2.0.0")):
        good = begun(world, "2.0.0")
        end = ended(world, good, 60)
        assert end["state"] == "promoted", end
    bad = Program(world, "2.0.1")
    with running(Program(world, "2.0.0"), bad):
        name = begun(world, "2.0.1")
        wait_until(lambda: show(world, name)["share"] > 0, 20, "the candidate has traffic")
        partly = bad.post("NaN")
        assert partly.status == 200 and partly.json["partialSuccess"]["rejectedDataPoints"] == "1", partly.text
        bad.share = 0.5
        end = ended(world, name, 40)
    assert (end["state"], end["exit_code"]) == ("rolled_back", 3), end
    failing = next(rule for rule in end["rules"] if rule["name"] == "failing")
    assert failing["verdict"] == "fail" and failing["value"] > 0.05, failing
