/* logs_shape.h - actions of the journal and outputs of the runner, put together as one list.
 * SPDX-License-Identifier: MIT */
#ifndef API_LOGS_SHAPE_H
#define API_LOGS_SHAPE_H

#include "api/api_logs.h"
#include "api/record.h"

struct cJSON;
struct call;

struct logs {
    const struct cJSON *actions;         /* as in a report, ascending */
    const struct cJSON *results;         /* audit rows of results that have a reason */
    const struct definition *definition; /* NULL: hosts have numbers only */
    struct api_place after;              /* what was shown already; sequence 0: nothing */
    int step;                            /* only of this one, from 0 on; -1: of all */
    bool is_done;                        /* nothing more comes, of the deployment */
    const struct api_output *outputs;
    size_t output_count;
    bool is_cut;
    bool has_failed; /* the runner told no more */
};

/* Sequences of the commands among the actions that are wanted; at most `max`. Returns how many. */
size_t logs_commands(const struct logs *logs, uint32_t *to, size_t max);

/* How it stands or ended, and its text, as members of an entry. */
void logs_add_output(struct cJSON *entry, const struct api_output *output);

/* A page of them: the rest of its answer, which is given; `entries` become its own. `failure` NULL: none. */
void logs_answer(struct call *call, struct cJSON *answer, bool is_cut, const struct err *failure,
                 struct cJSON *entries);

/* An array of entries: an action with what it printed, as often as it has outputs, or once without any. */
struct cJSON *logs_shape(const struct logs *logs);

#endif
