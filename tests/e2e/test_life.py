# test_life.py - one daemon over many deployments: queues, ways back after a promotion, restarts, stalls, stops.
# SPDX-License-Identifier: MIT
import contextlib
import json
import signal
import sqlite3
import subprocess
import time
from datetime import datetime, timedelta, timezone

import pytest

from support import wait_until
from support.swift import begin, begun, ended, post, publishing, show, swift_rules
from world import find


def audit(world, name):
    """What the journal's audit says about a deployment: [(what, a, b)]."""
    with contextlib.closing(journal(world)) as database:
        return database.execute("SELECT what, a, b FROM audit WHERE deployment = ? ORDER BY event", (int(name[4:]),)).fetchall()


def journal(world):
    return sqlite3.connect(f"file:{world.path('data', 'journal.db')}?mode=ro", uri=True)


def test_another_one_is_refused(world):
    begin(world, observe="1h", at_most="2h")
    name = begun(world, "2.0.0")
    refused = post(world, "2.0.1")
    assert refused.status == 409 and "under way" in refused.text
    wait_until(lambda: show(world, name)["state"] == "running", 10, "it is admitted: what is aborted before that is cancelled (5)")
    assert world.api("POST", f"/v1/deployments/{name}/abort", {"reason": "over"}).status == 200
    assert ended(world, name)["exit_code"] == 3


def test_queue_goes_on_from_what_is_stable_then(world):
    begin(world, more='concurrency = "queue";', observe="1s")
    with publishing(world):
        first, second, third = (begun(world, version) for version in ("2.0.0", "2.0.1", "2.0.2"))
        assert show(world, second)["state"] == "queued" == show(world, third)["state"]
        assert world.api("POST", f"/v1/deployments/{third}/abort", {"reason": "not now"}).status == 200
        assert ended(world, third)["exit_code"] == 5
        assert ended(world, first)["state"] == "promoted"
        end = ended(world, second)
    assert end["state"] == "promoted" and end["previous"] == "2.0.0", end
    assert world.split() == 0, "2.0.1 runs in blue, where 1.0.0 was"


def test_what_was_queued_survives_a_restart(world):
    begin(world, more='concurrency = "queue";', observe="2s")
    with publishing(world):
        first, second = begun(world, "2.0.0"), begun(world, "2.0.1")
        wait_until(lambda: show(world, first)["share"] > 0, 8, "the first one has traffic")
        world.programs["verdictd"].kill()
        world.programs["verdictd"].start()
        assert ended(world, first)["state"] == "promoted"
        end = ended(world, second)
    assert (end["state"], end["previous"]) == ("promoted", "2.0.0")


def test_a_newer_one_takes_the_place(world):
    begin(world, more='concurrency = "replace";', observe="1h", at_most="2h")
    first = begun(world, "2.0.0")
    wait_until(lambda: show(world, first)["share"] > 0, 8, "the first one has traffic")
    second = begun(world, "2.0.1")
    end = ended(world, first)
    assert (end["state"], end["ending"], end["exit_code"]) == ("rolled_back", "replaced", 7), end
    assert "a newer deployment took its place" in end["summary"]
    wait_until(lambda: show(world, second)["share"] > 0, 8, "the second one has traffic")
    assert world.api("POST", f"/v1/deployments/{second}/abort", {"reason": "over"}).status == 200
    assert ended(world, second)["exit_code"] == 3


def test_a_closed_window_queues_and_says_until_when(world):
    opens = (datetime.now(timezone.utc) + timedelta(days=3)).replace(hour=9, minute=30, second=0, microsecond=0)
    begin(world, more=f'window: {{ allow = "{opens:%a} 09:30-24:00 UTC"; }};'.lower().replace("utc", "UTC"))
    started = world.verdict("start", "shop/prod", "--version", "2.0.0")
    name = started.stdout.strip()
    told = f"{opens:%Y-%m-%dT%H:%M:%SZ}"
    assert started.returncode == 0 and f"waits for its window, which opens at {told}" in started.stderr, started.stderr
    assert (show(world, name)["state"], show(world, name)["opens"]) == ("queued", told)
    world.programs["verdictd"].kill()
    world.programs["verdictd"].start()
    assert (show(world, name)["state"], show(world, name)["opens"]) == ("queued", told)
    assert world.api("POST", f"/v1/deployments/{name}/abort", {"reason": "not this week"}).status == 200
    assert (ended(world, name)["state"], show(world, name)["opens"]) == ("cancelled", None)


def test_who_names_the_same_lock_waits_and_says_for_whom(world):
    begin(world, observe="1h", at_most="2h", more='lock = "edge";', stage='stage: { strategy = "watched";  lock = "edge"; };')
    first = begun(world, "2.0.0")
    started = world.verdict("start", "shop/stage", "--version", "2.0.1")
    second = started.stdout.strip()
    told = f"waits for lock edge, which {first} of shop/prod holds"
    assert started.returncode == 0 and told in started.stderr, started.stderr
    world.programs["verdictd"].kill()
    world.programs["verdictd"].start()
    assert told in world.verdict("get", second).stdout
    assert (show(world, second)["state"], show(world, second)["lock"]["held_by"]) == ("queued", first)
    assert world.api("POST", f"/v1/deployments/{first}/abort", {"reason": "over"}).status == 200
    ended(world, first)
    wait_until(lambda: show(world, second)["state"] != "queued", 5, "the lock is free")
    assert show(world, second)["lock"] is None


def test_rollback_of_a_promoted_one(world):
    begin(world)
    digest = "sha256:" + 64 * "d"
    adopted = world.verdict("adopt", "shop/prod", "--slot", "blue", "--version", "1.0.0", "--digest", digest, "--reason", "the same, with its digest")
    assert adopted.returncode == 0, adopted.stderr
    with publishing(world):
        promoted = begun(world, "2.0.0")
        assert ended(world, promoted)["state"] == "promoted"
        assert world.split() == 10000
        world.programs["verdictd"].restart()
        back = world.api("POST", f"/v1/deployments/{promoted}/rollback", {"reason": "people complain"})
        assert back.status == 201, back.text
        end = ended(world, back.json["id"])
    assert (end["kind"], end["state"], end["version"], end["digest"], end["previous"]) == ("rollback", "promoted", "1.0.0", digest, "2.0.0"), end
    assert world.split() == 0
    assert show(world, promoted)["state"] == "promoted", "S7: terminal states never change"
    with contextlib.closing(journal(world)) as database:
        keys = database.execute("SELECT version, digest FROM versions WHERE version = '1.0.0'").fetchall()
    assert ("1.0.0", digest) in keys


def test_adopt_ends_an_escalated_rollback(world):
    begin(world, observe="1h", at_most="2h")
    with publishing(world):
        name = begun(world, "2.0.0")
        wait_until(lambda: show(world, name)["share"] > 0, 8, "the candidate has traffic")
        world.programs["haproxy"].kill()
        assert world.api("POST", f"/v1/deployments/{name}/abort", {"reason": "enough"}).status == 200
        wait_until(lambda: show(world, name)["escalated"], 10, "the rollback escalates")
        assert show(world, name)["state"] == "rolling_back"
        assert "admin.sock" in show(world, name)["why"]
        adopted = world.api("POST", "/v1/services/shop/prod/adopt", {"slot": "blue", "version": "1.0.0", "reason": "moved by hand"})
        assert adopted.status == 200, adopted.text
        end = ended(world, name)
    assert (end["state"], end["exit_code"], end["unverified"]) == ("rolled_back", 4, True)


def test_another_plan_of_the_same_text_only_goes_back(world):
    begin(world, observe="3s")
    with publishing(world):
        name = begun(world, "2.0.0")
        wait_until(lambda: show(world, name)["share"] > 0, 8, "the candidate has traffic")
        world.programs["verdictd"].kill()
        with contextlib.closing(sqlite3.connect(world.path("data", "journal.db"))) as database, database:
            database.execute("UPDATE deployments SET plan_hash = plan_hash + 1, revision = revision + 1")
        world.programs["verdictd"].start()
        end = ended(world, name)
    assert (end["state"], end["exit_code"]) == ("rolled_back", 3)
    assert "another plan" in end["why"] and world.split() == 0


def test_refused_starts_leave_nothing_behind(world):
    world.start_haproxy()
    world.start_runner()
    world.start_daemon(rules={"shop.rules": swift_rules(world)})
    answers = {post(world, f"2.0.{number}").status for number in range(600)}
    assert answers == {422}, "nothing proven to go back to, however often it is asked"


def test_key_of_a_refused_start_is_free_again(world):
    begin(world, observe="1h", at_most="2h")
    name = begun(world, "2.0.0")
    body = {"service": "shop", "environment": "prod", "version": "2.0.1"}
    assert world.api("POST", "/v1/deployments", body, {"Idempotency-Key": "later"}).status == 409
    assert world.api("POST", f"/v1/deployments/{name}/abort", {"reason": "over"}).status == 200
    ended(world, name)
    started = world.api("POST", "/v1/deployments", body, {"Idempotency-Key": "later"})
    assert started.status == 201, started.text


# Whoever wakes first: the heartbeat, or the engine for a value that is stale by then.
@pytest.mark.parametrize("age", ["1s", "300ms"])
def test_stalled_time_is_not_observed(world, age):
    begin(world, observe="5s", at_most="20s")
    world.write("rules.d/shop.rules", swift_rules(world, observe="5s", at_most="20s").replace('max_age = "1s"', f'max_age = "{age}"'))
    world.programs["verdictd"].restart()
    with publishing(world):
        name = begun(world, "2.0.0")
        wait_until(lambda: show(world, name)["share"] > 0, 8, "the candidate has traffic")
        routed = time.monotonic()
        world.programs["verdictd"].signal(signal.SIGSTOP)
        time.sleep(8)  # the fault itself
        world.programs["verdictd"].signal(signal.SIGCONT)
        wait_until(lambda: "nobody watched" in world.programs["verdictd"].log_text(), 3, "the daemon noticed")
        assert show(world, name)["state"] == "running", "8 s that nobody watched are no observation of 5 s"
        wait_until(lambda: show(world, name)["state"] == "promoted", 15, "it is promoted in the end")
        assert time.monotonic() - routed > 8 + 3.5


def test_time_of_a_stop_is_not_observed(world):
    begin(world, observe="4s", at_most="20s")
    with publishing(world):
        name = begun(world, "2.0.0")
        wait_until(lambda: show(world, name)["share"] > 0, 8, "the candidate has traffic")
        world.programs["verdictd"].stop()
        time.sleep(5)  # the fault itself
        world.programs["verdictd"].start()
        again = time.monotonic()
        assert show(world, name)["state"] == "running"
        assert ended(world, name)["state"] == "promoted"
        assert time.monotonic() - again > 2.5


def test_stop_in_mid_deployment_loses_nothing(world):
    begin(world, observe="2s")
    with publishing(world):
        name = begun(world, "2.0.0")
        for _ in range(3):
            assert world.programs["verdictd"].stop() == 0
            world.programs["verdictd"].start()
        assert ended(world, name)["state"] == "promoted"
    whats = [what for what, _a, _b in audit(world, name)]
    assert whats.count("accepted") == 1


def test_broker_hears_of_a_stop(world):
    begin(world)

    def told():
        read = subprocess.run([find("mosquitto_sub"), "-h", "127.0.0.1", "-p", str(world.broker_port), "-t", "verdict/demo/status", "-C", "1", "-W", "2"],
                              capture_output=True, text=True, timeout=10, check=False)
        return json.loads(read.stdout)["state"]

    wait_until(lambda: told() == "online", 5, "it is online")
    world.programs["verdictd"].stop()
    assert told() == "offline"
    world.programs["verdictd"].start()
    wait_until(lambda: told() == "online", 5, "it is online again")
