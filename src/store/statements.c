/* statements.c - the statements of the journal, by name.
 * SPDX-License-Identifier: MIT */
#include "store/schema.h"

#include <assert.h>
#include <stddef.h>

/* Is one of the same deployment before `row`, and to be tried again? What comes later would be told first,
 * and an incident ended before it began. */
#define OUTBOX_IS_OVERTAKING(row)                                                                            \
    " EXISTS (SELECT 1 FROM outbox AS former WHERE former.state = 0 AND former.attempts > 0"                 \
    " AND former.receiver = " row ".receiver AND former.deployment = " row ".deployment"                     \
    " AND former.rowid < " row ".rowid)"
#define OUTBOX_WAITS OUTBOX_IS_OVERTAKING("outbox")
#define NEXT_WAITS   OUTBOX_IS_OVERTAKING("next")

#define STATE_COLUMNS                                                                                        \
    "s.version, s.serial, s.lineage, s.length, s.md5, s.sha256, s.actor, s.lock_id, s.run, s.deployment,"    \
    " s.wall_ms, s.deleted_ms "

#define DRIFT_COLUMNS "d.finding, d.is_failing, d.count, d.run, d.looked_ms, d.wall_ms, d.since_ms"

#define RUN_COLUMNS                                                                                          \
    "SELECT r.id, r.pipeline, r.service, r.retry_of, r.version, v.version, v.digest, r.actor, r.reason,"     \
    " r.run_url, r.commit_id, r.created_ms, r.changed_ms, r.ended_ms, r.traceparent, r.snapshot FROM runs r" \
    " JOIN versions v ON v.key = r.artifact "

#define DEPLOYMENT_COLUMNS                                                                                   \
    "SELECT d.id, d.target, d.kind, d.taken_back, d.version, d.previous, d.plan_hash, t.service,"            \
    " t.environment, v.version, v.digest, p.version, d.strategy, d.actor, d.reason, d.run_url, d.commit_id," \
    " d.created_ms, d.changed_ms, d.ended_ms, d.why, d.traceparent, d.snapshot, d.sealed"                    \
    " FROM deployments d"                                                                                    \
    " JOIN targets t ON t.id = d.target JOIN versions v ON v.key = d.version"                                \
    " LEFT JOIN versions p ON p.key = d.previous "

#define AUDIT_COLUMNS                                                                                        \
    "SELECT event, wall_ms, engine_ms, deployment, target, what, a, b, step, attempt, actor, reason, prev, " \
    "hash"                                                                                                   \
    " FROM audit "

static const char *const statements[STATEMENT_COUNT] = {
    [STATEMENT_META] = "SELECT boot_id, offset_ms, engine_ms, audit_event, audit_hash FROM meta",
    [STATEMENT_META_CLOCK] = "UPDATE meta SET boot_id = ?, offset_ms = ?, engine_ms = max(engine_ms, ?)",
    [STATEMENT_META_COMMIT] =
        "UPDATE meta SET engine_ms = max(engine_ms, ?), audit_event = ?, audit_hash = ?",
    [STATEMENT_TARGET_NAME] = "INSERT INTO targets(id, service, environment) VALUES (?, ?, ?)"
                              " ON CONFLICT(id) DO NOTHING",
    [STATEMENT_TARGET_SAVE] = "UPDATE targets SET snapshot = ? WHERE id = ?",
    [STATEMENT_TARGETS] = "SELECT id, service, environment, snapshot FROM targets ORDER BY id",
    [STATEMENT_VERSION_NAME] = "INSERT INTO versions(key, version, digest, seen_ms) VALUES (?, ?, ?, ?)"
                               " ON CONFLICT(key) DO UPDATE SET seen_ms = excluded.seen_ms",
    [STATEMENT_VERSIONS] = "SELECT key, version, digest FROM versions ORDER BY seen_ms DESC LIMIT ?",
    [STATEMENT_SEALED_SAVE] = "INSERT INTO sealed(hash, text) VALUES (?, ?) ON CONFLICT(hash) DO NOTHING",
    [STATEMENT_SEALED] = "SELECT s.text FROM deployments d JOIN sealed s ON s.hash = d.sealed WHERE d.id = ?",
    [STATEMENT_DEPLOYMENT_INSERT] =
        "INSERT INTO deployments(id, target, kind, taken_back, version, previous, plan_hash, sealed, "
        "strategy,"
        " actor, reason, run_url, commit_id, created_ms, changed_ms, ended_ms, phase, ending, step, attempt,"
        " sequence, seen_ms, is_open, is_escalated, revision, snapshot, traceparent)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?14, ?14, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)",
    [STATEMENT_DEPLOYMENT_UPDATE] =
        "UPDATE deployments SET changed_ms = ?1, ended_ms = CASE WHEN ended_ms = 0 THEN ?2 ELSE ended_ms END,"
        " phase = ?3, ending = ?4, step = ?5, attempt = ?6, sequence = ?7, seen_ms = ?8, is_open = ?9,"
        " is_escalated = ?10, revision = revision + 1, snapshot = ?11, why = coalesce(?13, why),"
        " previous = CASE WHEN phase = 0 THEN coalesce(?14, previous) ELSE previous END WHERE id = ?12",
    [STATEMENT_DEPLOYMENTS_OPEN] = DEPLOYMENT_COLUMNS "WHERE d.is_open = 1 ORDER BY d.id",
    [STATEMENT_DEPLOYMENTS_LIST] = DEPLOYMENT_COLUMNS
    "WHERE d.id < ?1 AND (?2 = '' OR t.service = ?2) AND (?3 = '' OR t.environment = ?3)"
    " AND (?4 = 0 OR (?4 >> d.phase) & 1 = 1) ORDER BY d.id DESC LIMIT ?5",
    [STATEMENT_DEPLOYMENT] = DEPLOYMENT_COLUMNS "WHERE d.id = ?",
    [STATEMENT_DEPLOYMENT_LAST] = DEPLOYMENT_COLUMNS
    "WHERE t.service = ? AND t.environment = ? ORDER BY d.phase BETWEEN 1 AND 4 DESC, d.id DESC LIMIT 1",
    [STATEMENT_REQUEST_SAVE] =
        "INSERT INTO requests(principal, key, body_hash, deployment, wall_ms) VALUES (?1, ?2, ?3, ?4, ?5)"
        " ON CONFLICT(principal, key) DO UPDATE SET body_hash = excluded.body_hash,"
        " deployment = excluded.deployment, wall_ms = excluded.wall_ms WHERE requests.wall_ms < ?6",
    [STATEMENT_REQUESTS] = "SELECT principal, key, body_hash, deployment, wall_ms FROM"
                           " (SELECT * FROM requests WHERE wall_ms >= ? ORDER BY wall_ms DESC LIMIT ?)"
                           " ORDER BY wall_ms",
    [STATEMENT_RULE_SAVE] = "INSERT INTO rules(deployment, rule, snapshot) VALUES (?, ?, ?)"
                            " ON CONFLICT(deployment, rule) DO UPDATE SET snapshot = excluded.snapshot",
    [STATEMENT_RULES] = "SELECT rule, snapshot FROM rules WHERE deployment = ?",
    [STATEMENT_VERDICT_INSERT] =
        "INSERT INTO verdicts(deployment, rule, step, attempt, engine_ms, wall_ms, verdict, reason, value, "
        "bound,"
        " estimate, lower, upper, statistic, statistic_limit, count, stable_count, from_ms, to_ms, against)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [STATEMENT_VERDICTS] =
        "SELECT id, rule, step, attempt, engine_ms, wall_ms, verdict, reason, value, bound, estimate, lower,"
        " upper, statistic, statistic_limit, count, stable_count, from_ms, to_ms, against FROM verdicts"
        " WHERE deployment = ? AND id > ? ORDER BY id LIMIT ?",
    [STATEMENT_PASS_INSERT] = "INSERT INTO passes(deployment, step, attempt, is_override) VALUES (?, ?, ?, ?)"
                              " ON CONFLICT DO NOTHING",
    [STATEMENT_ACTION_SAVE] =
        "INSERT INTO actions(deployment, sequence, kind, reference, share, cancels, step, attempt, "
        "is_rollback,"
        " limit_ms, tries, intent_ms, wall_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)"
        " ON CONFLICT(deployment, sequence) DO UPDATE SET kind = excluded.kind,"
        " reference = excluded.reference, share = excluded.share",
    [STATEMENT_ACTION_RESULT] = "UPDATE actions SET result = ?, result_ms = ?, tries = tries + 1 WHERE "
                                "deployment = ? AND sequence = ?",
    [STATEMENT_ACTIONS] = "SELECT sequence, kind, reference, share, tries, step, attempt, is_rollback, "
                          "result IS NOT NULL, result,"
                          " intent_ms, result_ms, wall_ms FROM actions WHERE deployment = ? AND sequence > ?"
                          " ORDER BY sequence LIMIT ?",
    [STATEMENT_INTENTS] = "SELECT sequence, kind, reference, share, tries FROM actions WHERE deployment = ?"
                          " AND (result IS NULL OR result IN (1, 3)) ORDER BY sequence DESC LIMIT ?",
    [STATEMENT_AUDIT_INSERT] =
        "INSERT INTO audit(event, wall_ms, engine_ms, deployment, target, what, a, b, step, attempt, actor,"
        " reason, prev, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [STATEMENT_AUDIT_CHAIN] = AUDIT_COLUMNS "ORDER BY event",
    [STATEMENT_AUDIT] = AUDIT_COLUMNS "WHERE event > ? ORDER BY event LIMIT ?",
    [STATEMENT_AUDIT_BEFORE] = AUDIT_COLUMNS "WHERE event < ? ORDER BY event DESC LIMIT ?",
    [STATEMENT_AUDIT_OF] = AUDIT_COLUMNS "WHERE event > ? AND deployment = ?3 ORDER BY event LIMIT ?2",
    [STATEMENT_AUDIT_BACK] =
        "SELECT actor, reason FROM audit WHERE deployment = ? AND what = 'phase' AND a = 4"
        " ORDER BY event DESC LIMIT 1",
    [STATEMENT_OUTBOX_INSERT] =
        "INSERT INTO outbox(id, receiver, kind, body, deployment, attempts, due_ms, created_ms, state)"
        " VALUES (?, ?, ?, ?, ?, 0, ?, ?, 0) ON CONFLICT(id) DO NOTHING",
    [STATEMENT_OUTBOX_LIMIT] =
        "UPDATE outbox SET state = 2 WHERE id = (SELECT id FROM outbox WHERE receiver = ?1 AND state = 0"
        " ORDER BY due_ms, rowid LIMIT 1) AND"
        " (SELECT count(*) FROM outbox WHERE receiver = ?1 AND state = 0) > ?2",
    [STATEMENT_OUTBOX_DUE] =
        "SELECT id, receiver, kind, body, deployment, attempts, due_ms, created_ms FROM outbox"
        " WHERE state = 0 AND due_ms <= ?1 AND NOT" OUTBOX_WAITS
        " AND rowid = (SELECT rowid FROM outbox AS next"
        " WHERE next.state = 0 AND next.receiver = outbox.receiver AND next.due_ms <= ?1 AND NOT" NEXT_WAITS
        " ORDER BY next.due_ms, next.rowid LIMIT 1) ORDER BY due_ms, rowid LIMIT ?2",
    [STATEMENT_OUTBOX_NEXT] =
        "SELECT due_ms FROM outbox WHERE state = 0 AND due_ms > ? ORDER BY due_ms LIMIT 1",
    [STATEMENT_OUTBOX_DEPTH] = "SELECT count(*) FROM outbox WHERE state = 0",
    [STATEMENT_OUTBOX_END] = "UPDATE outbox SET state = ? WHERE id = ? AND state = 0",
    [STATEMENT_OUTBOX_RETRY] =
        "UPDATE outbox SET attempts = attempts + 1, due_ms = ? WHERE id = ? AND state = 0",
    [STATEMENT_OUTBOX_WAKE] =
        "UPDATE outbox SET due_ms = ?1 WHERE receiver = ?2 AND state = 0 AND due_ms > ?1",
    [STATEMENT_OUTBOX_DELIVERED] =
        "SELECT id, body FROM outbox WHERE receiver = ? AND state = 1 ORDER BY rowid",
    [STATEMENT_OUTBOX_PRUNE] = "DELETE FROM outbox WHERE state <> 0 AND created_ms < ?",
    [STATEMENT_TOKEN_INSERT] = "INSERT INTO tokens(id, hash, principal, is_person, rights, services,"
                               " environments, created_ms, expires_ms, revoked_ms)"
                               " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
    [STATEMENT_TOKEN_REVOKE] = "UPDATE tokens SET revoked_ms = ? WHERE id = ? AND revoked_ms = 0",
    [STATEMENT_TOKENS] = "SELECT id, hash, principal, is_person, rights, services, environments, created_ms,"
                         " expires_ms FROM tokens WHERE revoked_ms = 0 AND (expires_ms = 0 OR expires_ms > ?)"
                         " ORDER BY created_ms, id LIMIT ?",
    [STATEMENT_RUN_INSERT] =
        "INSERT INTO runs(id, pipeline, service, retry_of, version, sealed, actor, reason, run_url, "
        "commit_id,"
        " created_ms, changed_ms, ended_ms, artifact, phase, stage, is_open, revision, snapshot,"
        " traceparent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?11, ?11, ?, ?, ?, ?, ?, 1, ?, ?)",
    [STATEMENT_RUN_UPDATE] =
        "UPDATE runs SET changed_ms = ?1, ended_ms = ?2, artifact = ?3, phase = ?4, stage = ?5, is_open = ?6,"
        " revision = revision + 1, snapshot = ?7 WHERE id = ?8",
    [STATEMENT_RUNS_OPEN] = RUN_COLUMNS "WHERE r.is_open = 1 ORDER BY r.id",
    [STATEMENT_RUNS_LIST] =
        RUN_COLUMNS "WHERE r.id < ?1 AND (?2 = '' OR r.pipeline = ?2) ORDER BY r.id DESC LIMIT ?3",
    [STATEMENT_RUN] = RUN_COLUMNS "WHERE r.id = ?",
    [STATEMENT_RUN_SEALED] = "SELECT s.text FROM runs r JOIN sealed s ON s.hash = r.sealed WHERE r.id = ?",
    [STATEMENT_TASK_SAVE] =
        "INSERT INTO tasks(run, task, tries, phase, deployment, began_ms, changed_ms)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6) ON CONFLICT(run, task, tries) DO UPDATE SET"
        " phase = excluded.phase, deployment = excluded.deployment, changed_ms = excluded.changed_ms",
    [STATEMENT_TASK_TEXT] = "UPDATE tasks SET output = ?, why = ? WHERE run = ? AND task = ? AND tries = ?",
    [STATEMENT_TASKS] =
        "SELECT task, tries, phase, deployment, began_ms, changed_ms, why,"
        " CASE WHEN ?2 AND tries = (SELECT max(tries) FROM tasks n WHERE n.run = t.run AND n.task = t.task)"
        " THEN substr(output, -4000) ELSE '' END FROM tasks t WHERE run = ?1 ORDER BY task, tries",
    [STATEMENT_OUTPUT_SAVE] = "INSERT INTO outputs(run, name, value) VALUES (?, ?, ?)"
                              " ON CONFLICT(run, name) DO UPDATE SET value = excluded.value",
    /* What takes a promotion back is about the version that goes. */
    [STATEMENT_ONCE_SAVE] =
        "INSERT INTO once(deployment, sequence, target, version, command, part) SELECT ?1, ?2, target,"
        " CASE WHEN kind = 0 THEN version ELSE coalesce(previous, version) END, ?3, ?4 FROM deployments"
        " WHERE id = ?1 ON CONFLICT(deployment, sequence) DO NOTHING",
    [STATEMENT_ONCE] = "SELECT o.deployment, o.part, coalesce(a.result, 3) FROM deployments d"
                       " JOIN once o ON o.target = d.target AND o.version = d.version AND o.command = ?3"
                       " JOIN actions a ON a.deployment = o.deployment AND a.sequence = o.sequence"
                       " WHERE d.id = ?1 AND (o.deployment < ?1 OR (o.deployment = ?1 AND o.sequence < ?2))"
                       " ORDER BY o.deployment DESC, o.sequence DESC LIMIT 1",
    /* One row each, with when it was accepted, when it failed, when it turned back, and when it was over. */
    [STATEMENT_ENDED] =
        "SELECT d.id, d.kind, d.taken_back, d.phase, d.ending, d.is_escalated, t.service, t.environment,"
        " d.strategy, d.created_ms, d.ended_ms, d.snapshot,"
        " min(CASE WHEN a.what = 'accepted' THEN a.engine_ms END),"
        " min(CASE WHEN a.what = 'fail' OR (a.what = 'held' AND a.a = 2) THEN a.engine_ms END),"
        " min(CASE WHEN a.what = 'phase' AND a.a = 4 THEN a.engine_ms END),"
        " min(CASE WHEN a.what = 'phase' AND a.a >= 5 THEN a.engine_ms END),"
        " max(a.what = 'downtime'),"
        " min(CASE WHEN a.what = 'disaster' THEN a.engine_ms END)"
        " FROM deployments d JOIN targets t ON t.id = d.target LEFT JOIN audit a ON a.deployment = d.id"
        " WHERE d.id >= ?1 AND d.id < ?2"
        " AND (d.ended_ms >= ?3 AND d.ended_ms > 0 OR (d.phase = 4 AND d.is_escalated = 1))"
        " GROUP BY d.id ORDER BY d.id DESC",
    [STATEMENT_WORKING] =
        "SELECT coalesce(sum(max(result_ms - intent_ms, 0)) FILTER (WHERE kind NOT IN (3, 8)"
        " AND result_ms IS NOT NULL AND (?2 = 0 OR intent_ms < ?2)), 0),"
        " count(*) FILTER (WHERE kind = 5) FROM actions WHERE deployment = ?1",
    /* Where a rule failed: the share before it, and when that was first less than all. */
    [STATEMENT_EXPOSED] =
        "WITH f AS (SELECT min(event) AS event FROM audit WHERE deployment = ?1"
        " AND (what = 'fail' OR (what = 'held' AND a = 2)))"
        " SELECT coalesce((SELECT a.a FROM audit a, f WHERE a.deployment = ?1 AND a.what = 'confirmed'"
        " AND a.event < f.event ORDER BY a.event DESC LIMIT 1), 0),"
        " coalesce((SELECT a.engine_ms FROM audit a, f WHERE a.deployment = ?1 AND a.what = 'confirmed'"
        " AND a.a < ?2 AND a.event > f.event ORDER BY a.event LIMIT 1), 0)",
    [STATEMENT_STACK] = "SELECT id, lock_id, holder, who FROM stacks WHERE name = ? AND environment = ?",
    [STATEMENT_STACK_COUNT] = "SELECT count(*) FROM stacks",
    [STATEMENT_STACK_INSERT] = "INSERT INTO stacks(name, environment) VALUES (?, ?)",
    [STATEMENT_STACK_LOCK] = "UPDATE stacks SET lock_id = ?, holder = ?, who = ?, operation = ?, actor = ?,"
                             " run = ?, deployment = ?, wall_ms = ? WHERE name = ? AND environment = ?",
    /* The newest state of each, though it be deleted. */
    [STATEMENT_STACKS] =
        "SELECT n.name, n.environment, k.lock_id, k.who, k.operation, k.actor, k.run,"
        " k.deployment, k.wall_ms, (SELECT count(*) FROM states WHERE stack = k.id)," STATE_COLUMNS
        "," DRIFT_COLUMNS
        ", c.version, c.serial, v.run, v.wall_ms FROM (SELECT name, environment FROM stacks UNION"
        " SELECT stack, environment FROM drifts) n"
        " LEFT JOIN stacks k ON k.name = n.name AND k.environment = n.environment"
        " LEFT JOIN states s ON s.version = (SELECT max(version) FROM states WHERE stack = k.id)"
        " LEFT JOIN drifts d ON d.stack = n.name AND d.environment = n.environment"
        " LEFT JOIN stack_looks v ON v.stack = n.name AND v.environment = n.environment AND v.kind = "
        "'verified'"
        " LEFT JOIN states c ON c.version = CAST(substr(v.facts, 9) AS INTEGER)"
        " WHERE ?1 = '' OR (n.name = ?1 AND n.environment = ?2)"
        " ORDER BY n.name, n.environment LIMIT ?3",
    /* serial -1: all; ?5 1: only those that count. */
    [STATEMENT_STATES] = "SELECT " STATE_COLUMNS "FROM states s WHERE s.stack ="
                         " (SELECT id FROM stacks WHERE name = ?1 AND environment = ?2) AND s.version < ?3"
                         " AND (?4 = -1 OR s.serial = ?4) AND (?5 = 0 OR s.deleted_ms = 0)"
                         " AND (?7 = '' OR s.lineage = ?7)"
                         " ORDER BY s.version DESC LIMIT ?6",
    [STATEMENT_STATE_INSERT] =
        "INSERT INTO states(stack, serial, lineage, length, md5, sha256, actor, lock_id, run, deployment,"
        " wall_ms) SELECT id, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12 FROM stacks"
        " WHERE name = ?1 AND environment = ?2",
    [STATEMENT_STATES_DELETE] = "UPDATE states SET deleted_ms = ?1 WHERE deleted_ms = 0 AND stack ="
                                " (SELECT id FROM stacks WHERE name = ?2 AND environment = ?3)",
    [STATEMENT_LOOK_SAVE] = "INSERT INTO stack_looks(stack, environment, kind, run, wall_ms, is_good, facts)"
                            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT(stack, environment, kind) DO UPDATE "
                            "SET run = excluded.run,"
                            " wall_ms = excluded.wall_ms, is_good = excluded.is_good, facts = excluded.facts",
    /* Of a verify that is done: the version that was there when it began, where none came since. */
    [STATEMENT_VERIFIED_SAVE] =
        "INSERT INTO stack_looks(stack, environment, kind, run, wall_ms, is_good, facts)"
        " SELECT k.name, k.environment, 'verified', ?3, ?6, 1, 'version=' || s.version FROM stacks k"
        " JOIN states s ON s.version = (SELECT max(version) FROM states WHERE stack = k.id)"
        " JOIN tasks t ON t.run = ?3 AND t.task = ?4 AND t.tries = ?5"
        " WHERE k.name = ?1 AND k.environment = ?2 AND s.deleted_ms = 0 AND s.wall_ms <= t.began_ms"
        " ON CONFLICT(stack, environment, kind) DO UPDATE SET run = excluded.run,"
        " wall_ms = excluded.wall_ms, facts = excluded.facts",
    [STATEMENT_VERIFIED_FORGET] =
        "DELETE FROM stack_looks WHERE stack = ? AND environment = ? AND kind = 'verified'",
    /* A state that counts, and a lock that is held, stand among them. */
    [STATEMENT_LOOKS] =
        "SELECT stack, environment, kind, run, wall_ms, is_good, facts FROM stack_looks"
        " UNION ALL SELECT k.name, k.environment, 'state', s.run, s.wall_ms, 1, 'serial=' || s.serial"
        " FROM stacks k JOIN states s ON s.version = (SELECT max(version) FROM states WHERE stack = k.id)"
        " WHERE s.deleted_ms = 0"
        " UNION ALL SELECT name, environment, 'lock', run, wall_ms, 1, '' FROM stacks WHERE lock_id <> ''"
        " ORDER BY 1, 2",
    [STATEMENT_TRACE_LISTS] = "SELECT tracestate, baggage FROM trace_lists WHERE of = ? AND id = ?",
    [STATEMENT_TRACE_LISTS_SAVE] = "INSERT INTO trace_lists(of, id, tracestate, baggage) VALUES (?, ?, ?, ?)",
    [STATEMENT_OUTPUTS] = "SELECT name, value FROM outputs WHERE run = ? ORDER BY name",
    [STATEMENT_APPROVAL_SAVE] =
        "INSERT INTO approvals(run, task, person, wall_ms) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
    [STATEMENT_DRIFT_SAVE] =
        "INSERT INTO drifts(stack, environment, finding, is_failing, count, run, looked_ms, wall_ms, "
        "since_ms)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, CASE WHEN ?3 = 0 THEN 0 ELSE ?8 END)"
        " ON CONFLICT(stack, environment) DO UPDATE SET"
        " since_ms = CASE WHEN finding = ?3 THEN since_ms ELSE ?8 END, finding = ?3, is_failing = ?4,"
        " count = ?5, run = ?6, looked_ms = ?7, wall_ms = ?8",
    [STATEMENT_DRIFTS] = "SELECT stack, environment, " DRIFT_COLUMNS " FROM drifts d",
    [STATEMENT_RUNS_FAILED] =
        "SELECT r.pipeline, v.version FROM runs r JOIN versions v ON v.key = r.version WHERE r.phase = 5"
        " AND r.id IN (SELECT max(r.id) FROM runs r JOIN versions v ON v.key = r.version"
        " WHERE r.phase IN (4, 5) GROUP BY r.pipeline, CASE WHEN instr(r.pipeline, '/') > 0"
        " THEN v.version ELSE '' END) AND NOT (instr(r.pipeline, '/') > 0 AND v.version = 'drift')",
    [STATEMENT_APPROVALS] = "SELECT task, person FROM approvals WHERE run = ? ORDER BY task, wall_ms, person",
};

const char *schema_statement(enum statement which)
{
    assert(which < STATEMENT_COUNT);
    return statements[which];
}
