# cloudformation.py - a stack of CloudFormation, played by the peer of support.amazon, and verdict-iac beside it.
# SPDX-License-Identifier: MIT
import json
import os
import shutil
import subprocess

import world_config

from .amazon import Amazon
from .iac import ASKS, StackRuns

REGION = "eu-test-1"
TEMPLATE = {
    "Parameters": {"Size": {"Type": "Number", "Default": 1}, "Zones": {"Type": "CommaDelimitedList", "Default": "a"}, "Secret": {"Type": "String", "NoEcho": True, "Default": "none"},
                   "Name": {"Type": "String", "Default": "jobs"}},
    "Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Name"}, "DelaySeconds": {"Ref": "Size"}}},
                  "Policy": {"Type": "AWS::SQS::QueuePolicy", "Properties": {"Queues": [{"Ref": "Zones"}], "Target": {"Ref": "Queue"}}},
                  "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"Key": {"Ref": "Secret"}}}},
    "Outputs": {"Size": {"Value": {"Ref": "Size"}}, "Leak": {"Value": {"Ref": "Secret"}}},
}
SECRET = "hunter2-in-the-parameters"
VARIABLES = {"Size": 4, "Zones": ["a", "b"], "Secret": SECRET}


class Cloud:
    """The peer, and verdict-iac in a folder with a template."""

    tool = "cloudformation"
    options = ("template=template.json",)

    def __init__(self, world):
        self.world = world
        self.amazon = Amazon(world)
        self.tell, self.seen = self.amazon.tell, self.amazon.seen
        self.values = world.path("values")
        os.makedirs(world.path("work"), 0o700, exist_ok=True)
        self.code = os.path.dirname(world.write("code/template.json", json.dumps(TEMPLATE)))

    def write(self, template):
        self.world.write("code/template.json", json.dumps(template))

    def variables_of_amazon(self):
        """What the runner's environment says: keys come from the instance's metadata."""
        return {"AWS_ENDPOINT_URL": self.amazon.url, "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.amazon.url}

    def environment(self, run, plan, variables):
        return {"PATH": os.environ["PATH"], "HOME": self.world.folder, "IAC_WORK": self.world.path("work"), "VERDICT_OUTPUT": self.values, "VERDICT_RUN": run, "VERDICT_OUT_PLAN": plan,
                "VERDICT_VARIABLES": json.dumps(variables), **self.variables_of_amazon()}

    def argv(self, verb, *options):
        options = () if verb == "forget" else (f"region={REGION}", *self.options, *options)
        return [self.world.program("verdict-iac"), verb, self.tool, "network", "prod", *options]

    def run(self, verb, run="run_1", plan="", variables=None, options=(), environment=None):
        """(status, what it said, what it reported)"""
        open(self.values, "w", encoding="ascii").close()
        given = {**self.environment(run, plan, VARIABLES if variables is None else variables), **(environment or {})}
        done = subprocess.run(self.argv(verb, *options), cwd=self.code, env=given, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
        with open(self.values, encoding="utf-8") as file:
            return done.returncode, done.stdout, dict(line.rstrip("\n").split("=", 1) for line in file)

    def start(self, verb, run="run_1", plan="", variables=None):
        return subprocess.Popen(self.argv(verb), cwd=self.code, env=self.environment(run, plan, VARIABLES if variables is None else variables), text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def apply(self, run="run_1", **more):
        _status, _said, values = self.run("plan", run, **more)
        return self.run("apply", run, values["plan"], **more)

    def stack(self):
        return self.seen()["stacks"].get("network-prod")

    def left(self, run="run_1"):
        folder = self.world.path("work", "network", "prod", "runs", run)
        return sorted(os.listdir(folder)) if os.path.exists(folder) else None


class CloudRuns(StackRuns):
    """One stack that goes to CloudFormation, beside the daemon and the runner."""

    def __init__(self, world, cloud, text):
        self.world, self.cloud, self.text = world, cloud, text
        self.code = self.cloud.code
        self.tell, self.seen, self.stack = self.cloud.tell, self.cloud.seen, self.cloud.stack
        self.program = world.path("commands", "verdict-iac")
        os.makedirs(os.path.dirname(self.program), exist_ok=True)
        shutil.copyfile(world.program("verdict-iac"), self.program)
        os.chmod(self.program, 0o700)
        variables = {"IAC_WORK": world.path("work"), "HOME": world.folder, **self.cloud.variables_of_amazon()}
        text = world_config.runner_text(world).replace("allow = (", f'allow = ( [ "{self.program}", "**" ], ')
        text = text.replace("PATH=/usr/bin:/bin", "\", \"".join(["PATH=/usr/bin:/bin", *(f"{name}={value}" for name, value in variables.items())]))
        world.start_runner(text + f'directories = [ "{self.code}" ];\n')
        world.start_daemon(rules={"network.rules": self.rules()})

    def rules(self, size=4, name="jobs", more="", approval=ASKS):
        text = self.text
        for word, value in {"CODE": self.code, "PROGRAM": self.program, "MORE": more, "SECRET": SECRET, "REGION": REGION, "SIZE": size, "NAME": name, "APPROVAL": approval}.items():
            text = text.replace(word, str(value))
        return text
