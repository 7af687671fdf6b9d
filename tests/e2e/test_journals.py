# test_journals.py - journals that older versions wrote are opened by this one: nothing is lost, and all goes on where it was.
# SPDX-License-Identifier: MIT
import contextlib
import re
import sqlite3

import pytest

from support import journals, wait_until
from support.journals import ask, deployment, kept, run

STATES = {"queued", "admitting", "running", "watching", "rolling_back", "promoted", "rolled_back", "rejected", "cancelled", "superseded"}
STEP_STATES = {"acting", "observing", "waiting", "held"}
RUN_STATES = {"queued", "running", "waiting", "released", "failed", "aborted"}
# After what is done below; all others end as promoted.
ENDS = {"replaces 2.0.1": ("rolled_back", 7)}
TABLES = ("audit", "verdicts", "deployments", "runs", "tasks", "actions", "passes", "sealed", "versions", "targets")


def counts(world):
    with contextlib.closing(sqlite3.connect(f"file:{world.path('data', 'journal.db')}?mode=ro", uri=True)) as database:
        return {table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES}


def moves(recorded):
    return [one for one in recorded if not one["done"]]


def stands(one):
    """Whether nothing happens to it before somebody does something."""
    return one["done"] or one["step_state"] in ("observing", "waiting", "held") or one["service"] == "queues"


def check_where_they_are(world, recorded):
    """Each is taken up in the state that it had; what stands is shown as it was."""
    log = world.programs["verdictd"].log_text()
    for one in moves(recorded["deployments"]):
        assert f"deployment {one['id'][4:]} of {one['service']}/prod goes on: {one['state']}\"" in log, one
    for one in moves(recorded["runs"]):
        assert f"run {one['id'][4:]} of {one['pipeline']} goes on: {one['state']}\"" in log, one
    standing = [one for one in recorded["deployments"] if stands(one)]
    assert [kept(deployment(world, one["id"]), one) for one in standing] == standing
    standing = [one for one in recorded["runs"] if one["state"] != "running"]
    assert [kept(run(world, one["id"]), one) for one in standing] == standing


def answer_people(world, recorded):
    """What waits for people gets its answer."""
    token = world.verdict("token", "create", "alice", "--person", "--scope", "read,approve").stdout.split()[0]
    for one in moves(recorded["deployments"]):
        if one["step_state"] == "waiting":
            ask(world, "POST", f"/v1/deployments/{one['id']}/approvals", {"decision": "approve"}, headers={"Authorization": f"Bearer {token}"})
        elif one["step_state"] == "held":
            ask(world, "POST", f"/v1/deployments/{one['id']}/resume", {"reason": "go on"})
        elif one["state"] == "watching":
            path = f"/v1/deployments/{one['id']}/promote"
            wait_until(lambda path=path: world.api("POST", path, {"reason": "seen enough"}).status == 200, 10, "it has its pass verdict")


def answer_runs(world, recorded):
    """One after the other: they are of one pipeline."""
    for one in moves(recorded["runs"]):
        if one["state"] in ("waiting", "queued"):
            wait_until(lambda one=one: run(world, one["id"])["state"] == "waiting", 20, f"{one['id']} waits for its answer")
            ask(world, "POST", f"/v1/runs/{one['id']}/tasks/test/load", {"result": "pass"})
        wait_until(lambda one=one: run(world, one["id"])["done"], 40, f"{one['id']} ends")
        assert run(world, one["id"])["state"] == "released", run(world, one["id"])


@pytest.mark.parametrize("name", journals.names())
def test_an_older_journal(world, name):
    recorded = journals.place(world, name)
    before = counts(world)
    journals.begin(world, recorded["split"])
    journals.start_daemon(world)
    check_where_they_are(world, recorded)
    after = counts(world)
    assert all(after[table] >= before[table] > 0 for table in TABLES), (before, after)
    with journals.values(world, *journals.SERVICES):
        answer_people(world, recorded)
        answer_runs(world, recorded)
        for one in moves(recorded["deployments"]):
            wait_until(lambda one=one: deployment(world, one["id"])["done"], 40, f"{one['id']} of {one['service']} ends")
            end = deployment(world, one["id"])
            assert (end["state"], end["exit_code"]) == ENDS.get(f"{one['service']} {one['version']}", ("promoted", 0)), end
    assert all(share in (0, 10000) for share in journals.split(world).values()), journals.split(world)
    verified = world.verdict("audit", "verify")
    assert verified.returncode == 0, verified.stderr


def test_there_is_one_of_today_with_every_state(world):
    """Whoever raises the schema records its journal; and none of the states is left out."""
    with open(journals.os.path.join(journals.PROJECT, "src", "store", "journal.h"), encoding="utf-8") as file:
        schema = re.search(r"JOURNAL_SCHEMA = (\d+)", file.read())[1]
    assert f"schema-{schema}" in journals.names(), "run tests/e2e/journals/record"
    recorded = journals.place(world, f"schema-{schema}")
    assert {one["state"] for one in recorded["deployments"]} == STATES
    assert {one["step_state"] for one in moves(recorded["deployments"]) if one["state"] == "running"} == STEP_STATES
    assert {one["state"] for one in recorded["runs"]} == RUN_STATES
