# test_mishaps.py - a journal that fails for good, a daemon that crashes on one deployment, and what is told of it all: nothing is lost.
# SPDX-License-Identifier: MIT
import contextlib
import sqlite3
import struct
import subprocess

from support import wait_until
from support.swift import begin, begun, ended, post, publishing, show
from support.trouble import trouble
import world_config
from world import find

CROWD = 110
PHASE_WATCHING = 3
PHASE_AT = 10  # in the bytes of a snapshot, behind schema, kind and id


def database(world):
    return contextlib.closing(sqlite3.connect(f"file:{world.path('data', 'journal.db')}?mode=ro", uri=True))


def break_journal(world):
    """The first fsync that fails ends the daemon."""
    with trouble(world, "fdatasync,fsync", "error=EIO"):
        with contextlib.suppress(OSError):
            world.api("POST", "/v1/services/shop/stage/freeze", {"reason": "something to write"})
        wait_until(lambda: not world.programs["verdictd"].is_running(), 10, "the daemon ends")


def test_way_back_keeps_its_author_over_a_full_disk(world):
    begin(world, observe="1h", at_most="2h")
    with publishing(world):
        name = begun(world, "2.0.0")
        wait_until(lambda: show(world, name)["share"] > 0, 8, "the candidate has traffic")
        with trouble(world, "pwrite64", "error=ENOSPC"):
            answer = world.api("POST", f"/v1/deployments/{name}/abort", {"reason": "it smells"})
            assert answer.status == 507, answer.text
            wait_until(lambda: world.split() == 0, 5, "traffic is back without the journal (S19)")
        assert ended(world, name)["state"] == "rolled_back"
    with database(world) as journal:
        rows = journal.execute("SELECT actor, reason FROM audit WHERE deployment = ? AND what = 'phase' AND a = 4", (int(name[4:]),)).fetchall()
    assert [reason for _actor, reason in rows] == ["it smells"] and rows[0][0], rows


def test_journal_that_breaks_three_times(world):
    begin(world, observe="1h", at_most="2h", stage=True)
    with publishing(world):
        name = begun(world, "2.0.0")
        wait_until(lambda: show(world, name)["share"] > 0, 8, "the candidate has traffic")
        for _ in range(2):
            break_journal(world)
            world.programs["verdictd"].start()
            assert show(world, name)["state"] == "running", "once or twice may happen"
        break_journal(world)
        world.programs["verdictd"].start(is_awaited=False)
        wait_until(lambda: world.api("GET", "/readyz").status == 503, 10, "it answers, and is not ready")
        end = ended(world, name)
    assert (end["state"], end["exit_code"]) == ("rolled_back", 3) and world.split() == 0
    refused = post(world, "2.0.1")
    assert refused.status == 503 and "safe mode" in refused.json["detail"], refused.text
    ready = world.api("GET", "/readyz?verbose")
    assert ready.status == 503 and "[-]safe_mode" in ready.text, ready.text
    assert "safe mode: its journal" in world.programs["verdictd"].log_text()


def poison(world, name):
    """Its state says that it is under watch already: to enter the watch is a mistake that the machine does not survive."""
    with contextlib.closing(sqlite3.connect(world.path("data", "journal.db"))) as journal, journal:
        number = int(name[4:])
        (snapshot,) = journal.execute("SELECT snapshot FROM deployments WHERE id = ?", (number,)).fetchone()
        snapshot = snapshot[:PHASE_AT] + struct.pack("<I", PHASE_WATCHING) + snapshot[PHASE_AT + 4:]
        journal.execute("UPDATE deployments SET phase = ?, snapshot = ?, revision = revision + 1 WHERE id = ?", (PHASE_WATCHING, snapshot, number))


def test_crash_loop_of_one_deployment(world):
    world.start_receiver()
    begin(world, observe="1s", at_most="1h", stage=True)
    other = post(world, "3.0.0", environment="stage").json["id"]
    with publishing(world):
        name = begun(world, "2.0.0")
        wait_until(lambda: show(world, name)["share"] > 0, 8, "the candidate has traffic")
        world.programs["verdictd"].kill()
        poison(world, name)
        daemon, crashes = world.programs["verdictd"], 0
        for _ in range(8):
            daemon.start(is_awaited=False)
            with contextlib.suppress(TimeoutError):
                wait_until(lambda: not daemon.is_running() or "rolled_back (" in daemon.log_text(), 10, "it crashes, or it goes on")
            if daemon.is_running():
                break
            daemon.wait(1)
            crashes += 1
        assert daemon.is_running(), "it goes on in the end"
        end = ended(world, name)
    assert 3 <= crashes <= 5, crashes
    assert end["state"] == "rolled_back" and world.split() == 0
    assert "crashed" in daemon.log_text() and f"at work on deployment {int(name[4:])}" in daemon.log_text()
    assert show(world, other)["state"] == "watching", "the others go on"
    wait_until(lambda: any("crashed" in n["body"]["data"].get("why", "") for n in world.notices()), 15, "people hear of it")


def test_killed_again_and_again_from_outside(world):
    begin(world, observe="1h", at_most="2h", stage=True)
    daemon = world.programs["verdictd"]
    with publishing(world):
        name = begun(world, "2.0.0")
        wait_until(lambda: show(world, name)["share"] > 0, 8, "the candidate has traffic")
    for _ in range(5):  # nothing is measured, so nothing is journaled: each time at the same event
        daemon.kill()
        daemon.start()
    assert "at work on no deployment: going on" in daemon.log_text()
    assert show(world, name)["state"] == "running" and world.split() > 0, "nobody's deployment pays for it"
    assert world.api("GET", "/readyz").status == 200
    assert post(world, "3.0.0", environment="stage").status == 201


MANY = """
metrics: { shared: { source = "mqtt:plant";  kind = "gauge";  topic = "t/shared";  value = ".lag";  unit = "s";  better = "lower";  resolution = "100ms";  max_age = "1s"; }; };
triggers: { all: { when = "shared > 60s";  then = "rollback"; }; };
strategies: { watched: { kind = "follow";  steps = ( { watch = "1h";  at_most = "2h"; } ); }; };
services: {
"""
SERVICE = """  many-NUMBER: { notify: { all = [ "webhook:desk" ];  urgent = [ "webhook:pager", "webhook:spare" ]; };  rules: { triggers = [ "all" ]; };
    environments: { stage: { strategy = "watched"; }; }; };
"""


def test_every_notice_of_a_crowd_reaches_the_outbox(world):
    more = "".join(f'{name}: {{ url = "http://127.0.0.1:{world.receiver_port}/{name}";  secret = "file:{world.secret_file}"; }};  ' for name in ("pager", "spare"))
    text = world_config.verdictd_text(world).replace("webhook: { desk:", "webhook: { " + more + "desk:")
    world.start_broker()
    world.start_runner()
    world.start_daemon(text=text, rules={"many.rules": MANY + "".join(SERVICE.replace("NUMBER", str(number)) for number in range(CROWD)) + "};\n"})
    for number in range(CROWD):
        answer = world.api("POST", "/v1/deployments", {"service": f"many-{number}", "environment": "stage", "version": "2.0.0"})
        assert answer.status == 201, answer.text

    def count(kind):
        with database(world) as journal:
            return journal.execute("SELECT count(*) FROM outbox WHERE kind = ?", (kind,)).fetchone()[0]

    def failed():
        subprocess.run([find("mosquitto_pub"), "-h", "127.0.0.1", "-p", str(world.broker_port), "-t", "t/shared", "-m", '{"lag": 300}'], check=True, timeout=5)
        with database(world) as journal:
            return journal.execute("SELECT count(*) FROM deployments WHERE phase = 6").fetchone()[0] == CROWD

    wait_until(failed, 15, "all of them fail at once")
    counts = {kind: count(kind) for kind in ("verdict_failed", "rollback_started", "rolled_back", "quarantined")}
    assert counts == {"verdict_failed": 3 * CROWD, "rollback_started": 3 * CROWD, "rolled_back": 3 * CROWD, "quarantined": CROWD}
