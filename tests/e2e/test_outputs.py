# test_outputs.py - programs whose stdin, stdout or stderr is closed, full or no longer read: nothing aborts, and what could not be printed is no success.
# SPDX-License-Identifier: MIT
import json
import os
import signal
import subprocess
import time

import pytest

import world_config

RULES = """
strategies: { quiet: { kind = "follow";  steps = ( { watch = "1h";  at_most = "2h"; } ); }; };
services: { shop: { environments: { prod: { strategy = "quiet"; };  test: { strategy = "quiet"; }; }; }; };
"""
CLOSED = ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"]


@pytest.fixture(scope="module", name="desk")
def _desk(shared_world):
    world = shared_world
    world.start_daemon(text=world_config.verdictd_text(world), rules={"shop.rules": RULES})
    return world


def shell(world, line, **more):
    """`line` as a shell runs it; $V is the program."""
    environment = {**world.verdict_environment(), "V": world.program("verdict")}
    return subprocess.run(["bash", "-c", line], env=environment, text=True, capture_output=True, timeout=60, check=False, **more)


def deployments(world):
    return world.api("GET", "/v1/deployments").json["deployments"]


@pytest.mark.parametrize("closed", CLOSED)
def test_a_closed_descriptor_aborts_nothing(desk, closed):
    before = len(deployments(desk))
    ran = shell(desk, f'"$V" start shop/prod --version 1.0.{CLOSED.index(closed)} {closed}')
    assert ran.returncode == 0 and "ssert" not in ran.stderr, ran
    assert len(deployments(desk)) == before + 1
    if ">&-" not in closed:
        assert ran.stdout.startswith("dep_"), ran
    for words in ("get shop/prod", "ls", "status", "abort shop/prod"):
        ran = shell(desk, f'"$V" {words} {closed}')
        assert ran.returncode == 0 and "ssert" not in ran.stderr, ran


@pytest.mark.parametrize("closed", CLOSED)
@pytest.mark.parametrize("program", ["verdictd", "verdict-runner", "verdict-iac", "verdict-configure", "verdict"])
def test_every_program_starts_without_them(desk, program, closed):
    ran = subprocess.run(["bash", "-c", f'"{desk.program(program)}" --help {closed}'], text=True, capture_output=True, timeout=60, check=False)
    assert ran.returncode == 0 and bool(ran.stdout) == (">&-" not in closed.replace("2>&-", "")), ran


@pytest.mark.parametrize("closed", CLOSED)
def test_the_daemon_reads_and_runs_without_them(desk, closed, tmp_path):
    """What it opens first would be its descriptor 0: nothing of it gets what is logged."""
    config = desk.path("verdictd.conf")
    assert shell(desk, f'"{desk.program("verdictd")}" --config {config} --check {closed}').returncode == 0
    runner = subprocess.Popen(["bash", "-c", f'exec "{desk.program("verdict-runner")}" --socket {tmp_path}/r.sock --data {tmp_path}/data {closed}'], stderr=subprocess.DEVNULL)
    end = time.monotonic() + 20
    while not os.path.exists(tmp_path / "r.sock") and time.monotonic() < end:
        time.sleep(0.02)
    opened = {fd: os.readlink(f"/proc/{runner.pid}/fd/{fd}") for fd in range(3)}
    runner.send_signal(signal.SIGTERM)
    assert runner.wait(20) == 0
    for fd, mark in enumerate(("<&-", ">&-", "2>&-")):
        if mark in closed.split():
            assert opened[fd] == "/dev/null", opened


FULL = ["start shop/test --version 1.0.0 --json", "start shop/test --version 1.0.0", "wait shop/test --timeout 1s", "get shop/test", "get shop/test --json", "logs shop/test", "ls", "status", "audit", "explain shop/test",
        "--help", "start --help", "--version", "completion bash", "man"]


@pytest.mark.parametrize("words", FULL)
def test_a_full_output_is_no_success(desk, words):
    ran = shell(desk, f'"$V" {words} >/dev/full')
    assert ran.returncode not in (0, 126, 127) and ran.returncode < 128, ran
    assert "the output could not be written" in ran.stderr, ran
    if words.startswith("start") and "help" not in words:
        assert "dep_" in ran.stderr, "what was started must be found again"


def test_a_token_that_nobody_saw_is_revoked(desk):
    def active():
        return [row for row in json.loads(desk.verdict("token", "ls", "--json").stdout)["tokens"] if row["principal"] == "lost" and not row.get("revoked") and row["expires"]]

    for more in ("", " --json"):
        ran = shell(desk, f'"$V" token create lost{more} >/dev/full')
        assert ran.returncode == 1 and "is revoked" in ran.stderr and "vd_" not in ran.stderr, ran
    assert not active(), active()


def test_who_stops_reading_is_not_told(desk):
    """`verdict ... | head -1` ends soon, without a word; so does one that would go on for ever."""
    for words in ("completion bash", "man", "get -w shop/prod"):
        shell(desk, '"$V" start shop/prod --version 2.0.0')
        ran = shell(desk, f'"$V" {words} | true; exit ${{PIPESTATUS[0]}}', start_new_session=True)
        assert ran.returncode in (0, 1) and not ran.stderr.replace("follow it with", ""), ran
