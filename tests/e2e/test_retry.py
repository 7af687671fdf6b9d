# test_retry.py - what was taken back is wanted once more: attributed, out of quarantine, and tried as any.
# SPDX-License-Identifier: MIT
from support import wait_until
from support.swift import begin, begun, ended, post, publishing, show


def taken_back(world, said):
    name = begun(world, "2.0.0")
    wait_until(lambda: show(world, name)["share"] > 0, 8, "it has traffic")
    said[0] = '{"lag": 100}'
    assert ended(world, name)["state"] == "rolled_back"
    said[0] = '{"lag": 1}'
    return name


def test_what_failed_is_tried_once_more(world):
    begin(world)
    with publishing(world) as said:
        name = taken_back(world, said)
        assert post(world, "2.0.0").status == 409, "it is in quarantine"
        refused = world.verdict("retry", name)
        assert refused.returncode == 2 and "reason" in refused.stderr, refused.stderr
        again = world.verdict("retry", name, "--reason", "the queue was full for another reason")
        assert again.returncode == 0 and again.stdout.startswith("dep_"), again.stderr
        new = again.stdout.split()[0]
        assert new != name
        shown = show(world, new)
        assert (shown["version"], shown["strategy"], shown["reason"]) == ("2.0.0", "swift", "the queue was full for another reason")
        assert world.api("GET", "/v1/quarantine").json["quarantine"] == []
        assert world.api("POST", f"/v1/deployments/{name}/retry", {"reason": "twice"}).status == 200, "as the first time"
        assert ended(world, new)["state"] == "promoted"
        report = world.verdict("report", new).stdout
        assert f"{name} is wanted once more, and its version left the quarantine, by" in report, report
        assert world.api("POST", f"/v1/deployments/{new}/retry", {"reason": "no"}).status == 409


def test_only_who_may_override_takes_it_out(world):
    begin(world)
    pipeline = world.api("POST", "/v1/tokens", {"principal": "ci", "scopes": ["read", "deploy"]}).json["token"]
    with publishing(world) as said:
        name = taken_back(world, said)
        answer = world.api("POST", f"/v1/deployments/{name}/retry", {"reason": "again"}, {"Authorization": f"Bearer {pipeline}"})
        assert answer.status == 403 and "override" in answer.json["detail"], answer.text
        assert len(world.api("GET", "/v1/quarantine").json["quarantine"]) == 1


def test_by_the_rule_files_of_today(world):
    """What failed by its command is tried with the one that was mended; no quarantine was needed for that."""
    begin(world, script="exit 1", command="")
    with publishing(world):
        name = begun(world, "2.0.0")
        assert ended(world, name)["ending"] == "action_failed"
        world.write("commands/quick", "#!/bin/sh\nexit 0\n", 0o700)
        text = open(world.path("rules.d", "shop.rules"), encoding="utf-8").read()
        world.write("rules.d/shop.rules", text.replace("swift:", "renamed:").replace('"swift"', '"renamed"'))
        world.programs["verdictd"].restart()
        gone = world.api("POST", f"/v1/deployments/{name}/retry", {"reason": "mended"})
        assert gone.status == 404 and "swift" in gone.json["detail"], gone.text
        world.write("rules.d/shop.rules", text)
        world.programs["verdictd"].restart()
        again = world.api("POST", f"/v1/deployments/{name}/retry", {"reason": "mended"})
        assert again.status == 201, again.text
        assert ended(world, again.json["id"])["state"] == "promoted"
