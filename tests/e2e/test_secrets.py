# test_secrets.py - planted secrets: nothing that the daemon stores, logs or shows holds one, whoever says it (S17).
# SPDX-License-Identifier: MIT
import json
import os
import pathlib

import pytest

import world_config
from support import wait_until
from support.fake_prometheus import MODES, FakePrometheus
from support.swift import allow, begun, ended, show, swift_rules

# One for each way to refer to one; the last is exchanged while the daemon runs.
CREDENTIAL, VARIABLE, FILE, LATER = "canary-credential-7f1d", "canary-variable-9c2e", "canary-file-5b8a", "canary-later-3e6d"
KEY = "canary-key-line-one-1234\ncanary-key-line-two-5678"
CANARIES = (CREDENTIAL, VARIABLE, FILE, LATER, *KEY.split("\n"))


def holders(*roots):
    """Files below that hold a canary: {path: [canary]}."""
    found = {}
    for root in roots:
        for path in pathlib.Path(root).rglob("*"):
            if path.is_file():
                data = path.read_bytes()
                held = [one for one in CANARIES if one.encode() in data]
                if held:
                    found[str(path)] = held
    return found


def command_lines(world):
    lines = []
    for program in world.programs.values():
        if program.is_running():
            lines.append(pathlib.Path(f"/proc/{program.pid}/cmdline").read_bytes().decode(errors="replace"))
    return "\n".join(lines)


@pytest.fixture(name="fake")
def make_fake():
    MODES["leak"] = lambda: (500, json.dumps({"status": "error", "errorType": "auth", "error": f"no such token: {VARIABLE}, {KEY}"}))
    fake = FakePrometheus("leak")
    yield fake
    fake.stop()
    del MODES["leak"]


def settings(world):
    """The usual ones with a secret of every kind in them."""
    text = world_config.verdictd_text(world).replace('lag = "1s"', 'lag = "0s";  bearer = "env:CANARY"')
    text = text.replace(f'url = "mqtt://127.0.0.1:{world.broker_port}"', f'url = "mqtt://127.0.0.1:{world.broker_port}";  username = "us";  password = "cred:mqtt"')
    key = f'more: {{ url = "http://127.0.0.1:{world.receiver_port}/more";  secret = "file:{world.path("key")}"; }};'
    return text.replace("desk: {", f"{key} desk: {{")


def begin(world, fake, monkeypatch, script, more=""):
    world.prometheus_url = fake.url
    world.start_broker()
    for slot in ("blue", "green"):
        assert world.deploy(slot, "1.0.0").returncode == 0
    world.start_haproxy()
    world.wait_backends("blue", "green")
    world.write("secrets/mqtt", CREDENTIAL + "\n")
    world.write("key", KEY + "\n")
    world.write(os.path.relpath(world.secret_file, world.folder), FILE + "\n")
    quick = world.write("commands/quick", f"#!/bin/sh\n{script}\n", 0o700)
    world.start_runner(allow(world, quick))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(world.path("secrets")))
    monkeypatch.setenv("CANARY", VARIABLE)
    world.start_daemon(text=settings(world), rules={"shop.rules": swift_rules(world, trigger="deep", at_most="2s") + more.replace("QUICK", quick)})
    monkeypatch.delenv("CANARY")
    adopted = world.api("POST", "/v1/services/shop/prod/adopt", {"slot": "blue", "version": "1.0.0", "reason": "first"})
    assert adopted.status == 200, adopted.text


def expect_nothing(world, name, *more):
    """No canary in what the daemon keeps, says, answers or was started with."""
    said = [world.api("GET", path).text for path in (f"/v1/deployments/{name}", f"/v1/deployments/{name}/report", "/v1/deployments", "/v1/status", "/readyz?verbose", "/metrics")]
    said += [world.verdict("explain", name).stdout, world.verdict("get", name).stdout, command_lines(world), *more]
    for text in said:
        assert not [one for one in CANARIES if one in text], text
    assert holders(world.path("data"), world.logs) == {}
    world.programs["verdictd"].stop()
    assert holders(world.path("data"), world.logs) == {}


def test_a_command_that_prints_them(world, fake, monkeypatch):
    printed = " ".join(CANARIES[:4])
    begin(world, fake, monkeypatch, f"echo '{printed}'; echo '{KEY}'; echo 'x={FILE}' >> \"$VERDICT_OUTPUT\"; exit 1")
    world.write(os.path.relpath(world.secret_file, world.folder), LATER + "\n")
    end = ended(world, begun(world, "2.0.0"))
    assert end["ending"] == "action_failed", end
    assert "ended with status 1: *** *** *** ***" in end["why"], end["why"]
    kept = holders(world.path("runner"))
    assert kept and all(path.endswith((".out", ".values")) for path in kept), kept
    assert os.stat(world.path("runner")).st_mode & 0o077 == 0, "what commands printed is the runner's own"
    expect_nothing(world, end["id"])


PIPELINE = """
pipelines: { leak: { service = "shop";  environments = [ "prod" ];  stages: { build: { dist: { exec = [ "QUICK" ]; }; }; }; }; };
"""


def test_a_task_that_prints_and_reports_them(world, fake, monkeypatch):
    printed = " ".join(CANARIES[:3])
    begin(world, fake, monkeypatch, f"echo '{printed}'; echo 'flavour=sweet-{FILE}' >> \"$VERDICT_OUTPUT\"", PIPELINE)
    run = world.api("POST", "/v1/runs", {"pipeline": "leak", "version": "2.0.0"})
    assert run.status == 201, run.text
    path = f"/v1/runs/{run.json['id']}"
    wait_until(lambda: "*** *** ***" in world.api("GET", path).text, 8, "the task's output is shown")
    shown = world.api("GET", path).text
    assert "sweet-***" in shown, shown
    wait_until(lambda: world.api("GET", path).json["done"], 20, "the run has ended")
    expect_nothing(world, "shop/prod", shown, world.api("GET", path).text)


def test_a_source_that_quotes_them(world, fake, monkeypatch):
    begin(world, fake, monkeypatch, "exit 0")
    name = begun(world, "2.0.0")
    wait_until(lambda: show(world, name)["share"] > 0, 8, "it has traffic")
    wait_until(lambda: "no such token: ***" in show(world, name)["why"], 8, "the source's error is shown")
    assert "no such token: ***" in world.api("GET", "/readyz?verbose").text
    end = ended(world, name)
    assert end["exit_code"] == 6, end
    assert holders(world.path("runner")) == {}
    expect_nothing(world, name)
