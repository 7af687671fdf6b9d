/* journal_stack.h - states and locks of stacks in the journal: changes, and pages for the API.
 * SPDX-License-Identifier: MIT
 *
 * Whether a change is allowed is decided where it is written, in its transaction: of two at once the second
 * one sees what the first one did. Each change has an audit row ("stack_state_saved", "stack_state_restored",
 * "stack_state_deleted", "stack_locked", "stack_unlocked", "stack_lock_broken") whose reason begins with
 * "STACK/ENVIRONMENT: ". */
#ifndef STORE_JOURNAL_STACK_H
#define STORE_JOURNAL_STACK_H

#include "store/journal_drift.h"
#include "store/journal_view.h"
#include "store/stack.h"

/* `now`: as it was before. Both are valid until the return. */
typedef void journal_stack_done(void *data, const struct journal_result *result,
                                const struct stack_wish *wish, enum stack_outcome outcome,
                                const struct stack_now *now);

/* Copies the wish. The file of a state to save is there already (state_file.h). ERR_LIMIT: too many writes
 * wait. */
MUST_CHECK bool journal_stack_change(struct journal *journal, const struct stack_wish *wish,
                                     journal_stack_done *done, void *data, struct err *err);

/* One version of a state; texts never NULL. */
struct journal_state {
    uint64_t version; /* counts up over all stacks */
    struct stack_state state;
    const char *actor;
    const char *lock_id; /* "": it came without a lock */
    uint64_t run, deployment;
    int64_t wall_ms;
    int64_t deleted_ms; /* 0: it was not */
};

/* The version that a second plan found nothing to change on, the last time that one did. */
struct journal_verified {
    uint64_t version; /* 0: none was, since the stack was destroyed last */
    int64_t serial;
    uint64_t run; /* that verified it */
    int64_t wall_ms;
};

struct journal_stack {
    const char *name, *environment;
    const char *lock_id; /* "": nobody holds it, and the next ones say nothing */
    const char *who, *operation, *actor;
    uint64_t run, deployment;
    int64_t locked_ms;
    uint64_t version_count;
    struct journal_state newest;    /* version 0: there is none */
    struct journal_drift_row drift; /* looked_ms 0: nobody looked */
    struct journal_verified verified;
};

/* By name. `name` and `environment` NULL: all of them. */
MUST_CHECK bool journal_view_stacks(struct journal_view *view, const char *name, const char *environment,
                                    struct arena *arena, const struct journal_stack **ret_rows,
                                    size_t *ret_count, struct err *err);

struct journal_state_filter {
    const char *name, *environment;
    int64_t serial;      /* -1: all */
    const char *lineage; /* NULL: all */
    bool is_living;      /* only versions that were not deleted */
    uint64_t before;     /* versions below this one; 0: from the newest on */
    uint32_t limit;      /* 1..VIEW_ROWS_MAX */
};

/* Newest first. */
MUST_CHECK bool journal_view_states(struct journal_view *view, const struct journal_state_filter *filter,
                                    struct arena *arena, const struct journal_state **ret_rows,
                                    size_t *ret_count, struct err *err);

/* As a change would find it. */
MUST_CHECK bool journal_view_stack_now(struct journal_view *view, const char *name, const char *environment,
                                       struct stack_now *ret_now, struct err *err);

/* Whose an audit row is, where it is about a stack; false: it is about none. */
MUST_CHECK bool journal_stack_place(const struct journal_audit *row, char ret_stack[NAME_MAX_LENGTH + 1],
                                    char ret_environment[NAME_MAX_LENGTH + 1]);

#endif
