# test_canary.py - the main job on real traffic: a good version is promoted, a bad one is taken back, and users notice neither.
# SPDX-License-Identifier: MIT
import json
import subprocess

from support import wait_until
from support.rules import deployment, start, start_all
from world import find


def failed_by_switching(world, bad):
    counts = world.counts()
    others = [statuses for version, statuses in counts["by_version"].items() if version != bad]
    return counts["connection_errors"] + sum(n for statuses in others for status, n in statuses.items() if int(status) >= 500)


def retained(world, topic):
    read = subprocess.run([find("mosquitto_sub"), "-h", "127.0.0.1", "-p", str(world.broker_port), "-t", topic, "-C", "1", "-W", "5"],
                          capture_output=True, text=True, timeout=10, check=True)
    return json.loads(read.stdout)


def test_good_version_is_promoted(world):
    start_all(world)
    done = world.verdict("start", "shop/prod", "--version", "2.0.0", "--wait", "--timeout", "60s")
    assert done.returncode == 0, done.stdout + done.stderr
    end = deployment(world)
    assert (end["state"], end["exit_code"], end["done"]) == ("promoted", 0, True)
    assert world.split() == 10000
    with open(world.split_file, encoding="utf-8") as file:
        assert file.read() == "shop 10000\n", "a reload of HAProxy must keep the share"
    wait_until(lambda: not world.shop("blue").running(), 10, "the old slot is retired")
    world.reload_haproxy()
    assert world.split() == 10000
    assert failed_by_switching(world, None) == 0
    assert retained(world, "verdict/demo/deployments/shop/prod")["state"] == "promoted"


def test_bad_version_is_taken_back(world):
    start_all(world)
    done = world.verdict("start", "shop/prod", "--version", "3.0.0-bad", "--wait", "--timeout", "60s")
    assert done.returncode == 3, done.stdout + done.stderr
    end = deployment(world)
    assert (end["state"], end["exit_code"]) == ("rolled_back", 3)
    assert world.split() == 0
    assert failed_by_switching(world, "3.0.0-bad") == 0
    wait_until(lambda: any(n["body"]["type"] == "verdict.deployment.rolled_back" for n in world.notices()), 10, "the notice of the rollback")
    assert all(n["code"] == 204 for n in world.notices()), "every notice was signed well"
    assert retained(world, "verdict/demo/deployments/shop/prod")["state"] == "rolled_back"
    report = world.api("GET", f"/v1/deployments/{end['id']}/report").json
    assert any(v["verdict"] == "fail" and v["value"] > v["bound"] for v in report["verdicts"]), report
    again = world.verdict("start", "shop/prod", "--version", "3.0.0-bad")
    assert again.returncode == 2 and "quarantine" in again.stderr
    assert world.verdict("quarantine", "clear", "shop/prod", "--version", "3.0.0-bad").returncode == 0


def test_queue_over_mqtt_takes_it_back(world):
    start_all(world, rules='triggers = [ "errors", "queue" ];')
    start(world, "2.0.0")
    wait_until(lambda: deployment(world)["share"] > 0, 20, "the candidate has traffic")
    world.set_faults("green", lag=300)
    wait_until(lambda: deployment(world)["done"], 20, "the deployment is over")
    assert deployment(world)["state"] == "rolled_back"
    assert "lag" in json.dumps(deployment(world)["rules"])


def test_without_data_it_goes_back_for_lack_of_evidence(world):
    start_all(world, strategy="blind", rules='triggers = [ "nothing" ];')
    done = world.verdict("start", "shop/prod", "--version", "2.0.0", "--wait", "--timeout", "60s")
    assert done.returncode == 6, done.stdout + done.stderr
    assert world.split() == 0


def test_first_5xx_series_is_born_bad(world):
    start_all(world)
    start(world, "2.0.0")
    wait_until(lambda: deployment(world)["share"] > 0, 20, "the candidate has traffic")
    world.set_faults("green", share=0.5)
    wait_until(lambda: deployment(world)["done"], 30, "the deployment is over")
    assert deployment(world)["exit_code"] == 3
