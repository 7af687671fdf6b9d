# mail_peer.py - a mail server: prints three ports when it listens: with STARTTLS, without it, and with TLS from the first byte.
# SPDX-License-Identifier: MIT
"""mail_peer.py KEPT CERTIFICATE KEY: each letter that it takes becomes a line of JSON in the file KEPT.

Logins (user verdictd, the key of the tests) are only taken over TLS. nobody@ is refused (550), busy@ is told to come again (451), for
slow@ nothing is answered, for mute@ nothing to the good-bye, and full@ is refused once the letter is there (552)."""
import base64
import email
import email.policy
import json
import socketserver
import ssl
import sys
import threading

LOGIN = base64.b64encode(b"\0verdictd\x000123456789abcdef0123456789abcdef").decode()
REFUSALS = {"nobody": "550 5.1.1 no such person here", "busy": "451 4.3.0 come again"}
lock = threading.Lock()
stopped = threading.Event()


class Session(socketserver.StreamRequestHandler):
    def say(self, *lines):
        for i, line in enumerate(lines):
            self.wfile.write((line[:3] + ("-" if i + 1 < len(lines) else " ") + line[4:] + "\r\n").encode())
        self.wfile.flush()

    def encrypt(self):
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile, self.is_tls = self.connection.makefile("rb"), self.connection.makefile("wb"), True

    def handle(self):
        self.is_tls, self.login, self.to = False, False, []
        try:
            if self.server.kind == "tls":
                self.encrypt()
            self.say("220 mail.test ready")
            while self.answer(self.rfile.readline()):
                pass
        except (OSError, ssl.SSLError):
            pass

    def greet(self):
        offers = ["250 mail.test"]
        if self.server.kind == "starttls" and not self.is_tls:
            offers.append("250 STARTTLS")
        if self.is_tls:
            offers.append("250 AUTH PLAIN")
        self.say(*offers, "250 8BITMIME")

    def recipient(self, address):
        name = address.strip("<>").split("@")[0]
        if name == "slow":
            stopped.wait()
        if name in REFUSALS:
            return self.say(REFUSALS[name])
        self.to.append(address.strip("<>"))
        return self.say("250 fine")

    def letter(self):
        if not self.to:
            return self.say("503 nobody to send it to")
        self.say("354 go on")
        raw = b""
        while not raw.endswith(b"\r\n.\r\n"):
            line = self.rfile.readline()
            assert len(line) <= 1000 and line.endswith(b"\r\n"), line
            raw += line[1:] if line.startswith(b"..") else line
        if self.to[0].startswith("full@"):
            return self.say("552 5.2.2 mailbox full")
        message = email.message_from_bytes(raw[:-3], policy=email.policy.default)
        assert not message.defects, message.defects
        kept = {"from": self.sender, "to": self.to, "tls": self.is_tls, "login": self.login,
                "headers": {name: str(value) for name, value in message.items()}, "text": message.get_content().replace("\r\n", "\n")}
        with lock, open(sys.argv[1], "a", encoding="utf-8") as file:
            file.write(json.dumps(kept, ensure_ascii=False, sort_keys=True) + "\n")
        return self.say("250 2.0.0 taken")

    def answer(self, line):
        words = line.decode().strip().split(" ")
        verb = words[0].upper()
        if verb == "EHLO":
            self.greet()
        elif verb == "STARTTLS":
            self.say("220 go on")
            self.encrypt()
        elif verb == "AUTH":
            given = words[2] if len(words) > 2 else (self.say("334 "), self.rfile.readline().decode().strip())[1]
            self.login = self.is_tls and given == LOGIN
            self.say("235 welcome" if self.login else "535 5.7.8 not with this password")
        elif verb == "MAIL":
            self.sender, self.to = words[1][len("FROM:"):].strip("<>"), []
            self.say("250 fine")
        elif verb == "RCPT":
            self.recipient(words[1][len("TO:"):])
        elif verb == "DATA":
            self.letter()
        elif verb == "QUIT":
            if "mute@example.org" in self.to:
                stopped.wait()
            self.say("221 bye")
        elif verb:
            self.say("250 fine")
        return verb not in ("", "QUIT")


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[3])
ports = []
for kind in ("starttls", "plain", "tls"):
    server = Server(("127.0.0.1", 0), Session)
    server.kind = kind
    ports.append(str(server.server_address[1]))
    threading.Thread(target=server.serve_forever, daemon=True).start()
print(" ".join(ports))
sys.stdout.flush()
stopped.wait()
