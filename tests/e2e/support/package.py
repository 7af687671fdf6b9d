# package.py - the Debian package of the build: packed, looked into, unpacked, and installed below a folder as dpkg does it.
# SPDX-License-Identifier: MIT
import collections
import os
import shutil
import subprocess

from world import PROJECT

Entry = collections.namedtuple("Entry", "mode owner path target")

PROGRAMS = ("verdictd", "verdict", "verdict-runner", "verdict-iac", "verdict-configure")


def run(*argv, **more):
    """A program that must succeed; what it said."""
    done = subprocess.run([str(word) for word in argv], text=True, capture_output=True, timeout=120, check=False, **more)
    assert done.returncode == 0, f"{argv}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def pack(folder, version=None):
    """The build as a package in `folder`, as it is shipped; of another version it is not compressed. Its path."""
    build = os.path.abspath(os.environ.get("BUILD_DIR") or os.path.join(PROJECT, "build"))
    folder = os.path.join(folder, version or "this")
    run("cpack", "-G", "DEB", "-B", folder, "--config", os.path.join(build, "CPackConfig.cmake"), *(["-R", version, "-D", "CPACK_DEBIAN_COMPRESSION_TYPE=none"] if version else []), cwd=build)
    name, = (name for name in os.listdir(folder) if name.endswith(".deb"))
    return os.path.join(folder, name)


def fields(package):
    """Its control file: {field: value}."""
    rows = run("dpkg-deb", "--field", package).splitlines()
    return dict(row.split(": ", 1) for row in rows if ": " in row and not row.startswith(" "))


def contents(package):
    """{path: Entry} of all that is in it."""
    entries = {}
    for row in run("dpkg-deb", "--contents", package).splitlines():
        mode, owner, _size, _day, _time, path = row.split(maxsplit=5)
        path, _arrow, target = path.partition(" -> ")
        entries[path.removeprefix(".").rstrip("/") or "/"] = Entry(mode, owner, path, target)
    return entries


class Root:
    """A folder that is the root of a system of its own, on which systemd seems to run: what its scripts tell systemd is in `told`."""

    def __init__(self, folder):
        self.folder, self.log = folder, os.path.join(folder, "systemctl.log")
        for name in ("var/lib/dpkg/info", "var/lib/dpkg/updates", "run/systemd/system", "etc", "tools"):
            os.makedirs(os.path.join(folder, name))
        for name in ("status", "available"):
            open(os.path.join(folder, "var/lib/dpkg", name), "x", encoding="utf-8").close()
        script = os.path.join(folder, "tools/systemctl")
        with open(script, "x", encoding="utf-8") as file:
            file.write(f'#!/bin/sh\necho "$*" >>{self.log}\ncase "$*" in *is-enabled*) echo enabled ;; esac\n')
        os.chmod(script, 0o755)

    def path(self, name):
        return os.path.join(self.folder, name.lstrip("/"))

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def dpkg(self, *arguments):
        """dpkg on this root; its maintainer scripts run outside of it and are told where it is (DPKG_ROOT)."""
        path = f"{self.path('tools')}:/usr/sbin:/usr/bin:/sbin:/bin"
        more = [] if os.geteuid() == 0 else ["--force-not-root"]
        return run("dpkg", f"--root={self.folder}", f"--log={self.path('dpkg.log')}", "--force-script-chrootless", "--force-depends", "--force-confold", *more,
                   *arguments, env={**os.environ, "PATH": path, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"})

    def told(self):
        """What systemctl was told since it was last asked, but for questions."""
        if not os.path.exists(self.log):
            return []
        with open(self.log, encoding="utf-8") as file:
            lines = file.read().splitlines()
        os.unlink(self.log)
        return [line for line in lines if "is-enabled" not in line and "is-active" not in line]

    def stop_systemd(self):
        shutil.rmtree(self.path("run/systemd"))
