# test_traces.py - the trace that a pipeline is in, taken, kept, passed on, and told to a collector of OpenTelemetry at the end.
# SPDX-License-Identifier: MIT
import glob
import hashlib
import json
import os
import re

import pytest
import test_runs
import world_config

from support import wait_until
from support.collector import Collector, attributes, named, spans_of
from support.swift import begin, ended, publishing, show

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GIVEN = f"00-{TRACE}-{PARENT}-01"
PATIENCE = 60  # a receiver that was away is tried after 1, 2, 5 and 15 seconds
GATE = 'gate: { ask = "web:change";  every = "1s";  timeout = "20s"; };'
ASKS = """smoke_tests: { asks: { base_url = "URL";  settle = "10ms";  timeout = "1s";
  checks: { health: { get = "/health";  expect = "status == 200"; }; }; };"""


def span_id(name):
    """As the daemon makes it: a second sending has the same ones."""
    return hashlib.sha256(f"{name} of demo".encode()).hexdigest()[:16]


@pytest.fixture(name="collector")
def fixture_collector():
    collector = Collector()
    yield collector
    collector.stop()
    assert collector.complaints == []


def settings(world, collector):
    """The collector gets the traces, the notices and the gate's questions."""
    text = world_config.verdictd_text(world)
    text = text.replace("notifiers: {", f'notifiers: {{ otlp: {{ main: {{ url = "{collector.url()}";  timeout = "2s"; }}; }};', 1)
    text = text.replace(f"http://127.0.0.1:{world.receiver_port}/notices", collector.url("/notices"))
    return text + f'gates: {{ web: {{ change: {{ url = "{collector.url("/gate")}"; }}; }}; }};\n'


def open_world(world, collector):
    """The shop of swift, with a gate and a smoke test in front of its route; each command notes down the trace that it is in."""
    def edit(text):
        text = text.replace("smoke_tests: {", ASKS.replace("URL", collector.url("")), 1)
        return text.replace('{ command = "deploy"; }, { route = "10%"', '{ command = "deploy"; }, { smoke = "asks"; }, { route = "10%"', 1)

    script = f'echo "$VERDICT_COMMAND $TRACEPARENT" >> {world.path("seen")}\necho "$TRACESTATE $BAGGAGE" >> {world.path("beside")}'
    begin(world, script=script, daemon=settings(world, collector), edit=edit, more=GATE)


def post(world, version, headers=None, **body):
    answer = world.api("POST", "/v1/deployments", {"service": "shop", "environment": "prod", "version": version, **body}, headers)
    assert answer.status == 201, answer.text
    return answer.json["id"]


def seen(world):
    """command: the TRACEPARENT that it had last."""
    with open(world.path("seen"), encoding="ascii") as lines:
        return dict(line.split() for line in lines)


def only(collector, name):
    """Its spans, which came once."""
    wait_until(lambda: collector.of(name), PATIENCE, f"the trace of {name} comes")
    found = collector.of(name)
    assert len(found) == 1, found
    return found[0]


def steps_of(spans):
    """[kind, attributes] of each step, in the order of what happened; all stand below the deployment."""
    steps = [span for span in spans if "verdict.step" in attributes(span)]
    assert all(span["parentSpanId"] == spans[0]["spanId"] and span["kind"] == 1 for span in steps)
    assert [int(span["startTimeUnixNano"]) for span in steps] == sorted(int(span["startTimeUnixNano"]) for span in steps)
    return [(attributes(span)["verdict.step.kind"], attributes(span)) for span in steps]


def check_passed_on(world, collector, name, spans):
    """What others were told leads to spans that are there."""
    kinds = {span["spanId"]: attributes(span).get("verdict.action.kind") for span in spans}
    version, trace, parent, flags = seen(world)["deploy"].split("-")
    assert (version, trace, kinds[parent], flags) == ("00", TRACE, "command", "01")
    for path, kind in (("/health", "smoke"), ("/gate", "gate")):
        told = [given.split("-") for asked, given, _body in collector.asked if asked == path]
        assert told and all((trace, kinds[parent]) == (TRACE, kind) for _version, trace, parent, _flags in told), path
    notices = [(given, body["traceparent"]) for path, given, body in collector.asked if path == "/notices"]
    assert notices and all(header == inside == f"00-{TRACE}-{span_id(name)}-01" for header, inside in notices), notices


def log_lines(world, word):
    with open(world.log_files()["verdictd"], encoding="utf-8") as file:
        return [line for line in file if word in line]


def check_shown(world, name):
    """Whoever looks at the deployment finds its trace, and each line of the log about it has it."""
    assert f"trace {TRACE}" in world.verdict("get", name).stdout
    assert re.search(rf"^  trace +{TRACE}$", world.verdict("report", name).stdout, re.M)
    assert TRACE in world.verdict("report", name, "--html").stdout
    assert world.api("GET", f"/v1/deployments/{name}/report").json["deployment"]["trace_id"] == TRACE
    lines = log_lines(world, f"deployment={name} ")
    assert len(lines) > 2 and all(f"trace_id={TRACE}" in line and "service=shop" in line for line in lines), lines
    assert [line for line in log_lines(world, f"deployment {name[4:]}") if line not in lines] == [], "no other line is about it"


def metric(world, line):
    lines = [one for one in world.api("GET", "/metrics").text.splitlines() if one.startswith(line)]
    assert len(lines) == 1, lines
    return float(lines[0].rsplit(" ", 1)[1])


def test_a_good_version_in_the_trace_of_its_pipeline(world, collector):
    open_world(world, collector)
    with publishing(world):
        name = post(world, "2.0.0", {"traceparent": GIVEN}, commit="9f2c1ab")
        assert show(world, name)["trace_id"] == TRACE
        assert ended(world, name)["state"] == "promoted"
        spans = only(collector, name)
        check_passed_on(world, collector, name, spans)
        check_shown(world, name)
        back = world.api("POST", f"/v1/deployments/{name}/rollback", {"reason": "after all"}, {"traceparent": GIVEN.replace(TRACE, 32 * "b")})
        assert back.status == 201 and back.json["trace_id"] == 32 * "b", back.text
        taken_back = only(collector, back.json["id"])[0]
    assert taken_back["name"] == "rollback shop/prod" and taken_back["traceId"] == 32 * "b"
    assert attributes(taken_back)["verdict.taken_back"] == name and taken_back["links"] == [{"traceId": TRACE, "spanId": span_id(name)}]
    own = spans[0]
    assert (own["traceId"], own["parentSpanId"], own["spanId"], own["kind"], own["name"]) == (TRACE, PARENT, span_id(name), 2, "deploy shop/prod")
    about = attributes(own)
    assert "status" not in own and about["deployment.status"] == "succeeded" and about["verdict.ending"] == "passed"
    assert about["deployment.environment.name"] == "prod" and about["deployment.name"] == "shop/prod"
    assert about["artifact.version"] == "2.0.0" and about["vcs.ref.head.revision"] == "9f2c1ab"
    steps = steps_of(spans)
    assert [kind for kind, _about in steps] == ["gate", "command", "smoke", "route", "observe", "route", "watch"]
    assert [about["verdict.share"] for kind, about in steps if kind == "route"] == [10, 100]
    assert [about["verdict.verdict"] for kind, about in steps if kind in ("observe", "watch")] == ["pass", "pass"]
    for name_of_action in ("command deploy", "smoke asks"):
        actions = [span for span in spans if span["name"] == name_of_action and "verdict.action.kind" in attributes(span)]
        assert len(actions) == 1 and attributes(actions[0])["verdict.action.result"] == "done", name_of_action
    wait_until(lambda: metric(world, 'verdict_notifications_total{notifier="otlp:main",outcome="delivered"}') == 2, 5, "they are counted")
    tried = world.verdict("notify", "test", "otlp:main")
    assert tried.returncode == 0, tried.stderr
    assert [span["name"] for span in spans_of(collector.exports[-1])] == ["notify test"]


def test_what_comes_beside_it_goes_on(world, collector):
    """tracestate and baggage, over a kill; others hear of baggage only where they work for this deployment."""
    open_world(world, collector)
    state, baggage = "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7", "user=alice,team=blue;x=1"
    with publishing(world):
        name = post(world, "2.0.0", {"traceparent": GIVEN, "tracestate": state.replace(",", " , "), "baggage": baggage})
        world.programs["verdictd"].kill()
        world.programs["verdictd"].start()
        assert ended(world, name)["state"] == "promoted"
        wait_until(lambda: len([path for path, *_texts in collector.beside if path == "/notices"]) > 1, 20, "notices come")
        other = post(world, "3.0.0", {"tracestate": state})
        assert ended(world, other)["state"] == "promoted"
    with open(world.path("beside"), encoding="ascii") as lines:
        assert set(lines) == {f"{state} {baggage}\n", " \n"}
    told = {path: {tuple(texts) for asked, *texts in collector.beside if asked == path} for path in ("/health", "/gate", "/notices")}
    assert told["/health"] == told["/gate"] == {(state, baggage), (None, None)}, told
    assert told["/notices"] == {(state, None), (None, None)}, told
    assert {body.get("tracestate") for path, _given, body in collector.asked if path == "/notices"} == {state, None}


def test_a_bad_version_while_nobody_listens(world, collector):
    """The collector is away, and the daemon is killed in between: nothing is lost, and what comes twice is the same."""
    open_world(world, collector)
    collector.standing = 503
    with publishing(world) as said:
        name = post(world, "2.0.0")
        shown = show(world, name)
        assert shown["trace_id"] not in (None, TRACE) and len(shown["trace_id"]) == 32, "a trace begins here"
        wait_until(lambda: show(world, name)["share"] == 10, 10, "the candidate has traffic")
        said[0] = '{"lag": 300}'
        assert ended(world, name)["state"] == "rolled_back"
        wait_until(lambda: collector.refused, PATIENCE, "it is tried")
        collector.stop()
        world.programs["verdictd"].kill()
        world.programs["verdictd"].start()
        assert show(world, name)["trace_id"] == shown["trace_id"]
        wait_until(lambda: metric(world, 'verdict_notifications_total{notifier="otlp:main",outcome="failed"}') > 0, PATIENCE, "it is tried again")
        assert collector.exports == []
        world.programs["verdictd"].kill()
        world.programs["verdictd"].start()
        collector.standing = 200
        collector.start()
        said[0] = '{"lag": 1}'
        other = post(world, "3.0.0")
        assert ended(world, other)["state"] == "promoted"
        spans = only(collector, name)
        only(collector, other)
    assert spans == spans_of(collector.refused[0]), "the same spans as before the kill"
    own = spans[0]
    assert own["traceId"] == shown["trace_id"] and "parentSpanId" not in own and own["status"]["code"] == 2
    about = attributes(own)
    assert (about["deployment.status"], about["error.type"], about["verdict.state"]) == ("failed", "failed", "rolled_back"), about
    kind, last = steps_of(spans)[-1]
    assert (kind, last["verdict.verdict"], last["error.type"]) == ("observe", "fail", "fail")
    observed = named(spans, "observe for 500ms")
    failed = [attributes(event) for event in observed["events"] if event["name"] == "verdict"]
    assert failed and failed[0]["verdict.rule"] == "queue" and failed[0]["verdict.value"] == 300 and failed[0]["verdict.bound"] == 60, failed
    back = named(spans, "way back")
    routes = [span for span in spans if span["parentSpanId" if "parentSpanId" in span else "spanId"] == back["spanId"]]
    assert "route 0 %" in [span["name"] for span in routes]
    said_once = [line for line in world.log_tails(500).splitlines() if "the collector answered 503" in line]
    assert len(said_once) == 1, said_once


def test_what_is_refused_is_dropped_and_counted(world, collector, monkeypatch):
    open_world(world, collector)
    with publishing(world):
        collector.partial = {"rejectedSpans": "2", "errorMessage": "no room"}
        assert ended(world, post(world, "2.0.0"))["state"] == "promoted"
        counted = 'verdict_notifications_total{notifier="otlp:main",outcome="refused"}'
        wait_until(lambda: metric(world, counted) == 1, PATIENCE, "what was taken in part is not sent again")
        collector.partial, collector.standing = {}, 401
        assert ended(world, post(world, "3.0.0"))["state"] == "promoted"
        wait_until(lambda: metric(world, counted) == 2, PATIENCE, "nor is what was refused")
        collector.standing = 200
        # Whoever began the trace wants nothing recorded: what is done is told so, and nothing is sent.
        assert ended(world, post(world, "4.0.0", {"traceparent": GIVEN[:-2] + "00"}))["state"] == "promoted"
        assert seen(world)["deploy"].endswith("-00") and TRACE in seen(world)["deploy"]
        event = {"specversion": "1.0", "id": "1", "source": "ci", "type": "verdict.deployment.start", "traceparent": GIVEN,
                 "data": {"service": "shop", "environment": "prod", "version": "5.0.0"}}
        answer = world.api("POST", "/v1/events", event, {"Content-Type": "application/cloudevents+json", "traceparent": GIVEN.replace(TRACE, 32 * "a")})
        assert answer.status == 202, answer.text
        name = answer.json["events"][0]["deployment"]
        assert show(world, name)["trace_id"] == TRACE, "an event has a trace of its own"
        assert ended(world, name)["state"] == "promoted"
        only(collector, name)
        monkeypatch.setenv("TRACEPARENT", GIVEN)
        started = world.verdict("start", "shop/prod", "--version", "6.0.0", "--wait")
        assert started.returncode == 0 and show(world, "shop/prod")["trace_id"] == TRACE, started.stderr
        monkeypatch.setenv("TRACEPARENT", "no such\nthing")
        assert world.verdict("get", "shop/prod").returncode == 0
        only(collector, show(world, "shop/prod")["id"])
    assert len(collector.exports) == 3 and len(collector.refused) == 1
    text = world.log_tails(500)
    assert "all but 2 spans: no room" in text and "the collector answered 401" in text


def test_a_run_with_its_tasks_and_deployments(world, collector):
    test_runs.prepare(world)
    world.programs["verdictd"].stop()
    world.start_daemon(text=settings(world, collector), rules={"shop.rules": test_runs.rules_of(world)})
    failing = test_runs.sign(world, "FAIL.integration")
    with publishing(world):
        answer = world.api("POST", "/v1/runs", {"pipeline": "shop", "version": "2.0.0"}, {"traceparent": GIVEN})
        run = answer.json["id"]
        assert answer.status == 201 and answer.json["trace_id"] == TRACE, answer.text
        assert test_runs.ended(world, run)["state"] == "failed"
        failed = only(collector, run)
        os.remove(failing)
        again = world.api("POST", f"/v1/runs/{run}/retry", {"reason": "mended"}, {"traceparent": GIVEN}).json["id"]
        assert test_runs.answer_load(world, again).status == 200
        assert test_runs.ended(world, again, 60)["state"] == "released"
        spans = only(collector, again)
        deployments = {attributes(span)["deployment.id"]: span for span in spans if "deployment.id" in attributes(span)}
        below = {name: only(collector, name) for name in deployments}
    own = failed[0]
    assert (own["traceId"], own["parentSpanId"], own["spanId"], own["kind"], own["name"]) == (TRACE, PARENT, span_id(run), 2, "RUN shop")
    about = attributes(own)
    assert (about["cicd.pipeline.result"], about["cicd.pipeline.action.name"], about["cicd.pipeline.name"]) == ("failure", "RUN", "shop")
    assert about["error.type"] == "failure" and own["status"]["code"] == 2
    tries = [attributes(span)["cicd.pipeline.task.run.result"] for span in failed if span["name"] == "test/integration"]
    assert tries == ["failure", "failure"], "each try is a span"
    assert attributes(named(failed, "build/dist"))["cicd.pipeline.task.type"] == "build"
    assert attributes(spans[0])["cicd.pipeline.result"] == "success" and "status" not in spans[0]
    assert attributes(spans[0])["verdict.retry_of"] == run and spans[0]["links"] == [{"traceId": TRACE, "spanId": span_id(run)}]
    assert all(span["kind"] == 1 and attributes(span)["cicd.pipeline.task.run.result"] == "success" for span in spans[1:])
    assert len(below) == 2, "staging and prod"
    assert f"trace {TRACE}" in world.verdict("get", run).stdout
    lines = log_lines(world, f"run={run} ")
    assert lines and all(f"trace_id={TRACE}" in line for line in lines), lines
    for name, inner in below.items():
        assert (inner[0]["traceId"], inner[0]["parentSpanId"], inner[0]["spanId"]) == (TRACE, deployments[name]["spanId"], span_id(name))
        assert attributes(deployments[name])["cicd.pipeline.task.type"] == "deploy"


def test_kept_exports_are_as_strict():
    """What the unit tests compare with."""
    kept = glob.glob("tests/unit/data/traces/*.json")
    assert len(kept) == 3
    for path in kept:
        with open(path, encoding="utf-8") as file:
            text = json.load(file)
        for attribute in text["resourceSpans"][0]["resource"]["attributes"]:
            if attribute["key"] == "service.instance.id":
                attribute["value"]["stringValue"] = "demo"
        spans_of(text)
