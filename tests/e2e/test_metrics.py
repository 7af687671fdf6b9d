# test_metrics.py - /metrics: the names of the telemetry contract, in both forms, read strictly; and what a deployment that is taken back leaves there.
# SPDX-License-Identifier: MIT
import re
import subprocess

from support import wait_until
from support.swift import begin, begun, ended, post, publishing
from world import find

# Name: type and labels.
CONTRACT = {
    "verdict_build_info": ("gauge", {"version"}),
    "verdict_deployments_total": ("counter", {"service", "environment", "verdict"}),
    "verdict_deployments_active": ("gauge", {"environment", "phase"}),
    "verdict_deployment_duration_seconds": ("histogram", {"le"}),
    "verdict_rollbacks_total": ("counter", {"service", "environment", "cause"}),
    "verdict_rollback_duration_seconds": ("histogram", {"le"}),
    "verdict_rule_evaluations_total": ("counter", {"result"}),
    "verdict_source_requests_total": ("counter", {"source", "outcome"}),
    "verdict_source_last_success_timestamp_seconds": ("gauge", {"source"}),
    "verdict_source_series": ("gauge", {"source"}),
    "verdict_source_series_refused_total": ("counter", {"source"}),
    "verdict_notifications_total": ("counter", {"notifier", "outcome"}),
    "verdict_outbox_depth": ("gauge", set()),
    "verdict_mqtt_connected": ("gauge", {"client"}),
    "verdict_config_last_reload_successful": ("gauge", set()),
    "verdict_config_last_reload_success_timestamp_seconds": ("gauge", set()),
    "process_cpu_seconds_total": ("counter", set()),
    "process_resident_memory_bytes": ("gauge", set()),
    "process_virtual_memory_bytes": ("gauge", set()),
    "process_open_fds": ("gauge", set()),
    "process_max_fds": ("gauge", set()),
    "process_start_time_seconds": ("gauge", set()),
}
# Whatever grows with every deployment is no label.
UNBOUNDED = {"version", "commit", "deployment", "id", "digest"}
SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z_]+="[^"\\\n]*",?)+)\})? (-?[0-9.]+(?:e[+-]?\d+)?)')
SUFFIXES = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


def families(text, is_open):
    """Name: (type, {(suffix, labels): value}), of a page in which each family stands once, with help, type and samples, in this order."""
    found, head = {}, None
    assert text.endswith("# EOF\n" if is_open else "\n")
    for line in text.removesuffix("# EOF\n").splitlines():
        if line.startswith("# HELP "):
            head = line.split(" ", 3)[2]
            assert head not in found and len(line.split(" ", 3)[3]) > 5, line
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == head and name not in found, line
            found[name] = (kind, {})
        else:
            match = SAMPLE.fullmatch(line)
            assert match and head in found, line
            kind, samples = found[head]
            tail = match[1].removeprefix(head)
            assert match[1].startswith(head) and tail in (("_total",) if is_open and kind == "counter" else SUFFIXES[kind]), line
            labels = dict(re.findall(r'([a-z_]+)="([^"]*)"', match[2] or ""))
            key = (tail, tuple(sorted(labels.items())))
            assert key not in samples and (not UNBOUNDED & set(labels) or head == "verdict_build_info"), line
            samples[key] = float(match[3])
    assert all(samples for _, samples in found.values())
    return found


def page(world, accept=None):
    answer = world.api("GET", "/metrics", headers={"Accept": accept} if accept else {})
    assert answer.status == 200
    return answer


def told(world):
    return families(page(world).text, False)


def value(found, name, **labels):
    return next((number for (_, pairs), number in found[name][1].items() if labels.items() <= dict(pairs).items()), None)


def labels_of(samples):
    return set().union(*({name for name, _ in pairs} for _, pairs in samples))


def test_names_of_the_contract(world):
    begin(world)
    world.start_receiver()
    assert post(world, "2.0.0").status == 201
    found = told(world)
    for name, (kind, labels) in CONTRACT.items():
        assert name in found, name
        assert (found[name][0], labels_of(found[name][1])) == (kind, labels), name
    done = subprocess.run([find("promtool"), "check", "metrics"], input=page(world).text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_open_metrics_where_it_is_asked_for(world):
    begin(world)
    assert post(world, "2.0.0").status == 201
    prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
    for accept, is_open in ((prometheus, True), ("application/openmetrics-text", True), ("text/plain, application/openmetrics-text;q=0.5", False),
                            ("application/openmetrics-text; q=0", False), ("*/*", False), (None, False)):
        answer = page(world, accept)
        kind = "application/openmetrics-text; version=1.0.0; charset=utf-8" if is_open else "text/plain; version=0.0.4; charset=utf-8"
        assert answer.headers["Content-Type"] == kind, accept
        found = families(answer.text, is_open)
        names = {name + "_total" if is_open and kind == "counter" else name for name, (kind, _) in found.items()}
        assert set(CONTRACT) <= names, set(CONTRACT) - names
    for _, samples in (found[name] for name in ("verdict_deployment_duration_seconds", "verdict_rollback_duration_seconds")):
        bounds = [dict(pairs)["le"] for tail, pairs in samples if tail == "_bucket"]
        assert bounds[-1] == "+Inf" and all("." in bound for bound in bounds[:-1]), bounds


def test_a_deployment_that_is_taken_back(world):
    begin(world)
    world.start_receiver()
    before = told(world)
    place = {"service": "shop", "environment": "prod"}
    assert value(before, "verdict_mqtt_connected", client="source:plant") == 1
    with publishing(world, '{"lag": 1}'):
        deployment = begun(world, "2.0.0")
        assert value(told(world), "verdict_rollbacks_total", cause="failed", **place) == 0, "an increase from nothing would not be seen"
        assert ended(world, deployment)["state"] == "promoted"
    after = told(world)
    assert value(after, "verdict_deployments_total", verdict="pass", **place) == 1
    assert value(after, "verdict_source_last_success_timestamp_seconds", source="mqtt:plant") > value(before, "process_start_time_seconds") - 1
    assert value(after, "verdict_rule_evaluations_total", result="pass") > value(before, "verdict_rule_evaluations_total", result="pass")
    with publishing(world, '{"lag": 90}'):
        assert ended(world, begun(world, "3.0.0"))["state"] == "rolled_back"
    wait_until(lambda: value(told(world), "verdict_outbox_depth") == 0, 10, "notices are delivered")
    after = told(world)
    assert value(after, "verdict_deployments_total", verdict="fail", **place) == 1
    assert value(after, "verdict_rollbacks_total", cause="failed", **place) == 1
    assert value(after, "verdict_rule_evaluations_total", result="fail") >= 1
    counts = {name: after[name][1] for name in ("verdict_deployment_duration_seconds", "verdict_rollback_duration_seconds")}
    assert [samples[("_count", ())] for samples in counts.values()] == [2, 1]
    assert 0 < counts["verdict_rollback_duration_seconds"][("_sum", ())] < 20
    assert all(samples[("_bucket", (("le", "+Inf"),))] == samples[("_count", ())] for samples in counts.values())
    assert sum(after["verdict_deployments_active"][1].values()) == 0


def test_who_is_under_way_and_what_waits(world):
    begin(world, observe="1h", at_most="2h")
    with publishing(world, '{"lag": 1}'):
        begun(world, "2.0.0")
        wait_until(lambda: value(told(world), "verdict_deployments_active", environment="prod", phase="running") == 1, 20, "it is under way")
        wait_until(lambda: value(told(world), "verdict_outbox_depth") >= 1, 20, "notices wait: nobody takes them")
        world.programs["verdictd"].kill()
        world.programs["verdictd"].start()
        found = told(world)
        assert value(found, "verdict_deployments_active", environment="prod", phase="running") == 1
        assert value(found, "verdict_rollbacks_total", cause="aborted", service="shop") == 0
        assert value(found, "verdict_outbox_depth") >= 1
