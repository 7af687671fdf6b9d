# test_reports.py - tasks judged by the reports of their scanners, and tasks that are not needed.
# SPDX-License-Identifier: MIT
import json
import os

import pytest

from support import wait_until
from support.swift import allow, begin, swift_rules
from test_runs import ended, folder, show, start, task

# Prints NAME.out, leaves NAME.report, ends with NAME.status; HOLD.NAME keeps it running.
SCANNER = """#!/bin/sh
cd FOLDER || exit 1
echo "$VERDICT_TASK $VERDICT_OUT_SAST_FINDINGS" >> ran
while [ -e "HOLD.$VERDICT_TASK" ]; do sleep 0.05; done
[ "$VERDICT_TASK" = plan ] && cat values >> "$VERDICT_OUTPUT"
[ -e "$VERDICT_TASK.out" ] && cat "$VERDICT_TASK.out"
[ -e "$VERDICT_TASK.report" ] && cat "$VERDICT_TASK.report" > "$VERDICT_REPORT"
[ -e "$VERDICT_TASK.status" ] && exit "$(cat "$VERDICT_TASK.status")"
exit 0
"""

PIPELINE = """
pipelines: { shop: { service = "shop";
  stages: { begin:    { plan: { exec = [ "SCANNER" ]; }; };
            security: { sast: { exec = [ "SCANNER" ];  parse = "sarif";  fail_when = "critical > 0 or errors > 1";  skip_when = "output('scan') == 'no'"; };
                        deps: { exec = [ "SCANNER" ];  parse = "trivy";  fail_when = "critical > 0 or high > 1"; }; };
            tell:     { mail: { exec = [ "SCANNER" ];  skip_when = "output('sast.findings') + output('deps.findings') == 0"; }; }; }; }; };
"""

CLEAN = {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "sast"}}, "results": []}]}
FINDING = {"ruleId": "r", "level": "error", "message": {"text": "x"}}
NO_VULNERABILITY = {"SchemaVersion": 2, "Results": [{"Target": "debian"}]}


def sarif(results, severity="5.0"):
    rules = [{"id": "r", "properties": {"security-severity": severity}}]
    return {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "sast", "rules": rules}}, "results": results}]}


def trivy(*severities):
    found = [{"VulnerabilityID": "CVE-1", "Severity": one} for one in severities]
    return {"SchemaVersion": 2, "Results": [{"Target": "debian", "Vulnerabilities": found}]}


def leave(world, name, content):
    with open(os.path.join(folder(world), name), "w", encoding="utf-8") as file:
        file.write(content if isinstance(content, str) else json.dumps(content))


def prepare(world, deps=None, values=""):
    script = world.write("commands/scanner", SCANNER.replace("FOLDER", folder(world)), 0o700)
    begin(world)
    world.programs["verdict-runner"].stop()
    world.start_runner(allow(world, world.path("commands", "quick"), world.path("commands", "scanner")))
    world.programs["verdictd"].stop()
    leave(world, "values", values)
    leave(world, "deps.report", deps or NO_VULNERABILITY)
    world.start_daemon(rules={"shop.rules": swift_rules(world) + PIPELINE.replace("SCANNER", world.path("commands", "scanner"))})
    return script


def ran(world):
    with open(os.path.join(folder(world), "ran"), encoding="ascii") as lines:
        return [line.split() for line in lines]


def test_counted_and_passed_on(world):
    prepare(world, trivy("HIGH", "LOW", "LOW"))
    leave(world, "sast.out", sarif([FINDING]))
    end = ended(world, start(world))
    assert end["state"] == "released", end
    assert end["outputs"] == {
        "sast.critical": "0", "sast.high": "0", "sast.medium": "1", "sast.low": "0", "sast.errors": "1", "sast.warnings": "0", "sast.notes": "0", "sast.findings": "1",
        "deps.critical": "0", "deps.high": "1", "deps.medium": "0", "deps.low": "2", "deps.unknown": "0", "deps.findings": "3"}, end["outputs"]
    assert ran(world)[-1] == ["mail", "1"], "later tasks get the counts"


def test_nothing_found_and_nothing_to_tell(world):
    prepare(world, values="scan=yes\n")
    leave(world, "sast.report", CLEAN)
    run = start(world)
    assert ended(world, run)["state"] == "released"
    assert task(world, run, "tell", "mail")["state"] == "skipped"
    assert "mail" not in [line[0] for line in ran(world)]


def test_skipped_counts_are_not_known(world):
    """What nobody reported is unknown, and unknown skips nothing."""
    prepare(world, values="scan=no\n")
    run = start(world)
    assert ended(world, run)["state"] == "released"
    assert task(world, run, "security", "sast")["state"] == "skipped"
    assert sorted(line[0] for line in ran(world)) == ["deps", "mail", "plan"]


@pytest.mark.parametrize("files, said", [
    ({"sast.out": sarif([FINDING, FINDING])}, "its report has critical > 0 or errors > 1: critical 0, high 0, medium 2"),
    ({"sast.report": sarif([FINDING], "9.1")}, "critical 1"),
    ({"sast.report": sarif([{"ruleId": "unrated"}])}, "nobody can tell critical > 0 or errors > 1: not all findings have a severity"),
    ({"sast.out": "no json\n"}, "nothing is in $VERDICT_REPORT, and what it printed is no report: offset 0"),
    ({}, "what it printed is no report"),
    ({"sast.out": json.dumps(CLEAN) + " " * 70000 + json.dumps(CLEAN)}, "what it printed is no report"),
    ({"sast.report": '{"version": "2.1.0", "runs": [{"tool": {"driver": {}}}]}'}, "$VERDICT_REPORT: #/runs/0/results: is missing"),
    ({"sast.report": json.dumps(CLEAN) + " " * 1048576}, "is longer than 1048576 bytes"),
    ({"sast.report": CLEAN, "sast.status": "2"}, "status 2; its report has critical 0"),
])
def test_fails(world, files, said):
    prepare(world)
    for name, content in files.items():
        leave(world, name, content)
    run = start(world)
    end = ended(world, run)
    assert (end["state"], end["exit_code"]) == ("failed", 5), end
    assert "failed in stage security: sast" in end["summary"] and said in end["summary"], end["summary"]
    assert task(world, run, "tell", "mail")["state"] == "idle"


def test_killed_while_it_scans(world):
    """Its report is read by the daemon that is there when it ends."""
    prepare(world, trivy("CRITICAL"))
    leave(world, "sast.report", CLEAN)
    leave(world, "HOLD.deps", "")
    run = start(world)
    wait_until(lambda: task(world, run, "security", "deps")["state"] == "running", 10, "it scans")
    world.programs["verdictd"].kill()
    os.unlink(os.path.join(folder(world), "HOLD.deps"))
    world.programs["verdictd"].start()
    end = ended(world, run)
    assert end["state"] == "failed" and "critical 1" in end["summary"], end
    assert show(world, run)["outputs"]["deps.critical"] == "1"
