# test_traffic.py - the lever and what counts behind it: shares as asked, reloads, unknown hands, dead sources, series on disk.
# SPDX-License-Identifier: MIT
import json
import time

import pytest

from support import wait_until
from support.rrd import rows, rrdtool, series_file
from support.rules import deployment, start, start_all
from world_config import verdictd_text

REQUESTS_MIN = 3000  # of which a share has a standard error of at most 0.9 points
POINTS = 1.0

LB_ERRORS = """
triggers: {
  refused: { when = "avg(lb_errors, 2s) > 5% for 1s";  need = "20 requests";  then = "rollback"; };
  stalled: { when = "lb_time > 2s for 2s";  then = "rollback"; };
};
"""

STEPS = """
strategies: {
  patient: { kind = "canary";
    steps = ( { command = "deploy"; }, { smoke = "basic"; },
              { route = "5%";   observe = "5m";  at_most = "10m"; },
              { route = "25%";  observe = "5m";  at_most = "10m"; },
              { route = "50%";  observe = "5m";  at_most = "10m"; },
              { route = "100%"; watch = "2s";    at_most = "20s"; } );
    after: { retire = "stable";  delay = "1s"; }; };
  limited: { kind = "canary";
    steps = ( { command = "deploy"; }, { smoke = "basic"; },
              { route = "25%";  observe = "4s";  at_most = "8s"; },
              { route = "100%"; watch = "2s";    at_most = "8s"; } ); };
};
"""


def versions(world):
    """Answers by version, of a moment that lies after the call."""
    begin = world.counts()["seconds"]
    wait_until(lambda: world.counts()["seconds"] > begin, 5, "the users have counted anew")
    return {version: sum(statuses.values()) for version, statuses in world.counts()["by_version"].items()}


def measured(world, version, before):
    """(share in percent, requests) since then."""
    now = versions(world)
    rise = {name: count - before.get(name, 0) for name, count in now.items()}
    total = sum(rise.values())
    return (100.0 * rise.get(version, 0) / total if total else 0.0, total)


def assert_share(world, version, percent):
    """A few requests more are waited for where chance alone leads away; a wrong share stays wrong."""
    wait_until(lambda: deployment(world)["share"] == percent, 20, f"{percent} % are confirmed")
    before, last = versions(world), [None]

    def fits():
        last[0] = measured(world, version, before)
        return last[0][1] >= REQUESTS_MIN and abs(last[0][0] - percent) <= POINTS

    try:
        wait_until(fits, 40, "the measured share fits the asked one")
    except TimeoutError:
        pytest.fail(f"asked {percent} %, measured {last[0]}")


def failed(world):
    """What failed on the way: connections, and answers that are none of the shop's (it is well here)."""
    counts = world.counts()
    return counts["connection_errors"] + sum(count for status, count in counts["by_status"].items() if int(status) >= 500)


def step_on(world):
    before = deployment(world)["step"]["index"]
    wait_until(lambda: world.verdict("promote", "shop/prod", "--reason", "seen").returncode == 0, 20, "all rules pass")
    wait_until(lambda: deployment(world)["step"]["index"] > before, 10, "the next step has begun")


def settings(world, more):
    return verdictd_text(world) + more


def test_shares_are_as_asked_and_nobody_notices(world):
    start_all(world, strategy="patient", more_rules=STEPS, rate=600, connections=24)
    start(world, "2.0.0")
    for percent in (5, 25, 50):
        assert_share(world, "2.0.0", percent)
        if percent == 25:
            world.reload_haproxy()
            assert world.split() == 2500
            assert_share(world, "2.0.0", 25)
        step_on(world)
    wait_until(lambda: deployment(world)["done"], 30, "the deployment is over")
    assert deployment(world)["state"] == "promoted"
    wait_until(lambda: not world.shop("blue").running(), 15, "the old slot is retired")
    world.reload_haproxy()
    assert world.split() == 10000
    assert measured(world, "2.0.0", versions(world))[0] == 100.0
    assert failed(world) == 0, world.counts()


def test_going_back_costs_no_request(world):
    start_all(world, strategy="patient", more_rules=STEPS, rate=300)
    start(world, "2.0.0")
    wait_until(lambda: deployment(world)["share"] == 5, 20, "the candidate has traffic")
    step_on(world)
    wait_until(lambda: deployment(world)["share"] == 25, 20, "25 % are confirmed")
    world.reload_haproxy()
    begin = time.monotonic()
    assert world.verdict("rollback", "shop/prod", "--reason", "tried").returncode == 0
    wait_until(lambda: world.split() == 0, 5, "the traffic is back")
    assert time.monotonic() - begin < 5
    wait_until(lambda: deployment(world)["done"], 20, "the deployment is over")
    assert deployment(world)["exit_code"] == 3
    assert measured(world, "1.0.0", versions(world))[0] == 100.0
    world.reload_haproxy()
    assert world.split() == 0
    assert failed(world) == 0, world.counts()


def kill_prometheus(world):
    world.programs["prometheus"].kill()


def test_without_prometheus_the_step_ends_as_declared(world):
    start_all(world, strategy="limited", more_rules=STEPS, rules='baselines = [ "beside" ];  triggers = [ "errors" ];')
    start(world, "2.0.0")
    wait_until(lambda: deployment(world)["share"] == 25, 20, "the candidate has traffic")
    kill_prometheus(world)
    wait_until(lambda: all(rule["reason"] == "source-error" for rule in deployment(world)["rules"]), 10, "the rules know why they know nothing")
    now = deployment(world)
    assert all(rule["verdict"] == "inconclusive" for rule in now["rules"]), now["rules"]
    assert (now["done"], now["share"]) == (False, 25), "the step holds to its declared end"
    wait_until(lambda: deployment(world)["done"], 20, "the deployment is over")
    end = deployment(world)
    assert (end["state"], end["ending"], end["exit_code"]) == ("rolled_back", "no_evidence", 6)
    assert world.split() == 0


def test_what_haproxy_counts_judges_without_prometheus(world):
    start_all(world, strategy="patient", more_rules=STEPS + LB_ERRORS, rules='triggers = [ "errors", "refused", "stalled" ];')
    start(world, "2.0.0")
    wait_until(lambda: deployment(world)["share"] == 5, 20, "the candidate has traffic")
    step_on(world)
    wait_until(lambda: deployment(world)["share"] == 25, 20, "25 % are confirmed")
    kill_prometheus(world)
    wait_until(lambda: rule(world, "refused")["verdict"] == "pass", 15, "what HAProxy counts is enough for a pass")
    assert rule(world, "errors")["verdict"] == "inconclusive"
    world.set_faults("green", share=0.5)
    wait_until(lambda: deployment(world)["done"], 20, "the deployment is over")
    end = deployment(world)
    assert (end["state"], end["exit_code"]) == ("rolled_back", 3)
    assert rule(world, "refused")["decided"]
    assert world.split() == 0


def rule(world, name):
    return next(rule for rule in deployment(world)["rules"] if rule["name"] == name)


def test_who_lowers_the_share_is_respected(world):
    start_all(world, strategy="patient", more_rules=STEPS, daemon=lambda w: settings(w, 'reconcile = "500ms";\n'))
    start(world, "2.0.0")
    wait_until(lambda: deployment(world)["share"] == 5, 20, "the candidate has traffic")
    step_on(world)
    wait_until(lambda: deployment(world)["share"] == 25, 20, "25 % are confirmed")
    world.set_split(300)
    wait_until(lambda: deployment(world)["hold"] == "unknown_hand", 5, "the unknown hand is seen")
    held = deployment(world)
    assert (held["step_state"], held["share"], held["desired_share"]) == ("held", 3, 25)
    assert world.split() == 300, "nobody takes the share back from them"
    wait_until(lambda: any(n["body"]["type"] == "verdict.deployment.held" for n in world.notices()), 10, "people hear of it")
    assert world.verdict("resume", "shop/prod", "--reason", "known now").returncode == 0
    wait_until(lambda: world.split() == 2500 and deployment(world)["share"] == 25, 5, "the share is applied again")
    assert deployment(world)["hold"] is None


def test_who_raises_the_share_is_mended(world):
    start_all(world, strategy="patient", more_rules=STEPS, daemon=lambda w: settings(w, 'reconcile = "500ms";\n'))
    start(world, "2.0.0")
    wait_until(lambda: deployment(world)["share"] == 5, 20, "the candidate has traffic")
    world.set_split(9000)
    begin = time.monotonic()
    wait_until(lambda: world.split() == 500, 5, "the share is mended")
    assert time.monotonic() - begin < 2.5
    wait_until(lambda: deployment(world)["share"] == 5, 5, "and confirmed")
    assert deployment(world)["hold"] is None


KNOWN = """
metrics: { known: { source = "mqtt:plant";  topic = "known/{{slot}}";  value = ".value";  every = "1s"; }; };
triggers: { known: { when = "known < 0";  then = "rollback"; }; };
"""


def publish_each_second(publisher, topic, values):
    """In the middle of the seconds of the daemon's clock; returns [(wall time, value)]."""
    sent = []
    for value in values:
        rest = (0.5 - time.clock_gettime(time.CLOCK_BOOTTIME)) % 1.0
        time.sleep(rest)
        sent.append((time.time(), value))
        assert publisher.publish(topic, json.dumps({"value": value}))
        time.sleep(0.1)
    return sent


def test_series_on_disk_are_what_was_sent(world):
    from mqtt_publisher import Publisher

    start_all(world, strategy="patient", more_rules=STEPS + KNOWN, rules='triggers = [ "known" ];')
    start(world, "2.0.0")
    wait_until(lambda: deployment(world)["share"] == 5, 20, "the candidate has traffic")
    publisher = Publisher(("127.0.0.1", world.broker_port), "known")
    sent = publish_each_second(publisher, "known/green", [3.25, 1000000.5, 0.0, 7.0, 41.125, 1e-6, 12.0, 99.0])
    publisher.close()
    wait_until(lambda: rule(world, "known")["verdict"] == "pass", 10, "the values arrived")
    world.programs["verdictd"].stop()  # in the last second, which is written as it is
    path = series_file(world, "slot.green", "known")
    info = rrdtool("info", path)
    assert "step = 1\n" in info and 'type = "GAUGE"' in info, info
    kept = [(at, value) for at, (value,) in rows(path, int(sent[0][0] - 5), int(sent[-1][0] + 5))]
    assert [value for _, value in kept] == pytest.approx([value for _, value in sent]), kept
    assert all(abs(at - then) <= 1.5 for (at, _), (then, _) in zip(kept, sent)), (kept, sent)
