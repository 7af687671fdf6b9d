# test_faults_sources.py - sources and broker that fail: what is missing or nonsense is no evidence, and nothing passes by mistake.
# SPDX-License-Identifier: MIT
import subprocess

import pytest

from support import wait_until
from support.fake_prometheus import FakePrometheus
from support.swift import begin, begun, ended, fake_source, publishing, show
from world import find

# What Prometheus answers, the reason that the rule gives, and a word of what people read ("" none).
TROUBLES = [("500", "source-error", "500"), ("html", "source-error", "JSON"), ("truncated", "source-error", "JSON"),
            ("warnings", "source-error", "a store is away"), ("empty", "no-data", ""), ("two", "ambiguous", "combine them: {"), ("nan", "not-finite", "NaN")]


@pytest.fixture(name="fake")
def make_fake():
    fake = FakePrometheus()
    yield fake
    fake.stop()


def rule(shown, name):
    return next(one for one in shown["rules"] if one["name"].endswith(name))


@pytest.mark.parametrize("mode, reason, word", TROUBLES, ids=[mode for mode, _reason, _word in TROUBLES])
def test_prometheus_that_says_nothing(world, fake, mode, reason, word):
    fake.mode = mode
    begin(world, broker=False, trigger="deep", at_most="3s", daemon=fake_source(world, fake))
    name = begun(world, "2.0.0")
    wait_until(lambda: rule(show(world, name), "deep").get("reason") == reason, 8, f"the rule says {reason}")
    end = ended(world, name)
    assert (end["state"], end["exit_code"], end["ending"]) == ("rolled_back", 6, "no_evidence"), end["summary"]
    assert rule(end, "deep")["verdict"] == "inconclusive", end["rules"]
    assert word in end["why"], end["why"]
    assert f"({reason})" in world.verdict("explain", name).stdout
    verdicts = world.api("GET", f"/v1/deployments/{name}/report").json["verdicts"]
    assert [(v["rule"], v["verdict"], v["reason"]) for v in verdicts] == [("deep", "inconclusive", reason)], "what it ended for is kept"
    assert fake.asked > 0 and world.split() == 0


def certificate(world, name, *when):
    """NAME.crt and NAME.key of 127.0.0.1, for two days from `when`."""
    path = world.path(name)
    subprocess.run([find("faketime"), *when, find("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{path}.key", "-out", f"{path}.crt"], check=True, capture_output=True, timeout=30)
    return f"{path}.crt", f"{path}.key"


@pytest.mark.parametrize("when, state, word", [("-1 hour", "promoted", ""), ("-9 days", "rolled_back", "certificate has expired")], ids=["valid", "expired"])
def test_prometheus_and_its_certificate(world, when, state, word):
    files = certificate(world, "prometheus", when)
    fake = FakePrometheus(certificate=files)
    try:
        settings = fake_source(world, fake).replace('lag = "0s"', f'lag = "0s";  ca = "{files[0]}"')
        begin(world, broker=False, trigger="deep", at_most="3s", daemon=settings)
        name = begun(world, "2.0.0")
        if word:
            wait_until(lambda: rule(show(world, name), "deep").get("reason") == "source-error", 8, "the rule says so")
        end = ended(world, name)
    finally:
        fake.stop()
    assert end["state"] == state, end["summary"]
    assert word in end["why"], end["why"]


def test_prometheus_comes_back_in_time(world, fake):
    fake.mode = "500"
    begin(world, broker=False, trigger="deep", at_most="15s", daemon=fake_source(world, fake))
    name = begun(world, "2.0.0")
    wait_until(lambda: rule(show(world, name), "deep").get("reason") == "source-error", 8, "the rule says so")
    fake.mode = "good"
    assert ended(world, name)["state"] == "promoted"


def test_prometheus_whose_clock_is_wrong(world, fake):
    def skew():
        lines = [line for line in world.api("GET", "/metrics").text.splitlines() if line.startswith("verdict_source_skew_seconds{")]
        return {line.split('"')[1]: float(line.split()[-1]) for line in lines}

    def said():
        with open(world.log_files()["verdictd"], encoding="utf-8") as log:
            return [line for line in log if "prometheus main: its clock is" in line]

    begin(world, broker=False, trigger="deep", daemon=fake_source(world, fake))
    wait_until(lambda: abs(skew().get("prometheus:main", 99)) < 2, 15, "its clock is known, though nobody watches")
    assert list(skew()) == ["prometheus:main"] and not said(), "what was not measured is not told"
    fake.skew_s = -3600
    assert ended(world, begun(world, "2.0.0"))["state"] == "promoted"
    assert abs(skew()["prometheus:main"] + 3600) < 2
    assert len(said()) == 1 and "s behind ours: it is asked by its own" in said()[0], said()


@pytest.mark.parametrize("payload", ['{"lag": NaN}', '{"lag": "NaN"}', '{"lag": 1e999}', '{"lag": "1,5"}', None], ids=["nan", "text", "huge", "comma", "silence"])
def test_values_over_mqtt_that_are_none(world, payload):
    begin(world, at_most="2s")
    with publishing(world, payload):
        end = ended(world, begun(world, "2.0.0"))
    assert (end["state"], end["exit_code"]) == ("rolled_back", 6), end["summary"]
    assert rule(end, "queue")["verdict"] == "inconclusive"


def test_stale_values(world):
    begin(world, observe="4s", at_most="6s")
    with publishing(world) as said:
        name = begun(world, "2.0.0")
        wait_until(lambda: rule(show(world, name), "queue").get("verdict") == "pass", 8, "the rule is content")
        said[0] = None
        wait_until(lambda: rule(show(world, name), "queue")["reason"] == "stale", 5, "the values are stale")
        end = ended(world, name)
    assert (end["state"], end["exit_code"]) == ("rolled_back", 6), end["summary"]


def test_broker_dies_and_comes_back(world):
    begin(world, observe="4s")
    with publishing(world):
        name = begun(world, "2.0.0")
        wait_until(lambda: rule(show(world, name), "queue").get("verdict") == "pass", 8, "the rule is content")
        world.programs["mosquitto"].kill()
        wait_until(lambda: rule(show(world, name), "queue")["verdict"] == "inconclusive", 5, "nothing is known any more")
        assert "mqtt" in world.api("GET", "/readyz?verbose").text
        world.programs["mosquitto"].start()
        assert ended(world, name, 18)["state"] == "promoted"
