# test_notifiers.py - chat, pager and test notices of a real daemon: in order, once, and over when it is over.
# SPDX-License-Identifier: MIT
import contextlib
import json
import os
import socket
import sqlite3
import threading
import time

from support import wait_until
from support.swift import begin, begun, ended, publishing, show
from world import answers_on, free_port
from world_config import verdictd_text

COMMIT = 40 * "a"
PATIENCE = 60  # a receiver that was away is tried after 1, 2, 5 and 15 seconds
KEY = "0123456789abcdef0123456789abcdef"
RECEIVERS = """
  slack: { deploys: { url = "file:CHANNEL";  timeout = "2s"; };  away: { url = "file:AWAY"; }; };
  github: { shop: { repository = "acme/shop";  token = "file:KEY";  url = "http://127.0.0.1:PORT/github"; }; };
  pagerduty: { shop: { key = "file:KEY";  url = "http://127.0.0.1:PORT/pagerduty";  timeout = "2s"; }; };
"""


class Peer:
    """tests/support/notice_peer.py; it can be away."""

    def __init__(self, world):
        self.world, self.port, self.file = world, free_port(), world.path("kept")

    def settings(self):
        world, text = self.world, RECEIVERS
        values = {"CHANNEL": world.write("channel", f"http://127.0.0.1:{self.port}/slack/the-channel"), "KEY": world.write("key", KEY),
                  "AWAY": world.write("away", "http://127.0.0.1:1/secret-path"), "PORT": str(self.port)}
        for name, value in values.items():
            text = text.replace(name, value)
        return verdictd_text(world).replace("notifiers: {", "notifiers: {" + text)

    def start(self):
        argv = ["/usr/bin/python3", os.path.join("tests", "support", "notice_peer.py"), self.file, self.port]
        self.world.run("notice-peer", argv, lambda: answers_on(self.port))

    def kept(self):
        if not os.path.exists(self.file):
            return []
        with open(self.file, encoding="utf-8") as file:
            return [json.loads(line) for line in file if line.endswith("\n")]

    def chat(self):
        return [one["body"]["text"] for one in self.kept() if one["path"] == "the-channel"]

    def commit(self):
        return [one["body"]["state"] for one in self.kept() if one["path"] == "repos/acme/shop/statuses/" + COMMIT]

    def pager(self):
        return [one["body"].get("event_action", "change") for one in self.kept() if one["path"].startswith("v2/")]

    def paged(self):
        return [one["body"]["payload"] for one in self.kept() if one["path"] == "v2/enqueue" and one["body"]["event_action"] == "trigger"]


def outbox(world, receiver="%"):
    """(kind, state) of all notices to it, or to all, in the order of what happened; state 0 waits, 1 is delivered."""
    with sqlite3.connect(f"file:{world.path('data', 'journal.db')}?mode=ro", uri=True) as journal:
        return journal.execute("SELECT kind, state FROM outbox WHERE receiver LIKE ? ORDER BY rowid", (receiver,)).fetchall()


def start(world, peer):
    begin(world, observe="1500ms", daemon=peer.settings())
    rules = world.path("rules.d", "shop.rules")
    with open(rules, encoding="utf-8") as file:
        text = file.read()
    world.write("rules.d/shop.rules", text.replace('all = [ "webhook:desk" ];', 'all = [ "slack:deploys", "github:shop" ];  urgent = [ "pagerduty:shop" ];'))
    assert world.verdict("check", rules).returncode == 0
    world.programs["verdictd"].signal(1)


def test_incidents_open_and_end_and_nothing_is_lost(world):
    peer = Peer(world)
    start(world, peer)
    with publishing(world) as said:
        name = begun(world, "2.0.0")
        wait_until(lambda: show(world, name)["share"] == 10, 10, "the candidate has traffic")
        assert world.api("POST", f"/v1/deployments/{name}/hold", {"reason": "<wait> & see"}).status == 200
        assert peer.kept() == []
        peer.start()  # the receiver was away until now
        wait_until(lambda: peer.pager() == ["trigger"], PATIENCE, "the pager hears of the hold")
        assert world.api("POST", f"/v1/deployments/{name}/resume", {"reason": "seen"}).status == 200
        assert ended(world, name)["state"] == "promoted"
        wait_until(lambda: any(text.endswith("promoted") for text in peer.chat()), PATIENCE, "the chat hears of the promotion")
        assert peer.pager() == ["trigger", "resolve"], "who is only called when it is urgent hears of the end, and of nothing else"
        said[0] = None
    sentences = [text.split(": ", 1)[1] for text in peer.chat()]
    assert sentences.count("held") == sentences.count("goes on") == sentences.count("promoted") == sentences.count("deployment started") == 1
    assert sentences.index("deployment started") < sentences.index("held") < sentences.index("goes on") < sentences.index("promoted")
    rows = outbox(world, "slack:deploys")
    assert len(rows) == len(sentences) and all(state == 1 for _kind, state in rows), "each of them came, and once"
    held = next(one["body"] for one in peer.kept() if one["path"] == "the-channel" and one["body"]["text"].endswith("held"))
    assert {"title": "Reason", "value": "&lt;wait&gt; &amp; see", "short": False} in held["attachments"][0]["fields"]


def test_a_bad_version_pages_until_it_is_back(world):
    peer = Peer(world)
    peer.start()
    start(world, peer)
    with publishing(world) as said:
        answer = world.api("POST", "/v1/deployments", {"service": "shop", "environment": "prod", "version": "2.0.0", "commit": COMMIT})
        name = answer.json["id"]
        wait_until(lambda: show(world, name)["share"] == 10, 10, "the candidate has traffic")
        world.programs["verdictd"].kill()
        world.programs["verdictd"].start()
        said[0] = '{"lag": 300}'
        assert ended(world, name)["state"] == "rolled_back"
        wait_until(lambda: "resolve" in peer.pager(), PATIENCE, "the pager hears of the end")
    wait_until(lambda: peer.pager() == ["trigger", "trigger", "resolve", "change"], PATIENCE, "the way back is a change")
    wait_until(lambda: peer.commit()[-1:] == ["failure"], PATIENCE, "the commit shows it")
    assert peer.commit()[0] == "pending"
    alerts = [one["body"] for one in peer.kept() if one["path"] == "v2/enqueue"]
    assert {alert["dedup_key"].rsplit("/", 1)[1] for alert in alerts} == {name}
    assert alerts[0]["payload"]["custom_details"]["Rule"].startswith("queue: lag > 60s")
    assert "lag 300" in alerts[0]["payload"]["custom_details"]["Measured"]
    assert all(state == 1 for _kind, state in outbox(world, "pagerduty:shop")), "all is delivered"


def test_a_dead_receiver_costs_few_tries(world):
    """Many wait for it, and it is asked with one of them from time to time; then all of them come, each once and in order."""
    peer = Peer(world)
    begin(world, broker=False, observe="1h", at_most="2h", daemon=peer.settings(), stage=True,
          edit=lambda text: text.replace('all = [ "webhook:desk" ];', 'all = [ "slack:deploys" ];', 1))

    def counted(name, outcome=""):
        line = f'{name}{{notifier="slack:deploys"{outcome}}} '
        return int(next(text for text in world.api("GET", "/metrics").text.splitlines() if text.startswith(line))[len(line):])

    assert counted("verdict_notifier_breaker") == 0
    for number in range(15):
        name = begun(world, f"2.0.{number}", "stage")
        assert world.api("POST", f"/v1/deployments/{name}/abort", {"reason": "next"}).status == 200
        ended(world, name)
    wait_until(lambda: counted("verdict_notifier_breaker") == 2, 15, "it is left alone")
    waiting = outbox(world, "slack:deploys")
    assert len(waiting) >= 30 and {state for _kind, state in waiting} == {0}, waiting
    began, tries = time.monotonic(), counted("verdict_notifications_total", ',outcome="failed"')
    wait_until(lambda: counted("verdict_notifications_total", ',outcome="failed"') > tries, PATIENCE, "one of them asks whether it is there")
    assert counted("verdict_notifications_total", ',outcome="failed"') <= 3 + 2 and time.monotonic() - began < PATIENCE
    log = world.programs["verdictd"].log_text()
    assert log.count("slack:deploys is left alone after 3 tries in vain") == 1, "and people can read it"
    peer.start()
    wait_until(lambda: {state for _kind, state in outbox(world, "slack:deploys")} == {1}, PATIENCE, "all of it comes")
    assert counted("verdict_notifier_breaker") == 0 and "slack:deploys answers again" in world.programs["verdictd"].log_text()
    assert len(peer.chat()) == len(outbox(world, "slack:deploys")), "nothing twice"
    for number in range(15):
        said = [text.split(": ", 1)[1] for text in peer.chat() if f" 2.0.{number}:" in text]
        assert said[0] == "deployment started" and said[-1] in ("rolled back", "cancelled"), said


def test_notices_to_try_a_receiver(world):
    peer = Peer(world)
    peer.start()
    world.start_daemon(text=peer.settings())
    done = world.verdict("notify", "test", "slack:deploys")
    assert done.returncode == 0 and "delivered" in done.stderr, done.stderr
    assert world.verdict("notify", "test", "pagerduty:shop").returncode == 0
    assert peer.pager() == ["change"], "it wakes nobody"
    assert "a test of slack:deploys" in peer.chat()[0]
    away = world.verdict("notify", "test", "slack:away", "--json")
    assert away.returncode == 5 and json.loads(away.stdout)["fate"] == "retry", away.stderr
    assert "secret-path" not in away.stdout + away.stderr + world.programs["verdictd"].log_text()
    unknown = world.verdict("notify", "test", "slack:deploy")
    assert unknown.returncode == 2 and "slack:deploys" in unknown.stderr, unknown.stderr
    assert world.verdict("notify", "test", "deploys").returncode == 2
    token = world.verdict("token", "create", "ci", "--scope", "read,deploy").stdout.strip()
    answer = world.api("POST", "/v1/notifiers/slack:deploys/test", {}, headers={"Authorization": f"Bearer {token}"})
    assert answer.status == 403, "a pipeline does not ring at people"


class Ear:
    """Stands between the daemon and the broker, and keeps what the daemon says on each connection."""

    def __init__(self, broker_port):
        self.broker_port, self.said = broker_port, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.take, daemon=True).start()

    def take(self):
        with contextlib.suppress(OSError):
            while True:
                near, _address = self.listener.accept()
                far = socket.create_connection(("127.0.0.1", self.broker_port))
                self.said.append(bytearray())
                for source, sink, kept in ((near, far, self.said[-1]), (far, near, bytearray())):
                    threading.Thread(target=self.carry, args=(source, sink, kept), daemon=True).start()

    @staticmethod
    def carry(source, sink, kept):
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                kept += piece
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)


def test_the_broker_hears_good_bye(world):
    """Who stops says DISCONNECT on each of its connections: nobody's Will is told for it."""
    world.start_broker()
    ear = Ear(world.broker_port)
    text = verdictd_text(world).replace("notifiers: {", f'notifiers: {{ mqtt: {{ events: {{ url = "mqtt://127.0.0.1:{ear.port}"; }}; }};').replace(
        f'url = "mqtt://127.0.0.1:{world.broker_port}"', f'url = "mqtt://127.0.0.1:{ear.port}"')
    world.start_daemon(text=text)
    wait_until(lambda: len([said for said in ear.said if said]) >= 2, 10, "status and notifier are connected")
    wait_until(lambda: "[+]mqtt:plant ok" in world.api("GET", "/readyz?verbose").text, 10, "the broker has answered")
    assert world.verdict("notify", "test", "mqtt:events").returncode == 0
    world.programs["verdictd"].stop()
    ear.listener.close()
    assert [bytes(said[-2:]) for said in ear.said] == len(ear.said) * [b"\xe0\x00"]
