# stacks.py - what the tests of infrastructure's states say to the daemon.
# SPDX-License-Identifier: MIT
import json

from world import UnixConnection

from .contract import ask

PLACE = "/v1/iac/network/prod"
HOLDER = b'{"ID":"one",  "Operation":"OperationTypeApply","Who":"ci@builder"}'
SECRET = "hunter2-in-the-state"


def say(world, method, path, body=None, headers=None):
    """Bytes as they are, by any method."""
    return ask(UnixConnection(world.socket, 30), method, path, body, headers)


def state(serial, lineage="a0c1", **more):
    return json.dumps({"version": 4, "serial": serial, "lineage": lineage, "secret": SECRET, **more}).encode()


def shown(world):
    return json.loads(say(world, "GET", PLACE).body)


def restart(world):
    world.programs["verdictd"].kill()
    world.programs["verdictd"].start()
