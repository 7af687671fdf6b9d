# between.py - stands between a client and the daemon, and answers in its place what it is told to.
# SPDX-License-Identifier: MIT
import http.client
import http.server
import threading


class Between:
    """`url` leads to the port; `refuses` says by method with which status it is refused, and where `falls` all is from the first one that was on; `times`: no more often (-1: always)."""

    def __init__(self, port):
        self.refuses, self.falls, self.down, self.times = {}, False, None, -1
        between = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def __getattr__(self, name):
                if name.startswith("do_"):
                    return self.pass_on
                raise AttributeError(name)

            def log_message(self, *_words):
                pass

            def pass_on(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status = between.down or between.refuses.get(self.command)
                if status is not None and between.times != 0:
                    between.times -= 1 if between.times > 0 else 0
                    between.down = status if between.falls else None
                    self.answer(status, b"")
                    return
                upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
                headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection", "accept-encoding")}
                try:
                    upstream.request(self.command, self.path, body, headers)
                    answer = upstream.getresponse()
                    self.answer(answer.status, answer.read())
                except OSError:
                    self.answer(503, b"")
                finally:
                    upstream.close()

            def answer(self, status, body):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if status != 204:
                    self.wfile.write(body)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def mend(self):
        self.refuses, self.falls, self.down, self.times = {}, False, None, -1

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)
