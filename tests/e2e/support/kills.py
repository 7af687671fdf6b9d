# kills.py - worlds in which a daemon is killed at enumerated system calls of deployments of every strategy, and taken up again.
# SPDX-License-Identifier: MIT
import os
import signal
import sqlite3
import subprocess
import threading
import time

import world_config
from programs import free_port
from world import find

from .levers import Flags, Nginx

# Rules on MQTT alone and observations of tenths of a second: a whole deployment takes about a second. Strategies without
# steps are as they come, but for a short watch.
COMMON = """
metrics: { lag: { source = "mqtt:plant";  kind = "gauge";  topic = "t/{{version}}";  value = ".lag";  unit = "s";  better = "lower";  resolution = "100ms";  max_age = "5s"; }; };
triggers: { queue: { when = "lag > 60s";  then = "rollback"; }; };
smoke_tests: { basic: { base_url = "http://{{address}}";  settle = "10ms";  timeout = "1s";  attempts = 3;  every = "100ms";
  checks: { health: { get = "/healthz";  expect = "status == 200"; }; }; }; };
"""

SERVICE = """
strategies: { st-NAME: { kind = "KIND";  STEPS }; };
services: { NAME: { rules: { triggers = [ "queue" ]; SMOKE };  environments: { prod: { strategy = "st-NAME";  TRAFFIC  PLACES
  commands: { COMMANDS }; }; }; }; };
"""

SLOTS = """slots: { blue: { servers = [ "blue" ];  address = "127.0.0.1:BLUE"; };  green: { servers = [ "green" ];  address = "127.0.0.1:GREEN"; }; };"""
HAPROXY = 'traffic = "haproxy:edge";  backend = "NAME"; '
BACKENDS = "\nbackend {name}_{slot}\n    server {slot} 127.0.0.1:{port}\n"

# What each strategy is made of: its steps, lever, places and commands ("name", or "name undo"); then the commands that run where
# values are good and where they are bad, each of them once: new is the version that comes, old the one that serves.
PLAYS = {
    "canary": {"steps": 'steps = ( { command = "deploy"; }, { route = "10%";  observe = "200ms";  at_most = "20s"; }, { route = "100%"; watch = "200ms";  at_most = "20s"; } );',
               "commands": ["deploy"], "good": ["deploy new"], "bad": ["deploy new"]},
    "own": {"kind": "canary", "smoke": True, "commands": ["migrate undo", "deploy undo", "warm"],
            "steps": 'steps = ( { command = "migrate"; }, { command = "deploy"; }, { smoke = "basic"; }, { route = "25%";  observe = "200ms";  at_most = "20s"; }, { command = "warm"; },'
                     ' { route = "100%"; watch = "200ms";  at_most = "20s"; } );',
            "good": ["migrate new", "deploy new", "warm new"], "bad": ["migrate new", "deploy new", "deploy/undo new", "migrate/undo new"]},
    "blue-green": {"kind": "blue_green", "smoke": True, "steps": 'switch = "50%";  observe = "200ms";  watch = "1s";', "commands": ["prepare", "deploy", "warm-up"],
                   "good": ["prepare new", "deploy new", "warm-up new"], "bad": ["prepare new", "deploy new", "warm-up new"]},
    "feature-flag": {"kind": "feature_flag", "traffic": Flags.traffic, "commands": ["deploy"],
                     "steps": 'steps = ( { command = "deploy"; }, { route = "10%";  observe = "200ms";  at_most = "20s"; }, { route = "100%"; watch = "200ms";  at_most = "20s"; } );',
                     "good": ["deploy new"], "bad": ["deploy new"]},
    "rolling": {"traffic": "", "smoke": True, "places": 'hosts = [ "m1=127.0.0.1:BLUE", "m2=127.0.0.1:GREEN" ];', "commands": ["drain", "deploy", "restore"],
                "steps": 'steps = ( { replace = 1;  observe = "200ms";  at_most = "20s"; }, { replace = "100%";  watch = "200ms";  at_most = "20s"; } );',
                "good": [f"{command} new {host}" for host in ("m1", "m2") for command in ("drain", "deploy", "restore")],
                "bad": [f"{command} {version} m1" for version in ("new", "old") for command in ("drain", "deploy", "restore")]},
    "recreate": {"traffic": "", "smoke": True, "places": 'slots: { blue: { address = "127.0.0.1:BLUE"; }; };', "steps": 'watch = "1s";', "commands": ["deploy undo"],
                 "good": ["deploy new"], "bad": ["deploy new", "deploy/undo new"]},
    "follow": {"traffic": "", "places": "", "steps": 'watch = "1s";', "commands": ["rollback"], "good": [], "bad": ["rollback new"]},
    "shadow": {"traffic": Nginx.traffic, "commands": ["deploy"],
               "steps": 'steps = ( { command = "deploy"; }, { mirror = "100%";  observe = "200ms";  at_most = "20s"; } );', "good": ["deploy new"], "bad": ["deploy new"]},
}

# System calls of which every occurrence is a point: those that write to the journal, to files, to sockets and pipes.
CALLS = ("pwrite64", "fdatasync", "sendmsg", "sendto", "write", "rename", "unlink")
END_SECONDS = 60


def rules(name, world):
    play = PLAYS[name]
    commands = []
    for line in play["commands"]:
        command, *undo = line.split()
        undo = 'undo: { exec = [ "SCRIPT" ];  timeout = "20s";  repeat = "idempotent"; };' if undo else ""
        commands.append(f'{command}: {{ exec = [ "SCRIPT" ];  timeout = "20s";  repeat = "idempotent";  {undo} }};')
    values = {"COMMANDS": " ".join(commands), "KIND": play.get("kind", name), "STEPS": play["steps"], "TRAFFIC": play.get("traffic", HAPROXY),
              "PLACES": play.get("places", SLOTS), "SMOKE": 'smoke_tests = [ "basic" ];' if play.get("smoke") else "", "SCRIPT": world.path("commands", "once"),
              "NAME": name, "BLUE": world.slots["blue"], "GREEN": world.slots["green"]}
    text = SERVICE
    for word, value in values.items():
        text = text.replace(word, str(value))
    return text


class Publishing:
    """A value of one version, now and thirty times a second."""

    def __init__(self, world, version, lag):
        self.over = threading.Event()
        self.link = subprocess.Popen([find("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(world.broker_port), "-t", f"t/{version}", "-l"], stdin=subprocess.PIPE, text=True)
        self.thread = threading.Thread(target=self.publish, args=(f'{{"lag": {lag}}}\n',))
        self.thread.start()

    def publish(self, line):
        while not self.over.wait(0.03):
            self.link.stdin.write(line)
            self.link.stdin.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_rest):
        self.over.set()
        self.thread.join()
        self.link.stdin.close()
        self.link.wait(5)


def spread(points, **amounts):
    """Some points of each call, evenly over its occurrences: pwrite64=3 takes three."""
    taken = []
    for call, amount in amounts.items():
        of_call = [point for point in points if point[0] == call]
        amount = min(amount, len(of_call))
        taken += [of_call[(2 * number + 1) * len(of_call) // (2 * amount)] for number in range(amount)]
    return taken


class Kills:
    """One world with a service for each of these strategies; deployment after deployment, a daemon that is killed on its way."""

    def __init__(self, world, plays):
        self.world, self.plays, self.number, self.armed = world, plays, 0, None
        self.serving, self.stable = dict.fromkeys(plays, "blue"), dict.fromkeys(plays, "1.0.0")
        self.runs = world.path("runs")
        script = world.write("commands/once", f"#!/bin/sh\necho $VERDICT_COMMAND $VERDICT_VERSION $VERDICT_HOST '#' $VERDICT_KEY >> {self.runs}\nsleep 0.1\n", 0o700)
        world.write("runs", "")
        world.start_broker()
        for slot in ("blue", "green"):
            assert world.deploy(slot, "1.0.0").returncode == 0
        self._start_haproxy()
        self.flags, self.nginx = Flags(world), None
        levers, allow, write = self.flags.lever, f'[ "{script}" ], ', f'"{self.flags.file}", '
        if "shadow" in plays:
            self.nginx = self._start_nginx()
            levers, allow, write = levers + self.nginx.lever, allow + self.nginx.allow, write + f'"{self.nginx.file}", '
        runner = world_config.runner_text(world).replace("allow = (", f"allow = ( {allow}").replace("write = [", f"write = [ {write}")
        world.start_runner(runner)
        text = world_config.verdictd_text(world).replace("traffic: { haproxy:", f"traffic: {{ {self._inner(levers)} haproxy:")
        world.start_daemon(text=text, rules={"common.rules": COMMON, **{f"{name}.rules": rules(name, world) for name in plays}})
        for name in plays:
            places = PLAYS[name].get("places", SLOTS)
            body = {"version": "1.0.0", "reason": "first", **({"slot": "blue"} if "slots" in places else {})}
            answer = world.api("POST", f"/v1/services/{name}/prod/adopt", body)
            assert answer.status == 200, (name, answer.text)

    @staticmethod
    def _inner(levers):
        """What stands between the outer braces of each `traffic: { ... };`."""
        return " ".join(part.strip().removesuffix("};") for part in levers.split("traffic: {")[1:])

    def _start_haproxy(self):
        world = self.world
        world.write("split.map", "".join(f"{name} 0\n" for name in self.plays))
        text = world_config.haproxy_text(world, "map") + "".join(BACKENDS.format(name=name, slot=slot, port=port) for name in self.plays for slot, port in world.slots.items())
        config = world.write("haproxy.cfg", text)
        world.run("haproxy", [find("haproxy"), "-W", "-S", world.master_socket, "-f", config], lambda: world.haproxy("show info"))
        world.wait_backends()

    def _start_nginx(self):
        nginx = Nginx(self.world, mirror="mirror /copy;  ")
        nginx.values["port"] = free_port()
        nginx.start()
        return nginx

    # One deployment

    def _arm(self, argv):
        """The daemon under strace; it may not even become ready."""
        world = self.world
        world.programs["verdictd"].stop()
        with open(os.path.join(world.logs, "armed.log"), "ab") as log:
            self.armed = subprocess.Popen([find("strace"), "-f", "-qq", *argv, world.program("verdictd"), "--config", world.path("verdictd.conf")], stdout=log, stderr=log)

    def _arm_kill(self, call, when):
        self._arm(["-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={when}"])

    def _end_armed(self):
        """Ends the daemon under its tracer, and so the tracer."""
        if self.armed.poll() is None:
            with open(f"/proc/{self.armed.pid}/task/{self.armed.pid}/children", encoding="ascii") as file:
                for child in file.read().split():
                    os.kill(int(child), signal.SIGTERM)
            self.armed.wait(10)
        self.armed = None

    def _try_api(self, method, path, body=None, headers=None):
        try:
            return self.world.api(method, path, body, headers, timeout=5)
        except (OSError, ValueError, ConnectionError):
            return None
        except Exception as error:  # http.client's own: the daemon died in mid-answer
            if "http" in type(error).__module__:
                return None
            raise

    def _go_on(self, kills):
        """Where the armed daemon died: the next kill of the list is armed, or it is started plainly. Did it die?"""
        if self.armed is None or self.armed.poll() is None:
            return False
        self.armed = None
        if kills:
            self._arm_kill(*kills[0])
        else:
            self.world.programs["verdictd"].start()
        return True

    def _deploy(self, name, version, kills, where):
        """Asks for it until it is accepted, and for its end until that comes; how many kills came, and the end."""
        body = {"service": name, "environment": "prod", "version": version}
        key, identity, came, answer = {"Idempotency-Key": f"kill-{self.number}"}, None, 0, None
        end = time.monotonic() + END_SECONDS
        while time.monotonic() < end:
            came += self._go_on(kills[came + 1:])
            if identity is None:
                answer = self._try_api("POST", "/v1/deployments", body, key)
                identity = answer.json["id"] if answer and answer.status in (200, 201) else None
            else:
                answer = self._try_api("GET", f"/v1/deployments/{identity}")
                if answer and answer.status == 200 and answer.json["done"]:
                    return came, answer.json
            time.sleep(0.03)
        raise AssertionError(f"{where}: {identity} did not end: {answer and answer.text}")

    def one(self, name, is_good, *kills):
        """One deployment of this service, with a daemon killed at each (call, occurrence), one after the other; how many kills came."""
        self.number += 1
        version, begin = f"2.0.{self.number}", os.path.getsize(self.runs)
        where = f"{name}, {'good' if is_good else 'bad'}, killed at {kills}"
        if kills:
            self._arm_kill(*kills[0])
        with Publishing(self.world, version, 1 if is_good else 300):
            came, end = self._deploy(name, version, list(kills), where)
        if self.armed is not None:
            self._end_armed()
            self.world.programs["verdictd"].start()
        self._check(name, end, version, is_good, begin, where)
        return came

    def _share(self, name):
        """What green has of a lever, in hundredths of a percent; None: there is no lever."""
        if name == "feature-flag":
            return self.flags.share()
        if name == "shadow":
            return sum(self.nginx.marker())
        if PLAYS[name].get("traffic") == "":
            return None
        lines = [line.split() for line in self.world.haproxy(f"show map {self.world.split_file}").splitlines()]
        return next(int(words[2]) for words in lines if words[1] == name)

    def _check(self, name, end, version, is_good, begin, where):
        expected = {True: 8 if name == "shadow" else 0, False: 3}[is_good]
        assert end["exit_code"] == expected, (where, end["summary"], end.get("why"))
        if expected == 0:
            self.serving[name] = {"blue": "green", "green": "blue"}[self.serving[name]]
        share = self._share(name)
        assert share in (None, 10000 if self.serving[name] == "green" else 0), (where, share)
        self._check_commands(name, version, is_good, begin, where)
        if expected == 0:
            self.stable[name] = version

    def _check_commands(self, name, version, is_good, begin, where):
        """What ran since `begin` is what this end needs, and each of it once."""
        with open(self.runs, encoding="utf-8") as file:
            file.seek(begin)
            lines = [line.rstrip("\n").split(" # ") for line in file]
        names = {version: "new", self.stable[name]: "old"}
        ran = [" ".join(names.get(word, word) for word in line[0].split()) for line in lines]
        assert ran == PLAYS[name]["good" if is_good else "bad"], (where, ran)
        keys = [line[1] for line in lines]
        assert len(set(keys)) == len(keys), (where, "a command ran twice", keys)

    # Which points there are

    def points(self, name, is_good, from_start=True):
        """Every (call, occurrence) of a daemon that starts and carries one deployment, as one run shows them; without those of the
        start, where they are not wanted. strace counts for each thread by itself, and so are they."""
        traced = self.world.path("traced")
        self._arm(["-o", traced, "-e", "trace=" + ",".join(CALLS)])
        while not (answer := self._try_api("GET", "/readyz")) or answer.status != 200:
            assert self.armed.poll() is None, "the daemon did not start"
            time.sleep(0.03)
        start = {} if from_start else self._counted(traced)
        self.one(name, is_good)
        return [(call, when) for call, count in self._counted(traced).items() for when in range(start.get(call, 0) + 1, count + 1)]

    @staticmethod
    def _counted(path):
        counts = {}
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                thread, rest = line.split(None, 1)
                call = rest.split("(", 1)[0]
                if call in CALLS:
                    counts[call, thread] = counts.get((call, thread), 0) + 1
        return {call: max(count for (other, _), count in counts.items() if other == call) for call in CALLS if any(other == call for other, _ in counts)}

    def check_journal(self):
        with sqlite3.connect(f"file:{self.world.path('data', 'journal.db')}?mode=ro", uri=True) as database:
            assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
