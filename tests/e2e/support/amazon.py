# amazon.py - a world whose lever is a load balancer of Amazon's and whose source is CloudWatch, both played by one peer.
# SPDX-License-Identifier: MIT
import json
import os
import urllib.request

PEER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support", "aws", "peer.py")
ARN = "arn:aws:elasticloadbalancing:eu-test-1:123456789012:"
RULE = ARN + "listener-rule/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee"
GROUPS = {"blue": "targetgroup/blue/73e2d6bc24d8a060", "green": "targetgroup/green/73e2d6bc24d8a061"}

SETTINGS = """data = "{folder}/data";  rules = "{folder}/rules.d";  instance = "test";  reconcile = "1s";
listen = ( {{ unix = "{socket}"; }}, {{ tcp = "127.0.0.1:{api}"; }} );
sources: {{ cloudwatch: {{ eu: {{ region = "eu-test-1";  endpoint = "{url}";  metadata_endpoint = "{url}"; }}; }}; }};
traffic: {{ aws_alb: {{ eu: {{ region = "eu-test-1";  endpoint = "{url}";  metadata_endpoint = "{url}"; }}; }}; }};
"""

RULES = """
metrics: {
  errors: { source = "cloudwatch:eu";  kind = "counter";  every = "1s";  period = "1s";  delay = "1s";  better = "lower";
    events = "AWS/ApplicationELB HTTPCode_Target_5XX_Count";  total = "AWS/ApplicationELB RequestCount";
    dimensions: { TargetGroup = "{{target_group}}"; }; };
  time: { source = "cloudwatch:eu";  metric = "AWS/ApplicationELB TargetResponseTime";  stat = "p95";  every = "1s";  period = "1s";  delay = "1s";
    unit = "s";  better = "lower";  dimensions: { TargetGroup = "{{target_group}}"; }; };
};
baselines: { beside: { against = [ "stable" ];  warmup = "500ms";  every = "1s";  block = "2s";  need = "20 requests";
  compare: { errors: { test = "sequential";  allow = "+50%";  ignore_below = "0.5%"; }; }; }; };
triggers: { failing: { when = "avg(errors, 4s) > 5% for 1s";  need = "20 requests";  then = "rollback"; };
            slow: { when = "time > 1s for 2s";  then = "rollback"; }; };
strategies: { short: { kind = "canary";
  steps = ( { route = "20%";  observe = "5s";  at_most = "AT_MOST"; }, { route = "100%";  watch = "5s";  at_most = "AT_MOST"; } ); }; };
services: { shop: { rules: { baselines = [ "beside" ];  triggers = [ "failing", "slow" ]; };
  environments: { prod: { strategy = "short";  traffic = "aws_alb:eu";  rule = "RULE";  target_groups = [ "BLUE_ARN", "GREEN_ARN" ];
    slots: { blue: { vars: { target_group = "BLUE"; }; };  green: { vars: { target_group = "GREEN"; }; }; }; }; }; }; };
"""


class Amazon:
    """The peer, and a daemon that knows no other world."""

    def __init__(self, world):
        self.world = world
        world.run("amazon", ["/usr/bin/python3", "-B", PEER], lambda: bool(self.port()))
        self.url = f"http://127.0.0.1:{self.port()}"

    def port(self):
        """What the peer's first line says."""
        with open(self.world.log_files()["amazon"], encoding="utf-8") as file:
            return file.readline().strip()

    def tell(self, **how):
        request = urllib.request.Request(self.url + "/told", json.dumps(how).encode(), method="PUT")
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 204

    def seen(self):
        return self.ask("/seen")

    def heard(self):
        """The last good request of each service."""
        return self.ask("/heard")

    def ask(self, path):
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.load(answer)

    def start_daemon(self, at_most="30s"):
        world = self.world
        rules = RULES
        values = {"AT_MOST": at_most, "RULE": RULE, "BLUE_ARN": ARN + GROUPS["blue"], "GREEN_ARN": ARN + GROUPS["green"], **{s.upper(): g for s, g in GROUPS.items()}}
        for name, value in sorted(values.items(), key=lambda pair: -len(pair[0])):
            rules = rules.replace(f'"{name}"', f'"{value}"')
        text = SETTINGS.format(folder=world.folder, socket=world.socket, api=world.api_port, url=self.url)
        world.start_daemon(text=text, rules={"shop.rules": rules})
        adopted = world.verdict("adopt", "shop/prod", "--slot", "blue", "--version", "1.0.0", "--reason", "the first one")
        assert adopted.returncode == 0, adopted.stderr
