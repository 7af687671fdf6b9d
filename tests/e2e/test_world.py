# test_world.py - the world around verdictd is what the other tests take it for: traffic, counters, messages, signatures, the end.
# SPDX-License-Identifier: MIT
import base64
import hashlib
import hmac
import http.server
import json
import os
import socketserver
import subprocess
import threading
import time
import urllib.request

import pytest

from support import World, get, wait_until


@pytest.fixture(scope="module", name="town")
def fixture_town(shared_world):
    """Both slots serve: 1.0.0 in blue has all the traffic, 2.0.0 in green none."""
    shared_world.start_prometheus()
    shared_world.start_broker()
    assert shared_world.deploy("blue", "1.0.0").returncode == 0
    assert shared_world.deploy("green", "2.0.0").returncode == 0
    shared_world.start_haproxy()
    shared_world.wait_backends()
    return shared_world


@pytest.fixture(autouse=True)
def fixture_no_faults(request):
    yield
    if "town" in request.fixturenames:
        town = request.getfixturevalue("town")
        town.set_split(0, file_too=True)
        for slot in town.slots:
            town.set_faults(slot, share=0)


def load_of(world, name, requests, rate=500):
    """Exactly what so many requests (and a few more) got, from the first to the last."""
    load = world.start_load(rate=rate, connections=10, name=name)
    wait_until(lambda: world.counts(name)["total"] >= requests, 20, f"{requests} requests")
    assert load.stop() == 0
    return world.counts(name)


def versions(counts):
    return {version: sum(by_status.values()) for version, by_status in counts["by_version"].items()}


def lossless(counts):
    return counts["connection_errors"] == 0 and list(counts["by_status"]) == ["200"]


def clean(counts):
    """Nothing lost, and none so slow that the users fell behind."""
    return lossless(counts) and counts["skipped"] == 0


def test_split_of_the_map_is_the_measured_share(town):
    town.set_split(2500)
    assert town.split() == 2500
    counts = load_of(town, "load-25", 2000)
    assert clean(counts), counts
    assert versions(counts)["2.0.0"] / counts["total"] == pytest.approx(0.25, abs=0.05)
    town.set_split(0)
    assert list(versions(load_of(town, "load-0", 300))) == ["1.0.0"]
    town.set_split(10000)
    assert list(versions(load_of(town, "load-100", 300))) == ["2.0.0"]


def test_weights_in_one_backend_are_the_measured_share(world):
    assert world.deploy("blue", "1.0.0").returncode == 0
    assert world.deploy("green", "2.0.0").returncode == 0
    world.start_haproxy("weights")
    world.wait_backends()
    assert world.haproxy("set server shop/green weight 60") == ""
    assert world.haproxy("set server shop/blue weight 180") == ""
    counts = load_of(world, "load", 800)
    assert clean(counts), counts
    assert versions(counts)["2.0.0"] / counts["total"] == pytest.approx(0.25, abs=0.02)


def test_reload_loses_no_request_and_reads_the_split_from_its_file(town):
    town.set_split(5000, file_too=True)
    load = town.start_load(rate=500, connections=20, name="load-reload")
    for _ in range(5):
        before = town.counts("load-reload")["total"]
        town.reload_haproxy()
        assert town.split() == 5000
        wait_until(lambda before=before: town.counts("load-reload")["total"] > before, 5, "more requests")
    assert load.stop() == 0
    counts = town.counts("load-reload")
    assert clean(counts), counts
    assert set(versions(counts)) == {"1.0.0", "2.0.0"}
    town.set_split(7000)
    town.reload_haproxy()
    assert town.split() == 5000, "a runtime change alone does not survive a reload"


def test_restart_of_a_slot_loses_no_request(town):
    town.set_split(10000)
    # So many connections that some ask at any moment of the outage, when others wait for HAProxy's next try.
    load = town.start_load(rate=200, connections=200, name="load-restart")
    town.set_versions({"2.0.0": {"start-delay": "1s"}})
    old = town.shop("green").running()["pid"]
    assert town.deploy("green", "2.0.0").returncode == 0
    new = town.shop("green").running()["pid"]
    assert new != old
    before = town.counts("load-restart")["total"]
    wait_until(lambda: town.counts("load-restart")["total"] >= before + 400, 10, "requests to the new one")
    assert load.stop() == 0
    assert lossless(town.counts("load-restart")), town.counts("load-restart")


def test_prometheus_counts_what_the_users_got(town):
    failed = 'http_requests_total{slot="green",code="500",version="2.1.0"}'
    assert town.deploy("green", "2.1.0").returncode == 0
    town.wait_scraped()
    town.set_split(10000)
    load_of(town, "load-good", 100)
    wait_until(lambda: town.query('http_requests_total{version="2.1.0",code="200"} >= 100'), 5, "good answers in Prometheus")
    assert town.query(failed) == [], "no series of an error before the first error"

    town.set_faults("green", share=0.2)
    counts = load_of(town, "load-faults", 500)
    assert counts["by_status"]["500"] / counts["total"] == pytest.approx(0.2, abs=0.09)
    wait_until(lambda: town.query(failed)[0][1] == counts["by_status"]["500"], 20, "the same count in Prometheus")
    all_of = town.query('sum(http_requests_total{version="2.1.0"})')[0][1]
    buckets = town.query('http_request_duration_seconds_bucket{version="2.1.0",le="+Inf"}')[0][1]
    assert all_of == buckets == town.query('http_request_duration_seconds_count{version="2.1.0"}')[0][1] >= 600
    at_proxy = 'haproxy_server_http_responses_total{proxy="shop_green",code="5xx"}'
    wait_until(lambda: town.query(at_proxy)[0][1] == counts["by_status"]["500"], 5, "the same count at HAProxy")
    town.deploy("green", "2.0.0")


def listen(world, count):
    """So many messages of the green slot, as {last word of the topic: payload}."""
    argv = ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(world.broker_port), "-t", "telemetry/prod/shop/green/#", "-v", "-C", str(count), "-W", "8"]
    lines = subprocess.run(argv, text=True, capture_output=True, check=True).stdout.splitlines()
    return {line.split(" ", 1)[0].rpartition("/")[2]: json.loads(line.split(" ", 1)[1]) for line in lines}


def test_queue_lag_and_up_come_over_mqtt_also_after_a_crash_of_the_broker(town):
    town.set_faults("green", lag=400)
    said = listen(town, 4)
    assert 300 < said["queue"]["lag"] < 500 and said["up"] == {"up": 1}
    town.programs["mosquitto"].kill()
    town.programs["mosquitto"].start()
    assert set(listen(town, 2)) == {"queue", "up"}


def post_notice(world, body, secret=None, message_id="msg_1", age_s=0):
    stamp = str(int(time.time()) - age_s)
    key = base64.b64decode((secret or world.secret)[len("whsec_"):])
    mac = hmac.new(key, f"{message_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    head = {"webhook-id": message_id, "webhook-timestamp": stamp, "webhook-signature": "v1,AAAA v1," + base64.b64encode(mac).decode(),
            "Content-Type": "application/cloudevents+json"}
    try:
        url = f"http://127.0.0.1:{world.receiver_port}/notices"
        with urllib.request.urlopen(urllib.request.Request(url, body, head), timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_receiver_takes_only_what_is_signed(world):
    world.start_receiver("--fail-first", "1")
    body = json.dumps({"type": "verdict.rolled_back", "subject": "shop/prod", "data": {"version": "3.0.0-bad", "summary": "errors > 5%"}}).encode()
    assert [post_notice(world, body) for _ in range(3)] == [500, 204, 204]
    assert post_notice(world, body, secret="whsec_" + base64.b64encode(b"another key of some length").decode()) == 401
    assert post_notice(world, body, age_s=3600) == 401
    rows = world.notices()
    assert [row["code"] for row in rows] == [500, 204, 204, 401, 401]
    assert [row["duplicate"] for row in rows[:3]] == [False, False, True]
    assert rows[1]["verified"] and not rows[3]["verified"] and rows[1]["body"]["subject"] == "shop/prod"
    assert "204 signed: verdict.rolled_back shop/prod 3.0.0-bad errors > 5%" in world.programs["receiver"].log_text()


def test_receiver_knows_the_published_vector(tmp_path):
    from importlib.machinery import SourceFileLoader  # the program has no .py in its name
    from importlib.util import module_from_spec, spec_from_loader

    loader = SourceFileLoader("receiver", os.path.join(os.path.dirname(__file__), "../../contrib/demo/receiver"))
    receiver = module_from_spec(spec_from_loader("receiver", loader))
    loader.exec_module(receiver)
    (tmp_path / "secret").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
    key = receiver.read_secret(tmp_path / "secret")
    head = {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}
    assert receiver.signature_problem(key, head, b'{"test": 2432232314}', 1614265331) is None
    assert receiver.signature_problem(key, head, b'{"test": 2432232315}', 1614265331) == "no good signature"


def test_deploy_and_retire(world):
    world.set_versions({"2.0.0": {"latency": "1ms"}, "broken": {"refuse": "no such artifact"}, "ill": {"unhealthy": True},
                        "slow": {"start-delay": "1s"}, "odd": {"says-version": "9.9.9"}})
    first = world.deploy("blue", "2.0.0")
    assert first.returncode == 0, first.stderr
    pid = world.shop("blue").running()["pid"]
    assert world.deploy("blue", "2.0.0").returncode == 0
    assert world.shop("blue").running()["pid"] == pid, "once more changes nothing"
    url = f"http://127.0.0.1:{world.slots['blue']}"
    assert get(f"{url}/version").json == {"version": "2.0.0"}

    refused = world.deploy("blue", "broken")
    assert refused.returncode == 1 and "no such artifact" in refused.stderr
    assert world.shop("blue").running()["pid"] == pid, "a refused version leaves the old one"
    assert world.deploy("blue", "ill").returncode == 0
    assert get(f"{url}/healthz").status == 503
    assert world.deploy("blue", "odd").returncode == 0
    assert get(f"{url}/version").json == {"version": "9.9.9"} and get(url).headers["X-Version"] == "odd"
    assert world.deploy("green", "slow").returncode == 0

    world.kill_shop("blue")
    assert world.shop("blue").running() is None
    assert world.retire("blue").returncode == 0
    assert "stopped" in world.retire("green").stdout
    assert world.shop("green").running() is None
    assert "did not run" in world.retire("green").stdout


class Echo(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        data = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(409)
        self.send_header("Content-Type", "application/problem+json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def address_string(self):
        return "unix"

    def log_message(self, *_arguments):
        pass


def test_api_speaks_over_the_unix_socket(world):
    with socketserver.ThreadingUnixStreamServer(world.socket, Echo) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        answer = world.api("POST", "/v1/deployments", {"service": "shop"})
        server.shutdown()
    assert (answer.status, answer.json) == (409, {"service": "shop"})


def test_stop_ends_all_that_was_started_and_nothing_else():
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        with World() as world:
            world.start_broker()
            world.start_alertmanager()
            assert world.deploy("blue", "1.0.0").returncode == 0
            world.start_haproxy()
            shop, worker = world.shop("blue").running()["pid"], int(world.haproxy("show info").split("Pid: ")[1].split()[0])
            pids = [shop, worker, *(program.pid for program in world.programs.values())]
            world.programs["haproxy"].kill()
            folder = world.folder
        assert bystander.poll() is None
        assert not os.path.exists(folder)
        for pid in pids:
            assert not os.path.exists(f"/proc/{pid}"), pid
    finally:
        bystander.kill()
        bystander.wait()
