# mqtt_publisher.py - publishes short messages over MQTT 3.1.1 at QoS 0 and connects anew when the broker went away.
# SPDX-License-Identifier: MIT
import socket
import struct

CONNECT_TIMEOUT_S = 1.0
CONNACK_ACCEPTED = b"\x20\x02\x00\x00"


def _text(value):
    data = value.encode()
    return struct.pack("!H", len(data)) + data


def _packet(kind, body):
    length, head = len(body), bytearray([kind])
    while True:
        length, digit = divmod(length, 128)
        head.append(digit | (0x80 if length else 0))
        if not length:
            return bytes(head) + body


class Publisher:
    """One connection; `publish` answers whether the message was handed to the broker's socket, and never raises."""

    def __init__(self, broker, client_id):
        self._broker = broker
        self._client_id = client_id
        self._socket = None

    def _connect(self):
        link = socket.create_connection(self._broker, CONNECT_TIMEOUT_S)
        try:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            clean_session, keep_alive_off = 0x02, 0
            head = _text("MQTT") + struct.pack("!BBH", 4, clean_session, keep_alive_off)
            link.sendall(_packet(0x10, head + _text(self._client_id)))
            if link.recv(4, socket.MSG_WAITALL) != CONNACK_ACCEPTED:
                raise OSError("the broker refused the connection")
        except OSError:
            link.close()
            raise
        return link

    def publish(self, topic, payload):
        try:
            if self._socket is None:
                self._socket = self._connect()
            self._socket.sendall(_packet(0x30, _text(topic) + payload.encode()))
            return True
        except OSError:
            self._drop()
            return False

    def close(self):
        if self._socket is not None:
            try:
                self._socket.sendall(_packet(0xE0, b""))
            except OSError:
                pass
        self._drop()

    def _drop(self):
        if self._socket is not None:
            self._socket.close()
            self._socket = None
