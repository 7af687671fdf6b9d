# test_iac_state.py - the daemon as terraform's http backend: states and locks survive kills, and nobody overwrites anybody.
# SPDX-License-Identifier: MIT
import base64
import hashlib
import http.client
import json
import os
import pathlib
import stat
import subprocess
import threading

from support import wait_until
from support.stacks import HOLDER, PLACE, SECRET, restart, say, shown, state
from support.terraform import needs_terraform

CONFIGURATION = """
terraform {
  backend "http" {}
}
variable "text" {
  default = "one"
}
variable "gate" {
  default = ""
}
resource "terraform_data" "held" {
  input            = var.text
  triggers_replace = var.gate
  provisioner "local-exec" {
    command = "if test -n '${var.gate}'; then touch '${var.gate}.reached'; until test -e '${var.gate}'; do sleep 0.05; done; fi"
  }
}
"""


def modes(folder):
    """{permissions} of all files there, and of all folders."""
    files, folders = set(), set()
    for path in pathlib.Path(folder).rglob("*"):
        (folders if path.is_dir() else files).add(stat.S_IMODE(path.stat().st_mode))
    return files, folders


def test_what_is_answered_outlives_a_kill(world):
    world.start_daemon()
    assert say(world, "LOCK", f"{PLACE}/state", HOLDER).status == 200
    restart(world)
    other = say(world, "LOCK", f"{PLACE}/state", b'{"ID":"two"}')
    assert (other.status, other.body) == (423, HOLDER), "a lock does not end with the daemon"
    for serial in (1, 2):
        body = state(serial)
        md5 = base64.b64encode(hashlib.md5(body).digest()).decode()
        assert say(world, "POST", f"{PLACE}/state?ID=one&run=run_3", body, {"Content-MD5": md5}).status == 200
        restart(world)
    assert say(world, "GET", f"{PLACE}/state?ID=one&run=run_3").status == 200, "terraform sends its address's query with every method"
    assert say(world, "UNLOCK", f"{PLACE}/state", HOLDER).status == 200
    restart(world)
    kept = say(world, "GET", f"{PLACE}/state")
    assert (kept.status, kept.body) == (200, state(2))
    assert kept.headers["Content-MD5"] == base64.b64encode(hashlib.md5(state(2)).digest()).decode()
    assert say(world, "GET", f"{PLACE}/state?serial=1").body == state(1)
    assert say(world, "POST", f"{PLACE}/state", state(1)).status == 409
    assert say(world, "POST", f"{PLACE}/state", state(3, lineage="other")).status == 409
    assert say(world, "GET", f"{PLACE}/state").body == state(2)
    assert modes(world.path("data", "iac")) == ({0o600}, {0o700})
    assert world.verdict("audit", "verify").returncode == 0
    whats = [row["what"] for row in json.loads(world.verdict("audit", "-n", "100", "--json").stdout)["audit"]]
    assert whats == ["stack_unlocked", "stack_state_saved", "stack_state_saved", "stack_locked"]
    for words in (["audit", "--json"], ["iac", "ls", "--json"], ["iac", "ls", "network", "prod", "--json"]):
        assert SECRET not in world.verdict(*words).stdout
    for path in [*pathlib.Path(world.path("data")).glob("journal.db*"), *map(pathlib.Path, world.log_files().values())]:
        assert SECRET.encode() not in path.read_bytes(), path


def test_no_answer_is_forgotten(world):
    """Killed again and again while states come in: whatever was answered is there, and nothing is half there."""
    world.start_daemon()
    answered, may_go_on = [0], threading.Event()
    filler = "x" * 300000

    def post():
        serial = 1
        while not may_go_on.is_set():
            try:
                answer = say(world, "POST", f"{PLACE}/state", state(serial, filler=filler))
            except (OSError, http.client.HTTPException):
                continue
            assert answer.status == 200, answer
            answered.append(serial)
            serial += 1

    poster = threading.Thread(target=post)
    poster.start()
    try:
        for _ in range(8):
            before = len(answered)
            wait_until(lambda: len(answered) >= before + 2, 30, "states come in")  # pylint: disable=cell-var-from-loop
            known = answered[-1]
            restart(world)
            kept = say(world, "GET", f"{PLACE}/state")
            serial = json.loads(kept.body)["serial"]
            assert serial >= known and kept.body == state(serial, filler=filler)
    finally:
        may_go_on.set()
        poster.join(30)
    assert shown(world)["versions"] == json.loads(say(world, "GET", f"{PLACE}/state").body)["serial"]
    restart(world)
    assert list(pathlib.Path(world.path("data", "iac")).rglob("*.part")) == []
    assert world.verdict("audit", "verify").returncode == 0


def test_listeners_hear_of_their_own_stacks(world):
    world.start_daemon()
    token = world.verdict("token", "create", "data", "--scope", "read,deploy", "--service", "data").stdout.strip()
    listener = http.client.HTTPConnection("127.0.0.1", world.api_port, timeout=20)
    listener.request("GET", "/v1/events", headers={"Authorization": f"Bearer {token}"})
    stream = listener.getresponse()
    assert stream.status == 200
    for name in ("network", "data"):
        assert say(world, "LOCK", f"/v1/iac/{name}/prod/state", HOLDER).status == 200
    line = b""
    while not line.startswith(b"data:"):
        line = stream.readline()
        assert line, "it ended"
    told = json.loads(line[5:])
    assert (told["what"], told["service"], told["environment"]) == ("stack_locked", "data", "prod")
    assert told["reason"] == "data/prod: lock one of ci@builder (OperationTypeApply)"
    listener.close()


def test_a_state_may_be_large(world):
    world.start_daemon()
    most = 16 * 1024 * 1024
    body = state(1, filler="")
    body = body[:-2] + b"x" * (most - len(body)) + b'"}'
    assert len(body) == most
    assert say(world, "POST", f"{PLACE}/state", body).status == 200
    assert say(world, "GET", f"{PLACE}/state").body == body
    listed = json.loads(world.verdict("iac", "ls", "--json").stdout)["stacks"]
    assert listed[0]["state"]["bytes"] == most
    assert say(world, "POST", f"{PLACE}/state", body + b" ").status == 413


def test_what_is_not_what_was_written_is_not_given(world):
    world.start_daemon()
    assert say(world, "POST", f"{PLACE}/state", state(1)).status == 200
    assert say(world, "POST", f"{PLACE}/state", state(2)).status == 200
    path = pathlib.Path(world.path("data", "iac", "network", "prod"), hashlib.sha256(state(2)).hexdigest() + ".tfstate")
    path.write_bytes(path.read_bytes().replace(b"hunter2", b"hunter3"))
    assert say(world, "GET", f"{PLACE}/state").status == 500
    assert say(world, "GET", f"{PLACE}/state?serial=1").body == state(1)


def test_people_see_and_break_locks(world):
    world.start_daemon()
    assert world.verdict("iac", "unlock", "network", "prod", "--reason", "r").returncode == 2
    assert say(world, "LOCK", f"{PLACE}/state", HOLDER).status == 200
    assert world.verdict("iac", "state", "network", "prod").returncode == 2
    assert say(world, "POST", f"{PLACE}/state?ID=one", state(1)).status == 200
    listed = world.verdict("iac", "ls").stdout
    assert "network/prod" in listed and "serial 1" in listed and "locked by ci@builder" in listed
    assert world.verdict("iac", "unlock", "network", "prod").returncode == 2, "it takes a reason"
    broken = world.verdict("iac", "unlock", "network", "prod", "--reason", "its builder is gone")
    assert broken.returncode == 0 and "lock one of ci@builder" in broken.stderr
    assert "its builder is gone" in world.verdict("audit").stdout
    assert say(world, "POST", f"{PLACE}/state?ID=one", state(2)).status == 409, "what was made under a broken lock"
    assert say(world, "POST", f"{PLACE}/state", state(2)).status == 200
    versions = world.verdict("iac", "ls", "network", "prod").stdout.splitlines()
    assert [line.split()[0] for line in versions] == ["2", "1"]
    target = world.path("state.json")
    assert world.verdict("iac", "state", "network", "prod", "--serial", "1", "-o", target).returncode == 0
    assert pathlib.Path(target).read_bytes() == state(1)
    assert stat.S_IMODE(os.stat(target).st_mode) == 0o600
    assert world.verdict("iac", "state", "network", "prod").stdout.encode() == state(2)
    assert world.verdict("iac", "fly", "network", "prod").returncode == 2
    assert world.verdict("iac", "ls", "Network", "prod").returncode == 2


# terraform itself

class Work:
    """A folder with the configuration, and terraform in it."""

    def __init__(self, world):
        self.folder = world.path("stack")
        self.gate = os.path.join(self.folder, "gate")
        os.makedirs(self.folder)
        pathlib.Path(self.folder, "main.tf").write_text(CONFIGURATION, encoding="utf-8")
        address = f"http://127.0.0.1:{world.api_port}{PLACE}/state"
        self.environment = {**os.environ, "TF_HTTP_ADDRESS": address + "?run=run_3", "TF_HTTP_LOCK_ADDRESS": address + "?run=run_3", "TF_HTTP_UNLOCK_ADDRESS": address,
                            "TF_HTTP_USERNAME": "terraform", "TF_CLI_CONFIG_FILE": world.write("terraform.rc", ""),
                            "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "TF_CLI_ARGS": "-no-color"}
        self.take_token(world, "read,deploy")

    def take_token(self, world, scopes):
        made = world.verdict("token", "create", "ci", "--scope", scopes, "--service", "network", "--environment", "prod")
        self.environment["TF_HTTP_PASSWORD"] = made.stdout.strip()

    def start(self, *words):
        return subprocess.Popen(["terraform", *words], cwd=self.folder, env=self.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def run(self, *words, code=0):
        """What it printed, in one line: it breaks its own as it likes."""
        process = self.start(*words)
        said = process.communicate(timeout=60)[0]
        assert process.returncode == code, said
        return " ".join(said.split())

    def apply_at_gate(self, **environment):
        """An apply that holds the lock and waits in the middle."""
        self.environment.update(environment)
        process = self.start("apply", "-auto-approve", f"-var=gate={self.gate}")
        wait_until(lambda: os.path.exists(self.gate + ".reached") or process.poll() is not None, 30, "the apply is at the gate")
        assert process.poll() is None, process.communicate()[0]
        return process

    def open_gate(self):
        pathlib.Path(self.gate).touch()


@needs_terraform
def test_terraform_keeps_its_state_here(world):
    world.start_daemon()
    work = Work(world)
    work.run("init")
    work.run("apply", "-auto-approve")
    first = shown(world)
    assert first["lock"] is None and first["versions"] == 1 and first["state"]["actor"] == "ci" and first["state"]["run"] == "run_3"
    work.run("apply", "-auto-approve", "-var=text=two")
    second = shown(world)
    assert second["state"]["serial"] > first["state"]["serial"] and second["state"]["lineage"] == first["state"]["lineage"]
    assert '"two"' in work.run("state", "pull")
    assert "No changes" in work.run("plan", "-var=text=two")

    # An older state does not come over a newer one, whatever terraform is told.
    old = world.path("old.tfstate")
    assert world.verdict("iac", "state", "network", "prod", "--serial", first["state"]["serial"], "-o", old).returncode == 0
    work.run("state", "push", old, code=1)
    assert "409" in work.run("state", "push", "-force", old, code=1)
    assert shown(world)["state"] == second["state"] and shown(world)["lock"] is None
    work.run("destroy", "-auto-approve")
    last = shown(world)
    assert last["state"]["serial"] > second["state"]["serial"] and last["versions"] == 3 and last["lock"] is None
    assert json.loads(say(world, "GET", f"{PLACE}/state").body)["resources"] == []
    assert world.verdict("audit", "verify").returncode == 0


@needs_terraform
def test_of_two_applies_one_waits(world):
    world.start_daemon()
    work = Work(world)
    work.run("init")
    first = work.apply_at_gate()
    holder = shown(world)["lock"]["id"]
    refused = work.run("apply", "-auto-approve", code=1)
    assert f"already locked: ID={holder}" in refused
    work.open_gate()
    assert first.wait(timeout=30) == 0, first.communicate()[0]
    assert shown(world)["lock"] is None
    work.run("apply", "-auto-approve")


@needs_terraform
def test_killed_during_an_apply(world):
    world.start_daemon()
    work = Work(world)
    work.run("init")
    apply = work.apply_at_gate()
    holder = shown(world)["lock"]["id"]
    world.programs["verdictd"].kill()
    work.open_gate()
    said = apply.communicate(timeout=60)[0]
    assert apply.returncode == 1 and "errored.tfstate" in said, said
    world.programs["verdictd"].start()
    assert shown(world)["lock"]["id"] == holder, "the lock is still there"
    assert f"already locked: ID={holder}" in work.run("apply", "-auto-approve", code=1)
    assert "403" in work.run("force-unlock", "-force", holder, code=1), "that takes another right"
    assert shown(world)["lock"]["id"] == holder
    work.take_token(world, "read,deploy,override")
    work.run("force-unlock", "-force", holder)
    assert shown(world)["lock"] is None
    work.run("state", "push", "errored.tfstate")
    assert shown(world)["versions"] == 1
    work.run("plan", f"-var=gate={work.gate}", "-detailed-exitcode")
    assert "terraform force-unlock" in world.verdict("audit", "-n", "100").stdout


@needs_terraform
def test_back_before_terraform_gives_up(world):
    world.start_daemon()
    work = Work(world)
    work.run("init")
    apply = work.apply_at_gate(TF_HTTP_RETRY_MAX="10")
    world.programs["verdictd"].kill()
    work.open_gate()
    world.programs["verdictd"].start()
    assert apply.wait(timeout=60) == 0, apply.communicate()[0]
    assert shown(world)["versions"] == 1 and shown(world)["lock"] is None


def two_states(world):
    work = Work(world)
    work.run("init")
    for text in ("one", "two"):
        work.run("apply", "-auto-approve", f"-var=text={text}")
    return work


@needs_terraform
def test_an_older_state_comes_back(world):
    """Terraform goes on from it: its serial and lineage follow, and what was planned before is stale."""
    world.start_daemon()
    work = two_states(world)
    newest = shown(world)["state"]
    first = json.loads(world.verdict("iac", "ls", "network", "prod", "--json").stdout)["states"][-1]
    work.run("plan", "-var=text=three", "-out=plan")
    told = world.verdict("iac", "restore", "network", "prod", "--serial", first["serial"], "--reason", "two was a mistake")
    assert told.returncode == 0 and f"serial {newest['serial'] + 1} has what serial {first['serial']} had" in told.stdout, told.stderr
    restored = shown(world)["state"]
    assert (restored["serial"], restored["lineage"]) == (newest["serial"] + 1, newest["lineage"])
    then, now = (json.loads(say(world, "GET", f"{PLACE}/state?serial={serial}").body) for serial in (first["serial"], restored["serial"]))
    assert {**then, "serial": restored["serial"]} == now
    restart(world)
    assert shown(world)["state"] == restored
    assert "stale" in work.run("apply", "plan", code=1)
    assert "No changes" in work.run("plan", "-var=text=one")
    work.run("apply", "-auto-approve", "-var=text=three")
    assert shown(world)["state"]["serial"] > restored["serial"] and shown(world)["lock"] is None
    audit = world.verdict("audit", "-n", "100")
    assert "stack_state_restored" in audit.stdout and "two was a mistake" in audit.stdout
    assert world.verdict("audit", "verify").returncode == 0


@needs_terraform
def test_nothing_comes_back_under_an_apply(world):
    world.start_daemon()
    work = two_states(world)
    before = shown(world)
    first = json.loads(world.verdict("iac", "ls", "network", "prod", "--json").stdout)["states"][-1]["serial"]
    apply = work.apply_at_gate()
    refused = world.verdict("iac", "restore", "network", "prod", "--serial", first, "--reason", "r")
    assert refused.returncode == 2 and "holds its lock" in refused.stderr and shown(world)["lock"]["id"] in refused.stderr, refused.stderr
    work.open_gate()
    assert apply.wait(timeout=30) == 0, apply.communicate()[0]
    for words, said in ((["--serial", "99", "--reason", "r"], "no state of serial 99"), (["--serial", shown(world)["state"]["serial"], "--reason", "r"], "already"),
                        (["--serial", first], "--reason"), (["--reason", "r"], "--serial")):
        refused = world.verdict("iac", "restore", "network", "prod", *words)
        assert refused.returncode != 0 and said in refused.stderr, refused.stderr
    assert shown(world)["versions"] == before["versions"] + 1
