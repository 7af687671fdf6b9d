# test_freeze.py - nothing begins here until then: said as a span or by a clock somewhere, kept over a restart, over by itself.
# SPDX-License-Identifier: MIT
from datetime import datetime, timedelta, timezone

from support import wait_until
from support.swift import begin, begun, ended, post, publishing, show


def status(world):
    return next(row for row in world.api("GET", "/v1/status").json["services"] if row["service"] == "shop")


def freeze(world, until):
    return world.verdict("freeze", "shop/prod", "--until", until, "--reason", "the sale")


def test_a_freeze(world):
    begin(world, more='concurrency = "queue";', observe="1s")
    with publishing(world):
        first = begun(world, "2.0.0")
        second = begun(world, "2.0.1")
        done = freeze(world, "6s")
        assert done.returncode == 0 and "ends by itself" in done.stderr, done.stderr
        frozen = status(world)
        assert frozen["frozen"] and frozen["frozen_until"], frozen
        refused = post(world, "2.0.2")
        assert refused.status == 409 and "frozen" in refused.json["detail"], refused.text
        assert " until 2" in world.verdict("status").stdout
        world.programs["verdictd"].kill()
        world.programs["verdictd"].start()
        assert status(world)["frozen_until"] == frozen["frozen_until"]
        assert ended(world, first)["state"] == "promoted"
        assert show(world, second)["state"] == "queued" or not status(world)["frozen"]
        wait_until(lambda: not status(world)["frozen"], 15, "it ends by itself")
        assert ended(world, second)["state"] == "promoted"
    assert status(world)["frozen_until"] is None
    assert post(world, "2.0.2").status == 201


def test_its_end_as_people_say_it(world):
    begin(world)
    for wrong, words in (("tomorrow", "8h"), ("2001-01-01T00:00Z", "ahead"), ("2026-12-18 09:00", "zone"),
                         ("2099-12-18 09:00 Europe/Berlin", "366 days"), ("2026-12-18 09:00 Europe/Nowhere", "Europe/Nowhere")):
        refused = freeze(world, wrong)
        assert refused.returncode == 2 and words in refused.stderr, (wrong, refused.stderr)
    assert not status(world)["frozen"]
    day = (datetime.now(timezone.utc) + timedelta(days=2)).replace(hour=12, minute=0, second=0, microsecond=0)
    assert freeze(world, f"{day:%Y-%m-%d} 12:00 Etc/GMT-3").returncode == 0
    assert status(world)["frozen_until"] == f"{day - timedelta(hours=3):%Y-%m-%dT%H:%M:%SZ}"
    assert world.verdict("unfreeze", "shop/prod").returncode == 0
    shown = status(world)
    assert (shown["frozen"], shown["frozen_until"]) == (False, None)
