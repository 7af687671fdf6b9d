# test_days.py - a version held against the same hours of another day, which the daemon reads from its own files.
# SPDX-License-Identifier: MIT
import contextlib
import json
import os
import subprocess
import threading
import time
from pathlib import Path

import test_past
from support.swift import begun, ended

BUILD = Path(os.environ.get("BUILD_DIR", Path(__file__).resolve().parents[2] / "build"))
DAY, MARGIN = 86400, 300  # seconds
RULES = test_past.RULES.replace('"before"', '"1d"').replace("20s", "10s").replace("AT_MOST", "30s")


TAIL_RULES = """
metrics: { answers: { source = "otlp";  kind = "histogram";  scope = "service";  every = "1s";  max_age = "3s";  unit = "s";  buckets = "answers"; }; };
baselines: { past: { against = [ "1d" ];  every = "1s";  block = "1s";  need = "20 requests";  compare: { answers: { allow = "+0%"; }; }; }; };
strategies: { watched: { kind = "follow";  steps = ( { watch = "10s";  at_most = "30s"; } ); }; };
services: { shop: { rules: { baselines = [ "past" ]; };  environments: { prod: { strategy = "watched"; }; }; }; };
"""


@contextlib.contextmanager
def answering(world, counts):
    """Posts five times a second what 50 more answers took: up to 0.1 s, up to 0.3 s, longer."""
    said, over, sums = [counts], threading.Event(), [0, 0, 0]
    began_ns = str(time.time_ns())

    def repeat():
        while not over.wait(0.2):
            sums[:] = [before + more for before, more in zip(sums, said[0])]
            point = {"startTimeUnixNano": began_ns, "timeUnixNano": str(time.time_ns()), "count": str(sum(sums)), "sum": 1,
                     "bucketCounts": [str(count) for count in sums], "explicitBounds": [0.1, 0.3]}
            metric = {"name": "answers", "histogram": {"aggregationTemporality": 2, "dataPoints": [point]}}
            with contextlib.suppress(OSError):  # while the daemon is away
                world.api("POST", "/v1/metrics", {"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]})

    poster = threading.Thread(target=repeat, daemon=True)
    poster.start()
    try:
        yield said
    finally:
        over.set()
        poster.join(10)


def remember_yesterday(world, *columns, name="failing.rrd"):
    """Around this time of yesterday: ten times as many requests as today, so that each block tells more."""
    folder = world.path("data", "series")
    os.makedirs(folder)
    begin = int(time.time()) - DAY - MARGIN
    subprocess.run([BUILD / "e2e_days_world", folder, f"shop/prod/service/{name}", str(begin), str(2 * MARGIN), *map(str, columns)], check=True, timeout=60)


def test_as_good_as_yesterday_passes_and_worse_goes_back(world):
    remember_yesterday(world, 5, 500)
    test_past.begin(world, RULES)
    with test_past.posting(world, 0.1) as (said, _taken):
        good = begun(world, "2.0.0")
        end = ended(world, good, 60)
        assert end["state"] == "promoted", end
        rule = test_past.rule_of(world, good)
        assert (rule["verdict"], rule["against"]) == ("pass", "1d"), rule
        said[0] = 5
        bad = begun(world, "3.0.0")
        end = ended(world, bad, 60)
        assert (end["state"], end["exit_code"]) == ("rolled_back", 3), end
    rule = test_past.rule_of(world, bad)
    assert (rule["verdict"], rule["against"]) == ("fail", "1d") and rule["estimate"] > 5, rule
    world.programs["verdictd"].stop()
    told = subprocess.run([BUILD / "verdict", "backtest", world.path("rules.d"), "--data", world.path("data"), "--json"],
                          capture_output=True, text=True, timeout=60, check=True)
    again = {shown["version"]: shown["rules"][0] for shown in json.loads(told.stdout)["deployments"]}
    assert (again["2.0.0"]["verdict"], again["3.0.0"]["verdict"]) == ("pass", "fail"), again


def test_answers_are_held_against_those_of_yesterday(world):
    """A histogram, from its file of buckets alone: nothing of yesterday is in memory."""
    remember_yesterday(world, "0.1=2200", "0.3=250", "inf=50", name="answers.buckets.rrd")
    test_past.begin(world, TAIL_RULES)
    with answering(world, [44, 5, 1]) as said:
        good = begun(world, "2.0.0")
        end = ended(world, good, 60)
        assert end["state"] == "promoted", end
        rule = test_past.rule_of(world, good)
        assert (rule["verdict"], rule["against"]) == ("pass", "1d"), rule
        said[0] = [20, 5, 25]
        bad = begun(world, "3.0.0")
        end = ended(world, bad, 60)
        assert (end["state"], end["exit_code"]) == ("rolled_back", 3), end
    rule = test_past.rule_of(world, bad)
    assert (rule["verdict"], rule["against"]) == ("fail", "1d") and rule["estimate"] > 5, rule
    files = os.listdir(world.path("data", "series", "shop", "prod", "service"))
    assert not any(".former" in name or ".corrupt" in name for name in files), files


def test_without_that_day_nothing_passes(world):
    test_past.begin(world, RULES.replace("10s", "3s").replace("30s", "6s"))
    with test_past.posting(world, 0.1):
        name = begun(world, "2.0.0")
        end = ended(world, name, 60)
    assert end["state"] != "promoted", end
    rule = test_past.rule_of(world, name)
    assert rule["verdict"] == "inconclusive", rule
