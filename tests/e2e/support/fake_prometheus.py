# fake_prometheus.py - a Prometheus that answers every query as it is told to: well, wrongly, or not at all.
# SPDX-License-Identifier: MIT
import contextlib
import functools
import gzip
import http.server
import json
import ssl
import threading
import time

POINTS = 11000  # of one series: as many as Prometheus gives
BOMB_BYTES = 64 << 20


def answer(*values, **more):
    """The body of an instant vector with one series per value; values as Prometheus writes them."""
    rows = [{"metric": {"n": str(number)}, "value": [time.time(), value]} for number, value in enumerate(values)]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": rows}, **more})


def points():
    """A range where an instant was asked for."""
    values = [[time.time(), "0.1"]] * POINTS
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": [{"metric": {}, "values": values}]}})


@functools.cache
def bomb():
    return gzip.compress(b" " * BOMB_BYTES)


# name: (status, body, headers)
MODES = {
    "good": lambda: (200, answer("0.1")),
    "bad": lambda: (200, answer("1000")),
    "500": lambda: (500, '{"status":"error","errorType":"internal","error":"boom"}'),
    "422": lambda: (422, '{"status":"error","errorType":"execution","error":"too many samples"}'),
    "503": lambda: (503, "starting"),
    "html": lambda: (200, "<html><body>Please log in</body></html>"),
    "truncated": lambda: (200, answer("0.1")[:-9]),
    "warnings": lambda: (200, answer("0.1", warnings=["a store is away"])),
    "empty": lambda: (200, answer()),
    "two": lambda: (200, answer("0.1", "0.2")),
    "nan": lambda: (200, answer("NaN")),
    "comma": lambda: (200, answer("1,5")),
    "huge": lambda: (200, answer("1e999")),
    "utf8": lambda: (200, answer("0.1").replace('"n"', '"\xff"').encode("latin-1")),
    "deep": lambda: (200, '{"status":"success","data":' + "[" * 1000 + "]" * 1000 + "}"),
    "points": lambda: (200, points()),
    "redirect": lambda: (302, "", ("Location", "http://127.0.0.1:1/")),
    "bomb": lambda: (200, bomb(), ("Content-Encoding", "gzip")),
}

# name: (bytes, seconds between them)
SLOW_S = 2.0
ENDLESS = {"drip": (b" ", 0.5), "endless": (b" " * 65536, 0.001)}


class FakePrometheus:
    """Serves on a port of its own from its start to its stop(); with a certificate (file, file of the key) over TLS,
    to clients with a certificate of `client_ca` alone where that is given."""

    skew_s = 0  # of its clock, as its Date has it

    def __init__(self, mode="good", certificate=None, client_ca=None):
        outer, self.mode, self.asked, self.over = self, mode, 0, threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):  # pylint: disable=invalid-name
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if outer.mode == "killed":
                    self.close_connection = True
                    return
                if outer.mode in ENDLESS:
                    outer.asked += 1
                    self.pour(*ENDLESS[outer.mode])
                    return
                outer.asked += 1
                if outer.mode in ("hung", "slow"):
                    self.hesitate(is_answered=outer.mode == "slow")
                    return
                self.tell(*MODES[outer.mode]())

            do_POST = do_GET

            def date_time_string(self, timestamp=None):
                return super().date_time_string((timestamp or time.time()) + outer.skew_s)

            def tell(self, status, body, *headers):
                data = body.encode() if isinstance(body, str) else body
                self.send_response(status)
                for header in (("Content-Type", "application/json"), *headers):
                    self.send_header(*header)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def hesitate(self, is_answered):
                """Longer than anybody waits; then an answer, or none."""
                self.close_connection = True
                if not outer.over.wait(SLOW_S) and is_answered:
                    with contextlib.suppress(OSError):
                        self.tell(*MODES["bad"]())

            def pour(self, data, pause):
                """An answer that does not end before the other side, or we, go away."""
                self.close_connection = True
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                with contextlib.suppress(OSError):
                    while not outer.over.wait(pause):
                        self.wfile.write(data)

            def log_message(self, *_arguments):  # pylint: disable=arguments-differ
                pass

        self.handler, self.certificate, self.client_ca, self.server = Handler, certificate, client_ca, None
        self.listen(0)
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.server.server_port}"

    def listen(self, port):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), self.handler)
        self.server.daemon_threads = True
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.certificate)
            if self.client_ca:
                context.load_verify_locations(self.client_ca)
                context.verify_mode = ssl.CERT_REQUIRED
                context.maximum_version = ssl.TLSVersion.TLSv1_2  # who is refused hears why; in 1.3 the request that is already sent may make that a reset
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def hang_up(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)

    def become(self, mode):
        """The next mode; "killed" answers nobody, and is there again with another one."""
        was_killed, self.mode = self.mode == "killed", mode
        if was_killed and mode != "killed":
            self.listen(self.server.server_port)
        elif mode == "killed":
            self.hang_up()

    def stop(self):
        self.over.set()
        if self.mode != "killed":
            self.hang_up()
