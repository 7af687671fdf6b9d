# test_backtest.py - verdict backtest: deployments whose live verdicts are known are judged again from journal and RRD files.
# SPDX-License-Identifier: MIT
import json
import os
import sqlite3
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BUILD_DIR", PROJECT / "build"))
SERVICES, EACH, BAD = 5, 44, 10
COUNT = SERVICES * EACH
STEP_MS = 1000
OFFSET_MS = 4711 * 1000  # past_world.c

RULES = """
vars: { errors_max = "5%"; };
metrics: {
  error_rate: { source = "prometheus:main";  kind = "counter";  every = "1s";  better = "lower";
    events = "errors_total{slot='{{slot}}'}";  total = "requests_total{slot='{{slot}}'}"; };
  latency: { source = "prometheus:main";  kind = "histogram";  every = "1s";  unit = "s";  better = "lower";  buckets = "seconds_bucket{slot='{{slot}}'}"; };
  lag: { source = "mqtt:plant";  kind = "gauge";  topic = "t/{{slot}}";  value = ".lag";  unit = "s";  better = "lower"; };
};
baselines: {
  beside: { against = [ "stable" ];  need = "50 requests";  block = "5s";  compare: { error_rate: { test = "sequential";  allow = "+50%"; }; }; };
  level: { against = [ "stable" ];  need = "5 values";  mode = "record";  block = "5s";  compare: { lag: { test = "mann_whitney"; }; }; };
  tails: { against = [ "stable" ];  need = "50 requests";  mode = "record";  block = "5s";  compare: { latency: { allow = "+50%"; }; }; };
};
triggers: {
  errors: { when = "error_rate > {{errors_max}} for 10s";  need = "50 requests";  then = "rollback"; };
  spike: { when = "avg(error_rate, 30s) > 2%";  need = "50 requests";  then = "hold";  mode = "record"; };
  slow: { when = "quantile(latency, 90%, 30s) > 500ms";  need = "50 requests";  then = "hold";  mode = "record"; };
  queue: { when = "lag > 20s in 3 of 5 checks";  then = "rollback";  mode = "record"; };
};
strategies: { careful: { kind = "canary";  steps = ( { route = "10%";  observe = "4m"; }, { route = "100%";  watch = "1m"; } ); }; };
services: {
"""

SERVICE = """  shop-%d: { rules: { baselines = [ "beside", "level", "tails" ];  triggers = [ "errors", "spike", "slow", "queue" ]; };
    environments: { prod: { strategy = "careful";  traffic = "haproxy:edge";  backend = "shop";
      slots: { blue: { servers = [ "blue" ]; };  green: { servers = [ "green" ]; }; }; }; }; };
"""


def rules_text(count=SERVICES):
    return RULES + "".join(SERVICE % number for number in range(count)) + "};\n"


def verdict(*words):
    return subprocess.run([BUILD / "verdict", *map(str, words)], capture_output=True, text=True, timeout=120, check=False)


def backtest(rules, data, *words):
    answer = verdict("backtest", rules, "--data", data, "--json", *words)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def row(answer, name):
    return next(rule for rule in answer["rules"] if rule["rule"] == name)


class Past:
    """A data folder of deployments, and what was said of each when it was live."""

    def __init__(self, folder, services=SERVICES, each=EACH, bad=BAD, age=0):
        self.data = folder / "data"
        self.data.mkdir()
        self.rules = folder / "past.rules"
        self.rules.write_text(rules_text(services), encoding="utf-8")
        told = subprocess.run([BUILD / "e2e_past_world", self.data, self.rules, str(services), str(each), str(bad), str(age)],
                              capture_output=True, text=True, timeout=240, check=False)
        assert told.returncode == 0, told.stderr
        self.live = [json.loads(line) for line in told.stdout.splitlines()]
        journal = sqlite3.connect(self.data / "journal.db")
        journal.execute("UPDATE actions SET wall_ms = intent_ms + ?", (OFFSET_MS + 12,))
        journal.commit()
        journal.close()


@pytest.fixture(scope="module", name="past")
def fixture_past(tmp_path_factory):
    return Past(tmp_path_factory.mktemp("past"))


def test_the_bad_ones_are_found(past):
    answer = backtest(past.rules, past.data)
    assert len(answer["deployments"]) == answer["total"]["judged"] == COUNT
    assert answer["total"]["bad"] == COUNT // BAD and answer["total"]["good"] == COUNT - COUNT // BAD
    assert answer["total"]["failed"] == COUNT // BAD
    assert answer["total"]["missed"] == answer["total"]["false_alarms"] == answer["total"]["false_per_100"] == 0
    assert 60_000 < answer["total"]["delay_ms"] < 280_000  # they break a minute after their first traffic
    bad = {line["id"] for line in past.live if line["bad"]}
    assert {shown["id"] for shown in answer["deployments"] if shown["would_roll_back"]} == bad
    assert {shown["id"] for shown in answer["deployments"] if shown["label"] == "bad"} == bad
    by = [shown["rule"] for shown in answer["deployments"] if shown["would_roll_back"]]
    assert set(by) == {"errors", "beside/error_rate"}, "half of them are below the threshold"


def test_verdicts_are_those_that_were_given_live(past):
    answer = backtest(past.rules, past.data)
    again = {(shown["id"], rule["rule"]): rule for shown in answer["deployments"] for rule in shown["rules"]}
    assert len(again) == len(past.live) == COUNT * 7
    for line in past.live:
        rule = again[line["id"], line["rule"]]
        assert (rule["verdict"], rule["reason"]) == (line["verdict"], line["reason"]), (line, rule)
        if line["verdict"] == "fail":
            assert abs(rule["at_ms"] - line["at_ms"]) <= STEP_MS, (line, rule)
    assert {line["rule"] for line in past.live if line["verdict"] == "fail"} >= {"errors", "beside/error_rate", "spike", "queue", "tails/latency", "slow"}


def test_the_table_says_the_same(past):
    answer = backtest(past.rules, past.data)
    table = verdict("backtest", past.rules, "--data", past.data).stdout
    lines = {line.split()[0]: line.split() for line in table.splitlines() if line}
    for rule in answer["rules"]:
        assert lines[rule["rule"]][3:6] == [str(rule[name]) for name in ("judged", "failed", "false_alarms")]
    assert f"{COUNT} deployments: {COUNT - COUNT // BAD} good, {COUNT // BAD} bad, 0 unknown" in table
    assert "limit: what was taken back has no values after that" in table


def test_another_threshold_is_tried(past, tmp_path):
    strict = tmp_path / "strict.rules"
    strict.write_text(rules_text().replace('"error_rate > {{errors_max}} for 10s"', '"error_rate > 0.1%"'), encoding="utf-8")
    answer = backtest(strict, past.data)
    assert answer["total"]["false_alarms"] > COUNT / 2 and answer["total"]["missed"] == 0
    assert row(answer, "errors")["false_per_100"] == pytest.approx(
        100 * row(answer, "errors")["false_alarms"] / row(answer, "errors")["good"])
    table = verdict("backtest", strict, "--data", past.data).stdout
    assert "false alarm of errors after" in table and "more: --json has them all" in table
    lax = tmp_path / "lax.rules"
    lax.write_text(rules_text().replace('errors_max = "5%"', 'errors_max = "90%"').replace('allow = "+50%"', 'allow = "+5000%"'), encoding="utf-8")
    assert backtest(lax, past.data)["total"]["missed"] == COUNT // BAD


def test_what_cannot_be_judged_is_said(past, tmp_path):
    other = tmp_path / "other.rules"
    other.write_text(rules_text(2).replace("errors_total", "failures_total").replace("seconds_bucket", "times_bucket").replace('kind = "gauge";', 'kind = "gauge";  resolution = "5s";'), encoding="utf-8")
    answer = verdict("backtest", other, "--data", past.data, "--json")
    assert answer.returncode == 1, "nothing is left to judge"
    told = json.loads(answer.stdout)
    assert row(told, "errors")["not_judged"] == {"the metric asks something else now": 2 * EACH}
    assert row(told, "slow")["not_judged"] == row(told, "tails/latency")["not_judged"] == {"the metric asks something else now": 2 * EACH}
    assert row(told, "queue")["not_judged"] == {"values of another kind or resolution": 2 * EACH}
    assert any(f"{3 * EACH} deployments left out, such as of shop-4/prod" in limit for limit in told["limits"])


def test_what_is_old_is_judged_on_averages(tmp_path):
    old = Past(tmp_path, services=1, each=8, bad=2, age=3 * 86400)
    answer = backtest(old.rules, old.data)
    averaged = {shown["id"] for shown in answer["deployments"] if shown["averaged"]}
    assert averaged == {"dep_1", "dep_2", "dep_3", "dep_4"}
    assert answer["total"]["false_alarms"] == 0
    by = {shown["id"]: shown.get("rule") for shown in answer["deployments"]}
    assert by["dep_2"] == "errors" and by["dep_1"] is None, "what is plain is plain on averages too"
    assert any("4 deployments are older than the single steps that are kept" in limit for limit in answer["limits"])


def test_only_some_are_asked_for(past):
    assert backtest(past.rules, past.data, "--service", "shop-3")["total"]["judged"] == EACH
    assert backtest(past.rules, past.data, "--service", "shop-3/prod", "--since", "2h")["total"]["judged"] == EACH
    assert verdict("backtest", past.rules, "--data", past.data, "--service", "shop-9").returncode == 1
    assert verdict("backtest", past.rules, "--data", past.data, "--since", "1ms").returncode == 1


def test_usage(past, tmp_path):
    broken = tmp_path / "broken.rules"
    broken.write_text("metrics: { x: { sorce = 1; }; };", encoding="utf-8")
    for words, said in [(["--data", tmp_path], "no journal at"), (["--data", past.data, "--service", "Shop/prod"], "must be SERVICE/ENV"),
                        (["--data", past.data, "--since", "soon"], "since")]:
        answer = verdict("backtest", past.rules, *words)
        assert answer.returncode == 2 and said in answer.stderr, answer.stderr
    answer = verdict("backtest", broken, "--data", past.data)
    assert answer.returncode == 2 and "broken.rules:1: " in answer.stderr
