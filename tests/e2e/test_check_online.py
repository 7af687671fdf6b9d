# test_check_online.py - verdict check --online: what rule files name, tried by the daemon with real sources and a real lever.
# SPDX-License-Identifier: MIT
import re
import subprocess

import world_config
from support import wait_until
from support.swift import allow, publishing, swift_rules

METRICS = """metrics: {
  seen: { source = "prometheus:main";  kind = "gauge";  query = "count(up{job='shop'})";  every = "1s";  better = "higher"; };
  served: { source = "prometheus:main";  kind = "counter";  every = "5s";  better = "lower";
    events = "http_requests_total{slot='{{slot}}',code=~'5..'}";  total = "http_requests_total{slot='{{slot}}'}"; };
  nowhere: { source = "prometheus:main";  kind = "gauge";  query = "no_such_series{slot='{{slot}}'}";  every = "1s";  better = "lower"; };
  silent: { source = "mqtt:plant";  kind = "gauge";  topic = "never/{{slot}}";  better = "lower"; };"""
TRIGGERS = """triggers: { blind: { when = "seen < 1 for 1s";  then = "hold"; };  broken: { when = "served > 5% for 1s";  then = "rollback"; };
  lost: { when = "nowhere > 1";  then = "rollback"; };  mute: { when = "silent > 1";  then = "rollback"; }; """


def line_of(text, what):
    return next(number for number, line in enumerate(text.splitlines(), 1) if what in line)


def write(world, names, script=None):
    """A rule file that the daemon does not have, good as it stands."""
    text = swift_rules(world, script=script).replace('triggers = [ "queue" ]', f"triggers = [ {', '.join(names)} ]")
    text = text.replace("metrics: {", METRICS).replace("triggers: {", TRIGGERS, 1)
    path = world.write("other.rules", text)
    assert world.verdict("check", path).returncode == 0, world.verdict("check", path).stdout
    return path, text


def check(world, names, script=None):
    path, text = write(world, names, script)
    return world.verdict("check", path, "--online"), path, text


def start_all(world):
    world.start_broker()
    for slot in ("blue", "green"):
        assert world.deploy(slot, "1.0.0").returncode == 0
    world.start_prometheus()
    world.start_haproxy("weights")
    world.start_load(rate=20)
    wait_until(lambda: world.query("http_requests_total{slot='blue'} offset 5s"), 20, "Prometheus has counted requests, also as long ago as it is asked about")
    quick = world.write("commands/quick", "#!/bin/sh\nexit 0\n", 0o700)
    world.start_runner(allow(world, quick))
    world.start_daemon(text=world_config.verdictd_text(world, kind="weights"), rules={"shop.rules": swift_rules(world)})
    adopted = world.api("POST", "/v1/services/shop/prod/adopt", {"slot": "blue", "version": "1.0.0", "reason": "first"})
    assert adopted.status == 200, adopted.text


def test_what_is_named_is_tried(world):
    start_all(world)
    with publishing(world):
        good, _path, _text = check(world, ['"queue"', '"blind"', '"broken"'])
        assert good.returncode == 0 and "good: 1 service" in good.stderr, good
        bad, path, text = check(world, ['"queue"', '"lost"', '"mute"'])
    assert bad.returncode == 1, bad
    assert f"{path}:{line_of(text, 'nowhere: {')}: shop/prod: metric nowhere: prometheus:main: the query has no series" in bad.stdout, bad
    assert f"{path}:{line_of(text, 'silent: {')}: shop/prod: metric silent: mqtt:plant: nothing came within" in bad.stdout, bad
    assert "2 findings" in bad.stderr, bad

    world.programs["haproxy"].stop()
    config = world.path("haproxy.cfg")
    with open(config, encoding="utf-8") as file:
        balanced = file.read()
    world.write("haproxy.cfg", re.sub(r"balance \w+", "balance leastconn", balanced))
    world.programs["haproxy"].start()
    world.programs["prometheus"].stop()
    other = world.write("commands/other", "#!/bin/sh\nexit 0\n", 0o700)
    bad, path, text = check(world, ['"blind"'], script=other)
    assert bad.returncode == 1, bad
    assert f'{path}:{line_of(text, "traffic = ")}: shop/prod: traffic: ' in bad.stdout and "leastconn" in bad.stdout, bad
    assert f"{path}:{line_of(text, 'deploy: {')}: shop/prod: command deploy: " in bad.stdout and "allow list" in bad.stdout, bad
    assert f"{path}:{line_of(text, 'seen: {')}: shop/prod: metric seen: prometheus:main: " in bad.stdout, bad

    refused = world.api("POST", "/v1/services/shop/stage/rehearse", {"sealed": "nothing"})
    assert refused.status == 422, refused.text
    token = world.api("POST", "/v1/tokens", {"principal": "ci", "scopes": ["read", "deploy"]}).json["token"]
    refused = world.api("POST", "/v1/services/shop/prod/rehearse", {"sealed": "nothing"}, {"Authorization": f"Bearer {token}"})
    assert refused.status == 403, "who sends rules says what the daemon asks"
    path, _text = write(world, ['"mute"'])
    with subprocess.Popen([world.program("verdict"), "check", path, "--online"], env=world.verdict_environment(), stderr=subprocess.PIPE, text=True) as asking:
        assert "trying shop/prod" in asking.stderr.readline()
        assert world.verdict("rehearse", "shop/prod").returncode == 5, "by then the other one is asked as well"
        assert world.programs["verdictd"].stop() == 0
        assert asking.wait(10) == 1 and "good" not in asking.stderr.read()
