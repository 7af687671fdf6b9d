# test_hooks.py - a message of GitHub's form starts a deployment, once, whatever happens to the daemon meanwhile.
# SPDX-License-Identifier: MIT
import datetime
import hashlib
import hmac
import json

import world_config
from support import wait_until
from support.swift import begin, ended, show

SECRET = "It's a Secret to Everybody"


def message(version, minutes_old=0):
    """As GitHub tells of a new deployment."""
    at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=minutes_old)
    return {"action": "created", "repository": {"name": "shop", "full_name": "acme/shop"},
            "deployment": {"id": 42, "url": "https://api.github.com/repos/acme/shop/deployments/42", "sha": "9f2c1ab", "ref": "main", "task": "deploy", "environment": "Production",
                           "payload": {"version": version}, "created_at": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "creator": {"login": "alice"}}}


def send(world, body, secret=SECRET):
    signature = hmac.new(secret.encode(), json.dumps(body).encode(), hashlib.sha256).hexdigest()
    return world.api("POST", "/v1/hooks/github", body, {"X-GitHub-Event": "deployment", "X-Hub-Signature-256": f"sha256={signature}"})


def test_started_by_github(world):
    secret = world.write("hook.secret", SECRET)
    hook = f'hooks: {{ github: {{ secret = "file:{secret}";  names: {{ Production = "prod"; }};  services = [ "shop" ]; }}; }};'
    begin(world, broker=False, observe="1h", at_most="2h", daemon=world_config.verdictd_text(world) + hook)

    assert send(world, message("2.0.0"), "another secret").status == 401
    assert send(world, message("2.0.0", minutes_old=24 * 60)).status == 403
    body = message("2.0.0")
    first = send(world, body)
    assert first.status == 202, first.text
    name = first.json["events"][0]["deployment"]
    assert (show(world, name)["version"], show(world, name)["actor"]) == ("2.0.0", "alice")
    assert show(world, name)["run_url"] == body["deployment"]["url"], "by which its statuses are set"

    # What was answered is durable: after a kill the same message is still the same deployment.
    world.programs["verdictd"].kill()
    world.programs["verdictd"].start()
    assert send(world, body).json["events"][0]["deployment"] == name
    assert world.verdict("abort", name, "--reason", "that was all").returncode == 0
    assert ended(world, name)["done"]
    assert send(world, body).json["events"][0]["deployment"] == name, "nor does it begin anew"
    assert "hook-github for alice" in world.verdict("audit", "-n", "100").stdout


def test_a_secret_that_is_exchanged(world):
    """It is in memory, and so is its successor a moment later; meanwhile no request waits for the disk, and none is taken with the old one afterwards."""
    secret = world.write("hook.secret", SECRET)
    hook = f'hooks: {{ github: {{ secret = "file:{secret}";  names: {{ Production = "prod"; }};  services = [ "shop" ]; }}; }};'
    begin(world, broker=False, observe="1h", at_most="2h", daemon=world_config.verdictd_text(world) + hook)
    assert send(world, {"action": "deleted"}).status == 202
    world.write("hook.secret", "another one\n")
    wait_until(lambda: send(world, {"action": "deleted"}, "another one").status == 202, 10, "the new one counts")
    assert send(world, {"action": "deleted"}).status == 401
