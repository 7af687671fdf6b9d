# test_faults.py - what goes wrong around the daemon: sources, broker, proxy, commands, disk, receiver. Nothing passes by mistake.
# SPDX-License-Identifier: MIT
import json
import os
import signal
import subprocess

import pytest

from support import wait_until
from support.fake_prometheus import FakePrometheus
from support.swift import allow, begin, begun, ended, fake_source, post, publishing, show, swift_rules
from world import find

# What Prometheus answers, the reason that the rule gives, and a word of what people read ("" none).
TROUBLES = [("500", "source-error", "500"), ("html", "source-error", "JSON"), ("truncated", "source-error", "JSON"),
            ("warnings", "source-error", "a store is away"), ("empty", "no-data", ""), ("two", "ambiguous", ""), ("nan", "not-finite", "NaN")]


@pytest.fixture(name="fake")
def make_fake():
    fake = FakePrometheus()
    yield fake
    fake.stop()


def rule(shown, name):
    return next(one for one in shown["rules"] if one["name"].endswith(name))


@pytest.mark.parametrize("mode, reason, word", TROUBLES, ids=[mode for mode, _reason, _word in TROUBLES])
def test_prometheus_that_says_nothing(world, fake, mode, reason, word):
    fake.mode = mode
    begin(world, broker=False, trigger="deep", at_most="3s", daemon=fake_source(world, fake))
    name = begun(world, "2.0.0")
    wait_until(lambda: rule(show(world, name), "deep").get("reason") == reason, 8, f"the rule says {reason}")
    end = ended(world, name)
    assert (end["state"], end["exit_code"], end["ending"]) == ("rolled_back", 6, "no_evidence"), end["summary"]
    assert rule(end, "deep")["verdict"] == "inconclusive", end["rules"]
    assert word in end["why"], end["why"]
    assert f"({reason})" in world.verdict("explain", name).stdout
    assert fake.asked > 0 and world.split() == 0


def test_prometheus_comes_back_in_time(world, fake):
    fake.mode = "500"
    begin(world, broker=False, trigger="deep", at_most="15s", daemon=fake_source(world, fake))
    name = begun(world, "2.0.0")
    wait_until(lambda: rule(show(world, name), "deep").get("reason") == "source-error", 8, "the rule says so")
    fake.mode = "good"
    assert ended(world, name)["state"] == "promoted"


@pytest.mark.parametrize("payload", ['{"lag": NaN}', '{"lag": "NaN"}', '{"lag": 1e999}', '{"lag": "1,5"}', None], ids=["nan", "text", "huge", "comma", "silence"])
def test_values_over_mqtt_that_are_none(world, payload):
    begin(world, at_most="2s")
    with publishing(world, payload):
        end = ended(world, begun(world, "2.0.0"))
    assert (end["state"], end["exit_code"]) == ("rolled_back", 6), end["summary"]
    assert rule(end, "queue")["verdict"] == "inconclusive"


def test_stale_values(world):
    begin(world, observe="4s", at_most="6s")
    with publishing(world) as said:
        name = begun(world, "2.0.0")
        wait_until(lambda: rule(show(world, name), "queue").get("verdict") == "pass", 8, "the rule is content")
        said[0] = None
        wait_until(lambda: rule(show(world, name), "queue")["reason"] == "stale", 5, "the values are stale")
        end = ended(world, name)
    assert (end["state"], end["exit_code"]) == ("rolled_back", 6), end["summary"]


def test_broker_dies_and_comes_back(world):
    begin(world, observe="4s")
    with publishing(world):
        name = begun(world, "2.0.0")
        wait_until(lambda: rule(show(world, name), "queue").get("verdict") == "pass", 8, "the rule is content")
        world.programs["mosquitto"].kill()
        wait_until(lambda: rule(show(world, name), "queue")["verdict"] == "inconclusive", 5, "nothing is known any more")
        assert "mqtt" in world.api("GET", "/readyz?verbose").text
        world.programs["mosquitto"].start()
        assert ended(world, name, 18)["state"] == "promoted"


def test_haproxy_that_is_not_there(world):
    begin(world)
    world.programs["haproxy"].stop()
    end = ended(world, begun(world, "2.0.0"))
    assert (end["state"], end["exit_code"]) == ("rejected", 5)
    assert "admin.sock" in end["why"], end["why"]


def test_stable_that_is_down(world):
    begin(world)
    world.kill_shop("blue")
    wait_until(lambda: ",DOWN," in world.haproxy("show stat"), 8, "HAProxy finds blue down")
    end = ended(world, begun(world, "2.0.0"))
    assert (end["state"], end["exit_code"]) == ("rejected", 5)
    assert "blue" in end["why"], end["why"]


def test_command_that_is_not_allowed(world):
    other = world.write("commands/other", "#!/bin/sh\nexit 0\n", 0o700)
    begin(world, script="exit 0")
    world.write("rules.d/shop.rules", swift_rules(world, script=other))
    world.programs["verdictd"].restart()
    end = ended(world, begun(world, "2.0.0"))
    assert (end["state"], end["exit_code"], end["ending"]) == ("rejected", 5, "refused")
    assert "allow" in end["why"], end["why"]


def test_command_that_is_missing(world):
    begin(world)
    missing = world.path("commands", "missing")
    world.write("runner.conf", allow(world, missing))
    world.programs["verdict-runner"].restart()
    world.write("rules.d/shop.rules", swift_rules(world, script=missing))
    world.programs["verdictd"].restart()
    wait_until(lambda: "[+]runner" in world.api("GET", "/readyz?verbose").text, 5, "the runner is there")
    end = ended(world, begun(world, "2.0.0"))
    assert (end["state"], end["exit_code"], end["ending"]) == ("rejected", 5, "refused"), end["summary"]
    assert missing in end["why"], end["why"]


def test_command_that_fails(world):
    begin(world, script="echo no such image; exit 1")
    end = ended(world, begun(world, "2.0.0"))
    assert (end["state"], end["exit_code"], end["ending"]) == ("rolled_back", 3, "action_failed")
    assert "no such image" in end["why"] and "status 1" in end["why"], end["why"]
    assert world.split() == 0


def test_command_that_fails_does_not_quarantine(world):
    begin(world, script=f"test -e {world.path('fixed')}")
    assert ended(world, begun(world, "2.0.0"))["state"] == "rolled_back"
    world.write("fixed", "")
    with publishing(world):
        assert ended(world, begun(world, "2.0.0"))["state"] == "promoted"


def test_command_that_asks_for_another_try(world):
    tries = world.path("tries")
    begin(world, script=f"echo $VERDICT_KEY >> {tries}\ntest $(wc -l < {tries}) -ge 3 || exit 75")
    with publishing(world):
        assert ended(world, begun(world, "2.0.0"))["state"] == "promoted"
    with open(tries, encoding="ascii") as file:
        keys = file.read().split()
    assert len(keys) == 3 == len(set(keys)), keys


@pytest.mark.parametrize("repeat", ["unsafe", "idempotent"])
def test_command_that_hangs(world, repeat):
    runs = world.path("runs")
    begin(world, script=f"echo $$ >> {runs}\nexec sleep 300", timeout="1s", command=f'repeat = "{repeat}";' + (' tries = 2;' if repeat == "idempotent" else ""))
    end = ended(world, begun(world, "2.0.0"), 18)
    assert (end["state"], end["ending"]) == ("rolled_back", "action_failed"), end["summary"]
    assert "deadline" in end["why"], end["why"]
    with open(runs, encoding="ascii") as file:
        pids = [int(word) for word in file.read().split()]
    assert len(pids) == 1, "a command that was stopped is not started again"
    assert not any(os.path.exists(f"/proc/{pid}") for pid in pids), "none outlives the deployment (S18)"


def test_disk_that_is_full(world):
    if os.getuid() != 0:
        pytest.skip("needs root, to mount a small file system")
    data = world.path("data")
    os.mkdir(data, 0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m,mode=0700", "none", data], check=True)
    try:
        begin(world, observe="1h", at_most="2h", stage=True)
        with publishing(world):
            name = begun(world, "2.0.0")
            wait_until(lambda: show(world, name)["share"] > 0, 8, "the candidate has traffic")
            fill(os.path.join(data, "filler"))
            wait_until(lambda: post(world, "2.0.0", environment="stage").status == 507, 15, "starts are refused")
            assert world.api("GET", "/readyz").status == 503
            taken_back = world.api("POST", f"/v1/deployments/{name}/abort", {"reason": "the disk is full"})
            assert taken_back.status in (200, 507), taken_back.text
            wait_until(lambda: world.split() == 0, 5, "the way back is not gated by a disk (S19)")
            os.unlink(os.path.join(data, "filler"))
            assert ended(world, name)["state"] == "rolled_back"
    finally:
        world.programs["verdictd"].stop()
        subprocess.run(["umount", "-l", data], check=True)


def fill(path):
    with open(path, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(65536))
        except OSError:
            pass


def test_receiver_that_is_down(world):
    begin(world)
    with publishing(world):
        end = ended(world, begun(world, "2.0.0"))
    assert end["state"] == "promoted"
    world.start_receiver()
    wait_until(lambda: any(n["body"]["type"].endswith(".promoted") for n in world.notices()), 15, "the notice of the promotion")
    identities = [n["body"]["id"] for n in world.notices()]
    assert len(identities) == len(set(identities)), identities
    assert all(n["code"] == 204 for n in world.notices())


def test_receiver_that_fails_at_first_hears_the_same_id(world):
    world.start_receiver("--fail-first", "3")
    begin(world)
    with publishing(world):
        name = begun(world, "2.0.0")
        assert ended(world, name)["state"] == "promoted"

    def failed_ones_came_again():
        notices = world.notices()
        failed = {n["id"] for n in notices if n["code"] == 500}
        return failed and failed <= {n["id"] for n in notices if n["code"] == 204}

    wait_until(failed_ones_came_again, 15, "what the receiver refused comes again under its id")


def test_rules_that_break_in_mid_deployment(world):
    begin(world, observe="3s")
    with publishing(world):
        name = begun(world, "2.0.0")
        wait_until(lambda: show(world, name)["share"] > 0, 8, "the candidate has traffic")
        before = show(world, name)
        world.write("rules.d/shop.rules", swift_rules(world, observe="1h", at_most="2h").replace('kind = "canary"', 'kind = "canaryy"'))
        world.programs["verdictd"].signal(signal.SIGHUP)
        wait_until(lambda: "[-]rules" in world.api("GET", "/readyz?verbose").text, 5, "the error is shown")
        log = world.programs["verdictd"].log_text()
        assert "shop.rules:" in log and "canaryy" in log
        after = show(world, name)
        assert after["steps"][2]["duration_s"] == before["steps"][2]["duration_s"] == 3
        assert ended(world, name)["state"] == "promoted"
    world.write("rules.d/shop.rules", swift_rules(world))
    world.programs["verdictd"].signal(signal.SIGHUP)
    wait_until(lambda: "[+]rules" in world.api("GET", "/readyz?verbose").text, 5, "the rules are good again")


def test_slow_disk_delays_no_way_back(world):
    begin(world, observe="1h", at_most="2h")
    with publishing(world) as said:
        name = begun(world, "2.0.0")
        wait_until(lambda: show(world, name)["share"] > 0, 8, "the candidate has traffic")
        slow = subprocess.Popen([find("strace"), "-f", "-qq", "-p", str(world.programs["verdictd"].pid), "-o", "/dev/null",
                                 "-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:delay_enter=4000000"])
        try:
            wait_until(lambda: is_traced(world), 5, "the disk is slow")
            said[0] = '{"lag": 300}'
            wait_until(lambda: world.split() == 0, 3, "traffic is back before the journal has it (S5)")
        finally:
            slow.terminate()
            slow.wait(15)
        assert ended(world, name)["exit_code"] == 3
    assert not [file for file in os.listdir(world.path("data", "run")) if file.startswith("ahead.")], "the sign is taken away"


def is_traced(world):
    folder = f"/proc/{world.programs['verdictd'].pid}/task"
    states = []
    for task in os.listdir(folder):
        with open(f"{folder}/{task}/status", encoding="ascii") as file:
            states.append("TracerPid:\t0" not in file.read())
    return all(states)


def test_tokens(world):
    begin(world)
    made = world.api("POST", "/v1/tokens", {"principal": "reader", "person": False, "scopes": ["read"]})
    assert made.status == 201, made.text
    url = f"http://127.0.0.1:{world.api_port}/v1/deployments"
    body = json.dumps({"service": "shop", "environment": "prod", "version": "2.0.0"})

    def ask(*more):
        done = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--noproxy", "*", "-H", "Content-Type: application/json", *more, url],
                              capture_output=True, text=True, timeout=10, check=False)
        return int(done.stdout)

    bearer = ["-H", f"Authorization: Bearer {made.json['token']}"]
    assert ask() == 401
    assert ask("-H", "Authorization: Bearer nonsense") == 401
    assert ask(*bearer) == 200
    assert ask(*bearer, "-d", body) == 403
    assert ask("-d", body) == 401
    assert world.api("GET", "/v1/deployments").json["deployments"] == []
