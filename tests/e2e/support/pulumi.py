# pulumi.py - a stand-in for pulumi, which Debian does not have: it checks each word, its environment and its folder, refuses what pulumi refuses,
# and says what `--json` says. Its project is Pulumi.yaml with runtime "yaml", written as JSON; its state is in the folder of PULUMI_BACKEND_URL.
# SPDX-License-Identifier: MIT
import argparse
import fcntl
import hashlib
import json
import os
import re
import secrets
import signal
import sys
import time

SECRET = "[secret]"
NEW = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


class Refused(Exception):
    """Goes to stderr; the status is 255, as for everything."""


class Canceled(Exception):
    """SIGINT came, and what was begun is done."""


def install(world, environment):
    """A program `pulumi` in the world's bin folder; returns the environment of whoever calls it."""
    world.write("bin/pulumi", f'#!/bin/sh\nexec /usr/bin/python3 {os.path.abspath(__file__)} "$@"\n', 0o700)
    os.makedirs(world.path("backend", "stacks"), exist_ok=True)
    return {"PATH": f"{world.path('bin')}:/usr/bin:/bin", "HOME": world.path("home"), "PULUMI_BACKEND_URL": f"file://{world.path('backend')}", **environment}


def make_stack(world, code, name, passphrase=None):
    """What `pulumi stack init` leaves: an empty state, and the stack's configuration beside the code."""
    world.write(f"backend/stacks/{name}.json", json.dumps({"resources": [], "outputs": {}, "serial": 0}))
    settings = {"encryptionsalt": salt(passphrase)} if passphrase else {}
    with open(os.path.join(code, f"Pulumi.{name}.yaml"), "w", encoding="utf-8") as file:
        json.dump({**settings, "config": {"network:owner": "sre"}}, file)


def salt(passphrase):
    return "v1:" + hashlib.sha256(passphrase.encode()).hexdigest()


def parser(program, *flags, values=(), lists=()):
    one = argparse.ArgumentParser(prog=program, add_help=False, allow_abbrev=False, exit_on_error=False)
    for name in ("--non-interactive", *flags):
        one.add_argument(name, action="store_true")
    for name in ("--color", "--stack", *values):
        one.add_argument(name)
    for name in lists:
        one.add_argument(name, action="append", default=[])
    return one


COMMANDS = {
    "preview": parser("preview", "--json", values=("--config-file", "--save-plan")),
    "up": parser("up", "--json", "--yes", "--skip-preview", values=("--config-file", "--plan")),
    "destroy": parser("destroy", "--json", "--yes", "--skip-preview", "--preview-only", values=("--config-file",)),
    "refresh": parser("refresh", "--json", "--yes", "--skip-preview", "--preview-only", values=("--config-file",)),
    "config set-all": parser("config set-all", "--path", values=("--config-file",), lists=("--plaintext",)),
    "stack export": parser("stack export"),
    "stack output": parser("stack output", "--json"),
}


def understand(words):
    name = " ".join(words[:2]) if " ".join(words[:2]) in COMMANDS else words[0] if words else ""
    if name not in COMMANDS:
        raise Refused(f'unknown command "{name}" for "pulumi"')
    try:
        options, rest = COMMANDS[name].parse_known_args(words[name.count(" ") + 1:])
    except argparse.ArgumentError as error:
        raise Refused(str(error)) from None
    if rest:
        raise Refused(f"unknown flag: {rest[0]}")
    if not options.non_interactive or options.color != "never" or sys.stdin.isatty():
        raise Refused("a terminal would be asked")
    if not options.stack:
        raise Refused("--stack is needed: no stack is selected")
    if name in ("up", "destroy", "refresh") and not getattr(options, "preview_only", False) and not options.yes:
        raise Refused("--yes or --skip-preview must be passed in to proceed when running in non-interactive mode")
    if getattr(options, "preview_only", False) and (options.yes or options.skip_preview):
        raise Refused("--yes or --skip-preview cannot be used with --preview-only")
    return name, options


def check_environment():
    ours = [name for name in os.environ if name.startswith(("VERDICT_", "IAC_", "PULUMI_OPTION_")) or name in ("PULUMI_STACK", "PULUMI_ENABLE_STREAMING_JSON_PREVIEW")]
    if ours:
        raise Refused(f"not to be passed on: {ours}")
    if os.environ.get("PULUMI_SKIP_UPDATE_CHECK") != "true":
        raise Refused("would look for a newer version of itself")
    url = os.environ.get("PULUMI_BACKEND_URL", "")
    if not url.startswith("file://") or not os.path.isdir(url[7:]):
        raise Refused("PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions")
    backend = url[7:]
    wanted = os.path.join(backend, "access")
    if os.path.exists(wanted):
        with open(wanted, encoding="ascii") as file:
            if hashlib.sha256(os.environ.get("PULUMI_ACCESS_TOKEN", "").encode()).hexdigest() != file.read():
                raise Refused("invalid access token")
    return backend


class Stack:
    """One stack's state, locked while it is used."""

    def __init__(self, backend, name):
        self.backend, self.name = backend, name
        self.path = os.path.join(backend, "stacks", f"{name}.json")
        if not os.path.exists(self.path):
            raise Refused(f"no stack named '{name}' found")
        self.lock = open(self.path + ".lock", "w", encoding="ascii")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused("the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with `pulumi cancel`.") from None
        with open(self.path, encoding="utf-8") as file:
            self.state = json.load(file)

    def save(self):
        self.state["serial"] += 1
        with open(self.path + ".new", "w", encoding="utf-8") as file:
            json.dump(self.state, file)
        os.replace(self.path + ".new", self.path)


def read_json(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    return json.loads(text) if text.strip() else {}


def settings_of(options, project):
    """Values of the stack's configuration; opened with the passphrase, where it has one."""
    path = options.config_file or f"Pulumi.{options.stack}.yaml"
    settings = read_json(path) if os.path.exists(path) else {}
    wanted = settings.get("encryptionsalt")
    if wanted and salt(os.environ.get("PULUMI_CONFIG_PASSPHRASE", "")) != wanted:
        raise Refused("getting stack configuration: get stack secrets manager: incorrect passphrase")
    start = project["name"] + ":"
    return {name[len(start):]: value for name, value in settings.get("config", {}).items() if name.startswith(start)}


def put_at(settings, path, text):
    """As `--path` does: "a.b[0]"; what is nested has the kind that it looks like."""
    parts = re.findall(r"[^.\[\]]+|\[\d+\]", path)
    if "".join(parts).replace("[", "").replace("]", "") != re.sub(r"[.\[\]]", "", path):
        raise Refused(f"invalid configuration key: {path}")
    if len(parts) == 1:
        settings[parts[0]] = text
        return
    value = {"true": True, "false": False}.get(text, int(text) if re.fullmatch(r"0|-?[1-9]\d*", text) else text)
    at = settings
    for part, following in zip(parts, parts[1:] + [None]):
        fresh = value if following is None else [] if following.startswith("[") else {}
        if part.startswith("["):
            index = int(part[1:-1])
            if index > len(at):
                raise Refused(f"{path}: array index out of bounds")
            if index == len(at):
                at.append(fresh)
            at = at[index]
        else:
            at = at.setdefault(part, fresh)


def set_all(options):
    project = read_json("Pulumi.yaml")
    path = options.config_file or f"Pulumi.{options.stack}.yaml"
    whole = read_json(path) if os.path.exists(path) else {}
    values = {}
    for word in options.plaintext:
        key, equals, text = word.partition("=")
        if not equals or not options.path:
            raise Refused(f"invalid key-value pair: {word}")
        put_at(values, key, text)
    for name, value in values.items():
        whole.setdefault("config", {})[name if ":" in name else f"{project['name']}:{name}"] = value
    with open(path, "w", encoding="utf-8") as file:
        json.dump(whole, file)


# ---- the engine ----

def fill(value, settings):
    if isinstance(value, dict):
        return {name: fill(one, settings) for name, one in value.items()}
    if isinstance(value, list):
        return [fill(one, settings) for one in value]
    whole = re.fullmatch(r"\$\{(\w+)\}", value) if isinstance(value, str) else None
    if whole is None:
        return value
    if whole[1] not in settings:
        raise Refused(f'resource or variable named "{whole[1]}" could not be found')
    return settings[whole[1]]


def blind(value):
    """{"secret": x} is a secret."""
    if isinstance(value, dict):
        return SECRET if set(value) == {"secret"} else {name: blind(one) for name, one in value.items()}
    return [blind(one) for one in value] if isinstance(value, list) else value


class Engine:
    def __init__(self, stack, options, command):
        self.stack, self.options, self.command = stack, options, command
        self.project = read_json("Pulumi.yaml")
        changed = os.path.join(stack.backend, "at_up.json")
        if command == "up" and os.path.exists(changed):  # the world moves on between a preview and its update
            self.project = read_json(changed)
        self.settings = settings_of(options, self.project)
        self.planned = read_json(options.plan) if getattr(options, "plan", None) else None

    def urn(self, name, kind):
        return f"urn:pulumi:{self.stack.name}::{self.project['name']}::{kind}::{name}"

    def wanted(self):
        if "dies" in self.project:
            raise Refused(self.project["dies"])
        old = {one["urn"]: one for one in self.stack.state["resources"]}
        for name, one in self.project.get("resources", {}).items():
            urn, inputs = self.urn(name, one["type"]), fill(one.get("properties", {}), self.settings)
            if one["type"] == "cloud:Bucket":  # it names itself, and anew each time
                before = old[urn]["inputs"]["bucket"] if urn in old else self.planned["names"][urn] if self.planned else f"{name}-{secrets.token_hex(3)}7"
                inputs["bucket"] = before
            yield {"urn": urn, "type": one["type"], "inputs": inputs}

    def steps(self):
        """(op, state before, state after), and the keys that replace."""
        old = {one["urn"]: one for one in self.stack.state["resources"]}
        root = self.urn(f"{self.project['name']}-{self.stack.name}", "pulumi:pulumi:Stack")
        wanted = [] if self.command == "destroy" else [{"urn": root, "type": "pulumi:pulumi:Stack", "inputs": {}}, *self.wanted()]
        for new in wanted:
            before = old.pop(new["urn"], None)
            keys = [] if before is None else sorted(key for key in {*new["inputs"], *before["inputs"]} if new["inputs"].get(key) != before["inputs"].get(key))
            fixed = [key for key in keys if key.startswith("fixed")]
            yield "create" if before is None else "replace" if fixed else "update" if keys else "same", before, new, keys, fixed
        for before in reversed(list(old.values())):
            yield "delete", before, None, [], []

    def drifted(self):
        path = os.path.join(self.stack.backend, "drifted")
        return read_json(path) if os.path.exists(path) else []

    def preview(self):
        summary, steps, names = {}, [], {}
        for op, before, new, keys, fixed in self.steps():
            urn = (new or before)["urn"]
            shown = op
            if self.command == "refresh":
                if before is None:
                    continue
                op, shown = "update" if urn in self.drifted() else "same", "refresh"
            summary[op] = summary.get(op, 0) + 1
            if shown == "same" and not urn.split("::")[2].startswith("pulumi:"):
                continue
            step = {"op": shown, "urn": urn}
            if before:
                step["oldState"] = blind(before)
            if new:
                step["newState"] = blind({**new, "outputs": {}})
                names[urn] = new["inputs"].get("bucket")
            if keys:
                step.update(diffReasons=keys, detailedDiff={key: {"kind": "update-replace" if key in fixed else "update", "inputDiff": False} for key in keys})
            if fixed:
                step["replaceReasons"] = fixed
            steps.append(step)
        if getattr(self.options, "save_plan", None):
            with open(self.options.save_plan, "w", encoding="utf-8") as file:
                json.dump({"names": names, "ops": {step["urn"]: step["op"] for step in steps}, "salt": secrets.token_hex(8)}, file)
        return {"config": {}, "steps": steps, "duration": time.monotonic_ns(), "changeSummary": summary}

    def work(self):
        """`up` and `destroy`: one step behind the other, each saved."""
        emit(preludeEvent={"config": {}})
        summary = {}
        for op, before, new, _keys, _fixed in self.steps():
            urn = (new or before)["urn"]
            if interrupted:
                raise Canceled
            if self.planned and op not in ("same", self.planned["ops"].get(urn)):
                raise Refused(f"resource {urn} violates plan: {op} is not allowed")
            for part in ("create-replacement", "replace", "delete-replaced") if op == "replace" else (op,):
                emit(resourcePreEvent={"metadata": {"op": part, "urn": urn, "type": (new or before)["type"], "old": None, "new": None, "logical": part == op}})
                self.do(part, urn, new)
                emit(resOutputsEvent={"metadata": {"op": part, "urn": urn}})
            summary[op] = summary.get(op, 0) + 1
        if self.command == "up":
            self.stack.state["outputs"] = fill(self.project.get("outputs", {}), self.settings)
            self.stack.save()
        if not os.path.exists(os.path.join(self.stack.backend, "silent")):
            emit(diagnosticEvent={"prefix": "", "message": "done", "color": "never", "severity": "info#err"})
            emit(summaryEvent={"maybeCorrupt": False, "durationSeconds": 1, "resourceChanges": summary, "PolicyPacks": {}})
        emit(cancelEvent={})

    def do(self, op, urn, new):
        rest = [one for one in self.stack.state["resources"] if one["urn"] != urn]
        if op in ("create", "update", "create-replacement"):
            wait = new["inputs"].get("wait")
            if wait:
                open(wait["began"], "w", encoding="ascii").close()
                while not os.path.exists(wait["may_end"]) and not interrupted:
                    time.sleep(0.02)
            if new["inputs"].get("fails"):
                emit(resOpFailedEvent={"metadata": {"op": op, "urn": urn}, "status": 1, "steps": 1})
                raise Refused("update failed")
            with open(os.path.join(self.stack.backend, "made"), "a", encoding="utf-8") as file:
                file.write(f"{op} {urn}\n")
            rest.append({**new, "id": NEW, "outputs": new["inputs"]})
        elif op not in ("delete", "delete-replaced"):
            return
        if op != "delete-replaced":
            self.stack.state["resources"] = rest
            self.stack.save()


interrupted = []
sequence = [0]


def emit(**event):
    print(json.dumps({"sequence": sequence[0], "timestamp": int(time.time()), **event}), flush=True)
    sequence[0] += 1


def run(words):
    backend = check_environment()
    name, options = understand(words)
    with open(os.path.join(backend, "calls"), "a", encoding="utf-8") as file:
        file.write(json.dumps(words) + "\n")
    if not os.path.exists("Pulumi.yaml"):
        raise Refused("no Pulumi.yaml project file found")
    stack = Stack(backend, options.stack)
    if name == "config set-all":
        set_all(options)
    elif name == "stack export":
        resources = json.loads(json.dumps(stack.state["resources"]).replace('"secret"', '"ciphertext"'))
        print(json.dumps({"version": 3, "deployment": {"manifest": {}, **({"resources": resources} if resources else {})}}))
    elif name == "stack output":
        print(json.dumps(blind(stack.state["outputs"])))
    elif name == "preview" or getattr(options, "preview_only", False):
        engine = Engine(stack, options, name)
        try:
            print(json.dumps(engine.preview(), indent=4))
        except Refused as error:
            print(json.dumps({"diagnostics": [{"message": f"error: {error}\n", "severity": "error"}], "duration": 1}, indent=4))
            raise Refused("preview failed") from None
    else:
        Engine(stack, options, name).work()


def main():
    signal.signal(signal.SIGINT, lambda *_: interrupted.append(1))
    try:
        run(sys.argv[1:])
    except (Refused, Canceled) as error:
        print(f"error: {error}" if str(error) else "error: update canceled", file=sys.stderr)
        return 255
    return 0


if __name__ == "__main__":
    sys.exit(main())
