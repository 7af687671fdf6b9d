# test_configure_tool.py - verdict-configure by itself: files written whole and put back as they were, whenever it is killed.
# SPDX-License-Identifier: MIT
import fcntl
import hashlib
import os
import re
import stat
import subprocess

import pytest

from world import find

TEMPLATE = 'port={{port:port}}\nname={{name:string}}\n'
RENDERED = "port=8080\nname=blue one\n"

# System calls of which every occurrence is a point: those that change files, or make what was changed durable.
CALLS = ("write", "fsync", "rename", "renameat", "renameat2", "unlinkat", "openat", "mkdirat", "fchmod", "fchown", "flock")


class Files:
    """A place, a template, and a folder of what was there before."""

    def __init__(self, world, template=TEMPLATE):
        self.world, self.program = world, world.program("verdict-configure")
        self.template = world.write("app.conf.in", template)
        self.place, self.kept = world.path("etc", "app.conf"), world.path("kept")
        os.makedirs(world.path("etc"), exist_ok=True)

    def environment(self, key, **values):
        values = {"port": "8080", "name": "blue one", **values}
        shown = {name: text for name, text in values.items() if name.isupper()}
        return {"PATH": os.environ["PATH"], "VERDICT_DEPLOYMENT": key, "CONFIGURE_KEEP": self.kept, **shown,
                **{f"VERDICT_FILE_1_{name.upper()}": text for name, text in values.items() if not name.isupper()}}

    def run(self, *words, key="dep_1", tracer=(), **values):
        """(status, what it said)"""
        done = subprocess.run([*tracer, self.program, *words], env=self.environment(key, **values), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=60, check=False)
        return done.returncode, done.stdout

    def apply(self, *options, **more):
        return self.run("apply", self.place, self.template, *options, **more)

    def restore(self, **more):
        return self.run("restore", self.place, **more)

    def put(self, text, mode=0o640):
        with open(self.place, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.place, mode)

    def seen(self):
        """What stands there, and its mode; None: nothing."""
        if not os.path.exists(self.place):
            return None
        with open(self.place, encoding="utf-8") as file:
            return file.read(), stat.S_IMODE(os.stat(self.place).st_mode)

    def forget(self):
        subprocess.run(["rm", "-rf", self.kept, os.path.dirname(self.place)], check=True)
        os.makedirs(os.path.dirname(self.place))


def test_written_and_put_back(world):
    files = Files(world)
    assert files.apply() == (0, f"{files.place}: written\n")
    assert files.seen() == (RENDERED, 0o644)
    assert files.apply() == (0, f"{files.place}: is as it shall be\n")
    assert files.apply("mode=0600", key="dep_2", port="1")[0] == 0
    assert files.seen() == ("port=1\nname=blue one\n", 0o600)
    assert files.restore(key="dep_2") == (0, f"{files.place}: is as it was before\n")
    assert files.seen() == (RENDERED, 0o644)
    assert files.restore(key="dep_2")[0] == 0 and files.seen() == (RENDERED, 0o644)
    assert files.restore() == (0, f"{files.place}: is gone, as it was before\n")
    assert files.seen() is None and files.restore()[0] == 0
    assert files.restore(key="dep_9") == (0, f"{files.place}: was not written by this deployment\n")
    assert os.listdir(os.path.dirname(files.place)) == []
    for folder, folders, names in os.walk(files.kept):
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
        assert {stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode) for name in names} <= {0o600}, folders


def test_what_was_there_first(world):
    """Bytes, mode and owner of a file that was never ours."""
    files = Files(world)
    files.put("by hand\n", 0o604)
    os.chown(files.place, 1234, 4321) if os.geteuid() == 0 else None
    owner = os.stat(files.place).st_uid
    status, said = files.apply()
    assert status == 0 and "was there already; it is kept" in said, said
    assert files.seen() == (RENDERED, 0o604) and os.stat(files.place).st_uid == owner
    assert files.apply("mode=0640", key="dep_2")[0] == 0
    assert files.restore(key="dep_2")[0] == 0 and files.restore()[0] == 0
    assert files.seen() == ("by hand\n", 0o604) and os.stat(files.place).st_uid == owner


def test_changed_by_hand(world):
    files = Files(world)
    assert files.apply()[0] == 0
    files.put("by hand\n")
    status, said = files.apply(key="dep_2", port="2")
    assert status == 3 and "somebody changed it since it was written here" in said, said
    assert files.seen() == ("by hand\n", 0o640)
    assert files.apply(port="3")[0] == 3, "nor by the deployment that wrote it"
    assert files.apply("overwrite", key="dep_2", port="2")[0] == 0
    assert files.restore(key="dep_2")[0] == 0
    assert files.seen() == ("by hand\n", 0o640)
    assert files.apply("overwrite", key="dep_3", port="3")[0] == 0
    files.put("once more\n")
    status, said = files.restore(key="dep_3")
    assert status == 0 and "somebody changed it; the change is kept" in said, said
    assert files.seen() == ("by hand\n", 0o640)
    found = [os.path.join(folder, "dep_3.found") for folder, _folders, names in os.walk(files.kept) if "dep_3.found" in names]
    with open(found[0], encoding="utf-8") as file:
        assert file.read() == "once more\n"


def test_ids_that_come_again(world):
    """The journal began anew, and so did the ids of deployments: what an earlier one kept is not taken for this one's."""
    files = Files(world)
    for key, port in (("dep_1", "1"), ("dep_2", "2"), ("dep_1", "3")):
        assert files.apply(key=key, port=port)[0] == 0
    assert files.seen()[0].startswith("port=3\n")
    assert files.restore(key="dep_1")[0] == 0 and files.seen()[0].startswith("port=2\n")


def test_a_check_comes_first(world):
    files = Files(world)
    check = world.write("check", '#!/bin/sh\necho "$2 $DB_PASSWORD"\ngrep -q port=8 "$2" && ! [ -e ' + files.place + " ]\n", 0o700)
    status, said = files.apply("mode=0600", "check", check, "-f", "%s", DB_PASSWORD="geheim")
    assert status == 0 and said.startswith(f"{os.path.dirname(files.place)}/.app.conf.verdict-new \n"), said
    before = files.seen()
    status, said = files.apply("check", check, "-f", "%s", key="dep_2", port="9")
    assert status == 1 and f"check by {check}: it ended with status 1" in said, said
    assert files.seen() == before and os.listdir(os.path.dirname(files.place)) == ["app.conf"]
    assert files.restore(key="dep_2")[0] == 0 and files.seen() == before
    os.chmod(check, 0o777)
    status, said = files.apply("check", check, "%s", key="dep_3", port="8")
    assert status == 1 and "may be written by others" in said, said


def test_secrets_are_private(world):
    files = Files(world, "password={{db_password:secret}}\n")
    status, said = files.apply(DB_PASSWORD="hush hush")
    assert status == 0 and "hush" not in said
    assert files.seen() == ("password=hush hush\n", 0o600)
    status, said = files.apply(key="dep_2", DB_PASSWORD="hush\nport=1")
    assert (status, "hush" in said) == (1, False) and "db_password: is not a secret without control characters" in said, said
    assert files.apply(key="dep_2")[1].endswith("db_password: has no value\n")


def test_several_or_none(world):
    files = Files(world)
    other, second = world.path("etc", "second.json"), world.write("second.json.in", '{ "name": {{name:string}} }')
    both = ("apply", files.place, files.template, "--", other, second, "kind=json")
    assert files.run(*both, VERDICT_FILE_2_NAME='"x"')[0] == 0
    with open(other, encoding="utf-8") as file:
        assert file.read() == '{ "name": "\\"x\\"" }'
    status, said = files.run(*both, key="dep_2", port="1", VERDICT_FILE_2_NAME="a\nb")
    assert status == 1 and f"{second}: name: 'a\nb' is not a text without control characters" in said, said
    assert files.seen() == (RENDERED, 0o644), "neither was written"
    assert files.run("restore", files.place, other)[0] == 0
    assert os.listdir(world.path("etc")) == []


def test_refusals(world):
    files = Files(world)
    digest = hashlib.sha256(TEMPLATE.encode()).hexdigest()
    assert files.apply(f"sha256={digest}")[0] == 0
    status, said = files.apply(f"sha256={digest[::-1]}")
    assert status == 1 and "the template changed since the rule files were read" in said, said
    status, said = files.apply(port="70000")
    assert status == 1 and "port: '70000' is not a whole number from 1 to 65535" in said, said
    world.write("app.conf.in", "port={{port:prot}}\n")
    assert files.apply()[1].endswith(f"{files.template}:1:6: no type is called 'prot'; did you mean 'port'?\n")
    for words in ((), ("apply",), ("apply", files.place), ("apply", "etc/x", files.template), ("restore", "/a/../b"), ("restore", "/a", "/a"), ("mend", "/a"), ("restore", *(f"/{number}" for number in range(9))),
                  ("apply", "/a", files.template, "mode=640"), ("apply", "/a", files.template, "kind=xml"), ("apply", "/a", files.template, "loud")):
        assert files.run(*words)[0] == 2, words
    os.unlink(files.place)
    os.symlink("/etc/passwd", files.place)
    status, said = files.apply()
    assert status == 1 and "a symbolic link; name the file that it leads to" in said, said
    os.unlink(files.place)
    assert files.run("apply", world.path("none", "app.conf"), files.template)[0] == 1
    os.chmod(files.kept, 0o755)
    status, said = files.apply()
    assert status == 1 and "must belong to us, and to nobody else" in said, said
    assert "apply PLACE TEMPLATE" in files.run("--help")[1]


def _points(files, *words, **more):
    """Every (call, occurrence) of one run."""
    traced = files.world.path("traced")
    assert files.run(*words, tracer=[find("strace"), "-qq", "-o", traced, "-e", "trace=" + ",".join(CALLS)], **more)[0] == 0
    counts = {}
    with open(traced, encoding="utf-8", errors="replace") as file:
        for line in file:
            call = re.match(r"([a-z0-9]+)\(", line)
            if call:
                counts[call[1]] = counts.get(call[1], 0) + 1
    return [(call, when) for call, count in counts.items() for when in range(1, count + 1)]


def _kill(files, point, *words, **more):
    call, when = point
    tracer = [find("strace"), "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={when}"]
    return files.run(*words, tracer=tracer, **more)[0]


@pytest.mark.parametrize("was_there", [True, False])
def test_killed_at_every_call(world, was_there):
    """Old or new, never half; again makes it whole; and the way back, killed as often, ends where it began."""
    files = Files(world)
    old = ("by hand\n", 0o640) if was_there else None
    new = (RENDERED, 0o640 if was_there else 0o644)

    def begin():
        files.forget()
        if was_there:
            files.put(*old)

    begin()
    forward = _points(files, "apply", files.place, files.template)
    back = _points(files, "restore", files.place)
    assert len(forward) > 20 and len(back) > 10, (forward, back)
    for point in forward:
        begin()
        assert _kill(files, point, "apply", files.place, files.template) != 0, point
        assert files.seen() in (old, new), point
        if point[1] % 2 == 0:  # the way back may be what comes next, too
            assert files.apply()[0] == 0 and files.seen() == new, point
        assert files.restore()[0] == 0 and files.seen() == old, point
        assert not [name for name in os.listdir(world.path("etc")) if name.startswith(".")], point
    for point in back:
        begin()
        assert files.apply()[0] == 0
        assert _kill(files, point, "restore", files.place) != 0, point
        assert files.seen() in (old, new), point
        assert files.restore()[0] == 0 and files.seen() == old, point
        assert files.apply(key="dep_2", port="7")[0] == 0, "and nobody changed it by hand"


def test_old_ones_are_forgotten(world):
    files = Files(world)
    for number in range(20):
        assert files.apply(key=f"dep_{number}", port=str(number + 1))[0] == 0
    names = [name for _folder, _folders, names in os.walk(files.kept) for name in names if name.endswith(".record")]
    assert len(names) == 16 and "dep_19.record" in names and "dep_3.record" not in names, names
    assert files.restore(key="dep_19")[0] == 0 and files.seen()[0].startswith("port=19\n")


def test_who_comes_second_waits(world):
    """While somebody else holds the file, nothing happens to it."""
    files = Files(world)
    assert files.apply()[0] == 0
    folder = os.path.join(files.kept, os.listdir(files.kept)[0])
    with open(os.path.join(folder, "lock"), "r+", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = subprocess.Popen([files.program, "apply", files.place, files.template], env=files.environment("dep_2", port="2"), stdout=subprocess.PIPE, text=True)
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(0.5)
        assert files.seen() == (RENDERED, 0o644)
        fcntl.flock(lock, fcntl.LOCK_UN)
    assert second.wait(20) == 0 and files.seen()[0].startswith("port=2\n")
