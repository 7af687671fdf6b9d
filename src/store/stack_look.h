/* stack_look.h - what the newest looks at stacks of infrastructure found, as the journal has it.
 * SPDX-License-Identifier: MIT
 *
 * A task of a stack leaves one row, which takes the place of the one before of its kind: so what is known of
 * a stack is found at once, however many runs came since. A state that counts and a lock that is held are
 * looks too. */
#ifndef STORE_STACK_LOOK_H
#define STORE_STACK_LOOK_H

#include "store/journal_view.h"
#include "store/stack_facts.h"

enum stack_look_kind {
    LOOK_PLAN, /* also one to destroy */
    LOOK_COST,
    LOOK_COMPLIANCE,
    LOOK_APPLY,
    LOOK_VERIFY,
    LOOK_DRIFT,
    LOOK_DESTROY,
    LOOK_STATE, /* the newest that the daemon keeps */
    LOOK_LOCK,  /* somebody holds it */
    LOOK_KIND_COUNT
};

/* "plan", "cost" ... as the column has it. */
const char *stack_look_kind_name(enum stack_look_kind kind);

struct stack_look {
    const char *stack, *environment; /* until the return of who takes it */
    enum stack_look_kind kind;
    uint64_t run; /* 0: none */
    int64_t wall_ms;
    bool is_good; /* its task passed */
    struct stack_facts facts;
};

/* All of them, those of one stack in an environment behind one another, by name; `take` may not read the
 * view, and ends it with false. A kind that a newer program wrote is left out. */
MUST_CHECK bool journal_view_looks(struct journal_view *view,
                                   bool (*take)(void *data, const struct stack_look *look), void *data,
                                   struct err *err);

#endif
