/* gate.h - other systems that are asked whether a deployment may go on: one file per kind, one static table
 * of types. A gate is asked once at a time for each deployment; who asks again, and how long, is the
 * machine's
 * part. SPDX-License-Identifier: MIT */
#ifndef DRIVERS_GATE_H
#define DRIVERS_GATE_H

#include "base/err.h"
#include "base/option.h"
#include "io/trace_lists.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct http_client;
struct secret_keeper;
struct gate;     /* each type's own: an instance ("web:change") */
struct gate_ask; /* each type's own: a question on its way */

struct gate_env {
    struct loop *loop;
    struct http_client *http;
    const struct secret_keeper *secrets; /* of vault: references; NULL: there is none */
};

/* `id` is the same for the same ask, also where it is repeated after a restart; `body` is JSON. */
struct gate_question {
    const char *id;
    const char *body;
    struct trace_given trace; /* what it is asked in the name of; "" and NULL: none */
};

enum gate_word {
    GATE_WORD_OPEN,
    GATE_WORD_CLOSED,  /* not now: asked again */
    GATE_WORD_REFUSED, /* never: not asked again */
    GATE_WORD_SILENT   /* it is down, or says nothing that can be understood: asked again */
};

enum { GATE_WHY_MAX = 200 };

/* `why` (until the return, at most GATE_WHY_MAX bytes, one line): what the other system said, or what is
 * wrong with it; "" where neither. */
typedef void gate_done(void *data, enum gate_word word, const char *why);

struct gate_type {
    const char *name;
    const struct option *options;
    size_t option_count;
    MUST_CHECK bool (*open)(const struct gate_env *env, const struct option_value *options,
                            struct gate **ret_gate, struct err *err);
    void (*close)(struct gate *gate);
    /* `done` fires exactly once, from the loop, never inside the call; close() and cancel() end what is under
     * way without it. What asks is gone before `done` is called. */
    struct gate_ask *(*ask)(struct gate *gate, const struct gate_question *question, gate_done *done,
                            void *data);
    void (*cancel)(struct gate_ask *ask);
};

/* All types, in gate_types.c; ends with NULL. */
extern const struct gate_type *const gate_types[];

#endif
