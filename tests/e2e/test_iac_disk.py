# test_iac_disk.py - states on the disk: in which order, what a sync that fails means, and what a kill leaves.
# SPDX-License-Identifier: MIT
import contextlib
import hashlib
import pathlib
import re
import subprocess

from support import wait_until
from support.stacks import PLACE, restart, say, shown, state
from world import find

RENAMES = "rename,renameat,renameat2"


def is_traced(world):
    tasks = list(pathlib.Path(f"/proc/{world.programs['verdictd'].pid}/task").iterdir())
    return all("TracerPid:\t0" not in (task / "status").read_text(encoding="ascii") for task in tasks)


@contextlib.contextmanager
def traced(world, *options):
    """All threads of the daemon, from here to the end of the block."""
    say(world, "GET", f"{PLACE}/state")  # the workers are there from their first work on
    tracer = subprocess.Popen([find("strace"), "-f", "-qq", "-p", str(world.programs["verdictd"].pid), *options], stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: is_traced(world), 10, "it is traced")
        yield
    finally:
        tracer.terminate()
        tracer.wait(15)


def parts(world):
    return list(pathlib.Path(world.path("data", "iac")).rglob("*.part"))


def test_the_bytes_are_there_before_the_row_and_the_row_before_the_answer(world):
    world.start_daemon()
    out = world.path("trace")
    with traced(world, "-y", "-o", out, "-e", f"trace={RENAMES},fsync,fdatasync,write,writev,sendto,sendmsg"):
        assert say(world, "POST", f"{PLACE}/state", state(1)).status == 200
    lines = pathlib.Path(out).read_text(encoding="utf-8", errors="replace").splitlines()

    def first(pattern, behind=-1):
        found = [at for at, line in enumerate(lines) if at > behind and re.search(pattern, line)]
        assert found, (pattern, lines)
        return found[0]

    written = first(r"fsync\(\d+<[^>]*\.part>")
    named = first(r"rename\w*\(.*\.part.*\.tfstate", written)
    kept = first(r"fsync\(\d+<[^>]*/iac/network/prod>", named)
    row = first(r"f(data)?sync\(\d+<[^>]*journal\.db-wal>", kept)
    answered = first(r"HTTP/1\.1 200")
    assert written < named < kept < row < answered, lines


def test_a_sync_that_fails_is_no_answer(world):
    world.start_daemon()
    assert say(world, "POST", f"{PLACE}/state", state(1)).status == 200
    with traced(world, "-o", "/dev/null", "-e", "trace=fsync", "-e", "inject=fsync:error=EIO"):
        assert say(world, "POST", f"{PLACE}/state", state(2)).status == 507
    assert shown(world)["versions"] == 1 and parts(world) == []
    assert say(world, "GET", f"{PLACE}/state").body == state(1)
    assert say(world, "POST", f"{PLACE}/state", state(2)).status == 200
    assert say(world, "GET", f"{PLACE}/state").body == state(2)


def test_what_a_kill_leaves_stands_in_nobodys_way(world):
    """A file that is half there, and a whole one that no row names: what a kill before the name, and one before the row, leave."""
    world.start_daemon()
    assert say(world, "POST", f"{PLACE}/state", state(1)).status == 200
    folder = pathlib.Path(world.path("data", "iac", "network", "prod"))
    (folder / "0123456789abcdef.part").write_bytes(state(2)[:20])
    (folder / f"{hashlib.sha256(state(2)).hexdigest()}.tfstate").write_bytes(state(2)[:-1] + b" ")
    restart(world)
    assert parts(world) == []
    assert say(world, "GET", f"{PLACE}/state").body == state(1)
    assert say(world, "POST", f"{PLACE}/state", state(2)).status == 200
    assert say(world, "GET", f"{PLACE}/state").body == state(2)
    assert shown(world)["versions"] == 2
