# test_openapi.py - every operation of /openapi.json, asked as it says and as it does not: answers are declared ones, and bad requests change nothing.
# SPDX-License-Identifier: MIT
import contextlib
import json
import pathlib
import re
import sqlite3
import types

import pytest

import world_config
from support import wait_until
from support.contract import Contract, fill, methods_of

RULES = """
metrics: { lag: { source = "push";  kind = "gauge";  unit = "s";  better = "lower"; }; };
triggers: { queue: { when = "lag > 60s";  then = "hold";  mode = "record"; }; };
smoke_tests: { alive: { base_url = "http://{{address}}";  checks: { up: { get = "/";  expect = "status == 200"; }; }; }; };
strategies: { quiet: { kind = "follow";  steps = ( { watch = "1h";  at_most = "2h"; } ); }; };
services: {
  shop: { rules: { triggers = [ "queue" ]; };  environments: {
    prod: { strategy = "quiet";  commands: { restore: { exec = [ "COMMANDS/deploy", "STATE" ]; }; };  recovery: { steps = ( { command = "restore"; } );  rehearse = "drill"; }; };
    drill: { strategy = "quiet";  slots: { only: { address = "127.0.0.1:1"; }; };  rules: { smoke_tests = [ "alive" ]; }; }; }; };
  mail: { environments: { prod: { strategy = "quiet";  approval: { from = [ "sre" ];  need = 1;  timeout = "8h"; }; }; }; };
};
pipelines: { shop: { service = "shop";  stages: { check: { sign: { await = "10m"; }; }; };  environments = [ "prod" ]; }; };
"""
PATHS = {"deployment": "shop/prod", "service": "shop", "stack": "network", "environment": "prod", "run": "run_1", "stage": "check", "task": "sign", "id": "webhook:desk"}
SECRET = "0123456789abcdef"
HOOK = 'hooks: {{ ci: {{ secret = "file:{secret}";  proof = "token";  service = ".name";  environment = "prod";  version = ".tag";  when = ".state = started"; }}; }};'
SCOPES = ("read", "deploy", "approve", "rollback", "override", "admin")
NEVER_WELL = {"GET /v1/deployments/{deployment}/graph"}  # there is nothing to draw here


@pytest.fixture(scope="module", name="desk")
def _desk(shared_world):
    """The daemon, what it says of itself, and one deployment under way."""
    world = shared_world
    world.start_runner()
    world.start_receiver()
    hook = HOOK.format(secret=world.write("hook.secret", SECRET))
    world.start_daemon(text=world_config.verdictd_text(world) + hook, rules={"shop.rules": RULES.replace("COMMANDS", str(world.commands)).replace("STATE", str(world.state))})
    contract = Contract(world)
    desk = types.SimpleNamespace(world=world, contract=contract, well=set())
    say(desk, "POST /v1/services/{service}/{environment}/adopt")
    say(desk, "POST /v1/deployments")
    wait_until(lambda: state(desk) == "watching", 20, "it is under way")
    return desk


def state(desk, name="shop/prod"):
    return json.loads(desk.contract.local("GET", f"/v1/deployments/{name}").body)["state"]


def say(desk, name, body=None, query="", more=None, **paths):
    """As the document says, by default with its example; what it answered."""
    operation = desk.contract.operations[name]
    form = desk.contract.body_of(operation)
    if body is None and form is not None:
        body = form[1].get("example", b"services: {};" if form[0] == "text/plain" else {})
    headers = {**({} if form is None else {"Content-Type": form[0]}), **(more or {})}
    answer = desk.contract.local(operation.method, fill(operation.path, {**PATHS, **paths}) + query, body, headers)
    desk.contract.check(operation, answer)
    assert answer.status < 500, (name, answer)
    if answer.status < 400:
        desk.well.add(name)
    return answer


def known_to_the_source():
    table = (pathlib.Path(__file__).parents[2] / "src" / "api" / "routes.c").read_text(encoding="utf-8")
    return {f"{method} {path}" for method, path in re.findall(r'\{"([A-Z]+)", "(/[^"]*)"', table)}


def test_every_route_is_described_and_nothing_else(desk):
    described = json.loads((pathlib.Path(__file__).parents[2] / "src" / "api" / "openapi.json").read_text(encoding="utf-8"))["operations"]
    assert set(desk.contract.operations) == known_to_the_source() == set(described)


def audit(world):
    with contextlib.closing(sqlite3.connect(f"file:{world.path('data', 'journal.db')}?mode=ro", uri=True)) as journal:
        return journal.execute("SELECT count(*), max(event) FROM audit").fetchone() + journal.execute("SELECT count(*) FROM tokens").fetchone()


def refused(desk, operation, answer, said):
    desk.contract.check(operation, answer, said)
    assert 400 <= answer.status < 500, (operation.method, operation.path, said, answer)


def test_bad_bodies_and_queries_are_refused_and_change_nothing(desk):
    contract, asked = desk.contract, 0
    before = audit(desk.world)
    for operation in contract.operations.values():
        path, form = fill(operation.path, PATHS), contract.body_of(operation)
        for query in contract.bad_queries(operation):
            refused(desk, operation, contract.local(operation.method, f"{path}?{query}"), query)
            asked += 1
        for header, value in contract.bad_headers(operation):
            body = None if form is None else form[1].get("example")
            refused(desk, operation, contract.local(operation.method, path, body, {header: value}), header)
            asked += 1
        if form is None or "example" not in form[1]:
            continue
        for said, body in contract.bad_bodies(form[1]):
            refused(desk, operation, contract.local(operation.method, path, body, {"Content-Type": form[0]}), said)
            asked += 1
        large = contract.local(operation.method, path, b" " * 70000, {"Content-Type": form[0]})
        assert large.status == 413, (operation.path, large)
        contract.check(operation, large)
    assert asked > 400, asked
    assert audit(desk.world) == before


def test_who_may_not_is_refused(desk):
    contract = desk.contract
    tokens = {}
    for scope in SCOPES:
        others = [one for one in SCOPES if one != scope]
        made = contract.local("POST", "/v1/tokens", {"principal": f"no-{scope}", "scopes": others})
        assert made.status == 201, made
        tokens[scope] = json.loads(made.body)["token"]
    before = audit(desk.world)
    for operation in contract.operations.values():
        if "security" not in operation.shape:
            continue
        path, form, (scope,) = fill(operation.path, PATHS), contract.body_of(operation), operation.shape["security"][0]["token"]
        body = None if form is None else form[1].get("example", {})
        for token, status in ((None, 401), ("vd_0123456789abcdef_" + "0" * 64, 401), (tokens[scope], 403)):
            answer = contract.remote(operation.method, path, body, {"Content-Type": "application/json"}, token)
            assert answer.status == status, (operation.path, token, answer)
            contract.check(operation, answer)
    assert audit(desk.world) == before


def test_other_methods_and_paths_are_none(desk):
    contract = desk.contract
    before = audit(desk.world)
    for path, item in contract.document["paths"].items():
        there = set(methods_of(item))
        for method in sorted({"GET", "POST", "PUT", "DELETE", "PATCH", "LOCK"} - there):
            if contract.has(method, path):
                continue
            answer = contract.local(method, fill(path, PATHS))
            assert answer.status == 405, (method, path, answer)
            assert set(answer.headers["Allow"].split(", ")) >= there
            assert answer.headers["Content-Type"] == "application/problem+json"
        assert contract.local("GET", fill(path, PATHS) + "/none/of/these/at/all").status == 404, path
    assert audit(desk.world) == before


def say_of_a_stack(desk):
    """terraform's own order, and what stands in its way."""
    path = "/v1/iac/{stack}/{environment}"
    state = {"version": 4, "serial": 1, "lineage": "a0c1", "resources": []}
    assert say(desk, f"GET {path}").status == 404
    assert say(desk, f"GET {path}/state").status == 204
    assert say(desk, f"LOCK {path}/state").status == 200
    assert say(desk, f"LOCK {path}/state", {"ID": "another"}).status == 423
    assert say(desk, f"UNLOCK {path}/state", {"ID": "another"}).status == 409
    assert say(desk, f"POST {path}/state", state).status == 423
    assert say(desk, f"DELETE {path}/state").status == 423
    assert say(desk, f"POST {path}/state", state, query="?ID=5b0d4f2c&run=run_1&deployment=dep_1").status == 200
    assert say(desk, f"UNLOCK {path}/state").status == 200
    assert say(desk, f"POST {path}/state", {**state, "serial": 0}).status == 409
    assert say(desk, f"GET {path}/state").status == 200
    assert say(desk, f"GET {path}/state", query="?serial=7").status == 404
    assert say(desk, f"POST {path}/state", {**state, "serial": 2, "resources": [{}]}).status == 200
    assert say(desk, f"POST {path}/restore", {"serial": 7, "reason": "r"}).status == 404
    assert say(desk, f"POST {path}/restore", {"serial": 2, "reason": "r"}).status == 409
    assert say(desk, f"POST {path}/restore", {"serial": 1, "reason": "r"}).status == 200
    assert say(desk, "GET /v1/iac").status == 200
    assert say(desk, f"GET {path}", query="?limit=1").status == 200
    assert say(desk, f"DELETE {path}/lock").status == 404
    assert say(desk, f"LOCK {path}/state").status == 200
    assert say(desk, f"DELETE {path}/lock").status == 200
    assert say(desk, f"DELETE {path}/state").status == 200
    assert say(desk, f"GET {path}/state").status == 204


def test_what_is_asked_as_it_says_goes_well(desk):
    """In an order in which it can."""
    contract = desk.contract
    for name in ("", "/report", "/logs", "/events", "/graph"):
        say(desk, f"GET /v1/deployments/{{deployment}}{name}", query="?metric=lag" if name == "/graph" else "")
    for query in ("", "?format=text", "?format=html"):
        say(desk, "GET /v1/deployments/{deployment}/report", query=query)
    say(desk, "GET /v1/deployments", query="?service=shop&state=active&limit=1")
    for name in ("marks", "mute", "hold", "resume", "rollback", "retry", "abort"):
        say(desk, f"POST /v1/deployments/{{deployment}}/{name}")
        if name == "rollback":
            wait_until(lambda: state(desk) == "rolled_back", 20, "it went back")
    say(desk, "POST /v1/deployments", {"service": "mail", "environment": "prod", "version": "2.0.0"})
    wait_until(lambda: json.loads(contract.local("GET", "/v1/deployments/mail/prod").body)["step_state"] == "waiting", 20, "it asks")
    say(desk, "POST /v1/deployments/{deployment}/approvals", deployment="mail/prod")
    say(desk, "POST /v1/deployments/{deployment}/promote", {"full": True, "reason": "a test"}, deployment="mail/prod")
    for place in ("/v1/services/{service}/{environment}", "/v1"):
        say(desk, f"POST {place}/freeze")
        say(desk, f"POST {place}/unfreeze")
    say(desk, "POST /v1/services/{service}/{environment}/rehearse")
    say(desk, "POST /v1/quarantine")
    listed = json.loads(say(desk, "GET /v1/quarantine").body)["quarantine"]
    say(desk, "DELETE /v1/quarantine/{id}", id=next(one["id"] for one in listed if one["version"] == "6.6.6"))
    made = json.loads(say(desk, "POST /v1/tokens").body)
    say(desk, "DELETE /v1/tokens/{id}", id=made["id"])
    say(desk, "POST /v1/runs")
    say(desk, "GET /v1/runs/{run}")
    say(desk, "POST /v1/runs/{run}/abort")
    wait_until(lambda: json.loads(contract.local("GET", "/v1/runs/run_1").body)["done"], 20, "it is aborted")
    say(desk, "POST /v1/runs/{run}/retry")
    say(desk, "POST /v1/runs/{run}/tasks/{stage}/{task}", run="run_2")
    say(desk, "GET /console/{id}", id="app.js")
    say_of_a_stack(desk)
    said = {"name": "shop", "state": "done", "tag": "9.0.0"}
    for secret, status in (("", 401), (SECRET, 202)):
        assert say(desk, "POST /v1/hooks/{id}", said, more={"Authorization": secret}, id="ci").status == status
    for name in sorted(set(contract.operations) - desk.well - NEVER_WELL):
        say(desk, name)
    assert set(contract.operations) - desk.well == NEVER_WELL
