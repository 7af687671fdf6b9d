# test_doors.py - what people and pipelines can say: approvals, abort in each state, duplicates, follow, record, adopt, refusals.
# SPDX-License-Identifier: MIT
import pytest

import world_config
from support import wait_until
from support.rules import deployment, shop_rules, start, start_all


def state(world):
    return deployment(world)["state"]


def test_approval(world):
    start_all(world, strategy="asks")
    name = start(world, "2.0.0")
    wait_until(lambda: deployment(world)["step"]["state"] == "waiting", 30, "it asks for approval")
    assert world.verdict("wait", name, "--exit-when-held").returncode == 5
    wanted = wait_until(lambda: [n["body"]["data"] for n in world.notices() if n["body"]["type"] == "verdict.deployment.approval_wanted"], 10, "people are told")
    assert wanted[0]["answer"] == f"verdict approve {name}" and wanted[0]["approvers"], wanted
    asked = deployment(world)["approvals"]
    assert asked["answer"] == wanted[0]["answer"] and asked["approvers"] == wanted[0]["approvers"], asked
    assert world.verdict(*wanted[0]["answer"].split()[1:]).returncode == 0
    assert world.verdict("wait", name, "--timeout", "40s").returncode == 0


def test_rejection_takes_it_back(world):
    start_all(world, strategy="asks")
    name = start(world, "2.0.0")
    wait_until(lambda: deployment(world)["step"]["state"] == "waiting", 30, "it asks for approval")
    assert world.verdict("reject", name).returncode == 0
    assert world.verdict("wait", name, "--timeout", "40s").returncode == 3
    assert world.split() == 0


@pytest.mark.parametrize("when", ["acting", "observing", "held", "watching"])
def test_abort(world, when):
    start_all(world)
    name = start(world, "2.0.0")
    if when == "watching":
        wait_until(lambda: state(world) == "watching", 40, "it watches")
    elif when == "acting":
        wait_until(lambda: state(world) in ("running", "admitting"), 10, "it acts")
    else:
        wait_until(lambda: deployment(world)["step"]["state"] == "observing", 20, "it observes")
    if when == "held":
        assert world.verdict("hold", name, "--reason", "lunch").returncode == 0
        wait_until(lambda: deployment(world)["step"]["state"] == "held", 5, "it is held")
    assert world.verdict("abort", name, "--reason", "a test").returncode == 0
    assert world.verdict("wait", name, "--timeout", "40s").returncode in (3, 5)
    assert world.split() == 0
    assert world.verdict("abort", name).returncode == 2, "it is over: 409"


def test_duplicates(world):
    start_all(world)
    body = {"service": "shop", "environment": "prod", "version": "2.0.0"}
    first = world.api("POST", "/v1/deployments", body, {"Idempotency-Key": "one"})
    again = world.api("POST", "/v1/deployments", body, {"Idempotency-Key": "one"})
    other = world.api("POST", "/v1/deployments", {**body, "version": "2.0.1"}, {"Idempotency-Key": "one"})
    assert (first.status, again.status, other.status) == (201, 201, 422), (first, again, other)
    assert other.json["code"] == "idempotency-key-reused"
    assert first.json["id"] == again.json["id"]
    attached = world.verdict("start", "shop/prod", "--version", "2.0.0")
    assert attached.stdout.strip() == first.json["id"]
    refused = world.verdict("start", "shop/prod", "--version", "9.9.9")
    assert refused.returncode == 2 and "under way" in refused.stderr
    assert world.verdict("abort", first.json["id"]).returncode == 0


@pytest.mark.parametrize("command", [True, False])
def test_follow(world, command):
    marker = world.path("taken-back")
    text = ""
    if command:
        script = world.write("commands/back", f"#!/bin/sh\ntouch {marker}\n", 0o700)
        text = f'rollback: {{ exec = [ "{script}" ];  timeout = "5s";  repeat = "idempotent"; }};'
        runner = world_config.runner_text(world).replace("allow = (", f'allow = ( [ "{script}" ], ')
    world.start_prometheus()
    world.start_broker()
    world.deploy("blue", "2.0.0")
    world.start_receiver()
    world.start_load(rate=100, url=f"http://127.0.0.1:{world.slots['blue']}/")
    world.wait_scraped()
    world.start_runner(runner if command else None)
    world.start_daemon(rules={"shop.rules": shop_rules(world, "watched", 'triggers = [ "errors" ];', False, text, slots="blue")})
    good = world.verdict("start", "shop/prod", "--version", "2.0.0", "--wait", "--timeout", "40s")
    assert good.returncode == 0, good.stdout + good.stderr
    world.set_faults("blue", share=0.5)
    bad = world.verdict("start", "shop/prod", "--version", "2.0.0", "--digest", "sha256:" + 64 * "a", "--wait", "--timeout", "40s")
    assert bad.returncode == 3, bad.stdout + bad.stderr
    wait_until(lambda: any(n["body"]["type"] == "verdict.deployment.rolled_back" for n in world.notices()), 10, "the notice")
    if command:
        with open(marker, encoding="utf-8"):
            pass


def test_record_changes_nothing(world):
    start_all(world, daemon=world_config.verdictd_text(world, mode="record"), rules='triggers = [ "errors" ];')
    world.deploy("green", "3.0.0-bad")
    world.wait_backends("green")
    world.set_split(5000)
    done = world.verdict("start", "shop/prod", "--version", "3.0.0-bad", "--wait", "--timeout", "60s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert world.split() == 5000
    wait_until(lambda: any(n["body"]["type"] == "verdict.deployment.would_have_rolled_back" for n in world.notices()), 10, "what it would have done")


def test_refusals(world):
    world.start_runner()
    world.start_haproxy()
    world.start_daemon(rules={"shop.rules": shop_rules(world, rules='triggers = [ "errors" ];')})
    body = {"service": "shop", "environment": "prod", "version": "2.0.0"}

    def post(change):
        return world.api("POST", "/v1/deployments", {**body, **change})

    assert post({}).status == 422, "nothing proven to go back to"
    assert post({"service": "shoe"}).status == 404 and "shop" in post({"service": "shoe"}).text
    assert post({"environment": "moon"}).status == 404
    assert post({"strategy": "none"}).status == 404
    assert post({"versoin": "1"}).status == 400 and "version" in post({"versoin": "1"}).text
    assert post({"version": "a;b"}).status in (400, 422)
    assert post({"commit": 70000 * "x"}).status == 413
    assert world.api("GET", "/v1/deployments").json["deployments"] == []
    world.verdict("adopt", "shop/prod", "--slot", "blue", "--version", "1.0.0", "--reason", "first")
    rejected = world.verdict("start", "shop/prod", "--version", "2.0.0", "--wait")
    assert rejected.returncode == 5, "the rehearsal finds no server of stable up: " + rejected.stdout + rejected.stderr
    assert "blue" in deployment(world)["summary"] + deployment(world)["why"]
