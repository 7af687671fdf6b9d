# swift.py - a small world in which a deployment takes a second or two: rules on one gauge over MQTT, or of a fake Prometheus.
# SPDX-License-Identifier: MIT
import contextlib
import json
import subprocess
import threading
import time

import world_config
from world import find

RULES = """
metrics: {
  lag: { source = "mqtt:plant";  kind = "gauge";  topic = "t/{{slot}}";  value = ".lag";  unit = "s";  better = "lower";  resolution = "100ms";  max_age = "1s"; };
  depth: { source = "prometheus:main";  kind = "gauge";  query = "depth{slot='{{slot}}'}";  every = "1s";  better = "lower"; };
};
smoke_tests: { basic: { base_url = "http://{{address}}";  settle = "10ms";  timeout = "1s";  attempts = 2;  every = "100ms";
  checks: { health: { get = "/healthz";  expect = "status == 200"; }; }; }; };
triggers: { queue: { when = "lag > 60s";  then = "rollback"; };  deep: { when = "depth > 100";  then = "rollback"; };
  grown: { when = "lag > 5s and lag > before + 50%";  then = "rollback"; };
  alert: { when = "signal('HighErrors')";  then = "rollback"; }; };
strategies: {
  watched: { kind = "follow";  steps = ( { watch = "1h";  at_most = "2h"; } ); };
  swift: { kind = "canary";  rollback_limit = "2s";
    steps = ( { command = "deploy"; }, { route = "10%";  observe = "OBSERVE";  at_most = "AT_MOST"; }, { route = "100%"; watch = "300ms";  at_most = "20s"; } );
    after: { retire = "stable";  delay = "1h"; }; };
};
services: { shop: { notify: { all = [ "webhook:desk" ]; };  rules: { triggers = [ "TRIGGER" ]; };
  environments: { prod: { strategy = "swift";  traffic = "haproxy:edge";  backend = "shop";  MORE
    slots: { blue: { servers = [ "blue" ];  address = "127.0.0.1:BLUE"; };  green: { servers = [ "green" ];  address = "127.0.0.1:GREEN"; }; };
    commands: { deploy: { exec = [ "SCRIPT" ];  timeout = "TIMEOUT";  COMMAND };
                retire: { exec = [ "SCRIPT" ];  timeout = "5s";  repeat = "idempotent"; }; }; }; STAGE }; }; };
"""

# A second place, whose traffic is not ours.
STAGE = 'stage: { strategy = "watched"; };'


def swift_rules(world, trigger="queue", observe="500ms", at_most="20s", more="", timeout="5s", command='repeat = "idempotent";', script=None, stage=False):
    text = RULES
    values = {"TRIGGER": trigger, "OBSERVE": observe, "AT_MOST": at_most, "MORE": more, "TIMEOUT": timeout, "COMMAND": command, "STAGE": STAGE if stage is True else stage or "",
              "SCRIPT": script or world.path("commands", "quick"), "BLUE": world.slots["blue"], "GREEN": world.slots["green"]}
    for name, value in values.items():
        text = text.replace(name, str(value))
    return text


def allow(world, *scripts):
    """The runner's configuration with these commands beside the usual ones."""
    more = "".join(f'[ "{script}" ], ' for script in scripts)
    return world_config.runner_text(world).replace("allow = (", f"allow = ( {more}")


def begin(world, *, script="exit 0", slots=("blue", "green"), broker=True, daemon=None, haproxy="map", edit=None, **options):
    """Shops, HAProxy, the runner and the daemon, with 1.0.0 adopted in blue; `script` is the deploy command, `edit` changes the
    text of the rules."""
    if broker:
        world.start_broker()
    for slot in slots:
        assert world.deploy(slot, "1.0.0").returncode == 0
    world.start_haproxy(haproxy)
    world.wait_backends(*slots)
    quick = world.write("commands/quick", f"#!/bin/sh\n{script}\n", 0o700)
    world.start_runner(allow(world, quick))
    rules = swift_rules(world, **options)
    world.start_daemon(text=daemon, rules={"shop.rules": edit(rules) if edit else rules})
    adopted = world.api("POST", "/v1/services/shop/prod/adopt", {"slot": "blue", "version": "1.0.0", "reason": "first"})
    assert adopted.status == 200, adopted.text


def fake_source(world, fake):
    """The daemon's settings with `fake` as its Prometheus, asked without delay."""
    world.prometheus_url = fake.url
    return world_config.verdictd_text(world).replace('lag = "1s"', 'lag = "0s"')


def post(world, version, environment="prod"):
    return world.api("POST", "/v1/deployments", {"service": "shop", "environment": environment, "version": version})


def begun(world, version, environment="prod"):
    """Starts one; its id."""
    answer = post(world, version, environment)
    assert answer.status == 201, answer.text
    return answer.json["id"]


def show(world, name):
    answer = world.api("GET", f"/v1/deployments/{name}")
    assert answer.status == 200, answer.text
    return answer.json


def ended(world, name, seconds=15):
    """Waits for its end; what the API shows then."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        shown = show(world, name)
        if shown["done"]:
            return shown
        time.sleep(0.05)
    raise TimeoutError(f"{name} did not end within {seconds} s: {json.dumps(shown, indent=1)}")


@contextlib.contextmanager
def publishing(world, payload='{"lag": 1}', slots=("blue", "green")):
    """Publishes for these slots ten times a second; the list's one item is what."""
    said, over, links = [payload], threading.Event(), []

    def publish(topic):
        while not over.is_set():
            link = subprocess.Popen([find("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(world.broker_port), "-t", topic, "-l"],
                                    stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="surrogateescape")
            with contextlib.suppress(OSError):
                while link.poll() is None and not over.is_set():
                    if said[0] is not None:
                        link.stdin.write(said[0] + "\n")
                        link.stdin.flush()
                    over.wait(0.1)
            with contextlib.suppress(OSError):
                link.stdin.close()
            link.wait(5)
            over.wait(0.1)

    for slot in slots:
        links.append(threading.Thread(target=publish, args=(f"t/{slot}",), daemon=True))
        links[-1].start()
    try:
        yield said
    finally:
        over.set()
        for link in links:
            link.join(10)
