# stream.py - one who listens to the daemon's Server-Sent Events.
# SPDX-License-Identifier: MIT
import collections
import http.client
import json

from world import UnixConnection

Event = collections.namedtuple("Event", "id kind data")


class Stream:
    """Iterates over events (Event.data is None where only the place was told); `last` is the last id. `is_whole` after the end:
    the daemon ended it, nothing broke."""

    def __init__(self, world, path="/v1/events", last=None, seconds=20):
        self.last, self.is_whole = last, None
        self._connection = UnixConnection(world.socket, seconds)
        self._connection.request("GET", path, headers={} if last is None else {"Last-Event-ID": last})
        self.answer = self._connection.getresponse()

    def __iter__(self):
        fields = {}
        while True:
            try:
                line = self.answer.readline().decode()
            except (http.client.IncompleteRead, ConnectionError):
                line = ""
            if line == "":
                self.is_whole = self.answer.chunk_left is None  # the chunk of length 0 has come
                return
            if line == "\n":
                self.last = fields.get("id", self.last)
                yield Event(int(self.last), fields.get("event", "message"), json.loads(fields["data"]) if "data" in fields else None)
                fields = {}
            elif not line.startswith(":"):
                name, _, value = line.rstrip("\n").partition(": ")
                fields[name] = value

    def until(self, is_last):
        """Events with data up to the one that is the last wanted."""
        events = []
        for event in self:
            if event.data is not None:
                events.append(event)
                if is_last(event):
                    return events
        raise AssertionError(f"it ended before: {events}")

    def close(self):
        self.answer.close()
        self._connection.close()
