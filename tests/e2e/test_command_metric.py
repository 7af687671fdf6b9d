# test_command_metric.py - a canary judged by what a program prints, which verdict-runner starts.
# SPDX-License-Identifier: MIT
from support import swift
from support.swift import allow, begin, begun, ended

SCRIPT = '#!/bin/sh\nexec cat "{folder}/depth.$1"\n'
METRIC = 'depth: { source = "command";  every = "5s";  exec = [ "SCRIPT", "{{slot}}" ];  better = "lower"; };'


def test_what_a_command_prints_takes_it_back(world, monkeypatch):
    script = world.write("commands/depth", SCRIPT.format(folder=world.path("commands")), 0o700)
    usual = next(line.strip() for line in swift.RULES.splitlines() if line.strip().startswith("depth:"))
    monkeypatch.setattr(swift, "RULES", swift.RULES.replace(usual, METRIC.replace("SCRIPT", str(script))))
    monkeypatch.setattr(swift, "allow", lambda shops, *scripts: allow(shops, *scripts).replace("allow = (", f'allow = ( [ "{script}", "*" ], '))
    world.write("commands/depth.blue", "3\n")
    world.write("commands/depth.green", "7\n")
    begin(world, broker=False, trigger="deep", observe="500ms", at_most="30s")
    end = ended(world, begun(world, "2.0.0"), 60)
    assert end["state"] == "promoted", end
    world.write("commands/depth.blue", "500\n")
    end = ended(world, begun(world, "2.0.1"), 60)
    assert (end["state"], end["exit_code"]) == ("rolled_back", 3), end
    deep = next(rule for rule in end["rules"] if rule["name"] == "deep")
    assert (deep["verdict"], deep["value"]) == ("fail", 500), deep


def test_a_program_that_cannot_run_is_said_at_admission(world, monkeypatch):
    usual = next(line.strip() for line in swift.RULES.splitlines() if line.strip().startswith("depth:"))
    monkeypatch.setattr(swift, "RULES", swift.RULES.replace(usual, METRIC.replace("SCRIPT", "/nowhere/depth")))
    begin(world, broker=False, trigger="deep", observe="500ms", at_most="30s")
    end = ended(world, begun(world, "2.0.0"), 30)
    assert end["share"] == 0 and end["state"] != "promoted", end
    assert "metric depth could not run" in end["why"], end["why"]
    asked = world.verdict("rehearse", "shop/prod")
    assert asked.returncode != 0 and "metric depth" in asked.stdout + asked.stderr, asked
