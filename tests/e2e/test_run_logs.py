# test_run_logs.py - verdict logs of runs: what tasks print while they run, of every try, and all of a plan before it is approved.
# SPDX-License-Identifier: MIT
import os
import pathlib

from support import wait_until
from support.swift import allow, begin
from support.terraform import CODE, SLOW, needs_terraform
from test_iac import Stack
from test_logs import body, follow, followed
from test_runs import ended, rules_of, show, start

SECRET = "canary-of-the-receiver-4c1f"
COUNT = 150
MANY = CODE + f'resource "terraform_data" "many" {{\n  count = {COUNT}\n  input = count.index\n}}\n'

# Fails once; then says a line, waits for a file, and says a secret and more than the journal's page shows.
TALKS = """#!/bin/sh
case "$VERDICT_KEY" in *.1) echo "the first try fails"; exit 1;; esac
echo "built $VERDICT_VERSION"; printf 'not yet a '
until test -e GATE; do sleep 0.05; done
echo line; echo "key: CANARY"; i=0; while [ $i -lt 1000 ]; do echo "line $i of many"; i=$((i+1)); done
"""
TALKING = """  talks: { service = "shop";  stages: {
  build: { dist: { exec = [ "TALKS" ];  timeout = "60s";  repeat = "idempotent";  retries = 1; };  quiet: { exec = [ "QUIET" ]; }; };
  test: { load: { await = "10m"; }; }; };  environments = [ "staging" ]; };
"""


def begin_talking(world):
    """The file that lets the task go on."""
    gate = pathlib.Path(world.path("gate"))
    world.write(os.path.relpath(world.secret_file, world.folder), SECRET + "\n")
    talks = world.write("commands/talks", TALKS.replace("GATE", str(gate)).replace("CANARY", SECRET), 0o700)
    quiet = world.write("commands/quiet", "#!/bin/sh\nexit 0\n", 0o700)
    begin(world)
    world.programs["verdict-runner"].stop()
    world.start_runner(allow(world, world.path("commands", "quick"), talks, quiet))
    world.programs["verdictd"].stop()
    world.start_daemon(rules={"shop.rules": rules_of(world).replace("  straight:", TALKING.replace("TALKS", talks).replace("QUIET", quiet) + "  straight:")})
    return gate


def pages(world, run, **query):
    """Entries of all pages, one behind the other."""
    entries, after = [], ""
    while True:
        more = "".join(f"&{name}={value}" for name, value in query.items())
        answer = world.api("GET", f"/v1/runs/{run}/logs?after={after}{more}")
        assert answer.status == 200 and answer.json["missing"] is None, answer.text
        entries += answer.json["entries"]
        if not answer.json["more"]:
            return entries
        after = answer.json["next"]


def test_lines_and_tries_are_seen_as_they_come(world):
    gate = begin_talking(world)
    run = start(world, pipeline="talks")
    reader = follow(world, run, "-f")
    wait_until(lambda: "built 2.0.0\n" in followed(world), 20, "a line is there while its task runs")
    assert "the first try fails\n" in followed(world) and "stage build  dist, try 2: running" in followed(world) and "not yet" not in followed(world), followed(world)
    gate.touch()
    wait_until(lambda: "line 999 of many\n" in followed(world), 20, "and the rest when it comes")
    assert world.api("POST", f"/v1/runs/{run}/tasks/test/load", {"result": "fail"}).status == 200
    assert reader.wait(20) == 0 and ended(world, run)["state"] == "failed", followed(world)
    lines = ["the first try fails", "built 2.0.0", "not yet a line", "key: ***"] + [f"line {i} of many" for i in range(1000)]
    text = followed(world)
    assert body(text) == lines, text
    assert "stage build  dist, try 2: done\n" in text and "stage build  quiet: done\n" in text and "stage test  load: failed: " in text, text

    once = world.verdict("logs", run)
    assert once.returncode == 0 and body(once.stdout) == lines and SECRET not in text + once.stdout
    entries = pages(world, run)
    assert [(one["place"], one["stage"], one["name"], one["try"]) for one in entries] == \
        [("0.1", "build", "dist", 1), ("0.2", "build", "dist", 2), ("1.1", "build", "quiet", 1), ("2.0", "test", "load", entries[3]["try"])], entries
    assert (entries[0]["state"], entries[0]["exit_status"], entries[1]["exit_status"]) == ("ended", 1, 0) and all(one["over"] for one in entries)
    assert [one["place"] for one in world.api("GET", f"/v1/runs/{run}/logs?after=0.1&task=dist").json["entries"]] == ["0.2"]
    assert [one["name"] for one in pages(world, run, task="build/quiet")] == ["quiet"]
    assert len(show(world, run)["stages"][0]["tasks"][0]["output"]) == 4000, "the page of a run has the end of it"

    for words, said in (((run, "--step", "1"), "--task"), ((run, "--task", "nobody"), 'no task "nobody"'), ((run, "--task", "a b"), "STAGE/NAME"), (("dep_1", "--task", "x"), "of a run"),
                        (("run_77",), "no such run")):
        refused = world.verdict("logs", *words)
        assert refused.returncode == 2 and said in refused.stderr, refused
    assert world.api("GET", f"/v1/runs/{run}/logs?after=x").status == 400 and world.api("GET", f"/v1/runs/{run}/logs?after=0.1-h2").status == 400

    world.programs["verdict-runner"].kill()
    away = world.verdict("logs", run)
    assert away.returncode == 1 and "not all of what commands printed could be read" in away.stderr and "line 999 of many" in away.stdout, away
    world.programs["verdict-runner"].start()
    wait_until(lambda: world.verdict("logs", run).stdout == once.stdout, 15, "it is back with what it kept")


def test_who_may_not_see_the_run_sees_no_lines(world):
    gate = begin_talking(world)
    gate.touch()
    run = start(world, pipeline="talks")
    token = world.verdict("token", "create", "other", "--scope", "read", "--service", "cart").stdout.strip()
    answer = world.api("GET", f"/v1/runs/{run}/logs", headers={"Authorization": f"Bearer {token}"})
    assert answer.status == 403 and "built" not in answer.text, answer.text


@needs_terraform
def test_all_of_a_plan_is_read_before_it_is_approved(world):
    stack = Stack(world, code=MANY)
    run = stack.begin("apply")
    plan = stack.asks(run)
    wanted = {f"terraform_data.many[{i}]" for i in range(COUNT)}
    assert not all(name in stack.show(run)["stages"][0]["tasks"][0]["output"] for name in wanted), "the page of the run has the end of it"
    said = world.verdict("iac", "approve", run)
    assert said.returncode == 2 and f"`verdict logs {run} --task plan`" in said.stderr and plan in said.stderr, said.stderr
    shown = world.verdict("logs", run, "--task", "plan")
    assert shown.returncode == 0 and all(name in shown.stdout for name in wanted), shown.stdout
    assert f"{COUNT + 2} to create" in shown.stdout
    task = [one for stage in stack.show(run)["stages"] for one in stage["tasks"] if "approves" in one][0]
    assert (task["planned_by"], [one["name"] for one in pages(world, run, task="plan")]) == ("plan", ["plan"])
    assert world.verdict("iac", "reject", run).returncode == 0


@needs_terraform
def test_an_apply_is_seen_while_it_runs(world):
    began, may_end = world.path("began"), world.path("may_end")
    stack = Stack(world, code=CODE + SLOW.replace("BEGAN", began).replace("MAY_END", may_end))
    run = stack.begin("apply")
    reader = follow(world, run, "-f")
    plan = stack.asks(run)
    wait_until(lambda: "to create" in followed(world), 10, "the plan is there before its approval")
    assert stack.answer(run, plan).status == 200
    wait_until(lambda: os.path.exists(began) and "terraform_data.slow: Creating" in followed(world), 20, f"what is done is seen: {followed(world)}")
    assert "stage apply  apply: running" in followed(world) and "apply: done" not in followed(world)
    pathlib.Path(may_end).touch()
    assert stack.ended(run)["state"] == "released" and reader.wait(20) == 0, followed(world)
    assert "stage apply  apply: done" in followed(world) and "stage verify  verify: done" in followed(world), followed(world)
