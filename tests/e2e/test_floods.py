# test_floods.py - too much at once: of values, of a source's answer, of connections. The way back goes on beside it.
# SPDX-License-Identifier: MIT
import contextlib
import errno
import json
import os
import resource
import socket
import subprocess
import time

import pytest

from support import wait_until
from support.fake_prometheus import FakePrometheus
from support.swift import begin, begun, ended, fake_source, publishing, show
from world import find

BURST = 100000  # values as fast as they go: a thousand times of what the rule needs
CONNECTIONS = 400
DESCRIPTORS = 200  # fewer than the connections that a listener would take
SHARE_BACK_S = 5
CROWD = 10000  # each from an address of its own, so that no limit of one address keeps it out
CROWD_MB = 64  # what it may cost


def test_a_burst_of_values_does_not_hide_a_bad_one(world):
    begin(world, observe="1h", at_most="2h")
    with publishing(world) as said:
        name = begun(world, "2.0.0")
        wait_until(lambda: show(world, name)["share"] > 0, 8, "the candidate has traffic")
        argv = [find("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(world.broker_port), "-t", "t/blue", "-l"]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as flood:
            with contextlib.suppress(BrokenPipeError):
                flood.stdin.write('{"lag": 1}\n' * BURST)
            said[0] = '{"lag": 300}'
            wait_until(lambda: world.split() == 0, SHARE_BACK_S, "the candidate is taken back all the same")
        end = ended(world, name)
    assert (end["state"], end["exit_code"]) == ("rolled_back", 3), end["summary"]


@pytest.mark.parametrize("mode", ["drip", "endless"])
def test_a_source_that_never_comes_to_its_end(world, mode):
    """One byte now and then, or bytes without end: neither holds anything up, and neither is evidence."""
    fake = FakePrometheus(mode)
    try:
        begin(world, broker=False, trigger="deep", at_most="6s", daemon=fake_source(world, fake))
        name = begun(world, "2.0.0")
        wait_until(lambda: fake.asked > 0, 8, "it was asked")
        asked = time.monotonic()
        assert world.api("GET", "/readyz").status == 200
        assert time.monotonic() - asked < 2, "the loop does not wait for it"
        end = ended(world, name, 30)
    finally:
        fake.stop()
    assert (end["state"], end["exit_code"], end["ending"]) == ("rolled_back", 6, "no_evidence"), end["summary"]


def idle(world, count):
    """Connections to the socket for operators that say nothing; as many as are let in."""
    links = []
    for _ in range(count):
        link = socket.socket(socket.AF_UNIX)
        link.settimeout(1)
        links.append(link)
        with contextlib.suppress(OSError):
            link.connect(world.socket)
    return links


def answers(world):
    try:
        return world.api("GET", "/healthz").status == 200
    except OSError:
        return False


def connected(world):
    """Connections that say nothing, or a header without end; as many as are let in."""
    links = []
    for number in range(CONNECTIONS):
        link = socket.socket()
        link.settimeout(1)
        links.append(link)
        with contextlib.suppress(OSError):
            link.connect(("127.0.0.1", world.api_port))
            if number % 2:
                link.sendall(b"GET /v1/deployments HTTP/1.1\r\nHost: x\r\nX-Endless: ")
    return links


def test_a_crowd_at_the_door_locks_nobody_out(world):
    """Hundreds of connections and wrong tokens on TCP: the socket for operators answers, and a bad version is taken back."""
    begin(world, observe="1h", at_most="2h")
    with publishing(world) as said, contextlib.ExitStack() as stack:
        name = begun(world, "2.0.0")
        wait_until(lambda: show(world, name)["share"] > 0, 8, "the candidate has traffic")
        for link in connected(world):
            stack.callback(link.close)
        for _ in range(50):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", world.api_port), 1) as link:
                link.sendall(b"GET /v1/deployments HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer vd_0_wrong\r\n\r\n")
        begun_at = time.monotonic()
        assert json.loads(world.api("GET", "/v1/deployments").text)["deployments"]
        assert time.monotonic() - begun_at < 2, "operators do not wait"
        said[0] = '{"lag": 300}'
        wait_until(lambda: world.split() == 0, SHARE_BACK_S, "the way back needs no door")
        assert ended(world, name)["exit_code"] == 3


def resident_mb(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6


def crowd(world, stack):
    """As many as connect at once; half of them begin a header without end."""
    for number in range(CROWD):
        link = stack.enter_context(socket.socket())
        link.setblocking(False)
        link.bind((f"127.1.{number // 250}.{number % 250 + 1}", 0))
        assert link.connect_ex(("127.0.0.1", world.api_port)) in (0, errno.EINPROGRESS)
        if number % 2:
            with contextlib.suppress(OSError):
                link.send(b"GET /v1/deployments HTTP/1.1\r\nHost: x\r\nX-Endless: " + b"x" * 4000)


def test_ten_thousand_connections(world):
    """The socket for operators answers beside them, they cost what they may, and who comes after them is served."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= hard < CROWD + 500:
        pytest.skip(f"only {hard} files may be open here")
    world.start_daemon(rules={})
    pid = world.programs["verdictd"].pid
    before = resident_mb(pid)
    resource.setrlimit(resource.RLIMIT_NOFILE, (CROWD + 500, hard))
    try:
        with contextlib.ExitStack() as stack:
            crowd(world, stack)
            for _ in range(20):
                begun_at = time.monotonic()
                assert world.api("GET", "/v1/deployments").status == 200
                assert time.monotonic() - begun_at < 2, "operators do not wait"
            assert len(os.listdir(f"/proc/{pid}/fd")) > 500, "it was a crowd"
            assert resident_mb(pid) - before < CROWD_MB
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    with socket.create_connection(("127.0.0.1", world.api_port), 20) as link:
        link.settimeout(20)
        link.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert link.recv(100).startswith(b"HTTP/1.1 200")


def test_callers_never_take_the_last_descriptor(world):
    """Few files may be open, and callers want more than there are: the journal and the lever still get theirs."""
    begin(world, observe="1h", at_most="2h")
    daemon = world.programs["verdictd"]
    daemon.argv = [find("prlimit"), f"--nofile={DESCRIPTORS}:{DESCRIPTORS}", *daemon.argv]
    daemon.restart()
    with publishing(world) as said, contextlib.ExitStack() as stack:
        name = begun(world, "2.0.0")
        wait_until(lambda: show(world, name)["share"] > 0, 8, "the candidate has traffic")
        before = len(os.listdir(f"/proc/{daemon.process.pid}/fd"))
        for link in idle(world, CONNECTIONS):
            stack.callback(link.close)
        wait_until(lambda: len(os.listdir(f"/proc/{daemon.process.pid}/fd")) > before, 10, "callers are let in")
        open_files = len(os.listdir(f"/proc/{daemon.process.pid}/fd"))
        assert before < open_files < DESCRIPTORS, (before, open_files)
        said[0] = '{"lag": 300}'
        wait_until(lambda: world.split() == 0, SHARE_BACK_S, "the way back is told to HAProxy")
        stack.close()
        wait_until(lambda: answers(world), 10, "those who called are gone")
        assert ended(world, name)["exit_code"] == 3
