# test_iac_daemon.py - a stack whose state is with the daemon: planned, approved, applied and destroyed by runs, every version of its state kept.
# SPDX-License-Identifier: MIT
from support.terraform import CODE, needs_terraform
from test_iac import Stack

pytestmark = needs_terraform


class DaemonStack(Stack):
    def rules(self, **values):
        return super().rules(**values).replace('state = "local"', 'state = "daemon"')

    def runner_text(self, text):
        token = self.world.path("iac.token")
        return text.replace("IAC_WORK=", f"IAC_URL=http://127.0.0.1:{self.world.api_port}\", \"IAC_TOKEN=file:{token}\", \"IAC_WORK=")


def kept_stack(world, code=CODE, kind=DaemonStack, **rules):
    """One with a token for its state."""
    stack = kind(world, code=code.replace('backend "local" {}', 'backend "http" {}'), **rules)
    made = world.verdict("token", "create", "iac", "--scope", "read,deploy", "--service", "network")
    assert made.returncode == 0, made.stderr
    world.write("iac.token", made.stdout, 0o600)
    return stack


def test_the_state_is_with_the_daemon(world):
    stack = kept_stack(world)
    run = stack.begin("apply")
    assert stack.answer(run, stack.asks(run)).status == 200
    end = stack.ended(run)
    assert (end["state"], end["outputs"]["output.size"]) == ("released", "4"), end["summary"]
    listed = world.verdict("iac", "ls", "network", "prod")
    assert listed.returncode == 0 and listed.stdout.strip(), listed.stderr
    assert stack.ended(stack.begin("drift"))["state"] == "released"
    run = stack.begin("destroy", confirm="network/prod")
    assert stack.answer(run, stack.asks(run)).status == 200
    assert stack.ended(run)["state"] == "released"
    print(world.verdict("iac", "ls", "network", "prod").stdout)


def released(stack, verb="apply"):
    """A run of it to its end, approved; its id."""
    run = stack.begin(verb)
    assert stack.answer(run, stack.asks(run)).status == 200
    end = stack.ended(run)
    assert end["state"] == "released", end["summary"]
    return run


def test_what_was_verified_is_known(world):
    """The version that a verify looked at, whatever comes after; and none is restored while a run is at work."""
    stack = kept_stack(world)

    def shown():
        return world.api("GET", "/v1/iac/network/prod").json

    assert world.api("GET", "/v1/iac").json["stacks"] == []
    run = released(stack)
    first = shown()
    assert (first["verified"]["serial"], first["verified"]["run"]) == (first["state"]["serial"], run) and first["state"]["verified"]
    assert f"verified serial {first['state']['serial']} ({run})" in world.verdict("iac", "ls").stdout

    def push(**more):
        """By somebody else: nobody has verified that."""
        state = {**world.api("GET", "/v1/iac/network/prod/state").json, **more}
        assert world.api("POST", "/v1/iac/network/prod/state", {**state, "serial": shown()["state"]["serial"] + 1}).status == 200

    push()
    now = shown()
    assert now["verified"] == first["verified"] and not now["state"]["verified"]
    assert [one["verified"] for one in now["states"]].count(True) == 1
    assert stack.ended(stack.begin("verify"))["state"] == "released"
    assert shown()["state"]["verified"]
    known = shown()["verified"]
    push(resources=[])
    assert stack.ended(stack.begin("verify"))["state"] == "failed"
    assert shown()["verified"] == known

    run = stack.begin("apply")
    plan = stack.asks(run)
    refused = world.verdict("iac", "restore", "network", "prod", "--serial", known["serial"], "--reason", "r")
    assert refused.returncode == 2 and f"{run} is at work on network/prod" in refused.stderr, refused.stderr
    assert stack.answer(run, plan, result="fail").status == 200
    assert stack.ended(run)["state"] == "failed"
    restored = world.verdict("iac", "restore", "network", "prod", "--serial", known["serial"], "--reason", "its resources were lost")
    assert restored.returncode == 0, restored.stderr
    assert stack.ended(stack.begin("verify"))["state"] == "released", "what was lost is known again"

    run = stack.begin("destroy", confirm="network/prod")
    assert stack.answer(run, stack.asks(run)).status == 200
    assert stack.ended(run)["state"] == "released"
    assert shown()["verified"] is None, "what was destroyed is nothing to go back to"
