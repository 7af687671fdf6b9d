# test_past.py - a version held against what served before it: nothing serves beside it, and the past is measured between deployments.
# SPDX-License-Identifier: MIT
import contextlib
import threading
import time

from support import wait_until
from support.swift import begun, ended, show

RULES = """
metrics: { failing: { source = "push";  kind = "counter";  scope = "service";  resolution = "1s";  max_age = "3s"; }; };
baselines: { past: { against = [ "before" ];  every = "1s";  block = "1s";  need = "20 requests";  compare: { failing: { allow = "+0%"; }; }; }; };
strategies: { watched: { kind = "follow";  steps = ( { watch = "20s";  at_most = "AT_MOST"; } ); }; };
services: { shop: { rules: { baselines = [ "past" ]; };  environments: { prod: { strategy = "watched"; }; }; }; };
"""


def rules(at_most="60s"):
    return RULES.replace("AT_MOST", at_most)


@contextlib.contextmanager
def posting(world, events):
    """Posts ten requests five times a second, so many of them bad; the list's one item says how many, and None posts nothing."""
    said, over, taken = [events], threading.Event(), [0]

    def repeat():
        while not over.wait(0.2):
            if said[0] is None:
                continue
            body = {"service": "shop", "environment": "prod", "samples": [{"metric": "failing", "events": said[0], "total": 10}]}
            with contextlib.suppress(OSError):  # while the daemon is away
                taken[0] += world.api("POST", "/v1/samples", body).json.get("taken", 0)

    poster = threading.Thread(target=repeat, daemon=True)
    poster.start()
    try:
        yield said, taken
    finally:
        over.set()
        poster.join(10)


def begin(world, text):
    world.start_broker()
    world.start_runner()
    world.start_daemon(rules={"shop.rules": text})
    adopted = world.api("POST", "/v1/services/shop/prod/adopt", {"version": "1.0.0", "reason": "first"})
    assert adopted.status == 200, adopted.text


def rule_of(world, name):
    return show(world, name)["rules"][0]


def test_a_version_is_held_against_what_served_before(world):
    begin(world, rules())
    with posting(world, 0.1) as (said, taken):
        wait_until(lambda: taken[0] > 0, 10, "what serves is measured although nothing is under way")
        time.sleep(20)
        good = begun(world, "2.0.0")
        assert ended(world, good, 60)["state"] == "promoted"
        assert (rule_of(world, good)["verdict"], rule_of(world, good)["against"]) == ("pass", "before")
        bad = begun(world, "3.0.0")
        said[0] = 5
        wait_until(lambda: rule_of(world, bad).get("against") == "before", 20, "it is compared")
        world.programs["verdictd"].kill()
        world.programs["verdictd"].start()
        shown = ended(world, bad, 60)
        assert shown["exit_code"] == 3 and shown["state"] == "rolled_back", shown
    rule = rule_of(world, bad)
    assert rule["verdict"] == "fail" and rule["against"] == "before" and rule["estimate"] > 5, rule
    report = world.verdict("report", bad)
    assert "(before)" in report.stdout, report.stdout


def test_without_a_past_nothing_passes(world):
    begin(world, rules(at_most="22s"))
    name = begun(world, "2.0.0")
    with posting(world, 0.1):
        wait_until(lambda: rule_of(world, name)["count"] is not None, 20, "it is judged")
        wait_until(lambda: show(world, name)["done"] or show(world, name)["step"]["state"] != "observing", 30, "its time is over")
    assert show(world, name)["state"] != "promoted"
    rule = rule_of(world, name)
    assert rule["verdict"] == "inconclusive" and rule["reason"] in ("too-few", "no-baseline"), rule
