/* deployment_row.h - one row of DEPLOYMENT_COLUMNS as a struct; for recovery and views.
 * SPDX-License-Identifier: MIT */
#ifndef STORE_DEPLOYMENT_ROW_H
#define STORE_DEPLOYMENT_ROW_H

#include "base/arena.h"
#include "store/journal_recovery.h"
#include "store/sql.h"

/* Texts go to the arena. ERR_LIMIT: it is full; ERR_INVALID: the snapshot is none of this build. */
MUST_CHECK bool deployment_row_read(struct row *row, struct arena *arena, struct journal_deployment *ret,
                                    struct err *err);

/* States of the rules of a deployment; `rules` has PLAN_RULES_MAX. */
MUST_CHECK bool deployment_row_rules(struct sql *sql, uint64_t deployment, struct rule_state *rules,
                                     uint32_t *ret_bits, struct err *err);

#endif
