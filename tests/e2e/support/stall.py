# stall.py - a daemon whose disk stands still when it is told to, and whose loop is timed (tests/support/preload/stall.c).
# SPDX-License-Identifier: MIT
import mmap
import os
import struct

FIELDS = {"holds_files": "I", "holds_syncs": "I", "held_files": "I", "held_syncs": "I", "loop_files": "I", "loop_syncs": "I",
          "turns": "Q", "late_turns": "Q", "longest_ns": "Q", "longest_cpu_ns": "Q"}
OFFSETS = {name: struct.calcsize("=" + "".join(list(FIELDS.values())[:number])) for number, name in enumerate(FIELDS)}
SIZE = struct.calcsize("=" + "".join(FIELDS.values()))


class Stall:
    """Counts and switches by their names in `struct told`; restart() puts them into a daemon."""

    def __init__(self, world):
        path = world.write("stall", "\0" * SIZE)
        self.words = ["/usr/bin/env", f"LD_PRELOAD={os.path.join(world.build, 'stall.so')}", f"STALL_TOLD={path}"]
        with open(path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), SIZE)

    def restart(self, daemon):
        daemon.argv = [*self.words, *daemon.argv]
        daemon.restart()
        return daemon.pid

    def __getitem__(self, name):
        return struct.unpack_from(FIELDS[name], self.memory, OFFSETS[name])[0]

    def __setitem__(self, name, value):
        struct.pack_into(FIELDS[name], self.memory, OFFSETS[name], value)

    def begin(self):
        """Counts from now."""
        for name in list(FIELDS)[2:]:
            self[name] = 0
