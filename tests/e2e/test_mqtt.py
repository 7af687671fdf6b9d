# test_mqtt.py - what comes from a broker: shared subscriptions with a member beside the daemon, counters behind an outage, what was retained, and our own state.
# SPDX-License-Identifier: MIT
import contextlib
import json
import re
import signal
import subprocess
import threading
import time

import pytest
import world_config
from support import free_port, swift, wait_until
from support.swift import begin, begun, ended, publishing, show
from world import find


def metric(world, name):
    """A counter of the daemon's own, of its source `plant`."""
    found = re.search(rf'^{name}\{{source="plant".*\}} (\d+)$', world.api("GET", "/metrics").text, re.M)
    return int(found[1])


@contextlib.contextmanager
def listener(world, name, *filters):
    """Somebody else who listens; says how many messages he has heard."""
    path = world.path(f"{name}.txt")
    argv = [find("mosquitto_sub"), "-h", "127.0.0.1", "-p", str(world.broker_port), "-q", "1", *(word for one in filters for word in ("-t", one))]

    def count():
        with open(path, encoding="utf-8") as file:
            return len(file.readlines())

    with open(path, "w", encoding="utf-8") as heard, subprocess.Popen(argv, stdout=heard) as link:
        try:
            yield count
        finally:
            link.terminate()


def settings(world, version="3.1.1", more=""):
    """The daemon's, with this version of MQTT."""
    text = world_config.verdictd_text(world)
    plain = f'url = "mqtt://127.0.0.1:{world.broker_port}";'
    assert plain in text
    return text.replace(plain, f'{plain}  version = "{version}";{more}')


@pytest.fixture(autouse=True)
def broker_tells(monkeypatch):
    """The broker's log says who comes."""
    monkeypatch.setattr(world_config, "MOSQUITTO", world_config.MOSQUITTO + "log_type notice\n")


def broker_log(world):
    with open(world.log_files()["mosquitto"], encoding="utf-8") as log:
        return log.read()


def spoken(world):
    """The version that the daemon's source speaks."""
    return re.findall(r"New client connected from \S+ as verdictd-demo-plant \(p(\d), ", broker_log(world))[-1]


@pytest.mark.parametrize("more, client, keepalive_s", [("", "verdictd-demo-plant", 15), ('  client_id = "eyes";  keepalive = "5s";', "eyes", 5)])
def test_name_and_silence_are_as_set(world, more, client, keepalive_s):
    """How the broker knows us; and one that stands still is found out by the time that was set."""
    begin(world, daemon=settings(world, more=more))
    wait_until(lambda: re.search(rf"New client connected from \S+ as {client} \(p2, c1, k{keepalive_s}", broker_log(world)), 10, "the broker knows us")
    if keepalive_s > 5:
        return
    broker = world.programs["mosquitto"]
    broker.signal(signal.SIGSTOP)
    try:
        wait_until(lambda: 'verdict_mqtt_connected{client="source:plant"} 0' in world.api("GET", "/metrics").text, 3 * keepalive_s, "its silence is noticed")
    finally:
        broker.signal(signal.SIGCONT)
    wait_until(lambda: 'verdict_mqtt_connected{client="source:plant"} 1' in world.api("GET", "/metrics").text, 15, "it is back")


@pytest.mark.parametrize("version, number", [("3.1.1", "2"), ("5", "5")])
def test_two_members_share_what_comes(world, monkeypatch, version, number):
    assert 'topic = "t/{{slot}}"' in swift.RULES
    monkeypatch.setattr(swift, "RULES", swift.RULES.replace('topic = "t/{{slot}}"', 'topic = "$share/judges/t/{{slot}}"'))
    begin(world, observe="30s", at_most="1m", daemon=settings(world, version))
    assert spoken(world) == number
    with listener(world, "member", "$share/judges/t/blue", "$share/judges/t/green") as member, listener(world, "all", "t/+") as whole, publishing(world) as said:
        name = begun(world, "2.0.0")
        wait_until(lambda: show(world, name)["share"] > 0 and show(world, name)["rules"][0]["verdict"] == "pass", 15, "values come")
        wait_until(lambda: member() > 0 and whole() > 0, 15, "all listen")
        ours, of_member, of_all = metric(world, "verdict_mqtt_messages_total"), member(), whole()
        wait_until(lambda: whole() >= of_all + 60, 15, "many have come")
        for count in (metric(world, "verdict_mqtt_messages_total") - ours, member() - of_member):
            assert 20 <= count <= 40, count
        assert metric(world, "verdict_mqtt_unwatched_total") == 0
        said[0] = '{"lag": 100}'
        assert ended(world, name)["state"] == "rolled_back"


CNT = 'cnt: { source = "mqtt:plant";  kind = "counter";  topic = "c/{{slot}}";  events = ".e";  total = ".t"; };'
ROSE = 'rose: { when = "sum(cnt, 10s) > 100";  then = "rollback"; };'


@contextlib.contextmanager
def counting(world):
    """Both slots say five times a second what they have counted, which rises by one each time; the dictionary is what."""
    from mqtt_publisher import Publisher

    counts, over = {"e": 1000, "t": 50000}, threading.Event()

    def repeat():
        publisher = Publisher(("127.0.0.1", world.broker_port), "counts")
        while not over.wait(0.2):
            counts["e"] += 1
            counts["t"] += 10
            for slot in ("blue", "green"):
                publisher.publish(f"c/{slot}", json.dumps(counts))
        publisher.close()

    reporter = threading.Thread(target=repeat, daemon=True)
    reporter.start()
    try:
        yield counts
    finally:
        over.set()
        reporter.join(10)


def test_what_rose_while_the_broker_was_away_takes_nothing_back(world, monkeypatch):
    rules = swift.RULES.replace("metrics: {", "metrics: { " + CNT, 1).replace("triggers: {", "triggers: { " + ROSE, 1)
    monkeypatch.setattr(swift, "RULES", rules)
    begin(world, trigger="rose", observe="8s", at_most="1m")
    with counting(world) as counts:
        name = begun(world, "2.0.0")
        wait_until(lambda: show(world, name)["share"] > 0 and show(world, name)["rules"][0]["verdict"] == "pass", 15, "it has traffic, and its counter is read")
        world.programs["mosquitto"].stop()
        counts["e"] += 500
        connections = broker_log(world).count("as verdictd-demo-plant")
        world.programs["mosquitto"].start()
        wait_until(lambda: broker_log(world).count("as verdictd-demo-plant") > connections, 20, "the daemon is there again")
        end = ended(world, name, 60)
        assert end["state"] == "promoted", end
        name = begun(world, "2.0.1")
        wait_until(lambda: show(world, name)["share"] > 0 and show(world, name)["rules"][0]["verdict"] == "pass", 15, "it has traffic, and its counter is read")
        counts["e"] += 500  # and this was seen
        assert ended(world, name)["state"] == "rolled_back"


UP = 'up: { source = "mqtt:plant";  topic = "u/{{slot}}";  decoder = "collectd";  holds = "10m";  better = "higher"; };'
DOWN = 'down: { when = "up < 0.5";  then = "rollback"; };'


def retain(world, value, age_s):
    """What both slots said last, so long ago, kept by the broker."""
    for slot in ("blue", "green"):
        subprocess.run([find("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(world.broker_port), "-q", "1", "-r", "-t", f"u/{slot}", "-m", f"{int(time.time()) - age_s}:{value}"], check=True, timeout=10)


@pytest.mark.parametrize("value, age_s, state, ending", [(1, 120, "promoted", "passed"), (0, 120, "rolled_back", "failed"), (1, 1200, "rolled_back", "no_evidence")],
                         ids=["good", "bad", "too-old"])
def test_what_was_said_before_and_still_holds(world, monkeypatch, value, age_s, state, ending):
    rules = swift.RULES.replace("metrics: {", "metrics: { " + UP, 1).replace("triggers: {", "triggers: { " + DOWN, 1)
    monkeypatch.setattr(swift, "RULES", rules)
    world.start_broker()
    retain(world, value, age_s)
    begin(world, broker=False, trigger="down", at_most="3s")
    end = ended(world, begun(world, "2.0.0"), 30)
    assert (end["state"], end["ending"]) == (state, ending), end
    found = re.search(r'^verdict_mqtt_dropped_total\{source="plant",why="retained"\} (\d+)$', world.api("GET", "/metrics").text, re.M)
    assert (int(found[1]) > 0) == (ending == "no_evidence")


def told(world):
    """What the broker has of us now; None: nothing."""
    read = subprocess.run([find("mosquitto_sub"), "-h", "127.0.0.1", "-p", str(world.broker_port), "-t", "verdict/demo/status", "-C", "1", "-W", "2"], capture_output=True, text=True, timeout=10, check=False)
    return json.loads(read.stdout) if read.stdout else None


def hears(world, state, boot):
    wait_until(lambda: (word := told(world)) and (word["state"], word["boot"]) == (state, boot), 15, f"{state}, of start {boot}")


def test_its_state_has_the_number_of_its_start(world):
    world.start_broker()
    world.start_daemon()
    hears(world, "online", 1)
    world.programs["verdictd"].stop()
    hears(world, "offline", 1)
    world.programs["verdictd"].start()
    hears(world, "online", 2)
    world.programs["verdictd"].kill()
    hears(world, "offline", 2)  # the broker says it
    world.programs["verdictd"].start()
    hears(world, "online", 3)
    world.programs["mosquitto"].stop()
    world.programs["mosquitto"].start()
    hears(world, "online", 3)  # told again to a broker that has forgotten it


def test_a_will_that_comes_late_is_of_an_earlier_start(world):
    world.start_broker()
    port = free_port()
    relay = world.run("relay", [find("socat"), f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr", f"TCP:127.0.0.1:{world.broker_port}"], lambda: time.sleep(0.3) or True)
    text = world_config.verdictd_text(world)
    behind = text.replace(f"mqtt://127.0.0.1:{world.broker_port}", f"mqtt://127.0.0.1:{port}")
    world.start_daemon(text=behind)
    hears(world, "online", 1)
    relay.signal(signal.SIGSTOP)  # to the broker the first one is alive
    world.programs["verdictd"].kill()
    world.start_daemon(text=text.replace(f'{world.broker_port}";', f'{world.broker_port}";  client_id = "another";', 1))
    hears(world, "online", 2)
    with listener(world, "state", "verdict/demo/status") as heard:
        wait_until(lambda: heard() == 1, 10, "it is heard")
        relay.kill()
        wait_until(lambda: heard() == 2, 10, "the Will comes")
    with open(world.path("state.txt"), encoding="utf-8") as file:
        words = [json.loads(line) for line in file]
    assert [(word["state"], word["boot"]) for word in words] == [("online", 2), ("offline", 1)]
