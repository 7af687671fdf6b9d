# test_levers.py - nginx and a flag file as the lever: a good version is promoted, a bad one taken back, and switching costs no request.
# SPDX-License-Identifier: MIT
import pytest

from support import wait_until
from support.levers import Flags, Nginx, start_all
from support.rules import deployment


def failed_by_switching(world, bad=None):
    counts = world.counts()
    others = [statuses for version, statuses in counts["by_version"].items() if version != bad]
    return counts["connection_errors"] + sum(n for statuses in others for status, n in statuses.items() if int(status) >= 500)


def promote(world, lever):
    done = world.verdict("start", "shop/prod", "--version", "2.0.0", "--wait", "--timeout", "90s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert deployment(world)["state"] == "promoted"
    assert lever.share() == 10000
    wait_until(lambda: not world.shop("blue").running(), 15, "the old slot is retired")
    assert failed_by_switching(world) == 0, world.counts()
    assert world.counts()["by_version"]["2.0.0"]["200"] > 0


def drained(world):
    """Requests that were on their way when the lever moved have been answered, and counted."""
    good = world.counts()["by_version"]["1.0.0"]["200"]
    wait_until(lambda: world.counts()["by_version"]["1.0.0"]["200"] > good + 20, 10, "stable answers")


def take_back(world, lever):
    done = world.verdict("start", "shop/prod", "--version", "3.0.0-bad", "--wait", "--timeout", "90s")
    assert done.returncode == 3, done.stdout + done.stderr
    assert deployment(world)["state"] == "rolled_back"
    assert lever.share() == 0
    assert failed_by_switching(world, "3.0.0-bad") == 0, world.counts()
    drained(world)
    before = sum(world.counts()["by_version"]["3.0.0-bad"].values())
    good = world.counts()["by_version"]["1.0.0"]["200"]
    wait_until(lambda: world.counts()["by_version"]["1.0.0"]["200"] > good + 50, 10, "stable serves")
    assert sum(world.counts()["by_version"]["3.0.0-bad"].values()) == before, "nobody is sent there any more"


@pytest.mark.parametrize("strategy", ["short", "swap"])
def test_nginx_promotes_a_good_version(world, strategy):
    lever = Nginx(world)
    start_all(world, lever, strategy=strategy)
    promote(world, lever)


@pytest.mark.parametrize("strategy", ["short", "swap"])
def test_nginx_takes_a_bad_version_back(world, strategy):
    lever = Nginx(world)
    start_all(world, lever, strategy=strategy)
    take_back(world, lever)


def test_flag_is_turned_on(world):
    lever = Flags(world)
    start_all(world, lever)
    before = lever.document()["flags"]["beta"]
    promote(world, lever)
    assert lever.document()["flags"]["beta"] == before
    assert lever.document()["flags"]["checkout"]["defaultVariant"] == "on"


def test_flag_is_turned_off_again(world):
    lever = Flags(world)
    start_all(world, lever)
    take_back(world, lever)
    assert lever.document()["flags"]["checkout"]["defaultVariant"] == "off"
