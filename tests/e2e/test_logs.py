# test_logs.py - verdict logs: what commands printed, while they print it and afterwards.
# SPDX-License-Identifier: MIT
import os
import pathlib
import subprocess

from support import wait_until
from support.swift import begin, begun, ended, publishing

SLOW = """case "$VERDICT_COMMAND" in deploy)
echo "deploying $VERDICT_VERSION"; printf 'not yet a '
until test -e GATE; do sleep 0.05; done
echo line; printf 'tab\\there\\n\\033[31mred\\033[0m\\n'; echo "key: KEY"; exit EXIT;; esac"""
SECRET = "canary-of-the-receiver-4c1f"


def begin_slowly(world, status=0, **options):
    """The deploy command prints a line, waits for the file that is returned, and prints a secret that the settings name."""
    gate = world.path("gate")
    world.write(os.path.relpath(world.secret_file, world.folder), SECRET + "\n")
    begin(world, script=SLOW.replace("GATE", str(gate)).replace("KEY", SECRET).replace("EXIT", str(status)), timeout="30s", **options)
    return pathlib.Path(gate)


def follow(world, *arguments):
    out = open(world.path("followed"), "wb")  # pylint: disable=consider-using-with
    with out:
        return subprocess.Popen([world.program("verdict"), "logs", *arguments], env=world.verdict_environment(), stdout=out, stderr=subprocess.STDOUT)


def followed(world):
    return pathlib.Path(world.path("followed")).read_text(encoding="utf-8")


def body(lines):
    """Without the heads: their times differ."""
    return [line for line in lines.splitlines() if not line.startswith("== ")]


def test_lines_are_seen_as_they_come(world):
    gate = begin_slowly(world)
    with publishing(world):
        name = begun(world, "2.0.0")
        reader = follow(world, "shop/prod", "-f")
        wait_until(lambda: "deploying 2.0.0\n" in followed(world), 10, "the first line is there while the command runs")
        assert "deploy: running" in followed(world) and "not yet" not in followed(world), "and whole lines only"
        gate.touch()
        assert reader.wait(20) == 0, followed(world)
    text = followed(world)
    assert body(text) == ["deploying 2.0.0", "not yet a line", "tab\there", "red", "key: ***"], text
    assert text.index("deploy: running") < text.index("not yet") and "deploy: done" in text and "route 10 %: done" in text, text
    once = world.verdict("logs", name)
    assert once.returncode == 0 and body(once.stdout) == body(text), once
    assert SECRET not in text + once.stdout + world.api("GET", f"/v1/deployments/{name}/logs").text
    found = world.verdict("logs", name, "--grep", "here")
    assert found.returncode == 0 and body(found.stdout) == ["tab\there"] and found.stdout.count("== ") == 1, found
    assert world.verdict("logs", name, "--grep", "here", "--json").returncode == 2
    first = world.verdict("logs", name, "--step", "1").stdout
    assert "deploy: done" in first and "route" not in first, first
    last = world.verdict("logs", name, "--step", "2").stdout
    assert "route 10 %" in last and body(last) == [], last


def test_what_failed_and_a_runner_that_is_away(world):
    gate = begin_slowly(world, status=3)
    gate.touch()
    end = ended(world, begun(world, "2.0.0"))
    assert end["state"] == "rolled_back", end
    shown = world.verdict("logs", end["id"])
    assert shown.returncode == 0 and "deploy: ended with status 3\ndeploying 2.0.0\nnot yet a line\n" in shown.stdout, shown
    assert "route 0 %, on the way back: done" in shown.stdout, shown.stdout
    world.programs["verdict-runner"].kill()
    away = world.verdict("logs", end["id"])
    assert away.returncode == 1 and "not all of what commands printed could be read" in away.stderr, away
    assert "deploy: failed\ncommand ended with status 3: deploying 2.0.0" in away.stdout, "what the journal has is shown"
    assert SECRET not in away.stdout
    world.programs["verdict-runner"].start()
    wait_until(lambda: world.verdict("logs", end["id"]).stdout == shown.stdout, 15, "it is back with what it kept")

    for words, said in (("dep_7", "there is no such deployment"), ("dep_x", "must be dep_N")):
        refused = world.verdict("logs", words)
        assert refused.returncode == 2 and said in refused.stderr, refused
    assert world.verdict("logs", "dep_7", "-f").returncode == 2
