# test_backtest_history.py - verdict backtest --deployments: a list of past deployments, and a real Prometheus with their history.
# SPDX-License-Identifier: MIT
import json
import os
import subprocess
import time
from pathlib import Path

import pytest
import world_config
from world import find

from support import World

PROJECT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("BUILD_DIR", PROJECT / "build"))
COUNT, LENGTH, PAUSE, EVERY, BREAKS = 16, 240, 5160, 5, 60  # deployments over a day, seconds
BOUNDS = ["0.1", "0.5", "1.0", "+Inf"]

RULES = """
metrics: {
  error_rate: { source = "prometheus:main";  kind = "counter";  every = "5s";  better = "lower";
    events = "errors_total{slot='{{slot}}'}";  total = "requests_total{slot='{{slot}}'}"; };
  latency: { source = "prometheus:main";  kind = "histogram";  every = "5s";  unit = "s";  better = "lower";
    buckets = "sum by (le) (latency_seconds_bucket{slot='{{slot}}'})"; };
  queue: { source = "prometheus:main";  kind = "gauge";  scope = "service";  every = "5s";  better = "lower";  query = "queue_length"; };
  other: { source = "mqtt:plant";  kind = "gauge";  topic = "t/{{slot}}";  value = ".x";  better = "lower"; };
};
baselines: { beside: { against = [ "stable" ];  need = "50 requests";  block = "15s";  compare: { error_rate: { test = "sequential";  allow = "+50%"; }; }; }; };
triggers: {
  errors: { when = "error_rate > 5% for 10s";  need = "50 requests";  then = "rollback"; };
  slow: { when = "quantile(latency, 95%, 1m) > 500ms for 10s";  need = "50 requests";  then = "rollback"; };
  grown: { when = "queue > before + 500%";  then = "rollback"; };
  device: { when = "other > 1";  then = "rollback"; };
};
strategies: { careful: { kind = "canary";  steps = ( { route = "100%";  watch = "3m"; } ); }; };
services: { shop: { rules: { baselines = [ "beside" ];  triggers = [ "errors", "slow", "grown", "device" ]; };
  environments: { prod: { strategy = "careful";  traffic = "haproxy:edge";  backend = "shop";
    slots: { blue: { servers = [ "blue" ]; };  green: { servers = [ "green" ]; }; }; }; }; }; };
"""


def verdict(*words):
    return subprocess.run([BUILD / "verdict", *map(str, words)], capture_output=True, text=True, timeout=120, check=False)


def begins(first, number):
    return first + number * (LENGTH + PAUSE)


def trouble_of(number):
    """Each fourth deployment is bad: in turn by errors and by its latency."""
    if number % 4 != 3:
        return ""
    return "errors" if number % 8 == 3 else "latency"


def candidate_of(number):
    return ("green", "blue") if number % 2 == 0 else ("blue", "green")


def samples(first):
    """Every series' values as (text, time, value), series by series, as OpenMetrics wants them."""
    counters = {slot: {"requests": 0, "errors": 0.0, "buckets": [0.0] * len(BOUNDS)} for slot in ("blue", "green")}
    rows = {}
    for at in range(first - 300, begins(first, COUNT), EVERY):
        number, since = divmod(at - first, LENGTH + PAUSE)
        for slot, counter in counters.items():
            is_worse = number >= 0 and slot == candidate_of(number)[0] and BREAKS <= since < LENGTH
            trouble = trouble_of(number) if is_worse else ""
            counter["requests"] += 500
            counter["errors"] += 100 if trouble == "errors" else 1 + at % 3
            slow = 100 if trouble == "latency" else 5
            for index, amount in enumerate([400 - slow, 500 - slow, 500, 500]):
                counter["buckets"][index] += amount
            rows.setdefault(("requests", f'requests_total{{slot="{slot}"}}'), []).append((at, counter["requests"]))
            rows.setdefault(("errors", f'errors_total{{slot="{slot}"}}'), []).append((at, counter["errors"]))
            for bound, value in zip(BOUNDS, counter["buckets"]):
                rows.setdefault(("latency_seconds", f'latency_seconds_bucket{{slot="{slot}",le="{bound}"}}'), []).append((at, value))
        rows.setdefault(("queue_length", "queue_length"), []).append((at, 10 + at % 5))
    return rows


def open_metrics(first):
    kinds = {"requests": "counter", "errors": "counter", "latency_seconds": "histogram", "queue_length": "gauge"}
    lines, rows = [], samples(first)
    for family, kind in kinds.items():
        lines.append(f"# TYPE {family} {kind}")
        for (of, name), values in rows.items():
            lines += [f"{name} {value} {at}" for at, value in values if of == family]
    return "\n".join(lines) + "\n# EOF\n"


def listed(first):
    lines = ["service,environment,version,previous,start,end,slot,stable_slot,outcome"]
    for number in range(COUNT):
        start, (slot, stable) = begins(first, number), candidate_of(number)
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(start + LENGTH))
        lines.append(f"shop,prod,1.{number + 1},1.{number},{start},{end},{slot},{stable},{'bad' if trouble_of(number) else 'promoted'}")
    return "\n".join(lines) + "\n"


class Past:
    def __init__(self, world):
        first = int(time.time()) // 60 * 60 - 25 * 3600
        history = world.write("history.txt", open_metrics(first))
        made = subprocess.run([find("promtool"), "tsdb", "create-blocks-from", "openmetrics", history, world.path("tsdb")],
                              capture_output=True, text=True, timeout=120, check=False)
        assert made.returncode == 0, made.stderr
        world.start_prometheus()
        self.world = world
        self.rules = world.write("past.rules", RULES)
        self.config = world.write("verdictd.conf", world_config.verdictd_text(world))
        self.list = world.write("past.csv", listed(first))

    def ask(self, *words, **files):
        return verdict("backtest", files.get("rules", self.rules), "--deployments", files.get("list", self.list),
                       "--config", files.get("config", self.config), *words)


@pytest.fixture(scope="module", name="past")
def fixture_past(shared_world):
    return Past(shared_world)


def test_the_history_is_judged(past):
    answer = past.ask("--json")
    assert answer.returncode == 0, answer.stderr
    told = json.loads(answer.stdout)
    assert told["total"]["judged"] == COUNT and told["total"]["bad"] == COUNT // 4
    assert told["total"]["missed"] == told["total"]["false_alarms"] == 0
    assert BREAKS * 1000 < told["total"]["delay_ms"] < (BREAKS + 90) * 1000
    rules = {rule["rule"]: rule for rule in told["rules"]}
    assert rules["errors"]["failed"] == rules["slow"]["failed"] == COUNT // 8
    assert rules["grown"]["judged"] == COUNT and rules["grown"]["failed"] == 0
    assert rules["beside/error_rate"]["judged"] == COUNT
    assert rules["device"]["not_judged"] == {"the source told no history": COUNT}
    by = {shown["id"]: shown.get("rule") for shown in told["deployments"]}
    assert by["line 5"] == "errors" and by["line 9"] == "slow" and by["line 2"] is None
    verdicts = {rule["rule"]: rule["verdict"] for rule in told["deployments"][0]["rules"] if "verdict" in rule}
    assert verdicts["errors"] == verdicts["slow"] == verdicts["grown"] == "pass"


def test_one_service_of_the_list(past):
    assert past.ask("--service", "shop/prod").returncode == 0
    assert past.ask("--service", "shop/staging").returncode == 1


def test_lines_that_are_not_good_are_told(past):
    lines = ["# a list", "service,environment,version,start,end,slot,outcome", "shop,prod,1.1,2026-11-20T10:00:00Z,2026-11-20T10:05:00Z,green,good",
             "shop,prod,1.1,yesterday,5,green,good", "shop,prod,1.1,5", "Shop,prod,,5,10,green,fine", "shop,prod,1.1,10,5,green,good", "shop,prod,\"1.1\",5,10,green,"]
    broken = past.world.write("broken.csv", "\n".join(lines))
    answer = past.ask(list=broken)
    assert answer.returncode == 2 and answer.stdout == ""
    for line, said in [(4, "start: 'yesterday' is no time"), (5, "4 fields where the first line has 7"), (6, "service: 'Shop' is no name"),
                       (6, "version: '' is no version"), (6, "outcome: 'fine' is none of"), (7, "it ends before it starts"), (8, "quotes are not known")]:
        assert any(f"broken.csv:{line}: {said}" in told for told in answer.stderr.splitlines()), answer.stderr
    unknown = past.world.write("unknown.csv", "service,environment,version,start,end,slot\nshp,prod,1,5,10,green\nshop,prod,1,5,10,red\nshop,prod,1,5,10,\n")
    answer = past.ask(list=unknown)
    assert answer.returncode == 2
    for said in ["unknown.csv:2: ", "unknown.csv:3: shop/prod has no slot 'red'", "unknown.csv:4: metric error_rate, "]:
        assert said in answer.stderr
    header = past.world.write("header.csv", "service,environment,version,begin,end\n")
    answer = past.ask(list=header)
    assert answer.returncode == 2 and "header.csv:1: unknown column 'begin'" in answer.stderr and "'start' is missing" in answer.stderr


def test_a_source_that_is_not_there_is_told(past):
    away = past.world.write("away.conf", world_config.verdictd_text(past.world).replace(str(past.world.prometheus_port), "9"))
    answer = past.ask(config=away)
    assert answer.returncode == 1 and "past.csv:2: metric error_rate" in answer.stderr, answer.stderr
    answer = past.ask(config="/nonexistent.conf")
    assert answer.returncode == 2 and "nonexistent" in answer.stderr
    assert isinstance(past.world, World)
