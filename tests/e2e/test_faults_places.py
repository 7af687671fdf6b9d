# test_faults_places.py - no memory, a second daemon, and values from somebody who may not speak.
# SPDX-License-Identifier: MIT
import contextlib
import resource
import signal
import socket
import subprocess

import pytest
import world_config
from support import wait_until
from support.swift import begin, begun, ended, publishing, show

LONG_HEAD = b"POST /v1/metrics HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n"


def address_space(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def test_no_memory_ends_the_daemon_and_loses_nothing(world):
    begin(world, observe="1h", at_most="2h")
    with publishing(world):
        name = begun(world, "2.0.0")
        wait_until(lambda: show(world, name)["share"] == 10, 15, "the candidate has its share")
        program = world.programs["verdictd"]
        # Far below what it has: files of series that are mapped for a moment leave no room either.
        resource.prlimit(program.pid, resource.RLIMIT_AS, (address_space(program.pid) // 2, resource.RLIM_INFINITY))

        def ask():
            """One more long question that never ends: what the daemon had freed before is used up as well."""
            with contextlib.suppress(OSError):
                link = links.enter_context(socket.socket(socket.AF_UNIX))
                link.settimeout(5)
                link.connect(world.socket)
                link.sendall(LONG_HEAD + b"x" * 900_000)
            return not program.is_running()

        with contextlib.ExitStack() as links:
            wait_until(ask, 30, "there is no memory left, and it says so by its end")
        assert "out of memory" in program.log_text()
        assert world.split() == 1000, "nobody moves the traffic meanwhile"
        program.start()
        shown = show(world, name)
        assert (shown["state"], shown["share"], shown["step"]["index"]) == ("running", 10, 2), shown
        assert world.api("POST", f"/v1/deployments/{name}/abort", {"reason": "seen"}).status == 200
        assert ended(world, name)["state"] == "rolled_back"
    assert world.split() == 0


def test_a_second_daemon_does_not_act_on_the_same_journal(world):
    """Nor while the first one is stopped, past every deadline of its own: what it holds is a lock, not a lease."""
    begin(world, observe="1h", at_most="2h")
    with publishing(world):
        name = begun(world, "2.0.0")
        wait_until(lambda: show(world, name)["share"] == 10, 15, "the candidate has its share")
        program = world.programs["verdictd"]
        program.signal(signal.SIGSTOP)
        try:
            second = subprocess.run(program.argv, capture_output=True, text=True, timeout=30, check=False)
        finally:
            program.signal(signal.SIGCONT)
        assert second.returncode == 1 and "is in use by another process" in second.stderr, second
        assert world.split() == 1000
        assert show(world, name)["state"] == "running"
        program.kill()
        program.start()
        assert show(world, name)["share"] == 10


@pytest.mark.parametrize("right, state", (("read", "rolled_back"), ("readwrite", "promoted")))
def test_a_stranger_who_publishes_good_values_is_not_heard(world, monkeypatch, right, state):
    """The broker says who may publish: strangers may read. Where they may write, they are believed: that is what the list is for."""
    acl = world.write("acl", f"topic {right} #\n")
    monkeypatch.setattr(world_config, "MOSQUITTO", world_config.MOSQUITTO + f"acl_file {acl}\n")
    begin(world, observe="1s", at_most="3s")
    with publishing(world):
        end = ended(world, begun(world, "2.0.0"), 30)
    assert end["state"] == state, end["summary"]
    if right == "read":
        assert end["exit_code"] == 6 and end["rules"][0]["verdict"] == "inconclusive", end["rules"]
