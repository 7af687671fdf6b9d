# flag_gate.py - a service that obeys a feature flag: flag_gate.py PORT FLAGS KEY VALUE=PORT..., where the flag's variants have these values.
# SPDX-License-Identifier: MIT
"""Draws for each request by the flag's `fractional` weights, else takes the default variant, and asks the shop on that port."""
import http.client
import http.server
import json
import os
import random
import sys

PORT, FLAGS, KEY = int(sys.argv[1]), sys.argv[2], sys.argv[3]
PORTS = {name: int(port) for name, _, port in (word.partition("=") for word in sys.argv[4:])}
known = (None, None)


def flag():
    """Read again whenever the file is another one, as a watcher would."""
    global known
    status = os.stat(FLAGS)
    mark = (status.st_ino, status.st_mtime_ns)
    if known[0] != mark:
        with open(FLAGS, encoding="utf-8") as file:
            known = (mark, json.load(file)["flags"][KEY])
    return known[1]


def draw():
    now = flag()
    parts = [part for part in now.get("targeting", {}).get("fractional", []) if isinstance(part, list)]
    variant = random.choices([name for name, _ in parts], [weight for _, weight in parts])[0] if parts else now["defaultVariant"]
    return PORTS[now["variants"][variant]]


class Gate(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments):
        pass

    def do_GET(self):
        try:
            link = http.client.HTTPConnection("127.0.0.1", draw(), timeout=5)
            link.request("GET", self.path)
            answer = link.getresponse()
            status, version, body = answer.status, answer.getheader("X-Version"), answer.read()
            link.close()
        except OSError as error:
            status, version, body = 502, None, str(error).encode()
        self.send_response(status)
        if version:
            self.send_header("X-Version", version)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


Server(("127.0.0.1", PORT), Gate).serve_forever()
