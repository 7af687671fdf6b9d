"""banned.py - calls and names that this code does without (banned.txt).

SPDX-License-Identifier: MIT
"""
import re
from fnmatch import fnmatch

import source


def read_table(path):
    calls, words = [], set()
    for number, keyword, rest in source.table(path):
        if keyword == "call":
            what, _, instead = rest.partition(":")
            name, _, exceptions = what.partition(" except ")
            calls.append((name.strip(), exceptions.split(), instead.strip()))
        elif keyword == "word":
            words.add(rest)
        else:
            raise SystemExit(f"{path}:{number}: unknown keyword {keyword}")
    return calls, words


def call_pattern(name):
    """A call of NAME, but not of a member that happens to have that name."""
    word = re.escape(name[:-1]) + r"\w*" if name.endswith("*") else re.escape(name)
    return re.compile(rf"(?<![\w.>])({word})\s*\(")


def check_calls(root, name, calls):
    code = source.code(source.read(root, name))
    for call, exceptions, instead in calls:
        if any(fnmatch(str(name), exception) for exception in exceptions):
            continue
        for match in call_pattern(call).finditer(code):
            yield f"{name}:{source.line_of(code, match.start())}: {match.group(1)} is banned: {instead}"


def check_name(name, words):
    for part in name.parts:
        bad = words.intersection(re.split(r"[_.-]", part.lower()))
        if bad:
            yield f"{name}: '{bad.pop()}' says nothing; name what it does"


def run(tree):
    calls, words = read_table(tree.tables / "banned.txt")
    findings = []
    for name in tree.files:
        findings += check_name(name, words)
        if source.is_c(name):
            findings += check_calls(tree.root, name, calls)
    return len(tree.files), findings
