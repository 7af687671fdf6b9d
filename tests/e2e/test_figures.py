# test_figures.py - the figures of the report against a journal that was added up by hand, and against the rows by another way.
# SPDX-License-Identifier: MIT
"""The journal is made of the tables that schema 7 had, with rows that stand below: times in seconds from a deployment's acceptance. Each
figure's value is worked out in a comment beside it."""
import contextlib
import json
import os
import sqlite3
import struct
import time

import pytest

from support import kpi
from support.journals import FOLDER
from support.kpi import Run

QUEUED, ROLLING_BACK, PROMOTED, ROLLED_BACK, REJECTED, CANCELLED, SUPERSEDED = 0, 4, 5, 6, 7, 8, 9
PASSED, FAILED, ABORTED, NO_EVIDENCE, HELD_TOO_LONG, REFUSED, REPLACED = 1, 3, 4, 6, 9, 10, 12
REHEARSE, COMMAND, SMOKE, ROUTE, VERIFY, GATE = 1, 2, 4, 5, 6, 8
DAY = 24 * 3600

# id: (strategy, place, days ago that it ended, phase, ending, seconds until it was over, what happened [(what, a, at)], actions [(kind, from, to)])
DEPLOYMENTS = {
    # before the span
    1: ("canary", "shop/prod", 20, PROMOTED, PASSED, 700, [], [(ROUTE, 10, 11)]),
    # 120 s in the queue; works 2 + 60 + 2 + 3 = 67; what retires the old slot comes after its end and is none of it
    2: ("canary", "shop/prod", 9, PROMOTED, PASSED, 1800, [], [(REHEARSE, 120, 122), (COMMAND, 125, 185), (ROUTE, 190, 192), (ROUTE, 800, 803), (COMMAND, 3600, 3610)]),
    # a tenth of its users is on it when it fails at 300: nothing is down; turns at 302, and what is declared for the worst case begins at 310: way back 38, recovery 40, disaster recovery 30
    3: ("canary", "shop/prod", 8, ROLLED_BACK, FAILED, 340, [("confirmed", 1000, 81), ("fail", 0, 300), ("confirmed", 0, 303), ("phase", ROLLING_BACK, 302), ("disaster", 0, 310)], [(REHEARSE, 0, 1), (COMMAND, 10, 70), (ROUTE, 80, 81), (ROUTE, 302, 303), (VERIFY, 304, 334)]),
    # works 1 + 45 + 2 = 48; taken back by the next one
    4: ("canary", "shop/prod", 7, PROMOTED, PASSED, 900, [], [(REHEARSE, 0, 1), (COMMAND, 5, 50), (ROUTE, 60, 62)]),
    # takes 4 back within 25
    5: ("canary", "shop/prod", 7, PROMOTED, PASSED, 25, [], [(ROUTE, 0, 1), (VERIFY, 1, 20)]),
    # two hosts, 300 each: works 600; nobody sees whether something is down
    6: ("rolling", "mail/staging", 6, PROMOTED, PASSED, 1200, [], [(COMMAND, 100, 400), (COMMAND, 400, 700)]),
    # a person stops it at 150: way back 70, and no recovery, since nothing had failed
    7: ("rolling", "mail/staging", 6, ROLLED_BACK, ABORTED, 220, [("phase", ROLLING_BACK, 150)], [(COMMAND, 10, 100), (COMMAND, 150, 200)]),
    # waits an hour for another system: works 30 + 10 + 2 = 42
    8: ("blue_green", "shop/prod", 5, PROMOTED, PASSED, 4000, [], [(GATE, 0, 3600), (COMMAND, 3600, 3630), (SMOKE, 3630, 3640), (ROUTE, 3640, 3642)]),
    # no evidence by 400: way back 15, which is the recovery, too
    9: ("blue_green", "shop/prod", 5, ROLLED_BACK, NO_EVIDENCE, 415, [("phase", ROLLING_BACK, 400)], [(COMMAND, 5, 35), (ROUTE, 40, 41), (ROUTE, 400, 402)]),
    # takes the place: down for 12; works 10 + 2 = 12
    10: ("recreate", "shop/prod", 4, PROMOTED, PASSED, 622, [("downtime", 12000, 22)], [(COMMAND, 10, 20), (SMOKE, 20, 22)]),
    # fails at 30, turns at 31: way back 19, recovery 20; down for 10 and for 15
    11: ("recreate", "shop/prod", 4, ROLLED_BACK, FAILED, 50, [("downtime", 10000, 20), ("fail", 0, 30), ("phase", ROLLING_BACK, 31), ("downtime", 15000, 46)], [(COMMAND, 10, 20), (COMMAND, 31, 43)]),
    # the pipeline moves the traffic: no action of ours, and nobody knows whether it was down
    12: ("follow", "shop/prod", 3, PROMOTED, PASSED, 3000, [], []),
    # a trial that passed goes back as it should: it is none
    13: ("shadow", "shop/prod", 3, ROLLED_BACK, PASSED, 600, [("phase", ROLLING_BACK, 590)], [(ROUTE, 590, 591)]),
    # what never began is none
    14: ("canary", "shop/prod", 2, CANCELLED, ABORTED, 5, [], []),
    15: ("canary", "shop/prod", 2, REJECTED, REFUSED, 5, [], [(REHEARSE, 0, 5)]),
    16: ("canary", "shop/prod", 2, SUPERSEDED, REPLACED, 5, [], []),
    # a rule held it at 200 with all users on it, it turned at 260: way back 30, recovery 90; down until they were led away at 261
    17: ("canary", "shop/prod", 2, ROLLED_BACK, HELD_TOO_LONG, 290, [("confirmed", 10000, 41), ("held", 2, 200), ("phase", ROLLING_BACK, 260), ("confirmed", 0, 261)], [(COMMAND, 10, 30), (ROUTE, 40, 41), (ROUTE, 260, 261)]),
    # hangs on its way back until a person helps
    18: ("canary", "shop/prod", None, ROLLING_BACK, FAILED, None, [("fail", 0, 100), ("phase", ROLLING_BACK, 101)], [(ROUTE, 40, 41), (ROUTE, 101, 102)]),
}
TAKES_BACK = {5: 4}

# Of ten days. Those with an effect: 2 3 4 6 7 8 9 10 11 12 17 18, twelve; of them promoted 2 4 6 8 10 12, and 4 was taken back.
EXPECTED = {
    "deployment_success_rate": (5 / 12, 12),                                      # 2 6 8 10 12
    "rollback_rate": (7 / 12, 12),                                                # 3 4 7 9 11 17 18
    "deployment_elapsed": ((1800 + 900 + 1200 + 4000 + 622 + 3000) / 6, 6),       # 2 4 6 8 10 12
    "deployment_time": ((67 + 48 + 600 + 42 + 12 + 0) / 6, 6),                    # the same
    "rollback_time": ((38 + 25 + 70 + 15 + 19 + 30) / 6, 6),                      # 3 5 7 9 11 17
    "recovery_time": ((40 + 25 + 15 + 20 + 90) / 5, 5),                           # 3 5 9 11 17
    "zero_downtime": (6 / 9, 9),                                                  # of 2 3 4 8 9 10 11 17 18 all but 10, 11 and 17
    "availability": (1 - (12 + 25 + 61) / (1800 + 340 + 900 + 4000 + 415 + 622 + 50 + 290), 8),  # the same without 18, which is not over
    "deployment_frequency": (6 / 10, 6),                                          # promotions in ten days
    "pipeline_efficiency": ((509 + 322 + 72) / (2920 + 7300 + 110), 3),           # runs 2, 6 and 7: see RUNS
    "build_time": ((240 + 300 + 180) / 3, 3),                                     # runs 2 3 6; of 4 the build did not end well
    "test_coverage": ((0.80 + 0.90 + 0.94) / 3, 3),                               # runs 2 3 6: 7 did not test
    "artifact_size_trend": (1250000 / 1000000 - 1, 3),                            # of runs 7, 6 and 2 the newest and the oldest
    "lead_time": (7200, 1),                                                       # run 2
    "disaster_recovery_time": (30, 1),                                            # 3
}
STRATEGIES = {
    "canary": {"deployment_success_rate": (1 / 5, 5), "deployment_elapsed": ((1800 + 900) / 2, 2), "deployment_time": ((67 + 48) / 2, 2), "rollback_time": ((38 + 25 + 30) / 3, 3),
               "zero_downtime": (4 / 5, 5), "deployment_frequency": (0.2, 2), "rollback_rate": (4 / 5, 5), "recovery_time": ((40 + 25 + 90) / 3, 3),
               "availability": (1 - 61 / (1800 + 340 + 900 + 290), 4), "disaster_recovery_time": (30, 1)},
    "rolling": {"deployment_success_rate": (1 / 2, 2), "deployment_elapsed": (1200, 1), "deployment_time": (600, 1), "rollback_time": (70, 1),
                "zero_downtime": (None, 0), "deployment_frequency": (0.1, 1), "rollback_rate": (1 / 2, 2), "recovery_time": (None, 0), "availability": (None, 0), "disaster_recovery_time": (None, 0)},
    "blue_green": {"deployment_success_rate": (1 / 2, 2), "deployment_elapsed": (4000, 1), "deployment_time": (42, 1), "rollback_time": (15, 1),
                   "zero_downtime": (1, 2), "deployment_frequency": (0.1, 1), "rollback_rate": (1 / 2, 2), "recovery_time": (15, 1), "availability": (1, 2), "disaster_recovery_time": (None, 0)},
    "recreate": {"deployment_success_rate": (1 / 2, 2), "deployment_elapsed": (622, 1), "deployment_time": (12, 1), "rollback_time": (19, 1),
                 "zero_downtime": (0, 2), "deployment_frequency": (0.1, 1), "rollback_rate": (1 / 2, 2), "recovery_time": (20, 1), "availability": (1 - 37 / 672, 2), "disaster_recovery_time": (None, 0)},
    "follow": {"deployment_success_rate": (1, 1), "deployment_elapsed": (3000, 1), "deployment_time": (0, 1), "rollback_time": (None, 0),
               "zero_downtime": (None, 0), "deployment_frequency": (0.1, 1), "rollback_rate": (0, 1), "recovery_time": (None, 0), "availability": (None, 0), "disaster_recovery_time": (None, 0)},
}
STAGING = {"deployment_success_rate": (1 / 2, 2), "deployment_time": (600, 1), "rollback_time": (70, 1), "zero_downtime": (None, 0), "deployment_frequency": (0.1, 1),
           "build_time": (None, 0), "disaster_recovery_time": (None, 0)}
MET = {"deployment_success_rate": False, "rollback_rate": False, "deployment_time": True, "rollback_time": True, "recovery_time": True, "zero_downtime": False,
       "availability": False, "pipeline_efficiency": False, "build_time": True, "test_coverage": True, "deployment_elapsed": None, "deployment_frequency": None,
       "artifact_size_trend": None, "lead_time": None, "disaster_recovery_time": True}

PIPELINE = 'pipeline = "shop";\npipelines: { shop: { service = "shop"; stages: { build: { dist: { exec = ( "/usr/bin/true" ); }; };' \
    ' test: { unit: { exec = ( "/usr/bin/true" ); }; integration: { exec = ( "/usr/bin/true" ); retries = 1; }; load: { await = "1h"; }; };' \
    ' artifact: { publish: { exec = ( "/usr/bin/true" ); }; }; }; environments = ( "staging", "prod" ); release: { tag: { exec = ( "/usr/bin/true" ); }; }; }; };\n'
SHAPE = Run([("build", ["command"]), ("test", ["command", "command", "await"]), ("artifact", ["command"]), ("staging", ["deploy"]), ("prod", ["deploy"]),
             ("release", ["command"])])
DIST, UNIT, INTEGRATION, LOAD, PUBLISH, STAGE, PROD, TAG = range(8)
RELEASED, RUN_FAILED = 4, 5
FIRST_STAGES = {7: 4}

# id: (pipeline, days ago that it ended, phase, stage, seconds from its start to its end, tries of tasks [(task, try, from, to, deployment)], outputs)
RUNS = {
    1: ("shop", 20, RELEASED, 5, 9, [(DIST, 1, 0, 9, None)], {"artifact_bytes": "5", "coverage": "1"}),  # before the span
    # build 240; the tests beside each other, with a try again, 240-300 and 310-400: 150 (load is no work of ours); artifact 30; dep_10 12, dep_2 67; tag 10: 509
    2: ("shop", 9, RELEASED, 5, 2920, [(DIST, 1, 0, 240, None), (UNIT, 1, 240, 300, None), (INTEGRATION, 1, 250, 300, None), (INTEGRATION, 2, 310, 400, None),
                                       (LOAD, 1, 240, 1000, None), (PUBLISH, 1, 1000, 1030, None), (STAGE, 0, 1030, 1100, 10), (PROD, 0, 1100, 2900, 2),
                                       (TAG, 1, 2900, 2910, None)], {"coverage": "80", "artifact_bytes": "1000000", "commit_time": 7200, "flavour": "plain"}),
    3: ("shop", 7, RUN_FAILED, 1, 361, [(DIST, 1, 0, 300, None), (UNIT, 1, 300, 360, None)], {"coverage": "90"}),  # failed in its tests: no efficiency
    4: ("shop", 5, RUN_FAILED, 0, 101, [(DIST, 1, 0, 100, None)], {}),  # failed in its build: no build time
    5: ("network/prod", 4, RELEASED, 0, 999, [(DIST, 1, 0, 999, None)], {"coverage": "1", "artifact_bytes": "7"}),  # infrastructure delivers nothing
    # build 180; tests 60; artifact 10; dep_8 42, dep_12 0; tag 30: 322
    6: ("shop", 1, RELEASED, 5, 7300, [(DIST, 1, 0, 180, None), (UNIT, 1, 190, 250, None), (INTEGRATION, 1, 190, 240, None), (LOAD, 1, 190, 195, None), (PUBLISH, 1, 250, 260, None),
                                       (STAGE, 0, 260, 4260, 8), (PROD, 0, 4260, 7260, 12), (TAG, 1, 7260, 7290, None)], {"coverage": "94", "artifact_bytes": "1250000"}),
    # a retry that began in prod, and carries what a run before it reported: dep_2 67; tag 5: 72
    7: ("shop", 1, RELEASED, 5, 110, [(PROD, 0, 0, 100, 2), (TAG, 1, 100, 105, None)], {"coverage": "10", "artifact_bytes": "1250000"}),
}


def patched(blob, *fields):
    """A snapshot with other values at some places: (offset, form, value)."""
    data = bytearray(blob)
    for offset, form, value in fields:
        struct.pack_into(form, data, offset % len(data), value)
    return bytes(data)


class Journal:
    """The file, written as a daemon would have left it."""

    def __init__(self, path, now_ms):
        self.now_ms, self.engine_ms, self.event = now_ms, 10 ** 12, 0
        with open(os.path.join(FOLDER, "schema-7.sql"), encoding="utf-8") as file, contextlib.closing(sqlite3.connect(":memory:")) as old:
            old.executescript(file.read())
            schema = old.execute("SELECT type, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
            identity, = old.execute("PRAGMA application_id").fetchone()
            self.deployment, = old.execute("SELECT snapshot FROM deployments WHERE phase = 5 AND kind = 0 LIMIT 1").fetchone()
            self.run, = old.execute("SELECT snapshot FROM runs WHERE phase = 4 LIMIT 1").fetchone()
        self.to = sqlite3.connect(path)
        self.to.execute(f"PRAGMA application_id = {identity}")
        for _kind, sql in (row for row in schema if row[0] != "trigger"):
            self.to.execute(sql)
        self.fill()
        for _kind, sql in (row for row in schema if row[0] == "trigger"):
            self.to.execute(sql)
        self.to.commit()
        self.to.close()
        os.chmod(path, 0o600)

    def add(self, table, **values):
        self.to.execute(f"INSERT INTO {table}({', '.join(values)}) VALUES ({', '.join('?' * len(values))})", list(values.values()))

    def say(self, deployment, at, what, a=0):
        self.event += 1
        self.add("audit", event=self.event, wall_ms=self.now_ms, engine_ms=self.engine_ms + 1000 * at, deployment=deployment, target=1, what=what, a=a, b=0, step=0,
                 attempt=0, actor="", reason="", prev=bytes(32), hash=bytes(32))

    def fill(self):
        for key, place in enumerate(("shop/prod", "mail/staging"), 1):
            self.add("targets", id=key, service=place.split("/")[0], environment=place.split("/")[1])
        self.add("versions", key=1, version="1.0.0", digest="", seen_ms=self.now_ms)
        for hash_, text in ((b"d" * 32, "sealed"), (b"r" * 32, PIPELINE)):
            self.add("sealed", hash=hash_, text=text)
        for name in DEPLOYMENTS:
            self.add_deployment(name, *DEPLOYMENTS[name])
        for name in RUNS:
            self.add_run(name, *RUNS[name])
        self.add("meta", id=1, schema=7, min_reader=2, boot_id="", offset_ms=0, engine_ms=self.engine_ms, audit_event=self.event, audit_hash=bytes(32))

    def add_deployment(self, name, strategy, place, days, phase, ending, over, said, actions):
        down = sum(a for what, a, _at in said if what == "downtime")
        ended = 0 if days is None else self.now_ms - days * DAY * 1000
        snapshot = patched(self.deployment, (2, "<Q", name), (10, "<I", phase), (22, "<I", ending), (-27, "<q", down))
        assert struct.unpack_from("<q", self.deployment, len(self.deployment) - 27) == (0,) and struct.unpack_from("<I", self.deployment, 10) == (PROMOTED,)
        self.add("deployments", id=name, target=1 if place == "shop/prod" else 2, kind=int(name in TAKES_BACK), taken_back=TAKES_BACK.get(name), version=1, plan_hash=1,
                 sealed=b"d" * 32, strategy=strategy, actor="ci", reason="", run_url="", commit_id="", created_ms=(ended or self.now_ms) - 1000 * (over or 102),
                 changed_ms=ended, ended_ms=ended, phase=phase, ending=ending, step=0, attempt=0, sequence=0, seen_ms=0, is_open=0, is_escalated=int(days is None), revision=1,
                 snapshot=snapshot)
        self.say(name, 0, "accepted")
        for what, a, at in said:
            self.say(name, at, what, a)
        if over is not None:
            self.say(name, over, "phase", phase)
        for number, (kind, begin, end) in enumerate(actions, 1):
            self.add("actions", deployment=name, sequence=number, kind=kind, reference=0, share=0, cancels=0, step=0, attempt=0, is_rollback=0, limit_ms=0, tries=1,
                     intent_ms=self.engine_ms + 1000 * begin, wall_ms=self.now_ms, result=0, result_ms=self.engine_ms + 1000 * end)
        self.engine_ms += 10 ** 7

    def add_run(self, name, pipeline, days, phase, stage, seconds, tasks, outputs):
        ended = self.now_ms - days * DAY * 1000
        begun = ended - 1000 * seconds
        self.add("runs", id=name, pipeline=pipeline, service="" if "/" in pipeline else "shop", version=1, sealed=b"r" * 32, actor="ci", reason="", run_url="", commit_id="",
                 created_ms=begun, changed_ms=ended, ended_ms=ended, artifact=1, phase=phase, stage=stage, is_open=0, revision=1,
                 snapshot=patched(self.run, (2, "<Q", name), (10, "<I", phase), (18, "<B", stage), (19, "<B", FIRST_STAGES.get(name, 0))))
        for task, tries, begin, end, deployment in tasks:
            self.add("tasks", run=name, task=task, tries=tries, phase=6, deployment=deployment, began_ms=begun + 1000 * begin, changed_ms=begun + 1000 * end)
        for output, value in outputs.items():
            self.add("outputs", run=name, name=output, value=value if isinstance(value, str) else str((ended - 1000 * value) / 1000))


@pytest.fixture(scope="module", name="report")
def _report(shared_world):
    os.makedirs(shared_world.path("data"), 0o700)
    Journal(shared_world.path("data", "journal.db"), int(time.time() * 1000))
    shared_world.start_daemon()
    return shared_world


def status(world, query=""):
    answer = world.api("GET", f"/v1/status?since=10d{query}")
    assert answer.status == 200, answer.text
    return answer.json


def check(told, expected):
    for name, (value, count) in expected.items():
        kpi.assert_same(name, told[name], value, count)


def test_what_was_added_up_by_hand(report):
    told = status(report)
    assert (told["span"]["covered_s"], told["span"]["deployments"], told["span"]["runs"], told["span"]["cut"]) == (10 * DAY, 13, 5, False), told["span"]
    assert set(EXPECTED) == set(told["kpis"])
    check(told["kpis"], EXPECTED)
    assert {name: figure["met"] for name, figure in told["kpis"].items()} == MET
    for name, expected in STRATEGIES.items():
        check({figure: told["kpis"][figure]["strategies"][name] for figure in expected}, expected)
    assert all(set(figure["strategies"]) == set(STRATEGIES) for figure in told["kpis"].values() if "strategies" in figure)
    dora = {"deployment_frequency": "deployment_frequency", "lead_time_for_changes": "lead_time", "change_failure_rate": "rollback_rate", "failed_deployment_recovery_time": "recovery_time"}
    assert set(told["dora"]) == set(dora)
    check(told["dora"], {name: EXPECTED[ours] for name, ours in dora.items()})
    rows = {row["environment"]: (row["ended"], row["succeeded"], row["success_rate"], row["in_progress"]) for row in told["environments"]}
    assert rows == {"prod": (10, 4, 0.4, 1), "staging": (2, 1, 0.5, 0)}, rows


def test_of_one_environment(report):
    told = status(report, "&environment=staging")
    check(told["kpis"], STAGING)
    assert "of one there is no such figure" in told["kpis"]["build_time"]["why"]
    kpi.check(report.path("data", "journal.db"), told, {}, "staging")


def test_the_other_way_comes_to_the_same(report):
    """Else one of the two ways is wrong, and what is compared with it elsewhere says nothing."""
    assert kpi.check(report.path("data", "journal.db"), status(report), {name: Run(SHAPE.stages, FIRST_STAGES.get(name, 0)) for name in RUNS}) == len(EXPECTED)


def test_the_command_line_tells_the_same(report):
    told = status(report)
    printed = report.verdict("status", "--span", "10d", "--json")
    assert printed.returncode == 0, printed.stderr
    said = json.loads(printed.stdout)
    assert (said["kpis"], said["dora"], said["environments"]) == (told["kpis"], told["dora"], told["environments"])
    table = report.verdict("status", "--span", "10d").stdout
    assert "41.667 %" in table and "2m8s" in table and "33s" in table and "0.6 a day" in table, table
    rows = [line.split() for line in table.splitlines()]
    assert ["canary", "20", "%", "58s", "31s", "80", "%", "80", "%"] in rows and ["canary", "22m30s", "52s", "98.168", "%", "0.2", "a", "day"] in rows, table
