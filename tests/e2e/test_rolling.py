# test_rolling.py - a service on three hosts, replaced one after the other: shops on their own ports, one command per host.
# SPDX-License-Identifier: MIT
import json
import os
import subprocess
import threading

import world_config
from support import free_port, get, wait_until
from support.swift import begun, ended, show
from world import find

HOSTS = ("m1", "m2", "m3")

RULES = """
metrics: {
  lag: { source = "mqtt:plant";  kind = "gauge";  topic = "t/{{version}}";  value = ".lag";  unit = "s";  better = "lower";  resolution = "100ms";  max_age = "1s"; };
};
smoke_tests: { basic: { base_url = "http://{{address}}";  settle = "10ms";  timeout = "1s";  attempts = 3;  every = "100ms";
  checks: { health:  { get = "/healthz";  expect = "status == 200"; };
            port: { tcp = "{{address}}";  expect = "time < 1s"; };
            version: { get = "/version";  expect = "json('.version') == version"; }; }; }; };
triggers: { queue: { when = "lag > 60s";  then = "rollback"; }; };
strategies: {
  gentle: { kind = "rolling";  rollback_limit = "30s";
    steps = ( { replace = 1;  observe = "700ms";  at_most = "20s"; }, { replace = "100%";  batch = BATCH;  watch = "WATCH";  at_most = "20s"; } ); };
};
services: { shop: { rules: { triggers = [ "queue" ];  smoke_tests = [ "basic" ]; };
  environments: { prod: { strategy = "gentle";  hosts = [ PLACES ];
    commands: { drain:   { exec = [ "DRAIN", "{{host}}", "{{version}}" ];  timeout = "5s";  repeat = "idempotent"; };
                deploy:  { exec = [ "DEPLOY", "{{address}}" ];  timeout = "20s";  repeat = "idempotent"; };
                restore: { exec = [ "RESTORE", "{{host}}", "{{version}}" ];  timeout = "5s";  repeat = "idempotent"; }; }; }; }; }; };
"""


def begin(world, batch=1, watch="500ms", hosts_from=None):
    """1.0.0 on three hosts, adopted. Drain and restore write down what they were asked. `hosts_from`: a script that names the hosts,
    in place of the list."""
    world.slots = {name: free_port() for name in HOSTS}
    world.start_broker()
    for name in HOSTS:
        assert world.deploy(name, "1.0.0").returncode == 0
    said = world.path("commands", "said")
    scripts = {"DRAIN": f'echo "drain $1 $2 $VERDICT_HOST $VERDICT_VERSION" >> {said}',
               "DEPLOY": f'echo "deploy $1 $VERDICT_ADDRESS $VERDICT_KEY" >> {said}\nVERDICT_SLOT=$VERDICT_HOST exec {world.commands}/deploy {world.state}',
               "RESTORE": f'echo "restore $1 $2 $VERDICT_HOST $VERDICT_VERSION" >> {said}'}
    if hosts_from is not None:
        scripts["HOSTS"] = hosts_from
    paths = {name: world.write(f"commands/{name.lower()}-host", f"#!/bin/sh\n{text}\n", 0o700) for name, text in scripts.items()}
    world.start_runner(world_config.runner_text(world).replace("allow = (", "allow = ( " + "".join(f'[ "{path}", "**" ], ' for path in paths.values())))
    text = RULES.replace("BATCH", str(batch)).replace("WATCH", watch)
    if hosts_from is not None:
        text = text.replace("hosts = [ PLACES ];", 'hosts_from: { exec = [ "HOSTS", "{{version}}" ];  timeout = "5s"; };')
    text = text.replace("PLACES", ", ".join(f'"{name}=127.0.0.1:{world.slots[name]}"' for name in HOSTS))
    for name, path in paths.items():
        text = text.replace(name, str(path))
    world.start_daemon(rules={"shop.rules": text})
    adopted = world.api("POST", "/v1/services/shop/prod/adopt", {"version": "1.0.0", "reason": "first"})
    assert adopted.status == 200, adopted.text


def said(world):
    with open(world.path("commands", "said"), encoding="utf-8") as file:
        return file.read().splitlines()


def versions(world):
    """What each host answers."""
    return [json.loads(get(f"http://127.0.0.1:{world.slots[name]}/version").text)["version"] for name in HOSTS]


class Publishing:
    """A value of a version ten times a second."""

    def __init__(self, world, version, lag=1):
        self.lag, self.over = lag, threading.Event()
        self.link = subprocess.Popen([find("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(world.broker_port), "-t", f"t/{version}", "-l"],
                                     stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.thread = threading.Thread(target=self.publish)
        self.thread.start()

    def publish(self):
        while not self.over.wait(0.1):
            self.link.stdin.write(json.dumps({"lag": self.lag}) + "\n")
            self.link.stdin.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_rest):
        self.over.set()
        self.thread.join()
        self.link.stdin.close()
        self.link.wait(5)


def test_good_version_reaches_every_host(world):
    begin(world)
    with Publishing(world, "2.0.0"):
        end = ended(world, begun(world, "2.0.0"), 60)
    assert (end["state"], end["exit_code"], end["share"]) == ("promoted", 0, 100), end["summary"]
    assert versions(world) == ["2.0.0"] * 3
    order = [line.split()[0:2] for line in said(world) if not line.startswith("deploy")]
    assert order == [[what, name] for name in HOSTS for what in ("drain", "restore")], said(world)
    keys = [line.split()[3] for line in said(world) if line.startswith("deploy")]
    assert len(set(keys)) == 3, "each host has a key of its own"
    logs = world.verdict("logs", end["id"]).stdout
    assert all(f"{what}, host {name}: done\n" in logs for name in HOSTS for what in ("drain", "deploy", "restore")), logs
    assert [step["text"] for step in end["steps"]][:2] == ["replace 1 of 3 hosts, 1 at a time", "observe for 700ms"]


def test_bad_version_leaves_no_host(world):
    """It shows on the second batch, which goes out together; every host comes back, and the version is in quarantine."""
    begin(world, batch=2, watch="10s")
    with Publishing(world, "2.0.0") as values:
        name = begun(world, "2.0.0")
        wait_until(lambda: show(world, name)["share"] == 100, 60, "all hosts have the version")
        assert versions(world) == ["2.0.0"] * 3
        values.lag = 100
        end = ended(world, name, 60)
    assert (end["state"], end["exit_code"], end["ending"]) == ("rolled_back", 3, "failed"), end["summary"]
    assert versions(world) == ["1.0.0"] * 3
    assert end["share"] == 0
    lines = [line.split() for line in said(world)]
    assert all(line[1] == line[3] and line[2] == line[4] for line in lines if line[0] != "deploy"), lines
    back = [line[1] for line in lines if line[0] == "restore" and line[2] == "1.0.0"]
    assert sorted(back) == list(HOSTS), lines


def test_failing_host_takes_the_others_back(world):
    """The second host's new version does not answer as it should: its smoke test fails, and the first one goes back too."""
    begin(world)
    world.set_versions({"2.0.0": {}})
    with Publishing(world, "2.0.0"):
        name = begun(world, "2.0.0")
        wait_until(lambda: show(world, name)["share"] >= 33, 60, "the first host has it")
        world.set_versions({"2.0.0": {"says-version": "0.0.0"}})
        end = ended(world, name, 60)
    assert (end["state"], end["ending"]) == ("rolled_back", "failed"), end["summary"]
    assert versions(world) == ["1.0.0"] * 3
    assert not [line for line in said(world) if line.startswith("drain m3")], "the third one was never touched"


def test_killed_in_mid_batch(world):
    """The daemon dies while a host is being replaced: the same command goes on, none starts twice."""
    begin(world)
    world.set_versions({"2.0.0": {"start-delay": "2s"}})
    with Publishing(world, "2.0.0"):
        name = begun(world, "2.0.0")
        wait_until(lambda: [line for line in said(world) if line.startswith("deploy")], 30, "the first host is being replaced")
        world.programs["verdictd"].kill()
        world.programs["verdictd"].start()
        end = ended(world, name, 90)
    assert end["state"] == "promoted", end["summary"]
    keys = [line.split()[3] for line in said(world) if line.startswith("deploy")]
    assert len(keys) == len(set(keys)) == 3, keys


def test_every_host_is_rehearsed(world):
    """A command that may not run for the last host is found before the first one is touched."""
    begin(world)
    conf = world.path("runner.conf")
    with open(conf, encoding="utf-8") as file:
        text = file.read()
    drain = f'[ "{world.path("commands", "drain-host")}", '
    assert f'{drain}"**" ]' in text
    world.write("runner.conf", text.replace(f'{drain}"**" ]', f'{drain}"m1", "*" ], {drain}"m2", "*" ]'))
    world.programs["verdict-runner"].restart()
    asked = world.verdict("rehearse", "shop/prod", "--version", "2.0.0")
    lines = asked.stdout.splitlines()
    assert asked.returncode == 5 and len([line for line in lines if line.startswith("refused")]) == 1, asked.stdout
    assert "refused command drain for host m3: command drain could not run for host m3" in asked.stdout, asked.stdout
    assert lines.count("ok      command deploy") == 2, "with the new version, and with the one before"
    end = ended(world, begun(world, "2.0.0"))
    assert end["state"] == "rejected" and "command drain could not run for host m3" in end["why"], end
    assert not os.path.exists(world.path("commands", "said")), "nothing was done"
    world.write("runner.conf", text)
    world.programs["verdict-runner"].restart()
    assert world.verdict("rehearse", "shop/prod", "--version", "2.0.0").returncode == 0


def list_hosts(world, names=HOSTS):
    """What the command of hosts_from prints from now on."""
    return world.write("hosts", "".join(f"{name}=127.0.0.1:{world.slots[name]}\n" for name in names))


def asked_for(world):
    """The versions for which the hosts were asked."""
    with open(world.path("asked"), encoding="utf-8") as file:
        return file.read().split()


def test_hosts_of_a_command_are_fixed_when_it_begins(world):
    """The list is asked once, and neither a restart nor a new host changes what is under way; the next deployment has the new list."""
    begin(world, hosts_from=f'echo "$1" >> {world.path("asked")}\ncat {world.path("hosts")}')
    list_hosts(world)
    world.set_versions({"2.0.0": {"start-delay": "1s"}})
    with Publishing(world, "2.0.0"):
        name = begun(world, "2.0.0")
        wait_until(lambda: [line for line in said(world) if line.startswith("deploy")], 30, "the first host is being replaced")
        list_hosts(world, ("m1", "m3"))
        world.programs["verdictd"].kill()
        world.programs["verdictd"].start()
        end = ended(world, name, 90)
    assert (end["state"], end["exit_code"]) == ("promoted", 0), end["summary"]
    assert versions(world) == ["2.0.0"] * 3
    assert [step["text"] for step in end["steps"]][:1] == ["replace 1 of 3 hosts, 1 at a time"]
    assert asked_for(world) == ["2.0.0"]
    with Publishing(world, "2.1.0"):
        end = ended(world, begun(world, "2.1.0"), 90)
    assert end["state"] == "promoted" and versions(world) == ["2.1.0", "2.0.0", "2.1.0"], end["summary"]
    assert asked_for(world) == ["2.0.0", "2.1.0"]


def test_what_a_command_may_not_say_of_hosts(world):
    """Nothing begins, and people read why; the rehearsal says the same, and asks about the hosts that there are."""
    begin(world, hosts_from=f'echo "$1" >> {world.path("asked")}\ncat {world.path("hosts")}')
    started = world.verdict("start", "shop/prod", "--version", "2.0.0")
    assert started.returncode == 2 and "hosts_from: the command ended with status 1: cat:" in started.stderr, started.stderr
    for text, why in (("", "hosts_from: the command named no host"), ("m1\nm1:80\n", "line 2: a second host is called 'm1'"), ("m1\nno host\n", "line 2: 'no host' is not like")):
        world.write("hosts", text)
        started = world.verdict("start", "shop/prod", "--version", "2.0.0")
        assert started.returncode == 2 and why in started.stderr, started.stderr
        asked = world.verdict("rehearse", "shop/prod", "--version", "2.0.0")
        assert asked.returncode == 5 and "refused hosts_from" in asked.stdout and why in asked.stdout, asked.stdout
    assert world.api("GET", "/v1/deployments").json["deployments"] == [], "nothing was begun"
    list_hosts(world)
    asked = world.verdict("rehearse", "shop/prod", "--version", "2.0.0")
    assert asked.returncode == 0 and "ok      hosts_from (3 hosts)" in asked.stdout, asked.stdout
    assert "ok      smoke targets (3 of 3 answer now)" in asked.stdout, asked.stdout


def test_places_of_smoke_tests_are_looked_at(world):
    """That a host is down is no reason against a deployment, but a name that nobody knows is."""
    begin(world, hosts_from=f"cat {world.path('hosts')}")
    world.kill_shop("m3")
    list_hosts(world)
    asked = world.verdict("rehearse", "shop/prod", "--version", "2.0.0")
    assert asked.returncode == 0 and "ok      smoke targets (2 of 3 answer now)" in asked.stdout, asked.stdout
    world.write("hosts", "m1.no-such-place.invalid:80\n")
    asked = world.verdict("rehearse", "shop/prod", "--version", "2.0.0")
    assert asked.returncode == 5 and "refused smoke target m1.no-such-place.invalid:80: the smoke test could never pass" in asked.stdout, asked.stdout
    end = ended(world, begun(world, "2.0.0"))
    assert end["state"] == "rejected" and "m1.no-such-place.invalid:80: Name or service not known" in end["why"], end
