# test_requests.py - requests that are almost right: a parameter that is spelled wrong, too much of everything, another method; and a reload over HTTP.
# SPDX-License-Identifier: MIT
import socket

import pytest

RULES = """
strategies: { quiet: { kind = "follow";  steps = ( { watch = "1h";  at_most = "2h"; } ); }; };
services: { SERVICE: { environments: { prod: { strategy = "quiet"; }; }; }; };
"""


@pytest.fixture(name="desk")
def _desk(world):
    world.start_runner()
    world.start_daemon(rules={"shop.rules": RULES.replace("SERVICE", "shop")})
    return world


def test_a_parameter_that_nobody_knows(desk):
    for query, words in (("enviroment=prod", 'no query parameter "enviroment" here; did you mean "environment"?'),
                         ("service=shop&Limit=1", 'did you mean "limit"?'), ("=1", 'no query parameter ""'),
                         ("colour=red", "there are: service, environment, state, limit, cursor"),
                         ("%22%7b%0a=1", "no query parameter"), (f"{'x' * 500}=1", "no query parameter")):
        answer = desk.api("GET", f"/v1/deployments?{query}")
        assert (answer.status, answer.json["code"]) == (400, "invalid") and words in answer.json["detail"], (query, answer.text)
    assert "nor any other" in desk.api("GET", "/v1/quarantine?service=shop").json["detail"]
    assert desk.api("POST", "/v1/services/shop/prod/freeze?until=1h", {"until": "1h", "reason": "r"}).status == 400
    assert not desk.api("GET", "/v1/status").json["services"][0]["frozen"], "and nothing happened"
    for path in ("/healthz?at=now", "/readyz?verbose&x=1", "/?from=mail", "/console/app.js?v=2"):
        assert desk.api("GET", path).status == 200, path
    assert desk.api("GET", "/v1/deployments?service=shop&environment=prod&state=active&limit=3").status == 200


def raw(world, text):
    """What the Unix socket answers to these bytes, and the body behind it."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(10)
        peer.connect(world.socket)
        peer.sendall(text)
        answer = b""
        while chunk := peer.recv(65536):
            answer += chunk
        return answer.partition(b"\r\n\r\n")[::2]


def test_too_much(desk):
    answer = desk.api("POST", "/v1/deployments", {"service": "x" * 70000})
    assert answer.status == 413 and answer.headers["Content-Type"] == "application/problem+json"
    assert {name: answer.json[name] for name in ("type", "title", "status", "code")} == \
        {"type": "urn:verdict:problem:limit", "title": "Content Too Large", "status": 413, "code": "limit"}
    assert "longer" in answer.json["detail"]
    many = b"".join(b"X-%d: %s\r\n" % (number, b"y" * 100) for number in range(85))
    head, body = raw(desk, b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + many + b"\r\n")
    assert head.startswith(b"HTTP/1.1 431") and b'"code":"limit"' in body and b"urn:verdict:problem:limit" in body, (head, body)


def test_methods_of_events(desk):
    answer = desk.api("OPTIONS", "/v1/events")
    assert answer.status == 200 and answer.headers["Allow"] == "GET, OPTIONS, POST"
    assert set(desk.api("DELETE", "/v1/events").headers["Allow"].split(", ")) == {"GET", "OPTIONS", "POST"}


def test_reload(desk):
    start = {"service": "mail", "environment": "prod", "version": "1.0.0"}
    assert desk.api("POST", "/v1/deployments", start).status == 404
    desk.write("rules.d/mail.rules", RULES.split("services")[1].join(("services", "")).replace("SERVICE", "mail"))
    for method, status in (("GET", 405), ("POST", 200)):
        answer = desk.api(method, "/-/reload")
        assert answer.status == status, answer.text
    assert answer.json == {"ok": True, "findings": []}
    assert desk.api("POST", "/v1/deployments", start).status == 201
    desk.write("rules.d/mail.rules", "services: {\n  mail: { nonsense = 1; };\n};\n")
    answer = desk.api("POST", "/-/reload")
    assert answer.status == 200 and not answer.json["ok"], answer.text
    finding = answer.json["findings"][0]
    assert finding["file"].endswith("mail.rules") and finding["line"] == 2 and "environments" in finding["text"], finding
    assert "verdict_config_last_reload_successful 0" in desk.api("GET", "/metrics").text
    assert desk.api("POST", "/v1/deployments", {**start, "version": "1.0.1"}).status != 404, "its last good version stays"
    made = desk.api("POST", "/v1/tokens", {"principal": "ci", "scopes": ["read", "deploy", "override"]})
    refused = desk.api("POST", "/-/reload", headers={"Authorization": f"Bearer {made.json['token']}"})
    assert refused.status == 403 and "admin" in refused.json["detail"]
