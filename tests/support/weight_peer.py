# weight_peer.py - a home-made router whose weights stand in a JSON document; prints its port when it listens.
# SPDX-License-Identifier: MIT
"""GET and PUT /routes with an ETag. POST /told {"..."} says how it behaves from now on: `status` for every answer of PUT,
`deaf` (a PUT changes nothing), `touch` (somebody else changes the document before each PUT), `secret` (needs
"Authorization: Bearer SECRET"), `slow` (seconds before a PUT counts), `trace` (needs this `traceparent`), `text` (the raw document).
GET /seen: how many PUTs came."""
import http.server
import json
import sys
import threading

state = {"text": json.dumps({"id": "r1", "routes": [{"name": "blue", "weight": 100}, {"name": "green", "weight": 0}]}),
         "version": 1, "puts": 0}
told = {}
lock = threading.Lock()
wake = threading.Event()


class Peer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments):
        pass

    def answer(self, status, text="", tag=None):
        self.send_response(status)
        if tag is not None:
            self.send_header("ETag", f'"v{tag}"')
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        try:
            self.wfile.write(text.encode())
        except OSError:  # who asked has gone
            self.close_connection = True

    def is_let_in(self):
        if self.headers.get("traceparent") != told.get("trace", self.headers.get("traceparent")):
            return False
        return "secret" not in told or self.headers.get("Authorization") == "Bearer " + told["secret"]

    def do_GET(self):
        with lock:
            if self.path == "/seen":
                self.answer(200, str(state["puts"]))
            elif self.path != "/routes":
                self.answer(404)
            elif not self.is_let_in():
                self.answer(401)
            else:
                self.answer(200, state["text"], state["version"])

    def do_PUT(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if "slow" in told:
            wake.wait(told["slow"])
        with lock:
            state["puts"] += 1
            state["version"] += "touch" in told
            if not self.is_let_in():
                self.answer(401)
            elif "status" in told:
                self.answer(told["status"])
            elif self.headers.get("If-Match") != f'"v{state["version"]}"':
                self.answer(412)
            else:
                if "deaf" not in told:
                    state["text"] = body
                state["version"] += 1
                self.answer(204)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        with lock:
            told.clear()
            told.update(body)
            state["text"] = body.get("text", state["text"])
            self.answer(204)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Peer)
print(server.server_address[1])
sys.stdout.flush()
server.serve_forever()
