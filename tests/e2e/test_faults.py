# test_faults.py - what goes wrong around the daemon: proxy, stable, disk, receiver, rule files. Nothing passes by mistake.
# SPDX-License-Identifier: MIT
import json
import os
import signal
import subprocess

import pytest

from support import wait_until
from support.swift import begin, begun, ended, post, publishing, show, swift_rules
from support.trouble import trouble


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
        with trouble(world, "fdatasync,fsync", "delay_enter=4000000"):
            said[0] = '{"lag": 300}'
            wait_until(lambda: world.split() == 0, 3, "traffic is back before the journal has it (S5)")
        assert ended(world, name)["exit_code"] == 3
    assert not [file for file in os.listdir(world.path("data", "run")) if file.startswith("ahead.")], "the sign is taken away"


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
