# slots.py - starts and stops the shop of one slot by its pid file; what `deploy` and `retire` share.
# SPDX-License-Identifier: MIT
"""The state folder: `demo.json` (service, environment, mqtt, port of each slot), `versions.json` (how each version behaves),
and for each slot SLOT.pid (written by the shop), SLOT.log and SLOT.lock."""
import contextlib
import fcntl
import http.client
import json
import os
import signal
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
KILL_AFTER_SECONDS = 8.0
OPTION_NAMES = ("faults", "latency", "jitter", "lag", "says-version", "start-delay", "grace", "seed")
FLAG_NAMES = ("unhealthy", "zero-series")


class SlotError(Exception):
    """Says what could not be done, for a person."""


class Slot:
    def __init__(self, folder, name):
        self.folder = os.path.abspath(folder)
        self.name = name
        self.settings = read_json(os.path.join(self.folder, "demo.json"))
        if name not in self.settings["slots"]:
            raise SlotError(f"no slot is called '{name}'; there are {', '.join(self.settings['slots'])}")
        self.port = self.settings["slots"][name]
        self.pid_file = os.path.join(self.folder, f"{name}.pid")
        self.log_file = os.path.join(self.folder, f"{name}.log")

    @contextlib.contextmanager
    def locked(self):
        with open(os.path.join(self.folder, f"{self.name}.lock"), "w", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def behaviour(self, version):
        versions = read_json(os.path.join(self.folder, "versions.json"))
        return versions.get(version, versions.get("default", {}))

    def arguments(self, version):
        """What the shop is started with. The behaviour of a version is a group of the shop's own options."""
        fixed = {"--port": self.port, "--service": self.settings["service"], "--environment": self.settings["environment"],
                 "--slot": self.name, "--version": version, "--pid-file": self.pid_file}
        if self.settings.get("mqtt"):
            fixed["--mqtt"] = self.settings["mqtt"]
        wanted = self.behaviour(version)
        fixed.update({f"--{name}": wanted[name] for name in OPTION_NAMES if name in wanted})
        words = [str(word) for pair in fixed.items() for word in pair]
        return words + [f"--{name}" for name in FLAG_NAMES if wanted.get(name)]

    def running(self):
        """The pid file's content while its very process lives (a pid may have been given to another one since), else None."""
        with contextlib.suppress(OSError, ValueError, KeyError):
            record = read_json(self.pid_file)
            if start_of(record["pid"]) == record["start"]:
                return record
        return None

    def start(self, version, deadline_seconds):
        """Starts the shop in a session of its own, with no descriptor of ours, and waits until /healthz answers."""
        with open(self.log_file, "ab") as log:
            process = subprocess.Popen([os.path.join(HERE, "shop"), *self.arguments(version)], stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=log, start_new_session=True, cwd="/", env={"PATH": "/usr/bin:/bin"})
        end = time.monotonic() + deadline_seconds
        while time.monotonic() < end:
            if process.poll() is not None:
                raise SlotError(f"the shop ended at once (status {process.returncode}): {last_line(self.log_file)}")
            record = self.running()
            if record and record["pid"] == process.pid and health_answer(self.port) is not None:
                return record
            time.sleep(0.02)
        process.kill()
        process.wait()
        raise SlotError(f"/healthz on port {self.port} gave no answer within {deadline_seconds:g} s")

    def stop(self):
        """Whether there was one to stop. SIGTERM first; SIGKILL when it does not end."""
        record = self.running()
        if not record:
            return False
        os.kill(record["pid"], signal.SIGTERM)
        end = time.monotonic() + KILL_AFTER_SECONDS
        while self.running():
            if time.monotonic() > end:
                os.kill(record["pid"], signal.SIGKILL)
            time.sleep(0.02)
        os.unlink(self.pid_file)
        return True


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def start_of(pid):
    """Start time of a process in clock ticks; None when there is none, or only its remains."""
    try:
        with open(f"/proc/{int(pid)}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def health_answer(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1.0)
    try:
        connection.request("GET", "/healthz", headers={"Connection": "close"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def last_line(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        lines = file.read().strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def of_environment(name):
    value = os.environ.get(name, "")
    if not value:
        raise SlotError(f"{name} is not set; it names what to act on")
    return value
