# notice_peer.py - the services that take notices, as strict about a request as their documentation; prints its port when it listens.
# SPDX-License-Identifier: MIT
"""notice_peer.py KEPT [PORT]: each POST becomes a line of JSON in the file KEPT, with the answer that it got.

/SERVICE/... answers as SERVICE does when all is right, and 400 with the reason when a request is not as documented;
/fail/N/CODE/SERVICE/... answers the first N with CODE before that."""
import http.server
import json
import sys
import threading


class Wrong(Exception):
    pass


def need(is_good, what):
    if not is_good:
        raise Wrong(what)


def members(value, required, optional=()):
    """An object with all of `required` (name: type), of `optional` what it likes, and nothing else."""
    need(isinstance(value, dict), f"{value!r} is no object")
    known = dict(required, **dict(optional))
    for name in required:
        need(name in value, f"{name} is missing")
    for name, content in value.items():
        need(name in known, f"{name} is not known")
        need(isinstance(content, known[name]) and (known[name] is bool or not isinstance(content, bool)), f"{name}: {content!r}")
    return value


def text_up_to(text, most):
    need(0 < len(text) <= most, f"{len(text)} characters")


def is_entities(text):
    rest = text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
    need(not set("<>&") & set(rest), f"not escaped: {text}")


def slack(request):
    body = members(request["body"], {"text": str}, {"username": str, "attachments": list})
    text_up_to(body["text"], 4000)
    is_entities(body["text"])
    need(len(body.get("attachments", [])) <= 20, "too many attachments")
    for attachment in body.get("attachments", []):
        members(attachment, {"fallback": str, "color": str},
                {"title": str, "title_link": str, "fields": list, "ts": (int, float), "text": str})
        need(attachment["color"][0] == "#" and len(attachment["color"]) == 7, "color")
        for field in attachment.get("fields", []):
            members(field, {"title": str, "value": str, "short": bool})
            is_entities(field["value"])
    return 200, "ok"


def pagerduty(request):
    """Events API v2; the integration key is one that this peer knows."""
    body, links = request["body"], request["body"].get("links", [])
    base = {"summary": str, "source": str}
    need(isinstance(links, list), "links")
    for link in links:
        members(link, {"href": str}, {"text": str})
    if request["path"] == "v2/change/enqueue":
        members(body, {"routing_key": str, "payload": dict}, {"links": list})
        members(body["payload"], base, {"timestamp": str, "custom_details": dict})
    else:
        need(request["path"] == "v2/enqueue", "no such path")
        members(body, {"routing_key": str, "event_action": str},
                {"dedup_key": str, "payload": dict, "links": list, "client": str, "client_url": str})
        need(body["event_action"] in ("trigger", "acknowledge", "resolve"), "event_action")
        text_up_to(body["dedup_key"], 255)
        members(body["payload"], dict(base, severity=str),
                {"timestamp": str, "custom_details": dict, "component": str, "group": str, "class": str})
        need(body["payload"]["severity"] in ("critical", "error", "warning", "info"), "severity")
    text_up_to(body["payload"]["summary"], 1024)
    need(body["routing_key"] == "0123456789abcdef0123456789abcdef", "routing_key")
    body["routing_key"] = "the right one"
    return 202, {"status": "success", "message": "Event processed", "dedup_key": body.get("dedup_key", "")}


def is_marked(text):
    """A backslash stands before all that markdown would take for its own."""
    rest = text.replace("\\\\", "")
    for mark in "*_~`|<>[]":
        rest = rest.replace("\\" + mark, "")
    need(not set("*_~`|<>[]\\") & set(rest), f"not escaped: {text}")


def teams(request):
    body = members(request["body"], {"type": str, "attachments": list})
    need(body["type"] == "message" and len(body["attachments"]) == 1, "one attachment")
    card = members(body["attachments"][0], {"contentType": str, "contentUrl": type(None), "content": dict})
    need(card["contentType"] == "application/vnd.microsoft.card.adaptive", "contentType")
    card = members(card["content"], {"$schema": str, "type": str, "version": str, "body": list}, {"msteams": dict, "actions": list})
    need((card["type"], card["version"]) == ("AdaptiveCard", "1.2"), "card")
    need(len(json.dumps(body)) <= 28 * 1024, "more than 28 KB")
    title, lines = card["body"]
    members(title, {"type": str, "text": str}, {"size": str, "weight": str, "color": str, "wrap": bool})
    need(title["type"] == "TextBlock" and title["color"] in ("default", "good", "warning", "attention"), "title")
    is_marked(title["text"])
    need(members(lines, {"type": str, "facts": list})["type"] == "FactSet", "lines")
    for fact in lines["facts"]:
        is_marked(members(fact, {"title": str, "value": str})["value"])
    for action in card.get("actions", []):
        need(members(action, {"type": str, "title": str, "url": str})["type"] == "Action.OpenUrl", "action")
    return 202, ""


def discord(request):
    body = members(request["body"], {"embeds": list, "allowed_mentions": dict}, {"content": str, "username": str})
    need(body["allowed_mentions"] == {"parse": []}, "it could ring at everybody")
    for embed in body["embeds"]:
        members(embed, {"title": str}, {"url": str, "color": int, "timestamp": str, "fields": list})
        text_up_to(embed["title"], 256)
        is_marked(embed["title"])
        need(len(embed["fields"]) <= 25, "too many fields")
        for field in embed["fields"]:
            members(field, {"name": str, "value": str}, {"inline": bool})
            text_up_to(field["value"], 1024)
            is_marked(field["value"])
        need(sum(len(f["name"]) + len(f["value"]) for f in embed["fields"]) + len(embed["title"]) <= 6000, "an embed is too long")
    return 204, ""


def grafana(request):
    need(request["path"] == "api/annotations", "no such path")
    need(request["headers"].pop("Authorization", "") == "Bearer 0123456789abcdef0123456789abcdef", "token")
    body = members(request["body"], {"time": int, "text": str, "tags": list}, {"timeEnd": int, "dashboardUID": str, "panelId": int})
    need(all(isinstance(tag, str) and tag for tag in body["tags"]), "tags")
    is_entities(body["text"])
    return 200, {"message": "Annotation added", "id": 1}


def github(request):
    """A status of a commit or of a deployment; one of each is known here, and one repository."""
    need(request["headers"].pop("Authorization", "") == "Bearer 0123456789abcdef0123456789abcdef", "token")
    need(request["headers"].get("Accept") == "application/vnd.github+json", "Accept")
    if request["path"] == "repos/acme/shop/deployments/42/statuses":
        body = members(request["body"], {"state": str}, {"description": str, "log_url": str, "environment": str, "environment_url": str, "auto_inactive": bool})
        need(body["state"] in ("error", "failure", "inactive", "in_progress", "queued", "pending", "success"), "state")
        text_up_to(body["description"], 140)
        return 201, {"id": 2}
    if not request["path"].startswith("repos/acme/shop/statuses/"):
        return 404, {"message": "Not Found"}
    if request["path"] != "repos/acme/shop/statuses/" + 40 * "a":
        return 422, {"message": "No commit found for SHA"}
    body = members(request["body"], {"state": str}, {"context": str, "description": str, "target_url": str})
    need(body["state"] in ("error", "failure", "pending", "success"), "state")
    text_up_to(body["description"], 140)
    return 201, {"id": 1}


CDEVENT_CONTENT = {  # of the subjects' schemas: what must be there, and what else may
    "service.upgraded.0.3.0": ({"environment", "artifactId"}, set()),
    "service.rolledback.0.3.0": ({"environment", "artifactId"}, set()),
    "incident.detected.0.3.0": ({"environment"}, {"description", "service", "artifactId", "ticketURI"}),
    "incident.resolved.0.3.0": ({"environment"}, {"description", "service", "artifactId", "ticketURI"}),
    "pipelinerun.started.0.3.0": (set(), {"pipelineName", "uri"}),
    "pipelinerun.finished.0.3.0": (set(), {"pipelineName", "uri", "outcome", "errors"}),
}


def cdevents(request):
    """CDEvents 0.5.1 in a CloudEvent, by their schemas."""
    need(request["headers"].pop("Authorization", "") == "Bearer 0123456789abcdef0123456789abcdef", "token")
    body = members(request["body"], {"specversion": str, "id": str, "source": str, "type": str, "data": dict},
                   {"subject": str, "time": str, "datacontenttype": str})
    event = members(body["data"], {"context": dict, "subject": dict}, {"customData": dict})
    context = members(event["context"], {"specversion": str, "id": str, "source": str, "type": str, "timestamp": str})
    need((context["specversion"], context["id"], context["source"], context["type"]) == ("0.5.1", body["id"], body["source"], body["type"]), "context")
    subject = members(event["subject"], {"id": str, "content": dict}, {"source": str})
    need(body["subject"] == subject["id"], "subject")
    if body["type"].startswith("dev.cdevents."):
        required, optional = CDEVENT_CONTENT[body["type"].removeprefix("dev.cdevents.")]
        need(required <= set(subject["content"]) <= required | optional, f"content: {subject['content']}")
    else:
        need(body["type"].startswith("dev.cdeventsx.verdict-"), "a type of nobody")
    need(subject["content"].get("outcome", "success") in ("success", "failure", "cancel", "error"), "outcome")
    for reference in ("environment", "service"):
        need(set(subject["content"].get(reference, {"id"})) == {"id"}, reference)
    need(subject["content"].get("artifactId", "pkg:").startswith("pkg:"), "artifactId")
    need("verdict" not in event.get("customData", {}), "it would ask us for a deployment")
    return 202, ""


def otlp(request):
    """A collector; what it is sent is looked at where whole traces are tried. /otlp/part takes a part, /otlp/key/NAME wants the key there."""
    members(request["body"], {"resourceSpans": list})
    words = request["path"].split("/")
    if words[0] == "key":
        need(request["headers"].pop(words[1], "").removeprefix("Bearer ") == "0123456789abcdef0123456789abcdef", "key")
    if words[0] == "part":
        return 200, {"partialSuccess": {"rejectedSpans": "2", "errorMessage": "no room"}}
    return 200, {"partialSuccess": {}}


def hook(_request):
    """Whatever Alertmanager tells its own receiver."""
    return 200, ""


SERVICES = {"hook": hook, "slack": slack, "pagerduty": pagerduty, "teams": teams, "discord": discord, "grafana": grafana, "github": github,
            "cdevents": cdevents, "otlp": otlp}


class Peer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *_arguments):
        pass

    def answer(self, status, text, headers=()):
        body = text.encode() if isinstance(text, str) else json.dumps(text).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status != 204:
            self.wfile.write(body)

    def fails(self, words):
        """The path behind /fail/N/CODE once that is over; None and answered before."""
        with self.server.lock:
            done = self.server.failed.get(self.path, 0)
            self.server.failed[self.path] = done + 1
        if done >= int(words[1]):
            return words[3:]
        self.answer(int(words[2]), "not now", [("Retry-After", "7")])
        return None

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        words = self.path.strip("/").split("/")
        if words[0] == "fail":
            words = self.fails(words)
            if words is None:
                return
        request = {"path": "/".join(words[1:]), "headers": dict(self.headers)}
        try:
            form = "application/cloudevents+json" if words[0] == "cdevents" else "application/json"
            need(self.headers.get("Content-Type") == form, "Content-Type")
            request["body"] = json.loads(raw)
            status, text = SERVICES[words[0]](request)
        except (Wrong, ValueError) as error:
            status, text = 400, str(error)
        request["status"] = status
        with self.server.lock, open(sys.argv[1], "a", encoding="utf-8") as file:
            file.write(json.dumps(request, ensure_ascii=False, sort_keys=True) + "\n")
        self.answer(status, text)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    lock = threading.Lock()
    failed = {}


server = Server(("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 0), Peer)
print(server.server_address[1])
sys.stdout.flush()
server.serve_forever()
