# test_outages.py - sources that fail in every way, one after the other, and far too many values: each is said, all pass, memory stays.
# SPDX-License-Identifier: MIT
import contextlib
import os
import re
import subprocess
import time

from support import wait_until
from support.fake_prometheus import FakePrometheus
from support.swift import begin, begun, ended, fake_source, publishing, show
from world import find

# What Prometheus does, and a word of what people read then.
OUTAGES = [("killed", "connect"), ("422", "422"), ("503", "503"), ("500", "500"), ("html", "JSON"), ("warnings", "a store is away"), ("hung", "deadline"), ("slow", "deadline"),
           ("drip", "deadline"), ("endless", "longer than"), ("bomb", "longer than"), ("comma", "a sample that is none"), ("huge", "a sample that is none"), ("utf8", "UTF-8"),
           ("deep", "nested deeper"), ("points", "'matrix' instead of"), ("redirect", "redirect")]
RATE = 10  # values a second that `publishing` sends for each slot
GROWTH_MAX_KB = 4096
FLAPS = 2


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


# What may come instead of {"lag": 1}, and a word of what people read then.
NONSENSE = [('{"lag": NaN}', "no JSON"), ('{"lag": "NaN"}', "no number"), ('{"lag": 1e999}', "no JSON"), ('{"lag": "1,5"}', "no number"), ("<html></html>", "no JSON"), ('{"lag": ' + "[" * 100 + "]" * 100 + "}", "nested deeper"),
            ('{"lag": "\udcff"}', "UTF-8"), ('{"gal": 1}', "no .lag"), ('{"lag": 1, "lag": 2}', "twice"), ('{"lag": 1}' + " " * 70000, "longer than 65536"), ("x" * 10, "no JSON")]
LONGEST = (1 << 28) - 1  # of what a message of MQTT may have behind its first bytes


def test_messages_that_are_none(world):
    begin(world, observe="1h", at_most="2h")
    with publishing(world) as said:
        name = begun(world, "2.0.0")
        for payload, word in NONSENSE:
            said[0] = '{"lag": 1}'
            wait_until(lambda: rule(world, name, "queue")["verdict"] == "pass", 15, "it is well")
            said[0] = payload
            wait_until(lambda: rule(world, name, "queue")["reason"] == "source-error", 5, f"{payload[:20]}: the rule says so")
            wait_until(lambda word=word: word in show(world, name)["why"], 5, f"{payload[:20]}: people read why")
            assert rule(world, name, "queue")["verdict"] == "inconclusive"
        said[0] = '{"lag": 300}'
        wait_until(lambda: world.split() == 0, 15, "what is well said is heard")


def test_the_longest_message_there_can_be(world):
    """It is the rule's reason and takes no memory that stays; what comes after it is heard."""
    begin(world, observe="1h", at_most="2h", edit=lambda text: text.replace('max_age = "1s"', 'max_age = "10m"'))
    name = begun(world, "2.0.0")
    argv = [find("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(world.broker_port), "-t", "t/green"]

    def is_well():
        subprocess.run([*argv, "-m", '{"lag": 1}'], check=True, timeout=20)
        return rule(world, name, "queue")["verdict"] == "pass"

    wait_until(is_well, 15, "it is well")
    before = resident_kb(world)
    path = world.write("long", "")
    os.truncate(path, LONGEST - len("t/green") - 2)
    subprocess.run([*argv, "-f", path], check=True, timeout=60)
    wait_until(lambda: rule(world, name, "queue")["reason"] == "source-error", 60, "the rule says so")
    assert "longer than 65536" in show(world, name)["why"]
    wait_until(lambda: resident_kb(world) < before + GROWTH_MAX_KB, 10, "its memory is given back")
    subprocess.run([*argv, "-m", '{"lag": 300}'], check=True, timeout=20)
    wait_until(lambda: world.split() == 0, 15, "what comes after it is heard")


def test_a_broker_through_all_its_outages(world):
    """Killed, and flapping: the rule says that it is gone, and passes again by itself."""
    begin(world, observe="1h", at_most="2h")
    broker = world.programs["mosquitto"]

    def expect_well(how):
        wait_until(lambda: rule(world, name, "queue")["verdict"] == "pass", 45, f"{how}: it is well again, without a restart")

    with publishing(world) as said:
        name = begun(world, "2.0.0")
        expect_well("at first")
        before = resident_kb(world)
        broker.kill()
        wait_until(lambda: rule(world, name, "queue")["reason"] == "source-error", 25, "the rule says so")
        assert "the broker is gone" in show(world, name)["why"]
        broker.start()
        expect_well("killed")
        for _ in range(FLAPS):
            broker.kill()
            wait_until(lambda: rule(world, name, "queue")["verdict"] == "inconclusive", 10, "it is missed")
            broker.start()
            expect_well("flapping")
        assert resident_kb(world) < before + GROWTH_MAX_KB
        said[0] = '{"lag": 300}'
        wait_until(lambda: world.split() == 0, 15, "it is heard")


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


POSTED = 'posted: { source = "push";  every = "1s";  better = "lower"; };'
TOO_MUCH = 'posted: { when = "posted > 60";  then = "rollback"; };'
POST_MAX = 1000  # values of one request


def samples(world, count, value, age_s=0.0, became="taken"):
    """Posts so many at once, in as many requests as it takes; all of them became that."""
    for first in range(0, count, POST_MAX):
        one = {"metric": "posted", "value": value, "time": time.time() - age_s}
        answer = world.api("POST", "/v1/samples", {"service": "shop", "environment": "prod", "slot": "green", "samples": [one] * min(POST_MAX, count - first)})
        assert (answer.status, answer.json[became]) == (202, min(POST_MAX, count - first)), answer.text


def test_ten_and_a_hundred_times_as_many_posts(world):
    """The same by POST; what comes too late for its step is refused, counted, and no evidence."""
    edit = lambda text: text.replace("metrics: {", "metrics: { " + POSTED, 1).replace("triggers: {", "triggers: { " + TOO_MUCH, 1)  # noqa: E731
    begin(world, broker=False, trigger="posted", observe="1h", at_most="2h", edit=edit)
    name = begun(world, "2.0.0")

    def is_well():
        samples(world, RATE, 2)
        return rule(world, name, "posted")["verdict"] == "pass"

    wait_until(is_well, 15, "values come")
    before = resident_kb(world)
    for times in (10, 100):
        had = values_total(world)
        samples(world, RATE * 10 * times, 2)
        assert values_total(world) - had == RATE * 10 * times, "all of them are taken"
        assert is_well()
    late = metric(world, 'verdict_values_refused_total{why="late"}')
    samples(world, RATE, 300, age_s=5, became="late")
    assert metric(world, 'verdict_values_refused_total{why="late"}') == late + RATE
    wait_until(is_well, 5, "a few of many are borne")
    wait_until(lambda: rule(world, name, "posted")["dropped"] == RATE, 5, "and shown")
    samples(world, RATE * 10 * 100, 300, age_s=5, became="late")
    samples(world, RATE, 2)
    wait_until(lambda: rule(world, name, "posted")["reason"] == "dropped", 5, "too many are not")
    lost = rule(world, name, "posted")
    assert (lost["verdict"], lost["reason"], lost["dropped"]) == ("inconclusive", "dropped", RATE * 10 * 100 + RATE), lost
    assert 30 < lost["dropped_percent"] < 60, lost
    assert f"{lost['dropped']} dropped" in world.api("GET", f"/v1/deployments/{name}/report?format=text").text
    samples(world, RATE * 10 * 1000, 2)
    answer = world.api("POST", "/v1/samples", {"service": "shop", "environment": "prod", "slot": "green", "samples": [{"metric": "posted", "value": 300}] * (POST_MAX + 1)})
    assert answer.status == 422 and f"{POST_MAX} elements" in answer.text, answer.text
    wait_until(is_well, 5, "the burst is a small part of what came")
    assert resident_kb(world) < before + GROWTH_MAX_KB
    samples(world, RATE, 300)
    assert ended(world, name)["exit_code"] == 3
    verdicts = world.api("GET", f"/v1/deployments/{name}/report").json["verdicts"]
    assert [v["dropped"] for v in verdicts if v["verdict"] == "fail"] == [RATE * 10 * 100 + RATE], "its evidence tells, for good"


def test_two_sources_with_trouble_and_a_restart(world):
    """Each trouble is told as long as it lasts, by the rule that lacks it; another source that is well again does not end it, and a value does, after a restart too."""
    fake = FakePrometheus("good")

    def why():
        return show(world, name)["why"]

    try:
        begin(world, trigger='queue", "deep', observe="1h", at_most="2h", daemon=fake_source(world, fake))
        with publishing(world) as said:
            name = begun(world, "2.0.0")
            wait_until(lambda: rule(world, name, "queue")["verdict"] == rule(world, name, "deep")["verdict"] == "pass", 15, "both are well")
            fake.become("500")
            wait_until(lambda: why().startswith("depth: ") and "500" in why(), 15, "people read of the first")
            said[0] = "<html></html>"
            wait_until(lambda: rule(world, name, "queue")["reason"] == "source-error", 10, "the second one errs, too")
            fake.become("good")
            wait_until(lambda: rule(world, name, "deep")["verdict"] == "pass", 15, "the first is well")
            assert why().startswith("lag: ") and "no JSON" in why(), why()
            said[0] = '{"lag": 1}'
            wait_until(lambda: rule(world, name, "queue")["verdict"] == "pass", 10, "the second as well")
            wait_until(lambda: why() == "", 5, "and nothing is said of it any more")
            fake.become("500")
            wait_until(lambda: why().startswith("depth: "), 15, "it errs again")
            for verb in ("hold", "resume"):  # what is read is in the journal then
                assert world.api("POST", f"/v1/deployments/{name}/{verb}", {"reason": "a look"}).status == 200
            world.programs["verdictd"].restart()
            assert why().startswith("depth: "), "a restart does not forget it"
            fake.become("good")
            wait_until(lambda: rule(world, name, "deep")["verdict"] == "pass", 20, "it is well")
            wait_until(lambda: why() == "", 5, "and nothing is said of it any more")
    finally:
        fake.stop()


def test_a_broken_file_of_a_series(world):
    """It is set aside and begun anew; that is counted and logged, and no verdict waits for it."""
    fake = FakePrometheus("good")
    try:
        begin(world, broker=False, trigger="deep", observe="1h", at_most="2h", daemon=fake_source(world, fake))
        world.write("data/series/shop/prod/slot.green/depth.rrd", "no file of ours\n" * 100)
        assert metric(world, "verdict_archive_files_set_aside_total") == 0
        name = begun(world, "2.0.0")
        wait_until(lambda: rule(world, name, "deep")["verdict"] == "pass", 15, "it is judged")

        def is_set_aside():
            world.api("GET", f"/v1/deployments/{name}/graph?metric=depth")  # writes what waits
            return metric(world, "verdict_archive_files_set_aside_total") == 1

        wait_until(is_set_aside, 20, "it is counted")
        with open(world.path("data", "series", "shop", "prod", "slot.green", "depth.rrd"), "rb") as file:
            assert file.read(4) == b"RRD\0", "and begun anew"
    finally:
        fake.stop()


def test_a_metric_of_tenths_of_a_second_has_a_file(world):
    """A row of its file is a second: what was said last in it."""
    begin(world, observe="1h", at_most="2h")
    path = world.path("data", "series", "shop", "prod", "slot.green", "lag.rrd")

    def has_values():
        world.api("GET", f"/v1/deployments/{name}/graph?metric=lag")  # writes what waits
        text = subprocess.run([find("rrdtool"), "fetch", path, "AVERAGE", "-s", "-5s"], capture_output=True, text=True, check=False).stdout
        return re.search(r"^\d+: 7[.,]0+e\+00$", text, re.M)

    with publishing(world) as said:
        said[0] = '{"lag": 7}'
        name = begun(world, "2.0.0")
        wait_until(has_values, 20, "rrdtool reads them")
        assert metric(world, 'verdict_archive_values_lost_total{why="step"}') == 0
