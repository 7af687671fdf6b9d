# test_mqtt.py - what a broker is asked for and what it hears: shared subscriptions with a member beside the daemon.
# SPDX-License-Identifier: MIT
import contextlib
import re
import subprocess

import pytest
import world_config
from support import swift, wait_until
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


def settings(world, version):
    """The daemon's, with this version of MQTT, and a broker whose log says who speaks which."""
    text = world_config.verdictd_text(world)
    plain = f'url = "mqtt://127.0.0.1:{world.broker_port}";'
    assert plain in text
    return text.replace(plain, f'{plain}  version = "{version}";')


def spoken(world):
    """The version that the daemon's source speaks, by the broker's log."""
    with open(world.log_files()["mosquitto"], encoding="utf-8") as log:
        return re.findall(r"New client connected from \S+ as verdictd-demo-plant \(p(\d), ", log.read())[-1]


@pytest.mark.parametrize("version, number", [("3.1.1", "2"), ("5", "5")])
def test_two_members_share_what_comes(world, monkeypatch, version, number):
    assert 'topic = "t/{{slot}}"' in swift.RULES
    monkeypatch.setattr(swift, "RULES", swift.RULES.replace('topic = "t/{{slot}}"', 'topic = "$share/judges/t/{{slot}}"'))
    monkeypatch.setattr(world_config, "MOSQUITTO", world_config.MOSQUITTO + "log_type notice\n")
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
