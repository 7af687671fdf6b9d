# test_package.py - the Debian package: what is in it, what lintian says, what its scripts do at each turn of its life, its units.
# SPDX-License-Identifier: MIT
import contextlib
import glob
import gzip
import os
import pty
import re
import select
import subprocess
import time

import pytest

from support import package as packages
from support.package import run

UNITS = ("verdictd.service", "verdict-runner.service")
MANUALS = {"verdict.1": "man1", "verdictd.conf.5": "man5", "verdictd.8": "man8", "verdict-runner.8": "man8", "verdict-iac.8": "man8",
           "verdict-configure.8": "man8"}
EXPOSURE_MAX = 1.5


@pytest.fixture(scope="module", name="deb")
def packed(tmp_path_factory):
    return packages.pack(str(tmp_path_factory.mktemp("package")))


@pytest.fixture(scope="module", name="unpacked")
def unpacked_files(deb, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("unpacked"))
    run("dpkg-deb", "--extract", deb, folder)
    return folder


@pytest.fixture(name="root")
def empty_root(tmp_path):
    return packages.Root(str(tmp_path))


def test_contents(deb):
    entries = packages.contents(deb)
    for name in packages.PROGRAMS:
        assert entries[f"/usr/bin/{name}"].mode == "-rwxr-xr-x"
    wanted = [f"/usr/lib/systemd/system/{unit}" for unit in UNITS] + [f"/usr/share/man/{folder}/{page}.gz" for page, folder in MANUALS.items()]
    wanted += ["/usr/lib/sysusers.d/verdictd.conf", "/usr/lib/tmpfiles.d/verdictd.conf", "/usr/share/bash-completion/completions/verdict",
               "/usr/share/zsh/vendor-completions/_verdict", "/usr/share/doc/verdictd/copyright", "/usr/share/doc/verdictd/changelog.gz",
               "/usr/share/doc/verdictd/README.md", "/etc/verdictd/verdictd.conf", "/etc/verdictd/runner.conf"]
    wanted += [f"/usr/share/verdictd/{name}" for name in glob.glob("rules/*.rules", root_dir=packages.PROJECT)]
    assert len(wanted) > 30
    for path in wanted:
        assert entries[path].mode == "-rw-r--r--", path
    assert entries["/etc/verdictd/rules.d"].mode == "drwxr-xr-x"
    assert not [path for path in entries if path.startswith("/etc/verdictd/rules.d/")]
    scripts = {path for path, entry in entries.items() if entry.mode.startswith("-rwx")} - {f"/usr/bin/{name}" for name in packages.PROGRAMS}
    assert scripts == {f"/usr/share/doc/verdictd/examples/{name}" for name in ("ci/deploy-with-curl", "ci/deploy-with-mqtt", "levers/elsewhere", "levers/split",
                                                                              "release/publish-artifact", "release/record-release", "release/tag-release")}
    for path, entry in entries.items():
        assert entry.owner == "root/root" and entry.mode in ("drwxr-xr-x", "-rwxr-xr-x", "-rw-r--r--"), (path, entry)
        assert path == "/" or path.startswith(("/etc", "/usr")), path


def test_control(deb, unpacked):
    said = packages.fields(deb)
    version = run(os.path.join(unpacked, "usr/bin/verdictd"), "--version").split()[1]
    assert said["Package"] == "verdictd" and said["Version"] == version
    depends = said["Depends"].split(", ")
    for library in ("libc6", "libconfig9", "libcjson1", "libmicrohttpd12", "libmosquitto1", "librrd8", "libsqlite3-0", "libssl3", "libsystemd0", "libuv1"):
        assert [name for name in depends if re.match(rf"{re.escape(library)}\b", name)], (library, depends)
    assert "systemd | systemd-standalone-sysusers" in depends
    assert run("dpkg-deb", "--info", deb, "conffiles").splitlines() == ["/etc/verdictd/runner.conf", "/etc/verdictd/verdictd.conf"]
    with gzip.open(os.path.join(unpacked, "usr/share/doc/verdictd/changelog.gz"), "rt") as file:
        assert file.readline().startswith(f"verdictd ({version}) ")
    for script in ("preinst", "postinst", "prerm", "postrm"):
        run("sh", "-n", "-c", run("dpkg-deb", "--info", deb, script))


def test_lintian(deb):
    said = run("lintian", "--fail-on", "error,warning", "--allow-root", deb)
    assert not said.strip(), said


def test_settings_are_good(unpacked, tmp_path):
    settings = tmp_path / "verdictd.conf"
    with open(os.path.join(unpacked, "etc/verdictd/verdictd.conf"), encoding="utf-8") as file:
        settings.write_text(file.read().replace('"/etc/', f'"{unpacked}/etc/'))
    run(os.path.join(unpacked, "usr/bin/verdictd"), "--config", settings, "--check")
    run(os.path.join(unpacked, "usr/bin/verdict"), "check", os.path.join(unpacked, "usr/share/verdictd/rules"))
    recordings = glob.glob(os.path.join(unpacked, "usr/share/verdictd/rules/recordings/*.json"))
    run(os.path.join(unpacked, "usr/bin/verdict"), "test", *recordings)


def test_settings_start(unpacked, world):
    """As they are shipped the daemon is ready with them, though nothing that they name is there yet."""
    with open(os.path.join(unpacked, "etc/verdictd/verdictd.conf"), encoding="utf-8") as file:
        text = file.read()
    for shipped, ours in {"/var/lib/verdictd": world.path("data"), "/etc/verdictd/rules.d": world.path("rules.d"), "/run/verdictd/verdictd.sock": world.socket,
                          "127.0.0.1:8321": f"127.0.0.1:{world.api_port}", "/run/verdict-runner/runner.sock": world.runner_socket}.items():
        assert f'"{shipped}"' in text
        text = text.replace(f'"{shipped}"', f'"{ours}"')
    world.program = lambda name: os.path.join(unpacked, "usr/bin", name)
    world.start_daemon(text=text)
    assert world.verdict("ls").returncode == 0


@pytest.mark.parametrize("page", MANUALS)
def test_manual(unpacked, page):
    file = os.path.join(unpacked, "usr/share/man", MANUALS[page], f"{page}.gz")
    assert not run("mandoc", "-T", "lint", "-W", "warning", file)
    name = page.rpartition(".")[0]
    said = run("mandoc", "-T", "ascii", file)
    said = re.sub(".\b", "", said)
    assert said.startswith(f"{name.upper()}({page[-1]})") and re.search(rf"NAME\n +{name} - ", said), said[:200]
    for option in {"verdictd.8": ("--check", "--log-level debug|info|warn|error"), "verdict-runner.8": ("--socket PATH",), "verdict-iac.8": ("plan-destroy", "IAC_WORK"), "verdict-configure.8": ("CONFIGURE_KEEP",), "verdict.1": ("--on-cancel leave|abort",),
                   "verdictd.conf.5": ('mode = "act"|"record"', "pagerduty: { NAME: { ... }; };", "fleet =", "GATES")}[page]:
        assert option in said, option


# What is typed, and what may stand there.
VALUES = {"verdict wait --on-cancel a": {"abort"}, "verdict token cr": {"create"}, "verdict token l": {"ls"}, "verdict completion z": {"zsh"}, "verdict iac des": {"destroy"},
          "verdict iac a": {"apply", "approve"}, "verdict audit v": {"verify"}, "verdict --json --quiet sta": {"start", "status"}, "verdict --js": {"--json"}, "verdict ls --pl": {"--plain"},
          "verdict start --on-cancel l": {"leave"}, "verdict quarantine cl": {"clear"}}


def test_completion_of_bash(unpacked):
    file = os.path.join(unpacked, "usr/share/bash-completion/completions/verdict")
    ask = f'. {file}; COMP_WORDS=($1); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _verdict; echo "${{COMPREPLY[@]}}"'
    assert run("bash", "-c", ask, "bash", "verdict sta").split() == ["start", "status"]
    assert run("bash", "-c", ask, "bash", "verdict wait --on").split() == ["--on-cancel"]
    for typed_so_far, wanted in VALUES.items():
        assert set(run("bash", "-c", ask, "bash", typed_so_far).split()) == wanted, typed_so_far


def typed(argv, text, until, seconds=20):
    """Types into a program on a terminal of its own until that appears; everything that it showed."""
    child, master = pty.fork()
    if child == 0:
        os.environ.update({"TERM": "dumb", "PS1": "first> "})
        os.execvp(argv[0], argv)
    shown, end, texts = b"", time.monotonic() + seconds, list(text)
    with contextlib.suppress(OSError):
        while until.encode() not in shown and time.monotonic() < end:
            if texts and texts[0][0].encode() in shown:
                os.write(master, texts.pop(0)[1].encode())
            if select.select([master], [], [], 0.1)[0]:
                shown += os.read(master, 4096)
    os.close(master)
    os.waitpid(child, 0)
    return shown.decode(errors="replace")


def test_completion_of_zsh(unpacked):
    """As the file that it is, in the function path: also the first time, when zsh only now loads it."""
    folder = os.path.join(unpacked, "usr/share/zsh/vendor-completions")
    begin = f"fpath=({folder} $fpath); autoload -U compinit; compinit -u -D; PS1='ready''> '\n"
    shown = typed(["zsh", "-f", "-i"], [("first> ", begin), ("ready> ", "verdict wait --on-can\t")], "--on-cancel ")
    assert "--on-cancel " in shown, shown
    shown = typed(["zsh", "-f", "-i"], [("first> ", begin), ("ready> ", "verdict --json wait --on-cancel ab\t")], "ort ")
    assert "--on-cancel abort " in shown.replace("\a", ""), shown


def test_units(unpacked, tmp_path, capsys):
    for unit in UNITS:
        text = open(os.path.join(unpacked, "usr/lib/systemd/system", unit), encoding="utf-8").read()
        program = re.search(r"^ExecStart=(\S+)", text, re.M)[1]
        assert os.access(unpacked + program, os.X_OK)
        (tmp_path / unit).write_text(text.replace(program, unpacked + program))
        assert re.search(r"^Documentation=man:(\S+)\((\d)\)$", text, re.M).expand(r"\1.\2") in MANUALS
    assert not run("systemd-analyze", "verify", "--man=no", *(tmp_path / unit for unit in UNITS))
    exposure = {}
    for unit in UNITS:
        said = run("systemd-analyze", "security", "--offline=true", "--no-pager", tmp_path / unit)
        exposure[unit] = float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)[1])
    with capsys.disabled():
        print(f"exposure of 10: {exposure}")
    assert exposure["verdictd.service"] <= EXPOSURE_MAX, exposure


def test_scripts_at_each_turn(root, deb, tmp_path_factory):
    later = packages.pack(str(tmp_path_factory.mktemp("later")), "9.0.0")
    root.dpkg("--install", deb)
    assert root.told() == ["--system daemon-reload", "--quiet --system start verdict-runner.service verdictd.service"]
    assert re.search(r"^verdictd:x:\d+:\d+:", root.read("etc/passwd"), re.M)
    for folder, mode in {"etc/verdictd": 0o750, "etc/verdictd/rules.d": 0o750, "var/lib/verdictd": 0o700, "run/verdictd": 0o750, "var/lib/verdict-runner": 0o700}.items():
        assert os.stat(root.path(folder)).st_mode & 0o7777 == mode, folder

    os.chmod(root.path("var/lib/verdict-runner"), 0o770)

    # The same again, and a newer one: what the administrator wrote stays, verdictd alone starts anew.
    with open(root.path("etc/verdictd/verdictd.conf"), "a", encoding="utf-8") as file:
        file.write("# mine\n")
    for package in (deb, later):
        root.dpkg("--install", package)
        assert root.told() == ["--system daemon-reload", "try-restart verdictd.service", "try-reload-or-restart verdict-runner.service"]
    assert root.read("etc/verdictd/verdictd.conf").endswith("# mine\n")
    assert os.stat(root.path("var/lib/verdict-runner")).st_mode & 0o7777 == 0o770, "a drop-in may have given it to another user"
    assert "Version: 9.0.0" in root.read("var/lib/dpkg/status")
    root.dpkg("--configure", "--pending")
    assert root.told() == []

    # Removed, and there once more: both are stopped, and started.
    root.dpkg("--remove", "verdictd")
    assert root.told() == ["stop verdictd.service verdict-runner.service", "--system daemon-reload"]
    assert os.path.exists(root.path("etc/verdictd/verdictd.conf")) and not os.path.exists(root.path("usr/bin/verdictd"))
    root.dpkg("--install", deb)
    assert root.told()[1:] == ["--quiet --system start verdict-runner.service verdictd.service"]

    # Purged: nothing of the package is left in /etc; the journal and an administrator's rules are.
    with open(root.path("etc/verdictd/rules.d/mine.rules"), "x", encoding="utf-8") as file:
        file.write("metrics: { };\n")
    with open(root.path("var/lib/verdictd/journal.db"), "x", encoding="utf-8"):
        pass
    said = root.dpkg("--purge", "verdictd")
    assert "/var/lib/verdictd is kept" in said and "/etc/verdictd/rules.d has files of yours" in said and "verdict-runner is kept" not in said
    assert os.listdir(root.path("etc/verdictd")) == ["rules.d"] and os.listdir(root.path("etc/verdictd/rules.d")) == ["mine.rules"]
    assert os.path.exists(root.path("var/lib/verdictd/journal.db")) and not os.path.exists(root.path("var/lib/verdict-runner"))


def test_purge_leaves_nothing_in_etc(root, deb):
    root.dpkg("--install", deb)
    root.dpkg("--purge", "verdictd")
    assert not os.path.exists(root.path("etc/verdictd"))


def test_where_systemd_does_not_run(root, deb):
    root.stop_systemd()
    root.dpkg("--install", deb)
    root.dpkg("--install", deb)
    root.dpkg("--remove", "verdictd")
    assert root.told() == []


def test_policy_is_asked(root, deb):
    """policy-rc.d, as in images that are built: nothing is started then."""
    policy = root.path("usr/sbin/policy-rc.d")
    os.makedirs(os.path.dirname(policy))
    with open(policy, "x", encoding="utf-8") as file:
        file.write("#!/bin/sh\nexit 101\n")
    os.chmod(policy, 0o755)
    root.dpkg("--install", deb)
    assert root.told() == ["--system daemon-reload"]


def test_contrib_package_says_how():
    script = os.path.join(packages.PROJECT, "contrib/package")
    assert subprocess.run([script, "--nonsense"], capture_output=True, check=False).returncode == 2
    assert run(script, "--help").startswith("usage: contrib/package ")
