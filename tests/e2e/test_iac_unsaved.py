# test_iac_unsaved.py - a state that cannot be saved: waited for, kept in private, saved before anything else; nothing is made twice, and nobody is shown it.
# SPDX-License-Identifier: MIT
import contextlib
import json
import os
import pathlib
import stat
import subprocess

import pytest
from support import wait_until
from support.between import Between
from support.stacks import PLACE, say, shown
from support.terraform import CODE, SLOW, needs_terraform
from test_iac_daemon import DaemonStack

pytestmark = needs_terraform

COUNTED = """
resource "terraform_data" "counted" {
  provisioner "local-exec" {
    command = "echo made >> COUNT"
  }
}
"""


class UnsavedStack(DaemonStack):
    """Its resource counts how often it was made; `between` stands before the daemon."""

    def __init__(self, world, more="", between=True, **rules):
        self.between = Between(world.api_port) if between else None
        self.count = world.path("count")
        code = CODE.replace('backend "local" {}', 'backend "http" {}') + COUNTED.replace("COUNT", self.count) + more
        super().__init__(world, code, approval="", more='grace = "8s";', **rules)
        made = world.verdict("token", "create", "iac", "--scope", "read,deploy", "--service", "network")
        world.write("iac.token", made.stdout, 0o600)

    def runner_text(self, text):
        text = super().runner_text(text)
        return text.replace(f"IAC_URL=http://127.0.0.1:{self.world.api_port}", f"IAC_URL={self.between.url}") if self.between else text

    def made(self):
        return pathlib.Path(self.count).read_text(encoding="ascii").count("made")

    def kept(self):
        return pathlib.Path(self.world.path("work", "network", "prod", "unsaved.tfstate"))

    def why(self, run, stage):
        return [one for one in self.show(run)["stages"] if one["name"] == stage][0]["tasks"][0]["why"]

    def nobody_was_shown(self, *runs, code=("main.tf",)):
        """What is secret in the state is in private files alone."""
        assert sorted(os.listdir(self.code)) == list(code)
        for run in runs:
            assert "hunter2" not in self.world.api("GET", f"/v1/runs/{run}").text
            assert "hunter2" not in self.world.verdict("logs", run).stdout
        for path in [*pathlib.Path(self.world.path("data")).glob("journal.db*"), *map(pathlib.Path, self.world.log_files().values())]:
            assert b"hunter2" not in path.read_bytes(), path


@pytest.fixture(name="unsaved")
def unsaved_stack(world):
    stack = UnsavedStack(world)
    yield stack
    stack.between.stop()


def test_the_daemon_is_away_at_the_end_of_an_apply(world):
    """Killed in mid-apply, and back after terraform would have given up by itself."""
    began, may_end = world.path("began"), world.path("may_end")
    stack = UnsavedStack(world, SLOW.replace("BEGAN", began).replace("MAY_END", may_end), between=False)
    stack.change(approval="", more='grace = "40s";')
    run = stack.begin("apply")
    wait_until(lambda: os.path.exists(began), 30, "the slow resource begins")
    world.programs["verdictd"].kill()
    world.write("may_end", "")
    said = pathlib.Path(world.path("work", "network", "prod", "runs", run, "said"))
    wait_until(lambda: "slow: Creation complete" in said.read_text(encoding="utf-8"), 20, "all is made")
    with pytest.raises(TimeoutError):
        wait_until(lambda: not said.exists(), 12, "terraform gives up")
    world.programs["verdictd"].start()
    end = stack.ended(run, 60)
    assert end["state"] == "released", end["summary"]
    assert stack.made() == 1 and shown(world)["lock"] is None and not stack.kept().exists()
    stack.nobody_was_shown(run)


def refused(stack, run, code=("main.tf",)):
    """It ended without a state, and the state is kept."""
    end = stack.ended(run, 60)
    assert end["state"] == "failed" and "the state could not be saved" in stack.why(run, "apply"), end
    assert "the next plan saves it first" in end["summary"], end["summary"]
    assert "verdict iac plan network prod" in stack.why(run, "apply"), end
    assert stat.S_IMODE(stack.kept().stat().st_mode) == 0o600 and "hunter2" in stack.kept().read_text(encoding="utf-8")
    assert stack.made() == 1
    stack.nobody_was_shown(run, code=code)


@pytest.mark.parametrize("status", [507, 503])
def test_kept_and_saved_before_the_next_plan(world, unsaved, status):
    stack = unsaved
    stack.between.refuses, stack.between.falls = {"POST": status}, True
    first = stack.begin("apply")
    refused(stack, first)
    holder = shown(world)["lock"]["id"]
    stack.between.mend()
    stack.between.refuses = {"POST": status}
    again = stack.begin("apply")
    end = stack.ended(again, 60)
    assert end["state"] == "failed" and stack.stages(again)["plan"] == "failed", end["summary"]
    assert "could not be saved" in stack.why(again, "plan"), end
    assert stack.made() == 1 and shown(world)["lock"]["id"] == holder
    stack.between.mend()
    run = stack.begin("apply")
    end = stack.ended(run, 60)
    assert (end["state"], end["outputs"]["changes"]) == ("released", "0"), end["summary"]
    assert stack.made() == 1 and shown(world)["lock"] is None and not stack.kept().exists()
    assert json.loads(say(world, "GET", f"{PLACE}/state").body)["outputs"]["size"]["value"] == 4
    stack.nobody_was_shown(first, again, run)


def test_saved_at_the_second_time(world, unsaved):
    """All was made, and only the state was missing for a moment: that is an apply that succeeded."""
    unsaved.between.refuses, unsaved.between.times = {"POST": 507}, 3
    run = unsaved.begin("apply")
    end = unsaved.ended(run, 60)
    assert (end["state"], end["outputs"]["output.size"]) == ("released", "4"), end["summary"]
    assert unsaved.between.times == 0 and unsaved.made() == 1 and shown(world)["lock"] is None and not unsaved.kept().exists()
    unsaved.nobody_was_shown(run)


def test_a_lock_that_was_given_back_or_broken(world, unsaved):
    """The state is saved under a lock of its own then."""
    unsaved.between.refuses = {"POST": 507}
    refused(unsaved, unsaved.begin("apply"))
    assert shown(world)["lock"] is None
    unsaved.between.mend()
    assert unsaved.ended(unsaved.begin("apply"), 60)["outputs"]["changes"] == "0"
    assert unsaved.made() == 1 and shown(world)["lock"] is None and not unsaved.kept().exists()


@contextlib.contextmanager
def unwritable(folder):
    """For root as well."""
    if os.geteuid() != 0:
        os.chmod(folder, 0o555)
        yield
        os.chmod(folder, 0o755)
        return
    subprocess.run(["mount", "--bind", folder, folder], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_where_the_code_cannot_be_written(world, unsaved):
    """Terraform would lose the state there without a word, so nothing is planned; an empty folder in the file's place is enough."""
    with unwritable(unsaved.code):
        run = unsaved.begin("apply")
        assert unsaved.ended(run)["state"] == "failed" and "an empty folder errored.tfstate" in unsaved.why(run, "plan"), unsaved.show(run)
    assert not os.path.exists(unsaved.count)
    os.mkdir(os.path.join(unsaved.code, "errored.tfstate"))
    unsaved.between.refuses = {"POST": 507}
    with unwritable(unsaved.code):
        refused(unsaved, unsaved.begin("apply"), ["errored.tfstate", "main.tf"])
        unsaved.between.mend()
        assert unsaved.ended(unsaved.begin("apply"), 60)["outputs"]["changes"] == "0"
    assert unsaved.made() == 1 and shown(world)["versions"] == 1


def test_beside_the_code(unsaved):
    """What somebody's terraform left there: nothing is done before it is decided what becomes of it."""
    unsaved.world.write("code/errored.tfstate", "{}")
    run = unsaved.begin("apply")
    end = unsaved.ended(run)
    assert end["state"] == "failed" and "state push errored.tfstate" in unsaved.why(run, "plan"), end
    assert not os.path.exists(unsaved.count)
    os.unlink(unsaved.world.path("code", "errored.tfstate"))
    assert unsaved.ended(unsaved.begin("apply"))["state"] == "released"


def test_killed_while_terraform_saves(world):
    """verdict-iac is killed, and terraform can save its state nowhere: what it prints to a file that nobody reads is found by the next plan."""
    began = world.path("began")
    stack = UnsavedStack(world, SLOW.replace("BEGAN", began).replace("MAY_END", world.path("may_end")))
    environment = {"PATH": os.environ["PATH"], "IAC_WORK": world.path("work"), "VERDICT_OUTPUT": world.path("values"), "VERDICT_VARIABLES": '{"size":4}', "VERDICT_GRACE_S": "12",
                   "IAC_URL": stack.between.url, "IAC_TOKEN": f"file:{world.path('iac.token')}"}

    def start(verb, run, plan=""):
        words = [stack.program, verb, "terraform", "network", "prod", "state=daemon"]
        return subprocess.Popen(words, cwd=stack.code, env={**environment, "VERDICT_RUN": run, "VERDICT_OUT_PLAN": plan}, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def does(verb, run, code=0):
        process = start(verb, run)
        said = process.communicate(timeout=60)[0]
        assert process.returncode == code, said
        return said

    does("plan", "run_a")
    plan = pathlib.Path(world.path("values")).read_text(encoding="utf-8").split("plan=")[1].split()[0]
    apply = start("apply", "run_a", plan)
    wait_until(lambda: os.path.exists(began), 20, "the slow resource begins")
    stack.between.refuses, stack.between.falls = {"POST": 507}, True
    apply.kill()
    apply.wait(10)
    does("forget", "run_a")
    assert "run_a" in stack.folders(), "terraform writes there"
    stack.between.mend()
    stack.between.refuses = {"POST": 507}
    assert "interrupted still works" in does("plan", "run_b", 75)
    said = pathlib.Path(world.path("work", "network", "prod", "runs", "run_a", "said"))
    wait_until(lambda: "Failed to persist state to backend" in said.read_text(encoding="utf-8"), 60, "terraform gives up")
    stack.between.mend()
    wait_until(lambda: start("plan", "run_b").wait(60) == 0, 40, "the lock is given back")
    assert json.loads(say(world, "GET", f"{PLACE}/state").body)["resources"], "what was made is in the state"
    assert stack.made() == 1 and not stack.kept().exists() and not list(pathlib.Path(stack.code).glob("errored*")), os.listdir(stack.code)
    stack.between.stop()
