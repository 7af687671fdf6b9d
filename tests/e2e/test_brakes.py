# test_brakes.py - what failed closes the door of its service, over a restart, until a person has looked; and the door of all of them.
# SPDX-License-Identifier: MIT
import world_config

from support import wait_until
from support.swift import begin, begun, ended, post, publishing

BRAKES = 'brakes: { service = "1 rollback per 6h";  fleet = "4 services per 5m"; };\n'


def status(world):
    return world.api("GET", "/v1/status").json


def shop(world):
    return next(row for row in status(world)["services"] if row["service"] == "shop")


def test_a_service_that_failed(world):
    begin(world, daemon=world_config.verdictd_text(world) + BRAKES)
    world.start_receiver()
    assert (shop(world)["braked"], shop(world)["braked_until"]) == (False, None)
    with publishing(world, '{"lag": 90}'):
        assert ended(world, begun(world, "2.0.0"))["state"] == "rolled_back"
    closed = shop(world)
    assert closed["braked"] and closed["braked_until"], closed
    refused = post(world, "2.0.1")
    assert refused.status == 409, refused.text
    for words in ("the brake of shop/prod is closed until 2", "1 of its deployments failed within 6h", "unfreeze", "--emergency"):
        assert words in refused.json["detail"], refused.text
    assert "its brake is closed until 2" in world.verdict("status").stdout
    assert 'verdict_brake_closed{scope="service",service="shop",environment="prod"} 1' in world.api("GET", "/metrics").text
    wait_until(lambda: any(n["body"]["type"] == "verdict.deployment.brake_closed" for n in world.notices()), 10, "people hear of it")
    world.programs["verdictd"].kill()
    world.programs["verdictd"].start()
    assert shop(world)["braked_until"][:16] == closed["braked_until"][:16] or post(world, "2.0.1").status == 409
    assert world.verdict("unfreeze", "shop/prod", "--reason", "it was the queue").returncode == 0
    assert not shop(world)["braked"]
    assert post(world, "2.0.1").status == 201


def test_the_fleet(world):
    begin(world, daemon=world_config.verdictd_text(world) + BRAKES)
    assert world.verdict("freeze", "--until", "1h", "--reason", "the sale").returncode == 0
    assert status(world)["fleet"]["frozen"] and not shop(world)["frozen"]
    refused = post(world, "2.0.0")
    assert refused.status == 409 and "the fleet is frozen until 2" in refused.json["detail"], refused.text
    assert "everything is frozen until 2" in world.verdict("status").stdout
    world.programs["verdictd"].kill()
    world.programs["verdictd"].start()
    assert post(world, "2.0.0").status == 409
    assert world.verdict("unfreeze").returncode == 0
    assert 'verdict_brake_closed{scope="fleet"} 0' in world.api("GET", "/metrics").text
    assert post(world, "2.0.0").status == 201
