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


def test_the_state_is_with_the_daemon(world):
    stack = DaemonStack(world, CODE.replace('backend "local" {}', 'backend "http" {}'))
    made = world.verdict("token", "create", "iac", "--scope", "read,deploy", "--service", "network")
    assert made.returncode == 0, made.stderr
    world.write("iac.token", made.stdout, 0o600)
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
