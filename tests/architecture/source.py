"""source.py - C text as the checks see it: which files there are, and their code without comments.

SPDX-License-Identifier: MIT
"""
import re
import subprocess
from pathlib import Path

TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def files(root):
    """All files of the project (tracked, or new and not ignored), relative to root, sorted."""
    git = ["git", "-c", "safe.directory=*", "-C", str(root), "ls-files", "-z", "--cached", "--others",
           "--exclude-standard"]
    if (root / ".git").exists():
        listed = subprocess.run(git, check=True, capture_output=True).stdout.decode().split("\0")
        names = [Path(name) for name in listed if name]
    else:  # an unpacked archive: everything but what a build leaves
        names = [path.relative_to(root) for path in root.rglob("*")]
        names = [name for name in names if not name.parts[0].startswith("build")]
    return sorted(name for name in names if (root / name).is_file())


def is_c(name):
    return name.suffix in (".c", ".h")


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def code(text, keep_strings=False):
    """The text with comments (and what strings hold) blanked; lines and columns stay."""
    def replace(match):
        token = match.group()
        if token[0] == "/":
            return _blank(token)
        return token if keep_strings else token[0] + _blank(token[1:-1]) + token[-1]

    return TOKEN.sub(replace, text)


def read(root, name):
    return (root / name).read_text(encoding="utf-8", errors="replace")


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def table(path):
    """The lines of a table that say something, each as (line number, keyword, rest)."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = line.split("#", 1)[0].strip()
        if line:
            keyword, _, rest = line.partition(" ")
            yield number, keyword, rest.strip()
