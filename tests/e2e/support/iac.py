# iac.py - runs of a stack called network, by whatever tool: started, shown, awaited, answered.
# SPDX-License-Identifier: MIT
import os

from . import wait_until

ASKS = 'approval: { from = [ "sre" ];  timeout = "1h"; };'


class StackRuns:
    """What has `world` and `rules()`."""

    def change(self, **rules):
        """New rules, taken by the daemon."""
        self.world.programs["verdictd"].stop()
        self.world.start_daemon(rules={"network.rules": self.rules(**rules)})

    def start(self, verb, environment="prod", **more):
        return self.world.api("POST", "/v1/runs", {"stack": "network", "environment": environment, "verb": verb, **more})

    def begin(self, verb, environment="prod", **more):
        answer = self.start(verb, environment, **more)
        assert answer.status == 201, answer.text
        return answer.json["id"]

    def show(self, run):
        answer = self.world.api("GET", f"/v1/runs/{run}")
        assert answer.status == 200, answer.text
        return answer.json

    def stages(self, run):
        return {stage["name"]: stage["tasks"][0]["state"] for stage in self.show(run)["stages"]}

    def ended(self, run, seconds=40):
        wait_until(lambda: self.show(run)["done"], seconds, f"{run} ends: {self.show(run)['summary']}")
        return self.show(run)

    def asks(self, run):
        """Waits until people are asked; the plan's hash."""
        wait_until(lambda: self.show(run)["state"] == "waiting", 30, f"{run} asks: {self.show(run)['summary']}")
        plan = self.show(run)["outputs"]["plan"]
        stage = [stage for stage in self.show(run)["stages"] if stage["name"].endswith("approve")][0]
        assert stage["tasks"][0]["approves"] == {"plan": plan}
        return plan

    def answer(self, run, plan, result="pass", stage="approve"):
        return self.world.api("POST", f"/v1/runs/{run}/tasks/{stage}/approve", {"result": result, "outputs": {"plan": plan}})

    def planned_anew(self, run, first):
        """Its plan was approved and is stale: it fails, and a retry asks again, for another plan. The new run, and that plan."""
        end = self.ended(run)
        assert end["state"] == "failed" and "the plan is stale" in end["summary"] and "verdict retry" in end["summary"], end["summary"]
        again = self.world.verdict("retry", run, "--reason", "plan anew")
        assert again.returncode == 0, again.stderr
        run = again.stdout.split()[0]
        second = self.asks(run)
        assert second != first
        assert self.answer(run, first).status == 409, "what was approved is not approved any more"
        return run, second

    def folders(self, environment="prod"):
        return os.listdir(self.world.path("work", "network", environment, "runs"))
