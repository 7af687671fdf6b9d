# screen.py - as much of a terminal as `verdict get -w` uses: what is on it, and what was pushed out of it. SPDX-License-Identifier: MIT
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

PARTS = re.compile(r"\033\[(\??[0-9;]*)([A-Za-z])|(\r)|(\n)|([^\033\r\n])")


class Screen:
    """Rows and columns with a cursor, which begins on the last row, as below a shell's other output."""

    def __init__(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.lines, self.row, self.column = [""] * rows, rows - 1, 0
        self.scrolled, self.wraps, self.rest = [], True, ""

    def feed(self, text):
        text = self.rest + text
        at = 0
        for part in PARTS.finditer(text):
            at = part.end()
            number, letter, is_return, is_feed, character = part.groups()
            if letter:
                self.escape(number, letter)
            elif is_return:
                self.column = 0
            elif is_feed:
                self.feed_line()
            else:
                self.put(character)
        self.rest = text[at:]

    def escape(self, number, letter):
        if letter == "A":
            self.row = max(0, self.row - int(number or 1))
        elif letter == "H":
            self.row = self.column = 0
        elif letter == "J":
            self.lines[self.row] = self.lines[self.row][: self.column]
            self.lines[self.row + 1 :] = [""] * (self.rows - self.row - 1)
        elif (number, letter) in (("?7", "l"), ("?7", "h")):
            self.wraps = letter == "h"
        else:
            assert letter == "m", (number, letter)

    def feed_line(self):
        self.row += 1
        if self.row == self.rows:
            self.scrolled.append(self.lines.pop(0))
            self.lines.append("")
            self.row -= 1

    def put(self, character):
        if self.column == self.columns:
            if not self.wraps:
                self.column -= 1
            else:
                self.feed_line()
                self.column = 0
        line = self.lines[self.row].ljust(self.column)
        self.lines[self.row] = line[: self.column] + character + line[self.column + 1 :]
        self.column += 1


class Watched:
    """A program on a terminal of that size."""

    def __init__(self, argv, environment, rows, columns):
        self.master, slave = pty.openpty()
        self.screen, self.redraws = Screen(rows, columns), 0
        self.resize(rows, columns)
        self.program = subprocess.Popen(argv, env={**environment, "TERM": "xterm", "LC_ALL": "C.UTF-8"}, stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def follow(self, redraws, seconds=30):
        """Until it was drawn so many times more."""
        end, seen = time.monotonic() + seconds, 0
        while seen < redraws:
            assert time.monotonic() < end, f"{seen} of {redraws}: {self.screen.lines}"
            if select.select([self.master], [], [], 0.2)[0]:
                text = os.read(self.master, 65536).decode("utf-8", "replace")
                seen += text.count("\033[?7h")
                self.screen.feed(text)

    def close(self):
        self.program.kill()
        self.program.wait(10)
        os.close(self.master)
