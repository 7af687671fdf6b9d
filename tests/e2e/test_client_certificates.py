# test_client_certificates.py - a door that wants a certificate of its clients, beside their token: without one, with a foreign one, with the right one.
# SPDX-License-Identifier: MIT
import json
import os
import ssl
import subprocess
import types
import urllib.error
import urllib.request

import pytest

import world_config
from support.certificates import make


@pytest.fixture(name="door")
def _door(world):
    ours, theirs = make(world, "ours"), make(world, "theirs")
    server = make(world, "server")
    port = world.alertmanager_port
    more = f', {{ tls = "127.0.0.1:{port}";  cert = "file:{server[0]}";  key = "file:{server[1]}";  client_ca = "file:{ours[0]}"; }}'
    plain = f'{{ tcp = "127.0.0.1:{world.api_port}"; }}'
    text = world_config.verdictd_text(world)
    assert text.count(plain) == 1
    world.start_runner()
    world.start_daemon(text=text.replace(plain, plain + more), rules={"none.rules": ""})
    made = world.api("POST", "/v1/tokens", {"principal": "ci", "scopes": ["read"]})
    assert made.status == 201, made.text
    return types.SimpleNamespace(world=world, port=port, server=server, ours=ours, theirs=theirs, token=made.json["token"])


def ask(door, shown, path="/v1/tokens/self", token=True, version=ssl.TLSVersion.TLSv1_3):
    context = ssl.create_default_context(cafile=door.server[0])
    context.maximum_version = version
    if shown:
        context.load_cert_chain(*shown)
    request = urllib.request.Request(f"https://localhost:{door.port}{path}", headers={"Authorization": f"Bearer {door.token}"} if token else {})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, ssl.SSLError) as error:
        return type(error).__name__


def verdict(door, shown, *arguments):
    names = dict(zip(("VERDICT_CERT", "VERDICT_KEY"), shown))
    environment = {**os.environ, "VERDICT_URL": f"https://localhost:{door.port}", "VERDICT_TOKEN": door.token, "VERDICT_CA": str(door.server[0]), **{name: str(path) for name, path in names.items()}}
    return subprocess.run([door.world.program("verdict"), *arguments], env=environment, text=True, capture_output=True, timeout=60, check=False)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2])
def test_who_shows_the_right_one_comes_in(door, version):
    right = make(door.world, "right", door.ours)
    strangers = {"none": None, "foreign": make(door.world, "foreign", door.theirs), "signs itself": make(door.world, "itself"),
                 "is for servers": make(door.world, "for-servers", door.ours, "serverAuth")}
    for who, shown in strangers.items():
        for path in ("/v1/tokens/self", "/healthz", "/"):
            assert isinstance(ask(door, shown, path, version=version), str), (who, path)
    assert ask(door, right, version=version) == 200
    assert ask(door, right, token=False, version=version) == 401, "a certificate is no token"
    assert ask(door, right, "/healthz", version=version) == 200


def test_the_command_line_shows_one(door):
    right, foreign = make(door.world, "right", door.ours), make(door.world, "foreign", door.theirs)
    done = verdict(door, right, "ls", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["deployments"] == [], done.stderr
    both = door.world.write("both.pem", "".join(open(path, encoding="ascii").read() for path in right), 0o600)
    assert verdict(door, (both,), "ls").returncode == 0
    for shown in ((), foreign):
        done = verdict(door, shown, "ls")
        assert done.returncode == 1 and "localhost" in done.stderr, (shown, done.stderr)
    for shown, words in (((right[0], door.world.path("nowhere")), "VERDICT_KEY: "), ((right[0],), "VERDICT_CERT must hold the key")):
        done = verdict(door, shown, "ls")
        assert done.returncode == 2 and words in done.stderr, done.stderr
    os.chmod(right[1], 0o644)
    done = verdict(door, right, "ls")
    assert done.returncode == 2 and "VERDICT_KEY: " in done.stderr and "others may read" in done.stderr, done.stderr
    alone = {**os.environ, "VERDICT_KEY": str(right[1])}
    done = subprocess.run([door.world.program("verdict"), "ls"], env=alone, text=True, capture_output=True, timeout=60, check=False)
    assert done.returncode == 2 and "VERDICT_CERT" in done.stderr


def test_settings_that_make_no_sense(world):
    ours = make(world, "ours")
    server = make(world, "server")
    port = world.alertmanager_port
    plain = f'{{ tcp = "127.0.0.1:{world.api_port}"; }}'
    text = world_config.verdictd_text(world)
    tls = f'tls = "127.0.0.1:{port}";  cert = "file:{server[0]}";  key = "file:{server[1]}"; '
    broken = world.write("broken.pem", "-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n")
    for listener, words in ((f'{{ tcp = "127.0.0.1:{port}";  client_ca = "file:{ours[0]}"; }}', "client_ca belong to tls"),
                            (f'{{ {tls} client_ca = "vault:kv/ca#pem"; }}', "before Vault has answered"),
                            (f'{{ {tls} client_ca = "{ours[0]}"; }}', "client_ca"),
                            (f'{{ {tls} client_ca = "file:{world.path("nowhere")}"; }}', "nowhere"),
                            (f'{{ {tls} client_ca = "file:{broken}"; }}', "client_ca is not usable")):
        config = world.write("broken.conf", text.replace(plain, listener))
        done = subprocess.run([world.program("verdictd"), "--config", config], text=True, capture_output=True, timeout=30, check=False)
        assert done.returncode != 0 and words in done.stderr, (listener, done.stderr)
