# test_aws.py - a canary on Amazon's load balancer, judged by CloudWatch: promoted, taken back, and without evidence.
# SPDX-License-Identifier: MIT
import glob
import http.client
import os
import re

import pytest

from support import wait_until
from support.amazon import Amazon
from support.rules import deployment


@pytest.fixture
def amazon(world, monkeypatch):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", world.folder)
    return Amazon(world)


def expect_no_secret(amazon):
    """Keys are in no log, no journal, no answer."""
    world, secrets = amazon.world, amazon.seen()["secrets"]
    texts = [world.api("GET", path).text for path in ("/metrics", "/readyz?verbose", "/v1/deployments/shop/prod", "/v1/deployments/shop/prod/report")]
    logs = [path for name, path in world.log_files().items() if name != "amazon"]
    for path in [*logs, *glob.glob(os.path.join(world.folder, "data", "journal*"))]:
        with open(path, "rb") as file:
            texts.append(file.read().decode("latin-1"))
    assert len(secrets) > 2
    assert not [secret for secret in secrets for text in texts if secret in text]


def test_good_version_is_promoted(amazon):
    world = amazon.world
    amazon.tell(world={"rate": 200, "errors": {"blue": 0.001}})
    amazon.start_daemon()
    done = world.verdict("start", "shop/prod", "--version", "2.0.0", "--wait", "--timeout", "90s")
    assert done.returncode == 0, done.stdout + done.stderr
    assert deployment(world)["state"] == "promoted"
    assert amazon.seen()["rule"] == {"blue": 0, "green": 100}
    lines = dict(line.rsplit(" ", 1) for line in world.api("GET", "/metrics").text.splitlines())
    assert float(lines['verdict_cloudwatch_metrics_requested_total{source="eu"}']) > float(lines['verdict_cloudwatch_requests_total{source="eu"}']) > 5
    expect_no_secret(amazon)


def test_bad_version_is_taken_back(amazon):
    world = amazon.world
    amazon.tell(world={"rate": 200, "errors": {"green": 0.3}})
    amazon.start_daemon()
    done = world.verdict("start", "shop/prod", "--version", "3.0.0", "--wait", "--timeout", "90s")
    assert done.returncode == 3, done.stdout + done.stderr
    assert (deployment(world)["state"], deployment(world)["ending"]) == ("rolled_back", "failed")
    assert amazon.seen()["rule"] == {"blue": 100, "green": 0}
    said = world.verdict("explain", deployment(world)["id"]).stdout
    assert "errors" in said and "30 %" in said, said
    expect_no_secret(amazon)


def test_source_that_is_down_is_no_evidence(amazon):
    world = amazon.world
    amazon.tell(world={"rate": 200, "errors": {}}, down=True)
    amazon.start_daemon(at_most="8s")
    done = world.verdict("start", "shop/prod", "--version", "2.0.0", "--wait", "--timeout", "90s")
    assert done.returncode == 6, done.stdout + done.stderr
    assert deployment(world)["state"] == "rolled_back"
    assert amazon.seen()["rule"] == {"blue": 100, "green": 0}
    ready = world.api("GET", "/readyz?verbose").text
    assert "cloudwatch:eu" in ready and "ServiceUnavailable" in ready, ready


def send(amazon, headers, body, path="/"):
    """Status, and the code of a refusal."""
    link = http.client.HTTPConnection(amazon.url.removeprefix("http://"), timeout=10)
    link.putrequest("POST", path, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        link.putheader(name, value)
    link.endheaders(body)
    answer = link.getresponse()
    found = re.search(r"(\w+)Exception", answer.read().decode())
    link.close()
    return answer.status, found[1] if found else ""


def altered(headers, body):
    """Name -> the request with one thing changed: every header that is signed, each part of the signature, body and place."""
    authorization = headers["Authorization"]
    signed = re.search("SignedHeaders=([a-z0-9;-]+)", authorization)[1].split(";")
    names = {name.lower(): name for name in headers}
    same = {"headers": headers, "body": body}
    changes = {"body": {**same, "body": body[:-1] + b"?"}, "path": {**same, "path": "/x"}, "query": {**same, "path": "/?a=b"},
               "one more": {**same, "headers": {**headers, "X-Amz-Meta": "1"}}}
    for name in signed:
        value = headers[names[name]].removesuffix("Z")  # of a date, which stays one
        end = ("1" if value[-1] == "0" else "0") + ("Z" if name == "x-amz-date" else "")
        changes[name] = {**same, "headers": {**headers, names[name]: value[:-1] + end}}
    parts = {"signature": (r"[0-9a-f]$", lambda digit: "1" if digit == "0" else "0"), "key": (r"(?<=Credential=)\w", lambda _first: "X"), "day": (r"\d(?=/eu-)", lambda digit: str(9 - int(digit))),
             "region": ("eu-test-1", lambda _name: "eu-test-2"), "service": (r"\w(?=/aws4_request)", lambda _last: "x"), "a header less": ("x-amz-security-token;?|;x-amz-security-token", lambda _name: "")}
    for name, (pattern, other) in parts.items():
        changed = re.sub(pattern, lambda found, other=other: other(found[0]), authorization)
        assert changed != authorization, name
        changes[name] = {**same, "headers": {**headers, "Authorization": changed}}
    return changes


@pytest.mark.parametrize("service", ["monitoring", "elasticloadbalancing"])
def test_what_was_altered_on_its_way_is_refused(amazon, service):
    """What the daemon signed is what botocore would have; sent once more it is good as it was, and not with anything changed."""
    amazon.tell(world={"rate": 200, "errors": {}})
    amazon.start_daemon()
    assert amazon.world.verdict("start", "shop/prod", "--version", "2.0.0").returncode == 0
    wait_until(lambda: service in amazon.heard(), 20, f"{service} was asked")
    heard = amazon.heard()[service]
    headers, body = dict(heard["headers"]), heard["body"].encode()
    assert send(amazon, headers, body) == (200, "")
    for name, change in altered(headers, body).items():
        status, code = send(amazon, **change)
        assert status in (400, 403) and code in ("InvalidSignature", "UnrecognizedClient"), (name, status, code)
