# test_parties.py - real parties of the sources, side by side: what each of them said stands in the series files, value by value.
# SPDX-License-Identifier: MIT
import itertools
import json
import socket
import subprocess
import time

import pytest

import world_config
from programs import answers_on, free_port
from support import wait_until
from support.rrd import rows, series_file
from support.swift import begun, show
from world import find, get

PASSWORD = "correct horse"
VALUES = [3.25, 1000000.5, 1e-6, 41.125]
REQUESTS = 60

RULES = """
metrics: {
  sealed: { source = "mqtt:plant";  topic = "sealed/{{slot}}";  value = ".value";  every = "1s"; };
  gathered: { source = "mqtt:plant";  topic = "collectd/{{slot}}/app/gauge-depth";  decoder = "collectd";  every = "1s"; };
  exposed: { source = "scrape:node";  url = "http://127.0.0.1:NODE/metrics";  query = "depth{slot='{{slot}}'}";  every = "1s"; };
  stored: { source = "prometheus:main";  query = "depth{slot='{{slot}}'}";  every = "1s"; };
};
triggers: { sealed: { when = "sealed < 0";  then = "rollback"; };  gathered: { when = "gathered < 0";  then = "rollback"; };
  exposed: { when = "exposed < 0";  then = "rollback"; };  stored: { when = "stored < 0";  then = "rollback"; };
  served: { when = "lb_errors > 1000%";  then = "rollback"; }; };
strategies: { patient: { kind = "canary";  steps = ( { route = "50%";  observe = "1h";  at_most = "2h"; }, { route = "100%"; watch = "1s";  at_most = "20s"; } ); }; };
services: { shop: { rules: { triggers = [ "sealed", "gathered", "exposed", "stored", "served" ]; };
  environments: { prod: { strategy = "patient";  traffic = "haproxy:edge";  backend = "shop";
    slots: { blue: { servers = [ "blue" ];  address = "127.0.0.1:BLUE"; };  green: { servers = [ "green" ];  address = "127.0.0.1:GREEN"; }; }; }; }; }; };
"""

# Who has no certificate that is known, or no password, is not let in.
BROKER = """listener {port} 127.0.0.1
certfile {broker}.crt
keyfile {broker}.key
cafile {party}.crt
require_certificate true
allow_anonymous false
password_file {passwords}
persistence false
user {user}
"""

COLLECTD = """BaseDir "{folder}/collectd"
PIDFile "{folder}/collectd.pid"
TypesDB "/usr/share/collectd/types.db"
Hostname "green"
FQDNLookup false
Interval 1
LoadPlugin unixsock
LoadPlugin mqtt
<Plugin unixsock>
  SocketFile "{folder}/collectd.sock"
  SocketPerms "0600"
</Plugin>
<Plugin mqtt>
  <Publish "verdict">
    Host "127.0.0.1"
    Port "{port}"
    User "plant"
    Password "{password}"
    CACert "{broker}.crt"
    CertificateFile "{party}.crt"
    CertificateKeyFile "{party}.key"
    Prefix "collectd"
    QoS 1
  </Publish>
</Plugin>
"""


def certificate(world, name):
    """NAME.crt and NAME.key of 127.0.0.1, signed by itself."""
    path = world.path(name)
    subprocess.run([find("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{path}.key", "-out", f"{path}.crt"], check=True, capture_output=True, timeout=30)
    return path


class Parties:
    """Everybody who says the same number, each in its own way."""

    def __init__(self, world):
        self.world, self.node_port = world, free_port()
        self.broker, self.party = certificate(world, "broker"), certificate(world, "party")
        self.start_broker()
        world.write("textfile/depth.prom", "")
        world.run("node-exporter", [find("prometheus-node-exporter"), "--collector.disable-defaults", "--collector.textfile", f"--collector.textfile.directory={world.path('textfile')}",
                                    f"--web.listen-address=127.0.0.1:{self.node_port}"], lambda: get(f"http://127.0.0.1:{self.node_port}/metrics").status == 200)
        config = world.write("collectd.conf", COLLECTD.format(folder=world.folder, port=world.broker_port, password=PASSWORD, broker=self.broker, party=self.party))
        world.write("collectd/mark", "")
        world.run("collectd", [find("collectd"), "-f", "-C", config], lambda: self.putval(0.5))
        argv = [find("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(world.broker_port), "-q", "1", "-l", "-t", "sealed/green", "-u", "plant", "-P", PASSWORD,
                "--cafile", f"{self.broker}.crt", "--cert", f"{self.party}.crt", "--key", f"{self.party}.key"]
        self.publisher = subprocess.Popen(argv, stdin=subprocess.PIPE, text=True)

    def start_broker(self):
        world, passwords = self.world, self.world.path("passwords")
        subprocess.run([find("mosquitto_passwd"), "-b", "-c", passwords, "plant", PASSWORD], check=True, capture_output=True, timeout=30)
        user = world_config.getpass.getuser()
        config = world.write("mosquitto.conf", BROKER.format(port=world.broker_port, broker=self.broker, party=self.party, passwords=passwords, user=user))
        world.run("mosquitto", [find("mosquitto"), "-c", config], lambda: answers_on(world.broker_port))

    def putval(self, value):
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(5)
            link.connect(self.world.path("collectd.sock"))
            link.sendall(f'PUTVAL "green/app/gauge-depth" interval=1 N:{value!r}\n'.encode())
            return link.recv(4096).startswith(b"0 ")

    def say(self, value):
        self.world.write("textfile/depth.prom", f'depth{{slot="green"}} {value!r}\n')
        self.publisher.stdin.write(json.dumps({"value": value}) + "\n")
        self.publisher.stdin.flush()
        assert self.putval(value)

    def settings(self):
        """The daemon's: all sources, and its own certificate and password for the broker."""
        more = f'username = "plant";  password = "file:{self.world.write("password", PASSWORD)}";  ca = "{self.broker}.crt";  certificate = "{self.party}.crt";  key = "{self.party}.key"; '
        plain = f'"mqtt://127.0.0.1:{self.world.broker_port}"; '
        text = world_config.verdictd_text(self.world)
        assert plain in text
        return text.replace(plain, plain.replace("mqtt:", "mqtts:") + more).replace("sources: {", "sources: { scrape: { node: { }; };", 1)

    def stop(self):
        self.publisher.stdin.close()
        self.publisher.wait(10)


@pytest.fixture(name="parties")
def make_parties(world):
    parties = Parties(world)
    yield parties
    parties.stop()


def start_prometheus(world, monkeypatch, port):
    text = f'global: {{ scrape_interval: 1s, scrape_timeout: 900ms }}\nscrape_configs: [ {{ job_name: node, static_configs: [ {{ targets: [ "127.0.0.1:{port}" ] }} ] }} ]\n'
    monkeypatch.setattr(world_config, "prometheus_text", lambda _place: text)
    world.start_prometheus()


def begin(world, rules, settings):
    world.start_haproxy()
    world.wait_backends()
    world.start_runner()
    world.start_daemon(text=settings, rules={"shop.rules": rules})
    adopted = world.api("POST", "/v1/services/shop/prod/adopt", {"slot": "blue", "version": "1.0.0", "reason": "first"})
    assert adopted.status == 200, adopted.text
    return begun(world, "2.0.0")


def values(world, name):
    """What the rules read last, by their names."""
    return {rule["name"]: rule.get("value") for rule in show(world, name)["rules"]}


def reason(world, name, rule):
    return next(one["reason"] for one in show(world, name)["rules"] if one["name"] == rule)


def next_second():
    """Returns in the next second of the daemon's clock: what is said now has a step of its own."""
    time.sleep(1.0 - time.clock_gettime(time.CLOCK_BOOTTIME) % 1.0 + 0.01)


def told_of(world, metric):
    """[(the first column, the last one)] of the candidate's series."""
    return [(fields[0], fields[-1]) for _, fields in rows(series_file(world, "slot.green", metric))]


def requests(world, count):
    """(answers, of them with an error) of the candidate, as its users counted them."""
    answers = [get(world.users_url) for _ in range(count)]
    mine = [answer.status for answer in answers if answer.headers.get("X-Version") == "2.0.0"]
    return len(mine), sum(status >= 500 for status in mine)


def test_what_was_said_stands_in_the_files(world, parties, monkeypatch):
    for slot, version in (("blue", "1.0.0"), ("green", "2.0.0")):
        assert world.deploy(slot, version).returncode == 0
    start_prometheus(world, monkeypatch, parties.node_port)
    rules = RULES.replace("NODE", str(parties.node_port)).replace("BLUE", str(world.slots["blue"])).replace("GREEN", str(world.slots["green"]))
    name = begin(world, rules, parties.settings())
    known = ("sealed", "gathered", "exposed", "stored")
    first = {rule: 0.5 for rule in known}

    def heard():
        parties.say(0.5)
        return first.items() <= values(world, name).items() and show(world, name)["share"] == 50

    wait_until(heard, 30, "all parties are heard, and HAProxy gives the candidate its share")
    wait_until(lambda: reason(world, name, "served") == "no-traffic", 10, "HAProxy's counts have a beginning")
    world.set_faults("green", share=0.5)
    served = requests(world, REQUESTS)
    for value in VALUES:
        next_second()
        parties.say(value)
        expected = {rule: value for rule in known}
        wait_until(lambda expected=expected: expected.items() <= values(world, name).items(), 15, f"all rules read {value}")
    next_second()
    world.programs["verdictd"].stop()
    for metric in ("sealed", "gathered"):  # as often as it was said
        told = [value for value, _ in told_of(world, metric)]
        assert list(itertools.dropwhile(lambda value: value == 0.5, told)) == VALUES, (metric, told)
    for metric in ("exposed", "stored"):  # as often as it was asked for
        told = [value for value, _ in itertools.groupby(value for value, _ in told_of(world, metric))]
        assert told == [0.5, *VALUES], (metric, told)
    counted = told_of(world, "lb_errors")
    assert (sum(total for _, total in counted), sum(events for events, _ in counted)) == served, (counted, served)
    assert 0 < served[1] < served[0] < REQUESTS
