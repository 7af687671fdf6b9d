/* stack_watch.h - what happens to a stack until it ends, by its events.
 * SPDX-License-Identifier: MIT
 *
 * Every event of what was begun with a token bears it: so the end that is found is the end of that, and not
 * of what was before or came after. */
#ifndef IAC_STACK_WATCH_H
#define IAC_STACK_WATCH_H

#include "iac/stack_described.h"

enum { WATCH_TOKEN_SIZE = 129, WATCH_REASON_SIZE = 400 };

struct stack_watch {
    const char *stack; /* its ARN */
    const char *token;
    bool can_be_cancelled; /* an update: an interrupt asks for it to be taken back, once */
};

struct stack_end {
    char status[STACK_STATUS_SIZE];
    char reason[WATCH_REASON_SIZE]; /* of what failed first; "" nothing did */
};

/* Every event is shown. An outage is waited for, an interrupt too. */
MUST_CHECK bool stack_watch(struct job *job, struct amazon *amazon, const struct stack_watch *watch,
                            struct stack_end *ret_end, struct err *err);

#endif
