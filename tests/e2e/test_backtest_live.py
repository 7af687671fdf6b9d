# test_backtest_live.py - verdict backtest on what a real daemon left behind: its verdicts, to the step.
# SPDX-License-Identifier: MIT
import json
import sqlite3
import time

from support.swift import begin, begun, ended, publishing, swift_rules

STEP_MS = 1000


def rules_of(world):
    text = swift_rules(world, observe="4s").replace('resolution = "100ms";  max_age = "1s"', 'resolution = "1s";  max_age = "5s"')
    return text.replace('triggers = [ "queue" ]', 'triggers = [ "queue", "grown" ]')


def begin_slower(world):
    """Steps of a second: those of a tenth are not archived."""
    begin(world, observe="4s")
    world.programs["verdictd"].stop()
    rules = world.write("rules.d/shop.rules", rules_of(world))
    world.programs["verdictd"].start()
    return rules


def test_what_the_daemon_said_is_said_again(world):
    rules = begin_slower(world)
    with publishing(world, '{"lag": 1}') as said:
        good = begun(world, "2.0.0")
        assert ended(world, good, 30)["state"] == "promoted"
        bad = begun(world, "3.0.0")
        time.sleep(2)
        said[0] = '{"lag": 100}'
        assert ended(world, bad, 30)["state"] == "rolled_back"
    world.programs["verdictd"].stop()
    answer = world.verdict("backtest", rules, "--data", world.path("data"), "--json")
    assert answer.returncode == 0, answer.stderr
    told = json.loads(answer.stdout)
    shown = {line["id"]: line for line in told["deployments"]}
    assert shown[good]["label"] == "good" and shown[good]["outcome"] == "promoted (passed)"
    assert shown[bad]["label"] == "bad" and shown[bad]["rule"] in ("queue", "grown")
    assert told["total"]["failed"] == 1 and told["total"]["missed"] == told["total"]["false_alarms"] == 0
    assert all(rule["verdict"] == "pass" for rule in shown[good]["rules"]), shown[good]
    world.programs["verdictd"].start()
    beside = world.verdict("backtest", rules, "--data", world.path("data"), "--json")
    assert json.loads(beside.stdout) == told, "a daemon that runs does not matter"
    journal = sqlite3.connect(world.path("data/journal.db"))
    rows = journal.execute("SELECT rule, min(engine_ms) FROM verdicts WHERE verdict = 2 AND deployment = ? GROUP BY rule", (int(bad[4:]),)).fetchall()
    journal.close()
    assert rows
    for number, engine_ms in rows:
        again = shown[bad]["rules"][number]
        assert again["verdict"] == "fail" and abs(again["at_ms"] - engine_ms) <= STEP_MS, (again, engine_ms)
