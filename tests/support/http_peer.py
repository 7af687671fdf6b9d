# http_peer.py - an HTTP server that behaves as badly as it is asked to; prints its port (or "ready") when it listens.
# SPDX-License-Identifier: MIT
import gzip
import http.server
import json
import os
import socket
import socketserver
import sys
import threading

gate = threading.Event()


class Peer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self):
        return "peer"

    def log_message(self, *arguments):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_any(self):
        length = int(self.headers.get("Content-Length", 0))
        self.body = self.rfile.read(length)
        name = self.path.split("?")[0].strip("/").replace("-", "_")
        try:
            getattr(self, "page_" + name, self.page_missing)()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = do_any

    def page_missing(self):
        self.answer(404, b"no such page")

    def page_ok(self):
        self.answer(200, b"fine", Content_Type="text/plain", Retry_After="7")

    def page_broken(self):
        self.answer(500, b"broken")

    def page_empty(self):
        self.answer(204)

    def page_elsewhere(self):
        self.answer(302, b"", Location="/ok")

    def page_echo(self):
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.answer(200, json.dumps({"method": self.command, "path": self.path, "headers": headers,
                                     "body": self.body.decode()}).encode(), Content_Type="application/json")

    def page_gzip(self):
        self.answer(200, gzip.compress(b"squeezed " * 100), Content_Encoding="gzip")

    def page_bomb(self):
        self.answer(200, gzip.compress(b"\0" * 10000000), Content_Encoding="gzip")

    def page_not_gzip(self):
        self.answer(200, b"this is no gzip", Content_Encoding="gzip")

    def page_drip(self):
        """A byte now and then, so that the connection is never idle and never done."""
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        while not gate.wait(0.02):
            self.wfile.write(b"x")
            self.wfile.flush()

    def page_stall(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"x")
        self.wfile.flush()
        gate.wait(60)

    def page_silent(self):
        gate.wait(60)

    def page_endless(self):
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        while True:
            self.wfile.write(b"y" * 65536)

    def page_many_headers(self):
        self.answer(200, b"", **{"X_%d" % i: "z" * 1000 for i in range(50)})

    def page_garbage(self):
        self.wfile.write(b"SSH-2.0-nothing for you\r\n")
        self.close_connection = True

    def page_short(self):
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"only this")
        self.close_connection = True


class TcpServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # clients that hang up are what the tests do


class UnixServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


if len(sys.argv) > 1:
    os.umask(0o077)
    server = UnixServer(sys.argv[1], Peer)
    print("ready", flush=True)
else:
    server = TcpServer(("127.0.0.1", 0), Peer)
    server.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    print(server.server_address[1], flush=True)
server.serve_forever()
