# test_iac_trouble.py - what may be wrong around a stack, through runs: each has its own sentence, with what to do.
# SPDX-License-Identifier: MIT
import os
import pathlib
import subprocess

from support import wait_until
from support.stacks import HOLDER, PLACE, say, shown, state
from support.terraform import CODE, SLOW, needs_terraform
from test_iac_daemon import DaemonStack

pytestmark = needs_terraform


OTHER = {"mode": "managed", "type": "terraform_data", "name": "other", "provider": 'provider["terraform.io/builtin/terraform"]',
         "instances": [{"schema_version": 0, "attributes": {"id": "1", "input": None, "output": None, "triggers_replace": None}, "sensitive_attributes": []}]}


class TroubledStack(DaemonStack):
    def __init__(self, world, more="", code="", **rules):
        super().__init__(world, CODE.replace('backend "local" {}', 'backend "http" {}') + code, approval="", more=more, **rules)
        world.write("iac.token", world.verdict("token", "create", "iac", "--scope", "read,deploy", "--service", "network").stdout, 0o600)

    def fails(self, verb, seconds=40):
        """The sentence of the task that failed, which is the run's, too."""
        end = self.ended(self.begin(verb), seconds)
        assert end["state"] == "failed", end["summary"]
        why = [task["why"] for stage in end["stages"] for task in stage["tasks"] if task["state"] not in ("done", "idle", "skipped")][0]
        assert why[:60] in end["summary"], end["summary"]
        assert "why" not in end["outputs"]
        return why


def test_a_lock_that_is_held(world):
    """Who holds it and how it goes is said, and its time is not waited for past the stack's own."""
    stack = TroubledStack(world, 'timeout = "8s";')
    assert say(world, "LOCK", f"{PLACE}/state", HOLDER).status == 200
    why = stack.fails("plan")
    assert "ci@builder (OperationTypeApply" in why and "verdict iac unlock network prod --reason" in why, why
    assert world.verdict("iac", "unlock", "network", "prod", "--reason", "it is gone").returncode == 0
    assert stack.ended(stack.begin("apply"))["state"] == "released"


def test_somebody_works_on_the_stack(world):
    began = world.path("began")
    stack = TroubledStack(world, 'timeout = "8s";', SLOW.replace("BEGAN", began).replace("MAY_END", world.path("may_end")))
    run = stack.begin("apply")
    wait_until(lambda: os.path.exists(began), 30, "the slow resource begins")
    words = [stack.program, "plan", "terraform", "network", "prod", "state=daemon"]
    environment = {"PATH": os.environ["PATH"], "IAC_WORK": world.path("work"), "IAC_URL": f"http://127.0.0.1:{world.api_port}", "IAC_TOKEN": f"file:{world.path('iac.token')}",
                   "VERDICT_TIMEOUT_S": "4"}
    other = subprocess.run(words, cwd=stack.code, env=environment, text=True, capture_output=True, timeout=30, check=False)
    assert other.returncode == 75 and f"{run} (apply) works on this stack, and did not end in 1 s" in other.stderr, other
    world.write("may_end", "")
    assert stack.ended(run)["state"] == "released"


def test_a_state_of_another_lineage(world):
    """Somebody broke the lock in mid-apply, and saved another state: what was made is kept until people have decided."""
    began = world.path("began")
    stack = TroubledStack(world, "", SLOW.replace("BEGAN", began).replace("MAY_END", world.path("may_end")))
    run = stack.begin("apply")
    wait_until(lambda: os.path.exists(began), 30, "the slow resource begins")
    assert world.verdict("iac", "unlock", "network", "prod", "--reason", "mistaken").returncode == 0
    assert say(world, "POST", f"{PLACE}/state", state(3, terraform_version="1.5.0", outputs={}, resources=[OTHER])).status == 200
    world.write("may_end", "")
    end = stack.ended(run)
    why = [stage for stage in end["stages"] if stage["name"] == "apply"][0]["tasks"][0]["why"]
    assert end["state"] == "failed" and "the state is refused" in why and "unsaved.tfstate of network/prod" in why, why
    kept = pathlib.Path(world.path("work", "network", "prod", "unsaved.tfstate"))
    assert "terraform_data" in kept.read_text(encoding="utf-8")
    assert "the state is refused" in stack.fails("plan"), "nothing is made a second time"
    assert shown(world)["versions"] == 1 and kept.exists()
    kept.unlink()
    assert stack.ended(stack.begin("plan"))["state"] == "released"


def test_a_secret_that_is_missing(world):
    stack = TroubledStack(world)
    os.chmod(world.path("iac.token"), 0o644)
    why = stack.fails("apply")
    assert "a secret is missing, and nothing was begun" in why and "IAC_TOKEN" in why and "`environment`" in why, why
    assert say(world, "GET", PLACE).status == 404, "nothing was asked of the daemon"
    os.chmod(world.path("iac.token"), 0o600)
    assert stack.ended(stack.begin("apply"))["state"] == "released"


def test_what_the_tool_says(world):
    """Its error in one line; what it was given as a secret is not in it."""
    secret = pathlib.Path(world.path("iac.token"))
    stack = TroubledStack(world, "", 'variable "missing" { type = string }\n')
    why = stack.fails("plan")
    assert why.startswith("terraform plan: Error: No value for required variable: on main.tf line "), why
    pathlib.Path(stack.code, "main.tf").write_text(CODE.replace('backend "local" {}', 'backend "http" {}') + f'locals {{ x = file("/{secret.read_text(encoding="ascii").strip()}") }}\noutput "x" {{ value = local.x }}\n', encoding="utf-8")
    why = stack.fails("plan")
    assert "Error: Invalid function argument" in why and secret.read_text(encoding="ascii").strip() not in why, why
