# test_event_feed.py - what the journal has is on the broker of `status` too, as CloudEvents: in order, over a broker that is away, within a bound.
# SPDX-License-Identifier: MIT
import contextlib
import json
import os
import signal
import subprocess

import world_config
from support import wait_until
from support.stream import Stream
from test_events import begin, journaled, post, watches
from world import find

WAITING_MAX = 1024


@contextlib.contextmanager
def hearing(world):
    """Whoever listens to the topic, from now on: the list grows by what is said."""
    path = world.path("heard")
    with open(path, "wb") as to, subprocess.Popen([find("mosquitto_sub"), "-p", str(world.broker_port), "-q", "1", "-t", "verdict/demo/events"],
                                                  stdout=to) as program:
        try:
            wait_until(lambda: say(world) and "hello" in read(path), 10, "it listens")
            yield lambda: [json.loads(line) for line in read(path).splitlines() if line.startswith("{")]
        finally:
            program.terminate()


def say(world):
    subprocess.run([find("mosquitto_pub"), "-p", str(world.broker_port), "-t", "verdict/demo/events", "-m", "hello"], timeout=5, check=True)
    return True


def read(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    return text[:text.rfind("\n") + 1]


def counted(world, name):
    found = [line.split()[1] for line in world.api("GET", "/metrics").text.splitlines() if line.startswith(name)]
    assert len(found) == 1, name
    return int(found[0])


@contextlib.contextmanager
def asleep(world):
    """The daemon does nothing meanwhile."""
    os.kill(world.programs["verdictd"].pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(world.programs["verdictd"].pid, signal.SIGCONT)


def test_the_broker_hears_what_listeners_hear(world):
    world.start_broker()
    begin(world)
    stream = Stream(world)
    with hearing(world) as heard:
        post(world, "s0", "s1")
        assert world.verdict("token", "create", "ci", "--scope", "read").returncode == 0, "of which nobody hears"
        post(world, "s2")
        told = stream.until(watches("s2"))
        wait_until(lambda: any(event["data"]["event"] == told[-1].id for event in heard()), 10, "the broker has them")
        said = [event for event in heard() if event["data"]["event"] <= told[-1].id]
    stream.close()
    assert [event["data"] for event in said] == [event.data for event in told if event.kind != "token_created"], "the same, in its order"
    for event in said:
        data = event["data"]
        assert (event["specversion"], event["source"], event["id"]) == ("1.0", "/verdict/demo", f"event-{data['event']}")
        assert (event["type"], event["subject"]) == (f"verdict.event.{data['what']}", f"{data['service']}/{data['environment']}")
    assert [event.kind for event in told].count("token_created") == 1, "admins hear of it, and the broker does not"
    wait_until(lambda: counted(world, "verdict_status_events_waiting") == 0, 10, "the broker says that it has them")
    assert counted(world, 'verdict_status_events_total{outcome="published"}') >= len(said)
    assert counted(world, 'verdict_status_events_total{outcome="dropped"}') == 0


def test_what_waits_for_a_broker_is_bounded(world):
    world.start_broker()
    begin(world)
    post(world, "s0")
    wait_until(lambda: world.api("GET", "/v1/deployments/s0/prod").json["state"] == "watching", 10, "nothing happens any more")
    wait_until(lambda: counted(world, 'verdict_status_events_total{outcome="published"}') == journaled(world)[-1][0], 10, "all was told")
    world.programs["mosquitto"].stop()
    first = journaled(world)[-1][0] + 1
    for number in range(WAITING_MAX // 2 + 20):
        for verb in ("freeze", "unfreeze"):
            answer = world.api("POST", f"/v1/services/s1/prod/{verb}", {"reason": f"{number}"})
            assert answer.status == 200, answer.text
    last = journaled(world)[-1][0]
    assert last - first >= WAITING_MAX
    wait_until(lambda: counted(world, 'verdict_status_events_total{outcome="dropped"}') == last - first + 1 - WAITING_MAX, 10, "the oldest are given up")
    assert counted(world, "verdict_status_events_waiting") == WAITING_MAX
    with contextlib.ExitStack() as stack:
        with asleep(world):
            world.write("mosquitto.conf", world_config.mosquitto_text(world) + "max_queued_messages 0\n")  # else it drops some for who listens
            world.programs["mosquitto"].start()
            heard = stack.enter_context(hearing(world))
        wait_until(lambda: len(heard()) >= WAITING_MAX, 40, "the newest wait for the broker")
        assert [event["data"]["event"] for event in heard()] == list(range(last + 1 - WAITING_MAX, last + 1))
    wait_until(lambda: counted(world, "verdict_status_events_waiting") == 0, 10, "and none any more")
