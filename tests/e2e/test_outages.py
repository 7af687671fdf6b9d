# test_outages.py - sources that fail in every way, one after the other, and far too many values: each is said, all pass, memory stays.
# SPDX-License-Identifier: MIT
import contextlib
import re
import subprocess

from support import wait_until
from support.fake_prometheus import FakePrometheus
from support.swift import begin, begun, fake_source, publishing, show
from world import find

# What Prometheus does, and a word of what people read then.
OUTAGES = [("killed", "connect"), ("422", "422"), ("503", "503"), ("500", "500"), ("html", "JSON"), ("warnings", "a store is away"), ("hung", "deadline"), ("slow", "deadline"),
           ("drip", "deadline"), ("endless", "longer than"), ("bomb", "longer than"), ("comma", "a sample that is none"), ("huge", "a sample that is none"), ("utf8", "UTF-8"),
           ("deep", "nested deeper"), ("points", "'matrix' instead of"), ("redirect", "redirect")]
RATE = 10  # values a second that `publishing` sends for each slot
GROWTH_MAX_KB = 4096


def rule(world, name, which):
    return next(one for one in show(world, name)["rules"] if one["name"] == which)


def resident_kb(world):
    with open(f"/proc/{world.programs['verdictd'].pid}/smaps_rollup", encoding="ascii") as file:
        return int(re.search(r"^Rss: +(\d+) kB$", file.read(), re.M)[1])


def test_prometheus_through_all_its_outages(world):
    fake = FakePrometheus("good")
    try:
        settings = fake_source(world, fake)
        assert 'lag = "0s"' in settings
        begin(world, broker=False, trigger="deep", observe="1h", at_most="2h", daemon=settings.replace('lag = "0s"', 'lag = "0s";  timeout = "500ms"'))
        name = begun(world, "2.0.0")
        before = None
        for mode, word in OUTAGES:
            fake.become("good")
            wait_until(lambda: rule(world, name, "deep")["verdict"] == "pass", 15, "it is well again, without a restart")
            before = before or resident_kb(world)
            fake.become(mode)
            wait_until(lambda: rule(world, name, "deep")["reason"] == "source-error", 15, f"{mode}: the rule says so")
            wait_until(lambda word=word: word in show(world, name)["why"], 5, f"{mode}: people read why")
            assert rule(world, name, "deep")["verdict"] == "inconclusive"
        assert resident_kb(world) < before + GROWTH_MAX_KB
        fake.become("bad")
        wait_until(lambda: world.split() == 0, 15, "it is heard when it is back")
    finally:
        fake.stop()


def burst(world, seconds, times):
    """As many values as come in `seconds`, `times` as often; at once."""
    argv = [find("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(world.broker_port), "-t", "t/green", "-q", "1", "-l"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as flood:
        with contextlib.suppress(BrokenPipeError):
            flood.stdin.write('{"lag": 2}\n' * (RATE * seconds * times))
    assert flood.returncode == 0


def metric(world, name):
    return int(re.search(rf"^{re.escape(name)} (\d+)$", world.api("GET", "/metrics").text, re.M)[1])


def values_total(world):
    return metric(world, "verdict_values_total")


def test_ten_and_a_hundred_times_as_many(world):
    """None is lost, none takes memory: a step of a window has room for any number of values."""
    begin(world, observe="1h", at_most="2h")
    with publishing(world):
        name = begun(world, "2.0.0")
        wait_until(lambda: rule(world, name, "queue")["verdict"] == "pass", 15, "values come")
        before = resident_kb(world)
        for times in (10, 100):
            had = values_total(world)
            burst(world, 10, times)
            wait_until(lambda had=had, times=times: values_total(world) - had >= RATE * 10 * times, 20, "all of them are taken")
            assert rule(world, name, "queue")["verdict"] == "pass"
        assert metric(world, 'verdict_mqtt_dropped_total{source="plant",why="payload"}') == 0
        huge = subprocess.run([find("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(world.broker_port), "-t", "t/green", "-s"], input=" " * (1 << 20), text=True, timeout=20, check=False)
        assert huge.returncode == 0
        wait_until(lambda: metric(world, 'verdict_mqtt_dropped_total{source="plant",why="payload"}') == 1, 5, "what is too long is dropped, and counted")
        assert metric(world, 'verdict_archive_values_lost_total{why="queue"}') == 0
        assert resident_kb(world) < before + GROWTH_MAX_KB
