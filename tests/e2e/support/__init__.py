# support - the world of the end-to-end tests; its one implementation is contrib/demo/world.py.
# SPDX-License-Identifier: MIT
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "contrib", "demo"))

from programs import Program, free_port, wait_until  # noqa: E402
from world import Answer, World, get  # noqa: E402

__all__ = ["Answer", "Program", "World", "free_port", "get", "wait_until"]
