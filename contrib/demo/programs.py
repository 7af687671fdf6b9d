# programs.py - starts programs with a log each, waits for conditions, and stops what was started: by pid, and nothing else.
# SPDX-License-Identifier: MIT
import ctypes
import os
import random
import signal
import socket
import subprocess
import time

STOP_SECONDS = 8.0
PORTS = range(20000, 32000)  # below the range from which the kernel takes ports for outgoing connections
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
LIBC = ctypes.CDLL(None, use_errno=True)

_claims = []


def wait_until(condition, seconds, what="the condition"):
    """Asks until the answer is true and returns it. An exception of the condition counts as no; the last one is shown."""
    end, last = time.monotonic() + seconds, None
    while True:
        try:
            answer = condition()
            if answer:
                return answer
            last = None
        except (OSError, ValueError, KeyError, LookupError, AssertionError) as error:
            last = error
        if time.monotonic() >= end:
            raise TimeoutError(f"{what}: not within {seconds:g} s" + (f" ({type(last).__name__}: {last})" if last else ""))
        time.sleep(0.02)


def free_port():
    """A port of loopback on which nothing listens. It is ours until this process ends: an abstract socket says so to the
    others that look for one (tests run beside each other, and some time passes before our program listens)."""
    for port in random.sample(PORTS, 200):
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0verdict-port-{port}")
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        _claims.append(claim)
        return port
    raise RuntimeError("no free port found")


def answers_on(port):
    with socket.create_connection(("127.0.0.1", port), 0.5):
        return True


def adopt_orphans():
    """Processes that our programs leave behind become our children, so that they can be found and ended at the end."""
    LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _end_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


class Program:
    """One program with its arguments; may be started, stopped, killed and started again. All output goes to one log."""

    def __init__(self, name, argv, log_folder, ready=None, environment=None, ready_seconds=15.0):
        self.name = name
        self.argv = [str(word) for word in argv]
        self.log_file = os.path.join(log_folder, f"{name}.log")
        self._ready = ready
        self._ready_seconds = ready_seconds
        self._environment = environment
        self.process = None

    @property
    def pid(self):
        return self.process.pid

    def start(self, is_awaited=True):
        """Until it is ready; or only started, where it may end at once or never be."""
        if self.is_running():
            raise RuntimeError(f"{self.name} runs already")
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment,
                                            start_new_session=True, preexec_fn=_end_with_parent)
        if self._ready and is_awaited:
            wait_until(self._is_ready, self._ready_seconds, f"{self.name} is ready")
        return self

    def _is_ready(self):
        if not self.is_running():
            raise RuntimeError(f"{self.name} ended at once with {self.process.returncode}; its log:\n{self.log_tail()}")
        return self._ready()

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, seconds=STOP_SECONDS):
        """SIGTERM, then SIGKILL if it must be; the exit status, None if it never ran."""
        if self.process is None:
            return None
        if self.is_running():
            self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self):
        """SIGKILL, as a crash would; also to what it started in its own process group (which has its pid while it is not reaped)."""
        if self.is_running():
            os.killpg(self.process.pid, signal.SIGKILL)
        return self.process.wait()

    def restart(self):
        self.stop()
        return self.start()

    def wait(self, seconds):
        return self.process.wait(seconds)

    def log_text(self):
        try:
            with open(self.log_file, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def log_tail(self, lines=40):
        return "\n".join(self.log_text().splitlines()[-lines:])


def _children():
    """(pid, is a zombie, session) of each child of ours, also of those that became ours when their parent ended."""
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == os.getpid():
            yield int(name), fields[0] in "ZX", int(fields[3])


def _names(pid, folder):
    """Whether the process names the folder in its command line or environment, or is about to vanish (both are empty then)."""
    text = b""
    try:
        for part in ("cmdline", "environ"):
            with open(f"/proc/{pid}/{part}", "rb") as file:
                text += file.read() + b"\0"
    except OSError:
        pass
    return os.fsencode(folder) in text or not text.strip(b"\0")


def end_orphans(folder, known_pids):
    """Ends what our programs left behind: SIGTERM, later SIGKILL, again while an orphan's own children turn up. Zombies of other
    sessions than ours are reaped: a child that somebody else here waits for would be of ours."""
    own_session, end = os.getsid(0), time.monotonic() + STOP_SECONDS
    asked = set()
    while True:
        left = 0
        for pid, is_zombie, session in list(_children()):
            if pid in known_pids:
                continue
            if is_zombie and session != own_session:
                os.waitpid(pid, os.WNOHANG)
            elif not is_zombie and _names(pid, folder):
                left += 1
                number = signal.SIGKILL if time.monotonic() > end else signal.SIGTERM
                if (pid, number) not in asked:
                    os.kill(pid, number)
                    asked.add((pid, number))
        if not left:
            return
        time.sleep(0.02)
