# test_cli.py - verdict against the real daemon: exit codes, waiting, rights, and what it prints.
# SPDX-License-Identifier: MIT
import html.parser
import json
import os
import pty
import re
import select
import signal
import sqlite3
import subprocess
import time

import pytest

from support import wait_until
from support.screen import Watched

import world_config  # support has put its folder into the path

RULES = """
metrics: {
  error_rate: { source = "prometheus:main";  kind = "counter";  every = "1s";  better = "lower";
    events = "sum by (instance) (http_requests_total{service='{{service}}',slot='{{slot}}',version='{{version}}',code=~'5..'})";
    total  = "sum by (instance) (http_requests_total{service='{{service}}',slot='{{slot}}',version='{{version}}'})"; };
};
triggers: { errors: { when = "error_rate > 5% for 2s";  need = "20 requests";  then = "rollback"; }; };
strategies: {
  slow: { kind = "canary";
    steps = ( { command = "deploy"; }, { route = "5%";  observe = "10m";  at_most = "30m"; }, { route = "100%"; watch = "10m"; } );
    after: { retire = "stable";  delay = "5m"; }; };
  asked: { kind = "canary";
    steps = ( { approve = "sre";  timeout = "1h"; }, { command = "deploy"; }, { route = "5%";  observe = "10m";  at_most = "30m"; },
              { route = "100%"; watch = "10m"; } ); };
};
"""

PLACE = """
services: {{ shop: {{ rules: {{ triggers = [ "errors" ]; }};
  environments: {{ prod: {{ strategy = "slow";  traffic = "haproxy:edge";  backend = "shop";
    slots: {{ blue: {{ servers = [ "blue" ];  address = "127.0.0.1:{blue}"; }};  green: {{ servers = [ "green" ];  address = "127.0.0.1:{green}"; }}; }};
    commands: {{ deploy: {{ exec = [ "{commands}/deploy", "{state}" ];  timeout = "20s";  repeat = "idempotent"; }};
                retire: {{ exec = [ "{commands}/retire", "{state}" ];  timeout = "20s";  repeat = "idempotent"; }}; }}; }}; }}; }}; }};
"""


@pytest.fixture(scope="module", name="place")
def make_place(shared_world):
    world = shared_world
    world.start_broker()
    world.start_haproxy()
    assert world.deploy("blue", "1.0.0").returncode == 0
    world.wait_backends("blue")
    world.start_runner()
    place = PLACE.format(blue=world.slots["blue"], green=world.slots["green"], commands=world.commands, state=world.state)
    text = world_config.verdictd_text(world)
    text = text[: text.index("people:")] + 'people: { sre = [ "alice", "bob" ]; };\n' + text[text.index("runner:") :]
    world.start_daemon(text=text, rules={"shop.rules": RULES, "place.rules": place})
    adopted = world.verdict("adopt", "shop/prod", "--slot", "blue", "--version", "1.0.0", "--reason", "it serves")
    assert adopted.returncode == 0, adopted.stderr
    return world


@pytest.fixture(autouse=True)
def nothing_is_left(place):
    yield
    if place.api("GET", "/v1/deployments?state=active").json["deployments"]:
        place.verdict("abort", "shop/prod")
        place.verdict("wait", "shop/prod", "--timeout", "30s")


def start(world, version, *more):
    started = world.verdict("start", "shop/prod", "--version", version, *more)
    assert started.returncode == 0, started.stderr
    return started.stdout.strip()


def state(world, ident):
    return world.api("GET", f"/v1/deployments/{ident}").json


def wait_observing(world, ident):
    wait_until(lambda: state(world, ident)["step_state"] == "observing", 20, f"{ident} observes")


def popen(world, *arguments, **more):
    return subprocess.Popen([world.program("verdict"), *arguments], env=world.verdict_environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)


def test_hold_resume_abort_and_their_exit_codes(place):
    ident = start(place, "2.0.0", "--reason", "first")
    assert re.fullmatch(r"dep_\d+", ident)
    wait_observing(place, ident)
    assert start(place, "2.0.0") == ident, "the same version attaches"
    other = place.verdict("start", "shop/prod", "--version", "9.9.9")
    assert other.returncode == 2 and "under way" in other.stderr
    assert place.verdict("wait", ident, "--timeout", "1s").returncode == 124
    assert place.verdict("promote", ident).returncode == 2, "no pass verdict yet"
    assert place.verdict("hold", ident, "--reason", "let me look").returncode == 0
    assert place.verdict("hold", ident).returncode == 0, "twice is as once"
    held = place.verdict("wait", ident, "--exit-when-held")
    assert held.returncode == 5 and "held at 5 %" in held.stdout
    assert place.verdict("wait", ident, "--timeout", "1s").returncode == 5
    tree = place.verdict("get", ident)
    assert "shop/prod 2.0.0  in place of 1.0.0" in tree.stdout and "held" in tree.stdout and "error_rate > 5% for 2s" in tree.stdout
    assert "\033" not in tree.stdout
    assert place.verdict("resume", ident).returncode == 0
    status = place.verdict("status")
    assert re.search(r"shop/prod\s+1\.0\.0\n\s+" + ident, status.stdout), status.stdout
    waiting = popen(place, "wait", ident)
    assert place.verdict("abort", ident, "--reason", "no").returncode == 0
    out, _ = waiting.communicate(timeout=30)
    assert waiting.returncode == 3 and "a person stopped it; 1.0.0 serves" in out
    again = place.verdict("resume", ident)
    assert again.returncode == 2 and "rolled_back; possible now" in again.stderr
    report = place.verdict("report", ident).stdout
    assert "held: person" in report and "let me look" in report and "traffic confirmed at 5 %" in report
    check_page(place, ident)
    assert json.loads(place.verdict("explain", ident, "--json").stdout)["deployment"]["exit_code"] == 3
    assert ident in place.verdict("ls", "--state", "rolled_back", "-n", "5").stdout


class Page(html.parser.HTMLParser):
    """Is every element closed, and does none of them lead elsewhere?"""

    VOID = ("meta",)

    def __init__(self):
        super().__init__()
        self.open, self.names, self.attributes = [], set(), set()

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.attributes.update(name for name, _ in attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def check_page(place, ident):
    path = place.path("page.html")
    assert place.verdict("report", ident, "--html", "-o", path).returncode == 0
    with open(path, encoding="utf-8") as file:
        text = file.read()
    page = Page()
    page.feed(text)
    page.close()
    assert not page.open and not page.names & {"script", "img", "link", "a", "iframe", "object", "svg"}, page.names
    assert not page.attributes & {"href", "src", "style", "onload", "action"}, page.attributes
    assert "let me look" in text and "error_rate &gt; 5% for 2s" in text and "a person stopped it; 1.0.0 serves" in text
    assert place.verdict("report", ident, "--html").stdout == text
    refused = place.verdict("report", ident, "--html", "--json")
    assert refused.returncode == 2 and "two answers" in refused.stderr
    assert place.verdict("report", ident, "--html", "-o", place.path("no", "such", "folder")).returncode == 1
    answer = place.api("GET", f"/v1/deployments/{ident}/report?format=html")
    assert answer.text == text
    report = json.loads(place.verdict("report", ident, "--json").stdout)
    assert len(report["sealed_sha256"]) == 64 and report["sealed_sha256"] in text
    assert len(report["deployment"]["rules"][0]["sha256"]) == 64


def test_ctrl_c_leaves_or_aborts(place):
    ident = start(place, "2.1.0")
    wait_observing(place, ident)
    for mode, then in (("leave", "running"), ("abort", "rolled_back")):
        waiting = popen(place, "wait", ident, "--on-cancel", mode)
        assert "observed" in waiting.stderr.readline()
        waiting.send_signal(signal.SIGINT)
        waiting.communicate(timeout=20)
        assert waiting.returncode == 130
        wait_until(lambda then=then: state(place, ident)["state"] == then, 20, f"{ident} is {then}")


def test_a_wait_outlives_the_daemon(place):
    ident = start(place, "2.2.0")
    wait_observing(place, ident)
    waiting = popen(place, "wait", ident, "--timeout", "60s")
    assert "observed" in waiting.stderr.readline()
    place.programs["verdictd"].kill()
    assert "trying again" in waiting.stderr.readline()
    place.programs["verdictd"].start()
    assert place.verdict("abort", ident).returncode == 0
    waiting.communicate(timeout=30)
    assert waiting.returncode == 3


def test_people_approve(place):
    ident = start(place, "2.3.0", "--strategy", "asked")
    assert place.verdict("wait", ident, "--exit-when-held").returncode == 5
    token = place.verdict("token", "create", "alice", "--person", "--scope", "read,approve").stdout.strip()
    assert token.startswith("vd_")
    for shown in (place.verdict("get", ident).stdout, place.verdict("explain", ident).stdout):
        assert "sre" in shown and f"verdict approve {ident}" in shown and f"verdict reject {ident}" in shown, shown
    denied = place.verdict("approve", ident)
    assert denied.returncode == 2 and "not among those who may approve" in denied.stderr
    environment = {**place.verdict_environment(), "VERDICT_TOKEN": token}
    done = subprocess.run([place.program("verdict"), "approve", ident, "--comment", "go"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    wait_observing(place, ident)
    assert "approved: 1 so far, by alice: go" in place.verdict("report", ident).stdout
    assert "verdict approve" not in place.verdict("get", ident).stdout + place.verdict("explain", ident).stdout


def test_an_override_promotes_and_a_rollback_takes_back(place):
    ident = start(place, "2.4.0")
    wait_observing(place, ident)
    assert place.verdict("promote", ident, "--full").returncode == 2, "an override wants a reason"
    for _ in range(2):
        assert place.verdict("promote", ident, "--full", "--reason", "seen it").returncode == 0
        wait_until(lambda: state(place, ident)["state"] in ("watching", "promoted"), 20, "it serves everything")
        if state(place, ident)["state"] == "promoted":
            break
    assert place.verdict("wait", ident, "--timeout", "10s").returncode == 0
    assert "2.4.0" in place.verdict("status").stdout
    back = place.verdict("rollback", ident, "--json")
    assert back.returncode == 0, back.stderr
    assert json.loads(back.stdout)["kind"] == "rollback" and json.loads(back.stdout)["id"] != ident


def test_tokens_open_the_tcp_door(place):
    url = {"VERDICT_URL": f"http://127.0.0.1:{place.api_port}"}

    def ask(token, *words):
        environment = {**place.verdict_environment(), **url, **({"VERDICT_TOKEN": token} if token else {})}
        return subprocess.run([place.program("verdict"), *words], env=environment, capture_output=True, text=True, check=False)

    nobody = ask(None, "ls")
    assert nobody.returncode == 2 and "token" in nobody.stderr
    token = place.verdict("token", "create", "board", "--expires", "1h").stdout.strip()
    assert ask(token, "ls").returncode == 0
    refused = ask(token, "start", "shop/prod", "--version", "3.0.0")
    assert refused.returncode == 2 and '"deploy"' in refused.stderr
    listed = json.loads(place.verdict("token", "ls", "--json").stdout)["tokens"]
    assert listed == json.loads(place.verdict("token", "list", "--json").stdout)["tokens"]
    mine = next(row for row in listed if row["principal"] == "board")
    assert place.verdict("token", "revoke", mine["id"]).returncode == 0
    assert ask(token, "ls").returncode == 2


def test_freeze_and_quarantine_close_the_door(place):
    assert place.verdict("freeze", "shop/prod", "--reason", "sale").returncode == 0
    frozen = place.verdict("start", "shop/prod", "--version", "4.0.0")
    assert frozen.returncode == 2 and "frozen" in frozen.stderr
    assert place.verdict("unfreeze", "shop/prod").returncode == 0
    assert place.verdict("quarantine", "add", "shop/prod", "--version", "4.0.0", "--reason", "cursed").returncode == 0
    assert "4.0.0" in place.verdict("quarantine", "ls").stdout
    refused = place.verdict("start", "shop/prod", "--version", "4.0.0")
    assert refused.returncode == 2 and "quarantine" in refused.stderr
    assert place.verdict("quarantine", "clear", "shop/prod", "--version", "4.0.0").returncode == 0
    assert place.verdict("quarantine", "clear", "shop/prod", "--version", "4.0.0").returncode == 2


def test_what_cannot_be_found_out(place):
    assert place.verdict("wait", "dep_999").returncode == 2
    assert place.verdict("get", "nobody/prod").returncode == 2
    nowhere = {**place.verdict_environment(), "VERDICT_URL": "unix:" + place.path("no.sock")}
    for words, code in ((["wait", "dep_1", "--timeout", "1s"], 1), (["ls"], 1), (["wait", "dep_1", "--timeout", "x"], 2)):
        assert subprocess.run([place.program("verdict"), *words], env=nowhere, capture_output=True, check=False).returncode == code


def test_the_tree_is_redrawn_on_a_terminal(place):
    ident = start(place, "2.5.0")
    master, slave = pty.openpty()
    environment = {**place.verdict_environment(), "TERM": "xterm", "LC_ALL": "C.UTF-8"}
    with subprocess.Popen([place.program("verdict"), "get", "-w", ident], env=environment, stdout=slave, stderr=slave) as watching:
        os.close(slave)
        seen = b""
        end = time.monotonic() + 20
        while seen.count(b"\033[J") < 2 and time.monotonic() < end:
            if select.select([master], [], [], 1)[0]:
                seen += os.read(master, 65536)
        watching.send_signal(signal.SIGINT)
        assert watching.wait(10) == 130
    os.close(master)
    text = seen.decode()
    assert text.count("\033[J") >= 2 and "░" in text and "● " in text, text


def test_help_fits_and_says_which_word_is_missing(place):
    for words in ([], *([line.split()[0]] for line in place.verdict("--help").stdout.splitlines() if re.match("  [a-z]", line))):
        said = place.verdict(*words, "--help").stdout
        assert all(len(line) <= 112 for line in said.splitlines()), (words, max(said.splitlines(), key=len))
        assert "(default )" not in said, words
    for words, wanted in (("mute dep_1", "RULE is missing: verdict mute ID RULE"), ("wait", "ID is missing: verdict wait ID"), ("completion", "say which: verdict completion bash|zsh"),
                          ("graph dep_1", "METRIC is missing"), ("iac", "say which: verdict iac plan|apply")):
        ran = place.verdict(*words.split())
        assert ran.returncode == 2 and wanted in ran.stderr, (words, ran)


def test_a_file_that_is_not_there_has_no_line(place):
    for argv in (["verdictd", "--config", "/nowhere.conf", "--check"], ["verdict", "check", "/nowhere.rules"]):
        ran = subprocess.run([place.program(argv[0]), *argv[1:]], text=True, capture_output=True, check=False)
        assert ran.returncode != 0 and "/nowhere" in ran.stdout + ran.stderr and ":0:" not in ran.stdout + ran.stderr, ran


def test_options_of_every_verb(place):
    """Before the verb and behind it; --plain is one record on each line, its fields at fixed places."""
    ident = start(place, "2.5.2", "--strategy", "asked")
    listed = [[one["id"] for one in json.loads(place.verdict(*words).stdout)["deployments"]] for words in (("--json", "ls"), ("ls", "--json"))]
    assert listed[0] == listed[1] and ident in listed[0], listed
    version = place.verdict("--version").stdout
    assert version.startswith("verdict ") and place.verdict("get", "--version").stdout == version == place.verdict("--quiet", "ls", "--version").stdout

    def records(*words):
        ran = place.verdict(*words)
        assert ran.returncode == 0 and "\033" not in ran.stdout, ran
        return [line.split("\t") for line in ran.stdout.splitlines()]

    shown = records("--plain", "get", ident)
    assert [row[:5] for row in shown] == [row[:5] for row in records("get", ident, "--plain")]
    assert [row[0] for row in shown] == ["deployment", *["step"] * (len(shown) - 3), "approval", "rule"], shown
    assert shown[0][1:5] == [ident, "shop", "prod", "2.5.2"] and shown[1][:3] == ["step", "1", "current"], shown
    assert shown[-2] == ["approval", "0", "1", "sre", f"verdict approve {ident}"], shown
    assert len(shown[-1]) == 11 and shown[-1][1:3] == ["errors", "inconclusive"] and shown[-1][10] == "error_rate > 5% for 2s", shown
    kinds = {"fleet": 5, "service": 9, "deployment": 8, "run": 5, "stack": 5, "figure": 7, "recovery": 8}
    status = records("--plain", "status")
    assert all(kinds[row[0]] == len(row) for row in status) and {"fleet", "service", "deployment", "figure"} <= {row[0] for row in status}, status
    assert ["service", "shop", "prod", "false", "", "false", "", "0", "1.0.0"] in status, status
    everywhere = place.verdict("--help").stdout, place.verdict("ls", "--help").stdout, place.verdict("man").stdout.replace("\\-", "-")
    for said in everywhere:
        for name in ("--json", "--plain", "--quiet", "--no-color", "--no-input"):
            assert name in said, (name, said)


@pytest.mark.parametrize("rows, columns", [(10, 60), (24, 80)])
def test_the_tree_stays_within_its_window(place, rows, columns):
    """Redrawn in its place, whatever its height: nothing of it is pushed into what can be scrolled back."""
    ident = start(place, "2.5.1", "--strategy", "asked")
    for more in ([], ["--no-color"]):
        watched = Watched([place.program("verdict"), "get", "-w", ident, *more], place.verdict_environment(), rows, columns)
        try:
            watched.follow(2)
            scrolled = len(watched.screen.scrolled)
            watched.follow(3)
            shown = watched.screen.lines
            assert len(watched.screen.scrolled) == scrolled and scrolled < rows, watched.screen.scrolled
            assert sum(ident in line and "2.5.1" in line for line in shown) == 1 and f"verdict approve {ident}" in "\n".join(shown), shown
            assert any("errors" in line and "(no-" in line for line in shown) or rows == 10, shown
            assert any("more lines need a larger window" in line for line in shown) == (rows == 10), shown
            if rows == 24:
                watched.screen.rows, watched.screen.columns = 8, 40
                watched.screen.lines, watched.screen.row, watched.screen.column = shown[-8:], 7, 0
                watched.resize(8, 40)
                watched.follow(2)
                scrolled = len(watched.screen.scrolled)
                watched.follow(2)
                assert len(watched.screen.scrolled) == scrolled and any("more lines need" in line for line in watched.screen.lines), watched.screen.lines
        finally:
            watched.close()


def test_check_reads_files_offline(place):
    assert place.verdict("check", place.path("rules.d"), place.path("verdictd.conf")).returncode == 0
    broken = place.write("broken.rules", 'services: { shop: { environments: { prod: { stratgy = "slow"; }; }; }; };\n')
    found = place.verdict("check", broken)
    assert found.returncode == 1 and f"{broken}:1: " in found.stdout and "strategy" in found.stdout
    assert json.loads(place.verdict("check", "--json", broken).stdout)["findings"][0]["line"] == 1
    script = place.verdict("completion", "bash").stdout
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0 and "--on-cancel" in script


def test_the_audit_says_what_changed(place):
    """Names instead of numbers, of what moves and of what is over; what a target's and a token's row changed."""
    ident = start(place, "2.8.0")
    wait_observing(place, ident)
    assert place.verdict("mute", ident, "errors", "--reason", "noise").returncode == 0

    def lines():
        return [line.split(maxsplit=2)[2] for line in place.verdict("audit", "-n", "100").stdout.splitlines()]

    def has(*texts):
        return any(all(text in line for text in texts) for line in lines())

    for _ in ("it moves", "it is over"):
        assert has(ident, "rule errors only records from here on", "noise") and has(ident, "step 2: route 5 %"), lines()
        place.verdict("abort", ident)
        place.verdict("wait", ident, "--timeout", "30s")
    assert place.verdict("quarantine", "add", "shop/prod", "--version", "6.6.6", "--reason", "cursed").returncode == 0
    assert place.verdict("freeze", "shop/prod", "--reason", "sale", "--until", "8h").returncode == 0
    assert has("shop/prod", "what stands there changed", "serves", "frozen until 2", "in quarantine: 6.6.6"), lines()
    assert place.verdict("unfreeze", "shop/prod").returncode == 0
    assert place.verdict("quarantine", "clear", "shop/prod", "--version", "6.6.6").returncode == 0
    place.verdict("token", "create", "bob", "--person", "--scope", "read,approve", "--service", "shop", "--environment", "prod", "--expires", "1h")
    mine = next(row for row in json.loads(place.verdict("token", "ls", "--json").stdout)["tokens"] if row["principal"] == "bob")
    assert has("a token is made", f"{mine['id']}: bob, a person: read, approve; services shop; environments prod; until 2"), lines()
    assert place.verdict("token", "revoke", mine["id"]).returncode == 0
    assert has("a token is revoked", f"{mine['id']}: bob"), lines()
    assert place.verdict("audit", "verify").returncode == 0


def test_audit(place, tmp_path):
    ident = start(place, "2.9.0", "--reason", "for the audit")
    assert place.verdict("abort", ident, "--reason", "that was all").returncode == 0
    listed = place.verdict("audit", "-n", "100")
    assert listed.returncode == 0 and "that was all" in listed.stdout, listed
    good = place.verdict("audit", "verify")
    assert good.returncode == 0, good.stderr
    head = good.stdout.strip()
    again = place.verdict("audit", "verify", "--head", head, "--json")
    assert again.returncode == 0 and json.loads(again.stdout)["rows"] > 1, again

    # The file, copied while the daemon writes: who changes it is found out, and who cuts it off too.
    copy = str(tmp_path / "journal.db")
    with sqlite3.connect(f"file:{place.path('data', 'journal.db')}?mode=ro", uri=True) as living, sqlite3.connect(copy) as kept:
        living.backup(kept)
    assert place.verdict("audit", "verify", "--journal", copy, "--head", head).returncode == 0
    with sqlite3.connect(copy) as kept:
        kept.execute("DROP TRIGGER audit_is_kept")
        kept.execute("DROP TRIGGER audit_is_not_deleted")
        kept.execute("DELETE FROM audit WHERE event > 1")
        kept.execute("UPDATE meta SET audit_event = 1, audit_hash = (SELECT hash FROM audit)")
    assert place.verdict("audit", "verify", "--journal", copy).returncode == 0
    short = place.verdict("audit", "verify", "--journal", copy, "--head", head)
    assert short.returncode == 3 and "has the hash that was kept" in short.stderr, short
    with sqlite3.connect(copy) as kept:
        kept.execute("UPDATE audit SET reason = 'nothing'")
    changed = place.verdict("audit", "verify", "--journal", copy)
    assert changed.returncode == 3 and "audit row 1 was changed" in changed.stderr, changed

    assert place.verdict("audit", "verify", "--journal", str(tmp_path / "none.db")).returncode == 1
    assert place.verdict("audit", "verify", "--head", "1234").returncode == 2
    assert place.verdict("audit", "check").returncode == 2
