# test_recovery_elsewhere.py - the shipped recovery plan, whole: users are led to another environment through a real HAProxy, and home when people say so.
# SPDX-License-Identifier: MIT
import contextlib
import http.client
import os
import pathlib
import shutil
import threading

import world_config
from programs import free_port
from support import wait_until
from support.health import well_while
from support.swift import show
from world import PROJECT, find

HAPROXY = """
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
frontend users
    bind 127.0.0.1:DOOR
    use_backend %[str(orders),map(MAP,orders_prod)]
backend orders_prod
    http-response set-header X-Place prod
    server prod 127.0.0.1:PROD
backend orders_spare
    http-response set-header X-Place spare
    server spare 127.0.0.1:SPARE
"""


class Orders:
    """rules/recovery.rules as it is shipped, but for its addresses, its paths, and how HAProxy is told to reload."""

    def __init__(self, world, ports, rebuild):
        self.world, self.door, self.map = world, free_port(), world.write("places.map", "shop shop_prod\n")
        text = HAPROXY
        for word, value in {"DOOR": self.door, "MAP": self.map, "PROD": ports["prod"], "SPARE": ports["spare"]}.items():
            text = text.replace(word, str(value))
        world.run("haproxy", [find("haproxy"), "-W", "-f", world.write("haproxy.cfg", text)], lambda: self.ask() is not None)
        elsewhere = world.path("commands", "elsewhere")
        shutil.copy(os.path.join(PROJECT, "contrib/levers/elsewhere"), elsewhere)
        scripts = {name: world.write(f"commands/{name}", f'#!/bin/sh\necho "{name} $*" >> {world.path("runs")}\n{script}\n', 0o700)
                   for name, script in (("deploy", "exit 0"), ("rebuild-hosts", rebuild), ("restore", "exit 0"))}
        rules = pathlib.Path(PROJECT, "rules/recovery.rules").read_text(encoding="utf-8")
        changes = {"/etc/haproxy/places.map": self.map, "/usr/local/bin/elsewhere": elsewhere, "10.0.3.10:80": f"127.0.0.1:{ports['prod']}",
                   "10.0.9.10:80": f"127.0.0.1:{ports['drill']}", '"/usr/bin/systemctl", "reload", "haproxy"': f'"/bin/kill", "-USR2", "{world.programs["haproxy"].pid}"',
                   '"2s"': '"1s"', **{f"/usr/local/bin/{name}": path for name, path in scripts.items()}}
        for word, value in changes.items():
            assert word in rules, word
            rules = rules.replace(word, value)
        vectors = [[elsewhere, self.map, "*", "*", "/bin/kill", "-USR2", "*"], ["/usr/bin/curl", "--fail", "--silent", "--max-time", "5", "*"],
                   [scripts["deploy"]], [scripts["rebuild-hosts"], "*"], [scripts["restore"], "*", "*"]]
        allowed = "".join("[ " + ", ".join(f'"{word}"' for word in words) + " ], " for words in vectors)
        world.start_runner(world_config.runner_text(world).replace("allow = (", f"allow = ( {allowed}"))
        world.start_daemon(rules={"recovery.rules": rules})
        adopted = world.api("POST", "/v1/services/orders/prod/adopt", {"version": "1.0.0", "slot": "only", "reason": "first"})
        assert adopted.status == 200, adopted.text

    def ask(self):
        """Where a user is served, and whether that goes well."""
        link = http.client.HTTPConnection("127.0.0.1", self.door, timeout=5)
        with contextlib.closing(link):
            link.request("GET", "/")
            answer = link.getresponse()
            return answer.getheader("X-Place"), answer.status

    def lines(self):
        return sorted(pathlib.Path(self.map).read_text(encoding="utf-8").splitlines())

    def runs(self):
        path = pathlib.Path(self.world.path("runs"))
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def lead_home(self):
        return self.world.verdict("run", "orders-home", "--version", "1.0.0", "--reason", "its data is as it should be", "--wait")


@contextlib.contextmanager
def orders(world, rebuild="exit 0"):
    well = world.path("well")
    with well_while(well) as prod, well_while() as spare, well_while() as drill:
        yield Orders(world, {"prod": prod, "spare": spare, "drill": drill}, rebuild.replace("WELL", well)), well


def test_users_are_led_elsewhere_and_home(world):
    release = world.path("release")
    with orders(world, rebuild=f'until test -e {release}; do sleep 0.05; done; touch "WELL"') as (place, well):
        pathlib.Path(well).touch()
        wait_until(lambda: place.ask() == ("prod", 200), 10, "users are at prod")
        os.unlink(well)
        answer = world.api("POST", "/v1/deployments", {"service": "orders", "environment": "prod", "version": "2.0.0"})
        assert answer.status == 201, answer.text
        name = answer.json["id"]
        wait_until(lambda: place.ask() == ("spare", 200), 60, "users are served elsewhere, while prod is not well")
        assert place.lines() == ["orders orders_spare", "shop shop_prod"], "nobody else was led anywhere"
        refused = place.lead_home()
        assert refused.returncode != 0 and place.ask() == ("spare", 200), "nobody is led to what is not well: " + refused.stdout

        pathlib.Path(release).touch()
        wait_until(lambda: show(world, name)["state"] == "rolled_back", 60, "prod is well again")
        run, = world.api("GET", "/v1/runs?pipeline=recovery:orders/prod").json["runs"]
        assert run["state"] == "released" and [line.split()[0] for line in place.runs()][-2:] == ["rebuild-hosts", "restore"]
        assert place.ask() == ("spare", 200), "they stay until people say so"
        home = place.lead_home()
        assert home.returncode == 0, home.stderr
        wait_until(lambda: place.ask() == ("prod", 200), 10, "they are home")
        assert "its data is as it should be" in world.verdict("audit").stdout


def test_a_rehearsal_leads_nobody(world):
    with orders(world) as (place, well):
        pathlib.Path(well).touch()
        said = world.verdict("rehearse", "orders/prod", "recovery")
        assert said.returncode == 0, said.stderr + said.stdout
        assert place.lines() == ["orders-drill orders_spare", "shop shop_prod"] and place.ask() == ("prod", 200)
        assert place.runs() == ["rebuild-hosts drill", "restore s3-orders-small 1.0.0"]
