# test_kill_points.py - kill -9 at enumerated system calls of one deployment, and of the recovery after it: nothing is lost, done
# twice or promoted wrongly.
# SPDX-License-Identifier: MIT
import os
import signal
import sqlite3
import subprocess
import time

import pytest

import world_config
from world import find

# Rules on MQTT alone and steps of tenths of a second: a whole deployment takes about a second.
RULES = """
metrics: { lag: { source = "mqtt:plant";  kind = "gauge";  topic = "t/{{slot}}";  value = ".lag";  unit = "s";  better = "lower";  resolution = "100ms";  max_age = "5s"; }; };
triggers: { queue: { when = "lag > 60s";  then = "rollback"; }; };
strategies: { swift: { kind = "canary";
  steps = ( { command = "deploy"; }, { route = "10%";  observe = "200ms";  at_most = "20s"; }, { route = "100%"; watch = "200ms";  at_most = "20s"; } ); }; };
services: { shop: { rules: { triggers = [ "queue" ]; };  environments: { prod: { strategy = "swift";  traffic = "haproxy:edge";  backend = "shop";
  slots: { blue: { servers = [ "blue" ];  address = "127.0.0.1:BLUE"; };  green: { servers = [ "green" ];  address = "127.0.0.1:GREEN"; }; };
  commands: { deploy: { exec = [ "SCRIPT" ];  timeout = "20s";  repeat = "idempotent"; }; }; }; }; }; };
"""

# System calls of which every occurrence within one deployment is tried, up to so many.
POINTS = {"pwrite64": 60, "fdatasync": 15, "sendmsg": 15, "sendto": 15, "write": 15}
POINTS_MIN = 50  # that must have been reached, per outcome


def end_traced(tracer):
    """Ends the daemon under its tracer, and so the tracer."""
    with open(f"/proc/{tracer.pid}/task/{tracer.pid}/children", encoding="ascii") as file:
        for child in file.read().split():
            os.kill(int(child), signal.SIGTERM)
    tracer.wait(10)


class Kills:
    """One world in which a daemon is killed and started again, deployment after deployment."""

    def __init__(self, world):
        self.world, self.number = world, 0
        self.runs = world.path("runs")
        script = world.write("commands/once", f"#!/bin/sh\necho $VERDICT_KEY $VERDICT_VERSION >> {self.runs}\nsleep 0.15\n", 0o700)
        world.start_broker()
        for slot in ("blue", "green"):
            assert world.deploy(slot, "1.0.0").returncode == 0
        world.start_haproxy()
        world.wait_backends()
        runner = world_config.runner_text(world).replace("allow = (", f'allow = ( [ "{script}" ], ')
        world.start_runner(runner)
        text = RULES.replace("BLUE", str(world.slots["blue"])).replace("GREEN", str(world.slots["green"])).replace("SCRIPT", script)
        world.start_daemon(rules={"shop.rules": text})
        self.publisher = subprocess.Popen([find("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(world.broker_port), "-t", "t/green", "-l"], stdin=subprocess.PIPE, text=True)
        self.other = subprocess.Popen([find("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(world.broker_port), "-t", "t/blue", "-l"], stdin=subprocess.PIPE, text=True)
        assert world.api("POST", "/v1/services/shop/prod/adopt", {"slot": "blue", "version": "1.0.0", "reason": "first"}).status == 200

    def close(self):
        for program in (self.publisher, self.other):
            program.stdin.close()
            program.wait(5)

    def publish(self, lag):
        for program in (self.publisher, self.other):
            program.stdin.write(f'{{"lag": {lag}}}\n')
            program.stdin.flush()

    def restart_armed(self, call, when):
        """The daemon under strace, to be killed at one system call; it may not even become ready."""
        world = self.world
        world.programs["verdictd"].stop()
        argv = [find("strace"), "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={when}",
                world.program("verdictd"), "--config", world.path("verdictd.conf")]
        log = open(os.path.join(world.logs, "armed.log"), "ab")
        return subprocess.Popen(argv, stdout=log, stderr=log)

    def try_api(self, method, path, body=None, headers=None):
        try:
            return self.world.api(method, path, body, headers, timeout=5)
        except (OSError, ValueError, ConnectionError):
            return None
        except Exception as error:  # http.client's own: the daemon died in mid-answer
            if "http" in type(error).__module__:
                return None
            raise

    def one(self, call, when, is_good):
        """One deployment, killed on its way, taken up again; returns whether the kill came."""
        self.number += 1
        version = f"2.0.{self.number}"
        armed = self.restart_armed(call, when)
        body = {"service": "shop", "environment": "prod", "version": version}
        key = {"Idempotency-Key": f"kill-{self.number}"}
        identity, restarted = None, False
        end = time.monotonic() + 30
        while time.monotonic() < end:
            self.publish(1 if is_good else 300)
            if armed.poll() is not None and not restarted:
                self.world.programs["verdictd"].start()
                restarted = True
            if identity is None:
                answer = self.try_api("POST", "/v1/deployments", body, key)
                identity = answer.json["id"] if answer and answer.status in (200, 201) else None
            else:
                answer = self.try_api("GET", f"/v1/deployments/{identity}")
                if answer and answer.status == 200 and answer.json["done"]:
                    break
            time.sleep(0.03)
        else:
            raise AssertionError(f"{call} {when}: {identity} did not end: {answer and answer.text}")
        if not restarted:
            end_traced(armed)
            self.world.programs["verdictd"].start()
        self.check(answer.json, version, is_good, f"{call} {when}")
        return restarted

    def check(self, end, version, is_good, where):
        assert end["exit_code"] == (0 if is_good else 3), (where, end["summary"])
        share = self.world.split()
        assert share == (10000 if self.serving == "green" else 0), (where, share)
        with open(self.runs, encoding="utf-8") as file:
            ran = [line.split()[0] for line in file if line.split()[1] == version]
        assert len(ran) == 1, (where, "a command ran twice, or never", ran)

    @property
    def serving(self):
        """Where the journal says that stable serves: after the last deployment."""
        with sqlite3.connect(f"file:{self.world.path('data', 'journal.db')}?mode=ro", uri=True) as database:
            rows = database.execute("SELECT count(*) FROM deployments WHERE phase = 5").fetchone()
        return "green" if rows[0] % 2 else "blue"


def journal_is_whole(world):
    with sqlite3.connect(f"file:{world.path('data', 'journal.db')}?mode=ro", uri=True) as database:
        assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


@pytest.mark.parametrize("is_good", [True, False], ids=["good", "bad"])
def test_killed_at_every_point(world, is_good):
    kills = Kills(world)
    reached = {}
    try:
        for call, most in POINTS.items():
            while reached.get(call, 0) < most and kills.one(call, reached.get(call, 0) + 1, is_good):
                reached[call] = reached.get(call, 0) + 1
        print(f"killed at {sum(reached.values())} points: {reached}")
        assert sum(reached.values()) >= POINTS_MIN, reached
        journal_is_whole(world)
    finally:
        kills.close()
