/* journal_stack.c - changes of stacks: read, decided and written in one transaction.
 * SPDX-License-Identifier: MIT */
#include "store/journal_stack.h"

#include "io/memory.h"
#include "store/journal_parts.h"
#include "store/stack_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REASON_SIZE = 768 };

#define WHAT_PREFIX "stack_"

struct stack_task {
    struct task task;
    struct journal *journal;
    struct stack_wish wish;
    struct stack_now now;
    enum stack_outcome outcome;
    journal_stack_done *done;
    void *data;
};

void stack_rows_read_state(struct row *row, struct stack_state *state)
{
    state->serial = row_get_integer(row);
    (void)snprintf(state->lineage, sizeof(state->lineage), "%s", row_get_text(row));
    state->length = row_get_integer(row);
    (void)row_get_exactly(row, sizeof(state->md5), state->md5);
    (void)row_get_exactly(row, sizeof(state->sha256), state->sha256);
}

void stack_rows_read(struct sql *sql, const char *name, const char *environment, struct stack_now *ret_now,
                     bool *ret_is_known)
{
    struct row row = sql_row(sql, STATEMENT_STACK);

    *ret_now = (struct stack_now){0};
    row_text(&row, name);
    row_text(&row, environment);
    *ret_is_known = row_next(&row);
    if (*ret_is_known) {
        (void)row_get_integer(&row);
        (void)snprintf(ret_now->lock_id, sizeof(ret_now->lock_id), "%s", row_get_text(&row));
        (void)snprintf(ret_now->holder, sizeof(ret_now->holder), "%s", row_get_text(&row));
        (void)snprintf(ret_now->who, sizeof(ret_now->who), "%s", row_get_text(&row));
        ret_now->is_locked = ret_now->lock_id[0] != '\0';
    }
    row_end(&row);
    if (!*ret_is_known)
        return;
    row = sql_row(sql, STATEMENT_STATES);
    row_text(&row, name);
    row_text(&row, environment);
    row_integer(&row, INT64_MAX);
    row_integer(&row, -1);
    row_integer(&row, 1);
    row_integer(&row, 1);
    row_text(&row, "");
    ret_now->has_state = row_next(&row);
    if (ret_now->has_state) {
        ret_now->version = row_get_key(&row);
        stack_rows_read_state(&row, &ret_now->state);
    }
    row_end(&row);
}

/* ---- written ---- */

static void begin_reason(const struct stack_wish *wish, struct text *text, char memory[REASON_SIZE])
{
    text_init(text, memory, REASON_SIZE);
    text_add(text, "%s/%s: ", wish->stack, wish->environment);
}

static void add_origin(const struct stack_wish *wish, struct text *text)
{
    if (wish->run != 0)
        text_add(text, ", run_%" PRIu64, wish->run);
    if (wish->deployment != 0)
        text_add(text, ", dep_%" PRIu64, wish->deployment);
}

static void audit(struct writer *writer, const struct stack_task *change, const char *what,
                  const struct text *reason)
{
    struct chain_row row = {.what = what, .actor = change->wish.actor, .reason = reason->data};

    row.engine_ms = journal_clock_ms(change->journal);
    writer_audit(writer, &row);
}

static void set_lock(struct writer *writer, const struct stack_wish *wish, bool is_locked)
{
    struct row row = sql_row(&writer->sql, STATEMENT_STACK_LOCK);

    row_text(&row, is_locked ? wish->lock_id : "");
    row_text(&row, is_locked ? wish->holder : "");
    row_text(&row, is_locked ? wish->who : "");
    row_text(&row, is_locked ? wish->operation : "");
    row_text(&row, is_locked ? wish->actor : "");
    row_key(&row, is_locked ? wish->run : 0);
    row_key(&row, is_locked ? wish->deployment : 0);
    row_integer(&row, is_locked ? writer->wall_ms : 0);
    row_text(&row, wish->stack);
    row_text(&row, wish->environment);
    (void)row_run(&row);
}

static void write_state(struct writer *writer, const struct stack_task *change)
{
    const struct stack_wish *wish = &change->wish;
    const struct stack_state *state = &wish->state;
    bool is_restored = wish->change == STACK_RESTORE;
    struct row row = sql_row(&writer->sql, STATEMENT_STATE_INSERT);
    char hash[DIGEST_SHA256_HEX_SIZE];
    char memory[REASON_SIZE];
    struct text reason;

    row_text(&row, wish->stack);
    row_text(&row, wish->environment);
    row_integer(&row, state->serial);
    row_text(&row, state->lineage);
    row_integer(&row, state->length);
    row_bytes(&row, state->md5, sizeof(state->md5));
    row_bytes(&row, state->sha256, sizeof(state->sha256));
    row_text(&row, wish->actor);
    row_text(&row, wish->lock_id);
    row_key(&row, wish->run);
    row_key(&row, wish->deployment);
    row_integer(&row, writer->wall_ms);
    (void)row_run(&row);
    digest_hex(state->sha256, sizeof(state->sha256), hash);
    begin_reason(wish, &reason, memory);
    text_add(&reason, "serial %" PRId64, state->serial);
    if (is_restored)
        text_add(&reason, " with what serial %" PRId64 " had", wish->restores);
    text_add(&reason, ", %" PRId64 " bytes, sha256 %s", state->length, hash);
    if (wish->lock_id[0] != '\0')
        text_add(&reason, ", under lock %s", wish->lock_id);
    add_origin(wish, &reason);
    if (is_restored)
        text_add(&reason, ": %s", wish->reason);
    audit(writer, change, is_restored ? WHAT_PREFIX "state_restored" : WHAT_PREFIX "state_saved", &reason);
}

static void write_deleted(struct writer *writer, const struct stack_task *change)
{
    const struct stack_wish *wish = &change->wish;
    struct row row = sql_row(&writer->sql, STATEMENT_STATES_DELETE);
    char memory[REASON_SIZE];
    struct text reason;

    row_integer(&row, writer->wall_ms);
    row_text(&row, wish->stack);
    row_text(&row, wish->environment);
    (void)row_run(&row);
    begin_reason(wish, &reason, memory);
    text_add(&reason, "serial %" PRId64 " was the last", change->now.state.serial);
    add_origin(wish, &reason);
    audit(writer, change, WHAT_PREFIX "state_deleted", &reason);
}

static void write_locked(struct writer *writer, const struct stack_task *change)
{
    const struct stack_wish *wish = &change->wish;
    char memory[REASON_SIZE];
    struct text reason;

    set_lock(writer, wish, true);
    begin_reason(wish, &reason, memory);
    text_add(&reason, "lock %s of %s (%s)", wish->lock_id, wish->who, wish->operation);
    add_origin(wish, &reason);
    audit(writer, change, WHAT_PREFIX "locked", &reason);
}

static void write_unlocked(struct writer *writer, const struct stack_task *change)
{
    const struct stack_wish *wish = &change->wish;
    bool is_broken = wish->change == STACK_BREAK;
    char memory[REASON_SIZE];
    struct text reason;

    set_lock(writer, wish, false);
    begin_reason(wish, &reason, memory);
    text_add(&reason, "lock %s of %s", change->now.lock_id, change->now.who);
    if (is_broken)
        text_add(&reason, ": %s", wish->reason);
    audit(writer, change, is_broken ? WHAT_PREFIX "lock_broken" : WHAT_PREFIX "unlocked", &reason);
}

static void write_change(struct writer *writer, const struct stack_task *change)
{
    switch (change->wish.change) {
    case STACK_SAVE:
    case STACK_RESTORE:
        write_state(writer, change);
        return;
    case STACK_DELETE:
        write_deleted(writer, change);
        return;
    case STACK_LOCK:
        write_locked(writer, change);
        return;
    case STACK_UNLOCK:
    case STACK_BREAK:
        write_unlocked(writer, change);
        return;
    }
}

/* False: there are too many. */
static bool make_stack(struct writer *writer, const struct stack_wish *wish)
{
    struct row row = sql_row(&writer->sql, STATEMENT_STACK_COUNT);
    int64_t count = row_next(&row) ? row_get_integer(&row) : STACKS_MAX;

    row_end(&row);
    if (count >= STACKS_MAX)
        return false;
    row = sql_row(&writer->sql, STATEMENT_STACK_INSERT);
    row_text(&row, wish->stack);
    row_text(&row, wish->environment);
    (void)row_run(&row);
    return true;
}

/* A refusal writes nothing, and is no failure. */
static void write_task(struct writer *writer, struct task *task)
{
    struct stack_task *change = (struct stack_task *)task;
    bool is_known = false;

    stack_rows_read(&writer->sql, change->wish.stack, change->wish.environment, &change->now, &is_known);
    change->outcome = stack_decide(&change->wish, &change->now);
    if (change->outcome != STACK_DONE || !sql_is_good(&writer->sql))
        return;
    if (is_known || make_stack(writer, &change->wish))
        write_change(writer, change);
    else
        change->outcome = STACK_MANY;
}

static void finish_task(struct task *task)
{
    struct stack_task *change = (struct stack_task *)task;

    change->done(change->data, &task->result, &change->wish, change->outcome, &change->now);
    free(change);
}

bool journal_stack_change(struct journal *journal, const struct stack_wish *wish, journal_stack_done *done,
                          void *data, struct err *err)
{
    if (writer_waiting(&journal->writer) >= JOURNAL_TASKS_MAX)
        return err_set(err, ERR_LIMIT, "the journal has %d writes waiting", JOURNAL_TASKS_MAX);
    struct stack_task *change = memory_take(sizeof(*change));
    change->task.write = write_task;
    change->task.finish = finish_task;
    change->journal = journal;
    change->wish = *wish;
    change->done = done;
    change->data = data;
    writer_add(&journal->writer, &change->task);
    return true;
}

/* ---- the audit ---- */

bool journal_stack_place(const struct journal_audit *row, char ret_stack[NAME_MAX_LENGTH + 1],
                         char ret_environment[NAME_MAX_LENGTH + 1])
{
    size_t name = strcspn(row->reason, "/:");
    size_t environment = row->reason[name] == '/' ? strcspn(row->reason + name + 1, ":") : 0;

    if (strncmp(row->what, WHAT_PREFIX, strlen(WHAT_PREFIX)) != 0 || name > NAME_MAX_LENGTH ||
        environment == 0 || environment > NAME_MAX_LENGTH)
        return false;
    (void)snprintf(ret_stack, NAME_MAX_LENGTH + 1, "%.*s", (int)name, row->reason);
    (void)snprintf(ret_environment, NAME_MAX_LENGTH + 1, "%.*s", (int)environment, row->reason + name + 1);
    return true;
}
