# world.py - the world around verdictd on loopback: broker, Prometheus, HAProxy, shops, users, receiver, and the daemon itself.
# SPDX-License-Identifier: MIT
"""One World has one temporary folder and ports of its own; `stop()` (or leaving `with`) ends all that it started and nothing else.
The demo and the end-to-end tests both use it. Start it from the main thread: its programs end with the thread that started them."""
import collections
import http.client
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

import world_config
from programs import Program, adopt_orphans, answers_on, end_orphans, free_port, wait_until
from slots import Slot, read_json, start_of

DEMO = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.dirname(os.path.dirname(DEMO))
COMMAND_FILES = ("deploy", "retire", "shop", "slots.py", "quantity.py", "mqtt_publisher.py")
DEFAULT_VERSIONS = {"default": {}, "3.0.0-bad": {"faults": "10%"}}
URL_OF_SOCKET = "unix:{socket}"  # as the CLI takes it

Answer = collections.namedtuple("Answer", "status headers text json")


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class World:
    def __init__(self, build=None, service="shop", environment="prod"):
        adopt_orphans()
        self.build = os.path.abspath(build or os.environ.get("BUILD_DIR") or os.path.join(PROJECT, "build"))
        self.service, self.environment = service, environment
        self.folder = tempfile.mkdtemp(prefix="verdict-", dir="/tmp")  # a Unix socket's path has 107 bytes at most
        self.logs, self.state = self._make("logs"), self._make("state")
        self.commands = self._copy_commands()
        self.programs = {}
        self.slots = {"blue": free_port(), "green": free_port()}
        self.users_port, self.exporter_port, self.broker_port = free_port(), free_port(), free_port()
        self.prometheus_port, self.alertmanager_port, self.receiver_port = free_port(), free_port(), free_port()
        self.api_port = free_port()
        self.users_url = f"http://127.0.0.1:{self.users_port}/"
        self.prometheus_url = f"http://127.0.0.1:{self.prometheus_port}"
        self.admin_socket, self.master_socket = self.path("admin.sock"), self.path("master.sock")
        self.socket, self.runner_socket = self.path("verdictd.sock"), self.path("runner.sock")
        self.split_file = self.write("split.map", f"{service} 0\n")
        self.state_file = self.path("servers.state")
        self.secret = "whsec_" + secrets.token_hex(32)
        self.secret_file = self.write("webhook.secret", self.secret + "\n", 0o600)
        self.notices_file, self.counts_file = self.path("notices.jsonl"), self.path("counts.json")
        self.set_versions(DEFAULT_VERSIONS)
        self._write_state()

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.stop()

    # Files

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def _make(self, name):
        os.makedirs(self.path(name), 0o700, exist_ok=True)
        return self.path(name)

    def write(self, name, text, mode=0o600):
        """Writes a file of the world's folder at once and whole; returns its path."""
        path = self.path(name)
        os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
        descriptor = os.open(f"{path}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(f"{path}.new", path)
        return path

    def _copy_commands(self):
        """The runner starts no program that others may write, which a checkout's files may be."""
        folder = self._make("commands")
        for name in COMMAND_FILES:
            shutil.copyfile(os.path.join(DEMO, name), os.path.join(folder, name))
            os.chmod(os.path.join(folder, name), 0o700)
        return folder

    def _write_state(self):
        mqtt = f"127.0.0.1:{self.broker_port}" if "mosquitto" in self.programs else None
        settings = {"service": self.service, "environment": self.environment, "slots": self.slots, "mqtt": mqtt}
        self.write("state/demo.json", json.dumps(settings))

    def set_versions(self, versions):
        """How each version of the shop behaves: {"2.0.0": {"faults": "10%", "latency": "20ms", ...}, "default": {}}."""
        self.write("state/versions.json", json.dumps(versions))

    # Programs

    def run(self, name, argv, ready=None, environment=None):
        """Starts any program as part of this world."""
        self.programs[name] = Program(name, argv, self.logs, ready, environment)
        return self.programs[name].start()

    def start_broker(self):
        config = self.write("mosquitto.conf", world_config.mosquitto_text(self))
        program = self.run("mosquitto", [find("mosquitto"), "-c", config], lambda: answers_on(self.broker_port))
        self._write_state()
        return program

    def start_prometheus(self):
        config = self.write("prometheus.yml", world_config.prometheus_text(self))
        return self.run("prometheus", [find("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={self.path('tsdb')}",
                                       f"--web.listen-address=127.0.0.1:{self.prometheus_port}", "--log.level=warn"],
                        lambda: get(f"{self.prometheus_url}/-/ready").status == 200)

    def wait_scraped(self):
        """Prometheus learns of its targets up to 5 s after its start; returns once it has seen each shop that runs."""
        running = [slot for slot in self.slots if self.shop(slot).running()]
        wait_until(lambda: len(self.query('up{job="shop"} == 1')) == len(running), 15, "Prometheus has scraped the shops")

    def start_alertmanager(self):
        config = self.write("alertmanager.yml", world_config.alertmanager_text(self))
        return self.run("alertmanager", [find("prometheus-alertmanager"), f"--config.file={config}", f"--storage.path={self.path('alerts')}",
                                         f"--web.listen-address=127.0.0.1:{self.alertmanager_port}", "--cluster.listen-address="],
                        lambda: get(f"http://127.0.0.1:{self.alertmanager_port}/-/ready").status == 200)

    def start_haproxy(self, kind="map"):
        """`map`: a backend for each slot and a split file, `sticky`: by the cookie SID; `weights`: one backend with a server for each slot."""
        config = self.write("haproxy.cfg", world_config.haproxy_text(self, kind))
        return self.run("haproxy", [find("haproxy"), "-W", "-S", self.master_socket, "-f", config], self._haproxy_pid)

    def start_receiver(self, *options):
        return self.run("receiver", [os.path.join(DEMO, "receiver"), "--port", self.receiver_port, "--secret", self.secret_file,
                                     "--file", self.notices_file, *options], lambda: answers_on(self.receiver_port))

    def start_load(self, rate=100, connections=10, url=None, name="load"):
        counts = self.path("counts.json" if name == "load" else f"{name}.json")
        return self.run(name, [os.path.join(DEMO, "load"), url or self.users_url, "--rate", rate, "--connections", connections,
                               "--counts", counts, "--every", "200ms"], lambda: os.path.exists(counts))

    def counts(self, name="load"):
        """What the load has counted, a moment ago while it runs."""
        return read_json(self.path("counts.json" if name == "load" else f"{name}.json"))

    def notices(self):
        """All notices that the receiver kept, oldest first."""
        if not os.path.exists(self.notices_file):
            return []
        with open(self.notices_file, encoding="utf-8") as file:
            return [json.loads(line) for line in file if line.endswith("\n")]

    def start_runner(self, text=None):
        config = self.write("runner.conf", text or world_config.runner_text(self))
        argv = [self.program("verdict-runner"), "--config", config, "--socket", self.runner_socket, "--data", self._make("runner")]
        return self.run("verdict-runner", argv, self.runner_is_ready)

    def runner_is_ready(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as link:
            link.connect(self.runner_socket)
        return True

    def start_daemon(self, text=None, rules=None):
        """Writes the configuration and {file name: text} of rules, and starts verdictd until it is ready."""
        config = self.write("verdictd.conf", text or world_config.verdictd_text(self))
        self._make("rules.d")
        for name, content in (rules or {}).items():
            self.write(f"rules.d/{name}", content)
        return self.run("verdictd", [self.program("verdictd"), "--config", config], self.daemon_is_ready)

    def daemon_is_ready(self):
        return self.api("GET", "/readyz").status == 200

    def check_programs(self):
        for name in ("verdictd", "verdict", "verdict-runner"):
            self.program(name)

    def program(self, name):
        path = os.path.join(self.build, name)
        if not os.access(path, os.X_OK):
            raise FileNotFoundError(f"{path} is not built; run cmake -B build && cmake --build build")
        return path

    # Shops

    def deploy(self, slot, version, **more):
        """Runs the deploy command as the daemon would. Returns the finished process."""
        return self._command("deploy", VERDICT_SLOT=slot, VERDICT_VERSION=version, **more)

    def retire(self, slot, **more):
        return self._command("retire", VERDICT_SLOT=slot, **more)

    def _command(self, name, **environment):
        whole = {"PATH": "/usr/bin:/bin", "VERDICT_SERVICE": self.service, "VERDICT_ENVIRONMENT": self.environment, **environment}
        return subprocess.run([os.path.join(self.commands, name), self.state], env=whole, text=True, capture_output=True, timeout=30, check=False)

    def shop(self, slot):
        return Slot(self.state, slot)

    def set_faults(self, slot, **faults):
        """Changes a running shop: share=0.1, latency="200ms", lag=300, healthy=False."""
        answer = get(f"http://127.0.0.1:{self.slots[slot]}/faults", json.dumps(faults).encode())
        if answer.status != 200:
            raise ValueError(answer.text)

    def kill_shop(self, slot):
        """SIGKILL, as a crash; returns once it is gone."""
        record = self.shop(slot).running()
        os.kill(record["pid"], signal.SIGKILL)
        wait_until(lambda: start_of(record["pid"]) != record["start"], 5, f"the shop of {slot} is gone")

    # HAProxy

    def haproxy(self, command, path=None):
        """One command to the runtime socket, on a connection of its own (a kept one goes on talking to the process before a reload)."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.settimeout(3)
            link.connect(path or self.admin_socket)
            link.sendall(command.encode() + b"\n")
            link.shutdown(socket.SHUT_WR)
            parts = []
            while part := link.recv(65536):
                parts.append(part)
        return b"".join(parts).decode().strip()

    def _haproxy_pid(self):
        return int(re.search(r"^Pid: (\d+)$", self.haproxy("show info"), re.M)[1])

    def split(self):
        """The share of the green slot in hundredths of a percent."""
        shares = dict(line.split()[1:] for line in self.haproxy(f"show map {self.split_file}").splitlines() if line)
        return int(shares[self.service])

    def set_split(self, hundredths, file_too=False):
        problem = self.haproxy(f"set map {self.split_file} {self.service} {hundredths}")
        if problem:
            raise ValueError(problem)
        if file_too:
            self.write("split.map", f"{self.service} {hundredths}\n")

    def backend_is_up(self, slot):
        rows = [line.split(",") for line in self.haproxy("show stat").splitlines()]
        return any(len(row) > 17 and row[1] == slot and row[17] == "UP" for row in rows)

    def wait_backends(self, *slots):
        for slot in slots or self.slots:
            wait_until(lambda slot=slot: self.backend_is_up(slot), 5, f"HAProxy finds {slot} healthy")

    def reload_haproxy(self):
        """A new worker takes the listening sockets over; returns once it is the one that answers. HAProxy loses a signal
        that comes while its master still ends the reload before: it is sent again."""
        before, end = self._haproxy_pid(), time.monotonic() + 30
        while True:
            self.programs["haproxy"].signal(signal.SIGUSR2)
            try:
                wait_until(lambda: self._haproxy_pid() != before, 5, "HAProxy's new worker answers")
                return
            except TimeoutError:
                if time.monotonic() > end:
                    raise

    # Prometheus

    def query(self, expression):
        """The instant vector of an expression: [(labels, value)]."""
        url = f"{self.prometheus_url}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        return [(row["metric"], float(row["value"][1])) for row in get(url).json["data"]["result"]]

    # verdictd

    def api(self, method, path, body=None, headers=None, timeout=70):
        """One request over the Unix socket."""
        connection = UnixConnection(self.socket, timeout)
        try:
            data = None if body is None else json.dumps(body)
            head = {"Content-Type": "application/json"} if data else {}
            connection.request(method, path, data, {**head, **(headers or {})})
            answer = connection.getresponse()
            return make_answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def verdict_environment(self):
        return {**os.environ, "VERDICT_URL": URL_OF_SOCKET.format(socket=self.socket), "NO_COLOR": "1"}

    def verdict(self, *arguments, timeout=120, text_in=None):
        """Runs the CLI to its end; look at .returncode, .stdout and .stderr."""
        argv = [self.program("verdict"), *map(str, arguments)]
        return subprocess.run(argv, env=self.verdict_environment(), input=text_in, text=True, capture_output=True, timeout=timeout, check=False)

    # The end

    def stop(self, keep=False):
        """Users first, then the daemon, then what they all need; daemonized shops and other orphans last."""
        names = list(self.programs)
        first = [name for name in names if name.startswith(("load", "verdict"))]
        for name in first + [name for name in reversed(names) if name not in first]:
            self.programs[name].stop()
        end_orphans(self.folder, {program.pid for program in self.programs.values() if program.is_running()})
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def log_files(self):
        """{name: path} of every log: of the programs, and of the shops."""
        files = {name.removesuffix(".log"): os.path.join(self.logs, name) for name in sorted(os.listdir(self.logs))}
        files.update({f"shop-{slot}": os.path.join(self.state, f"{slot}.log") for slot in self.slots})
        return {name: path for name, path in files.items() if os.path.exists(path)}

    def log_tails(self, lines=60):
        """The last lines of every log, for a person who looks for the cause of a failure."""
        parts = []
        for name, path in self.log_files().items():
            with open(path, encoding="utf-8", errors="replace") as log:
                parts.append("\n".join([f"--- {name}", *log.read().splitlines()[-lines:]]))
        return "\n".join(parts)

    def keep_logs(self, folder):
        os.makedirs(folder, exist_ok=True)
        for name, path in self.log_files().items():
            shutil.copyfile(path, os.path.join(folder, f"{name}.log"))


def find(name):
    """A program of the system; Debian keeps daemons in folders that are not in everybody's PATH."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin:/sbin:/bin")
    if not path:
        raise FileNotFoundError(f"{name} is not installed; see contrib/packages.txt")
    return path


def make_answer(status, headers, data):
    text = data.decode(errors="replace")
    is_json = "json" in (headers.get("Content-Type") or "")
    return Answer(status, headers, text, json.loads(text) if is_json and text else None)


def get(url, data=None, timeout=5):
    """GET, or POST with data; any HTTP status is an answer. Proxies of the environment do not apply to loopback."""
    request = urllib.request.Request(url, data)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout) as answer:
            return make_answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        return make_answer(error.code, error.headers, error.read())
