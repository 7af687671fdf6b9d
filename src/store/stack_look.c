/* stack_look.c - what was found of stacks, read for the report of the fleet.
 * SPDX-License-Identifier: MIT */
#include "store/stack_look.h"

#include "store/view_parts.h"

#include <string.h>

static const char *const kinds[LOOK_KIND_COUNT] = {
    [LOOK_PLAN] = "plan",       [LOOK_COST] = "cost",     [LOOK_COMPLIANCE] = "compliance",
    [LOOK_APPLY] = "apply",     [LOOK_VERIFY] = "verify", [LOOK_DRIFT] = "drift",
    [LOOK_DESTROY] = "destroy", [LOOK_STATE] = "state",   [LOOK_LOCK] = "lock",
};

const char *stack_look_kind_name(enum stack_look_kind kind)
{
    return kinds[kind];
}

static enum stack_look_kind kind_of(const char *name)
{
    int kind = 0;

    while (kind < LOOK_KIND_COUNT && strcmp(kinds[kind], name) != 0)
        kind++;
    return (enum stack_look_kind)kind;
}

static struct stack_look read_look(struct row *row)
{
    struct stack_look look = {.stack = row_get_text(row)};

    look.environment = row_get_text(row);
    look.kind = kind_of(row_get_text(row));
    look.run = row_get_key(row);
    look.wall_ms = row_get_integer(row);
    look.is_good = row_get_integer(row) != 0;
    stack_facts_read(row_get_text(row), &look.facts);
    return look;
}

bool journal_view_looks(struct journal_view *view, bool (*take)(void *data, const struct stack_look *look),
                        void *data, struct err *err)
{
    bool is_wanted = true;

    view_begin(view);
    struct row row = sql_row(&view->sql, STATEMENT_LOOKS);
    while (is_wanted && row_next(&row)) {
        const struct stack_look look = read_look(&row);
        is_wanted = look.kind == LOOK_KIND_COUNT || take(data, &look);
    }
    return view_end(view, &row, true, err);
}
