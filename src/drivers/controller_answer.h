/* controller_answer.h - what an upstream controller answers to a report: commands, as requests of our API.
 * Pure but for the memory.
 * SPDX-License-Identifier: MIT
 *
 *   {"commands":[{"id":"c-17","verb":"abort","deployment":"dep_7","reason":"..."}]}
 *
 * Verbs are those of the CLI: start, run, promote, hold, resume, abort, rollback, retry, mute, approve,
 * reject, freeze, unfreeze. `deployment` is dep_N, run_N (abort, retry), or SERVICE/ENV; start, freeze and
 * unfreeze take SERVICE/ENV, run a `pipeline`. What else a verb takes has the name that it has in the API.
 * An answer is taken as a whole or not at all: who says something that we do not know may mean all else
 * differently too. Whether it is allowed is not decided here. */
#ifndef DRIVERS_CONTROLLER_ANSWER_H
#define DRIVERS_CONTROLLER_ANSWER_H

#include "base/err.h"

#include <stddef.h>

enum {
    CONTROLLER_ANSWER_MAX = 64 * 1024, /* bytes */
    CONTROLLER_ORDERS_MAX = 16,        /* commands of one answer */
    CONTROLLER_ID_SIZE = 65,
    CONTROLLER_PATH_SIZE = 192
};

/* One command. */
struct controller_order {
    char id[CONTROLLER_ID_SIZE];     /* letters, digits, '.', '_', '-' */
    const char *verb;                /* constant */
    char path[CONTROLLER_PATH_SIZE]; /* of the POST that it stands for */
    char *body;                      /* its JSON */
};

struct controller_orders {
    size_t count;
    struct controller_order of[CONTROLLER_ORDERS_MAX];
};

/* An empty body, and one without commands, is no command. ERR_INVALID, ERR_LIMIT: nothing was taken. */
MUST_CHECK bool controller_answer_read(const char *bytes, size_t length, struct controller_orders *ret_orders,
                                       struct err *err);
void controller_orders_free(struct controller_orders *orders);

#endif
