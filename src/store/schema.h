/* schema.h - the journal's SQL: tables, guards, and every statement by name.
 * SPDX-License-Identifier: MIT
 *
 * Numbers of enums in the file are those of the headers that declare them; adding one in the middle is a new
 * schema. Guards (unique index, triggers) hold S2, S7, S8 and S13 a second time, in the database. */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include <stdint.h>

enum { SCHEMA_APPLICATION_ID = 0x56524454 }; /* "VRDT" in the file's header */

enum statement {
    STATEMENT_META,
    STATEMENT_META_CLOCK,
    STATEMENT_META_COMMIT,
    STATEMENT_TARGET_NAME,
    STATEMENT_TARGET_SAVE,
    STATEMENT_TARGETS,
    STATEMENT_VERSION_NAME,
    STATEMENT_VERSIONS,
    STATEMENT_SEALED_SAVE,
    STATEMENT_SEALED,
    STATEMENT_DEPLOYMENT_INSERT,
    STATEMENT_DEPLOYMENT_UPDATE,
    STATEMENT_DEPLOYMENTS_OPEN,
    STATEMENT_DEPLOYMENTS_LIST,
    STATEMENT_DEPLOYMENT,
    STATEMENT_DEPLOYMENT_LAST,
    STATEMENT_REQUEST_SAVE,
    STATEMENT_REQUESTS,
    STATEMENT_RULE_SAVE,
    STATEMENT_RULES,
    STATEMENT_VERDICT_INSERT,
    STATEMENT_VERDICTS,
    STATEMENT_PASS_INSERT,
    STATEMENT_ACTION_SAVE,
    STATEMENT_ACTION_RESULT,
    STATEMENT_ACTIONS,
    STATEMENT_INTENTS,
    STATEMENT_AUDIT_INSERT,
    STATEMENT_AUDIT_CHAIN,
    STATEMENT_AUDIT,
    STATEMENT_AUDIT_BEFORE,
    STATEMENT_AUDIT_OF,
    STATEMENT_OUTBOX_INSERT,
    STATEMENT_OUTBOX_LIMIT,
    STATEMENT_OUTBOX_DUE,
    STATEMENT_OUTBOX_NEXT,
    STATEMENT_OUTBOX_END,
    STATEMENT_OUTBOX_RETRY,
    STATEMENT_OUTBOX_PRUNE,
    STATEMENT_TOKEN_INSERT,
    STATEMENT_TOKEN_REVOKE,
    STATEMENT_TOKENS,
    STATEMENT_RUN_INSERT,
    STATEMENT_RUN_UPDATE,
    STATEMENT_RUNS_OPEN,
    STATEMENT_RUNS_LIST,
    STATEMENT_RUN,
    STATEMENT_RUN_SEALED,
    STATEMENT_TASK_SAVE,
    STATEMENT_TASK_TEXT,
    STATEMENT_TASKS,
    STATEMENT_OUTPUT_SAVE,
    STATEMENT_OUTPUTS,
    STATEMENT_ONCE_SAVE,
    STATEMENT_ONCE,
    STATEMENT_ENDED,
    STATEMENT_WORKING,
    STATEMENT_COUNT
};

/* What creates an empty journal, one statement each; NULL ends it. */
const char *const *schema_creation(void);
/* What a journal of this older schema lacks, in the same form. */
const char *const *schema_additions(int64_t schema);

const char *schema_statement(enum statement which);

#endif
