# test_emergency.py - what cannot wait: past freeze, queue and a watch, with an author; and what it never goes back to by itself.
# SPDX-License-Identifier: MIT
import json
import subprocess

from support import wait_until
from support.swift import begin, begun, ended, post, publishing, show, swift_rules

LEAKS = '{"lag": 90}'


def emergency(world, version, *more):
    return world.verdict("start", "shop/prod", "--version", version, "--emergency", "--reason", "1.0.0 leaks", *more)


def test_a_bad_stable_and_an_emergency_fix(world):
    begin(world, observe="3s")
    # What stable's own value is may come a moment after the candidate's; as long as it is unknown the trigger fires as usual.
    world.write("rules.d/shop.rules", swift_rules(world, observe="3s").replace('"lag > 60s"', '"lag > 60s for 2s"'))
    world.programs["verdictd"].restart()
    world.start_receiver()
    with publishing(world, LEAKS):
        assert world.verdict("freeze", "shop/prod", "--reason", "the sale").returncode == 0
        assert post(world, "2.0.0").status == 409, "deployments are frozen"
        silent = world.verdict("start", "shop/prod", "--version", "2.0.0", "--emergency")
        assert silent.returncode == 2 and "reason" in silent.stderr
        # No better than 1.0.0, and nobody said that this is enough: an emergency is judged as anything is.
        assert emergency(world, "2.0.0", "--wait").returncode == 3
        assert world.split() == 0
        fixed = emergency(world, "2.0.1", "--stable-is-bad", "--wait")
        assert fixed.returncode == 0, fixed.stdout + fixed.stderr
    end = show(world, "shop/prod")
    assert (end["state"], end["version"], end["emergency"], end["stable_is_bad"]) == ("promoted", "2.0.1", True, True)
    assert world.split() == 10000
    assert "1.0.0" in world.verdict("quarantine", "ls").stdout, "what leaks does not come back"
    report = world.api("GET", f"/v1/deployments/{end['id']}/report").json
    assert any(v["reason"] == "not-worse" and v["value"] == 90 for v in report["verdicts"]), report["verdicts"]
    wait_until(lambda: any(n["body"]["type"] == "verdict.deployment.emergency" for n in world.notices()), 10, "people hear of it")
    told = next(n["body"]["data"] for n in world.notices() if n["body"]["type"] == "verdict.deployment.emergency")
    assert told["reason"] == "1.0.0 leaks" and told["version"] == "2.0.0", told


def test_a_fix_that_fails_goes_nowhere_by_itself(world):
    begin(world, observe="1h", at_most="2h")
    with publishing(world, slots=("blue",)), publishing(world, slots=("green",)) as green:
        assert emergency(world, "2.0.0", "--stable-is-bad").returncode == 0
        wait_until(lambda: show(world, "shop/prod")["share"] > 0, 10, "the fix has traffic")
        green[0] = LEAKS
        wait_until(lambda: show(world, "shop/prod")["escalated"], 10, "people are called")
        held = show(world, "shop/prod")
        assert (held["state"], held["step_state"], held["exit_code"], held["share"]) == ("running", "held", 4, 10), held
        assert "1.0.0 is in quarantine" in held["summary"], held["summary"]
        assert world.split() == 1000
        world.programs["verdictd"].kill()
        world.programs["verdictd"].start()
        assert show(world, "shop/prod")["step_state"] == "held" and world.split() == 1000
        assert world.verdict("rollback", "shop/prod", "--reason", "better slow than broken").returncode == 0
        wait_until(lambda: show(world, "shop/prod")["state"] == "rolled_back", 10, "a person's word is enough")
    assert world.split() == 0


def test_a_watch_is_cut_short(world):
    begin(world, more='concurrency = "queue";')
    rules = swift_rules(world, more='concurrency = "queue";').replace('watch = "300ms";  at_most = "20s"', 'watch = "1h";  at_most = "2h"')
    world.write("rules.d/shop.rules", rules)
    world.programs["verdictd"].restart()
    with publishing(world):
        first = begun(world, "2.0.0")
        wait_until(lambda: show(world, first)["state"] == "watching", 10, "it serves everybody")
        second = begun(world, "2.0.1")
        fixed = emergency(world, "2.0.2")
        assert fixed.returncode == 0, fixed.stderr
        fix = fixed.stdout.strip()
        end = ended(world, first)
        assert (end["state"], end["ending"], end["exit_code"]) == ("promoted", "cut_short", 0), end
        assert "cut short" in end["summary"]
        assert ended(world, second)["state"] == "superseded", "it would be put over the fix later"
        assert show(world, fix)["previous"] == "2.0.0"
        wait_until(lambda: show(world, fix)["share"] > 0, 10, "the fix has traffic")
        world.verdict("abort", fix, "--reason", "over")
        assert ended(world, fix)["state"] == "rolled_back"


def test_it_takes_the_right_to_override(world):
    begin(world)

    def ask(scopes):
        token = world.verdict("token", "create", "robot", "--scope", scopes).stdout.strip()
        environment = {**world.verdict_environment(), "VERDICT_URL": f"http://127.0.0.1:{world.api_port}", "VERDICT_TOKEN": token}
        words = ("start", "shop/prod", "--version", "2.0.0", "--emergency", "--reason", "it burns")
        return subprocess.run([world.program("verdict"), *words], env=environment, capture_output=True, text=True, check=False)

    refused = ask("read,deploy")
    assert refused.returncode == 2 and "override" in refused.stderr, refused.stderr
    assert ask("read,deploy,override").returncode == 0
    assert show(world, "shop/prod")["actor"] == "robot"
    assert json.loads(world.verdict("abort", "shop/prod", "--reason", "over", "--json").stdout)
