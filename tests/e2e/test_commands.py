# test_commands.py - commands through verdict-runner: what is found at admission, before anything is done; and how it ends.
# SPDX-License-Identifier: MIT
import json
import os
import pathlib
import time

import pytest

from support import wait_until
from support.swift import allow, begin, begun, ended, publishing, show


def rejected(world):
    """A start that is rejected, with exit code 5 and nothing done; its reasons."""
    marker = world.path("was-run")
    end = ended(world, begun(world, "2.0.0"))
    assert (end["state"], end["exit_code"]) == ("rejected", 5), end
    assert world.split() == 0 and not os.path.exists(marker)
    return end["why"]


def begin_with(world, **options):
    begin(world, script=f"touch {world.path('was-run')}", **options)


def restart_runner(world, more=""):
    """The runner with `more` on its list."""
    world.write("runner.conf", allow(world, world.path("commands", "quick")).replace("allow = (", f"allow = ( {more}"))
    world.programs["verdict-runner"].restart()


def script(world, name, text="exit 0", mode=0o700):
    return world.write(f"commands/{name}", f"#!/bin/sh\n{text}\n", mode)


def test_a_command_that_is_missing(world):
    missing = world.path("commands", "missing")
    begin_with(world, command=f'repeat = "idempotent"; undo: {{ exec = [ "{missing}" ]; }};')
    why = rejected(world)
    assert "command deploy/undo could not run" in why and "allow list: add it there" in why, why


def test_every_reason_is_told(world):
    begin_with(world)
    os.remove(world.path("commands", "quick"))
    why = rejected(world)
    assert "command deploy could not run" in why and "command retire could not run" in why and "No such file" in why, why
    script(world, "quick", mode=0o600)
    assert "Permission denied" in rejected(world)
    script(world, "quick")
    with publishing(world):
        assert ended(world, begun(world, "2.0.0"))["state"] == "promoted"


def test_arguments_are_filled_first(world):
    tell = script(world, "tell")
    begin_with(world, command=f'undo: {{ exec = [ "{tell}", "{{{{version}}}}", "{{{{slot}}}}" ]; }};')
    restart_runner(world, f'[ "{tell}", "1.0.0", "*" ],')
    assert "command deploy/undo could not run" in rejected(world)
    restart_runner(world, f'[ "{tell}", "2.0.0", "green" ],')
    with publishing(world):
        assert ended(world, begun(world, "2.0.0"))["state"] == "promoted"


def test_no_runner(world):
    begin_with(world)
    world.programs["verdict-runner"].kill()
    began = time.monotonic()
    why = rejected(world)
    assert "verdict-runner does not answer" in why and "start it" in why and why.count("does not answer") == 1, why
    assert time.monotonic() - began < 6, "within the limit of an admission"
    world.programs["verdict-runner"].start()
    with publishing(world):
        assert ended(world, begun(world, "2.0.0"))["state"] == "promoted", "it is looked for at once"


def lines(world, name):
    path = world.path(name)
    return pathlib.Path(path).read_text(encoding="utf-8").splitlines() if os.path.exists(path) else []


def begin_doing(world, does, options, *, asked=None, **more):
    """`does` is the deploy command after it left a line in `runs`; a probe and an undo beside it leave theirs. `options` name them as PROBE and UNDO."""
    runs, done = world.path("runs"), world.path("done")
    probe = script(world, "probe", f"echo probe >> {runs}\n{asked or f'test -e {done}'}")
    undo = script(world, "undo", f"echo undo >> {runs}")
    begin(world, script=f'case "$VERDICT_COMMAND" in deploy) echo run >> {runs}; {does.replace("DONE", str(done))};; esac',
          command=options.replace("PROBE", f'probe: {{ exec = [ "{probe}" ]; }};').replace("UNDO", f'undo: {{ exec = [ "{undo}" ]; }};'), **more)
    restart_runner(world, f'[ "{probe}" ], [ "{undo}" ],')
    return runs


# What the command does, and what its probe makes of it: is it promoted, and what ran.
LOST = "kill -9 $PPID; sleep 9"
PROBED = {"lost_and_done": (f"touch DONE; {LOST}", True, ["run", "probe"]),
          "lost_and_not_done": (f"test $(wc -l < RUNS) -gt 1 && touch DONE || {{ {LOST}; }}", True, ["run", "probe", "run", "probe"]),
          "failed_and_done": ("touch DONE; exit 1", True, ["run", "probe"]),
          "failed": ("exit 1", False, ["run", "probe"]),
          "ended_well_and_not_done": ("exit 0", False, ["run", "probe"])}


@pytest.mark.parametrize("does, is_done, ran", PROBED.values(), ids=PROBED)
def test_a_probe_decides(world, does, is_done, ran):
    runs = begin_doing(world, does.replace("RUNS", str(world.path("runs"))), "PROBE")
    with publishing(world):
        end = ended(world, begun(world, "2.0.0"), 25)
    assert lines(world, runs) == ran
    assert (end["state"], end["ending"]) == (("promoted", "passed") if is_done else ("rolled_back", "action_failed")), end


def test_a_probe_that_cannot_tell(world):
    runs = begin_doing(world, "exit 0", "PROBE", asked="exit 3")
    end = ended(world, begun(world, "2.0.0"), 25)
    assert (end["state"], end["ending"]) == ("rolled_back", "action_failed"), end
    assert lines(world, runs) == ["run"] + 3 * ["probe"]


def test_lost_without_a_probe(world):
    """It is never repeated, and the way back does not wait for what is dead."""
    runs = begin_doing(world, LOST, "UNDO")
    end = ended(world, begun(world, "2.0.0"), 25)
    assert (end["state"], end["ending"], end["escalated"]) == ("rolled_back", "action_failed", False), end
    assert lines(world, runs) == ["run", "undo"]


@pytest.mark.parametrize("enough, ran", [(3, 3), (9, 3)], ids=["at_last", "never"])
def test_exit_75_is_tried_again(world, enough, ran):
    runs = begin_doing(world, f"test $(wc -l < {world.path('runs')}) -ge {enough} || exit 75", "")
    with publishing(world):
        end = ended(world, begun(world, "2.0.0"), 25)
    assert lines(world, runs) == ran * ["run"]
    assert end["state"] == ("promoted" if enough == 3 else "rolled_back"), end


@pytest.mark.parametrize("on_rollback, ran", [("undo", ["run", "undo"]), ("keep", ["run"]), ("hold", ["run"])])
def test_a_migration(world, on_rollback, ran):
    runs = begin_doing(world, "exit 0", f'UNDO on_rollback = "{on_rollback}";', observe="1h", at_most="2h")
    with publishing(world, '{"lag": 1}') as said:
        name = begun(world, "2.0.0")
        wait_until(lambda: show(world, name)["share"] > 0, 8, "it has traffic")
        said[0] = '{"lag": 1000}'
        if on_rollback == "hold":
            wait_until(lambda: show(world, name)["escalated"], 8, "people are called")
            assert world.split() == 1000 and show(world, name)["step"]["state"] == "held", "old code does not run on it: nothing moves"
            world.verdict("rollback", name)
            assert world.split() == 1000 and show(world, name)["step"]["state"] == "held", "not by an ordinary rollback"
            assert world.verdict("rollback", name, "--past-no-return", "--reason", "we know").returncode == 0
        wait_until(lambda: show(world, name)["state"] == "rolled_back", 15, "what is escalated counts as done before")
        end = show(world, name)
    assert (end["state"], end["exit_code"]) == ("rolled_back", 3), end
    assert world.split() == 0 and lines(world, runs) == ran


ONCE = "once = true; "


def again(world):
    """2.0.0 once more, whatever was said against it."""
    assert world.verdict("quarantine", "clear", "shop/prod", "--version", "2.0.0").returncode in (0, 2)
    return ended(world, begun(world, "2.0.0"), 25)


@pytest.mark.parametrize("end, ran", [("exit 0", ["run"]), ("exit 3", ["run", "run"])], ids=["done", "failed"])
def test_once_for_a_version(world, end, ran):
    """What was done for a version is not done again by a later deployment of it, even after a restart; what failed is."""
    runs = begin_doing(world, end, f'{ONCE} on_rollback = "keep";')
    with publishing(world) as said:
        name = begun(world, "2.0.0")
        said[0] = '{"lag": 100}'
        assert ended(world, name)["state"] == "rolled_back"
        said[0] = '{"lag": 1}'
        world.programs["verdictd"].restart()
        end_of_it = again(world)
        assert lines(world, runs) == ran
        assert end_of_it["state"] == ("promoted" if end == "exit 0" else "rolled_back"), end_of_it
        ended(world, begun(world, "3.0.0"))
    assert lines(world, runs) == ran + ["run"], "another version is another matter"


def test_once_and_lost(world):
    """Nobody knows how it ended: it is not started again, and the deployment says why."""
    runs = begin_doing(world, LOST, f'{ONCE} on_rollback = "keep";')
    with publishing(world):
        name = begun(world, "2.0.0")
        assert ended(world, name, 25)["ending"] == "action_failed"
        second = again(world)
    assert (second["state"], second["ending"]) == ("rolled_back", "action_failed"), second
    assert f"nobody knows how command deploy of {name} ended" in second["why"], second["why"]
    assert lines(world, runs) == ["run"]


def test_once_and_lost_with_a_probe(world):
    """Its probe is asked by whoever comes next."""
    asked = f"test -e {world.path('told')} || exit 9; test -e {world.path('done')}"
    runs = begin_doing(world, f"touch DONE; {LOST}", f"{ONCE} PROBE on_rollback = \"keep\";", asked=asked)
    with publishing(world):
        name = begun(world, "2.0.0")
        assert ended(world, name, 25)["ending"] == "action_failed"
        before = lines(world, runs)
        world.write("told", "")
        assert again(world)["state"] == "promoted"
    assert before[0] == "run" and lines(world, runs) == before + ["probe"]


def test_once_and_undone(world):
    """Who did it undoes it, and then it is to be done again; who found it done leaves it."""
    runs = begin_doing(world, "exit 0", f"{ONCE} UNDO")
    with publishing(world, '{"lag": 100}') as said:
        name = begun(world, "2.0.0")
        assert ended(world, name)["state"] == "rolled_back"
        assert lines(world, runs) == ["run", "undo"]
        said[0] = '{"lag": 1}'
        assert again(world)["state"] == "promoted"
        assert lines(world, runs) == ["run", "undo", "run"]
        assert ended(world, begun(world, "3.0.0"))["state"] == "promoted"
        said[0] = '{"lag": 100}'
        assert ended(world, begun(world, "2.0.0"))["state"] == "rolled_back"
    assert lines(world, runs) == ["run", "undo", "run", "run"]


def test_rehearsed_by_a_person(world):
    """What an admission would say, and nothing is started; the exit code is the answer."""
    begin_with(world)
    asked = world.verdict("rehearse", "shop/prod", "--version", "2.0.0")
    assert asked.returncode == 0, asked.stderr
    assert sorted(asked.stdout.splitlines()) == ["ok      command deploy", "ok      command retire", "ok      traffic"]
    assert "2.0.0, strategy swift: would be admitted" in asked.stderr
    os.remove(world.path("commands", "quick"))
    world.programs["haproxy"].stop()
    asked = world.verdict("rehearse", "shop/prod", "swift", "--json")
    assert asked.returncode == 5, asked.stderr
    shown = json.loads(asked.stdout)
    assert (shown["version"], shown["strategy"], shown["ok"]) == ("1.0.0", "swift", False), shown
    assert {check["check"]: check["ok"] for check in shown["checks"]} == {"traffic": False, "command deploy": False, "command retire": False}, shown
    assert world.api("GET", "/v1/deployments").json["deployments"] == []
    assert not os.path.exists(world.path("was-run"))
    assert world.verdict("rehearse", "shop/prod", "swift").returncode == 5
    unknown = world.verdict("rehearse", "shop/prod", "swfit")
    assert unknown.returncode == 2 and "swfit" in unknown.stderr, unknown.stderr
    assert world.api("POST", "/v1/services/shop/nowhere/rehearse", {}).status == 404
    assert world.api("POST", "/v1/services/shop/prod/rehearse", {"version": "not one"}).status == 422


def test_rehearsed_without_a_runner(world):
    begin_with(world)
    world.programs["verdict-runner"].kill()
    asked = world.verdict("rehearse", "shop/prod")
    assert asked.returncode == 5 and asked.stdout.count("verdict-runner does not answer") == 1, asked.stdout
