# quantity.py - reads the durations (20ms, 5s, 2m) and shares (10%, 0.1) that the demo's programs take as options.
# SPDX-License-Identifier: MIT
import argparse
import re

SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}


def duration(text):
    """Seconds of a text as `20ms`, `1.5s`, `2m`; a bare number means seconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|)", str(text).strip())
    if not match:
        raise argparse.ArgumentTypeError(f"'{text}' is no duration; write it as 20ms, 5s or 2m")
    return float(match[1]) * SECONDS[match[2]]


def share(text):
    """A part of one of a text as `10%` or `0.1`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(%?)", str(text).strip())
    value = float(match[1]) / (100.0 if match[2] else 1.0) if match else -1.0
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f"'{text}' is no share; write it as 10% or 0.1")
    return value


def address(text):
    """(host, port) of a text as `127.0.0.1:1883`."""
    host, _, port = str(text).rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise argparse.ArgumentTypeError(f"'{text}' is no address; write it as host:port")
    return host, int(port)
