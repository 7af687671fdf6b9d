# test_canaries.py - secrets planted by each kind of reference in the places that take one, while every party fails and repeats what it was
# told: nothing that the daemon and the runner keep, say, answer or were started with holds one (S17).
# SPDX-License-Identifier: MIT
import base64
import contextlib
import http.client
import http.server
import json
import os
import pathlib
import shutil
import signal
import socketserver
import ssl
import subprocess
import tempfile
import threading
import urllib.parse

import pytest

import world_config
from support import wait_until
from support.contract import Contract, fill
from support.fake_prometheus import answer
from support.swift import allow, ended, publishing, show, swift_rules
from support.vault import SECRET_ID, Vault, settings
from world import UnixConnection, find

KINDS = ("cred", "file", "env", "vault")
STREAMS = ("/v1/events", "/v1/deployments/{deployment}/events")


class Parrot(http.server.ThreadingHTTPServer):
    """Every system that is asked or told by HTTP. Each path is answered with all that came, as an error, a few times; then well."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), ParrotHandler)
        self.heard, self.lock, self.url = {}, threading.Lock(), f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def count(self, path):
        with self.lock:
            self.heard[path] = self.heard.get(path, 0) + 1
            return self.heard[path]


class ParrotHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):  # pylint: disable=invalid-name
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode(errors="replace")
        said = f"{self.command} {self.path} with {'; '.join(f'{name}: {value}' for name, value in self.headers.items())} and {body}"
        if self.server.count(self.path.split("?")[0]) <= 2 or self.path.startswith(("/scrape", "/json")):
            self.tell(500, json.dumps({"status": "error", "errorType": "auth", "error": said[:3000], "message": said[:3000], "reason": said[:3000]}))
        elif self.path.startswith("/api/v1/"):
            self.tell(200, answer("0.1"))
        else:
            self.tell(200, json.dumps({"open": True, "ok": True, "status": "success"}))

    do_POST = do_PUT = do_GET

    def tell(self, status, body):
        data = body.encode()
        with contextlib.suppress(OSError):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    def log_message(self, *_arguments):  # pylint: disable=arguments-differ
        pass


class MailParrot(socketserver.ThreadingTCPServer):
    """Repeats every login that it refuses, in base64 as it came."""

    daemon_threads = True

    def __init__(self, certificate, key):
        super().__init__(("127.0.0.1", 0), MailHandler)
        self.refused, self.context = 0, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()


class MailHandler(socketserver.StreamRequestHandler):
    def setup(self):
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle(self):
        self.wfile.write(b"220 mail ready\r\n")
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"EHLO":
                self.wfile.write(b"250-mail\r\n250 AUTH PLAIN\r\n")
            elif word == b"AUTH" and len(line.split()) < 3:
                self.wfile.write(b"334 \r\n")
            elif word == b"QUIT":
                return
            else:
                self.server.refused += 1
                self.wfile.write(b"535 5.7.8 nobody knows " + line.strip() + b"\r\n")


class Plants:
    """What was planted, and where it must not be."""

    def __init__(self, world, kind, vault, monkeypatch):
        self.world, self.kind, self.vault, self.monkeypatch, self.canaries = world, kind, vault, monkeypatch, {"secret_id": SECRET_ID, "token": "hvs.canary-token-1-4b7e9a"}
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", world._make("planted/credentials"))  # pylint: disable=protected-access

    def plant(self, place, value=None, kind=None):
        """A reference to a value of its own."""
        value, kind = value or f"canary/{place}+{self.kind}&{os.urandom(6).hex()}", kind or self.kind
        self.canaries[place] = value
        if kind == "cred":
            self.world.write(f"planted/credentials/{place}", value + "\n")
            return f"cred:{place}"
        if kind == "file":
            return "file:" + self.world.write(f"planted/{place}", value + "\n")
        if kind == "env":
            self.monkeypatch.setenv(f"PLANTED_{place.upper()}", value)
            return f"env:PLANTED_{place.upper()}"
        self.vault.store["kv"].setdefault("planted", {})[place] = value
        return f"vault:kv/planted#{place}"

    def key(self, place):
        """A signing key of which neither the letters nor the bytes may be seen."""
        raw = f"canary-key-{place}-{os.urandom(16).hex()}"[:48].encode()
        self.canaries[f"{place}-bytes"] = raw.decode()
        return self.plant(place, "whsec_" + base64.b64encode(raw).decode())

    def url(self, place, parrot):
        token = f"canary-{place}-{os.urandom(6).hex()}"
        self.canaries[f"{place}-path"] = token
        return self.plant(place, f"{parrot.url}/{place}/{token}")

    def forms(self):
        """{bytes: place} of everything that would tell: plain, in URLs, in base64 wherever it begins."""
        found = {}
        for place, value in self.canaries.items():
            texts = [value, urllib.parse.quote(value, safe=""), urllib.parse.quote_plus(value)]
            for before, foreign in ((0, 0), (1, 2), (2, 3)):
                encoded = base64.b64encode(b"\0" * before + value.encode()).decode()
                texts.append(encoded[foreign:(before + len(value.encode())) * 8 // 6])
            found.update({text.encode(): place for text in texts})
        return found


def sweep(forms, name, data, found):
    for form, place in forms.items():
        if form in data:
            at = data.index(form)
            found.append(f"{name} has {place}: ...{data[max(0, at - 80):at + 100]!r}")


def kept_files(world):
    """All that programs of the world wrote, but what a command itself printed: that is the runner's, as it was printed."""
    for root in (world.path("data"), world.logs, world.path("runner"), world.path("rules.d")):
        for path in pathlib.Path(root).rglob("*"):
            if path.is_file() and not (str(path).startswith(world.path("runner")) and path.suffix == ".out"):
                yield path


def read_some(world, path):
    """The beginning of what a stream says, or a whole answer."""
    link = UnixConnection(world.socket, 1.0)
    data = b""
    try:
        link.request("GET", path)
        got = link.getresponse()
        while part := got.read1(65536):
            data += part
    except (TimeoutError, http.client.HTTPException):
        pass
    finally:
        link.close()
    return data


def answers(world, deployment):
    contract = Contract(world)
    values = {"deployment": deployment, "service": "shop", "stack": "network", "environment": "prod", "run": "run_1", "stage": "build", "task": "dist", "id": "webhook:desk", "receiver": "webhook:desk"}
    for operation in contract.operations.values():
        if operation.method == "GET":
            path = fill(operation.path, values)
            yield path, read_some(world, path + ("?verbose" if path == "/readyz" else ""))


def command_lines(world):
    for name, program in world.programs.items():
        if program.is_running() and name.startswith("verdict"):
            for pid in [program.pid, *children(program.pid)]:
                with contextlib.suppress(OSError):
                    yield f"arguments of {name}", pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()


def children(pid):
    with contextlib.suppress(OSError):
        return [int(one) for one in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    return []


def look_everywhere(world, plants, deployments):
    found, forms = [], plants.forms()
    sweep(forms, "what the command wrote down", pathlib.Path(world.path("planted/given")).read_bytes(), found)
    assert len(found) == 1, "whoever looks does find one"
    found.clear()
    for path in kept_files(world):
        sweep(forms, str(path), path.read_bytes(), found)
    for deployment in deployments:
        for path, data in answers(world, deployment):
            sweep(forms, f"GET {path}", data, found)
        for verb in (("explain", deployment), ("report", deployment), ("logs", deployment), ("get", deployment)):
            shown = world.verdict(*verb)
            sweep(forms, "verdict " + " ".join(verb), (shown.stdout + shown.stderr).encode(), found)
    for name, data in command_lines(world):
        sweep(forms, name, data, found)
    for name in ("lines.given", "lines.of.parents"):
        sweep(forms, name, pathlib.Path(world.path(name)).read_bytes(), found)
    assert found == [], "\n".join(found)


NOTIFIERS = """webhook: {{ desk: {{ url = "{url}/webhook";  secret = "{webhook}"; }}; }};
  slack: {{ a: {{ url = "{slack}"; }}; }};  teams: {{ a: {{ url = "{teams}"; }}; }};  discord: {{ a: {{ url = "{discord}"; }}; }};
  pagerduty: {{ a: {{ url = "{url}/pagerduty";  key = "{pagerduty}"; }}; }};  alertmanager: {{ a: {{ url = "{url}/alertmanager";  token = "{alertmanager}"; }}; }};
  grafana: {{ a: {{ url = "{url}/grafana";  token = "{grafana}"; }}; }};  github: {{ a: {{ url = "{url}/github";  repository = "acme/shop";  token = "{github}"; }}; }};
  cdevents: {{ a: {{ url = "{url}/cdevents";  token = "{cdevents}"; }}; }};
  email: {{ a: {{ url = "smtps://localhost:{mail_port}";  ca = "{certificate}";   from = "v@example.org";  to = [ "sre@example.org" ];  user = "us";  password = "{email}"; }}; }};
  mqtt: {{ a: {{ url = "mqtt://127.0.0.1:{broker_port}";  username = "them";  password = "{mqtt_notices}";  topic = "told";  timeout = "2s"; }}; }};
"""
SOURCES = """prometheus: {{ main: {{ url = "{url}";  lag = "0s";  user = "us";  password = "{prometheus}"; }}; }};
  scrape: {{ app: {{ bearer = "{scrape}"; }}; }};  http_json: {{ jobs: {{ secret_headers = {{ X-Api-Key = "{http_json}"; }}; }}; }};
"""
REST = """
hooks: {{ ci: {{ secret = "{hook}";  proof = "token";  header = "X-Token";  service = ".name";  environment = "prod";  version = ".tag"; }}; }};
gates: {{ web: {{ change: {{ url = "{url}/gate";  secret = "{gate}"; }}; }}; }};
controller: {{ url = "{url}/up";  secret = "{controller}";  token = "{controller_token}";  every = "1s"; }};
"""
RECEIVERS = "webhook:desk slack:a teams:a discord:a pagerduty:a alertmanager:a grafana:a github:a cdevents:a email:a mqtt:a".split()
METRICS = """metrics: {{
  scraped: {{ source = "scrape:app";  kind = "gauge";  url = "{url}/scrape/{{{{slot}}}}";  query = "depth";  every = "1s";  better = "lower"; }};
  asked: {{ source = "http_json:jobs";  kind = "gauge";  url = "{url}/json/{{{{slot}}}}";  value = ".depth";  every = "1s";  better = "lower"; }};"""
TRIGGERS = """triggers: { scraped: { when = "scraped > 100";  then = "hold";  mode = "record"; };  asked: { when = "asked > 100";  then = "hold";  mode = "record"; };"""
STAGE = """stage: { strategy = "swift";  traffic = "http:router";  url = "ROUTER/router";  pointer = "/weight";
    slots: { blue: { address = "127.0.0.1:BLUE"; };  green: { address = "127.0.0.1:GREEN"; }; };  commands: { deploy: { exec = [ "SCRIPT" ]; };  retire: { exec = [ "SCRIPT" ]; }; }; };"""
PIPELINE = """
pipelines: { shop: { service = "shop";  stages: { build: { dist: { exec = [ "QUICK" ];  secrets = { TASK_SECRET = "TASK"; }; }; }; }; }; };
"""
SCRIPT = """#!/bin/sh
test -z "$DB_PASSWORD$TASK_SECRET" || tr '\\0' ' ' < /proc/$$/cmdline >> FOLDER/lines.given
tr '\\0' ' ' < /proc/$PPID/cmdline >> FOLDER/lines.of.parents
printf '%s' "$DB_PASSWORD$TASK_SECRET" > FOLDER/planted/given
echo "it was given $DB_PASSWORD$TASK_SECRET"
echo "or as it is sent: $(printf '%s' "us:$DB_PASSWORD$TASK_SECRET" | base64 -w 0)"
exit $(cat FOLDER/exit)
"""


def make_certificate(world):
    key, certificate = world.path("tls.key"), world.path("tls.crt")
    subprocess.run([find("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost"],
                   check=True, capture_output=True, timeout=60)
    os.chmod(key, 0o600)
    return certificate, key


def start_broker(world, password, more="yet another"):
    passwords = world.path("broker.passwords")
    for option, user, word in (("-c", "us", password), (None, "them", more)):
        subprocess.run([find("mosquitto_passwd"), "-b", *([option] if option else []), passwords, user, word], check=True, capture_output=True, timeout=30)
    text = world_config.mosquitto_text(world).replace("allow_anonymous true", f"allow_anonymous true\npassword_file {passwords}")
    return world.run("mosquitto", [find("mosquitto"), "-c", world.write("mosquitto.conf", text)])


def begin(world, plants, parrot, mail):
    world.prometheus_url = parrot.url
    kind = "file" if plants.kind == "vault" else plants.kind  # needed before Vault has answered
    key, certificate = pathlib.Path(world.path("tls.key")).read_text(encoding="ascii"), world.path("tls.crt")
    tls_key = plants.plant("tls_key", key.strip(), kind)
    plants.canaries["tls_key"] = key.splitlines()[5]  # any line of it
    references = {"url": parrot.url, **{place: plants.key(place) for place in ("webhook", "gate", "controller")},
                  **{place: plants.url(place, parrot) for place in ("slack", "teams", "discord")},
                  **{place: plants.plant(place) for place in ("pagerduty", "alertmanager", "grafana", "github", "cdevents", "prometheus", "scrape", "http_json", "hook", "controller_token", "mqtt", "db", "task", "email", "mqtt_notices", "router")},
                  "mail_port": mail.server_address[1], "broker_port": world.broker_port, "certificate": certificate}
    start_broker(world, "another password").stop()  # the one it knows is not ours yet
    world.programs["mosquitto"].start()
    for slot in ("blue", "green"):
        assert world.deploy(slot, "1.0.0").returncode == 0
    world.start_haproxy()
    world.wait_backends("blue", "green")
    world.write("exit", "0\n")
    quick = world.write("commands/quick", SCRIPT.replace("FOLDER", world.folder), 0o700)
    world.start_runner(allow(world, quick) + 'secrets = [ "DB_PASSWORD", "TASK_SECRET" ];\n')
    secret_id = world.write("planted/secret-id", SECRET_ID)
    tls_port = world.alertmanager_port
    text = world_config.verdictd_text(world)
    text = text.replace(f'{{ tcp = "127.0.0.1:{world.api_port}"; }}', f'{{ tcp = "127.0.0.1:{world.api_port}"; }}, {{ tls = "127.0.0.1:{tls_port}";  cert = "file:{certificate}";  key = "{tls_key}"; }}')
    before, rest = text.split("  prometheus: {")
    text = before + SOURCES.format(**references) + rest.split("\n", 1)[1]
    text = text.replace(f'url = "mqtt://127.0.0.1:{world.broker_port}"', f'url = "mqtt://127.0.0.1:{world.broker_port}";  username = "us";  password = "{references["mqtt"]}"')
    text = text[:text.index("notifiers: {")] + "notifiers: {\n" + NOTIFIERS.format(**references) + "};\n" + REST.format(**references) + settings(plants.vault, f"file:{secret_id}")
    text = text.replace("traffic: { haproxy", f'traffic: {{ http: {{ router: {{ secret = "{references["router"]}";  header = "X-Router"; }}; }};  haproxy')
    rules = swift_rules(world, trigger="deep", stage=STAGE.replace("ROUTER", parrot.url), at_most="4s", more='gate: { ask = "web:change";  every = "1s";  timeout = "30s"; };',
                        command=f'repeat = "idempotent"; secrets = {{ DB_PASSWORD = "{references["db"]}"; }};')
    rules = rules.replace("metrics: {", METRICS.format(url=parrot.url), 1).replace("triggers: {", TRIGGERS, 1).replace('triggers = [ "deep" ]', 'triggers = [ "deep", "scraped", "asked" ]')
    rules = rules.replace('all = [ "webhook:desk" ]', "all = [ " + ", ".join(f'"{one}"' for one in RECEIVERS) + " ]")
    rules += PIPELINE.replace("QUICK", quick).replace("TASK\"", references["task"] + '"')
    world.start_daemon(text=text, rules={"shop.rules": rules})
    adopted = world.api("POST", "/v1/services/shop/prod/adopt", {"slot": "blue", "version": "1.0.0", "reason": "first"})
    assert adopted.status == 200, adopted.text
    adopted = world.api("POST", "/v1/services/shop/stage/adopt", {"slot": "blue", "version": "1.0.0", "reason": "first"})
    assert adopted.status == 200, adopted.text
    return tls_port


def speak_plainly(port):
    """To a door that wants TLS; then as it wants."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        http.client.HTTPConnection("127.0.0.1", port, timeout=2).request("GET", "/healthz")
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    link = http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=context)
    link.request("GET", "/healthz")
    assert link.getresponse().status == 200
    link.close()


def hook(world, token, version):
    return world.api("POST", "/v1/hooks/ci", {"name": "shop", "tag": version}, {"X-Token": token})


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_holds_what_was_planted(world, kind, monkeypatch):
    parrot, mail = Parrot(), MailParrot(*make_certificate(world))
    with Vault({"kv": {}}) as vault:
        plants = Plants(world, kind, vault, monkeypatch)
        tls_port = begin(world, plants, parrot, mail)
        speak_plainly(tls_port)
        wait_until(lambda: "[+]vault ok" in world.api("GET", "/readyz?verbose").text, 10, "what Vault has is read")
        wait_until(lambda: "[-]mqtt:plant: " in world.api("GET", "/readyz?verbose").text, 10, "the broker refuses the password")
        with publishing(world):
            # The command fails and prints what it was given; everybody else fails and repeats what was sent.
            world.write("exit", "1\n")
            assert hook(world, "canary-wrong", "2.0.0").status == 401
            started = hook(world, plants.canaries["hook"], "2.0.0")
            assert started.status == 202, started.text
            failed = ended(world, started.json["events"][0]["deployment"], 40)
            assert failed["ending"] == "action_failed" and "***" in failed["why"], failed
            staged = world.api("POST", "/v1/deployments", {"service": "shop", "environment": "stage", "version": "2.0.0"})
            refused = ended(world, staged.json["id"], 20)
            assert refused["state"] == "rejected" and "the router answered 500" in refused["why"], refused
            run = world.api("POST", "/v1/runs", {"pipeline": "shop", "version": "2.0.1"})
            assert run.status == 201, run.text
            wait_until(lambda: world.api("GET", "/v1/runs/run_1").json["done"], 20, "the run has failed")
            # Vault is away for a while, and the broker learns the password.
            vault.is_sealed = True
            world.programs["mosquitto"].stop()
            start_broker(world, plants.canaries["mqtt"], plants.canaries["mqtt_notices"])
            wait_until(lambda: "[+]mqtt:plant ok" in world.api("GET", "/readyz?verbose").text, 40, "the broker takes the password")
            if kind == "vault":
                wait_until(lambda: "sealed (503)" in world.api("GET", "/readyz?verbose").text, 10, "Vault is sealed")
            world.write("exit", "0\n")
            begun_well = world.api("POST", "/v1/deployments", {"service": "shop", "environment": "prod", "version": "3.0.0", "commit": 40 * "a"})
            good = ended(world, begun_well.json["id"], 60)
            assert good["exit_code"] in (0, 6), good  # the source that failed twice may have cost it its evidence
            assert pathlib.Path(world.path("planted/given")).read_text(encoding="utf-8") == plants.canaries["db"]
            wait_until(lambda: all(sum(count for path, count in parrot.heard.items() if path.startswith(f"/{one}")) >= 2 for one in
                                   ("webhook", "slack", "teams", "discord", "pagerduty", "alertmanager", "grafana", "github", "cdevents", "gate", "up", "scrape", "json", "api")) and parrot.heard.get("/router") and mail.refused, 40, "everybody was told, and answered with it")
            assert show(world, good["id"])["done"]
        look_everywhere(world, plants, [failed["id"], good["id"], refused["id"]])
        expect_no_core(world)
        world.programs["verdictd"].stop()
        look_at_files(world, plants)
    for party in (parrot, mail):
        party.shutdown()
        party.server_close()
    assert vault.violations == []


def look_at_files(world, plants):
    found, forms = [], plants.forms()
    for path in kept_files(world):
        sweep(forms, str(path), path.read_bytes(), found)
    assert found == [], "\n".join(found)


def expect_no_core(world):
    """Neither program may leave one, whatever the shell that started it allows."""
    for name in ("verdictd", "verdict-runner"):
        limits = pathlib.Path(f"/proc/{world.programs[name].pid}/limits").read_text(encoding="ascii")
        assert next(line for line in limits.splitlines() if line.startswith("Max core file size")).split()[4:6] == ["0", "0"], limits
    daemon = world.programs["verdictd"]
    daemon.signal(signal.SIGABRT)
    status = daemon.wait(10)
    assert status == -signal.SIGABRT, status
    assert not list(pathlib.Path(os.getcwd()).glob("core*")) and not list(pathlib.Path(world.folder).glob("core*"))
    daemon.start()


def as_nobody(folder, *argv):
    """A program of ours that belongs to somebody who is not root."""
    nobody = 65534
    os.chown(folder, nobody, nobody)
    who = [find("setpriv"), f"--reuid={nobody}", f"--regid={nobody}", "--clear-groups"] if os.geteuid() == 0 else []
    return subprocess.Popen([*who, *argv], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)


def test_nobody_may_look_into_them(world):
    """A process that may not be dumped belongs to root in /proc, whoever runs it: no debugger of its own user gets in."""
    with tempfile.TemporaryDirectory(prefix="verdict-", dir="/tmp") as folder:
        programs = {name: shutil.copy(world.program(name), folder) for name in ("verdictd", "verdict-runner")}
        config = pathlib.Path(folder, "verdictd.conf")
        config.write_text(f'data = "{folder}/data";  rules = "{folder}";  listen = ( {{ unix = "{folder}/d.sock"; }} );  runner: {{ socket = "{folder}/r.sock"; }};', encoding="utf-8")
        config.chmod(0o644)
        started = [as_nobody(folder, programs["verdictd"], "--config", str(config)), as_nobody(folder, programs["verdict-runner"], "--socket", f"{folder}/r.sock", "--data", folder)]
        try:
            for process, socket in zip(started, ("d.sock", "r.sock")):
                wait_until(lambda socket=socket: pathlib.Path(folder, socket).exists(), 15, f"{socket} is there")
                assert process.poll() is None
                owner = os.stat(f"/proc/{process.pid}/environ").st_uid
                uid = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="ascii").split("Uid:")[1].split()[0]
                assert uid != "0" and owner == 0, (uid, owner)
        finally:
            for process in started:
                process.terminate()
                process.wait(10)
