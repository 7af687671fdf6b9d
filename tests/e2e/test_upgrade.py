# test_upgrade.py - the package is upgraded while a deployment is under way: nothing is killed, nothing repeated, and it is promoted.
# SPDX-License-Identifier: MIT
import os
import signal

import pytest

from support import package as packages, wait_until
from support.swift import begin, begun, ended, publishing, show

NEWER = "9.0.0"
ASKED = ["--system daemon-reload", "try-restart verdictd.service", "try-reload-or-restart verdict-runner.service"]

# Notes that it began and that it ended; in between it waits for the file `go`.
DEPLOY = """echo "began $VERDICT_KEY $$" >> FOLDER/ran
while [ ! -e FOLDER/go ]; do sleep 0.05; done
echo "ended $VERDICT_KEY $$" >> FOLDER/ran"""


@pytest.fixture(scope="module", name="debs")
def packed(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("packages"))
    return packages.pack(folder), packages.pack(folder, NEWER)


@pytest.fixture(name="root")
def installed(world, debs, tmp_path):
    """The first package is installed, and its programs are those of the world."""
    root = packages.Root(str(tmp_path))
    root.dpkg("--install", debs[0])
    root.told()
    world.program = lambda name: root.path(f"usr/bin/{name}")
    return root


def is_from(program, path):
    """Whether it is the file of that name by now that runs."""
    running, there = os.stat(f"/proc/{program.pid}/exe"), os.stat(path)
    return (running.st_dev, running.st_ino) == (there.st_dev, there.st_ino)


def upgrade(world, root, package):
    """dpkg with the package's scripts; then what systemd does of what they ask: the daemon starts anew, the runner gets a HUP."""
    daemon, runner = world.programs["verdictd"], world.programs["verdict-runner"]
    root.dpkg("--install", package)
    assert f"Version: {NEWER}" in root.read("var/lib/dpkg/status")
    assert daemon.is_running() and runner.is_running(), "dpkg itself stops neither"
    assert not is_from(daemon, root.path("usr/bin/verdictd")) and not is_from(runner, root.path("usr/bin/verdict-runner"))
    assert root.told() == ASKED
    assert daemon.stop() == 0
    daemon.start()
    runner.signal(signal.SIGHUP)
    assert is_from(daemon, root.path("usr/bin/verdictd"))


def test_at_a_quarter_of_a_canary(world, root, debs):
    begin(world, script='echo "$VERDICT_KEY" >> ' + world.path("ran"), observe="1h", at_most="2h", edit=lambda text: text.replace('route = "10%"', 'route = "25%"'))
    runner = world.programs["verdict-runner"]
    with publishing(world):
        name = begun(world, "2.0.0")
        wait_until(lambda: world.split() == 2500 and show(world, name)["share"] == 25, 10, "it has a quarter of the traffic")
        pid = runner.pid
        upgrade(world, root, debs[1])
        assert (show(world, name)["state"], show(world, name)["share"], world.split()) == ("running", 25, 2500)
        wait_until(lambda: is_from(runner, root.path("usr/bin/verdict-runner")), 5, "the runner, which has no command, is the new one")
        assert runner.is_running() and runner.pid == pid
        path = f"/v1/deployments/{name}/promote"
        wait_until(lambda: world.api("POST", path, {"reason": "seen enough"}).status == 200, 10, "its step has a pass verdict")
        assert ended(world, name, 40)["state"] == "promoted"
    assert world.split() == 10000
    with open(world.path("ran"), encoding="utf-8") as file:
        assert len(file.readlines()) == 1, "deployed once"


def test_in_mid_command(world, root, debs):
    begin(world, script=DEPLOY.replace("FOLDER", world.folder), timeout="60s", command='repeat = "unsafe";')
    runner = world.programs["verdict-runner"]
    with publishing(world):
        name = begun(world, "2.0.0")
        wait_until(lambda: os.path.exists(world.path("ran")), 10, "the command runs")
        upgrade(world, root, debs[1])
        wait_until(lambda: "it is started when no command is under way" in runner.log_text(), 5, "the runner knows")
        assert not is_from(runner, root.path("usr/bin/verdict-runner")), "it has a command"
        began, key, pid = open(world.path("ran"), encoding="utf-8").read().split()
        assert began == "began" and os.path.exists(f"/proc/{pid}"), "the command goes on"
        assert show(world, name)["state"] == "running"
        world.write("go", "")
        assert ended(world, name, 40)["state"] == "promoted"
    assert open(world.path("ran"), encoding="utf-8").read().splitlines() == [f"began {key} {pid}", f"ended {key} {pid}"]
    wait_until(lambda: is_from(runner, root.path("usr/bin/verdict-runner")), 5, "the runner is the new one")
    with publishing(world):
        assert ended(world, begun(world, "2.0.1"), 40)["state"] == "promoted", "and starts commands"


@pytest.mark.parametrize("mode", [0o755, 0o777], ids=["no program", "others may write it"])
def test_a_new_runner_that_cannot_be_started(world, root, debs, mode):
    """The old one goes on, says so once, and takes the next one that can."""
    begin(world, observe="300ms")
    runner = world.programs["verdict-runner"]
    path = root.path("usr/bin/verdict-runner")
    with open(f"{path}.new", "x", encoding="utf-8") as file:
        file.write("no program\n")
    os.chmod(f"{path}.new", mode)
    os.rename(f"{path}.new", path)
    for _ in range(2):
        runner.signal(signal.SIGHUP)
        wait_until(lambda: f"cannot be started, we go on: {path}" in runner.log_text(), 5, "it says so")
    wait_until(world.runner_is_ready, 5, "it serves")
    with publishing(world):
        assert ended(world, begun(world, "2.0.0"), 40)["state"] == "promoted"
    assert runner.log_text().count("cannot be started, we go on") == 1
    upgrade(world, root, debs[1])
    wait_until(lambda: is_from(runner, path), 5, "it is the new one")
    wait_until(world.runner_is_ready, 5, "which serves")
