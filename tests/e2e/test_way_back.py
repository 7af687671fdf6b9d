# test_way_back.py - taking back what was promoted, long after: as long as what it replaced still stands.
# SPDX-License-Identifier: MIT
from support import wait_until
from support.swift import allow, begin, begun, ended, post, publishing, show, swift_rules

RETIRE = '    after: { retire = "stable";  delay = "1h"; };\n'
IN_PLACE = """
strategies: { in-place: { kind = "recreate";  steps = ( { command = "deploy"; }, { watch = "300ms";  at_most = "20s"; } ); }; };
services: { gateway: { rules: { triggers = [ "queue" ]; };  environments: { stage: { strategy = "in-place";
  slots: { blue: { address = "127.0.0.1:PORT"; }; };
  commands: { deploy: { exec = [ "SCRIPT" ];  repeat = "idempotent";  MORE }; }; }; }; }; };
"""
UNDO = 'undo: { exec = [ "SCRIPT", "{{version}}", "{{previous}}" ];  repeat = "idempotent"; };'


def take_back(world, name):
    return world.api("POST", f"/v1/deployments/{name}/rollback", {"reason": "people complain"})


def begin_unretired(world):
    begin(world)
    world.write("rules.d/shop.rules", swift_rules(world).replace(RETIRE, ""))
    world.programs["verdictd"].restart()


def test_without_after_care(world):
    begin_unretired(world)
    with publishing(world):
        name = begun(world, "2.0.0")
        assert ended(world, name)["state"] == "promoted" and world.split() == 10000
        world.programs["verdictd"].restart()
        back = take_back(world, name)
        assert back.status == 201 and back.json["kind"] == "rollback", back.text
        end = ended(world, back.json["id"])
        assert (end["state"], end["version"], end["previous"]) == ("promoted", "1.0.0", "2.0.0") and world.split() == 0
        again = take_back(world, name)
        assert again.status == 409 and "1.0.0" in again.json["detail"], again.text


def test_not_after_another_one_had_its_turn(world):
    begin_unretired(world)
    with publishing(world):
        name = begun(world, "2.0.0")
        assert ended(world, name)["state"] == "promoted"
        other = begun(world, "3.0.0")
        wait_until(lambda: show(world, other)["share"] > 0, 8, "the next one has traffic")
        assert take_back(world, name).status == 409, "its slot belongs to another one"
        assert world.api("POST", f"/v1/deployments/{other}/abort", {"reason": "no"}).status == 200
        assert ended(world, other)["state"] == "rolled_back"
    assert take_back(world, name).status == 409, "what stood there was overwritten"
    assert world.split() == 10000 or show(world, name)["state"] == "promoted"


def begin_in_place(world, more):
    told = world.path("told")
    script = world.write("commands/place", f'#!/bin/sh\necho "$VERDICT_COMMAND $VERDICT_VERSION $VERDICT_PREVIOUS $*" >> {told}\n', 0o700)
    begin(world)
    world.write("runner.conf", allow(world, script).replace(f'[ "{script}" ]', f'[ "{script}" ], [ "{script}", "2.0.0", "1.0.0" ]'))
    world.programs["verdict-runner"].restart()
    text = IN_PLACE.replace("MORE", more).replace("SCRIPT", script).replace("PORT", str(world.slots["blue"]))
    world.write("rules.d/place.rules", text)
    world.programs["verdictd"].restart()
    wait_until(lambda: "[+]runner" in world.api("GET", "/readyz?verbose").text, 5, "the runner is there")
    return told


def promote_over_one(world):
    adopted = world.api("POST", "/v1/services/gateway/stage/adopt", {"slot": "blue", "version": "1.0.0", "reason": "first"})
    assert adopted.status == 200, adopted.text
    answer = world.api("POST", "/v1/deployments", {"service": "gateway", "environment": "stage", "version": "2.0.0"})
    assert answer.status == 201, answer.text
    assert ended(world, answer.json["id"])["state"] == "promoted", show(world, answer.json["id"])
    return answer.json["id"]


def test_in_place_its_undo_runs_as_it_would_have(world):
    told = begin_in_place(world, UNDO)
    with publishing(world):
        name = promote_over_one(world)
        back = take_back(world, name)
        assert back.status == 201, back.text
        end = ended(world, back.json["id"])
    assert (end["state"], end["version"], end["previous"]) == ("promoted", "1.0.0", "2.0.0"), end
    with open(told, encoding="ascii") as file:
        lines = file.read().splitlines()
    assert lines[-1].split()[1:] == ["2.0.0", "1.0.0", "2.0.0", "1.0.0"], lines


def test_in_place_without_an_undo(world):
    begin_in_place(world, "")
    with publishing(world):
        name = promote_over_one(world)
        refused = take_back(world, name)
    assert refused.status == 409 and "declared" in refused.json["detail"], refused.text
    assert post(world, "2.0.0").status == 201, "and nothing is in the way"
