# vault_peer.py - Vault as far as verdictd asks it: AppRole, renewal, key-value store of version 2; strict, and with everything that can go wrong.
# SPDX-License-Identifier: MIT
"""Whatever is not exactly as it should be (method, path, headers, body) is answered as Vault would, and noted in `violations`."""
import contextlib
import http.server
import itertools
import json
import socket
import sys
import threading
import time

ROLE_ID, SECRET_ID = "role-shop-5a1c", "canary-secret-id-8d2f"


class Vault:
    """Serves on a port of its own. `store`: {"kv": {"shop": {"db": "value"}}}; `lease_s` of each token, renewable until `life_s`."""

    def __init__(self, store, lease_s=3600, life_s=None, namespace=None, login="approle"):
        self.store, self.lease_s, self.life_s, self.namespace, self.login = store, lease_s, life_s or lease_s * 1000, namespace, login
        self.secret_id, self.tokens, self.numbers = SECRET_ID, {}, itertools.count(1)
        self.asked, self.violations = [], []  # ("GET", "/v1/...", status)
        self.is_sealed, self.denied, self.delay_s, self.answer_instead = False, set(), 0.0, None
        self.lock, self.server = threading.Lock(), None
        self.port = free_loopback_port()
        self.url = f"http://127.0.0.1:{self.port}"

    # Its life

    def start(self):
        vault = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                server = vault.server
                if vault.delay_s:
                    time.sleep(vault.delay_s)  # it is slow; who waits has a deadline of its own
                if server is None or server is not self.server:
                    self.close_connection = True  # it went away meanwhile
                    return
                status, answer, more = vault.answer(self.command, self.path, self.headers, body)
                data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                with contextlib.suppress(OSError):
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(data)))
                    for name, value in more.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_one

            def log_message(self, *_arguments):  # pylint: disable=arguments-differ
                pass

        http.server.ThreadingHTTPServer.allow_reuse_address = True
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def stop(self):
        """As if it were switched off: nobody listens, and connections that are open answer no more."""
        server, self.server = self.server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_error):
        self.stop()

    def restart(self):
        """It forgets its tokens, as one in memory does."""
        self.stop()
        self.tokens.clear()
        return self.start()

    def end_tokens(self):
        with self.lock:
            for token in self.tokens.values():
                token["ends"] = 0

    def count(self, method, path, status=None):
        with self.lock:
            return sum(1 for one in self.asked if one[:2] == (method, path) and status in (None, one[2]))

    # Its answers

    def answer(self, method, path, headers, body):
        with self.lock:
            status, answer, more = self.decide(method, path, headers, body)
            self.asked.append((method, path, status))
        return status, answer, more

    def decide(self, method, path, headers, body):
        if self.answer_instead is not None:
            return self.answer_instead
        if self.is_sealed:
            return fail(503, "Vault is sealed")
        self.check_headers(method, path, headers)
        if path == f"/v1/auth/{self.login}/login":
            return self.log_in(method, headers, body)
        token = self.tokens.get(headers.get("X-Vault-Token"))
        if token is None or token["ends"] <= time.monotonic():
            return fail(403, "permission denied")
        if path == "/v1/auth/token/renew-self":
            return self.renew(method, token, headers["X-Vault-Token"], body)
        return self.read(method, path, body)

    def violate(self, text):
        self.violations.append(text)

    def check_headers(self, method, path, headers):
        if headers.get("X-Vault-Request") != "true":
            self.violate(f"{method} {path}: no X-Vault-Request")
        if headers.get("X-Vault-Namespace") != self.namespace:
            self.violate(f"{method} {path}: namespace {headers.get('X-Vault-Namespace')}")
        if method == "POST" and headers.get("Content-Type") != "application/json":
            self.violate(f"{method} {path}: type {headers.get('Content-Type')}")
        if "?" in path or "%" in path or headers.get("Authorization"):
            self.violate(f"{method} {path}: more than was to be said")

    def log_in(self, method, headers, body):
        try:
            wish = json.loads(body)
        except ValueError:
            wish = None
        if method != "POST" or not isinstance(wish, dict) or sorted(wish) != ["role_id", "secret_id"] or headers.get("X-Vault-Token"):
            self.violate(f"login: {method} with {sorted(wish) if isinstance(wish, dict) else 'no object'}")
            return fail(400, "missing role_id")
        if (wish["role_id"], wish["secret_id"]) != (ROLE_ID, self.secret_id):
            return fail(400, "invalid role or secret ID")
        return 200, self.lease(f"hvs.canary-token-{next(self.numbers)}-4b7e9a", True), {}

    def make_token(self, text):
        """A token that somebody made by hand."""
        with self.lock:
            self.lease(text, True)
        return text

    def lease(self, text, is_new):
        now = time.monotonic()
        token = self.tokens.setdefault(text, {"dies": now + self.life_s})
        token["ends"] = min(now + self.lease_s, token["dies"])
        left = max(0, int(token["ends"] - now + 0.5))
        return {"request_id": "0-0-0", "lease_id": "", "renewable": False, "lease_duration": 0, "data": None, "wrap_info": None, "warnings": None,
                "auth": {"client_token": text, "accessor": "acc", "policies": ["default", "shop"], "token_policies": ["default", "shop"], "metadata": {"role_name": "shop"},
                         "lease_duration": left, "renewable": True, "entity_id": "e", "token_type": "service", "orphan": is_new}}

    def renew(self, method, token, text, body):
        if method != "POST" or json.loads(body or b"null") != {}:
            self.violate(f"renewal: {method} {body!r}")
        if time.monotonic() >= token["dies"]:
            return fail(403, "permission denied")
        return 200, self.lease(text, False), {}

    def read(self, method, path, body):
        parts = path.split("/")  # "", "v1", mount, "data", path...
        if method != "GET" or body or len(parts) < 5 or parts[1] != "v1" or parts[3] != "data":
            self.violate(f"read: {method} {path}")
            return fail(404)
        name = "/".join(parts[4:])
        if f"{parts[2]}/{name}" in self.denied:
            return fail(403, "1 error occurred:\n\t* permission denied\n\n")
        values = self.store.get(parts[2], {}).get(name)
        if values is None:
            return fail(404)
        return 200, {"request_id": "1-1-1", "lease_id": "", "renewable": False, "lease_duration": 0, "wrap_info": None, "warnings": None, "auth": None,
                     "data": {"data": values, "metadata": {"created_time": "2026-11-27T00:00:00.000000001Z", "custom_metadata": None, "deletion_time": "", "destroyed": False, "version": 3}}}, {}


def fail(status, *errors):
    return status, {"errors": list(errors)}, {}


def free_loopback_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def control(vault, words):
    """What the program of a test wants of it: "/control/seal", "/control/set/password/text" ..."""
    if words[0] == "seal":
        vault.is_sealed = words[1] == "yes"
    elif words[0] == "set":
        vault.store["kv"]["shop"][words[1]] = words[2]
    elif words[0] == "forget":
        vault.store["kv"].pop("shop")
    elif words[0] == "deny":
        vault.denied = {"kv/shop"} if words[1] == "yes" else set()
    elif words[0] == "end-tokens":
        for token in vault.tokens.values():
            token["ends"] = 0
    elif words[0] == "slow":
        vault.delay_s = float(words[1])
    return 200, {"violations": vault.violations, "asked": [" ".join(map(str, one)) for one in vault.asked]}, {}


class ControlledVault(Vault):
    """A process of its own, told by HTTP what to become."""

    def answer(self, method, path, headers, body):
        if not path.startswith("/control/"):
            return super().answer(method, path, headers, body)
        with self.lock:
            return control(self, path.split("/")[2:])


if __name__ == "__main__":
    peer = ControlledVault({"kv": {"shop": {"password": "hunter2-first", "user": "shop"}}}, lease_s=float(sys.argv[1]), namespace=sys.argv[2])
    peer.start()
    print(peer.port, flush=True)
    threading.Event().wait()
