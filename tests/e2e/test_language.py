# test_language.py - what conditions mean in the running daemon: before, signals.
# SPDX-License-Identifier: MIT
import threading

import pytest

from support import wait_until
from support.swift import begin, begun, ended, publishing, show


def is_observing(world, name):
    shown = show(world, name)
    return shown["done"] or (shown["step"] or {}).get("state") == "observing"


@pytest.mark.parametrize(("then", "code"), [(10, 0), (30, 3)])
def test_before_is_what_was_there_until_the_first_traffic(world, then, code):
    """A queue that was long before the deployment is not its fault; one that grows is."""
    begin(world, script="sleep 1", trigger="grown")
    with publishing(world, '{"lag": 10}') as said:
        name = begun(world, "2.0.0")
        wait_until(lambda: is_observing(world, name), 20, "it observes")
        said[0] = f'{{"lag": {then}}}'
        assert ended(world, name, 40)["exit_code"] == code
    rule = next(rule for rule in show(world, name)["rules"] if rule["name"] == "grown") if code == 3 else None
    assert rule is None or (rule["value"], rule["bound"]) == (30, 15), rule


@pytest.mark.parametrize(("said", "code"), [(0, 0), (1, 3), (None, 6)])
def test_a_signal_is_what_others_post(world, said, code):
    """Said and not firing passes, firing fails; what nobody speaks of is no evidence."""
    begin(world, trigger="alert", broker=False, at_most="3s")
    over = threading.Event()

    def repeat():
        body = {"service": "shop", "environment": "prod", "samples": [{"metric": "signal_higherrors", "value": said}]}
        while not over.wait(0.2):
            answer = world.api("POST", "/v1/samples", body)
            assert answer.status == 202, answer.text

    heartbeat = threading.Thread(target=repeat, daemon=True)
    if said is not None:
        heartbeat.start()
    try:
        assert ended(world, begun(world, "2.0.0"), 40)["exit_code"] == code
    finally:
        over.set()
        if said is not None:
            heartbeat.join(10)
