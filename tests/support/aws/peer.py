# peer.py - plays Amazon on a loopback port, strictly: CloudWatch, CloudFormation, load balancers, STS, metadata; prints its port.
# SPDX-License-Identifier: MIT
"""Every request but the keys' own must be signed for REGION. PUT /told {...} says how it behaves from now on:
`metrics` {"NAMESPACE NAME|Dimension=Value": VALUE or {"value", "late", "from", "until", "stat"}}, `codes` (of metrics: another
StatusCode), `page`, `split`, `endless` (pages), `fail` [[STATUS, CODE], ...] (the next answers), `down` (CloudWatch is), `raw` (the text of
every good answer), `slow` (seconds before one), `skew` (seconds, of its clock), `lifetime` (seconds, of keys), `identity`, `container_token`, `no_role`.
GET /seen: what was asked; GET /heard: the last good request of each service. The other parts are described in balancer.py and
cloudformation.py."""
import http.server
import json
import sys
import threading
import time

from balancer import Balancer
from cloudformation import CloudFormation, Lost
from cloudwatch import CloudWatch
from keys import Keys, error
from signature import Refused, check

REGION = "eu-test-1"

told = {}
lock = threading.RLock()
wake = threading.Event()
keys = Keys(told)
cloudwatch = CloudWatch(told)
balancer = Balancer(told)
cloudformation = CloudFormation(told)
refused = []
heard = {}  # service -> its last good request


def live(name, start, period):
    """With a `world` the balancer's weights make the values of target groups."""
    return balancer.measure(name, start, period) if "world" in told else told.get("metrics", {}).get(name)


class Peer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments):
        pass

    def date_time_string(self, timestamp=None):
        return super().date_time_string((timestamp or time.time()) + told.get("skew", 0))

    def answer(self, status, text="", kind="application/x-amz-json-1.0"):
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        try:
            self.wfile.write(data)
        except OSError:  # who asked has gone
            self.close_connection = True

    def refuse(self, status, code, message):
        refused.append(code)
        if "X-Amz-Target" in self.headers:
            self.answer(status, json.dumps({"__type": "com.amazonaws.cloudwatch.v2010_08_01#" + code, "message": message}))
        else:
            self.answer(status, error(code, message), "text/xml")

    def serve(self, body):
        is_json = "X-Amz-Target" in self.headers
        try:
            if told.get("fail"):
                status, code = told["fail"].pop(0)
                self.refuse(status, code, "as told")
                return
            if is_json and "down" in told:
                self.refuse(503, "ServiceUnavailable", "down")
                return
            service = "monitoring" if is_json else "cloudformation" if b"Version=2010-05-15" in body else "elasticloadbalancing"
            check(self, body, keys.known, REGION, service)
            if self.path != "/":
                self.answer(404)
                return
            heard[service] = {"headers": list(self.headers.items()), "body": body.decode()}
            text = self.answer_of(service, body)
            self.answer(200, told.get("raw", text), "application/x-amz-json-1.0" if is_json else "text/xml")
        except Lost:
            self.close_connection = True
        except Refused as why:
            self.refuse(403 if "oken" in why.code or "Signature" in why.code else 400, why.code, why.message)

    def answer_of(self, service, body):
        if service == "cloudformation":
            return cloudformation.answer(body)
        return cloudwatch.answer(self.headers, body) if service == "monitoring" else balancer.answer(self.headers, body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "slow" in told:
            wake.wait(told["slow"])
        with lock:
            if self.path == "/sts/":
                self.answer(*keys.sts(self, body), "text/xml")
            else:
                self.serve(body)

    def do_PUT(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with lock:
            if self.path == "/told":
                told.clear()
                told.update(json.loads(body))
                cloudwatch.live = live if "world" in told else None
                balancer.tell()
                self.answer(204)
            else:
                self.answer(*keys.metadata(self))

    def do_GET(self):
        with lock:
            if self.path == "/seen":
                self.answer(200, json.dumps({**cloudwatch.asked, "given": keys.given, "secrets": keys.secrets(), "refused": refused, **balancer.seen(), **cloudformation.seen()}))
            elif self.path == "/heard":
                self.answer(200, json.dumps(heard))
            elif self.path.startswith("/latest/"):
                self.answer(*keys.metadata(self))
            elif self.path == "/container/role":
                self.answer(*keys.container(self))
            else:
                self.answer(404)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


server = Server(("127.0.0.1", 0), Peer)
print(server.server_address[1])
sys.stdout.flush()
server.serve_forever()
