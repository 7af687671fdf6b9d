# template.py - templates of CloudFormation as far as the tests need them: parameters, references, what differs between two.
# SPDX-License-Identifier: MIT
import json

from signature import Refused

TEMPLATE_MAX = 51200
RECREATES = {"QueueName", "TopicName", "RoleName"}  # properties that cannot be changed in place
UNCHANGED = "The submitted information didn't contain changes. Submit different information to create a change set."


def refuse(message):
    raise Refused("ValidationError", message)


def read(text):
    if not 1 <= len(text.encode()) <= TEMPLATE_MAX:
        refuse(f"1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to {TEMPLATE_MAX}")
    try:
        template = json.loads(text)
    except ValueError:
        refuse("Template format error: unsupported structure.")
    if not isinstance(template.get("Resources"), dict) or not template["Resources"]:
        refuse("Template format error: At least one Resources member must be defined.")
    for name, resource in template["Resources"].items():
        if not name.isalnum() or "Type" not in resource:
            refuse(f"Template format error: [/Resources/{name}] Every Resources object must contain a Type member.")
    return template


def capabilities(template):
    roles = [name for name, resource in template["Resources"].items() if resource["Type"].startswith("AWS::IAM::")]
    if not roles:
        return None, ""
    named = any("RoleName" in template["Resources"][name].get("Properties", {}) for name in roles)
    return "CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM", f"The following resource(s) require capabilities: [{', '.join(roles)}]"


def values(template, given, before):
    """The values of all parameters; `given`: {KEY: value, or None for the previous one}."""
    known = template.get("Parameters", {})
    extra = sorted(set(given) - set(known))
    if extra:
        refuse(f"Parameters: [{', '.join(extra)}] do not exist in the template")
    if any(value is None and name not in before for name, value in given.items()):
        refuse("Invalid input for parameter key: Cannot specify usePreviousValue as true for a parameter key not in the previous template")
    found = {name: before[name] if name in given and given[name] is None else given.get(name, parameter.get("Default")) for name, parameter in known.items()}
    missing = sorted(name for name, value in found.items() if value is None)
    if missing:
        refuse(f"Parameters: [{', '.join(missing)}] must have values")
    return {name: str(value) for name, value in found.items()}


def resolve(value, names):
    if isinstance(value, dict) and set(value) == {"Ref"}:
        if value["Ref"] not in names:
            refuse(f"Template format error: Unresolved resource dependencies [{value['Ref']}] in the Resources block of the template")
        return names[value["Ref"]]
    if isinstance(value, dict):
        return {name: resolve(part, names) for name, part in value.items()}
    return [resolve(part, names) for part in value] if isinstance(value, list) else value


def resources(template, parameters):
    """{NAME: {"Type", "Properties", "Retain"}} with references to parameters filled; a resource's is `<NAME>`."""
    names = {**{name: f"<{name}>" for name in template["Resources"]}, **parameters}
    return {name: {"Type": one["Type"], "Properties": resolve(one.get("Properties", {}), names), "Retain": one.get("DeletionPolicy") == "Retain"}
            for name, one in template["Resources"].items()}


def outputs(template, parameters, physical):
    return {name: str(resolve(one["Value"], {**physical, **parameters})) for name, one in template.get("Outputs", {}).items()}


def detail(name, recreation):
    return {"Target": {"Attribute": "Properties", "Name": name, "RequiresRecreation": recreation}, "Evaluation": "Static", "ChangeSource": "DirectModification"}


def modified(name, old, new, replaced):
    """The change of one resource, or None."""
    if old["Type"] != new["Type"]:
        refuse(f"Update of resource type is not permitted. The new template modifies resource type of the following resources: [{name}]")
    differing = sorted(key for key in {*old["Properties"], *new["Properties"]} if old["Properties"].get(key) != new["Properties"].get(key))
    moved = sorted(key for key, value in new["Properties"].items() if key not in differing and value in [f"<{other}>" for other in replaced])
    if not differing and not moved:
        return None
    replacement = "True" if RECREATES & set(differing) else "Conditional" if moved else "False"
    return {"Action": "Modify", "LogicalResourceId": name, "ResourceType": new["Type"], "Replacement": replacement, "Scope": ["Properties"],
            "Details": [detail(key, "Always" if key in RECREATES else "Never") for key in differing] + [detail(key, "Conditionally") for key in moved]}


def changes(old, new):
    """The list of ResourceChange between two sets of resources."""
    found = [{"Action": "Remove", "LogicalResourceId": name, "ResourceType": one["Type"], "PolicyAction": "Retain" if one["Retain"] else "Delete", "Scope": [], "Details": []}
             for name, one in old.items() if name not in new]
    found += [{"Action": "Add", "LogicalResourceId": name, "ResourceType": one["Type"], "Scope": [], "Details": []} for name, one in new.items() if name not in old]
    both = [name for name in new if name in old]
    replaced = [name for name in both if RECREATES & {key for key in new[name]["Properties"] if old[name]["Properties"].get(key) != new[name]["Properties"][key]}]
    return found + [change for name in both if (change := modified(name, old[name], new[name], replaced)) is not None]
