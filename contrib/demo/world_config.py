# world_config.py - the configuration texts of the programs around verdictd; `place` is the World that they are for.
# SPDX-License-Identifier: MIT
import getpass

MOSQUITTO = """listener {port} 127.0.0.1
allow_anonymous true
persistence false
user {user}
log_dest stderr
log_type error
log_type warning
"""

PROMETHEUS = """global:
  scrape_interval: 1s
  scrape_timeout: 900ms
  evaluation_interval: 1s
scrape_configs:
  - job_name: shop
    static_configs:
      - targets: [{shops}]
  - job_name: haproxy
    static_configs:
      - targets: ["127.0.0.1:{exporter}"]
"""

ALERTMANAGER = """route:
  receiver: nobody
receivers:
  - name: nobody
"""

# Old connections finish their request and then hear "close" (idle-close-on-response), and the listening sockets are handed
# over, so that a reload loses no request. A slot that is being restarted is asked again instead of failing the user: for that
# it must not count as down within the first two seconds (fall 10 every 200 ms).
HAPROXY_HEAD = """global
    nbthread 2
    hard-stop-after 10s
    stats socket {admin} mode 600 level admin expose-fd listeners
    stats timeout 30s
    server-state-file {state_file}

defaults
    mode http
    log stdout format raw local0 notice
    timeout connect 1s
    timeout client 30s
    timeout server 10s
    timeout http-keep-alive 30s
    timeout queue 2s
    retries 3
    option redispatch
    retry-on conn-failure empty-response
    option httpchk GET /healthz
    http-check expect status 200
    default-server check inter 500ms fastinter 200ms downinter 100ms rise 1 fall 10

frontend exporter
    bind 127.0.0.1:{exporter}
    http-request use-service prometheus-exporter if {{ path /metrics }}
    stats enable
    stats uri /

frontend users
    bind 127.0.0.1:{port}
    option idle-close-on-response
"""

HAPROXY_MAP = """    http-request set-var(txn.share) str({service}),map_str_int({split},0)
    http-request set-var(txn.draw) rand(10000),sub(txn.share)
    use_backend {service}_green if {{ var(txn.draw) -m int lt 0 }}
    default_backend {service}_blue

backend {service}_blue
    server blue 127.0.0.1:{blue}

backend {service}_green
    server green 127.0.0.1:{green}
"""

# Whoever has the cookie stays on a side as long as the share does not pass its draw.
HAPROXY_STICKY = HAPROXY_MAP.replace("    http-request set-var(txn.draw) rand(10000),sub(txn.share)\n", """    http-request set-var(txn.draw) rand(10000)
    http-request set-var(txn.draw) req.cook(SID),crc32(1),mod(10000) if {{ req.cook(SID) -m found }}
    http-request set-var(txn.draw) var(txn.draw),sub(txn.share)
""")

# Who says to be a tester is drawn by a share of their own.
HAPROXY_TESTERS = HAPROXY_MAP.replace("    http-request set-var(txn.share) str({service}),map_str_int({split},0)\n", """    http-request set-var(txn.key) str({service})
    http-request set-var(txn.key) str({service}.testers) if {{ req.hdr(X-Tester) -m found }} || {{ req.cook(tester) -m found }}
    http-request set-var(txn.share) var(txn.key),map_str_int({split},0)
""")

HAPROXY_WEIGHTS = """    default_backend {service}

backend {service}
    balance roundrobin
    load-server-state-from-file global
    server blue 127.0.0.1:{blue} weight 100
    server green 127.0.0.1:{green} weight 0
"""

VERDICTD = """# verdictd.conf - the daemon of this world.
data = "{folder}/data";
rules = "{folder}/rules.d";
mode = "{mode}";
instance = "demo";
status = "mqtt:plant";
people: {{ sre = [ "{user}" ]; }};
runner: {{ socket = "{runner_socket}"; }};
listen = ( {{ unix = "{socket}"; }}, {{ tcp = "127.0.0.1:{api}"; }} );
sources: {{
  prometheus: {{ main: {{ url = "{prometheus}";  lag = "1s"; }}; }};
  mqtt: {{ plant: {{ url = "mqtt://127.0.0.1:{broker}"; }}; }};
}};
traffic: {{ haproxy: {{ edge: {{ sockets = [ "{admin}" ];  split = "{split}"; {more} }}; }}; }};
notifiers: {{ webhook: {{ desk: {{ url = "http://127.0.0.1:{receiver}/notices";  secret = "file:{secret}"; }}; }}; }};
"""

# What may be started and which file may be replaced: nothing else, and never by a shell.
RUNNER = """# runner.conf - what verdict-runner may do in this world.
allow = ( [ "{commands}/deploy", "{state}" ], [ "{commands}/retire", "{state}" ] );
write = [ "{split}", "{state_file}" ];
environment = [ "PATH=/usr/bin:/bin" ];
"""


def mosquitto_text(place):
    return MOSQUITTO.format(port=place.broker_port, user=getpass.getuser())


def prometheus_text(place):
    shops = ", ".join(f'"127.0.0.1:{port}"' for port in place.slots.values())
    return PROMETHEUS.format(shops=shops, exporter=place.exporter_port)


def alertmanager_text(_place):
    return ALERTMANAGER


def haproxy_text(place, kind):
    text = HAPROXY_HEAD + {"map": HAPROXY_MAP, "sticky": HAPROXY_STICKY, "testers": HAPROXY_TESTERS, "weights": HAPROXY_WEIGHTS}[kind]
    return text.format(admin=place.admin_socket, port=place.users_port, exporter=place.exporter_port, split=place.split_file, state_file=place.state_file,
                       service=place.service, blue=place.slots["blue"], green=place.slots["green"])


def verdictd_text(place, kind="map", mode="act"):
    split = f"map:{place.split_file}" if kind == "map" else "weights"
    more = "" if kind == "map" else f'state_file = "{place.state_file}";'
    return VERDICTD.format(mode=mode, user=getpass.getuser(), folder=place.folder, socket=place.socket, api=place.api_port, runner_socket=place.runner_socket, prometheus=place.prometheus_url,
                           broker=place.broker_port, admin=place.admin_socket, split=split, more=more, receiver=place.receiver_port,
                           secret=place.secret_file)


def runner_text(place):
    return RUNNER.format(commands=place.commands, state=place.state, split=place.split_file, state_file=place.state_file)
