# trouble.py - system calls of the daemon that fail or take their time.
# SPDX-License-Identifier: MIT
import contextlib
import os
import subprocess

from programs import wait_until
from world import find


def is_traced(pid):
    states = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status", encoding="ascii") as file:
            states.append("TracerPid:\t0" not in file.read())
    return all(states)


@contextlib.contextmanager
def trouble(world, calls, what):
    """The daemon's system calls end like this until the block is over, as strace's `inject` says it."""
    pid = world.programs["verdictd"].pid
    tracer = subprocess.Popen([find("strace"), "-f", "-qq", "-p", str(pid), "-o", "/dev/null", "-e", f"trace={calls}", "-e", f"inject={calls}:{what}"],
                              stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: is_traced(pid), 5, "the trouble begins")
        yield
    finally:
        tracer.terminate()
        tracer.wait(15)
