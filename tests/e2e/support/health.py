# health.py - a service whose health is a file that is there.
# SPDX-License-Identifier: MIT
import contextlib
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextlib.contextmanager
def well_while(path="/"):
    """A service that is well while there is this file; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):  # pylint: disable=invalid-name
            self.send_response(200 if os.path.exists(path) else 503)
            self.send_header("Content-Length", "0")
            self.end_headers()

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
