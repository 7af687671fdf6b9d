# balancer.py - one application load balancer by the Query API of 2015-12-01: a listener, a rule, target groups.
# SPDX-License-Identifier: MIT
"""`told`: `weights` {GROUP: WEIGHT} somebody else sets now, `health` {GROUP: STATE or [STATE, ...]}, `deaf` (changes are
answered, and not made), `third` (the rule forwards to a third group), `plain` (it forwards to blue alone, the short way),
`world` {"rate": REQUESTS_PER_S, "errors": {GROUP: SHARE}}: what CloudWatch then says of the groups. A group is "blue",
"green" or "red"."""
import re
import time
import urllib.parse
from xml.sax.saxutils import escape

from signature import Refused

LISTENER = "arn:aws:elasticloadbalancing:eu-test-1:123456789012:listener/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2"
RULE = LISTENER.replace(":listener/", ":listener-rule/") + "/9683b2d02a6cabee"
GROUPS = {name: f"arn:aws:elasticloadbalancing:eu-test-1:123456789012:targetgroup/{name}/73e2d6bc24d8a06{digit}"
          for digit, name in enumerate(("blue", "green", "red"))}
OIDC = {"Issuer": "https://login.example/", "AuthorizationEndpoint": "https://login.example/a?x=1&y=2", "TokenEndpoint": "https://login.example/t",
        "UserInfoEndpoint": "https://login.example/u", "ClientId": "shop", "OnUnauthenticatedRequest": "authenticate"}


def forward(weights, order=1):
    return {"Type": "forward", "Order": str(order), "ForwardConfig": {
        "TargetGroups": [{"TargetGroupArn": GROUPS[name], "Weight": str(weight)} for name, weight in weights.items()],
        "TargetGroupStickinessConfig": {"Enabled": "true", "DurationSeconds": "600"}}}


def xml(value, name):
    if isinstance(value, dict):
        return f"<{name}>" + "".join(xml(part, key) for key, part in value.items()) + f"</{name}>"
    if isinstance(value, list):
        return f"<{name}>" + "".join(xml(part, "member") for part in value) + f"</{name}>"
    return f"<{name}>{escape(value)}</{name}>"


def unfold(form, prefix):
    """PREFIX.member.N.A.B=x as a list of nested dicts."""
    tree = {}
    for name, value in form.items():
        if name.startswith(prefix + "."):
            at = tree
            *path, last = name.removeprefix(prefix + ".").split(".")
            for part in path:
                at = at.setdefault(part, {})
            at[last] = value

    def lists(value):
        if isinstance(value, dict) and set(value) == {"member"}:
            numbers = sorted(int(number) for number in value["member"])
            if numbers != list(range(1, len(numbers) + 1)):
                raise Refused("ValidationError", "members are counted from 1")
            return [lists(value["member"][str(number)]) for number in numbers]
        return {key: lists(part) for key, part in value.items()} if isinstance(value, dict) else value

    return lists(tree)


def weights_of(actions):
    groups = {arn: name for name, arn in GROUPS.items()}
    config = actions[-1].get("ForwardConfig")
    if config is None:
        return {groups[actions[-1]["TargetGroupArn"]]: 1}
    return {groups[group["TargetGroupArn"]]: int(group["Weight"]) for group in config["TargetGroups"]}


class Balancer:
    def __init__(self, told):
        self.told = told
        login = {"Type": "authenticate-oidc", "Order": "1", "AuthenticateOidcConfig": dict(OIDC)}
        self.actions = {RULE: [login, forward({"blue": 100, "green": 0}, 2)], LISTENER: [forward({"blue": 100, "green": 0})]}
        self.history = [(0, {"blue": 100, "green": 0})]  # of the rule
        self.changes = 0

    def tell(self):
        told = self.told
        if "weights" in told:
            self.set(RULE, self.actions[RULE][:-1] + [forward(told["weights"], 2)])
        if "third" in told:
            self.set(RULE, self.actions[RULE][:-1] + [forward({"blue": 50, "green": 0, "red": 50}, 2)])
        if "plain" in told:
            self.set(RULE, self.actions[RULE][:-1] + [{"Type": "forward", "Order": "2", "TargetGroupArn": GROUPS["blue"]}])

    def set(self, arn, actions):
        self.actions[arn] = actions
        if arn == RULE:
            self.history.append((time.time(), weights_of(actions)))

    def seen(self):
        return {"changes": self.changes, "rule": weights_of(self.actions[RULE]), "listener": weights_of(self.actions[LISTENER]),
                "actions": self.actions[RULE]}

    def measure(self, name, start, period):
        """The value of "AWS/ApplicationELB NAME|TargetGroup=targetgroup/GROUP/..." in a period; None: nothing was reported."""
        found = re.fullmatch(r"AWS/ApplicationELB (\w+)\|TargetGroup=targetgroup/(\w+)/\w+", name)
        if found is None:
            return None
        weights = [weights for at, weights in self.history if at <= start][-1]
        metric, group = found.groups()
        requests = self.told["world"]["rate"] * period * weights.get(group, 0) / max(sum(weights.values()), 1)
        errors = requests * self.told["world"]["errors"].get(group, 0)
        value = {"RequestCount": requests, "HTTPCode_Target_5XX_Count": errors, "TargetResponseTime": 0.05 if requests else None}.get(metric)
        return value or None

    # ---- the API ----

    def answer(self, headers, body):
        if not headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
            raise Refused("InvalidAction", "no form")
        form = dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True, keep_blank_values=True))
        action, version = form.pop("Action", ""), form.pop("Version", "")
        if version != "2015-12-01" or not hasattr(self, "do_" + action):
            raise Refused("InvalidAction", f"{action} of {version}")
        result = getattr(self, "do_" + action)(form)
        return (f'<?xml version="1.0"?>\n<{action}Response xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/">\n  '
                + xml(result, action + "Result") + f"\n  <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>\n</{action}Response>\n")

    def find(self, form, name, kind):
        arn = form.pop(name, None)
        if form or arn is None:
            raise Refused("ValidationError", f"unknown or missing: {sorted(form) or name}")
        if arn not in self.actions:
            raise Refused(kind + "NotFound", f"One or more {kind.lower()}s not found")
        return arn

    def do_DescribeRules(self, form):
        arn = self.find(form, "RuleArns.member.1", "Rule")
        return {"Rules": [{"IsDefault": "false", "Conditions": [{"Field": "path-pattern", "Values": ["/*"], "PathPatternConfig": {"Values": ["/*"]}}],
                           "Priority": "10", "Actions": self.actions[arn], "RuleArn": arn}]}

    def do_DescribeListeners(self, form):
        arn = self.find(form, "ListenerArns.member.1", "Listener")
        return {"Listeners": [{"LoadBalancerArn": "arn:aws:x", "Port": "443", "Protocol": "HTTPS", "ListenerArn": arn,
                               "Certificates": [{"CertificateArn": "arn:aws:acm"}], "DefaultActions": self.actions[arn]}]}

    def do_DescribeTargetHealth(self, form):
        arn = form.pop("TargetGroupArn", None)
        names = [name for name, group in GROUPS.items() if group == arn]
        if form or not names:
            raise Refused("TargetGroupNotFound", "One or more target groups not found")
        states = self.told.get("health", {}).get(names[0], "healthy")
        return {"TargetHealthDescriptions": [
            {"HealthCheckPort": "80", "Target": {"Id": f"i-{number}", "Port": "80"}, "TargetHealth": {"State": state}}
            for number, state in enumerate(states if isinstance(states, list) else [states])]}

    def do_ModifyRule(self, form):
        return self.modify(form, "RuleArn", "Actions", "Rule", "Rules")

    def do_ModifyListener(self, form):
        return self.modify(form, "ListenerArn", "DefaultActions", "Listener", "Listeners")

    def modify(self, form, arn_name, actions_name, kind, listed):
        actions = unfold(form, actions_name)
        arn = self.find({name: value for name, value in form.items() if not name.startswith(actions_name)}, arn_name, kind)
        for action in actions:
            self.check_action(action)
        if [action["Type"] for action in actions][-1:] != ["forward"]:
            raise Refused("ValidationError", "the last action forwards, redirects or answers")
        for action in actions:
            if action["Type"] == "authenticate-oidc" and action["AuthenticateOidcConfig"].pop("UseExistingClientSecret", None) != "true":
                raise Refused("InvalidConfigurationRequest", "a client secret is needed")
        if "deaf" not in self.told:
            self.set(arn, actions)
            self.changes += 1
        return {listed: [{arn_name: arn, actions_name: self.actions[arn]}]}

    def check_action(self, action):
        if not {"Type", "Order"} <= set(action) <= {"Type", "Order", "ForwardConfig", "AuthenticateOidcConfig"}:
            raise Refused("ValidationError", f"an action of {sorted(action)}")
        if action["Type"] != "forward":
            return
        groups = action["ForwardConfig"]["TargetGroups"]
        if not set(action["ForwardConfig"]) <= {"TargetGroups", "TargetGroupStickinessConfig"} or not 1 <= len(groups) <= 5:
            raise Refused("ValidationError", "ForwardConfig")
        for group in groups:
            if set(group) != {"TargetGroupArn", "Weight"} or not re.fullmatch(r"\d{1,3}", group["Weight"]):
                raise Refused("ValidationError", f"a target group of {group}")
            if group["TargetGroupArn"] not in GROUPS.values():
                raise Refused("TargetGroupNotFound", "One or more target groups not found")
