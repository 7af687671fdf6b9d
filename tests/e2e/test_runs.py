# test_runs.py - pipelines: from the build to the release over two environments, and what ends them before.
# SPDX-License-Identifier: MIT
import contextlib
import os
import sqlite3
from datetime import datetime, timedelta, timezone

import pytest

from support import wait_until
from support.swift import allow, begin, ended as deployment_ended, publishing, show as show_deployment, swift_rules

DIGEST = "sha256:" + 64 * "a"

# Each task notes down that it ran; HOLD.task keeps it running, FAIL.task lets it fail.
TASK = """#!/bin/sh
cd FOLDER || exit 1
echo "$VERDICT_TASK $VERDICT_KEY" >> ran
while [ -e "HOLD.$VERDICT_TASK" ]; do sleep 0.05; done
[ -e "FAIL.$VERDICT_TASK" ] && exit 1
[ "$VERDICT_TASK" = dist ] && echo "flavour=plain" >> "$VERDICT_OUTPUT"
[ "$VERDICT_TASK" = unit ] && echo "coverage=92.5" >> "$VERDICT_OUTPUT"
[ "$VERDICT_TASK" = publish ] && echo "digest=SHA" >> "$VERDICT_OUTPUT"
echo "$VERDICT_STAGE/$VERDICT_TASK of $VERDICT_VERSION: $VERDICT_OUT_FLAVOUR $VERDICT_DIGEST"
exit 0
"""

STAGING = """environments: { staging: { strategy = "again";  rules: { triggers = [ ]; };
    slots: { only: { address = "127.0.0.1:BLUE"; }; };
    commands: { deploy: { exec = [ "SCRIPT" ];  timeout = "5s";  repeat = "idempotent"; }; }; }; prod:"""

PIPELINE = """
pipelines: { shop: { service = "shop";
  stages: { build:    { dist: { exec = [ "TASK" ];  timeout = "20s";  repeat = "idempotent"; }; };
            test:     { unit: { exec = [ "TASK" ]; };  integration: { exec = [ "TASK" ];  retries = 1; };  load: { await = "10m"; }; };
            security: { scan: { exec = [ "TASK" ]; }; };
            artifact: { publish: { exec = [ "TASK" ]; }; }; };
  environments = [ "staging", "prod" ];
  release: { tag: { exec = [ "TASK" ]; }; }; };
  straight: { service = "shop";  environments = [ "staging" ]; }; };
"""

AGAIN = 'strategies: {\n  again: { kind = "recreate";  steps = ( { command = "deploy"; }, { watch = "300ms";  at_most = "20s"; } ); };'


def rules_of(world, more=""):
    text = swift_rules(world, more=more)
    staging = STAGING.replace("BLUE", str(world.slots["blue"])).replace("SCRIPT", world.path("commands", "quick"))
    return (text.replace("strategies: {", AGAIN).replace("environments: { prod:", staging) +
            PIPELINE.replace("TASK", world.path("commands", "task")))


def prepare(world, more="", edit=lambda text: text):
    """`more`: of the environment prod; `edit` changes the text of the rules."""
    world.write("commands/task", TASK.replace("FOLDER", folder(world)).replace("SHA", DIGEST), 0o700)
    begin(world)
    world.programs["verdict-runner"].stop()
    world.start_runner(allow(world, world.path("commands", "quick"), world.path("commands", "task")))
    world.programs["verdictd"].stop()
    world.start_daemon(rules={"shop.rules": edit(rules_of(world, more))})


def folder(world):
    os.makedirs(world.path("pipeline"), exist_ok=True)
    return world.path("pipeline")


def sign(world, name):
    path = os.path.join(folder(world), name)
    with open(path, "w", encoding="ascii"):
        return path


def ran(world):
    """Every command that was started: [task, key]."""
    with contextlib.suppress(FileNotFoundError), open(os.path.join(folder(world), "ran"), encoding="ascii") as lines:
        return [line.split() for line in lines]
    return []


def start(world, version="2.0.0", pipeline="shop"):
    answer = world.api("POST", "/v1/runs", {"pipeline": pipeline, "version": version})
    assert answer.status == 201, answer.text
    return answer.json["id"]


def show(world, run):
    answer = world.api("GET", f"/v1/runs/{run}")
    assert answer.status == 200, answer.text
    return answer.json


def task(world, run, stage, name):
    shown = show(world, run)
    found = [one for one in shown["stages"] if one["name"] == stage][0]
    return [one for one in found["tasks"] if one["name"] == name][0]


def answer_load(world, run, result="pass"):
    wait_until(lambda: task(world, run, "test", "load")["state"] == "awaiting", 10, "load awaits its answer")
    return world.api("POST", f"/v1/runs/{run}/tasks/test/load", {"result": result, "outputs": {"latency": "12"}})


def tell_outcome(world, run, outcome):
    """As a test system does that speaks CDEvents and knows the run as its chain."""
    data = {"context": {"chainId": run}, "subject": {"id": "load", "content": {"outcome": outcome}}}
    head = {"ce-specversion": "1.0", "ce-id": f"load of {run}", "ce-source": "lab", "ce-type": "dev.cdevents.testsuiterun.finished.0.3.0"}
    return world.api("POST", "/v1/events", data, head)


def ended(world, run, seconds=20):
    wait_until(lambda: show(world, run)["done"], seconds, f"{run} ends: {show(world, run)['summary']}")
    return show(world, run)


def span_of(rows):
    """Milliseconds for which at least one of [from, to] was under way."""
    total, reached = 0, 0
    for begin_ms, end_ms in sorted(rows):
        total += max(0, end_ms - max(begin_ms, reached))
        reached = max(reached, end_ms)
    return total


def check_figures(world, run):
    """What the report says of one run, added up by hand from the journal's rows."""
    with contextlib.closing(sqlite3.connect(f"file:{world.path('data', 'journal.db')}?mode=ro", uri=True)) as journal:
        elapsed, = journal.execute("SELECT ended_ms - created_ms FROM runs").fetchone()
        tasks = journal.execute("SELECT began_ms, changed_ms FROM tasks WHERE deployment IS NULL AND output <> '' ORDER BY task").fetchall()
        deploying, = journal.execute("SELECT sum(result_ms - intent_ms) FROM actions WHERE kind NOT IN (3, 8)").fetchone()
    status = world.api("GET", "/v1/status").json
    assert [one["id"] for one in status["pipelines"]["recent"]] == [run]
    figures = {name: figure["value"] for name, figure in status["kpis"].items()}
    assert (figures["test_coverage"], status["kpis"]["test_coverage"]["met"]) == (0.925, True)
    assert figures["build_time"] == (tasks[0][1] - tasks[0][0]) / 1000
    assert figures["pipeline_efficiency"] == pytest.approx((span_of(tasks) + deploying) / elapsed, rel=1e-9)
    assert figures["deployment_time"] == pytest.approx(deploying / 2000)
    assert (figures["deployment_success_rate"], figures["rollback_rate"], status["span"]["runs"]) == (1, 0, 1)
    assert (figures["rollback_time"], figures["artifact_size_trend"], figures["lead_time"]) == (None, None, None)
    table = world.verdict("status", "--span", "1h").stdout
    assert "92.5 %" in table and "not known: nothing was taken back in the span" in table, table


def test_released(world):
    prepare(world)
    with publishing(world):
        run = start(world)
        wait_until(lambda: show(world, run)["state"] == "waiting", 10, "only load is left")
        assert show(world, run)["exit_code"] == 5
        assert answer_load(world, run).status == 200
        again = world.api("POST", f"/v1/runs/{run}/tasks/test/load", {"result": "pass"})
        told = tell_outcome(world, run, "pass")
        assert (told.status, told.json["events"][0]["run"]) == (202, run), "nor is the same one by an event another"
        assert again.status == 200, "the same answer twice is one"
        end = ended(world, run)
    assert (end["state"], end["exit_code"], end["digest"]) == ("released", 0, DIGEST), end
    assert [stage["name"] for stage in end["stages"]] == ["build", "test", "security", "artifact", "staging", "prod", "release"]
    assert {stage["state"] for stage in end["stages"]} == {"done"}
    assert end["outputs"] == {"digest": DIGEST, "flavour": "plain", "coverage": "92.5", "latency": "12"}
    assert sorted(name for name, _key in ran(world)) == ["dist", "integration", "publish", "scan", "tag", "unit"]
    for place in ("staging", "prod"):
        deployment = show_deployment(world, task(world, run, place, "deploy")["deployment"])
        assert (deployment["state"], deployment["environment"], deployment["digest"]) == ("promoted", place, DIGEST)
    assert f"release/tag of 2.0.0: plain {DIGEST}" in task(world, run, "release", "tag")["output"]
    check_figures(world, run)
    logs = world.verdict("logs", run, "-f").stdout
    assert f"stage release  tag: done\nrelease/tag of 2.0.0: plain {DIGEST}\n" in logs and "stage test  load: done\n" in logs, logs
    assert f"stage prod  deploy: done, {task(world, run, 'prod', 'deploy')['deployment']}\n" in logs, logs
    assert world.verdict("logs", run, "--grep", "release/").stdout.count("\n") == 2
    assert world.verdict("logs", run, "--step", "1").returncode == 2 and world.verdict("logs", "run_77").returncode == 2
    listed = world.verdict("runs")
    assert run in listed.stdout and "released" in listed.stdout
    drawn = world.verdict("get", run)
    assert "publish" in drawn.stdout and "prod" in drawn.stdout and drawn.returncode == 0
    kept = world.verdict("audit", "-n", "100").stdout
    assert f"task tag: done: {run}" in kept and f"stage release begins: {run}" in kept and f"the run is released: {run}" in kept, kept


def soon():
    """A window that opens with a minute that begins when prod is reached, and not long after; in a zone where it is noon, so its end is far."""
    now = datetime.now(timezone.utc) + timedelta(seconds=50)
    east = 12 - now.hour
    opens = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return opens, f'window: {{ allow = "mon-sun {opens + timedelta(hours=east):%H:%M}-24:00 Etc/GMT{-east:+d}"; }};'


def test_three_environments_with_a_window_and_an_approval(world):
    """From the build to the release: dev and staging by themselves, prod when its window opens and somebody has approved."""
    opens, window = soon()
    dev = STAGING[STAGING.index("staging: {"):STAGING.rindex("prod:")].replace("staging", "dev").replace("BLUE", str(world.slots["blue"]))
    dev = dev.replace("SCRIPT", world.path("commands", "quick"))
    prepare(world, more=f'{window}  approval: {{ from = [ "sre" ];  need = 1;  timeout = "1h";  on_timeout = "rollback"; }};',
            edit=lambda text: text.replace("environments: { staging: {", f"environments: {{ {dev} staging: {{").replace('"staging", "prod" ]', '"dev", "staging", "prod" ]'))
    with publishing(world):
        run = start(world)
        assert answer_load(world, run).status == 200
        wait_until(lambda: task(world, run, "prod", "deploy")["deployment"], 40, "prod has its deployment")
        last = task(world, run, "prod", "deploy")["deployment"]
        shown = show_deployment(world, last)
        assert (shown["state"], shown["opens"]) == ("queued", f"{opens:%Y-%m-%dT%H:%M:%SZ}"), shown
        wait_until(lambda: show_deployment(world, last)["state"] != "queued", 120, "the window opens")
        assert datetime.now(timezone.utc) >= opens
        wait_until(lambda: (show_deployment(world, last)["step"] or {}).get("state") == "waiting", 20, "it asks for approval")
        assert [task(world, run, place, "deploy")["state"] for place in ("dev", "staging", "prod")] == ["done", "done", "running"]
        assert world.verdict("approve", last).returncode == 0
        end = ended(world, run, 40)
    assert (end["state"], end["exit_code"], end["digest"]) == ("released", 0, DIGEST), end
    assert [stage["name"] for stage in end["stages"]] == ["build", "test", "security", "artifact", "dev", "staging", "prod", "release"]
    for place in ("dev", "staging", "prod"):
        deployment = show_deployment(world, task(world, run, place, "deploy")["deployment"])
        assert (deployment["state"], deployment["environment"], deployment["digest"]) == ("promoted", place, DIGEST)
    assert sorted(name for name, _key in ran(world)) == ["dist", "integration", "publish", "scan", "tag", "unit"]


def test_begins_with_an_environment(world):
    """Its deployment starts in the batch that makes the run durable; and so does that of a retry."""
    prepare(world)
    end = ended(world, start(world, pipeline="straight"))
    assert (end["state"], end["exit_code"]) == ("released", 0), end
    world.write("commands/quick", "#!/bin/sh\nexit 1\n", 0o700)
    failed = ended(world, start(world, "2.0.1", "straight"))
    assert failed["state"] == "failed" and task(world, failed["id"], "staging", "deploy")["deployment"], failed
    world.write("commands/quick", "#!/bin/sh\nexit 0\n", 0o700)
    again = world.api("POST", f"/v1/runs/{failed['id']}/retry", {"reason": "mended"})
    assert again.status == 201, again.text
    assert ended(world, again.json["id"])["state"] == "released"


@pytest.mark.parametrize("stage, name", [("build", "dist"), ("test", "unit"), ("security", "scan"), ("artifact", "publish"), ("release", "tag")])
def test_fails_in_each_stage(world, stage, name):
    prepare(world)
    failing = sign(world, f"FAIL.{name}")
    with publishing(world):
        run = start(world)
        if stage not in ("build", "test"):
            assert answer_load(world, run).status == 200
        end = ended(world, run)
        assert (end["state"], end["exit_code"]) == ("failed", 5), end
        assert f"failed in stage {stage}: {name}" in end["summary"] and "status 1" in end["summary"], end["summary"]
        before = [one for one in ran(world) if one[0] == name]
        os.unlink(failing)
        again = world.api("POST", f"/v1/runs/{run}/retry", {"reason": "mended"})
        assert again.status == 201, again.text
        assert again.json["retry_of"] == run and again.json["digest"] == end["digest"]
        if stage in ("build", "test"):
            assert answer_load(world, again.json["id"]).status == 200
        assert ended(world, again.json["id"])["state"] == "released"
    assert len([one for one in ran(world) if one[0] == name]) == len(before) + 1
    assert world.api("POST", f"/v1/runs/{again.json['id']}/retry").status == 409


def test_fails_with_its_deployment(world):
    """Begun and answered by events, as others' tools send them."""
    prepare(world)
    with publishing(world) as said:
        offer = {"subject": {"id": "pkg:generic/shop@2.0.0"}, "customData": {"verdict": {"pipeline": "shop"}}}
        head = {"ce-specversion": "1.0", "ce-id": "7", "ce-source": "forge", "ce-type": "dev.cdevents.artifact.published.0.3.0"}
        begun = world.api("POST", "/v1/events", offer, head)
        assert begun.status == 202, begun.text
        run = begun.json["events"][0]["run"]
        wait_until(lambda: task(world, run, "test", "load")["state"] == "awaiting", 10, "load awaits its answer")
        assert tell_outcome(world, run, "success").status == 202
        wait_until(lambda: "deployment" in task(world, run, "prod", "deploy"), 15, "prod is reached")
        said[0] = '{"lag": 100}'
        end = ended(world, run)
    assert (end["state"], end["exit_code"]) == ("failed", 3), end
    deployment = deployment_ended(world, task(world, run, "prod", "deploy")["deployment"])
    assert deployment["state"] == "rolled_back"
    staging = show_deployment(world, task(world, run, "staging", "deploy")["deployment"])
    assert staging["state"] == "promoted", "what was released stays"
    assert not [one for one in ran(world) if one[0] == "tag"]


def test_killed_in_mid_stage(world):
    """Tasks are neither lost nor repeated: their commands go on without the daemon, and are found by their keys."""
    prepare(world)
    held = [sign(world, "HOLD.unit"), sign(world, "HOLD.integration")]
    with publishing(world):
        run = start(world)
        wait_until(lambda: len(ran(world)) == 3, 10, "both tests run")
        world.programs["verdictd"].kill()
        os.unlink(held[0])
        world.programs["verdictd"].start()
        wait_until(lambda: task(world, run, "test", "unit")["state"] == "done", 10, "the end that came meanwhile is found")
        assert task(world, run, "test", "integration")["state"] == "running"
        world.programs["verdictd"].kill()
        world.programs["verdictd"].start()
        os.unlink(held[1])
        assert answer_load(world, run).status == 200
        wait_until(lambda: "deployment" in task(world, run, "staging", "deploy"), 10, "staging is reached")
        world.programs["verdictd"].kill()
        world.programs["verdictd"].start()
        assert ended(world, run)["state"] == "released"
    names = [name for name, _key in ran(world)]
    assert sorted(names) == ["dist", "integration", "publish", "scan", "tag", "unit"], "each ran exactly once"
    with contextlib.closing(sqlite3.connect(f"file:{world.path('data', 'journal.db')}?mode=ro", uri=True)) as database:
        assert database.execute("SELECT count(*) FROM deployments").fetchone() == (2,), "one in each environment"


def test_aborted(world):
    prepare(world)
    sign(world, "HOLD.dist")
    run = start(world)
    same = world.api("POST", "/v1/runs", {"pipeline": "shop", "version": "2.0.0"})
    assert (same.status, same.json["id"]) == (200, run)
    queued = start(world, "2.0.1")
    assert show(world, queued)["state"] == "queued"
    wait_until(lambda: ran(world), 10, "the build runs")
    assert world.verdict("abort", run, "--reason", "enough").returncode == 0
    end = ended(world, run)
    assert (end["state"], end["exit_code"]) == ("aborted", 5), end
    assert world.api("POST", f"/v1/runs/{run}/abort").status == 409
    wait_until(lambda: show(world, queued)["state"] == "running", 10, "the next one's turn comes")
    assert world.verdict("abort", queued).returncode == 0
    assert world.verdict("wait", queued).returncode == 5


def test_doors(world):
    prepare(world)
    assert world.api("POST", "/v1/runs", {"pipeline": "shp", "version": "1"}).status == 404
    assert world.api("POST", "/v1/runs", {"pipeline": "shop"}).status == 400
    assert world.api("GET", "/v1/runs/run_9").status == 404
    sign(world, "HOLD.dist")
    run = start(world)
    for path, body, status in (("tasks/test/load", {"result": "pass"}, 409), ("tasks/test/nobody", {"result": "pass"}, 404),
                               ("tasks/test/load", {"result": "maybe"}, 400), ("retry", {}, 409)):
        answer = world.api("POST", f"/v1/runs/{run}/{path}", body)
        assert answer.status == status, (path, answer.text)
    with publishing(world):
        started = world.verdict("run", "shop", "--version", "2.0.0", "--wait", "--timeout", "1s")
    assert started.returncode == 124, started.stderr
    assert world.api("POST", f"/v1/runs/{run}/abort").status == 200
