# test_alertmanager.py - alerts of a real Alertmanager are signals: what it says of a candidate takes it back.
# SPDX-License-Identifier: MIT
import datetime
import json
import urllib.request

import pytest

import world_config
from support import swift, wait_until
from support.swift import begin, begun, ended, show

# As the README of the API has it; only sooner.
CONFIG = """route: {{ receiver: verdict, group_by: [ alertname, service, environment ], group_wait: 0s, group_interval: 1s, repeat_interval: 1s }}
receivers: [ {{ name: verdict, webhook_configs: [ {{ url: "http://127.0.0.1:{port}/v1/hooks/alertmanager?environment=prod", send_resolved: true, max_alerts: 100,
             http_config: {{ authorization: {{ credentials_file: {token} }} }} }} ] }} ]
"""
HEARD = """heard: { when = "not signal('FewErrors')";  then = "rollback"; };"""


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
def make_listening(world, monkeypatch):
    """A world in which Alertmanager tells verdictd, by its token."""
    monkeypatch.setattr(swift, "RULES", swift.RULES.replace("triggers: {", "triggers: { " + HEARD, 1))
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
