/* journal_recovery.c - the start: what was under way, read once.
 * SPDX-License-Identifier: MIT */
#include "store/journal_recovery.h"

#include "engine/snapshot.h"
#include "io/memory.h"
#include "store/deployment_row.h"
#include "store/journal_parts.h"
#include "store/trace_rows.h"

enum { SCRATCH_BYTES = JOURNAL_SEALED_MAX + 256 * 1024 };

static bool recover_targets(struct sql *sql, const struct journal_recovery *recovery, struct err *err)
{
    struct row row = sql_row(sql, STATEMENT_TARGETS);
    bool is_good = true;

    while (is_good && row_next(&row)) {
        struct target_state target;
        size_t length = 0;
        int64_t id = row_get_integer(&row);
        (void)row_get_text(&row);
        (void)row_get_text(&row);
        const unsigned char *bytes = row_get_bytes(&row, &length);
        if (length == 0) /* named by a deployment, but nothing happened to it yet */
            continue;
        is_good = snapshot_read_target(bytes, length, &target);
        if (is_good)
            recovery->target(recovery->data, &target);
        else
            (void)err_set(err, ERR_INVALID, "target %lld: the snapshot is not one that this build can read",
                          (long long)id);
    }
    row_end(&row);
    return is_good;
}

static bool read_sealed(struct sql *sql, uint64_t deployment, struct arena *arena, const char **ret_text,
                        struct err *err)
{
    struct row row = sql_row(sql, STATEMENT_SEALED);

    row_key(&row, deployment);
    bool is_there = row_next(&row);
    *ret_text = is_there ? arena_copy_text(arena, row_get_text(&row)) : NULL;
    row_end(&row);
    if (!is_there)
        return err_set(err, ERR_INVALID, "deployment %llu: its sealed text is missing",
                       (unsigned long long)deployment);
    if (*ret_text == NULL)
        return err_set(err, ERR_LIMIT, "deployment %llu: its sealed text is too long",
                       (unsigned long long)deployment);
    return true;
}

static void read_intents(struct sql *sql, struct journal_recovered *recovered)
{
    struct row row = sql_row(sql, STATEMENT_INTENTS);

    row_key(&row, recovered->deployment.id);
    row_integer(&row, JOURNAL_INTENTS_MAX);
    recovered->intent_count = 0;
    while (recovered->intent_count < JOURNAL_INTENTS_MAX && row_next(&row)) {
        struct journal_intent *intent = &recovered->intents[recovered->intent_count++];
        intent->sequence = (uint32_t)row_get_integer(&row);
        intent->kind = (enum action_kind)row_get_integer(&row);
        intent->reference = (uint16_t)row_get_integer(&row);
        intent->share = (uint16_t)row_get_integer(&row);
        intent->tries = (uint16_t)row_get_integer(&row);
    }
    row_end(&row);
}

/* False: no room for it. */
static bool read_back(struct sql *sql, struct journal_recovered *recovered, struct arena *arena)
{
    struct row row = sql_row(sql, STATEMENT_AUDIT_BACK);

    recovered->back_actor = recovered->back_reason = "";
    row_key(&row, recovered->deployment.id);
    if (recovered->deployment.state.phase == PHASE_ROLLING_BACK && row_next(&row)) {
        recovered->back_actor = arena_copy_text(arena, row_get_text(&row));
        recovered->back_reason = arena_copy_text(arena, row_get_text(&row));
    }
    row_end(&row);
    return recovered->back_actor != NULL && recovered->back_reason != NULL;
}

static bool recover_deployment(struct sql *sql, struct row *row, struct arena *arena,
                               struct journal_recovered *recovered, struct err *err)
{
    arena_reset(arena);
    if (!deployment_row_read(row, arena, &recovered->deployment, err) ||
        !read_sealed(sql, recovered->deployment.id, arena, &recovered->sealed, err) ||
        !trace_rows_read(sql, TRACE_OF_DEPLOYMENT, recovered->deployment.id, arena, &recovered->tracestate,
                         &recovered->baggage, err) ||
        !deployment_row_rules(sql, recovered->deployment.id, recovered->rules, &recovered->rule_bits, err))
        return false;
    if (!read_back(sql, recovered, arena))
        return err_set(err, ERR_LIMIT, "deployment %llu: its texts are larger than the memory for them",
                       (unsigned long long)recovered->deployment.id);
    read_intents(sql, recovered);
    return true;
}

static bool recover_deployments(struct sql *sql, const struct journal_recovery *recovery, struct err *err)
{
    CLEANUP(memory_free_at) void *memory = memory_take(SCRATCH_BYTES);
    CLEANUP(memory_free_at) struct journal_recovered *recovered = memory_take(sizeof(*recovered));
    struct arena arena;
    struct row row = sql_row(sql, STATEMENT_DEPLOYMENTS_OPEN);
    bool is_good = true;

    arena_init(&arena, memory, SCRATCH_BYTES);
    while (is_good && row_next(&row))
        is_good = recover_deployment(sql, &row, &arena, recovered, err) &&
                  recovery->deployment(recovery->data, recovered, err);
    row_end(&row);
    return is_good;
}

static bool recover(struct sql *sql, const struct journal_recovery *recovery, uint64_t *ret_next_deployment,
                    struct err *err)
{
    if (!recover_targets(sql, recovery, err) || !recover_deployments(sql, recovery, err))
        return false;
    uint64_t highest = (uint64_t)sql_number(sql, "SELECT max(id) FROM deployments", 0);
    if (!sql_is_good(sql))
        return err_set(err, ERR_IO, "%s", sql->error);
    *ret_next_deployment = highest + 1;
    return true;
}

bool journal_recover(struct journal *journal, const struct journal_recovery *recovery,
                     uint64_t *ret_next_deployment, struct err *err)
{
    struct sql sql;
    bool is_good =
        sql_open(&sql, journal->path, SQL_READS, err) && recover(&sql, recovery, ret_next_deployment, err);

    sql_close(&sql);
    return is_good || err_wrap(err, "recovery from %s", journal->path);
}
