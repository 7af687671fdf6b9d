"""text.py - each C file says what it is for and under which licence; no file names a developer's machine.

SPDX-License-Identifier: MIT
"""
import re

import source

HEAD_LINES = 5
# Put together here, so that this file does not hold what it looks for.
MACHINE_PATH = re.compile(r"(?<![\w.}])/(?:" + "|".join(["work", "farm"]) + r")/")


def check_head(name, text):
    lines = text.split("\n")
    if not lines[0].startswith(f"/* {name.name} - "):
        yield f"{name}:1: begin with '/* {name.name} - what it is for'"
    if not any("SPDX-License-Identifier: MIT" in line for line in lines[:HEAD_LINES]):
        yield f"{name}:1: no 'SPDX-License-Identifier: MIT' in the first {HEAD_LINES} lines"


def run(tree):
    findings = []
    for name in tree.files:
        text = source.read(tree.root, name)
        if source.is_c(name):
            findings += check_head(name, text)
        for match in MACHINE_PATH.finditer(text):
            findings.append(f"{name}:{source.line_of(text, match.start())}: names a folder of one machine: "
                            f"{match.group()}")
    return len(tree.files), findings
