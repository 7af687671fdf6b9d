# test_sandbox.py - what the daemon asks of the kernel while it works is what its unit lets it have.
# SPDX-License-Identifier: MIT
import os
import pathlib
import re
import signal

import pytest

from support import wait_until
from support.package import run
from support.rules import start_all
from world import PROJECT, find

UNIT = os.path.join(PROJECT, "systemd", "verdictd.service")
# SQLite gives files that it makes as root to the owner of the database; the service is not root.
AS_ROOT = re.compile(r"fchown\(\d+<.*/journal\.db-(journal|wal|shm)>, 0, 0\)")
CALL = re.compile(r"^(?:\d+ +)?([a-z_0-9]+)\(", re.M)


def setting(name):
    """All lines of this setting in the unit, in order."""
    with open(UNIT, encoding="utf-8") as file:
        return re.findall(rf"^{name}=(.*)$", file.read(), re.M)


def members(group, known={}):  # pylint: disable=dangerous-default-value
    """The system calls of a group of systemd's, or the one call."""
    if not group.startswith("@"):
        return {group}
    if group not in known:
        words = [line.split("#")[0].strip() for line in run("systemd-analyze", "syscall-filter", group).splitlines()]
        known[group] = set().union(*(members(word) for word in words if word and word != group))
    return known[group]


def allowed():
    """As systemd reads the lines: the first says what is allowed, those with ~ take away."""
    calls = set()
    for line in setting("SystemCallFilter"):
        groups = set().union(*(members(word) for word in line.lstrip("~").split()))
        calls = calls - groups if line.startswith("~") else calls | groups
    return calls


@pytest.fixture(name="traced")
def traced_life(world):
    """A start, a deployment that is promoted and one that is taken back, pictures, a reload and a stop, all under strace."""
    script = world.write("traced", f"#!/bin/sh\nexec {find('strace')} -D -ff -qq -y -s 200 -o {world.path('trace')} {world.program('verdictd')} \"$@\"\n", 0o700)
    plain = world.program
    world.program = lambda name: script if name == "verdictd" else plain(name)
    start_all(world)
    world.program = plain
    for version, status in {"2.0.0": 0, "3.0.0-bad": 3}.items():
        done = world.verdict("start", "shop/prod", "--version", version, "--wait", "--timeout", "90s")
        assert done.returncode == status, done.stdout + done.stderr
    drawn = world.verdict("graph", "shop/prod", "error_rate", "-o", world.path("errors.svg"))
    assert drawn.returncode == 0, drawn.stderr
    assert world.verdict("check", "--online", world.path("rules.d")).returncode in (0, 1)
    world.programs["verdictd"].signal(signal.SIGHUP)
    for path in ("/metrics", "/readyz?verbose", "/v1/status", "/"):
        assert world.api("GET", path).status == 200
    wait_until(world.notices, 10, "a notice arrives")
    assert world.programs["verdictd"].stop(20) == 0
    # A file for each thread: in one for all, strace cuts a call in two where another thread comes between.
    return "".join(path.read_text(encoding="utf-8", errors="replace") for path in sorted(pathlib.Path(world.folder).glob("trace.*")))


def test_it_asks_for_no_more_than_its_unit_lets_it_have(traced):
    calls = set(CALL.findall(traced))
    assert len(calls) > 40, calls
    beyond = calls - allowed()
    lines = [line for line in traced.splitlines() if (call := CALL.search(line)) and call[1] in beyond]
    assert [line for line in lines if not AS_ROOT.search(line)] == [], "SystemCallFilter= would kill it"

    families = {name.removeprefix("AF_").removeprefix("PF_") for name in re.findall(r"\bsocket(?:pair)?\((\w+)", traced)}
    granted = {name.removeprefix("AF_") for name in setting("RestrictAddressFamilies")[0].split()}
    assert families and families <= granted

    assert not re.findall(r"\bm(?:map|protect)\(.*PROT_WRITE\|PROT_EXEC.*", traced), "MemoryDenyWriteExecute="
    assert not re.findall(r"\b(?:unshare|setns|mount|ptrace|bpf|keyctl)\(.*", traced)

    # With ProcSubset=pid only the folders of processes would be there.
    opened = set(re.findall(r'\bopen(?:at)?\([^"\n]*"(/(?:proc|sys|home|root|dev)/[^"]*)"', traced))
    system = {path for path in opened if path.startswith("/proc/") and not re.match(r"/proc/(self|thread-self|\d+)/", path)}
    assert "/proc/sys/kernel/random/boot_id" in system, "without it every start would count as a reboot"
    assert setting("ProcSubset") == []
    homes = {path for path in opened if path.startswith(("/home/", "/root/"))}
    assert not {path for path in homes if os.path.exists(path)}, "ProtectHome="
    assert {path for path in opened if path.startswith("/dev/")} <= {"/dev/null", "/dev/urandom", "/dev/random"}, "PrivateDevices="
