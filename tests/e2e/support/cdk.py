# cdk.py - an app of the CDK in the place of a template: with the real library where it is installed, and a script that leaves the same files.
# SPDX-License-Identifier: MIT
import json
import os
import shutil

import pytest

from .cloudformation import Cloud

HERE = os.path.dirname(os.path.abspath(__file__))
LIBRARY = os.path.join(os.environ.get("BUILD_DIR", os.path.join(HERE, "..", "..", "..", "build")), "cdk", "node_modules")

needs_cdk = pytest.mark.skipif(shutil.which("node") is None or not os.path.exists(os.path.join(LIBRARY, "aws-cdk-lib", "package.json")),
                               reason="aws-cdk-lib is not installed, and Debian has none (tests/e2e/cdk/install)")

# Leaves what it was told to leave, and tells how it was started.
SCRIPT = """#!/usr/bin/python3
import json, os, sys
with open("TOLD", encoding="utf-8") as file:
    told = json.load(file)
context = json.loads(os.environ["CDK_CONTEXT_JSON"])
with open("SEEN", "a", encoding="utf-8") as file:
    print(json.dumps({"context": context, "argv": sys.argv[1:], "out": os.environ["CDK_OUTDIR"], "region": os.environ["CDK_DEFAULT_REGION"],
                      "ours": [name for name in os.environ if name.startswith(("AWS_", "VERDICT_", "IAC_"))]}), file=file)
for name, value in told.get("files", {}).items():
    with open(os.path.join(os.environ["CDK_OUTDIR"], name), "w", encoding="utf-8") as file:
        file.write(value if isinstance(value, str) else json.dumps(value).replace("SIZE", str(context.get("size", 1))))
print("the app ran")
sys.exit(told.get("status", 0))
"""
TEMPLATE = {"Parameters": {"Label": {"Type": "String", "Default": "none"}},
            "Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": "SIZE"}}, "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"Label": {"Ref": "Label"}}}},
            "Outputs": {"Size": {"Value": "SIZE"}}}


def stack_artifact(name="net-prod", file="Network.template.json", **more):
    return {"type": "aws:cloudformation:stack", "environment": "aws://unknown-account/unknown-region", "properties": {"templateFile": file, "stackName": name}, **more}


def assembly(artifacts=None, **more):
    """The files of a cloud assembly with one stack and its list of assets."""
    artifacts = artifacts or {"Network": stack_artifact(dependencies=["Network.assets"])}
    assets = {"version": "55.0.0", "files": {"572a": {"displayName": "the template", "source": {"path": "Network.template.json", "packaging": "file"}, "destinations": {}}}, "dockerImages": {}}
    manifest = {"version": "55.0.0", "artifacts": {"Network.assets": {"type": "cdk:asset-manifest", "properties": {"file": "Network.assets.json"}}, "Tree": {"type": "cdk:tree"}, **artifacts}}
    return {"manifest.json": manifest, "Network.assets.json": assets, "Network.template.json": TEMPLATE, **more}


class Cdk(Cloud):
    """A script as the app."""

    tool = "cdk"
    options = ()
    app = "./synth --quiet  now"

    def __init__(self, world):
        super().__init__(world)
        os.unlink(world.path("code/template.json"))
        world.write("code/synth", SCRIPT.replace("TOLD", world.path("app.told")).replace("SEEN", world.path("app.seen")), 0o700)
        world.write("code/cdk.json", json.dumps({"app": self.app, "watch": {"exclude": ["x"]}, "context": {"size": 1, "stage": "dev", "@aws-cdk/core:checkSecretUsage": True}}))
        world.write("code/cdk.context.json", json.dumps({"stage": "found", "looked": ["up"]}))
        self.leave(assembly())

    def leave(self, files, **more):
        self.world.write("app.told", json.dumps({"files": files, **more}))

    def started(self):
        with open(self.world.path("app.seen"), encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def stack(self, name="net-prod"):
        return self.seen()["stacks"].get(name)


class RealCdk(Cdk):
    """The library itself, by node and without the CDK's command."""

    app = "node app.js"

    def __init__(self, world):
        super().__init__(world)
        shutil.copyfile(os.path.join(HERE, "..", "cdk", "app.js"), world.path("code/app.js"))
        os.unlink(world.path("code/cdk.context.json"))

    def environment(self, run, plan, variables):
        return {**super().environment(run, plan, variables), "NODE_PATH": os.path.abspath(LIBRARY)}
