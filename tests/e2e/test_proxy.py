# test_proxy.py - HAProxy dies and comes back in mid-canary, with and without what it was told; users who stay on their side.
# SPDX-License-Identifier: MIT
import urllib.request

from support import wait_until
from support.rules import deployment, start, start_all
from support.swift import begin, begun, ended, publishing, show
from world_config import verdictd_text

SESSIONS = 60

SWIFT_READING = 'reconcile = "500ms";\n'


def restart_haproxy(world, *, share=None):
    """As after a crash. `share`: what somebody put into the map's file meanwhile."""
    world.programs["haproxy"].kill()
    if share is not None:
        world.write("split.map", f"{world.service} {share}\n")
    world.programs["haproxy"].start()
    world.wait_backends("blue", "green")


def observed(world, **options):
    """A canary at 10 % whose share was read back at least once since."""
    begin(world, daemon=verdictd_text(world) + SWIFT_READING, **options)
    return begun(world, "2.0.0")


def at_ten_percent(world, name):
    wait_until(lambda: show(world, name)["share"] == 10, 8, "the candidate has its share")
    wait_until(lambda: show(world, name)["rules"][0]["verdict"] == "pass", 8, "the rule passes")
    wait_until(lambda: read(world) == f"{world.service} 1000\n", 5, "the file has the share too")


def read(world):
    with open(world.split_file, encoding="utf-8") as file:
        return file.read()


def test_killed_and_restarted(world):
    name = observed(world, observe="8s")
    with publishing(world):
        at_ten_percent(world, name)
        restart_haproxy(world)
        assert world.split() == 1000, "the file kept what was confirmed"
        end = ended(world, name, 30)
    assert end["state"] == "promoted", end["summary"]
    assert world.split() == 10000


def test_restarted_with_a_file_that_does_not_know(world):
    name = observed(world, observe="1h", at_most="2h")
    with publishing(world):
        at_ten_percent(world, name)
        restart_haproxy(world, share=0)
        wait_until(lambda: world.split() == 1000, 5, "what it forgot is told again, as all is well")
        wait_until(lambda: show(world, name)["share"] == 10, 5, "and confirmed")
        assert show(world, name)["hold"] is None


def test_restarted_while_nobody_knows_how_it_goes(world):
    name = observed(world, observe="1h", at_most="2h")
    with publishing(world) as said:
        at_ten_percent(world, name)
        said[0] = None
        wait_until(lambda: show(world, name)["rules"][0]["verdict"] == "inconclusive", 8, "the values are stale")
        restart_haproxy(world, share=0)
        wait_until(lambda: show(world, name)["hold"] == "unknown_hand", 5, "nothing is raised blindly")
        assert world.split() == 0
        said[0] = '{"lag": 1}'
        assert world.api("POST", f"/v1/deployments/{name}/resume", {"reason": "seen"}).status == 200
        wait_until(lambda: world.split() == 1000, 5, "a person said to go on")


def version_of(world, session):
    request = urllib.request.Request(f"{world.users_url}/version", headers={"Cookie": f"SID={session}"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return answer.read().decode()


def sides(world):
    """{session: has it the candidate?}; asked twice, as who stays on a side gets the same answer again."""
    first, second = ({session: "2.0.0" in version_of(world, f"user-{session}") for session in range(SESSIONS)} for _ in range(2))
    assert first == second, "a session changed its side though the share did not"
    return first


STICKY = """
strategies: { patient: { kind = "canary";
  steps = ( { command = "deploy"; }, { smoke = "basic"; }, { route = "25%";  observe = "5m";  at_most = "10m"; }, { route = "50%";  observe = "5m";  at_most = "10m"; },
            { route = "100%"; watch = "2s";  at_most = "20s"; } ); }; };
"""


def test_users_stay_on_their_side_and_leave_a_bad_one(world):
    start_all(world, strategy="patient", haproxy="sticky", more_rules=STICKY, more='sticky = "cookie:SID";')
    start(world, "2.0.0")
    wait_until(lambda: deployment(world)["share"] == 25, 20, "25 % are confirmed")
    quarter = sides(world)
    assert 0 < sum(quarter.values()) < SESSIONS / 2, quarter
    wait_until(lambda: world.verdict("promote", "shop/prod", "--reason", "seen").returncode == 0, 20, "all rules pass")
    wait_until(lambda: deployment(world)["share"] == 50, 10, "50 % are confirmed")
    half = sides(world)
    assert all(half[session] for session, is_there in quarter.items() if is_there), "who had it keeps it while the share grows"
    assert sum(half.values()) > sum(quarter.values())
    world.set_faults("green", share=0.5)
    wait_until(lambda: deployment(world)["done"], 30, "the deployment is over")
    assert (deployment(world)["state"], deployment(world)["exit_code"]) == ("rolled_back", 3)
    assert not any(sides(world).values()), "nobody is left on the bad one"
