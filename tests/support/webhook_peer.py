# webhook_peer.py - a receiver of webhooks whose path says how it answers; prints its port when it listens.
# SPDX-License-Identifier: MIT
"""/status/CODE[/RETRY-AFTER] answers so, /slow only when it is stopped, /moved sends elsewhere, /long talks without an end."""
import http.server
import sys
import threading

stopped = threading.Event()


class Peer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments):
        pass

    def answer(self, status, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        words = self.path.strip("/").split("/")
        if words[0] == "status":
            self.answer(int(words[1]), [("Retry-After", words[2].replace("+", " "))] if len(words) > 2 else ())
        elif words[0] == "moved":
            self.answer(307, [("Location", "/status/204")])
        elif words[0] == "long":
            self.talk()
        else:
            stopped.wait()

    def talk(self):
        self.send_response(200)
        self.send_header("Content-Length", str(1 << 30))
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"x" * 65536)
        except OSError:
            self.close_connection = True


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Peer)
print(server.server_address[1])
sys.stdout.flush()
server.serve_forever()
