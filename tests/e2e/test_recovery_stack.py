# test_recovery_stack.py - a recovery plan that applies infrastructure once more, rehearsed with the real terraform.
# SPDX-License-Identifier: MIT
import os
import time

from support import wait_until
from support.health import well_while
from support.swift import show
from support.terraform import CODE, needs_terraform
from test_iac import Stack
from test_iac_daemon import DaemonStack, kept_stack

pytestmark = needs_terraform

SERVICES = """
smoke_tests: { alive: { base_url = "http://{{address}}";  settle = "10ms";  timeout = "1s";  checks: { up: { get = "/";  expect = "status == 200"; }; }; }; };
strategies: { watched: { kind = "follow";  steps = ( { watch = "1h";  at_most = "2h"; } ); }; };
services: { shop: { rules: { smoke_tests = [ "alive" ]; };  environments: {
  prod: { strategy = "watched";  slots: { only: { address = "127.0.0.1:PORT"; }; };  recovery: { steps = ( { stack = "network";  UNATTENDED } );  rehearse = "dev"; }; };
  dev: { strategy = "watched";  slots: { only: { address = "127.0.0.1:PORT"; }; }; }; }; }; };
"""


HEALS = """
resource "terraform_data" "heal" {
  depends_on = [terraform_data.a]
  provisioner "local-exec" {
    command = "touch WELL"
  }
}
"""


class Planned(Stack):
    """The stack of the other tests, and a service whose recovery plan applies it."""

    def __init__(self, world, port, code=CODE, **rules):
        self.port = port
        super().__init__(world, code, **rules)
        adopted = world.api("POST", "/v1/services/shop/prod/adopt", {"version": "1.0.0", "reason": "first"})
        assert adopted.status == 200, adopted.text

    def rules(self, unattended="", **rules):  # pylint: disable=arguments-differ
        return super().rules(**rules) + SERVICES.replace("PORT", str(self.port)).replace("UNATTENDED", unattended)

    def rehearsed(self):
        answer = self.world.api("POST", "/v1/services/shop/prod/rehearse/recovery")
        assert answer.status == 201, answer.text
        return self.ended(answer.json["id"], 60)


def test_a_stack_is_applied_on_the_stand_in_alone(world):
    with well_while() as port:
        stack = Planned(world, port)
        end = stack.rehearsed()
        assert (end["state"], end["purpose"], end["outputs"]["output.size"]) == ("released", "rehearsal", "1"), end["summary"]
        assert stack.stages(end["id"]) == {"network-plan": "done", "network-apply": "done", "network-verify": "done", "health": "done"}
        seconds = [stage["tasks"][0]["seconds"] for stage in end["stages"]]
        assert all(one >= 0 for one in seconds) and seconds[1] > 0 and sum(seconds) <= end["seconds"] + 0.1
        assert os.listdir(world.path("work", "network")) == ["dev"]
        again = stack.rehearsed()
        assert stack.stages(again["id"])["network-apply"] == "skipped", "nothing is missing"


def test_what_nobody_approves_replaces_nothing(world):
    with well_while() as port:
        stack = Planned(world, port, unattended="unattended = true;")
        assert stack.rehearsed()["state"] == "released"
        stack.change(unattended="unattended = true;", more='variables: { name = "other"; };')
        refused = stack.rehearsed()
        assert (refused["state"], refused["exit_code"]) == ("failed", 5) and "the plan is refused: deletes > 0 or replaces > 0" in refused["summary"], refused["summary"]
        stack.change(more='variables: { name = "other"; };')
        assert stack.rehearsed()["state"] == "released", "where the rule does not say so, it is the stack's own affair"


def test_in_earnest_people_approve_the_plan(world):
    """Nothing is to be undone, and what serves is not well: its infrastructure is made again, as people allow it."""
    path = world.path("well")
    with well_while(path) as port:
        stack = Planned(world, port, CODE + HEALS.replace("WELL", path))
        answer = world.api("POST", "/v1/deployments", {"service": "shop", "environment": "prod", "version": "2.0.0"})
        assert answer.status == 201, answer.text
        name = answer.json["id"]
        wait_until(lambda: show(world, name)["state"] == "watching", 10, "it is under way")
        assert world.api("POST", f"/v1/deployments/{name}/abort", {"reason": "all is down"}).status == 200
        wait_until(lambda: world.api("GET", "/v1/runs?pipeline=recovery:shop/prod").json["runs"], 20, "its plan begins")
        run = world.api("GET", "/v1/runs?pipeline=recovery:shop/prod").json["runs"][0]["id"]
        plan = stack.asks(run)
        assert show(world, name)["escalated"] and not os.path.exists(path)
        assert stack.answer(run, plan, stage="network-approve").status == 200
        assert stack.ended(run)["state"] == "released"
        wait_until(lambda: show(world, name)["state"] == "rolled_back", 30, "what serves is well again")
        assert os.path.exists(path) and world.api("GET", "/v1/status").json["recovery"]["last_deployment"] == name


class Kept(Planned, DaemonStack):
    """Its state is with the daemon, and the plan goes back to the one that was verified last."""

    def rules(self, **rules):  # pylint: disable=arguments-differ
        return super().rules(unattended='unattended = true;  state = "last_verified";', **rules)

    def versions(self, environment="dev"):
        return self.world.api("GET", f"/v1/iac/network/{environment}").json

    def lose(self, environment="dev", **more):
        """By somebody else: the newest state knows of nothing any more."""
        state = self.world.api("GET", f"/v1/iac/network/{environment}/state").json
        state = {**state, "resources": [], "outputs": {}, "serial": state["serial"] + 1, **more}
        assert self.world.api("POST", f"/v1/iac/network/{environment}/state", state).status == 200
        return state["serial"]

    def kept(self, serial, environment="dev"):
        return self.world.api("GET", f"/v1/iac/network/{environment}/state?serial={serial}").json

    def failed(self):
        """A rehearsal that fails before anything is planned; why."""
        end = self.rehearsed()
        assert end["state"] == "failed" and self.stages(end["id"])["network-plan"] == "idle", end
        return end["stages"][0]["tasks"][0]["why"]


def test_it_goes_back_to_what_was_verified(world):
    with well_while() as port:
        stack = kept_stack(world, kind=lambda world, code: Kept(world, port, code))
        assert "no state of network/dev that could be restored was ever verified: `verdict iac verify network dev` does" in stack.failed()
        assert stack.ended(stack.begin("apply", "dev"))["state"] == "released"
        verified = stack.versions()["verified"]["serial"]
        lost = stack.lose()
        end = stack.rehearsed()
        assert end["state"] == "released", end["summary"]
        assert stack.stages(end["id"]) == {"network-state": "done", "network-plan": "done", "network-apply": "skipped", "network-verify": "done", "health": "done"}
        assert end["stages"][0]["tasks"][0]["why"] == f"serial {lost + 1} has what serial {verified} had"
        now = stack.versions()
        assert (now["state"]["serial"], now["state"]["run"], now["verified"]["serial"]) == (lost + 1, end["id"], lost + 1), "a plan of it changes nothing"
        assert {**stack.kept(verified), "serial": lost + 1} == stack.kept(lost + 1)
        audit = world.verdict("audit", "-n", "100").stdout
        assert f"with what serial {verified} had" in audit and "it was verified last (rehearsal:shop/prod)" in audit

        again = stack.rehearsed()
        assert again["state"] == "released" and "already" in again["stages"][0]["tasks"][0]["why"]
        assert stack.versions()["versions"] == now["versions"], "what is there is not written twice"

        stack.lose()
        assert world.api("LOCK", "/v1/iac/network/dev/state", {"ID": "theirs", "Who": "alice@desk"}).status == 200
        assert "alice@desk holds its lock (theirs)" in stack.failed()
        assert stack.versions()["versions"] == now["versions"] + 1


def test_killed_while_it_goes_back(world):
    """Again and again: the state is written back once, and the plan comes after it."""
    with well_while() as port:
        stack = kept_stack(world, kind=lambda world, code: Kept(world, port, code))
        assert stack.ended(stack.begin("apply", "dev"))["state"] == "released"
        for pause in (0, 0.005, 0.02, 0.05):
            lost = stack.lose()
            answer = world.api("POST", "/v1/services/shop/prod/rehearse/recovery")
            assert answer.status == 201, answer.text
            time.sleep(pause)
            world.programs["verdictd"].kill()
            world.programs["verdictd"].start()
            assert stack.ended(answer.json["id"], 60)["state"] == "released"
            now = stack.versions()
            assert now["state"]["serial"] == now["verified"]["serial"] == lost + 1, now
        assert world.verdict("audit", "verify").returncode == 0
