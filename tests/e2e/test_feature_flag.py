# test_feature_flag.py - the strategy feature_flag on a flag file: turned on for more and more users, turned off when it is bad.
# SPDX-License-Identifier: MIT
from support import wait_until
from support.levers import Flags, start_all
from support.rules import deployment, start

DIAL = """
strategies: { dial: { kind = "feature_flag";
  steps = ( { command = "deploy"; }, { smoke = "basic"; }, { route = "10%";  observe = "3s";  at_most = "20s"; },
            { route = "50%";  observe = "3s";  at_most = "20s"; }, { route = "100%";  watch = "3s";  at_most = "20s"; } ); };
              slow: { kind = "feature_flag";
  steps = ( { command = "deploy"; }, { smoke = "basic"; }, { route = "10%";  observe = "1m"; }, { route = "100%";  watch = "3s"; } ); }; };
"""


def begin(world, strategy="dial"):
    lever = Flags(world)
    start_all(world, lever, strategy=strategy, more_rules=DIAL, settings='reconcile = "500ms";\n')
    return lever


def test_good_version_gets_the_flag(world):
    lever = begin(world)
    beta = lever.document()["flags"]["beta"]
    done = world.verdict("start", "shop/prod", "--version", "2.0.0", "--wait", "--timeout", "90s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert deployment(world)["state"] == "promoted"
    flags = lever.document()["flags"]
    assert (lever.share(), flags["checkout"]["defaultVariant"], flags["beta"]) == (10000, "on", beta)
    steps = [step["share"] for step in deployment(world)["steps"] if step["kind"] == "route"]
    assert steps == [10, 50, 100]


def test_bad_version_loses_the_flag(world):
    lever = begin(world)
    done = world.verdict("start", "shop/prod", "--version", "3.0.0-bad", "--wait", "--timeout", "90s")
    assert done.returncode == 3, done.stdout + done.stderr
    assert (deployment(world)["state"], deployment(world)["ending"]) == ("rolled_back", "failed")
    assert (lever.share(), lever.document()["flags"]["checkout"]["defaultVariant"]) == (0, "off")
    again = world.verdict("start", "shop/prod", "--version", "3.0.0-bad")
    assert again.returncode == 2, "it is in quarantine"


def test_the_file_is_read_back(world):
    lever = begin(world, "slow")
    start(world, "2.0.0")
    wait_until(lambda: deployment(world)["share"] == 10 and lever.share() == 1000, 20, "a tenth has the flag")
    edited = lever.document()
    edited["flags"]["checkout"]["targeting"]["fractional"] = [["on", 90], ["off", 10]]
    lever.replace(edited)
    wait_until(lambda: lever.share() == 1000 and deployment(world)["share"] == 10, 10, "more than was asked for is mended, and known to be")
    edited["flags"]["checkout"]["targeting"]["fractional"] = [["on", 2], ["off", 98]]
    lever.replace(edited)
    wait_until(lambda: deployment(world)["hold"] == "unknown_hand", 10, "who lowers it is respected")
    assert (deployment(world)["share"], lever.share()) == (2, 200)
    assert world.verdict("abort", "shop/prod", "--reason", "enough").returncode == 0
    wait_until(lambda: deployment(world)["state"] == "rolled_back", 20, "it is taken back")
    assert lever.share() == 0
