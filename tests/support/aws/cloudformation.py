# cloudformation.py - stacks by the Query API of 2010-05-15, as strict as the service: what it does not know it refuses.
# SPDX-License-Identifier: MIT
"""`told`: `failing` {RESOURCE: REASON} (making or changing it fails), `hold` (what is under way stays so), `drift` {RESOURCE: "MODIFIED" or
"DELETED"}, `undetected` (a detection fails), `items` (how many stand on a page), `lose` [ACTION, ...] (the next one is done, and its answer lost),
`swap` (a change set says something else from now on), `busy` (somebody else works on every stack)."""
import json
import random
import re
import secrets
import time
import urllib.parse

import template as templates
from balancer import xml
from signature import Refused

REGION, ACCOUNT = "eu-test-1", "123456789012"
STEP_S = 0.05
NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
TOKEN = re.compile(r"[a-zA-Z0-9][-a-zA-Z0-9]{0,127}")
UPDATABLE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}
ENDS = {True: ("UPDATE", "UPDATE_ROLLBACK"), False: ("CREATE", "ROLLBACK")}


class Lost(Exception):
    """It was done, and nobody hears of it."""


def refuse(message):
    raise Refused("ValidationError", message)


def arn(kind, name):
    return f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:{kind}/{name}/{secrets.token_hex(16)}"


class Stack:
    def __init__(self, name):
        self.name, self.id = name, arn("stack", name)
        self.status, self.body, self.token = "REVIEW_IN_PROGRESS", "", ""
        self.parameters, self.resources, self.physical, self.outputs = {}, {}, {}, {}
        self.template, self.said = {}, None
        self.events = []  # newest first
        self.steps = []  # what happens next: functions
        self.due = 0.0
        self.sets = {}

    def event(self, name, kind, status, reason="", physical=""):
        self.events.insert(0, {"EventId": f"{name}-{status}-{secrets.token_hex(8)}", "StackId": self.id, "StackName": self.name, "LogicalResourceId": name,
                               "PhysicalResourceId": physical or self.physical.get(name, ""), "ResourceType": kind, "ResourceStatus": status, "ClientRequestToken": self.token,
                               "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()), **({"ResourceStatusReason": reason} if reason else {})})

    def become(self, status, reason=""):
        self.status = status
        self.event(self.name, "AWS::CloudFormation::Stack", status, reason, self.id)

    def advance(self, is_held):
        while self.steps and not is_held and time.time() >= self.due:
            self.due += STEP_S
            self.steps.pop(0)()


class CloudFormation:
    def __init__(self, told):
        self.told = told
        self.stacks, self.drifts, self.calls, self.created = [], {}, {}, {}
        self.executed, self.cancelled = [], 0

    def advance(self):
        for stack in self.stacks:
            stack.advance("hold" in self.told)

    def seen(self):
        self.advance()
        return {"stacks": {stack.name: {"status": stack.status, "resources": sorted(stack.physical), "parameters": stack.parameters, "sets": len(stack.sets), "id": stack.id}
                           for stack in self.stacks if stack.status != "DELETE_COMPLETE"},
                "executed": self.executed, "cancelled": self.cancelled, "asked": self.calls}

    def answer(self, body):
        form = dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True, keep_blank_values=True))
        action, version = form.pop("Action", ""), form.pop("Version", "")
        if version != "2010-05-15" or not hasattr(self, "do_" + action):
            raise Refused("InvalidAction", f"{action} of {version}")
        self.advance()
        self.calls[action] = self.calls.get(action, 0) + 1
        result = getattr(self, "do_" + action)(form)
        if action in self.told.get("lose", []):
            self.told["lose"].remove(action)
            raise Lost
        return (f'<{action}Response xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">\n  ' + xml(result, action + "Result")
                + f"\n  <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>\n</{action}Response>\n")

    # ---- what is shared ----

    def take(self, form, *names, optional=()):
        known = {name.split(".")[0] for name in form}
        if set(names) - known or known - {*names, *optional}:
            refuse(f"unknown or missing: {sorted(known ^ set(names))}")
        return [form[name] for name in names]

    def find(self, name):
        found = [stack for stack in self.stacks if name == stack.id or (name == stack.name and stack.status != "DELETE_COMPLETE")]
        if not found:
            refuse(f"Stack with id {name} does not exist")
        return found[-1]

    def find_set(self, name):
        for stack in self.stacks:
            if name in stack.sets:
                return stack, stack.sets[name]
        raise Refused("ChangeSetNotFound", f"ChangeSet [{name}] does not exist")

    def page(self, items, form, name):
        first, size = int(form.get("NextToken", "at-0").removeprefix("at-")), self.told.get("items", 100)
        return {name: items[first:first + size], **({"NextToken": f"at-{first + size}"} if first + size < len(items) else {})}

    def free(self, stack):
        if "busy" in self.told or stack.status.endswith("_IN_PROGRESS") and stack.status != "REVIEW_IN_PROGRESS":
            refuse(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")

    # ---- templates and change sets ----

    def do_GetTemplateSummary(self, form):
        template = templates.read(self.take(form, "TemplateBody")[0])
        capability, reason = templates.capabilities(template)
        return {"ResourceTypes": sorted({one["Type"] for one in template["Resources"].values()}),
                "Parameters": [{"ParameterKey": name, "ParameterType": one["Type"], "NoEcho": str(bool(one.get("NoEcho"))).lower(),
                                **({"DefaultValue": str(one["Default"])} if "Default" in one else {})} for name, one in template.get("Parameters", {}).items()],
                **({"Capabilities": [capability], "CapabilitiesReason": reason} if capability else {})}

    def parameters_of(self, form):
        given, number = {}, 1
        while f"Parameters.member.{number}.ParameterKey" in form:
            at = f"Parameters.member.{number}."
            previous = form.pop(at + "UsePreviousValue", "false") == "true"
            given[form.pop(at + "ParameterKey")] = None if previous else form.pop(at + "ParameterValue")
            number += 1
        if any(name.startswith("Parameters.") for name in form):
            refuse("parameters are counted from 1, each with its key and value")
        return given

    def stack_for(self, name, kind):
        there = [stack for stack in self.stacks if stack.name == name and stack.status != "DELETE_COMPLETE"]
        if kind == "CREATE" and there and there[0].status != "REVIEW_IN_PROGRESS":
            raise Refused("AlreadyExistsException", f"Stack [{name}] already exists")
        if kind == "UPDATE" and (not there or there[0].status not in UPDATABLE):
            refuse(f"Stack [{name}] does not exist" if not there else f"Stack:{there[0].id} is in {there[0].status} state and can not be updated.")
        if there:
            self.free(there[0])
            return there[0]
        self.stacks.append(Stack(name))
        self.stacks[-1].become("REVIEW_IN_PROGRESS", "User Initiated")
        return self.stacks[-1]

    def do_CreateChangeSet(self, form):
        name, token, kind, body = self.take(form, "ChangeSetName", "ClientToken", "ChangeSetType", "TemplateBody", "StackName", "IncludeNestedStacks",
                                            optional=("Parameters", "Capabilities", "RoleARN"))[:4]
        if not NAME.fullmatch(form["StackName"]) or not NAME.fullmatch(name) or not TOKEN.fullmatch(token) or form["IncludeNestedStacks"] not in ("true", "false"):
            refuse("1 validation error detected: a name or token that does not satisfy its pattern")
        same = json.dumps(form, sort_keys=True)
        if token in self.created:
            if self.created[token][0] != same:
                raise Refused("TokenAlreadyExistsException", token)
            return self.created[token][1]
        given, template = self.parameters_of(form), templates.read(body)
        capability, reason = templates.capabilities(template)
        granted = {value for key, value in form.items() if key.startswith("Capabilities.member.")}
        if capability and not granted & {capability, "CAPABILITY_NAMED_IAM"}:
            raise Refused("InsufficientCapabilitiesException", f"Requires capabilities : [{capability}]: {reason}")
        stack = self.stack_for(form["StackName"], kind)
        parameters = templates.values(template, given, stack.parameters)
        wanted = templates.resources(template, parameters)
        differing = templates.changes(stack.resources, wanted)
        says = templates.outputs(template, parameters, {key: f"<{key}>" for key in wanted})
        is_same = not differing and says == stack.said
        one = {"id": arn("changeSet", name), "name": name, "template": template, "body": body, "parameters": parameters, "wanted": wanted, "changes": differing,
               "status": ["CREATE_PENDING", "CREATE_IN_PROGRESS", "FAILED" if is_same else "CREATE_COMPLETE"], "says": says, "is_update": kind == "UPDATE",
               "capabilities": sorted(granted)}
        stack.sets[one["id"]] = one
        self.created[token] = (same, {"Id": one["id"], "StackId": stack.id})
        return self.created[token][1]

    def do_DescribeChangeSet(self, form):
        stack, one = self.find_set(self.take(form, "ChangeSetName", optional=("NextToken",))[0])
        status = one["status"].pop(0) if len(one["status"]) > 1 else one["status"][0]
        is_made = status == "CREATE_COMPLETE"
        hidden = {name for name, parameter in one["template"].get("Parameters", {}).items() if parameter.get("NoEcho")}
        changes = [{**change, **({"PhysicalResourceId": stack.physical[change["LogicalResourceId"]]} if change["LogicalResourceId"] in stack.physical else {})}
                   for change in one["changes"]] if is_made else []
        if "swap" in self.told and changes:
            changes[0] = {**changes[0], "LogicalResourceId": "Other"}
        shown = self.page([{"Type": "Resource", "ResourceChange": change} for change in changes], form, "Changes")
        parameters = [{"ParameterKey": name, "ParameterValue": "****" if name in hidden else value} for name, value in one["parameters"].items()]
        for rows in (shown["Changes"], parameters, *(change["ResourceChange"]["Details"] for change in shown["Changes"])):
            random.shuffle(rows)  # no order is promised
        return {"ChangeSetId": one["id"], "ChangeSetName": one["name"], "StackId": stack.id, "StackName": stack.name, "Status": status,
                "ExecutionStatus": "AVAILABLE" if is_made else "UNAVAILABLE", "CreationTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "Parameters": parameters, "Capabilities": one["capabilities"], "Tags": [], **({"StatusReason": templates.UNCHANGED} if status == "FAILED" else {}), **shown}

    def do_DeleteChangeSet(self, form):
        stack, one = self.find_set(self.take(form, "ChangeSetName")[0])
        del stack.sets[one["id"]]
        return {}

    def do_ListChangeSets(self, form):
        stack = self.find(self.take(form, "StackName")[0])
        return {"Summaries": [{"ChangeSetId": one["id"], "ChangeSetName": one["name"]} for one in stack.sets.values()]}

    # ---- what happens ----

    def do_ExecuteChangeSet(self, form):
        name, token = self.take(form, "ChangeSetName", "ClientRequestToken")
        if not TOKEN.fullmatch(token):
            refuse("ClientRequestToken")
        if [name, token] in self.executed:
            return {}
        stack, one = self.find_set(name)
        if one["status"][0] != "CREATE_COMPLETE":
            raise Refused("InvalidChangeSetStatus", f"ChangeSet [{name}] cannot be executed in its current status of [{one['status'][0]}]")
        self.free(stack)
        self.executed.append([name, token])
        stack.sets.clear()  # all others are of a stack that is no more
        stack.token = token
        forward, _back = ENDS[one["is_update"]]
        stack.before = (dict(stack.resources), dict(stack.physical))
        stack.become(f"{forward}_IN_PROGRESS", "User Initiated")
        stack.steps = [step for change in one["changes"] for step in self.steps_of(stack, one, change)] + [lambda: self.finish(stack, one)]
        stack.due = time.time() + STEP_S
        return {}

    def steps_of(self, stack, one, change):
        name, kind = change["LogicalResourceId"], change["ResourceType"]
        verb = {"Add": "CREATE", "Remove": "DELETE", "Modify": "UPDATE"}[change["Action"]]

        def done():
            reason = self.told.get("failing", {}).get(name)
            if reason is not None and verb != "DELETE":
                stack.event("Other", kind, f"{verb}_FAILED", f"Resource {verb.lower()[:-1]}ion cancelled")
                stack.event(name, kind, f"{verb}_FAILED", reason)
                self.roll_back(stack, one["is_update"], f"The following resource(s) failed to {verb.lower()}: [{name}].")
                return
            if verb == "DELETE":
                stack.event(name, kind, "DELETE_SKIPPED" if change["PolicyAction"] == "Retain" else "DELETE_COMPLETE")
                stack.physical.pop(name)
                return
            if verb == "CREATE" or change["Replacement"] != "False":
                stack.physical[name] = f"{stack.name}-{name}-{secrets.token_hex(6)}"
            stack.event(name, kind, f"{verb}_COMPLETE")

        return [lambda: stack.event(name, kind, f"{verb}_IN_PROGRESS"), done]

    def finish(self, stack, one):
        forward, _back = ENDS[one["is_update"]]
        stack.resources, stack.parameters, stack.body, stack.template = one["wanted"], one["parameters"], one["body"], one["template"]
        stack.said = one["says"]
        stack.outputs = templates.outputs(one["template"], one["parameters"], stack.physical)
        if one["is_update"]:
            stack.become("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        stack.become(f"{forward}_COMPLETE")

    def roll_back(self, stack, is_update, reason):
        _forward, back = ENDS[is_update]
        stack.resources, stack.physical = stack.before
        stack.become(f"{back}_IN_PROGRESS", reason)
        stack.steps = [lambda: stack.become(f"{back}_COMPLETE")]

    def do_CancelUpdateStack(self, form):
        name, token = self.take(form, "StackName", "ClientRequestToken")
        stack = self.find(name)
        if stack.status != "UPDATE_IN_PROGRESS":
            refuse("CancelUpdateStack cannot be called from current stack status")
        stack.token = token
        self.cancelled += 1
        self.told.pop("hold", None)
        self.roll_back(stack, True, "User Initiated")
        return {}

    def do_DeleteStack(self, form):
        name = self.take(form, "StackName", optional=("ClientRequestToken", "RoleARN"))[0]
        stack, token = self.find(name), form.get("ClientRequestToken", "")
        if stack.status == "DELETE_COMPLETE" or (stack.status == "DELETE_IN_PROGRESS" and token == stack.token):
            return {}
        if "protected" in self.told:
            refuse(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
        self.free(stack)
        stack.token = token
        stack.become("DELETE_IN_PROGRESS", "User Initiated")
        failing = [key for key in stack.physical if key in self.told.get("failing", {})]

        def end():
            for key in sorted(stack.physical):
                kind = stack.resources[key]["Type"]
                if key in failing:
                    stack.event(key, kind, "DELETE_FAILED", self.told["failing"][key])
                else:
                    stack.event(key, kind, "DELETE_SKIPPED" if stack.resources[key]["Retain"] else "DELETE_COMPLETE")
            stack.physical = {key: value for key, value in stack.physical.items() if key in failing}
            stack.become("DELETE_FAILED" if failing else "DELETE_COMPLETE", f"The following resource(s) failed to delete: {failing}." if failing else "")

        stack.steps, stack.due = [end], time.time() + STEP_S
        return {}

    # ---- what is told ----

    def do_DescribeStacks(self, form):
        stack = self.find(self.take(form, "StackName", optional=("NextToken",))[0])
        hidden = {name for name, parameter in stack.template.get("Parameters", {}).items() if parameter.get("NoEcho")}
        return {"Stacks": [{"StackName": stack.name, "StackId": stack.id, "StackStatus": "UPDATE_IN_PROGRESS" if "busy" in self.told else stack.status,
                            "EnableTerminationProtection": str("protected" in self.told).lower(), "CreationTime": "2026-11-27T12:00:00.000Z",
                            "Parameters": [{"ParameterKey": name, "ParameterValue": "****" if name in hidden else value} for name, value in stack.parameters.items()],
                            "Outputs": [{"OutputKey": name, "OutputValue": value} for name, value in stack.outputs.items()], "Tags": []}]}

    def do_DescribeStackEvents(self, form):
        return self.page(self.find(self.take(form, "StackName", optional=("NextToken",))[0]).events, form, "StackEvents")

    def do_ListStackResources(self, form):
        stack = self.find(self.take(form, "StackName", optional=("NextToken",))[0])
        rows = [{"LogicalResourceId": name, "PhysicalResourceId": value, "ResourceType": stack.resources[name]["Type"], "ResourceStatus": "CREATE_COMPLETE"}
                for name, value in stack.physical.items()]
        return self.page(rows, form, "StackResourceSummaries")

    def do_GetTemplate(self, form):
        return {"TemplateBody": self.find(self.take(form, "StackName")[0]).body, "StagesAvailable": ["Original", "Processed"]}

    def do_DetectStackDrift(self, form):
        stack = self.find(self.take(form, "StackName")[0])
        if stack.status not in UPDATABLE:
            refuse(f"Drift detection cannot be performed on stack [{stack.id}] while it is in {stack.status} status")
        key = secrets.token_hex(18)
        self.drifts[key] = ["DETECTION_IN_PROGRESS", "DETECTION_FAILED" if "undetected" in self.told else "DETECTION_COMPLETE"]
        return {"StackDriftDetectionId": key}

    def do_DescribeStackDriftDetectionStatus(self, form):
        key = self.take(form, "StackDriftDetectionId")[0]
        states = self.drifts.get(key) or refuse("no such detection")
        status = states.pop(0) if len(states) > 1 else states[0]
        drift = self.told.get("drift", {})
        return {"StackDriftDetectionId": key, "DetectionStatus": status, **({"DetectionStatusReason": "Failed to detect drift on resource"} if status == "DETECTION_FAILED" else {}),
                **({"StackDriftStatus": "DRIFTED" if drift else "IN_SYNC", "DriftedStackResourceCount": str(len(drift))} if status == "DETECTION_COMPLETE" else {})}

    def do_DescribeStackResourceDrifts(self, form):
        stack = self.find(self.take(form, "StackName", optional=("NextToken", "StackResourceDriftStatusFilters"))[0])
        wanted = {value for key, value in form.items() if key.startswith("StackResourceDriftStatusFilters.member.")}
        rows = [{"LogicalResourceId": name, "ResourceType": stack.resources[name]["Type"], "StackResourceDriftStatus": state, "StackId": stack.id}
                for name, state in self.told.get("drift", {}).items() if not wanted or state in wanted]
        return self.page(rows, form, "StackResourceDrifts")
