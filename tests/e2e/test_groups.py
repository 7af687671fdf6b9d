# test_groups.py - two services that are deployed together: none goes on without the other, and what one does wrong takes both back.
# SPDX-License-Identifier: MIT
import contextlib
import sqlite3

import world_config
from support import wait_until
from support.kills import BACKENDS, Publishing
from support.swift import allow, show as show_deployment
from world import find

SERVICES = ("cart", "pay")

RULES = """
metrics: { lag: { source = "mqtt:plant";  kind = "gauge";  topic = "t/{{version}}";  value = ".lag";  unit = "s";  better = "lower";  resolution = "100ms";  max_age = "2s"; }; };
triggers: { queue: { when = "lag > 60s";  then = "rollback"; }; };
strategies: { swift: { kind = "canary";
  steps = ( { command = "deploy"; }, { route = "10%";  observe = "400ms";  at_most = "60s"; }, { route = "100%"; watch = "300ms";  at_most = "20s"; } ); }; };
"""

SERVICE = """
NAME: { notify: { all = [ "webhook:desk" ]; };  rules: { triggers = [ "queue" ]; };  environments: { prod: { strategy = "swift";  traffic = "haproxy:edge";  backend = "NAME";
  slots: { blue: { servers = [ "blue" ];  address = "127.0.0.1:BLUE"; };  green: { servers = [ "green" ];  address = "127.0.0.1:GREEN"; }; };
  commands: { deploy: { exec = [ "SCRIPT" ];  timeout = "5s";  repeat = "idempotent"; }; }; }; }; };
"""

GROUP = 'groups: { checkout: { services = [ "cart", "pay" ];  environment = "prod"; }; };\n'


def rules_of(world, script):
    services = "".join(SERVICE.replace("NAME", name) for name in SERVICES)
    for word, value in {"SCRIPT": script, "BLUE": world.slots["blue"], "GREEN": world.slots["green"]}.items():
        services = services.replace(word, str(value))
    return RULES + "services: {" + services + "};\n" + GROUP


def begin(world):
    """Both services behind one HAProxy, with 1.0.0 of each adopted in blue."""
    world.start_broker()
    for slot in world.slots:
        assert world.deploy(slot, "1.0.0").returncode == 0
    world.write("split.map", "".join(f"{name} 0\n" for name in SERVICES))
    text = world_config.haproxy_text(world, "map") + "".join(BACKENDS.format(name=name, slot=slot, port=port) for name in SERVICES for slot, port in world.slots.items())
    config = world.write("haproxy.cfg", text)
    world.run("haproxy", [find("haproxy"), "-W", "-S", world.master_socket, "-f", config], lambda: world.haproxy("show info"))
    world.wait_backends()
    script = world.write("commands/quick", "#!/bin/sh\nexit 0\n", 0o700)
    world.start_runner(allow(world, script))
    world.start_receiver()
    world.start_daemon(rules={"checkout.rules": rules_of(world, script)})
    for name in SERVICES:
        answer = world.api("POST", f"/v1/services/{name}/prod/adopt", {"slot": "blue", "version": "1.0.0", "reason": "first"})
        assert answer.status == 200, answer.text


def shares(world):
    lines = [line.split() for line in world.haproxy(f"show map {world.split_file}").splitlines()]
    return [next(int(words[2]) for words in lines if words[1] == name) for name in SERVICES]


def post(world, cart, pay, **more):
    return world.api("POST", "/v1/runs", {"group": "checkout", "versions": {"cart": cart, "pay": pay}, **more})


def show(world, run):
    answer = world.api("GET", f"/v1/runs/{run}")
    assert answer.status == 200, answer.text
    return answer.json


def tasks(world, run):
    return {task["name"]: task for task in show(world, run)["stages"][0]["tasks"]}


def deployments(world, run):
    return [show_deployment(world, task["deployment"]) for task in tasks(world, run).values()]


def ended(world, run, seconds=20):
    wait_until(lambda: show(world, run)["done"], seconds, f"{run} ends: {show(world, run)['summary']}")
    return show(world, run)


def waits_with_users(world, run):
    """cart has observed its first users, and pay has not; before them it may wait for pay as well, for a moment."""
    cart = deployments(world, run)[0]
    return cart["share"] == 10 and cart["waits_for"] == ["pay"]


def test_step_by_step(world):
    """The one with evidence waits at its barrier, over a kill -9, until the other one has some; both are promoted at once."""
    begin(world)
    started = world.verdict("start", "--group", "checkout", "--version", "cart=2.0.0", "--version", "pay=2.1.0")
    assert started.returncode == 0, started.stderr
    run = started.stdout.strip()
    same = post(world, "2.0.0", "2.1.0")
    assert (same.status, same.json["id"], same.json["group"]) == (200, run, "checkout")
    with Publishing(world, "2.0.0", 1):
        wait_until(lambda: waits_with_users(world, run), 15, "cart stands at its barrier")
        cart = show_deployment(world, tasks(world, run)["cart"]["deployment"])
        assert tasks(world, run)["cart"]["waits_for"] == ["pay"]
        assert cart["summary"].endswith("; it waits for pay") and cart["group_run"] == run, cart["summary"]
        assert "running,waits" in world.verdict("ls", "--service", "cart").stdout
        drawn = world.verdict("get", run)
        assert "2.0.0  " + cart["id"] + ", waits for pay" in drawn.stdout, drawn.stdout
        world.programs["verdictd"].kill()
        world.programs["verdictd"].start()
        wait_until(lambda: waits_with_users(world, run), 15, "and still does after a restart")
        assert shares(world) == [1000, 1000]
        with Publishing(world, "2.1.0", 1):
            end = ended(world, run)
    assert (end["state"], end["exit_code"], end["version"]) == ("released", 0, "cart=2.0.0 pay=2.1.0"), end
    assert [(one["state"], one["version"]) for one in deployments(world, run)] == [("promoted", "2.0.0"), ("promoted", "2.1.0")]
    assert shares(world) == [10000, 10000]
    assert len({one["ended"] for one in deployments(world, run)}) == 1, "in one batch"
    assert "checkout" in world.verdict("runs", "checkout").stdout


def rollbacks(world):
    """Services in the order in which they began to go back."""
    with contextlib.closing(sqlite3.connect(f"file:{world.path('data', 'journal.db')}?mode=ro", uri=True)) as database:
        rows = database.execute("SELECT t.service FROM audit a JOIN deployments d ON d.id = a.deployment JOIN targets t ON t.id = d.target"
                                " WHERE a.what = 'phase' AND a.a = 4 ORDER BY a.event").fetchall()
    return [row[0] for row in rows]


def test_taken_back_together(world):
    begin(world)
    for body, status, word in (({"group": "chekout", "versions": {"cart": "2", "pay": "2"}}, 404, "checkout"),
                               ({"group": "checkout", "versions": {"cart": "2"}}, 422, "pay"),
                               ({"group": "checkout", "versions": {"cart": "2", "pay": "2", "mail": "2"}}, 422, "mail"),
                               ({"group": "checkout", "versions": {"cart": "2", "pay": " "}}, 400, "pay"),
                               ({"group": "checkout", "version": "2"}, 400, "version"),
                               ({"group": "checkout", "versions": {"cart": "2", "pay": "2"}, "digests": {"pay": "x"}}, 400, "digest")):
        answer = world.api("POST", "/v1/runs", body)
        assert answer.status == status and word in answer.json["detail"], (body, answer.text)
    assert world.api("POST", "/v1/services/pay/prod/freeze", {"reason": "no"}).status == 200
    answer = post(world, "2.0.0", "2.1.0")
    assert answer.status == 409 and answer.json["detail"].startswith("pay/prod is frozen"), answer.text
    assert world.api("GET", "/v1/deployments").json["deployments"] == [], "none of them began"
    assert world.api("POST", "/v1/services/pay/prod/unfreeze", {"reason": "go"}).status == 200
    with Publishing(world, "2.0.0", 1), Publishing(world, "2.1.0", 300):
        run = post(world, "2.0.0", "2.1.0").json["id"]
        waited = world.verdict("wait", run, "--timeout", "20s")
    assert waited.returncode == 3, waited.stderr
    end = show(world, run)
    assert end["state"] == "failed" and "pay" in end["summary"], end["summary"]
    assert [(one["state"], one["exit_code"]) for one in deployments(world, run)] == [("rolled_back", 3)] * 2
    assert "another one of its group went wrong" in deployments(world, run)[0]["summary"]
    assert shares(world) == [0, 0]
    assert rollbacks(world) == ["pay", "cart"], "the one that failed, then the rest in reverse"
    told = [one["body"]["data"] for one in world.notices() if one["body"]["data"]["event"] == "rolled_back"]
    assert all(one["group"] == "checkout" and one["group_run"] == run for one in told), told
    again = world.api("POST", f"/v1/runs/{run}/retry", {"reason": "once more"})
    assert again.status == 409 and "pay/prod: this version was taken back" in again.json["detail"], again.text
    assert world.verdict("quarantine", "clear", "pay/prod", "--version", "2.1.0", "--reason", "mended").returncode == 0
    with Publishing(world, "2.0.0", 1), Publishing(world, "2.1.0", 1):
        again = world.api("POST", f"/v1/runs/{run}/retry", {"reason": "once more"})
        assert again.status == 201 and again.json["retry_of"] == run, again.text
        assert ended(world, again.json["id"])["state"] == "released"
    assert shares(world) == [10000, 10000]
