# rules.py - rule files of the end-to-end tests: the shop of the World, judged within seconds.
# SPDX-License-Identifier: MIT

METRICS = """
metrics: {
  error_rate: { source = "prometheus:main";  kind = "counter";  every = "1s";  better = "lower";
    events = "sum by (instance) (http_requests_total{service='{{service}}',slot='{{slot}}',version='{{version}}',code=~'5..'})";
    total  = "sum by (instance) (http_requests_total{service='{{service}}',slot='{{slot}}',version='{{version}}'})"; };
  lag: { source = "mqtt:plant";  kind = "gauge";  topic = "telemetry/{{environment}}/{{service}}/{{slot}}/queue";  value = ".lag";  unit = "s";  better = "lower";  holds = "5s"; };
  answers: { source = "prometheus:main";  kind = "gauge";  every = "1s";  query = "sum(nothing_like_this{slot='{{slot}}'})";  better = "higher"; };
};
smoke_tests: {
  basic: { base_url = "http://{{address}}";  settle = "100ms";  timeout = "1s";  attempts = 3;  every = "200ms";
    checks: { health:  { get = "/healthz";  expect = "status == 200 and time < 900ms"; };
              version: { get = "/version";  expect = "json('.version') == version"; }; }; };
};
baselines: {
  beside: { against = [ "stable" ];  warmup = "500ms";  every = "1s";  block = "2s";  need = "20 requests";
    compare: { error_rate: { test = "sequential";  allow = "+50%";  ignore_below = "0.5%"; }; }; };
};
triggers: {
  errors:  { when = "avg(error_rate, 4s) > 5% for 1s";  need = "20 requests";  then = "rollback"; };
  queue:   { when = "lag > 60s for 1s";  then = "rollback"; };
  nothing: { when = "answers < 1";  then = "rollback"; };
};
strategies: {
  short:   { kind = "canary";
    steps = ( { command = "deploy"; }, { smoke = "basic"; },
              { route = "10%";  observe = "3s";  at_most = "20s"; },
              { route = "50%";  observe = "3s";  at_most = "20s"; },
              { route = "100%"; watch = "3s";    at_most = "20s"; } );
    after: { retire = "stable";  delay = "1s"; }; };
  blind:   { kind = "canary";
    steps = ( { command = "deploy"; }, { smoke = "basic"; },
              { route = "10%";  observe = "1s";  at_most = "4s"; },
              { route = "100%"; watch = "1s";    at_most = "4s"; } ); };
  asks:    { kind = "canary";
    steps = ( { command = "deploy"; }, { smoke = "basic"; },
              { route = "10%";  observe = "2s";  at_most = "20s"; }, { approve = "sre";  timeout = "60s"; },
              { route = "100%"; watch = "2s";    at_most = "20s"; } ); };
  watched: { kind = "follow";  steps = ( { watch = "4s";  at_most = "20s"; } ); };
};
"""

PLACE = """
services: {
  SERVICE: { notify: { all = [ "webhook:desk" ]; };
    rules: { RULES };
    environments: {
      prod: { strategy = "STRATEGY";  TRAFFIC
        slots: { SLOTS };
        commands: { COMMANDS }; }; }; };
};
"""

COMMANDS = """deploy: { exec = [ "FOLDER/deploy", "STATE" ];  timeout = "20s";  repeat = "idempotent"; };
                    retire: { exec = [ "FOLDER/retire", "STATE" ];  timeout = "20s";  repeat = "idempotent"; };"""

USUAL = 'baselines = [ "beside" ];  triggers = [ "errors", "queue" ];'


SLOTS = {"blue": 'blue: { servers = [ "blue" ];  address = "127.0.0.1:BLUE"; };', "green": 'green: { servers = [ "green" ];  address = "127.0.0.1:GREEN"; };'}


def shop_rules(world, strategy="short", rules=USUAL, traffic=True, commands=None, service="shop", more="", slots="blue green"):
    """The whole rule file of the shop in prod."""
    lever = 'traffic = "haproxy:edge";  backend = "shop"; ' if traffic else ""
    text = PLACE.replace("SERVICE", service).replace("RULES", rules).replace("STRATEGY", strategy)
    text = text.replace("SLOTS", " ".join(SLOTS[slot] for slot in slots.split()))
    text = text.replace("TRAFFIC", lever + more).replace("COMMANDS", COMMANDS if commands is None else commands)
    for name, value in (("BLUE", world.slots["blue"]), ("GREEN", world.slots["green"]), ("FOLDER", world.commands), ("STATE", world.state)):
        text = text.replace(name, str(value))
    return METRICS + text


def around(world, prometheus=True, broker=True, haproxy="map", **load):
    """Whom deployments need: the first version in blue behind HAProxy, users, their metrics, a broker, a receiver of notices."""
    if prometheus:
        world.start_prometheus()
    if broker:
        world.start_broker()
    assert world.deploy("blue", "1.0.0").returncode == 0
    world.start_haproxy(haproxy)
    world.wait_backends("blue")
    world.start_receiver()
    world.start_load(**load)
    if prometheus:
        world.wait_scraped()


def start_all(world, *, prometheus=True, broker=True, rate=200, connections=10, daemon=None, haproxy="map", more_rules="", **options):
    """Everything around the daemon, the first version in blue, users, and the daemon with the shop's rules. `more_rules`: a second
    file beside them."""
    around(world, prometheus, broker, haproxy, rate=rate, connections=connections)
    world.start_runner()
    text = daemon(world) if callable(daemon) else daemon
    world.start_daemon(text=text, rules={"shop.rules": shop_rules(world, **options), "more.rules": more_rules})
    adopted = world.verdict("adopt", "shop/prod", "--slot", "blue", "--version", "1.0.0", "--reason", "the first one")
    assert adopted.returncode == 0, adopted.stderr


def deployment(world, name="shop/prod"):
    """The active or last deployment as the API shows it."""
    answer = world.api("GET", f"/v1/deployments/{name}")
    assert answer.status == 200, answer.text
    return answer.json


def start(world, version, *more):
    """Starts without waiting; returns the id."""
    started = world.verdict("start", "shop/prod", "--version", version, *more)
    assert started.returncode == 0, started.stderr
    return started.stdout.strip()
