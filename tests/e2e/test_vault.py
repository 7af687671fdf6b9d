# test_vault.py - secrets out of Vault: read once for all, renewed, exchanged, and what happens while Vault is away.
# SPDX-License-Identifier: MIT
import base64
import os
import pathlib
import subprocess
import time

import pytest

import world_config
from support import wait_until
from support.swift import allow, begun, ended, publishing, swift_rules
from support.vault import SECRET_ID, Vault, settings

KEYS = ["whsec_" + base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2)]
PASSWORD, OTHER = "canary-db-password-6c1e", "canary-db-password-9a4d"


@pytest.fixture(name="vault")
def make_vault():
    vault = Vault({"kv": {"shop/notices": {"key": KEYS[0]}, "shop/db": {"password": PASSWORD, "user": "shop"}}})
    yield vault
    assert vault.violations == []
    vault.stop()


def command(world):
    """A deploy command that says what it was given, and keeps it where nobody else looks."""
    return f"#!/bin/sh\nprintf %s \"$DB_PASSWORD\" > {world.path('given')}\necho \"password $DB_PASSWORD\"\n{{ env; echo \"$@\"; }} > {world.path('given.env')}\nexit $(cat {world.path('exit')})\n"


def daemon_text(world, vault, cache="1s", more=""):
    secret_id = world.write("secret-id", SECRET_ID + "\n")
    text = world_config.verdictd_text(world).replace(f'secret = "file:{world.secret_file}"', 'secret = "vault:kv/shop/notices#key"')
    assert "vault:kv/shop/notices" in text
    return text + settings(vault, f"file:{secret_id}", cache, more)


def begin(world, vault, cache="1s", more="", key=KEYS[0], secrets='secrets = { DB_PASSWORD = "vault:kv/{{service}}/db#password"; };', names='[ "DB_PASSWORD" ]'):
    world.write(os.path.relpath(world.secret_file, world.folder), key + "\n")
    world.write("exit", "0\n")
    world.start_receiver()
    world.start_broker()
    for slot in ("blue", "green"):
        assert world.deploy(slot, "1.0.0").returncode == 0
    world.start_haproxy()
    world.wait_backends("blue", "green")
    quick = world.write("commands/quick", command(world), 0o700)
    world.start_runner(allow(world, quick) + f"secrets = {names};\n")
    world.start_daemon(text=daemon_text(world, vault, cache, more), rules={"shop.rules": swift_rules(world, command='repeat = "idempotent"; ' + secrets)})
    adopted = world.api("POST", "/v1/services/shop/prod/adopt", {"slot": "blue", "version": "1.0.0", "reason": "first"})
    assert adopted.status == 200, adopted.text


def ready(world):
    return world.api("GET", "/readyz?verbose").text


def given(world):
    return pathlib.Path(world.path("given")).read_text(encoding="utf-8")


def metric(world, name):
    return float(next(line for line in world.api("GET", "/metrics").text.splitlines() if line.startswith(name + " ")).split()[1])


def test_one_reading_serves_all_and_rotation_comes_by_itself(world, vault):
    vault.start()
    begin(world, vault)
    wait_until(lambda: "[+]vault ok" in ready(world), 5, "everything is read")
    with publishing(world):
        end = ended(world, begun(world, "2.0.0"))
        assert end["exit_code"] == 0, end
        assert given(world) == PASSWORD
        environment = pathlib.Path(world.path("given.env")).read_text(encoding="utf-8")
        assert f"DB_PASSWORD={PASSWORD}" in environment and environment.splitlines()[-1] == "", "by its environment, not by its arguments"
        logs = world.verdict("logs", end["id"]).stdout
        assert "password ***" in logs and PASSWORD not in logs, logs
        wait_until(lambda: any(one["body"]["type"].endswith("promoted") and one["code"] == 204 for one in world.notices()), 5, "notices signed with Vault's key are taken")

        # One path, many users and uses: it is read about once in each cache time.
        started, before = time.monotonic(), vault.count("GET", "/v1/kv/data/shop/db")
        for _ in range(20):
            assert world.api("GET", "/v1/status").status == 200
        wait_until(lambda: vault.count("GET", "/v1/kv/data/shop/db") >= before + 2, 5, "it is read again")
        assert vault.count("GET", "/v1/kv/data/shop/db") <= before + 2 + (time.monotonic() - started), "no more often than once in its time"

        # Exchanged in Vault, and so here, without a word to us.
        vault.store["kv"]["shop/db"]["password"] = OTHER
        vault.store["kv"]["shop/notices"]["key"] = KEYS[1]
        world.programs["receiver"].stop()
        world.write(os.path.relpath(world.secret_file, world.folder), KEYS[1] + "\n")
        seen = len(world.notices())
        counts = {path: vault.count("GET", f"/v1/kv/data/{path}") for path in ("shop/db", "shop/notices")}
        wait_until(lambda: all(vault.count("GET", f"/v1/kv/data/{path}") > count + 1 for path, count in counts.items()), 5, "both are read again")
        world.start_receiver()
        end = ended(world, begun(world, "3.0.0"))
        assert end["exit_code"] == 0, end
        assert given(world) == OTHER
        wait_until(lambda: any(one["code"] == 204 for one in world.notices()[seen:]), 10, "the receiver takes what the new key signs")
    assert vault.count("POST", "/v1/auth/approle/login") == 1
    assert metric(world, "verdict_vault_up") == 1


def test_away_at_the_start_and_later_there(world, vault):
    begin(world, vault)
    wait_until(lambda: "[-]vault: " in ready(world) and "not yet read (logging in: " in ready(world), 5, "it says what it waits for")
    assert "ready\n" in ready(world) and "not ready" not in ready(world), "it is degraded, not unready"
    assert metric(world, "verdict_vault_up") == 0
    with publishing(world):
        end = ended(world, begun(world, "2.0.0"))
        assert end["state"] == "rejected" and "secret DB_PASSWORD: vault: kv/shop/db: not yet read (logging in: " in end["why"], end
        assert not os.path.exists(world.path("given"))
        vault.start()
        wait_until(lambda: "[+]vault ok" in ready(world), 15, "it is found without a word to us")
        wait_until(lambda: any(one["code"] == 204 for one in world.notices()), 60, "what waited for its key is told")
        end = ended(world, begun(world, "2.0.1"))
        assert end["exit_code"] == 0, end
    assert given(world) == PASSWORD


def test_away_in_between(world, vault):
    vault.start()
    begin(world, vault, more='max_age = "10s";')
    wait_until(lambda: "[+]vault ok" in ready(world), 5, "everything is read")
    vault.stop()
    wait_until(lambda: "degraded, values of" in ready(world) and "not ready" not in ready(world), 10, "it says that it uses what it has")
    with publishing(world):
        end = ended(world, begun(world, "2.0.0"))
        assert end["exit_code"] == 0 and given(world) == PASSWORD, end
        # As long as was declared, and no longer.
        time_out = wait_until(lambda: rejected(world), 25, "an older value is not used")
        assert "what is known is older than max_age" in time_out["why"], time_out
        vault.restart()
        wait_until(lambda: "[+]vault ok" in ready(world), 15, "its own tokens are forgotten, so it is asked for a new one")
        end = ended(world, begun(world, "9.0.0"))
        assert end["exit_code"] == 0 and given(world) == PASSWORD, end
    assert vault.count("POST", "/v1/auth/approle/login", 200) == 2


def rejected(world):
    """One more deployment; how it ended, where it was not let in."""
    rejected.count = getattr(rejected, "count", 0) + 1
    end = ended(world, begun(world, f"5.0.{rejected.count}"))
    return end if end["state"] == "rejected" else None


def test_tokens_are_renewed_and_end(world, vault):
    vault.lease_s, vault.life_s = 2, 5
    vault.start()
    begin(world, vault)
    renewals, logins = ("POST", "/v1/auth/token/renew-self"), ("POST", "/v1/auth/approle/login")
    wait_until(lambda: vault.count(*renewals, 200) >= 2, 10, "it is renewed before its lease ends")
    wait_until(lambda: vault.count(*logins, 200) >= 2, 10, "where a renewal lengthens nothing any more, another one is got")
    assert vault.count("GET", "/v1/kv/data/shop/notices", 403) == 0, "nobody was refused meanwhile"
    assert "[+]vault ok" in ready(world)

    # One that is taken away is found out by being refused, once.
    before = vault.count(*logins, 200)
    vault.end_tokens()
    wait_until(lambda: vault.count(*logins, 200) > before, 5, "a new one is got")
    reads = vault.count("GET", "/v1/kv/data/shop/notices", 200)
    wait_until(lambda: vault.count("GET", "/v1/kv/data/shop/notices", 200) > reads, 5, "and serves")
    assert "[+]vault ok" in ready(world)
    with publishing(world):
        assert ended(world, begun(world, "2.0.0"))["exit_code"] == 0

    # The half that opens it was exchanged while it was away: until we have the new one, the old values serve,
    # and what is said is why they are not read now, not why they were not read before.
    vault.secret_id = "canary-secret-id-new-1f"
    vault.stop()
    wait_until(lambda: "degraded, values of" in ready(world), 10, "reads fail while it is away")
    vault.restart()
    wait_until(lambda: "logging in: Vault refuses the request (400)" in ready(world), 40, "it says so: pauses grow while it is away")
    with publishing(world):
        assert ended(world, begun(world, "3.0.0"))["exit_code"] == 0
    world.write("secret-id", vault.secret_id)
    wait_until(lambda: "[+]vault ok" in ready(world), 40, "the file is read again at the next login")


def test_a_token_by_hand(world, vault):
    vault.lease_s = 2
    vault.start()
    token = world.write("token", vault.make_token("hvs.canary-by-hand-1-77aa"))
    begin(world, vault, secrets="")
    world.programs["verdictd"].stop()
    text = world_config.verdictd_text(world).replace(f'secret = "file:{world.secret_file}"', 'secret = "vault:kv/shop/notices#key"')
    group = f'vault: {{ url = "{vault.url}/";  token = "file:{token}";  cache = "1s"; }};'
    before = vault.count("POST", "/v1/auth/approle/login")
    world.start_daemon(text=text + group)
    wait_until(lambda: vault.count("POST", "/v1/auth/token/renew-self", 200) >= 3, 10, "it is renewed")
    assert "[+]vault ok" in ready(world)
    vault.end_tokens()
    wait_until(lambda: "Vault does not let us (403)" in ready(world), 10, "it has ended, and there is no other")
    world.write("token", vault.make_token("hvs.canary-by-hand-2-88bb"))
    wait_until(lambda: "[+]vault ok" in ready(world), 10, "the one that lies there now is taken")
    assert vault.count("POST", "/v1/auth/approle/login") == before


WRONG = {
    "sealed": ("is_sealed", True, "Vault is sealed (503)"),
    "forbidden": ("denied", {"kv/shop/db", "kv/shop/notices"}, "Vault does not let us (403)"),
    "slow": ("delay_s", 3.0, "the deadline has passed|timed out"),
    "html": ("answer_instead", (200, b"<html>canary-page-1</html>", {}), "what answers is not Vault: it is no JSON object"),
    "redirect": ("answer_instead", (307, b"canary-page-2", {"Location": "http://127.0.0.1:9/canary"}), "Vault redirects (307), which is not followed"),
    "broken": ("answer_instead", (500, b'{"errors":["canary-page-3"]}', {}), "Vault answers with status 500"),
    "endless": ("answer_instead", (200, b'{"data":"' + b"x" * (1 << 20) + b'"}', {}), "longer than 1048576 bytes"),
    "truncated": ("answer_instead", (200, b'{"data":{"data":{"password":"canary-page-4', {}), "what answers is not Vault"),
    "version 1": ("answer_instead", (200, b'{"data":{"password":"canary-page-5"}}', {}), "no key-value store of version 2"),
}


def test_each_way_to_be_wrong_has_its_sentence(world, vault):
    vault.start()
    begin(world, vault)
    usual = {name: getattr(vault, name) for name, _value, _words in WRONG.values()}
    for name, value, words in WRONG.values():
        wait_until(lambda: "[+]vault ok" in ready(world), 20, f"all is well before {words}")
        setattr(vault, name, value)
        wait_until(lambda words=words: any(one in ready(world) for one in words.split("|")) and "degraded" in ready(world), 10, words)
        setattr(vault, name, usual[name])
    wait_until(lambda: "[+]vault ok" in ready(world), 20, "all is well again")
    with publishing(world):
        assert ended(world, begun(world, "2.0.0"))["exit_code"] == 0

    # What Vault has not any more is given up: that was meant.
    for values, words in (({"user": "shop"}, "kv/shop/db#password: it has no such key"), ({"password": 7}, "kv/shop/db#password: the value is no text"),
                          ({"password": ""}, "kv/shop/db#password: the value is empty"), (None, "kv/shop/db#password: Vault has nothing there (404)")):
        vault.store["kv"]["shop/db"] = values
        wait_until(lambda words=words: words in ready(world), 5, words)
    with publishing(world):
        end = rejected(world)
        assert end and "secret DB_PASSWORD: vault: kv/shop/db#password: Vault has nothing there (404)" in end["why"], end
    logs = "".join(program.log_text() for program in world.programs.values())
    assert "canary-" not in logs, logs


def test_a_command_right_behind_a_start(world, vault):
    """A slow Vault has not answered by then: the command waits a moment, and that is none of its tries."""
    vault.start()
    begin(world, vault, secrets='tries = 1;  secrets = { DB_PASSWORD = "vault:kv/{{service}}/db#password"; };')
    wait_until(lambda: "[+]vault ok" in ready(world), 5, "everything is read")
    with publishing(world):
        vault.delay_s = 1.0
        world.programs["verdictd"].kill()
        world.programs["verdictd"].start()
        end = ended(world, begun(world, "2.0.0"), 30)
    assert end["exit_code"] == 0 and given(world) == PASSWORD, end


def test_a_runner_that_does_not_know_the_name(world, vault):
    vault.start()
    begin(world, vault, names='[ "OTHER" ]')
    wait_until(lambda: "[+]vault ok" in ready(world), 5, "everything is read")
    with publishing(world):
        end = ended(world, begun(world, "2.0.0"))
    assert end["state"] == "rejected" and "the variable DB_PASSWORD is not among the runner's secrets" in end["why"], end


TASKS = """pipelines: { shop: { service = "shop";  stages: { build: { dist: { exec = [ "QUICK" ];  secrets = { DB_PASSWORD = "vault:kv/{{service}}/db#password"; }; }; }; }; }; };"""


def begun_run(world):
    """None while nobody knows the pipeline."""
    answer = world.api("POST", "/v1/runs", {"pipeline": "shop", "version": "1.2.3"})
    return answer if answer.status == 201 else None


def test_tasks_of_pipelines_get_them_too(world, vault):
    vault.start()
    begin(world, vault)
    world.write("rules.d/tasks.rules", TASKS.replace("QUICK", world.path("commands", "quick")))
    world.programs["verdictd"].signal(1)
    run = wait_until(lambda: begun_run(world), 5, "the pipeline is known").json
    wait_until(lambda: world.api("GET", f"/v1/runs/{run['id']}").json["done"], 10, "it has ended")
    shown = world.api("GET", f"/v1/runs/{run['id']}").text
    assert "password ***" in shown and PASSWORD not in shown, shown
    assert given(world) == PASSWORD


def verdictd(world, *arguments):
    return subprocess.run([world.program("verdictd"), "--config", world.path("verdictd.conf"), *arguments], capture_output=True, text=True, timeout=60, check=False)


def line_of(path, what):
    with open(path, encoding="utf-8") as file:
        return next(number for number, line in enumerate(file, 1) if what in line)


def test_references_are_tried_before_they_are_needed(world, vault):
    rules = swift_rules(world, command='repeat = "idempotent"; secrets = {\n DB_PASSWORD = "vault:kv/shop/db#passwort"; };')
    world.write("rules.d/shop.rules", rules)
    config = world.write("verdictd.conf", daemon_text(world, vault))
    away = verdictd(world, "--check")
    assert away.returncode == 1 and f"{config}:{line_of(config, 'vault:kv/shop/notices')}: vault: kv/shop/notices: not yet read (logging in: " in away.stderr, away
    vault.start()
    wrong = verdictd(world, "--check")
    path = world.path("rules.d", "shop.rules")
    assert wrong.returncode == 1 and f"{path}:{line_of(path, 'passwort')}: vault: kv/shop/db#passwort: it has no such key" in wrong.stderr, wrong
    assert "shop/notices" not in wrong.stderr and PASSWORD not in wrong.stderr + wrong.stdout, wrong
    world.write("rules.d/shop.rules", rules.replace("passwort", "password"))
    good = verdictd(world, "--check")
    assert good.returncode == 0 and "vault:" not in good.stderr, good
    # Without a daemon and without Vault only the form is looked at.
    vault.stop()
    assert world.verdict("check", path).returncode == 0
    world.write("rules.d/shop.rules", rules.replace("#passwort", ""))
    bad = world.verdict("check", path)
    assert bad.returncode == 1 and "is not like \"vault:kv/shop#password\"" in bad.stdout, bad


def test_check_online_asks_for_them(world, vault):
    vault.start()
    begin(world, vault, secrets="")
    wait_until(lambda: "[+]vault ok" in ready(world), 5, "everything is read")
    text = swift_rules(world, command='repeat = "idempotent"; secrets = { DB_PASSWORD = "vault:kv/shop/db#passwort"; };')
    path = world.write("other.rules", text)
    with publishing(world):
        bad = world.verdict("check", path, "--online")
        assert bad.returncode == 1, bad
        assert f"{path}:{line_of(path, 'deploy: {')}: shop/prod: command deploy: " in bad.stdout and "vault: kv/shop/db#passwort: it has no such key" in bad.stdout, bad
        world.write("other.rules", text.replace("passwort", "password"))
        good = world.verdict("check", path, "--online")
        assert good.returncode == 0 and "good: 1 service" in good.stderr, good
