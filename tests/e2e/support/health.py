# health.py - services of one answer: one whose health is a file that is there, and whatever else a test wants said.
# SPDX-License-Identifier: MIT
import contextlib
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextlib.contextmanager
def serving(answer):
    """Answers every GET with the status and the body that `answer` gives; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):  # pylint: disable=invalid-name
            status, body = answer()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments):  # pylint: disable=arguments-differ
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()


def well_while(path="/"):
    """A service that is well while there is this file; its port."""
    return serving(lambda: (200 if os.path.exists(path) else 503, b""))
