# journals.py - a journal with a deployment and a run in each state: how one is recorded, and how one is taken up again.
# SPDX-License-Identifier: MIT
"""Nothing that was sealed names a file or a port of the machine that recorded it: commands are programs that every Debian has, values
come from topics of the broker, and HAProxy is known by the settings alone. So the journal can be opened anywhere, at any time."""
import contextlib
import glob
import json
import os
import signal
import sqlite3

import world_config
from world import PROJECT, find, wait_until

from .swift import publishing

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "journals")

RULES = """
metrics: { lag: { source = "mqtt:plant";  kind = "gauge";  topic = "t/{{service}}/{{slot}}";  value = ".lag";  unit = "s";  better = "lower";  resolution = "100ms";  max_age = "1s"; }; };
triggers: { queue: { when = "lag > 60s";  then = "rollback"; }; };
strategies: {
  plain:   { kind = "canary";  steps = ( { command = "deploy"; }, { route = "10%";  observe = "300ms";  at_most = "24h"; }, { route = "100%";  watch = "300ms";  at_most = "24h"; } );
    after: { retire = "stable";  delay = "24h"; }; };
  asking:  { kind = "canary";  steps = ( { command = "deploy"; }, { route = "10%";  observe = "300ms";  at_most = "24h"; }, { approve = "sre";  timeout = "7d";  on_timeout = "rollback"; },
    { route = "100%";  watch = "300ms";  at_most = "24h"; } ); };
  lookout: { kind = "canary";  steps = ( { command = "deploy"; }, { route = "10%";  observe = "300ms";  at_most = "24h"; }, { route = "100%";  watch = "1h";  at_most = "24h"; } ); };
};
services: { SERVICES };
pipelines: {
  straight: { service = "pipe";  environments = [ "prod" ]; };
  broken:   { service = "pipe";  stages: { build: { dist: { exec = [ "/usr/bin/false" ]; }; }; };  environments = [ "prod" ]; };
  stopped:  { service = "pipe";  stages: { test: { load: { await = "7d"; }; }; };  environments = [ "prod" ]; };
  awaiting: { service = "pipe";  stages: { test: { load: { await = "7d"; }; }; };  environments = [ "prod" ]; };
  building: { service = "pipe";  stages: { build: { dist: { exec = [ "/usr/bin/sleep", "5" ];  repeat = "idempotent"; }; }; };  environments = [ "prod" ]; };
};
"""

SERVICE = """
  NAME: { rules: { triggers = [ "queue" ]; };  environments: { prod: { strategy = "STRATEGY";  traffic = "haproxy:edge";  backend = "NAME";  concurrency = "CONCURRENCY";
    slots: { blue: { servers = [ "blue" ]; };  green: { servers = [ "green" ]; }; };
    commands: { deploy: { exec = [ DEPLOY ];  timeout = "1m";  repeat = "idempotent"; };  retire: { exec = [ "/usr/bin/true" ];  repeat = "idempotent"; }; }; }; }; };"""

# What each is for, and what it is made of: strategy, concurrency, deploy command.
SERVICES = {
    "ends": ("plain", "queue", "true"), "rejects": ("plain", "queue", "nowhere"), "pipe": ("plain", "queue", "true"), "admits": ("plain", "queue", "true"),
    "acts": ("plain", "queue", "sleep 5"), "observes": ("plain", "queue", "true"), "waits": ("asking", "queue", "true"), "holds": ("plain", "queue", "true"),
    "watches": ("lookout", "queue", "true"), "queues": ("plain", "queue", "true"), "replaces": ("plain", "replace", "true"),
}
ALLOW = 'allow = ( [ "/usr/bin/true" ], [ "/usr/bin/false" ], [ "/usr/bin/sleep", "5" ] );\nwrite = [ "SPLIT" ];\n'
BACKENDS = "\nbackend {name}_{slot}\n    server {slot} 127.0.0.1:{port}\n"

KEPT_DEPLOYMENT = ("id", "service", "version", "previous", "kind", "state", "step_state", "ending", "done", "exit_code", "share", "actor", "reason")
KEPT_RUN = ("id", "pipeline", "version", "state", "done", "exit_code")


def rules():
    text = ""
    for name, (strategy, concurrency, command) in SERVICES.items():
        program, *words = command.split()
        deploy = ", ".join(f'"{word}"' for word in (f"/usr/bin/{program}", *words))
        text += SERVICE.replace("NAME", name).replace("STRATEGY", strategy).replace("CONCURRENCY", concurrency).replace("DEPLOY", deploy)
    return RULES.replace("SERVICES", text)


def begin(world, split=None):
    """All around the daemon; `split` is what HAProxy gives the green slots, in hundredths of a percent."""
    world.start_broker()
    for slot in world.slots:
        assert world.deploy(slot, "1.0.0").returncode == 0
    world.write("split.map", "".join(f"{name} {(split or {}).get(name, 0)}\n" for name in SERVICES))
    text = world_config.haproxy_text(world, "map") + "".join(BACKENDS.format(name=name, slot=slot, port=port) for name in SERVICES for slot, port in world.slots.items())
    world.run("haproxy", [find("haproxy"), "-W", "-S", world.master_socket, "-f", world.write("haproxy.cfg", text)], lambda: world.haproxy("show info"))
    world.start_runner(ALLOW.replace("SPLIT", world.split_file))


def start_daemon(world):
    text = world_config.verdictd_text(world)
    people = text[text.index("people:"):].partition("\n")[0]
    world.start_daemon(text=text.replace(people, 'people: { sre = [ "alice" ]; };'), rules={"all.rules": rules()})


def split(world):
    rows = [row.split() for row in world.haproxy(f"show map {world.split_file}").splitlines() if row]
    return {name: int(share) for _key, name, share in rows}


def ask(world, method, path, body=None, status=200, headers=None):
    answer = world.api(method, path, body, headers)
    assert answer.status == status, (path, answer.status, answer.text)
    return answer.json


def deployment(world, name):
    return ask(world, "GET", f"/v1/deployments/{name}")


def run(world, name):
    return ask(world, "GET", f"/v1/runs/{name}")


def kept(shown, names):
    return {name: shown[name] for name in names}


def values(world, *services):
    return publishing(world, slots=[f"{service}/{slot}" for service in services for slot in ("blue", "green")])


class Recording:
    """Brings one deployment, or one run, after the other to where it is to be found."""

    def __init__(self, world):
        self.world, self.numbers = world, dict.fromkeys(SERVICES, 0)

    def start(self, service, state=None, step_state=None):
        self.numbers[service] += 1
        name = ask(self.world, "POST", "/v1/deployments", {"service": service, "environment": "prod", "version": f"2.0.{self.numbers[service]}"}, 201)["id"]
        self.wait(name, state, step_state)
        return name

    def wait(self, name, state, step_state=None):
        def is_there():
            shown = deployment(self.world, name)
            return state in (None, shown["state"]) and step_state in (None, shown["step_state"])
        wait_until(is_there, 20, f"{name} is {state} {step_state or ''}: {deployment(self.world, name)}")

    def tell(self, name, verb):
        ask(self.world, "POST", f"/v1/deployments/{name}/{verb}", {"reason": "for the journal"})

    def start_run(self, pipeline, state, version="2.1.0"):
        name = ask(self.world, "POST", "/v1/runs", {"pipeline": pipeline, "version": version}, 201)["id"]
        wait_until(lambda: run(self.world, name)["state"] == state, 20, f"{name} of {pipeline} is {state}")
        return name

    def ended(self):
        """One of each end."""
        with values(self.world, "ends", "pipe"):
            self.start("ends", "promoted")
            self.start_run("straight", "released")
        first = self.start("ends", "running", "observing")
        queued = self.start("ends", "queued")
        self.tell(queued, "abort")
        self.wait(queued, "cancelled")
        self.tell(first, "abort")
        self.wait(first, "rolled_back")
        self.start("rejects", "rejected")
        self.start_run("broken", "failed", "2.1.1")
        aborted = self.start_run("stopped", "waiting", "2.1.2")
        ask(self.world, "POST", f"/v1/runs/{aborted}/abort", {"reason": "for the journal"})
        wait_until(lambda: run(self.world, aborted)["state"] == "aborted", 10, "it is aborted")

    def under_way(self):
        """One of each that goes on."""
        self.start("observes", "running", "observing")
        self.tell(self.start("holds", "running", "observing"), "hold")
        with values(self.world, "waits", "watches"):
            self.start("waits", "running", "waiting")
            self.start("watches", "watching")
        self.start("queues", "running", "observing")
        self.start("queues", "queued")
        self.start("replaces", "running", "observing")
        self.start_run("awaiting", "waiting", "2.1.3")
        self.start_run("awaiting", "queued", "2.1.4")

    def passing(self):
        """What does not last: a command that runs, a way back and an admission whose lever does not answer."""
        self.start("acts", "running", "acting")
        self.start_run("building", "running", "2.1.5")
        worker = self.world._haproxy_pid()  # pylint: disable=protected-access
        os.kill(worker, signal.SIGSTOP)
        self.start("replaces", "queued")
        self.start("replaces", "queued")
        self.start("admits", "admitting")
        return worker


def record(world):
    """The text of a journal, and what it holds as the API shows it."""
    begin(world)
    start_daemon(world)
    for name in SERVICES:
        ask(world, "POST", f"/v1/services/{name}/prod/adopt", {"slot": "blue", "version": "1.0.0", "reason": "first"})
    recording = Recording(world)
    recording.ended()
    recording.under_way()
    worker = recording.passing()
    try:
        deployments = ask(world, "GET", "/v1/deployments?limit=100")["deployments"]
        runs = ask(world, "GET", "/v1/runs?limit=100")["runs"]
    finally:
        world.programs["verdictd"].kill()
        os.kill(worker, signal.SIGCONT)
    shown = {"deployments": sorted((kept(deployment, KEPT_DEPLOYMENT) for deployment in deployments), key=lambda one: int(one["id"][4:])),
             "runs": sorted((kept(run, KEPT_RUN) for run in runs), key=lambda one: int(one["id"][4:])), "split": split(world)}
    with contextlib.closing(sqlite3.connect(world.path("data", "journal.db"))) as database:
        schema, = database.execute("SELECT schema FROM meta").fetchone()
        identity, = database.execute("PRAGMA application_id").fetchone()
        text = "\n".join([f"PRAGMA application_id = {identity};", *database.iterdump(), ""])
    return schema, text, shown


def names():
    """Those that were recorded: "schema-6" ..."""
    return sorted(os.path.basename(path).removesuffix(".sql") for path in glob.glob(os.path.join(FOLDER, "schema-*.sql")))


def place(world, name):
    """The journal where the daemon will look for it; what was recorded of it."""
    os.makedirs(world.path("data"), 0o700)
    with open(os.path.join(FOLDER, f"{name}.sql"), encoding="utf-8") as file, contextlib.closing(sqlite3.connect(world.path("data", "journal.db"))) as database:
        database.executescript(file.read())
        # Recorded on a machine that may still be up: its clock would have gone on, past deadlines of what was held.
        database.execute("UPDATE meta SET boot_id = 'another'")
        database.commit()
    os.chmod(world.path("data", "journal.db"), 0o600)
    with open(os.path.join(FOLDER, f"{name}.json"), encoding="utf-8") as file:
        return json.load(file)
