# test_iac.py - stacks through the daemon, the runner and the real terraform: approved by people for one plan, applied once, verified, refused, destroyed.
# SPDX-License-Identifier: MIT
import contextlib
import getpass
import json
import os
import shutil
import sqlite3
import subprocess

import pytest
import world_config
from support import wait_until
from support.browser import browsing
from support.iac import ASKS, StackRuns
from support.terraform import CODE, SLOW, needs_terraform
from world import find

pytestmark = needs_terraform

RULES = """
stacks: { network: { tool = "terraform";  directory = "CODE";  program = "PROGRAM";  state = "local";  MORE
  environments: { prod: { variables: { size = SIZE;  name = "NAME"; };  APPROVAL };  dev: { variables: { size = 1; }; }; }; }; };
"""


class Stack(StackRuns):
    """One stack beside the daemon and the runner."""

    def __init__(self, world, code=CODE, scan=None, **rules):
        self.world = world
        self.code = self.write_code(code)
        os.makedirs(world.path("work"), 0o700)
        self.program = world.path("commands", "verdict-iac")
        shutil.copyfile(world.program("verdict-iac"), self.program)
        os.chmod(self.program, 0o700)
        self.look = world.write("commands/look", "#!/bin/sh\n[ -r \"$VERDICT_OUT_PLAN_FILE\" ] && cat COST >> \"$VERDICT_OUTPUT\"\n".replace("COST", world.path("cost")), 0o700)
        text = world_config.runner_text(world).replace("allow = (", f'allow = ( [ "{self.program}", "**" ], [ "{self.look}" ], [ "{scan or self.look}" ], ')
        text = text.replace("PATH=/usr/bin:/bin", f"PATH={self.tool_folder()}:/usr/bin:/bin\", \"IAC_WORK={world.path('work')}")
        world.start_runner(self.runner_text(text) + f'directories = [ "{self.code}" ];\n')
        world.start_daemon(rules={"network.rules": self.rules(**rules)})

    def write_code(self, code):
        return os.path.dirname(self.world.write("code/main.tf", code))

    def tool_folder(self):
        return os.path.dirname(find("terraform"))

    def runner_text(self, text):
        return text

    def rules(self, size=4, name="x", more="", approval=ASKS):
        text = RULES
        for word, value in {"CODE": self.code, "PROGRAM": self.program, "MORE": more, "SIZE": size, "NAME": name, "APPROVAL": approval}.items():
            text = text.replace(word, str(value))
        return text

    def told(self, environment="prod"):
        """What the report of the fleet has of it."""
        stacks = self.world.api("GET", "/v1/status").json["infrastructure"]["stacks"]
        return [one for one in stacks if (one["stack"], one["environment"]) == ("network", environment)][0]


def test_plan_approve_apply_verify_drift_destroy(world):
    stack = Stack(world)
    run = stack.begin("apply")
    assert stack.start("apply").json["id"] == run, "the same one is attached to"
    plan = stack.asks(run)
    shown = stack.show(run)
    assert (shown["stack"], shown["environment"], shown["verb"], shown["pipeline"], shown["outputs"]["creates"]) == ("network", "prod", "apply", None, "2")
    for wrong in ("sha256:" + 64 * "0", ""):
        answer = stack.answer(run, wrong)
        assert answer.status == 409 and plan in answer.json["detail"], answer.text
    assert world.verdict("iac", "approve", run).returncode == 2
    said = world.verdict("iac", "approve", run)
    assert f"--plan {plan}" in said.stderr, said.stderr
    assert world.verdict("iac", "approve", run, "--plan", plan).returncode == 0
    end = stack.ended(run)
    assert (end["state"], end["exit_code"], end["outputs"]["output.size"]) == ("released", 0, "4"), end["summary"]
    assert "hunter2" not in world.api("GET", f"/v1/runs/{run}").text
    told = stack.told()
    assert (told["resources"], told["plan"]["creates"], told["plan"]["run"], told["apply"]["ok"], told["drift"], told["cost"]) == (2, 2, run, True, None, None), told
    assert stack.stages(run) == {"plan": "done", "approve": "done", "apply": "done", "verify": "done"}
    wait_until(lambda: run not in stack.folders(), 20, "and what is secret is forgotten")
    for verb in ("verify", "drift"):
        done = world.verdict("iac", verb, "network", "prod", "--wait")
        assert done.returncode == 0, done.stderr
    assert (stack.told()["drift"]["ok"], stack.told()["drift"]["drifts"]) == (True, 0), stack.told()
    shown = world.verdict("status").stdout
    assert "infrastructure: 1 stacks, 2 resources of 1, 0 drifted of 1\n" in shown and "2 to create  (run_1, " in shown and "drift      none  (run_3, " in shown, shown
    empty = stack.ended(stack.begin("apply"))
    assert (empty["state"], empty["outputs"]["changes"]) == ("released", "0"), empty["summary"]
    assert stack.stages(empty["id"])["apply"] == "skipped", "nobody is asked for a plan that changes nothing"
    drawn = world.verdict("get", empty["id"]).stdout
    assert drawn.startswith("network/prod apply  " + empty["id"]), drawn
    listed = world.verdict("runs", "network/prod").stdout
    assert listed.count("network/prod") == 4 and "released" in listed, listed
    assert stack.start("destroy").status == 422
    refused = world.verdict("iac", "destroy", "network", "prod", "--confirm", "network/dev")
    assert refused.returncode == 2 and "network/prod" in refused.stderr, refused.stderr
    run = world.verdict("iac", "destroy", "network", "prod", "--confirm", "network/prod").stdout.strip()
    plan = stack.asks(run)
    assert stack.show(run)["outputs"]["deletes"] == "2"
    assert stack.answer(run, plan).status == 200
    assert stack.ended(run)["state"] == "released"
    assert f"approves plan {plan}" in world.api("GET", "/v1/audit?limit=50").text, "who approved what is in the audit"
    gone = stack.told()
    assert (gone["resources"], gone["destroy"]["run"], gone["plan"], gone["drift"]) == (0, run, None, None), "what was seen before says nothing any more"
    assert os.listdir(world.path("work", "network", "prod", "archive")) == [run]


def test_rejected(world):
    stack = Stack(world)
    run = stack.begin("apply")
    stack.asks(run)
    assert world.verdict("iac", "reject", run, "--reason", "too large").returncode == 0
    end = stack.ended(run)
    assert (end["state"], end["exit_code"]) == ("failed", 5), end["summary"]
    assert world.verdict("iac", "reject", run).returncode == 2
    wait_until(lambda: run not in stack.folders(), 20, "its plan is forgotten")


def test_a_destructive_plan_is_refused(world):
    cost = 'cost: { exec = [ "LOOK" ]; };'.replace("LOOK", world.path("commands", "look"))
    stack = Stack(world, approval="", more='refuse_when = "deletes > 0 or replaces > 0";')
    assert stack.ended(stack.begin("apply"))["state"] == "released", "who asks for no approval is not asked"
    stack.change(approval="", name="y", more='refuse_when = "deletes > 0 or replaces > 0";')
    end = stack.ended(stack.begin("apply"))
    assert end["state"] == "failed" and end["summary"].endswith("the plan is refused: deletes > 0 or replaces > 0: deletes 0, replaces 1"), end["summary"]
    assert stack.stages(end["id"])["apply"] == "idle"
    assert stack.show(end["id"])["stages"][0]["tasks"][0]["tries"] == 1, "it is no better the second time"
    more = cost + 'refuse_when = "monthly_cost > +10%";'
    for told, state, word in (("monthly_cost=120\nmonthly_cost_before=100\n", "failed", "the plan is refused: monthly_cost > +10%: monthly_cost 120, monthly_cost_before 100"),
                              ("monthly_cost=120\n", "failed", "nobody can tell monthly_cost > +10%: monthly_cost 120, monthly_cost_before not known"),
                              ("monthly_cost=109\nmonthly_cost_before=100\n", "released", "")):
        world.write("cost", told)
        stack.change(approval="", name="z", more=more)
        end = stack.ended(stack.begin("apply"))
        assert end["state"] == state and end["summary"].endswith(word), end["summary"]
        cost = stack.told()["cost"]
        assert (cost["run"], cost["ok"], cost["monthly_cost"]) == (end["id"], state == "released", float(told.split("\n", 1)[0].split("=")[1])), cost
        assert cost["change"] == (None if "before" not in told else pytest.approx(cost["monthly_cost"] / 100 - 1))


SARIF = '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}},"results":[{"level":"LEVEL","message":{"text":"open to all"}}]}]}'


def test_programs_look_at_the_plan(world):
    """They find it as JSON; what they object to is not put before people."""
    scan = world.write("commands/scan", '#!/bin/sh\ngrep -q resource_changes "$VERDICT_OUT_PLAN_FILE" && cat SAID\n'.replace("SAID", world.path("sarif")), 0o700)
    stack = Stack(world, scan=scan, more=f'compliance: {{ exec = [ "{scan}" ];  parse = "sarif";  fail_when = "errors > 0"; }};')
    world.write("sarif", SARIF.replace("LEVEL", "error"))
    end = stack.ended(stack.begin("apply"))
    assert end["state"] == "failed" and "failed in stage review: compliance: its report has errors > 0" in end["summary"], end["summary"]
    found = stack.told()["compliance"]
    assert (found["ok"], found["errors"], found["findings"], found["critical"]) == (False, 1, 1, None), found
    assert "1 errors, and it did not pass" in world.verdict("status").stdout
    world.write("sarif", SARIF.replace("LEVEL", "note"))
    run = stack.begin("apply")
    assert stack.answer(run, stack.asks(run)).status == 200
    assert stack.ended(run)["state"] == "released"


def test_a_stale_plan_is_planned_and_approved_anew(world):
    stack = Stack(world)
    run = stack.begin("apply")
    first = stack.asks(run)
    environment = {"PATH": os.environ["PATH"], "IAC_WORK": world.path("work"), "VERDICT_RUN": "by-hand", "VERDICT_VARIABLES": '{"size":9}', "VERDICT_OUTPUT": world.path("values")}
    by_hand(stack, "plan", environment)
    with open(world.path("values"), encoding="utf-8") as file:
        values = dict(line.rstrip("\n").split("=", 1) for line in file)
    by_hand(stack, "apply", {**environment, "VERDICT_OUT_PLAN": values["plan"]})
    assert stack.answer(run, first).status == 200
    run, second = stack.planned_anew(run, first)
    assert stack.answer(run, second).status == 200
    assert stack.ended(run)["outputs"]["output.size"] == "4"


def by_hand(stack, verb, environment):
    done = subprocess.run([stack.program, verb, "terraform", "network", "prod", "state=local"], cwd=stack.code, env=environment, text=True, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_aborted_and_killed_in_mid_apply(world):
    """An abort interrupts terraform and waits; a daemon that dies meanwhile finds its apply again, and starts no second one."""
    began, may_end = world.path("began"), world.path("may_end")
    stack = Stack(world, CODE + SLOW.replace("BEGAN", began).replace("MAY_END", may_end), approval="")
    run = stack.begin("apply")
    wait_until(lambda: os.path.exists(began), 30, "the slow resource begins")
    assert world.api("POST", f"/v1/runs/{run}/abort", {"reason": "stop"}).status == 200
    end = stack.ended(run)
    assert end["state"] == "aborted", end["summary"]
    output = [stage for stage in end["stages"] if stage["name"] == "apply"][0]["tasks"][0]
    assert output["state"] == "stopped", output
    os.unlink(began)
    run = stack.begin("apply")
    wait_until(lambda: os.path.exists(began), 30, "it is made anew")
    world.programs["verdictd"].kill()
    world.programs["verdictd"].start()
    os.unlink(began)
    world.write("may_end", "")
    end = stack.ended(run)
    assert (end["state"], end["outputs"]["replaces"]) == ("released", "1"), end["summary"]
    assert not os.path.exists(began), "it ran once"
    assert world.verdict("iac", "verify", "network", "prod", "--wait").returncode == 0


def test_who_may_approve(world):
    stack = Stack(world)
    tokens = {}
    for name, options in {"ci": ("--scope", "read,deploy,approve"), "eve": ("--scope", "read,deploy,approve", "--person"), "deployer": ("--scope", "read,deploy", "--person")}.items():
        made = world.verdict("token", "create", name, *options)
        assert made.returncode == 0, made.stderr
        tokens[name] = made.stdout.strip()
    run = stack.begin("apply")
    plan = stack.asks(run)
    for name, word in (("ci", "only people"), ("eve", "not among"), ("deployer", "scope")):
        answer = world.api("POST", f"/v1/runs/{run}/tasks/approve/approve", {"result": "pass", "outputs": {"plan": plan}}, {"Authorization": f"Bearer {tokens[name]}"})
        assert answer.status == 403 and word in answer.json["detail"], (name, answer.text)
    assert stack.answer(run, plan).status == 200
    assert stack.ended(run)["state"] == "released"
    stack.change(size=5, approval=ASKS.replace("timeout", "not_author = true;  timeout"))
    run = stack.begin("apply")
    answer = stack.answer(run, stack.asks(run))
    assert answer.status == 403 and "somebody else" in answer.json["detail"], answer.text
    outcome = {"context": {"chainId": run}, "subject": {"id": "approve", "content": {"outcome": "pass"}}}
    told = world.api("POST", "/v1/events", outcome, {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "lab", "ce-type": "dev.cdevents.testsuiterun.finished.0.3.0"})
    assert told.status == 403 and stack.show(run)["state"] == "waiting", told.text
    assert stack.answer(run, "", "fail").status == 200, "an author may say no"


def test_refused_at_the_door(world):
    stack = Stack(world)
    for body, status, word in (({"stack": "netwrk", "environment": "prod", "verb": "apply"}, 404, "network"), ({"stack": "network", "environment": "stage", "verb": "apply"}, 422, "stage"),
                               ({"stack": "network", "environment": "prod", "verb": "burn"}, 422, "burn"), ({"stack": "network", "environment": "prod"}, 400, "verb"),
                               ({"stack": "network", "environment": "prod", "verb": "plan", "version": "1"}, 400, "version"), ({"pipeline": "x", "version": "1", "verb": "plan"}, 400, "verb")):
        answer = world.api("POST", "/v1/runs", body)
        assert answer.status == status and word in answer.json["detail"], (body, answer.text)
    assert stack.ended(stack.begin("plan", "dev"))["outputs"]["creates"] == "2"
    with open(stack.world.path("code", "main.tf"), "a", encoding="ascii") as code:
        code.write("resource {\n")
    end = stack.ended(stack.begin("plan", "dev"))
    assert end["state"] == "failed", end["summary"]


PIPELINE = """
strategies: { again: { kind = "recreate";  steps = ( { command = "deploy"; }, { watch = "300ms";  at_most = "20s"; } ); }; };
services: { shop: { environments: { prod: { strategy = "again";  rules: { triggers = [ ]; };  slots: { only: { address = "127.0.0.1:1"; }; };
  commands: { deploy: { exec = [ "LOOK" ];  timeout = "5s";  repeat = "idempotent"; }; }; }; }; }; };
pipelines: { shop: { service = "shop";  stages: { build: { dist: { exec = [ "LOOK" ]; }; }; };  infrastructure = [ "network" ];  environments = [ "prod" ]; }; };
"""


def test_before_a_deployment(world):
    """The stack's stages stand before the deployment; what is rejected there is not deployed, and a retry begins with a new plan."""
    stack = Stack(world)
    look = world.write("commands/look", "#!/bin/sh\nexit 0\n", 0o700)
    world.programs["verdictd"].stop()
    world.start_daemon(rules={"shop.rules": PIPELINE.replace("LOOK", look)})
    start = {"pipeline": "shop", "version": "2.0.0"}
    run = world.api("POST", "/v1/runs", start).json["id"]
    plan = stack.asks(run)
    assert stack.answer(run, plan, "fail", "prod-network-approve").status == 200
    end = stack.ended(run)
    assert end["state"] == "failed" and "prod-network-approve" in end["summary"] and stack.stages(run)["prod"] == "idle", end["summary"]
    again = world.api("POST", f"/v1/runs/{run}/retry", {"reason": "talked about it"})
    assert again.status == 201, again.text
    run = again.json["id"]
    plan = stack.asks(run)
    assert [stage["state"] for stage in stack.show(run)["stages"]] == ["skipped", "done", "waiting", "todo", "todo", "todo"]
    assert stack.answer(run, "sha256:" + 64 * "1", "pass", "prod-network-approve").status == 409
    assert stack.answer(run, plan, "pass", "prod-network-approve").status == 200
    end = stack.ended(run)
    assert (end["state"], end["outputs"]["output.size"]) == ("released", "4"), end["summary"]
    assert stack.stages(run)["prod"] == "done"
    wait_until(lambda: run not in stack.folders(), 20, "nothing secret stays")
    end = stack.ended(world.api("POST", "/v1/runs", {**start, "version": "2.0.1"}).json["id"])
    assert end["state"] == "released" and stack.stages(end["id"])["prod-network-apply"] == "skipped", end["summary"]


def checkov(*severities):
    failed = [{"check_id": f"CKV_{number}", "severity": severity} for number, severity in enumerate(severities)]
    return json.dumps({"check_type": "terraform_plan", "results": {"passed_checks": [], "failed_checks": failed}, "summary": {"failed": len(failed), "parsing_errors": 0}})


def test_reports_of_other_tools(world):
    """checkov ends with 1 for whatever it finds: fail_when decides what of that counts. infracost tells what a plan costs."""
    scan = world.write("commands/scan", '#!/bin/sh\ncat SAID\nexit $(cat STATUS)\n'.replace("SAID", world.path("said")).replace("STATUS", world.path("status")), 0o700)
    compliance = f'compliance: {{ exec = [ "{scan}" ];  parse = "checkov";  fail_when = "critical > 0";  }};'
    stack = Stack(world, scan=scan, approval="", more=compliance)
    for severities, status, word in ((("CRITICAL", "LOW"), 1, "its report has critical > 0: critical 1"), ((None,), 1, "nobody can tell critical > 0: not all findings have a severity"),
                                     ((), 1, "its command ended with status 1; its report has critical 0"), (("LOW",), 2, "status 2; its report has critical 0"),
                                     (("LOW", "HIGH"), 1, None)):
        world.write("said", checkov(*severities))
        world.write("status", str(status))
        end = stack.ended(stack.begin("apply"))
        assert end["state"] == ("released" if word is None else "failed") and (word or "") in end["summary"], (severities, status, end["summary"])
        assert stack.told()["compliance"]["findings"] == len(severities), stack.told()
    look = 'cost: { exec = [ "LOOK" ];  parse = "infracost"; };  refuse_when = "monthly_cost > +10%";'.replace("LOOK", scan)
    world.write("status", "0")
    for total, past, word in (("120.50", "100", "the plan is refused: monthly_cost > +10%: monthly_cost 120.5, monthly_cost_before 100"), ("109", "100", None),
                              (None, "100", "nobody can tell monthly_cost > +10%: monthly_cost not known, monthly_cost_before 100"),
                              ("109", {}, "cost: nothing is in $VERDICT_REPORT, and what it printed is no report: #/pastTotalMonthlyCost: is an object")):
        world.write("said", json.dumps({"version": "0.2", "projects": [{"name": "network"}], "totalMonthlyCost": total, "pastTotalMonthlyCost": past}))
        stack.change(approval="", name="z", more=look)
        end = stack.ended(stack.begin("apply"))
        assert end["state"] == ("released" if word is None else "failed") and (word or "") in end["summary"], end["summary"]
        if isinstance(past, str):
            assert stack.told()["cost"]["monthly_cost"] == (None if total is None else float(total)), stack.told()


def test_what_another_environment_costs_is_no_evidence(world):
    """Of one run: dev tells what it cost before, prod does not, and nobody can tell how much dearer it gets."""
    stack = Stack(world)
    look = world.write("commands/look", "#!/bin/sh\necho monthly_cost=100 >> \"$VERDICT_OUTPUT\"\n[ \"$VERDICT_ENVIRONMENT\" = dev ] && echo monthly_cost_before=99 >> \"$VERDICT_OUTPUT\"\nexit 0\n", 0o700)
    world.programs["verdictd"].stop()
    places = PIPELINE.replace("{ prod: {", "{ dev: { strategy = \"again\";  slots: { only: { address = \"127.0.0.1:1\"; }; };  commands: { deploy: { exec = [ \"LOOK\" ];  repeat = \"idempotent\"; }; }; };  prod: {")
    pipeline = places.replace('environments = [ "prod" ]', 'environments = [ "dev", "prod" ]').replace("LOOK", look)
    more = f'cost: {{ exec = [ "{look}" ]; }};  refuse_when = "monthly_cost > +10%";'
    world.start_daemon(rules={"network.rules": stack.rules(approval="", more=more), "shop.rules": pipeline})
    end = stack.ended(world.api("POST", "/v1/runs", {"pipeline": "shop", "version": "2.0.0"}).json["id"])
    assert end["state"] == "failed" and end["summary"].endswith("nobody can tell monthly_cost > +10%: monthly_cost 100, monthly_cost_before not known"), end["summary"]
    assert (stack.stages(end["id"])["dev"], stack.stages(end["id"])["prod-network-apply"]) == ("done", "idle")
    assert (stack.told("dev")["cost"]["change"], stack.told("prod")["cost"]["change"]) == (pytest.approx(1 / 99), None)


def test_outputs_of_a_stack_leave_room_for_those_of_tasks(world):
    """A run keeps 64: forty of a stack are not all of them, what its tasks report is; and one too many says so."""
    stack = Stack(world, code=CODE + "".join(f'output "o{number}" {{ value = "{number}" }}\n' for number in range(40)))
    tells = world.write("commands/look", "#!/bin/sh\ni=0; while [ $i -lt ${1:-0} ]; do echo told_$i=$i >> \"$VERDICT_OUTPUT\"; i=$((i + 1)); done\n", 0o700)
    world.programs["verdictd"].stop()
    rules = PIPELINE.replace('exec = [ "LOOK" ]; }; }; };', f'exec = [ "{tells}", "COUNT" ]; }}; }}; }};').replace("LOOK", tells)
    rules = rules.replace('environments = [ "prod" ]; };', f'environments = [ "prod" ];  release: {{ tag: {{ exec = [ "{tells}", "24" ]; }}; }}; }};')
    text = world_config.runner_text(world).replace("allow = (", f'allow = ( [ "{stack.program}", "**" ], [ "{tells}", "**" ], ')
    text = text.replace("PATH=/usr/bin:/bin", f"PATH={stack.tool_folder()}:/usr/bin:/bin\", \"IAC_WORK={world.path('work')}")
    world.programs["verdict-runner"].stop()
    world.start_runner(text + f'directories = [ "{stack.code}" ];\n')
    world.start_daemon(rules={"network.rules": stack.rules(approval=""), "shop.rules": rules.replace("COUNT", "24")})
    end = stack.ended(world.api("POST", "/v1/runs", {"pipeline": "shop", "version": "2.0.0"}).json["id"])
    assert end["state"] == "released", end["summary"]
    assert {f"told_{number}" for number in range(24)} <= set(end["outputs"])
    assert sum(name.startswith("output.") for name in end["outputs"]) == 24, end["outputs"]
    world.programs["verdictd"].stop()
    world.start_daemon(rules={"network.rules": stack.rules(approval=""), "shop.rules": rules.replace("COUNT", "65")})
    end = stack.ended(world.api("POST", "/v1/runs", {"pipeline": "shop", "version": "2.0.1"}).json["id"])
    assert end["state"] == "failed" and end["summary"].endswith("told_64 is one output too many: a run keeps 64"), end["summary"]


def test_a_restart_asks_nobody_for_nothing(world):
    """Killed between the moment that an empty plan waits and its waiver: as if the journal had stopped there."""
    stack = Stack(world)
    run = stack.begin("apply")
    stack.asks(run)
    world.programs["verdictd"].stop()
    with contextlib.closing(sqlite3.connect(world.path("data", "journal.db"))) as journal, journal:
        assert journal.execute("UPDATE outputs SET value = '0' WHERE name = 'changes'").rowcount == 1
    world.programs["verdictd"].start()
    end = stack.ended(run)
    assert stack.stages(run)["apply"] == "skipped", end["summary"]


def test_approved_in_the_console(world):
    """The page says yes to the plan that it showed."""
    stack = Stack(world)
    token = world.verdict("token", "create", getpass.getuser(), "--person", "--scope", "read,approve").stdout.strip()
    run = stack.begin("apply")
    plan = stack.asks(run)
    with browsing(world, "iac") as browser:
        browser.driver.get(f"http://127.0.0.1:{world.api_port}/")
        browser.fill("#token", token)
        browser.click("button[type=submit]", "Log in")
        browser.click("#nav a", "Runs")
        browser.click("table a", "network/prod apply")
        browser.click("button", "Approve this plan")
        browser.wait("dialog", plan)
        browser.wait("dialog pre", "terraform_data.a")
        browser.picture("approval")
        assert browser.run("const dialog = document.querySelector('dialog'); return dialog.scrollWidth <= dialog.clientWidth"), "the whole hash is seen"
        browser.fill("dialog #reason", "read it")
        browser.click("dialog button[type=submit]")
        browser.wait("h1", "released")
        assert browser.complaints() == []
    assert stack.ended(run)["state"] == "released"
    assert f"approves plan {plan}: read it" in world.api("GET", "/v1/audit?limit=50").text
