# source_peer.py - plays a metrics server and a service to be probed, well or badly, as the path asks; prints its port.
# SPDX-License-Identifier: MIT
import collections
import gzip
import http.server
import json
import socket
import socketserver
import threading
import time
import urllib.parse

gate = threading.Event()
lock = threading.Lock()
seen = collections.Counter()
busy = collections.Counter()
bomb = gzip.compress(b"#" + b" " * (16 << 20), 1)
json_bomb = gzip.compress(b"[" + b"0," * (4 << 20), 1)


def vector(value):
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": [
        {"metric": {"instance": "a"}, "value": [time.time(), str(value)]}]}}).encode()


class Peer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    skew_s = 0

    def address_string(self):
        return "peer"

    def log_message(self, *arguments):
        pass

    def date_time_string(self, timestamp=None):
        return super().date_time_string((timestamp or time.time()) + self.skew_s)

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.body = body
        self.form = dict(urllib.parse.parse_qsl(body))
        name = self.path.split("?")[0].removesuffix("/api/v1/query").strip("/").replace("-", "_")
        try:
            getattr(self, "page_" + name, self.page_missing)()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_GET = do_POST = do_any

    def page_missing(self):
        self.answer(404, b"no such page")

    def page_ok(self):
        self.answer(200, vector(1))

    def page_echo(self):
        """What was asked, with what."""
        headers = "".join(f"{name.lower()}: {value}\n" for name, value in self.headers.items())
        self.answer(200, f"{self.command} {self.path}\n{headers}\n{self.body}".encode())

    def page_strict(self):
        """1 where the question is put as it should be."""
        wanted = {"query": "up{a='ü & b'}", "partial_response": "false", "dedup": "true", "timeout": "2000ms"}
        is_good = all(self.form.get(name) == value for name, value in wanted.items())
        is_good = is_good and self.command == "POST"
        is_good = is_good and self.headers["Content-Type"] == "application/x-www-form-urlencoded"
        is_good = is_good and self.headers["Authorization"] == "Basic b3BzOnMzY3JldA=="  # ops:s3cret
        is_good = is_good and self.headers["X-Scope-OrgID"] == "shop"
        self.answer(200, vector(1 if is_good else 0))

    def page_time(self):
        """How many seconds before the present it was asked for."""
        self.answer(200, vector(time.time() - float(self.form["time"])))

    def page_skewed(self):
        self.skew_s = 3600
        self.answer(200, vector(time.time() + self.skew_s - float(self.form["time"])))

    def page_busy(self):
        """How many ask at once."""
        with lock:
            busy["now"] += 1
            value = busy["now"]
        gate.wait(0.05)
        with lock:
            busy["now"] -= 1
        self.answer(200, vector(value))

    def page_flaky(self):
        """Bad at first, then well."""
        with lock:
            seen["questions"] += 1 if self.form["query"] == "up" else 0
        self.answer(*((200, vector(7)) if seen["questions"] > 2 else (503, b"starting")))

    def page_broken(self):
        self.answer(500, b"broken")

    def page_throttled(self):
        self.answer(429, b"")

    def page_elsewhere(self):
        self.answer(302, b"", Location="/ok/api/v1/query")

    def page_html(self):
        self.answer(200, b"<html>please log in</html>", Content_Type="text/html")

    def page_truncated(self):
        self.answer(200, vector(1)[:-10])

    def page_warned(self):
        self.answer(200, vector(1)[:-1] + b', "warnings": ["a store did not answer"]}')

    def page_two(self):
        result = [{"metric": {"instance": name}, "value": [0, "1"]} for name in "ab"]
        self.answer(200, json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}).encode())

    def page_none(self):
        self.answer(200, b'{"status":"success","data":{"resultType":"vector","result":[]}}')

    def page_short(self):
        self.send_response(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        self.wfile.write(vector(1))
        self.close_connection = True

    def page_silent(self):
        gate.wait(60)

    def page_endless(self):
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        while True:
            self.wfile.write(b" " * 65536)

    # expositions

    def page_cut(self):
        """OpenMetrics without its end."""
        self.answer(200, b"a 1\nb 2\n", Content_Type="application/openmetrics-text; version=1.0.0; charset=utf-8")

    def page_whole(self):
        """1 where OpenMetrics was asked for, by who we are."""
        is_good = "application/openmetrics-text" in self.headers["Accept"] and self.headers["X-Shop"] == "blue"
        self.answer(200, f"# TYPE up gauge\nup {int(is_good)}\n# EOF\n".encode(),
                    Content_Type="application/openmetrics-text; version=1.0.0; charset=utf-8")

    def page_latin(self):
        self.answer(200, 'up{place="K\u00f6ln"} 1\n'.encode("latin-1"))

    def page_comma(self):
        self.answer(200, b"# TYPE up gauge\nup 1,5\n")

    def page_old(self):
        """It says of itself that it is of ten minutes ago."""
        self.answer(200, f"up 1 {int((time.time() - 600) * 1000)}\n".encode())

    def page_bomb(self):
        """16 MiB of comments in a few kilobytes."""
        self.answer(200, bomb, Content_Encoding="gzip")

    # JSON APIs

    def page_api(self):
        """The length of the span, where the question is put as it should be."""
        is_good = self.command == "POST" and self.headers["Content-Type"] == "application/json"
        is_good = is_good and self.headers["X-Api-Key"] == "s3cret" and self.headers["X-Org"] == "shop"
        span = json.loads(self.body)
        is_now = abs(time.time() - span["to"]) < 10
        value = span["to"] - span["from"] if is_good and is_now else None
        self.answer(200, json.dumps({"points": [[0, 0], [1, value]]}).encode())

    def page_later(self):
        """How long before its present the span ends, by a clock that is an hour ahead."""
        self.skew_s = 3600
        now = time.time() + self.skew_s
        self.answer(200, json.dumps({"x": now - json.loads(self.body)["to"], "at": now}).encode())

    def page_leave(self):
        """Once too many, then well."""
        with lock:
            seen["left"] += 1
        self.answer(*((429, b"") if seen["left"] == 1 else (200, b'{"x": 7}')), Retry_After="1")

    def page_json_bomb(self):
        self.answer(200, json_bomb, Content_Encoding="gzip")

    # what smoke tests ask

    def page_version(self):
        self.answer(200, b'{"version": "2.4.1", "build": {"number": 17}}', X_Slot="blue")

    def page_recovering(self):
        with lock:
            seen["recovering"] += 1
        self.answer(200 if seen["recovering"] > 4 else 503)

    def page_slow(self):
        gate.wait(0.2)
        self.answer(200, b"late")

    def page_big(self):
        self.answer(200, b"x" * 1000000)


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # clients that hang up are what the tests do


server = Server(("127.0.0.1", 0), Peer)
server.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
print(server.server_address[1], flush=True)
server.serve_forever()
