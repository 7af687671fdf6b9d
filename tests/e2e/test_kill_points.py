# test_kill_points.py - kill -9 at system calls of deployments of every strategy, and of the recovery after it: nothing is lost,
# done twice or promoted wrongly. A sample of each; all of them are tests/soak/kill_points.
# SPDX-License-Identifier: MIT
import pytest

from support.kills import PLAYS, Kills, spread

SAMPLE = {"pwrite64": 3, "fdatasync": 1, "sendmsg": 1, "sendto": 1}
RECOVERY = {"pwrite64": 2, "sendmsg": 1, "write": 1}  # of the start after a kill that is killed as well
KILLS_MIN = 36  # that must have come, per outcome: a run that is quicker than the one before has fewer points


@pytest.mark.parametrize("is_good", [True, False], ids=["good", "bad"])
def test_killed_on_the_way(world, is_good):
    kills = Kills(world, list(PLAYS))
    came = {}
    for name in PLAYS:
        points = kills.points(name, is_good, from_start=False)
        came[name] = sum(kills.one(name, is_good, point) for point in spread(points, **SAMPLE))
    print(f"killed at {sum(came.values())} points: {came}")
    assert sum(came.values()) >= KILLS_MIN, came
    kills.check_journal()


@pytest.mark.parametrize("is_good", [True, False], ids=["good", "bad"])
def test_killed_while_it_recovers(world, is_good):
    """Killed in the middle, and the daemon that takes it up is killed once more: the second recovery equals the first."""
    kills = Kills(world, ["own"])
    points = kills.points("own", is_good, from_start=False)
    middle = spread(points, pwrite64=1)[0]
    twice = [kills.one("own", is_good, middle, point) for point in spread(points_of_start(kills, is_good), **RECOVERY)]
    print(f"killed twice at {twice.count(2)} of {len(twice)} points")
    assert twice.count(2) >= len(twice) - 1, twice
    kills.check_journal()


def points_of_start(kills, is_good):
    """What a start and a whole deployment do: the first half of it, which a recovery in mid-deployment reaches."""
    points = kills.points("own", is_good)
    counts = {call: max(when for other, when in points if other == call) for call, _ in points}
    return [(call, when) for call, when in points if when <= counts[call] // 2]
