# test_events.py - Server-Sent Events of the real daemon: what the journal has is told once and in its order, over kill -9 and stops.
# SPDX-License-Identifier: MIT
import contextlib
import sqlite3

from support.stream import Stream

SERVICES = ("s0", "s1", "s2", "s3", "s4")
RULES = 'strategies: { quiet: { kind = "follow";  steps = ( { watch = "1h";  at_most = "2h"; } ); }; };\nservices: { ' \
    + " ".join(f'{name}: {{ environments: {{ prod: {{ strategy = "quiet"; }}; }}; }};' for name in SERVICES) + " };\n"


def begin(world):
    world.start_runner()
    world.start_daemon(rules={"quiet.rules": RULES})


def post(world, *services):
    for service in services:
        answer = world.api("POST", "/v1/deployments", {"service": service, "environment": "prod", "version": "1.0.0"})
        assert answer.status == 201, answer.text


def watches(service):
    return lambda event: event.kind == "phase" and event.data["service"] == service and event.data["text"].startswith("watching")


def journaled(world):
    with contextlib.closing(sqlite3.connect(f"file:{world.path('data', 'journal.db')}?mode=ro", uri=True)) as journal:
        return journal.execute("SELECT event, what FROM audit ORDER BY event").fetchall()


def test_nothing_is_lost_or_told_twice_over_a_kill(world):
    begin(world)
    stream = Stream(world)
    post(world, "s0", "s1")
    told = stream.until(watches("s0"))
    world.programs["verdictd"].kill()
    told += [event for event in stream if event.data is not None]
    assert stream.is_whole is False, "it broke off"
    world.programs["verdictd"].start()
    post(world, "s2")
    stream = Stream(world, last=stream.last)
    told += stream.until(watches("s2"))
    stream.close()
    assert [(event.id, event.kind) for event in told] == [row for row in journaled(world) if row[0] <= told[-1].id]


def test_one_deployment_from_its_beginning_to_the_stop(world):
    begin(world)
    post(world, "s3", "s4")
    stream = Stream(world, "/v1/deployments/s4/prod/events")
    assert stream.answer.headers["Content-Type"] == "text/event-stream"
    told = stream.until(watches("s4"))
    assert {event.data["service"] for event in told} == {"s4"}
    assert told[0].kind == "accepted"
    world.programs["verdictd"].stop()
    assert [event for event in stream if event.data is not None] == []
    assert stream.is_whole, "a stop is no break"
