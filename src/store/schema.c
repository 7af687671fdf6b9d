/* schema.c - the tables of the journal, their guards, and the statements.
 * SPDX-License-Identifier: MIT */
#include "store/schema.h"

#include "base/attributes.h"
#include "orchestrator/event.h"

#include <assert.h>
#include <stddef.h>

/* The guards below say these as numbers. */
static_assert(PHASE_QUEUED == 0 && PHASE_ADMITTING == 1 && PHASE_ROLLING_BACK == 4 && PHASE_PROMOTED == 5,
              "");
static_assert(ACTION_ROUTE == 5 && ACTION_CANCEL == 3 && ACTION_GATE == 8 && PLAN_DEPLOY == 0, "");
static_assert(HOLD_RULE == 2, "");
static_assert(RESULT_DONE == 0 && RESULT_AGAIN == 1 && RESULT_FAILED == 2 && RESULT_UNKNOWN == 3, "");

/* Only what a raise may rest on: an override that came in the same batch is for the next one. */
#define RAISE_TRIGGER                                                                                        \
    "CREATE TRIGGER a_raise_uses_passes_up AFTER INSERT ON actions"                                          \
    " WHEN NEW.kind = 5 AND NEW.share > coalesce((SELECT max(share) FROM actions"                            \
    "  WHERE deployment = NEW.deployment AND kind = 5 AND sequence <> NEW.sequence), 0)"                     \
    " BEGIN UPDATE passes SET used_by = NEW.sequence WHERE deployment = NEW.deployment AND used_by IS NULL"  \
    " AND step < NEW.step AND attempt < NEW.attempt; END"

/* What a notice waits for: those before it that were tried in vain. */
#define OUTBOX_INDEX                                                                                         \
    "CREATE INDEX IF NOT EXISTS outbox_in_vain ON outbox(receiver, deployment)"                              \
    " WHERE state = 0 AND attempts > 0"

/* Is one of the same deployment before `row`, and to be tried again? What comes later would be told first,
 * and an incident ended before it began. */
#define OUTBOX_IS_OVERTAKING(row)                                                                            \
    " EXISTS (SELECT 1 FROM outbox AS former WHERE former.state = 0 AND former.attempts > 0"                 \
    " AND former.receiver = " row ".receiver AND former.deployment = " row ".deployment"                     \
    " AND former.rowid < " row ".rowid)"
#define OUTBOX_WAITS OUTBOX_IS_OVERTAKING("outbox")
#define NEXT_WAITS   OUTBOX_IS_OVERTAKING("next")

static const char *const creation[] = {
    "CREATE TABLE meta(id INTEGER PRIMARY KEY CHECK (id = 1), schema INTEGER NOT NULL,"
    " min_reader INTEGER NOT NULL, boot_id TEXT NOT NULL, offset_ms INTEGER NOT NULL,"
    " engine_ms INTEGER NOT NULL, audit_event INTEGER NOT NULL, audit_hash BLOB NOT NULL) STRICT",

    "CREATE TABLE targets(id INTEGER PRIMARY KEY, service TEXT NOT NULL, environment TEXT NOT NULL,"
    " snapshot BLOB, UNIQUE (service, environment)) STRICT",

    "CREATE TABLE versions(key INTEGER PRIMARY KEY, version TEXT NOT NULL, digest TEXT NOT NULL,"
    " seen_ms INTEGER NOT NULL, UNIQUE (version, digest)) STRICT",

    "CREATE TABLE sealed(hash BLOB PRIMARY KEY, text TEXT NOT NULL) STRICT",

    "CREATE TABLE deployments(id INTEGER PRIMARY KEY, target INTEGER NOT NULL REFERENCES targets(id),"
    " kind INTEGER NOT NULL, taken_back INTEGER REFERENCES deployments(id),"
    " version INTEGER NOT NULL REFERENCES versions(key), previous INTEGER REFERENCES versions(key),"
    " plan_hash INTEGER NOT NULL, sealed BLOB NOT NULL REFERENCES sealed(hash), strategy TEXT NOT NULL,"
    " actor TEXT NOT NULL, reason TEXT NOT NULL, run_url TEXT NOT NULL, commit_id TEXT NOT NULL,"
    " created_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL,"
    " phase INTEGER NOT NULL, ending INTEGER NOT NULL, step INTEGER NOT NULL, attempt INTEGER NOT NULL,"
    " sequence INTEGER NOT NULL, seen_ms INTEGER NOT NULL, is_open INTEGER NOT NULL,"
    " is_escalated INTEGER NOT NULL, revision INTEGER NOT NULL, snapshot BLOB NOT NULL,"
    " why TEXT NOT NULL DEFAULT '') STRICT",
    "CREATE INDEX deployments_of_target ON deployments(target, id)",
    "CREATE INDEX deployments_open ON deployments(id) WHERE is_open = 1",

    "CREATE TABLE requests(principal TEXT NOT NULL, key TEXT NOT NULL, body_hash BLOB NOT NULL,"
    " deployment INTEGER NOT NULL REFERENCES deployments(id), wall_ms INTEGER NOT NULL,"
    " PRIMARY KEY (principal, key)) STRICT, WITHOUT ROWID",
    "CREATE INDEX requests_by_age ON requests(wall_ms)",

    "CREATE TABLE rules(deployment INTEGER NOT NULL REFERENCES deployments(id), rule INTEGER NOT NULL,"
    " snapshot BLOB NOT NULL, PRIMARY KEY (deployment, rule)) STRICT, WITHOUT ROWID",

    "CREATE TABLE verdicts(id INTEGER PRIMARY KEY, deployment INTEGER NOT NULL REFERENCES deployments(id),"
    " rule INTEGER NOT NULL, step INTEGER NOT NULL, attempt INTEGER NOT NULL, engine_ms INTEGER NOT NULL,"
    " wall_ms INTEGER NOT NULL, verdict INTEGER NOT NULL, reason INTEGER NOT NULL, value REAL, bound REAL,"
    " estimate REAL, lower REAL, upper REAL, statistic REAL, statistic_limit REAL, count REAL,"
    " stable_count REAL, from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, against INTEGER NOT NULL"
    " DEFAULT 0) STRICT",
    "CREATE INDEX verdicts_of_deployment ON verdicts(deployment, id)",

    "CREATE TABLE passes(deployment INTEGER NOT NULL REFERENCES deployments(id), step INTEGER NOT NULL,"
    " attempt INTEGER NOT NULL, is_override INTEGER NOT NULL, used_by INTEGER,"
    " PRIMARY KEY (deployment, step, attempt, is_override)) STRICT, WITHOUT ROWID",

    "CREATE TABLE actions(deployment INTEGER NOT NULL REFERENCES deployments(id), sequence INTEGER NOT NULL,"
    " kind INTEGER NOT NULL, reference INTEGER NOT NULL, share INTEGER NOT NULL, cancels INTEGER NOT NULL,"
    " step INTEGER NOT NULL, attempt INTEGER NOT NULL, is_rollback INTEGER NOT NULL,"
    " limit_ms INTEGER NOT NULL, tries INTEGER NOT NULL, intent_ms INTEGER NOT NULL,"
    " wall_ms INTEGER NOT NULL, result INTEGER, result_ms INTEGER,"
    " PRIMARY KEY (deployment, sequence)) STRICT, WITHOUT ROWID",

    "CREATE TABLE audit(event INTEGER PRIMARY KEY, wall_ms INTEGER NOT NULL, engine_ms INTEGER NOT NULL,"
    " deployment INTEGER NOT NULL, target INTEGER NOT NULL, what TEXT NOT NULL, a INTEGER NOT NULL,"
    " b INTEGER NOT NULL, step INTEGER NOT NULL, attempt INTEGER NOT NULL, actor TEXT NOT NULL,"
    " reason TEXT NOT NULL, prev BLOB NOT NULL, hash BLOB NOT NULL) STRICT",
    "CREATE INDEX audit_of_deployment ON audit(deployment, event)",

    /* state: 0 waits, 1 delivered, 2 given up */
    "CREATE TABLE outbox(id TEXT PRIMARY KEY, receiver TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,"
    " deployment INTEGER NOT NULL, attempts INTEGER NOT NULL, due_ms INTEGER NOT NULL,"
    " created_ms INTEGER NOT NULL, state INTEGER NOT NULL) STRICT",
    "CREATE INDEX outbox_due ON outbox(due_ms) WHERE state = 0",
    "CREATE INDEX outbox_of_receiver ON outbox(receiver, due_ms) WHERE state = 0",
    OUTBOX_INDEX,

    "CREATE TABLE tokens(id TEXT PRIMARY KEY, hash BLOB NOT NULL, principal TEXT NOT NULL,"
    " is_person INTEGER NOT NULL, rights INTEGER NOT NULL, services TEXT NOT NULL,"
    " environments TEXT NOT NULL, created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL,"
    " revoked_ms INTEGER NOT NULL) STRICT",

#define RUN_TABLES                                                                                           \
    "CREATE TABLE runs(id INTEGER PRIMARY KEY, pipeline TEXT NOT NULL, service TEXT NOT NULL,"               \
    " retry_of INTEGER REFERENCES runs(id), version INTEGER NOT NULL REFERENCES versions(key),"              \
    " sealed BLOB NOT NULL REFERENCES sealed(hash), actor TEXT NOT NULL, reason TEXT NOT NULL,"              \
    " run_url TEXT NOT NULL, commit_id TEXT NOT NULL, created_ms INTEGER NOT NULL,"                          \
    " changed_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL, artifact INTEGER NOT NULL"                     \
    " REFERENCES versions(key), phase INTEGER NOT NULL, stage INTEGER NOT NULL, is_open INTEGER NOT NULL,"   \
    " revision INTEGER NOT NULL, snapshot BLOB NOT NULL) STRICT",                                            \
        "CREATE INDEX runs_open ON runs(id) WHERE is_open = 1",                                              \
        "CREATE TABLE tasks(run INTEGER NOT NULL REFERENCES runs(id), task INTEGER NOT NULL,"                \
        " tries INTEGER NOT NULL, phase INTEGER NOT NULL, deployment INTEGER REFERENCES deployments(id),"    \
        " began_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL, why TEXT NOT NULL DEFAULT '',"             \
        " output TEXT NOT NULL DEFAULT '', PRIMARY KEY (run, task, tries)) STRICT",                          \
        "CREATE TABLE outputs(run INTEGER NOT NULL REFERENCES runs(id), name TEXT NOT NULL,"                 \
        " value TEXT NOT NULL, PRIMARY KEY (run, name)) STRICT, WITHOUT ROWID",                              \
        "CREATE TRIGGER a_run_ends_once BEFORE UPDATE ON runs WHEN OLD.is_open = 0"                          \
        " BEGIN SELECT RAISE(ABORT, 'S7: a run that ended never changes'); END",                             \
        "CREATE TRIGGER an_artifact_is_fixed BEFORE UPDATE ON runs WHEN NEW.artifact <> OLD.artifact"        \
        " AND EXISTS (SELECT 1 FROM tasks WHERE run = NEW.id AND deployment IS NOT NULL)"                    \
        " BEGIN SELECT RAISE(ABORT, 'what passed one environment is what enters the next'); END",            \
        "CREATE TRIGGER a_try_has_one_deployment BEFORE UPDATE ON tasks"                                     \
        " WHEN OLD.deployment IS NOT NULL AND NEW.deployment IS NOT OLD.deployment"                          \
        " BEGIN SELECT RAISE(ABORT, 'S5: a try of a task starts one deployment'); END"

    RUN_TABLES,

/* The trace that it belongs to (../io/traceparent.h); "" of what came before there was one. */
#define TRACE_COLUMNS                                                                                        \
    "ALTER TABLE deployments ADD COLUMN traceparent TEXT NOT NULL DEFAULT ''",                               \
        "ALTER TABLE runs ADD COLUMN traceparent TEXT NOT NULL DEFAULT ''"

    TRACE_COLUMNS,

/* part: enum once_part */
#define ONCE_TABLES                                                                                          \
    "CREATE TABLE once(deployment INTEGER NOT NULL, sequence INTEGER NOT NULL, target INTEGER NOT NULL,"     \
    " version INTEGER NOT NULL, command TEXT NOT NULL, part INTEGER NOT NULL,"                               \
    " PRIMARY KEY (deployment, sequence),"                                                                   \
    " FOREIGN KEY (deployment, sequence) REFERENCES actions(deployment, sequence)) STRICT",                  \
        "CREATE INDEX once_of_command ON once(target, version, command, deployment, sequence)"

    ONCE_TABLES,

/* Infrastructure as code: a lock without an id is nobody's. The bytes of a state are a file of their own. */
#define STACK_TABLES                                                                                         \
    "CREATE TABLE stacks(id INTEGER PRIMARY KEY, name TEXT NOT NULL, environment TEXT NOT NULL,"             \
    " lock_id TEXT NOT NULL DEFAULT '', holder TEXT NOT NULL DEFAULT '', who TEXT NOT NULL DEFAULT '',"      \
    " operation TEXT NOT NULL DEFAULT '', actor TEXT NOT NULL DEFAULT '', run INTEGER NOT NULL DEFAULT 0,"   \
    " deployment INTEGER NOT NULL DEFAULT 0, wall_ms INTEGER NOT NULL DEFAULT 0,"                            \
    " UNIQUE (name, environment)) STRICT",                                                                   \
        "CREATE TABLE states(version INTEGER PRIMARY KEY, stack INTEGER NOT NULL REFERENCES stacks(id),"     \
        " serial INTEGER NOT NULL, lineage TEXT NOT NULL, length INTEGER NOT NULL, md5 BLOB NOT NULL,"       \
        " sha256 BLOB NOT NULL, actor TEXT NOT NULL, lock_id TEXT NOT NULL, run INTEGER NOT NULL,"           \
        " deployment INTEGER NOT NULL, wall_ms INTEGER NOT NULL, deleted_ms INTEGER NOT NULL DEFAULT 0)"     \
        " STRICT",                                                                                           \
        "CREATE INDEX states_of_stack ON states(stack, version)",                                            \
        "CREATE TRIGGER a_serial_rises BEFORE INSERT ON states WHEN EXISTS (SELECT 1 FROM states"            \
        " WHERE stack = NEW.stack AND deleted_ms = 0 AND (serial >= NEW.serial OR lineage <> NEW.lineage))"  \
        " BEGIN SELECT RAISE(ABORT, 'a state has a higher serial than the one before it'); END",             \
        "CREATE TRIGGER a_state_is_kept BEFORE UPDATE ON states WHEN OLD.deleted_ms <> 0"                    \
        " OR NEW.version <> OLD.version OR NEW.stack <> OLD.stack OR NEW.serial <> OLD.serial"               \
        " OR NEW.lineage <> OLD.lineage OR NEW.sha256 <> OLD.sha256"                                         \
        " BEGIN SELECT RAISE(ABORT, 'a state never changes'); END",                                          \
        "CREATE TRIGGER a_state_is_not_deleted BEFORE DELETE ON states"                                      \
        " BEGIN SELECT RAISE(ABORT, 'states stay'); END"

    STACK_TABLES,

/* What was found of a stack by the last of each kind of task: plan, cost, compliance, apply, verify, drift,
 * destroy. facts: stack_facts.h */
#define STACK_LOOK_TABLES                                                                                    \
    "CREATE TABLE stack_looks(stack TEXT NOT NULL, environment TEXT NOT NULL, kind TEXT NOT NULL,"           \
    " run INTEGER NOT NULL REFERENCES runs(id), wall_ms INTEGER NOT NULL, is_good INTEGER NOT NULL,"         \
    " facts TEXT NOT NULL, PRIMARY KEY (stack, environment, kind)) STRICT, WITHOUT ROWID"

    STACK_LOOK_TABLES,

/* Who said yes where several have to; and what drift was found where (../orchestrator/drift.h). */
#define TABLES_OF_EIGHT                                                                                      \
    "CREATE TABLE approvals(run INTEGER NOT NULL REFERENCES runs(id), task INTEGER NOT NULL,"                \
    " person TEXT NOT NULL, wall_ms INTEGER NOT NULL, PRIMARY KEY (run, task, person))"                      \
    " STRICT, WITHOUT ROWID",                                                                                \
        "CREATE TABLE drifts(stack TEXT NOT NULL, environment TEXT NOT NULL, finding INTEGER NOT NULL,"      \
        " is_failing INTEGER NOT NULL, count INTEGER NOT NULL, run INTEGER NOT NULL,"                        \
        " looked_ms INTEGER NOT NULL, wall_ms INTEGER NOT NULL, since_ms INTEGER NOT NULL,"                  \
        " PRIMARY KEY (stack, environment)) STRICT, WITHOUT ROWID"

    TABLES_OF_EIGHT,

    "CREATE UNIQUE INDEX one_active_deployment ON deployments(target) WHERE phase BETWEEN 1 AND 4",

    "CREATE TRIGGER terminal_is_final BEFORE UPDATE ON deployments"
    " WHEN OLD.phase >= 5 AND NEW.phase <> OLD.phase"
    " BEGIN SELECT RAISE(ABORT, 'S7: a terminal phase never changes'); END",

    "CREATE TRIGGER no_lost_update BEFORE UPDATE ON deployments"
    " WHEN NEW.revision <> OLD.revision + 1 OR NEW.sequence < OLD.sequence OR NEW.attempt < OLD.attempt"
    " OR NEW.seen_ms < OLD.seen_ms"
    " BEGIN SELECT RAISE(ABORT, 'lost update: the state is older than the one in the journal'); END",

    "CREATE TRIGGER identity_is_fixed BEFORE UPDATE ON deployments"
    " WHEN NEW.id <> OLD.id OR NEW.target <> OLD.target OR NEW.kind <> OLD.kind"
    " OR NEW.version <> OLD.version OR NEW.sealed <> OLD.sealed"
    " OR (NEW.previous IS NOT OLD.previous AND OLD.phase <> 0)"
    " BEGIN SELECT RAISE(ABORT, 'S12: what was admitted never changes'); END",

    /* A share above all before, but for the first one, rests on a pass or override that came after them. */
    "CREATE TRIGGER a_raise_needs_a_pass BEFORE INSERT ON actions"
    " WHEN NEW.kind = 5 AND (SELECT kind FROM deployments WHERE id = NEW.deployment) = 0"
    " AND NEW.share > (SELECT max(share) FROM actions"
    "  WHERE deployment = NEW.deployment AND kind = 5 AND share > 0)"
    " AND NOT EXISTS (SELECT 1 FROM passes WHERE deployment = NEW.deployment AND used_by IS NULL"
    "  AND step < NEW.step AND attempt < NEW.attempt)"
    " BEGIN SELECT RAISE(ABORT, 'S2: no unused pass for a higher share'); END",

    RAISE_TRIGGER,

    "CREATE TRIGGER an_action_stays_itself BEFORE UPDATE ON actions"
    " WHEN NEW.kind <> OLD.kind OR NEW.share <> OLD.share OR NEW.reference <> OLD.reference"
    " OR NEW.deployment <> OLD.deployment OR NEW.sequence <> OLD.sequence"
    " BEGIN SELECT RAISE(ABORT, 'S5: a key stands for one action'); END",

    "CREATE TRIGGER audit_is_kept BEFORE UPDATE ON audit"
    " BEGIN SELECT RAISE(ABORT, 'S13: audit rows never change'); END",
    "CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit"
    " BEGIN SELECT RAISE(ABORT, 'S13: audit rows stay'); END",
    NULL,
};

/* The baseline that a comparison was held against. */
#define AGAINST_COLUMN "ALTER TABLE verdicts ADD COLUMN against INTEGER NOT NULL DEFAULT 0"

static const char *const additions[] = {RUN_TABLES,
                                        ONCE_TABLES,
                                        "DROP TRIGGER a_raise_uses_passes_up",
                                        RAISE_TRIGGER,
                                        AGAINST_COLUMN,
                                        OUTBOX_INDEX,
                                        TRACE_COLUMNS,
                                        STACK_TABLES,
                                        STACK_LOOK_TABLES,
                                        TABLES_OF_EIGHT,
                                        NULL};
/* So many of them, from the end, came with that schema and those behind it. */
enum {
    SINCE_8 = 1 + 2,
    SINCE_7 = SINCE_8 + 2 + 6,
    SINCE_6 = SINCE_7 + 1,
    SINCE_5 = SINCE_6 + 1,
    SINCE_4 = SINCE_5 + 2,
    SINCE_3 = SINCE_4 + 2
};

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
    [STATEMENT_OUTBOX_END] = "UPDATE outbox SET state = ? WHERE id = ? AND state = 0",
    [STATEMENT_OUTBOX_RETRY] =
        "UPDATE outbox SET attempts = attempts + 1, due_ms = ? WHERE id = ? AND state = 0",
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
        " max(a.what = 'downtime')"
        " FROM deployments d JOIN targets t ON t.id = d.target LEFT JOIN audit a ON a.deployment = d.id"
        " WHERE d.id >= ?1 AND d.id < ?2"
        " AND (d.ended_ms >= ?3 AND d.ended_ms > 0 OR (d.phase = 4 AND d.is_escalated = 1))"
        " GROUP BY d.id ORDER BY d.id DESC",
    [STATEMENT_WORKING] =
        "SELECT coalesce(sum(max(result_ms - intent_ms, 0)) FILTER (WHERE kind NOT IN (3, 8)"
        " AND result_ms IS NOT NULL AND (?2 = 0 OR intent_ms < ?2)), 0),"
        " count(*) FILTER (WHERE kind = 5) FROM actions WHERE deployment = ?1",
    [STATEMENT_STACK] = "SELECT id, lock_id, holder, who FROM stacks WHERE name = ? AND environment = ?",
    [STATEMENT_STACK_COUNT] = "SELECT count(*) FROM stacks",
    [STATEMENT_STACK_INSERT] = "INSERT INTO stacks(name, environment) VALUES (?, ?)",
    [STATEMENT_STACK_LOCK] = "UPDATE stacks SET lock_id = ?, holder = ?, who = ?, operation = ?, actor = ?,"
                             " run = ?, deployment = ?, wall_ms = ? WHERE name = ? AND environment = ?",
    /* The newest state of each, though it be deleted. */
    [STATEMENT_STACKS] =
        "SELECT n.name, n.environment, k.lock_id, k.who, k.operation, k.actor, k.run,"
        " k.deployment, k.wall_ms, (SELECT count(*) FROM states WHERE stack = k.id)," STATE_COLUMNS
        "," DRIFT_COLUMNS " FROM (SELECT name, environment FROM stacks UNION"
        " SELECT stack, environment FROM drifts) n"
        " LEFT JOIN stacks k ON k.name = n.name AND k.environment = n.environment"
        " LEFT JOIN states s ON s.version = (SELECT max(version) FROM states WHERE stack = k.id)"
        " LEFT JOIN drifts d ON d.stack = n.name AND d.environment = n.environment"
        " WHERE ?1 = '' OR (n.name = ?1 AND n.environment = ?2)"
        " ORDER BY n.name, n.environment LIMIT ?3",
    /* serial -1: all; ?5 1: only those that count. */
    [STATEMENT_STATES] = "SELECT " STATE_COLUMNS "FROM states s WHERE s.stack ="
                         " (SELECT id FROM stacks WHERE name = ?1 AND environment = ?2) AND s.version < ?3"
                         " AND (?4 = -1 OR s.serial = ?4) AND (?5 = 0 OR s.deleted_ms = 0)"
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
    /* A state that counts, and a lock that is held, stand among them. */
    [STATEMENT_LOOKS] =
        "SELECT stack, environment, kind, run, wall_ms, is_good, facts FROM stack_looks"
        " UNION ALL SELECT k.name, k.environment, 'state', s.run, s.wall_ms, 1, 'serial=' || s.serial"
        " FROM stacks k JOIN states s ON s.version = (SELECT max(version) FROM states WHERE stack = k.id)"
        " WHERE s.deleted_ms = 0"
        " UNION ALL SELECT name, environment, 'lock', run, wall_ms, 1, '' FROM stacks WHERE lock_id <> ''"
        " ORDER BY 1, 2",
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

const char *const *schema_creation(void)
{
    return creation;
}

const char *const *schema_additions(int64_t schema)
{
    static const size_t lacks[] = {
        [2] = SINCE_3, [3] = SINCE_4, [4] = SINCE_5, [5] = SINCE_6, [6] = SINCE_7, [7] = SINCE_8, [8] = 0};
    const char *const *end = &additions[ARRAY_LENGTH(additions) - 1];

    return schema < 2 ? additions : end - lacks[schema];
}

const char *schema_statement(enum statement which)
{
    assert(which < STATEMENT_COUNT);
    return statements[which];
}
