# test_share.py - `measured = true`: no step passes before HAProxy's own counters show the share that was set.
# SPDX-License-Identifier: MIT
import world_config

from support.rules import deployment, start_all

MEASURED = "measured = true; "


def share_rule(world):
    return next(rule for rule in deployment(world)["rules"] if rule["name"] == "share")


def test_share_is_seen_and_the_step_passes(world):
    start_all(world, rate=300, more=MEASURED)
    done = world.verdict("start", "shop/prod", "--version", "2.0.0", "--wait", "--timeout", "90s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert deployment(world)["state"] == "promoted"
    report = world.api("GET", f"/v1/deployments/{deployment(world)['id']}/report").json
    seen = [verdict for verdict in report["verdicts"] if verdict["rule"] == "share" and verdict["verdict"] == "pass"]
    assert any(abs(verdict["value"] - 0.1) < 0.1 and verdict["bound"] == 0.1 for verdict in seen), report["verdicts"]
    assert any(abs(verdict["value"] - 0.5) < 0.1 and verdict["bound"] == 0.5 for verdict in seen), report["verdicts"]


def test_traffic_that_goes_elsewhere_is_no_evidence(world, monkeypatch):
    """The map says 10 %, and another rule of HAProxy's sends everybody to stable."""
    elsewhere = world_config.HAPROXY_MAP.replace("rand(10000),sub(txn.share)", "rand(10000),mul(0),add(9999),sub(txn.share)")
    assert elsewhere != world_config.HAPROXY_MAP
    monkeypatch.setattr(world_config, "HAPROXY_MAP", elsewhere)
    start_all(world, strategy="blind", rate=300, rules="", more=MEASURED)
    done = world.verdict("start", "shop/prod", "--version", "2.0.0", "--wait", "--timeout", "90s")
    assert done.returncode == 6, done.stdout + done.stderr
    assert deployment(world)["state"] == "rolled_back"
    rule = share_rule(world)
    assert (rule["verdict"], rule["reason"]) == ("inconclusive", "share"), rule
    assert rule["value"] == 0 and rule["bound"] == 0.1
    assert world.split() == 0
