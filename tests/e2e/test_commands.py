# test_commands.py - commands through verdict-runner: what is found at admission, before anything is done.
# SPDX-License-Identifier: MIT
import os
import time

from support.swift import allow, begin, begun, ended, publishing


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
