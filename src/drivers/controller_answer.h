/* controller_answer.h - what an upstream controller answers to a report: commands, as requests of our API.
 * Pure but for the memory.
 * SPDX-License-Identifier: MIT
 *
 *   {"commands":[{"id":"c-17","verb":"abort","deployment":"dep_7","reason":"..."}]}
 *
 * Verbs are those of the CLI: start, run, promote, hold, resume, abort, rollback, retry, mute, mark, approve,
 * reject, freeze, unfreeze, adopt, rehearse, "rehearse recovery", "quarantine add", "quarantine clear",
 * "iac plan" (apply, verify, drift, destroy). `deployment` is dep_N, SERVICE/ENV, or run_N (abort, retry,
 * approve, reject); start, freeze, unfreeze, adopt, rehearse and "quarantine add" take SERVICE/ENV, "iac ..."
 * a `stack` STACK/ENV, run a `pipeline`, "quarantine clear" an `entry` of GET /v1/quarantine, and start
 * instead a `group` with `versions`. An approval of a run names the `plan`, and its `stage` and `task` where
 * these are not called approve. What else a verb takes has the name that it has in the API.
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
    CONTROLLER_PATH_SIZE = 256
};

/* One command. */
struct controller_order {
    char id[CONTROLLER_ID_SIZE];     /* letters, digits, '.', '_', '-' */
    const char *verb;                /* constant */
    const char *method;              /* constant */
    char path[CONTROLLER_PATH_SIZE]; /* of the request that it stands for */
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
