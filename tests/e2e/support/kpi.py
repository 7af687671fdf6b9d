# kpi.py - the figures of the report once more, from the rows of the journal and by another way than the daemon's.
# SPDX-License-Identifier: MIT
"""Nothing of the daemon is asked here but what a pipeline's stages are: deployments and runs are told by what the audit, the actions, the
tasks and their outputs say. A figure is (value, of how many); None is: nobody knows."""
import collections
import contextlib
import datetime
import sqlite3

PROMOTED, ROLLING_BACK, ROLLED_BACK = 5, 4, 6  # phases
CANCEL, ROUTE, GATE = 3, 5, 8  # actions that are no work, and the one that shows that traffic was in our hands
TRIAL, WANTED = 1, {1, 4, 5, 8, 12}  # endings: of a trial that passed; of what nobody calls a failure
HELD_BY_RULE = 2
DAY_MS = 24 * 3600 * 1000
RELEASED = 4

Run = collections.namedtuple("Run", "stages first", defaults=(0,))  # [(name, [kind of each task])], as a pipeline has them; and the stage that it began with


def read(path, statement, *values):
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as journal:
        journal.row_factory = sqlite3.Row
        return [dict(row) for row in journal.execute(statement, values)]


def first(rows, is_it):
    return next((row["engine_ms"] for row in rows if is_it(row)), None)


def measured(path, row):
    """A deployment's times, from the rows that name it."""
    audit = read(path, "SELECT what, a, engine_ms FROM audit WHERE deployment = ? ORDER BY event", row["id"])
    actions = read(path, "SELECT kind, intent_ms, result_ms FROM actions WHERE deployment = ?", row["id"])
    begun = first(audit, lambda one: one["what"] == "accepted")
    failed = first(audit, lambda one: one["what"] == "fail" or (one["what"] == "held" and one["a"] == HELD_BY_RULE))
    turned = first(audit, lambda one: one["what"] == "phase" and one["a"] == ROLLING_BACK)
    over = first(audit, lambda one: one["what"] == "phase" and one["a"] >= PROMOTED)
    downs = [one["a"] for one in audit if one["what"] == "downtime"]
    row["elapsed"] = None if over is None else over - begun
    row["working"] = sum(one["result_ms"] - one["intent_ms"] for one in actions
                         if one["kind"] not in (CANCEL, GATE) and one["result_ms"] is not None and (over is None or one["intent_ms"] < over))
    row["back"] = row["recovery"] = None
    if row["kind"] == 1 and row["phase"] == PROMOTED:
        row["back"] = row["recovery"] = over - begun
    elif row["kind"] == 0 and row["phase"] == ROLLED_BACK:
        row["back"] = over - turned if turned is not None else None
        row["recovery"] = over - failed if failed is not None else None if row["ending"] in WANTED else row["back"]
    called = first(audit, lambda one: one["what"] == "disaster")
    row["disaster"] = over - called if called is not None and row["phase"] == ROLLED_BACK else None
    routes = any(one["kind"] == ROUTE for one in actions)
    row["down"] = sum(downs) if downs or routes else None
    if routes and row["kind"] == 0 and row["phase"] in (ROLLING_BACK, ROLLED_BACK):
        row["down"] += exposed(audit, over or turned)
    return row


def exposed(audit, end):
    """How long all users were on a version that a rule had failed."""
    share, failed = 0, None
    for one in audit:
        if failed is None and (one["what"] == "fail" or (one["what"] == "held" and one["a"] == HELD_BY_RULE)):
            failed = one["engine_ms"]
            if share < 10000:
                return 0
        elif one["what"] == "confirmed" and failed is None:
            share = one["a"]
        elif one["what"] == "confirmed" and one["a"] < 10000:
            return max(1, one["engine_ms"] - failed)
    return 0 if failed is None else max(1, end - failed)


def deployments(path, since_ms, environment):
    rows = read(path, "SELECT d.id, d.kind, d.phase, d.ending, d.is_escalated, d.taken_back, d.strategy, d.ended_ms, t.environment FROM deployments d"
                      " JOIN targets t ON t.id = d.target")
    return [measured(path, row) for row in rows
            if environment in (None, row["environment"]) and (row["ended_ms"] >= since_ms and row["ended_ms"] > 0 or hangs(row))]


def hangs(row):
    return row["phase"] == ROLLING_BACK and row["is_escalated"] == 1


def mean(values):
    known = [value for value in values if value is not None]
    return (sum(known) / len(known) / 1000, len(known)) if known else (None, 0)


def share(flags):
    flags = list(flags)
    return (sum(flags) / len(flags), len(flags)) if flags else (None, 0)


def of_deployments(rows, days):
    """All figures that deployments make."""
    taken = {row["taken_back"] for row in rows if row["kind"] == 1 and (row["phase"] == PROMOTED or hangs(row))}
    ours = [row for row in rows if row["kind"] == 0 and (row["phase"] == PROMOTED or hangs(row) or (row["phase"] == ROLLED_BACK and row["ending"] != TRIAL))]
    ways_back = ours + [row for row in rows if row["kind"] == 1]
    promoted = [row for row in ours if row["phase"] == PROMOTED]
    seen = [row for row in ours if row["down"] is not None]
    timed = [row for row in seen if row["elapsed"]]
    return {"deployment_success_rate": share(row["phase"] == PROMOTED and row["id"] not in taken for row in ours),
            "rollback_rate": share(row["phase"] != PROMOTED or row["id"] in taken for row in ours),
            "deployment_elapsed": mean(row["elapsed"] for row in promoted), "deployment_time": mean(row["working"] for row in promoted),
            "rollback_time": mean(row["back"] for row in ways_back), "recovery_time": mean(row["recovery"] for row in ways_back),
            "disaster_recovery_time": mean(row["disaster"] for row in ours),
            "zero_downtime": share(row["down"] == 0 for row in seen),
            "availability": (1 - sum(min(row["down"], row["elapsed"]) for row in timed) / sum(row["elapsed"] for row in timed), len(timed)) if timed else (None, 0),
            "deployment_frequency": (len(promoted) / days, len(promoted))}


def union(spans):
    """Milliseconds that at least one of [from, to] covers."""
    edges = sorted({edge for span in spans for edge in span})
    return sum(right - left for left, right in zip(edges, edges[1:]) if any(begin <= left and right <= end for begin, end in spans))


def of_run(path, row, shape):
    """One run: how long it worked, its build, and what it reported."""
    tasks = read(path, "SELECT task, deployment, began_ms, changed_ms FROM tasks WHERE run = ?", row["id"])
    outputs = {one["name"]: float(one["value"]) for one in read(path, "SELECT name, value FROM outputs WHERE run = ? AND name IN"
                                                                      " ('coverage', 'artifact_bytes', 'commit_time')", row["id"])}
    working, build, number = 0, None, 0
    for index, (name, kinds) in enumerate(shape.stages):
        inside = [task for task in tasks if number <= task["task"] < number + len(kinds)]
        working += union([(task["began_ms"], task["changed_ms"]) for task in inside if kinds[task["task"] - number] == "command"])
        working += max((measured(path, {"id": task["deployment"], "kind": 0, "phase": PROMOTED})["working"] for task in inside if task["deployment"]), default=0)
        if name == "build" and inside and (row["stage"] > index or row["phase"] == RELEASED):
            build = max(task["changed_ms"] for task in inside) - min(task["began_ms"] for task in inside)
        number += len(kinds)
    if any(name == "test" for name, _kinds in shape.stages[:shape.first]):
        outputs.pop("coverage", None)  # a run before this one reported it
    return {**row, "working": working, "build": build, "outputs": outputs, "elapsed": row["ended_ms"] - row["created_ms"]}


def of_runs(path, since_ms, shapes):
    """`shapes`: {id: Run}; runs of stacks deliver nothing and are none."""
    rows = read(path, "SELECT id, pipeline, phase, stage, created_ms, ended_ms FROM runs WHERE ended_ms >= ? AND ended_ms > 0 AND pipeline NOT LIKE '%/%' ORDER BY id", since_ms)
    runs = [of_run(path, row, shapes[row["id"]]) for row in rows]
    released = [run for run in runs if run["phase"] == RELEASED]
    sizes = collections.defaultdict(list)
    for run in runs:
        if run["outputs"].get("artifact_bytes"):
            sizes[run["pipeline"]].append(run["outputs"]["artifact_bytes"])
    several = [pair for pair in sizes.values() if len(pair) > 1]
    leads = [run["ended_ms"] - 1000 * run["outputs"]["commit_time"] for run in released if "commit_time" in run["outputs"]]
    coverage = [run["outputs"]["coverage"] / 100 for run in runs if "coverage" in run["outputs"]]
    return {"pipeline_efficiency": (sum(run["working"] for run in released) / sum(run["elapsed"] for run in released), len(released)) if released else (None, 0),
            "build_time": mean(run["build"] for run in runs), "test_coverage": (sum(coverage) / len(coverage), len(coverage)) if coverage else (None, 0),
            "artifact_size_trend": (sum(pair[-1] for pair in several) / sum(pair[0] for pair in several) - 1, sum(map(len, several))) if several else (None, 0),
            "lead_time": mean(leads)}


def figures(path, status, shapes, environment=None):
    """({name: (value, count)}, {strategy: the same of deployments}), over the span that `status` says."""
    span = status["span"]
    since_ms = datetime.datetime.fromisoformat(span["since"].replace("Z", "+00:00")).timestamp() * 1000
    rows = deployments(path, since_ms, environment)
    days = max(span["covered_s"] * 1000 / DAY_MS, 1)
    every = {**of_deployments(rows, days), **(of_runs(path, since_ms, shapes) if environment is None else {})}
    strategies = {name: of_deployments([row for row in rows if row["strategy"] == name], days) for name in {row["strategy"] for row in rows}}
    return every, strategies


def check(path, status, shapes, environment=None):
    """Every figure of the report is what the rows say, for all and for each strategy; returns how many were known."""
    every, strategies = figures(path, status, shapes, environment)
    if environment is None:
        assert set(every) == set(status["kpis"]), set(every) ^ set(status["kpis"])
    known = 0
    for name, (value, count) in every.items():
        told = status["kpis"][name]
        assert_same(name, told, value, count)
        known += value is not None
        for strategy in told.get("strategies", {}):
            assert_same(f"{name} of {strategy}", told["strategies"][strategy], *strategies[strategy][name])
    return known


def assert_same(name, told, value, count):
    said = (name, told["value"], told["count"], value, count)
    assert told["count"] == count and (told["value"] is None) == (value is None), said
    assert value is None or abs(told["value"] - value) <= 1e-9 * max(1, abs(value)), said
