/* schema.c - the tables of the journal, their guards, and what older ones lack.
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
 * destroy. facts: stack_facts.h. Of kind verified it is "version=N": the state that the last verify which was
 * done has looked at. */
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

/* What came beside a trace and goes on with it (../io/trace_lists.h), of those that have any. of: enum
 * trace_owner */
#define TRACE_LISTS                                                                                          \
    "CREATE TABLE IF NOT EXISTS trace_lists(of INTEGER NOT NULL, id INTEGER NOT NULL,"                       \
    " tracestate TEXT NOT NULL, baggage TEXT NOT NULL, PRIMARY KEY (of, id)) STRICT, WITHOUT ROWID"

    TRACE_LISTS,

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

/* The baseline that a comparison was held against, and what was dropped (verdict_column.h). */
#define AGAINST_COLUMN "ALTER TABLE verdicts ADD COLUMN against INTEGER NOT NULL DEFAULT 0"

static const char *const additions[] = {
    RUN_TABLES,      ONCE_TABLES,    "DROP TRIGGER a_raise_uses_passes_up",
    RAISE_TRIGGER,   AGAINST_COLUMN, OUTBOX_INDEX,
    TRACE_COLUMNS,   STACK_TABLES,   STACK_LOOK_TABLES,
    TABLES_OF_EIGHT, TRACE_LISTS,    NULL};
/* So many of them, from the end, came with that schema and those behind it. */
enum {
    SINCE_8 = 1 + 2 + 1,
    SINCE_7 = SINCE_8 + 2 + 6,
    SINCE_6 = SINCE_7 + 1,
    SINCE_5 = SINCE_6 + 1,
    SINCE_4 = SINCE_5 + 2,
    SINCE_3 = SINCE_4 + 2
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
