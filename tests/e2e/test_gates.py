# test_gates.py - a step that waits for another system, played by a small HTTP server that is shut, down, and open at last.
# SPDX-License-Identifier: MIT
import base64
import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import world_config

from support import wait_until
from support.swift import begin, begun, ended, publishing, show

KEY = bytes(range(32))


class Desk(ThreadingHTTPServer):
    """Answers every question as it is told to, and keeps what it was asked."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.status, self.answer, self.asked = 200, {"open": False, "reason": "CHG-7 waits for ann"}, []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signed = b".".join((self.headers["webhook-id"].encode(), self.headers["webhook-timestamp"].encode(), body))
        signature = "v1," + base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
        self.server.asked.append((json.loads(body), self.headers["webhook-signature"] == signature))
        answer = json.dumps(self.server.answer).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@pytest.fixture(name="desk")
def fixture_desk():
    desk = Desk()
    yield desk
    desk.shutdown()
    desk.server_close()


def open_world(world, desk, timeout="1h"):
    secret = world.write("secrets/gate", "whsec_" + base64.b64encode(KEY).decode(), 0o600)
    gates = f'gates: {{ web: {{ change: {{ url = "http://127.0.0.1:{desk.server_port}/ask?key=hidden";  secret = "file:{secret}"; }}; }}; }};\n'
    begin(world, observe="300ms", more=f'gate: {{ ask = "web:change";  every = "1s";  timeout = "{timeout}"; }};',
          daemon=world_config.verdictd_text(world) + gates)


def test_it_is_asked_until_it_opens(world, desk):
    open_world(world, desk)
    with publishing(world):
        name = begun(world, "2.0.0")
        wait_until(lambda: "is closed (CHG-7" in show(world, name)["summary"], 10, "it says what it waits for")
        shown = show(world, name)
        assert (shown["state"], shown["step_state"], shown["exit_code"], shown["done"]) == ("running", "waiting", 5, False), shown
        assert "waits: gate web:change is closed (CHG-7 waits for ann)" in world.verdict("get", name).stdout
        assert shown["gate"] == {"name": "web:change", "said": "closed"}, shown["gate"]
        assert world.verdict("approve", name).returncode != 0, "nobody answers in its place"
        desk.status = 503
        wait_until(lambda: "does not answer (it answered 503)" in show(world, name)["summary"], 10, "it is down")
        world.programs["verdictd"].kill()
        world.programs["verdictd"].start()
        asked = len(desk.asked)
        wait_until(lambda: len(desk.asked) > asked, 10, "it is asked again after a restart")
        assert world.split() == 0 and show(world, name)["share"] == 0
        desk.status, desk.answer = 200, {"open": True}
        assert ended(world, name)["state"] == "promoted"
    question, is_signed = desk.asked[0]
    assert is_signed and {key: question[key] for key in ("deployment", "service", "environment", "version", "previous", "gate", "step")} == {
        "deployment": name, "service": "shop", "environment": "prod", "version": "2.0.0", "previous": "1.0.0", "gate": "web:change", "step": 0}
    assert all(signed for _, signed in desk.asked)


def test_who_never_opens_takes_it_back(world, desk):
    open_world(world, desk, timeout="3s")
    end = ended(world, begun(world, "2.0.0"))
    assert (end["state"], end["ending"], end["exit_code"]) == ("rolled_back", "gate_shut", 3), end
    assert "gate web:change is closed" in end["summary"], end["summary"]
    desk.answer = {"open": False, "refused": True, "reason": "never on a Friday"}
    end = ended(world, begun(world, "2.0.1"))
    assert "gate web:change refused" in end["summary"], end["summary"]
