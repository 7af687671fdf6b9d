# test_source_room.py - series_max of a source: what it has no room for is refused by name and counted, and other sources are not disturbed.
# SPDX-License-Identifier: MIT
import pytest

from support import wait_until
from support.fake_prometheus import FakePrometheus
from support.swift import begin, begun, ended, fake_source, publishing, show


@pytest.fixture(name="fake")
def make_fake():
    fake = FakePrometheus()
    yield fake
    fake.stop()


def both_rules(text):
    return text.replace('triggers = [ "queue" ]', 'triggers = [ "queue", "deep" ]')


def count(world, family, source):
    line = next(line for line in world.api("GET", "/metrics").text.splitlines() if line.startswith(f'{family}{{source="{source}"}}'))
    return int(line.split()[1])


def rule(shown, name):
    return next(one for one in shown["rules"] if one["name"].endswith(name))


def test_a_full_source_is_said_to_be(world, fake):
    begin(world, at_most="4s", edit=both_rules, daemon=fake_source(world, fake).replace('lag = "0s"', 'lag = "0s";  series_max = 1'))
    with publishing(world):
        name = begun(world, "2.0.0")
        wait_until(lambda: rule(show(world, name), "queue").get("verdict") == "pass", 10, "the other source is watched")
        shown = show(world, name)
        assert rule(shown, "deep")["verdict"] == "inconclusive", shown["rules"]
        assert "depth: source prometheus:main watches 1 series already (its series_max)" in shown["why"], shown["why"]
        assert [count(world, "verdict_source_series", source) for source in ("prometheus:main", "mqtt:plant", "push")] == [1, 2, 0]
        end = ended(world, name)
    assert (end["state"], end["exit_code"], end["ending"]) == ("rolled_back", 6, "no_evidence"), end["summary"]
    assert "series_max" in end["why"], end["why"]
    assert count(world, "verdict_source_series_refused_total", "prometheus:main") == 1
    assert count(world, "verdict_source_series_refused_total", "mqtt:plant") == 0
    with open(world.log_files()["verdictd"], encoding="utf-8") as log:
        assert "(its series_max)" in log.read()
    wait_until(lambda: count(world, "verdict_source_series", "prometheus:main") == 0, 10, "what is over gives its room back")


def test_a_source_with_just_enough(world, fake):
    begin(world, edit=both_rules, daemon=fake_source(world, fake).replace('lag = "0s"', 'lag = "0s";  series_max = 2'))
    with publishing(world):
        for version in ("2.0.0", "3.0.0"):
            assert ended(world, begun(world, version))["state"] == "promoted"
    assert count(world, "verdict_source_series_refused_total", "prometheus:main") == 0
