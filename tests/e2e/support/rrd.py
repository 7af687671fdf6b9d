# rrd.py - what stands in the series files, as rrdtool reads them.
# SPDX-License-Identifier: MIT
import subprocess

from world import find


def rrdtool(*arguments):
    done = subprocess.run([find("rrdtool"), *arguments], capture_output=True, text=True, timeout=20, check=True, env={"TZ": "UTC", "LC_ALL": "C"})
    return done.stdout


def series_file(world, key, metric):
    """The file of a series of shop/prod."""
    return world.path("data", "series", "shop", "prod", key, f"{metric}.rrd")


def rows(path, begin="-600", end="+5"):
    """[(second, [its columns])] of the single steps that have a value."""
    text = rrdtool("fetch", path, "AVERAGE", "-r", "1", "-s", str(begin), "-e", str(end))
    parts = [line.split(":") for line in text.splitlines() if ":" in line]
    found = [(int(at), [float(field) for field in fields.split()]) for at, fields in parts]
    return [(at, fields) for at, fields in found if fields[0] == fields[0]]  # not a number is not equal to itself
