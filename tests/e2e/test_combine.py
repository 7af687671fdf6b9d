# test_combine.py - `combine`: what several devices report over MQTT is one value, by which a canary passes or goes back.
# SPDX-License-Identifier: MIT
import contextlib
import threading

import pytest
from support import swift, wait_until
from support.swift import begin, begun, ended, show

UP = 'up: { source = "mqtt:plant";  topic = "d/{{slot}}/+/up";  combine = "share";  holds = "2s";  better = "higher"; };'
FEW = 'few: { when = "up < 80% for 1s";  then = "rollback"; };'


@contextlib.contextmanager
def devices(world, says):
    """Each of these devices says what stands there, five times a second; None says nothing."""
    from mqtt_publisher import Publisher

    over = threading.Event()

    def repeat():
        publisher = Publisher(("127.0.0.1", world.broker_port), "devices")
        while not over.wait(0.2):
            for device, value in list(says.items()):
                if value is not None:
                    publisher.publish(f"d/{device}/up", str(value))
        publisher.close()

    reporter = threading.Thread(target=repeat, daemon=True)
    reporter.start()
    try:
        yield
    finally:
        over.set()
        reporter.join(10)


def rule_of(world, name):
    return next(rule for rule in show(world, name)["rules"] if rule["name"] == "few")


def test_share_of_devices_takes_a_canary_back(world, monkeypatch):
    rules = swift.RULES.replace("metrics: {", "metrics: { " + UP, 1).replace("triggers: {", "triggers: { " + FEW, 1)
    monkeypatch.setattr(swift, "RULES", rules)
    says = {f"{slot}/{number}": 1 for slot in ("blue", "green") for number in (1, 2, 3)}
    begin(world, trigger="few", observe="6s", at_most="30s")
    with devices(world, says):
        bad = begun(world, "2.0.0")
        wait_until(lambda: show(world, bad)["share"] > 0 and rule_of(world, bad)["verdict"] != "fail", 15, "it has traffic")
        says["green/2"] = 0
        end = ended(world, bad, 30)
        assert end["state"] == "rolled_back", end
        assert rule_of(world, bad)["value"] == pytest.approx(2 / 3) and rule_of(world, bad)["bound"] == 0.8
        assert world.split() == 0
        says["green/2"] = None  # who says nothing any more does not count: two of two are up
        good = begun(world, "2.0.1")
        end = ended(world, good, 60)
        assert end["state"] == "promoted", end
        assert rule_of(world, good)["value"] == 1
