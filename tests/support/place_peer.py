# place_peer.py - plays services on ports: argv names one each (greets, greets-slowly, silent, closes); prints the ports.
# SPDX-License-Identifier: MIT
import socket
import sys
import threading
import time

kept = []


def greets(connection):
    connection.sendall(b"SSH-2.0-Peer_1.0\r\nmore of it")


def greets_slowly(connection):
    connection.sendall(b"220 mail ")
    time.sleep(0.05)
    connection.sendall(b"ready\r\n")


def silent(connection):
    kept.append(connection)


def half(connection):
    connection.sendall(b"no end of line")
    kept.append(connection)


def closes(connection):
    connection.close()


def serve(listener, play):
    while True:
        connection, _ = listener.accept()
        play(connection)
        if connection not in kept:
            connection.close()


ports = []
for name in sys.argv[1:]:
    listener = socket.create_server(("127.0.0.1", 0))
    ports.append(str(listener.getsockname()[1]))
    threading.Thread(target=serve, args=(listener, globals()[name.replace("-", "_")])).start()
print(" ".join(ports), flush=True)
threading.Event().wait()
