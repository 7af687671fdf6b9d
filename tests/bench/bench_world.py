# bench_world.py - what the benches share: the World of the end-to-end tests, percentiles, and where the figures come from.
# SPDX-License-Identifier: MIT
import argparse
import os
import platform
import sys

PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(PROJECT, "contrib", "demo"))

from programs import free_port, wait_until  # noqa: E402
from world import World, find  # noqa: E402

__all__ = ["PROJECT", "World", "find", "free_port", "line", "machine", "parser", "percentile", "tell_memory", "wait_until"]


def percentile(values, share):
    """The value that `share` of all values do not pass (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]


def line(name, values, unit):
    """One row of figures: median, the 99th percentile, the ends, and of how many."""
    median, high = percentile(values, 0.5), percentile(values, 0.99)
    print(f"{name:<44} median {median:8.2f} {unit}   p99 {high:8.2f}   min {min(values):8.2f}   max {max(values):8.2f}   n {len(values)}", flush=True)


def memory(pid):
    """(resident, anonymous, of files) in kB."""
    fields = {}
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        for text in file.readlines()[1:]:
            name, value = text.split(":")
            fields[name] = int(value.split()[0])
    return fields["Rss"], fields["Anonymous"], fields["Rss"] - fields["Anonymous"]


def threads(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


def tell_memory(what, pid):
    resident, anonymous, files = memory(pid)
    print(f"{what:<44} resident {resident:6} kB = anonymous {anonymous} kB + of files {files} kB; {threads(pid)} threads", flush=True)
    return resident, anonymous


def machine():
    with open("/proc/loadavg", encoding="ascii") as file:
        load = file.read().split()[0]
    print(f"{os.cpu_count()} CPUs, {platform.machine()}, load {load} at the start", flush=True)


def parser(text):
    options = argparse.ArgumentParser(description=text)
    options.add_argument("--build", help="folder with the built programs (default BUILD_DIR, or build)")
    return options
