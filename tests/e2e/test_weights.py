# test_weights.py - the lever that moves server weights in one backend: a good version is promoted, a bad one taken back.
# SPDX-License-Identifier: MIT
import pytest

from support import wait_until
from support.rules import deployment, start, start_all
from world_config import verdictd_text

COUNTED = 'triggers: { counted: { when = "avg(lb_errors, 4s) > 5% for 1s";  need = "20 requests";  then = "rollback"; }; };\n'


def weights(world):
    """Of the servers, as HAProxy uses them."""
    rows = [line.split(",") for line in world.haproxy("show stat").splitlines() if line.startswith("shop,")]
    return {row[1]: int(row[18]) for row in rows if row[1] in world.slots}


def start_weights(world, **options):
    start_all(world, haproxy="weights", daemon=lambda w: verdictd_text(w, kind="weights"), more_rules=COUNTED, **options)


def share(world):
    now = weights(world)
    return 100.0 * now["green"] / (now["blue"] + now["green"])


def test_good_version_is_promoted(world):
    start_weights(world)
    start(world, "2.0.0")
    wait_until(lambda: deployment(world)["share"] == 10, 20, "10 % are confirmed")
    assert share(world) == pytest.approx(10, abs=1)
    wait_until(lambda: deployment(world)["share"] == 50, 30, "50 % are confirmed")
    assert share(world) == pytest.approx(50, abs=1)
    wait_until(lambda: deployment(world)["done"], 40, "the deployment is over")
    assert deployment(world)["state"] == "promoted", deployment(world)["summary"]
    assert share(world) == 100
    wait_until(lambda: not world.shop("blue").running(), 15, "the old slot is retired")
    world.reload_haproxy()
    assert share(world) == 100, "a reload of HAProxy must keep the weights"
    counts = world.counts()
    assert counts["connection_errors"] == 0 and set(counts["by_status"]) == {"200"}, counts


def test_what_its_servers_answer_takes_it_back(world):
    start_weights(world, rules='triggers = [ "counted" ];')
    done = world.verdict("start", "shop/prod", "--version", "3.0.0-bad", "--wait", "--timeout", "60s")
    assert done.returncode == 3, done.stdout + done.stderr
    end = deployment(world)
    assert (end["state"], end["exit_code"]) == ("rolled_back", 3)
    failed = next(rule for rule in end["rules"] if rule["decided"])
    assert failed["name"] == "counted" and failed["value"] > failed["bound"], failed
    assert share(world) == 0
    counts = world.counts()
    others = {version: statuses for version, statuses in counts["by_version"].items() if version != "3.0.0-bad"}
    assert counts["connection_errors"] == 0 and all(set(statuses) == {"200"} for statuses in others.values()), counts


def test_old_slot_stays_while_a_reload_would_lead_back(world):
    def forgetful(place):
        return verdictd_text(place, kind="weights").replace(f'state_file = "{place.state_file}";', "")

    start_all(world, haproxy="weights", daemon=forgetful)
    start(world, "2.0.0")
    wait_until(lambda: deployment(world)["done"], 40, "the deployment is over")
    assert deployment(world)["state"] == "promoted", deployment(world)["summary"]
    wait_until(lambda: "not retired" in deployment(world)["why"], 10, "people can read why")
    assert world.shop("blue").running()
