# test_tour.py - contrib/tour.md as its readers do it: every command, in its order, in the world of the demo, and what it prints.
# SPDX-License-Identifier: MIT
import fnmatch
import importlib.machinery
import importlib.util
import os
import re
import subprocess

import support  # noqa: F401 (finds the demo)
from world import DEMO, PROJECT

TOUR = os.path.join(PROJECT, "contrib", "tour.md")
ENVIRONMENT = "build/quickstart/env"
SECONDS = 120


def demo():
    """contrib/demo/run as a module; it has no extension."""
    path = os.path.join(DEMO, "run")
    loader = importlib.machinery.SourceFileLoader("demo_run", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("demo_run", loader))
    loader.exec_module(module)
    return module


def commands():
    """(command, lines that it prints), as the blocks of the tour have them."""
    with open(TOUR, encoding="utf-8") as file:
        blocks = re.findall(r"^```console\n(.*?)^```$", file.read(), re.M | re.S)
    for line in "".join(blocks).splitlines():
        if line.startswith("$ "):
            command, printed = [line[2:]], []
            yield command, printed
        elif line.startswith("> "):
            command.append(line[2:])
        else:
            printed.append(line)


def pattern(lines):
    """A line of dots alone stands for any number of lines, dots in a line for any text."""
    parts = ["(?:.*\n)*?" if line == "..." else "[^\n]*".join(map(re.escape, line.split("..."))) + "\n" for line in lines]
    return re.compile("".join(parts))


def test_the_tour(world, tmp_path):
    run = demo()
    run.begin(world, run.Story())
    for version, code in ((run.GOOD, 0), (run.BAD, 3)):
        assert run.verdict(world, "start", "shop/prod", "--version", version, "--wait") == code
    (tmp_path / ENVIRONMENT).parent.mkdir(parents=True)
    run.write_environment(world, tmp_path / ENVIRONMENT)
    told, wrong = "", []
    for command, printed in list(commands()):
        text = "\n".join(command)
        ran = subprocess.run(["bash", "-c", f". {ENVIRONMENT}\n{text}\n"], cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS, check=False)
        told += f"$ {text}\n{ran.stdout}"
        if not pattern(printed).fullmatch(ran.stdout):
            wrong.append(text)
    print(told)
    assert not wrong, "these print otherwise than the tour says"
