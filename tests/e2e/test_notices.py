# test_notices.py - what a notice says: who did it and why, who started it, what is done; and people who do not answer hear of it once more.
# SPDX-License-Identifier: MIT
import os
import re

from support import wait_until
from support.swift import begin, begun, ended, publishing, show
from test_notifiers import Peer, outbox

ASKS = '{ approve = [ "sre" ];  timeout = "TIMEOUT";  on_timeout = "rollback"; }, { route = "10%";'
PIPELINE = """pipelines: { paper: { service = "shop";
  stages: { ask: { people: { approval: { from = [ "sre" ];  timeout = "1m"; }; }; outside: { await = "1m"; }; }; }; }; };
"""


def told(world, about):
    """The data of all notices about a deployment or a run that were taken, oldest first."""
    taken = [notice["body"] for notice in world.notices() if notice["code"] == 204]
    assert len({body["id"] for body in taken}) == len(taken), "each of them came once"
    return [body["data"] for body in taken if about in (body["data"].get("deployment"), body["data"].get("run"))]


def one(world, about, event):
    wait_until(lambda: event in [data["event"] for data in told(world, about)], 15, f"{event}: {told(world, about)}")
    found = [data for data in told(world, about) if data["event"] == event]
    assert len(found) == 1, found
    return found[0]


def die(world):
    """The daemon, once nothing is on its way: what a death overtakes is told again, under the same id."""
    wait_until(lambda: all(state != 0 for _, state in outbox(world)), 15, "all notices are taken")
    world.programs["verdictd"].kill()
    world.programs["verdictd"].start()


def bearer(world, name, *options):
    return {"Authorization": "Bearer " + world.verdict("token", "create", name, *options).stdout.strip()}


def who(data):
    return data["actor"], data["reason"], data["author"]


def test_who_did_it_is_told_and_who_began_it(world):
    """Also of a way back that a dead daemon goes on with: whose word it was stands in the audit."""
    world.start_receiver()
    flag = world.path("slow")
    begin(world, script=f"[ -e {flag} ] || exit 0; touch {flag}.began; while [ -e {flag} ]; do sleep 0.05; done", observe="1h", at_most="2h", timeout="60s",
          command='repeat = "idempotent";  undo: { exec = [ "SCRIPT" ];  timeout = "60s";  repeat = "idempotent"; };'.replace("SCRIPT", world.path("commands", "quick")))
    machine, alice = bearer(world, "ci", "--scope", "read,deploy"), bearer(world, "alice", "--person", "--scope", "read,rollback")
    answer = world.api("POST", "/v1/deployments", {"service": "shop", "environment": "prod", "version": "2.0.0", "reason": "ticket 12"}, machine)
    assert answer.status == 201, answer.text
    name = answer.json["id"]
    wait_until(lambda: show(world, name)["share"] == 10, 15, "the candidate has traffic")
    assert who(one(world, name, "started")) == ("ci", "ticket 12", "ci")
    world.write("slow", "")
    assert world.api("POST", f"/v1/deployments/{name}/rollback", {"reason": "<it> smells"}, alice).status == 200
    began = one(world, name, "rollback_started")
    assert who(began) == ("alice", "<it> smells", "ci"), began
    assert began["action"] == "all traffic goes back to the version before"
    wait_until(lambda: os.path.exists(flag + ".began"), 15, "it is being undone")
    die(world)
    os.unlink(flag)
    assert ended(world, name, 30)["state"] == "rolled_back"
    over = one(world, name, "rolled_back")
    assert who(over) == ("alice", "<it> smells", "ci") and over["action"] == "the version before serves again", over


def test_what_a_rule_does_nobody_is_blamed_for(world):
    world.start_receiver()
    begin(world, observe="30s", at_most="60s")
    with publishing(world) as said:
        name = begun(world, "2.0.0")
        wait_until(lambda: show(world, name)["share"] == 10, 15, "the candidate has traffic")
        said[0] = '{"lag": 300}'
        assert ended(world, name)["state"] == "rolled_back"
    author = show(world, name)["actor"]
    for event in ("verdict_failed", "rollback_started", "rolled_back"):
        assert who(one(world, name, event)) == ("verdictd", "", author)
    failed = one(world, name, "verdict_failed")
    assert (failed["metric"], failed["value"], failed["bound"], failed["action"]) == ("lag", 300, 60, "no step forward any more"), failed


def test_an_escalation_goes_to_all_that_are_named(world):
    peer = Peer(world)
    peer.start()
    world.start_receiver()
    flag = world.path("broken")
    begin(world, broker=False, script=f"! [ -e {flag} ]", observe="1h", at_most="2h", daemon=peer.settings(),
          command='repeat = "idempotent";  undo: { exec = [ "SCRIPT" ];  repeat = "idempotent"; };'.replace("SCRIPT", world.path("commands", "quick")),
          edit=lambda text: text.replace('all = [ "webhook:desk" ];', 'all = [ "webhook:desk" ];  urgent = [ "slack:deploys", "pagerduty:shop" ];', 1))
    name = begun(world, "2.0.0")
    wait_until(lambda: show(world, name)["share"] == 10, 15, "the candidate has traffic")
    world.write("broken", "")
    assert world.api("POST", f"/v1/deployments/{name}/rollback", {"reason": "back"}).status == 200
    assert one(world, name, "escalated")["actor"] == "verdictd"
    wait_until(lambda: any(text.endswith("needs a person") for text in peer.chat()), 15, "the chat hears of it")
    wait_until(lambda: [body["severity"] for body in peer.paged()][-1:] == ["critical"], 15, "and the pager")
    os.unlink(flag)
    wait_until(lambda: show(world, name)["state"] == "rolled_back", 30, "it goes back all the same")
    assert world.verdict("check", world.path("rules.d", "shop.rules")).stderr.count("warning") == 0, "three are enough"
    with open(world.path("rules.d", "shop.rules"), encoding="utf-8") as file:
        text = file.read().replace('urgent = [ "slack:deploys", "pagerduty:shop" ];', "")
    done = world.verdict("check", world.write("lone.rules", text))
    assert done.returncode == 0 and "lone.rules:" in done.stderr and "only webhook:desk is called" in done.stderr, done.stderr


def test_who_is_asked_for_approval_is_asked_once_more(world):
    """At half of its time; killed before and behind it, once all the same; whoever answered in time is left alone."""
    world.start_receiver()
    begin(world, broker=False, edit=lambda text: text.replace('{ route = "10%";', ASKS.replace("TIMEOUT", "12s"), 1))
    name = begun(world, "2.0.0")
    first = one(world, name, "approval_wanted")
    assert "reminder" not in first and who(first)[0] == "verdictd", first
    die(world)
    asked = lambda: [data for data in told(world, name) if data["event"] == "approval_wanted"]
    wait_until(lambda: len(asked()) == 2, 15, "they are asked once more")
    assert show(world, name)["step"]["state"] == "waiting", "before its time is over"
    assert asked()[1]["reminder"] is True and "half of the time" in asked()[1]["summary"], asked()[1]
    die(world)
    end = ended(world, name, 20)
    assert (end["state"], end["ending"]) == ("rolled_back", "not_approved"), end["summary"]
    one(world, name, "rolled_back")
    assert len(asked()) == 2, "and not a third time"
    audit = [row["what"] for row in world.api("GET", "/v1/audit?limit=100").json["audit"] if row["deployment"] == name]
    assert audit.count("approval_wanted") == audit.count("approval_reminded") == 1, audit


def test_people_of_a_run_are_asked_once_more(world):
    """Half a minute: the least that an approval of a run may take is one."""
    world.start_receiver()
    begin(world, broker=False, edit=lambda text: text + PIPELINE.replace("stages:", 'notify: { all = [ "webhook:desk" ]; };  stages:', 1))
    answer = world.api("POST", "/v1/runs", {"pipeline": "paper", "version": "2.0.0"})
    assert answer.status == 201, answer.text
    run = answer.json["id"]
    asked = lambda event="run_approval_wanted": [data for data in told(world, run) if data["event"] == event]
    wait_until(lambda: len(asked()) == 1, 15, "people are asked")
    die(world)
    wait_until(lambda: len(asked()) == 2, 45, "they are asked once more")
    assert asked()[1]["reminder"] is True and asked()[1]["answer"] == f"verdict approve {run}" and "reminder" not in asked()[0], asked()
    shown = world.api("GET", f"/v1/runs/{run}").json
    assert shown["state"] == "waiting" and shown["stages"][0]["tasks"][0]["cause"] == "", shown
    alice = bearer(world, "alice", "--person", "--scope", "read,rollback")
    assert world.api("POST", f"/v1/runs/{run}/abort", {"reason": "enough"}, alice).status == 200
    end = one(world, run, "run_aborted")
    assert who(end)[:2] == ("alice", "enough") and re.match(r"uid-|root", end["author"]), end
    assert len(asked()) == 2 and len(asked("run_waits")) == 1, "what is answered from outside asks no people"
