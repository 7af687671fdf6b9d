# test_events_mqtt.py - signed messages over MQTT start deployments, once, whatever dies meanwhile; what nobody signed does nothing.
# SPDX-License-Identifier: MIT
import base64
import contextlib
import hashlib
import hmac
import json
import os
import signal
import subprocess
import threading
import time

import pytest
import world_config
from support import wait_until
from support.swift import begin, ended, post, publishing, show
from support.trouble import trouble
from world import PROJECT, find

TOPIC = "verdict/demo/in/deployments"
KEY, OTHER_KEY, STRANGER = (base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2, 3))
WAYS = {"properties": "5", "envelope": "311"}  # of the sender
SECONDS = 20


def settings(world, version="5", more=""):
    """Hook `ci` is for shop, `mailers` is for others."""
    secrets = [world.write(f"{name}.key", key) for name, key in (("ci", KEY), ("mailers", OTHER_KEY))]
    return (world_config.verdictd_text(world) + more + f'hooks: {{ ci: {{ kind = "verdict";  secret = "file:{secrets[0]}";  services = [ "shop" ]; }};'
            f' mailers: {{ kind = "verdict";  secret = "file:{secrets[1]}";  services = [ "mailer" ]; }}; }};'
            f'events: {{ broker = "mqtt:plant";  hooks = [ "mailers", "ci" ];  version = "{version}"; }};')


def start_of(version, service="shop"):
    return json.dumps({"service": service, "environment": "prod", "version": version})


def event_of(version):
    return json.dumps({"specversion": "1.0", "id": f"event-{version}", "source": "/ci", "type": "dev.cdevents.service.deployed.0.2.0",
                       "data": {"context": {"version": "0.4.1", "id": f"event-{version}"}, "subject": {"id": "shop", "content": {}},
                                "customData": {"verdict": {"environment": "prod", "version": version}}}})


def parts(name, body, key=KEY, age=0):
    stamp = str(int(time.time()) - age)
    code = hmac.new(base64.b64decode(key), f"{name}.{stamp}.{body}".encode(), hashlib.sha256).digest()
    return name, stamp, "v1," + base64.b64encode(code).decode()


def publish(world, payload, *more):
    argv = [find("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(world.broker_port), "-q", "1", "-t", TOPIC, "-s", *more]
    return subprocess.run(argv, input=payload, text=True, timeout=20, check=False, capture_output=True).returncode == 0


def send(world, name, body, way="properties", said=None, beside=(), **options):
    """`said`: the body that is sent in the place of the signed one; `beside`: more properties."""
    name, stamp, signature = parts(name, body, **options)
    said = body if said is None else said
    if way == "envelope":
        return publish(world, json.dumps({"id": name, "timestamp": int(stamp), "signature": signature, "body": said}), "-V", WAYS[way])
    more = [word for pair in (("webhook-id", name), ("webhook-timestamp", stamp), ("webhook-signature", signature), *beside)
            for word in ("-D", "PUBLISH", "user-property", *pair)]
    return publish(world, said, "-V", WAYS[way], *more)


class Answers:
    """What is told on the answers' topic, in its order."""

    def __init__(self, world):
        self._world, self._all = world, []
        self._over = threading.Event()
        self._link = None
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self):
        while not self._over.is_set():
            argv = [find("mosquitto_sub"), "-h", "127.0.0.1", "-p", str(self._world.broker_port), "-q", "1", "-t", TOPIC + "/ack", "-t", "test/here"]
            with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as self._link:
                for line in self._link.stdout:
                    self._all.append(json.loads(line))
            self._over.wait(0.1)

    def ready(self):
        """It listens, which a message of its own shows."""
        mark = {"id": f"mark-{time.monotonic()}"}
        argv = [find("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(self._world.broker_port), "-q", "1", "-t", "test/here", "-m", json.dumps(mark)]

        def heard():
            subprocess.run(argv, timeout=20, check=False, capture_output=True)
            return mark in self._all

        wait_until(heard, SECONDS, "the answers are listened to")
        return self

    def of(self, name):
        return [answer for answer in self._all if answer["id"] == name]

    def next(self, name, before=0, seconds=SECONDS):
        """The answer after the first `before` of this id."""
        wait_until(lambda: len(self.of(name)) > before, seconds, f"{name} is answered")
        return self.of(name)[before]

    def close(self):
        self._over.set()
        with contextlib.suppress(Exception):
            self._link.terminate()
        self._thread.join(10)


@pytest.fixture
def answers(world):
    world.start_broker()
    listener = Answers(world)
    yield listener
    listener.close()


def start(world, text=None, **options):
    begin(world, broker=False, daemon=text or settings(world), **{"observe": "1h", "at_most": "2h", **options})
    wait_until(lambda: metric(world, 'verdict_mqtt_connected{client="events"}') == 1, SECONDS, "the door is open")


def metric(world, name):
    for line in world.api("GET", "/metrics").text.splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    return None


def fate(world, name):
    return metric(world, f'verdict_events_messages_total{{fate="{name}"}}')


def count(world):
    return len(world.api("GET", "/v1/deployments").json["deployments"])


@pytest.mark.parametrize("way", WAYS)
def test_started_and_promoted(world, answers, way):
    start(world, observe="500ms", at_most="20s")
    answers.ready()
    with publishing(world):
        assert send(world, "msg_1", start_of("2.0.0"), way)
        answer = answers.next("msg_1")
        assert answer == {"id": "msg_1", "status": 201, "deployment": "dep_1"}
        shown = ended(world, "dep_1")
        assert (shown["state"], shown["version"], shown["actor"]) == ("promoted", "2.0.0", "hook-ci")
    assert send(world, "msg_1", start_of("2.0.0"), way)
    assert answers.next("msg_1", 1) == answer, "the same message again is the same deployment"
    assert send(world, "msg_1", start_of("3.0.0"), way)
    again = answers.next("msg_1", 2)
    assert (again["status"], again["code"]) == (422, "idempotency-key-reused")
    assert count(world) == 1
    assert "hook-ci" in world.verdict("audit", "-n", "100").stdout


@pytest.mark.parametrize("way,inside,beside,trace", [("envelope", "a", None, "a"), ("properties", None, "b", "b"), ("properties", "a", "b", "a")])
def test_its_trace(world, answers, way, inside, beside, trace):
    """In the body, which is signed, or as a property beside it; the body goes first."""
    start(world)
    answers.ready()
    given = {name: f"00-{32 * name}-00f067aa0ba902b7-01" for name in "ab"}
    body = {**json.loads(start_of("2.0.0")), **({"traceparent": given[inside], "tracestate": "congo=1"} if inside else {})}
    assert send(world, "msg_1", json.dumps(body), way, beside=[("traceparent", given[beside])] if beside else ())
    assert answers.next("msg_1")["status"] == 201
    assert show(world, "dep_1")["trace_id"] == 32 * trace
    assert world.verdict("get", "dep_1").stdout.count(32 * trace) == 1


@pytest.mark.parametrize("way", WAYS)
def test_an_event(world, answers, way):
    start(world)
    answers.ready()
    assert send(world, "msg_1", event_of("2.0.0"), way)
    answer = answers.next("msg_1")
    assert (answer["status"], answer["events"][0]["deployment"]) == (202, "dep_1")
    assert show(world, "dep_1")["version"] == "2.0.0"
    assert send(world, "msg_2", event_of("2.0.0"), way), "an event is known by its own id"
    assert answers.next("msg_2")["events"][0]["deployment"] == "dep_1"
    assert send(world, "msg_3", json.dumps({"specversion": "1.0"}), way)
    assert answers.next("msg_3")["status"] == 400
    assert count(world) == 1


def test_what_nobody_signed_does_nothing(world, answers):
    start(world)
    answers.ready()
    body = start_of("2.0.0")
    for way in WAYS:
        assert send(world, "tampered", body, way, said=start_of("2.0.1"))
        assert send(world, "old", body, way, age=301)
        assert send(world, "ahead", body, way, age=-400)
        assert send(world, "stranger", body, way, key=STRANGER)
    wait_until(lambda: fate(world, "unproved") == 8, SECONDS, "they were looked at")
    assert publish(world, body)
    assert publish(world, body, "-V", "5", "-D", "PUBLISH", "user-property", "webhook-id", "half")
    assert publish(world, "x" * (64 * 1024 + 1))
    wait_until(lambda: (fate(world, "unreadable"), fate(world, "too_long")) == (2, 1), SECONDS, "and these")
    name, stamp, signature = parts("retained", body)
    assert publish(world, json.dumps({"id": name, "timestamp": stamp, "signature": signature, "body": body}), "-r")
    first = answers.next("retained")  # it was new, then
    assert world.verdict("abort", first["deployment"], "--reason", "that was all").returncode == 0
    world.programs["verdictd"].kill()
    world.programs["verdictd"].start()
    wait_until(lambda: fate(world, "retained") == 1, SECONDS, "the copy of it is known for what it is")
    assert fate(world, "taken") == 0
    # Who may not start what it asks for is told so.
    assert send(world, "elsewhere", body, key=OTHER_KEY)
    answer = answers.next("elsewhere")
    assert (answer["status"], answer["code"]) == (403, "forbidden")
    assert count(world) == 1
    assert {answer["id"] for answer in answers._all if not answer["id"].startswith("mark-")} == {"retained", "elsewhere"}
    with open(world.programs["verdictd"].log_file, encoding="utf-8") as log:
        assert log.read().count("messages were dropped") <= 3, "nonsense does not fill the log"


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_what_comes_while_it_is_away(world, answers, how):
    start(world)
    answers.ready()
    getattr(world.programs["verdictd"], how)()
    assert send(world, "msg_1", start_of("2.0.0"))
    world.programs["verdictd"].start()
    assert answers.next("msg_1")["deployment"] == "dep_1", "the broker kept it"
    assert count(world) == 1


def test_stopped_in_the_midst(world, answers):
    """Whoever was heard before the stop is answered before it, the others after it; nobody repeats anything."""
    start(world)
    answers.ready()
    names = []
    for turn in range(6):
        lines = []
        for number in range(15):
            names.append(f"msg_{turn}_{number}")
            body = start_of(f"{turn}.0.{number}")
            name, stamp, signature = parts(names[-1], body)
            lines.append(json.dumps({"id": name, "timestamp": stamp, "signature": signature, "body": body}))
        argv = [find("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(world.broker_port), "-q", "1", "-t", TOPIC, "-l"]
        daemon = world.programs["verdictd"]
        daemon.signal(signal.SIGSTOP)
        assert subprocess.run(argv, input="\n".join(lines) + "\n", text=True, timeout=SECONDS, check=False).returncode == 0
        os.kill(daemon.pid, signal.SIGTERM)  # it wakes up to both: messages in its socket, and the end
        daemon.signal(signal.SIGCONT)
        daemon.stop()
        daemon.start()
    told = [answers.next(name) for name in names]
    begun = {answer["deployment"] for answer in told if answer["status"] == 201}
    assert all(answer["status"] in (201, 409) for answer in told), told
    assert len(begun) == len([answer for answer in told if answer["status"] == 201]) == count(world)


def test_killed_between_message_and_answer(world, answers):
    start(world)
    answers.ready()
    for delay in (0, 0.002, 0.005, 0.01, 0.02):
        name, version = f"msg_{delay}", f"2.0.{int(delay * 1000)}"
        assert send(world, name, start_of(version))
        time.sleep(delay)  # anywhere between the two
        world.programs["verdictd"].kill()
        world.programs["verdictd"].start()
        before = len(answers.of(name))

        def answered():
            assert send(world, name, start_of(version))
            with contextlib.suppress(TimeoutError):
                return answers.next(name, before, 2)["status"] == 201
            return False

        wait_until(answered, 30, "who repeats it gets an answer")
        deployment = answers.of(name)[-1]["deployment"]
        assert {answer.get("deployment", deployment) for answer in answers.of(name)} == {deployment}
        assert show(world, deployment)["version"] == version
        assert world.verdict("abort", deployment, "--reason", "the next one").returncode == 0
        assert ended(world, deployment)["done"]
    assert count(world) == 5


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_broker_that_dies(world, answers, version):
    start(world, settings(world, version))
    world.programs["mosquitto"].kill()
    ready = lambda: world.api("GET", "/readyz?verbose").text
    wait_until(lambda: "[-]events:mqtt:plant: the broker is gone" in ready(), SECONDS, "it is said that it is gone")
    assert ready().endswith("\nready\n"), "which is no reason to send nobody here"
    world.programs["mosquitto"].start()
    wait_until(lambda: "[+]events:mqtt:plant ok" in ready(), 40, "it is back")
    answers.ready()
    assert send(world, "msg_1", start_of("2.0.0"), "envelope"), "as a sender of any version says it"
    assert answers.next("msg_1")["deployment"] == "dep_1"
    assert metric(world, "verdict_events_broker_connections_total") == 2
    assert send(world, "msg_2", start_of("2.0.1"), "envelope")
    world.programs["mosquitto"].kill()  # with the message, the answer, or neither: who sent it does not know
    world.programs["mosquitto"].start()
    answers.ready()

    def answered():
        assert send(world, "msg_2", start_of("2.0.1"), "envelope")
        with contextlib.suppress(TimeoutError):
            return answers.next("msg_2", 0, 2)["status"]
        return None

    wait_until(lambda: answered() in (201, 409), 40, "who repeats it gets an answer")
    assert count(world) == len({answer["deployment"] for name in ("msg_1", "msg_2") for answer in answers.of(name) if answer["status"] == 201})


def test_who_brings_too_much(world, answers):
    start(world, settings(world, more='rates: { token = "10 requests per 1h"; };\n'))
    answers.ready()
    for number in range(10):
        assert send(world, f"msg_{number}", start_of("2.0.0", "other"))
    for number in range(10):
        assert answers.next(f"msg_{number}")["status"] == 403
    assert send(world, "msg_10", start_of("2.0.0"))
    answer = answers.next("msg_10")
    assert (answer["status"], answer["code"]) == (429, "rate-limited") and answer["retry_after"] > 0
    assert send(world, "msg_11", start_of("2.0.0", "other"), key=OTHER_KEY), "others are not kept out"
    assert answers.next("msg_11")["status"] == 403
    assert (count(world), fate(world, "rate")) == (0, 1)


def test_a_disk_that_is_slow(world, answers):
    """Nothing is said before it is durable; so many wait, and who comes again meanwhile is not heard twice."""
    start(world)
    answers.ready()
    names = [f"msg_{number}" for number in range(80)]
    with trouble(world, "fdatasync,fsync", "delay_enter=5000000"):
        assert send(world, "first", start_of("2.0.0"), "envelope")
        wait_until(lambda: metric(world, "verdict_events_waiting") == 1, SECONDS, "it is under way")
        assert send(world, "first", start_of("2.0.0"), "envelope")
        wait_until(lambda: fate(world, "repeated") == 1, SECONDS, "once")
        lines = []
        for number, name in enumerate(names):
            body = start_of(f"3.0.{number}")
            _, stamp, signature = parts(name, body)
            lines.append(json.dumps({"id": name, "timestamp": stamp, "signature": signature, "body": body}) + "\n")
        argv = [find("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(world.broker_port), "-q", "1", "-t", TOPIC, "-l"]
        subprocess.run(argv, input="".join(lines), text=True, timeout=SECONDS, check=True)
        wait_until(lambda: fate(world, "busy") == 17, SECONDS, "64 wait, the others are told to come again")
        for name in names[63:]:
            answer = answers.next(name)
            assert (answer["status"], answer["code"], answer["retry_after"]) == (429, "busy", 1)
        assert not any(answers.of(name) for name in ["first", *names[:63]])
    assert answers.next("first")["deployment"] == "dep_1"
    assert {answers.next(name)["status"] for name in names[:63]} <= {201, 409}
    assert len(answers.of("first")) == 1
    assert send(world, names[-1], start_of("3.0.79"))
    assert answers.next(names[-1], 1)["status"] in (201, 409)


def test_a_flood_of_forgeries(world, answers):
    start(world)
    answers.ready()
    name, stamp, signature = parts("forged", start_of("6.6.6"), STRANGER)
    forged = json.dumps({"id": name, "timestamp": stamp, "signature": signature, "body": start_of("6.6.6") + " " * 30000})
    argv = [find("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(world.broker_port), "-q", "0", "-t", TOPIC, "-l"]
    begun = time.monotonic()
    with subprocess.Popen(argv, stdin=subprocess.PIPE, text=True) as link:
        flood = threading.Thread(target=lambda: link.stdin.write((forged + "\n") * 3000), daemon=True)
        flood.start()
        wait_until(lambda: fate(world, "rate") > 0, SECONDS, "no more of it is looked at")
        assert post(world, "2.0.0").status == 201, "HTTP is another door"
        flood.join(SECONDS)
        link.stdin.close()
        assert link.wait(SECONDS) == 0
    wait_until(lambda: send(world, "msg_1", start_of("2.0.1")) and bool(answers.of("msg_1")), SECONDS, "afterwards it is as before")
    assert fate(world, "unproved") <= 600 + 60 * (time.monotonic() - begun)
    assert not answers.of("forged") and show(world, "dep_1")["version"] == "2.0.0"


def test_the_line_for_pipelines(world, answers):
    """contrib/ci/deploy-with-mqtt as it stands."""
    start(world)
    told = {"VERDICT_BROKER": f"127.0.0.1:{world.broker_port}", "VERDICT_INSTANCE": "demo", "VERDICT_SECRET_FILE": world.path("ci.key"), "PATH": os.environ["PATH"]}

    def run(*arguments):
        script = os.path.join(PROJECT, "contrib", "ci", "deploy-with-mqtt")
        return subprocess.run([script, *arguments], env=told, text=True, capture_output=True, timeout=60, check=False)

    done = run("shop", "prod", "2.0.0", "pipeline-1")
    assert (done.returncode, done.stdout) == (0, "dep_1\n"), done
    assert run("shop", "prod", "2.0.0", "pipeline-1").stdout == "dep_1\n", "a second try finds the first"
    refused = run("shop", "nowhere", "2.0.0", "pipeline-2")
    assert refused.returncode == 2 and "nowhere" in refused.stderr, refused
    assert run("shop", "prod").returncode == 2
    assert count(world) == 1
