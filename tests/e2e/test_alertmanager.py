# test_alertmanager.py - alerts of a real Alertmanager are signals: what it says of a candidate takes it back.
# SPDX-License-Identifier: MIT
import datetime
import itertools
import json
import time
import urllib.request

import pytest

import world_config
from support import swift, wait_until
from support.rrd import rows, series_file
from support.swift import begin, begun, ended, show

# As the README of the API has it; only sooner.
CONFIG = """route: {{ receiver: verdict, group_by: [ alertname, service, environment ], group_wait: 0s, group_interval: 1s, repeat_interval: 1s }}
receivers: [ {{ name: verdict, webhook_configs: [ {{ url: "http://127.0.0.1:{port}/v1/hooks/alertmanager?environment=prod", send_resolved: true, max_alerts: 100,
             http_config: {{ authorization: {{ credentials_file: {token} }} }} }} ] }} ]
"""
HEARD = """heard: { when = "not signal('FewErrors')";  then = "rollback"; };"""
KEPT = """heard: { when = "signal('FewErrors')";  then = "rollback";  mode = "record"; };"""


def alert(world, name, instance="a", is_over=False):
    """As Prometheus tells it to Alertmanager."""
    now = datetime.datetime.now(datetime.timezone.utc)
    one = {"labels": {"alertname": name, "service": "shop", "instance": instance}, "startsAt": (now - datetime.timedelta(minutes=1)).isoformat()}
    if is_over:
        one["endsAt"] = now.isoformat()
    request = urllib.request.Request(f"http://127.0.0.1:{world.alertmanager_port}/api/v2/alerts", json.dumps([one]).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert answer.status == 200


def heard(world, name):
    return next(rule for rule in show(world, name)["rules"] if rule["name"] == "heard")["verdict"]


@pytest.fixture(name="listening")
def make_listening(world, monkeypatch, request):
    """A world in which Alertmanager tells verdictd, by its token; the test may say what rule is judged."""
    rule = getattr(request, "param", HEARD)
    monkeypatch.setattr(swift, "RULES", swift.RULES.replace("triggers: {", "triggers: { " + rule, 1))
    begin(world, broker=False, trigger="heard", observe="1h", at_most="2h")
    made = world.api("POST", "/v1/tokens", {"principal": "alertmanager", "scopes": ["deploy"], "services": ["shop"]})
    assert made.status == 201, made.text
    token = world.write("alertmanager.token", made.json["token"])
    text = CONFIG.format(port=world.api_port, token=token)
    monkeypatch.setattr(world_config, "alertmanager_text", lambda _place: text)
    world.start_alertmanager()
    return world


def test_an_alert_that_is_over_takes_it_back(listening):
    world = listening
    name = begun(world, "2.0.0")
    wait_until(lambda: show(world, name)["share"] > 0, 15, "it has traffic")
    assert heard(world, name) == "inconclusive", "nobody spoke yet"
    alert(world, "FewErrors", "a")
    alert(world, "FewErrors", "b")
    wait_until(lambda: heard(world, name) == "pass", 15, "both fire: all is well")
    alert(world, "FewErrors", "a", is_over=True)
    with pytest.raises(TimeoutError):
        wait_until(lambda: show(world, name)["done"], 2.5, "one of two still fires")
    alert(world, "FewErrors", "b", is_over=True)
    end = ended(world, name, 30)
    assert (end["state"], end["exit_code"]) == ("rolled_back", 3), end["summary"]


@pytest.mark.parametrize("listening", [KEPT], indirect=True, ids=["recorded"])
def test_what_alertmanager_told_stands_in_the_file(listening):
    world = listening
    name = begun(world, "2.0.0")
    wait_until(lambda: show(world, name)["share"] > 0, 15, "it has traffic")
    turns = []  # (when it was told to Alertmanager, what the file has from then on)
    for is_over in (False, True, False, True):
        turns.append((time.time(), 0.0 if is_over else 1.0))
        alert(world, "FewErrors", is_over=is_over)
        wait_until(lambda is_over=is_over: heard(world, name) == ("pass" if is_over else "fail"), 15, "it is heard")
        time.sleep(0 if is_over else 4)  # meanwhile it is told again
    assert not show(world, name)["done"], "that was written down only"
    world.programs["verdictd"].stop()
    kept = [(at, value) for at, (value,) in rows(series_file(world, "service", "signal_fewerrors"))]
    spells = [(value, [at for at, _ in of]) for value, of in itertools.groupby(kept, lambda row: row[1])]
    assert [value for value, _ in spells] == [value for _, value in turns], kept
    for (since, value), (until, _), (_, seconds) in zip(turns, [*turns[1:], (time.time(), None)], spells):
        assert since - 1 <= seconds[0] and seconds[-1] <= until + 3, (turns, kept)
        assert len(seconds) >= (2 if value else 1), (turns, kept)
