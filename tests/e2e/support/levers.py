# levers.py - worlds whose lever is not HAProxy: nginx, or a flag file that a small gate obeys.
# SPDX-License-Identifier: MIT
import json
import os
import re

from programs import answers_on, free_port
from world import find
from world_config import runner_text, verdictd_text

from .rules import shop_rules

HERE = os.path.dirname(os.path.abspath(__file__))

# Kept connections that are idle are closed by a reload of nginx, and a request that is just on its way on one is lost; a proxy
# that must lose none keeps no users' connections.
NGINX = """daemon off;
user root;
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/logs/nginx-error.log;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/nginx/body;
    proxy_temp_path {folder}/nginx/proxy;
    fastcgi_temp_path {folder}/nginx/fastcgi;
    uwsgi_temp_path {folder}/nginx/uwsgi;
    scgi_temp_path {folder}/nginx/scgi;
    include {folder}/nginx/*.conf;
    upstream shop_blue {{ server 127.0.0.1:{blue}; }}
    upstream shop_green {{ server 127.0.0.1:{green}; }}
    server {{ listen 127.0.0.1:{status};  location = /split/shop {{ return 200 $shop_split; }} }}
    server {{
        listen 127.0.0.1:{port};
        keepalive_timeout 0;
        location / {{ {mirror}proxy_pass http://$shop_upstream; }}
        location = /copy {{ internal;  if ($shop_mirror = "") {{ return 204; }}  proxy_pass http://$shop_mirror$request_uri; }}
    }}
}}
"""

FIRST_SPLIT = """split_clients $request_id $shop_upstream { * shop_blue; }
split_clients $request_id $shop_mirror { * ""; }
map "" $shop_split { default "green 0 0 0"; }
"""

NGINX_LEVER = """traffic: {{ nginx: {{ edge: {{ folder = "{folder}/nginx";  status = "http://127.0.0.1:{status}/split";
  test = [ "{nginx}", "-c", "{folder}/nginx.conf", "-t" ];  reload = [ "{nginx}", "-c", "{folder}/nginx.conf", "-s", "reload" ]; }}; }}; }};"""

NGINX_ALLOW = """[ "{nginx}", "-c", "{folder}/nginx.conf", "-t" ], [ "{nginx}", "-c", "{folder}/nginx.conf", "-s", "reload" ], """

FLAGS = {"flags": {"beta": {"state": "ENABLED", "variants": {"a": 1, "b": 2}, "defaultVariant": "b"},
                   "checkout": {"state": "ENABLED", "variants": {"on": "green", "off": "blue"}, "defaultVariant": "off"}}}

FLAGD_LEVER = 'traffic: {{ flagd: {{ shop: {{ file = "{file}"; }}; }}; }};'

SWAP = """strategies: { swap: { kind = "blue_green";
  steps = ( { command = "deploy"; }, { smoke = "basic"; }, { route = "100%";  watch = "5s";  at_most = "20s"; } );
  after: { retire = "stable";  delay = "1s"; }; }; };
"""


class Nginx:
    """nginx in front of the shops."""

    traffic = 'traffic = "nginx:edge";  backend = "shop"; '

    def __init__(self, world, mirror=""):
        """`mirror`: the directive that copies requests, for shadows."""
        self.world = world
        self.values = {"mirror": mirror, "folder": world.folder, "port": world.users_port, "status": free_port(), "nginx": find("nginx"), **world.slots}
        self.allow, self.lever = NGINX_ALLOW.format(**self.values), NGINX_LEVER.format(**self.values)
        self.file = world.write("nginx/shop.conf", FIRST_SPLIT, 0o644)

    def start(self):
        config = self.world.write("nginx.conf", NGINX.format(**self.values))
        self.world.run("nginx", [self.values["nginx"], "-c", config], lambda: answers_on(self.world.users_port))

    def marker(self):
        """What green gets, as the file says: its share of the users, and of the requests that are copied."""
        with open(self.file, encoding="utf-8") as file:
            found = re.search(r'default "green (\d+) (\d+) ', file.read())
        return int(found[1]), int(found[2])

    def share(self):
        return self.marker()[0]


class Flags:
    """A flag file, and a gate that asks it for each request where to go."""

    traffic = 'traffic = "flagd:shop";  flag = "checkout"; '
    allow = ""

    def __init__(self, world):
        self.world = world
        self.file = world.write("flags.json", json.dumps(FLAGS), 0o644)
        self.lever = FLAGD_LEVER.format(file=self.file)

    def start(self):
        ports = [f"{slot}={port}" for slot, port in self.world.slots.items()]
        self.world.run("gate", ["/usr/bin/python3", os.path.join(HERE, "flag_gate.py"), self.world.users_port, self.file, "checkout", *ports],
                       lambda: answers_on(self.world.users_port))

    def document(self):
        with open(self.file, encoding="utf-8") as file:
            return json.load(file)

    def replace(self, document):
        """As somebody's editor does: another file takes its place."""
        with open(self.file + ".new", "w", encoding="utf-8") as file:
            json.dump(document, file)
        os.rename(self.file + ".new", self.file)

    def share(self):
        parts = self.document()["flags"]["checkout"]["targeting"]["fractional"]
        weights = dict(part for part in parts if isinstance(part, list))
        return 10000 * weights["on"] // sum(weights.values())


def start_all(world, lever, strategy="short", rate=100, more_rules="", settings=""):
    """As rules.start_all, with this lever in HAProxy's place. `settings`: further lines of verdictd.conf."""
    world.start_prometheus()
    world.start_broker()
    assert world.deploy("blue", "1.0.0").returncode == 0
    lever.start()
    world.start_receiver()
    world.start_load(rate=rate, connections=5)
    world.wait_scraped()
    runner = runner_text(world).replace("allow = (", f"allow = ( {lever.allow}").replace("write = [", f'write = [ "{lever.file}",')
    world.start_runner(runner)
    text = settings + re.sub(r"(?m)^traffic: .*$", lambda _match: lever.lever, verdictd_text(world))
    rules = shop_rules(world, strategy=strategy, traffic=False, more=lever.traffic)
    world.start_daemon(text=text, rules={"shop.rules": rules, "more.rules": SWAP, "own.rules": more_rules})
    adopted = world.verdict("adopt", "shop/prod", "--slot", "blue", "--version", "1.0.0", "--reason", "the first one")
    assert adopted.returncode == 0, adopted.stderr
