# test_conditions.py - If-Match of what changes something, and If-None-Match of what is read, as RFC 9110 has them.
# SPDX-License-Identifier: MIT
import threading

import pytest

from support import wait_until

RULES = """
metrics: { lag: { source = "push";  kind = "gauge";  unit = "s";  better = "lower"; }; };
triggers: { queue: { when = "lag > 60s";  then = "hold"; }; };
strategies: { quiet: { kind = "follow";  steps = ( { watch = "1h";  at_most = "2h"; } ); }; };
services: { shop: { rules: { triggers = [ "queue" ]; };  environments: { prod: { strategy = "quiet"; }; }; };
  mail: { environments: { prod: { strategy = "quiet";  approval: { from = [ "sre" ];  need = 1;  timeout = "8h"; }; }; }; }; };
pipelines: { shop: { service = "shop";  stages: { check: { sign: { await = "10m"; };  other: { await = "10m"; }; }; };  environments = [ "prod" ]; }; };
"""
OLD = '"dep_1-0123456789abcdef"'


@pytest.fixture(name="desk")
def _desk(world):
    world.start_runner()
    world.start_receiver()
    world.start_daemon(rules={"shop.rules": RULES})
    for service in ("shop", "mail"):
        adopted = world.api("POST", f"/v1/services/{service}/prod/adopt", {"slot": "", "version": "1.0.0", "reason": "first"})
        assert adopted.status == 200, adopted.text
    return world


def start(world, service="shop"):
    made = world.api("POST", "/v1/deployments", {"service": service, "environment": "prod", "version": "2.0.0"})
    assert made.status == 201, made.text
    path = f"/v1/deployments/{made.json['id']}"
    wait_until(lambda: world.api("GET", path).json["step_state"] in ("observing", "waiting"), 20, "it is under way")
    return path


def say(world, path, body, tags):
    return world.api("POST", path, body, headers={"If-Match": tags} if tags else {})


def tag(world, path):
    return world.api("GET", path).headers["ETag"]


def refused(world, path, what, body, tags):
    before = world.api("GET", path)
    answer = say(world, f"{path}/{what}", body, tags)
    assert answer.status == 412, answer.text
    assert (answer.headers["Content-Type"], answer.json["code"], answer.json["title"]) == ("application/problem+json", "precondition-failed", "Precondition Failed")
    assert answer.headers["ETag"] == before.headers["ETag"]
    assert world.api("GET", path).headers["ETag"] == before.headers["ETag"], "and nothing happened"


def test_verbs_and_marks(desk):
    path = start(desk)
    reason = {"reason": "a test"}
    for what, body in (("hold", None), ("promote", None), ("abort", None), ("rollback", None), ("mute", {"rule": "queue", **reason}), ("retry", reason), ("marks", {"weight": 25})):
        for tags in (OLD, f"W/{tag(desk, path)}", "nonsense", ""):
            refused(desk, path, what, body, tags or " ")
    first = tag(desk, path)
    assert say(desk, f"{path}/marks", {"weight": 25}, first).status == 200
    held = say(desk, f"{path}/hold", None, f"{OLD}, {tag(desk, path)}")
    assert held.status == 200 and held.json["step_state"] == "held", held.text
    assert held.headers["ETag"] == tag(desk, path) != first
    refused(desk, path, "resume", None, first)
    assert say(desk, f"{path}/resume", None, "*").status == 200
    assert say(desk, "/v1/deployments/shop/prod/abort", None, tag(desk, path)).status == 200
    assert say(desk, "/v1/deployments/dep_99/abort", None, "*").status == 404


def test_an_approval(desk):
    path = start(desk, "mail")
    refused(desk, path, "approvals", {"decision": "approve"}, OLD)
    seen = tag(desk, path)
    answers = []

    def answer(decision):
        answers.append(say(desk, f"{path}/approvals", {"decision": decision}, seen).status)

    people = [threading.Thread(target=answer, args=(decision,)) for decision in ("approve", "reject", "reject")]
    for one in people:
        one.start()
    for one in people:
        one.join(20)
    assert sorted(answers) == [200, 412, 412], "of those who have seen the same, one is heard"


def test_runs(desk):
    made = desk.api("POST", "/v1/runs", {"pipeline": "shop", "version": "2.0.0"})
    assert made.status == 201, made.text
    path = f"/v1/runs/{made.json['id']}"
    wait_until(lambda: desk.api("GET", path).json["stages"][0]["tasks"][0]["state"] == "awaiting", 20, "its tasks await their answers")
    for what, body in (("abort", None), ("retry", None), ("tasks/check/sign", {"result": "pass"})):
        refused(desk, path, what, body, OLD)
    seen = tag(desk, path)
    assert say(desk, f"{path}/tasks/check/sign", {"result": "pass"}, seen).status == 200
    refused(desk, path, "tasks/check/other", {"result": "pass"}, seen)
    assert say(desk, f"{path}/abort", None, tag(desk, path)).status == 200
    assert say(desk, f"{path}/retry", None, "*").status == 201


def test_what_is_known_is_not_sent_again(desk):
    path = start(desk)
    run = f"/v1/runs/{desk.api('POST', '/v1/runs', {'pipeline': 'shop', 'version': '2.0.0'}).json['id']}"
    wait_until(lambda: desk.api("GET", run).json["stages"][0]["tasks"][0]["state"] == "awaiting", 20, "it awaits its answers")
    for place in (path, "/v1/deployments/shop/prod", run, "/", "/console/app.js"):
        own = tag(desk, place)
        for tags, status in ((own, 304), (f"W/{own}", 304), (f'"x", W/"y" , {own}', 304), ("*", 304), ('"x"', 200), (own.strip('"'), 200), (f"{own[:-1]}", 200)):
            assert desk.api("GET", place, headers={"If-None-Match": tags}).status == status, (place, tags)
    waited = desk.api("GET", f"{path}?wait=300ms", headers={"If-None-Match": f'"x", W/{tag(desk, path)}'})
    assert waited.status == 304
    assert desk.api("GET", f"{path}?wait=20s", headers={"If-None-Match": OLD}).status == 200
