/* deployment_row.c - columns in the order of the statement.
 * SPDX-License-Identifier: MIT */
#include "store/deployment_row.h"

#include "engine/snapshot.h"

#include <string.h>

/* "" where the arena is full; the caller looks at `is_full` once. */
static const char *keep_text(struct row *row, struct arena *arena, bool *is_full)
{
    const char *copy = arena_copy_text(arena, row_get_text(row));

    if (copy == NULL)
        *is_full = true;
    return copy == NULL ? "" : copy;
}

bool deployment_row_read(struct row *row, struct arena *arena, struct journal_deployment *ret,
                         struct err *err)
{
    bool is_full = false;
    size_t length = 0;

    *ret = (struct journal_deployment){0};
    ret->id = row_get_key(row);
    ret->target = (uint32_t)row_get_integer(row);
    ret->kind = row_get_integer(row) == PLAN_ROLLBACK ? PLAN_ROLLBACK : PLAN_DEPLOY;
    ret->taken_back = row_get_key(row);
    ret->version_key = row_get_key(row);
    ret->previous_key = row_get_key(row);
    ret->plan_hash = row_get_key(row);
    ret->service = keep_text(row, arena, &is_full);
    ret->environment = keep_text(row, arena, &is_full);
    ret->version = keep_text(row, arena, &is_full);
    ret->digest = keep_text(row, arena, &is_full);
    ret->previous = keep_text(row, arena, &is_full);
    ret->strategy = keep_text(row, arena, &is_full);
    ret->actor = keep_text(row, arena, &is_full);
    ret->reason = keep_text(row, arena, &is_full);
    ret->run_url = keep_text(row, arena, &is_full);
    ret->commit = keep_text(row, arena, &is_full);
    ret->created_ms = row_get_integer(row);
    ret->changed_ms = row_get_integer(row);
    ret->ended_ms = row_get_integer(row);
    ret->why = keep_text(row, arena, &is_full);
    ret->traceparent = keep_text(row, arena, &is_full);
    const unsigned char *bytes = row_get_bytes(row, &length);
    if (is_full)
        return err_set(err, ERR_LIMIT, "the texts are larger than the memory for them");
    if (!snapshot_read_deployment(bytes, length, &ret->state))
        return err_set(err, ERR_INVALID, "deployment %llu: the snapshot is not one that this build can read",
                       (unsigned long long)ret->id);
    return true;
}

bool deployment_row_rules(struct sql *sql, uint64_t deployment, struct rule_state *rules, uint32_t *ret_bits,
                          struct err *err)
{
    struct row row = sql_row(sql, STATEMENT_RULES);
    uint32_t bits = 0;
    bool is_good = true;

    memset(rules, 0, PLAN_RULES_MAX * sizeof(*rules));
    row_key(&row, deployment);
    while (is_good && row_next(&row)) {
        int64_t rule = row_get_integer(&row);
        size_t length = 0;
        const unsigned char *bytes = row_get_bytes(&row, &length);
        is_good = rule >= 0 && rule < PLAN_RULES_MAX && snapshot_read_rule(bytes, length, &rules[rule]);
        bits |= is_good ? UINT32_C(1) << rule : 0;
    }
    row_end(&row);
    if (!is_good)
        return err_set(err, ERR_INVALID,
                       "deployment %llu: a rule's snapshot is not one that this build can read",
                       (unsigned long long)deployment);
    *ret_bits = bits;
    return true;
}
