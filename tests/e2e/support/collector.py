# collector.py - a collector of OpenTelemetry on loopback, as strict as OTLP's JSON is; and whoever else is told of a trace.
# SPDX-License-Identifier: MIT
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jsonschema

HEX = {"trace": {"type": "string", "pattern": "^(?!0{32})[0-9a-f]{32}$"}, "span": {"type": "string", "pattern": "^(?!0{16})[0-9a-f]{16}$"}}
NANOS = {"type": "string", "pattern": "^[1-9][0-9]{18}$"}  # uint64 as a text; of our time
COUNT = {"type": "integer", "minimum": 1, "maximum": 2**32 - 1}


def exactly(required, optional=()):
    """An object with all of `required` (name: schema), of `optional` what it likes, and nothing else."""
    return {"type": "object", "additionalProperties": False, "required": list(required), "properties": {**required, **dict(optional)}}


VALUE = {"oneOf": [exactly({"stringValue": {"type": "string", "minLength": 1}}), exactly({"intValue": {"type": "string", "pattern": "^-?[0-9]{1,19}$"}}),
                   exactly({"doubleValue": {"type": "number"}}), exactly({"boolValue": {"type": "boolean"}})]}
ATTRIBUTES = {"type": "array", "minItems": 1, "items": exactly({"key": {"type": "string", "pattern": "^[a-z_]+(\\.[a-z_]+)*$"}, "value": VALUE})}
EVENT = exactly({"timeUnixNano": NANOS, "name": {"type": "string", "minLength": 1}}, {"attributes": ATTRIBUTES})
LINK = exactly({"traceId": HEX["trace"], "spanId": HEX["span"]})
SPAN = exactly({"traceId": HEX["trace"], "spanId": HEX["span"], "name": {"type": "string", "minLength": 1}, "kind": {"type": "integer", "enum": [1, 2]},
                "startTimeUnixNano": NANOS, "endTimeUnixNano": NANOS},
               {"parentSpanId": HEX["span"], "attributes": ATTRIBUTES, "links": {"type": "array", "minItems": 1, "items": LINK}, "events": {"type": "array", "minItems": 1, "items": EVENT}, "droppedEventsCount": COUNT,
                "status": exactly({"code": {"type": "integer", "const": 2}}, {"message": {"type": "string", "minLength": 1}})})
SCOPE = exactly({"scope": exactly({"name": {"const": "verdictd"}, "version": {"type": "string"}}), "spans": {"type": "array", "minItems": 1, "items": SPAN}})
EXPORT = exactly({"resourceSpans": {"type": "array", "minItems": 1, "maxItems": 1, "items": exactly(
    {"resource": exactly({"attributes": ATTRIBUTES}), "scopeSpans": {"type": "array", "minItems": 1, "maxItems": 1, "items": SCOPE}})}})


def attributes(owner):
    """name: value; each name once."""
    pairs = [(one["key"], next(iter(one["value"].items()))) for one in owner.get("attributes", [])]
    assert len({name for name, _value in pairs}) == len(pairs), pairs
    return {name: int(value) if kind == "intValue" else value for name, (kind, value) in pairs}


def spans_of(export):
    """The spans of an export, checked: first the one that all the others stand below."""
    jsonschema.Draft202012Validator(EXPORT).validate(export)
    resource = attributes(export["resourceSpans"][0]["resource"])
    assert resource["service.name"] == "verdictd" and resource["service.instance.id"] == "demo", resource
    spans = export["resourceSpans"][0]["scopeSpans"][0]["spans"]
    ids = {span["spanId"]: span for span in spans}
    assert len(ids) == len(spans), "an id is a span"
    assert len({span["traceId"] for span in spans}) == 1
    for span in spans[1:]:
        assert span["parentSpanId"] in ids, span
    assert spans[0].get("parentSpanId") not in ids
    for span in spans:
        begin, end = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
        assert begin <= end, span
        assert int(spans[0]["startTimeUnixNano"]) <= begin and end <= int(spans[0]["endTimeUnixNano"]), span
        attributes(span)
        for event in span.get("events", []):
            assert begin <= int(event["timeUnixNano"]) <= end, span
            attributes(event)
    return spans


def named(spans, name):
    found = [span for span in spans if span["name"] == name]
    assert len(found) == 1, (name, [span["name"] for span in spans])
    return found[0]


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_arguments):
        pass

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def note(self):
        self.server.collector.beside.append((self.path, self.headers.get("tracestate"), self.headers.get("baggage")))

    def do_GET(self):
        self.note()
        self.server.collector.asked.append((self.path, self.headers.get("traceparent"), None))
        self.answer(200, {})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        collector = self.server.collector
        if self.path == "/v1/traces":
            if self.headers["Content-Type"] != "application/json":
                collector.complaints.append(dict(self.headers))
            status = collector.standing
            (collector.exports if status == 200 else collector.refused).append(body)
            self.answer(status, {"partialSuccess": collector.partial} if status == 200 else {})
            return
        self.note()
        collector.asked.append((self.path, self.headers.get("traceparent"), body))
        self.answer(200, {"open": True})


class Collector:
    """Keeps exports at /v1/traces, and (path, traceparent, body) and (path, tracestate, baggage) of every other request. It can be away, at the same port."""

    def __init__(self, port=0):
        self.exports, self.refused, self.asked, self.beside, self.complaints = [], [], [], [], []
        self.standing, self.partial = 200, {}
        self.server, self.port = None, port
        self.start()

    def start(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        self.server.collector = self
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
        self.server = None

    def url(self, path="/v1/traces"):
        return f"http://127.0.0.1:{self.port}{path}"

    def of(self, name):
        """The spans of what has this id, dep_N or run_N, of every time that they came."""
        every = [spans_of(export) for export in self.exports]
        return [spans for spans in every if name in (attributes(spans[0]).get("deployment.id"), attributes(spans[0]).get("cicd.pipeline.run.id"))]
